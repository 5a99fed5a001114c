"""How much each way that a camera may look shows of a flow of people: one pass over the street before it."""

from __future__ import annotations

import numpy as np
from numba import njit

jit = njit(cache=True, nogil=True)

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
def weigh(cx, cy, ax, ay, bx, by, amount, heading, hfov, scale, reach, ground, drop, chance, code_px, half_cosine,
          out):  # fmt: skip
    """Identifiable amount that each view shows of stretches a → b (metres, walked from a to b), at one camera.

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
            # the walker looks ahead; the line to the lens rises by the drop
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
