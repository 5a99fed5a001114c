"""Blocks of people: their tours, visible walks and stays, as arrays, drawn from habits or stated by the user."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import draws, tables
from privacysim.city import City
from privacysim.draws import Bools, Bytes, Floats, Ints
from privacysim.errors import one_line
from privacysim.people import habits as ways
from privacysim.people import walk_kernel as kernel
from privacysim.people.habits import CAR, CYCLE, EBIKE, PART_OF_RANK, TRANSIT, WALK, Habits, habits
from privacysim.people.population import MODES, PeopleFrames, Population, everybody
from privacysim.scenario import Scenario
from privacysim.scenario.sections import PopulationSection
from privacysim.units import HOUR_TICKS

_MARK_SPAN = 32_767
_WEEKDAYS, _WEEK = 5, 7
_DESTINATIONS = 8
"""Numbers reserved for a person's tours when their keys are hashed."""
_THERE_AND_BACK = [0, 1, 2, 2, 1, 0]
"""Legs of a tour in the order of time: home, stop, place; place, stop, home."""

_Tours = dict[str, NDArray[Any]]
"""Tours, one row each: person, column (destination), place, mode, hub; nodes and visible mm (n, 3) of the legs at home,
the stop and the place; `speed` on these legs (mm per tick), unseen `ride` between home leg and stop, and ticks of one
`way`; later `start`, `stay` (ticks), `key` and `mask` (days)."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """People i = 0 … n−1 in the requested order; a pure function of their numbers, independent of cameras.

    A *tour* is home → place → home, one pattern with its own days: bit d − first_day of `tour_mask` is set if it is
    made on day d. `tour_jitter[t, d − first_day]` (ticks of 0.1 s, ± `tour_jitter_min`) shifts the whole tour of that
    day, both ways and the stay. A *walk* is one visible leg on the tree of a hub: the first `walk_reach_mm` of the way
    from `walk_node` to the hub, walked towards the hub or, reversed, from there to `walk_node`. A *stay* is the visit
    to the tour's place. Times are ticks after 00:00 of the tour's day, before the jitter.
    """

    __repr__ = one_line

    person_id: Ints
    group: Bytes
    home_place: Ints
    work_place: Ints
    weight: Floats
    tour_person: NDArray[np.int32]
    tour_place: Ints
    tour_mode: Bytes
    """0 walk, 1 cycle, 2 e-bike, 3 transit, 4 car."""
    tour_mask: NDArray[np.uint64]
    tour_key: NDArray[np.uint64]
    tour_jitter: NDArray[np.int16]
    tour_ticks: NDArray[np.int32]
    """Ticks of one way, door to door; of these, `tour_ride_ticks` in a vehicle."""
    tour_ride_ticks: NDArray[np.int32]
    walk_tour: NDArray[np.int32]
    walk_hub: NDArray[np.int32]
    walk_node: NDArray[np.int32]
    walk_reach_mm: Ints
    walk_towards: Bools
    walk_back: Bools
    """False on the way out, True on the way back; legs of one way are one directed route, so one pass per camera."""
    walk_depart: NDArray[np.int32]
    walk_mm_per_tick: NDArray[np.float32]
    stay_tour: NDArray[np.int32]
    stay_arrive: NDArray[np.int32]
    stay_length: NDArray[np.int32]
    first_day: int
    days: int

    def people(self, replicate: int) -> pd.DataFrame:
        """Return the table `people`."""
        names = ("person_id", "group", "home_place", "work_place", "weight")
        return tables.frame("people", {"replicate": replicate} | {name: getattr(self, name) for name in names})


def summary(block: Block, city: City, scenario: Scenario) -> dict[str, float]:
    """Weighted means of a block: trips per person and day, mean commute (km along streets), and shares of modes."""
    weight, at_work = block.weight, block.work_place >= 0
    made = np.bitwise_count(block.tour_mask).sum(axis=1) * weight[block.tour_person]
    street = ways.street_m(city, scenario.population, block.home_place[at_work], block.work_place[at_work])
    walked, by_ebike = (float(made[np.isin(block.tour_mode, modes)].sum() / max(made.sum(), 1.0))
                        for modes in ((WALK, CYCLE, EBIKE), (EBIKE,)))  # fmt: skip
    return {"trips_per_day": float(2.0 * made.sum() / weight.sum() / block.days),
            "mean_commute_km": float(np.average(street / 1000.0, weights=weight[at_work])) if at_work.any() else 0.0,
            "walk_cycle_share": walked, "ebike_share": by_ebike}  # fmt: skip


def draw_block(city: City, scenario: Scenario, seed: int, k: int, ids: Ints, weight: Floats, first_day: int,
               last_day: int, *, people: PeopleFrames | Population | None = None) -> Block:
    """Draw tours, walks and stays of these people on the days first_day … last_day − 1 of replicate k.

    A pure function of the numbers: person i is the same in every sample, block and window of days (day 0 is a Monday).
    Parameters: `ids` int64, residents 0 … N−1; `weight` float64, how many people each represents. Raises InputError for
    a number that no resident has. Equations: `habits`.

    `people`: your own residents as a DataFrame (`population.RESIDENT_COLUMNS`), or a pair (residents, tours;
    `population.TOUR_COLUMNS`); `ids` are then its rows. Values that it leaves out are drawn as for any resident. People
    with tours of their own make only these, at the stated times. For many blocks, pass `everybody(city, scenario,
    people)`, so that the tables are checked only once.

    >>> import privacysim as ps
    >>> scenario = ps.load_scenario("guangzhou_district")
    >>> block = ps.draw_block(ps.build_city(scenario), scenario, 185, 0, np.arange(10), np.ones(10), 0, 7)
    >>> block.person_id.size, block.tour_mask.shape[1], bool(block.walk_reach_mm.min() > 0)
    (10, 1, True)
    """
    population, days = scenario.population, range(first_day, last_day)
    whole = everybody(city, scenario, people)
    who, own = habits(city, scenario, seed, k, ids, whole), whole.tours
    usual = who.place >= 0
    if own:
        usual &= ~np.isin(ids, own["person"])[:, None]
    drawn = _drawn(city, population, who, usual)
    fits = _add_hours(population, who, drawn)
    drawn["mask"] = _days(population, who, drawn, fits, seed, k, ids, days)
    numbers = ids[drawn["person"]] * _DESTINATIONS + drawn["column"]
    drawn["key"] = draws.hashes(draws.stream_key(seed, k, "tours"), numbers)
    made = drawn["mask"].any(axis=1)
    tours = {name: values[made] for name, values in drawn.items()}
    if own:
        stated = _own_tours(city, population, who, own, seed, k, ids, days)
        tours = {name: np.concatenate((values, stated[name])) for name, values in tours.items()}
    span = round(population.tour_jitter_min.number * HOUR_TICKS / 60)
    jitter = draws.day_jitter(tours["key"], first_day, len(days), span)
    jitter[np.count_nonzero(made):] = 0  # stated times are kept
    arrive, stay = tours["start"] + tours["way"], tours["stay"]
    return Block(person_id=ids, group=who.group, home_place=who.home, work_place=who.place[:, 0], weight=weight,
                 tour_person=tours["person"].astype(np.int32), tour_place=tours["place"], tour_mode=tours["mode"],
                 tour_mask=tours["mask"], tour_key=tours["key"], tour_jitter=jitter, **_walks(tours),
                 tour_ticks=np.rint(tours["way"]).astype(np.int32),
                 tour_ride_ticks=np.rint(tours["ride"]).astype(np.int32),
                 stay_tour=np.arange(stay.size, dtype=np.int32), stay_arrive=np.rint(arrive).astype(np.int32),
                 stay_length=np.rint(stay).astype(np.int32), first_day=first_day, days=len(days))


def _own_tours(city: City, population: PopulationSection, who: Habits, own: Mapping[str, NDArray[Any]], seed: int,
               k: int, ids: Ints, days: range) -> _Tours:
    """Build the stated tours of these people that are made on one of the days."""
    day = np.asarray(days)
    made = np.isnan(own["day"])[:, None] | (own["day"][:, None] == day)
    made &= np.isnan(own["weekday"])[:, None] | (own["weekday"][:, None] == day % _WEEK)
    at = pd.Index(ids).get_indexer(pd.Index(own["person"]))
    rows = np.flatnonzero((at >= 0) & made.any(axis=1))
    rows = rows[np.argsort(at[rows], kind="stable")]
    person, place = at[rows], own["place"][rows]
    key = draws.stream_key(seed, k, "own tours")
    street = ways.street_m(city, population, who.home[person], place)
    drawn = ways.mode_of(population, street, draws.uniform(key, rows))
    mode = np.where(own["mode"][rows] < 0, drawn, own["mode"][rows]).astype(np.uint8)
    mask = np.zeros((rows.size, (len(days) + 63) // 64), dtype=np.uint64)
    for n in range(len(days)):
        mask[made[rows, n], n // 64] |= np.uint64(1) << np.uint64(n % 64)
    tours = _routes(city, population, who, person, np.zeros_like(person), place, mode, street)
    return {**tours, "start": own["start"][rows], "stay": own["stay"][rows], "mask": mask,
            "key": draws.hashes(key, rows)}  # fmt: skip


def commutes(city: City, scenario: Scenario, seed: int, k: int, ids: Ints, *,
             people: PeopleFrames | Population | None = None) -> tuple[Ints, Floats]:
    """Find the people (index into `ids`) who commute to work or study, and the minutes of one way (by any mode)."""
    who = habits(city, scenario, seed, k, ids, people)
    tours = _drawn(city, scenario.population, who, who.place >= 0)
    work = tours["column"] == 0
    return tours["person"][work], tours["way"][work] / (HOUR_TICKS / 60.0)


@lru_cache(maxsize=4)
def _adjacent_mm(city: City) -> NDArray[np.int32]:
    return np.asarray(city.edge_mm)[city.adj_edge].astype(np.int32)


def _drawn(city: City, population: PopulationSection, who: Habits, made: Bools) -> _Tours:
    """Build tours to the habitual places that are `made` (person, destination)."""
    person, column = at = np.nonzero(made)
    return _routes(city, population, who, person, column, who.place[at], who.mode[at], who.street_m[at])


def _routes(city: City, population: PopulationSection, who: Habits, person: Ints, column: Ints, place: Ints,
            mode: Bytes, street_m: Floats) -> _Tours:
    hub, of_place = np.asarray(city.place_hub)[place], np.asarray(city.place_node)
    node, mm = np.full((place.size, 3), -1, dtype=np.int32), np.zeros((place.size, 3), dtype=np.int64)
    node[:, 0], node[:, 2] = of_place[who.home[person]], of_place[place]
    kernel.routes(np.argsort(hub, kind="stable"), hub, mode, TRANSIT, round(population.walk_to_stop_m.number * 1000),
                  city.trees, city.stop_node, city.node_x, city.node_y, city.adj_start, city.adj_node,
                  _adjacent_mm(city), node, mm)  # fmt: skip
    mean = ways.mm_per_tick(population)
    speed = mean[np.where(mode < TRANSIT, mode, WALK)] * who.pace[person]
    unseen_mm = np.maximum(street_m * 1000.0 - mm.sum(axis=1), 0.0)
    ride = np.where(mode >= TRANSIT, unseen_mm / mean[mode], 0.0)
    return {"person": person, "column": column, "place": place, "mode": mode, "hub": hub, "node": node, "mm": mm,
            "speed": speed, "ride": ride, "way": mm.sum(axis=1) / speed + ride}  # fmt: skip


def _add_hours(population: PopulationSection, who: Habits, tours: _Tours) -> Bools:
    """Draw start and length of stay in ticks; return whether the tour fits into its part of the day at any jitter."""
    margin = population.tour_jitter_min.number * HOUR_TICKS / 60.0
    person, column, out = tours["person"], tours["column"], tours["way"]
    u_start, u_stay, work = who.u_start[person, column], who.u_stay[person, column], column == 0
    at_work = ways.quantile_normal(u_start, population.work_departure_h.number, population.work_departure_sd_h.number)
    working = ways.quantile_normal(u_stay, population.work_stay_h.number, population.work_stay_sd_h.number)
    back = np.zeros(who.home.size)
    back[person[work]] = (at_work + working + 2.0 * out)[work]
    begin_h, end_h = (np.asarray([getattr(population, f"{part}_{end}_h").number
                                  for part in ("evening", "afternoon", "morning")]) for end in ("begin", "end"))
    part = np.asarray(PART_OF_RANK)[np.maximum(column - 1, 0)]
    begin = begin_h[part] * HOUR_TICKS + margin
    begin = np.where(part == 0, np.maximum(begin, back[person] + 2.0 * margin), begin)
    room = end_h[part] * HOUR_TICKS - margin - begin - 2.0 * out
    shortest = population.stay_min_min.number * HOUR_TICKS / 60.0
    chosen = ways.quantile_stay(u_stay, shortest, room, population.stay_beta.number)
    tours["stay"] = np.where(work, working, chosen)
    tours["start"] = np.where(work, at_work, begin + u_start * np.maximum(room - chosen, 0.0))
    return work | (room >= shortest)


def _days(population: PopulationSection, who: Habits, tours: _Tours, fits: Bools, seed: int, k: int, ids: Ints,
          days: range) -> NDArray[np.uint64]:
    """Draw bit masks of each tour's days; trips per day match `trips_per_day` where the tours fit."""
    row = np.full(who.place.shape, -1, dtype=np.int64)
    row[tours["person"][fits], tours["column"][fits]] = np.flatnonzero(fits)
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
    running[running >= 1.0 - 1e-12] = 2.0  # a mark of 1 still selects a place
    keys = (draws.hashes(draws.stream_key(seed, k, f"days {s}"), ids) for s in range(4))
    marks = np.stack([draws.day_jitter(key, days.start, len(days), _MARK_SPAN) for key in keys])
    weekday = np.asarray(days) % _WEEK < _WEEKDAYS
    mask = np.zeros((fits.size, (len(days) + 63) // 64), dtype=np.uint64)
    kernel.masks(marks, weekday, who.works, attendance, chance, running, row, mask)
    return mask


def _walks(tours: _Tours) -> dict[str, Any]:
    """Build the visible legs of both ways, in the order of time."""
    home, stop, goal = (tours["mm"] / tours["speed"][:, None]).T
    start, ride = tours["start"], tours["ride"]
    back = start + home + ride + stop + goal + tours["stay"]
    depart = np.stack([start, start + home + ride, start + home + ride + stop, back, back + goal,
                       back + goal + stop + ride], axis=1)  # fmt: skip
    reach = tours["mm"][:, _THERE_AND_BACK]
    tour, leg = np.nonzero((reach > 0) & (tours["mode"] != CAR)[:, None])
    return {"walk_tour": tour.astype(np.int32), "walk_hub": tours["hub"][tour],
            "walk_node": tours["node"][:, _THERE_AND_BACK][tour, leg], "walk_reach_mm": reach[tour, leg],
            "walk_towards": np.isin(leg, (0, 1, 3)), "walk_back": leg >= 3,
            "walk_depart": np.rint(depart[tour, leg]).astype(np.int32),
            "walk_mm_per_tick": tours["speed"][tour].astype(np.float32)}  # fmt: skip


def made_on(block: Block) -> tuple[Ints, Ints]:
    """Rows (tour, day counted from the block's first day) of every tour that is made, in the order of tours."""
    days = np.arange(block.days)
    bits = (block.tour_mask[:, days // 64] >> (days % 64).astype(np.uint64)) & np.uint64(1)
    tour, day = np.nonzero(bits)
    return tour, day


def trips(block: Block) -> pd.DataFrame:
    """One row per trip of these people, door to door, in the order of person, day (on which its tour begins) and time.

    Columns: `person` (index into `block.person_id`), `day` (day 0 is the first of the study), `begin_h` and `end_h`
    (hours after 00:00 of the day), `origin` and `goal` (places), `mode`, `ride_h` (hours in a vehicle, waits excluded),
    `purpose` (home, work or other: what the traveller does at the goal) and `for_work` (whether the trip belongs to a
    tour to work or study).
    """
    tour, day = made_on(block)
    person = block.tour_person[tour]
    home, goal = block.home_place[person], block.tour_place[tour]
    arrive = block.stay_arrive[tour] + block.tour_jitter[tour, day]
    leave, length = arrive + block.stay_length[tour], block.tour_ticks[tour]
    work = goal == block.work_place[person]
    both = {"person": (person, person), "day": (day, day), "begin_h": (arrive - length, leave),
            "end_h": (arrive, leave + length), "origin": (home, goal), "goal": (goal, home),
            "mode": (block.tour_mode[tour],) * 2, "ride_h": (block.tour_ride_ticks[tour] / HOUR_TICKS,) * 2,
            "purpose": (np.where(work, 1, 2), np.zeros(tour.size, dtype=np.int64)), "for_work": (work, work)}
    table = {name: np.concatenate(pair) for name, pair in both.items()}
    order = np.lexsort((table["begin_h"], table["day"], table["person"]))
    table = {name: column[order] for name, column in table.items()}
    table |= {name: table[name] / HOUR_TICKS for name in ("begin_h", "end_h")}
    made = pd.DataFrame(table | {"day": table["day"] + block.first_day})
    made["mode"] = pd.Categorical.from_codes(table["mode"], pd.Index(MODES))
    made["purpose"] = pd.Categorical.from_codes(table["purpose"], pd.Index(["home", "work", "other"]))
    return made
