"""Possible views of a stated camera whose heading, lens or height is not stated.

Unknown headings are replaced by 36 directions, unknown lenses by the mix of lenses at such sites, unknown heights by
both ends of the fact. A camera that turns has no heading: it sees all round, through its own lens.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from privacysim.facts import facts
from privacysim.readers.camera_files import Stated
from privacysim.sight.optics import LENSES
from privacysim.vocabulary import OPERATORS

Floats = NDArray[np.float64]
HEADINGS = 36
_STATE = (OPERATORS.index("public_security"), OPERATORS.index("other_state"))


class ViewChoices(NamedTuple):
    """Choices of a camera: each combination of lens, height and heading is a view. Each lens has a `share`."""

    heading_deg: Floats
    hfov_deg: Floats
    width_px: Floats
    mount_m: Floats
    share: Floats


def site_of(operator: int) -> str:
    """Return the kind of site, `state` or `outdoor`, which decides lenses and heights of outdoor cameras."""
    return "state" if operator in _STATE else "outdoor"


def view_choices(
    stated: Stated, camera: int, lens_site: str, mount_site: str, drawn: ViewChoices | None = None
) -> ViewChoices:
    """Return the choices of one camera.

    With `drawn`, the view of a replicate is one of them and supplies the stated values.
    """
    known = facts()
    used = [lens for lens in LENSES if known.value(f"lens_{lens}_share_{lens_site}") > 0]
    hfov, width, share = (np.array([known.value(f"lens_{lens}_{what}") for lens in used])
                          for what in ("hfov_deg", "width_px", f"share_{lens_site}"))
    angle, wide, mount = (float(values[camera]) for values in (stated.hfov_deg, stated.width_px, stated.mount_m))
    heading = np.array([stated.heading_deg[camera]])
    heights = np.array([mount])
    if not stated.heading_known[camera]:
        heading = np.arange(HEADINGS) * (360.0 / HEADINGS)
    if np.isnan(mount):
        fact = known[f"mount_{mount_site}_m"]
        heights = np.array([fact.low, fact.high])
    if drawn is not None:
        hfov, width = np.append(hfov, drawn.hfov_deg), np.append(width, drawn.width_px)
        share = np.append(share, np.zeros(1))
        heading = drawn.heading_deg if stated.heading_known[camera] else np.append(heading, drawn.heading_deg)
        heights = np.insert(heights, 1, drawn.mount_m) if np.isnan(mount) else drawn.mount_m
    if angle < 360.0 or (drawn is None and np.isfinite(wide) and np.isfinite(angle)):
        hfov[:] = angle if drawn is None else drawn.hfov_deg
    if np.isfinite(wide):
        width[:] = wide if drawn is None else drawn.width_px
    lenses, number = np.unique(np.column_stack([hfov, width]), axis=0, return_inverse=True)
    shares = np.zeros(len(lenses))
    np.add.at(shares, number.reshape(-1), share / share.sum())
    return ViewChoices(heading, lenses[:, 0], lenses[:, 1], heights, shares)
