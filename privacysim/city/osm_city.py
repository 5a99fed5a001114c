"""Reader of a city from an OpenStreetMap extract (`.osm.pbf`): walkable streets, places, buildings, mapped cameras.

Positions are metres on a plane around the middle of the streets (equirectangular; in an extract of 20 km the error of
a length stays below 0.2 %). Population, trips and operators are not in the map; they are the scenario's assumptions.
Limits: a building whose relation is cut by the extract is omitted; one-way rules and levels do not restrict walkers;
streets for vehicles only (such as motorways) are counted and omitted, because nobody is seen there on foot.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from privacysim.city.places import CODE, CityPlan, mapped_plan, refuse_crowds
from privacysim.city.streets import Streets, streets_of
from privacysim.errors import InputError, require
from privacysim.readers import osm_tags
from privacysim.readers.camera_tags import heading_of
from privacysim.readers.opening import refuse_bombs
from privacysim.readers.osm_tags import multipolygon_rings
from privacysim.readers.positions import city_plane
from privacysim.scenario.sections import CitySection


@dataclass
class _Map:
    """Raw contents of the file, in degrees."""

    nodes: dict[int, tuple[float, float]] = field(default_factory=dict)
    ways: list[tuple[int, list[int]]] = field(default_factory=list)
    sites: list[tuple[int, float, float]] = field(default_factory=list)
    rings: list[tuple[list[tuple[float, float]], float]] = field(default_factory=list)
    cameras: list[tuple[float, float, dict[str, str]]] = field(default_factory=list)
    vehicles_only: list[list[tuple[float, float]]] = field(default_factory=list)


def read_osm(section: CitySection, people: int) -> CityPlan:
    """Read the extract named by the scenario; raises InputError if it is missing, damaged or without streets."""
    assert section.osm is not None
    raw = _read(Path(section.osm))
    if not raw.ways:
        raise InputError(section.osm, "walkable streets", "none", "take an extract that has highway ways")
    origin = _middle(raw)
    streets, left_out = _streets(raw, *origin)
    if not streets.u.size:
        raise InputError(section.osm, "walkable streets", "none that leads anywhere", "take a larger extract")
    rings = [(city_plane(np.asarray(ring), *origin), levels) for ring, levels in raw.rings]
    streets = replace(streets, home_weight=_home_weight(rings, streets))
    refuse_crowds(f"the extract {section.osm}", streets, people)
    where = city_plane(np.asarray([site[1:] for site in raw.sites], dtype=np.float64), *origin)
    plan = mapped_plan(section, streets, people, np.asarray([code for code, _, _ in raw.sites], dtype=np.int64), where)
    at = city_plane(np.asarray([camera[:2] for camera in raw.cameras]).reshape(-1, 2), *origin)
    cameras = [
        {"x_m": float(x), "y_m": float(y), "heading_deg": _heading(tags), "tags": tags}
        for (x, y), (_, _, tags) in zip(at, raw.cameras, strict=True)
    ]
    word = f"{left_out} of {left_out + streets.x.size} street nodes are not connected to the rest and were left out"
    roads = [city_plane(np.asarray(road), *origin) for road in raw.vehicles_only]
    if roads:
        metres = sum(float(np.hypot(*np.diff(road, axis=0).T).sum()) for road in roads)
        word += f"; {metres / 1000:.1f} km for vehicles alone, where nobody walks"
    return replace(plan, buildings=_polygons(rings), cameras=cameras, origin=origin, word=word)



def _heading(tags: dict[str, str]) -> float | None:
    """Return the direction of view in degrees clockwise from north; None if it is not mapped."""
    heading = heading_of(tags.get("camera:direction", tags.get("direction", "")))[0]
    return None if np.isnan(heading) else heading


def _read(path: Path) -> _Map:
    if not path.is_file():
        raise InputError(str(path), "an OpenStreetMap extract", "no such file", "check the path in [city] osm")
    osmium = require("map", "osmium", where=str(path))
    refuse_bombs(path)
    raw = _Map()
    try:
        reader: Any = osmium.FileProcessor(str(path)).with_locations().with_areas(osmium.filter.KeyFilter("building"))
        # untagged nodes are corners of ways: they are known by then, and may be millions
        for item in reader.with_filter(osmium.filter.EmptyTagFilter()):
            tags = {tag.k: tag.v for tag in item.tags}
            if item.is_node():
                _take_node(raw, item, tags)
            elif item.is_way():
                _take_way(raw, item, tags)
            elif item.is_area() and not item.from_way() and osm_tags.is_building(tags):
                raw.rings += [(ring, osm_tags.levels(tags)) for ring in multipolygon_rings(item)]
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        raise InputError(str(path), "a whole .osm.pbf file", error, "download or cut the extract again") from None
    return raw


def _take_node(raw: _Map, item: Any, tags: dict[str, str]) -> None:
    if tags.get("man_made") == "surveillance":
        raw.cameras.append((item.location.lat, item.location.lon, tags))
    category = osm_tags.category(tags)
    if category is not None:
        raw.sites.append((CODE[category], item.location.lat, item.location.lon))


def _take_way(raw: _Map, item: Any, tags: dict[str, str]) -> None:
    # an extract cuts ways at its border: nodes outside it have no location
    corners = [(node.ref, node.location.lat, node.location.lon) for node in item.nodes if node.location.valid()]
    kind = osm_tags.street_kind(tags)
    if kind is not None and len(corners) > 1:
        raw.nodes.update({ref: (lat, lon) for ref, lat, lon in corners})
        raw.ways.append((kind, [ref for ref, _, _ in corners]))
    if kind is None and osm_tags.vehicles_only(tags) and len(corners) > 1:
        raw.vehicles_only.append([(lat, lon) for _, lat, lon in corners])
    if osm_tags.is_building(tags) and len(corners) > 3:
        raw.rings.append(([(lat, lon) for _, lat, lon in corners], osm_tags.levels(tags)))
    category = osm_tags.category(tags)
    if category is not None and corners:
        raw.sites.append((CODE[category], *np.mean([corner[1:] for corner in corners], axis=0).tolist()))


def _middle(raw: _Map) -> tuple[float, float]:
    lat, lon = np.asarray(list(raw.nodes.values())).T
    return float(lat.min() + lat.max()) / 2.0, float(lon.min() + lon.max()) / 2.0


def _streets(raw: _Map, lat0: float, lon0: float) -> tuple[Streets, int]:
    refs = sorted(raw.nodes)
    number = {ref: index for index, ref in enumerate(refs)}
    x, y = city_plane(np.asarray([raw.nodes[ref] for ref in refs]), lat0, lon0).T
    steps = [(number[a], number[b], kind) for kind, way in raw.ways for a, b in pairwise(way)]
    u, v, kind = np.asarray(steps, dtype=np.int32).T
    return streets_of(x, y, u, v, kind.astype(np.uint8), np.zeros(x.size))


def _home_weight(rings: list[tuple[NDArray[np.float64], float]], streets: Streets) -> NDArray[np.float64]:
    """Assign the floor space of buildings to the nearest street node; use streets alone if no building is mapped."""
    tree = cKDTree(np.column_stack([streets.x, streets.y]))
    weight = np.zeros(streets.x.size)
    for ring, levels in rings:
        x, y = (ring - ring[0]).T
        area = abs(float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))) / 2.0
        weight[tree.query(ring[:-1].mean(axis=0))[1]] += area * levels
    return weight if weight.sum() > 0 else np.ones(streets.x.size)


def _polygons(rings: list[tuple[NDArray[np.float64], float]]) -> dict[str, NDArray[np.generic]]:
    start = np.cumsum([0] + [len(ring) for ring, _ in rings]).astype(np.int32)
    corners = np.concatenate([ring for ring, _ in rings]) if rings else np.empty((0, 2))
    return {"building_start": start, "building_x": corners[:, 0].astype(np.float32),
            "building_y": corners[:, 1].astype(np.float32)}
