"""Images as the lab takes them: uint8 arrays (n, h, w) or (n, h, w, 3), or flattened rows as in tables."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError

Images = NDArray[Any]


def as_images(X: Images) -> Images:
    """View `X` as images (n, h, w[, c]).

    Three and four axes are taken as they are. Two axes are flattened images, as in `fetch_olivetti_faces().data`:
    square ones where the number of features is a square, else lines one pixel high.

    >>> as_images(np.zeros((5, 4096), np.uint8)).shape, as_images(np.zeros((5, 10), np.uint8)).shape
    ((5, 64, 64), (5, 1, 10))
    """
    if X.ndim == 2:
        side = math.isqrt(X.shape[1])
        return X.reshape(len(X), side, side) if side * side == X.shape[1] else X.reshape(len(X), 1, -1)
    if X.ndim == 3 or (X.ndim == 4 and X.shape[3] in (1, 3)):
        return X
    raise InputError("images", "an array (n, h, w), (n, h, w, 3) or (n, features)", f"shape {X.shape}", "reshape it")


def as_pictures(X: Images) -> NDArray[np.uint8]:
    """Images in uint8, checked: what a mask of bytes (cipher, silhouette) and the loaders need."""
    made = as_images(np.asarray(X))
    if made.dtype != np.uint8:
        raise InputError("images", "uint8 grey levels 0 to 255", f"dtype {made.dtype}", "scale and round them to uint8")
    return made


def rounded(values: NDArray[Any], like: Images) -> Images:
    """Values in the type of `like`; uint8 is rounded and kept within 0 to 255, floats stay as they are."""
    if like.dtype == np.uint8:
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return values.astype(like.dtype, copy=False)


def features(X: Images, side: int = 32) -> NDArray[np.float32]:
    """Rows for a classifier: images reduced to at most `side` × `side` by area (lossless for cells ≥ w/side), flat.

    >>> features(np.full((2, 64, 64), 51, np.uint8)).shape
    (2, 1024)
    """
    import cv2

    images = as_images(np.asarray(X))
    n, h, w = images.shape[:3]
    if h > side or w > side:
        size = (min(w, side), min(h, side))
        images = np.stack([cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in images])
    return images.reshape(n, -1).astype(np.float32) / np.float32(255.0)
