"""Files that nobody here made: each input rebuilds a fault that was found on real files, with its right value."""

from __future__ import annotations

import json
import sqlite3
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacysim.errors import InputError
from privacysim.readers.camera_files import heading_of, read_cameras, said, views
from privacysim.readers.track_files import Tracks, read_tracks
from privacysim.tracks.cleaning import walk_of
from privacysim.tracks.dosimeter import measure_walk
from privacysim.vocabulary import OPERATORS

METRE_N, METRE_E = 1 / 111_412.0, 1 / 55_800.0
"""Degrees per metre at 60 degrees north (WGS 84)."""


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def walk(x: float, y: float, to_x: float, to_y: float) -> Tracks:
    """A walk in metres east and north of 60 N 25 E."""
    same = np.zeros(2, np.int32)
    lat, lon = 60 + np.array([y, to_y]) * METRE_N, 25 + np.array([x, to_x]) * METRE_E
    return Tracks(lat, lon, 1.6e9 + np.array([0.0, 30.0]), same, same, 1, (), (), "walk")


def test_several_directions_are_several_views_and_none_is_made_up_between_them(tmp_path):
    cameras = read_cameras(write(tmp_path, "a.csv", "lat,lon,direction,hfov,width,height\n60,25,90;270,60,2560,3\n"))
    assert list(cameras.heading_deg) == [90.0, 270.0]
    assert list(cameras.line) == [2, 2]
    assert any("several directions" in note for note in cameras.notes)
    east, south = (measure_walk(track, cameras).totals["cameras"] for track in (
        walk(8, -1, 40, 1), walk(-1, -8, 1, -40)))  # fmt: skip
    assert (east, south) == (1, 0)


@pytest.mark.parametrize(("text", "expected"), [
    ("0;180", [0, 180]), ("N;E;S;W", [0, 90, 180, 270]), ("90/270", [90, 270]), ("N, S", [0, 180]), ("N,S", [0, 180]),
    ("90,270", [90, 270]), ("90,5", [90.5]), ("350;10", [350, 10]), ("North | South-West", [0, 225]),
    ("45-135;200", [90, 200]), ("Norte", [0]), ("Südost", [135]), ("sud-ouest", [225]), ("东北", [45]), ("남동", [135]),
    ("90;90", [90]), ("N;forward", [np.nan]), ("北京路", [np.nan]),
])  # fmt: skip
def test_a_direction_in_words_or_figures(text, expected):
    found = [heading_of(one["direction"])[0] for one in views({"direction": text})]
    assert found == pytest.approx(expected, nan_ok=True)


@given(st.lists(st.integers(0, 359), min_size=1, max_size=8, unique=True))
def test_every_direction_that_is_named_is_a_view_and_no_other(directions):
    text = ";".join(map(str, directions))
    assert [said(one)["heading_deg"] for one in views({"camera_direction": text})] == directions


def test_a_camera_that_turns_has_one_view_whatever_its_directions():
    assert len(views({"direction": "0;180", "camera_type": "dome"})) == 1


def test_rows_are_one_camera_only_where_every_column_is_equal(tmp_path):
    assert len(read_cameras(write(tmp_path, "a.csv", "id,lat,lon\nC1,60,25\nC2,60,25\n"))) == 2
    assert len(read_cameras(write(tmp_path, "b.csv", "name,lat,lon\nA,60,25\nA,60,25\n"))) == 1
    two = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "id": n, "properties": {}, "geometry": {"type": "Point", "coordinates": [25, 60]}}
        for n in (1, 2)]}  # fmt: skip
    assert len(read_cameras(write(tmp_path, "c.geojson", json.dumps(two)))) == 2
    osm = "".join(f'<node id="{n}" lat="60" lon="25"><tag k="man_made" v="surveillance"/></node>' for n in (1, 2))
    assert len(read_cameras(write(tmp_path, "d.osm", f'<osm version="0.6">{osm}</osm>'))) == 2


TAGS = {"man_made": "surveillance", "camera:direction": "90", "camera:type": "fixed", "height": "4"}


def as_rows(form: str) -> tuple[str, str]:
    node = {"type": "node", "id": 7, "lat": 60.0, "lon": 25.0, "tags": TAGS}
    corner = {"type": "node", "id": 8, "lat": 60.1, "lon": 25.0}
    flat = {"lat": 60.0, "lon": 25.0, **{f"tags.{key}": value for key, value in TAGS.items()}}
    header, cells = ",".join(flat), ",".join(map(str, flat.values()))
    hstore = ",".join(f'""{key}""=>""{value}""' for key, value in TAGS.items())
    return {
        "overpass": ("a.json", json.dumps({"version": 0.6, "elements": [node, corner]})),
        "array": ("a.json", json.dumps([node])),
        "lines": ("a.json", f"{json.dumps(node)}\n{json.dumps(node | {'id': 9, 'lat': 60.2})}\n"),
        "wrapped": ("a.json", json.dumps({"total": 1, "data": [{"latitude": 60, "longitude": 25, "tags": TAGS}]})),
        "dotted": ("a.csv", f"{header}\n{cells}\n"),
        "dictionary": ("a.csv", f'lat,lon,tags\n60,25,"{TAGS}"\n'),
        "hstore": ("a.csv", f'lat,lon,other_tags\n60,25,"{hstore}"\n'),
        "osm": ("a.osm", '<osm version="0.6"><node id="7" lat="60" lon="25">'
                + "".join(f'<tag k="{key}" v="{value}"/>' for key, value in TAGS.items()) + "</node></osm>"),
        "geojson": ("a.geojson", json.dumps({"type": "Feature", "properties": {"tags": TAGS},
                                             "geometry": {"type": "Point", "coordinates": [25, 60]}})),
    }[form]  # fmt: skip


@pytest.mark.parametrize("form", ["overpass", "array", "lines", "wrapped", "dotted", "dictionary", "hstore", "osm",
                                  "geojson"])  # fmt: skip
def test_the_same_tags_are_read_alike_from_every_form(tmp_path, form):
    cameras = read_cameras(write(tmp_path, *as_rows(form)))
    assert (cameras.lat[0], cameras.lon[0], cameras.heading_deg[0], cameras.mount_m[0]) == (60, 25, 90, 4)
    assert len(cameras) == (2 if form == "lines" else 1)
    assert not cameras.rejects


@pytest.mark.parametrize(("header", "row", "heading"), [
    ("lat,lon,camera_direction", "60,25,90", 90), ("Breite;Länge;Richtung", "60;25;Ost", 90),
    ("latitud,longitud,Orientacion", "60,25,Noreste", 45), ("latitude,longitude,orientation", "60,25,Sud", 180),
    ("latitudine,longitudine,direzione", "60,25,ovest", 270), ("纬度,经度,朝向", "60,25,南", 180),
    ("위도,경도,방향", "60,25,북", 0), ("緯度,経度,方位", "60,25,東", 90),
])  # fmt: skip
def test_columns_of_eight_languages(tmp_path, header, row, heading):
    cameras = read_cameras(write(tmp_path, "a.csv", f"{header}\n{row}\n"))
    assert (cameras.lat[0], cameras.lon[0], cameras.heading_deg[0]) == (60, 25, heading)


@pytest.mark.parametrize(("word", "round_"), [
    ("Dome Camera", True), ("360 Camera", True), ("PTZ (Pan Tilt Zoom) Camera", True), ("Fixed dome", False),
    ("Bullet Camera", False), ("Cámara domo", True), ("Schwenkbar", True), ("球机", True), ("고정형 카메라", False),
    ("caméra fixe", False), ("telecamera fissa", False),
])  # fmt: skip
def test_types_of_public_sets(tmp_path, word, round_):
    cameras = read_cameras(write(tmp_path, "a.csv", f"lat,lon,camera type\n60,25,{word}\n"))
    assert (cameras.hfov_deg[0] == 360) == round_
    assert not any("not understood" in note for note in cameras.notes)


def test_what_is_read_what_is_not_and_which_words_are_not_known_is_said(tmp_path):
    path = write(tmp_path, "a.csv", "lat,lon,Heading,camera_type,colour\n60,25,90,Zeppelin,red\n60.1,25,up,dome,red\n")
    notes = " | ".join(read_cameras(path).notes)
    for words in ("columns read: lat, lon, heading, camera_type as type", "columns not read: colour",
                  'type "Zeppelin" (1)', "heading not understood"):  # fmt: skip
        assert words in notes


def test_indoors_in_any_spelling_sees_no_street(tmp_path):
    path = write(tmp_path, "a.csv", "lat,lon,surveillance\n60,25,Indoors\n60.1,25,indoor\n60.2,25,outdoor\n")
    assert list(read_cameras(path).indoor) == [True, True, False]


@pytest.mark.parametrize("kind", ["guard", "gunshot_detector"])
def test_what_is_no_camera_is_none_in_every_format(tmp_path, kind):
    form = '<node id="{}" lat="60" lon="25"><tag k="man_made" v="surveillance"/>{}</node>'
    tag = f'<tag k="surveillance:type" v="{kind}"/>'
    osm = write(tmp_path, "a.osm", f'<osm version="0.6">{form.format(1, "")}{form.format(2, tag)}</osm>')
    csv = write(tmp_path, "a.csv", f"lat,lon,surveillance:type\n60,25,\n60,25.1,{kind}\n")
    places = [{"lat": 60, "lon": 25, "tags": {"man_made": "surveillance"}},
              {"lat": 60, "lon": 25, "tags": {"surveillance:type": kind}}]  # fmt: skip
    for path in (osm, csv, write(tmp_path, "a.json", json.dumps(places))):
        cameras = read_cameras(path)
        assert len(cameras) == len(cameras.rejects) == 1
        assert kind.replace("_", " ") in cameras.rejects[0].reason


def test_plate_readers_are_named(tmp_path):
    cameras = read_cameras(write(tmp_path, "a.csv", "lat,lon,surveillance:type\n60,25,ALPR\n"))
    assert any("number plates" in note for note in cameras.notes)


def test_an_explicit_kind_of_operator_overrules_the_name():
    for name in ("State Farm Insurance", "City Grill Pub"):
        assert OPERATORS[said({"operator": name, "operator:type": "private"})["operator"]] == "commercial"
    assert OPERATORS[said({"operator": "City of Helsinki"})["operator"]] == "other_state"


def test_a_mangled_coordinate_is_shown(tmp_path):
    cameras = read_cameras(write(tmp_path, "a.csv", "lat,lon\n60,25\n461.993.881,25\n"))
    assert "461.993.881" in cameras.rejects[0].reason


@pytest.mark.parametrize(("name", "content"), [
    ("a.csv", "sep=;\nlat;lon\n60,1;25,2\n"), ("a.csv", "Länge;Breite\n25,2;60,1\n".encode("cp1252")),
    ("a.csv", "location\n\"(60.1, 25.2)\"\n"),
])  # fmt: skip
def test_tables_as_spreadsheets_and_portals_write_them(tmp_path, name, content):
    cameras = read_cameras(write(tmp_path, name, content))
    assert (cameras.lat[0], cameras.lon[0]) == (60.1, 25.2)


def test_a_geopackage_that_is_open_elsewhere_is_read_with_its_newest_rows(tmp_path):
    path, point = tmp_path / "a.gpkg", b"GP\x00\x01\xe6\x10\x00\x00\x01\x01\x00\x00\x00"
    base = sqlite3.connect(path)
    base.executescript("PRAGMA journal_mode=WAL; CREATE TABLE gpkg_geometry_columns (table_name, column_name, srs_id);"
                       "CREATE TABLE cams (geom BLOB); INSERT INTO gpkg_geometry_columns VALUES ('cams','geom',4326);")
    for n in range(2):
        base.execute("INSERT INTO cams VALUES (?)", (point + np.array([25.0 + n, 60.0]).tobytes(),))
        base.commit()
        if not n:
            base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert len(read_cameras(path)) == 2
    base.close()


def test_links_to_other_files_are_not_places(tmp_path):
    link = "<NetworkLink><Link><href>http://localhost/x</href></Link></NetworkLink>"
    with pytest.raises(InputError, match="links to other files"):
        read_cameras(write(tmp_path, "a.kml", f'<kml xmlns="http://www.opengis.net/kml/2.2">{link}</kml>'))


# Tracks: a GPX of 21 fixes, 14 m and 10 s apart, due east from 51 N 7 E (280 m, 200 s)
FIXES = [(51.0, 7 + n * 14 / 70_197.0, f"2024-05-01T10:{n // 6:02d}:{n % 6}0Z") for n in range(21)]


def points(name: str, timed: bool = True, fixes=FIXES) -> str:
    return "".join(f'<{name} lat="{lat}" lon="{lon:.7f}">{f"<time>{time}</time>" if timed else ""}</{name}>'
                   for lat, lon, time in fixes)  # fmt: skip


TRACK = f"<trk><trkseg>{points('trkpt')}</trkseg></trk>"
BARE = f"<trk><trkseg>{points('trkpt', False)}</trkseg></trk>"
GROWING = "".join(f"<trkseg>{points('trkpt', fixes=FIXES[:n])}</trkseg>" for n in (5, 12, 21))
PATH = " ".join(f"{lon:.7f},{lat}" for lat, lon, _ in FIXES)
MARKS = "".join(f"<Placemark><Point><coordinates>{lon:.7f},{lat}</coordinates></Point></Placemark>"
                for lat, lon, _ in FIXES)  # fmt: skip


@pytest.mark.parametrize(("name", "content", "timed"), [
    ("a.gpx", f"<gpx>{TRACK}</gpx>", True),
    ("a.gpx", f"<gpx><rte>{points('rtept', False)}</rte>{TRACK}</gpx>", True),
    ("a.gpx", f"<gpx>{TRACK}{TRACK}</gpx>", True),
    ("a.gpx", f"<gpx><trk>{GROWING}</trk></gpx>", True),
    ("a.gpx", f"<gpx>{BARE}{BARE}</gpx>", False),
    ("a.gpx", f'<g:gpx xmlns:g="http://www.topografix.com/GPX/1/1">{TRACK.replace("<", "<g:").replace("<g:/", "</g:")}'
              "</g:gpx>", True),
    ("a.kml", f"<kml>{MARKS}<Placemark><LineString><coordinates>{PATH}</coordinates></LineString></Placemark></kml>",
     False),
    ("a.csv", "lat,lon,time\n" + "".join(f"{a},{b:.7f},{t}\n" for a, b, t in FIXES) * 2, True),
])  # fmt: skip
def test_a_person_is_in_one_place_at_a_time(tmp_path, name, content, timed):
    done = walk_of(read_tracks(write(tmp_path, name, content)))
    metres = sum(np.hypot((done.lon[i + 1] - done.lon[i]) * 70_197.0, 0) for i in np.flatnonzero(done.joined))
    assert metres == pytest.approx(280, abs=1)
    assert done.timed == timed
    if timed:
        assert done.clock_s.max() == pytest.approx(200)


def table(times: list[str], header: str = "lat,lon,time") -> str:
    return header + "\n" + "".join(f"{a},{b:.7f},{t}\n" for (a, b, _), t in zip(FIXES, times, strict=True))


CLOCK = [(n // 6, n % 6 * 10) for n in range(21)]


@pytest.mark.parametrize("content", [
    table([t for _, _, t in FIXES]),
    "lat,lon,time\n" + "".join(f"{a},{b:.7f},{t}\n" for a, b, t in reversed(FIXES)),
    table([f"01.05.2024 10:{m:02d}:{s:02d}" for m, s in CLOCK]),
    table([f"5/1/2024 10:{m:02d}:{s:02d} AM" for m, s in CLOCK]),
    table([f"2024/05/01 10:{m:02d}:{s:02d}" for m, s in CLOCK]),
    table([f"2024-05-01,10:{m:02d}:{s:02d}" for m, s in CLOCK], "lat,lon,date,time"),
    table([f"01.05.2024,10:{m:02d}:{s:02d}" for m, s in CLOCK], "lat,lon,Datum,Uhrzeit"),
    table(["noon" if n == 7 else t for n, (_, _, t) in enumerate(FIXES)]),
])  # fmt: skip
def test_clocks_that_are_there_are_read(tmp_path, content):
    done = walk_of(read_tracks(write(tmp_path, "t.csv", content)))
    assert done.timed
    assert done.clock_s.max() == pytest.approx(200)


@pytest.mark.parametrize("wrap", [
    lambda times: {"coordTimes": times}, lambda times: {"coordTimes": [times]},
    lambda times: {"coordinateProperties": {"times": times}},
    lambda times: {"times": [time.replace("T", " ").rstrip("Z") for time in times]},
])  # fmt: skip
def test_clocks_of_geojson_lines_are_read_however_they_are_nested(tmp_path, wrap):
    said_times = wrap([time for _, _, time in FIXES])
    line = [[lon, lat] for lat, lon, _ in FIXES]
    nested = isinstance(said_times.get("coordTimes", [""])[0], list)
    shape = {"type": "MultiLineString" if nested else "LineString", "coordinates": [line] if nested else line}
    content = json.dumps({"type": "Feature", "properties": said_times, "geometry": shape})
    done = walk_of(read_tracks(write(tmp_path, "t.geojson", content)))
    assert done.timed
    assert done.clock_s.max() == pytest.approx(200)


def test_times_that_are_not_understood_are_counted_and_not_shown(tmp_path):
    some = table(["noon" if n % 2 else t for n, (_, _, t) in enumerate(FIXES)])
    notes = " ".join(read_tracks(write(tmp_path, "t.csv", some)).notes)
    assert "10 fixes have no time that is understood" in notes
    most = table(["noon" if n else t for n, (_, _, t) in enumerate(FIXES)])
    tracks = read_tracks(write(tmp_path, "t.csv", most))
    assert "only 1 of 21" in " ".join(tracks.notes)
    assert len(tracks) == 21
    assert "noon" not in " ".join((notes, *tracks.notes))


@given(st.permutations(range(12)))
def test_rows_in_any_order_are_one_walk_or_are_said(order):
    """The property that found newest-first files: the time of a walk does not depend on the order of the rows."""
    from privacysim.readers.matsim import Fix
    from privacysim.readers.track_files import _once

    fixes = [Fix(n, 51.0, 7 + n * 1e-4, 1.6e9 + 10.0 * n, "", "") for n in order]
    notes: list[str] = []
    times = [fix.time_s for fix in _once(fixes, notes)]
    backwards = sum(b < a for a, b in pairwise(times))
    assert backwards <= 2
    assert len(times) == 12
    if backwards == 0 and list(order) != sorted(order):
        assert any("order of time" in note for note in notes)


def test_cameras_far_from_the_walk_are_said_to_be_far(tmp_path):
    cameras = read_cameras(write(tmp_path, "a.csv", "lat,lon\n60.05,25\n"))
    assert any("km" in note and "nearest camera" in note for note in measure_walk(walk(0, 0, 30, 0), cameras).notes)
    swapped = read_cameras(write(tmp_path, "b.csv", "lat,lon\n25,60\n"))
    assert any("swapped" in note for note in measure_walk(walk(0, 0, 30, 0), swapped).notes)


@pytest.mark.parametrize("ending", ["ndjson", "json"])
def test_an_object_a_line_is_read_as_rows(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    path.write_text('{"lat": 60.0, "lon": 25.0, "time": "2024-01-01T10:00:00Z"}\n'
                    '{"lat": 60.001, "lon": 25.0, "time": "2024-01-01T10:01:00Z"}\n')  # fmt: skip
    assert len(read_tracks(path)) == 2
    assert read_cameras(path).lat.tolist() == [60.0, 60.001]
