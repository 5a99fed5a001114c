"""Reads OpenStreetMap: opens extracts, interprets tags, makes rings of areas, and downloads the map of a named place.

A study reads a file, never a server, because maps change every minute and results must be reproducible. A place is
fetched once, by osmnx (Boeing 2017), and written as `.osm`: points keep their OpenStreetMap numbers, corners of ways
get new ones, one for equal positions, so that streets stay connected. © OpenStreetMap contributors, ODbL.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from privacysim.draws import Floats
from privacysim.errors import InputError, require
from privacysim.files import whole_file
from privacysim.readers.features import Features, Position
from privacysim.readers.opening import refuse_bombs
from privacysim.readers.positions import city_plane
from privacysim.resources import shipped_rows

MAIN, STREET, LANE = 0, 1, 2
"""Kinds of streets, the codes of `edge_kind`."""
_STREETS: Sequence[set[str]] = (
    {"trunk", "primary", "secondary"},
    {"tertiary", "unclassified", "residential", "living_street", "pedestrian", "road"},
    {"footway", "path", "service", "steps", "cycleway", "track", "corridor", "crossing", "platform"},
)
_VEHICLES = _STREETS[MAIN] | _STREETS[STREET] | {"motorway", "busway", "bus_guideway", "raceway"}
_MOST_LEVELS = 200.0
"""No building has more storeys; a mistaken value would attract all the people of the town."""
_WATER = {("natural", "water"), ("landuse", "basin"), ("waterway", "riverbank"), ("waterway", "dock")}
_GREEN = {("leisure", "park"), ("leisure", "garden"), ("leisure", "pitch"), ("leisure", "playground"),
          ("landuse", "grass"), ("landuse", "forest"), ("landuse", "cemetery"), ("natural", "wood"),
          ("natural", "scrub")}  # fmt: skip
_MOST_NAMES, _PLACES = 40, 3
_NAMES = ["text", "x_m", "y_m", "angle_deg", "length_m"]
_DEGREE_M = 111_195.0
WANTED: Mapping[str, bool | list[str]] = {"highway": True, "building": True, "man_made": ["surveillance"],
                                          "amenity": True, "shop": True, "office": True, "tourism": True,
                                          "leisure": True, "railway": ["station", "subway_entrance"], "military": True}
"""Tags that the model reads."""
_FIRST_CORNER = 1 << 40
"""Numbers of corners start above those that OpenStreetMap has assigned."""
_OWN_COLUMNS = {"geometry", "nodes", "ways", "element", "id", "element_type", "osmid", "type"}


@contextmanager
def osm_reader(path: Path, areas: Sequence[str] = (), tag: tuple[str, str] | None = None) -> Iterator[Any]:
    """Open an extract as an osmium FileProcessor: tagged items and areas with the keys `areas`, or nodes with `tag`.

    Raises InputError for a missing file, a bomb, and anything that osmium cannot read within the block.
    """
    osmium = require("map", "osmium", where=str(path))
    if not path.is_file():
        raise InputError(str(path), "an OpenStreetMap extract", "no such file", "check the path")
    refuse_bombs(path)
    try:
        if tag:
            yield osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(osmium.filter.TagFilter(tag))
        else:
            reader = osmium.FileProcessor(str(path)).with_locations().with_areas(osmium.filter.KeyFilter(*areas))
            # untagged nodes are corners of ways: they are known by then, and may be millions
            yield reader.with_filter(osmium.filter.EmptyTagFilter())
    except InputError:
        raise
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        raise InputError(str(path), "a whole OpenStreetMap file", error, "download it or cut it out again") from None


def tags_of(item: Any) -> dict[str, str]:
    """Tags of an osmium item."""
    return {tag.k: tag.v for tag in item.tags}


def mapped_cameras(path: Path, found: Features) -> Features:
    """Add the nodes with `man_made=surveillance` of an extract, without guards."""
    with osm_reader(path, tag=("man_made", "surveillance")) as reader:
        for node in reader:
            words = tags_of(node)
            if words.get("surveillance:type") == "guard":
                found.reject(node.id, "a guard is not a camera")
            elif not node.location.valid():
                found.reject(node.id, "no valid position")
            else:
                found.add(node.id, [(node.location.lon, node.location.lat)], words)
    return found


def street_kind(tags: Mapping[str, str]) -> int | None:
    """Code of a walkable street; None for other ways.

    >>> street_kind({"highway": "footway"}), street_kind({"highway": "motorway"})
    (2, None)
    """
    highway, on_foot = tags.get("highway", "").removesuffix("_link"), tags.get("foot", "")
    closed = tags.get("access") in ("no", "private") and on_foot not in ("yes", "designated")
    kinds = (kind for kind, names in enumerate(_STREETS) if highway in names)
    return None if closed or on_foot == "no" else next(kinds, None)


def vehicles_only(tags: Mapping[str, str]) -> bool:
    """Whether a street is for vehicles and closed to people on foot.

    >>> vehicles_only({"highway": "motorway"}), vehicles_only({"highway": "primary", "foot": "no"})
    (True, True)
    """
    return tags.get("highway", "").removesuffix("_link") in _VEHICLES and street_kind(tags) is None


def is_building(tags: Mapping[str, str]) -> bool:
    """Whether the tags describe a building, which blocks views."""
    return tags.get("building", "no") != "no"


@cache
def _categories() -> dict[str, dict[str, str]]:
    """Category by key and value (`*`: any other value) of `data/osm_places.csv`; the first key with one counts."""
    found: dict[str, dict[str, str]] = {}
    for row in shipped_rows("data/osm_places.csv"):
        found.setdefault(row["key"], {})[row["value"]] = row["category"]
    return found


def category(tags: Mapping[str, str]) -> str | None:
    """Category of a place; None for what is no place of the model (a bench, a letter box).

    >>> category({"amenity": "cafe"}), category({"shop": "books"}), category({"amenity": "bench"})
    ('restaurant', 'small_shop', None)
    """
    for key, names in _categories().items():
        value = tags.get(key, "")
        if value and (key != "shop" or value not in ("no", "vacant")):
            found = names.get(value, names.get("*"))
            if found is not None:
                return found or None
    return None


def levels(tags: Mapping[str, str]) -> float:
    """Storeys of a building; 1 if unknown or impossible."""
    try:
        said = float(tags.get("building:levels", "1"))
    except ValueError:
        return 1.0
    return said if 1.0 <= said <= _MOST_LEVELS else 1.0


class Ground(NamedTuple):
    """Only for pictures: rings of water and of green (x, y), lines of rails, names of streets at up to 3 places."""

    water: Sequence[Floats] = ()
    green: Sequence[Floats] = ()
    rails: Sequence[Floats] = ()
    names: pd.DataFrame = pd.DataFrame(columns=_NAMES)


def read_ground(path: str | Path, origin: tuple[float, float]) -> Ground:
    """Read the ground of an extract; raises InputError for a file that is not a map."""
    water, green, rails = list[Floats](), list[Floats](), list[Floats]()
    streets: dict[str, list[Floats]] = {}
    with osm_reader(Path(path), areas=("natural", "landuse", "leisure", "waterway")) as reader:
        for item in reader:
            tags = tags_of(item)
            if item.is_area():
                for holds, kinds in ((water, _WATER), (green, _GREEN)):
                    if kinds & set(tags.items()):
                        holds += [city_plane(np.array(_corners(ring)), *origin) for ring in item.outer_rings()]
            elif item.is_way() and len(corners := _corners(item.nodes)) > 1:
                line = city_plane(np.array(corners), *origin)
                if tags.get("railway") in ("rail", "tram", "light_rail"):
                    rails.append(line)
                if tags.get("name") and street_kind(tags) in (MAIN, STREET):
                    streets.setdefault(tags["name"], []).append(line)
    return Ground(water, green, rails, _names(streets))


def _names(streets: dict[str, list[Floats]]) -> pd.DataFrame:
    """Names of the longest streets, each in the middle of its three longest ways, readable from below or the right."""
    rows = []
    for text, ways in streets.items():
        steps = [np.concatenate([[0.0], np.hypot(*np.diff(way, axis=0).T)]) for way in ways]
        lengths = [float(step[1:].sum()) for step in steps]
        for n in np.argsort(lengths, kind="stable")[::-1][:_PLACES]:
            along, way = np.cumsum(steps[n]), ways[n]
            at = [[float(np.interp(share * along[-1], along, axis)) for axis in way.T] for share in (0.4, 0.5, 0.6)]
            angle = np.degrees(np.arctan2(at[2][1] - at[0][1], at[2][0] - at[0][0]))
            rows.append((text, *at[1], float((angle + 90.0) % 180.0 - 90.0), sum(lengths)))
    frame = pd.DataFrame(rows, columns=_NAMES)
    frame = frame.sort_values(["length_m", "text"], ascending=[False, True], ignore_index=True, kind="stable")
    return frame.head(_PLACES * _MOST_NAMES)


def multipolygon_rings(area: Any) -> list[list[Position]]:
    """One closed ring (lat, lon) for each outline of an osmium area made from a relation; [] if it has none."""
    outlines = [(_corners(ring), list(map(_corners, area.inner_rings(ring)))) for ring in area.outer_rings()]
    return [keyhole(outer, [hole for hole in holes if len(hole) > 3]) for outer, holes in outlines if len(outer) > 3]


def _corners(nodes: Any) -> list[Position]:
    """Positions (lat, lon) of nodes; those that lie outside the extract have none."""
    return [(node.location.lat, node.location.lon) for node in nodes if node.location.valid()]


def keyhole(outer: Sequence[Position], holes: Sequence[Sequence[Position]]) -> list[Position]:
    """One closed ring that contains what `outer` contains and none of the `holes` (closed rings, in degrees)."""
    ring = _turned(outer, True)
    squeeze = np.array([1.0, np.cos(np.radians(ring[:, 0].mean()))]) * _DEGREE_M
    # the nearest courtyard first: a farther one may be reached through it
    waiting = [_turned(hole, False)[:-1] for hole in holes]
    while waiting:
        gaps = [(((ring[:-1, None] - hole[None]) * squeeze) ** 2).sum(axis=2) for hole in waiting]
        at = int(np.argmin([gap.min() for gap in gaps]))
        door, begin = np.unravel_index(int(gaps[at].argmin()), gaps[at].shape)
        inside = np.roll(waiting.pop(at), -int(begin), axis=0)
        ring = np.concatenate([ring[: door + 1], inside, inside[:1], ring[door:]])
    return [(float(lat), float(lon)) for lat, lon in ring]


def _turned(positions: Sequence[Position], positive: bool) -> Floats:
    """Orient the ring; a courtyard runs against its outline, so that its area is subtracted."""
    ring = np.asarray(positions, dtype=np.float64)
    x, y = (ring - ring[0]).T
    area = float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))
    return ring if (area >= 0) == positive else ring[::-1]


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
