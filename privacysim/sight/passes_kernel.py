"""Walks along the route trees past the cameras' street pieces, and weights of views by the flow of people."""

import numpy as np

from privacysim.compiled import jit

_DAY = 864_000
_ORDER = 1 << 24  # more edges than any walk has


@jit
def _grown(rows):
    more = np.empty((2 * rows.shape[0], rows.shape[1]), dtype=rows.dtype)
    for i in range(rows.shape[0]):  # assigning a slice takes seconds to compile
        for j in range(rows.shape[1]):
            more[i, j] = rows[i, j]
    return more


@jit
def _ascending(values, n):
    """Sort the first n values in place (Shell's sort): a general sort takes seconds to compile."""
    gap = n // 2
    while gap > 0:
        for i in range(gap, n):
            value, j = values[i], i
            while j >= gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value
        gap //= 2


@jit
def _looked_at(begin, end, camera, start, window_begin, window_end, mask, jitter, first_day, jitter_span):
    """Return whether any window of the camera meets [begin, end) of a tour on one of its days."""
    for i in range(start[camera], start[camera + 1]):
        low = max(-((end + jitter_span - window_begin[i]) // _DAY), first_day)
        high = min((window_end[i] - begin + jitter_span) // _DAY, first_day + jitter.size - 1)
        for day in range(low, high + 1):
            d = day - first_day
            if mask[d >> 6] >> np.uint64(d & 63) & np.uint64(1):
                shift = day * _DAY + np.int64(jitter[d])
                if max(window_begin[i], shift + begin) < min(window_end[i], shift + end):
                    return True
    return False


@jit
def camera_days(start, begin, end):
    """Return for each camera the days on which a tour may begin that its windows meet, modulo 64, as bits."""
    viewed = np.zeros(start.size - 1, dtype=np.uint64)
    for camera in range(viewed.size):
        for i in range(start[camera], start[camera + 1]):
            # a tour belongs to the day on which it begins, and ends within two days
            for day in range(begin[i] // _DAY - 2, min(end[i] // _DAY, begin[i] // _DAY + 61) + 1):
                viewed[camera] |= np.uint64(1) << np.uint64(day & 63)
    return viewed


@jit
def runs_of(piece_start, pieces, viewed):
    """List the runs of pieces that one camera sees of a directed edge, in the order of the pieces.

    `viewed`: days and half hours of each camera, as bits. Returns the first run of each directed edge; rows (camera,
    first and last piece, from, to); and days and half hours of each run, and of all runs of each edge.
    """
    ways, count = piece_start.size - 1, 0
    for i in range(pieces.shape[0]):
        count += 1 if i == 0 or pieces[i, 0] != pieces[i - 1, 0] else 0
    start = np.zeros(ways + 1, dtype=np.int64)
    runs, when = np.empty((count + ways, 5), dtype=np.int32), np.empty((count + ways, 2), dtype=np.uint64)
    seen, n = np.zeros((ways, 2), dtype=np.uint64), 0
    for way in range(ways):
        i = piece_start[way]
        while i < piece_start[way + 1]:
            camera, first = pieces[i, 0], i
            while i < piece_start[way + 1] and pieces[i, 0] == camera:
                i += 1
            runs[n, 0], runs[n, 1], runs[n, 2] = camera, first, i
            runs[n, 3], runs[n, 4] = pieces[first, 1], pieces[i - 1, 2]
            for k in range(2):
                when[n, k] = viewed[camera, k]
                seen[way, k] |= viewed[camera, k]
            n += 1
        start[way + 1] = n
    return start, runs[:n], when[:n], seen


@jit
def indoors(place, tour, indoor_start, indoor_camera, days, viewed):
    """List (row, camera) of the watched cameras inside each row's place that are `viewed` on the `days` of its tour."""
    count = 0
    for fill in range(2):
        if fill:
            rows, cameras, count = np.empty(count, np.int64), np.empty(count, np.int32), 0
        else:
            rows, cameras = np.empty(0, np.int64), np.empty(0, np.int32)
        for i in range(place.size):
            for j in range(indoor_start[place[i]], indoor_start[place[i] + 1]):
                camera = indoor_camera[j]
                if viewed[camera, 0] & days[tour[i]]:
                    if fill:
                        rows[count], cameras[count] = i, camera
                    count += 1
    return rows, cameras


@jit
def _holds(start, places, camera, place):
    low, high = start[camera], start[camera + 1]
    while low < high:
        middle = (low + high) // 2
        if places[middle] < place:
            low = middle + 1
        else:
            high = middle
    return low < start[camera + 1] and places[low] == place


@jit
def _arcs(adj_start, adj_node, adj_edge, edge_u, edge_mm, seen):
    """Return for each entry of the lists of neighbours: directed edge, node, millimetres, whether any camera sees it.

    One line of the processor's cache for each step.
    """
    out = np.empty((adj_node.size, 4), dtype=np.int32)
    for v in range(adj_start.size - 1):
        for p in range(adj_start[v], adj_start[v + 1]):
            edge = adj_edge[p]
            way = 2 * edge + (0 if edge_u[edge] == v else 1)
            out[p, 0], out[p, 1], out[p, 2] = way, adj_node[p], edge_mm[edge]
            out[p, 3] = 1 if seen[way, 0] | seen[way ^ 1, 0] else 0
    return out


@jit
def follow(order, routes, when, depart, speed, place, tour, trees, adj_start, adj_node, adj_edge, edge_u, edge_mm,
           piece_start, pieces, entrance_start, entrance_place, viewed, window_start, window_begin, window_end,
           tour_mask, tour_shift, jitter, first_day, jitter_span):  # fmt: skip
    """Find the pieces of walks that cameras see.

    Walks are followed in `order`, by hub and node: the way up the tree from a node is found once for all its walks, and
    listed as the edges that any camera sees. `routes` (hub, node, millimetres, towards) and `when` (days and half hours
    as bits) are in this order; `pieces`: camera, from, to, face, frontal; `viewed`: days and half hours of each camera.
    Returns rows (walk, camera, offset, ticks, face, frontal + 2·entrance). Rows of a walk are adjacent, by camera, then
    in the order of walking. Pieces shorter than half a tick are dropped. If there are windows, pieces that meet none of
    their camera are omitted; days and half hours exclude most of them (see `camera_days`).
    """
    out = np.empty((4096, 6), dtype=np.int32)
    met = np.empty((64, 4), dtype=np.int64)  # run, position of its edge, part of the edge that is walked
    keys = np.empty(64, dtype=np.int64)
    steps = np.empty((64, 3), dtype=np.int64)  # directed edge, millimetres before it and on it
    made, listed, at, far, tree_of, begun = 0, 0, np.int64(-1), np.int64(0), -1, -1
    windowed = window_start.size > 0
    run_start, runs, run_when, seen = runs_of(piece_start, pieces, viewed)
    arcs = _arcs(adj_start, adj_node, adj_edge, edge_u, edge_mm, seen)
    for position in range(order.size):
        hub, node, reach, forth = routes[position]
        if hub != tree_of or node != begun:
            tree_of, begun = hub, node
            at, far, listed = np.int64(node), np.int64(0), 0
        tree, n = trees[hub], 0
        while far < reach and tree[at] != 255:
            p = adj_start[at] + tree[at]
            if arcs[p, 3]:
                if listed == steps.shape[0]:
                    steps = _grown(steps)
                steps[listed, 0], steps[listed, 1], steps[listed, 2] = arcs[p, 0], far, arcs[p, 2]
                listed += 1
            at, far = np.int64(arcs[p, 1]), far + arcs[p, 2]
        days, hours = when[position]
        for s in range(listed):
            before, length = steps[s, 1], steps[s, 2]
            if before >= reach:
                break
            way = steps[s, 0] if forth else steps[s, 0] ^ 1
            if seen[way, 0] & days == 0 or seen[way, 1] & hours == 0:
                continue
            # position of the walked part of the edge, along this walk's direction
            part = min(length, reach - before)
            low, high = (0, part) if forth else (length - part, length)
            for r in range(run_start[way], run_start[way + 1]):
                if run_when[r, 0] & days == 0 or run_when[r, 1] & hours == 0:
                    continue
                if n == met.shape[0]:
                    met = _grown(met)
                    keys = np.empty(met.shape[0], dtype=np.int64)
                met[n, 0], met[n, 2], met[n, 3] = r, low, high
                met[n, 1] = before if forth else -(before + length)
                n += 1
        if n == 0:
            continue
        w = order[position]
        mask, shifts = tour_mask[tour[w]], jitter[tour_shift[tour[w]]]
        origin = 0 if forth else min(reach, far)
        kept = 0
        for m in range(n):
            r = met[m, 0]
            if windowed:
                a, b = max(runs[r, 3], met[m, 2]), min(runs[r, 4], met[m, 3])
                if a >= b:
                    continue
                begin = depart[w] + np.int64(np.floor((origin + met[m, 1] + a) / speed[w] + 0.5))
                end = depart[w] + np.int64(np.floor((origin + met[m, 1] + b) / speed[w] + 0.5))
                if not _looked_at(begin, end, runs[r, 0], window_start, window_begin, window_end, mask, shifts,
                                  first_day, jitter_span):  # fmt: skip
                    continue
            keys[kept] = runs[r, 0] * _ORDER + (m if forth else n - 1 - m)
            kept += 1
        _ascending(keys, kept)
        for j in range(kept):
            m = keys[j] % _ORDER
            if not forth:
                m = n - 1 - m
            r = met[m, 0]
            camera = runs[r, 0]
            held = 2 if place[w] >= 0 and _holds(entrance_start, entrance_place, camera, place[w]) else 0
            for i in range(runs[r, 1], runs[r, 2]):
                a, b = max(pieces[i, 1], met[m, 2]), min(pieces[i, 2], met[m, 3])
                if a >= b:
                    continue
                begin = np.floor((origin + met[m, 1] + a) / speed[w] + 0.5)
                end = np.floor((origin + met[m, 1] + b) / speed[w] + 0.5)
                if begin >= end:
                    continue
                if made == out.shape[0]:
                    out = _grown(out)
                out[made, 0], out[made, 1], out[made, 2], out[made, 3] = w, camera, depart[w] + begin, end - begin
                out[made, 4], out[made, 5] = pieces[i, 3], held + pieces[i, 4]
                made += 1
    return out[:made]


@jit
def regroup(rows, walks):
    """Reorder the rows of `follow` by walk: a counting sort suffices, because the rows of a walk are adjacent."""
    first = np.zeros(walks + 1, dtype=np.int64)
    for i in range(rows.shape[0]):
        first[rows[i, 0] + 1] += 1
    for w in range(walks):
        first[w + 1] += first[w]
    at = first[:-1].copy()
    out = np.empty((6, rows.shape[0]), dtype=np.int32)
    for i in range(rows.shape[0]):
        j = at[rows[i, 0]]
        at[rows[i, 0]] = j + 1
        for k in range(6):
            out[k, j] = rows[i, k]
    return out


_STEP_M = 1.0
"""Streets are weighed metre by metre."""
_TURN = 2.0 * np.pi
_LAST_CODE = 2040


@jit
def walked(hub, node, reach_mm, towards, amount, trees, adj_start, adj_node, adj_edge, edge_u, edge_mm, flow):
    """Add each walk's `amount` to the directed edges (2·edge + direction) that it follows, in shares of length."""
    for w in range(node.size):
        at, left = node[w], reach_mm[w]
        while left > 0:
            k = trees[hub[w], at]
            if k == 255:
                break
            edge, following = adj_edge[adj_start[at] + k], adj_node[adj_start[at] + k]
            part = min(edge_mm[edge], left)
            way_out = 0 if edge_u[edge] == at else 1
            flow[2 * edge + (way_out if towards[w] else 1 - way_out)] += amount[w] * part / edge_mm[edge]
            left -= part
            at = following


@jit
def weigh(cx, cy, ax, ay, bx, by, amount, heading, hfov, scale, reach, ground, drop, chance, code_px, half_cosine, out):
    """Add the identifiable amount that each view of one camera shows of stretches a → b (metres, walked from a to b).

    `amount` is per metre. Views are all combinations of lens (hfov in radians, density at 1 m, slant reach), height
    over a face (`drop`) and `heading` (radians, NaN: all round), within `ground` metres. `chance[frontal, code]`.
    Adds to out[lens, height, heading].
    """
    for i in range(ax.size):
        dx, dy = bx[i] - ax[i], by[i] - ay[i]
        length = np.sqrt(dx * dx + dy * dy)
        if length == 0.0:
            continue
        steps = int(np.ceil(length / _STEP_M))
        each = amount[i] * length / steps
        for s in range(steps):
            share = (s + 0.5) / steps
            x, y = ax[i] + share * dx - cx, ay[i] + share * dy - cy
            flat = x * x + y * y
            if flat > ground * ground:
                continue
            bearing = np.arctan2(x, y)
            # the walker looks ahead; the line to the lens rises by `drop`
            towards = -(x * dx + y * dy) / length
            for m in range(drop.size):
                slant = max(np.sqrt(flat + drop[m] * drop[m]), 1e-6)
                frontal = 1 if towards >= half_cosine * slant else 0
                for lens in range(hfov.size):
                    if slant > reach[lens]:
                        continue
                    code = min(int(code_px * scale[lens] / slant + 0.5), _LAST_CODE)
                    seen = each * chance[frontal, code]
                    for h in range(heading.size):
                        if not np.isnan(heading[h]):
                            off = abs((bearing - heading[h] + 1.5 * _TURN) % _TURN - 0.5 * _TURN)
                            if off > 0.5 * hfov[lens]:
                                continue
                        out[lens, m, h] += seen
