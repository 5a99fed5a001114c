"""From habits to a block: routes, the hours of each tour, the days on which it is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim import draws
from privacysim.city import City
from privacysim.people import habits as ways
from privacysim.people import walk_kernel as kernel
from privacysim.people.block import Block
from privacysim.people.habits import CAR, PART_OF_RANK, TRANSIT, WALK, Habits, habits
from privacysim.scenario import Scenario
from privacysim.scenario.sections import PopulationSection
from privacysim.units import HOUR_TICKS

_MARK_SPAN = 32_767
_WEEKDAYS, _WEEK = 5, 7
_DESTINATIONS = 8
"""Numbers reserved for a person's tours when their keys are hashed."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tours:
    """Tours before the days: flat, in the order of (person, destination)."""

    person: NDArray[np.int64]
    column: NDArray[np.int64]
    place: NDArray[np.int64]
    mode: NDArray[np.uint8]
    hub: NDArray[np.int32]
    home_node: NDArray[np.int32]
    goal_node: NDArray[np.int32]
    stop_node: NDArray[np.int32]
    home_mm: NDArray[np.int64]
    goal_mm: NDArray[np.int64]
    stop_mm: NDArray[np.int64]
    speed: NDArray[np.float64]
    """Of the visible legs, mm per tick."""
    ride: NDArray[np.float64]
    """Unseen ticks between the home leg and the stop."""


def draw_block(
    city: City, scenario: Scenario, seed: int, k: int, ids: NDArray[np.int64], weight: NDArray[np.float64],
    first_day: int, last_day: int,
) -> Block:
    """Tours, walks and stays of these people on the days first_day … last_day − 1 of replicate k.

    A pure function of the numbers: person i is the same in every sample, block and window of days (day 0 is a Monday).
    Parameters: `ids` int64, residents 0 … N−1; `weight` float64, how many people each stands for. A number that no
    resident has is an InputError. Equations: `gravity` (where to), `habits` (how often, by which way), `_hours`.

    >>> from privacysim.city import build_city
    >>> from privacysim.scenario import load_scenario
    >>> scenario = load_scenario("guangzhou_district")
    >>> block = draw_block(build_city(scenario), scenario, 185, 0, np.arange(10), np.ones(10), 0, 7)
    >>> block.person_id.size, block.tour_mask.shape[1], bool(block.walk_reach_mm.min() > 0)
    (10, 1, True)
    """
    population = scenario.population
    who = habits(city, scenario, seed, k, ids)
    tours = _routes(city, population, who)
    start, stay, fits = _hours(population, who, tours)
    days = last_day - first_day
    mask = _days(population, who, tours, fits, seed, k, ids, first_day, days)
    made = np.flatnonzero(mask.any(axis=1))
    key = draws.hashes(draws.stream_key(seed, k, "tours"), ids[tours.person[made]] * _DESTINATIONS + tours.column[made])
    span = round(population.tour_jitter_min.number * HOUR_TICKS / 60)
    out = _duration(tours)
    return Block(
        person_id=ids, group=who.group, home_place=who.home, work_place=who.place[:, 0], weight=weight,
        tour_person=tours.person[made].astype(np.int32), tour_place=tours.place[made], tour_mode=tours.mode[made],
        tour_mask=mask[made], tour_key=key, tour_jitter=draws.day_jitter(key, first_day, days, span),
        stay_tour=np.arange(made.size, dtype=np.int32), stay_arrive=np.rint(start + out)[made].astype(np.int32),
        stay_length=np.rint(stay)[made].astype(np.int32), first_day=first_day, days=days,
        **_walks(tours, start, stay, made),
    )


def commutes(
    city: City, scenario: Scenario, seed: int, k: int, ids: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Who of these people has a way to work or study (index into `ids`), and how many minutes it takes, one way.

    Unlike a block it knows the ways on which no face can be seen: by car, and the ride between two stops.

    >>> from privacysim.city import build_city
    >>> from privacysim.scenario import load_scenario
    >>> scenario = load_scenario("guangzhou_district")
    >>> person, minutes = commutes(build_city(scenario), scenario, 185, 0, np.arange(100))
    >>> bool((np.diff(person) > 0).all()), bool((minutes > 0).all())
    (True, True)
    """
    tours = _routes(city, scenario.population, habits(city, scenario, seed, k, ids))
    work = tours.column == 0
    return tours.person[work], _duration(tours)[work] / (HOUR_TICKS / 60.0)


@lru_cache(maxsize=4)
def _adjacent_mm(city: City) -> NDArray[np.int32]:
    return np.asarray(city.edge_mm)[city.adj_edge].astype(np.int32)


def _routes(city: City, population: PopulationSection, who: Habits) -> _Tours:
    person, column = np.nonzero(who.place >= 0)
    place, mode = who.place[person, column], who.mode[person, column]
    hub = np.asarray(city.place_hub)[place]
    home_node, goal_node = np.asarray(city.place_node)[who.home[person]], np.asarray(city.place_node)[place]
    home_mm, goal_mm, stop_mm = (np.zeros(place.size, dtype=np.int64) for _ in range(3))
    stop_node = np.full(place.size, -1, dtype=np.int32)
    kernel.routes(
        np.argsort(hub, kind="stable"), home_node, hub, goal_node, mode, TRANSIT,
        round(population.walk_to_stop_m.number * 1000), city.trees, city.stop_node, city.node_x, city.node_y,
        city.adj_start, city.adj_node, _adjacent_mm(city), home_mm, goal_mm, stop_mm, stop_node,
    )
    mean = ways.mm_per_tick(population)
    pace = who.pace[person]
    seen_as = np.where(mode < TRANSIT, mode, WALK)
    unseen_mm = np.maximum(who.street_m[person, column] * 1000.0 - (home_mm + goal_mm + stop_mm), 0.0)
    ride = np.where(mode >= TRANSIT, unseen_mm / mean[mode], 0.0)
    return _Tours(person, column, place, mode, hub, home_node, goal_node, stop_node, home_mm, goal_mm, stop_mm,
                  mean[seen_as] * pace, ride)


def _duration(tours: _Tours) -> NDArray[np.float64]:
    """Ticks of one way."""
    return (tours.home_mm + tours.stop_mm + tours.goal_mm) / tours.speed + tours.ride


def _hours(
    population: PopulationSection, who: Habits, tours: _Tours
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Start and length of stay in ticks, and whether the tour fits into its part of the day.

    Work: a normal hour of leaving and length of stay. Other places: a stay by its quantile, at most what the part of
    the day leaves, then a start anywhere in the rest. Whoever works has her evening after she is back. The margins
    keep tours apart whatever their jitter.
    """
    start, stay = np.zeros(tours.place.size), np.zeros(tours.place.size)
    margin = population.tour_jitter_min.number * HOUR_TICKS / 60.0
    u_start, u_stay = who.u_start[tours.person, tours.column], who.u_stay[tours.person, tours.column]
    out = _duration(tours)
    work = tours.column == 0
    start[work] = ways.quantile_normal(u_start[work], population.work_departure_h.number,
                                       population.work_departure_sd_h.number)
    stay[work] = ways.quantile_normal(u_stay[work], population.work_stay_h.number, population.work_stay_sd_h.number)
    back = np.zeros(who.home.size)
    back[tours.person[work]] = (start + stay + 2.0 * out)[work]
    begin_h = np.asarray([population.evening_begin_h.number, population.afternoon_begin_h.number,
                          population.morning_begin_h.number])
    end_h = np.asarray([population.evening_end_h.number, population.afternoon_end_h.number,
                        population.morning_end_h.number])
    part = np.asarray(PART_OF_RANK)[np.maximum(tours.column - 1, 0)]
    begin = begin_h[part] * HOUR_TICKS + margin
    begin = np.where(part == 0, np.maximum(begin, back[tours.person] + 2.0 * margin), begin)
    room = end_h[part] * HOUR_TICKS - margin - begin - 2.0 * out
    shortest = population.stay_min_min.number * HOUR_TICKS / 60.0
    fits = work | (room >= shortest)
    chosen = ways.quantile_stay(u_stay, shortest, room, population.stay_beta.number)
    stay = np.where(work, stay, chosen)
    start = np.where(work, start, begin + u_start * np.maximum(room - chosen, 0.0))
    return start, stay, fits


def _days(
    population: PopulationSection, who: Habits, tours: _Tours, fits: NDArray[np.bool_], seed: int, k: int,
    ids: NDArray[np.int64], first_day: int, days: int,
) -> NDArray[np.uint64]:
    """Bit masks of the days on which each tour is made; trips per day come out at `trips_per_day` where they fit."""
    row = np.full(who.place.shape, -1, dtype=np.int64)
    row[tours.person[fits], tours.column[fits]] = np.flatnonzero(fits)
    has = row[:, 1:] >= 0
    shares = ways.rank_shares(population, who.works, has)
    part = np.asarray(PART_OF_RANK)[:has.shape[1]]
    attendance = population.work_attendance.number
    # tours a week that work leaves to be made to other places
    wanted = _WEEK * population.trips_per_day.number / 2.0 - np.where(row[:, 0] >= 0, _WEEKDAYS * attendance, 0.0)
    chance, running = np.zeros((ids.size, 3)), np.ones((ids.size, 3, has.shape[1]))
    for s in range(3):
        own = np.where(part == s, shares, 0.0)
        total = own.sum(axis=1)
        open_days = np.where(who.works & (s > 0), _WEEK - _WEEKDAYS, _WEEK)
        chance[:, s] = np.clip(wanted * total / open_days, 0.0, 1.0)
        running[:, s] = np.cumsum(own, axis=1) / np.maximum(total, 1e-300)[:, None]
        running[:, s][(running[:, s] >= 1.0 - 1e-12)] = 2.0  # a mark of 1 still finds its place
    marks = np.stack([
        draws.day_jitter(draws.hashes(draws.stream_key(seed, k, f"days {s}"), ids), first_day, days, _MARK_SPAN)
        for s in range(4)
    ])
    weekday = np.arange(first_day, first_day + days) % _WEEK < _WEEKDAYS
    mask = np.zeros((tours.place.size, (days + 63) // 64), dtype=np.uint64)
    kernel.masks(marks, weekday, who.works, attendance, chance, running, row, mask)
    return mask


def _walks(
    tours: _Tours, start: NDArray[np.float64], stay: NDArray[np.float64], made: NDArray[np.int64]
) -> dict[str, Any]:
    """The visible legs of both ways, in the order of time: home, stop, place; place, stop, home."""
    home, stop, goal = (mm[made] / tours.speed[made] for mm in (tours.home_mm, tours.stop_mm, tours.goal_mm))
    ride, leave = tours.ride[made], start[made]
    back = leave + home + ride + stop + goal + stay[made]
    depart = np.stack([leave, leave + home + ride, leave + home + ride + stop,
                       back, back + goal, back + goal + stop + ride], axis=1)
    there_and_back = [0, 1, 2, 2, 1, 0]
    node = np.stack([tours.home_node, tours.stop_node, tours.goal_node], axis=1)[made][:, there_and_back]
    reach = np.stack([tours.home_mm, tours.stop_mm, tours.goal_mm], axis=1)[made][:, there_and_back]
    towards = np.asarray([True, True, False, True, False, False])
    tour, leg = np.nonzero((reach > 0) & (tours.mode[made] != CAR)[:, None])
    return {
        "walk_tour": tour.astype(np.int32), "walk_hub": tours.hub[made][tour], "walk_node": node[tour, leg],
        "walk_reach_mm": reach[tour, leg], "walk_towards": towards[leg],
        "walk_back": leg >= 3, "walk_depart": np.rint(depart[tour, leg]).astype(np.int32),
        "walk_mm_per_tick": tours.speed[made][tour].astype(np.float32),
    }
