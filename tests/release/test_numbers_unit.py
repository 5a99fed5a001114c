"""Numbers in texts: README, the site's hand-written pages and the paper say what the committed results hold.

`python -m pytest tests/release/test_numbers_unit.py` recomputes them all. A number of a page that is neither a result
nor listed in `OTHER` fails too, so that a new result cannot enter a text without its source.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from privacysim.facts import facts
from privacysim.figures import svg_text
from privacysim.law import laws
from privacysim.results import load_results
from privacysim.stats import short

ROOT = Path(__file__).resolve().parents[2]
SAVED = ROOT / "notebooks" / "saved" / "headline"
PAGES = ("README.md", "docs/paper.md", "docs/index.md", "docs/start.md", "docs/tutorials.md", "docs/guides/*.md",
         "docs/model/*.md", "docs/reference/vocabulary.md", "docs/evidence/ethics.md", "docs/evidence/model_card.md",
         "docs/evidence/scope.md", "docs/evidence/threat_model.md")  # fmt: skip
"""Texts written by hand. The other pages of evidence are records: they say when, where and by which command."""
LISTS = r"(?m)^(\d+\.|#+ \d+\.|\| \d(\.\d)+) "
"""Numbers of items, headings and rows of a checklist."""
SOURCES = (r"doi:\S+|\[\d\]|\(\d{4},|others \d{4},|Order 799|order of 2007|rules of 2007|Order 1 of 2007|SHA-256|"
           r"Apache-2\.0|ODD\S*, section \d")
LAWS = r"\| (UK )?GDPR 35.*|\| PIPL 55.*|San Francisco Administrative Code 19B"
OTHER = {
    "README.md": "3.11 95", "docs/start.md": "3.11", "docs/tutorials.md": "95", "docs/guides/assessment.md": "95",
    "docs/guides/explorer.md": "8866", "docs/guides/how_sure.md": "10 95 400 40 200 8 185 5 90",
    "docs/guides/read_results.md": "95 26 1 0.05^(1/10 39 41 30 0 2.5 97.5 ±20 146 600",
    "docs/guides/your_city.md": "84 360 bzip2",
    "docs/model/odd.md": "7 185 45 65 40000 4000 12 25000 15000 0.1 180 0 62676-4 2000",
    "docs/model/stress_des.md": "3 180 max(10 25γ² 3.11", "docs/evidence/model_card.md": "30",
    "docs/evidence/threat_model.md": "30", "docs/reference/vocabulary.md": "30 5 95",
}  # fmt: skip
"""Numbers that are no results: levels, limits, thresholds and sizes that the page itself defines."""


@cache
def rows(path: str) -> list[dict[str, str]]:
    with (ROOT / path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@cache
def manifest() -> dict:
    return json.loads((SAVED / "manifest.json").read_text(encoding="utf-8"))


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


def verdicts(series: str) -> list[int]:
    """Rows of the register that are met, missed, not modelled and without power."""
    text = (ROOT / "docs/evidence/register_verdicts.md").read_text(encoding="utf-8")
    found = re.search(rf"{series} series: (\d+) met, (\d+) missed, (\d+) not modelled, (\d+) without power", text)
    assert found is not None
    return [int(one) for one in found.groups()]


@cache
def held() -> dict[str, list[str]]:
    """Every phrase with a number of a result, by page, made from the committed results."""
    claims = tomllib.loads((ROOT / "tests/claims.toml").read_text(encoding="utf-8"))["claim"]
    outcomes, covered = rows("docs/evidence/claims_outcomes.csv"), rows("docs/evidence/coverage.csv")[-1]
    second, status = verdicts("second"), Counter(one.status for one in facts().values())
    every = [one + other for one, other in zip(verdicts("first"), second, strict=True)]
    narrow, wide = lowered("guangzhou_draft:narrow"), lowered("guangzhou_draft:wide")
    order, opened = map(short, ends("order_799")), map(short, ends("open_access"))
    hold, noticed = (sum(row[name] == word for row in outcomes)
                     for name, word in (("verdict", "holds"), ("fails_when_broken", "yes")))
    cost = f"about {10 * round(manifest()['cpu_seconds'] / 600)} minutes of CPU time"
    draft = ["by {} % (95 % interval {} to {} %) in its narrow".format(*narrow),
             "by {} % ({} to {} %) in its wide".format(*wide)]
    people = f"{manifest()['scenario']['people'] / 1e6:.1f} million"
    return {
        "README.md": [*draft, worlds(), cost, "185 cameras of Guangzhou",
                      f"of {sum(every)} published observations, the model meets {every[0]}, misses {every[1]}, has no "
                      f"such quantity for {every[2]}, and is too uncertain to decide {every[3]}."],
        "docs/start.md": [cost],
        "docs/model/odd.md": [f"| {people}; a sample of {manifest()['study']['sample'] // 1000} 000 by default"],
        "docs/paper.md": [
            f"with {len(laws().provisions)} provisions, and {len(facts())} facts", "streamed 185 cameras",
            f"Over {len(manifest()['replicates'])} paired replicates of {manifest()['study']['days']} days",
            f"Guangzhou of {people} people", *draft, "(ratio {}, {} to {})".format(*order), worlds(),
            "by {} ({} to {}). These".format(*opened),
            f"Of the {len(facts())} facts, {status['assumption']} are assumptions with a stated range, and "
            f"{status['CALIBRATED']} are calibrated", f"has {len(claims)} claims",
            f"All {hold} hold, and {noticed} of the planted", f"run {covered['percent']} % of lines",
            f"series of {sum(second)} rows, {second[0]} were met, {second[1]} missed and {second[2]} are not modelled; "
            f"for {second[3]} the",
        ],
    }  # fmt: skip


def pages() -> list[str]:
    return [path.relative_to(ROOT).as_posix() for page in PAGES for path in sorted(ROOT.glob(page))]


def left(page: str, text: str) -> list[str]:
    """What is wrong with the numbers of a page: phrases that it lacks, and numbers that nothing holds."""
    prose = text.partition("## Summary")[2].partition("## References")[0] if page == "docs/paper.md" else text
    prose = re.sub(r"(?ms)^ *```.*?^ *```", "", prose)  # code
    flat = " ".join(re.sub(f"{LISTS}|{LAWS}", "", prose).split())
    lacking = [f"lacks: {phrase}" for phrase in held().get(page, []) if phrase not in flat]
    for phrase in held().get(page, []):
        flat = flat.replace(phrase, "")
    flat = re.sub(rf"`[^`]*`|\]\([^)]*\)|{SOURCES}", "", flat)
    flat = re.sub(r"(?<=\d) (?=000\b)", "", flat)
    found = {one.strip("().,;:−–|^[]") for one in re.findall(r"[^\s]*\d[^\s]*", flat)}
    return lacking + sorted(found - set(OTHER.get(page, "").split()))


@pytest.mark.parametrize("page", pages())
def test_every_number_of_a_page_is_that_of_the_committed_results(page: str) -> None:
    assert left(page, (ROOT / page).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", ["README.md", "docs/start.md", "docs/paper.md", "docs/model/odd.md"])
def test_a_wrong_number_in_place_of_a_result_is_noticed(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    flat = " ".join(text.split())
    for phrase in held()[page]:
        for number in re.finditer(r"\d+(\.\d+)?", phrase):
            wrong = phrase[: number.start()] + str(float(number[0]) + 13.5) + phrase[number.end():]
            assert left(page, re.sub(r" (?=## |\d\. )", "\n", flat.replace(phrase, wrong))) != [], wrong


@pytest.mark.parametrize("page", pages())
def test_a_number_that_no_result_holds_is_noticed_on_every_page(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    at = text.index("## References") if page == "docs/paper.md" else len(text)
    assert left(page, f"{text[:at]}\n\nOutsiders identify 77.7 % fewer people.\n\n{text[at:]}") == ["77.7"]


def test_the_figure_of_readme_and_site_is_drawn_from_the_saved_headline() -> None:
    figure = load_results(SAVED).compare().plot().get_figure(root=True)
    assert figure is not None
    said = (ROOT / "docs" / "static" / "headline.svg").read_text(encoding="utf-8")
    assert svg_text(figure) == said, "run: python notebooks/saved/save.py forms"
