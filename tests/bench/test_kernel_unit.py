"""The ceilings' two kernels, by hand; `tools/cover.py` runs this file as plain Python too."""

from __future__ import annotations

import numpy as np

from privacysim.bench import ceilings_kernel as kernel


def test_the_triad_is_b_plus_three_c_and_touches_nothing_else():
    a, b, c = np.full(4, 9.0), np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 0.0, -1.0, 10.0])
    kernel.triad(a[:3], b[:3], c[:3])
    assert a.tolist() == [2.5, 2.0, 0.0, 9.0]
    assert (b.tolist(), c.tolist()) == ([1.0, 2.0, 3.0, 4.0], [0.5, 0.0, -1.0, 10.0])


def test_the_gather_adds_what_lies_where_it_is_sent_as_often_as_it_is_sent_there():
    values = np.array([1, 10, 100, 1000], dtype=np.int64)
    assert kernel.gather(values, np.array([3, 1, 1, 0])) == 1021
    assert kernel.gather(values, np.array([], dtype=np.int64)) == 0
