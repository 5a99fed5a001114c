"""Masks that hide a face among others: k-same and the mean face; and the silhouette, which keeps an outline only."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from privacysim.errors import InputError
from privacysim.masklab.images import Images, as_images, rounded
from privacysim.masklab.masks import Mask, each


class MeanFace(Mask):
    """Every face becomes the mean of the faces it was fitted on: nothing of the person is left."""

    def cells(self, face_px: float) -> float:
        """None."""
        return 0.0

    def fit(self, X: Images, y: Any = None) -> MeanFace:
        """Learn the mean face."""
        X = self._checked(X, reset=True)
        self.mean_ = as_images(X).mean(axis=0)
        return self

    def _mask(self, images: Images) -> Images:
        check_is_fitted(self, "mean_")
        return rounded(np.broadcast_to(self.mean_, images.shape), images)


class KSame(Mask):
    """k-same (Newton, Sweeney, Malin 2005, doi:10.1109/TKDE.2005.32): groups of k faces, each replaced by its mean.

    `fit(X, y)` makes the groups from one image of each person, `y` naming the people; `transform` shows each image as
    the mean of the group of the nearest fitted image (its own group, for an image it was fitted on). Then k people
    share each picture, and nobody, however clever, names more than one in k rightly. With several images of one
    person in the set a group can hold her alone, and the bound is gone (measured: 68 % for k = 2, 19 % for k = 10): so
    that is refused unless `one_each=False` says that it is meant.
    """

    def __init__(self, k: int = 5, one_each: bool = True) -> None:
        self.k, self.one_each = k, one_each

    def fit(self, X: Images, y: Any = None) -> KSame:
        """Make the groups. `y`: person of each image; without it every image is taken as another person."""
        X = self._checked(X, reset=True)
        if not (isinstance(self.k, (int, np.integer)) and self.k >= 1):
            raise InputError("k", "a whole number of at least 1", repr(self.k), "write 5")
        people = len(X) if y is None else len(set(np.asarray(y).tolist()))
        if self.one_each and people < len(X):
            raise InputError(
                "KSame",
                "one image of each person: a group of several images of one person hides nobody",
                f"{len(X)} images of {people} people",
                "fit each set of one image a person, or one_each=False",
            )
        images = as_images(X)
        rows = images.reshape(len(images), -1).astype(np.float64)
        self.group_ = _groups(rows, min(int(self.k), len(rows)))
        self.rows_ = rows
        self.means_ = np.stack([images[self.group_ == g].mean(axis=0) for g in range(self.group_.max() + 1)])
        return self

    def _mask(self, images: Images) -> Images:
        check_is_fitted(self, "means_")
        rows = images.reshape(len(images), -1).astype(np.float64)
        return rounded(self.means_[self.group_[_distances(rows, self.rows_).argmin(axis=1)]], images)


def _distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return (a**2).sum(axis=1)[:, None] - 2.0 * a @ b.T + (b**2).sum(axis=1)


def _groups(rows: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Greedy: the first face left and its k−1 nearest; the fewer than k at the end join the last group."""
    apart = _distances(rows, rows)
    group = np.full(len(rows), -1, dtype=np.int64)
    made = 0
    while (left := np.flatnonzero(group < 0)).size >= 2 * k or (made == 0 and left.size):
        # every later group takes whatever is left when fewer than 2k are: no group is smaller than k
        near = left[np.argsort(apart[left[0], left], kind="stable")][:k]
        group[near] = made
        made += 1
    group[group < 0] = made if (group < 0).sum() >= k else made - 1
    return group


class Silhouette(Mask):
    """The outline only: what is brighter than Otsu's threshold white, the rest black.

    On a *face* this leaks nearly everything (98 % measured: one bit a pixel is plenty); on a whole person (video) the
    foreground is painted over and the face with it.
    """

    def _mask(self, images: Images) -> Images:
        return each(images, _outline)


def _outline(image: Images) -> Images:
    grey = image if image.ndim == 2 else image.mean(axis=2)
    if grey.dtype != np.uint8:  # Otsu's threshold is defined on 256 levels: stretch floats over them
        low, high = float(grey.min()), float(grey.max())
        grey = np.rint((grey - low) * (255.0 / max(high - low, 1e-12))).astype(np.uint8)
    _, made = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    made = made.reshape(image.shape[:2]).astype(image.dtype)
    return made if image.ndim == 2 else np.repeat(made[:, :, None], image.shape[2], axis=2)
