"""Peers of the kernels: a desk by SimPy, fields of view by shapely and geopandas, walkers by agents.

Walkers pass cameras on the same streets for a month; one camera in fifty is viewed, as in a study. Agents walk every
day anew and write each sighting. The kernel walks a route once and keeps the days on which it is walked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from math import floor
from typing import Any, NamedTuple

import numpy as np
import simpy

from privacysim.city import City, build_city
from privacysim.draws import Floats, Ints, stream_key, uniforms
from privacysim.governance.desk import Desk, Hours
from privacysim.people import Block, draw_block
from privacysim.scenario import load_scenario
from privacysim.sight import clip_kernel
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.occlusion import box_grid
from privacysim.sight.passes import street_rows
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.world.cameras import sample_cameras

OFFICERS = 4
REACH_M, FIELD_DEG, SIDE_M = 25.0, 70.0, 5_000.0
_CELL_M = 25.0
DAYS = 30
# requests: (asked at, work, priority) in ticks
Papers = list[tuple[int, int, int]]
# edges of a walk in order: (directed edge, from mm, to mm, walked before mm); walks of a person: (tick, walk, edges)
Edges = list[tuple[int, int, int, int]]
Month = list[tuple[int, int, Edges]]


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


class Town(NamedTuple):
    """City with its viewed cameras and some of its people."""

    city: City
    view: Coverage
    block: Block


@lru_cache(maxsize=1)
def town(people: int = 20_000, scenario_name: str = "guangzhou_185", every: int = 50) -> Town:
    """Build a city (whole Guangzhou) with one camera in `every` and `people` people, neighbours as in a block."""
    scenario = load_scenario(scenario_name)
    city = build_city(scenario)
    cameras = sample_cameras(city, scenario, 185, 0)
    block = draw_block(city, scenario, 185, 0, np.arange(people), np.ones(people), 0, DAYS)
    return Town(city, coverage(city, cameras, np.arange(0, len(cameras), every)), block)


def walk_edges(place: Town, walk: int) -> Edges:
    """Follow one walk down the tree of its hub, in plain Python."""
    city, block = place.city, place.block
    tree, at, left = city.trees[block.walk_hub[walk]], int(block.walk_node[walk]), int(block.walk_reach_mm[walk])
    found, towards = [], bool(block.walk_towards[walk])
    while left > 0 and tree[at] != 255:
        slot = int(city.adj_start[at]) + int(tree[at])
        edge, length = int(city.adj_edge[slot]), int(city.edge_mm[city.adj_edge[slot]])
        part, outwards = min(length, left), int(city.edge_u[edge]) == at
        way = 2 * edge + (0 if outwards == towards else 1)
        found.append((way, 0, part) if towards else (way, length - part, length))
        left -= part
        at = int(city.adj_node[slot])
    ordered = found if towards else found[::-1]
    walked = accumulate((high - low for _, low, high in ordered), initial=0)
    return [(*edge, before) for edge, before in zip(ordered, walked, strict=False)]


def seen_on(place: Town, walk: int, step: tuple[int, int, int, int], sightings: list[tuple[int, int]]) -> None:
    """Append (walk, camera) for each piece of an edge that is in view for at least a tick."""
    view, (way, low, high, before) = place.view, step
    pace = float(place.block.walk_mm_per_tick[walk])
    for i in range(view.piece_start[way], view.piece_start[way + 1]):
        a, b = max(int(view.piece_from[i]), low), min(int(view.piece_to[i]), high)
        if a < b and floor((before + a - low) / pace + 0.5) < floor((before + b - low) / pace + 0.5):
            sightings.append((walk, int(view.piece_camera[i])))


def with_kernel(place: Town, walks: int) -> int:
    """Count the month's sightings on the first walks: pieces of the shipped kernel times the days of their tour."""
    block = place.block
    rows = street_rows(block, place.city, place.view, np.full(block.tour_mask.shape[0], -1), walks=walks)
    often = np.bitwise_count(block.tour_mask).sum(axis=1, dtype=np.int64)
    return int(often[block.walk_tour[rows[:, 0]]].sum())


def steps_of(place: Town) -> int:
    """Estimate the edges walked by all people in the month, from every fiftieth walk."""
    often = np.bitwise_count(place.block.tour_mask).sum(axis=1)[place.block.walk_tour]
    sample = np.arange(0, often.size, 50)
    return round(float(np.mean([len(walk_edges(place, int(walk))) * often[walk] for walk in sample])) * often.size)


def months(place: Town, people: int) -> tuple[list[Month], int]:
    """Months of the first people as (ticks, walk, edges) in order of time, and their number of walks."""
    block = place.block
    owner = block.tour_person[block.walk_tour]
    walks = int(np.searchsorted(owner, people))
    made: list[Month] = [[] for _ in range(people)]
    for walk in range(walks):
        tour, route = int(block.walk_tour[walk]), walk_edges(place, walk)
        for day in range(DAYS):
            if int(block.tour_mask[tour, 0]) >> day & 1:
                begin = day * DAY_TICKS + int(block.walk_depart[walk]) + int(block.tour_jitter[tour, day])
                made[int(owner[walk])].append((begin, walk, route))
    return [sorted(month, key=lambda one: one[0]) for month in made], walks


def with_simpy(place: Town, lives: list[Month]) -> list[tuple[int, int]]:
    """Run one SimPy process per person: wait until a walk begins, then one timeout per edge."""
    env, sightings = simpy.Environment(), list[tuple[int, int]]()
    paces = place.block.walk_mm_per_tick

    def person(month: Month) -> Any:
        for begin, walk, route in month:
            # a leg may begin a tick before the previous one ends, since both are rounded
            yield env.timeout(max(begin - env.now, 0.0))
            pace = float(paces[walk])
            for step in route:
                yield env.timeout((step[2] - step[1]) / pace)
                seen_on(place, walk, step, sightings)

    for month in lives:
        env.process(person(month))
    env.run()
    return sightings


def with_mesa(place: Town, lives: list[Month]) -> list[tuple[int, int]]:
    """Run one Mesa agent per person, one edge per step, in shuffled order, until all months are walked."""
    import mesa

    sightings: list[tuple[int, int]] = []

    class Walker(mesa.Agent):  # type: ignore[misc, unused-ignore]
        def __init__(self, model: Any, month: Month) -> None:
            super().__init__(model)
            self.steps = iter([(walk, step) for _, walk, route in month for step in route])

        def step(self) -> None:
            one = next(self.steps, None)
            if one is None:
                self.remove()
            else:
                seen_on(place, *one, sightings)

    model = mesa.Model()
    for month in lives:
        Walker(model, month)
    while len(model.agents):
        model.agents.shuffle_do("step")
    return sightings
