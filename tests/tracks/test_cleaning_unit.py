"""Which fixes of a track are kept: what each rule of cleaning does, by hand, to a few fixes along a meridian."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.tracks.cleaning_kernel import BACKWARDS, GAP, HELD, METRES_PER_DEGREE, SAME_INSTANT, TOO_FAST, clean

GAP_S, SPEED, JITTER_M, LEAP_M = 60.0, 10.0, 3.0, 500.0


def cleaned(metres, seconds, leg=None):
    """(kept, joined, {rule: how often}, metres of gaps, where the fixes are then)."""
    lat, lon = 50.0 + np.array(metres, dtype=float) / METRES_PER_DEGREE, np.full(len(metres), 7.0)
    keep, joined, counts = np.zeros(lat.size, dtype=bool), np.zeros(lat.size, dtype=bool), np.zeros(5, dtype=np.int64)
    legs = np.zeros(lat.size, dtype=np.int64) if leg is None else np.array(leg)
    time = np.array(seconds, dtype=float)
    lost = clean(lat, lon, time, legs, GAP_S, SPEED, JITTER_M, LEAP_M, keep, joined, counts)
    at = (lat - 50.0) * METRES_PER_DEGREE
    return keep.astype(int).tolist(), joined.astype(int).tolist(), dict(enumerate(counts)), lost, at


@pytest.mark.parametrize(("metres", "seconds", "kept", "joined", "rule", "lost"), [
    ([0, 10, 20], [0, 10, 20], [1, 1, 1], [0, 1, 1], None, 0),  # a plain walk
    ([0, 10, 15, 20], [0, 10, 10, 20], [1, 1, 0, 1], [0, 1, 0, 1], SAME_INSTANT, 0),
    ([0, 10, 900, 30], [0, 10, 20, 30], [1, 1, 0, 1], [0, 1, 0, 1], TOO_FAST, 0),  # a glitch: the next makes sense
    ([0, 10, 900, 910], [0, 10, 20, 30], [1, 1, 1, 1], [0, 1, 0, 1], TOO_FAST, 890),  # she stays there: a break
    ([0, 10, 900], [0, 10, 20], [1, 1, 1], [0, 1, 0], TOO_FAST, 890),  # nothing follows: a break
    ([0, 10, 15, 20], [0, 10, 5, 20], [1, 1, 0, 1], [0, 1, 0, 1], BACKWARDS, 0),
    ([0, 10, 15, 20], [100, 110, 0, 10], [1, 1, 1, 1], [0, 1, 0, 1], BACKWARDS, 5),  # the clock was set back
    ([0, 10, 50, 60], [0, 10, 110, 120], [1, 1, 1, 1], [0, 1, 0, 1], GAP, 40),  # silent, and elsewhere
    ([0, 10, 50, 60], [0, 10, 70, 80], [1, 1, 1, 1], [0, 1, 1, 1], None, 0),  # silent for just as long as may be
    ([0, 590, 600], [0, 60, 70], [1, 1, 1], [0, 0, 1], GAP, 590),  # a leap, at a speed that may be
    ([0, 390, 400], [0, 40, 50], [1, 1, 1], [0, 1, 1], None, 0),
])  # fmt: skip
def test_a_fix_is_kept_dropped_or_begins_anew_as_its_clock_speed_and_silence_say(
    metres, seconds, kept, joined, rule, lost
):
    keep, join, counts, gone, at = cleaned(metres, seconds)
    assert (keep, join) == (kept, joined)
    assert counts == {code: int(code == rule) for code in range(5)}
    assert gone == pytest.approx(lost, rel=1e-6)
    assert at == pytest.approx(metres, abs=1e-6), "nobody was moved"


def test_who_stands_is_held_where_she_stood_first_and_the_last_fix_is_kept_for_its_time():
    keep, joined, counts, _, at = cleaned([0, 1, 2, 1, 20], [0, 10, 20, 30, 40])
    assert keep == [1, 0, 0, 1, 1]
    assert joined[3:] == [1, 1]
    assert counts[HELD] == 3
    assert at == pytest.approx([0, 0, 0, 0, 20], abs=1e-6)


def test_who_stands_through_a_silence_has_no_gap():
    keep, joined, counts, lost, _ = cleaned([0, 1], [0, 3_600])
    assert (keep, joined, lost) == ([1, 1], [0, 1], 0.0)
    assert (counts[GAP], counts[HELD]) == (0, 1)


def test_a_creep_of_many_small_steps_is_a_walk_since_each_is_measured_from_where_she_stood():
    keep, _, counts, _, at = cleaned([0, 2, 4, 6, 8], [0, 10, 20, 30, 40])
    assert counts[HELD] == 2  # 2 m from 0, 6 m from 4: held; 4 and 8 are steps
    assert at == pytest.approx([0, 0, 4, 4, 8], abs=1e-6)
    assert keep == [1, 1, 1, 1, 1]


def test_another_leg_is_another_track_and_the_date_line_is_no_leap():
    keep, joined, counts, lost, _ = cleaned([0, 10, 5_000, 5_010], [0, 10, 20, 30], leg=[0, 0, 1, 1])
    assert (keep, joined, lost) == ([1, 1, 1, 1], [0, 1, 0, 1], 0.0)
    assert not any(counts.values())
    lat, lon = np.zeros(2), np.array([179.99995, -179.99995])  # 11 m apart on the equator
    kept, together = np.zeros(2, dtype=bool), np.zeros(2, dtype=bool)
    time, legs, found = np.array([0.0, 10.0]), np.zeros(2, dtype=np.int64), np.zeros(5, dtype=np.int64)
    clean(lat, lon, time, legs, GAP_S, SPEED, JITTER_M, LEAP_M, kept, together, found)
    assert together.tolist() == [False, True]
