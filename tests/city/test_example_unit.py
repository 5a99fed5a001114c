"""The generated town is a map like any other: read by every reader, walked through."""

from __future__ import annotations

from privacysim.city.example_town import write_example_town, write_example_walk
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import read_tracks
from privacysim.tracks.detour import detours, read_town
from privacysim.tracks.dosimeter import measure_walk


def test_the_example_town_is_a_map_with_cameras_known_and_unknown(tmp_path):
    one = write_example_town(tmp_path / "one.osm")
    town, cameras = read_town(one), read_cameras(one)
    assert town.lat.size == 99
    assert town.ring_start.size - 1 == 80
    assert len(cameras) == 60
    assert 0 < cameras.heading_known.sum() < 60
    assert not cameras.rejects


def test_its_walk_has_another_way_that_is_seen_less(tmp_path):
    path = write_example_town(tmp_path / "town.osm")
    town = read_town(path)
    dose = measure_walk(read_tracks(write_example_walk(tmp_path / "walk.gpx")), read_cameras(path), town=town)
    assert 700 < dose.totals["metres"] < 800
    ways = detours(dose, town).table
    assert ways["camera_metres"].iloc[-1] < 0.5 * ways["camera_metres"].iloc[0]
