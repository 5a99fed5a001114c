"""The file of the register: every row is complete, its band holds its datum, and no datum is an input of the model."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from privacysim.facts import facts
from privacysim.resources import shipped

ROOT = Path(__file__).parents[2]
GROUPS = ("mobility", "exposure", "criminology", "recognition", "leaks", "access_requests", "enforcement", "cities")
COLUMNS = (
    "id", "group", "series", "observed", "value", "unit", "low", "high", "band_reason", "place_year", "source",
    "how_read", "protocol", "width_that_counts", "width_scale", "expected_today", "expected_reason",
    "shares_datum_with",
)  # fmt: skip


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


ROWS = table(shipped("data/register.csv"))
SECOND = [row for row in ROWS if row["series"] == "second"]


def names(source: str) -> set[str]:
    """Authors, newspapers, hosts and years."""
    return set(re.findall(r"\b[A-Z][a-z]{3,}|\b[\w-]+\.(?:com|org|gov|uk|de|cn)\b|\b(?:19|20)\d\d\b", source))


def repeats(row: dict[str, str], value: float, source: str) -> bool:
    return value == pytest.approx(float(row["value"])) and len(names(source) & names(row["source"])) >= 2


def inputs() -> set[str]:
    """Ids of the facts that scenarios, policies or the model's code name; the register's own room does not count."""
    paths = [path for path in ROOT.glob("privacysim/**/*.py") if "validation" not in path.parts]
    paths += [*ROOT.glob("sim/**/*.toml"), shipped("data/scenario.csv")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return set(facts()) & set(re.findall(r"\w+", text))


def test_every_row_is_complete_and_only_shared_sources_may_be_empty():
    assert tuple(ROWS[0]) == COLUMNS
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", row["id"]), row["id"]
        empty = [name for name in COLUMNS if not row[name].strip() and name != "shares_datum_with"]
        assert not empty, (row["id"], empty)
        assert row["group"] in GROUPS, row["id"]
        assert row["how_read"] in ("R", "S"), row["id"]
        assert row["series"] in ("first", "second"), row["id"]
        assert row["expected_today"] in ("met", "missed", "unknown"), row["id"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_band_holds_its_datum_and_is_narrower_than_what_is_worth_saying(row):
    low, value, high, width = (float(row[name]) for name in ("low", "value", "high", "width_that_counts"))
    assert low <= value <= high
    assert low < high
    assert row["width_scale"] in ("linear", "ratio")
    assert width > (1.0 if row["width_scale"] == "ratio" else 0.0)
    if row["unit"] == "share":
        assert low >= 0.0
        assert high <= 1.0


def test_every_protocol_names_its_common_part_and_says_what_is_computed():
    for row in ROWS:
        assert re.match(r"[PECGALR][,.] ", row["protocol"]), row["id"]
        assert len(row["protocol"]) > 20, row["id"]


def test_the_second_series_has_forty_rows_six_in_each_group_and_fifteen_that_should_be_missed():
    assert len(SECOND) >= 40
    counted = Counter(row["group"] for row in SECOND)
    assert all(counted[group] >= 6 for group in GROUPS[:1] + GROUPS[2:7]), counted
    assert sum(row["expected_today"] == "missed" for row in SECOND) >= 15


def test_the_first_series_has_the_seventeen_rows_of_the_page_of_evidence():
    assert len(ROWS) - len(SECOND) == 17


def test_no_datum_of_the_second_series_is_the_value_of_a_fact_from_the_same_source():
    for row in SECOND:
        for fact in facts().values():
            assert not repeats(row, fact.value, fact.source), (row["id"], fact.id)


def test_a_row_of_the_first_series_that_repeats_an_input_names_it():
    used = inputs()
    for row in ROWS:
        for name in used:
            same = repeats(row, facts()[name].value, facts()[name].source)
            assert not same or name in row["shares_datum_with"], (row["id"], name)


def test_names_of_facts_and_rows_that_share_a_source_exist():
    known = {row["id"] for row in ROWS} | set(facts())
    for row in ROWS:
        for name in re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", row["shares_datum_with"]):
            assert name in known or name == "facts_to_revise", (row["id"], name)


def test_published_figures_for_facts_name_facts_that_exist_and_no_figure_is_the_datum_of_a_row():
    figures = table(ROOT / "docs" / "evidence" / "facts_to_revise.csv")
    for figure in figures:
        assert figure["fact"] in facts(), figure["fact"]
        assert figure["how_read"] in ("R", "S"), figure["fact"]
        assert figure["source"], figure["fact"]
        assert figure["note"], figure["fact"]
        if figure["found"]:
            taken = [row["id"] for row in SECOND if repeats(row, float(figure["found"]), figure["source"])]
            assert not taken, (figure["fact"], taken)
