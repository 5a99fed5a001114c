"""P(identified) as a table over 1/8 pixel, the one definition that the public function, kernel and oracle share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from privacysim.errors import InputError, refuse_unknown
from privacysim.facts import facts
from privacysim.identify.mask_strength import left_of, most
from privacysim.identify.recognition_curve import checked_gallery, rank_one
from privacysim.identify.recognition_curve import fit as fit_named
from privacysim.vocabulary import CURVES

Floats = NDArray[np.float64]

STEPS_PER_PX = 8
CODES = 255 * STEPS_PER_PX + 1
"""Face codes 0 … 2040: eighths of a pixel, capped at 255 px, where the curve is flat."""


def face_code(face_px: ArrayLike) -> NDArray[np.uint16]:
    """Code of a face's width: eighths of a pixel, rounded, capped at 2040.

    >>> face_code([0.0, 4.0, 4.07, 1000.0])
    array([   0,   32,   33, 2040], dtype=uint16)
    """
    face = np.asarray(face_px, dtype=np.float64)
    if not bool((face >= 0.0).all()):
        raise InputError("face_px", "pixels across the face, 0 or more", face[~(face >= 0.0)][:1], "mend it")
    return np.minimum(np.rint(face * STEPS_PER_PX), CODES - 1).astype(np.uint16)


def identifiability(
    mask: str, face_px: ArrayLike, frontal: ArrayLike, gallery: int, curve: str = "low", fit: str = "cctv"
) -> Floats:
    """Probability that a viewer who compares with `gallery` people, the filmed one among them, picks the right one.

    A masked face is worth e = min(face_px, cells(mask)) pixels. A full box leaves guessing, 1/gallery; behind `ksame:K`
    no viewer is right more than once in K. A face that is not frontal counts with the fact `nonfrontal_factor`.
    `mask`: name. `face_px`, `frontal`: width of the face in px and whether it is frontal (arrays that broadcast).
    `gallery`: at least 2 people. `curve`: `low` or `high`. `fit`: `cctv` or `clean`. Raises InputError for an unknown
    mask, curve or fit. Values come from the shipped table, in steps of 1/8 px.

    >>> identifiability("none", [4.0, 16.0], True, 40).round(3)
    array([0.517, 0.925])
    >>> float(identifiability("box", 100.0, True, 40).round(3))
    0.025
    """
    refuse_unknown(curve, CURVES, "curve", " or ".join(CURVES))
    facing = np.asarray(frontal, dtype=bool).astype(np.intp)
    known = _one_table(mask, gallery, fit, facts().value("nonfrontal_factor"))
    return known[CURVES.index(curve), facing, face_code(face_px)]


def curve_table(pairs: Sequence[tuple[str, int]], fit: str = "cctv") -> Floats:
    """P for each (mask, gallery), curve (low, high), frontality (no, yes) and face code: (pairs, 2, 2, 2041).

    >>> curve_table([("none", 40), ("box", 150)]).shape
    (2, 2, 2, 2041)
    """
    made = np.empty((len(pairs), len(CURVES), 2, CODES))
    sideways = facts().value("nonfrontal_factor")
    for row, (mask, gallery) in enumerate(pairs):
        made[row] = _one_table(mask, gallery, fit, sideways)
    return made


@lru_cache(maxsize=256)
def _one_table(mask: str, gallery: int, fit: str, sideways: float) -> Floats:
    people = checked_gallery(gallery)
    face = left_of(mask, np.arange(CODES) / STEPS_PER_PX)
    distinct, place = np.unique(face, return_inverse=True)
    d_prime = fit_named(fit).d_prime(distinct)
    made = np.empty((len(CURVES), 2, CODES))
    for c, curve in enumerate(CURVES):
        # behind a full box there is nothing to compare: use exactly 1/gallery, not a quadrature of it
        frontal = np.full(distinct.size, 1.0 / people) if not face.any() else rank_one(d_prime, people, curve)
        # k people share each picture of k-same: the choice is right once in k, or by chance in a small gallery
        frontal = np.minimum(frontal, max(most(mask), 1.0 / people))
        made[c, 1] = frontal[place]
    made[:, 0] = sideways * made[:, 1]
    made.setflags(write=False)
    return made
