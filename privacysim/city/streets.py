"""Streets as a graph: the largest connected part, nodes in the order of zones, neighbours in rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True, slots=True, eq=False)
class Streets:
    """Nodes and straight edges before anything stands on them; `home_weight` says where people live."""

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
    """Straight length of each edge in whole millimetres, at least 1."""
    length = np.hypot(x[u] - x[v], y[u] - y[v]) * 1000.0
    return np.maximum(np.rint(length).astype(np.int64), 1)


def simple(streets: Streets) -> Streets:
    """Without loops; of parallel edges the shortest stays (a straight edge has one length anyway)."""
    low, high = np.minimum(streets.u, streets.v), np.maximum(streets.u, streets.v)
    order = np.lexsort((streets.kind, streets.mm, high, low))
    low, high = low[order], high[order]
    keep = low != high
    keep[1:] &= (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    chosen = order[keep]
    return replace(streets, u=low[keep], v=high[keep], mm=streets.mm[chosen], kind=streets.kind[chosen])


def largest_part(streets: Streets) -> tuple[Streets, int]:
    """The largest connected part, its nodes numbered in the order of zones; and how many nodes were left out."""
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


def adjacency(nodes: int, u: NDArray[np.int32], v: NDArray[np.int32]) -> Adjacency:
    """Neighbours in rows, sorted by node id."""
    edges = np.arange(u.size, dtype=np.int32)
    of, to, by = np.concatenate([u, v]), np.concatenate([v, u]), np.concatenate([edges, edges])
    order = np.lexsort((to, of))
    start = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=nodes))]).astype(np.int32)
    return Adjacency(start, to[order].astype(np.int32), by[order])
