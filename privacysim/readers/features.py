"""Reads features (a position or a line with properties) from GeoJSON, KML, GeoPackage or CSV tables.

Anything that cannot be a feature becomes a `Reject` with its line.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd

from privacysim import parts
from privacysim.errors import InputError, did_you_mean, refuse_unknown
from privacysim.readers import opening
from privacysim.readers.columns import column_names, plain
from privacysim.readers.geopackage import NAME_LIMIT, Position, geopackage_rows
from privacysim.readers.opening import TREE_LIMIT, Element, encoding_of, read_xml, recognised
from privacysim.readers.positions import Reject, degrees

_PLACE = ("lat", "lon")
_WKT = re.compile(r"^\s*(?:SRID=4326;)?\s*POINT\s*Z?\s*\(\s*(\S+)\s+(\S+)[^)]*\)\s*$", re.IGNORECASE)
_PAIR = re.compile(r"^\s*\(?\s*(-?\d+\.\d+)\s*[,;]\s*(-?\d+\.\d+)\s*\)?\s*$")
"""Latitude and longitude in one cell, as some portals write them."""


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
        """Add a feature, with its times if their number matches; InputError if 1 GiB of memory is exceeded."""
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
            for row in geopackage_rows(path, found.notes):
                found.add(*row)
        elif kind == "json":
            _from_json(content, found, columns)
        elif kind == "csv":
            _from_table(content, found, columns)
        elif (root := _from_kml(content, found)) != "kml":
            raise InputError(str(path), "KML, or GPX for a track", f"XML with the root <{root}>", "export it as KML")
    return found


def _from_json(content: bytes, found: Features, columns: Mapping[str, str]) -> None:
    """Places of GeoJSON, Overpass JSON, lists of records, or one object a line: at most 32 MiB, a few levels deep."""
    if len(content) > TREE_LIMIT:
        fix = "save it as CSV, or cut it"
        raise InputError(found.source, "GeoJSON of at most 32 MiB", f"{len(content) >> 20} MiB", fix)
    try:
        tree = _tree(content.decode(encoding_of(content), errors="replace"))
    except json.JSONDecodeError as error:
        where = f"{found.source}, line {error.lineno}"
        raise InputError(where, "valid JSON", error.msg, "save or fetch it again") from None
    except RecursionError:
        raise InputError(found.source, "JSON a few levels deep", "hundreds of levels", "this is not GeoJSON") from None
    crs = tree.get("crs") if isinstance(tree, dict) else None
    if isinstance(crs, dict) and "CRS84" not in str(crs) and "4326" not in str(crs):
        raise InputError(found.source, "positions in longitude and latitude (WGS 84)", crs, "export as EPSG:4326")
    rows = [row if isinstance(row, dict) else {} for row in _list_of_rows(tree)]
    if any(row.get("type") == "Feature" or {"coordinates", "geometries"} & set(row.get("geometry") or row)
           for row in rows):  # fmt: skip
        for number, row in enumerate(rows, 1):
            said, geometry = row.get("properties"), row.get("geometry", row)
            said = said if isinstance(said, dict) else {}
            if isinstance(geometry, dict):
                inner = said.get("coordinateProperties")
                stamps = said.get("coordTimes") or said.get("times") or _dict(inner).get("times")
                words = _flat(said) | ({"id": str(row["id"])} if "id" in row and "id" not in said else {})
                _add_geometry(geometry, words, number, found, stamps)
            else:
                found.reject(number, "no geometry")
        return
    if not rows and _dict(tree).get("type") != "FeatureCollection":
        raise InputError(found.source, "GeoJSON, or a list of places", "JSON of another form", "export as GeoJSON")
    if not rows:
        return
    # Overpass lists the corners of ways after the places: nodes without tags
    tagged = any("tags" in row for row in rows)
    flat = [(n, _flat({key: value for key, value in row.items() if key != "type"}))
            for n, row in enumerate(rows, 1) if "tags" in row or not tagged]  # fmt: skip
    header = list(dict.fromkeys(name for _, row in flat for name in row))
    _take_rows(header, ((n, [row.get(name, "") for name in header]) for n, row in flat), found, columns)


def _tree(text: str) -> Any:
    try:
        return json.loads(text, parse_int=float)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise
        return [json.loads(line.strip("\x1e"), parse_int=float) for line in text.splitlines() if line.strip("\x1e ")]


def _list_of_rows(tree: Any) -> list[Any]:
    """Rows of a tree: a list, the features, one object that is a place, or the only list of objects in an object."""
    if not isinstance(tree, dict):
        return _list(tree)
    if isinstance(rows := tree.get("features"), list):
        return rows
    if {"geometry", "coordinates", "geometries"} & set(tree):
        return [tree]
    lists = [one for one in tree.values() if isinstance(one, list) and one and isinstance(one[0], dict)]
    return lists[0] if len(lists) == 1 else []


def _flat(value: Mapping[Any, Any], above: str = "", depth: int = 0) -> dict[str, str]:
    """Words of an object as columns; an object within it becomes columns such as `tags.height`."""
    made: dict[str, str] = {}
    for key, one in value.items():
        if isinstance(one, dict) and depth < 4:
            made |= _flat(one, f"{above}{key}.", depth + 1)
        elif one is not None:
            made[f"{above}{key}"] = f"{one:.12g}" if isinstance(one, float) else str(one)
    return made


def _add_geometry(geometry: dict[str, Any], words: dict[str, str], number: int, found: Features, stamps: Any,
                  depth: int = 0) -> None:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    is_line = kind in ("LineString", "MultiLineString")
    if kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list) and depth < 8:
        for part in geometry["geometries"]:
            if isinstance(part, dict):
                _add_geometry(part, words, number, found, stamps, depth + 1)
        return
    groups: dict[Any, list[Any]] = {"Point": [[coordinates]], "MultiPoint": [[one] for one in _list(coordinates)],
                                    "LineString": [coordinates], "MultiLineString": _list(coordinates)}
    if not isinstance(kind, str) or kind not in groups:
        found.reject(number, f"a {str(kind)[:40]} is neither a position nor a line")
        return
    nested = isinstance(stamps, list) and any(isinstance(one, list) for one in stamps)
    for order, group in enumerate(groups[kind]):
        pairs = [one if isinstance(one, list) and len(one) >= 2 else (None, None) for one in _list(group)]
        own = stamps[order] if nested and order < len(stamps) else [] if nested else stamps
        if pairs:
            positions = [(degrees(pair[0]), degrees(pair[1])) for pair in pairs]
            found.add(number, positions, words, is_line, [str(one) for one in _list(own)])
        else:
            found.reject(number, "no coordinates")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _from_kml(content: bytes, found: Features) -> str:
    links = 0

    def on_end(element: Element) -> None:
        nonlocal links
        links += element.name == "NetworkLink"
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

    root = read_xml(content, found.source, on_end)
    if links and not found.features:
        fix = "open it in a viewer and save the places themselves"
        raise InputError(found.source, "a KML file that holds places", f"only {links} links to other files", fix)
    return root


def _pair(word: str) -> Position:
    lon, _, rest = word.partition(",")
    return degrees(lon), degrees(rest.partition(",")[0])


def _from_table(content: bytes, found: Features, columns: Mapping[str, str]) -> None:
    """Rows of a table with a header, as points; recognises the encoding, the delimiter and the columns."""
    text = _decoded(content, found)
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) <= 6:  # a line that only a spreadsheet reads
        first, text = rest.partition("\n")[0], rest
    before = 1 if text is rest else 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t|", key=first[: 1 << 16].count))
    try:
        header = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
        _take_rows(header, ((reader.line_num + before, row) for row in reader), found, columns)
    except (csv.Error, UnicodeError) as error:
        where = f"{found.source}, line {reader.line_num + before}"
        raise InputError(where, "a readable table", error, "save it as CSV") from None


def _decoded(content: bytes, found: Features) -> str:
    """Text of a table; text that is not UTF-8 is read as Windows-1252, with a note."""
    try:
        return content.decode(encoding_of(content))
    except UnicodeError:
        found.notes.append("not in UTF-8, so read as Windows-1252; this does not affect numbers")
        return content.decode("cp1252", errors="replace")


def _take_rows(header: Sequence[str], rows: Iterable[tuple[int, list[str]]], found: Features,
               columns: Mapping[str, str]) -> None:
    """Take numbered rows of cells as points: longitude and latitude in two columns, or in one as WKT or a pair."""
    place = _place_columns(header, columns, found.source)
    for line, row in rows:
        if not "".join(row).strip():
            continue
        if len(row) < len(header) and len(row) <= max(place):
            found.reject(line, f"{len(row)} columns instead of {len(header)}")
            continue
        cells: Sequence[str | None] = [row[column] for column in place]
        if len(place) == 1:
            match, pair = _WKT.match(row[place[0]]), _PAIR.match(row[place[0]])
            cells = match.groups() if match else pair.groups()[::-1] if pair else (None, None)
        words = {name: cell[:NAME_LIMIT] for name, cell in zip(header, row, strict=False) if cell}
        found.add(line, [(degrees(cells[0]), degrees(cells[1]))], words)


def _place_columns(header: Sequence[str], columns: Mapping[str, str], where: str) -> tuple[int, ...]:
    """Columns of longitude and latitude, or the one column of points."""
    low = [plain(name) for name in header]
    place = []
    for ours in ("lon", "lat", "wkt"):
        if ours in columns:
            refuse_unknown(columns[ours], header, f"{where}, {ours}", "a column of the file")
        names = (plain(columns[ours]),) if ours in columns else column_names()[ours]
        place.append(next((low.index(name) for name in names if name in low), -1))
    lon, lat, wkt = place
    if wkt < 0 and (min(lat, lon) < 0 or lat == lon):
        fix, got = "name them: lat=…,lon=… in --columns (of a track: --track-columns)", ", ".join(header) or "nothing"
        raise InputError(f"{where}, line 1", "columns with latitude and longitude", got, fix)
    return (lon, lat) if min(lat, lon) >= 0 and lat != lon else (wkt,)
