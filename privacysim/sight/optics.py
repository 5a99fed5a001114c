"""Camera optics: pixel density at a distance, DORI levels, pixels across a face.

A lens maps its horizontal field of view to `width_px` pixels. Below 180° we model it as a pinhole: at slant distance d
the picture is 2·d·tan(hfov/2) metres wide, so density = width_px / (2·d·tan(hfov/2)) px/m. From 180° on no pinhole
exists: a fisheye or dome spreads its pixels evenly over the angle, density = width_px / (d·hfov in radians).
Distances are slant, from the lens to a face at the fact `face_height_m`. Levels follow EN/IEC 62676-4. Limits: density
on the optical axis, sharp pictures, flat ground.

The possible views of a camera whose heading, lens or height is not stated: unknown headings are replaced by 36
directions, unknown lenses by the mix of lenses at such sites, unknown heights by both ends of the fact. A camera that
turns has no heading: it sees all round, through its own lens.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from privacysim.draws import Floats
from privacysim.facts import facts
from privacysim.readers.camera_files import Stated
from privacysim.vocabulary import OPERATORS

DORI_NAMES = ("detect", "observe", "recognise", "identify")
"""The levels of EN/IEC 62676-4, coarsest first."""


def dori_levels() -> Floats:
    """Return the four densities in px/m: detect, observe, recognise, identify.

    >>> dori_levels()
    array([ 25.,  62., 125., 250.])
    """
    return np.array([facts().value(f"dori_{name}_px_per_m") for name in DORI_NAMES])


def density_at_1_m(width_px: ArrayLike, hfov_deg: ArrayLike) -> Floats:
    """Return the density (px/m) at a slant distance of 1 m; at d metres, divide by d.

    >>> float(density_at_1_m(1920, 80).round(1))
    1144.1
    """
    width, angle = np.asarray(width_px, dtype=np.float64), np.radians(np.asarray(hfov_deg, dtype=np.float64))
    pinhole = angle < np.pi
    spread = np.where(pinhole, 2.0 * np.tan(np.where(pinhole, angle, 1.0) / 2.0), np.minimum(angle, 2.0 * np.pi))
    return width / spread


def slant_at_density(width_px: ArrayLike, hfov_deg: ArrayLike, density: ArrayLike) -> Floats:
    """Return the slant distance (m) at which the density falls to `density` px/m: the working distance of a camera.

    >>> float(slant_at_density(1920, 80, 25).round(1))
    45.8
    """
    return density_at_1_m(width_px, hfov_deg) / np.asarray(density, dtype=np.float64)


def range_m(width_px: ArrayLike, hfov_deg: ArrayLike) -> Floats:
    """Return the slant distance (m) to which a person is detected (25 px/m), at most the fact `view_range_max_m`.

    >>> range_m([1920, 3840], [80.0, 28.0]).round(1)
    array([ 45.8, 100. ])
    """
    far = slant_at_density(width_px, hfov_deg, facts().value("dori_detect_px_per_m"))
    return np.minimum(far, facts().value("view_range_max_m"))


def drop_m(mount_m: ArrayLike) -> Floats:
    """Return the vertical distance (m) between lens and face.

    >>> float(drop_m(3.5))
    2.0
    """
    return np.abs(np.asarray(mount_m, dtype=np.float64) - facts().value("face_height_m"))


def ground_radius_m(slant_m: ArrayLike, mount_m: ArrayLike) -> Floats:
    """Return the radius on the ground (m) of a slant distance; 0 if the mount is farther away than that.

    >>> ground_radius_m([2.5, 1.0], 3.5)
    array([1.5, 0. ])
    """
    return np.sqrt(np.maximum(np.asarray(slant_m, dtype=np.float64) ** 2 - drop_m(mount_m) ** 2, 0.0))


def tilted_reach_m(tilt_deg: ArrayLike, hfov_deg: ArrayLike, mount_m: ArrayLike) -> Floats:
    """Return the ground distance (m) beyond which a face is above the picture of a camera tilted down by `tilt_deg`.

    The picture's upper edge points down by tilt − vfov/2, with tan(vfov/2) = 9/16·tan(hfov/2) (assumption: pictures are
    16:9, as for all lenses here except the fisheye). The result is infinite if that edge is level or above, if the tilt
    is unknown (NaN), or from 180° on. Points too near, below the picture's lower edge, still count as seen.

    >>> tilted_reach_m([45.0, 10.0, np.nan], 80.0, 3.5).round(2)
    array([5.58,  inf,  inf])
    """
    tilt, angle = np.asarray(tilt_deg, dtype=np.float64), np.radians(np.asarray(hfov_deg, dtype=np.float64))
    half = np.arctan(9.0 / 16.0 * np.tan(np.where(angle < np.pi, angle, 0.0) / 2.0))
    edge = np.radians(np.nan_to_num(tilt, nan=-90.0)) - half
    over = np.maximum(np.asarray(mount_m, dtype=np.float64) - facts().value("face_height_m"), 0.0)
    limited = (edge > 0.0) & (angle < np.pi)
    far: Floats = np.where(limited, over / np.tan(np.where(limited, edge, 1.0)), np.inf)
    return far


def face_px(width_px: ArrayLike, hfov_deg: ArrayLike, slant_m: ArrayLike) -> Floats:
    """Return the pixels across a face at a slant distance: the fact `face_width_m` times the density.

    >>> float(face_px(1920, 80, 9.153).round(1))
    20.0
    """
    distance = np.asarray(slant_m, dtype=np.float64)
    return facts().value("face_width_m") * density_at_1_m(width_px, hfov_deg) / distance


LENSES = ("1080p_wide", "1080p_4mm", "4mp_wide", "4mp_6mm", "8mp_12mm", "fisheye")
SITES = ("state", "outdoor", "indoor")


class Optics(NamedTuple):
    """Optics of cameras, one entry each."""

    width_px: NDArray[np.int32]
    hfov_deg: NDArray[np.float32]
    mount_m: NDArray[np.float32]
    range_m: NDArray[np.float32]


def draw_optics(site: NDArray[np.uint8], which: Floats, height: Floats) -> Optics:
    """Draw optics from the code in SITES and two marks per camera."""
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
    return Optics(width.astype(np.int32)[lens], hfov.astype(np.float32)[lens], mount, reach.astype(np.float32)[lens])


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


def view_choices(stated: Stated, camera: int, lens_site: str, mount_site: str,
                 drawn: ViewChoices | None = None) -> ViewChoices:
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
