"""The frontier over planted effects of levers: the front, who beats whom and the confirmation, by brute force."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from privacysim.draws import stream_key, uniforms
from privacysim.errors import InputError, ResultsError
from privacysim.robustness import find_frontier, load_design
from privacysim.robustness.frontier import dominators
from privacysim.simulation.unit_parts import Unit
from privacysim.stats import nondominated
from privacysim.study.running import PILOT
from tests.helpers import planted_unit

plant, EXPOSURE, USEFULNESS = planted_unit.plant, planted_unit.EXPOSURE, planted_unit.USEFULNESS
QUIET = {"workers": 1, "progress": False}

DESIGN = f"""
id = "own"
scenario = "guangzhou_district"
policy = "order_799"
reduce = "{EXPOSURE}"
keep = "{USEFULNESS}"
days = 2
sample = 500
budget = 1.0
cost_unit = "points"
[[lever]]
id = "takedown"
assumption = "platforms may be told"
option = [{{id = "as_is"}}, {{id = "soon", cost = 1.0, facts = {{published_takedown_d = 2.0}}}}]
[[lever]]
id = "logs"
assumption = "shops may have to keep logs"
option = [{{id = "as_is"}}, {{id = "on", cost = 1.5, change = {{logs = {{regime = ["public_other"]}}}}}}]
[[lever]]
id = "keep"
assumption = "shops may be told"
option = [{{id = "as_is"}}, {{id = "week", cost = 0.5, change = {{retention = {{public_other = {{keep = "7 d"}}}}}}}},
          {{id = "month", cost = 0.5, change = {{retention = {{public_other = {{keep = "30 d"}}}}}}}}]
"""
PLANTED = {"as_it_stands": (1.0, 1.0), "takedown_soon": (0.9, 1.0), "logs_on": (0.7, 0.96), "keep_week": (0.5, 0.8),
           "keep_month": (1.3, 0.99)}  # fmt: skip
"""What each option makes of exposure and of usefulness; keeping a month is worse in both and costs."""
COST = {"as_it_stands": 0.0, "takedown_soon": 1.0, "logs_on": 1.5, "keep_week": 0.5, "keep_month": 0.5}


def effect(name: str) -> tuple[float, float]:
    parts = [PLANTED[part] for part in name.split("+")]
    return math.prod(part[0] for part in parts), math.prod(part[1] for part in parts)


def answers(inputs, arm):
    one = inputs.arms[inputs.arm_ids.index(arm)]
    exposure, usefulness = effect(one.title)
    return {EXPOSURE: exposure, USEFULNESS: usefulness}


def every_variant() -> dict[str, tuple[float, float, float]]:
    """Name → exposure, loss of usefulness and cost of all twelve combinations, written out."""
    made = {}
    for chosen in product(("", "takedown_soon"), ("", "logs_on"), ("", "keep_week", "keep_month")):
        name = "+".join(part for part in chosen if part) or "as_it_stands"
        made[name] = (*effect(name), sum(COST[part] for part in name.split("+")))
    return {name: (exposure, -usefulness, cost) for name, (exposure, usefulness, cost) in made.items()}


def beats(a, b) -> bool:
    return all(x <= y + 1e-12 for x, y in zip(a, b, strict=True)) and any(
        x < y - 1e-12 for x, y in zip(a, b, strict=True)
    )


@pytest.fixture
def design(tmp_path):
    (tmp_path / "own.toml").write_text(DESIGN, encoding="utf-8")
    return load_design(str(tmp_path / "own.toml"))


def test_the_front_is_that_of_every_pair_compared_and_is_measured_again_on_fresh_replicates(monkeypatch, design):
    asked = plant(monkeypatch, answers)
    found = find_frontier(design, variants=20, replicates=2, confirm=10, **QUIET)
    known = every_variant()
    table = found.variants.set_index("variant")
    assert set(table.index) == set(known), "a small space is tried whole"
    for name, (exposure, loss, cost) in known.items():
        row = table.loc[name]
        assert (row["exposure_ratio"], row["usefulness_ratio"], row["cost"]) == pytest.approx((exposure, -loss, cost))
        better = [other for other, goals in known.items() if beats(goals, known[name])]
        assert row["front"] == (not better), name
        assert (row["dominated_by"] in better) if better else row["dominated_by"] == ""
    assert not table.loc["keep_month", "front"]
    # the mean of 1000 and 2000 is what the policy as it stands has
    assert table.loc["logs_on", ["exposure_change", "usefulness_change"]].tolist() == pytest.approx([-450.0, -60.0])
    assert table.loc["takedown_soon+keep_week", ["takedown", "logs", "keep"]].tolist() == ["soon", "as_is", "week"]
    front = set(table.index[table["front"]])
    assert set(found.confirmed["variant"]) == front
    for row in found.confirmed.to_dict("records"):
        exposure, usefulness = effect(row["variant"])
        assert (row["exposure_ratio"], row["usefulness_ratio"]) == pytest.approx((exposure, usefulness))
        if row["variant"] != "as_it_stands":  # always the same multiple of the same replicates: no width
            assert (row["exposure_low"], row["exposure_high"]) == pytest.approx((exposure, exposure))
        assert row["n"] == 10
    searched = {unit.replicate for inputs, unit in asked if set(inputs.replicates) == {0, 1}}
    confirmed = {unit.replicate for inputs, unit in asked if set(inputs.replicates) != {0, 1}}
    assert (searched, confirmed) == ({0, 1}, {PILOT.replicate, *range(2, 12)})
    for inputs, _ in asked:  # one world has one set of facts, and holds the variants that have these
        soon = {"takedown_soon" in arm.title for arm in inputs.arms[1:]}
        assert soon == {inputs.facts == {"published_takedown_d": 2.0}}


def test_the_words_the_effects_and_the_best_within_the_designs_budget(monkeypatch, design):
    plant(monkeypatch, answers)
    found = find_frontier(design, variants=20, replicates=2, confirm=10, **QUIET)
    assert found.best()["variant"] == "takedown_soon", "a week is less exposure for a point, but costs usefulness"
    assert found.best(2.5)["variant"] == "takedown_soon+logs_on"
    assert found.best(2.5, tolerance=0.25)["variant"] in {"takedown_soon+keep_week", "logs_on+keep_week"}
    said = found.words()
    assert said[-1] == "as_it_stands: exposure × 1, usefulness × 1, cost 0 points"
    assert "logs_on: exposure × 0.7 [0.7, 0.7], usefulness × 0.96 [0.96, 0.96], cost 1.5 points" in said
    assert ("takedown_soon: exposure × 0.9 [0.9, 0.9], usefulness × 1, cost 1 points "
            "(usefulness: no difference seen in 10 replicates (in at most 26 % of others))") in said  # fmt: skip
    effects = found.effects.set_index("variant")
    assert set(effects.index) == set(PLANTED) - {"as_it_stands"}, "each option alone, on the front or not"
    for name, row in effects.iterrows():
        assert (row["exposure_ratio"], row["usefulness_ratio"], row["n"]) == pytest.approx((*effect(name), 10))
        assert row[["exposure_low", "exposure_high"]].tolist() == pytest.approx([effect(name)[0]] * 2)


EXTRA = """
[[lever]]
id = "filing"
assumption = "shops may have to file"
option = [{id = "as_is"}, {id = "on", cost = 1.0, change = {filing = {regime = ["public_other"]}}}]
[[lever]]
id = "security"
assumption = "shops may have to secure"
option = [{id = "as_is"}, {id = "on", cost = 1.0, change = {security = {regime = ["public_other"]}}}]
"""


def test_a_larger_space_is_steered_and_every_batch_meets_the_policy_as_it_stands(monkeypatch, tmp_path):
    (tmp_path / "own.toml").write_text(DESIGN + EXTRA, encoding="utf-8")
    monkeypatch.setitem(PLANTED, "filing_on", (0.95, 1.0))
    monkeypatch.setitem(PLANTED, "security_on", (0.6, 1.0))
    asked = plant(monkeypatch, answers)
    found = find_frontier(load_design(str(tmp_path / "own.toml")), variants=30, replicates=1, confirm=1, **QUIET)
    assert len(found.variants) == 30 < 48
    for row in found.variants.to_dict("records"):
        assert (row["exposure_ratio"], row["usefulness_ratio"]) == pytest.approx(effect(row["variant"])), row["variant"]
    best = min(effect("+".join(part for part in chosen if part) or "as_it_stands")[0] for chosen in product(
        ("", "takedown_soon"), ("", "logs_on"), ("", "keep_week"), ("", "filing_on"), ("", "security_on")))  # fmt: skip
    assert found.variants["exposure_ratio"].min() == pytest.approx(best), "steered to the least exposure of all 48"
    groups = [set(inputs.arm_ids) for inputs, _ in asked if not inputs.facts]
    assert len(groups) >= 3
    assert all({"as_it_stands", "v00000"} <= group for group in groups[:2]), "in the first batch and in the steered one"


def test_a_replicate_that_fails_under_some_facts_is_left_out_of_their_differences(monkeypatch, design):
    def fails(inputs, unit):
        return unit == Unit(1, 0) and "published_takedown_d" in inputs.facts

    plant(monkeypatch, answers, fails)
    found = find_frontier(design, variants=20, replicates=2, confirm=1, **QUIET)
    table = found.variants.set_index("variant")
    # of replicate 0 alone, which has 1000: a tenth less is 100
    assert table.loc["takedown_soon", "exposure_change"] == pytest.approx(-100.0)
    assert table.loc["logs_on", "exposure_change"] == pytest.approx(-450.0)
    assert len(found.failed) == 1
    assert "replicate 1, block 0: failed in stats" in found.failed[0]


def test_a_variant_of_which_nothing_is_left_ends_the_search_with_the_first_failure(monkeypatch, design):
    plant(monkeypatch, answers, lambda inputs, unit: "published_takedown_d" in inputs.facts)
    with pytest.raises(ResultsError) as error:
        find_frontier(design, variants=20, replicates=1, confirm=1, **QUIET)
    first, fix = str(error.value).splitlines()
    assert first.startswith("frontier: no replicate of takedown_soon")
    assert "is complete. First that failed: point 1, replicate 0, block 0: failed in stats at " in first
    assert fix == "  Fix: the same command tries again; with --out it keeps what was done."


def test_a_front_of_which_nothing_could_be_confirmed_says_so(monkeypatch, design):
    plant(monkeypatch, answers, lambda inputs, unit: unit.replicate > 0)
    with pytest.raises(ResultsError, match="no replicate of as_it_stands is complete"):
        find_frontier(design, variants=20, replicates=1, confirm=1, **QUIET)


@pytest.mark.parametrize(("goal", "value", "lines"), [
    (EXPOSURE, 0.0, [f"frontier: expected a policy as it stands with {EXPOSURE} above 0.",
                     "  Got: 0 in every replicate",
                     "  Fix: use a design with more days, a larger sample or another goal."]),
    (USEFULNESS, None, [f"frontier: expected a value of {USEFULNESS} for every variant.",
                        "  Got: none for as_it_stands",
                        "  Fix: use more --replicates, or a design with more days or a larger sample."]),
])  # fmt: skip
def test_a_goal_that_is_nowhere_to_be_seen_is_named_before_the_search_goes_on(monkeypatch, design, goal, value, lines):
    def nothing(inputs, arm):
        other = USEFULNESS if goal == EXPOSURE else EXPOSURE
        return {other: 1.0} if value is None else {other: 1.0, goal: value}

    asked = plant(monkeypatch, nothing)
    with pytest.raises(InputError) as error:
        find_frontier(design, variants=20, replicates=1, confirm=1, **QUIET)
    assert str(error.value).splitlines() == lines
    assert {unit.replicate for _, unit in asked} == {0}, "nothing was confirmed"


@pytest.mark.parametrize("goals", [1, 2, 3])
def test_the_front_and_who_beats_whom_are_those_of_every_pair_compared(goals):
    # on a coarse grid, so that there are ties and equal rows; the last goal is the same for all
    coarse = np.floor(6 * uniforms(stream_key(goals, 0, "pairs"), np.arange(90), goals))
    rows = np.column_stack([coarse, np.full(90, 2.0)])
    front = [not any(beats(other, mine) for other in rows) for mine in rows]
    assert nondominated(rows).tolist() == front
    spread = np.where(np.ptp(rows, axis=0) > 0, np.ptp(rows, axis=0), 1.0)
    for mine, by in zip(rows, dominators(rows), strict=True):
        better = [n for n, other in enumerate(rows) if front[n] and beats(other, mine)]
        assert (by < 0) == (not better)
        if better:
            assert by in better
            gains = {n: ((mine - rows[n]) / spread).sum() for n in better}
            assert gains[by] == pytest.approx(max(gains.values())), "the one that gains most"
