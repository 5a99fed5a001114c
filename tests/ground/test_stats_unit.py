"""The intervals are those of the textbooks, and the words say no more than the intervals."""

import numpy as np
import pytest
from scipy import stats

from privacysim.stats import (
    Estimate,
    change_in_words,
    compound_poisson_skewness,
    mean,
    paired_difference,
    paired_ratio,
    percent,
    replicates_needed,
    wilson,
)

A = np.array([10.0, 12.0, 9.0, 11.0, 13.0, 10.5, 9.5, 12.5, 11.5, 10.0])
B = np.array([7.0, 8.5, 6.0, 8.0, 9.5, 7.0, 6.5, 9.0, 8.0, 6.5])


def test_the_paired_difference_is_scipys_paired_t():
    ours, theirs = paired_difference(B, A), stats.ttest_rel(B, A)
    low, high = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-9)


def test_the_mean_has_scipys_t_interval():
    low, high = stats.ttest_1samp(A, 0).confidence_interval(0.95)
    assert (mean(A).low, mean(A).high) == pytest.approx((low, high))


def test_wilson_is_scipys_wilson():
    for k in range(11):
        theirs = stats.binomtest(k, 10).proportion_ci(method="wilson")
        assert (wilson(k, 10).low, wilson(k, 10).high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_jackknife_of_a_ratio_is_the_one_of_leaving_out_one_replicate_by_hand():
    left = np.array([np.delete(B, i).mean() / np.delete(A, i).mean() for i in range(10)])
    error = np.sqrt(0.9 * ((left - left.mean()) ** 2).sum())
    ours = paired_ratio(B, A)
    assert ours.value == pytest.approx(B.mean() / A.mean())
    assert ours.high - ours.value == pytest.approx(stats.t.ppf(0.975, 9) * error)


def test_a_fixed_multiple_has_an_interval_of_no_width_and_a_ratio_to_nothing_is_undefined():
    ours = paired_ratio(A * 0.3, A)
    assert ours.low == ours.high == pytest.approx(0.3)
    assert paired_ratio(B, A * 0) is None


def test_one_replicate_has_no_interval():
    assert mean([3.0]).low is None
    assert paired_difference([3.0], [2.0]) == Estimate(1.0)
    assert paired_ratio([3.0], [2.0]) == Estimate(1.5)


def test_values_that_are_not_numbers_are_refused():
    for bad in ([], [np.nan], [[1.0]]):
        with pytest.raises(ValueError, match="finite"):
            mean(bad)


def test_the_gate_asks_for_25_squared_skewness_and_never_fewer_than_ten():
    assert [replicates_needed(g) for g in (0.0, 0.632, 0.7, 2.0, 82.0)] == [10, 10, 13, 100, 168_100]


def test_resampled_pilots_agree_with_the_cumulants_of_a_compound_poisson_total():
    contributions = np.array([1.0] * 40 + [5.0] * 8 + [20.0] * 3)
    counts = np.random.default_rng(5).poisson(1.0, size=(60_000, contributions.size))
    law = compound_poisson_skewness(contributions)
    assert stats.skew(counts @ contributions) == pytest.approx(law, abs=0.03)
    assert compound_poisson_skewness([0.0, 0.0]) == 0.0


def test_words_never_claim_a_difference_that_the_interval_does_not_show():
    assert change_in_words("x", Estimate(0.9, 0.7, 1.1)).startswith("no difference could be shown")
    assert change_in_words("x", Estimate(0.9, 0.8, 1.0)).startswith("no difference could be shown")
    assert change_in_words("x", Estimate(1.31, 1.27, 1.35)) == "raises x by 31 % [27, 35]"
    assert "no interval" in change_in_words("x", Estimate(0.69))


def test_percent_keeps_two_digits_and_does_not_round_up_to_everything():
    assert [percent(s) for s in (0.0, 0.005, 0.31, 0.994, 1.0)] == ["0", "0.5", "31", "99.4", "100"]


def _coverage(draw, truth: float, studies: int, replicates: int = 10) -> float:
    rng = np.random.default_rng(2024)
    hits = 0
    for _ in range(studies):
        b, a = draw(rng, replicates)
        found = paired_ratio(b, a)
        hits += found is not None and found.low is not None and found.low <= truth <= found.high
    return hits / studies


def _normal(rng, n):
    shared = rng.normal(0, 10, n)
    return 70 + 0.7 * shared + rng.normal(0, 4, n), 100 + shared + rng.normal(0, 4, n)


def _lognormal(rng, n):
    shared = rng.lognormal(0, 1, n)
    return 0.6 * shared * rng.lognormal(0, 0.2, n), shared * rng.lognormal(0, 0.2, n)


def _mostly_zero(rng, n):
    # a replicate value is a sum over 400 people of whom a tenth contribute, as in a study
    nonzero = rng.binomial(400, 0.1, n)
    a = np.array([rng.exponential(1.0, m).sum() for m in nonzero])
    return a * rng.normal(0.6, 0.05, n), a


def test_the_ratio_interval_covers_about_as_often_as_it_says():
    # 400 studies: SE 1.1 points, so a true 95 % falls below 91 % with p < 0.001
    assert 0.91 <= _coverage(_normal, 0.7, 400) <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize(("draw", "truth", "low", "high"), [
    (_normal, 0.7, 0.94, 0.96), (_mostly_zero, 0.6, 0.94, 0.96), (_lognormal, 0.6, 0.90, 0.98),
])
def test_coverage_over_2000_studies_is_nominal(draw, truth, low, high):
    assert low <= _coverage(draw, truth, 2_000) <= high
