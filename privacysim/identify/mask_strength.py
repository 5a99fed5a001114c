"""Strength of masks by name: how many cells across the face they leave, by construction or as measured.

Pixelating to n cells across a face leaves as much as a camera with n pixels there (measured: equal rates). For other
masks, `data/masking/masks.csv` holds the mosaic of equal worth to an attacker who trains on such masks. Masks that draw
anew for each frame count as 100 frames averaged, because a camera shows a person for longer than that. The name of a
mask from outside the package states the cells that it leaves (`mask_text`), so workers, saved inputs and the run id
need neither the mask nor its package: `NAME=CELLS` or, by the face's width, `NAME=PX:CELLS,PX:CELLS,…` (linear
between).
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from privacysim import parts
from privacysim.errors import InputError, nearest
from privacysim.resources import shipped_rows

MASKS = ("none", "box", "pixelate:CELLS", "blur:SIGMA", "gaussian:SIGMA", "dp_pixelate:CELLS:EPSILON", "ksame:K")
"""Forms with a known residual identification; data/masking/masks.csv adds the measured names."""

_ASKED_PX = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 255)
"""Widths of a face, in px, at which your own mask is asked for the cells it leaves."""


@lru_cache(maxsize=2)
def measured_cells(one_frame: bool = False) -> dict[str, float]:
    """Equivalent cells of the measured masks by name, from `data/masking/masks.csv`; see `cells`."""
    column = "cells_one_frame" if one_frame else "cells"
    return {row["mask"]: float(row[column]) for row in shipped_rows("data/masking/masks.csv")}


def cells(mask: str, one_frame: bool = False) -> float:
    """Cells that a mask leaves across a large face: infinite for `none`, 0 for `box`, N for `pixelate:N`.

    Blurs between the measured ones are interpolated in log σ; weaker ones count as no mask, stronger ones as the
    strongest. Noise counts as the strongest measured mask that is weaker than it, else as the plain mosaic. `ksame:K`:
    see `most`. `one_frame`: what one frame of a random mask leaves, not a track. Raises InputError without measurement.

    >>> cells("none"), cells("pixelate:4"), cells("box"), cells("frosted=8:2,64:3.5")
    (inf, 4.0, 0.0, 3.5)
    """
    if curve := _own_curve(mask):
        return curve[-1][1]
    known = measured_cells(one_frame)
    kind, *strengths = mask.split(":")
    match kind, [_number(text) for text in strengths]:
        case "none", []:
            return math.inf
        case "box", []:
            return 0.0
        case "pixelate", [left] if left > 0.0:
            return left
        case "blur" | "gaussian", [sigma] if sigma > 0.0:
            points = sorted((numbers[0], max(left, 0.05)) for numbers, left in _measured(kind, known))
            found = np.exp(np.interp(math.log(sigma), *np.log(points).T))
            return math.inf if sigma < points[0][0] else float(found)
        case "dp_pixelate", [across, epsilon] if across > 0.0 and epsilon > 0.0:
            # weaker: at least as many cells, with at most as much noise in each (its scale grows as cells² / epsilon)
            weaker = (left for (a, e), left in _measured(kind, known)
                      if a >= across and a**2 / e <= across**2 / epsilon)  # fmt: skip
            return min([across, *weaker])
        case "ksame", [k] if k >= 2.0 and k == int(k):
            return math.inf
    if mask in known:
        return known[mask]
    forms = {form.partition(":")[0] for form in MASKS} - {"box"}
    names = [*MASKS, *(name for name in known if name.partition(":")[0] not in forms)]
    fix = "write one of them, CELLS a number such as pixelate:4"
    if mask:
        close = nearest(mask, names)
        fix = f"write {close}" if close else ("for your own mask write NAME=CELLS, the cells left across a face, as "
                                              "`privacysim calibrate masks --mask NAME` prints")  # fmt: skip
    raise InputError("mask", "one of " + ", ".join(names), mask or "nothing", fix)


def _measured(kind: str, known: dict[str, float]) -> list[tuple[list[float], float]]:
    return [([_number(text) for text in name.split(":")[1:]], left) for name, left in known.items()
            if name.startswith(kind + ":")]  # fmt: skip


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def left_of(mask: str, face_px: ArrayLike) -> NDArray[np.float64]:
    """Cells across the face that a mask leaves of faces `face_px` wide; never more than its pixels.

    >>> left_of("pixelate:4", [2.0, 16.0]), left_of("frosted=8:2,64:3.5", [1.0, 8.0, 36.0])
    (array([2., 4.]), array([1.  , 2.  , 2.75]))
    """
    face = np.asarray(face_px, dtype=np.float64)
    px, left = np.array(_own_curve(mask)).reshape(-1, 2).T
    return np.minimum(face, np.interp(face, px, left) if px.size else cells(mask))


def most(mask: str) -> float:
    """Upper bound on the rate of any attacker behind that mask: 1/K for `ksame:K` (Newton 2005), else 1.

    It holds if the people compared with include the whole group of K, and a group holds one image of each.

    >>> most("ksame:5"), most("pixelate:2")
    (0.2, 1.0)
    """
    kind, _, strength = mask.partition(":")
    return 1.0 / _number(strength) if kind == "ksame" else 1.0


def mask_text(mask: Any) -> str:
    """Name of a mask in policies and tables: a known name as it is, your own mask with the cells it leaves.

    `mask` is a built-in name, that of an installed mask with its strengths (`frosted:0.1`), or an object whose
    `cells(face_px)` returns the cells left across a face. Raises InputError for an unknown name or a mask without
    `cells`.
    """
    name = mask if isinstance(mask, str) else parts.name_of(mask)
    if isinstance(mask, str) or type(mask).__module__ == "privacysim.masklab.masks":
        try:
            cells(name)
            return name
        except InputError:
            if isinstance(mask, str) and mask.partition(":")[0] not in parts.known_names("masks"):
                raise
    if isinstance(mask, str):
        mask = own_mask(mask)
    try:
        points = [(float(px), float(f"{float(mask.cells(float(px))):g}")) for px in _ASKED_PX]
    except (AttributeError, InputError):
        raise InputError(
            f"mask {name}", "a mask with a known number of cells left across the face", type(mask).__name__,
            "give it a method cells(face_px), or measure it (privacysim calibrate masks --mask, masklab.measure) "
            "and use the name that this gives",
        ) from None  # fmt: skip
    last = points[-1][1]
    constant = all(min(px, left) == min(px, last) for px, left in points)
    text = f"{last:g}" if constant else ",".join(f"{px:g}:{left:g}" for px, left in _corners(points))
    if not _own_curve(f"{name}={text}"):
        raise InputError(f"mask {name}, cells", "0 or more cells at every width of the face", text,
                         "return how many cells across a face of that width are left")  # fmt: skip
    return f"{name}={text}"


def _corners(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Drop points on the line between their neighbours, and level ends."""
    triples = zip(points[:-2], points[1:-1], points[2:], strict=True)
    inner = [b for a, b, c in triples if abs(np.interp(b[0], (a[0], c[0]), (a[1], c[1])) - b[1]) > 1e-5 * (1.0 + b[1])]
    kept = [points[0], *inner, points[-1]]
    return kept[kept[0][1] == kept[1][1] : len(kept) - (kept[-1][1] == kept[-2][1])]


def _own_curve(mask: str) -> list[tuple[float, float]]:
    """Points (px, cells) of `NAME=…`; none if the name has no such ending."""
    name, equals, text = mask.rpartition("=")
    points = [[_number(part) for part in point.split(":")] for point in text.split(",")]
    if len(points) == 1 and len(points[0]) == 1:
        points = [[1.0, *points[0]]]
    if not (name and equals and all(len(point) == 2 for point in points)):
        return []
    px = [px for px, _ in points]
    fine = px == sorted(set(px)) and all(px > 0.0 and left >= 0.0 for px, left in points)
    return [(px, left) for px, left in points] if fine else []


def own_mask(text: str) -> Any:
    """Mask of that name from an installed package, made with the strengths after it (`frosted:0.1`)."""
    kind, *strengths = text.split(":")
    found = parts.named("masks", kind)
    try:
        return found(*(float(strength) for strength in strengths)) if callable(found) or strengths else found
    except (TypeError, ValueError) as error:
        raise InputError(f"mask {text}", f"strengths that {kind} takes, as numbers", error, "correct them") from None
