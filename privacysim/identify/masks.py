"""Mask names and their strength: how many cells across the face are left.

A mask's strength is relative to the face, never in pixels of the picture: pixelating to n cells across a face leaves
what a camera sees that has n pixels there (measured: equal rates).
"""

from __future__ import annotations

import math

from privacysim.errors import InputError

MASKS = ("none", "box", "pixelate:CELLS")
"""The masks whose residual identification is known here; `box` covers the whole head."""


def cells(mask: str) -> float:
    """Cells across the face that a mask leaves: infinite for `none`, 0 for `box`, N for `pixelate:N`.

    Raises InputError for a mask that nobody measured here.

    >>> cells("none"), cells("pixelate:4"), cells("box")
    (inf, 4.0, 0.0)
    """
    if mask == "none":
        return math.inf
    if mask == "box":
        return 0.0
    kind, _, strength = mask.partition(":")
    try:
        left = float(strength) if kind == "pixelate" else math.nan
    except ValueError:
        left = math.nan
    if not (math.isfinite(left) and left > 0.0):
        cure = "write one of them, CELLS a number above 0 such as pixelate:4"
        raise InputError("mask", "one of " + ", ".join(MASKS), mask or "nothing", cure)
    return left
