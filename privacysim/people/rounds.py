"""Rounds of a block: when people are free, which rounds they make on which days, and their ways and stays.

Times are ticks after 00:00 of the round's day. On a day at work, people go there and back, on some days with a meal
from work at noon or a visit on the way home. They also make at most one round of visits from home in each part of the
day in which they are free; a part begins and ends at the person's own hours.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from privacysim import draws
from privacysim.city import City
from privacysim.draws import Bools, Bytes, Floats, Ints
from privacysim.people import habits as ways
from privacysim.people import walk_kernel as kernel
from privacysim.people.habits import TRANSIT, WALK, Habits, drawn_from
from privacysim.scenario.sections import PopulationSection
from privacysim.units import HOUR_TICKS
from privacysim.vocabulary import CATEGORIES, GROUPS

Columns = dict[str, NDArray[Any]]
_WORKDAYS, _WEEK = 5, 7
_SHOPS = ("small_shop", "mall", "market", "adult_shop", "bank")
_NOON, _MEAL_H, _SHIFT_H = (11.0, 15.0), 1.0, 20.0
"""Hours between which people go out from work at noon, and the longest meal and absence from home for work."""


class Pairs(NamedTuple):
    """Routes between a far end (home, for most ways) and a place, one row each: hub of the place; nodes and visible mm
    of the legs at the far end, the stop and the place (n, 3); speed on them (mm a tick); ticks between the first two
    legs (`gap`), of these in a vehicle (`ride`), and of the whole way; days on which somebody looks (see `Looked`)."""

    mode: Bytes
    hub: NDArray[np.int32]
    node: NDArray[np.int32]
    mm: Ints
    speed: Floats
    gap: Floats
    ride: Floats
    ticks: Floats
    looked: NDArray[np.uint64]


class Looked(NamedTuple):
    """Days, modulo 64 as bits, on which somebody looks: at an edge, by entry of the city's lists of neighbours
    (`adj_edge`), at the station of a node, and inside a place. Tours that no viewer can see may then be omitted."""

    edge: NDArray[np.uint64]
    node: NDArray[np.uint64]
    place: NDArray[np.uint64]

    @classmethod
    def always(cls, city: City) -> "Looked":
        """Return the value that omits no tour."""
        sizes = (city.adj_edge.size, city.node_x.size, city.place_x.size)
        return cls(*(np.broadcast_to(~np.uint64(0), size).copy() for size in sizes))


class Plan(NamedTuple):
    """When people work and when they are free, in ticks: leaving home, arriving at work, leaving it, being back; begin
    and end of the parts of the day (n, 3); by how much they are out earlier than others; chance of a round in each part
    on free days and on days at work (n, 2, 3); chances of a visit on the way home and of a meal from work."""

    leave: Floats
    arrive: Floats
    end: Floats
    back: Floats
    low: Floats
    high: Floats
    earlier: Floats
    chance: Floats
    stop: Floats
    lunch: Floats


def pairs(city: City, population: PopulationSection, looked: Looked, far: Ints, near: Ints, mode: Bytes,
          pace: Floats) -> Pairs:
    """Compute the routes between places `far` and `near`; people of the given `pace` take them by these modes."""
    hub, of_place = np.asarray(city.place_hub)[near], np.asarray(city.place_node)
    node, mm = np.full((near.size, 3), -1, dtype=np.int32), np.zeros((near.size, 3), dtype=np.int64)
    node[:, 0], node[:, 2] = of_place[far], of_place[near]
    adjacent_mm = np.asarray(city.edge_mm)[city.adj_edge].astype(np.int32)
    days = np.zeros(near.size, dtype=np.uint64)
    kernel.routes(np.argsort(hub.astype(np.int16), kind="stable"), hub, mode, TRANSIT,
                  round(population.walk_to_stop_m.number * 1000), city.trees, city.stop_node, city.node_x, city.node_y,
                  city.adj_start, city.adj_node, adjacent_mm, looked.edge, looked.node, node, mm, days)  # fmt: skip
    speed = ways.mm_per_tick(population)[np.where(mode < TRANSIT, mode, WALK)] * pace
    seen = mm.sum(axis=1)
    ride, waits = np.zeros(near.size), np.zeros(near.size)
    some = np.flatnonzero(mode >= TRANSIT)
    unseen_m = np.maximum(ways.street_m(city, population, far[some], near[some]) - seen[some] / 1000.0, 0.0)
    ride[some], waits[some] = ways.ride_ticks(population, mode[some], unseen_m)
    gap = ride + waits
    return Pairs(mode, hub, node, mm, speed, gap, ride, seen / speed + gap, days)


def plan(population: PopulationSection, who: Habits, commute: Floats, idle: Bools) -> Plan:
    """Work out hours of work and of the parts of the day, and the chances that lead to `trips_per_day`.

    `commute`: ticks of the way to work, if any; `idle` people make no tours. Night workers sleep in the morning.
    """
    hour, margin = float(HOUR_TICKS), population.tour_jitter_min.number * HOUR_TICKS / 60.0
    works, student = who.works & ~idle, who.group == GROUPS.index("student")
    u = who.marks
    arrive = np.where(student, drawn_from("arrive_study", u[:, 0]),
                      drawn_from("arrive_work", u[:, 0]) + population.work_later_h.number) * hour  # fmt: skip
    longer = population.work_stay_h.number / np.interp(0.5, ways.survey()["quantile"], ways.survey()["stay_work"])
    stay = np.where(student, drawn_from("stay_study", u[:, 1]), drawn_from("stay_work", u[:, 1]) * longer) * hour
    leave, end = np.maximum(arrive - commute, margin), arrive + stay
    arrive = leave + commute
    end = np.clip(end, arrive, np.maximum(leave + _SHIFT_H * hour - commute, arrive))
    back = end + commute
    earlier = np.where(who.group == GROUPS.index("older"), population.older_earlier_h.number, 0.0)
    usual = [getattr(population, name).number for name in ("day_begin_h", "midday_h", "dusk_h", "day_end_h")]
    spread = population.part_spread_h.number * (2.0 * u[:, 2:5] - 1.0)
    limit = np.column_stack([usual[0] + np.abs(spread[:, 0]), usual[1] + spread[:, 1], usual[2] + spread[:, 2],
                             usual[3] - np.abs(spread[:, 0])]) - earlier[:, None]  # fmt: skip
    low, high = limit[:, :-1] * hour + margin, limit[:, 1:] * hour - margin
    night = works & (back > 24.0 * hour)
    sleeps = np.where(night, back - 24.0 * hour + population.sleep_after_night_h.number * hour, 0.0)
    low = np.maximum(low, sleeps[:, None] + margin)
    before = works & ((leave > low[:, 0] + 2.0 * hour) | night)
    high = np.where((works & night)[:, None], np.minimum(high, (leave - 2.0 * margin)[:, None]), high)
    high[:, 0] = np.where(before, np.minimum(high[:, 0], leave - 2.0 * margin), high[:, 0])
    after = works & ~night & (back < high[:, 2] - 1.5 * hour)
    low[:, 2] = np.where(after, np.maximum(low[:, 2], back + 2.0 * margin), low[:, 2])
    free = high > low
    clear = (high + 2.0 * margin <= leave[:, None]) | (low >= (back + 2.0 * margin)[:, None])
    clear &= ~night[:, None] | (high + 2.0 * margin <= leave[:, None] + 1.0)
    open_parts = np.stack([free, free & (clear | ~works[:, None])], axis=1)
    stop = np.where(works & (back < high[:, 2]) & ~night, population.stop_share.number, 0.0)
    noon = (arrive < (_NOON[0] - 0.5) * hour) & (end > (_NOON[1] + 0.5) * hour)
    lunch = np.where(works & noon, population.lunch_out_share.number, 0.0)
    chance = _chances(population, works, limit + earlier[:, None], open_parts, stop, lunch) * ~idle[:, None, None]
    return Plan(leave, arrive, end, back, low, high, earlier * hour, chance, stop, lunch)


def _chances(population: PopulationSection, works: Bools, limit: Floats, open_parts: Bools, stop: Floats,
             lunch: Floats) -> Floats:
    """Chances of rounds from home: in proportion to the survey's arrivals in each part, so that trips a day fit."""
    share = ways.survey()["quantile"]
    upto = sum(np.interp(limit, ways.survey()[f"arrive_{name}"], share) for name in ("shop", "other"))
    weight = np.diff(upto, axis=1)[:, None, :] / 2.0 * open_parts
    weight[:, 1] *= 1.0 - stop[:, None]
    working = np.where(works, _WORKDAYS * population.work_attendance.number, 0.0)
    wanted = _WEEK * population.trips_per_day.number - working * (2.0 + stop + 2.0 * lunch)
    rounds = wanted / (2.0 + population.chain_share.number)
    places = weight[:, 0].sum(axis=1) * (_WEEK - working) + weight[:, 1].sum(axis=1) * working
    rate = np.maximum(rounds, 0.0) / np.maximum(places, 1e-9)
    found: Floats = np.minimum(np.diff(upto, axis=1)[:, None, :] / 2.0 * rate[:, None, None], 1.0) * open_parts
    return found


def made(population: PopulationSection, who: Habits, planned: Plan, idle: Bools, seed: int, k: int, ids: Ints,
         days: range) -> tuple[Ints, NDArray[np.uint64]]:
    """Draw which rounds are made on which days: person, kind and rank of each, and the mask of its days."""
    regular = (who.group == GROUPS.index("student")) | (who.marks[:, 5] >= population.roster_share.number)
    off = np.where(regular, _WORKDAYS, (who.marks[:, 6] * _WEEK).astype(np.int64))
    words = (len(days) + 63) // 64
    rows = kernel.days(np.uint64(draws.stream_key(seed, k, "days")), ids, days.start, len(days), who.works & ~idle, off,
                       population.work_attendance.number, planned.stop, planned.lunch, planned.chance,
                       np.where(who.works, 3, 2), population.rank_gamma.number, words)  # fmt: skip
    return rows[:, :3].copy(), rows[:, 3:].copy().view(np.uint64)


def lived(city: City, population: PopulationSection, who: Habits, planned: Plan, commute: Pairs, commuter: Ints,
          tours: Ints, days: NDArray[np.uint64], looked: Looked, stated: Columns, seed: int, k: int,
          ids: Ints) -> tuple[Any, ...]:
    """Return ways, walks, stays and speeds of these tours (see `walk_kernel.live`, which may change their kind).

    `commuter`: row of each person in `commute`; `days` on which each tour is made. The last tours are the `stated`
    ones: place, mode, start, stay.
    """
    where, hour = ways.purposes(city, population), float(HOUR_TICKS)
    key = np.uint64(draws.stream_key(seed, k, "places"))
    x, y = np.asarray(city.place_x, dtype=np.float64), np.asarray(city.place_y, dtype=np.float64)
    zone = np.asarray(city.place_zone).astype(np.int64)
    shares = np.cumsum(ways.mode_shares(population), axis=1)
    places, pair, found = kernel.choose(key, ids, tours, who.home, who.work, who.mode, zone, x, y,
                                        population.street_detour.number, where.visit, where.meal, shares,
                                        np.asarray(ways.BANDS_M), TRANSIT, population.chain_share.number)  # fmt: skip
    far, near, mode, person = found.T
    if stated:
        own = np.arange(tours.shape[0] - stated["place"].size, tours.shape[0])
        places[own, 0], pair[own, 0] = stated["place"], far.size + np.arange(own.size)
        far, near = np.append(far, who.home[tours[own, 0]]), np.append(near, stated["place"])
        mode, person = np.append(mode, stated["mode"]), np.append(person, tours[own, 0])
    more = pairs(city, population, looked, far, near, mode.astype(np.uint8), who.pace[person])
    both: list[list[Any]] = [[a, b] for a, b in zip(commute, more, strict=True)]
    routes = Pairs(*(np.concatenate(columns) for columns in both))
    pair[pair >= 0] += commute.ticks.size
    kernel.omit(tours, days, who.home, who.work, commuter, places, pair, routes.looked, looked.place)
    survey = ways.survey()
    tables = (survey["arrive_shop"], survey["arrive_other"], survey["arrive_meal"], survey["arrive_work"],
              np.maximum(survey["stay_shop"], np.interp(0.05, survey["quantile"], survey["stay_shop"])) * hour,
              survey["stay_other"] * hour)  # fmt: skip
    shop = np.isin(np.asarray(city.place_category), [CATEGORIES.index(word) for word in _SHOPS])
    times = np.stack([stated["start"], stated["stay"]]) if stated else np.zeros((2, 0))
    return kernel.live(key, ids, tours, who.home, who.work, (planned.leave, planned.arrive, planned.end, planned.low,
                       planned.high, planned.earlier), commuter, places, pair, tuple(routes)[:-1], tables, shop,
                       np.array([*_NOON, _MEAL_H]) * hour, hour, times)  # fmt: skip
