"""Habits of a person: where they go, by which mode and how fast, and when they are free.

Places other than work follow exploration and preferential return (Song et al. 2010, doi:10.1038/nphys1760) without a
state: the rank of a visited place is drawn from f_k ∝ k^−(1+γ) with no largest rank, home being the first rank and work
the second, and the place of a rank is a hash of person, part of the day and rank. The number of distinct places
therefore grows as visits^(1/(1+γ)). Hours and lengths of stay are those of a household survey (`data/trip_hours.csv`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from privacysim import draws
from privacysim.city import City
from privacysim.draws import Bools, Bytes, Floats, Ints
from privacysim.people import walk_kernel as kernel
from privacysim.people.population import MODES, WORK_DRAWN, PeopleFrames, Population, everybody
from privacysim.resources import shipped_rows
from privacysim.scenario import Scenario
from privacysim.scenario.sections import PopulationSection
from privacysim.units import HOUR_TICKS
from privacysim.vocabulary import CATEGORIES, GROUPS

WALK, CYCLE, EBIKE, TRANSIT, CAR = range(len(MODES))
"""Codes of modes."""
BANDS_M = (1000.0, 3000.0, 8000.0)
"""Street distances at which the shares of modes change."""
_STUDENT = GROUPS.index("student")
_SCHOOLS = ("university",), ("school", "kindergarten")
"""Places where students study; the second if the city has none of the first; without both, any place with jobs."""
_MEALS = ("restaurant", "small_shop", "market", "mall")
"""Places where people who leave work at noon eat."""


class Purpose(NamedTuple):
    """Destinations for one purpose, as cumulative sums: first a zone given the home's zone, then a place within it.

    `zones[z, c]`: probability of a trip from zone z to one of the first c+1 destination zones. The places of zone c are
    place[start[c]:start[c+1]] with cumulative weights `within` (0 … 1 in each zone).
    """

    zones: NDArray[np.float32]
    start: Ints
    place: Ints
    within: Floats


class Purposes(NamedTuple):
    """Destinations for work, study, visits, and meals from work (these within the zone of work)."""

    work: Purpose
    study: Purpose
    visit: Purpose
    meal: Purpose


def purposes(city: City, population: PopulationSection) -> Purposes:
    """Compute cumulative probabilities for each purpose (about 60 MB for Guangzhou, once per process).

    Work and study: P(zone b | home a) ∝ A_b · exp(−d/L), singly constrained (Wilson 1971, doi:10.1068/a030001), with A
    the jobs, d the street distance, and L = `commute_decay_km`. Visits: ∝ A_b · (d + r0)^−β · exp(−d/κ) / d, so that on
    a uniform plane the *length* of a trip has the density (d + r0)^−β · exp(−d/κ) of González, Hidalgo and Barabási
    2008 (doi:10.1038/nature06958).
    """
    return _purposes(city, *(number.number for number in (
        population.street_detour, population.commute_decay_km, population.visit_distance_exponent,
        population.visit_distance_offset_km, population.visit_distance_cutoff_km)))  # fmt: skip


@lru_cache(maxsize=2)  # by the numbers, because a section is equal to itself under other facts
def _purposes(city: City, detour: float, decay_km: float, *visit: float) -> Purposes:
    km = _zones_km(city, detour)
    visited = np.asarray(city.place_hub) >= 0
    jobs = np.where(visited, city.place_jobs, 0.0)
    study = jobs
    for names in reversed(_SCHOOLS):
        at_school = np.isin(city.place_category, [CATEGORIES.index(name) for name in names])
        study = np.where(at_school, jobs, 0.0) if (at_school & (jobs > 0)).any() else study
    near = -km / np.float32(decay_km)
    beta, r0, cut = (np.float32(number) for number in visit)
    lengths = -beta * np.log(km + r0) - km / cut - np.log(km)
    visits = np.where(visited, city.place_weight, 0.0)
    meals = np.where(np.isin(city.place_category, [CATEGORIES.index(name) for name in _MEALS]), visits, 0.0)
    return Purposes(_purpose(city, jobs, near), _purpose(city, study, near), _purpose(city, visits, lengths),
                    _purpose(city, meals, None))


def _zones_km(city: City, detour: float) -> NDArray[np.float32]:
    """Return street distances between zones in km; within a zone, half the distance to the nearest other one."""
    count = np.bincount(city.node_zone)
    # float32 is precise enough for probabilities and halves the memory of 7 million pairs
    x, y = ((np.bincount(city.node_zone, axis) / count / 1000.0).astype(np.float32)
            for axis in (city.node_x, city.node_y))  # fmt: skip
    km = np.sqrt((x[:, None] - x[None, :]) ** 2 + (y[:, None] - y[None, :]) ** 2)
    if count.size > 1:
        np.fill_diagonal(km, cKDTree(np.column_stack([x, y])).query(np.column_stack([x, y]), k=2)[0][:, 1] / 2.0)
    else:
        np.fill_diagonal(km, max(float(np.ptp(city.node_x)), float(np.ptp(city.node_y)), 10.0) / 2000.0)
    return np.maximum(km, np.float32(0.01)) * np.float32(detour)


def _purpose(city: City, attraction: Floats, log_decay: NDArray[np.float32] | None) -> Purpose:
    """Cumulative probabilities; without a decay, `zones` is the index of each zone's own places (−1: it has none)."""
    place = np.flatnonzero(attraction > 0)
    place = place[np.argsort(city.place_zone[place], kind="stable")]
    if place.size == 0:
        return Purpose(np.empty((np.unique(city.node_zone).size, 0), dtype=np.float32), place, place, np.empty(0))
    zone, begin = np.unique(city.place_zone[place], return_index=True)
    start = np.append(begin, place.size).astype(np.int64)
    total = np.add.reduceat(attraction[place], begin)
    running = np.cumsum(attraction[place])
    before = np.repeat(running[begin] - attraction[place][begin], np.diff(start))
    within = (running - before) / np.repeat(total, np.diff(start))
    if log_decay is None:
        own = np.full((int(city.node_zone.max()) + 1, 1), -1, dtype=np.float32)
        own[zone, 0] = np.arange(zone.size)
        return Purpose(own, start, place, within)
    # relative to the nearest destination, so that no row underflows at any distance
    chance = log_decay.copy() if zone.size == log_decay.shape[1] else log_decay[:, zone]
    chance -= chance.max(axis=1, keepdims=True)
    np.exp(chance, out=chance)
    kernel.cumulate(chance, (total / total.sum()).astype(np.float32))
    return Purpose(chance, start, place, within)


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Habits per person: places of home and of work or study (−1: none), and the way to work."""

    home: Ints
    group: Bytes
    work: Ints
    mode: Bytes
    street_m: Floats
    pace: Floats
    """The person's speed relative to the mean."""
    marks: Floats
    """Further marks of the person: start and length of work, limits of the parts of the day, days off."""

    @property
    def works(self) -> Bools:
        """Whether the person works or studies."""
        return self.work >= 0


def habits(city: City, scenario: Scenario, seed: int, k: int, ids: Ints,
           people: PeopleFrames | Population | None = None) -> Habits:
    """Draw the habits of these residents in replicate k; every mark is a hash of the person's own number."""
    population = scenario.population
    whole = everybody(city, scenario, people)
    home, group = whole.locate(ids)
    marks = draws.uniforms(draws.stream_key(seed, k, "people"), ids, 12)
    works = marks[:, 0] < np.asarray(population.work_shares)[group]
    zone = np.asarray(city.place_zone)[home]
    where = purposes(city, population)
    work = np.full(ids.size, -1, dtype=np.int64)
    student = group == _STUDENT
    for who, purpose in ((works & ~student, where.work), (works & student, where.study)):
        work[who] = pick(purpose, zone[who], marks[who, 1], marks[who, 2])
    if whole.work is not None:
        stated = whole.work[ids]
        work = np.where(stated == WORK_DRAWN, work, stated)
    street = street_m(city, population, home, work)
    pace = 1.0 + population.speed_spread.number * (2.0 * marks[:, 5] - 1.0)
    mode = mode_of(population, street, marks[:, 3])
    return Habits(home, group, work, mode, street, pace, marks[:, [4, *range(6, 12)]])


def street_m(city: City, population: PopulationSection, home: Ints, place: Ints) -> Floats:
    """Estimate street distances between places in metres, with the usual detour factor."""
    x, y = np.asarray(city.place_x, dtype=np.float64), np.asarray(city.place_y, dtype=np.float64)
    straight: Floats = np.hypot(x[place] - x[home], y[place] - y[home])
    return straight * population.street_detour.number


def pick(purpose: Purpose, zone: NDArray[np.int32], u_zone: Floats, u_place: Floats) -> Ints:
    """Choose a destination from each zone by two marks; −1 if there is none."""
    out = np.full(zone.size, -1, dtype=np.int64)
    if purpose.place.size:
        kernel.pick(zone, purpose, np.ascontiguousarray(u_zone), np.ascontiguousarray(u_place), out)
    return out


def mode_of(population: PopulationSection, street_m: Floats, marks: Floats) -> Bytes:
    """Choose the mode of travel (a code of MODES) by the distance along streets and a mark."""
    band = np.searchsorted(BANDS_M, street_m, side="right")
    return (marks[..., None] >= np.cumsum(mode_shares(population), axis=1)[band]).sum(axis=-1).astype(np.uint8)


def mode_shares(population: PopulationSection) -> Floats:
    """Return the shares of MODES (columns) in each band of distance (rows, see BANDS_M)."""
    return np.asarray([band.numbers for band in (population.modes_under_1km, population.modes_1_to_3km,
                                                 population.modes_3_to_8km, population.modes_over_8km)])  # fmt: skip


def mm_per_tick(population: PopulationSection) -> Floats:
    """Return the mean speed on foot, by bicycle and by e-bike, lights included, in millimetres per tick of 0.1 s."""
    metres_s = [population.speed_walk_m_s.number, population.speed_cycle_m_s.number, population.speed_ebike_m_s.number]
    lights = 1.0 + population.light_delay.number * np.array([1.0, 1.0, 0.0])  # e-bikes are timed from door to door
    return np.asarray(metres_s) * 100.0 / lights


def ride_ticks(population: PopulationSection, mode: Bytes, unseen_m: Floats) -> tuple[Floats, Floats]:
    """Return ticks in a vehicle, and ticks of waiting, walking in stations or parking, for each unseen ride.

    Public transport is the bus or the metro, whichever is faster.
    """
    minute, km = HOUR_TICKS / 60.0, unseen_m / 1000.0
    bus, metro, car = (km / speed.number * HOUR_TICKS for speed in (
        population.speed_bus_km_h, population.speed_metro_km_h, population.speed_car_km_h))  # fmt: skip
    station = population.metro_station_min.number * minute
    by_metro = metro + station < bus
    waits = population.transit_wait_min.number * minute + np.where(by_metro, station, 0.0)
    on_board = np.where(by_metro, metro, bus)
    parks = population.car_park_min.number * minute
    transit, drives = mode == TRANSIT, mode == CAR
    board, other = np.where(drives, car, 0.0), np.where(drives, parks, 0.0)
    return np.where(transit, on_board, board), np.where(transit, waits, other)


@lru_cache(maxsize=1)
def survey() -> Mapping[str, Floats]:
    """Quantiles of hours of arrival and lengths of stay by purpose, from a household survey (`data/trip_hours.csv`)."""
    rows = shipped_rows("data/trip_hours.csv")
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def drawn_from(table: str, marks: Floats) -> Floats:
    """Return quantiles, in hours, of a column of the survey.

    >>> float(drawn_from("arrive_shop", np.array([0.5]))[0])
    11.8
    """
    return np.interp(marks, survey()["quantile"], survey()[table])
