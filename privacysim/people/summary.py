"""What a block comes to: trips, commute, ways to travel. Printed beside the facts that it should meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from privacysim.city import City
from privacysim.people.block import Block
from privacysim.people.habits import CYCLE, EBIKE, WALK
from privacysim.scenario import Scenario


def summary(block: Block, city: City, scenario: Scenario) -> dict[str, float]:
    """Weighted means of a block: trips per person and day, mean commute (km along streets), shares by way, and more.

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
