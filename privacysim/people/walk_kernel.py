"""Days, destination choice, routes and walks of a block of people (numba)."""

import numpy as np

from privacysim.compiled import jit


@jit
def _mix(x):
    """Mix the bits of a word, as `draws` does: a kernel calls only kernels of its own file."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@jit
def _place(purpose, zone, u_zone, u_place):
    """Choose a zone by its cumulative probability, then a place within it."""
    zones, start, place, within = purpose
    c = min(np.searchsorted(zones[zone], u_zone, side="right"), zones.shape[1] - 1)
    first, last = start[c], start[c + 1]
    return place[min(first + np.searchsorted(within[first:last], u_place, side="right"), last - 1)]


@jit
def cumulate(chance, share):
    """Replace each row by the running sum of chance · share, relative to its end."""
    for z in range(chance.shape[0]):
        upto, whole = 0.0, 0.0
        for c in range(share.size):
            whole += chance[z, c] * share[c]
        for c in range(share.size):
            upto += chance[z, c] * share[c]
            chance[z, c] = upto / whole


@jit
def pick(zone, purpose, u_zone, u_place, out):
    """Choose a destination for each person."""
    for i in range(zone.size):
        out[i] = _place(purpose, zone[i], u_zone[i], u_place[i])


@jit
def meet(tree, adj_start, adj_node, adj_mm, a, b, seen, at, mark, looked, upto):
    """Return millimetres from a and from b to the first node that their ways to the root share, and days looked at."""
    v, mm, days = b, np.int64(0), np.uint64(0)
    seen[v], at[v], upto[v] = mark, mm, days
    while tree[v] != 255:
        p = adj_start[v] + tree[v]
        v, mm, days = adj_node[p], mm + adj_mm[p], days | looked[p]
        seen[v], at[v], upto[v] = mark, mm, days
    v, mm, days = a, np.int64(0), np.uint64(0)
    while seen[v] != mark and tree[v] != 255:
        p = adj_start[v] + tree[v]
        v, mm, days = adj_node[p], mm + adj_mm[p], days | looked[p]
    return mm, at[v], days | upto[v]


@jit
def routes(order, hub, mode, transit, access_mm, trees, stops, x, y, adj_start, adj_node, adj_mm, looked, looked_node,
           node, reach_mm, days):  # fmt: skip
    """Compute lengths of each way's visible legs on the tree of its hub; `order` is by hub, for the cache.

    Legs are those at the far end (home, for most ways), at the stop and at the place: columns of `node` (the stop's is
    filled in) and `reach_mm`. Modes below `transit` are seen all the way. Transit is seen on the first `access_mm` from
    the far end, and from the stop nearest to it (in a straight line) to the place. The car (above `transit`) is not.
    `days` receives those on which somebody looks at the legs or their nodes (see `rounds.Looked`).
    """
    seen = np.full(x.size, -1, np.int32)
    at = np.zeros(x.size, np.int64)
    upto = np.zeros(x.size, np.uint64)
    for step in range(order.size):
        t = order[step]
        tree, home, goal = trees[hub[t]], node[t, 0], node[t, 2]
        if mode[t] < transit:
            reach_mm[t, 0], reach_mm[t, 2], days[t] = meet(tree, adj_start, adj_node, adj_mm, home, goal, seen, at,
                                                           step, looked, upto)  # fmt: skip
        elif mode[t] == transit:
            v, mm = home, np.int64(0)
            days[t] = looked_node[home] | looked_node[goal]
            while mm < access_mm and tree[v] != 255:
                p = adj_start[v] + tree[v]
                v, mm = adj_node[p], mm + adj_mm[p]
                days[t] |= looked[p]
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
                reach_mm[t, 1], reach_mm[t, 2], more = meet(tree, adj_start, adj_node, adj_mm, stop, goal, seen, at,
                                                            step, looked, upto)  # fmt: skip
                days[t] |= more | looked_node[stop]


@jit
def tour_days(mask, first_day):
    """Return the days on which each tour is made, modulo 64, as bits."""
    out = np.zeros(mask.shape[0], dtype=np.uint64)
    turn = np.uint64(first_day & 63)
    back = (np.uint64(64) - turn) & np.uint64(63)
    for t in range(out.size):
        days = np.uint64(0)
        for w in range(mask.shape[1]):
            days |= mask[t, w]
        out[t] = (days << turn) | (days >> back)
    return out


@jit
def omit(tours, days, home, work, commuter, places, pair, on_way, at_place):
    """Set the `kind` of tours that no viewer can see to −1: no part of them is viewed on their `days`."""
    for t in range(tours.shape[0]):
        i = tours[t, 0]
        looked = at_place[home[i]]
        if tours[t, 1] >= STOP and work[i] >= 0:  # a visit that does not fit is the way to work or home
            looked |= at_place[work[i]] | on_way[commuter[i]]
        for j in range(2):
            if places[t, j] >= 0:
                looked |= at_place[places[t, j]]
        for j in range(3):
            if pair[t, j] >= 0:
                looked |= on_way[pair[t, j]]
        if looked & days[t] == 0:
            tours[t, 1] = -1


SLOTS, STOP, LUNCH, OUT, BACK, WORK, STATED = 3, 3, 4, 5, 6, 7, 8
"""Kinds of tours; those below SLOTS are visits from home in the morning, the afternoon and the evening."""
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_DAY_0 = 4096  # keeps the numbers of days before the study positive
_LAST_RANK = float(1 << 33)


@jit
def _mark(word, part):
    """Return one of the four 16-bit marks of a word, strictly between 0 and 1."""
    return (np.float64((word >> np.uint64(16 * part)) & np.uint64(0xFFFF)) + 0.5) / 65536.0


@jit
def _grown(rows):
    more = np.empty((2 * rows.shape[0], rows.shape[1]), dtype=rows.dtype)
    for i in range(rows.shape[0]):  # assigning a slice takes seconds to compile
        for j in range(rows.shape[1]):
            more[i, j] = rows[i, j]
    return more


@jit
def rank(u, first, gamma):
    """Return the rank K ≥ first of a visited place: P(K ≥ k) = ((k − ½)/(first − ½))^−γ, so P(K = k) ∝ k^−(1+γ)."""
    return np.int64(min((first - 0.5) * u ** (-1.0 / gamma), _LAST_RANK) + 0.5)


@jit
def days(key, ids, first_day, count, works, off, attendance, stop, lunch, chance, first_rank, gamma, words):
    """List the tours that are made: rows (person, kind, rank, and words of the mask of days).

    A day is a function of the person's number and the day alone. `off`: the first of two successive weekdays off.
    `chance[i, working, slot]`: chance of a visit from home. Ranks within a slot are numbered from 1.
    """
    rows = np.empty((4096, 3 + words), dtype=np.int64)
    made = 0
    for i in range(ids.size):
        begin = made
        own = _mix(np.uint64(key) ^ _mix(np.uint64(ids[i]) * _GOLDEN + _GOLDEN))
        for d in range(count):
            one = _mix(own + _GOLDEN * np.uint64(first_day + d + _DAY_0))
            two = _mix(one + _GOLDEN)
            rest = (first_day + d - off[i]) % 7 < 2
            working = works[i] and not rest and _mark(one, 0) < attendance
            stops = working and _mark(one, 1) < stop[i]
            eats = working and _mark(one, 2) < lunch[i]
            for kind in range(8):
                if kind < SLOTS:
                    made_today = _mark(two, kind) < chance[i, 1 if working else 0, kind] and not stops
                elif kind == STOP:
                    made_today = stops
                elif kind == LUNCH:
                    made_today = eats
                else:
                    made_today = working and not (kind == BACK and stops) and not (kind == WORK and eats)
                if not made_today:
                    continue
                number = np.int64(0)
                if kind < OUT:
                    u = (np.float64(_mix(two + _GOLDEN * np.uint64(kind + 1)) >> np.uint64(11)) + 0.5) * 2.0**-53
                    number = 1 + (rank(u, first_rank[i], gamma) - first_rank[i]) // SLOTS
                at = begin
                while at < made and not (rows[at, 1] == kind and rows[at, 2] == number):
                    at += 1
                if at == made:
                    if made == rows.shape[0]:
                        rows = _grown(rows)
                    rows[at, 0], rows[at, 1], rows[at, 2] = i, kind, number
                    for w in range(words):
                        rows[at, 3 + w] = 0
                    made += 1
                rows[at, 3 + (d >> 6)] |= np.int64(1) << np.int64(d & 63)
    return rows[:made]


@jit
def _uniform(own, j):
    return (np.float64(_mix(own + _GOLDEN * np.uint64(j + 1)) >> np.uint64(11)) + 0.5) * 2.0**-53


@jit
def _own(key, person, kind, rank, second):
    """Return the hash of a place that a person visits; on the way home, people visit those of the evening."""
    part = np.uint64(SLOTS - 1 if kind == STOP else kind)
    number = np.uint64(rank) + (np.uint64(1) << np.uint64(34) if second else np.uint64(0))
    return _mix(_mix(key ^ _mix(np.uint64(person) * _GOLDEN + part)) + number * _GOLDEN)


@jit
def _mode(street_m, u, shares, bands):
    row = shares[np.searchsorted(bands, street_m, side="right")]
    return np.searchsorted(row, u, side="right")


@jit
def _mode_on(street_m, u, shares, bands, before, transit):
    """Choose the mode of a further way of a round: people keep their vehicle, and people without one cannot drive."""
    if before != transit and before != 0:
        return before
    mode = _mode(street_m, u, shares, bands)
    return mode if mode == 0 or mode == transit else (0 if street_m < bands[1] else transit)


@jit
def choose(key, ids, tours, home, work, came, zone, x, y, detour, visit, meal, shares, bands, transit, chain):
    """Choose the places of each visit, and the pairs of places between which people go.

    `tours`: rows (person, kind, rank). Returns places (n, 2; −1: none), pairs of the first, middle and last way (n, 3),
    and the pairs: rows (far end, place, mode, person).
    """
    n = tours.shape[0]
    places, ways = np.full((n, 2), -1, dtype=np.int64), np.full((n, 3), -1, dtype=np.int64)
    pairs, made = np.empty((3 * n, 4), dtype=np.int64), 0
    for t in range(n):
        i, kind, rank = tours[t]
        if kind > LUNCH or (meal[1].size == 0 if kind == LUNCH else visit[1].size == 0):
            continue
        own = _own(key, ids[i], kind, rank, False)
        begin = work[i] if kind >= STOP else home[i]
        if kind == LUNCH:
            there = np.int64(meal[0][zone[work[i]], 0])
            if there < 0:
                continue
            first, last = meal[1][there], meal[1][there + 1]
            inside = np.searchsorted(meal[3][first:last], _uniform(own, 1), side="right")
            a = meal[2][min(first + inside, last - 1)]
        else:
            a = _place(visit, zone[home[i]], _uniform(own, 0), _uniform(own, 1))
        street = detour * np.hypot(x[a] - x[begin], y[a] - y[begin])
        mode = _mode(street, _uniform(own, 2), shares, bands)
        if kind == STOP:
            mode = _mode_on(street, _uniform(own, 2), shares, bands, came[i], transit)
        places[t, 0], ways[t, 0], ways[t, 2] = a, made, made
        pairs[made, 0], pairs[made, 1], pairs[made, 2], pairs[made, 3] = begin, a, mode, i
        made += 1
        if kind < SLOTS and _uniform(own, 5) < chain:
            other = _own(key, ids[i], kind, rank, True)
            b = _place(visit, zone[home[i]], _uniform(other, 0), _uniform(other, 1))
            street = detour * np.hypot(x[a] - x[b], y[a] - y[b])
            between = _mode_on(street, _uniform(own, 6), shares, bands, mode, transit)
            pairs[made, 0], pairs[made, 1], pairs[made, 2], pairs[made, 3] = a, b, between, i
            places[t, 1], ways[t, 1], a = b, made, b
            made += 1
        if a != places[t, 0] or kind == STOP:
            street = detour * np.hypot(x[a] - x[home[i]], y[a] - y[home[i]])
            back = _mode_on(street, _uniform(own, 7), shares, bands, mode, transit)
            pairs[made, 0], pairs[made, 1], pairs[made, 2], pairs[made, 3] = home[i], a, back, i
            ways[t, 2] = made
            made += 1
    return places, ways, pairs[:made]


@jit
def _quantile(table, u):
    """Quantile of a table of equidistant quantiles."""
    at = u * (table.size - 1)
    k = min(np.int64(at), table.size - 2)
    return table[k] + (at - k) * (table[k + 1] - table[k])


@jit
def _share(table, hour):
    """Share of a table of equidistant quantiles below an hour."""
    k = np.searchsorted(table, hour, side="right")
    if k == 0 or k == table.size:
        return 0.0 if k == 0 else 1.0
    return (k - 1 + (hour - table[k - 1]) / (table[k] - table[k - 1])) / (table.size - 1)


@jit
def _between(table, u, low, high):
    """Quantile of a table, given that it lies between `low` and `high`."""
    below, upto = _share(table, low), _share(table, high)
    return min(max(_quantile(table, below + u * (upto - below)), low), high)


@jit
def _go(tour, pair, forth, start, goal, t, routes, out, at, speeds):
    """Write one way that begins at tick t, and its visible legs in the order of time; return when it ends.

    `forth`: from the far end of the pair to its place. `at` counts ways and walks.
    """
    mode, hub, node, mm, speed, gap, ride, ticks = routes
    ways, walks = out
    w = at[0]
    ways[0, w], ways[1, w], ways[2, w], ways[3, w] = tour, start, goal, mode[pair]
    ways[4, w], ways[5, w], ways[6, w] = np.rint(t), np.rint(ticks[pair]), np.rint(ride[pair])
    at[0] += 1
    end = t + ticks[pair]
    for step in range(3):
        leg = step if forth else 2 - step
        if mm[pair, leg] > 0:
            n = at[1]
            walks[0, n], walks[1, n], walks[2, n], walks[3, n] = w, tour, hub[pair], node[pair, leg]
            walks[4, n], walks[5, n], walks[6, n] = mm[pair, leg], 1 if forth == (leg < 2) else 0, np.rint(t)
            speeds[n] = speed[pair]
            at[1] += 1
        t += mm[pair, leg] / speed[pair]
        if leg == (0 if forth else 1):
            t += gap[pair]
    return end


@jit
def _stay(tour, place, begin, end, stays, at):
    n = at[2]
    stays[0, n], stays[1, n], stays[2, n] = tour, place, np.rint(begin)
    stays[3, n] = np.rint(end - begin)
    at[2] += 1


@jit
def live(key, ids, tours, home, work, plan, commuter, places, pair, routes, tables, shop, noon, hour, stated):
    """Write the ways, walks and stays of each tour. A visit that does not fit is not made: its `kind` in `tours` is −1
    then, or on days at work that of the straight way home or of a whole day at work.

    `plan`: leaving home, arriving at work, leaving it, begin and end of the parts of the day, how much earlier
    people are out, in ticks. `stated`: start and stay of stated tours by their rank. Returns rows of ways (tour, from,
    to, mode, depart, ticks, ride), walks (way, tour, hub, node, mm, towards, depart) and stays (tour, place, arrive,
    length), and the speed of walks.
    """
    leave, arrive, end, low, high, earlier = plan
    n = tours.shape[0]
    ways, walks = np.empty((7, 3 * n), dtype=np.int32), np.empty((7, 9 * n), dtype=np.int32)
    stays, speeds, at = np.empty((4, 4 * n), dtype=np.int32), np.empty(9 * n, dtype=np.float32), np.zeros(3, np.int64)
    out, ticks = (ways, walks), routes[7]
    for t in range(n):
        i, kind, rank = tours[t]
        a, b = places[t]
        first, mid, last = pair[t]
        if kind < 0:
            continue
        if kind == STATED:
            begin = _go(t, first, True, home[i], a, stated[0, rank], routes, out, at, speeds)
            _stay(t, a, begin, begin + stated[1, rank], stays, at)
            _go(t, first, False, a, home[i], begin + stated[1, rank], routes, out, at, speeds)
        elif kind <= LUNCH:
            own = _own(key, ids[i], kind, rank, False)
            part = min(kind, SLOTS - 1)
            opens = end[i] if kind == STOP else (noon[0] if kind == LUNCH else low[i, part])
            closes = noon[1] if kind == LUNCH else high[i, part]
            more = ticks[mid] + tables[4][0] if mid >= 0 else 0.0
            earliest = opens + ticks[first] if a >= 0 else closes
            latest = closes - ticks[last] - more - tables[4][0] if a >= 0 else opens - 1.0
            if latest < earliest:
                tours[t, 1] = kind = BACK if kind == STOP else (WORK if kind == LUNCH else -1)
            else:
                shopping = kind != LUNCH and shop[a]
                hours = tables[2] if kind == LUNCH else tables[0 if shopping else 1]
                u = 0.0 if kind == STOP else _uniform(own, 3)
                begin = earliest
                if kind != STOP:
                    sooner = earlier[i] if kind < SLOTS else 0.0
                    begin = _between(hours, u, (earliest + sooner) / hour, (latest + sooner) / hour) * hour - sooner
                length = _quantile(tables[4 if shopping or kind == LUNCH else 5], _uniform(own, 4))
                length = min(max(length, tables[4][0]), closes - ticks[last] - more - begin)
                if kind == LUNCH:
                    length = min(length, noon[2])
                    _stay(t, work[i], arrive[i], begin - ticks[first], stays, at)
                start = work[i] if kind >= STOP else home[i]
                _go(t, first, True, start, a, begin - ticks[first], routes, out, at, speeds)
                _stay(t, a, begin, begin + length, stays, at)
                begin += length
                if mid >= 0:
                    begin = _go(t, mid, True, a, b, begin, routes, out, at, speeds)
                    length = _quantile(tables[4 if shop[b] else 5], _uniform(own, 8))
                    length = min(max(length, tables[4][0]), closes - ticks[last] - begin)
                    _stay(t, b, begin, begin + length, stays, at)
                    begin += length
                goal = work[i] if kind == LUNCH else home[i]
                begin = _go(t, last, False, b if mid >= 0 else a, goal, begin, routes, out, at, speeds)
                if kind == LUNCH:
                    _stay(t, work[i], begin, end[i], stays, at)
        if kind == OUT:
            _go(t, commuter[i], True, home[i], work[i], leave[i], routes, out, at, speeds)
        elif kind == BACK:
            _go(t, commuter[i], False, work[i], home[i], end[i], routes, out, at, speeds)
        elif kind == WORK:
            _stay(t, work[i], arrive[i], end[i], stays, at)
    return ways[:, : at[0]], walks[:, : at[1]], stays[:, : at[2]], speeds[: at[1]]
