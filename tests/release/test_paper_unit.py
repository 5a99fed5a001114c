"""The paper: its parts, and each claim that it names is held by a test. `test_numbers_unit.py` holds its numbers."""

from __future__ import annotations

import csv
import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
WHOLE = " ".join((ROOT / "docs" / "paper.md").read_text(encoding="utf-8").split())
BODY = WHOLE.partition("## Summary")[2].partition("## References")[0]


def rows(path: str) -> list[dict[str, str]]:
    with (ROOT / path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_claim_that_the_paper_names_is_held_and_its_error_is_noticed() -> None:
    outcomes = {row["id"]: row for row in rows("docs/evidence/claims_outcomes.csv")}
    named = re.findall(r"`([a-z]+(?:-[a-z]+)*)`", BODY)
    assert len(named) >= 8
    for name in named:
        assert outcomes[name]["verdict"] == "holds", name
        assert outcomes[name]["fails_when_broken"] == "yes", name


def test_the_paper_has_the_parts_of_a_software_paper_in_two_pages_and_cites_all_its_references() -> None:
    heads = re.findall(r"(?m)^## (.+)$", (ROOT / "docs" / "paper.md").read_text(encoding="utf-8"))
    assert heads == ["Summary", "Statement of need", "State of the field", "Software design", "Quality control",
                     "References"]  # fmt: skip
    assert 600 <= len(BODY.split()) <= 1100
    known = set(re.findall(r"(?m)^(\d)\. ", (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")))
    assert set(re.findall(r"\[(\d)\]", BODY)) == known


def test_citation_and_code_of_conduct_are_in_place() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cited["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "version"} <= set(cited)
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
    assert "footage" in (ROOT / "CODE_OF_CONDUCT.md").read_text(encoding="utf-8")
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert [path.stem for path in forms] == ["bug", "law_or_fact", "question"]
    for path in forms:
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form)
        assert all(one["attributes"]["label"] for one in form["body"])
