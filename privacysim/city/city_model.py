"""City model: streets, places and route trees as read-only arrays, and streets as a connected graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from privacysim import tables
from privacysim.draws import Bytes, Floats, Ints
from privacysim.errors import one_line

Ints32 = NDArray[np.int32]
NO_HOP = 255
"""Entry of a tree at its own root, and at nodes without a route to it."""
_ZONE_M = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class City:
    """One city, computed once: a pure function of the scenario's city and population sections.

    Streets are straight segments u–v between nodes of a local plane (metres, x east, y north); route lengths are sums
    of integer millimetres. `trees[j, v]` gives the step from node v towards attraction node (hub) j: the index of the
    next node among v's neighbours, which are sorted by node id; 255 at the hub itself. Among routes of equal
    millimetres we take the one with the smaller sum of the edges' 20-bit hashes (`tree_kernel.edge_keys`). The hashes
    do not depend on direction, so the way back is the same way.

    Places: homes come first (housing compounds, in the order of zones; `home_people` sums to the population). A place's
    entrance (place_x, place_y) is beside a street within `entrance_reach_m` of the node that represents it in routes.
    `place_hub` is the hub whose tree serves the place: the nearest in a straight line. It is −1 for housing compounds
    and for places of category `road` (main-road crossings, the street itself), which nobody visits. Category, regime,
    secret and scene are codes of `privacysim.vocabulary`.
    """

    __repr__ = one_line

    name: str
    digest: str
    note: str
    """What the source left out of the city."""
    node_x: Floats
    node_y: Floats
    node_zone: Ints32
    edge_u: Ints32
    edge_v: Ints32
    edge_mm: Ints
    edge_kind: Bytes
    adj_start: Ints32
    adj_node: Ints32
    adj_edge: Ints32
    hub_node: Ints32
    trees: Bytes
    stop_node: Ints32
    place_x: NDArray[np.float32]
    place_y: NDArray[np.float32]
    place_node: Ints32
    place_hub: Ints32
    place_category: Bytes
    place_regime: Bytes
    place_secret: Bytes
    place_scene: Bytes
    place_sensitive: NDArray[np.bool_]
    place_weight: NDArray[np.float32]
    place_jobs: NDArray[np.float32]
    place_zone: Ints32
    home_people: Ints
    building_start: Ints32 | None = None
    """Buildings as rings in CSR form: ring i has the corners building_start[i]:building_start[i+1]."""
    building_x: NDArray[np.float32] | None = None
    building_y: NDArray[np.float32] | None = None
    mapped_cameras: pd.DataFrame | None = None
    """Mapped cameras: x_m, y_m, heading_deg (NaN = unknown), tags; None in a synthetic city."""
    origin: tuple[float, float] | None = None
    """Latitude and longitude of (0, 0); None in a synthetic city."""

    @property
    def closed_blocks(self) -> bool:
        """Whether streets are lined with houses although no building is known, as in a synthetic city."""
        return self.origin is None and self.building_start is None

    @property
    def people(self) -> int:
        """Number of residents of the whole city."""
        return int(self.home_people.sum())

    @property
    def homes(self) -> int:
        """Number of home places; they are places 0 … homes−1."""
        return int(np.count_nonzero(self.home_people))

    def places(self) -> pd.DataFrame:
        """Return the table `places`."""
        words = ("category", "regime", "secret", "scene", "sensitive")
        traits = {name: getattr(self, f"place_{name}") for name in words}
        return tables.frame("places", {"place_id": np.arange(self.place_node.size), "x_m": self.place_x,
                                       "y_m": self.place_y, "node_id": self.place_node} | traits)


@dataclass(frozen=True, slots=True, eq=False)
class Streets:
    """Nodes and straight edges without places; `home_weight` gives the distribution of residents."""

    x: Floats
    y: Floats
    zone: Ints32
    u: Ints32
    v: Ints32
    mm: Ints
    kind: Bytes
    home_weight: Floats

    def adjacency(self) -> Adjacency:
        """Return the neighbours of each node, sorted by node id."""
        edges = np.arange(self.u.size, dtype=np.int32)
        of, to, by = (np.concatenate(ends) for ends in ((self.u, self.v), (self.v, self.u), (edges, edges)))
        order = np.lexsort((to, of))
        start = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=self.x.size))]).astype(np.int32)
        return Adjacency(start, to[order].astype(np.int32), by[order])


class Adjacency(NamedTuple):
    """Neighbours of node n: positions start[n] … start[n+1]−1 of `node` (sorted by node id) and `edge`."""

    start: Ints32
    node: Ints32
    edge: Ints32


def connected_streets(x: Floats, y: Floats, u: Ints32, v: Ints32, kind: Bytes, home_weight: Floats,
                      zone: Ints32 | None = None) -> tuple[Streets, int]:
    """Return the largest connected part of these streets, with nodes in the order of zones, and the number left out.

    Zones are squares of 300 m unless stated. Loops are dropped, and so are all but the widest of parallel edges.
    """
    if zone is None:
        east, north = (np.floor((axis - axis.min()) / _ZONE_M).astype(np.int64) for axis in (x, y))
        zone = (north * (east.max() + 1) + east).astype(np.int32)
    graph = coo_array((np.ones(u.size), (u, v)), shape=(x.size, x.size))
    _, label = connected_components(graph, directed=False)
    kept = np.flatnonzero(label == np.argmax(np.bincount(label)))
    kept = kept[np.argsort(zone[kept], kind="stable")]
    number = np.full(x.size, -1, dtype=np.int32)
    number[kept] = np.arange(kept.size, dtype=np.int32)
    low, high = np.minimum(number[u], number[v]), np.maximum(number[u], number[v])
    order = np.lexsort((kind, high, low))
    order = order[(low[order] >= 0) & (low[order] != high[order])]
    order = order[np.append(True, (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0))[:order.size]]
    x, y, low, high = x[kept], y[kept], low[order], high[order]
    mm = np.maximum(np.rint(np.hypot(x[low] - x[high], y[low] - y[high]) * 1000.0).astype(np.int64), 1)
    of_zone = np.unique(zone[kept], return_inverse=True)[1].astype(np.int32)
    streets = Streets(x, y, of_zone, low, high, mm, kind[order], home_weight[kept])
    return streets, number.size - kept.size
