"""Broken and hostile files: an answer, or a sentence of three lines; never a traceback, a hang, or a half result."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import sqlite3
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.readers import opening
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import read_tracks
from privacysim.tracks.cleaning import walk_of
from privacysim.tracks.dosimeter import measure_walk
from privacysim.tracks.walk_saving import write_gis
from tests.helpers.damage import damaged

GPX = """<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="60.1700" lon="24.9400"><time>2022-01-28T11:44:16Z</time></trkpt>
<trkpt lat="60.1705" lon="24.9405"><time>2022-01-28T11:45:16Z</time></trkpt>
<trkpt lat="60.1710" lon="24.9410"><time>2022-01-28T11:46:16Z</time></trkpt>
</trkseg></trk></gpx>
"""
KML = """<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>a</name>
<ExtendedData><Data name="direction"><value>90</value></Data></ExtendedData>
<Point><coordinates>24.94,60.17,0</coordinates></Point></Placemark></Document></kml>
"""
GEOJSON = json.dumps({"type": "FeatureCollection", "features": [
    {"type": "Feature", "geometry": {"type": "Point", "coordinates": [24.94, 60.17]}, "properties": {"heading": 90}},
    {"type": "Feature", "geometry": {"type": "Point", "coordinates": [24.95, 60.18]}, "properties": None},
]})  # fmt: skip
CSV = "latitude,longitude,heading,operator\n60.17,24.94,90,Police\n60.18,24.95,,shop\n"
BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)) + "]>"


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def answers(read, path):
    """A result, or the error."""
    try:
        return read(path)
    except InputError as error:
        return error


NETWORK = """<!DOCTYPE network SYSTEM "http://www.matsim.org/files/dtd/network_v2.dtd">
<network><attributes><attribute name="coordinateReferenceSystem">EPSG:25832</attribute></attributes>
<nodes><node id="a" x="500000" y="5800000"/><node id="b" x="500100" y="5800000"/><node id="c" x="500100" y="5800080"/>
</nodes><links><link id="1" from="a" to="b"/><link id="2" from="b" to="c"/><link id="3" from="c" to="a"/></links>
</network>"""


def read_matsim(path):
    pytest.importorskip("pyproj")
    return read_tracks(path, network=write(path.parent, "network.xml.gz", gzip.compress(NETWORK.encode(), mtime=0)))


@pytest.mark.parametrize(("name", "content", "read", "reason"), [
    ("a.gpx", BOMB + "<gpx>&j;</gpx>", read_tracks, "document type"),
    ("a.gpx", '<!DOCTYPE gpx SYSTEM "file:///etc/passwd">' + GPX[39:], read_tracks, "document type"),
    ("a.kml", BOMB + "<kml>&j;</kml>", read_cameras, "document type"),
    ("a.gpx", GPX[:200], read_tracks, "well-formed"),
    ("a.gpx", "<gpx>" + "<a>" * 5000 + "</a>" * 5000 + "</gpx>", read_tracks, "deep"),
    ("a.gpx", GPX.replace("UTF-8", "klingon"), read_tracks, "XML"),
    ("a.gpx", "<gpx></gpx>", read_tracks, "at least one fix"),
    ("a.gpx", GPX.replace('lat="60.17', 'lat="999.17'), read_tracks, "latitude beyond"),
    ("a.gpx", "", read_tracks, "latitude and longitude"),
    ("a.xml", "<events></events>", read_tracks, "network"),
    ("a.xml", "<html></html>", read_tracks, "another kind"),
    ("a.xml", '<!DOCTYPE population SYSTEM "x" [<!ENTITY a "b">]><population/>', read_matsim, "document type"),
    ("a.xml", '<!DOCTYPE gpx SYSTEM "x"><population/>', read_matsim, "document type"),
    ("a.xml", "<events></events>", read_matsim, "at least one move"),
    ("a.xml", '<events><event time="1" type="actend" person="a" link="nowhere"/></events>', read_matsim, "not a num"),
    ("a.xml", '<events><event time="1" type="actend" person="a" x="1e300" y="NaN" link="1"/></events>', read_matsim,
     "two fixes"),
    ("a.xml", '<population><person id="p"><plan selected="yes"><activity x="0" y="0" end_time="x"/></plan></person>'
     "</population>", read_matsim, "at least one move"),
    ("a.xml", '<fcd-export><timestep time="1"><vehicle id="v" x="9000" y="8000"/></timestep></fcd-export>',
     read_tracks, "--fcd-output.geo"),
    ("a.geojson", "[" * 100_000, read_cameras, "levels deep"),
    ("a.geojson", '{"type": "FeatureCollection", "features": [', read_cameras, "JSON"),
    ("a.geojson", '{"type": "FeatureCollection", "features": []}', read_cameras, "at least one camera"),
    ("a.geojson", '{"type": "Topology"}', read_cameras, "another form"),
    ("a.geojson", '{"type": "Point", "coordinates": [' + "9" * 6000 + ", 1]}", read_cameras, "not finite"),
    ("a.geojson", '{"type": "Point", "coordinates": [NaN, 1]}', read_cameras, "not a number"),
    ("a.geojson", '{"type": "Point", "coordinates": [1e999, 1]}', read_cameras, "not finite"),
    ("a.csv", "a,b\n1,2\n", read_cameras, "columns with latitude"),
    ("a.csv", "lat,lon\n24.9,160.17\n125.0,60.1\n130.0,60.2\n", read_cameras, "exchange the two columns"),
    ("a.csv", "lat,lon\nnan,nan\n", read_cameras, "not a number"),
    ("a.csv", "lat,lon\n0,0\n", read_cameras, "without a position"),
    ("a.csv", b"lat,lon\n\x00\x00", read_cameras, "binary"),
    ("a.csv", 'lat,lon\n"' + "x" * 200_000, read_cameras, "table"),
    ("a.gpkg", b"SQLite format 3\x00" + b"\x07" * 500, read_cameras, "GeoPackage"),
    ("a.osm.pbf", b"\x00\x00\x00\x0dOSM", read_cameras, "OpenStreetMap"),
    ("a.osm", '<osm version="0.6"><node id="1" lat="NaN" lon="5"/></osm>', read_cameras, "OpenStreetMap"),
    ("a.csv.gz", gzip.compress(b"lat,lon\n1,2\n", mtime=0)[:15], read_cameras, "read whole"),
    ("a.zip", b"PK\x03\x04nothing", read_cameras, "read whole"),
])  # fmt: skip
def test_a_hostile_file_is_a_sentence(tmp_path, name, content, read, reason):
    with pytest.raises(InputError) as caught:
        read(write(tmp_path, name, content))
    assert reason in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


def test_the_command_says_it_too_and_exits_with_2(tmp_path, capsys):
    track, cameras = write(tmp_path, "a.gpx", BOMB + "<gpx>&j;</gpx>"), write(tmp_path, "a.csv", CSV)
    assert main(["dosimeter", "--gpx", str(track), "--cameras", str(cameras), "--out", str(tmp_path / "out")]) == 2
    assert "document type" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("pack", ["zip", "gzip", "bz2"])
def test_a_bomb_is_not_unpacked(tmp_path, pack):
    zeros = bytes(150 << 20)
    if pack == "zip":
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("doc.kml", zeros)
        content = target.getvalue()
    else:
        content = gzip.compress(zeros, 1, mtime=0) if pack == "gzip" else bz2.compress(zeros)
    path = write(tmp_path, f"a.{pack}", content)
    del zeros
    assert len(content) < 1 << 20
    tracemalloc.start()
    with pytest.raises(InputError, match="at most 128 MiB"):
        read_cameras(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 29


@pytest.mark.parametrize("read", [read_tracks, read_cameras], ids=["track", "cameras"])
@pytest.mark.parametrize("whole", [GPX, KML, GEOJSON, CSV], ids=["gpx", "kml", "geojson", "csv"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
def test_a_file_with_any_damage_is_read_or_refused(tmp_path, whole, read, data):
    """`release/test_fuzz_property.py` damages the same files, thousands of them among the long sets."""
    content = damaged(data, whole.encode(), cut=40, doubled=60)
    path = write(tmp_path, "fuzzed.bin", content)
    found = answers(read, path)
    if isinstance(found, InputError):
        assert len(str(found).splitlines()) <= 3
    else:
        assert np.isfinite(found.lat).all()
        assert (np.abs(found.lat) <= 90).all()
        assert (np.abs(found.lon) <= 180).all()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
def test_any_track_of_valid_fixes_is_measured(tmp_path, data):
    near = some.floats(-0.002, 0.002)
    anywhere = some.tuples(some.floats(-90, 90), some.floats(-180, 180))
    fix = some.one_of(some.tuples(near.map(lambda d: 60.17 + d), near.map(lambda d: 24.94 + d)), anywhere)
    time = some.one_of(some.integers(1_600_000_000, 1_600_003_600), some.just(""), some.just("1970-01-01"))
    rows = data.draw(some.lists(some.tuples(fix, time), min_size=2, max_size=12))
    text = "lat,lon,time\n" + "\n".join(f"{lat!r},{lon!r},{when}" for (lat, lon), when in rows)
    tracks = answers(read_tracks, write(tmp_path, "t.csv", text))
    cameras = read_cameras(write(tmp_path, "c.csv", "lat,lon\n60.17,24.94\n60.1702,24.9402\n"))
    if isinstance(tracks, InputError):
        return
    dose = answers(lambda _: measure_walk(tracks, cameras), None)
    if isinstance(dose, InputError):
        assert "step" in str(dose)
        return
    totals = dose.totals
    assert 0 <= totals["metres_in_view_detect_high"] <= totals["metres"] * (1 + 1e-6) + 0.1
    assert totals["seconds_in_view_identify_high"] <= totals["seconds_in_view_detect_high"] <= totals["seconds"] + 1e-3
    bands = [name.removesuffix("_low") for name in dose.cameras.columns if name.endswith("_low")]
    for name in bands:
        assert (dose.cameras[f"{name}_low"] <= dose.cameras[name]).all()
        assert (dose.cameras[name] <= dose.cameras[f"{name}_high"]).all()


def test_single_bad_rows_are_listed_with_line_and_reason_and_the_rest_is_used(tmp_path):
    path = write(tmp_path, "a.csv", "lat,lon\n60.1,24.9\nnorth,24.9\n60.2,24.9\n60.3\n60.4,24.9\n")
    cameras = read_cameras(path)
    assert len(cameras) == 3
    assert [(reject.line, "not a number" in reject.reason) for reject in cameras.rejects] == [(3, True), (5, False)]
    assert list(cameras.line) == [2, 4, 6]


def test_equal_rows_are_one_camera_and_rows_that_differ_are_not(tmp_path):
    path = write(tmp_path, "a.csv", "lat,lon,heading\n60.1,24.9,10\n60.1,24.9,10\n60.1,24.9,190\n")
    assert len(read_cameras(path)) == 2
    assert len(read_cameras(path, merge=False)) == 3


def test_columns_of_any_name_can_be_mapped(tmp_path):
    path = write(tmp_path, "a.csv", "nord;ost;blick\n60,1;24,9;W\n60,2;24,9;NE\n")
    cameras = read_cameras(path, {"lat": "nord", "lon": "ost", "heading": "blick"})
    assert list(cameras.heading_deg) == [270.0, 45.0]
    assert list(cameras.lat) == [60.1, 60.2]
    with pytest.raises(InputError, match="blick"):
        read_cameras(path, {"lat": "nord", "lon": "ost", "heading": "blik"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_any_common_encoding_gives_the_same_positions(tmp_path, encoding):
    text = "lat,lon,operator\n60.1,24.9,Kaufhaus Müller\n60.2,24.9,Käse\n"
    cameras = read_cameras(write(tmp_path, "a.csv", text.encode(encoding)))
    assert list(cameras.lat) == [60.1, 60.2]
    assert any("UTF-8" in note for note in cameras.notes) == (encoding == "latin-1")


def _track(tmp_path, rows):
    return read_tracks(write(tmp_path, "t.csv", "lat,lon,time\n" + "\n".join(rows)))


def test_a_gap_is_not_walked_a_glitch_is_dropped_and_both_are_said(tmp_path):
    rows = [f"{60.17 + i * 1e-4:.5f},24.94,{1_600_000_000 + 10 * i}" for i in range(20)]
    plain = walk_of(_track(tmp_path, rows))
    assert plain.joined.sum() == 19
    glitch = [*rows[:7], f"61.5,24.94,{1_600_000_065}", *rows[7:]]
    assert walk_of(_track(tmp_path, glitch)).joined.sum() == 19
    back = [*rows[:7], f"60.17,24.94,{1_599_000_000}", *rows[7:]]
    walk = walk_of(_track(tmp_path, back))
    assert walk.joined.sum() == 19
    assert any("clock went back" in note for note in walk.notes)
    late = [row if i < 10 else row.replace("16000", "16010") for i, row in enumerate(rows)]
    walk = walk_of(_track(tmp_path, late))
    assert walk.joined.sum() == 18
    assert any("gap" in note for note in walk.notes)


def test_without_a_clock_seconds_are_at_walking_speed_and_that_is_said(tmp_path):
    walk = walk_of(_track(tmp_path, [f"{60.17 + i * 1e-4:.5f},24.94," for i in range(11)]))
    assert not walk.timed
    assert walk.clock_s[-1] == pytest.approx(10 * 11.1195 / 1.3, rel=1e-3)
    assert any("no clock" in note for note in walk.notes)


def test_a_geopackage_with_a_view_that_never_ends_is_left_out(tmp_path):
    path = tmp_path / "evil.gpkg"
    base = sqlite3.connect(path)
    base.executescript(
        "CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INTEGER);"
        "INSERT INTO gpkg_geometry_columns VALUES ('endless', 'geom', 4326);"
        "CREATE VIEW endless AS WITH RECURSIVE n(geom) AS (SELECT 1 UNION ALL SELECT geom + 1 FROM n) SELECT * FROM n;"
    )
    base.close()
    with pytest.raises(InputError, match="at least one camera"):
        read_cameras(path)


@pytest.mark.parametrize("ending", [".geojson", ".gpkg", ".parquet"])
def test_what_is_written_for_gis_is_read_back(tmp_path, ending):
    track = write(tmp_path, "a.gpx", GPX)
    cameras = read_cameras(write(tmp_path, "c.csv", "lat,lon,heading,height\n60.17,24.94,90,4\n60.1702,24.9402,,\n"))
    dose = measure_walk(read_tracks(track), cameras)
    path = tmp_path / f"out{ending}"
    write_gis(dose, path)
    if ending == ".parquet":
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        assert json.loads(table.schema.metadata[b"geo"])["primary_column"] == "geometry"
        assert table.num_rows == 2
        return
    again = read_cameras(path)
    assert sorted(again.lat) == sorted(cameras.lat)
    assert sorted(again.lon) == sorted(cameras.lon)


def test_a_sumo_trace_and_a_movingpandas_table_are_tracks(tmp_path):
    sumo = "".join(f'<timestep time="{t}"><person id="p" x="{24.94 + t * 1e-5:.6f}" y="60.17"/></timestep>'
                   for t in range(0, 60, 5))
    tracks = read_tracks(write(tmp_path, "fcd.xml", f"<fcd-export>{sumo}</fcd-export>"))
    assert len(tracks) == 12
    rows = "".join(f'{number},2022-01-01 10:00:{t:02d},"POINT ({24.94 + t * 1e-4:.5f} 60.17)"\n'
                   for number in (3, 4) for t in range(0, 50, 5))
    tracks = read_tracks(write(tmp_path, "mp.csv", "traj_id,t,geometry\n" + rows))
    assert tracks.people == 2
    assert np.isfinite(tracks.time_s).all()


EVENTS = """<?xml version="1.0"?><events version="1.0">
<event time="3600" type="actend" person="p" link="1" x="500010" y="5800005" actType="home"/>
<event time="3600" type="departure" person="p" link="1" legMode="bike"/>
<event time="3600" type="TransitDriverStarts" driverId="pt_1" vehicleId="bus"/>
<event time="3600" type="PersonEntersVehicle" person="pt_1" vehicle="bus"/>
<event time="3601" type="vehicle enters traffic" person="pt_1" vehicle="bus" link="3" relativePosition="0.0"/>
<event time="3600" type="PersonEntersVehicle" person="p" vehicle="v"/>
<event time="3610" type="vehicle enters traffic" person="p" link="1" vehicle="v" relativePosition="0.5"/>
<event time="3620" type="left link" link="1" vehicle="v"/>
<event time="3620" type="entered link" link="2" vehicle="v"/>
<event time="3636" type="vehicle leaves traffic" person="p" link="2" vehicle="v" relativePosition="1.0"/>
<event time="3636" type="PersonLeavesVehicle" person="p" vehicle="v"/>
<event time="3636" type="arrival" person="p" link="2" legMode="bike"/>
<event time="3700" type="actstart" person="p" link="2" actType="work"/>
<event time="7200" type="actend" person="p" link="2" actType="work"/>
<event time="7200" type="departure" person="p" link="2" legMode="walk"/>
<event time="7500" type="arrival" person="p" link="1" legMode="walk"/>
</events>"""
PLANS = """<?xml version="1.0"?><!DOCTYPE population SYSTEM "http://www.matsim.org/files/dtd/population_v6.dtd">
<population><person id="p"><plan selected="no"><activity type="home" x="1" y="1" end_time="01:00:00"/></plan>
<plan selected="yes"><activity type="home" link="1" x="500010" y="5800005" end_time="01:00:10"/>
<leg mode="bike" dep_time="01:00:10" trav_time="00:00:18"><route type="links" start_link="1" end_link="3"
 trav_time="00:00:18">1 2 3</route></leg>
<activity type="work" link="3" end_time="02:00:00"/>
<leg mode="walk" trav_time="00:05:00"><route type="generic" start_link="3" end_link="1"/></leg>
<activity type="home" link="1" x="500010" y="5800005"/></plan></person></population>"""


def test_matsims_events_are_moves_along_links_and_nothing_is_made_up_between_them(tmp_path):
    tracks = read_matsim(write(tmp_path, "events.xml.gz", gzip.compress(EVENTS.encode(), mtime=0)))
    assert tracks.people == 1, "a driver of a bus is no person of the study"
    assert [round(time - 1_577_836_800.0) for time in tracks.time_s] == [3600, 3610, 3620, 3636, 3700, 7200]
    walk = walk_of(tracks, 0.0)
    # half of link 1, then link 2; the way from the door and the teleported walk are not known
    from privacysim.tracks.walk_sight import sight_of

    nobody = read_cameras(write(tmp_path, "c.csv", "lat,lon\n10,10\n"))
    lengths = sight_of(walk, nobody).step_m
    assert sorted(lengths[lengths > 1].round()) == [50.0, 80.0]
    assert any("1 legs have no route" in note for note in tracks.notes)
    # an independent way to the same place: pyproj from the plane of the network
    import pyproj

    lon, lat = pyproj.Transformer.from_crs("EPSG:25832", "EPSG:4326", always_xy=True).transform(500_100, 5_800_080)
    assert (tracks.lat[3], tracks.lon[3]) == pytest.approx((lat, lon), abs=1e-9)


def test_matsims_plans_share_a_routes_time_by_length_and_only_the_selected_plan_counts(tmp_path):
    tracks = read_matsim(write(tmp_path, "plans.xml", PLANS))
    times = [round(time - 1_577_836_800.0, 2) for time in tracks.time_s]
    # links 2 and 3 are 80 m and √(100² + 80²) = 128.06 m; 18 s in all
    bend = 3610 + 18 * 80 / (80 + np.hypot(100, 80))
    assert times == pytest.approx([3610, 3610, bend, 3628, 3628, 7200, 7500], abs=0.01)
    assert any("1 legs have no route" in note for note in tracks.notes)


def test_a_matsim_network_without_a_plane_asks_for_one(tmp_path):
    network = write(tmp_path, "n.xml", NETWORK.replace("EPSG:25832", "Atlantis"))
    events = write(tmp_path, "events.xml", EVENTS)
    pytest.importorskip("pyproj")
    with pytest.raises(InputError, match="coordinate system of the Earth"):
        read_tracks(events, network=network)
    assert len(read_tracks(events, network=network, crs="EPSG:25832")) == 6


@pytest.mark.parametrize("name", ["many.csv", "many.kml", "many.geojson", "bad.csv"])
def test_a_file_of_more_places_than_memory_should_hold_is_refused_not_cut(name, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "MOST_ROWS", 20)
    place = '<Placemark><Point><coordinates>24.{:02d},60.17</coordinates></Point></Placemark>'
    content = {
        "many.csv": "lat,lon\n" + "".join(f"60.17,24.{n:02d}\n" for n in range(21)),
        "bad.csv": "lat,lon\n" + "60.17\n" * 21,
        "many.kml": "<kml><Document>" + "".join(place.format(n) for n in range(21)) + "</Document></kml>",
        "many.geojson": json.dumps({"type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [24 + n / 100, 60.17]}}
            for n in range(21)]}),
    }[name]  # fmt: skip
    with pytest.raises(InputError, match="at most 20 places"):
        read_cameras(write(tmp_path, name, content))
    monkeypatch.setattr(opening, "MOST_ROWS", 21)
    if name != "bad.csv":
        assert len(read_cameras(tmp_path / name)) == 21
