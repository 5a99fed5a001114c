"""Bitsets, posting lists and enumerations behind unicity and the background-knowledge attacks.

Unit-free and single-threaded. A bitset holds one bit per user. The users who match several known items are the bits
common to all of them, so a subset costs one AND and one population count per word of 64 users.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import config, njit, types
from numba.extending import intrinsic

jit = njit(cache=True, nogil=True)
jit_inline = njit(cache=True, nogil=True, inline="always")
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
    """Users who have each item, ascending: (start[kinds + 1], users)."""
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
def bit_rows(item_row, start, items, words, spare):
    """Bitsets of items: user u sets bit u in the row of each of their items; row −1 keeps none. `spare` rows follow."""
    rows = spare
    for i in range(item_row.size):
        rows = max(rows, item_row[i] + 1 + spare)
    bits = np.zeros((rows, words), np.uint64)
    for u in range(start.size - 1):
        for r in range(start[u], start[u + 1]):
            row = item_row[items[r]]
            if row >= 0:
                bits[row, u >> 6] |= np.uint64(1) << np.uint64(u & 63)
    return bits


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
    """out = subsets, fewest matches, mean of 1/matches, share with one match, then quantiles of 1/matches.

    No choice has more than `most` matches. The records are cleared for the next target.
    """
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
    out[0], out[1], out[2] = subsets, seen[0], mean / subsets
    out[3] = weights[1] / subsets
    for q in range(quantiles.size):
        # risks rise as matches fall: the smallest risk that a share q of the subsets does not exceed
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
def set_risks(targets, group_start, item, copies, item_row, item_users, bits, knowledge, quantiles, users):
    """Enumerate every choice of `knowledge` of a target's rows and count the users who match it.

    A target's rows come in groups of equal rows. Knowing m of a group's `copies` is the item `item` + m − 1, whose
    bitset (row `item_row`, −1 if only the target has it) holds the `item_users` users who have at least m. A choice of
    m out of c copies represents C(c, m) choices of rows. Once the target is alone, all completions count at once; with
    rare groups first, most choices end there. The last `knowledge` rows of `bits` are spare: they hold the users who
    match the rows chosen so far.
    """
    words, most, longest = bits.shape[1], 1, 1
    for t in targets:
        most = max(most, group_start[t + 1] - group_start[t])
        longest = max(longest, copies[group_start[t] : group_start[t + 1]].sum())
    choices = _choices(longest, knowledge)
    out = np.empty((targets.size, 4 + quantiles.size))
    rest, row_of = np.zeros(most + 1, np.int64), np.empty(most, np.int64)
    group, many = np.empty(knowledge + 1, np.int64), np.empty(knowledge + 1, np.int64)
    left, matching = np.empty(knowledge + 1, np.int64), np.empty(knowledge + 1, np.int64)
    weight, weights = np.empty(knowledge + 1), np.zeros(users + 1)
    seen, marks = np.empty(users + 1, np.int64), np.zeros((users >> 6) + 1, np.uint64)
    spare = bits.shape[0] - knowledge
    for position in range(targets.size):
        low, high = group_start[targets[position]], group_start[targets[position] + 1]
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
        _summary(weights, marks, top, seen, quantiles, out[position])
    return out


@jit
def sequence_risks(targets, start, place, visit_start, visit_user, visit_position, knowledge, quantiles, users):
    """As `set_risks`, for knowledge of places in the order of visits: counts users of whom it is a subsequence.

    `visit_user[i]` visits place p in their row `visit_position[i]`, i in visit_start[p] … visit_start[p + 1], sorted by
    user and position. Equal words count once: a target's distinct places are letters, a word ends where it is first
    complete, and `upto` counts the choices of rows that spell it, up to each row. A level keeps the users who still
    match and the row at which each is first done; the last letter only asks who has it after that row.
    """
    longest, letters, out = 0, 0, np.empty((targets.size, 4 + quantiles.size))
    for t in targets:
        longest = max(longest, start[t + 1] - start[t])
    choices = _choices(longest, knowledge)
    letter = np.full(visit_start.size - 1, -1, np.int32)
    spelled = np.empty(longest, np.int32)
    named = np.empty(longest, np.int64)
    for t in targets:
        letters = max(letters, _spell(place, start[t], start[t + 1], letter, spelled, named))
    last = np.full((letters, users), -1, np.int32)
    first = np.empty((letters, users), np.int64)
    who, where = np.empty((knowledge + 1, users), np.int32), np.empty((knowledge + 1, users), np.int32)
    upto = np.empty((knowledge + 1, longest + 1))
    alive, here = np.empty(knowledge + 1, np.int64), np.empty(knowledge + 1, np.int64)
    at = np.empty(knowledge + 1, np.int64)
    weights = np.zeros(users + 1)
    seen, marks = np.empty(users + 1, np.int64), np.zeros((users >> 6) + 1, np.uint64)
    for u in range(users):
        who[0, u], where[0, u] = u, -1
    upto[0, :] = 1.0
    for position in range(targets.size):
        target = targets[position]
        length = start[target + 1] - start[target]
        kinds = _spell(place, start[target], start[target + 1], letter, spelled, named)
        for c in range(kinds):
            for i in range(visit_start[named[c]], visit_start[named[c] + 1]):
                if last[c, visit_user[i]] < 0:
                    first[c, visit_user[i]] = i
                last[c, visit_user[i]] = visit_position[i]
        size = min(knowledge, length)
        d = 0
        alive[0], here[0], at[0] = users, -1, -1  # the target's own last row of the word, the next letter
        while d >= 0:
            at[d] += 1
            c = at[d]
            if c >= kinds:
                d -= 1
                continue
            remaining = size - d - 1
            if last[c, target] <= here[d]:
                continue
            own = first[c, target]
            while visit_position[own] <= here[d]:
                own += 1
            if visit_position[own] + remaining >= length:
                continue
            n = 0
            if remaining == 0:
                for a in range(alive[d]):
                    n += last[c, who[d, a]] > where[d, a]
                ways = 0.0
                for i in range(visit_position[own], last[c, target] + 1):
                    if spelled[i] == c:
                        ways += upto[d, i]
                _note(np.uint64(n), ways, weights, marks)
                continue
            for a in range(alive[d]):
                u = who[d, a]
                if last[c, u] > where[d, a]:
                    i = first[c, u]
                    while visit_position[i] <= where[d, a]:
                        i += 1
                    who[d + 1, n], where[d + 1, n] = u, visit_position[i]
                    n += 1
            if n == 1:
                ways = 0.0
                for i in range(visit_position[own], last[c, target] + 1):
                    if spelled[i] == c:
                        ways += upto[d, i] * choices[length - i - 1, remaining]
                _note(np.uint64(1), ways, weights, marks)
                continue
            total = 0.0
            for i in range(length):
                upto[d + 1, i] = total  # choices that end before row i
                if spelled[i] == c:
                    total += upto[d, i]
            alive[d + 1], here[d + 1], at[d + 1] = n, visit_position[own], -1
            d += 1
        for c in range(kinds):
            for i in range(visit_start[named[c]], visit_start[named[c] + 1]):
                last[c, visit_user[i]] = -1
        _summary(weights, marks, users, seen, quantiles, out[position])
    return out


@jit
def _spell(place, low, high, letter, spelled, named):
    """Number the distinct places of rows low … high: spelled[row − low] → letter, named[letter] → place."""
    kinds = 0
    for i in range(low, high):
        if letter[place[i]] < 0:
            letter[place[i]], named[kinds] = kinds, place[i]
            kinds += 1
        spelled[i - low] = letter[place[i]]
    for c in range(kinds):
        letter[named[c]] = -1
    return kinds
