"""Masks without random draws: mosaic, blur, box, bar, silhouette, and those that hide a face among others.

`cells(face_px)` returns the cells left across the face (pixelating to that many leaves the same) where they follow
from the construction. Other masks are measured (`data/masking/masks.csv`).
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from privacysim.errors import InputError
from privacysim.masklab.mask_base import Images, Mask, as_images, each, positive, rounded


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
    """Mosaic of `cells_across` cells across the face; each cell shows its mean.

    Pixelating to n cells leaves as much as a camera with n pixels on the face (measured).

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
        across = positive("cells_across", self.cells_across)
        h, w = images.shape[1:3]
        small = max(1, min(w, round(across))), max(1, min(h, round(across * h / w)))
        return images.copy() if small == (w, h) else each(images, lambda image: mosaic(image, small))


def mosaic(image: Images, cells: tuple[int, int]) -> Images:
    """Pixelate one image to (across, down) cells: area reduction takes each cell's mean, nearest neighbour enlarges."""
    small = cv2.resize(image, cells, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_NEAREST)


class Blur(Mask):
    """Gaussian blur of `sigma` × the face's width, computed on a small image: within 2 grey levels, 40 times as fast.

    A blur leaks more than a mosaic of the same cell size, so its cells are measured, not computed. `fast=False` is the
    plain Gaussian at full size, as other tools apply it (`gaussian:SIGMA`). The two look alike but leak differently.
    The fast blur rounds the small image to whole grey levels *before* enlarging it. The plain Gaussian rounds at full
    size, so its thousands of pixels hold more than a few cells can (far more, measured at half the face's width).
    """

    def __init__(self, sigma: float = 0.25, fast: bool = True) -> None:
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


_SMALL_SIGMA = 3.5


def fast_blur(image: Images, sigma_px: float) -> Images:
    """Gaussian blur of `sigma_px`: shrink by box means, blur with a short Gaussian, enlarge by interpolation.

    Variances of successive filters add up. The boxes contribute (f² − 1)/12 and the interpolation (f² − 1)/6; the small
    Gaussian contributes the rest of σ². Three box filters at full size err by up to 4 levels, since no odd widths have
    that sum. Up to σ = 3.5 px this is the Gaussian itself, whose kernel is short.
    """
    h, w = image.shape[:2]
    shrink = max(1.0, sigma_px / _SMALL_SIGMA)
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
    """Black bar over the eyes, from `top` down, `height` of the face high, as in newspapers; protects hardly at all."""

    name = "eyes"

    def __init__(self, top: float = 0.18, height: float = 0.26) -> None:
        self.top, self.height = top, height

    def masked(self, images: Images) -> Images:
        """Mask images."""
        h = images.shape[1]
        first = max(0, round(self.top * h))
        made = images.copy()
        made[:, first : first + max(1, round(positive("height", self.height) * h))] = 0
        return made


class Silhouette(Mask):
    """Outline only: pixels brighter than Otsu's threshold become white, the rest black.

    On a *face* this leaks nearly everything (98 % measured: one bit a pixel is plenty). In videos it paints over the
    whole person, including the face.
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


class MeanFace(Mask):
    """Replaces every face by the mean of the faces it was fitted on; nothing of the person is left."""

    name = "mean_face"

    def cells(self, face_px: float) -> float:
        """0: nothing of the person is left."""
        return 0.0

    def fit(self, X: Images, y: Any = None) -> MeanFace:
        """Learn the mean face."""
        X = self._checked(X, reset=True)
        self.mean_ = as_images(X).mean(axis=0)
        return self

    def masked(self, images: Images) -> Images:
        """Mask images."""
        check_is_fitted(self, "mean_")
        return rounded(np.broadcast_to(self.mean_, images.shape), images)


class KSame(Mask):
    """k-same (Newton, Sweeney, Malin 2005, doi:10.1109/TKDE.2005.32): groups of k faces, each replaced by its mean.

    `fit(X, y)` makes the groups from one image of each person; `y` names the people. `transform` replaces each image by
    the mean of the group of the nearest fitted image (its own group, for a fitted image). Then k people share each
    picture, and no attacker is right more often than once in k. With several images of one person in the set, a group
    can hold that person alone and the bound fails (measured: 68 % for k = 2, 19 % for k = 10). So that is refused
    unless you pass `one_each=False`.
    """

    def __init__(self, k: int = 5, one_each: bool = True) -> None:
        self.k, self.one_each = k, one_each

    @property
    def name(self) -> str:
        """`ksame:K`, or `ksame_misused:K` where a group may hold one person alone."""
        return f"{'ksame' if self.one_each else 'ksame_misused'}:{self.k}"

    def fit(self, X: Images, y: Any = None) -> KSame:
        """Make the groups. `y`: person of each image; without it every image counts as another person."""
        X = self._checked(X, reset=True)
        if not (isinstance(self.k, (int, np.integer)) and self.k >= 1):
            raise InputError("k", "a whole number of at least 1", repr(self.k), "write 5")
        people = len(X) if y is None else len(set(np.asarray(y).tolist()))
        if self.one_each and people < len(X):
            raise InputError("KSame", "one image of each person: a group of several images of one person hides nobody",
                             f"{len(X)} images of {people} people",
                             "fit each set of one image a person, or one_each=False")  # fmt: skip
        images = as_images(X)
        self.rows_ = images.reshape(len(images), -1).astype(np.float64)
        self.group_ = _groups(self.rows_, min(int(self.k), len(self.rows_)))
        self.means_ = np.stack([images[self.group_ == g].mean(axis=0) for g in range(self.group_.max() + 1)])
        return self

    def masked(self, images: Images) -> Images:
        """Mask images."""
        check_is_fitted(self, "means_")
        rows = images.reshape(len(images), -1).astype(np.float64)
        return rounded(self.means_[self.group_[_distances(rows, self.rows_).argmin(axis=1)]], images)


def _distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return (a**2).sum(axis=1)[:, None] - 2.0 * a @ b.T + (b**2).sum(axis=1)


def _groups(rows: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Group greedily: the first remaining face and its k−1 nearest; fewer than k at the end join the last group."""
    apart = _distances(rows, rows)
    group = np.full(len(rows), -1, dtype=np.int64)
    made = 0
    while (left := np.flatnonzero(group < 0)).size >= 2 * k or (made == 0 and left.size):
        # when fewer than 2k faces remain, the group takes all of them, so that no group is smaller than k
        group[left[np.argsort(apart[left[0], left], kind="stable")][:k]] = made
        made += 1
    group[group < 0] = made if (group < 0).sum() >= k else made - 1
    return group
