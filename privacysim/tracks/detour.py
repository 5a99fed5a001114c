"""Least-seen ways to the same destination, and their extra length in metres.

A street costs its length plus λ times its camera-metres (metres in view, summed over cameras; for a camera with an
unknown heading, lens or height, the mean over all possible views). Shortest paths for growing λ (Dijkstra 1959) give a
series of ways, each less seen and longer than the previous one. They assume walking on streets. Whatever is not on the
map is unknown, and unmapped cameras still see the walker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from privacysim.errors import InputError
from privacysim.readers.positions import plane_at
from privacysim.tracks.cleaning import Walk
from privacysim.tracks.dosimeter import Dose
from privacysim.tracks.walk_sight import sight_of
from privacysim.tracks.walk_town import Town

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PRICES = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0)
"""λ: metres of detour accepted to avoid one camera-metre."""
_NEAR_M = 150.0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Detours:
    """Ways between the walk's ends, shortest first.

    `table`: way, metres, more_metres (than the shortest), camera_metres (mean), cameras (that may see it). `nodes`:
    each way's street nodes as positions in the town; they reveal where the walk began and ended.
    """

    table: pd.DataFrame
    nodes: tuple[Ints, ...]


def detours(dose: Dose, town: Town, range_m: float | None = None) -> Detours:
    """Ways along the town's streets between the ends of one person's walk, from the shortest to the least seen.

    Raises InputError for a walk of several people, or one whose ends lie more than 150 m from every street.
    """
    walk = dose.walk
    if walk.people != 1:
        raise InputError("--streets", "one person's track for another way", f"{walk.people} people", "give one track")
    plane = plane_at(float(walk.lat.mean()), float(walk.lon[0]))
    x, y = plane.xy(town.lat, town.lon)
    ends = [_nearest(x, y, *plane.xy(walk.lat[[at]], walk.lon[[at]])) for at in (0, -1)]
    metres, seen, cameras = _streets(town, x, y, dose, range_m)
    rows, found = list[dict[str, float]](), list[Ints]()
    for price in PRICES:
        nodes = _shortest(town, metres + price * seen, ends[0], ends[1])
        steps = _edges(town, nodes)
        row = {"metres": float(metres[steps].sum()), "camera_metres": float(seen[steps].sum())}
        if rows and row["camera_metres"] > rows[-1]["camera_metres"] - 0.5:
            continue
        row["cameras"] = len(set().union(*(cameras.get(int(step), set()) for step in steps))) if steps.size else 0
        rows.append(row)
        found.append(nodes)
    table = pd.DataFrame(rows)
    table.insert(0, "way", np.arange(1, len(rows) + 1))
    table.insert(2, "more_metres", table["metres"] - table["metres"].iloc[0])
    return Detours(table, tuple(found))


def _nearest(x: Floats, y: Floats, px: Floats, py: Floats) -> int:
    away = np.hypot(x - px[0], y - py[0])
    if away.min() > _NEAR_M:
        got = "an end of the track lies farther away"
        raise InputError("--streets", f"streets within {_NEAR_M:.0f} m of both ends of the track", got,
                         "take an extract that holds the whole walk")
    return int(away.argmin())


def _streets(town: Town, x: Floats, y: Floats, dose: Dose, range_m: float | None
             ) -> tuple[Floats, Floats, dict[int, set[int]]]:  # fmt: skip
    """Length and camera-metres of every street, and which cameras may see it; each street is a walk of one step."""
    size = town.u.size
    both = np.column_stack([town.u, town.v]).ravel()
    joined = np.tile([True, False], size)
    none = np.zeros(both.size, dtype=np.int32)
    walk = Walk(town.lat[both], town.lon[both], np.arange(both.size, dtype=np.float64), none, joined, np.zeros(1),
                False, 1, (), "")
    sight = sight_of(walk, dose.mapped, range_m, town)
    cameras: dict[int, set[int]] = {}
    seeing = np.unique(np.column_stack([sight.pieces.step // 2, sight.discs.camera[sight.pieces.view]]), axis=0)
    for street, camera in seeing.tolist():
        cameras.setdefault(street, set()).add(camera)
    return np.hypot(x[town.u] - x[town.v], y[town.u] - y[town.v]), sight.camera_m[::2], cameras


def _shortest(town: Town, cost: Floats, begin: int, end: int) -> Ints:
    size = town.lat.size
    # of parallel streets the cheapest counts (a sparse matrix would add them up)
    order = np.lexsort((cost, np.maximum(town.u, town.v), np.minimum(town.u, town.v)))
    low, high = np.minimum(town.u, town.v)[order], np.maximum(town.u, town.v)[order]
    first = np.concatenate([[True], (np.diff(low) != 0) | (np.diff(high) != 0)])
    graph = csr_matrix((np.maximum(cost[order][first], 1e-6), (low[first], high[first])), shape=(size, size))
    _, before = dijkstra(graph, directed=False, indices=begin, return_predecessors=True)
    nodes = [end]
    while nodes[-1] != begin:
        nodes.append(int(before[nodes[-1]]))
    return np.array(nodes[::-1], dtype=np.int64)


def _edges(town: Town, nodes: Ints) -> Ints:
    """Streets along a way; among parallel ones any, because their ends and so their lengths are equal."""
    size = town.lat.size
    keys = np.minimum(town.u, town.v) * size + np.maximum(town.u, town.v)
    order = np.argsort(keys, kind="stable")
    wanted = np.minimum(nodes[:-1], nodes[1:]) * size + np.maximum(nodes[:-1], nodes[1:])
    return order[np.searchsorted(keys[order], wanted)]
