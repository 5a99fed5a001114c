"""Inequality, information and attack advantage against their definitions and published values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from privacysim.attacks import (
    attack_advantage,
    entropy_bits,
    gini,
    guess_error_m,
    lorenz,
    mutual_information,
    table_by,
    top_share,
)
from privacysim.errors import InputError


def naive_gini(y, w):
    gaps = np.abs(y[:, None] - y[None, :])
    n, total = y.size, w.sum()
    return n / (n - 1) * (w[:, None] * w[None, :] * gaps).sum() / (2 * total**2 * (w * y).sum() / total)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_gini_is_the_mean_difference_over_twice_the_mean(seed, n):
    rng = np.random.default_rng(seed)
    y = np.round(rng.exponential(1.0, n) * (rng.uniform(size=n) < 0.7), 2) + (np.arange(n) == 0)
    w = rng.uniform(0.5, 9, n)
    assert gini(y, w) == pytest.approx(naive_gini(y, w), abs=1e-10)
    assert gini(y) == pytest.approx(naive_gini(y, np.ones(n)), abs=1e-10)
    assert gini(7 * y, w) == pytest.approx(gini(y, w))


def test_gini_of_the_textbook_distributions():
    rng = np.random.default_rng(1)
    u = rng.uniform(size=200_000)
    assert gini(u) == pytest.approx(1 / 3, abs=0.004)  # uniform on (0, 1)
    assert gini(-np.log(u)) == pytest.approx(1 / 2, abs=0.004)  # exponential
    assert gini(u ** (-1 / 3)) == pytest.approx(1 / (2 * 3 - 1), abs=0.01)  # Pareto of exponent 3


def test_the_area_under_the_lorenz_curve_gives_gini():
    y = np.random.default_rng(2).exponential(1.0, 5000)
    curve = lorenz(y)
    area = np.trapezoid(curve["total"], curve["people"])
    assert (1 - 2 * area) * 5000 / 4999 == pytest.approx(gini(y))
    assert top_share(y, top=1.0) == pytest.approx(1.0)
    assert top_share(y) == pytest.approx(np.sort(y)[-500:].sum() / y.sum())
    # exponential: L(p) = p + (1 − p) ln(1 − p), so the top tenth bears 0.1 (1 + ln 10)
    assert top_share(y) == pytest.approx(0.1 * (1 + np.log(10)), abs=0.02)


def test_a_transfer_from_the_least_to_the_most_exposed_raises_gini():
    y = np.array([1.0, 2.0, 3.0, 4.0])
    assert gini([0.5, 2.0, 3.0, 4.5]) > gini(y)


@pytest.mark.parametrize("values", [[], [0, 0], [-1, 2], [np.nan, 1], ["a"], [np.inf]])
def test_inequality_of_nothing_or_nonsense_is_an_error(values):
    with pytest.raises(InputError):
        gini(values)


def test_small_cells_leave_no_table_and_no_total_gives_them_away():
    rows = [("a", "x", 40), ("a", "y", 35), ("a", "z", 5), ("b", "x", 50), ("b", "y", 60)]
    frame = pd.DataFrame([(g, p, 1.0) for g, p, n in rows for _ in range(n)], columns=["group", "place", "hours"])
    found = table_by(frame, "hours", ["group", "place"]).set_index(["group", "place"])
    assert found["mean"].isna().tolist() == [False, True, True, False, False]
    assert found["n"].isna().tolist() == [False, True, True, False, False]
    assert "no total" in found.loc[("a", "y"), "note"]


def test_a_weighted_table_shows_weighted_means():
    frame = pd.DataFrame({"group": ["a"] * 30, "v": np.arange(30.0), "w": np.arange(30.0) + 1})
    assert table_by(frame, "v", ["group"], weight="w")["mean"].item() == pytest.approx(
        np.average(frame["v"], weights=frame["w"])
    )


def test_information_equals_another_packages():
    rng = np.random.default_rng(4)
    a = rng.integers(0, 6, 500)
    b = np.where(rng.uniform(size=500) < 0.5, a, rng.integers(0, 6, 500))
    found = mutual_information(pd.DataFrame({"a": a, "b": b}), "a", "b")
    assert found["bits"] == pytest.approx(mutual_info_score(a, b) / np.log(2))
    assert 0 < found["corrected"] < found["bits"]
    independent = [
        mutual_information(pd.DataFrame(rng.integers(0, 5, (400, 2)), columns=["a", "b"]), "a", "b")["corrected"]
        for _ in range(200)
    ]
    assert abs(np.mean(independent)) < 3 * np.std(independent) / np.sqrt(200) + 1e-4


def test_entropy_of_n_equally_likely_people_is_log_n():
    assert entropy_bits(np.ones(1024)) == pytest.approx(10.0)
    assert entropy_bits([0.5, 0.25, 0.25]) == pytest.approx(1.5)
    assert entropy_bits([1.0, 0.0]) == 0.0


def test_an_attack_no_better_than_its_control_has_no_advantage():
    found = attack_advantage(20, 100, 20, 100)
    assert found.value == 0.0
    assert found.low < 0 < found.high
    assert attack_advantage(100, 100, 0, 100).value == 1.0
    covered = 0
    rng = np.random.default_rng(6)
    for _ in range(400):
        one = attack_advantage(int(rng.binomial(200, 0.5)), 200, int(rng.binomial(200, 0.2)), 200)
        covered += one.low <= (0.5 - 0.2) / 0.8 <= one.high
    assert covered / 400 > 0.93


def test_the_attackers_error_is_a_distance():
    found = guess_error_m([0, 0, 0], [0, 0, 0], [30, 0, 500], [40, 0, 0])
    assert found == {"mean_m": pytest.approx(550 / 3), "median_m": 50.0, "within_100_m": pytest.approx(2 / 3)}
