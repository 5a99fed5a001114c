"""The sample is nested, systematic and adds up."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from privacysim.city import City, build_city
from privacysim.errors import InputError
from privacysim.people import draw_sample, residents
from privacysim.people.population import _seats, _spread
from privacysim.scenario import Scenario, load_scenario


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("guangzhou_district")


@pytest.fixture(scope="module")
def city(scenario: Scenario) -> City:
    return build_city(scenario)


def test_samples_are_nested(city: City, scenario: Scenario) -> None:
    sizes = [1, 50, 499, 500, 501, 2000, 7999, 8000, 30000, 99_999]
    samples = [draw_sample(city, scenario, 185, 0, size) for size in sizes]
    for small, large in pairwise(samples):
        assert np.isin(small.ids, large.ids, assume_unique=True).all()
    assert np.isin(samples[-1].ids, draw_sample(city, scenario, 185, 0, "all").ids).all()


def test_seats_never_go_back_as_the_sample_grows() -> None:
    people = np.array([7854, 7480, 1496, 1870])
    before = np.zeros(4, dtype=np.int64)
    for size in range(1, 4000):
        seats = _seats(size, people)
        assert seats.sum() == size
        assert (seats >= before).all()
        before = seats


@pytest.mark.parametrize("size", [1, 40, 2000, 50_000, "all"])
def test_weights_of_a_group_add_up_to_its_members(city: City, scenario: Scenario, size: int) -> None:
    drawn = draw_sample(city, scenario, 185, 3, size)
    everybody = residents(city, scenario)
    group = everybody.locate(drawn.ids)[1]
    total = np.bincount(group, drawn.weight, minlength=4)
    present = np.bincount(group, minlength=4) > 0
    assert np.allclose(total[present], everybody.group_sizes()[present])
    assert (np.diff(drawn.ids) > 0).all()


def test_a_small_group_is_topped_up_and_weighs_less(city: City, scenario: Scenario) -> None:
    """Of 2 000, students (8 %) would be 160: they get min(1000, 2000/8) = 250, on top."""
    drawn = draw_sample(city, scenario, 185, 0, 2000)
    group = residents(city, scenario).locate(drawn.ids)[1]
    count = np.bincount(group, minlength=4)
    assert count[2] == count[3] == 250
    assert abs(count[0] - 840) <= 2
    assert drawn.weight[group == 2].max() < drawn.weight[group == 0].min()


def test_a_sample_is_spread_over_the_zones_better_than_chance(city: City, scenario: Scenario) -> None:
    """Of a systematic sample each zone holds its share within a few people; of a random one within √n."""
    drawn = draw_sample(city, scenario, 185, 0, 8000)
    everybody = residents(city, scenario)
    zone_of_home = np.asarray(city.place_zone)
    zones = int(zone_of_home.max()) + 1
    people = np.bincount(zone_of_home[:city.homes], city.home_people[:city.homes], zones)
    sample_people = np.bincount(zone_of_home[everybody.locate(drawn.ids)[0]], drawn.weight, zones)
    # bit-reversed points have a discrepancy of at most log2(n)/n; four groups, each weighing about 12.5
    assert np.abs(sample_people - people).max() < 4 * 12.5 * np.log2(8000)


def test_members_are_taken_once_and_all_in_the_end() -> None:
    for there, start in ((1, 0.3), (2, 0.99), (1000, 0.0), (1025, 0.7)):
        taken = _spread(there, there, start)
        assert np.array_equal(np.sort(taken), np.arange(there))
        assert np.array_equal(_spread(there, there // 2, start), taken[: there // 2])


def test_another_replicate_is_another_sample_of_the_same_people(city: City, scenario: Scenario) -> None:
    one, other = (draw_sample(city, scenario, 185, k, 2000) for k in (0, 1))
    assert one.ids.size == other.ids.size
    assert np.isin(one.ids, other.ids).mean() < 0.2
    again = draw_sample(city, scenario, 185, 0, 2000)
    assert np.array_equal(one.ids, again.ids)


def test_groups_have_their_shares_and_numbers_are_checked(city: City, scenario: Scenario) -> None:
    everybody = residents(city, scenario)
    assert everybody.size == 100_000
    # the rounding of 220 homes: a standard deviation below half a person each
    assert np.abs(everybody.group_sizes() - 100_000 * np.array([0.42, 0.40, 0.08, 0.10])).max() < 4 * 0.5 * 220**0.5
    with pytest.raises(InputError, match="99999"):
        everybody.locate(np.array([100_000]))
    with pytest.raises(InputError, match="at least 1"):
        draw_sample(city, scenario, 185, 0, 0)
