"""Bitsets, posting lists and enumerations behind unicity and the background-knowledge attacks.

Unit-free and single-threaded. A bitset holds one bit per user; the users who match several known items are the bits
that all of them share, so a subset costs one AND and one population count per word of 64 users.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

jit = njit(cache=True, nogil=True)


@intrinsic
def _population(typingctx, word):
    """Number of set bits: the processor's own instruction."""
    return types.uint64(types.uint64), lambda context, builder, signature, values: builder.ctpop(values[0])


_ones: Any = _population


@jit
def by_user(user, item, users):
    """Rows grouped by user, in the order given: (start[users + 1], items). A counting sort."""
    start = np.zeros(users + 1, np.int64)
    for r in range(user.size):
        start[user[r] + 1] += 1
    for u in range(users):
        start[u + 1] += start[u]
    at = start[:-1].copy()
    out = np.empty(item.size, item.dtype)
    for r in range(user.size):
        out[at[user[r]]] = item[r]
        at[user[r]] += 1
    return start, out


@jit
def _ascending(values, low, high):
    """Sort values[low:high] in place (Shell's sort: short lists, and it compiles at once)."""
    gap = (high - low) // 2
    while gap > 0:
        for i in range(low + gap, high):
            value, j = values[i], i
            while j >= low + gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value
        gap //= 2


@jit
def distinct(start, items):
    """Each user's items ascending and once: (start, items), and how often the user has each."""
    users = start.size - 1
    new_start = np.zeros(users + 1, np.int64)
    count = np.zeros(items.size, np.int32)
    made = 0
    for u in range(users):
        _ascending(items, start[u], start[u + 1])
        for r in range(start[u], start[u + 1]):
            value = items[r]
            if made > new_start[u] and items[made - 1] == value:
                count[made - 1] += 1
            else:
                items[made] = value
                count[made] = 1
                made += 1
        new_start[u + 1] = made
    return new_start, items[:made], count[:made]


@jit
def postings(start, items, kinds):
    """For each item the users who have it, ascending: (start[kinds + 1], users)."""
    begin = np.zeros(kinds + 1, np.int64)
    for r in range(items.size):
        begin[items[r] + 1] += 1
    for i in range(kinds):
        begin[i + 1] += begin[i]
    at = begin[:-1].copy()
    out = np.empty(items.size, np.int32)
    for u in range(start.size - 1):
        for r in range(start[u], start[u + 1]):
            out[at[items[r]]] = u
            at[items[r]] += 1
    return begin, out


@jit
def bit_rows(item_row, start, items, words):
    """Bitsets of items: user u sets bit u of the row of each of her items; row −1 keeps none."""
    rows = 0
    for i in range(item_row.size):
        rows = max(rows, item_row[i] + 1)
    bits = np.zeros((rows, words), np.uint64)
    for u in range(start.size - 1):
        for r in range(start[u], start[u + 1]):
            row = item_row[items[r]]
            if row >= 0:
                bits[row, u >> 6] |= np.uint64(1) << np.uint64(u & 63)
    return bits


@jit
def _choose(n, k):
    value = 1.0
    for i in range(k):
        value = value * (n - i) / (i + 1)
    return value


@jit
def _note(matches, weight, weights, seen, touched):
    if weights[matches] == 0.0:
        seen[touched] = matches
        touched += 1
    weights[matches] += weight
    return touched


@jit
def _summary(weights, seen, touched, quantiles, out):
    """out = subsets, fewest matches, mean of 1/matches, share with one match, then quantiles of 1/matches."""
    _ascending(seen, 0, touched)
    subsets, mean = 0.0, 0.0
    for t in range(touched):
        subsets += weights[seen[t]]
        mean += weights[seen[t]] / seen[t]
    out[0], out[1], out[2] = subsets, seen[0], mean / subsets
    out[3] = weights[1] / subsets
    for q in range(quantiles.size):
        # risks ascend as matches fall: the smallest risk that a share q of the subsets does not exceed
        below, value = 0.0, 1.0 / seen[0]
        for t in range(touched - 1, -1, -1):
            below += weights[seen[t]]
            if below >= quantiles[q] * subsets * (1.0 - 1e-12):
                value = 1.0 / seen[t]
                break
        out[4 + q] = value
    for t in range(touched):
        weights[seen[t]] = 0.0


@jit
def set_risks(targets, group_start, first_item, copies, item_row, bits, knowledge, quantiles, users):
    """Every choice of `knowledge` of a target's rows, and how many users match it.

    A target's rows come in groups of equal rows; knowing m of a group's `copies` is the item first_item + m − 1, whose
    bitset (row `item_row`, −1 where the target alone has it) holds the users who have at least m. A choice of m out of
    c copies stands for C(c, m) choices of rows; where the target is alone already, all completions count at once.
    """
    words = bits.shape[1]
    out = np.empty((targets.size, 4 + quantiles.size))
    prefix = np.empty((knowledge + 1, words), np.uint64)
    group = np.empty(knowledge + 1, np.int64)
    many = np.empty(knowledge + 1, np.int64)
    left = np.empty(knowledge + 1, np.int64)
    weight = np.empty(knowledge + 1)
    weights = np.zeros(users + 1)
    seen = np.empty(users + 1, np.int64)
    prefix[0, :] = ~np.uint64(0)
    for position in range(targets.size):
        low, high = group_start[targets[position]], group_start[targets[position] + 1]
        rest = np.zeros(high - low + 1, np.int64)
        for g in range(high - 1, low - 1, -1):
            rest[g - low] = rest[g - low + 1] + copies[g]
        touched, d = 0, 0
        group[0], many[0], left[0], weight[0] = low, 0, min(knowledge, rest[0]), 1.0
        while d >= 0:
            g = group[d]
            if many[d] < copies[g] and many[d] < left[d]:
                many[d] += 1
            else:
                g += 1
                group[d], many[d] = g, 1
            if g >= high or rest[g - low] < left[d]:
                d -= 1
                continue
            m = many[d]
            remaining = left[d] - m
            after = rest[g - low + 1]
            if after < remaining:
                continue
            ways = weight[d] * _choose(copies[g], m)
            row = item_row[first_item[g] + m - 1]
            if row < 0:
                touched = _note(1, ways * _choose(after, remaining), weights, seen, touched)
                continue
            matches = np.uint64(0)
            if remaining == 0:
                for w in range(words):
                    matches += _ones(prefix[d, w] & bits[row, w])
                touched = _note(np.int64(matches), ways, weights, seen, touched)
                continue
            for w in range(words):
                both = prefix[d, w] & bits[row, w]
                prefix[d + 1, w] = both
                matches += _ones(both)
            if matches == 1:
                touched = _note(1, ways * _choose(after, remaining), weights, seen, touched)
                continue
            d += 1  # the level below starts as if this group were used up, so that it moves on to the next
            group[d], many[d], left[d], weight[d] = g, copies[g], remaining, ways
        _summary(weights, seen, touched, quantiles, out[position])
    return out


@jit
def sequence_risks(targets, start, place, visit_start, visit_user, visit_position, knowledge, quantiles, users):
    """As `set_risks`, for knowledge of places in the order of visits: users of whom it is a subsequence.

    Place p is visited by `visit_user[i]` as her `visit_position[i]`-th row, i in visit_start[p] … visit_start[p + 1],
    by user, then position. A level keeps, for every user who still matches, the earliest row at which the prefix ends.
    """
    out = np.empty((targets.size, 4 + quantiles.size))
    who = np.empty((knowledge + 1, users), np.int32)
    where = np.empty((knowledge + 1, users), np.int32)
    alive = np.empty(knowledge + 1, np.int64)
    row = np.empty(knowledge + 1, np.int64)
    weights = np.zeros(users + 1)
    seen = np.empty(users + 1, np.int64)
    for u in range(users):
        who[0, u], where[0, u] = u, -1
    alive[0] = users
    for position in range(targets.size):
        low, high = start[targets[position]], start[targets[position] + 1]
        size = min(knowledge, high - low)
        touched, d = 0, 0
        row[0] = low - 1
        while d >= 0:
            row[d] += 1
            remaining = size - d - 1
            if row[d] + remaining >= high:
                d -= 1
                continue
            p = place[row[d]]
            a, i, n, stop = 0, visit_start[p], 0, visit_start[p + 1]
            while a < alive[d] and i < stop:
                if visit_user[i] < who[d, a]:
                    i += 1
                elif visit_user[i] > who[d, a]:
                    a += 1
                elif visit_position[i] <= where[d, a]:
                    i += 1
                else:
                    who[d + 1, n], where[d + 1, n] = visit_user[i], visit_position[i]
                    n += 1
                    a += 1
            if remaining == 0:
                touched = _note(n, 1.0, weights, seen, touched)
            elif n == 1:
                touched = _note(1, _choose(high - row[d] - 1, remaining), weights, seen, touched)
            else:
                alive[d + 1] = n
                row[d + 1] = row[d]
                d += 1
        _summary(weights, seen, touched, quantiles, out[position])
    return out


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
    """How many of a target's draws of `points` points nobody else shares, among the first sizes[s] users by rank.

    Points are drawn from the target's distinct fine points without repeats, from a hash of (seed, user, draw): the
    first k of them are the same for every k and grid. −1 where she has fewer points. `coarse` maps fine points to
    items; users' items lie in `items`, users of an item in `post_user`.
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
