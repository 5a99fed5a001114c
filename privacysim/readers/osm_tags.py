"""Interprets OpenStreetMap tags: walkable streets, categories of places, rings of areas, and the ground of a map.

The ground (water, parks, rails, names of the longest streets) is only for pictures; no result depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import InputError, require
from privacysim.readers.opening import refuse_bombs
from privacysim.readers.positions import city_plane

MAIN, STREET, LANE = 0, 1, 2
"""Kinds of streets, the codes of `edge_kind`."""
_MAIN = {"trunk", "primary", "secondary"}
_STREET = {"tertiary", "unclassified", "residential", "living_street", "pedestrian", "road"}
_LANE = {"footway", "path", "service", "steps", "cycleway", "track", "corridor", "crossing", "platform"}

_AMENITY = {
    "restaurant": "restaurant", "cafe": "restaurant", "fast_food": "restaurant", "food_court": "restaurant",
    "ice_cream": "restaurant", "bar": "entertainment", "pub": "entertainment", "nightclub": "entertainment",
    "casino": "entertainment", "gambling": "entertainment", "stripclub": "adult_shop", "love_hotel": "hotel",
    "bank": "bank", "bureau_de_change": "bank", "clinic": "clinic", "doctors": "clinic", "dentist": "clinic",
    "pharmacy": "small_shop", "veterinary": "small_shop", "hospital": "hospital", "school": "school",
    "music_school": "school", "language_school": "school", "college": "university", "university": "university",
    "kindergarten": "kindergarten", "childcare": "kindergarten", "place_of_worship": "worship",
    "public_bath": "bath_massage", "theatre": "culture_sport", "cinema": "culture_sport",
    "arts_centre": "culture_sport", "library": "culture_sport",
    "marketplace": "market", "townhall": "government_hall", "post_office": "small_shop",
    "police": "police_court", "courthouse": "police_court", "bus_station": "transport_hub",
    "ferry_terminal": "transport_hub", "parking": "car_park", "parking_entrance": "car_park",
    "social_facility": "union_ngo", "community_centre": "culture_sport", "embassy": "office",
}
_SHOP = {"mall": "mall", "department_store": "mall", "supermarket": "market", "erotic": "adult_shop",
         "massage": "bath_massage"}
_OFFICE = {"government": "government_hall", "ngo": "union_ngo", "association": "union_ngo", "union": "union_ngo",
           "political_party": "union_ngo", "research": "research_lab"}
_LEISURE = {"park": "park", "garden": "park", "playground": "park", "sports_centre": "culture_sport",
            "fitness_centre": "culture_sport", "swimming_pool": "culture_sport", "stadium": "culture_sport",
            "sauna": "bath_massage"}
_TOURISM = {"hotel": "hotel", "hostel": "hotel", "guest_house": "hotel", "museum": "culture_sport",
            "gallery": "culture_sport"}
_RAILWAY = {"station": "transport_hub", "subway_entrance": "metro_station"}
_MOST_LEVELS = 200.0
"""No building has more storeys; a mistaken value would attract all the people of the town."""


def street_kind(tags: Mapping[str, str]) -> int | None:
    """Code of a walkable street; None for other ways.

    >>> street_kind({"highway": "footway"}), street_kind({"highway": "motorway"})
    (2, None)
    """
    highway = tags.get("highway", "").removesuffix("_link")
    on_foot = tags.get("foot", "")
    if on_foot == "no" or (tags.get("access") in ("no", "private") and on_foot not in ("yes", "designated")):
        return None
    for kind, names in ((MAIN, _MAIN), (STREET, _STREET), (LANE, _LANE)):
        if highway in names:
            return kind
    return None


def vehicles_only(tags: Mapping[str, str]) -> bool:
    """Whether a street is for vehicles and closed to people on foot.

    >>> vehicles_only({"highway": "motorway"}), vehicles_only({"highway": "primary", "foot": "no"})
    (True, True)
    """
    highway = tags.get("highway", "").removesuffix("_link")
    return highway in _MAIN | _STREET | {"motorway", "busway", "bus_guideway", "raceway"} and street_kind(tags) is None


def is_building(tags: Mapping[str, str]) -> bool:
    """Whether the tags describe a building, which blocks views."""
    return tags.get("building", "no") != "no"


def category(tags: Mapping[str, str]) -> str | None:
    """Category of a place; None for what is no place of the model (a bench, a letter box).

    >>> category({"amenity": "cafe"}), category({"shop": "books"}), category({"amenity": "bench"})
    ('restaurant', 'small_shop', None)
    """
    if tags.get("military"):
        return "military_secret_organ"
    if "amenity" in tags:
        return _AMENITY.get(tags["amenity"])
    if tags.get("shop", "no") not in ("no", "vacant"):
        return _SHOP.get(tags["shop"], "small_shop")
    if "office" in tags:
        return _OFFICE.get(tags["office"], "office")
    for key, names in (("tourism", _TOURISM), ("leisure", _LEISURE), ("railway", _RAILWAY)):
        if tags.get(key) in names:
            return names[tags[key]]
    return None


def levels(tags: Mapping[str, str]) -> float:
    """Storeys of a building; 1 if unknown or impossible."""
    try:
        said = float(tags.get("building:levels", "1"))
    except ValueError:
        return 1.0
    return said if 1.0 <= said <= _MOST_LEVELS else 1.0


Floats = NDArray[np.float64]
_WATER = {("natural", "water"), ("landuse", "basin"), ("waterway", "riverbank"), ("waterway", "dock")}
_GREEN = {("leisure", "park"), ("leisure", "garden"), ("leisure", "pitch"), ("leisure", "playground"),
          ("landuse", "grass"), ("landuse", "forest"), ("landuse", "cemetery"), ("natural", "wood"),
          ("natural", "scrub")}  # fmt: skip
_KEYS = ("natural", "landuse", "leisure", "waterway")
_MOST_NAMES, _PLACES = 40, 3


@dataclass(slots=True)
class Ground:
    """Rings of water and of green (x, y), lines of rails, `names` of streets at up to three places each: text, x_m,
    y_m, angle_deg, length_m.
    """

    water: list[Floats] = field(default_factory=list)
    green: list[Floats] = field(default_factory=list)
    rails: list[Floats] = field(default_factory=list)
    names: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(
        {"text": [], "x_m": [], "y_m": [], "angle_deg": [], "length_m": []}))  # fmt: skip


def read_ground(path: str | Path, origin: tuple[float, float]) -> Ground:
    """Read the ground of an extract; raises InputError for a file that is no map."""
    path, ground = Path(path), Ground()
    osmium = require("map", "osmium", where=str(path))
    refuse_bombs(path)
    streets: dict[str, list[Floats]] = {}
    try:
        reader: Any = osmium.FileProcessor(str(path)).with_locations().with_areas(osmium.filter.KeyFilter(*_KEYS))
        for item in reader.with_filter(osmium.filter.EmptyTagFilter()):
            tags = {tag.k: tag.v for tag in item.tags}
            if item.is_area():
                rings = [[(node.lat, node.lon) for node in ring] for ring in item.outer_rings()]
                for holds, kinds in ((ground.water, _WATER), (ground.green, _GREEN)):
                    if any((key, tags.get(key)) in kinds for key in _KEYS):
                        holds += [city_plane(np.array(ring), *origin) for ring in rings]
            elif item.is_way():
                corners = [(node.location.lat, node.location.lon) for node in item.nodes if node.location.valid()]
                if len(corners) < 2:
                    continue
                if tags.get("railway") in ("rail", "tram", "light_rail"):
                    ground.rails.append(city_plane(np.array(corners), *origin))
                kind = street_kind(tags)
                if tags.get("name") and kind is not None and kind < LANE:
                    streets.setdefault(tags["name"], []).append(city_plane(np.array(corners), *origin))
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        raise InputError(str(path), "a whole OpenStreetMap file", error, "download or cut it again") from None
    ground.names = _names(streets)
    return ground


def _names(streets: dict[str, list[Floats]]) -> pd.DataFrame:
    """Names of the longest streets, each in the middle of its three longest ways, readable from below or the right."""
    rows = []
    for text, ways in streets.items():
        lengths = [float(np.hypot(*np.diff(way, axis=0).T).sum()) for way in ways]
        for way in (ways[n] for n in np.argsort(lengths, kind="stable")[::-1][:_PLACES]):
            along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])
            at = [[float(np.interp(share * along[-1], along, axis)) for axis in way.T] for share in (0.4, 0.5, 0.6)]
            angle = np.degrees(np.arctan2(at[2][1] - at[0][1], at[2][0] - at[0][0]))
            rows.append((text, *at[1], float((angle + 90.0) % 180.0 - 90.0), sum(lengths)))
    frame = pd.DataFrame(rows, columns=["text", "x_m", "y_m", "angle_deg", "length_m"])
    frame = frame.sort_values(["length_m", "text"], ascending=[False, True], ignore_index=True, kind="stable")
    return frame.head(_PLACES * _MOST_NAMES)


Ring = list[tuple[float, float]]
_DEGREE_M = 111_195.0


def multipolygon_rings(area: Any) -> list[Ring]:
    """One closed ring (lat, lon) for each outline of an osmium area made from a relation; [] if it has none."""
    found = []
    for outline in area.outer_rings():
        outer = _corners(outline)
        holes = [hole for hole in map(_corners, area.inner_rings(outline)) if len(hole) > 3]
        if len(outer) > 3:
            found.append(keyhole(outer, holes))
    return found


def _corners(ring: Any) -> Ring:
    return [(node.lat, node.lon) for node in ring if node.location.valid()]


def keyhole(outer: Ring, holes: Sequence[Ring]) -> Ring:
    """One closed ring that contains what `outer` contains and none of the `holes` (closed rings, in degrees).

    >>> square = [(0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 0.0), (0.0, 0.0)]
    >>> hole = [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (2.0, 1.0), (1.0, 1.0)]
    >>> len(keyhole(square, [hole]))
    11
    """
    ring = _turned(np.asarray(outer, dtype=np.float64), True)
    squeeze = np.array([1.0, np.cos(np.radians(ring[:, 0].mean()))]) * _DEGREE_M
    # the nearest courtyard first: a farther one may be reached through it
    waiting = [_turned(np.asarray(hole, dtype=np.float64), False)[:-1] for hole in holes]
    while waiting:
        gaps = [((ring[:-1, None] - hole[None]) * squeeze) ** 2 for hole in waiting]
        nearest = [np.unravel_index(int(gap.sum(axis=2).argmin()), gap.shape[:2]) for gap in gaps]
        at = int(np.argmin([gap.sum(axis=2)[place] for gap, place in zip(gaps, nearest, strict=True)]))
        door, hole = int(nearest[at][0]), waiting.pop(at)
        inside = np.roll(hole, -int(nearest[at][1]), axis=0)
        ring = np.concatenate([ring[: door + 1], inside, inside[:1], ring[door:]])
    return [(float(lat), float(lon)) for lat, lon in ring]


def _turned(ring: NDArray[np.float64], positive: bool) -> NDArray[np.float64]:
    """Orient the ring; a courtyard runs against its outline, so that its area is subtracted."""
    x, y = (ring - ring[0]).T
    area = float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))
    return ring if (area >= 0) == positive else ring[::-1]
