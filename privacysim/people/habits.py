"""Habits of a person: where they go (gravity model), and usual hours and modes.

Places other than work follow exploration and preferential return (Song et al. 2010, doi:10.1038/nphys1760) in closed
form. Visits follow the rank, f_k ∝ k^−(1+γ), with home as the first rank and work as the second. Each place belongs to
one part of the day, and a person makes at most one visit in each part, so nobody is at two places at once.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import ndtri

from privacysim import draws
from privacysim.city import City
from privacysim.draws import Bools, Bytes, Floats, Ints
from privacysim.people import walk_kernel as kernel
from privacysim.people.population import MODES, WORK_DRAWN, PeopleFrames, Population, everybody
from privacysim.scenario import Scenario
from privacysim.scenario.sections import PopulationSection
from privacysim.units import HOUR_TICKS
from privacysim.vocabulary import CATEGORIES, GROUPS

WALK, CYCLE, EBIKE, TRANSIT, CAR = range(len(MODES))
"""Codes of `tour_mode`."""
BANDS_M = (1000.0, 3000.0, 8000.0)
"""Street distances at which the shares of modes change."""
PART_OF_RANK = (0, 1, 2, 0, 1)
"""Part of the day (0 evening, 1 afternoon, 2 morning) of the first … fifth other place."""
_MARKS = 6 * (1 + len(PART_OF_RANK))
"""Marks of a person: six for work, and six for each other place."""
_SCHOOLS = ("university",), ("school", "kindergarten")
"""Places where students study; the second if the city has none of the first; without both, any place with jobs."""


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
    """Destinations for work, study and visits."""

    work: Purpose
    study: Purpose
    visit: Purpose


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
    return Purposes(_purpose(city, jobs, near), _purpose(city, study, near), _purpose(city, visits, lengths))


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


def _purpose(city: City, attraction: Floats, log_decay: NDArray[np.float32]) -> Purpose:
    place = np.flatnonzero(attraction > 0)
    place = place[np.argsort(city.place_zone[place], kind="stable")]
    if place.size == 0:
        return Purpose(np.empty((log_decay.shape[0], 0), dtype=np.float32), place, place, np.empty(0))
    zone, begin = np.unique(city.place_zone[place], return_index=True)
    start = np.append(begin, place.size).astype(np.int64)
    total = np.add.reduceat(attraction[place], begin)
    running = np.cumsum(attraction[place])
    before = np.repeat(running[begin] - attraction[place][begin], np.diff(start))
    within = (running - before) / np.repeat(total, np.diff(start))
    # relative to the nearest destination, so that no row underflows at any distance
    chance = log_decay[:, zone]
    chance -= chance.max(axis=1, keepdims=True)
    np.exp(chance, out=chance)
    zones = np.cumsum(chance * (total / total.sum()).astype(np.float32), axis=1, dtype=np.float64)
    zones /= zones[:, -1:]
    return Purpose(zones.astype(np.float32), start, place, within)


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Habits per person, and per person and destination (column 0 work, 1 … other places; place −1 = none)."""

    home: Ints
    group: Bytes
    works: Bools
    place: Ints
    mode: Bytes
    street_m: Floats
    pace: Floats
    """The person's speed relative to the mean."""
    u_start: Floats
    u_stay: Floats


def habits(city: City, scenario: Scenario, seed: int, k: int, ids: Ints,
           people: PeopleFrames | Population | None = None) -> Habits:
    """Draw the habits of these residents in replicate k; every mark is a hash of the person's own number."""
    population = scenario.population
    whole = everybody(city, scenario, people)
    home, group = whole.locate(ids)
    marks = draws.uniforms(draws.stream_key(seed, k, "people"), ids, _MARKS)
    works = marks[:, 0] < np.asarray(population.work_shares)[group]
    zone = np.asarray(city.place_zone)[home]
    where = purposes(city, population)
    others = 6 * (1 + np.arange(round(population.other_places.number)))  # first mark of each other place
    place = np.full((ids.size, 1 + others.size), -1, dtype=np.int64)
    student = group == GROUPS.index("student")
    for who, purpose in ((works & ~student, where.work), (works & student, where.study)):
        place[who, 0] = _pick(purpose, zone[who], marks[who, 1], marks[who, 2])
    if whole.work is not None:
        stated = whole.work[ids]
        place[:, 0] = np.where(stated == WORK_DRAWN, place[:, 0], stated)
    works = place[:, 0] >= 0
    for column, first in enumerate(others, 1):
        place[:, column] = _pick(where.visit, zone, marks[:, first], marks[:, first + 1])
    street = street_m(city, population, home[:, None], place)
    mode = mode_of(population, street, marks[:, [3, *(others + 2)]])
    pace = 1.0 + population.speed_spread.number * (2.0 * marks[:, 5] - 1.0)
    u_start, u_stay = marks[:, [4, *(others + 3)]], marks[:, [11, *(others + 4)]]
    return Habits(home, group, works, place, mode, street, pace, u_start, u_stay)


def street_m(city: City, population: PopulationSection, home: Ints, place: Ints) -> Floats:
    """Estimate street distances between places in metres, with the usual detour factor."""
    x, y = np.asarray(city.place_x, dtype=np.float64), np.asarray(city.place_y, dtype=np.float64)
    straight: Floats = np.hypot(x[place] - x[home], y[place] - y[home])
    return straight * population.street_detour.number


def _pick(purpose: Purpose, zone: NDArray[np.int32], u_zone: Floats, u_place: Floats) -> Ints:
    out = np.full(zone.size, -1, dtype=np.int64)
    if purpose.place.size:
        kernel.pick(zone, *purpose, np.ascontiguousarray(u_zone), np.ascontiguousarray(u_place), out)
    return out


def mode_of(population: PopulationSection, street_m: Floats, marks: Floats) -> Bytes:
    """Choose the mode of travel (a code of `tour_mode`) by the distance along streets and a mark."""
    band = np.searchsorted(BANDS_M, street_m, side="right")
    return (marks[..., None] >= np.cumsum(mode_shares(population), axis=1)[band]).sum(axis=-1).astype(np.uint8)


def mode_shares(population: PopulationSection) -> Floats:
    """Return the shares of MODES (columns) in each band of distance (rows, see BANDS_M)."""
    return np.asarray([band.numbers for band in (population.modes_under_1km, population.modes_1_to_3km,
                                                 population.modes_3_to_8km, population.modes_over_8km)])  # fmt: skip


def mm_per_tick(population: PopulationSection) -> Floats:
    """Return the mean speed by mode, in millimetres per tick of 0.1 s."""
    metres_s = [population.speed_walk_m_s.number, population.speed_cycle_m_s.number, population.speed_ebike_m_s.number,
                population.speed_transit_m_s.number, population.speed_car_km_h.number / 3.6]
    return np.asarray(metres_s) * 100.0


def rank_shares(population: PopulationSection, works: Bools, has: Bools) -> Floats:
    """Return the shares of each person's other visits by place: f_k ∝ k^−(1+γ) over their places (rows sum to 1)."""
    rank = np.arange(has.shape[1])[None, :] + np.where(works, 3, 2)[:, None]
    weight = np.where(has, rank.astype(np.float64) ** -(1.0 + population.rank_gamma.number), 0.0)
    return weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)


def quantile_normal(u: Floats, mean_h: float, sd_h: float) -> Floats:
    """Return quantiles, in ticks, of a normal time given in hours, cut at 2.5 standard deviations."""
    return (mean_h + sd_h * np.clip(ndtri(u), -2.5, 2.5)) * HOUR_TICKS


def quantile_stay(u: Floats, low: float, high: Floats, beta: float) -> Floats:
    """Return quantiles of P(Δt) ∝ Δt^−(1+β) between `low` and `high` (Song et al. 2010, cut by the part of the day)."""
    high = np.maximum(high, low)
    return (low**-beta - u * (low**-beta - high**-beta)) ** (-1.0 / beta)
