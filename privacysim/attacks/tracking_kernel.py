"""Who else could it be, when a person leaves one camera and appears at the next?"""

from __future__ import annotations

import numpy as np
from numba import njit

jit = njit(cache=True, nogil=True)


@jit
def lookalikes(start, time, user, at, when, within, stamp):
    """Distinct users seen at place `at` within `within` seconds of `when`, herself among them."""
    low, high = start[at], start[at + 1]
    first, last = low, high
    while first < last:
        middle = (first + last) >> 1
        if time[middle] < when - within:
            first = middle + 1
        else:
            last = middle
    count, mark = 0, stamp[-1] + 1
    stamp[-1] = mark
    for r in range(first, high):
        if time[r] > when + within:
            break
        if stamp[user[r]] != mark:
            stamp[user[r]] = mark
            count += 1
    return count


@jit
def follow(user_start, place, when, left, place_start, place_time, place_user, users, within, gap, confused_above):
    """Per row of a user (in the order of time): people it could be, and whether the track from the row before holds."""
    size = np.zeros(place.size, np.int64)
    held = np.zeros(place.size, np.bool_)
    stamp = np.zeros(users + 1, np.int64)
    for u in range(users):
        for r in range(user_start[u], user_start[u + 1]):
            size[r] = lookalikes(place_start, place_time, place_user, place[r], when[r], within, stamp)
            if r > user_start[u]:
                held[r] = when[r] - left[r - 1] <= gap and size[r] <= confused_above
    return size, held
