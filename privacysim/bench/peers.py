"""Peers of the kernels: fields of view by shapely and geopandas."""

from typing import Any, NamedTuple

import numpy as np

from privacysim.draws import Floats, Ints, stream_key, uniforms
from privacysim.errors import require
from privacysim.sight import clip_kernel
from privacysim.sight.occlusion import box_grid

REACH_M, FIELD_DEG, SIDE_M = 25.0, 70.0, 5_000.0
_CELL_M = 25.0


class Square(NamedTuple):
    """Cameras of 25 m and 70° at random headings in a square of 5 km; points, and segments of 10 m."""

    cameras: Floats
    x: Floats
    y: Floats
    to_x: Floats
    to_y: Floats


def square(points: int, cameras: int = 10_000, seed: int = 3) -> Square:
    """Draw a square with `points` points and `cameras` cameras."""
    u = uniforms(stream_key(seed, 0, "views"), np.arange(cameras), 3)
    rows = np.column_stack([
        SIDE_M * u[:, 0], SIDE_M * u[:, 1], np.full(cameras, REACH_M), 2.0 * np.pi * u[:, 2],
        np.full(cameras, np.radians(FIELD_DEG)), np.full(cameras, 1_000.0), np.zeros(cameras),
    ])  # fmt: skip
    v = uniforms(stream_key(seed, 1, "views"), np.arange(points), 3)
    x, y, turn = SIDE_M * v[:, 0], SIDE_M * v[:, 1], 2.0 * np.pi * v[:, 2]
    return Square(rows, x, y, x + 10.0 * np.sin(turn), y + 10.0 * np.cos(turn))


def points_in_view(place: Square) -> tuple[Ints, Ints]:
    """(camera, point) of every point in view, by the shipped kernel; like geopandas, it builds its grid each time."""
    grid = box_grid(place.x, place.y, place.x, place.y, _CELL_M)
    start, points = clip_kernel.points_in_view(np.ascontiguousarray(place.cameras[:, :5]), place.x, place.y, *grid)
    return np.repeat(np.arange(place.cameras.shape[0]), np.diff(start)), points


def points_by_geopandas(place: Square, facets: int = 12) -> int:
    """Number of (camera, point) pairs that `geopandas.sjoin(within)` finds with the usual polygons."""
    geopandas = require("map", "geopandas", where="bench points")
    sectors = geopandas.GeoDataFrame(geometry=sector_polygons(place, facets))
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(place.x, place.y))
    return len(geopandas.sjoin(points, sectors, predicate="within"))


def metres_in_view(place: Square) -> float:
    """Metres of segments in view, summed over cameras, by the shipped exact clipping."""
    camera = place.cameras
    x, y = camera[:, 0], camera[:, 1]
    grid = box_grid(x - REACH_M, y - REACH_M, x + REACH_M, y + REACH_M, _CELL_M)
    micrometres = 1e6 * np.hypot(place.to_x - place.x, place.to_y - place.y)
    found = clip_kernel.pieces(camera, np.zeros(0), 8.0, 1e-9, place.x, place.y, place.to_x, place.to_y, micrometres, 1,
                               *grid)  # fmt: skip
    return float((found[3] - found[2]).sum()) * 1e-6


def metres_by_shapely(place: Square, facets: int) -> float:
    """Metres of segments in view by a tree of polygons and the length of each intersection."""
    sectors = sector_polygons(place, facets)
    import shapely

    tree = shapely.STRtree(sectors)
    ends = np.stack([np.column_stack([place.x, place.y]), np.column_stack([place.to_x, place.to_y])], axis=1)
    segments = shapely.linestrings(ends)
    which, seen_by = tree.query(segments, predicate="intersects")
    return float(shapely.length(shapely.intersection(segments[which], sectors[seen_by])).sum())


def sector_polygons(place: Square, facets: int) -> Any:
    """Fields of view as polygons: the camera, then `facets` + 1 points on its arc."""
    require("map", "geopandas", where="bench")  # it brings shapely
    import shapely

    x, y, reach, heading, field = place.cameras[:, :5].T
    turn = heading[:, None] + field[:, None] * (np.arange(facets + 1) / facets - 0.5)
    arc = np.stack([x[:, None] + reach[:, None] * np.sin(turn), y[:, None] + reach[:, None] * np.cos(turn)], axis=2)
    tip = np.stack([x, y], axis=1)[:, None]
    return shapely.polygons(np.concatenate([tip, arc, tip], axis=1))
