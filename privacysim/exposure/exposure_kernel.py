"""Streaming kernel of exposure: compares every pass with every act at its camera, without a join in memory.

It is unit-free and single-threaded. `measure.py` contains the meaning of the numbers and the equations.

Five things make it fast. First, a pass is looked up by its half hours of the day: most acts last two hours, so one AND
excludes most (camera, arm) pairs. Second, look-ups run in batches of passes, in short loops that overlap many cache
misses. Third, if an act's window contains the whole pass of a day for any jitter, every piece is fully seen. Such
days are only counted, and only the days at the window's ends are computed one by one. Fourth, a viewer's q increases
with P, so the best of a pass is found once per mask and gallery. Fifth, arms with the same acts at a camera share the
work: each pass is summed separately and then entered for all of them, so sums do not depend on which arms are measured.
"""

import numpy as np

from privacysim.compiled import jit

_DAY = 864_000
_HALF_HOUR = 18_000
_HALF_HOURS = 48
_BATCH = 256
_ONE = np.uint64(1)
_NONE = np.uint64(0)


@jit
def _chance(p, attention, expected):
    """q = a·(m·P where m ≤ 1, else 1 − (1 − P)^m), by logarithms so that small probabilities keep their digits."""
    if expected <= 1.0:
        return attention * expected * p
    return -attention * np.expm1(expected * np.log1p(-p))


@jit
def _grown(rows):
    more = np.empty((2 * rows.shape[0], rows.shape[1]), dtype=rows.dtype)
    for i in range(rows.shape[0]):  # assigning a slice takes seconds to compile
        for j in range(rows.shape[1]):
            more[i, j] = rows[i, j]
    return more


@jit
def _bits(low, high):
    """Return a word with bits low … high − 1 set; 0 ≤ low, high ≤ 64."""
    if low >= high:
        return _NONE
    below_high = ~_NONE if high >= 64 else (_ONE << np.uint64(high)) - _ONE
    return below_high & ~((_ONE << np.uint64(low)) - _ONE)


@jit
def _count(word):
    """Count the bits that are set (Warren, Hacker's Delight, 5-2)."""
    word = word - ((word >> _ONE) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@jit
def _half_hours(begin, end):
    """Return the half hours of the day that [begin, end] touches, as bits; they wrap around midnight."""
    first = begin // _HALF_HOUR
    width = end // _HALF_HOUR - first + 1
    if width >= _HALF_HOURS:
        return _bits(0, _HALF_HOURS)
    first %= _HALF_HOURS
    if first + width <= _HALF_HOURS:
        return ((_ONE << np.uint64(width)) - _ONE) << np.uint64(first)
    return _bits(first, _HALF_HOURS) | _bits(0, first + width - _HALF_HOURS)


@jit
def _day_best_of(day_best, words, low, high):
    """Raise the best probabilities of the days in `words` to (low, high)."""
    for w in range(words.size):
        word = words[w]
        while word != _NONE:
            d = 64 * w + _count((word & (~word + _ONE)) - _ONE)
            day_best[d, 0], day_best[d, 1] = max(day_best[d, 0], low), max(day_best[d, 1], high)
            word &= word - _ONE


@jit
def _enter(own, arm, camera, twin, who, g, arrays):
    """Add what a group of viewers saw of one pass to every arm with the same acts at the camera, and clear it."""
    identifiable, weighted, missed, largest, missed_days, seen = arrays
    for b in range(arm, twin.shape[1]):
        if twin[camera, b] == arm:
            for c in range(2):
                identifiable[b, who, g, c] += own[g, c]
                weighted[b, who, g, c] += own[g, 2 + c]
                missed[b, who, g, c] += own[g, 4 + c]
                missed_days[b, who, g, c] += own[g, 6 + c]
                largest[b, who, g, c] = max(largest[b, who, g, c], own[g, 8 + c])
            seen[b, who, g] += np.int64(own[g, 10])
    for c in range(11):
        own[g, c] = 0.0


@jit
def _copied(first, visits, arm, camera, twin, keys, chances):
    """Repeat the rows of sensitive visits from `first` on for the other arms with the same acts at the camera."""
    last = visits
    for b in range(arm + 1, twin.shape[1] if last > first else 0):
        if twin[camera, b] == arm:
            for i in range(first, last):
                if visits == keys.shape[0]:
                    keys, chances = _grown(keys), _grown(chances)
                for j in range(6):
                    keys[visits, j] = keys[i, j]
                keys[visits, 1] = b
                chances[visits, 0], chances[visits, 1] = chances[i, 0], chances[i, 1]
                visits += 1
    return visits, keys, chances


@jit
def _close(own, arm, who, g, watcher, segments, best_low, best_high, touched, day_best, sensitive, place, first_day,
           visits, keys, chances):  # fmt: skip
    """Enter a trial whose days are in `touched`; return the rows of sensitive visits, extended by its own."""
    log_low, log_high = np.log1p(-best_low), np.log1p(-best_high)
    own[g, 4] += log_low
    own[g, 5] += log_high
    own[g, 8], own[g, 9] = max(own[g, 8], best_low), max(own[g, 9], best_high)
    if segments == 1 and not sensitive:
        days = 0
        for w in range(touched.size):
            days += _count(touched[w])
        own[g, 6] += days * log_low
        own[g, 7] += days * log_high
        return visits, keys, chances
    value_low, value_high = best_low, best_high
    for w in range(touched.size):
        word = touched[w]
        while word != _NONE:
            d = 64 * w + _count((word & (~word + _ONE)) - _ONE)
            word &= word - _ONE
            if segments > 1:  # days of one segment are all alike
                if day_best[d, 0] != value_low:  # and most days of a walk
                    value_low = day_best[d, 0]
                    log_low = np.log1p(-value_low)
                if day_best[d, 1] != value_high:
                    value_high = day_best[d, 1]
                    log_high = np.log1p(-value_high)
            own[g, 6] += log_low
            own[g, 7] += log_high
            if sensitive:
                if visits == keys.shape[0]:
                    keys, chances = _grown(keys), _grown(chances)
                keys[visits, 0], keys[visits, 1], keys[visits, 2] = who, arm, g
                keys[visits, 3], keys[visits, 4], keys[visits, 5] = place, d + first_day, watcher
                chances[visits, 0], chances[visits, 1] = value_low, value_high
                visits += 1
    return visits, keys, chances


@jit
def _passes_of(i, person, pass_no, offset, length, span, begins, firsts, lasts, hours):
    """Find the next passes from piece i on: where their pieces begin, first and last tick, half hours."""
    size, n = person.size, 0
    while i < size and n < _BATCH:
        begins[n] = i
        who, number = person[i], pass_no[i]
        first, last = np.int64(offset[i]), np.int64(offset[i]) + length[i]
        i += 1
        while i < size and pass_no[i] == number and person[i] == who:
            first, last = min(first, np.int64(offset[i])), max(last, np.int64(offset[i]) + length[i])
            i += 1
        firsts[n], lasts[n] = first, last
        hours[n] = _half_hours(first - span, last + span)
        n += 1
    begins[n] = i
    return n


@jit
def _walked(mask, low, high):
    """Return whether any of the days low … high is set."""
    for w in range(low >> 6, (high >> 6) + 1):
        if mask[w] & _bits(max(low - 64 * w, 0), min(high + 1 - 64 * w, 64)) != _NONE:
            return True
    return False


@jit
def _meetings(n, begins, firsts, lasts, hours, camera, tour, tour_mask, index, twin, window, first_day, last_day, span,
              asked, found):  # fmt: skip
    """Find rows (pass, arm, act) of a batch whose window may meet the pass on a day of its tour; return rows, count."""
    arms, candidates, met = index.shape[1], 0, 0
    for p in range(n):
        at = camera[begins[p]]
        for arm in range(arms):
            asked[candidates] = p * arms + arm
            candidates += 1 if index[at, arm, 0] & hours[p] != _NONE and twin[at, arm] == arm else 0
    for c in range(candidates):
        p, arm = asked[c] // arms, asked[c] % arms
        rows = index[camera[begins[p]], arm, 1]
        low_row, high_row = np.int64(rows >> np.uint64(32)), np.int64(rows & np.uint64(0xFFFFFFFF))
        while met + high_row - low_row >= found.shape[0]:
            found = _grown(found)
        early, late = lasts[p] + span, firsts[p] - span
        for row in range(low_row, high_row):
            found[met, 0], found[met, 1], found[met, 2] = p, arm, row
            low = max(-((early - window[row, 0]) // _DAY), first_day) - first_day
            high = min((window[row, 1] - late) // _DAY, last_day) - first_day
            if low <= high and _walked(tour_mask[tour[begins[p]]], low, high):
                met += 1
    return met, found


@jit
def expose(person, pass_no, camera, tour, offset, length, face, frontal, place, sensitive, tour_mask, tour_shift,
           jitter, first_day, jitter_span, index, twin, window, group, viewer, pair, attention, known, audience, table,
           identifiable, weighted, missed, largest, missed_days, seen):  # fmt: skip
    """Add up the exposure of a block of people; arrays (arm, person, group, curve), `seen` without the curve.

    Times are ticks. `index[camera, arm]`: the half hours of the day with any viewing, and the rows of the acts as first
    << 32 | end; `twin[camera, arm]`: the first arm with the same acts; `window[row]`: begin and end. `missed` and
    `missed_days` receive sums of log(1 − q), `identifiable` and `weighted` tick-weighted sums of P; the caller converts
    them to probabilities and seconds. Returns what was seen of sensitive visits: rows (person, arm, group, place, day,
    viewer) and the trial's probability on that day, per curve.
    """
    days, words, arms = jitter.shape[1], tour_mask.shape[1], index.shape[1]
    last_day = first_day + days - 1
    whole = np.zeros(words, dtype=np.uint64)  # days on which the act's window contains the whole pass
    touched = np.zeros(words, dtype=np.uint64)  # days of the trial
    shown = np.zeros(words, dtype=np.uint64)  # days of the trials of one group
    day_best = np.zeros((days, 2))
    of_pair = np.zeros((table.shape[0], 4))  # Σ ticks·P and the largest P of this pass, both curves
    pair_pass = np.full(table.shape[0], -1, dtype=np.int64)
    arrays = (identifiable, weighted, missed, largest, missed_days, seen)
    own = np.zeros((seen.shape[2], 11))  # by group: sums of this pass, in the order of `_enter`
    keys = np.empty((1024, 6), dtype=np.int64)
    chances = np.empty((1024, 2))
    visits = 0
    begins, firsts, lasts = np.empty(_BATCH + 1, np.int64), np.empty(_BATCH, np.int64), np.empty(_BATCH, np.int64)
    hours, asked = np.empty(_BATCH, dtype=np.uint64), np.empty(_BATCH * arms + 1, dtype=np.int64)
    found = np.empty((4 * _BATCH, 3), dtype=np.int64)
    behind = 0
    while behind < person.size:
        n_passes = _passes_of(behind, person, pass_no, offset, length, jitter_span, begins, firsts, lasts, hours)
        behind = begins[n_passes]
        n_met, found = _meetings(
            n_passes, begins, firsts, lasts, hours, camera, tour, tour_mask, index, twin, window, first_day, last_day,
            jitter_span, asked, found,
        )  # fmt: skip
        meeting = 0
        while meeting < n_met:
            p, arm = found[meeting, 0], found[meeting, 1]
            i, j, first, last = begins[p], begins[p + 1], firsts[p], lasts[p]
            who, t, entered = person[i], tour[i], visits
            g, watcher, group_before = np.int64(-1), np.int64(-1), np.int64(-1)
            segments = 0  # of the trial: number of times something was seen; within one segment all days are alike
            best_low, best_high = 0.0, 0.0
            while meeting < n_met and found[meeting, 0] == p and found[meeting, 1] == arm:
                row = found[meeting, 2]
                meeting += 1
                begin, end = window[row, 0], window[row, 1]
                low = max(-((last + jitter_span - begin) // _DAY), first_day)
                high = min((end - first + jitter_span) // _DAY, last_day)
                if viewer[row] != watcher or group[row] != g:
                    # another trial: the acts of one viewer in one group; the high branch is never below the low one
                    if segments and best_high > 0.0:
                        visits, keys, chances = _close(
                            own, arm, who, g, watcher, segments, best_low, best_high, touched, day_best,
                            sensitive[i], place[i], first_day, visits, keys, chances,
                        )  # fmt: skip
                    g, watcher, segments = np.int64(group[row]), viewer[row], 0
                    best_low, best_high = 0.0, 0.0
                    for w in range(words):
                        touched[w] = _NONE
                    if group_before != g:
                        if group_before >= 0:
                            _enter(own, arm, camera[i], twin, who, group_before, arrays)
                        group_before = g
                        for w in range(words):
                            shown[w] = _NONE
                full_low = max(-((first - jitter_span - begin) // _DAY), first_day)
                full_high = min((end - last - jitter_span) // _DAY, last_day)
                if full_low > full_high:
                    full_low, full_high = high + 1, high
                n_whole = 0
                if full_low <= full_high:
                    for w in range(words):
                        a, b = full_low - first_day - 64 * w, full_high + 1 - first_day - 64 * w
                        whole[w] = tour_mask[t, w] & _bits(max(a, 0), min(max(b, 0), 64))
                        n_whole += _count(whole[w])
                m, which = known[row] * audience[row], pair[row]
                weight = attention[row] * known[row]
                if n_whole:
                    if pair_pass[which] != i:
                        pair_pass[which] = i
                        for k in range(4):
                            of_pair[which, k] = 0.0
                        for k in range(i, j):
                            p_low = table[which, 0, 1 if frontal[k] else 0, face[k]]
                            p_high = table[which, 1, 1 if frontal[k] else 0, face[k]]
                            of_pair[which, 0] += length[k] * p_low
                            of_pair[which, 1] += length[k] * p_high
                            of_pair[which, 2] = max(of_pair[which, 2], p_low)
                            of_pair[which, 3] = max(of_pair[which, 3], p_high)
                    seconds_low, seconds_high = n_whole * of_pair[which, 0], n_whole * of_pair[which, 1]
                    own[g, 0] += weight * seconds_low
                    own[g, 1] += weight * seconds_high
                    own[g, 2] += weight * seconds_low * audience[row]
                    own[g, 3] += weight * seconds_high * audience[row]
                    q_low = _chance(of_pair[which, 2], attention[row], m)
                    q_high = _chance(of_pair[which, 3], attention[row], m)
                    segments += 1
                    if segments == 2:  # so far all days were alike
                        for d in range(days):
                            day_best[d, 0], day_best[d, 1] = 0.0, 0.0
                        _day_best_of(day_best, touched, best_low, best_high)
                    if segments > 1:
                        _day_best_of(day_best, whole, q_low, q_high)
                    best_low, best_high = max(best_low, q_low), max(best_high, q_high)
                    for w in range(words):
                        touched[w] |= whole[w]
                        own[g, 10] += _count(whole[w] & ~shown[w])
                        shown[w] |= whole[w]
                day = low
                while day <= high:  # the days at the ends of the window
                    if day == full_low:
                        day = full_high + 1
                        continue
                    d = day - first_day
                    day += 1
                    w, bit = d >> 6, _ONE << np.uint64(d & 63)
                    if tour_mask[t, w] & bit == _NONE:
                        continue
                    shift = (first_day + d) * _DAY + np.int64(jitter[tour_shift[t], d])
                    if max(begin, shift + first) >= min(end, shift + last):
                        continue
                    ticks_low, ticks_high, p_low, p_high, some = 0.0, 0.0, 0.0, 0.0, False
                    for k in range(i, j):
                        enter = shift + offset[k]
                        overlap_begin, overlap_end = max(begin, enter), min(end, enter + length[k])
                        if overlap_begin < overlap_end:
                            some = True
                            p0 = table[which, 0, 1 if frontal[k] else 0, face[k]]
                            p1 = table[which, 1, 1 if frontal[k] else 0, face[k]]
                            ticks_low += (overlap_end - overlap_begin) * p0
                            ticks_high += (overlap_end - overlap_begin) * p1
                            p_low, p_high = max(p_low, p0), max(p_high, p1)
                    if not some:
                        continue
                    own[g, 0] += weight * ticks_low
                    own[g, 1] += weight * ticks_high
                    own[g, 2] += weight * ticks_low * audience[row]
                    own[g, 3] += weight * ticks_high * audience[row]
                    q_low, q_high = _chance(p_low, attention[row], m), _chance(p_high, attention[row], m)
                    segments += 1
                    if segments == 2:
                        for n in range(days):
                            day_best[n, 0], day_best[n, 1] = 0.0, 0.0
                        _day_best_of(day_best, touched, best_low, best_high)
                    if segments > 1:
                        day_best[d, 0], day_best[d, 1] = max(day_best[d, 0], q_low), max(day_best[d, 1], q_high)
                    best_low, best_high = max(best_low, q_low), max(best_high, q_high)
                    touched[w] |= bit
                    if shown[w] & bit == _NONE:
                        shown[w] |= bit
                        own[g, 10] += 1
            if segments and best_high > 0.0:
                visits, keys, chances = _close(
                    own, arm, who, g, watcher, segments, best_low, best_high, touched, day_best, sensitive[i],
                    place[i], first_day, visits, keys, chances,
                )  # fmt: skip
            if group_before >= 0:
                _enter(own, arm, camera[i], twin, who, group_before, arrays)
            visits, keys, chances = _copied(entered, visits, arm, camera[i], twin, keys, chances)
    return keys[:visits], chances[:visits]
