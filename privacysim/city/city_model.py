"""City model: streets, places and route trees as read-only arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim.errors import one_line

NO_HOP = 255
"""Entry of a tree at its own root, and at nodes without a route to it."""


@dataclass(frozen=True, slots=True, eq=False)
class City:
    """One city, computed once: a pure function of the scenario's city and population sections.

    Streets are straight segments u–v between nodes of a local plane (metres, x east, y north); route lengths are sums
    of integer millimetres. `trees[j, v]` gives the step from node v towards attraction node (hub) j: the index of the
    next node among v's neighbours, which are sorted by node id; 255 at the hub itself. Among routes of equal
    millimetres we take the one with the smaller sum of the edges' 20-bit hashes (`trees.edge_keys`). The hashes do not
    depend on direction, so the way back is the same way.

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
    """Cache folder and size, for the command line."""
    node_x: NDArray[np.float64]
    node_y: NDArray[np.float64]
    node_zone: NDArray[np.int32]
    edge_u: NDArray[np.int32]
    edge_v: NDArray[np.int32]
    edge_mm: NDArray[np.int64]
    edge_kind: NDArray[np.uint8]
    adj_start: NDArray[np.int32]
    adj_node: NDArray[np.int32]
    adj_edge: NDArray[np.int32]
    hub_node: NDArray[np.int32]
    trees: NDArray[np.uint8]
    stop_node: NDArray[np.int32]
    place_x: NDArray[np.float32]
    place_y: NDArray[np.float32]
    place_node: NDArray[np.int32]
    place_hub: NDArray[np.int32]
    place_category: NDArray[np.uint8]
    place_regime: NDArray[np.uint8]
    place_secret: NDArray[np.uint8]
    place_scene: NDArray[np.uint8]
    place_sensitive: NDArray[np.bool_]
    place_weight: NDArray[np.float32]
    place_jobs: NDArray[np.float32]
    place_zone: NDArray[np.int32]
    home_people: NDArray[np.int64]
    building_start: NDArray[np.int32] | None = None
    """Buildings as rings in CSR form: ring i has the corners building_start[i]:building_start[i+1]."""
    building_x: NDArray[np.float32] | None = None
    building_y: NDArray[np.float32] | None = None
    mapped_cameras: pd.DataFrame | None = None
    """Mapped cameras: x_m, y_m, heading_deg (NaN = unknown), tags; None in a synthetic city."""
    origin: tuple[float, float] | None = None
    """Latitude and longitude of (0, 0); None in a synthetic city."""

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
        return tables.frame("places", {
            "place_id": np.arange(self.place_node.size), "x_m": self.place_x, "y_m": self.place_y,
            "node_id": self.place_node, "category": self.place_category, "regime": self.place_regime,
            "secret": self.place_secret, "scene": self.place_scene, "sensitive": self.place_sensitive,
        })
