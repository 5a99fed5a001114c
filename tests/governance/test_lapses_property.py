"""Insiders, break-ins, chains of sales, and who finds them: each process driven alone, against its theory."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from privacysim.files import Quantity
from privacysim.governance import Log, simulate
from privacysim.governance.oversight import Oversight
from privacysim.governance.rules_in_force import AFTER, Rules
from privacysim.policy import Arm, Question, load_arms
from privacysim.units import DAY_S, DAY_TICKS
from privacysim.vocabulary import REGIMES
from privacysim.world.campaigns import Lapses
from tests.helpers.governance_town import town as make_town

CHAIN = ["insider", "breach", "resale"]


@pytest.fixture(scope="module")
def arms() -> dict[str, Arm]:
    made = load_arms(["notice_only", "guangzhou_draft", "order_799"], {"guangzhou_draft": ["wide"]}, date(2025, 6, 1))
    return {arm.id: arm for arm in made}


def _town(**leaks: float) -> SimpleNamespace:
    """The town with other facts of leaks."""
    town = make_town()
    changed = {name: Quantity(value=value, assumption="a test") for name, value in leaks.items()}
    town.scenario = town.scenario.model_copy(
        update={"leaks": town.scenario.leaks.model_copy(update=changed)}
    )
    return town


def _run(town: SimpleNamespace, arms: dict[str, Arm], name: str, start: str = "transition") -> Log:
    return simulate(town, arms[name], baseline=arms["notice_only"], start=start)  # type: ignore[arg-type]


def _incidents(log: Log) -> pd.DataFrame:
    return log.incidents[log.incidents["kind"].isin(["insider", "break_in", "platform_break_in"])]


def _of_insiders(log: Log) -> pd.Series:
    return log.acts.loc[log.acts["source"].isin(CHAIN), "act_id"]


def test_governance_chains_of_sales_have_the_size_of_a_branching_process(arms: dict[str, Arm]) -> None:
    # a piece has one first buyer, each copy that was bought finds Poisson(R) more: 1 / (1 − R) sales (Harris 1963)
    mean = 0.4
    town = _town(resale_mean=mean, resale_delay_d=1e-6, lapse_sold_share=1.0, breach_sold_share=1.0,
                 lapse_disclosed_share=1.0, deterrence_per_1000_cny=0.0)
    log = _run(town, arms, "notice_only")
    sells = log.acts[(log.acts["act"] == "sell") & (log.acts["source"] == "resale")]
    sells = sells[sells["source_id"].isin(_incidents(log)["incident_id"])]
    first = sells[sells["viewer"] == sells["source_id"]].groupby("source_id").size()
    later = sells.groupby("source_id").size().reindex(first.index) - first
    assert first.sum() > 150
    # the later sales of one piece have mean R/(1 − R) and variance R/(1 − R)³ (Borel and Tanner)
    error = np.sqrt(mean / (1 - mean) ** 3 * first.sum())
    assert abs(later.sum() - first.sum() * mean / (1 - mean)) < 3.5 * error


def _village(found: bool = False, **leaks: float) -> SimpleNamespace:
    """The town in which one intruder looks at four cameras, controls 900, and keeps 0, 3, 1 and 2 pieces."""
    town = _town(breach_sold_share=1.0, lapse_used_share=0.0, resale_mean=0.0, deterrence_per_1000_cny=0.0,
                 recording_share=1.0, lapse_complaint_per_day=20.0 if found else 0.0, lapse_press_per_day=0.0,
                 lapse_inspection_per_day=0.0, **leaks)
    camera = np.flatnonzero(town.custody.recording)[[5, 9, 30, 44]]
    town.lapses = Lapses(np.array([1 << 50]), np.array([3], dtype=np.uint8), np.array([DAY_TICKS]), np.array([0, 4]),
                         camera, np.array([900]), np.array([600]), np.full((1, 16), 0.5), np.array([0, 3, 1, 2]),
                         np.array([0, 2, 0, 1]), np.array([0.1, 0.2, 0.8, 0.9]))  # fmt: skip
    return town


def test_governance_a_campaign_in_a_village_counted_by_hand(arms: dict[str, Arm]) -> None:
    town = _village(resale_delay_d=0.5)
    log = _run(town, arms, "notice_only")
    [one] = _incidents(log).to_dict("records")
    acts = log.acts[log.acts["source_id"] == 1 << 50]
    count = {act: rows["camera_id"].tolist() for act, rows in acts.groupby("act", observed=True)}
    a, b, c, d = town.lapses.camera.tolist()
    of_source = acts[acts["source"] == "breach"]
    assert sorted(of_source[of_source["act"] == "view"]["camera_id"]) == sorted([a, b, c, d])
    assert sorted(count["copy"]) == sorted([b, c, d])
    assert sorted(count["sell"]) == sorted([b, b, d]) == sorted(count["buy"])
    assert set(count["sell"]) <= set(of_source["camera_id"])  # sold is part of what was harvested
    assert one["cameras_n"] == 900
    assert one["price_cny"] == pytest.approx(3 * 20.0 * 7.0)
    assert one["audience"] == 4 + 3
    assert one["mechanism"] == "sold"


def test_governance_a_campaign_that_is_found_ends_with_all_of_its_cameras(arms: dict[str, Arm]) -> None:
    town = _village(found=True, resale_delay_d=8.0)
    [one] = _incidents(_run(town, arms, "notice_only")).to_dict("records")
    assert one["discovered_by"] == "complaint"
    assert one["price_cny"] < 3 * 20.0 * 7.0
    log = _run(town, arms, "notice_only")
    sold = log.acts[(log.acts["source_id"] == 1 << 50) & (log.acts["act"] == "sell")]
    assert (sold["at_s"] < one["discovered_s"]).all()


def test_governance_the_more_cameras_are_watched_the_sooner_somebody_complains(arms: dict[str, Arm]) -> None:
    # the first of n complaints: the least of n exponentials, Exp(n · hazard); the mark is the same
    town = _village(found=True)
    [four] = _incidents(_run(town, arms, "notice_only")).to_dict("records")
    [alone] = _incidents(_run(_village_of_one(town), arms, "notice_only")).to_dict("records")
    assert four["discovered_s"] - DAY_S == pytest.approx((alone["discovered_s"] - DAY_S) / 4, rel=1e-3, abs=0.3)


def _village_of_one(town: SimpleNamespace) -> SimpleNamespace:
    one = town.lapses
    town.lapses = replace(one, start=np.array([0, 1]), camera=one.camera[1:2], pieces=one.pieces[1:2],
                          saleable=one.saleable[1:2], open=one.open[1:2])  # fmt: skip
    return town


def test_governance_a_new_security_duty_closes_cameras_to_intruders(arms: dict[str, Arm]) -> None:
    town = _village(security_duty_effect=0.5)
    free, secured = (_run(town, arms, name).acts for name in ("notice_only", "order_799"))
    looked = [set(acts[(acts["source"] == "breach") & (acts["act"] == "view")]["camera_id"])
              for acts in (free, secured)]  # fmt: skip
    duty = np.array([arms["order_799"].secured(word) and not arms["notice_only"].secured(word) for word in REGIMES])
    closed = duty[town.cameras.regime[town.lapses.camera]] & (town.lapses.open < 0.5)
    assert looked[0] == set(town.lapses.camera)
    assert looked[1] == set(town.lapses.camera[~closed])


def test_governance_a_ban_on_buying_leaves_a_subset_of_the_sales(arms: dict[str, Arm]) -> None:
    town = _town(resale_mean=0.8, resale_delay_d=0.1, lapse_sold_share=0.9)
    bought = [
        set(log.acts.loc[(log.acts["act"] == "buy") & (log.acts["source"] == "resale"), "act_id"])
        for log in (_run(town, arms, "guangzhou_draft:wide"), _run(town, arms, "notice_only"))
    ]
    assert bought[0] < bought[1]


def test_governance_every_link_of_a_chain_names_the_one_before(arms: dict[str, Arm]) -> None:
    acts = _run(_town(lapse_sold_share=0.9, resale_delay_d=0.1), arms, "notice_only").acts
    named = acts.set_index("act_id")["act"].astype(str)
    chain = acts[acts["source"] == "resale"]
    before = {"sell": {"copy", "buy"}, "buy": {"sell"}, "view": {"buy"}}
    for act, rows in chain[chain["parent_id"] >= 0].groupby("act", observed=True):
        assert set(named.reindex(rows["parent_id"])) <= before[str(act)]


def test_governance_deterrence_leaves_a_subset_of_the_lapses_and_none_without_a_sanction(
    arms: dict[str, Arm],
) -> None:
    def lapses(elasticity: float) -> set[int]:
        log = _run(_town(deterrence_per_1000_cny=elasticity), arms, "order_799")
        return set(_incidents(log)["incident_id"])

    none, some, much = lapses(0.0), lapses(0.2), lapses(20.0)
    assert much <= some <= none
    assert len(much) < len(none)


def test_governance_a_log_that_is_reviewed_finds_what_nobody_else_would(arms: dict[str, Arm]) -> None:
    sure = {"audit_detection": 1.0, "log_review_d": 7.0, "lapse_complaint_per_day": 0.0, "lapse_press_per_day": 0.0,
            "lapse_inspection_per_day": 0.0, "deterrence_per_1000_cny": 0.0}
    with_log, without = (_run(_town(**sure), arms, name) for name in ("order_799", "notice_only"))
    assert set(_incidents(without)["discovered_by"]) == {""}
    assert not without.audits["act_id"].isin(_of_insiders(without)).any()
    found = _incidents(with_log)
    found = found[found["discovered_by"] == "log_review"]
    assert len(found) > 10
    assert (found["discovered_s"] - found["opened_s"]).between(0, 7 * DAY_S).all()
    assert with_log.audits.loc[with_log.audits["act_id"].isin(_of_insiders(with_log)), "found"].all()


def test_governance_who_finds_first_is_the_first_of_all(arms: dict[str, Arm]) -> None:
    town = _town(lapse_complaint_per_day=0.05, lapse_press_per_day=0.05, lapse_inspection_per_day=0.1,
                 audit_detection=0.5, log_review_d=7.0)
    log = _run(town, arms, "order_799")
    found = _incidents(log)
    assert {"log_review", "complaint", "press", "inspection"} <= set(found["discovered_by"])
    late = found[found["discovered_s"].notna()]
    assert (late["discovered_s"] >= late["opened_s"]).all()
    audited = log.audits[log.audits["found"]]
    assert audited["sanction"].str.len().min() > 0
    assert audited["sanction"].str.contains("not proved").any()


def test_governance_nobody_is_punished_after_limitation(arms: dict[str, Arm]) -> None:
    rules = Rules(arms["order_799"], arms["notice_only"], 0)
    oversight = Oversight(make_town().scenario, rules)
    peep = Question("curious", "view", "curiosity", "hidden", "commercial", "public_other", scene="private_space")
    assert rules.arm.sanctions(peep)
    ages = (10, 200, 365 * 30)
    said = [
        oversight.steps(AFTER, peep, 0, age * DAY_TICKS, logged=True, marks=(0.5, 0.0, 0.1, 0.5)) for age in ages
    ]
    assert [steps[0].step for steps in said] == ["detention", "civil_claim", "civil_claim"]  # tort outlives punishment
    [unproved] = oversight.steps(AFTER, peep, 0, DAY_TICKS, logged=False, marks=(0.999, 0.0, 0.1, 0.5))
    assert unproved.step == "not_proved"


def test_governance_the_published_are_watched_by_exactly_the_expected_audience(arms: dict[str, Arm]) -> None:
    town = _town(lapse_published_share=1.0, lapse_sold_share=0.0, breach_sold_share=0.0, lapse_disclosed_share=1.0,
                 published_takedown_d=3.0, republished_mean=0.0)
    log = _run(town, arms, "notice_only")
    published = _incidents(log)
    published = published[published["mechanism"].str.contains("published")]
    days = published["closed_s"].fillna(30 * DAY_S).clip(0, 30 * DAY_S) - published["opened_s"].clip(lower=0)
    watched = log.acts[(log.acts["channel"] == "open_stream") & log.acts["source"].isin(CHAIN)]["audience"].sum()
    expected = town.scenario.leaks.published_viewers_per_day.number * days.clip(lower=0).sum() / DAY_S
    assert watched == pytest.approx(expected, rel=1e-6)
    assert watched > 1_000
