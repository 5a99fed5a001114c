"""Factors, their ranges, and the samples and indices taken over them: against closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.robustness import Factor, factors_in, index_points, index_table
from privacysim.robustness.factors import held, with_values
from privacysim.robustness.sensitivity import latin_hypercube

LINEAR = [Factor("a", 0.0, -1.0, 3.0), Factor("b", 1.0, 0.0, 2.0)]


def test_sobol_indices_of_a_sum_are_shares_of_variance_and_of_a_product_they_interact():
    # a uniform on a range of 4, b on one of 2: Var(a) = 16/12, Var(3b) = 9 · 4/12 = 36/12
    x = index_points("sobol", LINEAR, 1024, seed=2)
    table = index_table("sobol", LINEAR, x, x[:, 0] + 3 * x[:, 1], seed=2)
    assert table["factor"].tolist() == ["b", "a"]
    assert table["s1"].to_numpy() == pytest.approx([36 / 52, 16 / 52], abs=0.01)
    assert table["st"].to_numpy() == pytest.approx([36 / 52, 16 / 52], abs=0.01)
    # a·b: means 1 and 1, variances A = 4/3 and B = 1/3; V = AB + A + B, S1 = A/V and B/V, ST = (A + AB)/V, (B + AB)/V
    table = index_table("sobol", LINEAR, x, x[:, 0] * x[:, 1], seed=2).set_index("factor")
    assert table.loc[["a", "b"], "s1"].to_numpy() == pytest.approx([12 / 19, 3 / 19], abs=0.03)
    assert table.loc[["a", "b"], "st"].to_numpy() == pytest.approx([16 / 19, 7 / 19], abs=0.03)


def test_morris_effects_of_a_line_are_its_slopes_times_the_ranges_with_their_signs():
    points = index_points("morris", LINEAR, 10, seed=4)
    assert points.shape == (10 * 3, 2)
    table = index_table("morris", LINEAR, points, -points[:, 0] + 3 * points[:, 1], seed=4)
    assert table["factor"].tolist() == ["b", "a"]
    assert table["mu"].to_numpy() == pytest.approx([6.0, -4.0])
    assert table["mu_star"].to_numpy() == pytest.approx([6.0, 4.0])
    assert table["sigma"].to_numpy() == pytest.approx([0.0, 0.0], abs=1e-9)


def test_a_wide_range_is_spread_over_its_logarithm_and_shares_lead_back():
    wide, narrow = Factor("w", 10.0, 1.0, 1000.0), Factor("n", 2.0, 1.0, 10.0)
    assert wide.at(np.array([0.0, 1 / 3, 1.0])) == pytest.approx([1.0, 10.0, 1000.0])
    assert not narrow.logarithmic, "a factor of ten is not more than ten"
    values = latin_hypercube([wide, narrow], 16, seed=1)
    shares = np.column_stack([wide.share(values[:, 0]), narrow.share(values[:, 1])])
    assert np.sort((shares * 16).astype(int), axis=0).tolist() == [[n, n] for n in range(16)]
    assert (values[:, 0] < 1000 ** (1 / 2)).sum() == 8, "half of the worlds lie below the geometric middle"


@pytest.mark.parametrize(("ask", "lines"), [
    (lambda: Factor("x", 5.0, 0.0, 1.0),
     ["factor x: expected low ≤ value ≤ high, all finite.", "  Got: 0.0, 5.0, 1.0", "  Fix: correct its range."]),
    (lambda: Factor("x", 1.0, 0.0, float("inf")),
     ["factor x: expected low ≤ value ≤ high, all finite.", "  Got: 0.0, 1.0, inf", "  Fix: correct its range."]),
    (lambda: index_points("sobol", [], 8, 1),
     ["factors: expected at least one factor.", "  Got: none", "  Fix: name factors that have a range."]),
    (lambda: index_points("sobol", LINEAR, 12, 1),
     ["samples: expected a power of two.", "  Got: 12", "  Fix: write 16."]),
    (lambda: index_points("sobol", LINEAR, 1, 1), ["samples: expected a power of two.", "  Got: 1", "  Fix: write 2."]),
    (lambda: index_table("sobol", LINEAR, np.zeros((4096, 2)), np.ones(4096), 1),
     ["answers: expected answers that vary.", "  Got: the same at every point", "  Fix: vary other factors."]),
    (lambda: index_table("morris", LINEAR, np.zeros((3, 2)), np.array([1.0, np.nan, 2.0]), 1),
     ["answers: expected a number at every point.", "  Got: some points have none",
      "  Fix: leave out what breaks them."]),
])  # fmt: skip
def test_what_has_no_indices_is_said_in_three_lines(ask, lines):
    with pytest.raises(InputError) as error:
        ask()
    assert str(error.value).splitlines() == lines


def test_the_factors_of_a_saved_table_are_each_named_once_with_their_units():
    table = pd.DataFrame({"factor": ["x", "y", "x"], "low": [1.0, 0.0, 1.0], "value": [2.0, 0.5, 2.0],
                          "high": [3.0, 1.0, 3.0], "unit": ["d", np.nan, "d"], "source": ["law", np.nan, "law"]})
    found = factors_in(table)
    assert found == [Factor("x", 2.0, 1.0, 3.0, "d", "law"), Factor("y", 0.5, 0.0, 1.0)]


def test_the_list_follows_its_datum_and_cannot_be_held_where_no_camera_could_be_listed():
    base = ps.Study("preview", days=2).inputs()
    p = base.scenario.leaks.p_listed.number

    def at(name: str, value: float):
        return held(base, with_values(base, {name: value}))

    same, ok = held(base, base)
    assert same is base
    assert ok
    double, ok = at("website_listed_guangzhou", 2 * facts().value("website_listed_guangzhou"))
    assert double.scenario.leaks.p_listed.number == pytest.approx(2 * p), "twice as many listed, each twice as often"
    assert ok
    nothing = with_values(base, {"cameras_per_1000": 0.0, "home_interiors_per_1000": 0.0})
    nobody, ok = held(base, nothing)
    assert not ok
    assert nobody.scenario.leaks.p_listed.number == p, "left as it was: nothing solves it"
    other = ps.Study("preview", days=2, case="directory").inputs()
    fewer, ok = held(other, with_values(other, {"internet_share": facts().value("internet_share") / 2}))
    q = other.scenario.leaks.p_listed_directory.number
    assert fewer.scenario.leaks.p_listed_directory.number == pytest.approx(2 * q), "half as many can be opened"
    assert fewer.scenario.leaks.p_listed.number == p
    assert ok
