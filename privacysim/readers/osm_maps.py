"""Reads OpenStreetMap: opens extracts, interprets tags and makes rings of areas. © OpenStreetMap contributors, ODbL.

A study reads a file, never a server, because maps change every minute and results must be reproducible.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from privacysim.draws import Floats
from privacysim.errors import InputError, optional, require
from privacysim.readers.features import Features
from privacysim.readers.geopackage import Position
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
FIRST_CORNER = 1 << 40
"""Numbers of corners start above those that OpenStreetMap has assigned."""
_MOST_UNSORTED = 64 << 20
"""Bytes of a map in another order, which is sorted in memory."""


@contextmanager
def osm_reader(path: Path, areas: Sequence[str] = (), tag: tuple[str, str] | None = None) -> Iterator[Any]:
    """Open an extract as an osmium FileProcessor: tagged items and areas with the keys `areas`, or nodes with `tag`.

    A file whose elements are in another order, or have the negative ids of an editor, is read from a sorted copy.
    Raises InputError for a missing file, a bomb, and anything that osmium cannot read within the block.
    """
    osmium = require("map", "osmium", where=str(path))
    if not path.is_file():
        raise InputError(str(path), "an OpenStreetMap extract", "no such file", "check the path")
    refuse_bombs(path)
    try:
        if tag:
            yield osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(osmium.filter.TagFilter(tag))
            return
        with tempfile.TemporaryDirectory() as folder:
            source = path if _in_order(osmium, path) else _sorted_copy(osmium, path, Path(folder) / "sorted.osm.pbf")
            reader = osmium.FileProcessor(str(source)).with_locations().with_areas(osmium.filter.KeyFilter(*areas))
            # untagged nodes are corners of ways: they are known by then, and may be millions
            yield reader.with_filter(osmium.filter.EmptyTagFilter())
    except InputError:
        raise
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        raise InputError(str(path), "a whole OpenStreetMap file", error, "download it or cut it out again") from None


def _in_order(osmium: Any, path: Path) -> bool:
    """Whether nodes, ways and relations follow one another, each by rising positive id."""
    if osmium.io.Reader(str(path)).header().get("sorting") == "Type_then_ID":
        return True
    last = (0, 0)
    for item in osmium.FileProcessor(str(path)):
        here = ("nwr".index(item.type_str()), item.id)
        if item.id < 0 or here < last:
            return False
        last = here
    return True


def _sorted_copy(osmium: Any, path: Path, copy: Path) -> Path:
    """Write a map in the order that osmium needs, negative ids moved above those that OpenStreetMap has assigned."""
    if path.stat().st_size > _MOST_UNSORTED:
        expected = f"a sorted map, or at most {_MOST_UNSORTED >> 20} MiB"
        raise InputError(str(path), expected, "a larger one in another order", "sort it: osmium sort IN -o OUT")
    kinds = {"n": osmium.osm.mutable.Node, "w": osmium.osm.mutable.Way, "r": osmium.osm.mutable.Relation}
    found: dict[tuple[int, int], tuple[str, dict[str, Any]]] = {}

    def moved(number: int) -> int:
        return number if number >= 0 else 2 * FIRST_CORNER - number

    for item in osmium.FileProcessor(str(path)):
        kind, told = item.type_str(), {"id": moved(item.id), "version": 1, "visible": True, "tags": tags_of(item)}
        if kind == "n" and not item.deleted and item.location.valid():
            told["location"] = (item.location.lon, item.location.lat)
        elif kind == "w":
            told["nodes"] = [moved(one.ref) for one in item.nodes]
        elif kind == "r":
            told["members"] = [(one.type, moved(one.ref), one.role) for one in item.members]
        if not item.deleted and (kind != "n" or "location" in told):
            found["nwr".index(kind), moved(item.id)] = kind, told
    with osmium.SimpleWriter(str(copy)) as writer:
        for _, (kind, told) in sorted(found.items()):
            writer.add(kinds[kind](**told))
    return copy


def runs(nodes: Any) -> list[list[tuple[int, Position]]]:
    """Stretches of a way whose nodes (number, (lat, lon)) follow one another; a node outside the extract ends one.

    A way is not bridged where its nodes are missing, because its course there is unknown.
    """
    made: list[list[tuple[int, Position]]] = [[]]
    for node in nodes:
        if node.location.valid():
            made[-1].append((node.ref if hasattr(node, "ref") else node.id, (node.location.lat, node.location.lon)))
        elif made[-1]:
            made.append([])
    return [one for one in made if one]


def tags_of(item: Any) -> dict[str, str]:
    """Tags of an osmium item."""
    return {tag.k: tag.v for tag in item.tags}


def mapped_cameras(path: Path, found: Features) -> Features:
    """Add the nodes with `man_made=surveillance` of an extract."""
    with osm_reader(path, tag=("man_made", "surveillance")) as reader:
        for node in reader:
            if not node.location.valid():
                found.reject(node.id, "no valid position")
            else:
                found.add(node.id, [(node.location.lon, node.location.lat)], tags_of(node) | {"@id": str(node.id)})
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
    """Category of a place; None for objects that are not places of the model (a bench, a letter box).

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
    """Background for maps only: rings of water and green (x, y), lines of rails, names of streets at up to 3 places."""

    water: Sequence[Floats] = ()
    green: Sequence[Floats] = ()
    rails: Sequence[Floats] = ()
    names: pd.DataFrame = pd.DataFrame(columns=_NAMES)


def read_ground(path: str | Path, origin: tuple[float, float]) -> Ground:
    """Read the ground of an extract; raises InputError for a file that is not a map."""
    water, green, rails, coasts, bounds = (list[Floats]() for _ in range(5))
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
                if tags.get("natural") == "coastline":
                    coasts.append(line)
                elif "highway" in tags or "building" in tags:
                    bounds.append(line)
                if tags.get("railway") in ("rail", "tram", "light_rail"):
                    rails.append(line)
                if tags.get("name") and street_kind(tags) in (MAIN, STREET):
                    streets.setdefault(tags["name"], []).append(line)
    return Ground([*sea(coasts, bounds), *water], green, rails, _names(streets))


def sea(coasts: Sequence[Floats], land: Sequence[Floats]) -> list[Floats]:
    """Rings of the sea within the frame of `land`: what lies on the right of OpenStreetMap's coastlines."""
    shapely = optional("shapely")
    if shapely is None or not coasts or not land:
        return []
    every = np.concatenate([*land, *coasts])
    frame = shapely.box(*(every.min(axis=0) - 50.0), *(every.max(axis=0) + 50.0))
    # an extract cuts coasts at its border: they are continued straight on to the frame
    lines = [np.vstack([_onward(line[1], line[0]), line, _onward(line[-2], line[-1])]) if loose else line
             for line in _chained(coasts) for loose in [not np.allclose(line[0], line[-1])]]  # fmt: skip
    cut = shapely.unary_union([shapely.LineString(line) for line in lines]).intersection(frame)
    faces = shapely.polygonize([shapely.unary_union([cut, frame.boundary])]).geoms
    right = []
    for line in lines:
        way = np.diff(line, axis=0)
        length = np.maximum(np.hypot(*way.T), 1e-9)[:, None]
        right.append((line[:-1] + line[1:]) / 2 + 0.05 * np.column_stack([way[:, 1], -way[:, 0]]) / length)
    beside = shapely.STRtree([shapely.Point(point) for point in np.concatenate(right)])
    return [np.array(keyhole(list(face.exterior.coords), [list(ring.coords) for ring in face.interiors]))
            for face in faces if beside.query(face, predicate="contains").size]  # fmt: skip


def _chained(lines: Sequence[Floats]) -> list[Floats]:
    """Lines joined where one ends at the beginning of another."""
    left, made = {tuple(line[0]): line for line in lines}, list[Floats]()
    ends = {tuple(line[-1]) for line in lines}
    for start in [*(key for key in left if key not in ends), *left]:
        whole = left.pop(start, None)
        while whole is not None and (further := left.pop(tuple(whole[-1]), None)) is not None:
            whole = np.vstack([whole, further[1:]])
        made += [] if whole is None else [whole]
    return made


def _onward(before: Floats, end: Floats) -> Floats:
    return end + (end - before) / max(float(np.hypot(*(end - before))), 1e-9) * 1e5


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
