"""Helsinki as OpenStreetMap has it: buildings hide, other ways exist, and both can be read off a drawing."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from privacysim.city import build_city
from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.files import validate
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import Tracks
from privacysim.scenario import Scenario
from privacysim.sight.coverage import coverage
from privacysim.tracks.detour import detours, read_town
from privacysim.tracks.dosimeter import measure_walk
from privacysim.tracks.walk_pictures import draw_map, page
from privacysim.world.cameras import sample_cameras

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def town(data_folder):
    return read_town(data_folder / "helsinki.osm.pbf")


@pytest.fixture(scope="module")
def mapped(data_folder):
    return read_cameras(data_folder / "helsinki.osm.pbf")


@pytest.fixture(scope="module")
def walk(town):
    """The shortest way along the streets between two corners of the centre, at 1.3 m/s."""
    from privacysim.tracks.detour import _shortest

    def node(lat, lon):
        return int(np.hypot(town.lat - lat, (town.lon - lon) / 2).argmin())

    length = np.hypot((town.lat[town.u] - town.lat[town.v]) * 2, town.lon[town.u] - town.lon[town.v])
    way = _shortest(town, length, node(60.168, 24.938), node(60.172, 24.950))
    same = np.zeros(way.size, dtype=np.int32)
    return Tracks(town.lat[way], town.lon[way], 1.6e9 + 20.0 * np.arange(way.size), same, same, 1, (), (), "walk")


def test_with_buildings_the_walk_is_seen_less_and_the_note_says_by_how_much(walk, mapped, town):
    open_field, between_houses = measure_walk(walk, mapped), measure_walk(walk, mapped, town=town)
    for level in ("detect", "observe", "recognise", "identify"):
        name = f"metres_in_view_{level}_high"
        assert between_houses.totals[name] <= open_field.totals[name]
    assert between_houses.totals["metres_in_view_detect_high"] < 0.95 * open_field.totals["metres_in_view_detect_high"]
    assert any("buildings hide" in note and "%" in note for note in between_houses.notes)
    both = between_houses.cameras.merge(open_field.cameras, on="camera", suffixes=("", "_open"))
    assert len(both) == len(between_houses.cameras)


def test_other_ways_are_longer_and_less_seen_one_after_the_other(walk, mapped, town):
    dose = measure_walk(walk, mapped, town=town)
    ways = detours(dose, town).table
    assert len(ways) > 2
    assert (np.diff(ways["metres"]) > 0).all()
    assert (np.diff(ways["camera_metres"]) < 0).all()
    assert ways["more_metres"].iloc[0] == 0
    # the walk is the shortest way itself: its length and what is seen of it are the first row's
    assert ways["metres"].iloc[0] == pytest.approx(dose.totals["metres"], rel=0.02)
    assert ways["camera_metres"].iloc[0] == pytest.approx(dose.sight.camera_m.sum(), rel=0.05, abs=2.0)


def test_each_way_equals_networkxs_for_its_price(walk, mapped, town):
    import networkx as nx

    from privacysim.tracks.detour import PRICES, _shortest

    draw = np.random.default_rng(5)
    metres, seen = draw.uniform(1, 50, town.u.size), draw.uniform(0, 30, town.u.size)
    for price in PRICES[::3]:
        cost = metres + price * seen
        graph = nx.Graph()
        for u, v, value in zip(town.u.tolist(), town.v.tolist(), cost.tolist(), strict=True):
            if not graph.has_edge(u, v) or graph[u][v]["cost"] > value:
                graph.add_edge(u, v, cost=value)
        begin, end = 17, town.lat.size - 5
        own = _shortest(town, cost, begin, end)
        assert nx.path_weight(graph, own.tolist(), "cost") == pytest.approx(
            nx.dijkstra_path_length(graph, begin, end, "cost"))


def test_a_walk_off_the_map_is_a_sentence(mapped, town):
    same = np.zeros(2, dtype=np.int32)
    far = Tracks(np.array([61.0, 61.001]), np.array([24.94, 24.94]), 1.6e9 + np.arange(2) * 90.0, same, same, 1, (), (),
                 "far")
    with pytest.raises(InputError, match="streets within"):
        detours(measure_walk(far, mapped), town)


def test_the_map_draws_streets_buildings_cameras_and_the_walk(walk, mapped, town):
    from matplotlib import pyplot as plt

    dose = measure_walk(walk, mapped, town=town)
    ways = detours(dose, town).nodes[-1:]
    ax = draw_map(dose, town=town, ways=ways)
    buildings, streets, _, views, *_ = drawn = [len(one.get_paths()) for one in ax.collections]
    assert len(drawn) == 6
    assert buildings == town.ring_start.size - 1 > 400
    assert streets == town.u.size
    assert views == len(dose.cameras)
    plt.close(ax.figure)
    text = page(dose, town, ways)
    # one mark that can be pointed at for each camera, and one text for each mark
    marks = [int(number) for number in re.findall(r'<g id="camera-(\d+)"', text)]
    said = json.loads(text.split('id="cameras">')[1].split("</script>")[0])
    assert marks == list(range(len(dose.cameras)))
    assert [words.split()[1] for words in said] == [str(camera) for camera in dose.cameras["camera"]]
    assert "http" not in text.replace("http-equiv", "")
    assert text == page(dose, town, ways)


def test_buildings_lower_what_helsinkis_cameras_see_of_its_streets(data_folder):
    scenario = validate(Scenario, {
        "id": "helsinki", "title": "Helsinki", "city": {"kind": "osm", "osm": str(data_folder / "helsinki.osm.pbf")},
        "population": {"people": {"value": 20000.0, "assumption": "a test"}},
    }, "test")
    city = build_city(scenario)
    cameras = sample_cameras(city, scenario, 1, 0)
    bare = replace(city, building_start=None, building_x=None, building_y=None)
    hidden, all_seen = (coverage(town, cameras, np.arange(len(cameras))) for town in (city, bare))
    metres, before = (float((seen.piece_to - seen.piece_from).sum()) / 1e3 for seen in (hidden, all_seen))
    assert 0.3 * before < metres < 0.9 * before
    assert (hidden.piece_from < hidden.piece_to).all()
    assert 0 < hidden.entrance_place.size < all_seen.entrance_place.size


def test_the_command_shows_other_ways(data_folder, tmp_path, capsys, walk):
    fixes = zip(walk.lat, walk.lon, walk.time_s, strict=True)
    rows = "\n".join(f"{lat:.7f},{lon:.7f},{when}" for lat, lon, when in fixes)
    (tmp_path / "walk.csv").write_text("lat,lon,time\n" + rows)
    extract = str(data_folder / "helsinki.osm.pbf")
    assert main(["dosimeter", "--gpx", str(tmp_path / "walk.csv"), "--cameras", extract, "--streets", extract,
                 "--out", str(tmp_path / "out"), "--map"]) == 0
    said = capsys.readouterr().out
    assert "Other ways" in said
    assert "buildings hide" in said
    assert (tmp_path / "out" / "ways.csv").read_text().startswith("way,metres,more_metres,camera_metres,cameras")
