"""Every process of governance driven alone, and the balance that finds out any process that forgets its act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from privacysim import vocabulary as words
from privacysim.files import Quantity
from privacysim.governance import Log, simulate
from privacysim.governance import log as log_module
from privacysim.governance.askers import FIRST_EMERGENCY
from privacysim.governance.investigators import FIRST_SEARCH
from privacysim.governance.log import imbalances
from privacysim.governance.oversight import Oversight
from privacysim.governance.rules_in_force import AFTER, Rules
from privacysim.policy import Arm, Question, load_arms
from privacysim.units import DAY_S, DAY_TICKS
from tests.helpers.governance_town import town as make_town

POLICIES = [
    "notice_only", "open_access", "guangzhou_2007", "guangzhou_draft", "order_799", "guangzhou_today", "edpb_72h",
    "judge_warrant", "mask_at_source",
]


@pytest.fixture(scope="module")
def arms() -> dict[str, Arm]:
    made = load_arms(POLICIES, {"guangzhou_draft": ["wide"]}, date(2025, 6, 1))
    return {arm.id: arm for arm in made}


@pytest.fixture(scope="module")
def town() -> SimpleNamespace:
    return make_town()


@pytest.fixture(scope="module")
def logs(town: SimpleNamespace, arms: dict[str, Arm]) -> dict[str, Log]:
    return {name: simulate(town, arm, baseline=arms["notice_only"]) for name, arm in arms.items()}


def _changed(**facts: float) -> SimpleNamespace:
    """The town with other facts of access or leaks."""
    town = make_town()
    for name, section in town.scenario:
        own = {key: Quantity(value=value, assumption="a test") for key, value in facts.items() if hasattr(section, key)}
        if own:
            town.scenario = town.scenario.model_copy(update={name: section.model_copy(update=own)})
    return town


def _run(town: SimpleNamespace, arms: dict[str, Arm], name: str, start: str = "transition") -> Log:
    return simulate(town, arms[name], baseline=arms["notice_only"], start=start)  # type: ignore[arg-type]


# the balance -------------------------------------------------------------------------------------------------------


def test_governance_every_log_balances(logs: dict[str, Log], town: SimpleNamespace) -> None:
    for name, log in logs.items():
        assert imbalances(log, town) == [], name
        assert set(log.incidents["kind"]) >= {"stream", "insider", "break_in", "platform_break_in", "hidden", "misuse"}


def test_governance_a_camera_gives_the_same_answer_to_all_who_ask(
    logs: dict[str, Log], town: SimpleNamespace
) -> None:
    """One reliability: whoever asks a camera that does not record gets nothing, and of others all get their footage."""
    for log in logs.values():
        got = log.acts[log.acts["source"].isin(["request", "informal", "insider", "breach"])]
        assert town.custody.recording[got["camera_id"]].all()
        asked = log.requests[(log.requests["case_id"] >= 0) & (log.requests["channel"] == "request")]
        blind = asked[asked["reason"] == "no usable recording"]
        assert not set(blind["request_id"]) & set(got["source_id"])


def test_governance_police_look_at_their_own_cameras_at_once_and_others_are_asked(logs: dict[str, Log]) -> None:
    for name in ("notice_only", "order_799", "judge_warrant"):
        asked = logs[name].requests.query("requester == 'public_security' and case_id < 0")
        asked = asked[asked["request_id"] < 1 << 43]
        own = asked[asked["operator"] == "public_security"]
        assert (own["channel"] == "own_console").sum() > 5, name
        at_once = own[(own["outcome"] == "granted") & (own["channel"] == "own_console")]
        assert (at_once["delivered_s"] == at_once["submitted_s"]).all()
        assert (at_once["evidence"] == "viewed").all()
        assert (asked.loc[asked["operator"] == "commercial", "channel"] == "request").all()
        looks = logs[name].acts[logs[name].acts["source_id"].isin(at_once["request_id"])]
        assert set(looks["act"]) == {"view"}


def test_governance_footage_is_secured_when_the_custodian_searches_not_when_the_answer_leaves(
    arms: dict[str, Arm]
) -> None:
    lost = []
    for hours in (0.001, 1e6):
        asked = _run(_changed(custodian_search_h=hours), arms, "edpb_72h").requests.query("case_id < 0")
        lost.append(set(asked.loc[asked["reason"].str.contains("erased"), "request_id"]))
    assert lost[0] < lost[1]


FORGETTABLE = [
    ("stream", "view"), ("stream", "sell"), ("stream", "buy"), ("insider", "view"), ("insider", "use"),
    ("insider", "copy"), ("insider", "disseminate"), ("breach", "view"), ("breach", "copy"), ("hidden", "copy"),
    ("hidden", "view"), ("hidden", "use"), ("resale", "sell"), ("resale", "buy"), ("resale", "view"),
    ("informal", "view"), ("publication", "view"), ("publication", "disseminate"), ("request", "view"),
    ("request", "acquire"), ("monitor", "view"),
]


@pytest.mark.parametrize(("source", "act"), FORGETTABLE)
def test_governance_a_process_that_forgets_its_act_is_found_out(
    source: str, act: str, town: SimpleNamespace, logs: dict[str, Log]
) -> None:
    log = logs["order_799"]
    forgotten = (log.acts["source"] == source) & (log.acts["act"] == act)
    assert forgotten.any()
    assert imbalances(replace(log, acts=log.acts[~forgotten]), town) != []


def test_governance_what_a_process_forgets_is_what_its_log_lacks(
    town: SimpleNamespace, arms: dict[str, Arm], logs: dict[str, Log], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above takes rows out of a finished Log; here insiders do not write them in the first place."""
    real: Callable[..., dict[str, np.ndarray]] = log_module.Book.add

    def forgets(book: log_module.Book, size: int, **given: object) -> dict[str, np.ndarray]:
        made = real(book, size, **given)
        if book.name == "acts" and size:
            own = made["source"] == words.SOURCES.index("insider")
            gone = own & (made["act"] == words.ACTS.index("view"))
            book._batches[-1] = {name: values[~gone] for name, values in made.items()}
        return made

    monkeypatch.setattr(log_module.Book, "add", forgets)
    log, whole = _run(town, arms, "order_799"), logs["order_799"]
    lacks = whole.acts[~((whole.acts["source"] == "insider") & (whole.acts["act"] == "view"))]
    assert len(lacks) < len(whole.acts)
    assert set(log.acts["act_id"]) == set(lacks["act_id"])
    assert imbalances(log, town) == imbalances(replace(whole, acts=lacks), town) != []


# each process alone --------------------------------------------------------------------------------------------------


def test_governance_a_hidden_camera_has_no_route_and_is_found_sooner_where_venues_must_look(
    logs: dict[str, Log], town: SimpleNamespace, arms: dict[str, Arm]
) -> None:
    silent, sited = (log.acts[log.acts["source"] == "hidden"] for log in (logs["notice_only"], logs["order_799"]))
    assert set(silent["legality"]) == {"ungoverned"}  # the founding text names no sites: the soft gap
    assert set(silent["general"]) <= {"admin_offence", "crime"}
    assert set(sited["legality"]) == {"prohibited"}
    many = _changed(hidden_guest_per_day=0.001, hidden_inspection_per_day=0.004, hidden_venue_duty_factor=10.0)
    found = [
        set(log.incidents.query("kind == 'hidden' and discovered_by == 'inspection'")["incident_id"])
        for log in (_run(many, arms, "notice_only"), _run(many, arms, "order_799"))
    ]
    assert found[0] < found[1]
    watched = logs["order_799"].incidents.query("kind == 'hidden'")
    assert len(watched) <= len(town.hidden)
    assert (watched["audience"] >= 1.0).all()


def test_governance_organs_take_over_where_a_rule_lets_them_ask_where_one_opens_a_way_and_else_meet_the_gap(
    logs: dict[str, Log],
) -> None:
    def asked(name: str) -> pd.DataFrame:
        rows = logs[name].requests
        return rows[(rows["request_id"] >= FIRST_EMERGENCY) & (rows["operator"] == "commercial")]

    police = "requester == 'public_security'"
    assert set(asked("guangzhou_2007").query(police)["channel"]) == {"takeover"}
    assert set(asked("guangzhou_2007").query(police)["outcome"]) <= {"granted", "unavailable"}
    ordered = asked("order_799").query(police)
    assert set(ordered["channel"]) == {"request"}
    assert set(ordered["document"]) == {"notice_of_obtaining_evidence"}
    assert set(asked("notice_only")["outcome"]) == {"refused"}
    lives = logs["guangzhou_2007"].acts.query("channel == 'takeover'")
    assert len(lives) > 20
    assert (lives["legality"] == "authorised").all()
    assert (lives["attention"] < 1).all()


def test_governance_a_search_by_machine_needs_a_paper_only_where_the_rules_name_the_technique(
    logs: dict[str, Log],
) -> None:
    def searched(name: str) -> pd.DataFrame:
        rows = logs[name].requests
        return rows[(rows["request_id"] >= FIRST_SEARCH) & (rows["request_id"] < FIRST_EMERGENCY)]

    free, bound = searched("order_799"), searched("judge_warrant")
    assert set(free.loc[free["outcome"] == "granted", "document"]) == {"none"}
    after = bound[(bound["submitted_s"] >= 0) & (bound["outcome"] == "granted")]
    assert len(after) > 3
    assert set(after["document"]) == {"warrant"}
    # a signed warrant comes later than no paper at all
    both = after.merge(free[free["outcome"] == "granted"], on="request_id", suffixes=("", "_free"))
    assert (both["delivered_s"] > both["delivered_s_free"]).all()
    acts = logs["order_799"].acts
    techniques = set(acts.loc[acts["source_id"] >= FIRST_SEARCH, "technique"])
    assert techniques >= {"face_search_recorded", "plate_search", "attribute_search"}
    plates = acts[acts["technique"] == "plate_search"]
    assert (plates["known"] == 0).all(), "nobody who walks has a number plate"


def test_governance_a_live_watchlist_is_switched_off_where_it_is_forbidden_by_those_who_comply(
    arms: dict[str, Arm],
) -> None:
    def running(compliance: float, name: str) -> int:
        log = _run(_changed(compliance=compliance), arms, name)
        return int((log.acts["technique"] == "face_watchlist_live").sum())

    assert running(1.0, "order_799") == running(0.0, "edpb_72h") > 5
    assert running(1.0, "edpb_72h") == 0
    assert 0 < running(0.5, "judge_warrant") < running(0.0, "judge_warrant")


def test_governance_who_refuses_what_he_must_give_has_the_whole_recorder_seized(arms: dict[str, Arm]) -> None:
    town = _changed(custodian_refuses=1.0, refusal_seized=1.0, paper_defect_share=0.0, seizure_delay_h=1.0)
    log = _run(town, arms, "order_799")
    seized = log.requests[log.requests["channel"] == "seizure"]
    assert len(seized) > 30
    assert set(seized["document"]) == {"seizure_decision"}
    assert set(seized["purpose"]) == {"criminal_case"}  # in public-order cases a third party's recorder is registered
    assert seized["needed_s"].sum() < 0.01 * seized["footage_s"].sum()
    order = log.requests[(log.requests["purpose"] == "public_order_case") & (log.requests["case_id"] >= 0)]
    assert not (order["channel"] == "seizure").any()
    assert (order["reason"] == "the custodian gave nothing").sum() > 30
    taken = log.acts[(log.acts["channel"] == "seizure") & (log.acts["act"] == "acquire")]
    assert len(taken) > (log.acts["channel"] == "seizure").sum() - len(taken)
    assert _run(town, arms, "edpb_72h").requests.query("channel == 'seizure' and submitted_s >= 0").empty


def test_governance_a_wanted_picture_masks_the_others_where_a_rule_lets_it_be_published(arms: dict[str, Arm]) -> None:
    town = _changed(wanted_notice_share=1.0, wanted_delay_d=0.1)
    for name, masked, legality in (("order_799", True, "authorised"), ("guangzhou_draft:wide", False, "prohibited")):
        acts = _run(town, arms, name).acts
        shown = acts[(acts["purpose"] == "wanted_notice") & (acts["act"] == "disseminate")]
        assert len(shown) > 20
        public = shown[shown["basis_specific"].str.len() > 0]
        assert ((shown["mask"] == "box") == masked).mean() > 0.7, name  # homes have no such rule
        assert (public["legality"] == legality).mean() > 0.7, name
        assert (acts["purpose"] == "wanted_notice").sum() == 2 * len(shown)


@pytest.mark.parametrize(("compliance", "masks"), [(0.0, {"none"}), (0.5, {"box", "none"})])
def test_governance_news_and_chat_groups_show_what_was_handed_over(
    compliance: float, masks: set[str], arms: dict[str, Arm]
) -> None:
    town = _changed(informal_spread_share=1.0, news_published_share=1.0, informal_copy_share=1.0, compliance=compliance,
                    informal_handover=1.0)
    acts = _run(town, arms, "order_799").acts
    copies = acts[(acts["source"] == "informal") & (acts["act"] == "acquire")]
    given = acts[acts["act"] == "disseminate"]
    shown = given[((given["source"] == "informal") & (given["channel"] == "open_stream"))
                  | (given["source"] == "publication")]
    assert set(copies["source_id"]) - set(shown["source_id"]) == set()
    news = shown[(shown["actor"] == "media") & ~shown["basis_specific"].str.contains("33") & (shown["at_s"] > 0)]
    assert len(news) >= 2
    assert set(news["mask"]) <= masks
    assert ((news["mask"] == "box") == (news["legality"] == "authorised")).all()
    assert ("box" in set(news["mask"])) == (compliance > 0)


def test_governance_a_contractor_is_let_in_by_article_19_and_by_nothing_before(logs: dict[str, Log]) -> None:
    own = "purpose == 'maintenance' and source == 'monitor'"
    rounds = {name: logs[name].acts.query(own) for name in ("notice_only", "order_799")}
    assert len(rounds["order_799"]) == len(rounds["notice_only"]) > 50
    assert "authorised" not in set(rounds["notice_only"]["legality"])
    public = rounds["order_799"].query("specific == 'conditional'")
    assert len(public) > 30
    assert public["basis_specific"].str.contains("o799 19").all()


def test_governance_an_inspection_finds_what_the_rules_make_a_duty_and_orders_before_it_fines(
    logs: dict[str, Log], arms: dict[str, Arm]
) -> None:
    assert logs["notice_only"].incidents.query("kind == 'duty_breach'").empty
    log = _run(_changed(sanction_taken_up=1.0, correction_refused_share=0.5, correction_term_d=5.0), arms, "order_799")
    breaches = log.incidents.query("kind == 'duty_breach'")
    assert set(breaches["mechanism"]) >= {"not_filed"}
    steps = log.audits[log.audits["incident_id"].isin(breaches["incident_id"])]
    for _, rows in steps.sort_values("at_s").groupby("incident_id"):
        named = rows["step"].tolist()
        assert named[0] in ("order_to_correct", "fine")
        if named[0] == "order_to_correct" and len(named) > 1:
            assert named[1] in ("corrected", "fine")
            assert rows["at_s"].diff().iloc[1] == pytest.approx(5 * DAY_S, abs=1)
    filed = steps[(steps["provision"] == "o799_29") & (steps["step"] == "fine")]
    assert len(filed) > 3
    assert filed["fine_cny"].between(0, 10_000).all()


def test_governance_a_crime_needs_its_threshold_and_the_offence_below_it_stays() -> None:
    (arm,) = load_arms(["order_799"], {}, date(2026, 6, 1))
    oversight = Oversight(make_town().scenario, Rules(arm, arm, 0))
    sale = Question("curious", "sell", "commerce", "onward", "commercial", "public_other", scene="semi_private")

    def steps(**more: float) -> list[str]:
        found = oversight.steps(
            AFTER, sale, 0, DAY_TICKS, logged=True, marks=(0.0, 0.0, 0.1, 0.5), **more  # type: ignore[arg-type]
        )
        return [one.step for one in found]

    assert steps() == ["detention"]  # PS25 56: 10 to 15 days, below the threshold of crime
    assert steps(gain_cny=5_000.0) == ["prosecution", "conviction"]
    assert steps(items=50) == ["prosecution", "conviction"]
    [taken] = oversight.steps(AFTER, sale, 0, DAY_TICKS, logged=True, marks=(0.0, 0.0, 0.1, 0.5))
    assert 10 <= taken.detention_d <= 15
    [dropped] = oversight.steps(AFTER, sale, 0, DAY_TICKS, logged=True, marks=(0.0, 1.0, 0.1, 0.5))
    assert dropped.step == "not_taken_up"


def test_governance_every_use_of_a_piece_is_a_misuse_of_its_kind(arms: dict[str, Arm]) -> None:
    for share, kind in (((1.0, 0.0), "blackmail"), ((0.0, 1.0), "stalking"), ((0.0, 0.0), "commerce")):
        town = _changed(blackmail_share=share[0], stalking_share=share[1], lapse_used_share=1.0,
                        hidden_blackmail_share=0.0, deterrence_per_1000_cny=0.0)
        log = _run(town, arms, "notice_only")
        misused = log.incidents.query("kind == 'misuse'")
        assert set(misused["mechanism"]) == {kind}
        assert ((misused["price_cny"] > 0) == (kind == "blackmail")).all()
        assert len(misused) == ((log.acts["act"] == "use") & log.acts["source"].isin(["insider", "breach"])).sum() > 50


def test_governance_a_viewer_keeps_and_sells_pieces_of_interiors_only(arms: dict[str, Arm]) -> None:
    log = _run(_changed(stream_recorded_share=1.0), arms, "notice_only")
    kept = log.incidents.query("kind == 'recorded'")
    assert len(kept) > 3
    pieces = log.acts[(log.acts["source"] == "resale") & log.acts["source_id"].isin(kept["incident_id"])]
    assert set(pieces["scene"]) <= {"public_interior", "semi_private", "private_space"}
    assert _run(_changed(stream_recorded_share=0.0), arms, "notice_only").incidents.query("kind == 'recorded'").empty


def test_governance_a_breach_is_told_to_the_people_where_the_law_asks_and_the_holder_complies(
    arms: dict[str, Arm],
) -> None:
    def told(name: str, compliance: float, day: date) -> pd.Series:
        made = {arm.id: arm for arm in load_arms(sorted({name, "notice_only"}), {}, day)}
        town = _changed(lapse_complaint_per_day=1.0, compliance=compliance, deterrence_per_1000_cny=0.0)
        rows = _run(town, made, name).incidents
        return rows[rows["kind"].isin(["break_in", "platform_break_in"]) & rows["discovered_s"].notna()]

    after = told("order_799", 1.0, date(2025, 6, 1))
    assert len(after) > 20
    assert np.allclose(after["told_s"] - after["discovered_s"], 0)  # at once: PIPL 57 names no number of hours
    late = told("edpb_72h", 1.0, date(2025, 6, 1)).query("discovered_s > 0")  # before, the baseline's law applies
    assert np.allclose(late["told_s"] - late["discovered_s"], 72 * 3600)
    assert told("order_799", 0.0, date(2025, 6, 1))["told_s"].isna().all()
    assert told("notice_only", 1.0, date(2018, 6, 30))["told_s"].isna().all()  # before PIPL 57


def test_governance_a_platform_serves_thousands_of_which_an_intruder_looks_at_some(logs: dict[str, Log]) -> None:
    log = logs["notice_only"]
    broken = log.incidents.query("kind == 'platform_break_in'")
    assert (broken["cameras_n"] >= 1_000).all()
    looked = log.acts[(log.acts["source"] == "breach") & log.acts["source_id"].isin(broken["incident_id"])]
    assert looked.groupby("source_id")["camera_id"].nunique().max() < 20


def test_governance_republication_has_the_size_of_a_branching_process(arms: dict[str, Arm]) -> None:
    mean = 0.5  # each piece that is taken down comes up Poisson(0.5) times again: 1 / (1 − 0.5) publications in all
    town = _changed(lapse_published_share=1.0, lapse_sold_share=0.0, breach_sold_share=0.0, lapse_disclosed_share=1.0,
                    published_takedown_d=1e-5, republished_mean=mean, deterrence_per_1000_cny=0.0,
                    lapse_used_share=0.0, takedown_prohibited_factor=1.0)
    acts = _run(town, arms, "notice_only").acts
    shown = acts[(acts["act"] == "disseminate") & acts["source"].isin(["insider", "breach"])]
    sizes = shown.groupby("source_id").size()
    assert len(sizes) > 80
    assert abs(sizes.mean() - 1 / (1 - mean)) < 3.5 * sizes.std() / np.sqrt(len(sizes))


def test_governance_the_stock_of_footage_is_littles_law(logs: dict[str, Log], town: SimpleNamespace) -> None:
    # L = λ W (Little 1961): footage comes at one camera-second a second per recording camera and stays its retention
    custody = logs["notice_only"].custody
    recording = custody["recording"].to_numpy()
    from privacysim.governance.rules_in_force import keeping

    (arm,) = load_arms(["notice_only"], {}, date(2025, 6, 1))
    kept = keeping(town, Rules(arm, arm, 0))
    rng = np.random.Generator(np.random.Philox(7))
    camera = rng.choice(np.flatnonzero(recording), 200_000)
    span = 60 * DAY_TICKS
    recorded = rng.integers(-span, 0, camera.size)
    erased = kept.erased(camera, recorded)
    looks = rng.integers(-20 * DAY_TICKS, 0, 50)
    stock = np.array([((recorded <= at) & (erased > at)).sum() for at in looks])
    arrivals = camera.size / span
    expected = arrivals * kept.retention(camera)[0].mean()
    assert abs(stock.mean() / expected - 1) < 0.02


def test_governance_somebody_answers_for_a_camera_where_a_duty_binds_and_nobody_in_the_gap(
    logs: dict[str, Log],
) -> None:
    shares = {name: log.custody["manager"].value_counts(normalize=True) for name, log in logs.items()}
    assert shares["notice_only"].get("operator", 0.0) == 0.0  # the founding text: it is not clear who manages
    assert shares["order_799"]["operator"] > 0.2
    assert shares["order_799"]["nobody"] > 0.05  # homes, and the inside of offices
    assert not logs["order_799"].custody["may_stand"].all()
    assert logs["notice_only"].custody["may_stand"].all()  # no rule on siting in the founding text


def test_governance_old_systems_are_filed_within_their_term_not_on_the_first_day(arms: dict[str, Arm]) -> None:
    shares = [
        simulate(make_town(days=days), arms["order_799"], baseline=arms["notice_only"]).custody["filed"][:600].mean()
        for days in (1, 30, 95)
    ]
    assert shares[0] < shares[1] < shares[2]
    steady = simulate(make_town(), arms["order_799"], baseline=arms["order_799"]).custody["filed"][:600].mean()
    assert shares[2] == pytest.approx(steady, abs=0.01)
