"""Where people work, against the gravity law written out here from the city's own places (Wilson 1971)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from privacysim.city import build_city
from privacysim.people.habits import purposes
from privacysim.scenario import load_scenario


@pytest.fixture(scope="module")
def town():
    scenario = load_scenario("guangzhou_district")
    return build_city(scenario), scenario.population


def _log_odds(city, law):
    """ln(P(b|a) / P(c|a)) for all homes' zones a and pairs of destination zones, with the zones' jobs taken out."""
    chance = np.diff(law.zones.astype(np.float64), axis=1, prepend=0.0)
    zone = np.unique(np.asarray(city.place_zone)[law.place])
    jobs = np.bincount(np.asarray(city.place_zone), np.where(np.asarray(city.place_hub) >= 0, city.place_jobs, 0.0))
    return zone, chance, jobs[zone]


def test_chances_to_work_in_a_zone_are_the_singly_constrained_gravity_law(town):
    """P(b | a) = A_b exp(−d_ab/L) / Σ_c A_c exp(−d_ac/L), d the street distance between the zones' middles."""
    city, population = town
    zone, chance, jobs = _log_odds(city, purposes(city, population).work)
    middle = np.array([[np.mean(city.node_x[city.node_zone == z]), np.mean(city.node_y[city.node_zone == z])]
                       for z in range(int(city.node_zone.max()) + 1)]) / 1000.0  # fmt: skip
    km = cdist(middle, middle) * population.street_detour.number
    others = np.sort(cdist(middle, middle), axis=1)[:, 1]
    np.fill_diagonal(km, others / 2 * population.street_detour.number)
    weight = jobs * np.exp(-km[:, zone] / population.commute_decay_km.number)
    expected = weight / weight.sum(axis=1, keepdims=True)
    assert len(zone) > 10
    assert np.allclose(chance, expected, rtol=2e-3, atol=2e-7)


def test_a_farther_zone_with_the_same_jobs_is_never_likelier(town):
    city, population = town
    zone, chance, jobs = _log_odds(city, purposes(city, population).work)
    x = np.array([np.mean(city.node_x[city.node_zone == z]) for z in range(int(city.node_zone.max()) + 1)])
    y = np.array([np.mean(city.node_y[city.node_zone == z]) for z in range(int(city.node_zone.max()) + 1)])
    per_job = chance / jobs
    for home in range(0, len(per_job), 7):
        away = np.hypot(x[zone] - x[home], y[zone] - y[home])
        keep = zone != home
        order = np.argsort(away[keep])
        values = per_job[home][keep][order]
        assert (np.diff(values) <= 1e-4 * values[:-1] + 1e-9).all()
