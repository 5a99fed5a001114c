"""Intervals of paired ratios against worlds whose truth is known: compound Poisson events that a rule removes."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.stats import (
    compound_poisson_skewness,
    paired_ratio,
    ratios_without,
    replicates_needed,
    simultaneous,
)

ROOTS, STUDIES = 60, 1_200
SIZES = np.exp(np.random.default_rng(3).normal(0.0, 0.5, ROOTS))
"""Contributions of a skewed process: few events, some of them large."""


def removed(share: float) -> tuple[np.ndarray, float, float]:
    """Contributions under a rule that removes that share of events, the true ratio, and the skewness of B − θA."""
    gone = np.arange(ROOTS) < max(1, round(share * ROOTS))
    left = np.where(gone, 0.0, SIZES)
    theta = float(left.sum() / SIZES.sum())
    return left, theta, compound_poisson_skewness(left - theta * SIZES)


def misses(left: np.ndarray, theta: float, gamma: float, replicates: int) -> tuple[float, float]:
    """Share of studies whose interval lies above the truth, and below it."""
    rng, above, below = np.random.default_rng(8), 0, 0
    for _ in range(STUDIES):
        events = rng.poisson(1.0, (replicates, ROOTS))
        found = paired_ratio(events @ left, events @ SIZES, skewness=gamma)
        above += found.low > theta
        below += found.high < theta
    return above / STUDIES, below / STUDIES


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_a_rule_that_removes_few_events_is_covered_and_missed_on_both_sides_alike(share):
    left, theta, gamma = removed(share)
    above, below = misses(left, theta, gamma, replicates_needed(gamma))
    assert above + below <= 0.07
    assert max(above, below) <= 2.0 * min(above, below)


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_the_skewness_of_the_metric_itself_would_have_let_such_a_rule_pass_too_early(share):
    left, theta, gamma = removed(share)
    early = replicates_needed(compound_poisson_skewness(SIZES))
    assert early < replicates_needed(gamma)
    above, below = misses(left, theta, 0.0, early)
    assert above + below > 0.07 or max(above, below) > 2.0 * min(above, below)


def test_a_rule_that_removes_a_fifth_gets_its_interval_at_25_replicates():
    *_, gamma = removed(0.2)
    assert replicates_needed(gamma) <= 25


@pytest.mark.parametrize("alike", [0.0, 0.9])
def test_simultaneous_intervals_hold_together(alike):
    rng, hold, widths = np.random.default_rng(5), 0, []
    for _ in range(250):
        base = rng.normal(100.0, 10.0, 12)
        shared = rng.normal(0.0, 5.0, 12)
        arms = [0.8 * base + np.sqrt(alike) * shared + np.sqrt(1 - alike) * rng.normal(0, 5.0, 12) for _ in range(8)]
        critical = simultaneous(np.column_stack([ratios_without(arm, base) for arm in arms]))
        widths.append(critical)
        hold += all((found := paired_ratio(arm, base, critical=critical)).low <= 0.8 <= found.high for arm in arms)
    assert 0.91 <= hold / 250 <= 0.99
    student, bonferroni = 2.201, 3.50  # t with 11 degrees of freedom at 5 % and at 5 % / 8
    assert student < np.mean(widths) < bonferroni
    assert np.mean(widths) < 2.9 or alike == 0.0, "arms that move together cost less"
