"""Searches in sorted lists: who else has these points, and who else could appear at the next camera."""

from __future__ import annotations

import numpy as np
from numba import njit

jit = njit(cache=True, nogil=True)


@jit
def lookalikes(start, time, user, at, when, within, stamp):
    """Count distinct users seen at place `at` within `within` seconds of `when`, including the target."""
    low, high = start[at], start[at + 1]
    first, last = low, high
    while first < last:
        middle = (first + last) >> 1
        if time[middle] < when - within:
            first = middle + 1
        else:
            last = middle
    count, mark = 0, stamp[-1] + 1
    stamp[-1] = mark
    for r in range(first, high):
        if time[r] > when + within:
            break
        if stamp[user[r]] != mark:
            stamp[user[r]] = mark
            count += 1
    return count


@jit
def follow(user_start, place, when, left, place_start, place_time, place_user, users, within, gap, confused_above):
    """Per row of a user, in time order: how many people it could be, and whether the previous row's track holds."""
    size = np.zeros(place.size, np.int64)
    held = np.zeros(place.size, np.bool_)
    stamp = np.zeros(users + 1, np.int64)
    for u in range(users):
        for r in range(user_start[u], user_start[u + 1]):
            size[r] = lookalikes(place_start, place_time, place_user, place[r], when[r], within, stamp)
            if r > user_start[u]:
                held[r] = when[r] - left[r - 1] <= gap and size[r] <= confused_above
    return size, held


@jit
def _mixed(x):
    """One step of splitmix64 (Steele, Lea and Flood 2014)."""
    x += np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@jit
def _has(items, low, high, item):
    end = high
    while low < high:
        middle = (low + high) >> 1
        if items[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low < end and items[low] == item


@jit
def unique_draws(targets, start, fine, coarse, item_start, items, post_start, post_user, rank, sizes, points, draws,
                 seed):  # fmt: skip
    """Count a target's draws of `points` points that nobody else shares, among the first sizes[s] users by rank.

    Points are drawn from the target's distinct fine points without repeats, from a hash of (seed, user, draw): the
    first k of them are the same for every k and grid. −1 if the target has fewer points. `coarse` maps fine points to
    items; users' items are in `items`, users of an item in `post_user`.
    """
    hits = np.zeros((targets.size, sizes.size), np.int32)
    lowest_size, largest_size = sizes.min(), sizes.max()
    for position in range(targets.size):
        u = targets[position]
        low, n = start[u], start[u + 1] - start[u]
        if n < points:
            hits[position, :] = -1
            continue
        order = np.empty(n, np.int64)
        chosen = np.empty(points, np.int64)
        for draw in range(draws):
            state = _mixed(np.uint64(seed) ^ _mixed(np.uint64(u) * np.uint64(65_536) + np.uint64(draw)))
            for i in range(n):
                order[i] = i
            shortest = 0
            for i in range(points):
                state = _mixed(state)
                j = i + np.int64(state % np.uint64(n - i))
                order[i], order[j] = order[j], order[i]
                chosen[i] = coarse[fine[low + order[i]]]
                if (post_start[chosen[i] + 1] - post_start[chosen[i]]
                        < post_start[chosen[shortest] + 1] - post_start[chosen[shortest]]):  # fmt: skip
                    shortest = i
            nearest = largest_size
            for p in range(post_start[chosen[shortest]], post_start[chosen[shortest] + 1]):
                other = post_user[p]
                if other == u or rank[other] >= nearest:
                    continue
                same = True
                for i in range(points):
                    if i != shortest and not _has(items, item_start[other], item_start[other + 1], chosen[i]):
                        same = False
                        break
                if same:
                    nearest = rank[other]
                    if nearest < lowest_size:
                        break
            for s in range(sizes.size):
                if rank[u] < sizes[s] and nearest >= sizes[s]:
                    hits[position, s] += 1
    return hits
