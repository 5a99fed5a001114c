"""Probability of identification by recogniser, mask, face and gallery, as a function and as a table for the kernel."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from privacysim.draws import Floats
from privacysim.errors import InputError, refuse_unknown
from privacysim.facts import facts
from privacysim.identify import recognisers as who
from privacysim.identify.mask_strength import left_of
from privacysim.identify.recognition_curve import checked_gallery, fits
from privacysim.vocabulary import CURVES

STEPS_PER_PX = 8
CODES = 255 * STEPS_PER_PX + 1
"""Face codes 0 … 2040: eighths of a pixel, capped at 255 px, where the curves are flat."""
_PX = np.arange(CODES) / STEPS_PER_PX


def face_code(face_px: ArrayLike) -> NDArray[np.uint16]:
    """Code of a face's width: eighths of a pixel, rounded, capped at 2040.

    >>> face_code([0.0, 4.0, 4.07, 1000.0])
    array([   0,   32,   33, 2040], dtype=uint16)
    """
    face = np.asarray(face_px, dtype=np.float64)
    if not bool((face >= 0.0).all()):
        raise InputError("face_px", "pixels across the face, 0 or more", face[~(face >= 0.0)][:1], "correct it")
    return np.minimum(np.rint(face * STEPS_PER_PX), CODES - 1).astype(np.uint16)


def identifiability(mask: str, face_px: ArrayLike, frontal: ArrayLike, gallery: int, curve: str = "low",
                    by: str = "lab") -> Floats:
    """Probability that a viewer names the right one of `gallery` people, among them the person filmed.

    `by`: a word of `RECOGNISERS`; `lab` is the measured attack, for which a masked face is worth
    e = min(face_px, cells(mask)) pixels, in steps of 1/8 px. A full box leaves only guessing, 1/gallery (except for
    acquaintances, who either recognise or not); behind `ksame:K` no face is named rightly more than once in K. A face
    that is not frontal counts with `nonfrontal_unknown` (acquaintances: `nonfrontal_factor`). `face_px`, `frontal`:
    width of the face in px, whether it is frontal (broadcast). `curve`: `low` or `high`. Raises InputError for an
    unknown mask, curve or recogniser.

    >>> identifiability("none", [4.0, 16.0], True, 40).round(3)
    array([0.517, 0.925])
    >>> float(identifiability("box", 100.0, True, 40).round(3))
    0.025
    >>> [float(identifiability("none", 20.0, True, 20, by=word).round(2)) for word in who.RECOGNISERS]
    [0.86, 0.17, 0.26, 0.96]
    """
    refuse_unknown(curve, CURVES, "curve", " or ".join(CURVES))
    facing = np.asarray(frontal, dtype=bool).astype(np.intp)
    return _table_of(mask, gallery, by)[CURVES.index(curve), facing, face_code(face_px)]


def curve_table(pairs: Sequence[tuple[str, int] | tuple[str, int, str]]) -> Floats:
    """P for each (mask, gallery, recogniser), curve (low, high), frontality (no, yes) and code: (pairs, 2, 2, 2041).

    Without a recogniser, the lab's.

    >>> curve_table([("none", 40), ("box", 600, "acquaintance")]).shape
    (2, 2, 2, 2041)
    """
    tables = [_table_of(pair[0], pair[1], pair[2] if len(pair) == 3 else "lab") for pair in pairs]
    return np.array(tables).reshape(-1, len(CURVES), 2, CODES)


def _table_of(mask: str, gallery: int, by: str) -> Floats:
    refuse_unknown(by, who.RECOGNISERS, "by", "one of " + ", ".join(who.RECOGNISERS))
    return _one_table(mask, checked_gallery(gallery), by, who.numbers_of(by))


@lru_cache(maxsize=256)
def _one_table(mask: str, gallery: int, by: str, numbers: tuple[float, ...]) -> Floats:
    """Table (curve, frontal, code) of one recogniser; `numbers`, its facts, are part of the key."""
    if by == "acquaintance":
        return np.array([who.by_acquaintance(mask, _PX, curve) for curve in CURVES])
    left = left_of(mask, _PX)
    made = np.empty((len(CURVES), 2, CODES))
    for c, curve in enumerate(CURVES):
        if not left.any() and (by, curve) != ("machine", "low"):
            # behind a full box there is nothing to compare: use exactly 1/gallery, not a quadrature of it
            made[c, 1] = 1.0 / gallery
        elif by in ("stranger", "lab"):
            d_prime = who.stranger_d_prime(left) if by == "stranger" else fits()["cctv"].d_prime(left)
            made[c, 1] = who.bounded(mask, who.right_of(d_prime, gallery, curve), gallery)
        elif curve == "high":
            made[c, 1] = who.first_name(mask, _PX, gallery, curve)
        else:
            made[c, 1] = who.found_above(mask, _PX, gallery, facts().value("face_false_match"))
    made[:, 0] = numbers[-1] * made[:, 1]
    return made
