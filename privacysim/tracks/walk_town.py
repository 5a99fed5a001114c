"""Streets and buildings around a walk, from an OpenStreetMap extract: what blocks views, and alternative ways."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from privacysim.errors import InputError, require
from privacysim.readers.opening import refuse_bombs
from privacysim.readers.osm_tags import is_building, multipolygon_rings, street_kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Town:
    """Walkable streets u–v between nodes, and rings of buildings, in degrees; `note` says what was left out."""

    lat: Floats
    lon: Floats
    u: Ints
    v: Ints
    ring_start: Ints
    ring_lat: Floats
    ring_lon: Floats
    note: str


def read_town(path: str | Path) -> Town:
    """Read an extract (`.osm.pbf`, `.osm`); InputError if it is missing, damaged or without streets.

    Only the largest connected part of the streets is kept.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(str(path), "an OpenStreetMap extract", "no such file", "check the path")
    osmium = require("map", "osmium", where=str(path))
    refuse_bombs(path)
    place: dict[int, tuple[float, float]] = {}
    steps: list[tuple[int, int]] = []
    ring_lat, ring_lon, sizes = array("d"), array("d"), [0]
    try:
        reader: Any = osmium.FileProcessor(str(path)).with_locations().with_areas(osmium.filter.KeyFilter("building"))
        for item in reader.with_filter(osmium.filter.EmptyTagFilter()):
            tags = {tag.k: tag.v for tag in item.tags}
            if item.is_area() and not item.from_way() and is_building(tags):
                for ring in multipolygon_rings(item):
                    ring_lat.extend(corner[0] for corner in ring)
                    ring_lon.extend(corner[1] for corner in ring)
                    sizes.append(len(ring))
            if not item.is_way():
                continue
            corners = [(node.ref, node.location.lat, node.location.lon) for node in item.nodes if node.location.valid()]
            if is_building(tags) and len(corners) > 3:
                ring_lat.extend(corner[1] for corner in corners)
                ring_lon.extend(corner[2] for corner in corners)
                sizes.append(len(corners))
            elif street_kind(tags) is not None:
                place.update({ref: (lat, lon) for ref, lat, lon in corners})
                steps += [(a[0], b[0]) for a, b in pairwise(corners) if a[0] != b[0]]
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        raise InputError(str(path), "a whole OpenStreetMap file", error, "download or cut it again") from None
    if not steps:
        raise InputError(str(path), "walkable streets", "none", "take an extract that has highway ways")
    refs = np.array(sorted(place), dtype=np.int64)
    ends = np.searchsorted(refs, np.array(steps, dtype=np.int64))
    lat, lon = np.array([place[int(ref)] for ref in refs]).T
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(refs.size, refs.size))
    _, part = connected_components(graph, directed=False)
    main = part == np.bincount(part).argmax()
    number = np.cumsum(main) - 1
    kept = number[ends[main[ends[:, 0]]]]
    left_out = int((~main).sum())
    note = f"{left_out} of {refs.size} street nodes are not connected to the rest and were left out"
    return Town(lat[main], lon[main], kept[:, 0], kept[:, 1], np.cumsum(sizes), np.array(ring_lat), np.array(ring_lon),
                note)
