"""Habits of a person: a place of work or study, a few other places, and usual hours and modes.

Other places follow exploration and preferential return (Song et al. 2010, doi:10.1038/nphys1760) in closed form. Visits
follow the rank, f_k ∝ k^−(1+γ), with home as the first rank and work as the second. Ranks beyond twelve directed
routes are folded into those kept. Each place belongs to one part of the day (evening, afternoon, morning), and a
person makes at most one visit in each part, so nobody is at two places at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from privacysim import draws
from privacysim.city import City
from privacysim.people import walk_kernel as kernel
from privacysim.people.gravity import Purpose, purposes
from privacysim.people.own_people import MODES, WORK_DRAWN, OwnPeople, PeopleFrames, everybody
from privacysim.scenario import Scenario
from privacysim.scenario.sections import PopulationSection
from privacysim.units import HOUR_TICKS
from privacysim.vocabulary import GROUPS

WALK, CYCLE, EBIKE, TRANSIT, CAR = range(len(MODES))
"""Codes of `tour_mode`."""
PART_OF_RANK = (0, 1, 2, 0, 1)
"""Part of the day (0 evening, 1 afternoon, 2 morning) of the first … fifth other place."""
_MARKS, _OWN = 6 + 6 * len(PART_OF_RANK), 6


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Habits per person, and per person and destination (column 0 work, 1 … other places; place −1 = none)."""

    home: NDArray[np.int64]
    group: NDArray[np.uint8]
    works: NDArray[np.bool_]
    place: NDArray[np.int64]
    mode: NDArray[np.uint8]
    street_m: NDArray[np.float64]
    pace: NDArray[np.float64]
    """The person's speed relative to the mean."""
    u_start: NDArray[np.float64]
    u_stay: NDArray[np.float64]


def habits(
    city: City, scenario: Scenario, seed: int, k: int, ids: NDArray[np.int64],
    people: PeopleFrames | OwnPeople | None = None,
) -> Habits:
    """Draw the habits of these residents in replicate k; every mark is a hash of the person's own number."""
    population = scenario.population
    whole = everybody(city, scenario, people)
    home, group = whole.locate(ids)
    marks = draws.uniforms(draws.stream_key(seed, k, "people"), ids, _MARKS)
    works = marks[:, 0] < np.asarray(population.work_shares)[group]
    others = round(population.other_places.number)
    zone = np.asarray(city.place_zone)[home]
    where = purposes(city, population)
    place = np.full((ids.size, 1 + others), -1, dtype=np.int64)
    student = group == GROUPS.index("student")
    for who, purpose in ((works & ~student, where.work), (works & student, where.study)):
        place[who, 0] = _pick(purpose, zone[who], marks[who, 1], marks[who, 2])
    if isinstance(whole, OwnPeople):
        stated = whole.work[ids] != WORK_DRAWN
        place[stated, 0] = whole.work[ids][stated]
        works |= stated
    works &= place[:, 0] >= 0
    for r in range(others):
        at = _OWN + 6 * r
        place[:, r + 1] = _pick(where.visit, zone, marks[:, at], marks[:, at + 1])
    street = street_m(city, population, home[:, None], place)
    columns = [3, *(_OWN + 6 * r + 2 for r in range(others))]
    mode = mode_of(population, street, marks[:, columns])
    return Habits(
        home, group, works, place, mode, street, 1.0 + population.speed_spread.number * (2.0 * marks[:, 5] - 1.0),
        marks[:, [4, *(_OWN + 6 * r + 3 for r in range(others))]],
        marks[:, [_OWN + 5, *(_OWN + 6 * r + 4 for r in range(others))]],
    )


def street_m(
    city: City, population: PopulationSection, home: NDArray[np.int64], place: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Estimate street distances between places in metres, with the usual detour factor."""
    x, y = np.asarray(city.place_x, dtype=np.float64), np.asarray(city.place_y, dtype=np.float64)
    straight: NDArray[np.float64] = np.hypot(x[place] - x[home], y[place] - y[home])
    return straight * population.street_detour.number


def _pick(
    purpose: Purpose, zone: NDArray[np.int32], u_zone: NDArray[np.float64], u_place: NDArray[np.float64]
) -> NDArray[np.int64]:
    out = np.full(zone.size, -1, dtype=np.int64)
    if purpose.place.size:
        kernel.pick(zone, purpose.zones, purpose.start, purpose.place, purpose.within,
                    np.ascontiguousarray(u_zone), np.ascontiguousarray(u_place), out)
    return out


def mode_of(
    population: PopulationSection, street_m: NDArray[np.float64], marks: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Choose the mode of travel (a code of `tour_mode`) by the distance along streets and a mark."""
    bands = (population.modes_under_1km, population.modes_1_to_3km, population.modes_3_to_8km,
             population.modes_over_8km)
    running = np.cumsum([band.numbers for band in bands], axis=1)
    band = np.searchsorted([1000.0, 3000.0, 8000.0], street_m, side="right")
    return (marks[..., None] >= running[band]).sum(axis=-1).astype(np.uint8)


def mm_per_tick(population: PopulationSection) -> NDArray[np.float64]:
    """Return the mean speed by mode, in millimetres per tick of 0.1 s."""
    metres_s = [population.speed_walk_m_s.number, population.speed_cycle_m_s.number, population.speed_ebike_m_s.number,
                population.speed_transit_m_s.number, population.speed_car_km_h.number / 3.6]
    return np.asarray(metres_s) * 100.0


def rank_shares(population: PopulationSection, works: NDArray[np.bool_], has: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the shares of each person's other visits by place: f_k ∝ k^−(1+γ) over their places (rows sum to 1)."""
    rank = np.arange(has.shape[1])[None, :] + np.where(works, 3, 2)[:, None]
    weight = np.where(has, rank.astype(np.float64) ** -(1.0 + population.rank_gamma.number), 0.0)
    return weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)


def quantile_normal(u: NDArray[np.float64], mean_h: float, sd_h: float, reach: float = 2.5) -> NDArray[np.float64]:
    """Return quantiles, in ticks, of a normal time given in hours, cut at `reach` standard deviations."""
    return (mean_h + sd_h * np.clip(ndtri(u), -reach, reach)) * HOUR_TICKS


def quantile_stay(u: NDArray[np.float64], low: float, high: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """Return quantiles of P(Δt) ∝ Δt^−(1+β) between `low` and `high` (Song et al. 2010, cut by the part of the day)."""
    high = np.maximum(high, low)
    return (low**-beta - u * (low**-beta - high**-beta)) ** (-1.0 / beta)
