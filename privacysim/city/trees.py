"""Route trees: one byte per attraction node and street node; routes are unique and the same in both directions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from privacysim import draws
from privacysim.city.streets import Adjacency, Streets
from privacysim.city.tree_kernel import grow
from privacysim.errors import InputError

_TIE_BITS = 20
_MM_SHIFT = 32
"""A route of fewer than 2¹² edges sums its ties to less than one millimetre; Guangzhou's longest has about 300."""


def edge_keys(mm: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the quantity that routes minimise: millimetres · 2³² + a 20-bit hash of the edge's number.

    The hash only decides between routes of equal millimetres. It belongs to the edge, not to a direction, so the way
    back equals the way there and a tree is unique. Exceptions have a probability of about one in a million per tie;
    then the smaller neighbour wins.
    """
    if mm.size and mm.max() >= 1 << 29:
        raise InputError("streets", "segments shorter than 500 km", f"{mm.max() / 1e6:.0f} km", "mend the map")
    tie = draws.hashes(draws.stream_key(0, 0, "route ties"), np.arange(mm.size)) >> np.uint64(64 - _TIE_BITS)
    return (mm << _MM_SHIFT) + tie.astype(np.int64)


def grow_trees(
    streets: Streets, near: Adjacency, hubs: NDArray[np.int32], low_m: float, high_m: float, path: Path,
    workers: int = 1,
) -> NDArray[np.int32]:
    """Write the trees of all `hubs` to `path` (.npy, uint8 [hubs, nodes]) and return their stops [hubs, 4].

    `workers` threads share the rows; the result does not depend on their number.
    """
    nodes = streets.x.size
    if near.start.size and np.diff(near.start).max() > 254:
        raise InputError("streets", "at most 254 streets at a crossing", int(np.diff(near.start).max()), "mend the map")
    keys = edge_keys(streets.mm)[near.edge]
    # buckets narrower than most edges: the shortest tenth may be corrected, which costs little
    bits = max(int(np.log2(np.quantile(streets.mm, 0.1))) if streets.mm.size else 0, 10)
    ring = int(streets.mm.max() >> bits) + 3 if streets.mm.size else 3
    trees = open_memmap(path, mode="w+", dtype=np.uint8, shape=(hubs.size, nodes))
    stops = np.empty((hubs.size, 4), dtype=np.int32)
    back = _slot_of_origin(near)

    def rows(first: int, last: int) -> None:
        grow(near.start, near.node, keys, back, hubs, first, last, bits + _MM_SHIFT, ring, streets.x, streets.y,
             int(low_m * 1000), int(high_m * 1000), trees, stops)

    cuts = np.linspace(0, hubs.size, max(workers, 1) + 1).astype(int)
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        for done in [pool.submit(rows, int(a), int(b)) for a, b in pairwise(cuts)]:
            done.result()
    trees.flush()
    return stops


def _slot_of_origin(near: Adjacency) -> NDArray[np.uint8]:
    """For position p (node a's neighbour b), return the index of a among b's neighbours."""
    of = np.repeat(np.arange(near.start.size - 1, dtype=np.int64), np.diff(near.start))
    # positions are sorted by (a, b); the twin of (a, b) is (b, a), which sorting by the swapped keys finds
    twin = np.lexsort((of, near.node.astype(np.int64)))
    slot = np.empty(of.size, dtype=np.int64)
    slot[twin] = np.arange(of.size) - near.start[near.node[twin]]
    return slot.astype(np.uint8)
