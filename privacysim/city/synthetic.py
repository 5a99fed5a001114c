"""A synthetic city: superblocks between main roads, streets and lanes inside, density falling from the centre.

A square plan of crossings is cut to a disc; every fourth line is a main road, the line halfway a street, the others
lanes. Crossings leave their place in the plan a little, some lanes and streets do not exist, and the plan is drawn
together at the centre: a crossing at the share q of the plan's radius stands at R·(a·q + (1 − a)·q²) with
a = `centre_spacing_share`, so that streets are 1/a² times as dense at the centre as a plan of equal spacing (Chinese
superblocks of 400 to 900 m). People per km² fall as exp(−g·r) (Clark 1951, doi:10.2307/2981088), with a lognormal
spread per crossing. Limits: no river, no hills, no districts; one centre.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from privacysim import draws
from privacysim.city.streets import Streets, largest_part, millimetres
from privacysim.readers.osm_tags import LANE, MAIN, STREET
from privacysim.scenario.sections import CitySection

SUPERBLOCK = 4
"""Plan cells between two main roads; a superblock is also a zone."""


def synthetic_streets(section: CitySection) -> Streets:
    """Streets of the size that the scenario says; connected.

    >>> from privacysim.scenario import load_scenario
    >>> streets = synthetic_streets(load_scenario("guangzhou_district").city)
    >>> 150 < streets.x.size < 250
    True
    """
    area = section.area_km2.number
    radius_m = 1000.0 * math.sqrt(area / math.pi)
    cells = max(math.sqrt(area * section.street_nodes_per_km2.number / math.pi), 1.5)
    span = math.ceil(cells)
    j, i = (part.ravel() for part in np.mgrid[-span:span + 1, -span:span + 1])
    inside = np.hypot(i, j) <= cells
    i, j = i[inside].astype(np.int64), j[inside].astype(np.int64)
    ids = (j + span) * (2 * span + 1) + (i + span)
    x, y, spread = _positions(section, i, j, ids, cells, radius_m)
    u, v, kind = _edges(section, i, j, ids, span)
    weight = _home_weight(section, x, y, spread, ids, on_main=(i % SUPERBLOCK == 0) & (j % SUPERBLOCK == 0))
    wide = 2 * span // SUPERBLOCK + 2
    zone = ((j + span) // SUPERBLOCK * wide + (i + span) // SUPERBLOCK).astype(np.int32)
    return largest_part(Streets(x, y, zone, u, v, millimetres(x, y, u, v), kind, weight))[0]


def _positions(
    section: CitySection, i: NDArray[np.int64], j: NDArray[np.int64], ids: NDArray[np.int64], cells: float,
    radius_m: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Where the crossings stand, and the ground that each has, as a share of the plan's cell."""
    marks = draws.uniforms(draws.stream_key(section.seed, 0, "city crossings"), ids, 2) * 2.0 - 1.0
    main = (i % SUPERBLOCK == 0) | (j % SUPERBLOCK == 0)
    leave = section.node_perturbation.number * np.where(main, 1.0 / 3.0, 1.0)
    px, py = i + leave * marks[:, 0], j + leave * marks[:, 1]
    q = np.hypot(px, py) / cells
    a = section.centre_spacing_share.number
    pull = radius_m / cells * (a + (1.0 - a) * q)
    stretch = (a + 2.0 * (1.0 - a) * q) * (a + (1.0 - a) * q)
    return px * pull, py * pull, stretch


def _edges(
    section: CitySection, i: NDArray[np.int64], j: NDArray[np.int64], ids: NDArray[np.int64], span: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """Edges of the plan that exist; an edge along x lies on line j, one along y on line i."""
    wide = 2 * span + 1
    at = np.full(wide * wide, -1, dtype=np.int32)
    at[ids] = np.arange(ids.size, dtype=np.int32)
    parts = []
    for way, (step, edge_of, line) in enumerate(((1, i < span, j), (wide, j < span, i))):
        start = np.flatnonzero(edge_of)
        end = at[ids[start] + step]
        start, end = start[end >= 0], end[end >= 0]
        place = line[start] % SUPERBLOCK
        kind = np.where(place == 0, MAIN, np.where(place == SUPERBLOCK // 2, STREET, LANE))
        missing = np.array([0.0, section.street_missing_share.number, section.lane_missing_share.number])
        there = draws.uniform(draws.stream_key(section.seed, way, "city edges"), ids[start]) >= missing[kind]
        parts.append((start[there], end[there], kind[there]))
    u, v, kind = (np.concatenate(column) for column in zip(*parts, strict=True))
    return u.astype(np.int32), v.astype(np.int32), kind.astype(np.uint8)


def _home_weight(
    section: CitySection, x: NDArray[np.float64], y: NDArray[np.float64], spread: NDArray[np.float64],
    ids: NDArray[np.int64], on_main: NDArray[np.bool_],
) -> NDArray[np.float64]:
    # Box-Muller, because a normal quantile needs scipy.special for one line
    marks = draws.uniforms(draws.stream_key(section.seed, 0, "city homes"), ids, 2)
    normal = np.sqrt(-2.0 * np.log(marks[:, 0])) * np.cos(2.0 * np.pi * marks[:, 1])
    density = np.exp(-section.population_gradient_per_km.number * np.hypot(x, y) / 1000.0)
    shared = np.where(on_main, section.main_road_homes.number, 1.0)
    return spread * density * shared * np.exp(section.home_size_sigma.number * normal)
