"""Exact removal of wall shadows from the stretches within a camera's reach."""

import numpy as np

from privacysim.compiled import jit

_SLIVER = 1e-9
"""Gaps between two shadows below this share of a step are rounding, because neighbouring walls share a corner."""


@jit
def _half_plane(f0, f1, low, high):
    """Return the part of [low, high] where f(t) = f0 + t·(f1 − f0) > 0."""
    slope = f1 - f0
    if slope == 0.0:
        return (low, high) if f0 > 0.0 else (1.0, 0.0)
    root = -f0 / slope
    if slope > 0.0:
        return max(low, root), high
    return low, min(high, root)


@jit
def _shadow(ax, ay, bx, by, ux, uy, vx, vy, low, high):
    """Return the part of the step u → v that the wall a–b hides from the origin; (1, 0) if it hides nothing.

    The hidden part lies between the rays through a and b, on the far side of the wall.
    """
    turn = ax * by - ay * bx
    if turn == 0.0:
        return 1.0, 0.0
    way = 1.0 if turn > 0.0 else -1.0
    low, high = _half_plane(way * (ax * uy - ay * ux), way * (ax * vy - ay * vx), low, high)
    if low >= high:
        return 1.0, 0.0
    low, high = _half_plane(way * (ux * by - uy * bx), way * (vx * by - vy * bx), low, high)
    if low >= high:
        return 1.0, 0.0
    # (b − a) × (0 − a) has the sign of a × b: the origin's side of the wall
    dx, dy = bx - ax, by - ay
    far_u, far_v = dx * (uy - ay) - dy * (ux - ax), dx * (vy - ay) - dy * (vx - ax)
    return _half_plane(-way * far_u, -way * far_v, low, high)


@jit
def visible(cx, cy, ux, uy, vx, vy, begin, end, own, wall, building, start, items, x0, y0, size, columns, rows):
    """Find the parts of each stretch [begin, end] (shares of the step u → v) that no wall hides from the camera at c.

    `wall` rows are x1, y1, x2, y2, and `building` their buildings. Walls of building `own[i]` do not hide stretch i
    (−1: all do). The grid holds the walls' boxes. Returns (stretch, begin, end), ascending.
    """
    room = max(cx.size, 16)
    which, first, last = np.empty(room, dtype=np.int64), np.empty(room), np.empty(room)
    tried = np.full(wall.shape[0], -1, dtype=np.int64)
    hidden = np.empty((64, 2))
    n = 0
    for i in range(cx.size):
        ax, ay, bx, by = ux[i] - cx[i], uy[i] - cy[i], vx[i] - cx[i], vy[i] - cy[i]
        px, py = ux[i] + begin[i] * (vx[i] - ux[i]), uy[i] + begin[i] * (vy[i] - uy[i])
        qx, qy = ux[i] + end[i] * (vx[i] - ux[i]), uy[i] + end[i] * (vy[i] - uy[i])
        low_x, high_x = min(cx[i], px, qx), max(cx[i], px, qx)
        low_y, high_y = min(cy[i], py, qy), max(cy[i], py, qy)
        m = 0
        for r in range(min(max(int((low_y - y0) / size), 0), rows - 1),
                       min(max(int((high_y - y0) / size), 0), rows - 1) + 1):
            for k in range(min(max(int((low_x - x0) / size), 0), columns - 1),
                           min(max(int((high_x - x0) / size), 0), columns - 1) + 1):
                for item in range(start[r * columns + k], start[r * columns + k + 1]):
                    w = items[item]
                    if tried[w] == i or (own[i] >= 0 and building[w] == own[i]):
                        continue
                    tried[w] = i
                    low, high = _shadow(wall[w, 0] - cx[i], wall[w, 1] - cy[i], wall[w, 2] - cx[i], wall[w, 3] - cy[i],
                                        ax, ay, bx, by, begin[i], end[i])  # fmt: skip
                    if low >= high:
                        continue
                    if m == hidden.shape[0]:
                        more = np.empty((2 * m, 2))
                        more[:m] = hidden
                        hidden = more
                    hidden[m, 0], hidden[m, 1] = low, high
                    m += 1
        order = np.argsort(hidden[:m, 0])
        at = begin[i]
        for j in range(m + 1):
            until = hidden[order[j], 0] if j < m else end[i]
            if until - at > _SLIVER:
                if n == which.size:
                    which, first, last = _longer(which), _longer(first), _longer(last)
                which[n], first[n], last[n] = i, at, until
                n += 1
            if j < m:
                at = max(at, hidden[order[j], 1])
    return which[:n].copy(), first[:n].copy(), last[:n].copy()


@jit
def _longer(old):
    new = np.empty(2 * old.size, dtype=old.dtype)
    new[: old.size] = old
    return new


@jit
def nearest_wall(x, y, wall, reach, start, items, x0, y0, size, columns, rows):
    """Find the wall nearest to each point within `reach` metres, −1 if there is none."""
    found = np.full(x.size, -1, dtype=np.int64)
    for i in range(x.size):
        best = reach * reach
        for r in range(min(max(int((y[i] - reach - y0) / size), 0), rows - 1),
                       min(max(int((y[i] + reach - y0) / size), 0), rows - 1) + 1):
            for k in range(min(max(int((x[i] - reach - x0) / size), 0), columns - 1),
                           min(max(int((x[i] + reach - x0) / size), 0), columns - 1) + 1):
                for item in range(start[r * columns + k], start[r * columns + k + 1]):
                    w = items[item]
                    dx, dy = wall[w, 2] - wall[w, 0], wall[w, 3] - wall[w, 1]
                    length = dx * dx + dy * dy
                    if length == 0.0:
                        continue
                    t = min(max(((x[i] - wall[w, 0]) * dx + (y[i] - wall[w, 1]) * dy) / length, 0.0), 1.0)
                    away = (wall[w, 0] + t * dx - x[i]) ** 2 + (wall[w, 1] + t * dy - y[i]) ** 2
                    if away < best or (away == best and w < found[i]):
                        best, found[i] = away, w
    return found


@jit
def inside(x, y, ring_start, ring_x, ring_y, low_x, high_x, low_y, high_y, ring_order):
    """Find the first building (in the order of `ring_order`, by west end) that contains each point, −1 if none does."""
    found = np.full(x.size, -1, dtype=np.int64)
    for i in range(x.size):
        for at in range(ring_order.size):
            b = ring_order[at]
            if low_x[b] > x[i]:
                break
            if high_x[b] < x[i] or low_y[b] > y[i] or high_y[b] < y[i]:
                continue
            odd = False
            j = ring_start[b + 1] - 1
            for k in range(ring_start[b], ring_start[b + 1]):
                if (ring_y[k] > y[i]) != (ring_y[j] > y[i]):
                    cut = ring_x[k] + (y[i] - ring_y[k]) / (ring_y[j] - ring_y[k]) * (ring_x[j] - ring_x[k])
                    if x[i] < cut:
                        odd = not odd
                j = k
            if odd:
                found[i] = b
                break
    return found
