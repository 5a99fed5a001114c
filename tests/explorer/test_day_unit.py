"""A day of walks: people stay on streets, walk at their speed, and are in view exactly when the kernel says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from privacysim.city import build_city
from privacysim.explorer.day import _with_views, day_of_walks, walked
from privacysim.people import draw_block, draw_sample
from privacysim.scenario import load_scenario
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import passes, sightings
from privacysim.units import TICKS_PER_S
from privacysim.world import sample_world

DAY = 1


@pytest.fixture(scope="module")
def town():
    scenario = load_scenario("guangzhou_district")
    city = build_city(scenario)
    world = sample_world(city, scenario, 185, 0, days=2, footage_days=0, warmup_days=0)
    people = draw_sample(city, scenario, 185, 0, 60)
    return world, draw_block(city, scenario, 185, 0, people.ids, people.weight, 0, 2)


def test_a_walk_keeps_its_speed_and_its_length(town):
    world, block = town
    for walk in range(0, block.walk_tour.size, 7):
        ticks, x, y = walked(world.city, block, walk)
        if ticks.size < 2:
            continue
        along = np.hypot(np.diff(x), np.diff(y)).sum() * 1000
        assert along == pytest.approx((ticks[-1] - ticks[0]) * block.walk_mm_per_tick[walk], rel=1e-3, abs=5)
        assert along <= block.walk_reach_mm[walk] * 1.001 + 5


def test_somebody_is_in_view_just_when_the_sightings_say_so(town):
    # the sightings table is the oracle: made by the kernel, in seconds, day by day
    world, block = town
    moves = day_of_walks(world, block, DAY, most=60)
    view = coverage(world.city, world.cameras, np.arange(len(world.cameras)))
    seen = sightings(passes(block, world.city, view, 0, 2), block, view, 0)
    seen = seen[(seen.day == DAY)]
    walks = dict(list(moves.groupby("walk")))
    checked = 0
    for walk, rows in list(walks.items())[:120]:
        person = int(block.person_id[block.tour_person[block.walk_tour[walk]]])
        mine = seen[seen.person_id == person]
        middle = (rows.t_s.to_numpy()[:-1] + rows.t_s.to_numpy()[1:]) / 2 + DAY * 86_400.0
        enter, leave = (mine[name].to_numpy()[:, None] for name in ("enter_s", "leave_s"))
        inside = ((enter <= middle) & (middle < leave)).any(axis=0)
        wide = np.diff(rows.t_s.to_numpy()) > 2.5 / TICKS_PER_S  # a piece is cut to whole ticks
        assert (inside[wide] >= rows.seen.to_numpy()[:-1][wide]).all()
        checked += int(rows.seen.sum())
    assert checked > 20


def test_a_view_that_begins_within_a_walk_has_a_point_of_its_own():
    at, seen = _with_views(np.array([0.0, 10.0]), [(4.0, 6.0)])
    assert at.tolist() == [0.0, 4.0, 6.0, 10.0]
    assert seen.tolist() == [False, True, False, False]


def test_a_walk_of_no_length_is_no_walk_and_a_day_without_walks_is_an_empty_table(town):
    world, block = town
    whole = day_of_walks(world, block, DAY, most=10)
    first = int(whole["walk"].iloc[0])
    reach = block.walk_reach_mm.copy()
    reach[first] = 0
    block = replace(block, walk_reach_mm=reach)
    ticks, x, y = walked(world.city, block, first)
    assert (ticks.size, x.size, y.size) == (1, 1, 1), "who goes nowhere stands at one point"
    assert set(day_of_walks(world, block, DAY, most=10)["walk"]) == set(whole["walk"]) - {first}
    nobody = day_of_walks(world, block, DAY, most=0)
    assert nobody.empty
    assert list(nobody.columns) == ["walk", "t_s", "x_m", "y_m", "seen"]
