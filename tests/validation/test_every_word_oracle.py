"""Every word of the law occurs in the founding case, and every Log balances."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from privacysim import vocabulary as words
from privacysim.city import City, build_city
from privacysim.files import named_files
from privacysim.governance import simulate
from privacysim.governance.log import imbalances
from privacysim.policy import load_arms
from privacysim.scenario import Scenario, load_scenario
from privacysim.vocabulary import SECRETS
from privacysim.world.cameras import sample_cameras
from privacysim.world.campaigns import PLATFORM, sample_lapses
from privacysim.world.events import sample_custody
from privacysim.world.world_model import sample_world

HOME = "guangzhou_185"


def _with_a_platform_broken(city: City, scenario: Scenario) -> int:
    """A replicate in whose month a vendor's platform is broken into: one in some twenty-five."""
    for k in range(10, 200):
        cameras = sample_cameras(city, scenario, 185, k)
        lapses = sample_lapses(scenario, cameras, sample_custody(scenario, cameras, 185, k), 185, k, range(-180, 30))
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
