"""Block of people: their tours, visible walks and stays, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim.city import City
from privacysim.errors import one_line
from privacysim.people.habits import CYCLE, EBIKE, WALK
from privacysim.scenario import Scenario


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

    person_id: NDArray[np.int64]
    group: NDArray[np.uint8]
    home_place: NDArray[np.int64]
    work_place: NDArray[np.int64]
    weight: NDArray[np.float64]
    tour_person: NDArray[np.int32]
    tour_place: NDArray[np.int64]
    tour_mode: NDArray[np.uint8]
    """0 walk, 1 cycle, 2 e-bike, 3 transit, 4 car."""
    tour_mask: NDArray[np.uint64]
    tour_key: NDArray[np.uint64]
    tour_jitter: NDArray[np.int16]
    walk_tour: NDArray[np.int32]
    walk_hub: NDArray[np.int32]
    walk_node: NDArray[np.int32]
    walk_reach_mm: NDArray[np.int64]
    walk_towards: NDArray[np.bool_]
    walk_back: NDArray[np.bool_]
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
        return tables.frame("people", {
            "replicate": replicate, "person_id": self.person_id, "group": self.group, "home_place": self.home_place,
            "work_place": self.work_place, "weight": self.weight,
        })


def summary(block: Block, city: City, scenario: Scenario) -> dict[str, float]:
    """Weighted means of a block: trips per person and day, mean commute (km along streets), mode shares, and more.

    `routes_per_person` counts directed routes (at most 12); `seen_km_per_day` is the distance per person and day on
    which a face can be seen.
    """
    weight, people = block.weight, float(block.weight.sum())
    made = np.bitwise_count(block.tour_mask).sum(axis=1) * weight[block.tour_person]
    at_work = block.work_place >= 0
    km = _street_km(city, scenario, block.home_place[at_work], block.work_place[at_work])
    walked = np.bitwise_count(block.tour_mask).sum(axis=1)[block.walk_tour] * weight[block.tour_person][block.walk_tour]
    routes = np.bincount(block.tour_person, minlength=weight.size) * 2.0

    def share(*modes: int) -> float:
        return float(made[np.isin(block.tour_mode, modes)].sum() / max(made.sum(), 1.0))

    return {
        "trips_per_day": float(2.0 * made.sum() / people / block.days),
        "mean_commute_km": float(np.average(km, weights=weight[at_work])) if at_work.any() else 0.0,
        "work_share": float(weight[at_work].sum() / people),
        "routes_per_person": float(np.average(routes, weights=weight)),
        "walk_cycle_share": share(WALK, CYCLE, EBIKE),
        "ebike_share": share(EBIKE),
        "seen_km_per_day": float((walked * block.walk_reach_mm).sum() / 1e6 / people / block.days),
    }


def _street_km(
    city: City, scenario: Scenario, a: NDArray[np.int64], b: NDArray[np.int64]
) -> NDArray[np.float64]:
    x, y = np.asarray(city.place_x, dtype=np.float64), np.asarray(city.place_y, dtype=np.float64)
    return np.hypot(x[a] - x[b], y[a] - y[b]) / 1000.0 * scenario.population.street_detour.number
