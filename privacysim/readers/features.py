"""Reads features (a position or a line with properties) from GeoJSON, KML, GeoPackage or CSV tables.

A reader yields `Feature`s one by one; anything that cannot be a feature becomes a `Reject` with its line. The code
that uses the numbers checks later whether they are positions on the Earth.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from privacysim import parts
from privacysim.errors import InputError, did_you_mean
from privacysim.readers.geopackage import geopackage_features
from privacysim.readers.markup import Element, read_xml
from privacysim.readers.opening import TREE_LIMIT, encoding_of, kind_of, read_bytes, refuse_more
from privacysim.readers.positions import Reject, degrees

LATITUDE = ("lat", "latitude", "breite", "breitengrad", "lat_deg", "y", "latitud", "纬度")
LONGITUDE = ("lon", "lng", "long", "longitude", "länge", "laengengrad", "längengrad", "lon_deg", "x", "longitud",
             "经度")
_WKT = re.compile(r"^\s*(?:SRID=4326;)?\s*POINT\s*Z?\s*\(\s*(\S+)\s+(\S+)[^)]*\)\s*$", re.IGNORECASE)
_NAME_LIMIT = 4_000
PLACE = ("lat", "lon")


@dataclass(frozen=True, slots=True)
class Feature:
    """Positions (lon, lat) in order, their properties, and the line or number in the file."""

    line: int
    kind: str
    """point or line."""
    positions: Sequence[tuple[float, float]]
    properties: Mapping[str, str]
    times: Sequence[str] = ()


@dataclass(slots=True)
class Features:
    """Content of a file: features, rejects, and notes in words."""

    source: str
    kind: str
    features: list[Feature] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, feature: Feature) -> None:
        """Add a feature; raises InputError beyond what a machine of 1 GiB can hold."""
        refuse_more(self.source, len(self.features) + len(self.rejects))
        self.features.append(feature)

    def reject(self, line: int, why: str) -> None:
        """Add a row that cannot be a feature."""
        refuse_more(self.source, len(self.features) + len(self.rejects))
        self.rejects.append(Reject(line, why))


class ForeignReader(Protocol):
    """Reader of another kind of file, found as an entry point of the group `privacysim.readers`."""

    suffixes: Sequence[str]
    """Suffixes of its files in lower case, such as `.shp`."""

    def read(self, path: Path) -> pd.DataFrame:
        """Return one row for each position: `lat` and `lon` in degrees, and columns as tables of cameras or tracks."""
        ...


def foreign_reader(path: Path) -> ForeignReader | None:
    """Installed reader for files of that name; None if there is none."""
    for name in parts.known_names("readers"):
        reader: ForeignReader = parts.named("readers", name)
        if path.name.lower().endswith(tuple(reader.suffixes)):
            return reader
    return None


def read_features(path: Path, columns: Mapping[str, str] | None = None) -> Features:
    """Read every feature of a file, with an installed reader for its name, else by its content.

    `columns` maps our names (`lat`, `lon`, …) to the file's own where they are not recognised (tables only).
    """
    if path.is_file() and (reader := foreign_reader(path)) is not None:
        return _from_frame(reader.read(path), Features(str(path), "table"), columns or {})
    with path.open("rb") if path.is_file() else io.BytesIO() as stream:
        head = stream.read(512)
    if head.startswith(b"SQLite format 3\x00"):
        found = Features(str(path), "geopackage")
        found.features, found.notes = geopackage_features(path, Feature)
        return found
    content = read_bytes(path)
    kind = kind_of(path, content)
    found = Features(str(path), kind)
    if kind == "json":
        _from_json(content, found)
    elif kind == "xml":
        root = _from_kml(content, found)
        if root != "kml":
            raise InputError(str(path), "KML, or GPX for a track", f"XML with the root <{root}>", "export it as KML")
    else:
        for feature in table_features(content, found, columns or {}):
            found.add(feature)
    return found


def load_json(content: bytes, where: str) -> Any:
    """Parse JSON with bounds: at most 32 MiB, and Python's own limits on depth and on the length of numbers."""
    if len(content) > TREE_LIMIT:
        raise InputError(where, "GeoJSON of at most 32 MiB", f"{len(content) >> 20} MiB", "save it as CSV, or cut it")
    try:
        return json.loads(content.decode(encoding_of(content), errors="replace"), parse_int=_integer)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}, line {error.lineno}", "valid JSON", error.msg, "save or fetch it again") from None
    except RecursionError:
        raise InputError(where, "JSON of a sensible depth", "hundreds of levels", "this is no GeoJSON") from None


def _integer(digits: str) -> float | int:
    return int(digits) if len(digits) < 18 else float(digits)


def _from_json(content: bytes, found: Features) -> None:
    tree = load_json(content, found.source)
    if isinstance(tree, dict) and isinstance(crs := tree.get("crs"), dict) and "CRS84" not in str(crs):
        named = str(crs)
        if "4326" not in named:
            raise InputError(found.source, "positions in longitude and latitude (WGS 84)", named, "export as EPSG:4326")
    if isinstance(tree, dict) and tree.get("type") == "FeatureCollection" and isinstance(tree.get("features"), list):
        rows = tree["features"]
    elif isinstance(tree, dict) and "type" in tree:
        rows = [tree]
    else:
        raise InputError(found.source, "GeoJSON (a FeatureCollection)", "JSON of another form", "export as GeoJSON")
    for number, row in enumerate(rows, 1):
        geometry = row.get("geometry", row) if isinstance(row, dict) else None
        properties = row.get("properties") if isinstance(row, dict) else None
        if not isinstance(geometry, dict):
            found.reject(number, "no geometry")
            continue
        _add_geometry(geometry, _plain(properties), number, found, 0)


def _add_geometry(geometry: dict[str, Any], properties: dict[str, str], number: int, found: Features,
                  depth: int) -> None:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    times = properties.get("coordTimes") or properties.get("times") or ""
    stamps = tuple(re.findall(r"[^\[\],'\"\s]+", times))
    if kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list) and depth < 8:
        for part in geometry["geometries"]:
            if isinstance(part, dict):
                _add_geometry(part, properties, number, found, depth + 1)
        return
    groups: list[Any]
    if kind == "Point":
        groups = [[coordinates]]
    elif kind in ("LineString", "MultiPoint"):
        groups = [coordinates] if kind == "LineString" else [[one] for one in _list(coordinates)]
    elif kind == "MultiLineString":
        groups = _list(coordinates)
    else:
        found.reject(number, f"a {str(kind)[:40]} is no position and no line")
        return
    for group in groups:
        positions = [_pair(one) for one in _list(group)]
        if not positions:
            found.reject(number, "no coordinates")
            continue
        shape = "line" if kind in ("LineString", "MultiLineString") else "point"
        own = stamps if len(stamps) == len(positions) else ()
        found.add(Feature(number, shape, positions, properties, own))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _pair(value: Any) -> tuple[float, float]:
    pair = value if isinstance(value, list) and len(value) >= 2 else [None, None]
    return degrees(pair[0]), degrees(pair[1])


def _plain(properties: Any) -> dict[str, str]:
    if not isinstance(properties, dict):
        return {}
    return {str(key): str(value) if not isinstance(value, float | int) or isinstance(value, bool) else f"{value:.12g}"
            for key, value in properties.items() if value is not None}


def _from_kml(content: bytes, found: Features) -> str:
    def on_end(element: Element) -> None:
        placemark = element.above("Placemark")
        holder = element.parent
        if placemark is None or holder is None:
            return
        if element.name == "Data" and "name" in element.attributes:
            placemark.children[element.attributes["name"]] = element.children.get("value", "")
        elif element.name == "SimpleData" and "name" in element.attributes:
            placemark.children[element.attributes["name"]] = element.text
        elif element.name in ("when", "coord") and holder.name == "Track":
            # gx:Track: instants and positions are two parallel lists
            holder.parts.append(f"{'@' if element.name == 'when' else '#'}{','.join(element.text.split())} ")
        elif element.name == "Track":
            words = element.text.split()
            positions = [_tuple(word[1:]) for word in words if word[0] == "#"]
            times = [word[1:] for word in words if word[0] == "@"]
            own = tuple(times) if len(times) == len(positions) else ()
            found.add(Feature(element.line, "line", positions, placemark.children, own))
        elif element.name == "coordinates":
            _kml_positions(element, holder, placemark, found)

    return read_xml(content, found.source, on_end)


def _kml_positions(element: Element, holder: Element, placemark: Element, found: Features) -> None:
    positions = [_tuple(word) for word in element.text.split()]
    if holder.name in ("Point", "LineString") and positions:
        shape = "point" if holder.name == "Point" else "line"
        # the placemark's own words may come after its geometry: keep the dictionary, not a copy
        found.add(Feature(holder.line, shape, positions, placemark.children))
    else:
        found.reject(element.line, f"a {holder.name[:40]} is no line and no single position")


def _tuple(word: str) -> tuple[float, float]:
    lon, _, rest = word.partition(",")
    return degrees(lon), degrees(rest.partition(",")[0])


def table_features(content: bytes, found: Features, columns: Mapping[str, str]) -> Iterator[Feature]:
    """Rows of a table with a header, as points; recognises the delimiter and the columns."""
    stream = io.TextIOWrapper(io.BytesIO(content), encoding=encoding_of(content), errors="replace", newline="")
    first = stream.readline(1 << 16)
    stream.seek(0)
    delimiter = max(",;\t|", key=first.count)
    reader = csv.reader(stream, delimiter=delimiter)
    try:
        header = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
        lat, lon, wkt = _place_columns(header, columns, found.source)
        undecoded = False
        for row in reader:
            if not row or not "".join(row).strip():
                continue
            if len(row) < len(header) and len(row) <= max(lat, lon, wkt):
                found.reject(reader.line_num, f"{len(row)} columns instead of {len(header)}")
                continue
            undecoded = undecoded or any("\ufffd" in cell for cell in row)
            if wkt >= 0:
                match = _WKT.match(row[wkt])
                place = (degrees(match.group(1)), degrees(match.group(2))) if match else (degrees(None), degrees(None))
            else:
                place = degrees(row[lon]), degrees(row[lat])
            words = {name: cell[:_NAME_LIMIT] for name, cell in zip(header, row, strict=False) if cell}
            yield Feature(reader.line_num, "point", [place], words)
        if undecoded:
            found.notes.append("some words are not in UTF-8 and read as �; numbers are not touched by that")
    except (csv.Error, UnicodeError) as error:
        where = f"{found.source}, line {reader.line_num}"
        raise InputError(where, "a readable table", error, "save it as CSV") from None


def _from_frame(frame: pd.DataFrame, found: Features, columns: Mapping[str, str]) -> Features:
    header = [str(name) for name in frame.columns]
    lat, lon, _ = _place_columns(header, columns, found.source)
    for number, row in enumerate(frame.astype(object).itertuples(index=False, name=None), 1):
        words = {name: str(cell)[:_NAME_LIMIT] for name, cell in zip(header, row, strict=True) if not pd.isna(cell)}
        found.add(Feature(number, "point", [(degrees(row[lon]), degrees(row[lat]))], words))
    return found


def _place_columns(header: Sequence[str], columns: Mapping[str, str], where: str) -> tuple[int, int, int]:
    low = [name.lower() for name in header]
    for ours, theirs in columns.items():
        if theirs not in header:
            raise InputError(f"{where}, {ours}", "a column of the file", theirs, did_you_mean(theirs, header))
    lat = next((low.index(name) for name in _named(columns, "lat", LATITUDE) if name in low), -1)
    lon = next((low.index(name) for name in _named(columns, "lon", LONGITUDE) if name in low), -1)
    wkt = next((low.index(name) for name in ("geometry", "wkt", "geom") if name in low), -1)
    if lat >= 0 and lon >= 0 and lat != lon:
        return lat, lon, -1
    if wkt >= 0:
        return -1, -1, wkt
    fix = "name them: --columns lat=…,lon=…"
    raise InputError(f"{where}, line 1", "columns with latitude and longitude", ", ".join(header) or "nothing", fix)


def _named(columns: Mapping[str, str], ours: str, usual: Sequence[str]) -> Sequence[str]:
    return (columns[ours].lower(),) if ours in columns else usual
