"""Sensitivity of a study whose answer is a planted formula of its numbers: what is found must be that formula."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.robustness import Factor, prepare, ranking, ranking_words, tornado, worlds, worlds_table
from privacysim.robustness.factors import factors_of, with_values
from privacysim.robustness.sensitivity import Worlds, ratios_of, run_values
from tests.helpers import planted_unit

plant, EXPOSURE = planted_unit.plant, planted_unit.EXPOSURE
QUIET = {"workers": 1, "progress": False}


@pytest.fixture(scope="module")
def inputs():
    return ps.Study("preview", policies=["notice_only", "order_799"], days=2, replicates=2).inputs()


def fact(name: str, low: float | None = None, high: float | None = None) -> Factor:
    known = facts()[name]
    return Factor(name, known.value, known.low if low is None else low, known.high if high is None else high,
                  known.unit, known.source)  # fmt: skip


def formula(inputs, arm):
    """0.2 + takedown / 100 + days kept by small shops / 1000 under Order 799; 1 under the baseline."""
    if arm == "notice_only":
        return {EXPOSURE: 1.0}
    kept = inputs.arm(arm).policy.retention.public_other.keep / 86_400
    return {EXPOSURE: 0.2 + inputs.facts.get("published_takedown_d", 14.0) / 100 + kept / 1000}


RETENTION = Factor("order_799:retention.public_other", 15.0, 3.0, 30.0, "d", "habit of shops")


def test_a_tornado_finds_the_planted_slopes_and_puts_the_widest_swing_first(monkeypatch, inputs):
    plant(monkeypatch, formula)
    factors = [RETENTION, fact("published_takedown_d"), fact("compliance")]
    table = tornado(inputs, factors, "order_799", **QUIET)
    low = table[table["curve"] == "low"]
    assert low["factor"].tolist() == ["published_takedown_d", "order_799:retention.public_other", "compliance"]
    # base 0.2 + 0.14 + 0.015; takedown from 2 to 90 d, retention from 3 to 30 d, compliance is not in the formula
    expected = [[0.235, 0.355, 1.115, 0.88], [0.343, 0.355, 0.370, 0.027], [0.355, 0.355, 0.355, 0.0]]
    found = low[["ratio_at_low", "ratio", "ratio_at_high", "swing"]].to_numpy()
    assert found == pytest.approx(np.array(expected), abs=1e-12)
    high = table[table["curve"] == "high"].set_index("factor")
    assert high.loc["order_799:retention.public_other", "ratio_at_low"] == pytest.approx(0.343**2)
    assert (table["note"] == "").all()
    assert low["unit"].tolist() == ["d", "d", "share"]
    assert low["source"].iloc[0] == facts()["published_takedown_d"].source


def test_an_end_that_no_scenario_may_have_is_left_out_and_both_such_ends_are_said(monkeypatch, inputs):
    asked = plant(monkeypatch, formula)
    both, one, fixed = fact("internet_share", -0.1, 1.5), fact("compliance", 0.0, 1.2), fact("published_takedown_d", 14)
    table = tornado(inputs, [both, one, fixed], "order_799", **QUIET)
    low = table[table["curve"] == "low"].set_index("factor")
    assert low.loc["internet_share", "note"] == (
        "its low end is outside the model (a share between 0 and 1); "
        "its high end is outside the model (a share between 0 and 1)"
    )
    assert low.loc["compliance", "note"] == "its high end is outside the model (a share between 0 and 1)"
    # takedown's low end is its value: the swing is the high end's alone, 90 − 14 days
    assert low.loc["published_takedown_d", "swing"] == pytest.approx(0.76)
    assert low.loc["published_takedown_d", "ratio_at_low"] == low.loc["published_takedown_d", "ratio"]
    assert len({point.family_id for point, _ in asked}) == 3, "the base, compliance 0 and takedown 90: nothing else"


def test_an_end_at_which_the_list_cannot_be_held_is_measured_and_marked(monkeypatch, inputs):
    asked = plant(monkeypatch, formula)
    # a camera in two thousand scans brings 1/2000 of the list: p_listed would have to be 1.26
    rare = fact("scans_per_camera_year", 0.0005)
    table = tornado(inputs, [rare], "order_799", **QUIET)
    assert set(table["note"]) == {"at its low end the list of cameras cannot be held"}
    listed = sorted({point.scenario.leaks.p_listed.number for point, _ in asked})
    value = facts().value("p_listed")
    assert listed == pytest.approx([value / 2, value, 1.0]), "twice the scans, the scans as they are, and never above 1"


def test_plausible_worlds_start_at_the_base_and_fill_every_range_evenly(monkeypatch, inputs):
    plant(monkeypatch, formula)
    factors = [RETENTION, fact("published_takedown_d")]
    found = worlds(inputs, factors, 8, seed=3, **QUIET)
    assert found.values[0].tolist() == [15.0, 14.0]
    even = (found.values[1:, 0] - 3.0) / 27.0
    logs = np.log(found.values[1:, 1] / 2.0) / np.log(45.0)  # more than a factor of ten: even in its logarithm
    for shares in (even, logs):
        assert sorted((shares * 8).astype(int)) == list(range(8)), "one world in each eighth of the range"
    planted_ratio = 0.2 + found.values[:, 1] / 100 + found.values[:, 0] / 1000
    assert found.answers("order_799") == pytest.approx(planted_ratio)
    assert found.answers("order_799", "high") == pytest.approx(planted_ratio**2)
    table = worlds_table(found)
    assert table.columns.tolist() == ["point", RETENTION.name, "published_takedown_d", "held", "ratio order_799 high",
                                      "ratio order_799 low"]  # fmt: skip
    assert table["held"].all()
    assert table["ratio order_799 low"].to_numpy() == pytest.approx(planted_ratio)


def test_a_world_in_which_nobody_is_exposed_under_the_baseline_has_no_ratio(monkeypatch, inputs):
    def answers(inputs, arm):
        nobody = arm == "notice_only" and inputs.facts["compliance"] > 0.5
        return {EXPOSURE: 0.0 if nobody else formula(inputs, arm)[EXPOSURE]}

    plant(monkeypatch, answers)
    found = run_values(inputs, [fact("compliance")], np.array([[0.5], [1.0], [0.0]]), **QUIET)
    assert found.answers("order_799") == pytest.approx([0.35, np.nan, 0.35], nan_ok=True)
    table = ranking(found)
    assert table["worlds"].tolist() == [2], "a world without an answer is not counted"


def test_a_replicate_that_is_lost_under_one_arm_is_lost_for_the_pair(inputs):
    rows = [(0, "low", k, arm, value) for k, arm, value in
            ((0, "notice_only", 10.0), (0, "order_799", 5.0), (1, "notice_only", 10.0), (2, "order_799", 1.0))]
    rows.append((1, "low", 0, "order_799", 5.0))
    metrics = pd.DataFrame(rows, columns=["point", "curve", "replicate", "policy", "value"])
    table = ratios_of(type("Ran", (), {"metrics": metrics}), inputs)
    assert table["n"].tolist() == [1, 0]
    assert table["ratio"].to_numpy() == pytest.approx([0.5, np.nan], nan_ok=True)
    assert table[["mean", "baseline_mean"]].to_numpy()[0].tolist() == [5.0, 10.0], "of the pairs alone"


def worlds_of(rows) -> Worlds:
    ratios = pd.DataFrame(rows, columns=["point", "policy", "curve", "ratio"])
    count = ratios["point"].max() + 1
    return Worlds(None, (), np.zeros((count, 0)), ratios, np.ones(count, dtype=bool), ())


def test_policies_that_share_the_first_place_are_both_named():
    rows = [(n, arm, "low", ratio) for n in range(4) for arm, ratio in (("a", 0.5), ("b", 0.5), ("c", 0.9))]
    table = ranking(worlds_of(rows))
    assert table["first"].tolist() == [4, 4, 0]
    said = ranking_words(table)
    # Wilson's interval of 4 in 4: 1 / (1 + 3.8415 / 4) = 51 %
    assert said == ("a and b share the first place at the values in force and stay first in 4 of 4 plausible worlds "
                    "(100 % [51, 100])")  # fmt: skip


def test_where_the_base_world_has_no_answer_no_policy_is_preferred():
    rows = [(n, arm, "low", ratio) for n in range(3) for arm, ratio in (("a", 0.5 if n else np.nan), ("b", 0.6))]
    table = ranking(worlds_of(rows))
    assert table[["first", "worlds"]].to_numpy().tolist() == [[2, 2], [0, 2]]
    assert ranking_words(table) == "no policy is first in the base world"
    with pytest.raises(InputError) as error:
        ranking(worlds_of([(0, "a", "low", np.nan)]))
    assert str(error.value).splitlines() == [
        "ranking: expected points at which every policy has a ratio.", "  Got: none",
        "  Fix: use a larger --sample.",
    ]  # fmt: skip


OWN = """
id = "own"
title = "A district whose count of cameras has a range of its own"
[city]
kind = "synthetic"
seed = 1
area_km2 = {value = 7.22, low = 7.0, high = 8.0, assumption = "as guangzhou_district"}
[population]
people = {value = 100000, assumption = "as guangzhou_district"}
[cameras]
per_1000 = {value = 60.0, low = 40.0, high = 90.0, assumption = "counted by hand"}
"""


def test_a_scenarios_own_number_with_a_range_is_a_factor_and_the_citys_plan_only_on_request(tmp_path, monkeypatch):
    (tmp_path / "own.toml").write_text(OWN)
    monkeypatch.setattr(ps.Study, "runner", lambda *_: facts()["audience_max"])  # another city takes seconds
    study = ps.Study(scenario=str(tmp_path / "own.toml"), policies=["notice_only", "order_799"], days=1)
    wanted = ["cameras.per_1000", "order_799:retention.public"]
    small, found = prepare(study, wanted, replicates=4, sample=300, days=2)
    assert (small.plan.replicates, small.plan.sample, small.plan.days) == (4, 300, 2)
    assert [factor.name for factor in found] == ["cameras.per_1000", "order_799:retention.public"]
    assert (found[0].low, found[0].high, found[0].source) == (40.0, 90.0, "assumption: counted by hand")
    changed = with_values(small, {"cameras.per_1000": 75.0, "order_799:retention.public": 45.0})
    assert changed.scenario.cameras.per_1000.number == 75.0
    assert changed.arm("order_799").policy.retention.public.keep == 45 * 86_400
    assert changed.arm("notice_only").policy == small.arm("notice_only").policy, "a policy's number is that policy's"
    assert changed.run_id != small.run_id
    without, whole = ({factor.name for factor in factors_of(small, with_city=also)} for also in (False, True))
    assert "audience_max" in without, "what was read while it ran"
    assert "cameras_per_1000" not in whole, "the scenario has its own number in that fact's place"
    assert whole - without >= {"city.area_km2"}
    assert all(not name.startswith("city.") for name in without)


def test_a_factor_nobody_reads_is_named_with_the_nearest(monkeypatch):
    monkeypatch.setattr("privacysim.robustness.sensitivity.factors_of", lambda *_, **__: [fact("compliance")])
    with pytest.raises(InputError) as error:
        prepare(ps.Study("preview"), ["complience"])
    assert str(error.value).splitlines() == [
        "factors: expected a number with a range that this study reads.", "  Got: complience",
        "  Fix: write compliance.",
    ]  # fmt: skip
