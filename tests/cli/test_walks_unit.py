"""`dosimeter` and `city show`: what is counted by hand is what is printed, and options that are none write nothing."""

from __future__ import annotations

import csv
import json
import math
import re

import pytest

from privacysim.city.example_town import write_example_town
from privacysim.cli.main import main
from privacysim.facts import facts
from privacysim.scenario import load_scenario
from privacysim.tracks.dose_tables import threshold

LAT, LON = 48.2, 16.37


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A straight walk of 400 m to the north at 1.3 m/s, and 26 cameras beside it that somebody mapped."""
    monkeypatch.chdir(tmp_path)
    fixes = "".join(f"{LAT + 1.17e-4 * n:.7f},{LON},{1_700_000_000 + 10 * n}\n" for n in range(32))
    (tmp_path / "walk.csv").write_text("lat,lon,time\n" + fixes)
    rows = "".join(f"{LAT + 1.3e-4 * n:.7f},{LON + 6e-5},dome,{'public' if n % 2 else ''}\n" for n in range(26))
    (tmp_path / "cameras.csv").write_text("lat,lon,type,operator:type\n" + rows)
    return tmp_path


DOSE = ["dosimeter", "--gpx", "walk.csv", "--cameras", "cameras.csv"]


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_walk_is_as_long_as_it_is_and_twenty_cameras_are_listed_before_the_rest_is_counted(here, capsys):
    assert main([*DOSE, "--out", "o"]) == 0
    said = capsys.readouterr().out
    metres = 31 * math.radians(1.17e-4) * 6_371_008.8  # along a meridian of the mean sphere
    walked = re.match(r"(\d+) m walked in (.+)\n", said)
    assert float(walked[1]) == pytest.approx(metres, rel=2e-3)
    assert walked[2] == "310 s"
    listed = [line for line in said.splitlines() if re.match(r" *\d+ +\w+ +(not )?known ", line)]
    cameras = rows_of(here / "o" / "cameras.csv")
    assert len(listed) == 20
    assert f"… and {len(cameras) - 20} more." in said
    unknown = sum(row["operator"] == "unknown" for row in cameras)
    assert unknown > 0
    assert f"{unknown} cameras have no operator on the map and count as shops" in said
    assert said.endswith("Saved in o.\n")


def test_what_nobody_mapped_is_the_count_over_the_recall(here, capsys):
    assert main([*DOSE, "--recall", "0.5"]) == 0
    said = capsys.readouterr().out
    seen = re.search(r"In view of (?:(\d+) to )?(\d+) cameras", said)
    low, high = int(seen[1] or seen[2]), int(seen[2])
    mean, least, most = map(int, re.search(r"about (\d+) cameras, (\d+) to (\d+)\.", said).groups())
    assert (least, most) == (pytest.approx(2 * low, abs=1), pytest.approx(2 * high, abs=1))
    assert least <= mean <= most
    assert sorted(path.name for path in here.iterdir()) == ["cameras.csv", "walk.csv"], "without --out nothing is kept"


def test_files_for_gis_stand_under_private_and_hold_the_cameras_of_the_walk(here, capsys):
    assert main([*DOSE, "--out", "o", "--export", "geojson, .gpkg,parquet"]) == 0
    assert "o/private shows where the walk went: keep it where you keep the track." in capsys.readouterr().out
    private = here / "o" / "private"
    assert {path.name for path in private.iterdir()} == {
        "READ_ME_FIRST.txt", ".gitignore", "cameras.geojson", "cameras.gpkg", "cameras.parquet",
    }  # fmt: skip
    kept = json.loads((private / "cameras.geojson").read_text())["features"]
    points = [feature for feature in kept if feature["geometry"]["type"] == "Point"]
    assert len(points) == len(rows_of(here / "o" / "cameras.csv"))
    assert not list((here / "o").glob("*.geojson"))


def test_columns_are_found_under_their_own_names(here, capsys):
    assert main(DOSE) == 0
    plain = capsys.readouterr().out
    for name, columns in (("walk.csv", "breite,länge,wann"), ("cameras.csv", "nord,ost,type,operator:type")):
        text = (here / name).read_text()
        (here / name).write_text(columns + text[text.index("\n") :], encoding="utf-8")
    assert main(DOSE) == 2
    capsys.readouterr()
    assert main([*DOSE, "--columns", "lat=nord, lon = ost", "--track-columns", "lat=breite,lon=länge,time=wann"]) == 0
    read = "columns read: lat, lon, type"
    assert plain.count(read) == 1
    assert capsys.readouterr().out == plain.replace(read, "columns read: nord as lat, ost as lon, type")


@pytest.mark.parametrize(("words", "said"), [
    (["--range", "0"], ("--range: expected metres above 0, at most 2000.", "Got: 0", "give the reach of a camera")),
    (["--range", "2001"], ("--range:", "Got: 2001")), (["--range", "nan"], ("--range:", "Got: nan")),
    (["--map"], ("--map, --export: expected --out DIR.", "Got: no folder", "add --out DIR")),
    (["--export", "gpkg"], ("--map, --export:", "Got: no folder")),
    (["--export", "shp", "--out", "o"], ("--export: expected geojson, gpkg or parquet.", "Got: shp",
                                         "choose among these")),
    (["--law-date", "June", "--out", "o"], ("--law-date: expected a date such as 2025-06-01.", "Got: June",
                                            "write year-month-day")),
    (["--columns", "lat", "--out", "o"], ("--columns: expected our name = the file's column.", "Got: lat",
                                          "write lat=Latitude,lon=Longitude")),
    (["--track-columns", "lat= ", "--out", "o"], ("--track-columns:", "Got: lat=")),
    (["--policies", "order_79", "--out", "o"], ("order_79", "write order_799")),
    (["--recall", "1.2", "--out", "o"], ("--recall:", "Got: 1.2", "at most 1")),
])  # fmt: skip
def test_an_option_that_is_none_is_three_lines_and_nothing_is_written(words, said, here, capsys):
    assert main([*DOSE, *words]) == 2
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 3
    assert all(part in told.err for part in said), told.err
    assert told.out == ""
    assert sorted(path.name for path in here.iterdir()) == ["cameras.csv", "walk.csv"]


def test_of_several_people_no_clock_is_shown_and_thin_cells_are_counted_alone(here, capsys):
    rows = ["uid,datetime,lat,lng"]
    for person in range(threshold()):
        fixes = [(0.0, 5)] + ([(0.01, 6)] if person else [])  # only the others pass the second camera
        rows += [f"p{person},2031-03-07T{hour:02d}:00:{10 * i:02d},{LAT + north + 4e-5 * i:.7f},{LON:.7f}"
                 for north, hour in fixes for i in range(6)]  # fmt: skip
    (here / "walk.csv").write_text("\n".join(rows))
    (here / "cameras.csv").write_text("lat,lon,type\n" + "".join(
        f"{LAT + north:.7f},{LON + 1e-4:.7f},dome\n" for north in (1e-4, 0.0101)))  # fmt: skip
    assert main(DOSE) == 0
    said = capsys.readouterr().out
    assert f"1 cameras passed by fewer than {threshold()} people are left out." in said
    (line,) = [line for line in said.splitlines() if re.match(r" *\d+ +\w+ +(not )?known ", line)]
    assert "–" in line.split(), "when the first of them came is nobody's business"


def test_the_cameras_of_a_made_up_city_are_counted_from_the_facts(capsys):
    assert main(["city", "show", "guangzhou_district"]) == 0
    said = capsys.readouterr().out
    case = load_scenario("guangzhou_district")
    count = round(facts().value("cameras_per_1000") * case.population.people.number / 1000)
    assert said.splitlines()[0] == f"{case.title}: {case.population.people.number:g} people"
    assert said.splitlines()[-1] == f"cameras    {count}, drawn in each replicate"
    assert "buildings  0: nothing hides anybody" in said
    whole, *parts = map(float, re.search(
        r"streets +([\d.]+) km .*main roads ([\d.]+), streets ([\d.]+), lanes and paths ([\d.]+)", said).groups())
    assert sum(parts) == pytest.approx(whole, abs=0.2), "three kinds of street are all there are"


def test_of_many_rows_that_are_no_cameras_five_are_shown_and_the_rest_is_counted(tmp_path, capsys):
    write_example_town(tmp_path / "town.osm")
    good = "".join(f"54.001,{5.001 + n / 1000}\n" for n in range(8))
    (tmp_path / "mine.csv").write_text("lat,lon\n" + 7 * "north,5.002\n" + good)
    (tmp_path / "mine.toml").write_text(
        'id = "mine"\ntitle = "Mine"\n[city]\nkind = "osm"\nosm = "town.osm"\n'
        '[population]\npeople = {value = 4000, assumption = "a test"}\n[cameras]\nfile = "mine.csv"\n')  # fmt: skip
    assert main(["city", "show", str(tmp_path / "mine.toml")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("cameras    8 on the map: 0 see all round, 8 without heading") for line in lines)
    assert [line.split()[3] for line in lines if "not used, line" in line] == ["2:", "3:", "4:", "5:", "6:"]
    assert lines[-1] == "           … and 2 more that could not be used"


@pytest.mark.parametrize(("words", "said"), [
    (["show", "atlantis"], "Fix:"), (["map", "guangzhou_district", "-o", "map.gif"], "Fix: name it map.svg."),
    (["fetch", "Kallio", "-o", "kallio.pbf"], "ends in .osm"),
])  # fmt: skip
def test_a_city_that_is_none_is_three_lines_and_no_file(words, said, here, capsys):
    assert main(["city", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 3
    assert sorted(path.name for path in here.iterdir()) == ["cameras.csv", "walk.csv"]
