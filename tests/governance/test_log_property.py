"""What must hold for every Log, whatever the rules: run on a small town that meets every branch."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from privacysim import tables
from privacysim import vocabulary as words
from privacysim.errors import InputError
from privacysim.governance import Log, simulate
from privacysim.governance.investigators import FIRST_SEARCH
from privacysim.policy import Arm, load_arms
from privacysim.units import DAY_S, DAY_TICKS, TICKS_PER_S
from tests.helpers.governance_town import town as make_town

TESTS = Path(__file__).parents[1]
POLICIES = [
    "no_cameras", "open_access", "notice_only", "guangzhou_2007", "guangzhou_draft", "order_799", "guangzhou_today",
    "order_799_no_waiver", "edpb_72h", "judge_warrant", "mask_at_source",
]


@pytest.fixture(scope="module")
def town() -> SimpleNamespace:
    return make_town()


@pytest.fixture(scope="module")
def arms() -> dict[str, Arm]:
    made = load_arms(POLICIES, {"guangzhou_draft": ["narrow", "wide"]}, date(2025, 6, 1))
    return {arm.id: arm for arm in made}


@pytest.fixture(scope="module")
def logs(town: SimpleNamespace, arms: dict[str, Arm]) -> dict[str, Log]:
    return {name: simulate(town, arm, baseline=arms["notice_only"]) for name, arm in arms.items()}


def _seeing(logs: dict[str, Log]) -> Iterator[tuple[str, Log]]:
    return ((name, log) for name, log in logs.items() if name != "no_cameras")


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="policy")


def test_governance_no_cameras_leaves_an_empty_log(logs: dict[str, Log]) -> None:
    log = logs["no_cameras"]
    assert [len(log.acts), len(log.requests), len(log.incidents), len(log.audits), len(log.custody)] == [0] * 5


def test_governance_frames_follow_the_tables(logs: dict[str, Log]) -> None:
    for log in logs.values():
        for name in ("acts", "requests", "incidents", "audits", "custody"):
            tables.to_arrow(name, getattr(log, name))


def test_governance_every_act_source_outcome_and_mechanism_occurs(logs: dict[str, Log]) -> None:
    acts = pd.concat([log.acts.astype({"act": str, "source": str}) for log in logs.values()])
    requests = pd.concat([log.requests.astype({"outcome": str, "evidence": str}) for log in logs.values()])
    incidents = pd.concat([log.incidents for log in logs.values()])
    assert set(acts["act"]) == set(words.ACTS)
    assert set(acts["source"]) == set(words.SOURCES)
    assert set(requests["outcome"]) == set(words.OUTCOMES)
    assert set(requests["evidence"]) == set(words.EVIDENCE)
    assert set(incidents.loc[incidents["kind"] == "stream", "mechanism"]) == set(words.MECHANISMS)
    assert set(incidents["discovered_by"]) >= set(words.CLOSERS)


def test_governance_acts_lie_within_the_study_with_ids_and_parents_of_their_own(logs: dict[str, Log]) -> None:
    for _, log in _seeing(logs):
        acts = log.acts
        assert acts["act_id"].is_unique
        assert acts["at_s"].between(0, 30 * DAY_S, inclusive="left").all()
        assert (acts["to_s"] > acts["from_s"]).all()
        parents = acts.loc[acts["parent_id"] >= 0, "parent_id"]
        assert len(parents) > 100
        assert parents.isin(acts["act_id"]).all()


def test_governance_only_views_show_a_picture(logs: dict[str, Log]) -> None:
    for _, log in _seeing(logs):
        looks = log.acts["act"] == "view"
        assert (log.acts.loc[looks, "audience"] > 0).all()
        assert (log.acts.loc[~looks, "audience"] == 0).all()


def test_governance_a_request_met_on_its_merits_is_authorised_and_one_refused_leaves_no_act(
    logs: dict[str, Log],
) -> None:
    for name, log in _seeing(logs):
        by_request = log.acts[log.acts["source"].isin(["request", "informal"])].merge(
            log.requests, left_on="source_id", right_on="request_id", suffixes=("", "_asked"), validate="many_to_one"
        )
        on_merit = by_request[by_request["granted_on_merit"]]
        assert len(on_merit) > 100
        assert (on_merit["legality"] == "authorised").all(), name
        assert (on_merit["document"] == "none").eq(on_merit["rule"].isin(_open_rules(on_merit))).any()
        assert (by_request["outcome"] == "granted").all()
        informal = by_request[by_request["source"] == "informal"]
        assert not (informal["legality"] == "authorised").any()


def _open_rules(rows: pd.DataFrame) -> set[str]:
    return set(rows.loc[rows["document"] == "none", "rule"])


def test_governance_no_route_lends_its_document_to_another(logs: dict[str, Log], arms: dict[str, Arm]) -> None:
    for name, log in _seeing(logs):
        for who, rows in log.requests[log.requests["granted_on_merit"]].groupby("requester", observed=True):
            lawful = {
                rule.document
                for arm in (arms[name], arms["notice_only"])  # asked before day 0: the baseline's paper
                for rule in arm.policy.access
                if not rule.requester or who in rule.requester
            }
            assert set(rows["document"]) <= lawful, (name, who)


def test_governance_nothing_is_given_that_retention_had_erased(
    logs: dict[str, Log], town: SimpleNamespace, arms: dict[str, Arm]
) -> None:
    before = simulate(town, arms["notice_only"], baseline=arms["notice_only"]).custody["retention_s"].to_numpy()
    for _, log in _seeing(logs):
        given = log.acts[log.acts["source"].isin(["request", "informal"])]
        given = given[given["source_id"].isin(log.requests["request_id"])]  # not what was handed over long before day 0
        after = log.custody["retention_s"].to_numpy()
        camera, begin = given["camera_id"].to_numpy(), given["from_s"].to_numpy()
        asked = log.requests.set_index("request_id")["submitted_s"].reindex(given["source_id"]).to_numpy()
        # custodians secure what they have when they are served, which is after the asking; what the baseline erased
        # before day 0 is gone for ever
        assert (begin >= np.maximum(asked - np.maximum(after, before)[camera], 0.0 - 10**9) - 1e-6).all()
        own_later = asked >= 0
        assert (begin[own_later] >= -before[camera][own_later] - 1e-6).all()
        assert (begin[own_later] >= asked[own_later] - after[camera][own_later] - 1e-6).all()


def test_governance_the_website_is_watched_by_exactly_its_expected_audience(
    logs: dict[str, Log], town: SimpleNamespace
) -> None:
    streams = town.streams
    per_day = dict(zip(streams.stream_id.tolist(), streams.audience_per_day.tolist(), strict=True))
    for _, log in _seeing(logs):
        listed = log.incidents[log.incidents["kind"] == "stream"]
        closed = listed["closed_s"].fillna(np.inf).clip(upper=30 * DAY_S)
        days = (closed - listed["opened_s"].clip(lower=0)) / DAY_S
        expected = (days * listed["incident_id"].map(per_day)).sum()
        watched = log.acts.loc[(log.acts["source"] == "stream") & (log.acts["act"] == "view"), "audience"].sum()
        assert watched == pytest.approx(expected, rel=1e-12)
        assert expected > 1_000


def test_governance_a_stricter_rule_grants_a_subset_on_merit(logs: dict[str, Log]) -> None:
    def granted(name: str) -> set[int]:
        rows = logs[name].requests
        return set(rows.loc[rows["granted_on_merit"], "request_id"].tolist())

    stricter = [
        ("notice_only", "open_access"), ("order_799", "open_access"), ("judge_warrant", "order_799"),
        ("guangzhou_draft:wide", "open_access"), ("edpb_72h", "open_access"),
    ]
    for strict, lax in stricter:
        assert granted(strict) <= granted(lax), (strict, lax)
    assert granted("notice_only") < granted("open_access")


def test_governance_all_arms_share_the_history_before_day_0(logs: dict[str, Log]) -> None:
    base = logs["notice_only"]
    for _, log in _seeing(logs):
        for name, when in (("requests", "decided_s"), ("incidents", "opened_s")):
            one, two = getattr(base, name), getattr(log, name)
            same = ["request_id", "decided_s", "outcome", "document", "rule"] if name == "requests" else [
                "incident_id", "opened_s", "mechanism"]
            ids = same[0]
            one, two = (frame[frame[when] < 0][same].astype({same[-1]: str}) for frame in (one, two))
            both = one[ids].isin(two[ids])
            pd.testing.assert_frame_equal(
                one[both].sort_values(ids).reset_index(drop=True),
                two[two[ids].isin(one[ids])].sort_values(ids).reset_index(drop=True),
            )
            assert both.sum() >= 20
        first = min(_first_difference(base.acts, log.acts), 30 * DAY_S)
        assert first >= 0


def _first_difference(one: pd.DataFrame, two: pd.DataFrame) -> float:
    other = set(one["act_id"]) ^ set(two["act_id"])
    rows = pd.concat([one, two])
    return float(rows.loc[rows["act_id"].isin(other), "at_s"].min()) if other else np.inf


def test_governance_an_arm_that_equals_the_baseline_leaves_the_same_log(
    town: SimpleNamespace, arms: dict[str, Arm]
) -> None:
    base = arms["order_799"]
    one = simulate(town, base, baseline=base)
    two = simulate(town, base, baseline=base, start="steady")
    for name in ("acts", "requests", "incidents"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))


def test_governance_a_prohibition_works_longer_in_the_steady_start(
    town: SimpleNamespace, arms: dict[str, Arm]
) -> None:
    def stream_days(start: str) -> float:
        log = simulate(town, arms["guangzhou_draft:wide"], baseline=arms["notice_only"], start=start)  # type: ignore[arg-type]
        listed = log.incidents[log.incidents["kind"] == "stream"]
        closed = listed["closed_s"].fillna(np.inf).clip(upper=30 * DAY_S)
        return float((closed - listed["opened_s"].clip(lower=0)).sum())

    assert stream_days("steady") < stream_days("transition")


def test_governance_an_unaware_owner_complies_with_nothing(logs: dict[str, Log]) -> None:
    def unaware(name: str) -> set[int]:
        rows = logs[name].incidents
        return set(rows.loc[rows["mechanism"] == "owner_broadcast_unaware", "incident_id"])

    assert unaware("notice_only") == unaware("guangzhou_draft:wide") == unaware("order_799")
    rows = [logs[name].incidents for name in ("notice_only", "guangzhou_draft:wide")]
    knowing = [len(frame[frame["mechanism"] == "owner_broadcast_knowing"]) for frame in rows]
    assert knowing[1] < knowing[0]


def test_governance_a_desk_that_cannot_keep_up_is_reported(town: SimpleNamespace, arms: dict[str, Arm]) -> None:
    slow = make_town(scenario="guangzhou_district")  # one officer for the cases of a whole city
    log = simulate(slow, arms["judge_warrant"], baseline=arms["judge_warrant"])
    assert any("the desk of the judge cannot keep up" in note for note in log.notes)
    assert (log.requests["reason"] == "the footage expired in the queue").any()
    assert simulate(town, arms["notice_only"], baseline=arms["notice_only"]).notes == ()


def test_governance_what_is_done_first_and_not_regularised_in_time_proves_nothing(
    town: SimpleNamespace, arms: dict[str, Arm]
) -> None:
    def first(hours: float) -> pd.DataFrame:
        arm = arms["judge_warrant"]
        access = tuple(
            rule.model_copy(update={"regularise": hours * 3600.0}) if rule.regularise else rule
            for rule in arm.policy.access
        )
        arm = replace(arm, policy=arm.policy.model_copy(update={"access": access}), _answers={}, _routes={})
        asked = simulate(town, arm, baseline=arm).requests
        recorded = asked["request_id"] < FIRST_SEARCH  # those who watch live while it lasts prove nothing anyhow
        return asked[(asked["rule"] == "police_emergency") & (asked["outcome"] == "granted") & recorded]

    within_a_day, within_hours = first(24.0), first(6.0)
    assert len(within_a_day) > 5
    for rows in (within_a_day, within_hours):
        destroyed = rows["reason"].str.contains("not regularised")
        assert (rows.loc[destroyed, "evidence"] == "viewed").all()
        assert (rows.loc[~destroyed, "evidence"] == "admissible").all()
    # a judge's desk is closed for 15 hours of the day: six hours are often too short, a day hardly ever
    assert (within_hours["reason"] != "").sum() > (within_a_day["reason"] != "").sum() + 3


def test_governance_police_meet_no_paper_on_consoles_and_platforms_but_take_nothing_without_one(
    logs: dict[str, Log],
) -> None:
    acts = logs["order_799"].acts
    police = acts[(acts["actor"] == "public_security") & (acts["source"] == "request")]
    seen = police[police["channel"].isin(["own_console", "shared_platform"])]
    assert set(seen["channel"]) == {"own_console", "shared_platform"}
    assert set(seen["act"]) == {"view"}
    assert (seen["document"] == "none").all()
    taken = police[police["act"].isin(["copy", "acquire"])]
    by_force = taken["channel"] == "seizure"
    assert (taken.loc[~by_force, "document"] == "notice_of_obtaining_evidence").all()
    assert (taken.loc[by_force, "document"] == "seizure_decision").all()
    assert (police["legality"] == "authorised").all()


def test_governance_a_stream_that_somebody_ends_is_followed_by_a_sanction_or_the_reason_for_none(
    logs: dict[str, Log],
) -> None:
    log = logs["order_799"]
    streams = log.incidents[(log.incidents["kind"] == "stream") & log.incidents["closed_s"].notna()]
    ended = streams[streams["discovered_by"] != "owner"]
    made_public = log.acts[(log.acts["source"] == "stream") & (log.acts["act"] == "disseminate")]
    audited = log.audits.merge(made_public[["act_id", "source_id"]], on="act_id")
    assert set(audited["source_id"]) == set(ended["incident_id"])
    assert (audited["sanction"] != "").all()


def test_governance_draws_nothing(
    monkeypatch: pytest.MonkeyPatch, town: SimpleNamespace, arms: dict[str, Arm], logs: dict[str, Log]
) -> None:
    def poisoned(*_: object, **__: object) -> None:
        raise AssertionError("simulate drew a random number")

    for owner, names in (
        (random, ["random", "randint", "choice", "gauss", "uniform", "getrandbits", "shuffle"]),
        (np.random, ["default_rng", "random", "rand", "randn", "normal", "uniform", "integers", "choice", "Generator",
                     "SeedSequence"]),
        (secrets, ["token_bytes", "token_hex", "randbits"]), (uuid, ["uuid1", "uuid4"]), (os, ["urandom"]),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, poisoned, raising=False)
    again = simulate(town, arms["order_799"], baseline=arms["notice_only"])
    for name in ("acts", "requests", "incidents", "audits"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(logs["order_799"], name))


def test_governance_the_log_does_not_depend_on_the_hash_seed(tmp_path: Path, arms: dict[str, Arm]) -> None:
    script = tmp_path / "log.py"
    script.write_text(
        "import sys\nfrom datetime import date\nfrom privacysim import tables\n"
        "from privacysim.governance import simulate\nfrom privacysim.policy import load_arms\n"
        "from tests.helpers.governance_town import town as make\ntown = make(days=10, warmup=20)\n"
        "arms = load_arms(['notice_only', 'order_799'], {}, date(2025, 6, 1))\n"
        "log = simulate(town, arms[1], baseline=arms[0])\n"
        "for name in ('acts', 'requests', 'incidents'):\n"
        "    tables.write(name, getattr(log, name), __import__('pathlib').Path(sys.argv[1] + name))\n"
    )
    names = ("acts", "requests", "incidents")
    command = [sys.executable, str(script), str(tmp_path / "there_")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "4242", "PYTHONPATH": str(TESTS.parent)})
    log = simulate(make_town(days=10, warmup=20), arms["order_799"], baseline=arms["notice_only"])
    for name in names:  # this process has a hash seed of its own
        tables.write(name, getattr(log, name), tmp_path / f"here_{name}")
        assert (tmp_path / f"here_{name}").read_bytes() == (tmp_path / f"there_{name}").read_bytes()


def test_governance_start_is_one_of_two_words(town: SimpleNamespace, arms: dict[str, Arm]) -> None:
    with pytest.raises(InputError, match="transition"):
        simulate(town, arms["order_799"], baseline=arms["notice_only"], start="sudden")  # type: ignore[arg-type]


def test_governance_moving_one_ask_changes_only_its_own_rows(town: SimpleNamespace, arms: dict[str, Arm]) -> None:
    asks = town.asks
    gone = int(np.flatnonzero((asks.tick > 5 * DAY_TICKS) & asks.private & (asks.least_demand < 1.0))[0])
    fewer = SimpleNamespace(**{**vars(town), "asks": _without(asks, gone)})
    base = arms["notice_only"]
    one, two = simulate(town, base, baseline=base), simulate(fewer, base, baseline=base)
    request = (1 << 42) + int(asks.ask_id[gone])
    pd.testing.assert_frame_equal(
        one.requests[one.requests["request_id"] != request].reset_index(drop=True), two.requests
    )
    pd.testing.assert_frame_equal(one.acts[one.acts["source_id"] != request].reset_index(drop=True), two.acts)
    assert asks.tick[gone] / TICKS_PER_S > 0


def _without(asks: object, gone: int) -> object:
    kept = {
        name: np.delete(value, gone, axis=0) if isinstance(value, np.ndarray) else value
        for name in asks.__slots__  # type: ignore[attr-defined]
        for value in [getattr(asks, name)]
    }
    return type(asks)(**kept)
