"""Least-seen ways to the same destination, and their extra length in metres; the town whose streets they use.

A street costs its length plus λ times its camera-metres (metres in view, summed over cameras; for a camera with an
unknown heading, lens or height, the mean over all possible views). Shortest paths for growing λ (Dijkstra 1959) give a
series of ways, each less seen and longer than the previous one. Unmapped cameras still see the walker.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from privacysim.draws import Floats, Ints
from privacysim.errors import InputError
from privacysim.readers.osm_maps import is_building, multipolygon_rings, osm_reader, runs, street_kind, tags_of
from privacysim.readers.positions import plane_at
from privacysim.tracks.cleaning import separate_steps
from privacysim.tracks.dosimeter import Dose
from privacysim.tracks.walk_sight import Town, sight_of

PRICES = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0)
"""λ: metres of detour accepted to avoid one camera-metre."""
_NEAR_M = 150.0


def read_town(path: str | Path) -> Town:
    """Read an extract (`.osm.pbf`, `.osm`); InputError if it is missing, damaged or without streets.

    Only the largest connected part of the streets is kept.
    """
    place: dict[int, tuple[float, float]] = {}
    steps: list[tuple[int, int]] = []
    rings: list[list[tuple[float, float]]] = []
    with osm_reader(Path(path), areas=["building"]) as reader:
        for item in reader:
            tags = tags_of(item)
            if item.is_area() and not item.from_way() and is_building(tags):
                rings += multipolygon_rings(item)
            if not item.is_way():
                continue
            parts = runs(item.nodes)
            if is_building(tags) and sum(map(len, parts)) > 3:
                rings.append([position for part in parts for _, position in part])
            elif street_kind(tags) is not None:
                for part in parts:
                    place.update(part)
                    steps += [(a[0], b[0]) for a, b in pairwise(part) if a[0] != b[0]]
    if not steps:
        raise InputError(str(path), "walkable streets", "none", "take an extract that has highway ways")
    refs = np.array(sorted(place), dtype=np.int64)
    ends = np.searchsorted(refs, np.array(steps, dtype=np.int64))
    lat, lon = np.array([place[int(ref)] for ref in refs]).T
    graph = coo_matrix((np.ones(len(ends)), ends.T), shape=(refs.size, refs.size))
    _, part = connected_components(graph, directed=False)
    main = part == np.bincount(part).argmax()
    kept = (np.cumsum(main) - 1)[ends[main[ends[:, 0]]]]
    ring_lat, ring_lon = np.array([corner for ring in rings for corner in ring]).reshape(-1, 2).T
    note = f"{int((~main).sum())} of {refs.size} street nodes are not connected to the rest and were left out"
    return Town(lat[main], lon[main], kept[:, 0], kept[:, 1], np.cumsum([0, *map(len, rings)]), ring_lat, ring_lon,
                note)  # fmt: skip


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
    ends = []
    for px, py in zip(*plane.xy(walk.lat[[0, -1]], walk.lon[[0, -1]]), strict=True):
        away = np.hypot(x - px, y - py)
        if away.min() > _NEAR_M:
            raise InputError("--streets", f"streets within {_NEAR_M:.0f} m of both ends of the track",
                             "an end of the track lies farther away", "take an extract that holds the whole walk")
        ends.append(int(away.argmin()))
    low, high = np.minimum(town.u, town.v), np.maximum(town.u, town.v)
    # among parallel streets the first, because their ends and so their lengths are equal
    by_ends = dict(zip(zip(low[::-1], high[::-1], strict=True), range(low.size - 1, -1, -1), strict=True))
    metres = np.hypot(x[town.u] - x[town.v], y[town.u] - y[town.v])
    # camera-metres of every street, each of which is one step, and the cameras that may see each
    both = np.column_stack([town.u, town.v]).ravel()
    sight = sight_of(separate_steps(town.lat[both], town.lon[both]), dose.mapped, range_m, town)
    seen, street, camera = sight.camera_m[::2], sight.pieces.step // 2, sight.discs.camera[sight.pieces.view]
    rows, found = list[dict[str, float]](), list[Ints]()
    for price in PRICES:
        nodes = _shortest(town, metres + price * seen, *ends)
        steps = [by_ends[min(pair), max(pair)] for pair in pairwise(nodes.tolist())]
        camera_metres = float(seen[steps].sum())
        if not rows or camera_metres <= rows[-1]["camera_metres"] - 0.5:
            cameras = np.unique(camera[np.isin(street, steps)]).size
            rows.append({"metres": float(metres[steps].sum()), "camera_metres": camera_metres, "cameras": cameras})
            found.append(nodes)
    table = pd.DataFrame(rows)
    table.insert(0, "way", np.arange(1, len(rows) + 1))
    table.insert(2, "more_metres", table["metres"] - table["metres"].iloc[0])
    return Detours(table, tuple(found))


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
