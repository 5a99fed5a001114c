"""Cameras that a user brings as a DataFrame, for a synthetic city and for one on the globe."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from privacysim.city import City, build_city
from privacysim.city.example_town import write_example
from privacysim.errors import InputError
from privacysim.people import draw_block
from privacysim.scenario import Scenario, load_scenario
from privacysim.vocabulary import OPERATORS, REGIMES
from privacysim.world import sample_world
from privacysim.world.cameras import Cameras, sample_cameras
from privacysim.world.unknown_views import band, flow

NAMES = [field.name for field in fields(Cameras)]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("guangzhou_district")


@pytest.fixture(scope="module")
def city(scenario: Scenario) -> City:
    return build_city(scenario)


def _own(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"x_m": [0.0, 40.0, -75.0], "y_m": [0.0, 10.0, 20.0], **columns})


def test_what_is_stated_is_kept(city: City, scenario: Scenario) -> None:
    frame = _own(
        heading_deg=[90.0, -90.0, 10.0], hfov_deg=[60.0, 80.0, 360.0], width_px=[1280, 1920, 3840],
        mount_m=[3.0, 5.0, 7.0], range_m=[20.0, 30.0, 10.0], operator=["home", "commercial", "other_state"],
        regime=["private_home", "public_venue", "public_other"], indoor=[False, True, False],
    )
    made = sample_cameras(city, scenario, 185, 0, frame)
    assert made.x.tolist() == [0.0, 40.0, -75.0]
    assert np.array_equal(made.heading_deg, [90.0, 270.0, np.nan], equal_nan=True)
    assert made.hfov_deg[:2].tolist() == [60.0, 80.0]
    assert made.width_px.tolist() == [1280, 1920, 3840]
    assert made.mount_m.tolist() == [3.0, 5.0, 7.0]
    assert np.allclose(made.range_m, np.hypot([20.0, 30.0, 10.0], [1.5, 3.5, 5.5]))
    assert [OPERATORS[code] for code in made.operator] == ["home", "commercial", "other_state"]
    assert [REGIMES[code] for code in made.regime] == ["private_home", "public_venue", "public_other"]
    assert made.indoor.tolist() == [False, True, False]
    assert made.heading_known.all()


def test_what_is_left_out_is_drawn_anew_in_each_replicate(city: City, scenario: Scenario) -> None:
    partly = _own(heading_deg=[90.0, None, None])
    first, second = (sample_cameras(city, scenario, 185, k, partly) for k in (0, 1))
    assert first.heading_known.tolist() == [True, False, False]
    assert first.heading_deg[0] == second.heading_deg[0] == 90.0
    assert first.heading_deg[1] != second.heading_deg[1]
    again = sample_cameras(city, scenario, 185, 0, partly)
    assert all(np.array_equal(getattr(first, name), getattr(again, name), equal_nan=True) for name in NAMES)


def test_a_camera_more_changes_no_other(city: City, scenario: Scenario) -> None:
    three = sample_cameras(city, scenario, 185, 0, _own())
    two = sample_cameras(city, scenario, 185, 0, _own().head(2))
    for name in NAMES:
        assert np.array_equal(getattr(three, name)[:2], getattr(two, name), equal_nan=True), name


def test_own_cameras_replace_the_drawn_ones_in_a_whole_world_with_its_band(city: City, scenario: Scenario) -> None:
    world = sample_world(city, scenario, 185, 0, days=7, footage_days=31, cameras=_own())
    usual = sample_world(city, scenario, 185, 0, days=7, footage_days=31)
    assert usual.stated is None
    assert world.stated is not None
    assert len(world.cameras) - len(world.hidden) == 3 < len(usual.cameras)
    block = draw_block(city, scenario, 185, 0, np.arange(500), np.ones(500), 0, 7)
    assert band(city, scenario, usual.cameras, flow(city, block)) is None
    found = band(city, scenario, world.cameras, flow(city, block), world.stated)
    assert found is not None
    assert found.headings == 3
    assert (found.seconds[:, 0] <= found.seconds[:, 2]).all()


@pytest.mark.parametrize(("frame", "said"), [
    (_own(operator=["home", "homes", "home"]), ("row 1", "operator", "write home")),
    (_own(regime=["public_state", "art9", "private_home"]), ("row 1", "regime", "choose one of")),
    (_own(hfov_deg=[60.0, 361.0, 60.0]), ("row 1", "hfov_deg", "from 1 to 360")),
    (_own(heading_deg=[0.0, "north", 1.0]), ("row 1", "heading_deg", "north")),
    (_own(headings=[0.0, 1.0, 1.0]), ("column headings", "write heading_deg")),
    (_own().drop(columns="y_m"), ("row number 0", "x_m and y_m")),
    (_own().assign(x_m=[0.0, np.nan, 1.0]), ("row number 1", "complete the position")),
    (_own().assign(x_m=[0.0, 9e6, 1.0]), ("row 1", "a position in", "9000000")),
    (pd.DataFrame({"lon": [113.0], "lat": [23.0]}), ("metres", "lon and lat")),
    (_own().head(0), ("at least one row",)),
    ([1, 2], ("a pandas DataFrame", "list")),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_row(
    city: City, scenario: Scenario, frame: pd.DataFrame, said: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as refused:
        sample_cameras(city, scenario, 185, 0, frame)
    for words in said:
        assert words in str(refused.value)


def test_cameras_in_degrees_stand_where_the_map_has_them(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path / "cache"))
    town = load_scenario(str(write_example(tmp_path)["scenario"]))
    place = build_city(town)
    assert place.origin is not None
    lat, lon = place.origin
    made = sample_cameras(place, town, 185, 0, pd.DataFrame({"lon": [lon, lon], "lat": [lat, lat + 0.001]}))
    assert made.x.tolist() == [0.0, 0.0]
    assert np.allclose(made.y, [0.0, 111.195], atol=0.01)
    both = town.model_copy(update={"cameras": town.cameras.model_copy(update={"file": "mine.csv"})})
    with pytest.raises(InputError, match="one source of cameras"):
        sample_cameras(place, both, 185, 0, pd.DataFrame({"lon": [lon], "lat": [lat]}))
