"""A month of walks past cameras: what an edge shows, by hand; the kernel and the agents, sighting by sighting."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from privacysim.bench import speed_cases as comparing
from privacysim.bench import walkers
from privacysim.bench.speed_cases import Ceilings, Row, Skipped
from privacysim.errors import ResultsError

CEILINGS = Ceilings(40e9, 119e6)


@pytest.fixture(scope="module")
def place():
    """Two hundred neighbours of the district, every third of its cameras looked at."""
    return walkers.town.__wrapped__(200, "guangzhou_district", 3)


class Mesa:
    """What is used of Mesa, as it documents it, where it is not installed: agents join their model and may leave it."""

    class Model:
        def __init__(self):
            self.agents = Mesa.AgentSet()

    class Agent:
        def __init__(self, model):
            self.model = model
            model.agents.append(self)

        def remove(self):
            self.model.agents.remove(self)

    class AgentSet(list):
        def shuffle_do(self, name):
            for agent in reversed(list(self)):
                getattr(agent, name)()


@pytest.fixture
def mesa(monkeypatch):
    if find_spec("mesa") is None:
        monkeypatch.setitem(sys.modules, "mesa", Mesa)


def test_an_edge_shows_the_pieces_that_it_is_walked_past_for_a_tick_at_least():
    # ten millimetres a tick, one directed edge of a metre; cameras 7, 8, 9 and 5 see pieces of it
    view = SimpleNamespace(piece_start=[0, 4], piece_camera=[7, 8, 9, 5], piece_from=[100, 250, 290, 600],
                           piece_to=[200, 400, 294, 900])  # fmt: skip
    place = SimpleNamespace(view=view, block=SimpleNamespace(walk_mm_per_tick=np.array([10.0])))
    seen: list[tuple[int, int]] = []
    # from 150 to 500 mm: 7 for 5 ticks, 8 whole; 9 begins and ends within the same tick; 5 is never reached
    walkers.seen_on(place, 0, (0, 150, 500, 0), seen)
    assert seen == [(0, 7), (0, 8)]
    seen.clear()
    # the same piece of 4 mm, reached 3 mm later in the walk, falls across a tick: 14.3 and 14.7 round apart
    walkers.seen_on(place, 0, (0, 150, 500, 3), seen)
    assert seen == [(0, 7), (0, 8), (0, 9)]
    seen.clear()
    walkers.seen_on(place, 0, (0, 200, 250, 0), seen)
    assert seen == [], "a piece that ends where the walk begins is not seen"


def test_a_walk_follows_the_tree_edge_by_edge_and_is_as_long_as_its_reach(place):
    city, block = place.city, place.block
    lengths = []
    for walk in range(0, block.walk_hub.size, 7):
        route = walkers.walk_edges(place, walk)
        walked = [high - low for _, low, high, _ in route]
        assert [before for _, _, _, before in route] == [sum(walked[:n]) for n in range(len(walked))]
        ends = [(city.edge_u[way // 2], city.edge_v[way // 2])[:: 1 if way % 2 == 0 else -1] for way, *_ in route]
        assert all(a[1] == b[0] for a, b in pairwise(ends)), "each edge begins where one ended"
        if route:
            first_or_last = ends[0][0] if block.walk_towards[walk] else ends[-1][1]
            assert first_or_last == block.walk_node[walk], "towards the hub from its node, or from the hub to it"
        lengths.append((sum(walked), int(block.walk_reach_mm[walk])))
    assert all(walked <= reach for walked, reach in lengths)
    assert np.mean([walked == reach for walked, reach in lengths]) > 0.5, "shorter only where the hub is reached"


def test_the_kernel_and_both_kinds_of_agents_see_the_same_month(place, mesa):
    lives, walks = walkers.months(place, 60)
    assert len(lives) == 60
    assert all(month == sorted(month, key=lambda one: one[0]) for month in lives), "in the order of time"
    often = np.bitwise_count(place.block.tour_mask).sum(axis=1)[place.block.walk_tour[:walks]]
    assert sum(len(month) for month in lives) == often.sum(), "each walk on each of its tour's days"
    by_process, by_agent = walkers.with_simpy(place, lives), walkers.with_mesa(place, lives)
    assert len(by_process) > 500
    assert sorted(by_process) == sorted(by_agent), "the same sightings, one by one, whoever goes first"
    assert walkers.with_kernel(place, walks) == len(by_process)


def test_the_steps_of_everybody_are_told_from_every_fiftieth_walk(place):
    often = np.bitwise_count(place.block.tour_mask).sum(axis=1)[place.block.walk_tour]
    each = np.array([len(walkers.walk_edges(place, walk)) for walk in range(often.size)]) * often
    sample = each[::50]
    error = each.size * sample.std(ddof=1) / np.sqrt(sample.size)
    assert abs(walkers.steps_of(place) - each.sum()) < 3 * error < each.sum()


def known_times(monkeypatch, *times: float):
    """The work is done, once, and took the times that are handed over, in their order."""
    left = list(times)
    monkeypatch.setattr(comparing, "seconds", lambda work, repeats=3: (left.pop(0), work()))


def test_rates_of_walking_are_edges_over_the_times_taken(monkeypatch, place, mesa):
    monkeypatch.setattr(comparing.walkers, "town", lambda: place)
    monkeypatch.setattr(comparing, "find_spec", lambda name: True)
    known_times(monkeypatch, 0.5, 20.0, 40.0)
    lives, _ = walkers.months(place, 30)
    steps = sum(len(route) for month in lives for _, _, route in month)
    simpy, mesa_row = comparing.agents(CEILINGS, True)
    assert simpy.rate == mesa_row.rate == walkers.steps_of(place) / 0.5
    assert (simpy.reference_rate, mesa_row.reference_rate) == (steps / 20.0, steps / 40.0)
    assert mesa_row.ratio == pytest.approx(2 * simpy.ratio)
    assert (simpy.target, mesa_row.target) == (150.0, 60.0)


def test_without_mesa_the_comparison_is_left_out_and_named(monkeypatch, place):
    monkeypatch.setattr(comparing.walkers, "town", lambda: place)
    monkeypatch.setattr(comparing, "find_spec", lambda name: None)
    found = list(comparing.agents(CEILINGS, True))
    assert [type(one) for one in found] == [Row, Skipped]
    assert found[1] == Skipped("agents_mesa", "mesa")


def test_agents_that_miss_a_sighting_are_no_reference(monkeypatch, place):
    monkeypatch.setattr(comparing.walkers, "town", lambda: place)
    whole = walkers.with_simpy
    monkeypatch.setattr(comparing.walkers, "with_simpy", lambda place, lives: whole(place, lives)[1:])
    with pytest.raises(ResultsError) as error:
        list(comparing.agents(CEILINGS, True))
    first, fix = str(error.value).splitlines()
    assert first.startswith("bench agents_simpy: the two sides do not give the same (")
    assert fix == "  Fix: none here; an error of privacysim or of the peer, please report it."
