"""Which pieces of a walk lie in which views: exact clips, sheet by sheet, block by block.

A piece is a stretch of one step in one view, cut where the face turns from the camera and where the density crosses a
DORI level, as `world.coverage` cuts streets. Standing still is a step of one millimetre, so that one clip serves both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from privacysim.facts import facts
from privacysim.identify import STEPS_PER_PX
from privacysim.tracks.cleaning import Walk
from privacysim.tracks.plane import Plane, sheets
from privacysim.tracks.reading import Tracks
from privacysim.tracks.town import Town
from privacysim.tracks.views import Views, hull, views_of
from privacysim.world import clip_kernel
from privacysim.world.mapped.cameras import MappedCameras
from privacysim.world.occlusion import Walls, face_codes, hang_outside, visible, walls_of
from privacysim.world.optics import dori_levels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CELL_M = 50.0
_STAND_M = 1e-3
_BLOCK = 200_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pieces:
    """Visible stretches: `step` (of the walk), `view` (row of the views), `enter` and `leave` as shares of the step."""

    step: Ints
    view: Ints
    enter: Floats
    leave: Floats
    face: NDArray[np.uint16]
    frontal: NDArray[np.bool_]
    level: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sight:
    """Views, what they see of the walk, and the length (m) and time (s) of every step of the walk (0 where none)."""

    views: Views
    pieces: Pieces
    step_m: Floats
    step_s: Floats


def sight_of(walk: Walk, cameras: MappedCameras, reach_m: float | None = None, town: Town | None = None) -> Sight:
    """Clip the walk against every view of every outdoor camera near it; the buildings of a town hide what they hide."""
    step = np.flatnonzero(walk.joined)
    sheet, planes = sheets(walk.lat[step], walk.lon[step])
    outdoors = np.flatnonzero(~cameras.indoor)
    reach = hull(cameras, reach_m)
    step_m, step_s = np.zeros(len(walk)), np.zeros(len(walk))
    step_s[step] = walk.clock_s[step + 1] - walk.clock_s[step]
    views, pieces, offset = [_no_views()], [_no_pieces()], 0
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
        for begin in range(0, own.size, _BLOCK):
            part = slice(begin, begin + _BLOCK)
            steps = (own[part], ux[part], uy[part], vx[part], vy[part])
            found = _clipped(rows, *steps, 0)
            found = _past(walls, rows, found, *steps) if walls else found
            pieces.append(replace(found, view=found.view + offset))
        views.append(fan)
        offset += fan.camera.size
    return Sight(_joined_views(views), _joined_pieces(pieces), step_m, step_s)


def views_at_fixes(tracks: Tracks, cameras: MappedCameras, reach_m: float | None = None
                   ) -> tuple[Views, NDArray[np.bool_]]:  # fmt: skip
    """Views of the cameras near the raw fixes, and whether a fix lies in each: what a look at points can know."""
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
        x0, y0 = float(px.min()), float(py.min())
        size = max(_CELL_M, float(np.sqrt(np.ptp(px) * np.ptp(py) / (8.0 * px.size + 1024.0))))
        columns, lines = int(np.ptp(px) / size) + 1, int(np.ptp(py) / size) + 1
        start, items = clip_kernel.box_grid(px, py, px, py, x0, y0, size, columns, lines)
        views.append(fan)
        seen.append(clip_kernel.any_in_view(
            np.ascontiguousarray(fan.rows[:, :5]), px, py, start, items, x0, y0, size, columns, lines
        ))
    return _joined_views(views), np.concatenate(seen)


def _near(cameras: MappedCameras, outdoors: Ints, reach: Floats, plane: Plane, ux: Floats, uy: Floats, vx: Floats,
          vy: Floats) -> Ints:
    """Cameras within reach of the walk: first by the box around it, then by clipping their largest discs."""
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
    x0, y0 = float((rows[:, 0] - rows[:, 2]).min()), float((rows[:, 1] - rows[:, 2]).min())
    wide, tall = float((rows[:, 0] + rows[:, 2]).max()) - x0, float((rows[:, 1] + rows[:, 2]).max()) - y0
    size = max(_CELL_M, float(np.sqrt(wide * tall / (8.0 * rows.shape[0] + 1024.0))))
    columns, lines = int(wide / size) + 1, int(tall / size) + 1
    edges = (rows[:, 0] - rows[:, 2], rows[:, 1] - rows[:, 2], rows[:, 0] + rows[:, 2], rows[:, 1] + rows[:, 2])
    start, items = clip_kernel.box_grid(*edges, x0, y0, size, columns, lines)
    cotangent = 1.0 / np.tan(np.radians(facts().value("frontal_half_angle_deg")))
    found = clip_kernel.step_pieces(
        rows, dori_levels(), STEPS_PER_PX * facts().value("face_width_m"), cotangent, ux, uy, vx, vy, start, items, x0,
        y0, size, columns, lines,
    )
    which, view, begin, end, face, frontal, level = found
    length = np.hypot(vx - ux, vy - uy)[which]
    return Pieces(
        steps[which], view.astype(np.int64) + offset, begin / length, end / length, face, frontal, level,
    )  # fmt: skip


def _past(walls: Walls, rows: Floats, found: Pieces, steps: Ints, ux: Floats, uy: Floats, vx: Floats,
          vy: Floats) -> Pieces:
    """What the walls leave of the pieces; a face is that of what is left."""
    at = np.searchsorted(steps, found.step)
    views, ends = rows[found.view], (ux[at], uy[at], vx[at], vy[at])
    which, begin, end = visible(walls, views[:, 0], views[:, 1], *ends, found.enter, found.leave)
    code_px = STEPS_PER_PX * facts().value("face_width_m")
    ax, ay, bx, by = (values[which] for values in ends)
    face = face_codes(views[which], ax, ay, bx, by, begin, end, code_px)
    return Pieces(found.step[which], found.view[which], begin, end, face, found.frontal[which], found.level[which])


def _no_views() -> Views:
    return Views(np.empty((0, 7)), np.empty(0, dtype=np.int64), np.empty(0))


def _no_pieces() -> Pieces:
    none = np.empty(0, dtype=np.int64)
    flags = none.astype(np.bool_)
    return Pieces(none, none, np.empty(0), np.empty(0), none.astype(np.uint16), flags, none.astype(np.uint8))


def _joined_views(parts: list[Views]) -> Views:
    return Views(*(np.concatenate([getattr(part, name) for part in parts]) for name in Views.__slots__))


def _joined_pieces(parts: list[Pieces]) -> Pieces:
    return Pieces(*(np.concatenate([getattr(part, name) for part in parts]) for name in Pieces.__slots__))
