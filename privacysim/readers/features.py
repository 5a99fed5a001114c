"""Reads features (a position or a line with properties) from GeoJSON, KML, GeoPackage or CSV tables.

Anything that cannot be a feature becomes a `Reject` with its line. A stranger's GeoPackage may contain views and
triggers: only real tables are read, read-only, and every query stops after a bounded number of steps.
"""

import csv
import io
import json
import re
import sqlite3
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd

from privacysim import parts
from privacysim.errors import InputError, did_you_mean, refuse_unknown
from privacysim.readers import opening
from privacysim.readers.opening import TREE_LIMIT, Element, encoding_of, read_xml, recognised
from privacysim.readers.positions import Reject, degrees
from privacysim.resources import shipped_rows

_PLACE = ("lat", "lon")
_WKT = re.compile(r"^\s*(?:SRID=4326;)?\s*POINT\s*Z?\s*\(\s*(\S+)\s+(\S+)[^)]*\)\s*$", re.IGNORECASE)
_NAME_LIMIT = 4_000
_SQL_STEPS = 2_000
"""Of 100 000 instructions each."""
_ENVELOPE = {1: 32, 2: 48, 3: 48, 4: 64}
Position = tuple[float, float]


class Feature(NamedTuple):
    """Line or number in the file, positions (lon, lat) in order, properties, and whether it is a line with `times`."""

    line: int
    positions: Sequence[Position]
    properties: Mapping[str, str]
    is_line: bool = False
    times: Sequence[str] = ()


@dataclass(slots=True)
class Features:
    """Content of a file: features, rejects, and notes in words."""

    source: str
    features: list[Feature] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def _refuse_more(self) -> None:
        if len(self.features) + len(self.rejects) >= opening.MOST_ROWS:
            fix = "cut the area out first, or split the file"
            raise InputError(self.source, f"a file of at most {opening.MOST_ROWS:,} places", "more", fix)

    def add(self, line: int, positions: Sequence[Position], words: Mapping[str, str], is_line: bool = False,
            times: Sequence[str] = ()) -> None:
        """Add a feature, with its times if there are equally many; InputError beyond what 1 GiB of memory holds."""
        self._refuse_more()
        self.features.append(Feature(line, positions, words, is_line, times if len(times) == len(positions) else ()))

    def reject(self, line: int, why: str) -> None:
        """Add a row that cannot be a feature."""
        self._refuse_more()
        self.rejects.append(Reject(line, why))


class ForeignReader(Protocol):
    """Reader of another kind of file, found as an entry point of the group `privacysim.readers`.

    `suffixes` are those of its files in lower case, such as `.shp`. `read` returns one row for each position: `lat` and
    `lon` in degrees, and columns as tables of cameras or tracks.
    """

    suffixes: Sequence[str]
    read: Callable[[Path], pd.DataFrame]


@cache
def column_names() -> dict[str, tuple[str, ...]]:
    """Column names that are recognised for each of ours, best first (`data/column_names.csv`)."""
    return {row["ours"]: tuple(row["recognised"].split("|")) for row in shipped_rows("data/column_names.csv")}


def stated(low: Mapping[str, str], ours: str, columns: Mapping[str, str]) -> str:
    """First word in the columns (in lower case) that stand for one of our names; empty if there is none."""
    names = (columns[ours].lower(),) if ours in columns else column_names()[ours]
    return next((low[name].strip() for name in names if low.get(name, "").strip()), "")


def foreign_reader(path: Path) -> ForeignReader | None:
    """Installed reader for files of that name; None if there is none."""
    for name in parts.known_names("readers"):
        reader: ForeignReader = parts.named("readers", name)
        if path.name.lower().endswith(tuple(reader.suffixes)):
            return reader
    return None


def refuse_columns(where: str, columns: Mapping[str, str], found: Features | None = None) -> None:
    """Raise InputError for a mapping of an unknown name, or (of what was found) to a column that no row fills."""
    for ours, theirs in columns.items():
        refuse_unknown(ours, column_names(), f"{where}, columns", "one of our names")
        if found and ours not in _PLACE and not any(theirs in feature.properties for feature in found.features):
            known = sorted({name for feature in found.features[:100] for name in feature.properties})
            raise InputError(f"{where}, {ours}", "a column that the file fills", theirs, did_you_mean(theirs, known))


def read_features(path: Path, columns: Mapping[str, str]) -> Features:
    """Read every feature of a file, with an installed reader for its name, else by its content.

    `columns` maps our names (`lat`, `lon`, …) to the file's own where they are not recognised (tables only).
    """
    found = Features(str(path))
    if (reader := foreign_reader(path)) is not None:
        frame = reader.read(path).astype(object)
        cells = (["" if pd.isna(cell) else str(cell) for cell in row] for row in frame.itertuples(index=False))
        _take_rows([str(name) for name in frame.columns], enumerate(cells, 1), found, columns)
    else:
        kind, content = recognised(path)
        if kind == "geopackage":
            _from_geopackage(path, found)
        elif kind == "json":
            _from_json(content, found)
        elif kind == "csv":
            _from_table(content, found, columns)
        elif (root := _from_kml(content, found)) != "kml":
            raise InputError(str(path), "KML, or GPX for a track", f"XML with the root <{root}>", "export it as KML")
    return found


def _from_json(content: bytes, found: Features) -> None:
    """Features of GeoJSON: at most 32 MiB, and Python's own limits on depth and on the length of numbers."""
    if len(content) > TREE_LIMIT:
        fix = "save it as CSV, or cut it"
        raise InputError(found.source, "GeoJSON of at most 32 MiB", f"{len(content) >> 20} MiB", fix)
    try:
        tree = json.loads(content.decode(encoding_of(content), errors="replace"), parse_int=float)
    except json.JSONDecodeError as error:
        where = f"{found.source}, line {error.lineno}"
        raise InputError(where, "valid JSON", error.msg, "save or fetch it again") from None
    except RecursionError:
        raise InputError(found.source, "JSON a few levels deep", "hundreds of levels", "this is not GeoJSON") from None
    if not isinstance(tree, dict) or "type" not in tree:
        raise InputError(found.source, "GeoJSON (a FeatureCollection)", "JSON of another form", "export as GeoJSON")
    if isinstance(crs := tree.get("crs"), dict) and "CRS84" not in str(crs) and "4326" not in str(crs):
        raise InputError(found.source, "positions in longitude and latitude (WGS 84)", crs, "export as EPSG:4326")
    rows = tree.get("features") if tree["type"] == "FeatureCollection" else None
    for number, row in enumerate(rows if isinstance(rows, list) else [tree], 1):
        one = row if isinstance(row, dict) else {}
        said = one.get("properties")
        if isinstance(geometry := one.get("geometry", row), dict):
            words = {str(key): f"{value:.12g}" if isinstance(value, float) else str(value)
                     for key, value in (said if isinstance(said, dict) else {}).items() if value is not None}
            _add_geometry(geometry, words, number, found, 0)
        else:
            found.reject(number, "no geometry")


def _add_geometry(geometry: dict[str, Any], words: dict[str, str], number: int, found: Features, depth: int) -> None:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    is_line = kind in ("LineString", "MultiLineString")
    if kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list) and depth < 8:
        for part in geometry["geometries"]:
            if isinstance(part, dict):
                _add_geometry(part, words, number, found, depth + 1)
        return
    groups: dict[Any, list[Any]] = {"Point": [[coordinates]], "MultiPoint": [[one] for one in _list(coordinates)],
                                    "LineString": [coordinates], "MultiLineString": _list(coordinates)}
    if not isinstance(kind, str) or kind not in groups:
        found.reject(number, f"a {str(kind)[:40]} is neither a position nor a line")
        return
    stamps = re.findall(r"[^\[\],'\"\s]+", words.get("coordTimes") or words.get("times") or "")
    for group in groups[kind]:
        pairs = [one if isinstance(one, list) and len(one) >= 2 else (None, None) for one in _list(group)]
        if pairs:
            positions = [(degrees(pair[0]), degrees(pair[1])) for pair in pairs]
            found.add(number, positions, words, is_line, stamps)
        else:
            found.reject(number, "no coordinates")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _from_kml(content: bytes, found: Features) -> str:
    def on_end(element: Element) -> None:
        placemark, holder = element.above("Placemark"), element.parent
        if placemark is None or holder is None:
            return
        # a placemark's own words may come after its geometry: features keep its dictionary, not a copy
        words = placemark.children
        if element.name == "Data" and "name" in element.attributes:
            words[element.attributes["name"]] = element.children.get("value", "")
        elif element.name == "SimpleData" and "name" in element.attributes:
            words[element.attributes["name"]] = element.text
        elif element.name in ("when", "coord") and holder.name == "Track":
            # gx:Track: instants and positions are two parallel lists
            holder.parts.append(f"{'@' if element.name == 'when' else '#'}{','.join(element.text.split())} ")
        elif element.name == "Track":
            positions = [_pair(word[1:]) for word in element.text.split() if word[0] == "#"]
            times = [word[1:] for word in element.text.split() if word[0] == "@"]
            found.add(element.line, positions, words, True, times)
        elif element.name == "coordinates":
            positions, is_line = [_pair(word) for word in element.text.split()], holder.name == "LineString"
            if positions and (is_line or holder.name == "Point"):
                found.add(holder.line, positions if is_line else positions[:1], words, is_line)
            else:
                found.reject(element.line, f"a {holder.name[:40]} is neither a line nor a single position")

    return read_xml(content, found.source, on_end)


def _pair(word: str) -> Position:
    lon, _, rest = word.partition(",")
    return degrees(lon), degrees(rest.partition(",")[0])


def _from_table(content: bytes, found: Features, columns: Mapping[str, str]) -> None:
    """Rows of a table with a header, as points; recognises the delimiter and the columns."""
    stream = io.TextIOWrapper(io.BytesIO(content), encoding=encoding_of(content), errors="replace", newline="")
    first = stream.readline(1 << 16)
    stream.seek(0)
    reader = csv.reader(stream, delimiter=max(",;\t|", key=first.count))
    try:
        header = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
        _take_rows(header, ((reader.line_num, row) for row in reader), found, columns)
    except (csv.Error, UnicodeError) as error:
        where = f"{found.source}, line {reader.line_num}"
        raise InputError(where, "a readable table", error, "save it as CSV") from None


def _take_rows(header: Sequence[str], rows: Iterable[tuple[int, list[str]]], found: Features,
               columns: Mapping[str, str]) -> None:
    """Take numbered rows of cells as points: longitude and latitude in two columns, or in one as WKT."""
    place = _place_columns(header, columns, found.source)
    undecoded = False
    for line, row in rows:
        if not "".join(row).strip():
            continue
        if len(row) < len(header) and len(row) <= max(place):
            found.reject(line, f"{len(row)} columns instead of {len(header)}")
            continue
        cells: Sequence[str | None] = [row[column] for column in place]
        if len(place) == 1:
            match = _WKT.match(row[place[0]])
            cells = match.groups() if match else (None, None)
        undecoded = undecoded or any("\ufffd" in cell for cell in row)
        words = {name: cell[:_NAME_LIMIT] for name, cell in zip(header, row, strict=False) if cell}
        found.add(line, [(degrees(cells[0]), degrees(cells[1]))], words)
    if undecoded:
        found.notes.append("some words are not in UTF-8 and read as �; this does not affect numbers")


def _place_columns(header: Sequence[str], columns: Mapping[str, str], where: str) -> tuple[int, ...]:
    """Columns of longitude and latitude, or the one column of points in WKT."""
    low = [name.lower() for name in header]
    place = []
    for ours in ("lon", "lat", "wkt"):
        if ours in columns:
            refuse_unknown(columns[ours], header, f"{where}, {ours}", "a column of the file")
        names = (columns[ours].lower(),) if ours in columns else column_names()[ours]
        place.append(next((low.index(name) for name in names if name in low), -1))
    lon, lat, wkt = place
    if wkt < 0 and (min(lat, lon) < 0 or lat == lon):
        fix, got = "name them: --columns lat=…,lon=…", ", ".join(header) or "nothing"
        raise InputError(f"{where}, line 1", "columns with latitude and longitude", got, fix)
    return (lon, lat) if min(lat, lon) >= 0 and lat != lon else (wkt,)


def _from_geopackage(path: Path, found: Features) -> None:
    """Every feature table of `gpkg_geometry_columns` in longitude and latitude, and notes about other tables."""
    steps = iter(range(_SQL_STEPS))
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
            base.set_progress_handler(lambda: int(next(steps, None) is None), 100_000)
            for table, column, srs in base.execute("SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns"
                                                   ).fetchall():  # fmt: skip
                query = "SELECT organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
                kind = base.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()
                if kind != ("table",):
                    found.notes.append(f"{table}: not a table, left out")
                elif srs != 4326 and base.execute(query, (srs,)).fetchone() != (4326,):
                    expected, fix = "positions in longitude and latitude", "save it as EPSG:4326"
                    raise InputError(f"{path}, {table}", expected, f"another system ({srs})", fix)
                else:
                    _read_table(base, str(table), str(column), found)
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise InputError(str(path), "a GeoPackage that can be read", error, "save or fetch it again") from None


def _read_table(base: sqlite3.Connection, table: str, column: str, found: Features) -> None:
    quoted = '"' + table.replace('"', '""') + '"'
    cursor = base.execute(f"SELECT * FROM {quoted}")
    names = [item[0] for item in cursor.description]
    if column not in names:
        raise sqlite3.DatabaseError(f"{table} has no column {column}")
    for number, row in enumerate(cursor, 1):
        words = {name: str(value)[:_NAME_LIMIT] for name, value in zip(names, row, strict=True)
                 if value is not None and not isinstance(value, bytes)}
        for is_line, positions in _shapes(row[names.index(column)]):
            found.add(number, positions, words, is_line)


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
