"""Cases: what the police opens a file about, and for which of them it would ask for footage.

A case is opened at a Poisson time; the deed lies a lognormal reporting delay before it, at a home (in proportion to
residents) or at a place (in proportion to its visitors). The investigator believes in a window of time that is
`2·w` wide, w lognormal, and centred on the truth give or take a normal error of `window_shift · w`. Footage is asked
for in a share p_asked of cases, a lognormal delay after the opening: by then some of it is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from privacysim.city.city_model import City
from privacysim.draws import stream_key, uniforms
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.vocabulary import PURPOSES
from privacysim.world.cameras import Cameras
from privacysim.world.chance_laws import lognormal, minutes, pick, roots
from privacysim.world.chances import Cases, Floats, Ints

_CRIMINAL, _ORDER, _CHECK = (
    PURPOSES.index(word) for word in ("criminal_case", "public_order_case", "pre_filing_check")
)
MONTH_D = 30.4375
MARKS = 16


def cases_per_day(scenario: Scenario, rate: float) -> float:
    """Cases a day in this scenario's population, from a monthly rate that holds for the whole of Guangzhou."""
    return rate / MONTH_D * scenario.population.people.number / facts().value("population_guangzhou")


def sample_cases(city: City, scenario: Scenario, seed: int, k: int, days: range) -> Cases:
    """All cases opened on these days, in order of time; `custodians` is filled in with the clues."""
    access = scenario.access
    rate, rate_max = access.cases_per_month.number, access.cases_per_month.range[1]
    ids, opened = roots(seed, k, "cases", cases_per_day(scenario, rate_max), days)
    u = uniforms(stream_key(seed, k, "cases"), ids, 10)
    kept = u[:, 0] < rate / rate_max
    ids, opened, u = ids[kept], opened[kept], u[kept]
    hours = lognormal(u[:, 1], access.report_median_h.number, access.report_p95_h.number)
    crime_to = opened - minutes(60.0 * hours)
    crime_from = crime_to - minutes(lognormal(u[:, 2], access.crime_median_min.number, access.crime_p95_min.number))
    half = minutes(lognormal(u[:, 3], access.window_median_min.number, access.window_p95_min.number))
    shift = (half * access.window_shift.number * ndtri(u[:, 4])).astype(np.int64)
    middle = (crime_from + crime_to) // 2 + shift
    place = _scene(city, scenario, u[:, 5], u[:, 6])
    delay = lognormal(u[:, 7], access.delay_median_d.number, access.delay_p95_d.number)
    marks = uniforms(stream_key(seed, k, "cases.marks"), ids, MARKS)
    purpose = np.where(u[:, 8] < access.criminal_share.number, _CRIMINAL, _ORDER)
    # footage is asked for before it is clear whether there is a criminal case at all
    purpose = np.where((purpose == _CRIMINAL) & (marks[:, MARKS - 1] < access.pre_filing.number), _CHECK, purpose)
    return Cases(
        case_id=ids, purpose=purpose.astype(np.uint8),
        place=place, x=city.place_x[place], y=city.place_y[place], crime_from=crime_from, crime_to=crime_to,
        # nobody looks for footage from after the case was opened
        window_from=np.minimum(middle - half, opened - 1), window_to=np.minimum(middle + half, opened),
        opened=opened, asked=opened + (delay * DAY_TICKS).astype(np.int64), asks=u[:, 9] < access.p_asked.number,
        custodians=np.zeros(ids.size, dtype=np.int16), marks=marks,
    )


def _scene(city: City, scenario: Scenario, kind: NDArray[np.float64], which: NDArray[np.float64]) -> Ints:
    home = np.asarray(city.home_people, dtype=float)
    away = np.where(home > 0, 0.0, np.asarray(city.place_weight, dtype=float))
    share = scenario.access.home_scene_share.number if away.any() else 1.0
    at_home = kind < share
    return np.where(at_home, pick(home, which), pick(away, which) if away.any() else 0).astype(np.int64)


_YEAR_D = 365.25


@dataclass(frozen=True, slots=True)
class Emergencies:
    """Emergencies from −W to D, in the order of `begin`; CSR over the cameras around them."""

    emergency_id: Ints
    begin: Ints
    end: Ints
    start: Ints
    camera: Ints
    marks: Floats
    """(n, 4) uniform marks: 0 = police or emergency authority, the rest for governance."""

    def __len__(self) -> int:
        return int(self.emergency_id.size)


def sample_emergencies(
    city: City, scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range
) -> Emergencies:
    """Emergencies where people are, thinned from the highest rate."""
    rate = scenario.access.emergencies_per_year
    people = scenario.population.people.number / facts().value("population_guangzhou")
    ids, tick = roots(seed, k, "emergencies", rate.range[1] * people / _YEAR_D, days)
    u = uniforms(stream_key(seed, k, "emergencies"), ids, 7)
    kept = np.flatnonzero(u[:, 0] < rate.number / rate.range[1])
    ids, tick, u = ids[kept], tick[kept], u[kept]
    weight = np.asarray(city.place_weight, dtype=float)
    place = pick(weight, u[:, 1]) if ids.size and weight.sum() > 0 else np.zeros(ids.size, dtype=np.intp)
    length = (-np.log(u[:, 2]) * scenario.access.emergency_h.number * HOUR_TICKS).astype(np.int64)
    outdoors = np.flatnonzero(~cameras.indoor)
    near: list[NDArray[np.intp]] = []
    for one in place.tolist():
        apart = np.hypot(cameras.x[outdoors] - city.place_x[one], cameras.y[outdoors] - city.place_y[one])
        inside = np.flatnonzero(apart <= scenario.access.emergency_radius_m.number)
        near.append(np.sort(outdoors[inside]))
    sizes = np.array([one.size for one in near], dtype=np.int64)
    return Emergencies(
        ids, tick, tick + np.clip(length, HOUR_TICKS // 4, 2 * DAY_TICKS),
        np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes))),
        np.concatenate(near).astype(np.int64) if near else np.empty(0, np.int64), u[:, 3:7],
    )
