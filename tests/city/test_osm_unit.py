"""A city that nobody here designed: central Helsinki from OpenStreetMap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from privacysim.city import City, build_city
from privacysim.errors import InputError
from privacysim.files import validate
from privacysim.people import draw_block
from privacysim.readers.camera_files import heading_of
from privacysim.readers.osm_maps import category, street_kind
from privacysim.scenario import Scenario
from privacysim.vocabulary import CATEGORIES


def _scenario(osm: Path | str | None, people: float = 20000, kind: str = "osm") -> Scenario:
    city = {"kind": kind} | ({} if osm is None else {"osm": str(osm)})
    return validate(Scenario, {
        "id": "helsinki", "title": "Central Helsinki", "city": city,
        "population": {"people": {"value": people, "assumption": "a test"}},
    }, "helsinki.toml")


@pytest.fixture(scope="module")
def helsinki(data_folder: Path) -> City:
    return build_city(_scenario(data_folder / "helsinki.osm.pbf"))


@pytest.mark.data
def test_all_221_mapped_cameras_are_kept_with_unknown_headings(helsinki: City) -> None:
    cameras = helsinki.mapped_cameras
    assert cameras is not None
    assert len(cameras) == 221
    assert cameras["heading_deg"].isna().all()
    assert all(tags["man_made"] == "surveillance" for tags in cameras["tags"])
    # within the extract, which is about 1.0 km wide and 1.7 km high
    assert np.hypot(cameras["x_m"], cameras["y_m"]).max() < 1500.0


@pytest.mark.data
def test_helsinki_is_one_connected_town_with_people_and_places(helsinki: City) -> None:
    assert helsinki.people == 20000
    assert (np.asarray(helsinki.trees) == 255).sum() == helsinki.hub_node.size
    assert "not connected" in helsinki.note
    there = {CATEGORIES[code] for code in np.unique(helsinki.place_category)}
    assert {"restaurant", "small_shop", "worship", "hotel"} <= there
    visited = helsinki.place_hub >= 0
    assert np.array_equal(helsinki.hub_node[helsinki.place_hub[visited]], helsinki.place_node[visited])
    away = np.hypot(helsinki.place_x - helsinki.node_x[helsinki.place_node],
                    helsinki.place_y - helsinki.node_y[helsinki.place_node])
    assert np.median(away) < 20.0
    assert away.max() < 150.0


@pytest.mark.data
def test_distances_on_the_plane_are_those_of_the_globe(helsinki: City) -> None:
    """Against the haversine formula (mean radius 6 371 km) between the extract's corners."""
    assert helsinki.origin is not None
    lat0, lon0 = helsinki.origin
    x, y = 500.0, 800.0
    lat = lat0 + np.degrees(y / 6_371_008.8)
    lon = lon0 + np.degrees(x / (6_371_008.8 * np.cos(np.radians(lat0))))
    a = (np.sin(np.radians(lat - lat0) / 2) ** 2
         + np.cos(np.radians(lat0)) * np.cos(np.radians(lat)) * np.sin(np.radians(lon - lon0) / 2) ** 2)
    assert 2 * 6_371_008.8 * np.arcsin(np.sqrt(a)) == pytest.approx(np.hypot(x, y), rel=2e-4)


@pytest.mark.data
def test_buildings_are_closed_rings(helsinki: City) -> None:
    start = helsinki.building_start
    assert start is not None
    assert helsinki.building_x is not None
    assert len(start) - 1 > 300
    first, last = start[:-1], start[1:] - 1
    assert (helsinki.building_x[first] == helsinki.building_x[last]).mean() > 0.95


@pytest.mark.data
def test_people_walk_in_helsinki_too(helsinki: City, data_folder: Path) -> None:
    scenario = _scenario(data_folder / "helsinki.osm.pbf")
    ids = np.arange(0, 20000, 40)
    block = draw_block(helsinki, scenario, 185, 0, ids, np.full(ids.size, 40.0), -8, 7)
    assert block.walk_tour.size > ids.size
    assert (block.walk_reach_mm > 0).all()


@pytest.mark.data
def test_a_file_cut_in_half_is_three_lines(data_folder: Path, tmp_path: Path) -> None:
    whole = (data_folder / "helsinki.osm.pbf").read_bytes()
    half = tmp_path / "half.osm.pbf"
    half.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(InputError, match="expected a whole") as caught:
        build_city(_scenario(half))
    assert len(str(caught.value).splitlines()) == 3
    assert str(half) in str(caught.value)


@pytest.mark.data
def test_more_people_than_an_extract_can_hold_name_the_population(data_folder: Path) -> None:
    with pytest.raises(InputError, match=r"population\.people"):
        build_city(_scenario(data_folder / "helsinki.osm.pbf", people=18_700_000))


def test_a_missing_map_or_one_that_is_none_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        build_city(_scenario(tmp_path / "nowhere.osm.pbf"))
    text = tmp_path / "text.osm.pbf"
    text.write_text("not a map")
    with pytest.raises(InputError, match="whole"):
        build_city(_scenario(text))


def test_a_map_without_its_file_or_a_file_without_the_kind_is_refused() -> None:
    for osm, kind in ((None, "osm"), ("x.osm.pbf", "synthetic")):
        with pytest.raises(InputError, match=r"osm = "):
            _scenario(osm, kind=kind)


def test_tags_say_where_one_may_walk_and_what_a_place_is() -> None:
    assert street_kind({"highway": "primary_link"}) == 0
    assert street_kind({"highway": "service", "access": "private"}) is None
    assert street_kind({"highway": "service", "access": "private", "foot": "yes"}) == 2
    assert street_kind({"building": "yes"}) is None
    assert category({"shop": "vacant"}) is None
    assert category({"amenity": "place_of_worship"}) == "worship"
    assert heading_of("NNW")[0] == 337.5
    assert np.isnan(heading_of("forward")[0])
    assert np.isnan(heading_of("nan")[0])
