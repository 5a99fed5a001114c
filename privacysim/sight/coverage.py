"""Coverage: the stretches of street, entrances and interiors that the watched cameras see.

Every directed edge (2·edge + direction; direction 0 walks from u to v) lists its visible pieces in the order of
walking. A piece ends at the edge of the view, where the face turns from the camera (more than the fact
`frontal_half_angle_deg` between the walker's heading and the line to the lens, height included), or where the density
crosses a DORI level. Its `face` is the geometric mean of the pixels at its two ends, in eighths of a pixel.

If the city has buildings, they hide what is behind them (`occlusion`). A synthetic city has none, but its blocks are
closed. A camera sees along the streets whose line passes within `front_m` of it, and along its own street also beyond
the next crossing. Limits: flat ground; people walk in the middle of the street; without buildings, a mapped city's
values are an upper bound at street corners. An unknown heading counts as all round, an outer bound, never as unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from privacysim.draws import Bools, Floats, Ints
from privacysim.errors import InputError, one_line
from privacysim.facts import facts
from privacysim.identify import STEPS_PER_PX
from privacysim.sight import clip_kernel as kernel
from privacysim.sight.occlusion import Walls, box_grid, city_walls, hang_outside, in_sight, past_walls
from privacysim.sight.optics import DORI_NAMES, density_at_1_m, dori_levels, drop_m, ground_radius_m, range_m

if TYPE_CHECKING:
    from privacysim.city.city_model import City


_CELL_M = 250.0


@dataclass(frozen=True, slots=True)
class BareCameras:
    """The columns that a camera's view depends on, by position (= `camera_id`)."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    heading_deg: NDArray[np.float32]
    """Clockwise from north; NaN if the camera turns, so it sees all round."""
    hfov_deg: NDArray[np.float32]
    width_px: NDArray[np.int32]
    mount_m: NDArray[np.float32]
    range_m: NDArray[np.float32]
    indoor: Bools
    place_id: Ints


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of the cameras `which`; every camera below is an index into `which`.

    Pieces of directed edge e are at `piece_start[e] : piece_start[e + 1]`, sorted by camera, then along the walk.
    `piece_from` and `piece_to` are in mm from the walk's start of the edge, `piece_face` in 1/8 px. Camera c sees the
    entrances `entrance_place[entrance_start[c] : entrance_start[c + 1]]`, ascending. Place p has the watched indoor
    cameras `indoor_camera[indoor_start[p] : indoor_start[p + 1]]` out of `indoor_all[p]`.
    """

    __repr__ = one_line

    which: Ints
    piece_start: Ints
    piece_camera: NDArray[np.int32]
    piece_from: NDArray[np.int32]
    piece_to: NDArray[np.int32]
    piece_face: NDArray[np.uint16]
    piece_frontal: Bools
    entrance_start: Ints
    entrance_place: NDArray[np.int32]
    indoor_start: Ints
    indoor_camera: NDArray[np.int32]
    indoor_all: Ints
    density_at_1_m: Floats
    drop_m: Floats


def _views(cameras: BareCameras, which: Ints, radius: ArrayLike = np.inf) -> Floats:
    """Rows x, y, ground radius (at most `radius`), heading and hfov in radians, density at 1 m, height over a face."""
    mount = cameras.mount_m[which].astype(np.float64)
    ground = ground_radius_m(cameras.range_m[which], mount)
    columns = (cameras.x[which], cameras.y[which], np.minimum(ground, radius),
               np.radians(cameras.heading_deg[which].astype(np.float64)),
               np.radians(cameras.hfov_deg[which].astype(np.float64)),
               density_at_1_m(cameras.width_px[which], cameras.hfov_deg[which]), drop_m(mount))
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


def coverage(city: City, cameras: BareCameras, which: ArrayLike, *, edges: ArrayLike | None = None,
             entrances: bool = True) -> Coverage:
    """Compute what the cameras with the ids `which` (ascending) see of the city's streets, entrances and interiors.

    Cameras outside `which` cost no time, so pass only those that are watched. An indoor camera sees the inside of its
    place and nothing of the street. To compute only some streets, pass their `edges` (ascending); to skip entrances,
    pass `entrances=False`. Skipped parts count as unseen.
    """
    ids = np.ascontiguousarray(which, dtype=np.int64)
    if ids.size and not (np.diff(ids) > 0).all():
        raise ValueError("coverage: which must be ascending and without repeats")
    views = _views(cameras, ids)
    inside = np.asarray(cameras.indoor[ids], dtype=bool)
    views[inside, 2] = -1.0  # sees no street; the row is kept so that indices stay valid
    walls = city_walls(city)
    if walls is not None:
        views = hang_outside(walls, views)
    only = np.arange(city.edge_u.size) if edges is None else np.asarray(edges, dtype=np.int64)
    start, camera, begin, end, face, frontal = _pieces(city, views, only, walls)
    place_x, place_y = np.asarray(city.place_x, dtype=np.float64), np.asarray(city.place_y, dtype=np.float64)
    if entrances:
        entrance_start, entrance_place = _points_in_view(views, place_x, place_y)
        if walls is not None:
            seen_by = np.repeat(np.arange(ids.size), np.diff(entrance_start))
            free = in_sight(walls, views, seen_by, place_x[entrance_place], place_y[entrance_place])
            entrance_start = np.concatenate([[0], np.cumsum(np.bincount(seen_by[free], minlength=ids.size))])
            entrance_place = entrance_place[free]
    else:
        entrance_start, entrance_place = np.zeros(ids.size + 1, dtype=np.int64), np.empty(0, dtype=np.int32)
    places = place_x.size
    own = np.where(inside, cameras.place_id[ids], -1)
    order = np.flatnonzero(own >= 0)
    order = order[np.argsort(own[order], kind="stable")]
    indoor_start = np.searchsorted(own[order], np.arange(places + 1)).astype(np.int64)
    of_place = cameras.place_id[np.asarray(cameras.indoor, dtype=bool)]
    return Coverage(ids, start, camera, begin, end, face, frontal, entrance_start, entrance_place, indoor_start,
                    order.astype(np.int32), np.bincount(of_place[of_place >= 0], minlength=places).astype(np.int64),
                    views[:, 5].copy(), views[:, 6].copy())


def code_px() -> float:
    """Return the code of a face (`STEPS_PER_PX` per pixel across it) at a density of 1 px/m."""
    return STEPS_PER_PX * facts().value("face_width_m")


def pieces_in_view(views: Floats, ux: Floats, uy: Floats, vx: Floats, vy: Floats, unit: Floats,
                   ways: int = 1) -> tuple[NDArray, ...]:
    """Find the visible pieces of steps u → v (metres), and with 2 `ways` of v → u, too.

    Rows of `views` are x, y, radius, heading, hfov (radians), density at 1 m, height over a face. `unit` is the length
    of each step in the unit of the result. Returns way (step · ways + direction), view, from, to (whole numbers from
    the walk's start), face code, whether frontal, and the number of DORI levels reached.
    """
    x, y, radius = views[:, 0], views[:, 1], np.maximum(views[:, 2], 0.0)
    grid = box_grid(x - radius, y - radius, x + radius, y + radius, _CELL_M)
    cotangent = 1.0 / np.tan(np.radians(facts().value("frontal_half_angle_deg")))
    return kernel.pieces(views, dori_levels(), code_px(), cotangent, ux, uy, vx, vy, unit, ways, *grid)


def _pieces(city: City, views: Floats, edges: Ints, walls: Walls | None) -> tuple[NDArray, ...]:
    """Pieces of directed edges that no wall hides: (start, camera, from, to, face code, frontal), sorted by camera."""
    x, y = np.asarray(city.node_x, dtype=np.float64), np.asarray(city.node_y, dtype=np.float64)
    u, v = np.asarray(city.edge_u)[edges], np.asarray(city.edge_v)[edges]
    mm = np.asarray(city.edge_mm, dtype=np.float64)[edges]
    way, camera, begin, end, face, frontal, _ = pieces_in_view(views, x[u], y[u], x[v], y[v], mm, 2)
    if walls is not None:
        step, back = way // 2, way % 2 == 1
        first, last = np.where(back, v[step], u[step]), np.where(back, u[step], v[step])
        which, low, high, seen = past_walls(walls, views[camera], (x[first], y[first], x[last], y[last]),
                                            begin / mm[step], end / mm[step], code_px(), mm[step])
        low, high = np.round(low * mm[step[which]]), np.round(high * mm[step[which]])
        face = np.where((low == begin[which]) & (high == end[which]), face[which], seen)  # a cut piece has its own face
        way, camera, begin, end, frontal = way[which], camera[which], low, high, frontal[which]
    elif city.closed_blocks:
        step = way // 2
        apart = _apart(views[camera, :2].T, (x[u[step]], y[u[step]]), (x[v[step]], y[v[step]]))
        free = apart <= facts().value("front_m")
        way, camera, begin, end, face, frontal = (column[free] for column in (way, camera, begin, end, face, frontal))
    order = np.lexsort((camera, way))
    counts = np.zeros((city.edge_u.size, 2), dtype=np.int64)
    counts[edges] = np.bincount(way, minlength=2 * u.size).reshape(-1, 2)
    return (np.concatenate([[0], np.cumsum(counts)]), camera[order], begin[order].astype(np.int32),
            end[order].astype(np.int32), face[order], frontal[order])  # fmt: skip


def _apart(at: Floats, begin: tuple[Floats, Floats], end: tuple[Floats, Floats]) -> Floats:
    """Return the distance of each point from its own straight line, wherever the streets cross."""
    east, north = end[0] - begin[0], end[1] - begin[1]
    area = (at[0] - begin[0]) * north - (at[1] - begin[1]) * east
    return np.asarray(np.abs(area) / np.maximum(np.hypot(east, north), 1e-9))


def _points_in_view(views: Floats, x: Floats, y: Floats) -> tuple[Ints, NDArray[np.int32]]:
    seeing = np.ascontiguousarray(views[:, :5])
    start, points = kernel.points_in_view(seeing, x, y, *box_grid(x, y, x, y, _CELL_M))
    return start, points


def cameras_seeing_points(cameras: BareCameras, x: ArrayLike, y: ArrayLike,
                          radius: float = np.inf) -> tuple[Ints, Ints]:
    """Find street cameras that see each point from at most `radius` metres: (start[points + 1], camera ids, ascending).

    Indoor cameras see no street and are omitted.
    """
    px, py = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    outside = np.flatnonzero(~np.asarray(cameras.indoor, dtype=bool))
    start, points = _points_in_view(_views(cameras, outside, radius), px, py)
    seen_by = np.repeat(outside, np.diff(start))
    order = np.argsort(points, kind="stable")
    return np.searchsorted(points[order], np.arange(px.size + 1)).astype(np.int64), seen_by[order]


def walk_past(begin: tuple[float, float], end: tuple[float, float], *, width_px: int = 1920, hfov_deg: float = 80.0,
              heading_deg: float = 0.0, mount_m: float = 3.5, speed_m_s: float = 1.3) -> pd.DataFrame:
    """Compute the pieces of a straight walk that a camera at (0, 0) sees, in the order of walking; empty if unseen.

    `begin` and `end` in metres (x east, y north); `heading_deg` of the camera clockwise from north. Columns: `begin_s`,
    `end_s` since the walk began, `x0_m`, `y0_m`, `x1_m`, `y1_m`, `face_px` (pixels across a face: the geometric mean
    over the piece, in eighths), `frontal` (the face is turned to the camera, within the fact `frontal_half_angle_deg`)
    and `level`, the best of the DORI levels that the piece reaches.

    >>> seen = walk_past((0.0, 40.0), (0.0, 2.0))
    >>> seen["level"].tolist(), bool(seen["frontal"].iloc[0])
    (['detect', 'observe', 'recognise', 'identify'], True)
    """
    ends = np.asarray([begin, end], dtype=np.float64)
    length = float(np.hypot(*(ends[1] - ends[0])))
    if not np.isfinite(ends).all() or length < 0.001 or not speed_m_s > 0:
        raise InputError("walk_past", "two different points in metres and a speed above 0",
                         f"{begin}, {end}, {speed_m_s} m/s", "write walk_past((0, 40), (0, 2))")  # fmt: skip
    view = np.array([[0.0, 0.0, ground_radius_m(range_m(width_px, hfov_deg), mount_m), np.radians(heading_deg),
                      np.radians(hfov_deg), density_at_1_m(width_px, hfov_deg), drop_m(mount_m)]])  # fmt: skip
    (ux, uy), (vx, vy) = ends[:, :, None]
    _, _, *mm, face, frontal, level = pieces_in_view(view, ux, uy, vx, vy, np.array([float(round(length * 1000))]))
    at = np.stack(mm) / 1000.0
    x, y = (ends[0, axis] + (ends[1, axis] - ends[0, axis]) * at / length for axis in (0, 1))
    return pd.DataFrame({"begin_s": at[0] / speed_m_s, "end_s": at[1] / speed_m_s, "x0_m": x[0], "y0_m": y[0],
                         "x1_m": x[1], "y1_m": y[1], "face_px": face / STEPS_PER_PX, "frontal": frontal,
                         "level": np.asarray(DORI_NAMES)[np.maximum(level.astype(int) - 1, 0)]})  # fmt: skip
