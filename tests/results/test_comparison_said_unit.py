"""Every word and digit of a comparison, against rows written by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from privacysim import tables
from privacysim.metrics import METRICS
from privacysim.results.comparison import Comparison
from privacysim.results.summary_rows import SUMMARY, compare, difference_of, ratio_of
from privacysim.stats import (
    Estimate,
    change_in_words,
    interval_text,
    mean,
    paired_difference,
    paired_ratio,
    percent,
    wilson,
)

PRIMARY = "people_identified_by_outsiders"
TITLE = METRICS[PRIMARY].title
NO_NOTES = pd.DataFrame(columns=["policy", "replicate", "metric", "curve", "note"])
A = np.array([10.0, 12.0, 11.0, 9.0, 13.0, 10.0, 12.0, 11.0, 10.0, 12.0])
B = np.array([7.0, 9.0, 8.0, 6.0, 9.0, 8.0, 8.0, 8.0, 6.0, 9.0])


def row(policy: str, curve: str = "low", metric: str = PRIMARY, **values) -> dict[str, object]:
    empty = dict.fromkeys(SUMMARY, math.nan)
    return {**empty, "policy": policy, "metric": metric, "curve": curve, "unit": METRICS[metric].unit, "baseline": "a",
            "n": 10, "contributors": 99, "note": "", **values}  # fmt: skip


def ratio(policy: str, curve: str, value: float, low: float, high: float, **more) -> dict[str, object]:
    return row(policy, curve, ratio=value, ratio_low=low, ratio_high=high, **more)


def said(rows: list[dict[str, object]], **more) -> Comparison:
    return Comparison(pd.DataFrame(rows, columns=SUMMARY), "a", PRIMARY, "transition", more.pop("titles", {}), **more)


def frame(values: dict[str, np.ndarray], name: str = PRIMARY, curve: str = "low", contributors: int = 50):
    rows = [(arm, k, name, curve, float(v), METRICS[name].unit, contributors + k if v else 0)
            for arm, series in values.items() for k, v in enumerate(series) if not math.isnan(v)]  # fmt: skip
    columns = list(map(list, zip(*rows, strict=True)))
    return tables.frame("metrics", dict(zip(tables.table("metrics").names, columns, strict=True)))


def compared(values, notes=NO_NOTES, gammas=None, **more) -> dict[str, dict[str, object]]:
    followed = [which for arm in values for which in (arm, ratio_of(arm, "a"), difference_of(arm, "a"))]
    gammas = dict.fromkeys(followed, 0.0) | (gammas or {})
    skewness = {(which, more.get("name", PRIMARY), more.get("curve", "low")): gamma for which, gamma in gammas.items()}
    found = compare(frame(values, **more), notes, skewness, list(values), "a", [PRIMARY], 10, False)
    return {str(one["policy"]): one for one in found.to_dict("records")}


def test_a_row_holds_the_numbers_of_its_replicates():
    b = compared({"a": A, "b": B})["b"]
    assert (b["n"], b["baseline"]) == (10, "a")
    each = np.arange(50, 60)  # contributors of single replicates
    assert b["contributors"] == round(B.sum() ** 2 / (B**2 / each).sum())
    assert b["mean"] == pytest.approx(B.mean())
    assert b["ratio"] == pytest.approx(B.sum() / A.sum())
    assert b["delta"] == pytest.approx((B - A).mean())
    for value, found in (("ci", mean(B)), ("ratio", paired_ratio(B, A)), ("delta", paired_difference(B, A))):
        assert (b[f"{value}_low"], b[f"{value}_high"]) == (found.low, found.high)
    share = wilson(10, 10)
    assert (b["chance_lower"], b["chance_low"], b["chance_high"]) == (1.0, share.low, 1.0)


def test_chance_counts_replicates_that_are_strictly_lower():
    mixed = np.where(np.arange(10) < 3, A, np.where(np.arange(10) < 5, A + 1, A - 1))
    b = compared({"a": A, "b": mixed})["b"]
    assert b["chance_lower"] == 0.5
    assert (b["chance_low"], b["chance_high"]) == (wilson(5, 10).low, wilson(5, 10).high)


def test_only_replicates_that_both_arms_have_are_compared():
    holes = B.copy()
    holes[3] = np.nan
    notes = pd.DataFrame([("b", 3, PRIMARY, "low", "undefined")], columns=NO_NOTES.columns)
    b = compared({"a": A, "b": holes}, notes)["b"]
    kept = np.arange(10) != 3
    assert b["n"] == 9
    assert b["ratio"] == pytest.approx(B[kept].sum() / A[kept].sum())
    assert b["note"] == "undefined in 1 of 10 replicates; R too small for this metric; it needs R = 10 or more"


def test_arms_without_a_replicate_in_common_have_no_ratio():
    first, last = A.copy(), B.copy()
    first[5:], last[:5] = np.nan, np.nan
    b = compared({"a": first, "b": last})["b"]
    assert "no replicate has a value for both" in b["note"]
    assert math.isnan(b["ratio"])


def test_a_baseline_without_any_value_leaves_the_others_without_a_ratio():
    found = compare(frame({"b": B}), NO_NOTES, {("b", PRIMARY, "low"): 0.1}, ["a", "b"], "a", [PRIMARY], 10, False)
    b = found[found["policy"] == "b"].iloc[0]
    assert (b["n"], b["note"]) == (10, "")
    assert b["ci_low"] == mean(B).low
    assert math.isnan(b["ratio"])
    assert math.isnan(b["delta"])


def test_the_skewness_of_what_is_compared_decides_for_each_interval():
    # 25 · 0.7² = 12.25 replicates
    small, none = "it needs R = 13", math.isnan
    b = compared({"a": A, "b": B}, gammas={"b": -0.7})["b"]
    assert none(b["ci_low"])
    assert not none(b["ratio_low"])
    assert not none(b["delta_low"])
    assert b["note"] == ""
    b = compared({"a": A, "b": B}, gammas={ratio_of("b", "a"): -0.7})["b"]
    assert none(b["ratio_low"])
    assert not none(b["ci_low"])
    assert not none(b["delta_low"])
    assert b["note"].endswith(small)
    b = compared({"a": A, "b": B}, gammas={difference_of("b", "a"): 0.7})["b"]
    assert none(b["delta_low"])
    assert not none(b["ratio_low"])
    assert b["note"] == f"the difference has no interval: R too small for this metric; {small}"
    b = compared({"a": A, "b": B}, gammas={ratio_of("b", "a"): None})["b"]
    assert none(b["ratio_low"])
    assert "pilot had no event" in b["note"]


def test_a_known_skewness_moves_both_ends_of_an_interval():
    even, odd = (compared({"a": A, "b": B}, gammas={ratio_of("b", "a"): gamma})["b"] for gamma in (0.0, 0.5))
    assert odd["ratio_low"] > even["ratio_low"]
    assert odd["ratio_high"] > even["ratio_high"]


def test_an_arm_of_nothing_has_a_difference_and_no_ratio_to_speak_of():
    nothing = compared({"a": A, "b": 0 * B})["b"]
    assert nothing["note"].startswith("not seen in 10 replicates")
    assert nothing["delta_low"] < -A.mean() + 1.0 < 0
    assert nothing["ratio"] == 0.0
    both = compared({"a": 0 * A, "b": 0 * B})["b"]
    assert both["note"].startswith("no difference seen in 10 replicates")
    assert math.isnan(both["ratio"])


def test_arms_with_some_empty_replicates_are_not_nothing():
    some = np.where(np.arange(10) % 2, A, 0.0)
    b = compared({"a": A - A * (np.arange(10) == 2), "b": some}, contributors=0)["b"]
    assert b["note"].startswith("too few in the sample")
    assert math.isnan(b["delta_low"])


def test_one_replicate_is_said_to_be_one():
    assert compared({"a": A[:1], "b": A[:1]})["b"]["note"] == "no difference seen in the one replicate"
    assert compared({"a": A[:1], "b": 0 * A[:1]})["b"]["note"] == "not seen in the one replicate"
    assert math.isnan(compared({"a": A[:1], "b": B[:1]})["b"]["delta_low"])


def test_the_contributors_of_the_baseline_count_too():
    few = frame({"a": A}, contributors=1).assign(contributors=2)
    found = compare(pd.concat([few, frame({"b": B}, contributors=300)]), NO_NOTES,
                    {(arm, PRIMARY, "low"): 0.1 for arm in "ab"}, ["a", "b"], "a", [PRIMARY], 10, False)  # fmt: skip
    notes = dict(zip(found["policy"], found["note"], strict=True))
    assert notes == dict.fromkeys("ab", "too few in the sample (20): use --sample all")
    of_records = compare(few.assign(metric="cameras_listed", curve=""), NO_NOTES, {}, ["a"], "a", [PRIMARY], 10, False)
    assert of_records["note"].tolist() == ["too few: 20 contributors"]


def test_curves_stand_in_the_order_none_low_high_and_notes_alone_make_rows():
    both = pd.concat([frame({"a": A, "b": B}, curve=curve) for curve in ("high", "low")])
    found = compare(both, NO_NOTES, {}, ["a", "b"], "a", [PRIMARY], 10, False)
    assert found["curve"].tolist() == ["low", "low", "high", "high"]
    notes = pd.DataFrame([("b", k, "gap_hard", "", "undefined") for k in range(10)], columns=NO_NOTES.columns)
    found = compare(both, notes, {}, ["a", "b"], "a", [PRIMARY], 10, False)
    gaps = found[found["metric"] == "gap_hard"]
    assert gaps["policy"].tolist() == ["a", "b"]
    assert gaps["note"].tolist() == ["", "undefined"]


def test_the_table_has_the_chosen_metrics_in_their_order():
    rows = [row("a", mean=1.0), row("b", mean=2.0, delta=-1.0, delta_low=-2.0, delta_high=-0.5),
            row("b", "", "cameras_listed", mean=3.0)]  # fmt: skip
    change = said(rows)
    table = change.table()
    assert table["metric"].tolist() == [TITLE, TITLE, METRICS["cameras_listed"].title]
    assert change.table(["cameras_listed"], text=True)["mean"].tolist() == ["3"]
    assert change[PRIMARY]["policy"].tolist() == ["a", "b"]
    assert change.table([PRIMARY], text=True)["difference"].tolist() == ["", "−1 [−2, −0.5]"]
    assert change[PRIMARY]["difference_low"].tolist()[1] == -2.0
    assert change._ipython_key_completions_() == [PRIMARY, "cameras_listed"]
    assert list(change.table().columns[:3]) == ["metric", "curve", "policy"]
    assert TITLE in change._repr_html_()
    assert METRICS["cameras_listed"].title not in change._repr_html_()


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [(0.69, 0.6567, 0.7251, "0.69 [0.6567, 0.7251]"), (0.99343, 0.992984, 0.993879, "0.99343 [0.992984, 0.993879]"),
     (1268.2, 1126.0, 1411.0, "1,268 [1,126, 1,411]"), (5.0, 5.0, 5.0, "5 [5, 5]"),
     (0.123456, 0.123456, 0.123456, "0.123 [0.123, 0.123]"), (0.0, 0.0, 0.0, "0 [0, 0]"),
     (-392.4, -446.1, -338.2, "−392 [−446, −338]"), (1.0, 1.0 - 1e-12, 1.0 + 1e-12, "1 [1, 1]")],
)  # fmt: skip
def test_enough_digits_to_tell_the_ends_apart(value, low, high, text):
    assert interval_text(value, low, high) == text


def test_values_without_an_interval_have_three_digits_and_absent_ones_none():
    assert interval_text(0.123456, math.nan, math.nan) == "0.123"
    assert interval_text(math.nan, math.nan, math.nan) == ""
    assert [interval_text(one, math.nan, math.nan) for one in (999.6, 1000.0, -0.5)] == ["1e+03", "1,000", "−0.5"]


def test_a_band_spans_the_readings_and_curves_of_a_policy():
    rows = [row("a"), ratio("b:narrow", "low", 0.7, 0.6, 0.8), ratio("b:narrow", "high", 0.72, 0.61, 0.83),
            ratio("b:wide", "low", 0.5, 0.4, 0.6), row("b:wide", "high"), row("c"),
            ratio("d", "low", 0.9, math.nan, math.nan)]  # fmt: skip
    found = said(rows).bands()
    assert found["policy"].tolist() == ["b", "d"]
    b = found.iloc[0]
    assert (b["ratio_least"], b["ratio_most"], b["outer_low"], b["outer_high"]) == (0.5, 0.72, 0.4, 0.83)
    assert (b["readings"], b["curves"]) == (2, 2)
    assert math.isnan(found.iloc[1]["outer_low"])
    assert said(rows).bands("cameras_listed").empty
    other = [row("e", "", "cameras_listed", ratio=0.25)]
    assert said([*rows, *other]).bands("cameras_listed")["policy"].tolist() == ["e"]


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [(0.5, 0.75, "−50 % to −25 %; every reading points the same way"),
     (0.5, 1.25, "−50 % to +25 %; the reading decides whether it helps"),
     (0.5, 1.0, "−50 % to +0 %; the reading decides whether it helps"),
     (1.0, 1.5, "+0 % to +50 %; every reading points the same way"),
     (0.5, 0.505, "−50 % to −50 %; the readings do not differ in this"),
     (0.5, 0.52, "−50 % to −48 %; every reading points the same way")],
)  # fmt: skip
def test_a_band_is_said_in_words(least, most, words):
    rows = [ratio("b:narrow", "low", most, 0, 2), ratio("b:wide", "low", least, 0, 2), ratio("c", "low", 0.3, 0, 1)]
    assert said(rows).band_words() == [f"b, over its 2 readings and both curves: {words}."]


def test_bands_keep_the_order_of_the_arms_as_they_were_asked_for():
    rows = [ratio("z:narrow", "low", 0.5, 0, 1), ratio("b", "low", 0.4, 0, 1), ratio("z:wide", "low", 0.6, 0, 1)]
    assert said(rows).bands()["policy"].tolist() == ["z", "b"]


def test_curves_that_agree_are_one_sentence():
    rows = [row("a", note="n"), ratio("c", "low", 0.5, 0.4, 0.6),
            ratio("b", "low", 0.69, 0.65, 0.73), ratio("b", "high", 0.69, 0.65, 0.73),
            ratio("d", "high", 0.9, 0.8, 1.1), row("e", "", note="no difference seen in 10 replicates"),
            row("f", "low"), row("g", "low", note="not seen in 10 replicates", ratio=0.0)]  # fmt: skip
    change = said(rows)
    assert change.words() == [
        f"c (low curve): lowers {TITLE} by 50 % [40, 60].", f"b (both curves): lowers {TITLE} by 31 % [27, 35].",
        f"d (high curve): no difference could be shown in {TITLE} (−10 % [−20, +10]).",
        f"e: {TITLE}: no difference seen in 10 replicates.",
        f"f (low curve): {TITLE}: the baseline is 0, so there is no ratio.",
        f"g (low curve): {TITLE}: not seen in 10 replicates.",
    ]  # fmt: skip
    assert change.sentence(rows[0]) == "baseline (n)"
    assert change.sentence(row("a")) == "baseline"


def test_a_sentence_ends_with_its_note_and_the_interval_decides():
    change = said([])
    noted = ratio("b", "low", 0.69, math.nan, math.nan, note="R too small")
    assert change.sentence(noted) == f"−31 % in {TITLE} (no interval); R too small"
    plain = ratio("b", "low", 0.9, 0.82, 0.99)
    assert change.sentence(plain) == f"lowers {TITLE} by 10 % [1, 18]"
    touching = ratio("b", "low", 0.9, 0.8, 1.0)
    assert change.sentence(touching).startswith("no difference could be shown")


def test_words_for_every_size_of_a_change():
    assert change_in_words("x", Estimate(2.0, 1.8, 2.2)) == "multiplies x by 2 [1.8, 2.2]"
    assert change_in_words("x", Estimate(1.99, 1.8, 2.2)) == "raises x by 99 % [80, 120]"
    assert change_in_words("x", Estimate(0.5, -0.1, 0.9)) == "lowers x by 50 % [10, 100]"
    assert change_in_words("x", Estimate(2.0)) == "2 times the x (no interval)"
    assert change_in_words("x", Estimate(1.5)) == "+50 % in x (no interval)"
    assert (percent(0.0), percent(0.099), percent(0.1), percent(0.99), percent(1.0)) == ("0", "9.9", "10", "99", "100")
    assert percent(0.991) == "99.1"


def test_statistics_by_hand():
    assert paired_ratio([1.0, 2.0], [0.0, 3.0]).low is None  # without the second nothing is left of the baseline
    multiple = paired_ratio([0.7, 1.4, 2.1], [1.0, 2.0, 3.0])
    assert (multiple.low, multiple.high) == (multiple.value, multiple.value)
    assert mean([4.0]) == Estimate(4.0)
    assert mean([1.0, 3.0]).low == pytest.approx(2 - 12.7062 * 1.0, rel=1e-5)
    assert paired_difference([1.0, 3.0], [0.0, 0.0]).high == pytest.approx(2 + 12.7062, rel=1e-5)
    assert mean([1.0, 2.0, 3.0]).high == pytest.approx(2 + 4.302653 / math.sqrt(3), rel=1e-6)
    assert paired_difference([4.0], [1.0]) == Estimate(3.0)
    same = paired_difference([1.0, 1.0], [1.0, 1.0])
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    for hits, n in ((-1, 3), (4, 3), (0, 0)):
        with pytest.raises(ValueError, match="successes"):
            wilson(hits, n)
    assert wilson(0, 5).low == 0.0
    for bad in ([], [[1.0]], [math.nan]):
        with pytest.raises(ValueError, match="replicate values"):
            mean(bad)
