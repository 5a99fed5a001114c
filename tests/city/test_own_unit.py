"""Your own city: fetched by name into a file, shown, drawn; the file's bytes count, not where it lies."""

from __future__ import annotations

import os
import sys

import numpy as np
import osmium
import pytest

from privacysim.city import build_city
from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.figures import scenario_map
from privacysim.readers.osm_fetch import WANTED, fetch_city
from privacysim.readers.osm_maps import runs
from privacysim.scenario import load_scenario
from privacysim.simulation.exposure_map import exposure_map
from privacysim.study import Study

pytestmark = pytest.mark.data
TOML = """id = "mine"
title = "Mine"
[city]
kind = "osm"
osm = "{osm}"
[population]
people = {{value = {people}, assumption = "a test"}}
[cameras]
{cameras}
"""


@pytest.fixture(scope="module")
def source(data_folder, tmp_path_factory):
    """The Helsinki extract as XML with whole ways only: what a server would have answered."""
    path = tmp_path_factory.mktemp("source") / "source.osm"
    writer = osmium.SimpleWriter(str(path))
    ways = set()
    for item in osmium.FileProcessor(str(data_folder / "helsinki.osm.pbf")).with_locations():
        if item.is_node():
            writer.add_node(item)
        elif item.is_way():
            if "building" in item.tags:
                parts = [[node.ref for node in item.nodes if node.location.valid()]]
            else:
                parts = [[ref for ref, _ in part] for part in runs(item.nodes)]
            for n, refs in enumerate(refs for refs in parts if len(refs) > 1):
                writer.add_way(item.replace(id=item.id if n == 0 else (1 << 40) + 100 * item.id + n, nodes=refs))
                ways.add(item.id)
        elif item.is_relation() and "building" in item.tags and all(one.ref in ways for one in item.members):
            writer.add_relation(item)
    writer.close()
    return path


@pytest.fixture
def local_osmnx(source, monkeypatch):
    """osmnx itself on a local file: only the question to the server is replaced."""
    osmnx = pytest.importorskip("osmnx")
    asked = []

    def features_from_place(query, tags, **_):
        asked.append(query)
        return osmnx.features_from_xml(source, tags=tags)

    monkeypatch.setattr(osmnx, "features_from_place", features_from_place)
    return asked


def own_scenario(folder, osm, people=20000, cameras="", name="mine"):
    path = folder / f"{name}.toml"
    path.write_text(TOML.format(osm=osm, people=people, cameras=cameras))
    return path


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_place_fetched_by_name_is_the_same_city_as_its_extract(local_osmnx, data_folder, tmp_path, capsys):
    assert main(["city", "fetch", "Kluuvi, Helsinki", "-o", str(tmp_path / "kluuvi.osm")]) == 0
    assert local_osmnx == ["Kluuvi, Helsinki"]
    assert "ODbL" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["kluuvi.osm"]
    fetched, whole = (build_city(load_scenario(str(own_scenario(tmp_path, osm))))
                      for osm in (tmp_path / "kluuvi.osm", data_folder / "helsinki.osm.pbf"))
    assert fetched.node_x.size == pytest.approx(whole.node_x.size, abs=2)  # ways that the border cuts come in pieces
    assert fetched.edge_mm.sum() == pytest.approx(whole.edge_mm.sum(), rel=1e-3)
    assert fetched.building_start.size >= whole.building_start.size  # multipolygons too
    assert len(fetched.mapped_cameras) == len(whole.mapped_cameras) == 221
    assert abs(fetched.place_node.size - whole.place_node.size) <= 5
    tags = [dict(sorted(tags.items())) for tags in fetched.mapped_cameras["tags"]]
    want = [dict(sorted(tags.items())) for tags in whole.mapped_cameras["tags"]]
    assert sorted(map(str, tags)) == sorted(map(str, want))


def test_a_place_that_cannot_be_fetched_is_a_sentence_and_no_file(tmp_path, monkeypatch, capsys):
    osmnx = pytest.importorskip("osmnx")
    monkeypatch.setattr(osmnx, "features_from_place", lambda *_, **__: (_ for _ in ()).throw(OSError("no route")))
    assert main(["city", "fetch", "Atlantis", "-o", str(tmp_path / "a.osm")]) == 2
    said = capsys.readouterr().err
    assert "no route" in said
    assert len(said.strip().splitlines()) == 3
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match=r"ends in \.osm"):
        fetch_city("Atlantis", tmp_path / "a.pbf")


def test_without_osmnx_the_command_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "osmnx", None)
    with pytest.raises(InputError, match=r"privacysim\[map\]"):
        fetch_city("Kallio", tmp_path / "a.osm")


def test_every_tag_that_the_city_reads_is_fetched():
    from privacysim.readers.osm_maps import category, street_kind

    for tags in ({"amenity": "cafe"}, {"shop": "books"}, {"office": "ngo"}, {"tourism": "hotel"}, {"leisure": "park"},
                 {"railway": "station"}, {"military": "barracks"}):
        assert category(tags) is not None
        (key, value), = tags.items()
        assert WANTED[key] is True or value in WANTED[key]
    assert street_kind({"highway": "residential"}) is not None
    assert WANTED["highway"] is True
    assert WANTED["man_made"] == ["surveillance"]


def test_the_city_is_shown_with_all_that_nobody_mapped(data_folder, tmp_path, capsys):
    assert main(["city", "show", str(own_scenario(tmp_path, data_folder / "helsinki.osm.pbf"))]) == 0
    said = capsys.readouterr().out
    for words in ("98.0 km on foot", "167 of 6261 street nodes", "buildings  480",
                  "221 on the map: 40 see all round, 181 without heading", "214 without height"):
        assert words in said


def test_rejects_and_cameras_beyond_the_city_are_shown(data_folder, tmp_path, capsys):
    rows = "60.17,24.94\nnorth,24.94\n60.171,24.941\n61.5,24.94\n"
    (tmp_path / "mine.csv").write_text("lat,lon\n" + rows)
    path = own_scenario(tmp_path, data_folder / "helsinki.osm.pbf", cameras='file = "mine.csv"')
    assert main(["city", "show", str(path)]) == 0
    said = capsys.readouterr().out
    assert "2 on the map" in said
    assert "1 more lie beyond the city" in said
    assert "not used, line 3: latitude or longitude is missing or not a number" in said


def test_a_file_beside_the_scenario_is_found_and_its_place_does_not_count(data_folder, tmp_path, monkeypatch):
    ids = []
    for name in ("here", "there"):
        folder = tmp_path / name
        folder.mkdir()
        os.symlink(data_folder / "helsinki.osm.pbf", folder / "town.osm.pbf")
        (folder / "mine.csv").write_text("lat,lon\n60.17,24.94\n60.171,24.941\n")
        path = own_scenario(folder, "town.osm.pbf", cameras='file = "mine.csv"')
        ids.append(Study(scenario=str(path), policies=["notice_only"], days=1).inputs().run_id)
    assert ids[0] == ids[1]
    (tmp_path / "there" / "mine.csv").write_text("lat,lon\n60.17,24.94\n60.171,24.942\n")
    assert Study(scenario=str(path), policies=["notice_only"], days=1).inputs().run_id != ids[0]


def test_the_map_colours_what_cameras_show_and_is_a_figure(data_folder, tmp_path, capsys):
    path = own_scenario(tmp_path, data_folder / "helsinki.osm.pbf")
    made = exposure_map(load_scenario(str(path)), people=800)
    hours = made.person_hours()
    assert list(hours) == ["fewest", "drawn", "most"]
    assert 0 < hours["fewest"] < hours["drawn"] < hours["most"]
    assert (made.streets["fewest"].sum(), len(made.cameras), len(made.buildings)) > (0, 220, 400)
    figure = scenario_map(made.streets, made.buildings, made.cameras, values=hours, credit=made.credit)
    assert len(figure.axes) == 4  # three maps and the scale
    drawn = figure.axes[1].collections
    assert len(drawn[0].get_paths()) == len(made.buildings)
    assert len(drawn[1].get_segments()) == len(made.streets)
    top = made.streets[made.readings].to_numpy().max()
    assert len(drawn[2].get_segments()) == (made.streets["drawn"] > top / 1e3).sum()
    assert drawn[3].get_offsets().shape[0] == (~made.cameras["indoor"]).sum()
    assert main(["city", "map", str(path), "-o", str(tmp_path / "map.svg")]) == 0
    # what makes it Helsinki to one who knows it: names, parks, rails; each name once
    again = scenario_map(made.streets, made.buildings, made.cameras, values=hours, ground=made.ground)
    texts = [text.get_text() for text in again.axes[0].texts]
    assert len(texts) == len(set(texts)) > 12
    assert {"Mannerheimintie", "Aleksanterinkatu", "Bulevardi"} <= set(texts)
    assert all(len(one.get_paths()) for one in again.axes[0].collections[:3])
    lanes = made.ground.names.drop_duplicates("text")["length_m"]
    assert lanes.is_monotonic_decreasing
    assert len(made.ground.rails) > 100
    assert "OpenStreetMap" in made.credit
    assert "identifiable person-hours a day" in capsys.readouterr().out
    assert main(["city", "map", str(path), "-o", str(tmp_path / "map.gif")]) == 2


def test_a_streets_exposure_is_what_passes_add_up_to(data_folder, tmp_path):
    from privacysim.people import draw_block, draw_sample
    from privacysim.simulation.exposure_map import street_exposure
    from privacysim.world.cameras import sample_cameras
    from privacysim.world.unknown_views import band, flow

    scenario = load_scenario(str(own_scenario(tmp_path, data_folder / "helsinki.osm.pbf")))
    city = build_city(scenario)
    people = draw_sample(city, scenario, 1, 0, 800)
    walked = flow(city, draw_block(city, scenario, 1, 0, people.ids, people.weight, 0, 7))
    cameras = sample_cameras(city, scenario, 1, 0)
    per_street = street_exposure(city, cameras, walked) * city.edge_mm / 1e3
    assert per_street.sum() == pytest.approx(band(city, scenario, cameras, walked).seconds[:, 1].sum(), rel=0.05)
    assert np.isfinite(per_street).all()
