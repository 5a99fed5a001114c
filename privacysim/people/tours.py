"""Blocks of people: their rounds, visible walks and stays, as arrays, drawn from habits or stated by the user."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import draws, tables
from privacysim.city import City
from privacysim.draws import Bools, Bytes, Floats, Ints
from privacysim.errors import one_line
from privacysim.people import habits as ways
from privacysim.people import rounds
from privacysim.people.habits import CYCLE, EBIKE, WALK, Habits, habits
from privacysim.people.population import MODES, PeopleFrames, Population, everybody
from privacysim.people.rounds import Columns, Looked, Pairs
from privacysim.people.walk_kernel import SLOTS, STATED, STOP, tour_days
from privacysim.scenario import Scenario
from privacysim.scenario.sections import PopulationSection
from privacysim.units import HOUR_TICKS

_KINDS, _RANKS = 16, 1 << 34
"""Numbers reserved for a person's kinds of tours, and for the ranks of a kind."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """People i = 0 … n−1 in the requested order; a pure function of their numbers, independent of cameras.

    A *tour* is a pattern of ways and stays with its own days: home → place (→ second place) → home, home → work,
    work → home, work → place → home, work → place → work, or a stay at work. Bit d − first_day of `tour_mask` is set if
    it is made on day d. Together, the tours of a day lead from place to place without a gap and end at home.
    `jitter[tour_shift[t], d − first_day]` (ticks of 0.1 s, ± `tour_jitter_min`) shifts a whole tour of that day; all
    tours of a day at work have the same shift. A *way* leads from one place to the next, door to door. A *walk* is one
    visible leg of a way on the tree of a hub: the first `walk_reach_mm` of the way from `walk_node` to the hub, walked
    towards the hub or, reversed, from there to `walk_node`. A *stay* is a visit, or the time at work. Times are ticks
    after 00:00 of the tour's day, before the jitter; night workers come home on the next day.
    """

    __repr__ = one_line

    person_id: Ints
    group: Bytes
    home_place: Ints
    work_place: Ints
    weight: Floats
    tour_person: NDArray[np.int32]
    tour_mask: NDArray[np.uint64]
    tour_key: NDArray[np.uint64]
    tour_shift: NDArray[np.int32]
    """Row of `jitter`."""
    tour_for_work: Bools
    """Whether the tour belongs to a day at work: ways there and back, with meals and visits in between."""
    jitter: NDArray[np.int16]
    way_tour: NDArray[np.int32]
    way_from: NDArray[np.int32]
    way_to: NDArray[np.int32]
    way_mode: Bytes
    """0 walk, 1 cycle, 2 e-bike, 3 transit, 4 car."""
    way_depart: NDArray[np.int32]
    way_ticks: NDArray[np.int32]
    """Ticks from door to door; of these, `way_ride_ticks` in a vehicle."""
    way_ride_ticks: NDArray[np.int32]
    walk_way: NDArray[np.int32]
    """Legs of one way are one directed route, so one pass per camera."""
    walk_tour: NDArray[np.int32]
    walk_hub: NDArray[np.int32]
    walk_node: NDArray[np.int32]
    walk_reach_mm: NDArray[np.int32]
    walk_towards: Bools
    walk_depart: NDArray[np.int32]
    walk_mm_per_tick: NDArray[np.float32]
    stay_tour: NDArray[np.int32]
    stay_place: NDArray[np.int32]
    stay_arrive: NDArray[np.int32]
    stay_length: NDArray[np.int32]
    first_day: int
    days: int

    def people(self, replicate: int) -> pd.DataFrame:
        """Return the table `people`."""
        names = ("person_id", "group", "home_place", "work_place", "weight")
        return tables.frame("people", {"replicate": replicate} | {name: getattr(self, name) for name in names})

    def shift(self, tour: NDArray[Any] | int, day: NDArray[Any] | int) -> NDArray[np.int64]:
        """Ticks by which a tour is later on a day, counted from the block's first."""
        return self.jitter[self.tour_shift[tour], day].astype(np.int64)


def summary(block: Block, city: City, scenario: Scenario) -> dict[str, float]:
    """Weighted means of a block: trips per person and day, mean commute (km along streets), and shares of modes."""
    weight, at_work = block.weight, block.work_place >= 0
    tour = block.way_tour
    made = (np.bitwise_count(block.tour_mask).sum(axis=1) * weight[block.tour_person])[tour]
    street = ways.street_m(city, scenario.population, block.home_place[at_work], block.work_place[at_work])
    walked, by_ebike = (float(made[np.isin(block.way_mode, modes)].sum() / max(made.sum(), 1.0))
                        for modes in ((WALK, CYCLE, EBIKE), (EBIKE,)))  # fmt: skip
    return {"trips_per_day": float(made.sum() / weight.sum() / block.days),
            "mean_commute_km": float(np.average(street / 1000.0, weights=weight[at_work])) if at_work.any() else 0.0,
            "walk_cycle_share": walked, "ebike_share": by_ebike}  # fmt: skip


def draw_block(city: City, scenario: Scenario, seed: int, k: int, ids: Ints, weight: Floats, first_day: int,
               last_day: int, *, people: PeopleFrames | Population | None = None,
               looked: Looked | None = None) -> Block:
    """Draw tours, walks and stays of these people on the days first_day … last_day − 1 of replicate k.

    A pure function of the numbers: person i is the same in every sample, block and window of days (day 0 is a Monday).
    Parameters: `ids` int64, residents 0 … N−1; `weight` float64, how many people each represents. Raises InputError for
    a number that no resident has. Equations: `habits`.

    `people`: your own residents as a DataFrame (`population.RESIDENT_COLUMNS`), or a pair (residents, tours;
    `population.TOUR_COLUMNS`); `ids` are then its rows. Values that it leaves out are drawn as for any resident. People
    with tours of their own make only these, at the stated times. For many blocks, pass `everybody(city, scenario,
    people)`, so that the tables are checked only once. `looked`: leave out tours that nobody can look at
    (`sight.passes.looked_at`), which are most of a city's.

    >>> import privacysim as ps
    >>> scenario = ps.load_scenario("guangzhou_district")
    >>> block = ps.draw_block(ps.build_city(scenario), scenario, 185, 0, np.arange(10), np.ones(10), 0, 7)
    >>> block.person_id.size, block.tour_mask.shape[1], bool(block.walk_reach_mm.min() > 0)
    (10, 1, True)
    """
    population, days = scenario.population, range(first_day, last_day)
    whole = everybody(city, scenario, people)
    who, stated = habits(city, scenario, seed, k, ids, whole), whole.tours
    idle = np.isin(ids, stated["person"]) if stated else np.zeros(ids.size, dtype=bool)
    shown = looked or Looked.always(city)
    commuter, commute = _commute(city, population, who, shown)
    planned = rounds.plan(population, who, np.append(commute.ticks, 0.0)[commuter], idle)
    tours, mask = rounds.made(population, who, planned, idle, seed, k, ids, days)
    own: Columns = {}
    if stated:
        own = _own_tours(city, population, who, stated, seed, k, ids, days)
        rows = np.column_stack([own["person"], np.full(own["person"].size, STATED), np.arange(own["person"].size)])
        tours, mask = np.append(tours, rows, axis=0), np.append(mask, own["mask"], axis=0)
    made, walks, stays, speed = rounds.lived(city, population, who, planned, commute, commuter, tours,
                                             tour_days(mask, first_day), shown, own, seed, k, ids)
    person, kind, rank = tours.T
    key = draws.hashes(draws.stream_key(seed, k, "tours"), (ids[person] * _KINDS + kind) * _RANKS + rank)
    for_work = (kind >= STOP) & (kind < STATED)
    if stated:
        key[kind == STATED] = draws.hashes(draws.stream_key(seed, k, "own tours"), own["row"])
        for_work[kind == STATED] = own["place"] == who.work[own["person"]]
    # a row of jitter for each part of the day and for work; stated times are kept
    number = (ids[:, None] * _KINDS + np.arange(SLOTS + 1)).ravel()
    span = round(population.tour_jitter_min.number * HOUR_TICKS / 60)
    jitter = draws.day_jitter(draws.hashes(draws.stream_key(seed, k, "jitter"), number), first_day, len(days), span)
    jitter = np.append(jitter, np.zeros((1, len(days)), dtype=np.int16), axis=0)
    shift = np.where(kind == STATED, number.size, (SLOTS + 1) * person + np.clip(kind, 0, SLOTS))
    used = kind >= 0
    row = (np.cumsum(used) - 1).astype(np.int32)
    tour, origin, goal, mode, depart, ticks, ride = made
    way, walked, hub, node, mm, towards, begin = walks
    return Block(person_id=ids, group=who.group, home_place=who.home, work_place=who.work, weight=weight,
                 tour_person=person[used].astype(np.int32), tour_mask=mask[used], tour_key=key[used],
                 tour_shift=shift[used].astype(np.int32), tour_for_work=for_work[used], jitter=jitter,
                 way_tour=row[tour], way_from=origin, way_to=goal, way_mode=mode.astype(np.uint8), way_depart=depart,
                 way_ticks=ticks, way_ride_ticks=ride, walk_way=way, walk_tour=row[walked], walk_hub=hub,
                 walk_node=node, walk_reach_mm=mm, walk_towards=towards == 1, walk_depart=begin, walk_mm_per_tick=speed,
                 stay_tour=row[stays[0]], stay_place=stays[1], stay_arrive=stays[2], stay_length=stays[3],
                 first_day=first_day, days=len(days))


def _commute(city: City, population: PopulationSection, who: Habits, looked: Looked) -> tuple[Ints, Pairs]:
    """Return the row of each person's way to work (−1: none), and these ways."""
    some = np.flatnonzero(who.works)
    row = np.full(who.home.size, -1, dtype=np.int64)
    row[some] = np.arange(some.size)
    return row, rounds.pairs(city, population, looked, who.home[some], who.work[some], who.mode[some], who.pace[some])


def _own_tours(city: City, population: PopulationSection, who: Habits, own: Mapping[str, NDArray[Any]], seed: int,
               k: int, ids: Ints, days: range) -> Columns:
    """List the stated tours of these people that are made on one of the days."""
    day = np.asarray(days)
    made = np.isnan(own["day"])[:, None] | (own["day"][:, None] == day)
    made &= np.isnan(own["weekday"])[:, None] | (own["weekday"][:, None] == day % 7)
    at = pd.Index(ids).get_indexer(pd.Index(own["person"]))
    rows = np.flatnonzero((at >= 0) & made.any(axis=1))
    rows = rows[np.argsort(at[rows], kind="stable")]
    street = ways.street_m(city, population, who.home[at[rows]], own["place"][rows])
    drawn = ways.mode_of(population, street, draws.uniform(draws.stream_key(seed, k, "own tours"), rows))
    mask = np.zeros((rows.size, (len(days) + 63) // 64), dtype=np.uint64)
    for n in range(len(days)):
        mask[made[rows, n], n // 64] |= np.uint64(1) << np.uint64(n % 64)
    mode = np.where(own["mode"][rows] < 0, drawn, own["mode"][rows])
    return {"row": rows, "person": at[rows], "mask": mask, "mode": mode,
            **{name: own[name][rows] for name in ("place", "start", "stay")}}  # fmt: skip


def commutes(city: City, scenario: Scenario, seed: int, k: int, ids: Ints, *,
             people: PeopleFrames | Population | None = None) -> tuple[Ints, Floats]:
    """Find the people (index into `ids`) who commute to work or study, and the minutes of one way (by any mode)."""
    who = habits(city, scenario, seed, k, ids, people)
    _, commute = _commute(city, scenario.population, who, Looked.always(city))
    return np.flatnonzero(who.works), commute.ticks / (HOUR_TICKS / 60.0)


def made_on(block: Block, tour: NDArray[Any] | None = None) -> tuple[Ints, Ints]:
    """Rows (row, day counted from the block's first day) of every day on which the row's tour is made, by row.

    `tour`: the tour of each row, such as `block.way_tour` or `block.stay_tour`; without it, rows are tours.
    """
    days = np.arange(block.days)
    bits = (block.tour_mask[:, days // 64] >> (days % 64).astype(np.uint64)) & np.uint64(1)
    row, day = np.nonzero(bits if tour is None else bits[tour])
    return row, day


def trips(block: Block) -> pd.DataFrame:
    """One row per trip of these people, door to door, in the order of person, day (on which its tour begins) and time.

    Columns: `person` (index into `block.person_id`), `day` (day 0 is the first of the study), `begin_h` and `end_h`
    (hours after 00:00 of the day), `origin` and `goal` (places), `mode`, `ride_h` (hours in a vehicle, waits excluded),
    `purpose` (home, work or other: what the traveller does at the goal) and `for_work` (whether the trip belongs to a
    day at work: ways there and back, with meals and visits in between).
    """
    way, day = made_on(block, block.way_tour)
    tour, goal = block.way_tour[way], block.way_to[way]
    person = block.tour_person[tour]
    begin = block.way_depart[way] + block.shift(tour, day)
    at_home, at_work = goal == block.home_place[person], goal == block.work_place[person]
    table: Columns = {
        "person": person, "day": day, "begin_h": begin, "end_h": begin + block.way_ticks[way],
        "origin": block.way_from[way], "goal": goal, "mode": block.way_mode[way],
        "ride_h": block.way_ride_ticks[way] / HOUR_TICKS, "purpose": np.where(at_home, 0, np.where(at_work, 1, 2)),
        "for_work": block.tour_for_work[tour],
    }  # fmt: skip
    order = np.lexsort((table["begin_h"], table["day"], table["person"]))
    table = {name: column[order] for name, column in table.items()}
    table |= {name: table[name] / HOUR_TICKS for name in ("begin_h", "end_h")}
    made = pd.DataFrame(table | {"day": table["day"] + block.first_day})
    made["mode"] = pd.Categorical.from_codes(table["mode"], pd.Index(MODES))
    made["purpose"] = pd.Categorical.from_codes(table["purpose"], pd.Index(["home", "work", "other"]))
    return made
