"""Masks as scikit-learn transformers: images in, images of the same shape out, strength relative to the face.

The images are faces: the width of the image is the width of the face. A strength in pixels would mean something else
for each distance ("4K: the blur is simply not strong enough"), so strengths are cells or fractions of that width.
`cells(face_px)` says how many cells across the face are left: what pixelating to that many cells would leave. `legal`
says what the law calls the result: `reversible` (somebody can undo it with a key: still personal information, of
which even the ciphertext is only a processed form) or `irreversible` (nobody can undo it; whether people can still be
recognised is a question of measurement, which is what this lab is for).
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import cv2
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from privacysim.errors import InputError
from privacysim.masklab.images import Images, as_images


class MeasuredElsewhere(InputError):
    """The cells that a mask leaves do not follow from how it works; they are measured."""


class Mask(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A mask: `fit` learns the number of features (and, for some masks, the crowd), `transform` masks each image.

    Subclasses define `_mask(images)`, on an array (n, h, w[, c]). uint8 is the normal input; floats are taken as grey
    levels by the masks that are linear. `random` masks draw anew at each call.
    """

    legal: ClassVar[str] = "irreversible"
    random: ClassVar[bool] = False

    def fit(self, X: Images, y: Any = None) -> Mask:
        """Check the images; returns self."""
        self._checked(X, reset=True)
        return self

    def transform(self, X: Images) -> Images:
        """Masked images, of the same shape and type."""
        check_is_fitted(self, "n_features_in_")
        X = self._checked(X, reset=False)
        return self._mask(as_images(X)).reshape(X.shape)

    def apply(self, images: Images) -> Images:
        """Mask images without fitting first: for masks that learn nothing."""
        return self._mask(as_images(np.asarray(images)))

    def cells(self, face_px: float) -> float:
        """Cells across the face that are left of `face_px` pixels; 0 = nothing of the face."""
        raise MeasuredElsewhere(
            f"{type(self).__name__}.cells",
            "a mask whose cells follow from its construction",
            repr(self),
            "look up its measured cells with equivalent_cells()",
        )

    def _mask(self, images: Images) -> Images:
        raise NotImplementedError

    def _checked(self, X: Images, reset: bool) -> Images:
        checked: Images = validate_data(self, X, reset=reset, allow_nd=True, dtype="numeric", ensure_all_finite=True)
        # OpenCV filters bytes and floats; whatever else a table holds is taken as floats
        return checked if checked.dtype in (np.uint8, np.float32, np.float64) else checked.astype(np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.non_deterministic = self.random
        return tags


def each(images: Images, work: Any) -> Images:
    """`work` on each image, put together again; keeps a last axis of length 1, which OpenCV drops."""
    if not len(images):
        return images.copy()
    return np.stack([work(image).reshape(image.shape) for image in images])


def positive(name: str, value: float, least: float = 0.0) -> float:
    """A strength as a finite number above `least`; anything else is an InputError."""
    if not (isinstance(value, (int, float, np.number)) and math.isfinite(value) and value > least):
        raise InputError(name, f"a number above {least:g}", repr(value), f"write a number above {least:g}")
    return float(value)


class Clear(Mask):
    """No mask."""

    def cells(self, face_px: float) -> float:
        """All pixels stay."""
        return face_px

    def _mask(self, images: Images) -> Images:
        return images.copy()


class Pixelate(Mask):
    """Mosaic of `cells_across` cells across the face: each cell shows its mean.

    Measured: pixelating to n cells leaves what a camera sees that has n pixels on the face.

    >>> Pixelate(2).apply(np.arange(16, dtype=np.uint8).reshape(1, 4, 4))[0, 0].tolist()
    [3, 3, 5, 5]
    """

    def __init__(self, cells_across: float = 8.0) -> None:
        self.cells_across = cells_across

    def cells(self, face_px: float) -> float:
        """As many as were asked for, or as the camera gave."""
        return min(face_px, positive("cells_across", self.cells_across))

    def _mask(self, images: Images) -> Images:
        across = positive("cells_across", self.cells_across)
        h, w = images.shape[1:3]
        small = max(1, min(w, round(across))), max(1, min(h, round(across * h / w)))
        if small == (w, h):
            return images.copy()
        # areas shrink, nearest blows up: the mean of each cell, even where cells do not divide the image
        return each(
            images,
            lambda image: cv2.resize(
                cv2.resize(image, small, interpolation=cv2.INTER_AREA), (w, h), interpolation=cv2.INTER_NEAREST
            ),
        )


class Downsample(Pixelate):
    """What a camera further away sees: `px` pixels across the face, blown up again: `Pixelate` by another name."""

    def __init__(self, px: float = 8.0) -> None:
        self.px = px

    @property
    def cells_across(self) -> float:  # type: ignore[override]
        """Pixels across the face."""
        return self.px


class Blur(Mask):
    """Gaussian blur of `sigma` × the face's width, computed small: within 2 grey levels of it, forty times as fast.

    A blur leaks more than a mosaic of the same cell, so its cells are measured, not computed. `fast=False` is the plain
    Gaussian at full size, as other tools apply it (`gaussian:SIGMA`). The two look alike and are not: the small image
    is rounded to whole grey levels *before* it is blown up, the plain Gaussian after, so that its thousands of pixels
    hold what a few cells cannot (measured at half the face's width: the plain one leaks far more).
    """

    def __init__(self, sigma: float = 0.25, fast: bool = True) -> None:
        self.sigma, self.fast = sigma, fast

    def blurred(self, image: Images, face_px: float) -> Images:
        """One image in which the face is `face_px` wide."""
        sigma = positive("sigma", self.sigma) * face_px
        return fast_blur(image, sigma) if self.fast else cv2.GaussianBlur(image, (0, 0), sigma)

    def _mask(self, images: Images) -> Images:
        return each(images, lambda image: self.blurred(image, float(images.shape[2])))


_SMALL_SIGMA = 3.5


def fast_blur(image: Images, sigma_px: float) -> Images:
    """A Gaussian of `sigma_px`: box means shrink the image, a short Gaussian blurs it, interpolation blows it up.

    Variances of filters in a row add up: the small Gaussian gets what the boxes, (f² − 1)/12, and the interpolation,
    (f² − 1)/6, leave of σ². Three box filters of full size err by up to 4 levels, since no odd widths have that sum.
    Up to σ = 3.5 px it is the Gaussian itself, whose kernel is short.
    """
    h, w = image.shape[:2]
    shrink = max(1.0, sigma_px / _SMALL_SIGMA)
    size = (math.ceil(w / shrink), math.ceil(h / shrink))
    across, down = (math.sqrt(sigma_px**2 - (f**2 - 1.0) / 4.0) / f for f in (w / size[0], h / size[1]))
    radius = math.ceil(4.0 * max(across, down))
    small = image if size == (w, h) else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    # a symmetric border: blurring what is mirrored is the same before and after shrinking
    small = cv2.GaussianBlur(small, (2 * radius + 1,) * 2, across, sigmaY=down, borderType=cv2.BORDER_REFLECT)
    return small if size == (w, h) else cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)


class BlackBox(Mask):
    """A black box over the face; a negative `margin` (× width) leaves that rim of it bare, and a rim leaks a lot."""

    def __init__(self, margin: float = 0.0) -> None:
        self.margin = margin

    def cells(self, face_px: float) -> float:
        """None, where the whole face is covered."""
        return 0.0 if self.margin >= 0.0 else super().cells(face_px)

    def _mask(self, images: Images) -> Images:
        if not (math.isfinite(self.margin) and self.margin > -0.5):
            raise InputError(
                "margin", "a number above -0.5 (a share of the face's width)", repr(self.margin), "write 0"
            )
        h, w = images.shape[1:3]
        rim_x, rim_y = (max(0, round(-self.margin * side)) for side in (w, h))
        made = images.copy()
        made[:, rim_y : h - rim_y, rim_x : w - rim_x] = 0
        return made


class EyesBar(Mask):
    """A black bar over the eyes, `height` of the face from `top` on: the newspapers' mask, and a cosmetic one."""

    def __init__(self, top: float = 0.18, height: float = 0.26) -> None:
        self.top, self.height = top, height

    def _mask(self, images: Images) -> Images:
        h = images.shape[1]
        first = max(0, round(self.top * h))
        made = images.copy()
        made[:, first : first + max(1, round(positive("height", self.height) * h))] = 0
        return made
