"""What makes a map a place that one knows: water, parks, rails, and the names of its longest streets.

For pictures alone; nothing of it enters a result. In metres on the plane of the city (`City.origin`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import InputError, require
from privacysim.readers import osm_tags
from privacysim.readers.opening import refuse_bombs
from privacysim.readers.osm_tags import LANE
from privacysim.readers.plane import city_plane

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
    """Read the ground of an extract; a file that is no map is an InputError."""
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
                kind = osm_tags.street_kind(tags)
                if tags.get("name") and kind is not None and kind < LANE:
                    streets.setdefault(tags["name"], []).append(city_plane(np.array(corners), *origin))
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        raise InputError(str(path), "a whole OpenStreetMap file", error, "download or cut it again") from None
    ground.names = _names(streets)
    return ground


def _names(streets: dict[str, list[Floats]]) -> pd.DataFrame:
    """The longest streets, each at the middles of its three longest ways, readable from below or from the right."""
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
    """One closed ring (lat, lon) for each outline of an osmium area that was a relation; [] where it has none."""
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
    """One closed ring that holds what `outer` holds and none of the `holes` (closed rings, in degrees).

    >>> square = [(0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 0.0), (0.0, 0.0)]
    >>> hole = [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (2.0, 1.0), (1.0, 1.0)]
    >>> len(keyhole(square, [hole]))
    11
    """
    ring = _turned(np.asarray(outer, dtype=np.float64), True)
    squeeze = np.array([1.0, np.cos(np.radians(ring[:, 0].mean()))]) * _DEGREE_M
    # the nearest courtyard first: a further one may be reached through it
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
    """The ring in that sense of rotation: a courtyard runs against its outline, so that its area is taken off."""
    x, y = (ring - ring[0]).T
    area = float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))
    return ring if (area >= 0) == positive else ring[::-1]
