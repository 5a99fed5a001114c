"""The flow field of a village against everybody's ways written out one by one, street by street."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from privacysim.attacks import TripLaw, flow, flow_field
from privacysim.attacks import flow_kernel as kernel
from privacysim.city import build_city
from privacysim.errors import InputError
from privacysim.files import validate
from privacysim.people import residents
from privacysim.people.habits import TRANSIT, WALK, mm_per_tick, purposes
from privacysim.scenario import Scenario
from privacysim.sight.coverage import coverage
from privacysim.vocabulary import GROUPS
from privacysim.world.cameras import sample_cameras

STEPS, CLASSES, BACK_MM = 60, 3 * kernel.MODES * kernel.BANDS, 500_000


@pytest.fixture(scope="module", params=["stops near", "no stops, many hubs"])
def village(request):
    """A few hundred people; in the second village no stop is near enough, and most street corners are hubs."""
    town: dict[str, object] = {"area_km2": {"value": 1.5, "assumption": "few nodes"}}
    if request.param != "stops near":
        town |= {name: {"value": value, "assumption": "a test"} for name, value in (
            ("stop_distance_low_m", 8_000.0), ("stop_distance_high_m", 9_000.0), ("attraction_node_share", 1.0))}
    raw = {"id": "village", "title": "A test", "city": town,
           "population": {"people": {"value": 400, "assumption": "few homes"}}}  # fmt: skip
    scenario = validate(Scenario, raw, "test")
    city = build_city(scenario)
    cameras = sample_cameras(city, scenario, 185, 0)
    street = np.flatnonzero(~cameras.indoor)
    return city, scenario, cameras, street[:: max(1, street.size // 25)]


def law() -> TripLaw:
    """A law without meaning in which no two classes, steps or windows are alike: whoever mixes them up is found out."""
    draw = np.random.default_rng(3)
    on_way, at_home = draw.random((2, CLASSES, STEPS, 3))
    on_way[:, STEPS // 2 - 1] = on_way[:, STEPS // 2]  # the middle of a way of one street is either, by rounding
    return TripLaw(28_800.0, draw.random(CLASSES), on_way, at_home)


def chances(city, scenario):
    """(purpose, home's zone, place) → destinations held per person there: P(zone) · P(place in it) · places held."""
    population, where = scenario.population, purposes(city, scenario.population)
    share = residents(city, scenario).group_sizes() / city.people * np.asarray(population.work_shares)
    studies = float(share[GROUPS.index("student")])
    held = (float(share.sum()) - studies, studies, round(population.other_places.number))
    found = {}
    for q, purpose in enumerate((where.work, where.study, where.visit)):
        for b in range(purpose.start.size - 1):
            before = 0.0
            for i in range(int(purpose.start[b]), int(purpose.start[b + 1])):
                inside, before = float(purpose.within[i]) - before, float(purpose.within[i])
                for a in range(purpose.zones.shape[0]):
                    low = float(purpose.zones[a, b - 1]) if b else 0.0
                    found[q, a, int(purpose.place[i])] = held[q] * (float(purpose.zones[a, b]) - low) * inside
    return found


def listed(city, scenario, view):
    """Who comes by: (camera, class, step) on ways to a place, and (camera, purpose and band, minute) to the stop.

    Every way is a list of streets from networkx on the edges of the hub's tree; nothing is added up down the tree.
    """
    population = scenario.population
    minute_mm = float(mm_per_tick(population)[WALK]) * 600.0
    bands = [band.numbers for band in (population.modes_under_1km, population.modes_1_to_3km,
                                       population.modes_3_to_8km, population.modes_over_8km)]  # fmt: skip
    sees = defaultdict(list)  # street → (camera, first visible millimetre) by direction
    for way in range(view.piece_start.size - 1):
        for i in range(view.piece_start[way], view.piece_start[way + 1]):
            sees[way].append((int(view.piece_camera[i]), int(view.piece_from[i])))
    share = chances(city, scenario)
    on_way, at_home = defaultdict(float), defaultdict(float)
    for hub in range(city.trees.shape[0]):
        tree, parent = nx.Graph(), {}
        for v in range(city.node_x.size):
            if (hop := int(city.trees[hub, v])) != 255:
                p = int(city.adj_start[v]) + hop
                parent[v] = int(city.adj_node[p])
                tree.add_edge(v, parent[v], number=int(city.adj_edge[p]))
        ways = dict(nx.all_pairs_shortest_path(tree))
        stops = [int(node) for node in city.stop_node[hub] if node >= 0]
        riders = defaultdict(float)
        for place in np.flatnonzero(city.place_hub == hub).tolist():
            goal, mass, length = int(city.place_node[place]), defaultdict(float), defaultdict(float)
            for home in range(city.homes):
                far = np.hypot(float(city.place_x[home]) - float(city.place_x[place]),
                               float(city.place_y[home]) - float(city.place_y[place]))  # fmt: skip
                band = sum(far * population.street_detour.number >= edge for edge in (1_000.0, 3_000.0, 8_000.0))
                node = int(city.place_node[home])
                near = min(stops, key=lambda s, n=node: (city.node_x[s] - city.node_x[n]) ** 2
                           + (city.node_y[s] - city.node_y[n]) ** 2) if stops else None  # fmt: skip
                for q in range(3):
                    people = float(city.home_people[home]) * share.get((q, int(city.place_zone[home]), place), 0.0)
                    for mode in range(kernel.MODES):
                        going = people * bands[band][mode]
                        if mode == TRANSIT:
                            riders[node, q * kernel.BANDS + band] += going
                        begin = near if mode == TRANSIT else node
                        if begin is None or going == 0.0:
                            continue
                        path = ways[begin][goal]
                        whole = sum(int(city.edge_mm[tree.edges[leg]["number"]]) for leg in pairwise(path))
                        for at in path[:-1]:
                            mass[at, (q * kernel.MODES + mode) * kernel.BANDS + band] += going
                            length[at, (q * kernel.MODES + mode) * kernel.BANDS + band] += going * whole
            for (at, kind), going in mass.items():
                path = ways[at][goal]
                streets = [tree.edges[leg]["number"] for leg in pairwise(path)]
                left = [sum(int(city.edge_mm[s]) for s in streets[n:]) for n in range(len(streets) + 1)]
                watched = [{camera for way in (2 * s, 2 * s + 1) for camera, _ in sees[way]} for s in streets]
                for camera in watched[0] if watched else ():
                    if any(camera in watched[n] and left[0] - left[n] < BACK_MM for n in range(1, len(streets))):
                        continue  # she comes into this view once more, and is counted there
                    middle = (left[0] + left[1]) / 2.0
                    step = middle / minute_mm if kind // kernel.BANDS % kernel.MODES == TRANSIT else (
                        middle / (length[at, kind] / going) * STEPS)
                    on_way[camera, kind, min(int(step), STEPS - 1)] += going
        for (node, kind), going in riders.items():
            gone, first = 0, {}
            while node in parent:
                street = tree.edges[node, parent[node]]["number"]
                for camera, begin in sees[2 * street + (city.edge_u[street] != node)]:
                    first[camera] = min(first.get(camera, 1 << 60), gone + begin)
                gone, node = gone + int(city.edge_mm[street]), parent[node]
            for camera, begin in first.items():
                if begin < round(population.walk_to_stop_m.number * 1000):
                    at_home[camera, kind, min(int(begin / minute_mm), STEPS - 1)] += going
    return on_way, at_home


def test_expected_people_of_a_village_are_those_of_all_ways_listed(village):
    city, scenario, cameras, which = village
    view, given = coverage(city, cameras, which, entrances=False), law()
    on_way, at_home = listed(city, scenario, view)
    expected = np.zeros((which.size, 3))
    for (camera, kind, step), people in on_way.items():
        expected[camera] += people * given.tours[kind] * given.on_way[kind, step]
    for (camera, trip, minute), people in at_home.items():
        q, band = divmod(trip, kernel.BANDS)
        kind = (q * kernel.MODES + TRANSIT) * kernel.BANDS + band
        expected[camera] += people * given.tours[kind] * given.at_home[kind, minute]
    found = flow_field(city, scenario, cameras, which, given)["people"].to_numpy().reshape(-1, 3)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    # what the claim rests on: ways of every purpose and mode come by
    seen = {(kind // 16, kind // 4 % 4) for _, kind, _ in on_way}
    rides = (city.stop_node >= 0).any()
    assert seen == {(q, mode) for q in range(3) for mode in range(kernel.MODES) if rides or mode != TRANSIT}
    assert at_home, "whoever rides is seen on the way to the stop, whichever that is"
    assert (expected > 0).any(axis=1).sum() > 3


def test_cameras_that_would_fill_the_memory_are_refused(village, monkeypatch):
    city, scenario, cameras, which = village
    monkeypatch.setattr(flow, "_MOST_BYTES", 1 << 10)
    with pytest.raises(InputError) as error:
        flow_field(city, scenario, cameras, which, law())
    assert str(error.value).splitlines() == [
        "flow_field, which: expected fewer cameras (at most 0 GiB of counts).", f"  Got: {which.size}",
        "  Fix: take some of them at a time: views add up.",
    ]  # fmt: skip
