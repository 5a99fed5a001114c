"""The page of calibrated and predicted values is what the model says now; and every word of the law occurs in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from privacysim import vocabulary as words
from privacysim.city import City, build_city
from privacysim.facts import facts
from privacysim.files import named_files
from privacysim.governance import simulate
from privacysim.governance.log import imbalances
from privacysim.policy import load_arms
from privacysim.scenario import Scenario, load_scenario
from privacysim.validation.evidence import HOME, Row, Tables, evidence_tables, markdown
from privacysim.vocabulary import SECRETS
from privacysim.world.cameras import sample_cameras
from privacysim.world.custody import PLATFORM, sample_lapses
from privacysim.world.world_model import sample_world

PAGE = Path(__file__).parents[2] / "docs" / "evidence" / "calibrated_and_predicted.md"


def _lines(title: str) -> list[list[str]]:
    part = PAGE.read_text(encoding="utf-8").split(title)[1].split("##")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows]


def test_a_row_misses_where_the_ranges_do_not_meet_and_has_no_verdict_where_nobody_looked() -> None:
    def row(low: float, high: float, seen: tuple[float, float] | None) -> Row:
        return Row("x", "", None if seen is None else seen[0], seen, "s", (low + high) / 2, low, high, "u")

    assert row(1, 2, (2, 3)).verdict == "within"
    assert row(1, 2, (2.1, 3)).verdict == row(4, 5, (2, 3)).verdict == "miss"
    assert row(1, 2, None).verdict == "–"
    page = markdown(Tables((row(1, 2, (2, 3)),), (row(1, 2, (3, 3)),), 2))
    assert "| held |" in page
    assert 'color:#b3261e">**miss**' in page


def test_the_committed_page_shows_the_facts_as_they_stand_and_hides_no_miss() -> None:
    calibrated, predicted = _lines("## CALIBRATED"), _lines("## PREDICTED")
    observed = {row[0]: row[1].split(" ")[0] for row in calibrated + predicted}
    for what, fact in (("cameras of Guangzhou listed", "website_listed_guangzhou"),
                       ("footage available to investigators", "evidence_available"),
                       ("useful where available", "evidence_useful"), ("stay on a list", "stay_on_list_d"),
                       ("saleable video per hacked camera", "saleable_video_per_camera"),
                       ("detected misuse by insiders", "insider_misuse_per_1000_staff_years")):
        assert observed[what] == f"{facts().value(fact):.3g}", what
    assert {row[0] for row in predicted} >= {f"cameras of {city} listed" for city in ("Beijing", "Wuhan", "Nanning")}
    verdicts = [row[5] for row in predicted]
    assert sum("miss" in verdict for verdict in verdicts) >= 1, "a table without a miss was tuned"
    assert all("miss" not in row[5] for row in calibrated)


@pytest.mark.slow
def test_the_committed_page_is_what_the_command_makes() -> None:
    """Run `privacysim calibrate verdicts -o docs/evidence/calibrated_and_predicted.md` after a change of the model."""
    assert markdown(evidence_tables()) == PAGE.read_text(encoding="utf-8")


def _with_a_platform_broken(city: City, scenario: Scenario) -> int:
    """A replicate in whose month a vendor's platform is broken into: one in some twenty-five."""
    for k in range(10, 200):
        lapses = sample_lapses(scenario, sample_cameras(city, scenario, 185, k), 185, k, range(-180, 30))
        if ((lapses.kind == PLATFORM) & (lapses.tick >= 0)).any():
            return k
    raise AssertionError("no platform is ever broken into")


@pytest.mark.slow
def test_every_word_of_the_law_occurs_in_the_headlines_world_and_every_log_balances() -> None:
    scenario = load_scenario(HOME)
    city = build_city(scenario)
    arms = load_arms(sorted(named_files("policies")), {}, date(2025, 6, 1))
    [base] = [arm for arm in arms if arm.id == "notice_only"]
    seen: dict[str, set[str]] = {}
    kinds: set[str] = set()
    secrets: set[str] = set()
    for k in [*range(10), _with_a_platform_broken(city, scenario)]:
        world = sample_world(city, scenario, 185, k, days=30, footage_days=31)
        for arm in arms:
            log = simulate(world, arm, baseline=base)
            assert imbalances(log, world) == [], (arm.id, k)
            if not arm.footage:
                continue
            for column in ("act", "source", "actor", "purpose", "channel", "technique", "document", "scene"):
                seen.setdefault(column, set()).update(log.acts[column].unique())
            for column in ("requester", "approver", "outcome", "evidence"):
                seen.setdefault(column, set()).update(log.requests[column].unique())
            kinds |= set(log.incidents["kind"])
            watched = log.acts.loc[log.acts["audience"] > 0, "camera_id"].to_numpy()
            secrets |= {SECRETS[code] for code in pd.unique(world.cameras.secret[watched])}
    for column, closed in (("act", words.ACTS), ("source", words.SOURCES), ("purpose", words.PURPOSES),
                           ("channel", words.CHANNELS), ("technique", words.TECHNIQUES), ("scene", words.SCENES),
                           ("document", words.DOCUMENTS), ("approver", words.APPROVERS), ("outcome", words.OUTCOMES),
                           ("evidence", words.EVIDENCE)):
        assert seen[column] == set(closed), column
    assert seen["actor"] | seen["requester"] == set(words.REQUESTERS)
    assert kinds == {"stream", "insider", "break_in", "platform_break_in", "hidden", "informal", "forged_paper",
                     "recorded", "misuse", "duty_breach"}
    assert secrets == set(SECRETS)
