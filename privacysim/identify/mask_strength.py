"""Mask names and their strength: how many cells across the face are left, by construction or as measured.

A mask's strength is relative to the face, never in pixels of the picture: pixelating to n cells across a face leaves
what a camera sees that has n pixels there (measured: equal rates). What the other masks leave does not follow from how
they work; `data/masking/masks.csv` holds what `privacysim calibrate masks` measured, as the mosaic that is worth the
same to an attacker who trains on such masks. Masks that draw anew for each frame count as what 100 averaged frames of
them are worth, since a camera shows a person for longer than that.
"""

from __future__ import annotations

import csv
import math
from functools import lru_cache

import numpy as np

from privacysim.errors import InputError, did_you_mean
from privacysim.resources import shipped

MASKS = ("none", "box", "pixelate:CELLS", "blur:SIGMA", "gaussian:SIGMA", "dp_pixelate:CELLS:EPSILON", "ksame:K")
"""The forms whose residual identification is known; beside them the measured names of data/masking/masks.csv."""

_BLURS = ("blur", "gaussian")


@lru_cache(maxsize=2)
def measured_cells(one_frame: bool = False) -> dict[str, float]:
    """Equivalent cells of the measured masks by name, as in `data/masking/masks.csv`; see `cells`."""
    column = "cells_one_frame" if one_frame else "cells"
    with shipped("data/masking/masks.csv").open(newline="", encoding="utf-8") as stream:
        return {row["mask"]: float(row[column]) for row in csv.DictReader(stream)}


def cells(mask: str, one_frame: bool = False) -> float:
    """Cells across the face that a mask leaves: infinite for `none`, 0 for `box`, N for `pixelate:N`, else measured.

    Blurs between the measured ones are interpolated in log σ; a weaker one than the weakest measured counts as no
    mask, a stronger one as the strongest. Noise counts as the least leaky of the measured ones that are weaker, and as
    the plain mosaic where none is. `ksame:K` leaves what its group leaves: see `most`. `one_frame`: what a single frame
    of a mask that draws leaves, not a track. Raises InputError for a mask that nobody measured.

    >>> cells("none"), cells("pixelate:4"), cells("box")
    (inf, 4.0, 0.0)
    """
    known = measured_cells(one_frame)
    if mask == "none":
        return math.inf
    if mask == "box":
        return 0.0
    kind, _, strength = mask.partition(":")
    if kind == "pixelate" and (left := _number(strength)) > 0.0:
        return left
    if kind in _BLURS and (sigma := _number(strength)) > 0.0:
        return _blur_cells(kind, sigma, known)
    if kind == "dp_pixelate":
        across, _, epsilon = strength.partition(":")
        if _number(across) > 0.0 and _number(epsilon) > 0.0:
            return _noisy_cells(_number(across), _number(epsilon), known)
    if kind == "ksame" and (k := _number(strength)) >= 2.0 and k == int(k):
        return math.inf
    if mask in known:
        return known[mask]
    forms = {form.partition(":")[0] for form in MASKS} - {"box"}
    names = [name for name in known if name.partition(":")[0] not in forms]
    fix = did_you_mean(mask, [*MASKS, *names]) if mask else "write one of them, CELLS a number such as pixelate:4"
    raise InputError("mask", "one of " + ", ".join([*MASKS, *names]), mask or "nothing", fix)


def most(mask: str) -> float:
    """What no attacker exceeds behind that mask, however clever: 1/K for `ksame:K` used rightly, else 1.

    The bound is Newton's (2005): it holds where the people compared with include the whole group of K, and a group
    holds one image of each.

    >>> most("ksame:5"), most("pixelate:2")
    (0.2, 1.0)
    """
    kind, _, strength = mask.partition(":")
    return 1.0 / _number(strength) if kind == "ksame" else 1.0


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _blur_cells(kind: str, sigma: float, known: dict[str, float]) -> float:
    points = sorted((_number(n.partition(":")[2]), c) for n, c in known.items() if n.startswith(kind + ":"))
    if sigma < points[0][0]:
        return math.inf
    widths, left = np.log([width for width, _ in points]), np.log([max(cells_, 0.05) for _, cells_ in points])
    return float(np.exp(np.interp(math.log(sigma), widths, left)))


def _noisy_cells(across: float, epsilon: float, known: dict[str, float]) -> float:
    # weaker: at least as many cells with at most as much noise in each, whose scale grows as cells² / epsilon
    noisy = [(n.split(":"), left) for n, left in known.items() if n.startswith("dp_pixelate:")]
    leakier = [
        left for (_, a, e), left in noisy if float(a) >= across and float(a) ** 2 / float(e) <= across**2 / epsilon
    ]
    return min([across, *leakier])
