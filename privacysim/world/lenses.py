"""Which optics a camera has: the mix of lenses and mounts by kind of site, every number a fact.

Widths and fields of view are vendors' habit (1080p wide … 4K tele); shares by site are assumptions.
What a lens resolves, and how far, is `optics.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from privacysim.facts import facts
from privacysim.world.optics import range_m

LENSES = ("1080p_wide", "1080p_4mm", "4mp_wide", "4mp_6mm", "8mp_12mm", "fisheye")
SITES = ("state", "outdoor", "indoor")


class Optics(NamedTuple):
    """Optics of cameras, one entry each."""

    width_px: NDArray[np.int32]
    hfov_deg: NDArray[np.float32]
    mount_m: NDArray[np.float32]
    range_m: NDArray[np.float32]


def draw_optics(site: NDArray[np.uint8], which: NDArray[np.float64], height: NDArray[np.float64]) -> Optics:
    """Optics from the code in SITES and two marks per camera."""
    known = facts()
    width = np.array([known.value(f"lens_{lens}_width_px") for lens in LENSES])
    hfov = np.array([known.value(f"lens_{lens}_hfov_deg") for lens in LENSES])
    reach = range_m(width, hfov)
    lens = np.empty(site.size, dtype=np.uint8)
    mount = np.empty(site.size, dtype=np.float32)
    for code, name in enumerate(SITES):
        here = np.flatnonzero(site == code)
        shares = np.cumsum([known.value(f"lens_{lens}_share_{name}") for lens in LENSES])
        lens[here] = np.searchsorted(shares[:-1], which[here] * shares[-1], side="right")
        fact = known[f"mount_{name}_m"]
        mount[here] = fact.low + (fact.high - fact.low) * height[here]
    return Optics(
        width.astype(np.int32)[lens], hfov.astype(np.float32)[lens], mount, reach.astype(np.float32)[lens]
    )
