"""Sources of a city: generated streets, an OpenStreetMap extract, the user's DataFrames, or an object that builds them.

**Generated streets.** A square grid of crossings is cut to a disc. Every fourth line is a main road, the line halfway
is a street, the others are lanes. Crossings are shifted slightly, some lanes and streets are missing, and the grid is
contracted towards the centre: a crossing at the share q of the grid's radius is at R·(a·q + (1 − a)·q²) with a =
`centre_spacing_share`. So streets are 1/a² times as dense at the centre as in an even grid (Chinese superblocks of 400
to 900 m). People per km² fall as exp(−g·r) (Clark 1951, doi:10.2307/2981088), with a lognormal spread per crossing.
Limits: no river, no hills, no districts; one centre.

**OpenStreetMap** (`.osm.pbf`): walkable streets, places, buildings, mapped cameras. Positions are metres on a plane
around the middle of the streets (equirectangular; in an extract of 20 km the error of a length stays below 0.2 %).
Limits: a building whose relation is cut by the extract is omitted; one-way rules and levels do not restrict walkers;
streets for vehicles only (such as motorways) are counted and omitted, because nobody walks there.

**DataFrames.** Coordinates are metres on a plane (x east, y north), or degrees of WGS 84, which also georeference the
city. Street ends that agree to a centimetre are one node. If no places are given, they are drawn as for a synthetic
city.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from privacysim import draws
from privacysim.city.city_model import City, Streets, connected_streets
from privacysim.city.places import CODE, CityPlan, drawn_plan, mapped_plan, nearest_or_refuse, refuse_crowds
from privacysim.draws import Floats
from privacysim.errors import InputError
from privacysim.readers import osm_maps
from privacysim.readers.camera_files import no_camera, said, views
from privacysim.readers.columns import plain_words
from privacysim.readers.osm_maps import LANE, MAIN, STREET
from privacysim.readers.positions import LAT, LON, FrameColumn, checked_frame, city_plane, positions
from privacysim.scenario import Scenario
from privacysim.scenario.sections import CitySection
from privacysim.vocabulary import CATEGORIES

_SUPERBLOCK = 4
"""Grid cells between two main roads; a superblock is also a zone."""
STREET_COLUMNS = {
    **{f"{end}_{axis}": FrameColumn() for end in ("from", "to") for axis in ("x_m", "y_m")},
    **{f"{end}_{axis}": column for end in ("from", "to") for axis, column in (("lon", LON), ("lat", LAT))},
    "kind": FrameColumn(("main", "street", "lane")), "homes": FrameColumn(low=0.0),
}
"""Columns of a DataFrame of streets, one straight street per row: `from_x_m`, `from_y_m`, `to_x_m`, `to_y_m` in metres,
or `from_lon`, `from_lat`, `to_lon`, `to_lat` in degrees; `kind` main, street or lane (empty: street); `homes`: relative
number of residents along it (if omitted, equal at each node, as on a map without buildings)."""
PLACE_COLUMNS = {"x_m": FrameColumn(), "y_m": FrameColumn(), "lon": LON, "lat": LAT,
                 "category": FrameColumn(CATEGORIES[2:], needed=True)}  # fmt: skip
"""Columns of a DataFrame of places: `x_m`, `y_m` or `lon`, `lat`, and `category`, a word of `vocabulary.CATEGORIES`
(not `road` or `housing_compound`, which follow from the streets and the people)."""
StreetFrames = pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame]
"""Streets, or (streets, places)."""


@runtime_checkable
class CitySource(Protocol):
    """Source of a city with a method `build`: an object given as `city=…`, or an entry point `privacysim.cities`.

    `build` returns streets, (streets, places), or a whole `City` for the scenario. It must be a pure function of the
    scenario and of the object's own values. The city is cached under a hash of both (`privacysim.parts.digest`), so a
    changed source is built anew.
    """

    def build(self, scenario: Scenario) -> City | StreetFrames:
        """Build the city or its streets."""
        ...


def synthetic_plan(section: CitySection, people: int) -> CityPlan:
    """Generate connected streets of the size given by the scenario, with drawn places."""
    area = section.area_km2.number
    radius_m = 1000.0 * math.sqrt(area / math.pi)
    cells = max(math.sqrt(area * section.street_nodes_per_km2.number / math.pi), 1.5)
    span = math.ceil(cells)
    width = 2 * span + 1
    j, i = (part.ravel() for part in np.mgrid[-span:span + 1, -span:span + 1])
    inside = np.hypot(i, j) <= cells
    i, j = i[inside], j[inside]
    ids = (j + span) * width + (i + span)

    # positions of crossings, and the ground area of each as a share of the grid cell
    marks = draws.uniforms(draws.stream_key(section.seed, 0, "city crossings"), ids, 2) * 2.0 - 1.0
    on_i, on_j = i % _SUPERBLOCK == 0, j % _SUPERBLOCK == 0
    leave = section.node_perturbation.number * np.where(on_i | on_j, 1.0 / 3.0, 1.0)
    px, py = i + leave * marks[:, 0], j + leave * marks[:, 1]
    a, q = section.centre_spacing_share.number, np.hypot(px, py) / cells
    pull = radius_m / cells * (a + (1.0 - a) * q)
    x, y = px * pull, py * pull
    ground = (a + 2.0 * (1.0 - a) * q) * (a + (1.0 - a) * q)

    # an edge along x is on line j, one along y on line i
    at = np.full(width * width, -1, dtype=np.int32)
    at[ids] = np.arange(ids.size, dtype=np.int32)
    missing = np.array([0.0, section.street_missing_share.number, section.lane_missing_share.number])
    parts = []
    for way, (step, has_next, line) in enumerate(((1, i < span, j), (width, j < span, i))):
        start = np.flatnonzero(has_next)
        end = at[ids[start] + step]
        start, end = start[end >= 0], end[end >= 0]
        place = line[start] % _SUPERBLOCK
        kind = np.where(place == 0, MAIN, np.where(place == _SUPERBLOCK // 2, STREET, LANE))
        there = draws.uniform(draws.stream_key(section.seed, way, "city edges"), ids[start]) >= missing[kind]
        parts.append((start[there], end[there], kind[there]))
    u, v, kind = (np.concatenate(column) for column in zip(*parts, strict=True))

    # Box-Muller, because a normal quantile needs scipy.special for one line
    marks = draws.uniforms(draws.stream_key(section.seed, 0, "city homes"), ids, 2)
    normal = np.sqrt(-2.0 * np.log(marks[:, 0])) * np.cos(2.0 * np.pi * marks[:, 1])
    density = np.exp(-section.population_gradient_per_km.number * np.hypot(x, y) / 1000.0)
    shared = np.where(on_i & on_j, section.main_road_homes.number, 1.0)
    homes = ground * density * shared * np.exp(section.home_size_sigma.number * normal)
    zone = ((j + span) // _SUPERBLOCK * (2 * span // _SUPERBLOCK + 2) + (i + span) // _SUPERBLOCK).astype(np.int32)
    streets, _ = connected_streets(x, y, u.astype(np.int32), v.astype(np.int32), kind.astype(np.uint8), homes, zone)
    return drawn_plan(section, streets, people)


@dataclass
class _Map:
    """Raw contents of an OpenStreetMap file, in degrees (latitude, longitude)."""

    nodes: dict[int, tuple[float, float]] = field(default_factory=dict)
    ways: list[tuple[int, list[int]]] = field(default_factory=list)
    sites: list[tuple[int, float, float]] = field(default_factory=list)
    rings: list[tuple[list[tuple[float, float]], float]] = field(default_factory=list)
    cameras: list[tuple[float, float, dict[str, str]]] = field(default_factory=list)
    vehicles_only: list[list[tuple[float, float]]] = field(default_factory=list)
    missing: int = 0
    """Nodes of streets that are not in the file."""


def osm_plan(section: CitySection, people: int) -> CityPlan:
    """Read the extract named by the scenario; raises InputError if it is missing, damaged or without streets."""
    assert section.osm is not None
    raw = _read(Path(section.osm))
    if not raw.ways:
        raise InputError(section.osm, "walkable streets", "none", "take an extract that has highway ways")
    refs = sorted(raw.nodes)
    degrees = np.asarray([raw.nodes[ref] for ref in refs])
    lat0, lon0 = ((degrees.min(axis=0) + degrees.max(axis=0)) / 2.0).tolist()

    def plane(positions: Any) -> Floats:
        return city_plane(np.asarray(positions, dtype=np.float64).reshape(-1, 2), lat0, lon0)

    number = {ref: index for index, ref in enumerate(refs)}
    steps = [(number[a], number[b], kind) for kind, way in raw.ways for a, b in pairwise(way)]
    u, v, kind = np.asarray(steps, dtype=np.int32).T
    x, y = plane(degrees).T
    streets, left_out = connected_streets(x, y, u, v, kind.astype(np.uint8), np.zeros(x.size))
    if not streets.u.size:
        raise InputError(section.osm, "walkable streets", "no connected ones", "take a larger extract")
    rings = [(plane(ring), levels) for ring, levels in raw.rings]
    streets = replace(streets, home_weight=_home_weight(rings, streets))
    refuse_crowds(f"the extract {section.osm}", streets, people)
    category = np.asarray([code for code, _, _ in raw.sites], dtype=np.int64)
    plan = mapped_plan(section, streets, people, category, plane([site[1:] for site in raw.sites]))
    cameras = []
    for (x, y), (_, _, tags) in zip(plane([row[:2] for row in raw.cameras]), raw.cameras, strict=True):
        for words in views(plain_words(tags)):
            heading = said(words)["heading_deg"]
            told = None if np.isnan(heading) else heading  # None becomes null in JSON, which has no NaN
            cameras.append({"x_m": float(x), "y_m": float(y), "heading_deg": told, "tags": dict(words)})
    word = f"{left_out} of {left_out + streets.x.size} street nodes are not connected to the rest and were left out"
    if raw.vehicles_only:
        metres = sum(float(np.hypot(*np.diff(plane(road), axis=0).T).sum()) for road in raw.vehicles_only)
        word += f"; {metres / 1000:.1f} km for vehicles alone, where nobody walks"
    if raw.missing:
        word += f"; {raw.missing} nodes of streets are not in the file, and streets end there"
    corners = np.concatenate([np.empty((0, 2)), *(ring for ring, _ in rings)]).astype(np.float32)
    buildings = {"building_start": np.cumsum([0, *(len(ring) for ring, _ in rings)]).astype(np.int32),
                 "building_x": corners[:, 0], "building_y": corners[:, 1]}  # fmt: skip
    return replace(plan, buildings=buildings, cameras=cameras, origin=(lat0, lon0), word=word)


def _read(path: Path) -> _Map:
    raw = _Map()
    with osm_maps.osm_reader(path, areas=["building"]) as reader:
        for item in reader:
            tags = osm_maps.tags_of(item)
            if item.is_area():
                if not item.from_way() and osm_maps.is_building(tags):
                    raw.rings += [(ring, osm_maps.levels(tags)) for ring in osm_maps.multipolygon_rings(item)]
                continue
            if not item.is_node() and not item.is_way():
                continue
            # an extract cuts ways at its border: nodes outside it have no location
            parts = osm_maps.runs([item] if item.is_node() else item.nodes)
            corners = [position for part in parts for _, position in part]
            category, kind = osm_maps.category(tags), osm_maps.street_kind(tags)
            if category is not None and corners:
                raw.sites.append((CODE[category], *np.mean(corners, axis=0).tolist()))
            if item.is_node():
                if corners and tags.get("man_made") == "surveillance" and not no_camera(plain_words(tags)):
                    raw.cameras.append((*corners[0], tags))
                continue
            if kind is not None:
                raw.missing += len(item.nodes) - len(corners)
                for part in parts:
                    if len(part) > 1:
                        raw.nodes.update(part)
                        raw.ways.append((kind, [ref for ref, _ in part]))
            elif osm_maps.vehicles_only(tags) and len(corners) > 1:
                raw.vehicles_only.append(corners)
            if osm_maps.is_building(tags) and len(corners) > 3:
                raw.rings.append((corners, osm_maps.levels(tags)))
    return raw


def _home_weight(rings: list[tuple[Floats, float]], streets: Streets) -> Floats:
    """Assign the floor space of buildings to the nearest street node; use streets alone if no building is mapped."""
    tree = cKDTree(np.column_stack([streets.x, streets.y]))
    weight = np.zeros(streets.x.size)
    for ring, levels in rings:
        x, y = (ring - ring[0]).T
        area = abs(float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))) / 2.0
        weight[tree.query(ring[:-1].mean(axis=0))[1]] += area * levels
    return weight if weight.sum() > 0 else np.ones(streets.x.size)


def frame_plan(scenario: Scenario, frames: StreetFrames, people: int) -> CityPlan:
    """Return the plan of a city with these streets and places.

    Raises InputError, naming the row, for a missing or unknown column, a word or number that is not allowed, an
    incomplete position, a place more than 500 m from every street, or streets without any connection.
    """
    streets_frame, places_frame = frames if isinstance(frames, tuple) else (frames, None)
    told = checked_frame(streets_frame, "streets", STREET_COLUMNS)
    lat, lon = (np.concatenate([told[f"{end}_{axis}"] for end in ("from", "to")]) for axis in ("lat", "lon"))
    origin = None
    if not np.isnan(lat).all() and not np.isnan(lon).all():
        origin = float(np.nanmin(lat) + np.nanmax(lat)) / 2.0, float(np.nanmin(lon) + np.nanmax(lon)) / 2.0
    ends = np.concatenate([np.column_stack(positions(told, "streets", origin, f"{end}_")) for end in ("from", "to")])
    if np.isnan(ends).any():
        row = streets_frame.index[int(np.argmax(np.isnan(ends).any(axis=1))) % len(streets_frame)]
        raise InputError(f"streets, row {row}", "both ends of a street", "an end without position", "add its position")
    nodes, number = np.unique(np.round(ends, 2), axis=0, return_inverse=True)
    u, v = number.reshape(2, -1).astype(np.int32)
    homes: Floats = np.ones(len(nodes))
    if not np.isnan(told["homes"]).all():
        half = np.nan_to_num(told["homes"]) / 2.0
        homes = np.zeros(len(nodes))
        np.add.at(homes, np.concatenate([u, v]), np.concatenate([half, half]))
    kind = np.nan_to_num(told["kind"], nan=STREET).astype(np.uint8)
    streets, left_out = connected_streets(nodes[:, 0].copy(), nodes[:, 1].copy(), u, v, kind, homes)
    if not streets.u.size or not streets.home_weight.sum() > 0:
        got = "no connected ones" if not streets.u.size else "nobody lives on the connected ones"
        raise InputError("streets", "connected streets on which people live", got, "check the ends and the homes")
    refuse_crowds("these streets", streets, people)
    if places_frame is None:
        plan = drawn_plan(scenario.city, streets, people)
    else:
        placed = checked_frame(places_frame, "places", PLACE_COLUMNS)
        where = np.column_stack(positions(placed, "places", origin))
        nearest_or_refuse(np.column_stack([streets.x, streets.y]), where, "places", places_frame.index, "a street")
        plan = mapped_plan(scenario.city, streets, people, placed["category"].astype(np.int64) + 2, where)
    word = f"{left_out} of {len(nodes)} street nodes are not connected to the rest and were left out" * (left_out > 0)
    return replace(plan, origin=origin, word=word)


SOURCES: Mapping[str, Callable[[CitySection, int], CityPlan]] = {"synthetic": synthetic_plan, "osm": osm_plan}
"""Built-in kinds of city; others are entry points of the group `privacysim.cities`."""
