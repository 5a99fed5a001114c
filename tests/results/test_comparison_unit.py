"""What a comparison prints, and what it refuses to print."""

import math

import numpy as np
import pandas as pd
import pytest

from privacysim import tables
from privacysim.metrics import METRICS
from privacysim.results.comparison import Comparison
from privacysim.results.summary_rows import SUMMARY, compare, difference_of, ratio_of

PRIMARY = "people_identified_by_outsiders"
RNG = np.random.default_rng(11)
BASE = 1000 + 50 * RNG.normal(size=10)


def metrics(values: dict[str, np.ndarray], name: str, curve: str, contributors: int = 200) -> pd.DataFrame:
    rows = [(arm, k, name, curve, float(v), METRICS[name].unit, contributors if v else 0)
            for arm, series in values.items() for k, v in enumerate(series)]  # fmt: skip
    columns = list(map(list, zip(*rows, strict=True)))
    return tables.frame("metrics", dict(zip(tables.table("metrics").names, columns, strict=True)))


NO_NOTES = pd.DataFrame(columns=["policy", "replicate", "metric", "curve", "note"])


def compared(values, gamma=0.4, replicates=10, name=PRIMARY, curve="low", sample_all=False, contributors=200):
    followed = [which for arm in values for which in (arm, ratio_of(arm, "a"), difference_of(arm, "a"))]
    skewness = {} if gamma is None else {(which, name, curve): gamma for which in followed}
    frame = metrics(values, name, curve, contributors)
    rows = compare(frame, NO_NOTES, skewness, list(values), "a", [PRIMARY], replicates, sample_all)
    assert list(rows.columns) == SUMMARY
    change = Comparison(rows, "a", PRIMARY, "transition", {})
    return {row["policy"]: row for row in rows.to_dict("records")}, change


def test_a_clear_difference_has_its_interval_and_its_words():
    rows, change = compared({"a": BASE, "b": BASE * 0.7 + RNG.normal(size=10)})
    truth = rows["b"]
    assert truth["ratio_low"] < 0.7 < truth["ratio_high"]
    assert truth["chance_lower"] == 1.0
    assert change.words() == [f"b (low curve): {change.sentence(truth)}."]
    assert change.words()[0].startswith("b (low curve): lowers people identified by outsiders by 30 % [")


def test_a_measure_of_many_arms_is_harder_to_claim_and_another_metric_is_not():
    noisy = BASE * (1 - 0.012) + 15 * RNG.normal(size=10)
    more = {f"x{n}": BASE + 20 * RNG.normal(size=10) for n in range(6)}
    for name, curve, wider in ((PRIMARY, "low", True), ("cameras_listed", "", False)):
        alone, among = (compared(arms, name=name, curve=curve)[0]["b"]
                        for arms in ({"a": BASE, "b": noisy}, {"a": BASE, "b": noisy, **more}))  # fmt: skip
        assert (among["ratio_high"] - among["ratio_low"] > alone["ratio_high"] - alone["ratio_low"]) == wider
        assert among["delta_low"] == alone["delta_low"]


def test_replicates_that_agree_show_no_difference_and_say_how_often_there_may_be_one():
    rows, change = compared({"a": BASE, "b": BASE.copy()})
    assert rows["b"]["note"] == "no difference seen in 10 replicates (in at most 26 % of others)"
    assert pytest.approx(0.26, abs=0.002) == 1 - 0.05 ** (1 / 10)
    assert (rows["b"]["ratio"], rows["b"]["delta"]) == (1.0, 0.0)
    assert math.isnan(rows["b"]["ratio_low"])
    assert "no difference seen in 10 replicates" in change.words()[0]


def test_an_arm_in_which_nothing_happens_is_zero_without_an_interval_on_the_ratio():
    rows, _ = compared({"a": BASE, "none": BASE * 0})
    assert rows["none"]["ratio"] == 0.0
    assert rows["none"]["note"] == "not seen in 10 replicates (in at most 26 % of others)"
    assert math.isnan(rows["none"]["ratio_low"])
    assert rows["none"]["delta_high"] < 0


@pytest.mark.parametrize(("gamma", "needed"), [(0.8, 16), (2.0, 100)])
def test_a_skewed_metric_needs_more_replicates_and_says_how_many(gamma, needed):
    rows, _ = compared({"a": BASE, "b": BASE * 0.7}, gamma=gamma)
    assert rows["b"]["note"] == f"R too small for this metric; it needs R = {needed}"
    assert all(math.isnan(rows[arm][end]) for arm in "ab" for end in ("ci_low", "ratio_low", "delta_low"))
    assert rows["b"]["ratio"] == pytest.approx(0.7), "the point stays"


def test_below_ten_replicates_and_with_unknown_skewness_there_is_no_interval():
    rows, _ = compared({"a": BASE[:9], "b": BASE[:9] * 0.7}, replicates=9)
    assert "R = 10" in rows["b"]["note"]
    rows, _ = compared({"a": BASE, "b": BASE * 0.7}, gamma=None)
    assert "tells how skewed this is" in rows["b"]["note"]
    assert math.isnan(rows["b"]["ratio_low"])


def test_too_few_in_the_sample_is_said_and_never_given_an_interval():
    rows, _ = compared({"a": BASE, "b": BASE * 0.7}, contributors=2)
    assert rows["b"]["note"] == "too few in the sample (20): use --sample all"
    assert math.isnan(rows["b"]["ratio_low"])
    rows, _ = compared({"a": BASE, "b": BASE * 0.7}, contributors=2, sample_all=True)
    assert rows["b"]["note"] == "too few: 20 contributors"
    rows, _ = compared({"a": BASE, "b": BASE * 0.7}, contributors=4)
    assert rows["b"]["note"] == ""


def test_one_replicate_with_nearly_everything_has_no_more_contributors_than_it_alone():
    lone = np.append(np.full(9, 1.0), 1e6)
    rows, _ = compared({"a": lone, "b": lone * 0.7}, contributors=25)
    assert rows["a"]["note"] == "too few in the sample (25): use --sample all"


def test_an_undefined_value_is_an_absent_row_and_a_note():
    notes = pd.DataFrame(
        [("b", k, "gap_hard", "", "undefined: there are no acts") for k in range(10)], columns=NO_NOTES.columns
    )
    rows = compare(metrics({"a": BASE / 5000}, "gap_hard", ""), notes, {}, ["a", "b"], "a", [PRIMARY], 10, False)
    b = rows[rows["policy"] == "b"].iloc[0]
    assert b["note"] == "undefined: there are no acts"
    assert math.isnan(b["mean"])
    assert b["n"] == 0


def test_a_ratio_to_nothing_is_not_given():
    rows, change = compared({"a": BASE * 0, "b": BASE})
    assert math.isnan(rows["b"]["ratio"])
    assert rows["b"]["delta"] == pytest.approx(BASE.mean())
    assert "no ratio" in change.words()[0]


def test_the_table_leads_with_the_primary_metric_and_says_the_direction():
    _, change = compared({"a": BASE, "b": BASE * 0.7 + RNG.normal(size=10)})
    numbers = change.table()
    assert numbers["ratio_low"].iloc[1] < numbers["ratio"].iloc[1] < numbers["ratio_high"].iloc[1] < 1.0
    assert [kind.kind for kind in numbers.dtypes[3:12]] == ["f"] * 9
    assert "in words" not in numbers
    table = change.table(text=True)
    assert table["metric"].iloc[0] == numbers["metric"].iloc[0] == METRICS[PRIMARY].title
    assert "lower is better" in table["direction"].iloc[0]
    assert "[" in table["ratio"].iloc[1]
    assert table["ratio"].iloc[0] == ""


def test_the_plot_shows_each_arm_at_its_ratio():
    import matplotlib.pyplot as plt

    rows, change = compared({"a": BASE, "b": BASE * 0.7 + RNG.normal(size=10), "c": BASE * 1.2 + RNG.normal(size=10)})
    ax = change.plot()
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == pytest.approx([rows["b"]["ratio"], rows["c"]["ratio"]])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["b", "c"]
    plt.close(ax.figure)
