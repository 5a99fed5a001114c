"""What makes a map a place that one knows: water, parks, rails, and the names of its longest streets.

For pictures alone; nothing of it enters a result. In metres on the plane of the city (`City.origin`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pandas as pd
from numpy.typing import NDArray

from privacysim.city import osm_tags
from privacysim.city.model import LANE
from privacysim.city.osm import plane
from privacysim.city.osm_opening import refuse_bombs
from privacysim.errors import InputError

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
                        holds += [plane(np.array(ring), *origin) for ring in rings]
            elif item.is_way():
                corners = [(node.location.lat, node.location.lon) for node in item.nodes if node.location.valid()]
                if len(corners) < 2:
                    continue
                if tags.get("railway") in ("rail", "tram", "light_rail"):
                    ground.rails.append(plane(np.array(corners), *origin))
                kind = osm_tags.street_kind(tags)
                if tags.get("name") and kind is not None and kind < LANE:
                    streets.setdefault(tags["name"], []).append(plane(np.array(corners), *origin))
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
