"""A city that a user brings: streets and places as DataFrames, an object that makes them, a ready City."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from privacysim import parts
from privacysim.city import City, build_city, city_digest
from privacysim.city.build import OwnCity
from privacysim.errors import InputError
from privacysim.files import validate
from privacysim.people import draw_block, draw_sample
from privacysim.scenario import Scenario
from privacysim.vocabulary import CATEGORIES
from privacysim.world import sample_world


def _scenario(people: int = 2000, **city: object) -> Scenario:
    return validate(Scenario, {
        "id": "mine", "title": "My streets", "city": city,
        "population": {"people": {"value": people, "assumption": "a test"}},
    }, "mine.toml")


def _grid(lines: int = 6, block_m: float = 100.0, shift: float = 0.0) -> pd.DataFrame:
    """Streets of a grid, the middle line of each direction a main road."""
    rows = []
    for line in range(lines):
        kind = "main" if line == lines // 2 else "street"
        for step in range(lines - 1):
            a, b, c = step * block_m + shift, (step + 1) * block_m + shift, line * block_m + shift
            rows += [(a, c, b, c, kind), (c, a, c, b, kind)]
    return pd.DataFrame(rows, columns=["from_x_m", "from_y_m", "to_x_m", "to_y_m", "kind"])


def _places() -> pd.DataFrame:
    return pd.DataFrame({
        "x_m": [105.0, 210.0, 395.0, 12.0], "y_m": [8.0, 205.0, 310.0, 4.0],
        "category": ["clinic", "office", "restaurant", "office"],
    })


@pytest.fixture(scope="module")
def city() -> City:
    return build_city(_scenario(), city=_grid())


def test_a_table_of_streets_becomes_those_streets_and_no_other(city: City) -> None:
    assert city.node_x.size == 36
    assert city.edge_u.size == 60
    assert (np.asarray(city.edge_mm) == 100_000).all()
    assert np.bincount(city.edge_kind).tolist() == [10, 50]
    assert sorted(set(np.asarray(city.node_x))) == [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]
    assert city.people == 2000
    assert city.origin is None
    assert (np.asarray(city.trees) == 255).sum() == city.hub_node.size


def test_places_are_drawn_where_none_are_given(city: City) -> None:
    there = {CATEGORIES[code] for code in np.unique(city.place_category)}
    assert {"housing_compound", "office", "small_shop", "restaurant"} <= there


def test_given_places_are_all_there_and_keep_their_position() -> None:
    made = build_city(_scenario(), city=(_grid(), _places()))
    category = np.asarray(made.place_category)
    for word, x, y in zip(_places()["category"], _places()["x_m"], _places()["y_m"], strict=True):
        at = np.flatnonzero((made.place_x == np.float32(x)) & (made.place_y == np.float32(y)))
        assert [CATEGORIES[code] for code in category[at]] == [word]
    visited = {CATEGORIES[code] for code in np.unique(category[np.asarray(made.place_hub) >= 0])}
    assert visited <= {"clinic", "office", "restaurant", "home"}


def test_people_live_where_the_table_says() -> None:
    streets = _grid().assign(homes=0.0)
    streets.loc[0, "homes"] = 1.0
    made = build_city(_scenario(), city=streets)
    homes = np.asarray(made.place_node[: made.homes])
    assert sorted(np.asarray(made.node_x)[homes]) == [0.0, 100.0]
    assert np.asarray(made.node_y)[homes].tolist() == [0.0, 0.0]
    assert np.asarray(made.home_people[: made.homes]).tolist() == [1000, 1000]


def test_a_whole_world_with_people_runs_in_it(city: City) -> None:
    world = sample_world(city, _scenario(), 1, 0, days=2, footage_days=5)
    assert len(world.cameras) > 50
    drawn = draw_sample(city, _scenario(), 1, 0, 300)
    block = draw_block(city, _scenario(), 1, 0, drawn.ids, drawn.weight, 0, 7)
    assert round(drawn.weight.sum()) == 2000
    assert block.walk_tour.size > 300


def test_streets_in_degrees_put_the_city_on_the_globe() -> None:
    metres = _grid()
    degrees = pd.DataFrame({
        "from_lon": 5.0 + metres["from_x_m"] / 65_357.0, "from_lat": 54.0 + metres["from_y_m"] / 111_195.0,
        "to_lon": 5.0 + metres["to_x_m"] / 65_357.0, "to_lat": 54.0 + metres["to_y_m"] / 111_195.0,
    })
    made = build_city(_scenario(), city=degrees)
    assert made.origin is not None
    assert np.allclose(made.origin, (54.00225, 5.00383), atol=1e-4)
    assert np.abs(np.asarray(made.edge_mm) - 100_000).max() < 100
    cameras = pd.DataFrame({"lon": [made.origin[1]], "lat": [made.origin[0]]})
    world = sample_world(made, _scenario(), 1, 0, days=1, footage_days=1, cameras=cameras)
    assert world.cameras.x[0] == world.cameras.y[0] == 0.0


class Ring:
    """A source of cities: one round street."""

    def __init__(self, corners: int) -> None:
        self.corners = corners

    def build(self, scenario: Scenario) -> pd.DataFrame:
        angle = np.linspace(0.0, 2.0 * np.pi, self.corners + 1)
        x, y = 400.0 * np.cos(angle), 400.0 * np.sin(angle)
        return pd.DataFrame({"from_x_m": x[:-1], "from_y_m": y[:-1], "to_x_m": x[1:], "to_y_m": y[1:]})


def test_an_object_that_builds_is_a_source_and_its_values_are_in_the_hash() -> None:
    made = build_city(_scenario(), city=Ring(12))
    assert made.node_x.size == made.edge_u.size == 12
    assert build_city(_scenario(), city=Ring(12)).digest == made.digest
    assert build_city(_scenario(), city=Ring(20)).node_x.size == 20


def test_a_source_may_return_a_whole_city(city: City) -> None:
    class Ready:
        def __init__(self, made: City) -> None:
            self.arrays = {name: np.asarray(getattr(made, name)) for name in ("node_x", "node_y")}

        def build(self, scenario: Scenario) -> City:
            return build_city(scenario, city=_grid())

    again = build_city(_scenario(), city=Ready(city))
    assert again.digest != city.digest
    assert np.array_equal(again.trees, city.trees)
    assert np.array_equal(again.place_x, city.place_x)


def test_an_installed_source_is_named_by_the_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="ring"):
        _scenario(kind="ring")
    monkeypatch.setattr("privacysim.scenario.sections.known_names", lambda group: ("ring",))
    monkeypatch.setattr(parts, "named", lambda group, name: Ring(16))
    assert build_city(_scenario(kind="ring")).node_x.size == 16


def test_the_hash_tells_what_was_given(city: City) -> None:
    scenario = _scenario()
    hashes = [city_digest(scenario, own) for own in (
        None, _grid(), _grid(shift=1.0), (_grid(), _places()), (_grid(), _places().head(3)), Ring(12), Ring(13),
        city, replace(city, home_people=np.asarray(city.home_people)[::-1].copy()))]  # fmt: skip
    assert len(set(hashes)) == len(hashes)
    assert city_digest(scenario, _grid()) == city.digest


def test_a_ready_city_is_used_as_it_is_or_refused(city: City) -> None:
    assert build_city(_scenario(), city=city) is city
    with pytest.raises(InputError, match="a city of 3000 people"):
        build_city(_scenario(people=3000), city=city)


@pytest.mark.parametrize(("own", "said"), [
    (_grid().drop(columns="to_y_m"), ("row number 0", "to_x_m and to_y_m")),
    (_grid().drop(columns=["to_x_m", "to_y_m"]), ("row 0", "both ends")),
    (_grid().assign(kind="mian"), ("row 0, kind", "write main")),
    (_grid().rename(columns={"kind": "type"}), ("column type", "drop the column")),
    (_grid().assign(from_x_m="west"), ("row 0, from_x_m", "west")),
    (_grid().head(1).assign(to_x_m=0.0), ("connected streets", "no connected ones")),
    (_grid().assign(homes=0.0), ("nobody lives",)),
    ((_grid(), _places().drop(columns="category")), ("a column category",)),
    ((_grid(), _places().assign(category="clinik")), ("row 0, category", "write clinic")),
    ((_grid(), _places().assign(x_m=[1.0, 2.0, 9000.0, 3.0])), ("places, row 2", "m of a street")),
    ((_grid(), _places().assign(x_m=np.nan, y_m=np.nan)), ("places, row 0", "no position")),
    ((_grid(), "places"), ("pair of streets and places", "tuple")),
    ("streets.csv", ("DataFrame of streets", "str")),
    (Ring, ("object with build", "type")),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_row(own: OwnCity, said: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as refused:
        build_city(_scenario(), city=own)
    for words in said:
        assert words in str(refused.value)


def test_more_people_than_streets_can_hold_are_refused() -> None:
    with pytest.raises(InputError, match=r"population\.people"):
        build_city(_scenario(people=5_000_000), city=_grid())
