"""Downloads the OpenStreetMap data of a named place to a file, the only step of a study that needs the internet.

A study reads a file, never a server, because maps change every minute and results must be reproducible. A place is
fetched once, by osmnx (Boeing 2017), and written as `.osm` with what the model reads: streets, buildings, places,
cameras. Points keep their OpenStreetMap numbers. Corners of ways get new ones; equal positions become one corner, so
that streets stay connected. The data is © OpenStreetMap contributors, ODbL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from privacysim.errors import InputError, require
from privacysim.files import whole_file
from privacysim.readers.osm_tags import keyhole

WANTED: Mapping[str, bool | list[str]] = {
    "highway": True, "building": True, "man_made": ["surveillance"], "amenity": True, "shop": True, "office": True,
    "tourism": True, "leisure": True, "railway": ["station", "subway_entrance"], "military": True,
}  # fmt: skip
"""Tags that the model reads."""
_FIRST_CORNER = 1 << 40
"""Numbers of corners start above those that OpenStreetMap has assigned."""
_OWN_COLUMNS = {"geometry", "nodes", "ways", "element", "id", "element_type", "osmid", "type"}


def fetch_city(place: str, path: str | Path) -> dict[str, int]:
    """Fetch a place by name and write it as an `.osm` file; returns the number of points and of ways written.

    Needs the internet and osmnx (`privacysim[map]`). InputError and no file if the place or a connection is missing.
    """
    target = Path(path)
    if target.suffix != ".osm":
        raise InputError(str(target), "a name that ends in .osm", target.suffix or "no ending", "name it PLACE.osm")
    osmnx = require("map", "osmnx", where="city fetch")
    keeps, osmnx.settings.use_cache = osmnx.settings.use_cache, False  # its cache lies in the working folder
    try:
        features = osmnx.features_from_place(place, tags=dict(WANTED))
    except Exception as error:  # whatever geocoder, server or connection report, the reader needs one sentence
        fix = "check the spelling and the connection, or fetch the extract in a browser and name that file"
        raise InputError(f"city fetch {place}", "a place that OpenStreetMap finds, and a connection", error,
                         fix) from None  # fmt: skip
    finally:
        osmnx.settings.use_cache = keeps
    return write_osm(features, target)


def write_osm(features: Any, path: Path) -> dict[str, int]:
    """Write osmnx's features (a GeoDataFrame, index (element, id)) as an `.osm` file that `[city] osm` reads."""
    corners: dict[tuple[float, float], int] = {}
    points, ways = list[tuple[int, tuple[float, float], dict[str, str]]](), list[tuple[list[int], dict[str, str]]]()
    for (element, number), row in zip(features.index, features.to_dict("records"), strict=True):
        tags = {str(key): str(value) for key, value in row.items() if key not in _OWN_COLUMNS and _said(value)}
        if element == "node":
            points.append((int(number), (row["geometry"].x, row["geometry"].y), tags))
            continue
        for line in _lines(row["geometry"], "building" in tags):
            refs = [corners.setdefault((round(x, 7), round(y, 7)), _FIRST_CORNER + len(corners)) for x, y in line]
            ways.append((refs, tags))
    osmium = require("map", "osmium", where=str(path))
    with whole_file(path) as part:
        # the writer recognises a format by its name
        writer = osmium.SimpleWriter(osmium.io.File(str(part), "osm"), overwrite=True)
        for number, place, tags in sorted(points):
            writer.add_node(osmium.osm.mutable.Node(id=number, location=place, tags=tags))
        for place, number in corners.items():
            writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
        for number, (refs, tags) in enumerate(ways, 1):
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=tags))
        writer.close()
    return {"points": len(points), "ways": len(ways)}


def _said(value: Any) -> bool:
    """Whether a cell holds a tag: empty cells of the table are NaN or None."""
    return isinstance(value, str) and bool(value)


def _lines(geometry: Any, building: bool) -> Iterator[list[tuple[float, float]]]:
    """Lines and outer rings (lon, lat) of a shapely geometry; a building's ring also goes round its courtyards."""
    if geometry.geom_type == "LineString":
        yield list(geometry.coords)
    elif geometry.geom_type == "Polygon":
        outer, *holes = ([(lat, lon) for lon, lat in ring.coords] for ring in (geometry.exterior, *geometry.interiors))
        yield [(lon, lat) for lat, lon in (keyhole(outer, holes) if building else outer)]
    elif hasattr(geometry, "geoms"):
        for part in geometry.geoms:
            yield from _lines(part, building)
