"""Broken and hostile maps in OpenStreetMap's formats: a city, a town and cameras, or a sentence of three lines."""

from __future__ import annotations

import bz2
import gzip
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import osmium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from privacysim.city.sources import osm_plan
from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.files import validate
from privacysim.readers.camera_files import read_cameras
from privacysim.scenario import Scenario
from privacysim.tracks.detour import read_town
from tests.helpers.damage import damaged
from tests.helpers.long_sets import first

NODES = "".join(f'<node id="{n + 1}" lat="{54 + n // 3 / 1000:.4f}" lon="{5 + n % 3 / 1000:.4f}"/>' for n in range(9))
OSM = f"""<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">{NODES}<node id="10" lat="54.0001" lon="5.0004"><tag k="man_made" v="surveillance"/>
<tag k="camera:direction" v="90"/><tag k="height" v="4"/></node>
<node id="11" lat="54.0003" lon="5.0004"><tag k="shop" v="books"/></node>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="6"/><nd ref="9"/><tag k="highway" v="footway"/></way>
<way id="2"><nd ref="1"/><nd ref="4"/><nd ref="7"/><tag k="highway" v="residential"/></way>
<way id="3"><nd ref="5"/><nd ref="6"/><nd ref="9"/><nd ref="5"/><tag k="building" v="yes"/>
<tag k="building:levels" v="3"/></way>
<relation id="1"><member type="way" ref="3" role="outer"/><tag k="type" v="multipolygon"/>
<tag k="building" v="yes"/></relation></osm>
"""
BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)) + "]>"


def read_city(path):
    scenario = validate(Scenario, {
        "id": "t", "title": "t", "city": {"kind": "osm", "osm": str(path)},
        "population": {"people": {"value": 300, "assumption": "a test"}},
    }, "t.toml")  # fmt: skip
    return osm_plan(scenario.city, 300)


READERS = {"city": read_city, "town": read_town, "cameras": read_cameras}


def answer(read, path):
    """What is read, or the error."""
    try:
        return read(path)
    except InputError as error:
        return error


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def varint(number):
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def blob(kind, data, claims=None):
    packed = zlib.compress(data, 9)
    body = b"\x10" + varint(len(data) if claims is None else claims) + b"\x1a" + varint(len(packed)) + packed
    head = field(1, kind) + b"\x18" + varint(len(body))
    return struct.pack(">I", len(head)) + head + body


HEADER = blob(b"OSMHeader", field(4, b"OsmSchema-V0.6") + field(4, b"DenseNodes"))


def points_bomb(count, blobs):
    """Points at one place, which compress a thousandfold."""
    dense = field(1, b"\x02" * count) + field(8, bytes(count)) + field(9, bytes(count))
    return HEADER + blob(b"OSMData", field(1, field(1, b"")) + field(2, field(2, dense))) * blobs


def small_pbf(folder):
    path = folder / "small.osm.pbf"
    if not path.exists():
        writer = osmium.SimpleWriter(str(path))
        for item in osmium.FileProcessor(str(write(folder, "small.osm", OSM))):
            writer.add(item)
        writer.close()
    return path.read_bytes()


def test_the_whole_file_is_a_city_a_town_and_a_camera(tmp_path):
    small_pbf(tmp_path)
    for name in ("small.osm", "small.osm.pbf"):
        path = tmp_path / name
        assert len(read_cameras(path)) == 1
        town, city = read_town(path), read_city(path)
        assert town.u.size == city.streets.u.size == 6
        # drawn twice, as a way and as a relation
        assert town.ring_start.size - 1 == city.buildings["building_start"].size - 1 == 2


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("name", "content", "reason"), [
    ("a.osm", BOMB + OSM[38:].replace("books", "&j;"), "entities"),
    ("a.osm", '<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + OSM[38:].replace("books", "&x;"), "entities"),
    ("a.osm", OSM[:300], "OpenStreetMap|osm.pbf"),
    ("a.osm", "", "OpenStreetMap|osm.pbf"),
    ("a.osm", "<html></html>", "OpenStreetMap|osm.pbf"),
    ("a.osm", "<osm version='0.6'>" + "<node>" * 10_000, "OpenStreetMap|osm.pbf"),
    ("a.osm", OSM.replace("54.0000", "NaN"), "coordinate"),
    ("a.osm", OSM.replace('lat="54.0', 'lat="1e999'), "coordinate"),
    ("a.osm", OSM.replace("54.0", "9" * 3000), "coordinate"),
    ("a.osm", OSM.replace('id="1"', 'id="99999999999999999999999"'), "illegal id"),
    ("a.osm", OSM.replace("books", "b" * 70_000), "too long"),
    ("a.osm", OSM.replace("books", "b" * (5 << 20)), "sensible length"),
    ("a.osm", OSM.replace("books", "Bücher").encode("latin-1"), "OpenStreetMap|osm.pbf"),
    ("a.osm", OSM.replace("UTF-8", "klingon"), "encoding"),
    ("a.osm", OSM.replace("highway", "waterway").replace("surveillance", "mast"), "walkable streets|one camera"),
    ("a.osm", '<osm version="0.6"></osm>', "walkable streets|one camera"),
    ("a.osm.gz", gzip.compress(OSM.encode(), mtime=0)[:200], "OpenStreetMap|osm.pbf"),
    ("a.osm.gz", gzip.compress(OSM.replace("books", "b" * (12 << 20)).encode(), 1, mtime=0), "sensible length"),
    ("a.osm.bz2", bz2.compress(OSM.replace("<way", "<!--" + " " * (12 << 20) + "--><way", 1).encode()), "sensible"),
    ("a.osm.pbf", b"\xff\xff\xff\xff" + bytes(100), "OpenStreetMap|osm.pbf"),
    ("a.osm.pbf", HEADER[:-3], "OpenStreetMap|osm.pbf"),
    ("a.osm.pbf", HEADER + blob(b"OSMData", bytes(1 << 20)), "OpenStreetMap|osm.pbf"),
    ("a.osm.pbf", HEADER + blob(b"OSMData", b"\x0a\x00", claims=(1 << 31) - 1), "30 times"),
    ("a.osm.pbf", points_bomb(10_000_000, 20), "30 times"),
    ("a.osm.pbf", points_bomb(6_000_000, 1), "30 times"),
])  # fmt: skip
def test_a_hostile_map_is_a_sentence(tmp_path, reader, name, content, reason):
    with pytest.raises(InputError, match=reason) as caught:
        READERS[reader](write(tmp_path, name, content))
    assert len(str(caught.value).splitlines()) <= 3


def test_xml_without_end_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr("privacysim.readers.opening.XML_LIMIT", 8 << 20)
    more = "<tag k='a' v='b'/>" * (1 << 20)
    path = write(tmp_path, "a.osm.gz", gzip.compress(OSM.replace("<tag", more + "<tag", 1).encode(), 1, mtime=0))
    with pytest.raises(InputError, match="at most 8 MiB"):
        read_town(path)


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs /proc to tell the memory")
@pytest.mark.parametrize("millions", first(1, [1, 5]))
def test_a_map_takes_a_gigabyte_at_most_for_the_largest_that_is_let_through(tmp_path, millions):
    """The largest has five million points; 128 MiB for each million, besides the libraries."""
    path = write(tmp_path, "a.osm.pbf", points_bomb(millions * 1_000_000, 1))
    # the peak of this process from /proc: what getrusage says begins with the memory of whoever started it
    code = ("import sys; from privacysim.errors import InputError; from privacysim.tracks.detour import "
            "read_town\ntry: read_town(sys.argv[1])\nexcept InputError as error: print(error)\n"
            "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])")
    said = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "walkable streets" in said.stdout
    kib = int(said.stdout.splitlines()[-1])
    assert kib < (3 + millions) << 17


def test_impossible_storeys_do_not_take_all_people(tmp_path):
    plain = read_city(write(tmp_path, "a.osm", OSM))
    for storeys in ("1e300", "nan", "inf", "-4", "many", "9" * 400):
        town = read_city(write(tmp_path, "b.osm", OSM.replace('v="3"', f'v="{storeys}"')))
        assert np.isfinite(town.streets.home_weight).all()
        assert town.streets.home_weight.sum() <= plain.streets.home_weight.sum()


@pytest.mark.parametrize("ending", ["osm", "osm.pbf"])
@pytest.mark.parametrize("examples", first(1, [40, 400]))
def test_a_map_with_any_damage_is_read_or_refused(tmp_path, ending, examples):
    whole = OSM.encode() if ending == "osm" else small_pbf(tmp_path)

    @settings(max_examples=examples, deadline=None)
    @given(data=some.data())
    def read_or_refused(data):
        path = write(tmp_path, f"fuzzed.{ending}", damaged(data, whole, cut=60, doubled=80))
        for name, read in READERS.items():
            found = answer(read, path)
            if isinstance(found, InputError):
                assert len(str(found).splitlines()) <= 3
                continue
            lat, lon = (found.lat, found.lon) if name != "city" else (found.streets.x, found.streets.y)
            assert np.isfinite(lat).all()
            assert np.isfinite(lon).all()

    read_or_refused()


def test_the_commands_say_it_too_and_leave_nothing(tmp_path, capsys):
    osm = write(tmp_path, "a.osm", BOMB + OSM[38:].replace("books", "&j;"))
    scenario = write(tmp_path, "s.toml", f'id = "s"\ntitle = "s"\n[city]\nkind = "osm"\nosm = "{osm}"\n[population]\n'
                                         'people = {value = 300, assumption = "a test"}\n')  # fmt: skip
    track = write(tmp_path, "t.csv", "lat,lon\n54,5\n54.001,5\n")
    for words in (["city", "show", str(scenario)], ["city", "map", str(scenario), "-o", str(tmp_path / "m.svg")],
                  ["dosimeter", "--gpx", str(track), "--cameras", str(osm), "--out", str(tmp_path / "out")]):
        assert main(words) == 2
        said = capsys.readouterr().err
        assert "entities" in said
        assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.osm", "s.toml", "t.csv"]
