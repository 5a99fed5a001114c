"""Destination choice, routes and day masks of a block of people (numba)."""

import numba
import numpy as np

jit = numba.njit(cache=True, nogil=True)


@jit
def pick(zone, zones, start, place, within, u_zone, u_place, out):
    """Choose a destination for each person: a zone by its cumulative probability, then a place within it."""
    for i in range(zone.size):
        row = zones[zone[i]]
        c = min(np.searchsorted(row, u_zone[i], side="right"), row.size - 1)
        first, last = start[c], start[c + 1]
        out[i] = place[min(first + np.searchsorted(within[first:last], u_place[i], side="right"), last - 1)]


@jit
def meet(tree, adj_start, adj_node, adj_mm, a, b, seen, at, mark):
    """Return millimetres from a and from b to the first node that their ways to the root share."""
    v, mm = b, np.int64(0)
    seen[v], at[v] = mark, mm
    while tree[v] != 255:
        p = adj_start[v] + tree[v]
        v, mm = adj_node[p], mm + adj_mm[p]
        seen[v], at[v] = mark, mm
    v, mm = a, np.int64(0)
    while seen[v] != mark and tree[v] != 255:
        p = adj_start[v] + tree[v]
        v, mm = adj_node[p], mm + adj_mm[p]
    return mm, at[v]


@jit
def routes(order, hub, mode, transit, access_mm, trees, stops, x, y, adj_start, adj_node, adj_mm, node, reach_mm):
    """Compute lengths of each tour's visible legs on the tree of its hub; `order` is by hub, for the cache.

    Legs are those at home, at the stop and at the place: columns of `node` (the stop's is filled in) and `reach_mm`.
    Modes below `transit` are seen all the way. Transit is seen on the first `access_mm` from home, and from the stop
    nearest to the home (in a straight line) to the place. The car (above `transit`) is not seen.
    """
    seen = np.full(x.size, -1, np.int32)
    at = np.zeros(x.size, np.int64)
    for step in range(order.size):
        t = order[step]
        tree, home, goal = trees[hub[t]], node[t, 0], node[t, 2]
        if mode[t] < transit:
            reach_mm[t, 0], reach_mm[t, 2] = meet(tree, adj_start, adj_node, adj_mm, home, goal, seen, at, step)
        elif mode[t] == transit:
            v, mm = home, np.int64(0)
            while mm < access_mm and tree[v] != 255:
                p = adj_start[v] + tree[v]
                v, mm = adj_node[p], mm + adj_mm[p]
            reach_mm[t, 0] = min(mm, access_mm)
            best, stop = np.inf, -1
            for q in range(stops.shape[1]):
                s = stops[hub[t], q]
                if s >= 0:
                    d = (x[s] - x[home]) ** 2 + (y[s] - y[home]) ** 2
                    if d < best:
                        best, stop = d, s
            if stop >= 0:
                node[t, 1] = stop
                reach_mm[t, 1], reach_mm[t, 2] = meet(tree, adj_start, adj_node, adj_mm, stop, goal, seen, at, step)


@jit
def masks(marks, weekday, works, attendance, chance, share, row, tour_mask):
    """Set the days on which each tour is made.

    `marks[s, i, d]` are hashed 16-bit marks of work (s = 0) and of the three parts of the day. In a part, a person goes
    out if the mark is below `chance[i, s−1]`; it also chooses the place, by the cumulative `share[i, s−1, r]`.
    """
    for i in range(works.size):
        for d in range(weekday.size):
            word, bit = d >> 6, np.uint64(1) << np.uint64(d & 63)
            if works[i] and weekday[d] and (marks[0, i, d] + 32767.5) / 65535.0 < attendance and row[i, 0] >= 0:
                tour_mask[row[i, 0], word] |= bit
            for s in range(3):
                if s > 0 and works[i] and weekday[d]:
                    continue
                u = (marks[s + 1, i, d] + 32767.5) / 65535.0
                if u >= chance[i, s]:
                    continue
                u /= chance[i, s]
                for r in range(share.shape[2]):
                    if u < share[i, s, r]:
                        tour_mask[row[i, r + 1], word] |= bit
                        break
