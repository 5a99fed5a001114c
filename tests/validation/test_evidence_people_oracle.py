"""Rows about people in the register of validation, against simulations and bounds written here."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.city import build_city
from privacysim.facts import facts
from privacysim.people import commutes, draw_block, draw_sample
from privacysim.scenario import load_scenario
from privacysim.validation import evidence as rows


@pytest.fixture(scope="module")
def town():
    case = load_scenario("guangzhou_district")
    city = build_city(case)
    drawn = draw_sample(city, case, 185, 0, 400)
    return case, city, drawn, draw_block(city, case, 185, 0, drawn.ids, drawn.weight, 0, 30)


@pytest.mark.parametrize("trips", [20, 74])
def test_places_explored_are_those_of_walkers_who_explore_and_return(trips):
    # Song et al. 2010: a trip finds a new place with ρ S^−γ, else it goes to a known one
    rng = np.random.Generator(np.random.Philox(trips))
    known = np.ones(20_000)
    for _ in range(trips):
        known += rng.random(known.size) < facts().value("epr_rho") * known ** -facts().value("epr_gamma")
    assert rows.explored(trips) == pytest.approx(known.mean(), rel=0.02)


def test_a_way_to_work_takes_at_least_as_long_as_the_straight_line_at_the_highest_speed(town):
    case, city, drawn, block = town
    person, minutes = commutes(city, case, 185, 0, drawn.ids)
    home, work = block.home_place[person], block.work_place[person]
    assert (work >= 0).all()
    assert set(np.flatnonzero(block.work_place >= 0)) == set(person)
    x, y = city.place_x.astype(float), city.place_y.astype(float)
    metres = np.hypot(x[home] - x[work], y[home] - y[work])
    # 108 km/h between street corners; a door stands up to some hundred metres from its corner
    assert (minutes * 60.0 >= (metres - 500.0) / 30.0).all()
    walking = minutes[metres > 500.0]
    assert np.corrcoef(walking, metres[metres > 500.0])[0, 1] > 0.3


def test_whoever_walks_to_work_arrives_a_commute_after_she_left(town):
    case, city, drawn, block = town
    person, minutes = commutes(city, case, 185, 0, drawn.ids)
    of = dict(zip(person.tolist(), minutes.tolist(), strict=True))
    checked = 0
    for tour in np.flatnonzero((block.tour_mode == 0) & (block.tour_place == block.work_place[block.tour_person])):
        legs = np.flatnonzero((block.walk_tour == tour) & ~block.walk_back)
        if not legs.size:  # she works at the corner where she lives
            continue
        taken = block.stay_arrive[block.stay_tour == tour][0] - block.walk_depart[legs].min()
        assert taken / 600.0 == pytest.approx(of[int(block.tour_person[tour])], abs=0.01)
        checked += 1
    assert checked > 5


def test_distinct_places_and_unicity_of_a_month_equal_a_count_by_hand(town):
    _, city, _, block = town
    places = [1 + len({int(p) for p, t in zip(block.tour_place[mine], block.tour_mask[mine], strict=True) if t.any()})
              for i in range(block.weight.size) for mine in [block.tour_person == i]]  # fmt: skip
    assert rows._places(block) == pytest.approx(np.average(places, weights=block.weight))
    # four hundred people in a district: more than half are singled out, and never everybody
    assert 0.5 < rows._unicity(city, block, 185) <= 1.0
