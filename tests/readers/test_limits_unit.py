"""Small files that would fill memory are refused or read without it, before anything is spent."""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from privacysim import tables
from privacysim.errors import InputError
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.geopackage import geopackage_rows

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
