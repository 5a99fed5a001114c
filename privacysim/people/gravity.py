"""Gravity model of destinations: attraction against distance, from zone to zone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from privacysim.city import City
from privacysim.scenario.sections import PopulationSection
from privacysim.vocabulary import CATEGORIES

_SCHOOLS = ("university",), ("school", "kindergarten")
"""Places where students study; the second if the city has none of the first; without both, any place with jobs."""


@dataclass(frozen=True, slots=True, eq=False)
class Purpose:
    """Destinations for one purpose, as cumulative sums: first a zone given the home's zone, then a place within it.

    `zones[z, c]`: probability of a trip from zone z to one of the first c+1 destination zones (float32). The places of
    destination zone c are place[start[c]:start[c+1]] with cumulative weights `within` (0 … 1 in each zone).
    """

    zones: NDArray[np.float32]
    start: NDArray[np.int64]
    place: NDArray[np.int64]
    within: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Purposes:
    """Destinations for work, study and visits."""

    work: Purpose
    study: Purpose
    visit: Purpose


@lru_cache(maxsize=2)
def purposes(city: City, population: PopulationSection) -> Purposes:
    """Compute cumulative probabilities for each purpose (about 60 MB for Guangzhou, once per process).

    Work and study: P(zone b | home a) ∝ A_b · exp(−d/L), singly constrained (Wilson 1971, doi:10.1068/a030001), with A
    the jobs, d the street distance, and L = `commute_decay_km`. Visits: ∝ A_b · (d + r0)^−β · exp(−d/κ) / d, so that on
    a uniform plane the *length* of a trip has the density (d + r0)^−β · exp(−d/κ) of González, Hidalgo and Barabási
    2008 (doi:10.1038/nature06958).
    """
    km = _street_km(city, population)
    visited = np.asarray(city.place_hub) >= 0
    jobs = np.where(visited, city.place_jobs, 0.0)
    study = jobs
    for names in reversed(_SCHOOLS):
        at_school = np.isin(city.place_category, [CATEGORIES.index(name) for name in names])
        study = np.where(at_school, jobs, 0.0) if (at_school & (jobs > 0)).any() else study
    near = -km / np.float32(population.commute_decay_km.number)
    beta, r0, cut = (np.float32(number.number) for number in (
        population.visit_distance_exponent, population.visit_distance_offset_km, population.visit_distance_cutoff_km))
    lengths = -beta * np.log(km + r0) - km / cut - np.log(km)
    return Purposes(
        _purpose(city, jobs, near), _purpose(city, study, near),
        _purpose(city, np.where(visited, city.place_weight, 0.0), lengths),
    )


def _street_km(city: City, population: PopulationSection) -> NDArray[np.float32]:
    """Return street distances between zones in km; within a zone, half the distance to the nearest other one."""
    zones = int(city.node_zone.max()) + 1
    count = np.bincount(city.node_zone, minlength=zones)
    x = np.bincount(city.node_zone, city.node_x, zones) / count
    y = np.bincount(city.node_zone, city.node_y, zones) / count
    # float32 is precise enough for probabilities and halves the memory of 7 million pairs
    x, y = (x / 1000.0).astype(np.float32), (y / 1000.0).astype(np.float32)
    km = np.sqrt((x[:, None] - x[None, :]) ** 2 + (y[:, None] - y[None, :]) ** 2)
    if zones > 1:
        own = cKDTree(np.column_stack([x, y])).query(np.column_stack([x, y]), k=2)[0][:, 1] / 2.0
    else:
        own = np.asarray([max(float(np.ptp(city.node_x)), float(np.ptp(city.node_y)), 10.0) / 2000.0])
    np.fill_diagonal(km, own)
    return np.maximum(km, np.float32(0.01)) * np.float32(population.street_detour.number)


def _purpose(city: City, attraction: NDArray[np.float64], log_decay: NDArray[np.float32]) -> Purpose:
    place = np.flatnonzero(attraction > 0)
    place = place[np.argsort(city.place_zone[place], kind="stable")]
    if place.size == 0:
        nothing = np.empty(0, dtype=np.int64)
        return Purpose(np.empty((log_decay.shape[0], 0), dtype=np.float32), nothing, nothing, np.empty(0))
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
    return Purpose(zones.astype(np.float32), start, place.astype(np.int64), within)
