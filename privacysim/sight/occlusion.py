"""Occlusion by buildings, which hide the parts of a view behind a wall; and the grid index of nearby walls or cameras.

Walls are the sides of building outlines. A stretch of street is cut at the exact edges of their shadows (rays from the
camera through the corners). A camera mapped inside a building near a wall, or on its line, is mounted on that wall and
moved just in front of it. Deeper inside (fact `camera_moved_out_m`) it is an indoor camera and sees no street. Limits:
walls are as high as any camera; there is no glass and no passage through a building.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from privacysim.city.city_model import City
from privacysim.draws import Bools, Floats, Ints
from privacysim.facts import facts
from privacysim.sight import occlusion_kernel as kernel

_CELL_M = 25.0
_OFF_WALL_M = 0.05
"""A camera on a wall is moved this far in front of it, so that rounding does not put its own wall in the way."""


class BoxGrid(NamedTuple):
    """Items by cell, as the kernels take it (`*grid`): cell row·columns + column has items[start[cell]:start[cell+1]].

    An item is in every cell that its box touches. x0, y0 are the south-west corner; `size` is the side of a cell in m.
    """

    start: Ints
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Walls:
    """Walls of buildings on a plane in metres, with a grid index. Create with `walls_of`."""

    start: Ints
    x: Floats
    y: Floats
    wall: Floats
    building: Ints
    grid: BoxGrid


def walls_of(start: ArrayLike, x: ArrayLike, y: ArrayLike) -> Walls | None:
    """Build the walls of the rings x[start[i]:start[i+1]] (closed or not); None if there is no building.

    >>> square = walls_of([0, 4], [0, 10, 10, 0], [0, 0, 10, 10])
    >>> square.wall.shape
    (4, 4)
    """
    first = np.asarray(start, dtype=np.int64)
    px, py = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if first.size < 2 or not px.size:
        return None
    building = np.repeat(np.arange(first.size - 1), np.diff(first))
    onward = np.arange(1, px.size + 1)
    ends = first[1:][np.diff(first) > 0] - 1
    onward[ends] = first[:-1][np.diff(first) > 0]
    wall = np.column_stack([px, py, px[onward], py[onward]])
    real = (wall[:, 0] != wall[:, 2]) | (wall[:, 1] != wall[:, 3])
    wall, building = np.ascontiguousarray(wall[real]), building[real]
    low_x, high_x = wall[:, [0, 2]].min(axis=1), wall[:, [0, 2]].max(axis=1)
    low_y, high_y = wall[:, [1, 3]].min(axis=1), wall[:, [1, 3]].max(axis=1)
    return Walls(first, px, py, wall, building, box_grid(low_x, low_y, high_x, high_y, _CELL_M))


def visible(walls: Walls, x: Floats, y: Floats, ux: Floats, uy: Floats, vx: Floats, vy: Floats, begin: Floats,
            end: Floats, own: Ints | None = None) -> tuple[Ints, Floats, Floats]:
    """Find the parts of stretches [begin, end] of steps u → v that a camera at (x, y) sees past the walls.

    All arrays have the same length; positions are shares of the step. `own[i]`: a building that does not hide stretch i
    (−1 = none). Returns (number of the stretch, begin, end), in their order.
    """
    none = np.full(x.size, -1, dtype=np.int64) if own is None else own
    where = [np.ascontiguousarray(values, dtype=np.float64) for values in (x, y, ux, uy, vx, vy, begin, end)]
    return kernel.visible(*where, none, walls.wall, walls.building, *walls.grid)


def building_at(walls: Walls, x: Floats, y: Floats) -> Ints:
    """Return the building that contains each point, −1 = none."""
    starts = walls.start[:-1]
    used = np.flatnonzero(np.diff(walls.start) > 0)
    box = np.full((4, starts.size), np.inf)
    for row, (values, least) in enumerate(((walls.x, np.minimum), (walls.x, np.maximum), (walls.y, np.minimum),
                                           (walls.y, np.maximum))):  # fmt: skip
        box[row, used] = least.reduceat(values, starts[used])
    order = used[np.argsort(box[0, used], kind="stable")]
    return kernel.inside(np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64),
                         walls.start, walls.x, walls.y, box[0], box[1], box[2], box[3], order)  # fmt: skip


def outdoor_positions(walls: Walls, x: Floats, y: Floats) -> tuple[Floats, Floats, Bools]:
    """Move cameras from inside buildings onto walls; return the positions and which cameras see the street at all."""
    holder = building_at(walls, x, y)
    reach = facts().value("camera_moved_out_m")
    near = kernel.nearest_wall(np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64),
                               walls.wall, reach, *walls.grid)  # fmt: skip
    a, b = walls.wall[near, :2], walls.wall[near, 2:]
    along = b - a
    length2 = (along**2).sum(axis=1)
    point = np.column_stack([x, y])
    t = np.clip(((point - a) * along).sum(axis=1) / length2, 0.0, 1.0)
    foot = a + t[:, None] * along
    on_line = (near >= 0) & (np.hypot(*(foot - point).T) < _OFF_WALL_M)
    moves = ((holder >= 0) | on_line) & (near >= 0)
    normal = np.column_stack([along[:, 1], -along[:, 0]]) / np.sqrt(length2)[:, None] * _OFF_WALL_M
    left, right = foot + normal, foot - normal
    left_free = building_at(walls, *left.T) < 0
    right_free = building_at(walls, *right.T) < 0
    new = np.where(left_free[:, None], left, right)
    free = np.where(moves, left_free | right_free, holder < 0)
    moved = moves & free
    return np.where(moved, new[:, 0], x), np.where(moved, new[:, 1], y), free


@lru_cache(maxsize=2)
def city_walls(city: City) -> Walls | None:
    """Return the walls of a city's buildings; None in a city without buildings (a synthetic one)."""
    if city.building_start is None or city.building_x is None or city.building_y is None:
        return None
    return walls_of(city.building_start, city.building_x, city.building_y)


def hang_outside(walls: Walls, views: Floats) -> Floats:
    """Move the cameras of view rows (x, y, radius …) out of walls; those deep inside see no street (radius −1)."""
    moved = views.copy()
    street = np.flatnonzero(views[:, 2] > 0)
    x, y, free = outdoor_positions(walls, views[street, 0], views[street, 1])
    moved[street, 0], moved[street, 1] = x, y
    moved[street[~free], 2] = -1.0
    return moved


def past_walls(walls: Walls, views: Floats, corners: Sequence[Floats], begin: Floats, end: Floats, code_px: float,
               unit: Floats | None = None) -> tuple[Ints, Floats, Floats, NDArray[np.uint16]]:
    """Find the parts of stretches of steps u → v (`corners`: ux, uy, vx, vy) that buildings leave visible.

    `views`: one row per stretch. `begin` and `end` are shares of the step; with `unit`, the step's length in some unit,
    the parts are rounded to whole units. Returns (number of the stretch, begin, end, face code of the part).
    """
    ux, uy, vx, vy = corners
    which, low, high = visible(walls, views[:, 0], views[:, 1], ux, uy, vx, vy, begin, end)
    if unit is not None:
        low, high = (np.round(share * unit[which]) / unit[which] for share in (low, high))
        kept = low < high
        which, low, high = which[kept], low[kept], high[kept]
    ux, uy, vx, vy = (at[which] for at in corners)
    return which, low, high, face_codes(views[which], ux, uy, vx, vy, low, high, code_px)


def face_codes(views: Floats, ux: Floats, uy: Floats, vx: Floats, vy: Floats, begin: Floats, end: Floats,
               code_px: float) -> NDArray[np.uint16]:
    """Compute pixels across a face on a stretch, the geometric mean of its two ends, in units of `code_px` at 1 px/m.

    `views` rows as in `coverage`, one per stretch; `begin`, `end` in shares of the step u → v.
    """
    near, far = (
        (ux + share * (vx - ux) - views[:, 0]) ** 2 + (uy + share * (vy - uy) - views[:, 1]) ** 2 + views[:, 6] ** 2
        for share in (begin, end)
    )
    code = code_px * views[:, 5] / np.maximum(near * far, 1e-24) ** 0.25
    return np.minimum(np.floor(code + 0.5), 2040.0).astype(np.uint16)


def in_sight(walls: Walls, views: Floats, camera: Ints, x: Floats, y: Floats) -> Bools:
    """Return whether no other building stands between a camera and an entrance; the entrance's own does not hide it."""
    own = building_at(walls, x, y)
    one = np.ones(x.size)
    # a step of one millimetre represents the entrance
    which, _, _ = visible(walls, views[camera, 0], views[camera, 1], x, y, x + 1e-3, y, 0 * one, one, own)
    free = np.zeros(x.size, dtype=bool)
    free[which] = True
    return free
