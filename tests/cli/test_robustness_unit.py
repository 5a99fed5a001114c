"""`study sensitivity` and `study frontier`: printed and saved alike, against a model whose answers are known."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from privacysim import robustness
from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.robustness import sensitivity
from privacysim.robustness.sensitivity import Worlds

ASKED = ["study", "sensitivity", "preview", "--policy", "order_799", "--factors", " compliance,informal_handover,",
         "--workers", "1"]  # fmt: skip
SLOPES = np.array([2.0, 0.5])


def table(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def linear(monkeypatch):
    """The study's ratio as 1 + slopes · values, a rival's as 1.8 everywhere; one failure if it is asked for."""
    failed: list[str] = []

    def answer(inputs, factors, values, **how):
        assert how["workers"] == 1
        rows = [(n, policy, curve, ratio) for n, row in enumerate(values) for curve in ("low", "high")
                for policy, ratio in (("order_799", 1 + row @ SLOPES), ("guangzhou_draft", 1.8))]  # fmt: skip
        ratios = pd.DataFrame(rows, columns=["point", "policy", "curve", "ratio"])
        return Worlds(inputs, tuple(factors), values, ratios, np.ones(len(values), dtype=bool), tuple(failed))

    monkeypatch.setattr(sensitivity, "run_values", answer)
    return failed


def test_each_end_of_a_tornado_is_the_answer_with_that_number_there(linear, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*ASKED, "--out", "r"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("order_799: people_identified_by_outsiders, ratio to notice_only (low curve); one factor")
    known = [facts()[name] for name in ("compliance", "informal_handover")]
    base = 1 + sum(slope * fact.value for slope, fact in zip(SLOPES, known, strict=True))
    rows = {row["factor"]: row for row in table(tmp_path / "r" / "tornado.csv") if row["curve"] == "low"}
    for slope, fact in zip(SLOPES, known, strict=True):
        row = rows[fact.id]
        assert float(row["ratio"]) == pytest.approx(base)
        assert float(row["ratio_at_low"]) == pytest.approx(base + slope * (fact.low - fact.value))
        assert float(row["ratio_at_high"]) == pytest.approx(base + slope * (fact.high - fact.value))
        assert f"  {fact.id}: {fact.source} ({fact.status})" in said
        shown = next(line.split() for line in said.splitlines() if line.split()[:1] == [fact.id])
        assert float(shown[-2]) == pytest.approx(base, rel=5e-3)
    widest = max(rows.values(), key=lambda row: float(row["swing"]))["factor"]
    names = [line.split()[0] for line in said.splitlines() if line.split()[:1] and line.split()[0] in rows]
    assert names[0] == widest, "what moves the answer most stands first"
    assert [path.name for path in (tmp_path / "r").glob("[!.]*")] == ["tornado.csv"]


def test_an_end_outside_the_model_is_said_and_without_out_nothing_is_written(linear, tmp_path, monkeypatch, capsys):
    real = sensitivity.with_values

    def bounded(inputs, values):
        if values.get("compliance") == facts()["compliance"].high:
            raise InputError("compliance", "a share below the highest", values["compliance"], "lower it")
        return real(inputs, values)

    monkeypatch.setattr(sensitivity, "with_values", bounded)
    monkeypatch.chdir(tmp_path)
    assert main(ASKED) == 0
    said = capsys.readouterr().out
    assert "  compliance: its high end is outside the model (a share below the highest)" in said
    assert not list(tmp_path.iterdir())


def test_plausible_worlds_rank_the_policies_and_find_where_the_goal_is_missed(linear, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    linear.append("point 3: its worker died")
    fact = facts()["compliance"]
    middle = (fact.low + fact.high) / 2
    goal = 1 + SLOPES[0] * middle + SLOPES[1] * facts()["informal_handover"].value
    assert main([*ASKED, "--points", "40", "--goal", f"{goal:g}", "--out", "r"]) == 0
    said = capsys.readouterr().out
    seen = table(tmp_path / "r" / "worlds.csv")
    assert len(seen) == 41, "40 points and the values in force"
    for row in seen:
        by_hand = 1 + SLOPES @ [float(row["compliance"]), float(row["informal_handover"])]
        assert float(row["ratio order_799 low"]) == pytest.approx(by_hand)
        assert float(row["ratio guangzhou_draft high"]) == 1.8
    first = {row["policy"]: int(row["first"]) for row in table(tmp_path / "r" / "ranking.csv")}
    by_hand = sum(float(row["ratio order_799 low"]) < 1.8 for row in seen)
    assert first == {"order_799": by_hand, "guangzhou_draft": 41 - by_hand}
    assert re.search(rf"stays first in {max(first.values())} of 41 plausible worlds", said)
    assert re.search(rf"order_799 misses its goal of {goal:g} when compliance is above", said), said
    assert said.endswith("point 3: its worker died\n"), "what failed is said last"


@pytest.mark.parametrize(("goal", "missed"), [(1e9, 0), (1.0, 6)])
def test_a_goal_that_all_worlds_reach_or_all_miss_is_said_too(goal, missed, linear, capsys):
    assert main([*ASKED, "--points", "5", f"--goal={goal:g}"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"order_799 misses its goal of {goal:g} in {missed} of 6 worlds"


@pytest.mark.parametrize(("words", "said"), [
    (["--policy", "order_79"], "order_799"), (["--factors", "complaince"], "write compliance"),
])  # fmt: skip
def test_what_cannot_be_examined_is_three_lines_and_no_file(words, said, linear, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*ASKED, *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 3
    assert not list(tmp_path.iterdir())


def test_a_study_with_the_baseline_alone_has_no_answer_to_examine(tmp_path, capsys):
    (tmp_path / "alone.toml").write_text('id = "alone"\nscenario = "guangzhou_district"\npolicies = ["order_799"]\n'
                                         'baseline = "order_799"\ndays = 1\n')  # fmt: skip
    assert main(["study", "sensitivity", str(tmp_path / "alone.toml"), "--sample", "100", "--days", "1"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "study: expected a policy beside the baseline.", f"  Got: {tmp_path / 'alone.toml'}",
        "  Fix: add one to policies.",
    ]  # fmt: skip


OWN = """
id = "own"
scenario = "busy.toml"
policy = "order_799"
reduce = "people_identified_by_outsiders"
keep = "cases_with_admissible_evidence"
days = 2
sample = 500
[[lever]]
id = "takedown"
assumption = "platforms may be told"
option = [{id = "as_is"}, {id = "sooner", cost = 1.0, facts = {published_takedown_d = 2.0}}]
"""
FRONTIER = ["study", "frontier", "own.toml", "--variants", "2", "--replicates", "1", "--confirm", "1", "--workers", "1"]


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    """A design on a district with so many cases that two days bring evidence."""
    folder = tmp_path_factory.mktemp("frontier")
    (folder / "own.toml").write_text(OWN)
    district = Path("sim/scenarios/guangzhou_district.toml").read_text(encoding="utf-8")
    cases = '[access]\ncases_per_month = {value = 300000, assumption = "a test"}\n'
    (folder / "busy.toml").write_text(district.replace('id = "guangzhou_district"', 'id = "busy"') + cases)
    return folder


def test_a_frontier_is_saved_as_it_is_said_and_budgets_choose_from_it(design, monkeypatch, capsys):
    monkeypatch.chdir(design)
    assert main([*FRONTIER, "--budget", "0.5", "--out", "r"]) == 0
    said = capsys.readouterr().out
    variants, front, effects = (table(design / "r" / f"{name}.csv") for name in ("variants", "front", "effects"))
    assert {row["variant"]: float(row["cost"]) for row in variants} == {"as_it_stands": 0.0, "takedown_sooner": 1.0}
    on_front = [row["variant"] for row in variants if row["front"] == "True"]
    assert said.splitlines()[0] == ("own: 2 variants of order_799 in busy.toml, 2 days, start steady; "
                                    f"{len(on_front)} on the front")  # fmt: skip
    assert {row["variant"] for row in front} == set(on_front)
    for row in front:
        line = next(line for line in said.splitlines() if line.startswith(f"  {row['variant']}: "))
        assert float(re.search(r"exposure × (\S+),", line)[1]) == pytest.approx(float(row["exposure_ratio"]), rel=6e-3)
        assert f"cost {float(row['cost']):g}" in line
    assert "best within 0.5 : as_it_stands\n" in said
    sooner, stands = (next(row for row in variants if row["variant"] == name) for name in (
        "takedown_sooner", "as_it_stands"))  # fmt: skip
    assert float(stands["exposure_ratio"]) == 1.0
    (effect,) = effects  # of one lever with one option the effect is the difference itself
    assert (effect["lever"], effect["option"]) == ("takedown", "sooner")
    assert float(effect["exposure"]) == pytest.approx(float(sooner["exposure_ratio"]) - 1, abs=1e-9)
    # what was run is not run again: the same folder, other questions
    before = {path: path.read_bytes() for path in (design / "r").glob("*.csv")}
    assert main([*FRONTIER, "--out", "r"]) == 0
    assert capsys.readouterr().out == said.replace("best within 0.5 : as_it_stands\n", ""), "no budget, no best"
    assert main([*FRONTIER, "--budget=-1", "--out", "r"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "budget: expected a reform on the front that costs at most -1 and keeps its usefulness.", "  Got: none",
        "  Fix: raise the budget or the tolerance.",
    ]  # fmt: skip
    assert {path: path.read_bytes() for path in (design / "r").glob("*.csv")} == before


def test_what_the_steering_was_worth_is_told_goal_by_goal_and_what_failed_comes_last(design, monkeypatch, capsys):
    monkeypatch.chdir(design)
    space = robustness.load_design("own.toml")
    ends = {f"{goal}_{end}": [np.nan] for goal in ("exposure", "usefulness") for end in ("low", "high")}
    front = pd.DataFrame({"variant": ["as_it_stands"], "cost": [0.0], "exposure_ratio": [1.0],
                          "usefulness_ratio": [1.0], **ends, "note": [""], "front": [True]})  # fmt: skip
    worth = pd.DataFrame({"goal": [0, 1], "variance_explained": [0.834, 0.5], "interval_held": [0.9, 1.0]})
    found = robustness.Frontier(space, front, front, worth, np.zeros((1, 1), dtype=int), ("point 2: its worker died",))
    monkeypatch.setattr(robustness, "find_frontier", lambda *_, **__: found)
    assert main(FRONTIER) == 0
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "search model, people_identified_by_outsiders: explains 83 % of the variance of left-out variants; "
        "its 95 % intervals cover 90 %",
        "search model, cases_with_admissible_evidence: explains 50 % of the variance of left-out variants; "
        "its 95 % intervals cover 100 %",
        "point 2: its worker died",
    ]  # fmt: skip


def test_an_unknown_design_names_the_nearest(capsys):
    assert main(["study", "frontier", "reform"]) == 2
    assert "Fix: write reforms." in capsys.readouterr().err
