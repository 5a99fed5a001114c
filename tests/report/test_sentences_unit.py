"""The answer in short, word for word: what a committee reads of a ratio, with or without an interval, on two curves."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import privacysim as ps
from privacysim.report.answer import Answer
from privacysim.report.report_model import plain
from privacysim.report.report_source import Source
from privacysim.report.sentences import with_interval
from privacysim.results.summary_rows import SUMMARY
from privacysim.wording import Words

SAVED = Path(__file__).resolve().parents[2] / "notebooks" / "saved" / "headline"
PRIMARY, EVIDENCE = "people_identified_by_outsiders", "cases_with_admissible_evidence"
WHAT = "people identified by outsiders"
NONE = math.nan


@pytest.fixture(scope="module")
def source():
    """A source whose comparison has these rows, of Order 799 unless they say so, and no other policy's."""
    saved = ps.load_results(SAVED)
    compared = saved.compare()

    def made(*rows, metric=PRIMARY):
        mine = {"guangzhou_2007", "order_799", *(row["policy"] for row in rows if "policy" in row)}
        arms = [arm for arm in saved.manifest["arms"] if arm["id"] in mine]
        results = replace(saved, manifest={**saved.manifest, "arms": arms})
        frame = pd.DataFrame([{**dict.fromkeys(SUMMARY, NONE), "policy": "order_799", "metric": metric, "note": "",
                               **row} for row in rows], columns=SUMMARY)  # fmt: skip
        titles = {arm["id"]: arm["id"] for arm in arms} | {"order_799": "Order 799"}
        return Source(results, replace(compared, rows=frame, titles=titles), {}, ())

    return made


def row(curve, ratio, low=NONE, high=NONE, note=""):
    return {"curve": curve, "ratio": ratio, "ratio_low": low, "ratio_high": high, "note": note}


def said(source, lang="en"):
    (found,) = Answer(source, Words(lang)).answer(PRIMARY, source.results.arms)
    return plain(found)


# a ratio of 0.57 is a change of −43 %; the interval's ends turn round where the sentence says "lowers"
SURE = row("low", 0.57, 0.51, 0.64)


@pytest.mark.parametrize(("rows", "text"), [
    ([SURE], f"Order 799 lowers {WHAT} by 43 % [36, 49] on the low curve."),
    ([SURE, {**SURE, "curve": "high"}], f"Order 799 lowers {WHAT} by 43 % [36, 49] on both curves."),
    ([SURE, row("high", 0.5, 0.4, 0.6)],
     f"Order 799 lowers {WHAT} by 43 % [36, 49] on the low curve; 50 % [40, 60] on the high curve."),
    ([SURE, row("high", 0.95, 0.8, 1.1)],
     f"Order 799, {WHAT}: −43 % [−49, −36] on the low curve; −5 % [−20, +10] on the high curve."),
    ([row("low", 1.25, 1.1, 1.4)], f"Order 799 raises {WHAT} by 25 % [10, 40] on the low curve."),
    ([row("low", 3.2, 2.5, 4.1)], f"Order 799 multiplies {WHAT} by 3.2 [2.5, 4.1] on the low curve."),
    ([row("low", 1.8, 1.5, 2.2), row("high", 2.2, 1.9, 2.6)],
     f"Order 799, {WHAT}: +80 % [+50, +120] on the low curve; 2.2 times the baseline [1.9, 2.6] on the high curve."),
    ([row("low", 0.95, 0.8, 1.1)],
     f"Order 799: no difference in {WHAT} seen, at most 20 % on the low curve."),
    ([row("low", 0.9, 0.81, 1.0)], f"Order 799: no difference in {WHAT} seen, at most 19 % on the low curve."),
    ([row("low", 2.5, 0.9, 7.0)],
     f"Order 799: too uncertain to say of {WHAT}: 2.5 times the baseline [0.9, 7] on the low curve."),
    ([row("low", 0.5)], f"Order 799, {WHAT}: −50 % (no interval) on the low curve."),
    ([row("low", 2.5)], f"Order 799, {WHAT}: 2.5 times the baseline (no interval) on the low curve."),
    ([row("low", NONE, note="the baseline is 0")], f"Order 799: no ratio can be given for {WHAT}."),
    ([row("low", 0.0, note="not seen in 10 replicates")], f"Order 799: {WHAT} is 0 in every replicate."),
    ([row("low", 1.0, note="no difference seen in 10 replicates")],
     f"Order 799: no difference in {WHAT} seen in any replicate."),
])  # fmt: skip
def test_a_sentence_says_what_its_rows_say(rows, text, source):
    # where there is one row its curve is not named
    expected = text if len(rows) > 1 else text.replace(" on the low curve", "")
    assert said(source(*rows)) == expected


def test_in_chinese_a_multiple_is_told_as_one_too(source):
    text = said(source(row("low", 3.2, 2.5, 4.1)), "zh")
    assert f"3.2{Words('zh')('times')}" in text
    assert "2.5, 4.1" in text


def test_rules_with_the_same_numbers_share_a_sentence(source):
    one = {**SURE, "policy": "guangzhou_draft:narrow"}
    made = Answer(source(SURE, one), Words("en"))
    found = [plain(text) for text in made.answer(PRIMARY, made.arms)]
    assert found == [f"guangzhou_draft:narrow, Order 799 lowers {WHAT} by 43 % [36, 49]."]


def test_what_evidence_costs_is_said_where_a_row_says_it(source):
    made = Answer(source(row("", 0.9, 0.85, 0.95), metric=EVIDENCE), Words("en"))
    assert [plain(text) for text in made.answer(EVIDENCE, made.asked)] == []
    (text,) = made.answer(EVIDENCE, made.arms)
    assert plain(text) == "Order 799 lowers cases with admissible evidence by 10 % [5, 15]."


def test_a_value_that_is_not_there_is_a_dash_and_one_without_an_interval_stands_alone():
    cells = {"policy": "a", "metric": PRIMARY, "curve": "low", "mean": 12.0, "ci_low": NONE, "ci_high": NONE}
    assert plain(with_interval(cells, "mean", "ci")) == "12"
    assert plain(with_interval({**cells, "ci_low": 9.0, "ci_high": 15.0}, "mean", "ci")) == "12 [9, 15]"
    assert plain(with_interval({**cells, "mean": NONE}, "mean", "ci")) == "–"
