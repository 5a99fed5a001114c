"""What a pilot finds out about the skewness of a comparison: both arms meet the same events."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.metrics import Contributions
from privacysim.results.summary_rows import difference_of, ratio_of
from privacysim.stats import compound_poisson_skewness
from privacysim.study.pilots import _compared

RATIO, DIFFERENCE = ratio_of("b", "a"), difference_of("b", "a")


def met(amounts: dict[int, float]) -> Contributions:
    roots = np.array(sorted(amounts), dtype=np.int64)
    values = np.array([amounts[root] for root in roots.tolist()])
    return Contributions(roots, values, float(values.sum()))


def test_an_event_that_a_rule_removes_counts_with_what_it_contributed_and_the_others_with_what_is_left():
    a, b = met({1: 4.0, 2: 3.0, 7: 2.0, 9: 1.0}), met({1: 4.0, 7: 2.0, 9: 1.0})
    found = _compared("b", b, "a", a)
    theta = 0.7
    d = [4 - theta * 4, -theta * 3, 2 - theta * 2, 1 - theta * 1]
    assert found[RATIO] == pytest.approx(compound_poisson_skewness(d), abs=1e-4)
    assert found[DIFFERENCE] == pytest.approx(-1.0), "one event alone: Poisson, downwards"


def test_a_rule_that_lowers_every_event_alike_is_not_skewed_as_a_ratio():
    a = met({n: float(n) for n in range(1, 30)})
    found = _compared("b", met({n: 0.5 * n for n in range(1, 30)}), "a", a)
    assert RATIO not in found
    assert found[DIFFERENCE] < 0


def test_turned_round_a_comparison_is_as_skewed_the_other_way():
    rng = np.random.default_rng(2)
    a = met(dict(enumerate(rng.lognormal(size=80))))
    b = met({root: x * rng.uniform(0.2, 1.0) for root, x in enumerate(a.amount.tolist()) if root % 9})
    there, back = _compared("b", b, "a", a), _compared("a", a, "b", b)
    assert there[RATIO] == pytest.approx(-back[ratio_of("a", "b")], abs=1e-3)
    assert there[DIFFERENCE] == pytest.approx(-back[difference_of("a", "b")], abs=1e-3)


def test_events_that_only_one_arm_meets_are_matched_by_their_number():
    found = _compared("b", met({2: 1.0, 5: 1.0}), "a", met({1: 1.0, 2: 1.0}))
    assert found[RATIO] == pytest.approx(0.0), "one event more and one less, of one size"
    assert _compared("b", met({2: 1.0}), "a", met({2: 1.0})) == {}
    assert _compared("b", met({2: 1.0}), "a", None) == {}
