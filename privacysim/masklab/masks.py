"""Masks, and how to look one up by name, as in policies and on the command line: `pixelate:4`, `dp_pixelate:4:0.5`.

`cells(face_px)` returns the cells left across the face (pixelating to that many leaves the same) where they follow
from the construction. Other masks are measured (`data/masking/masks.csv`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils.validation import check_is_fitted

from privacysim.errors import InputError, did_you_mean
from privacysim.identify import own_mask
from privacysim.masklab.mask_base import Images, Mask, Transformed, as_images, each, positive, rounded
from privacysim.masklab.scramble import Scramble
from privacysim.parts import known_names


class Clear(Mask):
    """No mask."""

    name = "none"

    def cells(self, face_px: float) -> float:
        """All pixels of the face."""
        return face_px

    def masked(self, images: Images) -> Images:
        """Copy the images."""
        return images.copy()


class Pixelate(Mask):
    """Mosaic of `cells_across` cells across the face, each of its mean; leaves as much as a camera with as many pixels.

    >>> Pixelate(2).apply(np.arange(16, dtype=np.uint8).reshape(1, 4, 4))[0, 0].tolist()
    [3, 3, 5, 5]
    """

    def __init__(self, cells_across: float = 8.0) -> None:
        self.cells_across = cells_across

    @property
    def name(self) -> str:
        """`pixelate:CELLS`."""
        return f"pixelate:{self.cells_across:g}"

    def cells(self, face_px: float) -> float:
        """The requested cells, or the camera's pixels if these are fewer."""
        return min(face_px, positive("cells_across", self.cells_across))

    def masked(self, images: Images) -> Images:
        """Mask images."""
        size = _mosaic_size(images, self.cells_across)
        return each(images, lambda image: mosaic(image, size))


def _mosaic_size(images: Images, cells_across: float) -> tuple[int, int]:
    """Cells across and down images whose width is the width of the face."""
    across = positive("cells_across", cells_across)
    h, w = images.shape[1:3]
    return max(1, min(w, round(across))), max(1, min(h, round(across * h / w)))


def mosaic(image: Images, cells: tuple[int, int], noise: Callable[[Images], Images] | None = None) -> Images:
    """Pixelate one image to (across, down) cells: area reduction takes each cell's mean, nearest neighbour enlarges.

    `noise`: what is added to the means of the cells.
    """
    small = cv2.resize(image, cells, interpolation=cv2.INTER_AREA).reshape(cells[1], cells[0], *image.shape[2:])
    small = small if noise is None else rounded(small + noise(small), image)
    return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)


class DPPixelate(Mask):
    """DP-Pix (Fan 2018, hal-01954420): mean of each cell plus Laplace noise of scale 255·m/(b²·ε), anew for each image.

    b is the cell's side in pixels of the face. The guarantee covers m = 16 pixels in which two pictures differ, not a
    person. A track of T frames spends T·ε: averaging T frames reduces the noise by √T (measured).
    """

    random: ClassVar[bool] = True

    def __init__(self, cells_across: float = 8.0, epsilon: float = 0.5, *, random_state: Any = None) -> None:
        self.cells_across, self.epsilon, self.random_state = cells_across, epsilon, random_state

    @property
    def name(self) -> str:
        """`dp_pixelate:CELLS:EPSILON`."""
        return f"dp_pixelate:{self.cells_across:g}:{self.epsilon:g}"

    def scale(self, width_px: float) -> float:
        """Scale of the Laplace noise, in grey levels, on a face `width_px` wide.

        >>> DPPixelate(4, epsilon=0.5).scale(64)
        31.875
        """
        side = max(1.0, width_px / positive("cells_across", self.cells_across))
        return 255.0 * 16.0 / (side**2 * positive("epsilon", self.epsilon))

    def masked(self, images: Images) -> Images:
        """Mask images."""
        size, scale = _mosaic_size(images, self.cells_across), self.scale(images.shape[2])
        draw = np.random.default_rng(self.random_state)
        return each(images, lambda image: mosaic(image, size, lambda cells: draw.laplace(0.0, scale, cells.shape)))


class Blur(Mask):
    """Gaussian blur of `sigma` × the face's width, computed on a small image: within 2 grey levels, 40 times as fast.

    It leaks more than a mosaic of cells that size. `fast=False` is the plain Gaussian at full size, as in other tools
    (`gaussian:SIGMA`). It looks alike but leaks far more: the fast blur rounds the small image to whole grey levels
    *before* enlarging it, the plain one rounds thousands of pixels.
    """

    def __init__(self, sigma: float = 0.25, *, fast: bool = True) -> None:
        self.sigma, self.fast = sigma, fast

    @property
    def name(self) -> str:
        """`blur:SIGMA` or `gaussian:SIGMA`."""
        return f"{'blur' if self.fast else 'gaussian'}:{self.sigma:g}"

    def blurred(self, image: Images, face_px: float) -> Images:
        """Blur one image in which the face is `face_px` wide."""
        sigma = positive("sigma", self.sigma) * face_px
        return fast_blur(image, sigma) if self.fast else cv2.GaussianBlur(image, (0, 0), sigma)

    def masked(self, images: Images) -> Images:
        """Mask images."""
        return each(images, lambda image: self.blurred(image, float(images.shape[2])))


def fast_blur(image: Images, sigma_px: float) -> Images:
    """Gaussian blur of `sigma_px`: shrink by box means, blur with a short Gaussian, enlarge by interpolation.

    Variances add up: (f² − 1)/12 of the boxes, (f² − 1)/6 of the interpolation, the rest of σ² of the small Gaussian.
    """
    h, w = image.shape[:2]
    shrink = max(1.0, sigma_px / 3.5)
    size = (math.ceil(w / shrink), math.ceil(h / shrink))
    across, down = (math.sqrt(sigma_px**2 - (f**2 - 1.0) / 4.0) / f for f in (w / size[0], h / size[1]))
    radius = math.ceil(4.0 * max(across, down))
    small = image if size == (w, h) else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    # a symmetric border: blurring mirrored pixels gives the same before and after shrinking
    small = cv2.GaussianBlur(small, (2 * radius + 1,) * 2, across, sigmaY=down, borderType=cv2.BORDER_REFLECT)
    return small if size == (w, h) else cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)


class BlackBox(Mask):
    """Black box over the face; a negative `margin` (× width) leaves a rim of that width bare, which leaks a lot."""

    def __init__(self, margin: float = 0.0) -> None:
        self.margin = margin

    @property
    def name(self) -> str:
        """`box`, with the margin that it leaves uncovered."""
        return "box" if self.margin >= 0.0 else f"box:{self.margin:g}"

    def cells(self, face_px: float) -> float:
        """0 if the whole face is covered."""
        return 0.0 if self.margin >= 0.0 else super().cells(face_px)

    def masked(self, images: Images) -> Images:
        """Mask images."""
        if not (math.isfinite(self.margin) and self.margin > -0.5):
            raise InputError("margin", "a number above -0.5 (a share of the face's width)", self.margin, "write 0")
        h, w = images.shape[1:3]
        rim_x, rim_y = (max(0, round(-self.margin * side)) for side in (w, h))
        made = images.copy()
        made[:, rim_y : h - rim_y, rim_x : w - rim_x] = 0
        return made


class EyesBar(Mask):
    """Black bar over the eyes, as in newspapers; it protects hardly at all."""

    name = "eyes"

    def masked(self, images: Images) -> Images:
        """Mask images: the bar begins at 18 % of the face's height and is 26 % high."""
        h, made = images.shape[1], images.copy()
        top = round(0.18 * h)
        made[:, top : top + max(1, round(0.26 * h))] = 0
        return made


class Silhouette(Mask):
    """Pixels brighter than Otsu's threshold become white, the rest black; on a *face* that leaks nearly everything.

    In videos it paints over the whole person, including the face.
    """

    name = "silhouette_of_face"

    def masked(self, images: Images) -> Images:
        """Mask images."""
        return each(images, _outline)


def _outline(image: Images) -> Images:
    grey = image if image.ndim == 2 else image.mean(axis=2)
    if grey.dtype != np.uint8:  # Otsu's threshold is defined on 256 levels: stretch floats over them
        low, high = float(grey.min()), float(grey.max())
        grey = np.rint((grey - low) * (255.0 / max(high - low, 1e-12))).astype(np.uint8)
    _, made = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    made = made.reshape(image.shape[:2]).astype(image.dtype)
    return made if image.ndim == 2 else np.repeat(made[:, :, None], image.shape[2], axis=2)


class KSame(Mask):
    """k-same (Newton, Sweeney, Malin 2005, doi:10.1109/TKDE.2005.32): groups of k faces, each replaced by its mean.

    `fit(X, y)` makes the groups from one image of each person; `y` names the people. `transform` replaces each image by
    the mean of the group of the nearest fitted image: k people share each picture, and no attacker is right more often
    than once in k. With several images of one person a group can hold that person alone and the bound fails (measured:
    68 % for k = 2), so that is refused unless you pass `one_each=False`.
    """

    def __init__(self, k: int = 5, one_each: bool = True) -> None:
        self.k, self.one_each = k, one_each

    @property
    def name(self) -> str:
        """`ksame:K`, or `ksame_misused:K` where a group may hold one person alone."""
        return f"{'ksame' if self.one_each else 'ksame_misused'}:{self.k}"

    def fit(self, X: Images, y: Any = None) -> KSame:
        """Make the groups. `y`: person of each image; without it every image counts as another person."""
        images = as_images(self._checked(X, reset=True))
        if not (isinstance(self.k, (int, np.integer)) and self.k >= 1):
            raise InputError("k", "a whole number of at least 1", repr(self.k), "write 5")
        people = len(images) if y is None else len(set(np.asarray(y).tolist()))
        if self.one_each and people < len(images):
            raise InputError("KSame", "one image of each person, because a group of images of one person hides nobody",
                             f"{len(images)} images of {people} people",
                             "fit each set of one image a person, or one_each=False")  # fmt: skip
        self.rows_ = images.reshape(len(images), -1).astype(np.float64)
        self.group_ = _groups(self.rows_, min(int(self.k), len(self.rows_)))
        self.means_ = np.stack([images[self.group_ == g].mean(axis=0) for g in range(self.group_.max() + 1)])
        return self

    def masked(self, images: Images) -> Images:
        """Mask images."""
        check_is_fitted(self, "means_")
        rows = images.reshape(len(images), -1).astype(np.float64)
        nearest = euclidean_distances(rows, self.rows_, squared=True).argmin(axis=1)
        return rounded(self.means_[self.group_[nearest]], images)


def _groups(rows: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Group greedily: the first remaining face and its k−1 nearest; fewer than k at the end join the last group."""
    apart = euclidean_distances(rows, squared=True)
    group = np.full(len(rows), -1, dtype=np.int64)
    made = 0
    while (left := np.flatnonzero(group < 0)).size >= 2 * k or (made == 0 and left.size):
        # when fewer than 2k faces remain, the group takes all of them, so that no group is smaller than k
        group[left[np.argsort(apart[left[0], left], kind="stable")][:k]] = made
        made += 1
    group[group < 0] = made if (group < 0).sum() >= k else made - 1
    return group


_MAKERS: dict[str, tuple[str, Callable[..., Mask]]] = {
    "none": ("none", Clear), "pixelate": ("pixelate:CELLS", Pixelate), "blur": ("blur:SIGMA", Blur),
    "gaussian": ("gaussian:SIGMA", lambda sigma=0.25: Blur(sigma, fast=False)), "box": ("box[:MARGIN]", BlackBox),
    "eyes": ("eyes", EyesBar), "silhouette": ("silhouette", Silhouette),
    "ksame": ("ksame:K", lambda k=5.0: KSame(int(k))),
    "ksame_misused": ("ksame_misused:K", lambda k=5.0: KSame(int(k), one_each=False)),
    "dp_pixelate": ("dp_pixelate:CELLS:EPSILON", DPPixelate), "scramble": ("scramble", lambda: Scramble()),
    "scramble_fixed": ("scramble_fixed", lambda: Scramble(nonce="fixed")),
}  # fmt: skip
MASK_FORMS = tuple(form for form, _ in _MAKERS.values())


def mask_named(text: str) -> Mask:
    """Mask with that name and strengths, built in or installed (entry points `privacysim.masks`).

    >>> mask_named("pixelate:4"), mask_named("dp_pixelate:4:0.5").epsilon
    (Pixelate(cells_across=4.0), 0.5)
    """
    kind, *strengths = str(text).split(":")
    if kind not in _MAKERS:
        own = known_names("masks")
        if kind in own:
            return as_mask(own_mask(text))
        fix = did_you_mean(kind, [*_MAKERS, *own])
        raise InputError("mask", "one of " + ", ".join([*MASK_FORMS, *own]), text or "nothing", fix)
    form, make = _MAKERS[kind]
    try:
        numbers = [float(strength) for strength in strengths]
        made = make(*numbers)
    except (ValueError, TypeError):
        raise InputError("mask", form, text, f"write {form} with numbers, strength relative to the face") from None
    for name, number in zip(("strength", "epsilon"), numbers, strict=False):
        if not (0.0 < number < 1e6) and kind != "box":
            raise InputError(f"mask {kind}, {name}", "a number above 0", number, f"write {form}")
    return made


def as_mask(mask: Any) -> Mask:
    """Convert a `Mask`, its name, or any scikit-learn transformer of images to a mask."""
    if isinstance(mask, str):
        return mask_named(mask)
    if isinstance(mask, Mask):
        return mask
    if isinstance(mask, type) or not all(hasattr(mask, name) for name in ("fit", "transform", "get_params")):
        raise InputError("mask", "a mask, its name or a scikit-learn transformer (fit, transform, get_params)", mask,
                         "derive it from privacysim.masklab.Mask, and give an object, not its class")
    return Transformed(mask)
