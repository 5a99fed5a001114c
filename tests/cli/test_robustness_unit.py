"""`study frontier`: printed and saved alike, against a model whose answers are known."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from privacysim import robustness
from privacysim.cli.main import main


def table(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


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
    assert float(sooner["cost"]) == 1.0
    (effect,) = effects  # each option alone, measured where the front is
    assert effect["variant"] == "takedown_sooner"
    assert not (on_it := [row for row in front if row["variant"] == "takedown_sooner"]) or on_it == [effect]
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


def test_what_failed_comes_last(design, monkeypatch, capsys):
    monkeypatch.chdir(design)
    space = robustness.load_design("own.toml")
    ends = {f"{goal}_{end}": [np.nan] for goal in ("exposure", "usefulness") for end in ("low", "high")}
    front = pd.DataFrame({"variant": ["as_it_stands"], "cost": [0.0], "exposure_ratio": [1.0],
                          "usefulness_ratio": [1.0], **ends, "note": [""], "front": [True]})  # fmt: skip
    found = robustness.Frontier(space, front, front, front, ("point 2: its worker died",))
    monkeypatch.setattr(robustness, "find_frontier", lambda *_, **__: found)
    assert main(FRONTIER) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "point 2: its worker died"


def test_an_unknown_design_names_the_nearest(capsys):
    assert main(["study", "frontier", "reform"]) == 2
    assert "Fix: write reforms." in capsys.readouterr().err
