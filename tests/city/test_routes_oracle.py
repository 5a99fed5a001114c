"""Routes against networkx: the same integer millimetres, the same tie-break, node by node."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from privacysim.city import City, build_city
from privacysim.city.tree_kernel import edge_keys
from privacysim.files import validate
from privacysim.scenario import Scenario, load_scenario


def _scenario(**city: object) -> Scenario:
    people = {"value": 100000, "assumption": "a test"}
    raw = {"id": "routes", "title": "A test", "city": city, "population": {"people": people}}
    return validate(Scenario, raw, "test")


@pytest.fixture(scope="module")
def town() -> City:
    return build_city(_scenario(area_km2={"value": 100.0, "assumption": "about 3 000 nodes"}))


def _graph(city: City) -> nx.Graph:
    graph = nx.Graph()
    keys = edge_keys(np.asarray(city.edge_mm))
    # Python integers: networkx adds them up exactly
    graph.add_weighted_edges_from(zip(city.edge_u.tolist(), city.edge_v.tolist(), keys.tolist(), strict=True))
    return graph


def _walk(city: City, hub: int, node: int) -> list[int]:
    way = [node]
    while (hop := int(city.trees[hub, way[-1]])) != 255:
        way.append(int(city.adj_node[city.adj_start[way[-1]] + hop]))
    return way


def _compare(city: City, hubs: int, nodes: int) -> int:
    graph, draw = _graph(city), np.random.default_rng(185)
    pairs = 0
    for hub in draw.choice(city.hub_node.size, hubs, replace=False).tolist():
        root = int(city.hub_node[hub])
        ways = nx.single_source_dijkstra_path(graph, root)
        for node in draw.integers(0, city.node_x.size, nodes).tolist():
            assert _walk(city, hub, node) == ways[node][::-1], (hub, node)
            pairs += 1
    return pairs


def test_a_thousand_random_routes_of_a_synthetic_town_equal_networkx(town: City) -> None:
    assert town.node_x.size > 2500
    assert _compare(town, hubs=50, nodes=20) == 1000


def test_routes_of_a_village_built_anew_equal_networkx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path))
    village = build_city(_scenario(area_km2={"value": 3.0, "assumption": "about a hundred nodes"}))
    assert _compare(village, min(8, village.hub_node.size), 20) >= 20


@pytest.mark.data
def test_a_thousand_random_routes_of_helsinki_equal_networkx(data_folder: Path) -> None:
    # a map has segments of centimetres beside segments of hundreds of metres: buckets are corrected there
    city = build_city(_scenario(kind="osm", osm=str(data_folder / "helsinki.osm.pbf")))
    assert _compare(city, hubs=50, nodes=20) == 1000


@pytest.mark.slow
def test_random_routes_of_the_whole_city_equal_networkx() -> None:
    assert _compare(build_city(load_scenario("guangzhou_185"), workers=2), hubs=20, nodes=50) == 1000


def test_equal_lengths_are_decided_by_the_tie_break_and_nothing_else() -> None:
    """On a plan without perturbation, all edges between two lines have nearly one length: ties are everywhere."""
    none = {"value": 0.0, "assumption": "a regular plan"}
    even = {"value": 1.0, "assumption": "equal spacing"}
    city = build_city(_scenario(
        area_km2={"value": 3.0, "assumption": "few enough to list all shortest ways"}, node_perturbation=none,
        lane_missing_share=none, street_missing_share=none, centre_spacing_share=even,
    ))
    graph = _graph(city)
    lengths = nx.Graph()
    lengths.add_weighted_edges_from(zip(city.edge_u.tolist(), city.edge_v.tolist(), city.edge_mm.tolist(), strict=True))
    assert len(set(city.edge_mm.tolist())) < city.edge_mm.size / 2
    root = int(city.hub_node[0])
    several = 0
    for node in range(city.node_x.size):
        shortest = list(nx.all_shortest_paths(lengths, root, node, weight="weight")) if node != root else [[root]]
        several += len(shortest) > 1
        way = _walk(city, 0, node)[::-1]
        assert way in shortest
        cost = [sum(graph[a][b]["weight"] for a, b in pairwise(path)) for path in shortest]
        assert sum(graph[a][b]["weight"] for a, b in pairwise(way)) == min(cost)
    assert several > 10


def test_stops_lie_within_the_wanted_distance_of_their_hub(town: City) -> None:
    graph = nx.Graph()
    graph.add_weighted_edges_from(zip(town.edge_u.tolist(), town.edge_v.tolist(), town.edge_mm.tolist(), strict=True))
    for hub in range(0, town.hub_node.size, 30):
        mm = nx.single_source_dijkstra_path_length(graph, int(town.hub_node[hub]), cutoff=600_000)
        stops = [int(node) for node in town.stop_node[hub] if node >= 0]
        # the tie-break chooses among the shortest, so the tree's distance is the shortest distance
        assert all(200_000 <= mm[node] <= 500_000 for node in stops)
        assert len(set(stops)) == len(stops)
