"""The list of claims: enough of them, each with a test that exists, an error to plant, and nothing calibrated."""

from __future__ import annotations

import ast
import csv
import tomllib
from pathlib import Path

import pytest

from privacysim.facts import facts

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = tomllib.loads((ROOT / "tests" / "claims.toml").read_text(encoding="utf-8"))["claim"]
KINDS = {"theory", "independent code", "published", "law", "property", "promise"}


def test_there_are_at_least_sixty_claims_each_said_once():
    assert len(CLAIMS) >= 60
    for key in ("id", "says"):
        assert len({claim[key] for claim in CLAIMS}) == len(CLAIMS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
def test_a_claim_has_a_source_a_test_that_exists_and_an_error_that_can_be_planted(claim):
    assert set(claim) == {"id", "kind", "says", "grounds", "test", "file", "old", "new"}
    assert claim["kind"] in KINDS
    assert claim["grounds"].strip()
    path, _, name = claim["test"].partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    text = (ROOT / claim["file"]).read_text(encoding="utf-8")
    assert text.count(claim["old"]) == 1, "the error must fit exactly one place"
    if claim["file"].endswith(".py"):
        ast.parse(text.replace(claim["old"], claim["new"]))


def test_no_claim_rests_on_a_calibrated_number():
    calibrated = [fact.id for fact in facts().values() if fact.status == "CALIBRATED"]
    assert calibrated
    for claim in CLAIMS:
        said = f"{claim['says']} {claim['grounds']} {claim['test']}"
        assert not any(name in said for name in calibrated)
        assert "185" not in claim["says"]


def test_every_claim_has_an_outcome_and_every_planted_error_was_found():
    with (ROOT / "docs" / "evidence" / "claims_outcomes.csv").open(newline="", encoding="utf-8") as stream:
        outcomes = {row["id"]: row for row in csv.DictReader(stream)}
    assert [claim["id"] for claim in CLAIMS] == list(outcomes), "run python tools/plant.py"
    for name, row in outcomes.items():
        assert row["verdict"] == "holds", name
        assert row["fails_when_broken"] == "yes", name
        assert int(row["cases"]) > 0, name


def test_a_planted_error_breaks_its_claim(tmp_path, monkeypatch):
    """The runner itself, on one quick claim: as shipped it passes, planted it fails, and the file is put back."""
    from tools import plant

    copy = plant.copy_of_checkout(tmp_path)
    claim = next(one for one in plant.claims() if one["id"] == "gate")
    before = (copy / claim["file"]).read_bytes()
    assert plant.breaks(copy, claim)[0]
    assert (copy / claim["file"]).read_bytes() == before
    failed, said = plant.breaks(copy, {**claim, "new": claim["old"]})
    assert not failed
    assert " passed" in said
