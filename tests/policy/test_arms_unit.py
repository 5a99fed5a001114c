"""What an arm offers, keeps and forbids, article by article."""

from __future__ import annotations

import pickle
from datetime import date

import pytest

from privacysim.facts import facts, facts_replaced
from privacysim.law import laws
from privacysim.policy import Arm, Question, Reform, load_arms

DAY = 86_400.0


def arm(name: str) -> Arm:
    (found,) = load_arms([name], {}, date(2025, 6, 1))
    return found


@pytest.mark.parametrize(("policy", "document", "approver"), [
    ("notice_only", "notice_of_obtaining_evidence", "case_department_head"),
    ("guangzhou_draft:narrow", "notice_of_obtaining_evidence", "case_department_head"),
    ("order_799", "notice_of_obtaining_evidence", "case_department_head"),
    ("judge_warrant", "warrant", "judge"),
    ("mask_at_source:judge_opens", "warrant", "judge"),
    ("guangzhou_2007", "notice_of_obtaining_evidence", "case_department_head"),
    ("open_access", "none", "none"),
])
def test_the_paper_of_the_police_is_the_one_that_the_policy_names(policy: str, document: str, approver: str) -> None:
    route = arm(policy).route("public_security", "criminal_case", "request", "commercial", "public_venue")
    assert route is not None
    assert (route.document, route.approver) == (document, approver)
    assert "acquire" in route.acts


@pytest.mark.parametrize(("policy", "public", "other", "home"), [
    ("notice_only", 15, 10, 7), ("guangzhou_2007", 15, 10, 7), ("order_799", 30, 10, 7),
    ("order_799_no_waiver", 30, 30, 7), ("no_cameras", 0, 0, 0), ("open_access", 15, 10, 7),
])
def test_footage_is_kept_as_long_as_the_rules_of_its_place_say(policy: str, public: int, other: int, home: int) -> None:
    rules = arm(policy)
    kept = {"public_state": public, "public_venue": public, "public_other": other, "private_home": home}
    for regime, days in kept.items():
        value, low, high = rules.retention_s(regime)
        assert value == days * DAY
        assert low <= value <= high


def test_the_72_hours_of_the_guidelines_do_not_bind_the_cameras_of_the_police() -> None:
    days = [arm("edpb_72h").retention_s(regime)[0] / DAY for regime in ("public_state", "public_venue", "public_other")]
    assert days == [30, 3, 3]


def test_retention_equals_the_facts_that_name_it() -> None:
    known = facts()
    for policy, regime, fact in (
        ("order_799", "public_state", "retention_order_799_art7_d"),
        ("order_799", "public_other", "retention_unregulated_model_d"),
        ("order_799", "private_home", "retention_art33_model_d"),
        ("guangzhou_2007", "public_venue", "retention_guangzhou_2007_d"),
        ("edpb_72h", "public_other", "retention_edpb_d"),
    ):
        value, _, high = arm(policy).retention_s(regime)
        assert value == known[fact].value * DAY
        assert high == known[fact].high * DAY


def test_a_habit_of_retention_is_one_fact_for_all_policies_until_a_reform_sets_a_period() -> None:
    both = ("notice_only", "guangzhou_2007", "order_799", "open_access")
    with facts_replaced({"retention_unregulated_model_d": 21.0}):
        assert {arm(policy).retention_s("public_other")[0] for policy in both} == {21 * DAY}
        (reform,) = load_arms([Reform("notice_only", retention="3 d").data()], {}, date(2025, 6, 1))
        assert reform.retention_s("public_other")[0] == 3 * DAY
    assert arm("notice_only").retention_s("public_other") == (10 * DAY, 5 * DAY, 30 * DAY)


def test_people_filmed_have_two_routes_and_neighbours_none() -> None:
    order, notice = arm("order_799"), arm("notice_only")
    seen = order.route("relative_or_guardian", "missing_person", "request", "commercial", "public_venue")
    assert seen is not None
    assert (seen.id, seen.acts, seen.outcome, seen.conditions) == (
        "person_concerned", ("view",), "conditional", ("consent",)
    )
    own = order.route("person_filmed", "data_subject_access", "request", "commercial", "public_other")
    assert own is not None
    assert (own.acts, own.others_masked, own.document) == (("view", "copy"), True, "id_proof")
    assert order.route("person_filmed", "data_subject_access", "request", "home", "private_home") is None
    for rules in (order, notice):
        assert rules.route("neighbour", "private_claim", "request", "commercial", "public_other") is None
    assert notice.route("relative_or_guardian", "missing_person", "request", "commercial", "public_venue") is None


def test_a_mask_at_the_source_opens_for_papers_only() -> None:
    rules = arm("mask_at_source")
    assert (rules.mask("public_state"), rules.mask_reversible("public_state")) == ("box", True)
    assert not arm("mask_at_source:irreversible").mask_reversible("public_state")
    assert arm("order_799").mask("public_other") == "none"
    police = rules.route("public_security", "criminal_case", "request", "commercial", "public_venue")
    guard = rules.route("own_staff_on_duty", "live_guard", "live_monitor", "commercial", "public_venue", own=True)
    assert police is not None
    assert police.unmask
    assert guard is not None
    assert not guard.unmask
    clear = arm("mask_at_source:operator_key").route(
        "own_staff_on_duty", "live_guard", "live_monitor", "commercial", "public_venue", own=True
    )
    assert clear is not None
    assert clear.unmask


def test_who_may_broadcast_depends_on_the_reading_and_the_place() -> None:
    broadcast = ("disseminate", "home", "private_home", "own_staff_on_duty")
    assert not arm("notice_only").forbids(*broadcast)
    assert not arm("guangzhou_draft:narrow").forbids(*broadcast)
    assert arm("guangzhou_draft:wide").forbids(*broadcast)
    assert arm("order_799").forbids(*broadcast)
    assert not arm("open_access").forbids(*broadcast)
    assert not arm("guangzhou_draft:narrow").forbids("disseminate", "commercial", "public_other", "own_staff_on_duty")
    named = ("disseminate", "commercial", "public_other", "own_staff_on_duty")
    assert arm("guangzhou_draft:narrow").forbids(*named, listed=True)


def test_sanctions_come_from_everybodys_law_of_the_date_and_open_access_suspends_it() -> None:
    sale = Question("company", "sell", "commerce", "request", "home", "private_home")
    named = [provision.id for provision in arm("notice_only").sanctions(sale)]
    assert named[0] == "cl_253_1"
    assert "csl16_64" in named
    assert arm("open_access").sanctions(sale) == ()
    assert arm("open_access").demand_factor == facts().value("open_demand")
    assert arm("order_799").demand_factor == 1.0


def test_an_arm_travels_to_a_worker_and_answers_the_same() -> None:
    question = Question("curious", "view", "curiosity", "open_stream", "commercial", "public_other")
    rules = arm("order_799")
    assert pickle.loads(pickle.dumps(rules)).judge(question) == rules.judge(question)


@pytest.mark.parametrize(("provision", "field", "ids"), [
    ("o799_26", "individual", (None, "fine_o799_26_individual_max_cny")),
    ("o799_26", "unit", (None, "fine_o799_26_unit_max_cny")),
    ("o799_27", "individual", ("fine_o799_27_individual_min_cny", "fine_o799_27_individual_max_cny")),
    ("o799_27", "unit", ("fine_o799_27_unit_min_cny", "fine_o799_27_unit_max_cny")),
    ("o799_28", "responsible", ("fine_o799_28_responsible_min_cny", "fine_o799_28_responsible_max_cny")),
    ("o799_29", "unit", (None, "fine_o799_29_unit_max_cny")),
    ("o799_30", "unit", ("fine_o799_30_unit_min_cny", "fine_o799_30_unit_max_cny")),
    ("ps12_42_6", "detention_d", (None, "detention_ps12_42_6_max_d")),
    ("ps12_42_6", "graver_detention_d", ("detention_ps12_42_6_graver_min_d", "detention_ps12_42_6_graver_max_d")),
    ("ps12_42_6", "individual", (None, "fine_ps12_42_6_max_cny")),
    ("ps25_50_6", "individual", (None, "fine_ps25_50_6_max_cny")),
    ("ps25_56", "detention_d", ("detention_ps25_56_min_d", "detention_ps25_56_max_d")),
    ("pipl_10", "responsible", ("fine_pipl_66_person_min_cny", "fine_pipl_66_person_max_cny")),
    ("pipl_25", "graver_unit", (None, "fine_pipl_66_grave_max_cny")),
    ("dsl_45", "unit", ("fine_dsl_45_min_cny", "fine_dsl_45_max_cny")),
    ("cl_253_1", "graver_prison_years", ("prison_cl_253_1_grave_min_years", "prison_cl_253_1_grave_max_years")),
    ("gz07_siting", "unit", ("fine_gd132_unit_min_cny", "fine_gd132_unit_max_cny")),
])
def test_sanctions_in_the_law_data_equal_the_facts(provision: str, field: str, ids: tuple[str | None, str]) -> None:
    sanction = laws().provision(provision).sanction
    assert sanction is not None
    known = facts()
    assert getattr(sanction, field) == (known[ids[0]].value if ids[0] else 0.0, known[ids[1]].value)
