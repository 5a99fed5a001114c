"""Reads points and lines of every feature table of a GeoPackage with sqlite3; executes nothing from the file.

A GeoPackage is a database, and a stranger's database may contain views and triggers. So only real tables are read,
read-only, and every query stops after a bounded number of steps.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from privacysim.errors import InputError
from privacysim.readers.opening import refuse_more

_STEPS = 200_000_000
_ENVELOPE = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}


def geopackage_features(path: Path, make: Callable[..., Any]) -> tuple[list[Any], list[str]]:
    """Features of every table of `gpkg_geometry_columns` in longitude and latitude, and notes about other tables."""
    budget = [_STEPS // 100_000]

    def tired() -> int:
        budget[0] -= 1
        return 1 if budget[0] < 0 else 0

    made: list[Any] = []
    notes: list[str] = []
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            connection.set_progress_handler(tired, 100_000)
            tables = connection.execute("SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns").fetchall()
            for table, column, srs in tables:
                kind = connection.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()
                if kind != ("table",):
                    notes.append(f"{table}: not a table, left out")
                elif not _is_wgs84(connection, srs):
                    expected, fix = "positions in longitude and latitude", "save it as EPSG:4326"
                    raise InputError(f"{path}, {table}", expected, f"another system ({srs})", fix)
                else:
                    _read_table(connection, f"{path}, {table}", str(table), str(column), make, made)
        finally:
            connection.close()
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise InputError(str(path), "a GeoPackage that can be read", error, "save or fetch it again") from None
    return made, notes


def _is_wgs84(connection: sqlite3.Connection, srs: object) -> bool:
    if srs == 4326:
        return True
    query = "SELECT organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
    return connection.execute(query, (srs,)).fetchone() == (4326,)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _read_table(connection: sqlite3.Connection, where: str, table: str, column: str, make: Callable[..., Any],
                made: list[Any]) -> None:
    cursor = connection.execute(f"SELECT * FROM {_quoted(table)}")
    names = [item[0] for item in cursor.description]
    if column not in names:
        raise sqlite3.DatabaseError(f"{table} has no column {column}")
    place = names.index(column)
    for number, row in enumerate(cursor, 1):
        words = {name: str(value)[:4_000] for name, value in zip(names, row, strict=True)
                 if value is not None and not isinstance(value, bytes)}
        for kind, positions in _shapes(row[place]):
            refuse_more(where, len(made))
            made.append(make(number, kind, positions, words))


def _shapes(blob: object) -> list[tuple[str, list[tuple[float, float]]]]:
    """Points and lines of one GeoPackage geometry; a broken geometry gives one position of NaN."""
    broken = [("point", [(float("nan"), float("nan"))])]
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 8:
        return broken
    try:
        return list(_wkb(blob, 8 + _ENVELOPE.get((blob[3] >> 1) & 7, 0), 0)[0]) or broken
    except (struct.error, IndexError, ValueError):
        return broken


def _wkb(blob: bytes, at: int, depth: int) -> tuple[list[tuple[str, list[tuple[float, float]]]], int]:
    order = "<" if blob[at] == 1 else ">"
    (code,) = struct.unpack_from(order + "I", blob, at + 1)
    width = 2 + {0: 0, 1: 1, 2: 1, 3: 2}[min((code % 10_000) // 1_000, 3)]
    at += 5
    base = code % 1_000
    if base == 1:
        values = struct.unpack_from(order + f"{width}d", blob, at)
        return [("point", [values[:2]])], at + 8 * width
    (count,) = struct.unpack_from(order + "I", blob, at)
    at += 4
    if base == 2:
        if count * 8 * width > len(blob):
            raise ValueError("more positions than bytes")
        values = struct.unpack_from(order + f"{count * width}d", blob, at)
        return [("line", list(zip(values[::width], values[1::width], strict=True)))], at + 8 * width * count
    if base not in (4, 5, 7) or depth > 4 or count > len(blob):
        raise ValueError("neither position nor line")
    found = []
    for _ in range(count):
        part, at = _wkb(blob, at, depth + 1)
        found += part
    return found, at
