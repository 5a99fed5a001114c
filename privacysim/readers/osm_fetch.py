"""Downloads the map of a named place from OpenStreetMap's servers, once. © OpenStreetMap contributors, ODbL.

osmnx (Boeing 2017) downloads it, and we write it as `.osm`. Points keep their OpenStreetMap numbers. Corners of ways
get new numbers, the same for equal positions, so that streets stay connected.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from privacysim.errors import InputError, require
from privacysim.files import whole_file
from privacysim.readers.geopackage import Position
from privacysim.readers.osm_maps import FIRST_CORNER, keyhole

WANTED: Mapping[str, bool | list[str]] = {"highway": True, "building": True, "man_made": ["surveillance"],
                                          "amenity": True, "shop": True, "office": True, "tourism": True,
                                          "leisure": True, "railway": ["station", "subway_entrance"], "military": True}
"""Tags that the model reads."""
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
        expected = "a place that OpenStreetMap finds, and a connection"
        fix = "check the spelling and the connection, or fetch the extract in a browser and name that file"
        raise InputError(f"city fetch {place}", expected, error, fix) from None
    finally:
        osmnx.settings.use_cache = keeps
    return write_osm(features, target)


def write_osm(features: Any, path: Path) -> dict[str, int]:
    """Write osmnx's features (a GeoDataFrame, index (element, id)) as an `.osm` file that `[city] osm` reads."""
    corners: dict[Position, int] = {}
    points, ways = list[tuple[int, Position, dict[str, str]]](), list[tuple[list[int], dict[str, str]]]()
    for (element, number), row in zip(features.index, features.to_dict("records"), strict=True):
        # empty cells of the table are NaN or None
        tags = {str(key): value for key, value in row.items()
                if key not in _OWN_COLUMNS and isinstance(value, str) and value}
        if element == "node":
            points.append((int(number), (row["geometry"].x, row["geometry"].y), tags))
            continue
        for line in _lines(row["geometry"], "building" in tags):
            refs = [corners.setdefault((round(x, 7), round(y, 7)), FIRST_CORNER + len(corners)) for x, y in line]
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


def _lines(geometry: Any, building: bool) -> Iterator[list[Position]]:
    """Lines and outer rings (lon, lat) of a shapely geometry; a building's ring also goes round its courtyards."""
    if geometry.geom_type == "LineString":
        yield list(geometry.coords)
    elif geometry.geom_type == "Polygon":
        outer, *holes = ([(lat, lon) for lon, lat in ring.coords] for ring in (geometry.exterior, *geometry.interiors))
        yield [(lon, lat) for lat, lon in (keyhole(outer, holes) if building else outer)]
    elif hasattr(geometry, "geoms"):
        for part in geometry.geoms:
            yield from _lines(part, building)
