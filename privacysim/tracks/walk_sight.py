"""Possible views of mapped cameras, and what they may see of a walk, clipped exactly, sheet by sheet.

A camera has one view if everything is known, and a fan of weighted views if not (`sight.optics`). The smallest
and largest result over a camera's views are an outer bound, not an interval: they carry no probability.

A piece is a stretch of one step in one view, cut as `sight.coverage` cuts streets. If a heading is unknown, the piece
lies in the disc of all headings (what the camera may see), and the share of each heading is only summed up. Standing
still is a step of one millimetre, so that one clip handles both.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import Bools, Floats, Ints
from privacysim.facts import facts
from privacysim.identify import curve_table
from privacysim.readers.camera_files import MappedCameras
from privacysim.readers.positions import Plane, sheets
from privacysim.sight import clip_kernel, optics
from privacysim.sight.coverage import code_px, pieces_in_view
from privacysim.sight.occlusion import Walls, hang_outside, past_walls, walls_of
from privacysim.tracks.cleaning import Walk

_STAND_M = 1e-3
_BLOCK = 200_000
_SUMS, _METRES, _SECONDS = 13, slice(0, 5), slice(5, 10)
"""Columns of the kernel's sums."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Town:
    """Walkable streets u–v between nodes, and rings of buildings, in degrees; `note` says what was left out."""

    lat: Floats
    lon: Floats
    u: Ints
    v: Ints
    ring_start: Ints
    ring_lat: Floats
    ring_lon: Floats
    note: str


class Views(NamedTuple):
    """Rows x, y, ground radius, heading and hfov (radians), density at 1 m, height over a face; x, y still 0.

    `camera` is the position in the cameras; the weights of one camera's views sum to 1. Views that differ only in their
    heading are neighbours and share a `disc`, counted from 0.
    """

    rows: Floats
    camera: Ints
    weight: Floats
    disc: Ints


class Pieces(NamedTuple):
    """Visible stretches: `step` of the walk, `view` (row of `Sight.discs`), `enter`, `leave` as shares of the step."""

    step: Ints
    view: Ints
    enter: Floats
    leave: Floats
    face: NDArray[np.uint16]
    frontal: Bools
    level: NDArray[np.uint8]


_NONE = np.empty(0, dtype=np.int64)
_NO_VIEWS = Views(np.empty((0, 7)), _NONE, np.empty(0), _NONE)
_NO_PIECES = Pieces(_NONE, _NONE, np.empty(0), np.empty(0), _NONE.astype(np.uint16), _NONE.astype(np.bool_),
                    _NONE.astype(np.uint8))  # fmt: skip


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


def views_of(cameras: MappedCameras, which: Ints, reach_m: float | None = None) -> Views:
    """Every view of the cameras `which`. `reach_m`: one flat reach on the ground for all, instead of their optics."""
    width, hfov, mount = cameras.width_px[which], cameras.hfov_deg[which], cameras.mount_m[which]
    exact = ~np.isnan(hfov) & ~np.isnan(width) & ~np.isnan(mount) & cameras.heading_known[which]
    known, heading = which[exact], cameras.heading_deg[which[exact]]
    rows = _rows(cameras, known, width[exact], hfov[exact], hfov[exact], mount[exact], heading, reach_m)
    parts = [Views(rows, known, np.ones(known.size), np.arange(known.size))]
    made: dict[tuple[object, ...], Views] = {}
    for camera in which[~exact].tolist():
        # cameras with the same known properties have the same fan
        told = (float(column[camera]) for column in (cameras.heading_deg, cameras.hfov_deg, cameras.width_px,
                                                     cameras.tilt_deg, cameras.mount_m, cameras.range_m))
        key = (optics.site_of(int(cameras.operator[camera])), *map(repr, told))
        if key not in made:
            made[key] = _fan(cameras, camera, reach_m)
        parts.append(made[key]._replace(camera=np.full(made[key].camera.size, camera, dtype=np.int64)))
    return _joined(parts)


def _joined(parts: list[Views]) -> Views:
    """Concatenate views; their discs stay separate."""
    before = np.cumsum([0, *(int(part.disc[-1]) + 1 if part.disc.size else 0 for part in parts)])
    apart = [part._replace(disc=part.disc + offset) for part, offset in zip(parts, before[:-1], strict=True)]
    return Views(*(np.concatenate(columns) for columns in zip(*apart, strict=True)))


def _discs_of(views: Views) -> tuple[Views, Ints]:
    """One view for each disc, all round (heading NaN) where several headings share it, and where each disc begins.

    Over all headings a camera may see all of its disc, so the walk is clipped once and not 36 times.
    """
    first = np.flatnonzero(np.diff(views.disc, prepend=-1))
    rows = views.rows[first].copy()
    rows[np.diff(first, append=views.disc.size) > 1, 3] = np.nan
    weight = np.add.reduceat(views.weight, first) if first.size else views.weight
    return Views(rows, views.camera[first], weight, np.arange(first.size)), np.append(first, views.disc.size)


def _fan(cameras: MappedCameras, camera: int, reach_m: float | None) -> Views:
    own = optics.view_choices(cameras, camera, optics.site_of(int(cameras.operator[camera])), "outdoor")
    order = np.lexsort((own.hfov_deg, own.width_px))
    wide, lens = own.width_px[order], own.hfov_deg[order]
    # a turning camera sees all round, but through its own lens
    seen = np.full(lens.size, cameras.hfov_deg[camera]) if np.isfinite(cameras.hfov_deg[camera]) else lens
    heights, headings = own.mount_m.size, own.heading_deg.size
    i, j, h = (axis.ravel() for axis in np.indices((wide.size, heights, headings)))
    which = np.full(i.size, camera, dtype=np.int64)
    rows = _rows(cameras, which, wide[i], lens[i], seen[i], own.mount_m[j], own.heading_deg[h], reach_m)
    return Views(rows, which, own.share[order][i] / (heights * headings), i * heights + j)


def _rows(cameras: MappedCameras, which: Ints, width: Floats, lens: Floats, seen: Floats, mount: Floats,
          heading: Floats, reach_m: float | None) -> Floats:
    """Rows of `Views`: `lens` decides the density and the reach, `seen` is the angle that is in view."""
    radius = np.full(which.size, reach_m or 0.0)
    if reach_m is None:
        stated = cameras.range_m[which]
        radius = np.where(np.isnan(stated), optics.ground_radius_m(optics.range_m(width, lens), mount), stated)
        radius = np.minimum(radius, optics.tilted_reach_m(cameras.tilt_deg[which], seen, mount))
    return np.column_stack([np.zeros((which.size, 2)), radius, np.radians(heading), np.radians(seen),
                            optics.density_at_1_m(width, lens), optics.drop_m(mount)])


def sight_of(walk: Walk, cameras: MappedCameras, reach_m: float | None = None, town: Town | None = None) -> Sight:
    """Clip the walk against every view of every outdoor camera near it; buildings of a town block the view."""
    step = np.flatnonzero(walk.joined)
    sheet, planes = sheets(walk.lat[step], walk.lon[step])
    step_m, step_s, camera_m = np.zeros(len(walk)), np.zeros(len(walk)), np.zeros(len(walk))
    step_s[step] = walk.clock_s[step + 1] - walk.clock_s[step]
    views, discs, pieces, sums = [_NO_VIEWS], [_NO_VIEWS], [_NO_PIECES], [np.empty((0, _SUMS))]
    # P(identified) by frontality and face code, for a viewer who compares with `gallery_suspects` people
    chance = np.ascontiguousarray(curve_table([("none", round(facts().value("gallery_suspects")))])[0, 0])
    offset = 0
    for number, plane in enumerate(planes):
        own = step[sheet == number]
        ux, uy = plane.xy(walk.lat[own], walk.lon[own])
        vx, vy = plane.xy(walk.lat[own + 1], walk.lon[own + 1])
        step_m[own] = np.hypot(vx - ux, vy - uy)
        vx = np.where(step_m[own] < _STAND_M, ux + _STAND_M, vx)
        near = _near(cameras, reach_m, plane, ux, uy, vx, vy)
        if not near.size:
            continue
        fan = views_of(cameras, near, reach_m)
        fan.rows[:, 0], fan.rows[:, 1] = plane.xy(cameras.lat[fan.camera], cameras.lon[fan.camera])
        walls = walls_of(town.ring_start, *plane.xy(town.ring_lat, town.ring_lon)) if town else None
        rows = hang_outside(walls, fan.rows) if walls else fan.rows
        disc, first = _discs_of(fan._replace(rows=rows))
        own_sums = np.zeros((fan.camera.size, _SUMS))
        for begin in range(0, own.size, _BLOCK):
            part = slice(begin, begin + _BLOCK)
            ends, mean_m = (ux[part], uy[part], vx[part], vy[part]), np.zeros(own[part].size)
            found = _clipped(disc.rows, own[part], *ends)
            found = _past(walls, disc.rows, found, own[part], *ends) if walls else found
            clip_kernel.fan_sums(rows, first, np.searchsorted(own[part], found.step), *found[1:], *ends,
                                 step_m[own[part]], step_s[own[part]], fan.weight, code_px(), chance, own_sums, mean_m)
            camera_m[own[part]] += mean_m
            pieces.append(found._replace(view=found.view + offset))
        views.append(fan)
        discs.append(disc)
        sums.append(own_sums)
        offset += disc.camera.size
    total = np.concatenate(sums)
    metres, seconds = (np.cumsum(total[:, columns][:, ::-1], axis=1)[:, ::-1] for columns in (_METRES, _SECONDS))
    together = Pieces(*(np.concatenate(columns) for columns in zip(*pieces, strict=True)))
    frontal_s, identified_s, hits = total[:, 10:].T
    return Sight(_joined(views), _joined(discs), together, metres, seconds, frontal_s, identified_s, hits, step_m,
                 step_s, camera_m)


def _near(cameras: MappedCameras, reach_m: float | None, plane: Plane, *ends: Floats) -> Ints:
    """Outdoor cameras within reach of the walk: first by its bounding box, then by clipping their largest discs."""
    outdoors = np.flatnonzero(~cameras.indoor)
    x, y = plane.xy(cameras.lat[outdoors], cameras.lon[outdoors])
    # beyond this ground radius a camera sees nothing, whatever its lens, height and heading
    far = cameras.range_m[outdoors] if reach_m is None else np.full(outdoors.size, reach_m)
    far = np.where(np.isnan(far), facts().value("view_range_max_m"), far)
    walk_x, walk_y = np.concatenate(ends[::2]), np.concatenate(ends[1::2])
    inside = ((x + far >= walk_x.min()) & (x - far <= walk_x.max())
              & (y + far >= walk_y.min()) & (y - far <= walk_y.max()))
    near = outdoors[inside]
    exact = cameras.heading_known[near] & ~np.isnan(cameras.hfov_deg[near]) & ~np.isnan(cameras.width_px[near])
    if exact.all() or near.size < 32:
        return near
    all_round = np.array([np.nan, 2 * np.pi, 1.0, 0.0]) * np.ones((near.size, 1))
    discs = np.column_stack([x[inside], y[inside], far[inside], all_round])
    return near[np.unique(_clipped(discs, np.arange(ends[0].size), *ends).view)]


def _clipped(rows: Floats, steps: Ints, ux: Floats, uy: Floats, vx: Floats, vy: Floats) -> Pieces:
    unit = 1e6 * np.hypot(vx - ux, vy - uy)  # micrometres
    which, view, begin, end, face, frontal, level = pieces_in_view(rows, ux, uy, vx, vy, unit)
    return Pieces(steps[which], view.astype(np.int64), begin / unit[which], end / unit[which], face, frontal, level)


def _past(walls: Walls, rows: Floats, found: Pieces, steps: Ints, *corners: Floats) -> Pieces:
    """Parts of the pieces that walls leave visible; faces are recomputed for these parts."""
    own = tuple(values[np.searchsorted(steps, found.step)] for values in corners)
    which, begin, end, face = past_walls(walls, rows[found.view], own, found.enter, found.leave, code_px())
    return Pieces(found.step[which], found.view[which], begin, end, face, found.frontal[which], found.level[which])
