"""Clips a walk to the views of cameras exactly, sheet by sheet and block by block.

A piece is a stretch of one step in one view, cut where the face turns from the camera and where the density crosses a
DORI level, as `world.coverage` cuts streets. If a heading is unknown, the piece lies in the disc of all headings
(what the camera may see), and the share of each heading is only summed up, because 36 separate pieces would tell no
more. Standing still is a step of one millimetre, so that one clip handles both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from privacysim.facts import facts
from privacysim.identify import STEPS_PER_PX, curve_table
from privacysim.readers.camera_files import MappedCameras
from privacysim.readers.positions import Plane, sheets
from privacysim.readers.track_files import Tracks
from privacysim.sight import clip_kernel
from privacysim.sight.box_grid import box_grid
from privacysim.sight.occlusion import Walls, face_codes, hang_outside, visible, walls_of
from privacysim.sight.optics import dori_levels
from privacysim.tracks.camera_views import Views, discs_of, hull, joined_views, views_of
from privacysim.tracks.cleaning import Walk
from privacysim.tracks.walk_town import Town

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CELL_M = 50.0
_STAND_M = 1e-3
_BLOCK = 200_000
_SUMS, _METRES, _SECONDS = 13, slice(0, 5), slice(5, 10)
"""Columns of the kernel's sums."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pieces:
    """Visible stretches: `step` of the walk, `view` (row of `Sight.discs`), `enter`, `leave` as shares of the step."""

    step: Ints
    view: Ints
    enter: Floats
    leave: Floats
    face: NDArray[np.uint16]
    frontal: NDArray[np.bool_]
    level: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sight:
    """What the cameras may see of a walk, and how much of it lies in each view.

    `views`: every heading, lens and height of every camera near the walk; `discs`: the same with all headings merged;
    `pieces`: what lies in the discs. By view: `metres` and `seconds` at each level or above (in range, 25, 62, 125, 250
    px/m), `frontal_s`, `identified_s` (expected seconds identified), `hits` (pieces). By step of the walk: its length
    and time (0 for no step), `camera_m`: metres at 25 px/m or more, summed over cameras, mean over their views.
    """

    views: Views
    discs: Views
    pieces: Pieces
    metres: Floats
    seconds: Floats
    frontal_s: Floats
    identified_s: Floats
    hits: Floats
    step_m: Floats
    step_s: Floats
    camera_m: Floats


def sight_of(walk: Walk, cameras: MappedCameras, reach_m: float | None = None, town: Town | None = None) -> Sight:
    """Clip the walk against every view of every outdoor camera near it; buildings of a town block the view."""
    step = np.flatnonzero(walk.joined)
    sheet, planes = sheets(walk.lat[step], walk.lon[step])
    outdoors = np.flatnonzero(~cameras.indoor)
    reach = hull(cameras, reach_m)
    step_m, step_s, camera_m = np.zeros(len(walk)), np.zeros(len(walk)), np.zeros(len(walk))
    step_s[step] = walk.clock_s[step + 1] - walk.clock_s[step]
    views, discs, pieces, sums = [_no_views()], [_no_views()], [_no_pieces()], [np.empty((0, _SUMS))]
    chance, offset = _chance(), 0
    for number, plane in enumerate(planes):
        own = step[sheet == number]
        ux, uy = plane.xy(walk.lat[own], walk.lon[own])
        vx, vy = plane.xy(walk.lat[own + 1], walk.lon[own + 1])
        step_m[own] = np.hypot(vx - ux, vy - uy)
        stands = step_m[own] < _STAND_M
        vx = np.where(stands, ux + _STAND_M, vx)
        near = _near(cameras, outdoors, reach, plane, ux, uy, vx, vy)
        if not near.size:
            continue
        fan = views_of(cameras, near, reach_m)
        x, y = plane.xy(cameras.lat[fan.camera], cameras.lon[fan.camera])
        fan.rows[:, 0], fan.rows[:, 1] = x, y
        walls = walls_of(town.ring_start, *plane.xy(town.ring_lat, town.ring_lon)) if town else None
        rows = hang_outside(walls, fan.rows) if walls else fan.rows
        disc, first = discs_of(replace(fan, rows=rows))
        own_sums = np.zeros((fan.camera.size, _SUMS))
        for begin in range(0, own.size, _BLOCK):
            part = slice(begin, begin + _BLOCK)
            steps = (own[part], ux[part], uy[part], vx[part], vy[part])
            found = _clipped(disc.rows, *steps, 0)
            found = _past(walls, disc.rows, found, *steps) if walls else found
            mean_m = np.zeros(own[part].size)
            clip_kernel.fan_sums(
                rows, first, np.searchsorted(own[part], found.step), found.view, found.enter, found.leave, found.face,
                found.frontal, found.level, *steps[1:], step_m[own[part]], step_s[own[part]], fan.weight, _code_px(),
                chance, own_sums, mean_m,
            )  # fmt: skip
            camera_m[own[part]] += mean_m
            pieces.append(replace(found, view=found.view + offset))
        views.append(fan)
        discs.append(disc)
        sums.append(own_sums)
        offset += disc.camera.size
    total = np.concatenate(sums)
    metres, seconds = (np.cumsum(total[:, columns][:, ::-1], axis=1)[:, ::-1] for columns in (_METRES, _SECONDS))
    frontal_s, identified_s, hits = total[:, 10:].T
    return Sight(joined_views(views), joined_views(discs), _joined_pieces(pieces), metres, seconds, frontal_s,
                 identified_s, hits, step_m, step_s, camera_m)


def _chance() -> Floats:
    """P(identified) by frontality and face code, for a viewer who compares with `gallery_suspects` people."""
    return np.ascontiguousarray(curve_table([("none", round(facts().value("gallery_suspects")))])[0, 0])


def _code_px() -> float:
    return STEPS_PER_PX * facts().value("face_width_m")


def views_at_fixes(tracks: Tracks, cameras: MappedCameras, reach_m: float | None = None
                   ) -> tuple[Views, NDArray[np.bool_]]:  # fmt: skip
    """Views of the cameras near the raw fixes, and whether a fix lies in each (all that points alone can show)."""
    sheet, planes = sheets(tracks.lat, tracks.lon)
    outdoors, reach = np.flatnonzero(~cameras.indoor), hull(cameras, reach_m)
    views, seen = [_no_views()], [np.empty(0, dtype=np.bool_)]
    for number, plane in enumerate(planes):
        px, py = plane.xy(tracks.lat[sheet == number], tracks.lon[sheet == number])
        near = _near(cameras, outdoors, reach, plane, px, py, px + _STAND_M, py)
        if not near.size:
            continue
        fan = views_of(cameras, near, reach_m)
        fan.rows[:, 0], fan.rows[:, 1] = plane.xy(cameras.lat[fan.camera], cameras.lon[fan.camera])
        views.append(fan)
        grid = box_grid(px, py, px, py, _CELL_M)
        seen.append(clip_kernel.any_in_view(np.ascontiguousarray(fan.rows[:, :5]), px, py, *grid))
    return joined_views(views), np.concatenate(seen)


def _near(cameras: MappedCameras, outdoors: Ints, reach: Floats, plane: Plane, ux: Floats, uy: Floats, vx: Floats,
          vy: Floats) -> Ints:
    """Cameras within reach of the walk: first by its bounding box, then by clipping their largest discs."""
    x, y = plane.xy(cameras.lat[outdoors], cameras.lon[outdoors])
    far = reach[outdoors]
    low_x, high_x = min(ux.min(), vx.min()), max(ux.max(), vx.max())
    low_y, high_y = min(uy.min(), vy.min()), max(uy.max(), vy.max())
    inside = (x + far >= low_x) & (x - far <= high_x) & (y + far >= low_y) & (y - far <= high_y)
    near = outdoors[inside]
    exact = cameras.heading_known[near] & ~np.isnan(cameras.hfov_deg[near]) & ~np.isnan(cameras.width_px[near])
    if not near.size or exact.all() or near.size < 32:
        return near
    discs = np.zeros((near.size, 7))
    discs[:, 0], discs[:, 1], discs[:, 2] = x[inside], y[inside], far[inside]
    discs[:, 3], discs[:, 4], discs[:, 5] = np.nan, 2 * np.pi, 1.0
    met = _clipped(discs, np.arange(ux.size), ux, uy, vx, vy, 0).view
    return near[np.unique(met)]


def _clipped(rows: Floats, steps: Ints, ux: Floats, uy: Floats, vx: Floats, vy: Floats, offset: int) -> Pieces:
    x, y, radius = rows[:, 0], rows[:, 1], rows[:, 2]
    grid = box_grid(x - radius, y - radius, x + radius, y + radius, _CELL_M)
    cotangent = 1.0 / np.tan(np.radians(facts().value("frontal_half_angle_deg")))
    found = clip_kernel.step_pieces(rows, dori_levels(), _code_px(), cotangent, ux, uy, vx, vy, *grid)
    which, view, begin, end, face, frontal, level = found
    length = np.hypot(vx - ux, vy - uy)[which]
    return Pieces(
        steps[which], view.astype(np.int64) + offset, begin / length, end / length, face, frontal, level,
    )  # fmt: skip


def _past(walls: Walls, rows: Floats, found: Pieces, steps: Ints, ux: Floats, uy: Floats, vx: Floats,
          vy: Floats) -> Pieces:
    """Parts of the pieces that walls leave visible; faces are recomputed for these parts."""
    at = np.searchsorted(steps, found.step)
    views, ends = rows[found.view], (ux[at], uy[at], vx[at], vy[at])
    which, begin, end = visible(walls, views[:, 0], views[:, 1], *ends, found.enter, found.leave)
    ax, ay, bx, by = (values[which] for values in ends)
    face = face_codes(views[which], ax, ay, bx, by, begin, end, _code_px())
    return Pieces(found.step[which], found.view[which], begin, end, face, found.frontal[which], found.level[which])


def _no_views() -> Views:
    none = np.empty(0, dtype=np.int64)
    return Views(np.empty((0, 7)), none, np.empty(0), none)


def _no_pieces() -> Pieces:
    none = np.empty(0, dtype=np.int64)
    flags = none.astype(np.bool_)
    return Pieces(none, none, np.empty(0), np.empty(0), none.astype(np.uint16), flags, none.astype(np.uint8))


def _joined_pieces(parts: list[Pieces]) -> Pieces:
    return Pieces(*(np.concatenate([getattr(part, name) for part in parts]) for name in Pieces.__slots__))
