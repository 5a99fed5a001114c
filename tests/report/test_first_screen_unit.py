"""The first screen of a study: 22 lines of 80 columns that say what the comparison says."""

import re
from dataclasses import replace

import pandas as pd
import pytest

import privacysim as ps
from privacysim.metrics import METRICS
from privacysim.report import first_screen
from privacysim.report.first_screen import LINES, WIDTH
from privacysim.report.report_model import plain
from privacysim.report.sentences import brief
from privacysim.wording import Words

SAVED = ("headline", "committee")


@pytest.fixture(scope="module", params=SAVED)
def results(request):
    return ps.load_results(f"notebooks/saved/{request.param}")


def test_the_shipped_studies_fit_one_screen_and_name_no_id(results):
    said = first_screen(results)
    lines = said.splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    assert lines[0] == results.manifest["study"]["title"]
    ids = {*results.compare().titles, *METRICS} - {"headline", "committee"}
    assert not [one for one in ids if "_" in one and one in said]
    assert all(line == line.rstrip() for line in lines)


def test_every_policy_has_a_row_whose_first_cell_is_the_ratio_of_the_primary_measure(results):
    change, lines = results.compare(), first_screen(results).splitlines()
    rows = change.of(change.primary).query("curve == 'low'").set_index("policy")
    for policy, title in change.titles.items():
        longer = tuple(other for other in change.titles.values() if other.startswith(title) and other != title)
        (line,) = [one for one in lines if one.startswith(title) and not (longer and one.startswith(longer))]
        cell, row = re.split(r"\s{2,}", line.removeprefix(title).strip())[0], rows.loc[policy]
        if policy == change.baseline:
            assert float(cell.replace(",", "")) == pytest.approx(row["mean"], rel=5e-3)
        elif cell.startswith("−"):
            assert float(cell[1:].split(" ")[0]) == pytest.approx(100 * (1 - row["ratio"]), abs=0.5)
        elif cell.startswith("×"):
            assert float(cell[2:].split(" ")[0]) == pytest.approx(row["ratio"], rel=0.05)
        else:
            assert cell == "none" or (cell.startswith("±") and row["ratio_low"] <= 1 <= row["ratio_high"])


def test_another_baseline_turns_the_table_over(results):
    change = results.compare()
    other = list(change.titles)[-1]
    said = first_screen(results, other)
    assert f"Compared with {change.titles[other]}: " in " ".join(said.split())


def test_a_primary_metric_from_outside_the_package_has_its_own_title(results, monkeypatch):
    change = results.compare()
    own = replace(change.declared[change.primary], title="faces on a wall")
    change = replace(change, declared={**change.declared, change.primary: own})
    monkeypatch.setattr(type(results), "compare", lambda *_: change)
    assert "faces on a" in first_screen(results)


@pytest.mark.parametrize(("said", "mean", "ratio", "low", "high", "note"), [
    ("none", 0.0, 0.0, float("nan"), float("nan"), "not seen in 10 replicates"),
    ("same", 5.0, 1.0, float("nan"), float("nan"), "no difference seen in 10 replicates"),
    ("(−40 %)", 5.0, 0.6, float("nan"), float("nan"), "R too small for this metric"),
    ("−24 % [16, 32]", 5.0, 0.76, 0.68, 0.84, ""),
    ("+7 % [5, 9]", 5.0, 1.071, 1.05, 1.092, ""),
    ("× 20 [16, 24]", 5.0, 19.7, 15.5, 23.8, ""),
    ("± 15 %", 5.0, 0.98, 0.85, 1.11, ""),
    ("± <1 %", 5.0, 1.0, 0.995, 1.004, ""),
    ("unclear", 5.0, 36.0, -7.0, 79.0, ""),
    ("× >999", 5.0, 3e6, 2e6, 4e6, ""),
    ("−99.9 %", 5.0, 0.0007, 0.0005, 0.0009, ""),
    ("–", float("nan"), float("nan"), float("nan"), float("nan"), "undefined: there are no views"),
])  # fmt: skip
def test_a_change_in_a_few_characters(said, mean, ratio, low, high, note):
    row = pd.Series({"mean": mean, "ratio": ratio, "ratio_low": low, "ratio_high": high, "note": note,
                     "policy": "a", "metric": "b", "curve": "low"})  # fmt: skip
    assert plain(brief(row, False, Words("en"))) == said
