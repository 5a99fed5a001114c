"""Sums people on their ways to a place down its route tree, and finds the cameras that they pass."""

from __future__ import annotations

import numpy as np
from numba import njit

jit = njit(cache=True, nogil=True)

MODES, BANDS = 4, 4
"""Walk, cycle, e-bike, transit; street distances below 1, 3, 8 km and beyond.

A class is (purpose · 4 + mode) · 4 + band.
"""


@jit
def tree_of(hops, adj_start, adj_node, adj_edge, edge_mm, parent, edge, depth):
    """Parent, edge to it and millimetres to the root of every node (root: parent −1); a city is connected."""
    path = np.empty(hops.size, np.int64)
    depth[:] = -1
    for v in range(hops.size):
        n, x = 0, v
        while depth[x] < 0 and hops[x] != 255:
            path[n] = x
            n += 1
            p = adj_start[x] + hops[x]
            parent[x], edge[x] = adj_node[p], adj_edge[p]
            x = parent[x]
        if depth[x] < 0:
            parent[x], edge[x], depth[x] = -1, -1, 0
        for i in range(n - 1, -1, -1):
            depth[path[i]] = depth[parent[path[i]]] + edge_mm[edge[path[i]]]


@jit
def _leave(mass, length, far, riders, place, x, y, zone, weight, to, homes, home_zone, home_node, home_stop,
           mode_share, detour):  # fmt: skip
    """Destinations that people hold at a place, by the node where their visible way to it begins.

    Positions (x, y) are of all places, homes first. `zone[q]`: its destination zone for purpose q (−1: none);
    `weight[q]`: its share within. to[q][a, b]: probability of zone b from zone a, times destinations held per person.
    `length` sums the millimetres of these ways.
    """
    mass[:] = 0.0
    length[:] = 0.0
    for h in range(homes.size):
        metres = np.hypot(x[h] - x[place], y[h] - y[place]) * detour
        band = int(metres >= 1000.0) + int(metres >= 3000.0) + int(metres >= 8000.0)
        for q in range(3):
            if zone[q] < 0:
                continue
            held = homes[h] * to[q, home_zone[h], zone[q]] * weight[q]
            for mode in range(MODES):
                part = held * mode_share[band, mode]
                at = home_stop[h] if mode == MODES - 1 else home_node[h]
                if at >= 0:
                    c = (q * MODES + mode) * BANDS + band
                    mass[at, c] += part
                    length[at, c] += part * far[at]
                if mode == MODES - 1:
                    riders[home_node[h], q * BANDS + band] += part


@jit
def past_cameras(order, parent, edge, depth, edge_mm, places, place_node, place_x, place_y, place_zone, place_weight,
                 to, homes, home_zone, home_node, home_stop, mode_share, detour, camera_start,
                 camera_of, minute_mm, back_mm, riders, found):  # fmt: skip
    """Add to found[camera, class, step] the destinations whose way passes each camera, for places of one tree.

    `order`: nodes by falling depth. The step locates the camera on the way, counted from the place: in 1/`steps` of the
    mean way of those who pass, or for transit in minutes on foot. Somebody who comes into a camera's view twice is
    counted at the last street before the place; a way that has left a view for `back_mm` does not come back into it.
    `riders`: destinations reached by transit, by home node, for the walk to the stop.
    """
    nodes, classes, steps = parent.size, found.shape[1], found.shape[2]
    mass, length = np.empty((nodes, classes)), np.empty((nodes, classes))
    towards, by, far = np.empty(nodes, np.int64), np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    chain = np.zeros(nodes, np.bool_)
    for p in places:
        goal = place_node[p]
        chain[:] = False
        x, below, far[goal] = goal, np.int64(-1), 0
        while x >= 0:  # from the place up to the root, so the direction is reversed
            chain[x] = True
            towards[x], by[x] = below, edge[below] if below >= 0 else -1
            if below >= 0:
                far[x] = far[below] + edge_mm[edge[below]]
            below, x = x, parent[x]
        root = below
        for i in range(order.size - 1, -1, -1):
            x = order[i]
            if not chain[x]:
                towards[x], by[x] = parent[x], edge[x]
                far[x] = far[parent[x]] + edge_mm[edge[x]]
        _leave(mass, length, far, riders, p, place_x, place_y, place_zone[p], place_weight[p], to, homes, home_zone,
               home_node, home_stop, mode_share, detour)  # fmt: skip
        for x in order:
            if not chain[x]:
                for c in range(classes):
                    mass[parent[x], c] += mass[x, c]
                    length[parent[x], c] += length[x, c]
        x = root
        while x != goal:
            for c in range(classes):
                mass[towards[x], c] += mass[x, c]
                length[towards[x], c] += length[x, c]
            x = towards[x]
        for x in range(nodes):
            if x == goal:
                continue
            for i in range(camera_start[by[x]], camera_start[by[x] + 1]):
                y, again = towards[x], False
                while y != goal and far[x] - far[y] < back_mm and not again:
                    for j in range(camera_start[by[y]], camera_start[by[y] + 1]):
                        again = again or camera_of[j] == camera_of[i]
                    y = towards[y]
                if again:
                    continue
                middle = (far[x] + far[towards[x]]) / 2.0
                for c in range(classes):
                    if mass[x, c] > 0.0:
                        if c // BANDS % MODES == MODES - 1:
                            step = np.int64(middle / minute_mm)
                        else:
                            step = np.int64(middle * mass[x, c] / length[x, c] * steps)
                        found[camera_of[i], c, min(step, steps - 1)] += mass[x, c]


@jit
def to_the_stop(parent, edge, edge_u, edge_mm, riders, reach_mm, piece_start, piece_camera, piece_from, minute_mm,
                found):  # fmt: skip
    """Add to found[camera, purpose and band, minutes] the destinations whose first `reach_mm` pass each camera."""
    last = found.shape[2] - 1
    met = np.full(found.shape[0], -1, np.int64)
    for v in range(parent.size):
        if riders[v].sum() == 0.0:
            continue
        x, gone = v, np.int64(0)
        while parent[x] >= 0 and gone < reach_mm:
            part = min(edge_mm[edge[x]], reach_mm - gone)
            way = 2 * edge[x] + (0 if edge_u[edge[x]] == x else 1)
            for i in range(piece_start[way], piece_start[way + 1]):
                if piece_from[i] < part and met[piece_camera[i]] != v:
                    met[piece_camera[i]] = v
                    minutes = min(np.int64((gone + piece_from[i]) / minute_mm), last)
                    for c in range(found.shape[1]):
                        found[piece_camera[i], c, minutes] += riders[v, c]
            gone += part
            x = parent[x]
