"""The paper: each of its numbers is one of the committed results, and each claim that it names is held by a test."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import yaml

from privacysim.facts import facts
from privacysim.law import laws
from privacysim.results import load_results
from privacysim.stats import short

ROOT = Path(__file__).resolve().parents[2]
WHOLE = " ".join((ROOT / "docs" / "paper.md").read_text(encoding="utf-8").split())
BODY = WHOLE.partition("## Summary")[2].partition("## References")[0]
SAVED = ROOT / "notebooks" / "saved" / "headline"


def rows(path: str) -> list[dict[str, str]]:
    with (ROOT / path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def ends(policy: str) -> list[float]:
    """Ratio of the primary metric on the low curve, with its interval."""
    row = next(row for row in rows("notebooks/saved/headline/summary.csv")
               if (row["policy"], row["metric"], row["curve"]) == (policy, "people_identified_by_outsiders", "low"))
    return [float(row[name]) for name in ("ratio", "ratio_low", "ratio_high")]


def lowered(policy: str) -> list[str]:
    middle, low, high = (short(100 * (1 - end)) for end in ends(policy))
    return [middle, high, low]


def worlds() -> str:
    """What the worlds say of the draft and of Order 799, low curve."""
    found = load_results(SAVED).compare().unknowns().query("curve == 'low'").set_index("policy")
    wide, order = found.loc["guangzhou_draft:wide"], found.loc["order_799"]
    n, low, high = wide["worlds"], *(short(100 * (1 - wide[end])) for end in ("high", "low"))
    return (f"In {n} worlds that draw all facts from their ranges, the draft lowers the number in "
            f"{wide['lower'] * n:.0f}, by {low} to {high} % in its wide reading, and Order 799 lowers it in "
            f"{order['lower'] * n:.0f}.")  # fmt: skip


def held() -> list[str]:
    """Every phrase of the paper with a number, made from committed results."""
    manifest = json.loads((SAVED / "manifest.json").read_text(encoding="utf-8"))
    claims, outcomes = tomllib.loads((ROOT / "tests/claims.toml").read_text(encoding="utf-8"))["claim"], rows(
        "docs/evidence/claims_outcomes.csv")
    verdicts = (ROOT / "docs/evidence/register_verdicts.md").read_text(encoding="utf-8")
    second = re.search(r"second series: (\d+) met, (\d+) missed, (\d+) not modelled, (\d+) without power", verdicts)
    assert second is not None
    met, missed, unmodelled, powerless = map(int, second.groups())
    status, covered = Counter(one.status for one in facts().values()), rows("docs/evidence/coverage.csv")[-1]
    narrow, wide = lowered("guangzhou_draft:narrow"), lowered("guangzhou_draft:wide")
    order, opened = map(short, ends("order_799")), map(short, ends("open_access"))
    hold, noticed = (sum(row[name] == word for row in outcomes)
                     for name, word in (("verdict", "holds"), ("fails_when_broken", "yes")))
    return [
        f"with {len(laws().provisions)} provisions, and {len(facts())} facts", "streamed 185 cameras",
        f"Over {len(manifest['replicates'])} paired replicates of {manifest['study']['days']} days",
        f"Guangzhou of {manifest['scenario']['people'] / 1e6:.1f} million people",
        "by {} % (95 % interval {} to {} %) in its narrow".format(*narrow),
        "by {} % ({} to {} %) in its wide".format(*wide), "(ratio {}, {} to {})".format(*order),
        worlds(), "Order 799", "by {} ({} to {}). These".format(*opened),
        f"Of the {len(facts())} facts, {status['assumption']} are assumptions with a stated range, and "
        f"{status['CALIBRATED']} are calibrated", f"has {len(claims)} claims",
        f"All {hold} hold, and {noticed} of the planted", f"run {covered['percent']} % of lines",
        f"series of {met + missed + unmodelled + powerless} rows, {met} were met, {missed} missed and "
        f"{unmodelled} are not modelled; for {powerless} the",
    ]  # fmt: skip


def test_every_number_of_the_paper_is_one_of_the_committed_results() -> None:
    rest = BODY
    for phrase in held():
        assert phrase in BODY, f"docs/paper.md does not say: {phrase}"
        rest = rest.replace(phrase, "")
    rest = re.sub(r"\[\d\]", "", rest)  # references
    assert re.findall(r"[^ ]*\d[^ ]*", rest) == [], "numbers that no committed result holds"


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
