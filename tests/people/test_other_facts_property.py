"""What is kept between calls follows the facts in force: a world drawn after another one equals a world drawn alone."""

from __future__ import annotations

import numpy as np
import pytest

import privacysim as ps
from privacysim.facts import facts, facts_heard, facts_replaced
from privacysim.people import draw_block
from privacysim.people.habits import _purposes, purposes
from privacysim.people.population import _residents

SCENARIO = ps.load_scenario("guangzhou_district")


def drawn() -> dict[str, np.ndarray]:
    city = ps.build_city(SCENARIO)
    people = np.arange(300)
    block = draw_block(city, SCENARIO, 185, 0, people, np.ones(people.size), 0, 7)
    return {name: np.asarray(getattr(block, name)) for name in ("group", "work_place", "way_to", "walk_depart")}


def heard() -> list[str]:
    """Facts on which the kept tables depend."""
    city = ps.build_city(SCENARIO)
    with facts_heard() as names:
        purposes(city, SCENARIO.population)
        assert SCENARIO.population.group_shares
    return sorted(name for name in names if facts()[name].low < facts()[name].high)


@pytest.mark.parametrize("fact", heard())
def test_people_under_another_fact_are_those_of_a_fresh_process(fact):
    """Both orders: kept tables of the old fact must not serve the new one."""
    drawn()
    low = facts()[fact].low if facts()[fact].value > facts()[fact].low else facts()[fact].high
    with facts_replaced({fact: low}):
        after = drawn()
        _purposes.cache_clear()
        _residents.cache_clear()
        fresh = drawn()
    for name, values in fresh.items():
        assert np.array_equal(after[name], values), name
