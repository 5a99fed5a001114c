"""Streets as a graph, and the generator of synthetic streets.

A square grid of crossings is cut to a disc. Every fourth line is a main road, the line halfway is a street, the others
are lanes. Crossings are shifted slightly, some lanes and streets are missing, and the grid is contracted towards the
centre: a crossing at the share q of the grid's radius is at R·(a·q + (1 − a)·q²) with a = `centre_spacing_share`. So
streets are 1/a² times as dense at the centre as in an even grid (Chinese superblocks of 400 to 900 m). People per km²
fall as exp(−g·r) (Clark 1951, doi:10.2307/2981088), with a lognormal spread per crossing. Limits: no river, no hills,
no districts; one centre.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from privacysim import draws
from privacysim.readers.osm_tags import LANE, MAIN, STREET
from privacysim.scenario.sections import CitySection

_ZONE_M = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class Streets:
    """Nodes and straight edges without places; `home_weight` gives the distribution of residents."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    zone: NDArray[np.int32]
    u: NDArray[np.int32]
    v: NDArray[np.int32]
    mm: NDArray[np.int64]
    kind: NDArray[np.uint8]
    home_weight: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Adjacency:
    """Neighbours of node n: positions start[n] … start[n+1]−1 of `node` (sorted by node id) and `edge`."""

    start: NDArray[np.int32]
    node: NDArray[np.int32]
    edge: NDArray[np.int32]


def millimetres(
    x: NDArray[np.float64], y: NDArray[np.float64], u: NDArray[np.int32], v: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return the straight length of each edge in whole millimetres, at least 1."""
    length = np.hypot(x[u] - x[v], y[u] - y[v]) * 1000.0
    return np.maximum(np.rint(length).astype(np.int64), 1)


def simple(streets: Streets) -> Streets:
    """Remove loops and keep the shortest of parallel edges (straight edges have equal lengths anyway)."""
    low, high = np.minimum(streets.u, streets.v), np.maximum(streets.u, streets.v)
    order = np.lexsort((streets.kind, streets.mm, high, low))
    low, high = low[order], high[order]
    keep = low != high
    keep[1:] &= (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    chosen = order[keep]
    return replace(streets, u=low[keep], v=high[keep], mm=streets.mm[chosen], kind=streets.kind[chosen])


def largest_part(streets: Streets) -> tuple[Streets, int]:
    """Return the largest connected part, with nodes numbered in the order of zones, and the number of dropped nodes."""
    n = streets.x.size
    graph = coo_array((np.ones(streets.u.size, dtype=np.int8), (streets.u, streets.v)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    keep = label == np.argmax(np.bincount(label))
    order = np.flatnonzero(keep)
    order = order[np.argsort(streets.zone[order], kind="stable")]
    new = np.full(n, -1, dtype=np.int32)
    new[order] = np.arange(order.size, dtype=np.int32)
    inside = keep[streets.u]
    _, zone = np.unique(streets.zone[order], return_inverse=True)
    u, v = new[streets.u[inside]], new[streets.v[inside]]
    low, high = np.minimum(u, v), np.maximum(u, v)
    by_node = np.lexsort((high, low))
    kept = Streets(
        streets.x[order], streets.y[order], zone.astype(np.int32), low[by_node], high[by_node],
        streets.mm[inside][by_node], streets.kind[inside][by_node], streets.home_weight[order],
    )
    return kept, n - order.size


def streets_of(
    x: NDArray[np.float64], y: NDArray[np.float64], u: NDArray[np.int32], v: NDArray[np.int32],
    kind: NDArray[np.uint8], home_weight: NDArray[np.float64],
) -> tuple[Streets, int]:
    """Return the largest connected part of mapped streets, in zones of 300 m, and the number of dropped nodes."""
    east, north = (np.floor((axis - axis.min()) / _ZONE_M).astype(np.int64) for axis in (x, y))
    zone = (north * (east.max() + 1) + east).astype(np.int32)
    return largest_part(simple(Streets(x, y, zone, u, v, millimetres(x, y, u, v), kind, home_weight)))


def adjacency(nodes: int, u: NDArray[np.int32], v: NDArray[np.int32]) -> Adjacency:
    """Return the neighbours of each node, sorted by node id."""
    edges = np.arange(u.size, dtype=np.int32)
    of, to, by = np.concatenate([u, v]), np.concatenate([v, u]), np.concatenate([edges, edges])
    order = np.lexsort((to, of))
    start = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=nodes))]).astype(np.int32)
    return Adjacency(start, to[order].astype(np.int32), by[order])


SUPERBLOCK = 4
"""Grid cells between two main roads; a superblock is also a zone."""


def synthetic_streets(section: CitySection) -> Streets:
    """Generate connected streets of the size given by the scenario.

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
    """Return the positions of crossings, and the ground area of each as a share of the grid cell."""
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
    """Draw the edges of the grid that exist; an edge along x is on line j, one along y on line i."""
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
