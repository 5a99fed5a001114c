"""The streaming kernel of the exposure: every piece of a pass against every act at its camera, no join in memory.

Unit-free and single-threaded. What the numbers mean, and the equations, stand in `definition.py`, which must give the
same; a test holds the two together.
"""

from __future__ import annotations

import numpy as np
from numba import njit

jit = njit(cache=True, nogil=True)

_DAY = 864_000


@jit
def _chance(p, attention, expected):
    """q = a·(m·P where m ≤ 1, else 1 − (1 − P)^m), by logarithms so that small chances keep their digits."""
    if expected <= 1.0:
        return attention * expected * p
    return -attention * np.expm1(expected * np.log1p(-p))


@jit
def _grown(rows):
    more = np.empty((2 * rows.shape[0], rows.shape[1]), dtype=rows.dtype)
    more[: rows.shape[0]] = rows
    return more


@jit
def expose(person, pass_no, camera, tour, offset, length, face, frontal, place, sensitive, tour_mask, tour_jitter,
           first_day, jitter_span, start, group, viewer, act_begin, act_end, pair, attention, known, audience, table,
           identifiable, weighted, missed, largest, missed_days, seen):  # fmt: skip
    """Adds up the exposure of a block of people; arrays (person, arm, group, curve), `seen` without the curve.

    Times are ticks. `missed` and `missed_days` get sums of log(1 − q), `identifiable` and `weighted` tick-weighted
    sums of P; the caller turns them into chances and seconds. Returns what was seen of sensitive visits: rows (person,
    arm, group, place, day, viewer) and the trial's chance on that day, per curve.
    """
    days = tour_jitter.shape[1]
    arms = start.shape[1] - 1
    hits = np.empty(days, dtype=np.int64)  # days on which an act's window meets the pass
    touched = np.empty(days, dtype=np.int64)  # days of the trial
    trial_stamp = np.zeros(days, dtype=np.int64)
    seen_stamp = np.zeros(days, dtype=np.int64)
    trial_no, seen_no = 0, 0
    day_best = np.zeros((days, 2))
    best = np.zeros(2)
    q = np.zeros(2)
    keys = np.empty((1024, 6), dtype=np.int64)
    chances = np.empty((1024, 2))
    visits = 0
    size = person.size
    i = 0
    while i < size:
        who, number, at = person[i], pass_no[i], camera[i]
        j = i
        first, last = offset[i], offset[i] + length[i]
        while j < size and person[j] == who and pass_no[j] == number:
            first, last = min(first, offset[j]), max(last, offset[j] + length[j])
            j += 1
        t = tour[i]
        for arm in range(arms):
            row, stop = start[at, arm], start[at, arm + 1]
            while row < stop:
                # one trial: the acts of one viewer in one group
                g, watcher = group[row], viewer[row]
                if row == start[at, arm] or group[row - 1] != g:
                    seen_no += 1
                trial_no += 1
                days_touched = 0
                best[0], best[1] = 0.0, 0.0
                while row < stop and group[row] == g and viewer[row] == watcher:
                    begin, end = act_begin[row], act_end[row]
                    low = max(-((last + jitter_span - begin) // _DAY), first_day)
                    high = min((end - first + jitter_span) // _DAY, first_day + days - 1)
                    found = 0
                    for day in range(low, high + 1):
                        d = day - first_day
                        if tour_mask[t, d >> 6] >> np.uint64(d & 63) & np.uint64(1):
                            shift = day * _DAY + np.int64(tour_jitter[t, d])
                            if max(begin, shift + first) <= min(end, shift + last):
                                hits[found] = d
                                found += 1
                    if found:
                        for k in range(i, j):
                            ticks = 0
                            p_low = table[pair[row], 0, 1 if frontal[k] else 0, face[k]]
                            p_high = table[pair[row], 1, 1 if frontal[k] else 0, face[k]]
                            q[0] = _chance(p_low, attention[row], known[row] * audience[row])
                            q[1] = _chance(p_high, attention[row], known[row] * audience[row])
                            for h in range(found):
                                d = hits[h]
                                enter = (first_day + d) * _DAY + offset[k] + np.int64(tour_jitter[t, d])
                                overlap_begin, overlap_end = max(begin, enter), min(end, enter + length[k])
                                if overlap_begin < overlap_end:
                                    ticks += overlap_end - overlap_begin
                                    if seen_stamp[d] != seen_no:
                                        seen_stamp[d] = seen_no
                                        seen[who, arm, g] += 1
                                    if trial_stamp[d] != trial_no:
                                        trial_stamp[d] = trial_no
                                        touched[days_touched] = d
                                        days_touched += 1
                                        day_best[d, 0], day_best[d, 1] = 0.0, 0.0
                                    for c in range(2):
                                        day_best[d, c] = max(day_best[d, c], q[c])
                                        best[c] = max(best[c], q[c])
                            if ticks:
                                weight = ticks * attention[row] * known[row]
                                identifiable[who, arm, g, 0] += weight * p_low
                                identifiable[who, arm, g, 1] += weight * p_high
                                weighted[who, arm, g, 0] += weight * p_low * audience[row]
                                weighted[who, arm, g, 1] += weight * p_high * audience[row]
                    row += 1
                if best[1] <= 0.0:  # the high branch is never below the low one
                    continue
                for c in range(2):
                    missed[who, arm, g, c] += np.log1p(-best[c])
                    largest[who, arm, g, c] = max(largest[who, arm, g, c], best[c])
                    value, logarithm = 0.0, 0.0
                    for h in range(days_touched):
                        if day_best[touched[h], c] != value:  # most days of a walk are alike
                            value = day_best[touched[h], c]
                            logarithm = np.log1p(-value)
                        missed_days[who, arm, g, c] += logarithm
                if sensitive[i]:
                    for h in range(days_touched):
                        if visits == keys.shape[0]:
                            keys, chances = _grown(keys), _grown(chances)
                        keys[visits, 0], keys[visits, 1], keys[visits, 2] = who, arm, g
                        keys[visits, 3], keys[visits, 4], keys[visits, 5] = place[i], touched[h] + first_day, watcher
                        chances[visits, 0], chances[visits, 1] = day_best[touched[h], 0], day_best[touched[h], 1]
                        visits += 1
        i = j
    return keys[:visits], chances[:visits]
