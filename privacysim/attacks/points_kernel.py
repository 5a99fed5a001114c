"""Enumerations and searches behind the background-knowledge attacks, unicity and tracking.

The users who match several known items are the bits common to their bitsets, so a subset costs one AND and one
population count per word of 64 users.
"""

from functools import partial
from typing import Any

import numpy as np
from numba import config, types
from numba.extending import intrinsic

from privacysim.compiled import jit

jit_inline = partial(jit, inline="always")
"""Short pieces of hot loops: a call with a dozen arrays costs more than its body."""


@intrinsic
def _population(typingctx, word):
    """Number of set bits, by the processor's own instruction."""
    return types.uint64(types.uint64), lambda context, builder, signature, values: builder.ctpop(values[0])


_ones: Any = np.bitwise_count if getattr(config, "DISABLE_JIT", 0) else _population


@jit
def by_user(user, item, users):
    """Group rows by user, keeping their order, by a counting sort: (start[users + 1], items)."""
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
    """Each user's distinct items, ascending: (start, items), and how often the user has each."""
    users, made = start.size - 1, 0
    new_start, count = np.zeros(users + 1, np.int64), np.zeros(items.size, np.int32)
    for u in range(users):
        _ascending(items, start[u], start[u + 1])
        for r in range(start[u], start[u + 1]):
            value = items[r]
            if made == new_start[u] or items[made - 1] != value:
                items[made] = value
                made += 1
            count[made - 1] += 1
        new_start[u + 1] = made
    return new_start, items[:made], count[:made]


@jit
def _choices(most, knowledge):
    """Pascal's triangle: [n, k] = ways to choose k of n rows, n up to `most`, k up to `knowledge`."""
    ways = np.zeros((most + 1, knowledge + 1))
    ways[:, 0] = 1.0
    for n in range(1, most + 1):
        for k in range(1, knowledge + 1):
            ways[n, k] = ways[n - 1, k - 1] + ways[n - 1, k]
    return ways


@jit_inline
def _note(matches, weight, weights, marks):
    """Record a choice with that many matches: add its weight, and set a bit that the number occurs."""
    weights[matches] += weight
    marks[matches >> np.uint64(6)] |= np.uint64(1) << (matches & np.uint64(63))


@jit_inline
def _summary(weights, marks, most, seen, quantiles, out):
    """out = subsets, fewest matches (of `most`), mean of 1/matches, share with one, quantiles of 1/matches."""
    touched, subsets, mean = 0, 0.0, 0.0
    for w in range((most >> 6) + 1):
        left = marks[w]
        marks[w] = np.uint64(0)
        while left != 0:
            matches = w << 6 | np.int64(_ones((left & (~left + np.uint64(1))) - np.uint64(1)))  # the lowest bit
            left &= left - np.uint64(1)
            seen[touched] = matches
            touched += 1
            subsets += weights[matches]
            mean += weights[matches] / matches
    out[0], out[1], out[2], out[3] = subsets, seen[0], mean / subsets, weights[1] / subsets
    for q in range(quantiles.size):
        # risks rise as matches fall: the smallest risk that a share q of the subsets does not exceed
        below, value = 0.0, 1.0 / seen[0]
        for t in range(touched - 1, -1, -1):
            below += weights[seen[t]]
            if below >= quantiles[q] * subsets * (1.0 - 1e-12):
                value = 1.0 / seen[t]
                break
        out[4 + q] = value
    for t in range(touched):  # for the next target
        weights[seen[t]] = 0.0


@jit
def set_risks(group_start, item, copies, item_row, item_users, bits, knowledge, quantiles):
    """Enumerate every choice of `knowledge` of each user's rows and count the users who match it.

    A user's rows come in groups of equal rows. Knowing m of a group's `copies` is the item `item` + m − 1, whose bitset
    (row `item_row`, −1 if only one user has it) holds the `item_users` users who have at least m. A choice of m out of
    c copies represents C(c, m) choices of rows. Once the target is alone, all completions count at once. The last
    `knowledge` rows of `bits` are spare: they hold the users who match the rows chosen so far.
    """
    users, words, most, longest = group_start.size - 1, bits.shape[1], 1, 1
    for u in range(users):
        most = max(most, group_start[u + 1] - group_start[u])
        longest = max(longest, copies[group_start[u] : group_start[u + 1]].sum())
    choices = _choices(longest, knowledge)
    out = np.empty((users, 4 + quantiles.size))
    rest, row_of = np.zeros(most + 1, np.int64), np.empty(most, np.int64)
    group, many = np.empty(knowledge + 1, np.int64), np.empty(knowledge + 1, np.int64)
    left, matching = np.empty(knowledge + 1, np.int64), np.empty(knowledge + 1, np.int64)
    weight, weights = np.empty(knowledge + 1), np.zeros(users + 1)
    seen, marks = np.empty(users + 1, np.int64), np.zeros((users >> 6) + 1, np.uint64)
    spare = bits.shape[0] - knowledge
    for target in range(users):
        low, high = group_start[target], group_start[target + 1]
        top, rest[high - low] = 1, 0
        for g in range(high - 1, low - 1, -1):
            rest[g - low] = rest[g - low + 1] + copies[g]
            row_of[g - low] = item_row[item[g]]
            top = max(top, item_users[item[g]])
        group[0], many[0], left[0], weight[0] = low, 0, min(knowledge, rest[0]), 1.0
        d = 0
        while d >= 0:
            g, m = group[d], many[d] + 1
            if m > copies[g] or m > left[d]:
                g, m = g + 1, 1
                group[d] = g
            many[d] = m
            if g >= high or rest[g - low] < left[d]:
                d -= 1
                continue
            remaining, after = left[d] - m, rest[g - low + 1]
            if after < remaining:
                continue
            ways = weight[d] * choices[copies[g], m]
            row = row_of[g - low] if m == 1 else item_row[item[g] + m - 1]
            matches, mine = np.uint64(1), row
            if d == 0:
                matches = np.uint64(item_users[item[g] + m - 1])
            elif row >= 0:
                matches, before, mine = np.uint64(0), matching[d], spare + d
                for w in range(words):
                    both = bits[before, w] & bits[row, w]
                    bits[mine, w] = both
                    matches += _ones(both)
            if matches == 1 or remaining == 0:
                _note(matches, ways * choices[after, remaining], weights, marks)
            elif remaining == 1:  # the last known row needs only the count
                chosen = np.uint64(mine)
                for last in range(g + 1, high):
                    row, matches = row_of[last - low], np.uint64(1)
                    if row >= 0:
                        matches, its = np.uint64(0), np.uint64(row)
                        for w in range(words):
                            matches += _ones(bits[chosen, w] & bits[its, w])
                    _note(matches, ways * copies[last], weights, marks)
            else:
                d += 1  # the level below starts as if this group were used up, so that it moves on to the next
                group[d], many[d], left[d], weight[d], matching[d] = g, copies[g], remaining, ways, mine
        _summary(weights, marks, top, seen, quantiles, out[target])
    return out


@jit
def follow(user_start, place, when, left, place_start, place_time, place_user, users, within, gap, confused_above):
    """Per row of a user, by time: how many people are at its place `within` seconds, and whether the track holds."""
    size, held = np.zeros(place.size, np.int64), np.zeros(place.size, np.bool_)
    counted_at = np.full(users, -1, np.int64)
    for u in range(users):
        for r in range(user_start[u], user_start[u + 1]):
            i, end = place_start[place[r]], place_start[place[r] + 1]
            i += np.searchsorted(place_time[i:end], when[r] - within)
            while i < end and place_time[i] <= when[r] + within:
                if counted_at[place_user[i]] != r:
                    counted_at[place_user[i]] = r
                    size[r] += 1
                i += 1
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
    at = low + np.searchsorted(items[low:high], item)
    return at < high and items[at] == item


@jit
def unique_draws(targets, start, items, post_start, post_user, rank, sizes, points, draws, seed):
    """Count a target's draws of `points` points that nobody else shares, among the first sizes[s] users by rank.

    Points are drawn from the target's distinct items without repeats, from a hash of (seed, user, draw): the first k of
    them are the same for every k. −1 if the target has fewer. Users of an item are in `post_user`.
    """
    hits = np.zeros((targets.size, sizes.size), np.int32)
    lowest_size, largest_size = sizes.min(), sizes.max()
    for position in range(targets.size):
        u = targets[position]
        low, n = start[u], start[u + 1] - start[u]
        if n < points:
            hits[position, :] = -1
            continue
        order, chosen = np.empty(n, np.int64), np.empty(points, np.int64)
        for draw in range(draws):
            state = _mixed(np.uint64(seed) ^ _mixed(np.uint64(u) * np.uint64(65_536) + np.uint64(draw)))
            for i in range(n):
                order[i] = i
            shortest = 0
            for i in range(points):
                state = _mixed(state)
                j = i + np.int64(state % np.uint64(n - i))
                order[i], order[j] = order[j], order[i]
                chosen[i] = items[low + order[i]]
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
                    if i != shortest and not _has(items, start[other], start[other + 1], chosen[i]):
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
