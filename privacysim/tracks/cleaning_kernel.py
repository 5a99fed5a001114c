"""Cleaning pass over a track's fixes, as a loop because what is kept depends on what was kept before."""

import numpy as np

from privacysim.compiled import jit

SAME_INSTANT, BACKWARDS, TOO_FAST, GAP, HELD = range(5)
"""Columns of the counts: fixes dropped or broken at for the first three, breaks for the fourth, fixes held in place."""
METRES_PER_DEGREE = 111_195.0
"""Precise enough to tell a glitch from a step."""


@jit
def _metres(lat, lon, a, b):
    """Distance in metres of two nearby fixes."""
    east = ((lon[b] - lon[a] + 540.0) % 360.0 - 180.0) * np.cos(np.radians(0.5 * (lat[a] + lat[b])))
    return METRES_PER_DEGREE * np.hypot(east, lat[b] - lat[a])


@jit
def clean(lat, lon, time, leg, gap_s, speed, jitter_m, leap_m, keep, joined, counts):
    """Mark fixes to keep, and whether the way from the previous kept one is known; moves held fixes (`lat`, `lon`).

    A fix is dropped for its clock or its speed only if the next fix is plausible again (a glitch); otherwise the track
    breaks there. A person who stays within `jitter_m` of a place is at rest there. Their fixes are held at that place,
    and the last one is kept for its time. Returns metres of gaps.
    """
    last, anchor, lost = -1, -1, 0.0
    for i in range(lat.size):
        if last < 0 or leg[i] != leg[last]:
            keep[i], last, anchor = True, i, i
            continue
        distance = _metres(lat, lon, last, i)
        elapsed = time[i] - time[last]
        if elapsed == 0.0:
            counts[SAME_INSTANT] += 1
            continue
        if elapsed < 0.0 or distance > speed * elapsed:
            counts[BACKWARDS if elapsed < 0.0 else TOO_FAST] += 1
            if i + 1 < lat.size and leg[i + 1] == leg[last]:
                after = time[i + 1] - time[last]
                if after > 0.0 and _metres(lat, lon, last, i + 1) <= speed * after:
                    continue
            keep[i], last, anchor = True, i, i
            lost += distance
            continue
        if (elapsed > gap_s and distance > jitter_m) or distance > leap_m:
            counts[GAP] += 1
            keep[i], last, anchor = True, i, i
            lost += distance
            continue
        if _metres(lat, lon, anchor, i) < jitter_m:
            counts[HELD] += 1
            lat[i], lon[i] = lat[anchor], lon[anchor]
            if last != anchor:
                keep[last] = False
        else:
            anchor = i
        keep[i], joined[i], last = True, True, i
    return lost
