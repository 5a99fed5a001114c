"""Peers of the kernels: a desk by SimPy, and fields of view by shapely and geopandas."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import simpy

from privacysim.draws import Floats, Ints, stream_key, uniforms
from privacysim.governance.desk import Desk, Hours
from privacysim.sight import clip_kernel
from privacysim.sight.occlusion import box_grid
from privacysim.units import DAY_TICKS, HOUR_TICKS

OFFICERS = 4
REACH_M, FIELD_DEG, SIDE_M = 25.0, 70.0, 5_000.0
_CELL_M = 25.0
# requests: (asked at, work, priority) in ticks
Papers = list[tuple[int, int, int]]


def papers(count: int, load: float, seed: int = 5) -> Papers:
    """Draw Poisson arrivals with exponential work of mean one hour, three priorities and `load` per officer."""
    u = uniforms(stream_key(seed, 0, "papers"), np.arange(count), 3)
    asked = np.rint(np.cumsum(-np.log(u[:, 0]) * HOUR_TICKS / (load * OFFICERS))).astype(int)
    work = np.maximum(np.rint(-np.log(u[:, 1]) * HOUR_TICKS), 1).astype(int)
    return [(int(a), int(w), int(p)) for a, w, p in zip(asked, work, 3 * u[:, 2], strict=True)]


def waits_at_the_desk(asked: Papers) -> list[float]:
    """Wait of each request in hours, in the order of requests, at the shipped desk (never closed)."""
    desk = Desk(env := simpy.Environment(), OFFICERS, Hours(0, DAY_TICKS))
    return _waits(env, asked, lambda number, priority: desk.ask(number, priority=priority), lambda turn: desk.release())


def waits_at_simpy(asked: Papers) -> list[float]:
    """Wait of each request with SimPy's own priority resource, which sorts its queue at each request."""
    desk = simpy.PriorityResource(env := simpy.Environment(), OFFICERS)
    return _waits(env, asked, lambda number, priority: desk.request(priority=priority), desk.release)


def _waits(env: Any, asked: Papers, ask: Callable[[int, int], Any], release: Callable[[Any], Any]) -> list[float]:
    waits = [0.0] * len(asked)

    def paper(number: int, at: int, work: int, priority: int) -> Any:
        yield env.timeout(at)
        turn = ask(number, priority)
        yield turn
        waits[number] = (env.now - at) / HOUR_TICKS
        yield env.timeout(work)
        release(turn)

    for number, (at, work, priority) in enumerate(asked):
        env.process(paper(number, at, work, priority))
    env.run()
    return waits


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
    import geopandas

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
    import shapely

    sectors = sector_polygons(place, facets)
    tree = shapely.STRtree(sectors)
    ends = np.stack([np.column_stack([place.x, place.y]), np.column_stack([place.to_x, place.to_y])], axis=1)
    segments = shapely.linestrings(ends)
    which, seen_by = tree.query(segments, predicate="intersects")
    return float(shapely.length(shapely.intersection(segments[which], sectors[seen_by])).sum())


def sector_polygons(place: Square, facets: int) -> Any:
    """Fields of view as polygons: the camera, then `facets` + 1 points on its arc."""
    import shapely

    x, y, reach, heading, field = place.cameras[:, :5].T
    turn = heading[:, None] + field[:, None] * (np.arange(facets + 1) / facets - 0.5)
    arc = np.stack([x[:, None] + reach[:, None] * np.sin(turn), y[:, None] + reach[:, None] * np.cos(turn)], axis=2)
    tip = np.stack([x, y], axis=1)[:, None]
    return shapely.polygons(np.concatenate([tip, arc, tip], axis=1))
