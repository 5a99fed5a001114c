"""Blocks of people from habits: the routes, hours and days of each tour."""

from __future__ import annotations

from collections.abc import Mapping
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
from privacysim.people.own_people import OwnPeople, PeopleFrames, everybody
from privacysim.scenario import Scenario
from privacysim.scenario.sections import PopulationSection
from privacysim.units import HOUR_TICKS

_MARK_SPAN = 32_767
_WEEKDAYS, _WEEK = 5, 7
_DESTINATIONS = 8
"""Numbers reserved for a person's tours when their keys are hashed."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tours:
    """Tours without days, flat, in the order of (person, destination)."""

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
    """Speed on the visible legs, mm per tick."""
    ride: NDArray[np.float64]
    """Unseen ticks between the home leg and the stop."""

    def at(self, rows: NDArray[np.int64]) -> _Tours:
        """Select these tours."""
        return _Tours(*(getattr(self, name)[rows] for name in self.__slots__))


def draw_block(
    city: City, scenario: Scenario, seed: int, k: int, ids: NDArray[np.int64], weight: NDArray[np.float64],
    first_day: int, last_day: int, *, people: PeopleFrames | OwnPeople | None = None,
) -> Block:
    """Draw tours, walks and stays of these people on the days first_day … last_day − 1 of replicate k.

    A pure function of the numbers: person i is the same in every sample, block and window of days (day 0 is a Monday).
    Parameters: `ids` int64, residents 0 … N−1; `weight` float64, how many people each represents. Raises InputError for
    a number that no resident has. Equations: `gravity` (destinations), `habits` (frequency, mode), `_hours`.

    `people`: your own residents as a DataFrame (`own_people.RESIDENT_COLUMNS`), or a pair (residents, tours;
    `own_people.TOUR_COLUMNS`); `ids` are then its rows. Values that it leaves out are drawn as for any resident. People
    with tours of their own make only these, at the stated times. For many blocks, pass `everybody(city, scenario,
    people)`, so that the tables are checked only once.

    >>> from privacysim.city import build_city
    >>> from privacysim.scenario import load_scenario
    >>> scenario = load_scenario("guangzhou_district")
    >>> block = draw_block(build_city(scenario), scenario, 185, 0, np.arange(10), np.ones(10), 0, 7)
    >>> block.person_id.size, block.tour_mask.shape[1], bool(block.walk_reach_mm.min() > 0)
    (10, 1, True)
    """
    population, days = scenario.population, last_day - first_day
    whole = everybody(city, scenario, people)
    who = habits(city, scenario, seed, k, ids, whole if isinstance(whole, OwnPeople) else None)
    own = whole.tours if isinstance(whole, OwnPeople) else {}
    usual = who.place >= 0
    if own:
        usual &= ~np.isin(ids, own["person"])[:, None]
    tours = _drawn(city, population, who, usual)
    start, stay, fits = _hours(population, who, tours)
    mask = _days(population, who, tours, fits, seed, k, ids, first_day, days)
    key = draws.hashes(draws.stream_key(seed, k, "tours"), ids[tours.person] * _DESTINATIONS + tours.column)
    made = np.flatnonzero(mask.any(axis=1))
    parts = [(tours.at(made), start[made], stay[made], mask[made], key[made])]
    if own:
        parts.append(_own_tours(city, population, who, own, seed, k, ids, first_day, days))
    tours = _Tours(*(np.concatenate([getattr(part[0], name) for part in parts]) for name in _Tours.__slots__))
    start, stay, mask, key = (np.concatenate([part[n] for part in parts]) for n in range(1, 5))
    span = round(population.tour_jitter_min.number * HOUR_TICKS / 60)
    jitter = draws.day_jitter(key, first_day, days, span)
    jitter[parts[0][1].size:] = 0  # stated times are kept
    return Block(
        person_id=ids, group=who.group, home_place=who.home, work_place=who.place[:, 0], weight=weight,
        tour_person=tours.person.astype(np.int32), tour_place=tours.place, tour_mode=tours.mode,
        tour_mask=mask, tour_key=key, tour_jitter=jitter,
        stay_tour=np.arange(start.size, dtype=np.int32), stay_arrive=np.rint(start + _duration(tours)).astype(np.int32),
        stay_length=np.rint(stay).astype(np.int32), first_day=first_day, days=days, **_walks(tours, start, stay),
    )


def _own_tours(
    city: City, population: PopulationSection, who: Habits, own: Mapping[str, NDArray[Any]], seed: int, k: int,
    ids: NDArray[np.int64], first_day: int, days: int,
) -> tuple[_Tours, NDArray[np.float64], NDArray[np.float64], NDArray[np.uint64], NDArray[np.uint64]]:
    """Build the stated tours of these people made on one of the days: routes, start, stay, days, keys."""
    order = np.argsort(ids, kind="stable")
    at = np.minimum(np.searchsorted(ids[order], own["person"]), max(ids.size - 1, 0))
    day = np.arange(first_day, first_day + days)
    made = np.isnan(own["day"])[:, None] | (own["day"][:, None] == day)
    made &= np.isnan(own["weekday"])[:, None] | (own["weekday"][:, None] == day % _WEEK)
    rows = np.flatnonzero((ids[order][at] == own["person"]) & made.any(axis=1)) if ids.size else at[:0]
    rows = rows[np.argsort(order[at[rows]], kind="stable")]
    person, place = order[at[rows]], own["place"][rows]
    street = ways.street_m(city, population, who.home[person], place)
    marks = draws.uniform(draws.stream_key(seed, k, "own tours"), rows)
    mode = np.where(own["mode"][rows] < 0, ways.mode_of(population, street, marks), own["mode"][rows]).astype(np.uint8)
    tours = _routes(city, population, who, person, np.zeros(rows.size, dtype=np.int64), place, mode, street)
    mask = np.zeros((rows.size, (days + 63) // 64), dtype=np.uint64)
    for n in range(days):
        mask[made[rows, n], n // 64] |= np.uint64(1) << np.uint64(n % 64)
    key = draws.hashes(draws.stream_key(seed, k, "own tours"), rows)
    return tours, own["start"][rows], own["stay"][rows], mask, key


def commutes(
    city: City, scenario: Scenario, seed: int, k: int, ids: NDArray[np.int64], *,
    people: PeopleFrames | OwnPeople | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find the people (index into `ids`) who commute to work or study, and the one-way travel time in minutes.

    Unlike a block, this includes travel on which no face can be seen: by car, and the ride between two stops.

    >>> from privacysim.city import build_city
    >>> from privacysim.scenario import load_scenario
    >>> scenario = load_scenario("guangzhou_district")
    >>> person, minutes = commutes(build_city(scenario), scenario, 185, 0, np.arange(100))
    >>> bool((np.diff(person) > 0).all()), bool((minutes > 0).all())
    (True, True)
    """
    who = habits(city, scenario, seed, k, ids, people)
    tours = _drawn(city, scenario.population, who, who.place >= 0)
    work = tours.column == 0
    return tours.person[work], _duration(tours)[work] / (HOUR_TICKS / 60.0)


@lru_cache(maxsize=4)
def _adjacent_mm(city: City) -> NDArray[np.int32]:
    return np.asarray(city.edge_mm)[city.adj_edge].astype(np.int32)


def _drawn(city: City, population: PopulationSection, who: Habits, made: NDArray[np.bool_]) -> _Tours:
    """Build tours to the habitual places that are `made` (person, destination)."""
    person, column = np.nonzero(made)
    at = person, column
    return _routes(city, population, who, *at, who.place[at], who.mode[at], who.street_m[at])


def _routes(
    city: City, population: PopulationSection, who: Habits, person: NDArray[np.int64], column: NDArray[np.int64],
    place: NDArray[np.int64], mode: NDArray[np.uint8], street_m: NDArray[np.float64],
) -> _Tours:
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
    unseen_mm = np.maximum(street_m * 1000.0 - (home_mm + goal_mm + stop_mm), 0.0)
    ride = np.where(mode >= TRANSIT, unseen_mm / mean[mode], 0.0)
    return _Tours(person, column, place, mode, hub, home_node, goal_node, stop_node, home_mm, goal_mm, stop_mm,
                  mean[seen_as] * pace, ride)


def _duration(tours: _Tours) -> NDArray[np.float64]:
    """Return the ticks of one way."""
    return (tours.home_mm + tours.stop_mm + tours.goal_mm) / tours.speed + tours.ride


def _hours(
    population: PopulationSection, who: Habits, tours: _Tours
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Draw start and length of stay in ticks, and whether the tour fits into its part of the day.

    Work: normal hours of departure and length of stay. Other places: a stay by its quantile, at most what the part of
    the day leaves, then a start uniform in the rest. The evening of workers begins after they are back. The margins
    keep tours apart for any jitter.
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
    """Draw bit masks of each tour's days; trips per day match `trips_per_day` where the tours fit."""
    row = np.full(who.place.shape, -1, dtype=np.int64)
    row[tours.person[fits], tours.column[fits]] = np.flatnonzero(fits)
    has = row[:, 1:] >= 0
    shares = ways.rank_shares(population, who.works, has)
    part = np.asarray(PART_OF_RANK)[:has.shape[1]]
    attendance = population.work_attendance.number
    # weekly tours that remain for other places after work
    wanted = _WEEK * population.trips_per_day.number / 2.0 - np.where(row[:, 0] >= 0, _WEEKDAYS * attendance, 0.0)
    chance, running = np.zeros((ids.size, 3)), np.ones((ids.size, 3, has.shape[1]))
    for s in range(3):
        own = np.where(part == s, shares, 0.0)
        total = own.sum(axis=1)
        open_days = np.where(who.works & (s > 0), _WEEK - _WEEKDAYS, _WEEK)
        chance[:, s] = np.clip(wanted * total / open_days, 0.0, 1.0)
        running[:, s] = np.cumsum(own, axis=1) / np.maximum(total, 1e-300)[:, None]
        running[:, s][(running[:, s] >= 1.0 - 1e-12)] = 2.0  # a mark of 1 still selects a place
    marks = np.stack([
        draws.day_jitter(draws.hashes(draws.stream_key(seed, k, f"days {s}"), ids), first_day, days, _MARK_SPAN)
        for s in range(4)
    ])
    weekday = np.arange(first_day, first_day + days) % _WEEK < _WEEKDAYS
    mask = np.zeros((tours.place.size, (days + 63) // 64), dtype=np.uint64)
    kernel.masks(marks, weekday, who.works, attendance, chance, running, row, mask)
    return mask


def _walks(tours: _Tours, start: NDArray[np.float64], stay: NDArray[np.float64]) -> dict[str, Any]:
    """Build the visible legs of both ways, in the order of time: home, stop, place; place, stop, home."""
    home, stop, goal = (mm / tours.speed for mm in (tours.home_mm, tours.stop_mm, tours.goal_mm))
    back = start + home + tours.ride + stop + goal + stay
    depart = np.stack([start, start + home + tours.ride, start + home + tours.ride + stop,
                       back, back + goal, back + goal + stop + tours.ride], axis=1)  # fmt: skip
    there_and_back = [0, 1, 2, 2, 1, 0]
    node = np.stack([tours.home_node, tours.stop_node, tours.goal_node], axis=1)[:, there_and_back]
    reach = np.stack([tours.home_mm, tours.stop_mm, tours.goal_mm], axis=1)[:, there_and_back]
    towards = np.asarray([True, True, False, True, False, False])
    tour, leg = np.nonzero((reach > 0) & (tours.mode != CAR)[:, None])
    return {
        "walk_tour": tour.astype(np.int32), "walk_hub": tours.hub[tour], "walk_node": node[tour, leg],
        "walk_reach_mm": reach[tour, leg], "walk_towards": towards[leg],
        "walk_back": leg >= 3, "walk_depart": np.rint(depart[tour, leg]).astype(np.int32),
        "walk_mm_per_tick": tours.speed[tour].astype(np.float32),
    }
