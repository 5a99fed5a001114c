"""Rows of the register about days, ways and places, against simulations, bounds and counts written here."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from privacysim.city import build_city
from privacysim.facts import facts
from privacysim.people import commutes, draw_block, draw_sample, summary, trips
from privacysim.scenario import load_scenario
from privacysim.validation import observed_days as rows
from privacysim.validation.register import read_register
from privacysim.vocabulary import GROUPS
from privacysim.world.world_model import sample_world


@pytest.fixture(scope="module")
def town():
    case = load_scenario("guangzhou_district")
    city = build_city(case)
    drawn = draw_sample(city, case, 185, 0, 400)
    return case, city, drawn, draw_block(city, case, 185, 0, drawn.ids, drawn.weight, 0, 30)


@pytest.mark.parametrize(("end", "found_per_trip"), [("low", 0.5), ("high", 1.0)])
def test_the_band_of_places_a_month_is_that_of_walkers_who_explore_and_return(end, found_per_trip):
    # Song et al. 2010: a trip finds a new place with ρ S^−γ, else it goes to a known one; a way home finds nothing
    row = next(row for row in read_register() if row.id == "places_per_month")
    trips = round(30 * facts().value("trips_per_person_day") * found_per_trip)
    rng = np.random.Generator(np.random.Philox(trips))
    known = np.ones(20_000)
    for _ in range(trips):
        known += rng.random(known.size) < facts().value("epr_rho") * known ** -facts().value("epr_gamma")
    assert getattr(row, end) == pytest.approx(known.mean(), rel=0.02)


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
    person_of = block.tour_person[block.way_tour]
    to_work = (block.way_to == block.work_place[person_of]) & (block.way_from == block.home_place[person_of])
    for way in np.flatnonzero((block.way_mode == 0) & to_work & block.tour_for_work[block.way_tour]):
        legs = block.walk_way == way
        if not legs.any():  # she works at the corner where she lives
            continue
        taken = (block.walk_reach_mm[legs] / block.walk_mm_per_tick[legs]).sum()
        assert taken / 600.0 == pytest.approx(of[int(person_of[way])], abs=0.01)
        checked += 1
    assert checked > 5


def test_distinct_places_and_unicity_of_a_month_equal_a_count_by_hand(town):
    _, city, _, block = town
    places = [1 + len(set(block.stay_place[block.tour_person[block.stay_tour] == i].tolist()))
              for i in range(block.weight.size)]  # fmt: skip
    found = rows._places(block, city, 185)
    assert found["places_per_month"] == pytest.approx(np.average(places, weights=block.weight))
    # four hundred people in a district: more than half are singled out, and never everybody
    assert 0.5 < found["unicity_4_points_km_hour"] <= 1.0


def test_trips_are_counted_person_by_person_and_day_by_day(town):
    case, city, _, block = town
    made = trips(block)
    out = {(int(p), int(d)) for p, d in zip(made["person"], made["day"], strict=True)}
    at_home = [sum((i, d) not in out for d in range(30)) / 30 for i in range(block.weight.size)]
    said = rows._travellers(block, made)
    assert said["immobile_day_share"] == pytest.approx(np.average(at_home, weights=block.weight))
    older = block.group == GROUPS.index("older")
    assert said["older_travellers_share"] == pytest.approx(
        1.0 - np.average(np.array(at_home)[older], weights=block.weight[older]))
    # each round has one trip home, and some lead to more than one place
    assert 0.4 < (made["purpose"] == "home").mean() < 0.5
    per_day = summary(block, city, case)["trips_per_day"]
    assert block.weight[made["person"]].sum() / block.weight.sum() / 30 == pytest.approx(per_day)


def test_the_share_of_peak_trips_that_serve_work_is_counted_by_hand(town):
    *_, block = town
    made = trips(block)
    peak = made[(made["day"] % 7 < 5) & made["begin_h"].between(16, 19, inclusive="left")]
    weight = block.weight[peak["person"]]
    said = rows._purposes(block, made)["evening_peak_mandatory_share"]
    assert said == pytest.approx(weight[peak["for_work"]].sum() / weight.sum())


@pytest.mark.parametrize("places", [2, 5])
def test_the_next_place_of_somebody_who_chooses_at_random_is_foreseen_with_one_over_n(places):
    rng = np.random.Generator(np.random.Philox(places))
    found = rows.limit(rng.integers(0, places, 3_000).tolist())
    assert found == pytest.approx(1 / places, abs=0.2)  # Fano's curve is flat there


def test_a_camera_counts_where_it_stands_near_a_street_and_faces_it(town):
    case, city, *_ = town
    x = (city.node_x[city.edge_u[0]] + city.node_x[city.edge_v[0]]) / 2
    y = (city.node_y[city.edge_u[0]] + city.node_y[city.edge_v[0]]) / 2
    along = np.array([city.node_x[city.edge_v[0]] - city.node_x[city.edge_u[0]],
                      city.node_y[city.edge_v[0]] - city.node_y[city.edge_u[0]]], dtype=float)  # fmt: skip
    across = np.array([along[1], -along[0]]) / np.hypot(*along)
    eye = np.array([x, y]) + 5.0 * across
    towards = np.degrees(np.arctan2(-across[0], -across[1])) % 360.0
    own = pd.DataFrame({"x_m": [eye[0]] * 2, "y_m": [eye[1]] * 2, "heading_deg": [towards, (towards + 180.0) % 360.0],
                        "hfov_deg": [60.0] * 2, "operator": ["commercial"] * 2})  # fmt: skip
    world = sample_world(city, case, 185, 0, days=1, footage_days=1, warmup_days=1, cameras=own)
    km = np.asarray(city.edge_mm, dtype=float).sum() / 1e6
    outdoor = ~world.cameras.indoor[:2]
    assert outdoor.all()
    assert rows.street_cameras(world)["cameras_per_street_km"] * km == pytest.approx(1.0)
