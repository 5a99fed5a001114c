"""Walkers past cameras, by the kernel and by agents of SimPy and Mesa.

Walkers pass cameras on the same streets for a month; one camera in fifty is viewed, as in a study. Agents walk every
day anew and write each sighting. The kernel walks a route once and keeps the days on which it is walked.
"""

from functools import lru_cache
from itertools import accumulate
from math import floor
from typing import Any, NamedTuple

import numpy as np
import simpy

from privacysim.city import City, build_city
from privacysim.people import Block, draw_block
from privacysim.scenario import load_scenario
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.passes import Walks, street_rows
from privacysim.units import DAY_TICKS
from privacysim.world.cameras import sample_cameras

DAYS = 30
# edges of a walk in order: (directed edge, from mm, to mm, walked before mm); walks of a person: (tick, walk, edges)
Edges = list[tuple[int, int, int, int]]
Month = list[tuple[int, int, Edges]]


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
    rows = street_rows(block, place.city, place.view, np.full(block.walk_tour.size, -1),
                       walks=Walks.of(block, place.city, walks))
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
                begin = day * DAY_TICKS + int(block.walk_depart[walk]) + int(block.shift(tour, day))
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
