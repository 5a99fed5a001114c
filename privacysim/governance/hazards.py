"""Competing causes that end something (a stream, a hidden camera): who is first, under hazards that change once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from privacysim.governance.log import NEVER
from privacysim.units import DAY_TICKS


def first_end(
    counted_from: int, switch: int, marks: NDArray[np.float64], hazard: NDArray[np.float64],
    factors: NDArray[np.float64], since: NDArray[np.int64] | None = None,
) -> tuple[int, int]:
    """Tick and cause of the end: the first cause whose integrated hazard passes its unit exponential.

    The hazard is `hazard` a day until the switch (or that cause's own `since`) and `hazard · factors` from then on.
    Ties: the first cause. Nothing that can end it: (NEVER, −1).
    """
    best, cause = float(NEVER), -1
    for number in range(marks.size):
        rate, turn = hazard[number], switch if since is None else max(switch, int(since[number]))
        before = max(turn - counted_from, 0) / DAY_TICKS
        left = marks[number] - rate * before
        if left <= 0:
            at = counted_from + marks[number] / rate * DAY_TICKS
        elif rate * factors[number] > 0:
            at = max(counted_from, turn) + left / (rate * factors[number]) * DAY_TICKS
        else:
            continue
        if at < best:
            best, cause = at, number
    return (int(np.ceil(best)) if best < float(NEVER) else int(NEVER), cause)
