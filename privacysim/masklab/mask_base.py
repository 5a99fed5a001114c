"""Base class of masks, ours and yours: a scikit-learn transformer of face images.

The width of an image is the width of the face. Strengths are cells or shares of that width, because a strength in
pixels would depend on the distance ("4K: the blur is simply not strong enough").
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from privacysim.errors import InputError

Images = NDArray[Any]


def as_images(X: Images) -> Images:
    """Convert `X` to images (n, h, w[, c]); rows of features become square images if possible, else lines.

    >>> as_images(np.zeros((5, 4096), np.uint8)).shape, as_images(np.zeros((5, 10), np.uint8)).shape
    ((5, 64, 64), (5, 1, 10))
    """
    if X.ndim == 2:
        side = math.isqrt(X.shape[1])
        return X.reshape(len(X), side if side * side == X.shape[1] else 1, -1)
    if X.ndim == 3 or (X.ndim == 4 and X.shape[3] in (1, 3)):
        return X
    raise InputError("images", "an array (n, h, w), (n, h, w, 3) or (n, features)", f"shape {X.shape}", "reshape it")


def as_pictures(X: Images) -> NDArray[np.uint8]:
    """Check that images are uint8, as byte masks (cipher, silhouette) and the loaders need."""
    made = as_images(np.asarray(X))
    if made.dtype != np.uint8:
        raise InputError("images", "uint8 grey levels 0 to 255", f"dtype {made.dtype}", "scale and round them to uint8")
    return made


def rounded(values: NDArray[Any], like: Images) -> Images:
    """Convert values to the type of `like`; uint8 is rounded and clipped to 0 … 255, floats stay as they are."""
    if like.dtype == np.uint8:
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return values.astype(like.dtype, copy=False)


def each(images: Images, work: Callable[[Images], Images]) -> Images:
    """Apply `work` to each image and stack the results; keeps a last axis of length 1, which OpenCV drops."""
    return np.stack([work(image).reshape(image.shape) for image in images]) if len(images) else images.copy()


def positive(name: str, value: float) -> float:
    """Return a strength as a finite number above 0; raises InputError otherwise."""
    if not (isinstance(value, (int, float, np.number)) and math.isfinite(value) and value > 0.0):
        raise InputError(name, "a number above 0", repr(value), "write a number above 0")
    return float(value)


class MeasuredElsewhere(InputError):
    """Error: the cells that a mask leaves do not follow from how it works; they are measured."""


class Mask(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Base class of masks. A mask of your own defines `masked`; the rest is optional.

    `masked(images)`: array (n, h, w[, c]) in, same shape out; uint8 is the normal input. `legal`: the law's term for
    the result, `irreversible` (nobody can undo it) or `reversible` (a key undoes it, so it stays personal information).
    `random`: whether it draws anew at each call. `cells(face_px)`: cells left across a face of `face_px` pixels, if
    they follow from how the mask works; policies can then name the mask without a measurement. `name`: its name in
    tables and policies. A mask that learns defines `fit` and sets attributes that end in `_`.

    >>> class Stripes(Mask):
    ...     "Every second line black."
    ...     def masked(self, images):
    ...         made = images.copy()
    ...         made[:, ::2] = 0
    ...         return made
    >>> Stripes().apply(np.full((1, 4, 4), 9, np.uint8))[0, :, 0].tolist()
    [0, 9, 0, 9]
    """

    legal: ClassVar[str] = "irreversible"
    random: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """Name under which the mask is measured."""
        return repr(self)

    def masked(self, images: Images) -> Images:
        """Mask images (n, h, w[, c])."""
        raise NotImplementedError

    def cells(self, face_px: float) -> float:
        """Cells left across a face of `face_px` pixels; 0 = nothing of the face."""
        raise MeasuredElsewhere(f"{type(self).__name__}.cells", "a mask whose cells follow from its construction",
                                repr(self), "look up its measured cells with equivalent_cells()")  # fmt: skip

    def fit(self, X: Images, y: Any = None) -> Mask:
        """Check the images and return self."""
        self._checked(X, reset=True)
        return self

    def transform(self, X: Images) -> Images:
        """Mask images; keeps shape and type."""
        check_is_fitted(self, "n_features_in_")
        X = self._checked(X, reset=False)
        return self._same_shape(as_images(X)).reshape(X.shape)

    def apply(self, images: Images) -> Images:
        """Mask images; first fits a mask that learns, if it is not fitted yet, on these images."""
        images = np.asarray(images)
        if type(self).fit is not Mask.fit and not hasattr(self, "n_features_in_"):
            self.fit(images)
        return self._same_shape(as_images(images))

    def _same_shape(self, images: Images) -> Images:
        made = np.asarray(self.masked(images))
        if made.shape != images.shape:
            raise InputError(f"mask {self.name}", f"masked images of the shape {images.shape}", f"shape {made.shape}",
                             "return as many images as came, of the same size")  # fmt: skip
        return made

    def _checked(self, X: Images, reset: bool) -> Images:
        checked: Images = validate_data(self, X, reset=reset, allow_nd=True, dtype="numeric", ensure_all_finite=True)
        # OpenCV filters bytes and floats; other types are converted to floats
        return checked if checked.dtype in (np.uint8, np.float32, np.float64) else checked.astype(np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.non_deterministic = self.random
        return tags


class Transformed(Mask):
    """Wraps any scikit-learn transformer or pipeline as a mask; it is reversible if it has `inverse_transform`.

    The transformer may declare `name`, `legal`, `random` and `cells` itself. It receives images; those of scikit-learn
    that accept only tables receive one row of pixels per image. The first images that it masks fit it; to keep an
    earlier fit, wrap it in `sklearn.frozen.FrozenEstimator`.
    """

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    @property
    def legal(self) -> str:  # type: ignore[override]
        """The law's term, by whether the transformer can be inverted."""
        undone = "reversible" if hasattr(self.transformer, "inverse_transform") else "irreversible"
        return str(getattr(self.transformer, "legal", undone))

    @property
    def random(self) -> bool:  # type: ignore[override]
        """Whether it draws at random, by the transformer's tags."""
        return bool(getattr(self.transformer, "random", get_tags(self.transformer).non_deterministic))

    @property
    def name(self) -> str:
        """Name of the transformer, else how it was made."""
        return str(getattr(self.transformer, "name", " ".join(repr(self.transformer).split())))

    def cells(self, face_px: float) -> float:
        """Cells left, if the transformer declares them."""
        return float(self.transformer.cells(face_px)) if hasattr(self.transformer, "cells") else super().cells(face_px)

    def fit(self, X: Images, y: Any = None) -> Transformed:
        """Fit a copy of the transformer."""
        X = self._checked(X, reset=True)
        self.transformer_ = clone(self.transformer).fit(self._given(as_images(X)), y)
        return self

    def masked(self, images: Images) -> Images:
        """Mask images."""
        made = np.asarray(self.transformer_.transform(self._given(images)))
        return rounded(made.reshape(images.shape) if made.size == images.size else made, images)

    def _given(self, images: Images) -> Images:
        first = self.transformer
        while steps := getattr(first, "steps", None):
            first = steps[0][1]
        tags = get_tags(first)
        takes_images = tags.no_validation or tags.input_tags.three_d_array
        ours = takes_images or not type(first).__module__.startswith("sklearn.")
        return images if ours else images.reshape(len(images), -1)
