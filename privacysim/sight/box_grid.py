"""Spatial index of boxes on a grid of square cells, for all searches for nearby items."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class BoxGrid(NamedTuple):
    """Items by cell, as the kernels take it (`*grid`): cell row·columns + column has items[start[cell]:start[cell+1]].

    An item is in every cell that its box touches. x0, y0 are the south-west corner; `size` is the side of a cell in m.
    """

    start: NDArray[np.int64]
    items: NDArray[np.int32]
    x0: float
    y0: float
    size: float
    columns: int
    rows: int


def box_grid(low_x: Floats, low_y: Floats, high_x: Floats, high_y: Floats, cell_m: float) -> BoxGrid:
    """Index boxes (points: equal corners) in cells of at least `cell_m`; a few cells per box at any density.

    >>> one = np.array([5.0, 25.0])
    >>> grid = box_grid(one, one, one, one, 10.0)
    >>> grid.columns, grid.rows, grid.items.tolist(), int(grid.start[-1])
    (3, 3, [0, 1], 2)
    """
    x0, y0 = (float(low_x.min()), float(low_y.min())) if low_x.size else (0.0, 0.0)
    wide, tall = (float(high_x.max()) - x0, float(high_y.max()) - y0) if low_x.size else (0.0, 0.0)
    size = max(cell_m, float(np.sqrt(wide * tall / (8.0 * low_x.size + 1024.0))))
    columns, rows = int(wide / size) + 1, int(tall / size) + 1
    left, right = (np.clip(((x - x0) / size).astype(np.int64), 0, columns - 1) for x in (low_x, high_x))
    below, above = (np.clip(((y - y0) / size).astype(np.int64), 0, rows - 1) for y in (low_y, high_y))
    across = right - left + 1
    count = across * (above - below + 1)
    item = np.repeat(np.arange(low_x.size, dtype=np.int32), count)
    number = np.arange(item.size) - np.repeat(np.cumsum(count) - count, count)
    cell = (below[item] + number // across[item]) * columns + left[item] + number % across[item]
    start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=columns * rows))]).astype(np.int64)
    return BoxGrid(start, item[np.argsort(cell, kind="stable")], x0, y0, size, columns, rows)
