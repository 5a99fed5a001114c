"""Exact clipping of street segments to a camera's view: a disc cut by two half-planes, or by the wedge behind it."""

import numpy as np

from privacysim.compiled import jit

_SLACK_M = 1e-6
"""A micrometre: a segment along the edge of a view is in it, whatever the rounding of a cosine."""


@jit
def _half_plane(f0, f1, low, high):
    """Return the part of [low, high] where f(t) = f0 + t·(f1 − f0) ≥ 0."""
    slope = f1 - f0
    if slope == 0.0:
        return (low, high) if f0 >= 0.0 else (1.0, 0.0)
    root = -f0 / slope
    if slope > 0.0:
        return max(low, root), high
    return low, min(high, root)


@jit
def sides(heading, hfov):
    """Return directions (x, y) of the left and right edge of a view, or of the wedge behind one wider than 180°."""
    wide = hfov > np.pi
    centre = heading + np.pi if wide else heading
    reach = np.pi - 0.5 * hfov if wide else 0.5 * hfov
    return np.sin(centre - reach), np.cos(centre - reach), np.sin(centre + reach), np.cos(centre + reach)


@jit
def _in_wedge(ux, uy, vx, vy, low, high, hfov, edges, out):
    """Clip part [low, high] of a segment to a view narrower than 360°; fills and returns as `clip` does."""
    wide = hfov > np.pi
    slack = -_SLACK_M if wide else _SLACK_M
    lx, ly, rx, ry = edges
    # clockwise of the left edge and anticlockwise of the right one
    first, last = _half_plane(ly * ux - lx * uy + slack, ly * vx - lx * vy + slack, low, high)
    first, last = _half_plane(rx * uy - ry * ux + slack, rx * vy - ry * vx + slack, first, last)
    if not wide:
        out[0, 0], out[0, 1] = first, last
        return 1 if first < last else 0
    if first >= last:
        out[0, 0], out[0, 1] = low, high
        return 1
    n = 0
    if low < first:
        out[n, 0], out[n, 1] = low, first
        n += 1
    if last < high:
        out[n, 0], out[n, 1] = last, high
        n += 1
    return n


@jit
def clip(ux, uy, vx, vy, radius, heading, hfov, edges, out):
    """Clip a segment to a view: fill out[i] = (from, to) as fractions of the segment; return the count (0, 1 or 2).

    The camera is at the origin; `edges` are its `sides`. Lengths are in metres, angles in radians, heading clockwise
    from north (y). A view of 180° or less is the disc cut by two half-planes. A wider one is the disc without the open
    wedge behind the camera. At 360°, or with an unknown heading (NaN), it is the whole disc, the outer bound over all
    headings.
    """
    dx, dy = vx - ux, vy - uy
    a = dx * dx + dy * dy
    if a == 0.0 or radius <= 0.0:
        return 0
    middle = -(ux * dx + uy * dy) / a
    nearest = (ux + middle * dx) ** 2 + (uy + middle * dy) ** 2
    inside = radius * radius - nearest
    if inside <= 0.0:
        return 0
    half = np.sqrt(inside / a)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    if low >= high:
        return 0
    if hfov >= 2.0 * np.pi or np.isnan(heading):
        out[0, 0], out[0, 1] = low, high
        return 1
    return _in_wedge(ux, uy, vx, vy, low, high, hfov, edges, out)


@jit
def _sees(x, y, radius, heading, hfov, edges):
    """Return whether the point (x, y), relative to the camera, is in view; same rules as `clip`."""
    if x * x + y * y > radius * radius:
        return False
    if hfov >= 2.0 * np.pi or np.isnan(heading):
        return True
    wide = hfov > np.pi
    slack = -_SLACK_M if wide else _SLACK_M
    lx, ly, rx, ry = edges
    within = ly * x - lx * y + slack >= 0.0 and rx * y - ry * x + slack >= 0.0
    return not within if wide else within


@jit
def _ascending(values, first, last):
    """Sort values[first:last] in place by insertion: there are few, and a general sort takes seconds to compile."""
    for i in range(first + 1, last):
        value, j = values[i], i
        while j > first and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@jit
def _longer(old, size):
    new = np.empty(size, dtype=old.dtype)
    for i in range(old.size):  # assigning a slice takes seconds to compile
        new[i] = old[i]
    return new


@jit
def _cell(value, origin, size, count):
    return min(max(int((value - origin) / size), 0), count - 1)


@jit
def points_in_view(cameras, x, y, start, items, x0, y0, size, columns, rows):
    """Find the points that each camera sees, ascending: (start[cameras + 1], points).

    `cameras` rows are x, y, radius, heading, hfov.
    """
    first = np.zeros(cameras.shape[0] + 1, dtype=np.int64)
    found = np.empty(1024, dtype=np.int32)
    n = 0
    for c in range(cameras.shape[0]):
        cx, cy, radius, heading, hfov = cameras[c]
        edges = sides(heading, hfov)
        for r in range(_cell(cy - radius, y0, size, rows), _cell(cy + radius, y0, size, rows) + 1):
            for k in range(_cell(cx - radius, x0, size, columns), _cell(cx + radius, x0, size, columns) + 1):
                for i in range(start[r * columns + k], start[r * columns + k + 1]):
                    p = items[i]
                    if _sees(x[p] - cx, y[p] - cy, radius, heading, hfov, edges):
                        if n == found.size:
                            found = _longer(found, 2 * n)
                        found[n] = p
                        n += 1
        first[c + 1] = n
        _ascending(found, first[c], n)
    return first, found[:n].copy()


@jit
def _cut(low, high, length, foot, across, scale, levels, turn, backwards, edge_mm, code_px, cuts, out):
    """Cut one visible stretch [low, high] (metres from u) of a directed walk: out[i] = from mm, to mm, code, frontal.

    `foot`: point of the line nearest to the camera; `across`: squared slant distance there; `scale`: density at 1 m;
    `turn`: point at which the face stops being frontal; `backwards`: the walk goes from v to u; `cuts`: scratch space.
    Returns the number of pieces.
    """
    cuts[0] = low
    n = 1
    for i in range(levels.size):
        reach = (scale / levels[i]) ** 2 - across
        if reach > 0.0:
            for side in (-1.0, 1.0):
                at = foot + side * np.sqrt(reach)
                if low < at < high:
                    cuts[n] = at
                    n += 1
    if low < turn < high:
        cuts[n] = turn
        n += 1
    cuts[n] = high
    _ascending(cuts, 0, n + 1)
    made = 0
    for j in range(n):
        i = n - 1 - j if backwards else j
        a, b = cuts[i], cuts[i + 1]
        if backwards:
            begin, end = (length - b) * edge_mm / length, (length - a) * edge_mm / length
        else:
            begin, end = a * edge_mm / length, b * edge_mm / length
        begin, end = np.floor(begin + 0.5), np.floor(end + 0.5)
        if begin >= end:
            continue
        near, far = across + (a - foot) ** 2, across + (b - foot) ** 2
        code = code_px * scale / max(near * far, 1e-24) ** 0.25
        middle = 0.5 * (a + b)
        out[made, 0], out[made, 1] = begin, end
        out[made, 2] = min(np.floor(code + 0.5), 2040.0)
        out[made, 3] = 1.0 if (middle > turn if backwards else middle < turn) else 0.0
        made += 1
    return made


@jit
def pieces(cameras, levels, code_px, cotangent, ux, uy, vx, vy, unit, ways, grid_start, grid_items, x0, y0, size,
           columns, rows):  # fmt: skip
    """Find visible pieces of steps u → v (metres): (way, camera, from, to, face code, frontal, level), step by step.

    `cameras` rows are x, y, radius, heading, hfov, density at 1 m, height over a face; the grid holds their boxes.
    Positions are whole numbers of `unit[step]`, the length of the step in the unit wanted, from the walk's start. A way
    is step · `ways` + direction; with 2 `ways`, direction 1 walks from v to u. Pieces of a way at one camera are in the
    order of walking. `level` counts how many of `levels` the piece reaches.
    """
    room = 1024
    which, seen_by = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    begin, end = np.empty(room), np.empty(room)
    face, frontal = np.empty(room, dtype=np.uint16), np.empty(room, dtype=np.bool_)
    level = np.empty(room, dtype=np.uint8)
    tried = np.full(cameras.shape[0], -1, dtype=np.int64)
    spans, made, cuts = np.empty((2, 2)), np.empty((2 * levels.size + 3, 4)), np.empty(2 * levels.size + 3)
    edges = [sides(cameras[c, 3], cameras[c, 4]) for c in range(cameras.shape[0])]
    n = 0
    for s in range(ux.size):
        low_x, high_x = min(ux[s], vx[s]), max(ux[s], vx[s])
        low_y, high_y = min(uy[s], vy[s]), max(uy[s], vy[s])
        for r in range(_cell(low_y, y0, size, rows), _cell(high_y, y0, size, rows) + 1):
            for k in range(_cell(low_x, x0, size, columns), _cell(high_x, x0, size, columns) + 1):
                for item in range(grid_start[r * columns + k], grid_start[r * columns + k + 1]):
                    c = grid_items[item]
                    if tried[c] == s:
                        continue
                    tried[c] = s
                    cx, cy, radius, heading, hfov, scale, height = cameras[c]
                    if low_x > cx + radius or high_x < cx - radius or low_y > cy + radius or high_y < cy - radius:
                        continue
                    ax, ay, bx, by = ux[s] - cx, uy[s] - cy, vx[s] - cx, vy[s] - cy
                    found = clip(ax, ay, bx, by, radius, heading, hfov, edges[c], spans)
                    if found == 0:
                        continue
                    dx, dy = bx - ax, by - ay
                    length = np.sqrt(dx * dx + dy * dy)
                    foot = -(ax * dx + ay * dy) / length
                    aside = (ax * dy - ay * dx) / length
                    across = aside * aside + height * height
                    ahead = cotangent * np.sqrt(across)
                    for way in range(ways):
                        turn = foot + ahead if way == 1 else foot - ahead
                        for i in range(found):
                            span = found - 1 - i if way == 1 else i
                            m = _cut(spans[span, 0] * length, spans[span, 1] * length, length, foot, across, scale,
                                     levels, turn, way == 1, unit[s], code_px, cuts, made)  # fmt: skip
                            if n + m > which.size:
                                more = 2 * (n + m)
                                which, seen_by = _longer(which, more), _longer(seen_by, more)
                                begin, end = _longer(begin, more), _longer(end, more)
                                face, frontal = _longer(face, more), _longer(frontal, more)
                                level = _longer(level, more)
                            for j in range(m):
                                which[n], seen_by[n] = s * ways + way, c
                                begin[n], end[n], face[n], frontal[n] = made[j, 0], made[j, 1], made[j, 2], made[j, 3]
                                middle = 0.5 * (begin[n] + end[n]) * length / unit[s]
                                slant = across + ((length - middle if way == 1 else middle) - foot) ** 2
                                level[n] = 0
                                for rank in range(levels.size):
                                    if slant <= (scale / levels[rank]) ** 2:
                                        level[n] = rank + 1
                                n += 1
    return (which[:n].copy(), seen_by[:n].copy(), begin[:n].copy(), end[:n].copy(), face[:n].copy(),
            frontal[:n].copy(), level[:n].copy())  # fmt: skip


@jit
def fan_sums(views, first, step, base, enter, leave, face, frontal, level, ux, uy, vx, vy, step_m, step_s, weight,
             code_px, chance, sums, mean_m):  # fmt: skip
    """Assign the pieces of a disc to the views of a fan: adds up `sums` by view, and `mean_m` by step.

    Views first[b]:first[b + 1] differ only in heading. A single view takes the pieces of base b as they are; for
    several views, the pieces are those of the whole disc. `sums` columns: metres at each level (5), seconds at each
    (5), seconds frontal, seconds identified, number of pieces. `mean_m`: metres at 25 px/m or more, weighted. `step`
    indexes ux, uy, vx, vy (metres), step_m, step_s; enter and leave are shares of the step; chance[frontal, face].
    """
    spans = np.empty((2, 2))
    edges = [sides(views[v, 3], views[v, 4]) for v in range(views.shape[0])]
    for p in range(step.size):
        s, b = step[p], base[p]
        alone = first[b + 1] - first[b] == 1
        dx, dy = vx[s] - ux[s], vy[s] - uy[s]
        side = 1 if frontal[p] else 0
        for v in range(first[b], first[b + 1]):
            ax, ay = ux[s] - views[v, 0], uy[s] - views[v, 1]
            parts = 2
            if alone or views[v, 4] >= 2.0 * np.pi:
                parts = 1
            elif views[v, 4] <= np.pi:
                # most pieces lie wholly on one side of an edge, so no division is needed
                bx, by, ex, ey = ax + enter[p] * dx, ay + enter[p] * dy, ax + leave[p] * dx, ay + leave[p] * dy
                lx, ly, rx, ry = edges[v]
                left_b, left_e = ly * bx - lx * by + _SLACK_M, ly * ex - lx * ey + _SLACK_M
                right_b, right_e = rx * by - ry * bx + _SLACK_M, rx * ey - ry * ex + _SLACK_M
                if (left_b < 0.0 and left_e < 0.0) or (right_b < 0.0 and right_e < 0.0):
                    continue
                if left_b >= 0.0 and left_e >= 0.0 and right_b >= 0.0 and right_e >= 0.0:
                    parts = 1
            if parts == 1:
                spans[0, 0], spans[0, 1] = enter[p], leave[p]
            else:
                parts = _in_wedge(ax, ay, vx[s] - views[v, 0], vy[s] - views[v, 1], enter[p], leave[p], views[v, 4],
                                  edges[v], spans)  # fmt: skip
            for i in range(parts):
                begin, end = spans[i, 0], spans[i, 1]
                if end - begin <= 0.0:
                    continue
                code = int(face[p])
                if begin != enter[p] or end != leave[p]:
                    near = (ax + begin * dx) ** 2 + (ay + begin * dy) ** 2 + views[v, 6] ** 2
                    far = (ax + end * dx) ** 2 + (ay + end * dy) ** 2 + views[v, 6] ** 2
                    pixels = code_px * views[v, 5] / np.sqrt(np.sqrt(max(near * far, 1e-24)))
                    code = int(min(np.floor(pixels + 0.5), 2040.0))
                metres, seconds = (end - begin) * step_m[s], (end - begin) * step_s[s]
                sums[v, level[p]] += metres
                sums[v, 5 + level[p]] += seconds
                sums[v, 10] += seconds * side
                sums[v, 11] += seconds * chance[side, code]
                sums[v, 12] += 1.0
                if level[p] > 0:
                    mean_m[s] += metres * weight[v]
