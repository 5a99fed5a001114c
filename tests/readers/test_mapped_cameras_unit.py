"""Cameras that somebody mapped: none dropped, none added, headings drawn where the map is silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from privacysim.city import City, build_city
from privacysim.errors import InputError
from privacysim.files import validate
from privacysim.scenario import Scenario, load_scenario
from privacysim.vocabulary import OPERATORS
from privacysim.world import sample_world
from privacysim.world.cameras import HOUSEHOLD_FIRST_ID, sample_cameras


@pytest.fixture(scope="module")
def scenario(data_folder: Path) -> Scenario:
    return validate(Scenario, {
        "id": "helsinki", "title": "Helsinki", "city": {"kind": "osm", "osm": str(data_folder / "helsinki.osm.pbf")},
        "population": {"people": {"value": 20000.0, "assumption": "a test"}},
    }, "test")


@pytest.fixture(scope="module")
def city(scenario: Scenario) -> City:
    return build_city(scenario)


@pytest.mark.data
def test_every_mapped_camera_is_there_at_its_place_and_no_other(city: City, scenario: Scenario) -> None:
    assert city.mapped_cameras is not None
    cameras = sample_cameras(city, scenario, 1, 0)
    assert len(cameras) == len(city.mapped_cameras) == 221
    assert np.array_equal(cameras.x, city.mapped_cameras["x_m"].to_numpy(np.float32))
    assert np.array_equal(cameras.y, city.mapped_cameras["y_m"].to_numpy(np.float32))


@pytest.mark.data
def test_a_heading_that_is_not_mapped_is_drawn_anew_for_each_replicate(city: City, scenario: Scenario) -> None:
    one, other = (sample_cameras(city, scenario, 1, k) for k in (0, 1))
    # 34 revolve and 6 are domes: these see all round
    assert np.isnan(one.heading_deg).sum() == one.heading_known.sum() == 40
    drawn = ~one.heading_known
    assert ((one.heading_deg[drawn] >= 0) & (one.heading_deg[drawn] < 360)).all()
    assert (one.heading_deg[drawn] != other.heading_deg[drawn]).all()
    # uniform round the compass: the mean vector of 181 headings is short (Rayleigh test at 1 in 1000)
    angle = np.radians(one.heading_deg[drawn].astype(float))
    assert np.hypot(np.cos(angle).sum(), np.sin(angle).sum()) ** 2 / angle.size < 6.9


@pytest.mark.data
def test_a_heading_that_is_mapped_is_kept(city: City, scenario: Scenario) -> None:
    from dataclasses import replace

    assert city.mapped_cameras is not None
    known = city.mapped_cameras.assign(heading_deg=np.where(np.arange(221) % 2 == 0, 123.0, np.nan))
    cameras = sample_cameras(replace(city, mapped_cameras=known), scenario, 1, 0)
    turns = np.isnan(cameras.heading_deg)
    assert np.array_equal(cameras.heading_known, (np.arange(221) % 2 == 0) | turns)
    assert (cameras.heading_deg[cameras.heading_known & ~turns] == 123.0).all()


@pytest.mark.data
def test_a_mapped_city_has_a_whole_world(city: City, scenario: Scenario) -> None:
    world = sample_world(city, scenario, 1, 0, days=7, footage_days=31)
    assert len(world.cases) > 0
    assert len(world.asks) > 0
    cameras = world.cameras
    home = cameras.operator == OPERATORS.index("home")
    assert np.array_equal(cameras.custodian_id >= HOUSEHOLD_FIRST_ID, home)
    assert np.array_equal(cameras.place_id < 0, cameras.operator == OPERATORS.index("public_security"))
    assert len(cameras.frame(0)) == 221


@pytest.mark.data
def test_cameras_of_a_file_take_the_place_of_the_maps_own(city: City, scenario: Scenario, tmp_path: Path) -> None:
    assert city.origin is not None
    lat, lon = city.origin
    path = tmp_path / "mine.csv"
    path.write_text(
        "lat,lon,heading,hfov,width_px,height,range,operator,camera:type\n"
        f"{lat},{lon},90,60,2560,4,30,Helsinki police,fixed\n{lat + 1e-3},{lon},,,,,,,dome\n{lat + 9},{lon},,,,,,,\n"
    )
    mine = scenario.model_copy(update={"cameras": scenario.cameras.model_copy(update={"file": str(path)})})
    cameras = sample_cameras(city, mine, 1, 0)
    assert len(cameras) == 2  # the third lies a thousand kilometres to the north
    assert cameras.y[1] - cameras.y[0] == pytest.approx(111.2, abs=0.1)
    assert (cameras.heading_deg[0], cameras.hfov_deg[0], cameras.width_px[0], cameras.mount_m[0]) == (90, 60, 2560, 4)
    assert cameras.range_m[0] == pytest.approx(np.hypot(30, 2.5))
    assert OPERATORS[cameras.operator[0]] == "public_security"
    assert np.isnan(cameras.heading_deg[1])
    assert cameras.heading_known.all()


def test_cameras_of_a_file_need_a_city_on_the_globe(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("lat,lon\n23.1,113.3\n23.2,113.4\n")
    district = load_scenario("guangzhou_district")
    mine = district.model_copy(update={"cameras": district.cameras.model_copy(update={"file": str(path)})})
    with pytest.raises(InputError, match="a city on the globe"):
        sample_cameras(build_city(mine), mine, 1, 0)
