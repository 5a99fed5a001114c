"""Route trees (numba): one byte per attraction node and street node, for shortest paths, unique in both directions."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from privacysim import draws
from privacysim.city.city_model import Adjacency, Ints32, Streets
from privacysim.compiled import jit
from privacysim.draws import Ints
from privacysim.errors import InputError

_TIE_BITS = 20
_MM_SHIFT = 32
"""A route of fewer than 2¹² edges sums its ties to less than one millimetre; Guangzhou's longest has about 300."""


def edge_keys(mm: Ints) -> Ints:
    """Return the quantity that routes minimise: millimetres · 2³² + a 20-bit hash of the edge's number.

    The hash decides between routes of equal millimetres, in both directions alike. It fails with a probability of about
    one in a million per tie; then the smaller neighbour wins.
    """
    if mm.size and mm.max() >= 1 << 29:
        raise InputError("streets", "segments shorter than 500 km", f"{mm.max() / 1e6:.0f} km", "correct the map")
    tie = draws.hashes(draws.stream_key(0, 0, "route ties"), np.arange(mm.size)) >> np.uint64(64 - _TIE_BITS)
    return (mm << _MM_SHIFT) + tie.astype(np.int64)


def grow_trees(streets: Streets, near: Adjacency, hubs: Ints32, low_m: float, high_m: float, path: Path,
               workers: int = 1) -> Ints32:
    """Write the trees of all `hubs` to `path` (.npy, uint8 [hubs, nodes]) and return their stops [hubs, 4].

    `workers` threads share the rows; the result does not depend on their number.
    """
    degree = np.diff(near.start).astype(np.int64)
    if degree.max(initial=0) > 254:
        raise InputError("streets", "at most 254 streets at a crossing", int(degree.max()), "correct the map")
    # position p is node a's neighbour b; its twin (b, a), which sorting by the swapped keys finds, is a's place at b
    of = np.repeat(np.arange(degree.size), degree)
    reverse = np.empty(of.size, dtype=np.uint8)
    reverse[np.lexsort((of, near.node))] = np.arange(of.size) - near.start[of]
    # buckets narrower than most edges: the shortest tenth may be corrected, which costs little
    bits = max(int(np.log2(np.quantile(streets.mm, 0.1))) if streets.mm.size else 0, 10)
    ring = (int(streets.mm.max()) >> bits) + 3 if streets.mm.size else 3
    trees = open_memmap(path, mode="w+", dtype=np.uint8, shape=(hubs.size, streets.x.size))
    stops = np.empty((hubs.size, 4), dtype=np.int32)
    keys = edge_keys(streets.mm)[near.edge]

    def rows(first: int, last: int) -> None:
        grow(near.start, near.node, keys, reverse, hubs, first, last, bits + _MM_SHIFT, ring, streets.x, streets.y,
             int(low_m * 1000), int(high_m * 1000), trees, stops)

    cuts = np.linspace(0, hubs.size, max(workers, 1) + 1).astype(int)
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        list(pool.map(rows, *zip(*pairwise(cuts.tolist()), strict=True)))
    trees.flush()
    return stops


@jit
def grow(start, node, key, reverse, hubs, first, last, shift, ring, x, y, low_mm, high_mm, trees, stops):
    """Fill rows first … last−1 of `trees` and `stops`.

    Dijkstra's algorithm with a ring of buckets (Dial 1969): a node waits in the bucket of its distance, `shift` bits
    wide above the 32 bits of the tie-break. If an edge is shorter than a bucket, a node may return to it. Labels are
    corrected until the bucket is empty, so the result is exact for any width.
    """
    n = start.size - 1
    far = np.int64(1) << 62
    dist, head = np.empty(n, np.int64), np.empty(ring, np.int32)
    after, before, where = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    for j in range(first, last):
        tree = trees[j]
        dist[:], where[:], tree[:], head[:] = far, -1, 255, -1
        root = hubs[j]
        dist[root], where[root], head[0] = 0, 0, root
        after[root] = before[root] = -1
        waiting, bucket = 1, 0
        while waiting > 0:
            u = head[bucket]
            if u < 0:
                bucket = (bucket + 1) % ring
                continue
            head[bucket] = after[u]
            if after[u] >= 0:
                before[after[u]] = -1
            where[u] = -1
            waiting -= 1
            for p in range(start[u], start[u + 1]):
                v = node[p]
                d = dist[u] + key[p]
                if d > dist[v] or (d == dist[v] and reverse[p] >= tree[v]):
                    continue
                tree[v] = reverse[p]
                if d == dist[v]:
                    continue
                if where[v] >= 0:  # leave the old bucket
                    if before[v] >= 0:
                        after[before[v]] = after[v]
                    else:
                        head[where[v]] = after[v]
                    if after[v] >= 0:
                        before[after[v]] = before[v]
                    waiting -= 1
                dist[v] = d
                new = (d >> shift) % ring
                after[v], before[v] = head[new], -1
                if head[new] >= 0:
                    before[head[new]] = v
                head[new] = v
                where[v] = new
                waiting += 1
        _stops(dist, root, x, y, low_mm, high_mm, stops[j])


@jit
def _stops(dist, root, x, y, low_mm, high_mm, stops):
    """Choose one node in each quarter around the root, nearest to the middle of the wanted distance; pad with −1."""
    best, found = np.full(4, np.int64(1) << 62), np.full(4, -1, np.int32)
    middle = (low_mm + high_mm) // 2
    for v in range(dist.size):
        mm = dist[v] >> 32
        if low_mm <= mm <= high_mm:
            quarter = (2 if x[v] < x[root] else 0) + (1 if y[v] < y[root] else 0)
            if abs(mm - middle) < best[quarter]:
                best[quarter] = abs(mm - middle)
                found[quarter] = v
    stops[:] = -1
    count = 0
    for quarter in range(4):
        if found[quarter] >= 0:
            stops[count] = found[quarter]
            count += 1
