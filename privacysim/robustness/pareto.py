"""What no other choice beats: dominance between choices with several goals, all to be made small."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def nondominated(goals: Floats) -> NDArray[np.bool_]:
    """Which rows of (choices, goals) no other row beats: at most as large in all goals, and smaller in one.

    >>> nondominated(np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 3.0]])).tolist()
    [True, True, False]
    """
    keep = np.ones(len(goals), dtype=bool)
    for n, mine in enumerate(goals):
        better = (goals <= mine).all(axis=1) & (goals < mine).any(axis=1)
        keep[n] = not better.any()
    return keep


def dominators(goals: Floats) -> NDArray[np.intp]:
    """For each row the row on the front that beats it (the one that gains most over all goals), −1 on the front."""
    front = np.flatnonzero(nondominated(goals))
    spread = np.ptp(goals, axis=0)
    scaled = goals / np.where(spread > 0, spread, 1.0)
    found = np.full(len(goals), -1, dtype=np.intp)
    for n, mine in enumerate(goals):
        better = front[((goals[front] <= mine).all(axis=1)) & ((goals[front] < mine).any(axis=1))]
        if better.size:
            found[n] = better[np.argmin(scaled[better].sum(axis=1))]
    return found
