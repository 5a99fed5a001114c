"""What the machine can do at most: stream through memory, and fetch from random places of it."""

from __future__ import annotations

import numpy as np
from numba import njit

jit = njit(cache=True, nogil=True)


@jit
def triad(a, b, c):
    """McCalpin's STREAM triad, a = b + 3·c: three transfers of eight bytes an element."""
    for i in range(a.size):
        a[i] = b[i] + 3.0 * c[i]


@jit
def gather(values, where):
    """Sum of values at random places: one cache miss each, as a lookup per sighting would be."""
    total = np.int64(0)
    for i in range(where.size):
        total += values[where[i]]
    return total
