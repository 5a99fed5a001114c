"""Route trees (numba): shortest paths from every node to one attraction node at a time."""

from __future__ import annotations

import numba
import numpy as np

jit = numba.njit(cache=True, nogil=True)


@jit
def grow(start, node, key, reverse, hubs, first, last, shift, ring, x, y, low_mm, high_mm, trees, stops):
    """Fill rows first … last−1 of `trees` and `stops`.

    Dijkstra's algorithm with a ring of buckets (Dial 1969): a node waits in the bucket of its distance, `shift` bits
    wide above the 32 bits of the tie-break. If an edge is shorter than a bucket, a node may return to it. Labels are
    corrected until the bucket is empty, so the result is exact for any width.
    """
    n = start.size - 1
    far = np.int64(1) << 62
    dist = np.empty(n, np.int64)
    head = np.empty(ring, np.int32)
    after, before = np.empty(n, np.int32), np.empty(n, np.int32)
    where = np.empty(n, np.int32)
    for j in range(first, last):
        tree = trees[j]
        for v in range(n):
            dist[v] = far
            where[v] = -1
            tree[v] = 255
        for b in range(ring):
            head[b] = -1
        root = hubs[j]
        dist[root] = 0
        head[0] = root
        after[root] = before[root] = -1
        where[root] = 0
        waiting = 1
        bucket = 0
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
    best = np.full(4, np.int64(1) << 62)
    found = np.full(4, -1, np.int32)
    middle = (low_mm + high_mm) // 2
    for v in range(dist.size):
        mm = dist[v] >> 32
        if low_mm <= mm <= high_mm:
            quarter = (2 if x[v] < x[root] else 0) + (1 if y[v] < y[root] else 0)
            if abs(mm - middle) < best[quarter]:
                best[quarter] = abs(mm - middle)
                found[quarter] = v
    count = 0
    for quarter in range(4):
        if found[quarter] >= 0:
            stops[count] = found[quarter]
            count += 1
    for rest in range(count, 4):
        stops[rest] = -1
