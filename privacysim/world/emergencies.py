"""Emergencies in which an organ wants to see a neighbourhood at once: a fire, a flood, a crowd that gets out of hand.

Each has a place, an hour and a length; the cameras outdoors around it are what could be taken over for a time
(Guangzhou's order of 2007) or asked for (Order 799 art. 20, Emergency Response Law arts. 84, 85).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacysim.city.model import City
from privacysim.draws import stream_key, uniforms
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.world.cameras import Cameras
from privacysim.world.chances import Floats, Ints
from privacysim.world.laws import pick, roots

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
