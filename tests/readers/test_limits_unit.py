"""Small files that would fill memory are refused or read without it, before anything is spent."""

from __future__ import annotations

import os
import random
import sqlite3
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from privacysim import tables
from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.geopackage import geopackage_rows
from privacysim.study import Study

POINT = b"GP\0\1" + struct.pack("<i", 4326) + b"\1" + struct.pack("<Idd", 1, 24.94, 60.17)
SYSTEM = "create table gpkg_geometry_columns (table_name text, column_name text, srs_id int)"


def geopackage(path: Path, columns: str = "", *, system: str = SYSTEM, named: str = "cams") -> Path:
    base = sqlite3.connect(path)
    base.execute("create table gpkg_spatial_ref_sys (srs_id int, organization_coordsys_id int)")
    base.execute(system)
    if system == SYSTEM:
        base.execute(f"insert into gpkg_geometry_columns values ('{named}', 'geom', 4326)")
    base.execute(f"create table cams (fid integer primary key, geom blob, operator text{columns})")
    base.execute("insert into cams (geom, operator) values (?, 'Police')", (POINT,))
    base.execute("create view seen as select * from cams")
    base.commit()
    base.close()
    return path


def test_generated_columns_are_not_read(tmp_path):
    huge = ", b text generated always as (hex(zeroblob(300000000))) virtual"
    path = geopackage(tmp_path / "a.gpkg", huge)
    assert path.stat().st_size < 50_000
    [(_, positions, words, is_line)] = geopackage_rows(path, [])
    assert positions == [(24.94, 60.17)]
    assert words == {"fid": "1", "operator": "Police"}
    assert not is_line


def test_views_stand_for_no_table(tmp_path):
    rows = ("create view gpkg_geometry_columns as with recursive t(n) as (select 1 union all select n + 1 from t "
            "where n < 100000000) select 'cams' table_name, 'geom' column_name, 4326 srs_id from t")  # fmt: skip
    with pytest.raises(InputError, match="gpkg_geometry_columns is not a table"):
        read_cameras(geopackage(tmp_path / "a.gpkg", system=rows))
    notes: list[str] = []
    assert list(geopackage_rows(geopackage(tmp_path / "b.gpkg", named="seen"), notes)) == []
    assert notes == ["seen: not a table, left out"]


def metrics(path: Path, rows: int) -> Path:
    schema = {"int32": pa.int32(), "int64": pa.int64(), "float64": pa.float64()}
    columns = {column.name: pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), ["a" * 40])
               if column.dtype in ("str", "word") else pa.repeat(pa.scalar(0, schema[column.dtype]), rows)
               for column in tables.table("metrics").columns}  # fmt: skip
    pq.write_table(pa.table(columns), path, compression="zstd")
    return path


def test_a_table_of_too_many_rows_is_refused_by_its_header(tmp_path):
    path = metrics(tmp_path / "a.parquet", 10_000_001)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match="10,000,001 rows"):
        tables.read("metrics", path)
    assert not hasattr(os, "fork") or growth_mib(lambda: tables.read("metrics", path)) < 100
    assert len(tables.read("metrics", metrics(tmp_path / "b.parquet", 1000))) == 1000


def growth_mib(do: Callable[[], object]) -> float:
    """By how much the memory of a forked process grows at most while it does this or refuses it."""
    import resource

    out, into = os.pipe()
    if (child := os.fork()) == 0:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with suppress(InputError):
            do()
        os.write(into, str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return int(os.read(out, 40)) / 1024


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_small_files_that_took_gigabytes_take_little(tmp_path):
    """4.7 and 2.1 GB before there were limits; a table of metrics, above, 8.6 GB."""
    huge = ", b text generated always as (hex(zeroblob(300000000))) virtual"
    computed = geopackage(tmp_path / "a.gpkg", huge)
    rows = ("create view gpkg_geometry_columns as with recursive t(n) as (select 1 union all select n + 1 from t "
            "where n < 100000000) select 'cams' table_name, 'geom' column_name, 4326 srs_id from t")  # fmt: skip
    viewed = geopackage(tmp_path / "b.gpkg", system=rows)
    for path in (computed, viewed):
        assert growth_mib(lambda path=path: read_cameras(path)) < 100, path.name
    assert growth_mib(lambda: bytes(bytearray(b"a" * (200 << 20)))) > 150, "what grows is noticed"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_map_of_thousands_of_cameras_without_heading_takes_little(tmp_path):
    """Each may look anywhere, so its view has two ends; such a map took 8.5 GB a worker, and an SVG of 299 MB."""
    town(tmp_path / "town.osm", side=100, cameras=3_000, buildings=20_000)
    (tmp_path / "town.toml").write_text('id = "town"\ntitle = "Town"\n[city]\nkind = "osm"\nosm = "town.osm"\n'
                                        '[population]\npeople = {value = 40000, assumption = "generated"}\n')
    scenario, drawn = str(tmp_path / "town.toml"), tmp_path / "map.svg"
    study = {"scenario": scenario, "policies": ["notice_only"], "days": 2, "sample": 1_000, "replicates": 1}
    assert growth_mib(lambda: Study(**study).run(workers=1)) < 1_000
    assert growth_mib(lambda: main(["city", "map", scenario, "-o", str(drawn)])) < 1_000
    assert drawn.stat().st_size < 20_000_000


def town(path: Path, side: int, cameras: int, buildings: int) -> None:
    """A grid of streets as OpenStreetMap XML, with cameras and small buildings at random places."""
    draw, lines = random.Random(33), ['<?xml version="1.0"?><osm version="0.6">']

    def node(x: float, y: float, tags: str = "") -> int:
        lines.append(f'<node id="{len(lines)}" lat="{51 + y * 9e-4:.7f}" lon="{7 + x * 1.4e-3:.7f}">{tags}</node>')
        return len(lines) - 1

    def somewhere() -> tuple[float, float]:
        return draw.uniform(0, side - 1), draw.uniform(0, side - 1)

    grid = [[node(x, y) for x in range(side)] for y in range(side)]
    for _ in range(cameras):
        node(*somewhere(), '<tag k="man_made" v="surveillance"/><tag k="surveillance:type" v="camera"/>')
    places = [somewhere() for _ in range(buildings)]
    corners = [[node(x + a, y + b) for a, b in ((0, 0), (0, 0.1), (0.1, 0.1), (0.1, 0))] for x, y in places]
    for nodes, tag in [*((row, "highway") for row in (*grid, *map(list, zip(*grid, strict=True)))),
                       *(([*four, four[0]], "building") for four in corners)]:  # fmt: skip
        parts = "".join(f'<nd ref="{n}"/>' for n in nodes)
        value = "residential" if tag == "highway" else "yes"
        lines.append(f'<way id="{len(lines)}">{parts}<tag k="{tag}" v="{value}"/></way>')
    path.write_text("\n".join([*lines, "</osm>"]))
