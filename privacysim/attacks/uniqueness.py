"""Unicity: how many points of a person's month are enough to find them among n people.

De Montjoye, Hidalgo, Verleysen and Blondel (2013, doi:10.1038/srep01376): draw k of a person's points at random; the
person is unique if nobody else has all of them. The share depends on the number of people, so it is always "in a
population of n", with a rarefaction curve over n, n/2, n/4 …. It is not extrapolated to larger populations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import draws as draws_of
from privacysim.attacks import points_kernel as kernel
from privacysim.attacks.points import Coded, code_points, columns, squeezed, whole
from privacysim.attacks.search_kernel import unique_draws
from privacysim.errors import InputError
from privacysim.stats import wilson


def unicity(
    points: pd.DataFrame, k: int | Sequence[int], *, user: str = "user", place: str | None = None, x: str = "x",
    y: str = "y", time: str | None = None, cell_m: float | Sequence[float] | None = None,
    window_s: float | Sequence[float] | None = None, draws: int = 10, seed: int = 0, targets: int | None = None,
    rarefaction: int | Sequence[int] = 0,
) -> pd.DataFrame:
    """Share of users whom k random points of theirs single out, at one or several resolutions.

    `points`: one row per sighting: `user`; `place` (an id) or `x`, `y` in metres; `time` in seconds or dates, if known.
    Locations become squares of `cell_m`, times windows of `window_s`; give lists for several resolutions and several k.
    Points are drawn once, at the finest resolution, and the first k of a draw serve every k and every grid. More points
    therefore never single out fewer users, and a coarser grid that contains the finer ones (100, 200, 400 …) never
    more. `draws` per user; `targets`: a sample of so many users, drawn by `seed`. `rarefaction`: how often to halve the
    population (or its sizes); users are kept in a random, nested order.

    Returns rows (k, cell_m, window_s, population, targets, unicity, low, high). `targets` are users with at least k
    distinct points; others are left out. The interval is Wilson's on targets, wider than the draws need. A population
    of 1 has nobody to be confused with: unicity 1.

    >>> seen = pd.DataFrame({"user": [1, 1, 2, 2], "place": ["a", "b", "a", "c"]})
    >>> unicity(seen, [1, 2], place="place", draws=200)["unicity"].round(1).tolist()
    [0.5, 1.0]
    """
    what = "unicity"
    many = [whole(one, "k", what, 1000) for one in _list(k)]
    draws = whole(draws, "draws", what, 65_535)
    coded = code_points(points, user=user, place=place, x=x, y=y, time=time, what=what, window_s=window_s)
    grids = [(c, w) for c in _list(cell_m) for w in _list(window_s)]
    coarser, kinds, fine = _fine(coded, grids, what)
    users = coded.users.size
    start, mine = kernel.by_user(coded.user, fine, users)
    del coded
    start, mine, _ = kernel.distinct(start, mine)
    order = np.argsort(draws_of.uniform(draws_of.stream_key(seed, 0, "unicity"), np.arange(users)), kind="stable")
    rank = np.empty(users, dtype=np.int64)
    rank[order] = np.arange(users)
    sizes = np.asarray(_sizes(rarefaction, users, what), dtype=np.int64)
    chosen = np.sort(order[: users if targets is None else whole(targets, "targets", what)])
    rows = []
    for (cell, window), coarse in zip(grids, coarser, strict=True):
        item_start, items = start, mine
        if kinds != coarse.max() + 1 or not (coarse == np.arange(coarse.size)).all():
            item_start, items, _ = kernel.distinct(start.copy(), coarse[mine])
        post_start, post_user = kernel.postings(item_start, items, int(coarse.max()) + 1)
        for n in many:
            hits = unique_draws(
                chosen, start, mine, coarse, item_start, items, post_start, post_user, rank, sizes, n, draws,
                np.uint64(seed),
            )  # fmt: skip
            rows += [_row(n, cell, window, size, hits[:, s], rank[chosen], draws) for s, size in enumerate(sizes)]
    return pd.DataFrame(
        [row for row in rows if row is not None],
        columns=["k", "cell_m", "window_s", "population", "targets", "unicity", "low", "high"],
    )


def _row(
    k: int, cell: float | None, window: float | None, size: int, hits: NDArray[np.int32], rank: NDArray[np.int64],
    draws: int,
) -> tuple[Any, ...] | None:
    """Row of the result; None if no target of that population has k points."""
    mine = hits[(hits >= 0) & (rank < size)]
    if not mine.size:
        return None
    share = float(mine.sum()) / (draws * mine.size)
    band = wilson(round(share * mine.size), mine.size)
    low, high = min(float(band.low or 0.0), share), max(float(1.0 if band.high is None else band.high), share)
    return k, cell, window, int(size), mine.size, share, low, high


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]


def _sizes(rarefaction: int | Sequence[int], users: int, what: str) -> list[int]:
    if isinstance(rarefaction, (int, np.integer)):
        if rarefaction < 0:
            raise InputError(f"{what}, rarefaction", "how often to halve, from 0 on", rarefaction, "write 3")
        return [max(1, users >> halving) for halving in range(int(rarefaction) + 1)]
    return [whole(size, "rarefaction", what, users) for size in rarefaction]


def _fine(
    coded: Coded, grids: list[tuple[float | None, float | None]], what: str
) -> tuple[list[NDArray[np.int32]], int, NDArray[np.int32]]:
    """Per grid the coarse code of each fine point; the number of fine points; the fine point of each row."""
    if len(grids) == 1:  # one resolution: points are the cells themselves
        point, kinds = squeezed(columns(coded, *grids[0], what))
        return [np.arange(kinds, dtype=np.int32)], kinds, point
    finest = (_least([cell for cell, _ in grids]), _least([window for _, window in grids]))
    point, kinds = squeezed(columns(coded, *finest, what))
    first = np.empty(kinds, dtype=np.int64)
    first[point[::-1]] = np.arange(point.size - 1, -1, -1)
    corner = _corners(coded, first, finest)
    return [squeezed(columns(corner, *grid, what))[0] for grid in grids], kinds, point


def _least(sizes: list[float | None]) -> float | None:
    return None if None in sizes else min(size for size in sizes if size is not None)


def _corners(coded: Coded, first: NDArray[np.int64], finest: tuple[float | None, float | None]) -> Coded:
    """Middle of each fine cell, so that a coarser grid sees cells and not the rows in them."""

    def middle(values: NDArray[np.float64] | None, size: float | None) -> NDArray[np.float64] | None:
        if values is None or size is None:
            return None if values is None else values[first]
        return (np.floor(values[first] / size) + 0.5) * size

    return Coded(coded.users, coded.user[first], middle(coded.x, finest[0]), middle(coded.y, finest[0]),
                 None if coded.place is None else coded.place[first], middle(coded.time_s, finest[1]))  # fmt: skip
