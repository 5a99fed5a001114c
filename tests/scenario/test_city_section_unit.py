"""What a scenario may say about a city and its people, and what it hears when it may not."""

from __future__ import annotations

from typing import Any

import pytest

from privacysim.errors import InputError
from privacysim.files import validate
from privacysim.scenario import Scenario, load_scenario


def _load(city: dict[str, Any], population: dict[str, Any] | None = None) -> Scenario:
    return validate(Scenario, {"id": "s", "title": "A test", "city": city, "population": population or {}}, "s.toml")


def _is(value: float) -> dict[str, Any]:
    return {"value": value, "assumption": "a test"}


@pytest.mark.parametrize(("city", "population", "says"), [
    ({"area_km2": _is(0.0)}, {}, "area_km2 above 0"),
    ({"street_nodes_per_km2": _is(-3.0)}, {}, "street_nodes_per_km2 above 0"),
    ({"places_per_1000": {"office": _is(-1.0)}}, {}, "office of at least 0"),
    ({"places_per_1000": {"ofice": _is(1.0)}}, {}, "write office"),
    ({"lane_missing_share": _is(1.5)}, {}, "a share between 0 and 1"),
    ({"node_perturbation": _is(0.7)}, {}, "below 0.5"),
    ({}, {"people": _is(0.0)}, "people of at least 1"),
    ({}, {"speed_walk_m_s": _is(0.0)}, "speed_walk_m_s above 0"),
    ({}, {"rank_gamma": _is(0.0)}, "rank_gamma above 0"),
    ({}, {"people": {"value": float("nan"), "assumption": "x"}}, "finite"),
    ({}, {"resident_share": _is(0.0), "migrant_share": _is(0.0), "student_share": _is(0.0), "older_share": _is(0.0)},
     "not all 0"),
    ({}, {"modes_under_1km": {"walk": _is(0.9), "cycle": _is(0.2), "ebike": _is(0.0), "transit": _is(0.0)}},
     "at most 1"),
])
def test_what_cannot_be_is_refused_in_three_lines(city: dict[str, Any], population: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        _load(city, population)
    assert len(str(caught.value).splitlines()) <= 3


def test_one_category_may_be_changed_and_the_others_keep_their_facts() -> None:
    city = _load({"places_per_1000": {"adult_shop": _is(0.5)}}).city
    assert city.places_per_1000.number("adult_shop") == 0.5
    assert city.places_per_1000.number("office") == load_scenario("guangzhou_185").city.places_per_1000.number("office")
    assert city.places_per_1000.number("road") == city.place_visits.number("factory") == 0.0


@pytest.mark.parametrize("name", ["guangzhou_185", "guangzhou_dense", "guangzhou_district"])
def test_shipped_scenarios_load_and_only_the_headline_is_calibrated(name: str) -> None:
    assert load_scenario(name).calibrated == (name == "guangzhou_185")


def test_the_district_has_the_whole_citys_density() -> None:
    whole, part = load_scenario("guangzhou_185"), load_scenario("guangzhou_district")
    density = whole.population.people.number / whole.city.area_km2.number
    assert part.population.people.number / part.city.area_km2.number == pytest.approx(density, rel=0.01)
    assert load_scenario("guangzhou_dense").cameras.per_1000.number == 480.0
