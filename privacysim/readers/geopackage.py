"""Reads feature tables of a GeoPackage.

An untrusted file may contain views and triggers. So only real tables are read, in read-only mode, and every query stops
after a bounded number of steps.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from privacysim.errors import InputError

Position = tuple[float, float]
NAME_LIMIT = 4_000
"""Letters of a word from a file that are kept."""
_LONGEST, _MOST_TABLES = 32 << 20, 1_000
"""Bytes of one value, and tables of one file."""
_SQL_STEPS = 2_000
"""Of 100 000 instructions each."""
_ENVELOPE = {1: 32, 2: 48, 3: 48, 4: 64}


def geopackage_rows(path: Path, notes: list[str]) -> Iterator[tuple[int, list[Position], dict[str, str], bool]]:
    """Number, positions (lon, lat), words and whether it is a line, of each feature in `gpkg_geometry_columns`.

    Tables that are left out are named in `notes`. Raises InputError for a damaged file or another coordinate system.
    """
    steps = iter(range(_SQL_STEPS))
    try:
        # rows that another program has not merged yet are in its log, which an immutable file is taken not to have
        log = Path(f"{path}-wal")
        still = "" if log.is_file() and log.stat().st_size else "&immutable=1"
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{still}", uri=True)) as base:
            base.set_progress_handler(lambda: int(next(steps, None) is None), 100_000)
            base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
            base.execute("PRAGMA trusted_schema = OFF")
            for name, needed in (("gpkg_geometry_columns", True), ("gpkg_spatial_ref_sys", False)):
                there = base.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone()
                if (needed or there) and not _is_table(base, name):
                    raise sqlite3.DatabaseError(f"{name} is not a table")
            for table, column, srs in base.execute("SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns "
                                                   f"LIMIT {_MOST_TABLES}").fetchall():  # fmt: skip
                query = "SELECT organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
                if not _is_table(base, table):
                    notes.append(f"{table}: not a table, left out")
                elif srs != 4326 and base.execute(query, (srs,)).fetchone() != (4326,):
                    expected, fix = "positions in longitude and latitude", "save it as EPSG:4326"
                    raise InputError(f"{path}, {table}", expected, f"another system ({srs})", fix)
                else:
                    yield from _read_table(base, str(table), str(column))
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise InputError(str(path), "a GeoPackage that can be read", error, "save or fetch it again") from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _is_table(base: sqlite3.Connection, name: object) -> bool:
    """Whether that is a table with rows of its own, neither a view nor one that code computes."""
    found = base.execute("SELECT type, sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    return found is not None and found[0] == "table" and "VIRTUAL" not in str(found[1])[:40].upper()


def _read_table(base: sqlite3.Connection, table: str, column: str
                ) -> Iterator[tuple[int, list[Position], dict[str, str], bool]]:  # fmt: skip
    quoted = _quoted(table)
    # a generated column may make gigabytes of a few bytes: only what is stored is read
    names = [str(row[1]) for row in base.execute(f"PRAGMA table_xinfo({quoted})") if not row[6]]
    if column not in names:
        raise sqlite3.DatabaseError(f"{table} has no column {column}")
    cursor = base.execute(f"SELECT {', '.join(map(_quoted, names))} FROM {quoted}")
    for number, row in enumerate(cursor, 1):
        words = {name: str(value)[:NAME_LIMIT] for name, value in zip(names, row, strict=True)
                 if value is not None and not isinstance(value, bytes)}
        for is_line, positions in _shapes(row[names.index(column)]):
            yield number, positions, words, is_line


def _shapes(blob: object) -> list[tuple[bool, list[Position]]]:
    """Points and lines (True) of one GeoPackage geometry; a broken geometry gives one position of NaN."""
    broken = [(False, [(float("nan"), float("nan"))])]
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 8:
        return broken
    try:
        return _wkb(blob, 8 + _ENVELOPE.get((blob[3] >> 1) & 7, 0), 0)[0] or broken
    except (struct.error, IndexError, ValueError):
        return broken


def _wkb(blob: bytes, at: int, depth: int) -> tuple[list[tuple[bool, list[Position]]], int]:
    """Points and lines of the geometry in WKB that begins at `at`, and where it ends."""
    order = "<" if blob[at] == 1 else ">"
    (code,) = struct.unpack_from(order + "I", blob, at + 1)
    width, kind, at, count = 2 + (0, 1, 1, 2)[min(code % 10_000 // 1_000, 3)], code % 1_000, at + 5, 1
    if kind != 1:
        (count,) = struct.unpack_from(order + "I", blob, at)
        at += 4
    if kind in (1, 2):
        values = struct.unpack_from(f"{order}{count * width}d", blob, at)
        return [(kind == 2, list(zip(values[::width], values[1::width], strict=True)))], at + 8 * width * count
    if kind not in (4, 5, 7) or depth > 4:
        raise ValueError("neither position nor line")
    found = []
    for _ in range(count):
        part, at = _wkb(blob, at, depth + 1)
        found += part
    return found, at
