"""Ceilings of the machine: streaming through memory, and fetching from random places."""

from __future__ import annotations

import numpy as np
from numba import njit

jit = njit(cache=True, nogil=True)


@jit
def triad(a, b, c):
    """McCalpin's STREAM triad, a = b + 3·c: three transfers of eight bytes per element."""
    for i in range(a.size):
        a[i] = b[i] + 3.0 * c[i]


@jit
def gather(values, where):
    """Sum values at random places: one cache miss each, like a look-up per sighting."""
    total = np.int64(0)
    for i in range(where.size):
        total += values[where[i]]
    return total
