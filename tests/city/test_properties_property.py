"""What every city keeps, whatever its numbers."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from privacysim.city import City, build_city, city_digest
from privacysim.city import build as build_room
from privacysim.city.places import apportion
from privacysim.errors import ResultsError
from privacysim.files import validate
from privacysim.scenario import Scenario, load_scenario
from privacysim.vocabulary import CATEGORIES, REGIMES, SCENES, SECRETS, SENSITIVE


def _scenario(people: float = 3000, area: float = 3.0, seed: int = 1, **more: object) -> Scenario:
    city = {"seed": seed, "area_km2": {"value": area, "assumption": "a test"}, **more}
    return validate(Scenario, {
        "id": "properties", "title": "A test", "city": city,
        "population": {"people": {"value": people, "assumption": "a test"}},
    }, "test")


@pytest.fixture(scope="module")
def district() -> City:
    return build_city(load_scenario("guangzhou_district"))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path / "cache"))
    build_room._open.cache_clear()
    return tmp_path / "cache"


def _bytes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.blake2b(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def _kept(cache: Path) -> list[Path]:
    return sorted((cache / "city").iterdir())


def test_residents_of_home_places_add_up_to_the_population(district: City) -> None:
    assert district.home_people.dtype == np.int64
    assert int(district.home_people.sum()) == district.people == 100_000
    assert (district.home_people[:district.homes] > 0).all()
    assert not district.home_people[district.homes:].any()


def test_homes_come_first_in_the_order_of_zones(district: City) -> None:
    compound = CATEGORIES.index("housing_compound")
    assert (district.place_category[:district.homes] == compound).all()
    assert not (district.place_category[district.homes:] == compound).any()
    assert (np.diff(district.place_zone[:district.homes]) >= 0).all()


def test_every_place_stands_beside_a_street_of_its_own_node(district: City) -> None:
    """Within 6 m of one of the node's segments and no more than 80 m along it (the facts entrance_…)."""
    for place in range(0, district.place_node.size, 7):
        node = int(district.place_node[place])
        here = np.array([district.node_x[node], district.node_y[node]])
        away = np.array([district.place_x[place], district.place_y[place]], dtype=np.float64) - here
        near = []
        for other in district.adj_node[district.adj_start[node]:district.adj_start[node + 1]]:
            along = np.array([district.node_x[other], district.node_y[other]]) - here
            length = float(np.hypot(*along))
            forward = float(away @ along) / length
            aside = abs(float(along[0] * away[1] - along[1] * away[0])) / length
            near.append(-0.01 <= forward <= min(80.0, length / 2.0) + 0.01 and aside <= 6.01)
        assert any(near), place


def test_everywhere_leads_to_every_hub(district: City) -> None:
    trees = np.asarray(district.trees)
    roots = trees[np.arange(district.hub_node.size), district.hub_node]
    assert (roots == 255).all()
    assert (trees == 255).sum() == district.hub_node.size


def test_neighbours_are_sorted_and_lengths_are_the_segments(district: City) -> None:
    for node in range(district.node_x.size):
        row = district.adj_node[district.adj_start[node]:district.adj_start[node + 1]]
        assert (np.diff(row) > 0).all()
    metres = np.hypot(district.node_x[district.edge_u] - district.node_x[district.edge_v],
                      district.node_y[district.edge_u] - district.node_y[district.edge_v])
    assert np.abs(district.edge_mm / 1000.0 - metres).max() <= 0.0005 + 1e-9
    assert (district.edge_u < district.edge_v).all()


def test_codes_are_words_of_the_vocabulary(district: City) -> None:
    table = district.places()
    assert len(table) == district.place_node.size
    for name, words in (("category", CATEGORIES), ("regime", REGIMES), ("secret", SECRETS), ("scene", SCENES)):
        assert set(table[name]) <= set(words)
    by_category = table.groupby("category", observed=True)["sensitive"].agg(["min", "max"])
    assert (by_category["min"] == by_category["max"]).all()
    assert set(by_category.index[by_category["max"]]) == set(SENSITIVE) & set(by_category.index)


def test_visited_places_have_the_nearest_hub_and_homes_have_none(district: City) -> None:
    unvisited = np.isin(district.place_category, [CATEGORIES.index("housing_compound"), CATEGORIES.index("road")])
    assert (district.place_hub[unvisited] == -1).all()
    assert (district.place_hub[~unvisited] >= 0).all()
    x, y = district.node_x[district.hub_node], district.node_y[district.hub_node]
    node = district.place_node[~unvisited][:500]
    all_m = np.hypot(district.node_x[node][:, None] - x[None, :], district.node_y[node][:, None] - y[None, :])
    chosen = all_m[np.arange(node.size), district.place_hub[~unvisited][:500]]
    assert np.allclose(chosen, all_m.min(axis=1))


def test_a_second_build_has_the_same_bytes_with_one_thread_or_two(own_cache: Path) -> None:
    scenario = _scenario()
    build_city(scenario, workers=1)
    [folder] = _kept(own_cache)
    first = _bytes(folder)
    shutil.rmtree(folder)
    build_room._open.cache_clear()
    build_city(scenario, workers=2)
    [again] = _kept(own_cache)
    assert again == folder
    assert _bytes(again) == first


def test_another_seed_is_another_city_and_another_hash(own_cache: Path) -> None:
    one, other = build_city(_scenario(seed=1)), build_city(_scenario(seed=2))
    assert city_digest(_scenario(seed=1)) == one.digest != other.digest
    assert not np.array_equal(one.place_x[:500], other.place_x[:500])
    assert len(_kept(own_cache)) == 2


def test_the_hash_sees_the_homes_but_not_who_travels_how() -> None:
    one = _scenario()
    slower = {"speed_walk_m_s": {"value": 1.0, "assumption": "slow"}, "people": {"value": 3000, "assumption": "a test"}}
    other = validate(Scenario, {**one.model_dump(mode="json", exclude_none=True, exclude={"population"}),
                                "population": slower}, "test")
    assert other.population.speed_walk_m_s.number == 1.0
    assert city_digest(other) == city_digest(one)
    assert city_digest(_scenario(people=3001)) != city_digest(one)


@pytest.mark.parametrize("damage", ["cut", "flipped", "meta", "missing"])
def test_a_half_or_damaged_cache_is_built_anew(own_cache: Path, damage: str) -> None:
    scenario = _scenario()
    build_city(scenario)
    [folder] = _kept(own_cache)
    whole = _bytes(folder)
    path = folder / "trees.npy"
    build_room._open.cache_clear()
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "flipped":
        content = bytearray(path.read_bytes())
        content[-7] ^= 1
        path.write_bytes(bytes(content))
    elif damage == "meta":
        (folder / "meta.json").write_text("{")
    else:
        (folder / "node_x.npy").unlink()
    assert _bytes(folder) != whole
    build_city(scenario)
    assert [_bytes(kept) for kept in _kept(own_cache)] == [whole]


def test_two_who_build_at_once_get_the_same_city_and_leave_nothing_else(own_cache: Path) -> None:
    scenario = _scenario()
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: build_city(scenario), range(2))
    assert one.digest == other.digest
    assert np.array_equal(one.trees, other.trees)
    assert [path.name for path in _kept(own_cache)] == [one.digest]


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(blocked / "cache"))
    with pytest.raises(ResultsError, match="PRIVACYSIM_CACHE") as caught:
        build_city(_scenario(seed=77))
    assert len(str(caught.value).splitlines()) <= 3


def test_nobody_can_change_a_city(district: City) -> None:
    for field in fields(City):
        value = getattr(district, field.name)
        if isinstance(value, np.ndarray):
            with pytest.raises(ValueError, match="read-only"):
                value[...] = 0


def test_density_falls_from_the_centre_and_streets_are_denser_there() -> None:
    """Clark's law: with g = 0.3 per km, people per street node's ground fall by half in 2.3 km."""
    steep = {"population_gradient_per_km": {"value": 0.3, "assumption": "a test"}}
    city = build_city(_scenario(people=1e6, area=60.0, **steep))
    r_km = np.hypot(city.node_x, city.node_y) / 1000.0
    people = np.bincount(city.place_node[:city.homes], city.home_people[:city.homes], city.node_x.size)
    ground = [np.pi * (b**2 - a**2) for a, b in ((0.0, 1.5), (3.0, 4.0))]
    inner, outer = r_km < 1.5, (r_km >= 3.0) & (r_km < 4.0)
    ratio = (people[inner].sum() / ground[0]) / (people[outer].sum() / ground[1])
    # mean radii 1.0 and 3.5 km: exp(0.3·2.5) = 2.1; a third either way for the spread per crossing
    assert 1.4 < ratio < 3.2
    assert inner.sum() / ground[0] > 1.5 * outer.sum() / ground[1]


def test_apportioning_keeps_the_total_and_stays_within_one_of_the_share() -> None:
    weight = np.array([0.1, 3.0, 2.2, 0.0, 1.7])
    for total in (0, 1, 7, 1000, 18_700_000):
        whole = apportion(total, weight)
        assert whole.sum() == total
        assert np.abs(whole - total * weight / weight.sum()).max() < 1.0


@pytest.mark.slow
def test_the_whole_city_has_its_people_nodes_and_hubs() -> None:
    city = build_city(load_scenario("guangzhou_185"), workers=2)
    assert city.people == 18_700_000
    assert abs(city.node_x.size / (1350 * 29.6) - 1.0) < 0.02
    assert 3900 <= city.hub_node.size <= 4000
    assert (np.asarray(city.trees[::40]) == 255).sum() == len(range(0, city.hub_node.size, 40))
