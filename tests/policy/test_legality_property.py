"""What must hold between policies, dates and masks, whatever single articles say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import product

import pytest

from privacysim import vocabulary as words
from privacysim.files import named_files
from privacysim.policy import Arm, Question, load_arms, load_policy
from privacysim.policy.judging import specific_answer
from tests.helpers.routes import route_met

D2018, D2025, D2026 = date(2018, 6, 30), date(2025, 6, 1), date(2026, 6, 1)
ALL = sorted(named_files("policies"))
_LAWFUL = ("lawful", "depends")

# a cross of everything that a rule may look at, thinned to one question for each act of each actor at each camera
CAMERAS = (
    ("public_security", "public_state", False), ("other_state", "public_state", False),
    ("commercial", "public_venue", True), ("commercial", "public_other", False), ("compound", "public_other", True),
    ("home", "private_home", False),
    ("compound", "residential_common", False), ("commercial", "prohibited_site", False),
    ("commercial", "secret_adjacent", False),
)
ACTORS = (
    ("curious", "curiosity", "request"), ("curious", "curiosity", "open_stream"),
    ("company", "commerce", "remote_login"),
    ("own_staff_off_purpose", "curiosity", "own_console"), ("own_staff_on_duty", "live_guard", "live_monitor"),
    ("own_staff_on_duty", "commerce", "open_stream"), ("contractor", "maintenance", "own_console"),
    ("public_security", "criminal_case", "request"), ("public_security", "live_guard", "own_console"),
    ("state_security", "counter_espionage", "request"), ("person_filmed", "data_subject_access", "request"),
    ("relative_or_guardian", "missing_person", "request"), ("insurer", "private_claim", "request"),
    ("media", "news", "onward"), ("curious", "curiosity", "hidden"),
)


@cache
def questions(acts: tuple[str, ...] = words.ACTS) -> tuple[Question, ...]:
    return tuple(_questions(acts))


def _questions(acts: tuple[str, ...]) -> Iterator[Question]:
    papers = (("none", "none"), ("notice_of_obtaining_evidence", "case_department_head"), ("id_proof", "operator"))
    masks = (("none", False), ("box", True), ("box", False))
    for (who, why, how), (operator, regime, listed), act in product(ACTORS, CAMERAS, acts):
        for number, (paper, (mask, undo), scene) in enumerate(product(papers, masks, ("street", "private_space"))):
            if (number + 5 * len(act) + len(who)) % 18:
                continue
            yield Question(
                who, act, why, how, operator, regime, listed=listed, scene=scene, mask=mask, reversible=undo,
                document=paper[0], approver=paper[1], own=how in ("live_monitor", "own_console"),
                consent=paper[0] == "id_proof",
            )


@cache
def every_arm(day: date) -> list[Arm]:
    """The arms of a day for all tests: an arm remembers its answers."""
    return load_arms(ALL, {}, day)


def arms(day: date, names: list[str] | None = None) -> list[Arm]:
    made = every_arm(day)
    return made if names is None else [arm for name in names for arm in made if arm.policy.id == name]


def test_where_the_rules_are_silent_no_provision_of_the_policy_is_named() -> None:
    for arm in arms(D2025):
        for question in questions():
            answer = arm.judge(question)
            assert (answer.specific == "silent") == (answer.rule == "" and answer.basis_specific == "")
            assert (answer.specific == "silent") == (answer.legality == "ungoverned") == (answer.gap != "")


def test_a_soft_gap_rests_on_a_provision_in_force_on_the_date_of_everybodys_law() -> None:
    for day in (D2018, D2025, D2026):
        for arm in arms(day):
            for question in questions():
                answer = arm.judge(question)
                if answer.gap == "soft":
                    assert answer.basis_general
                for name in filter(None, answer.basis_general.split("; ")):
                    assert arm.laws.in_force(arm.laws.provision(name), day), (name, day)


def test_later_law_never_makes_lawful_what_earlier_law_prohibited() -> None:
    names = ["notice_only", "order_799", "edpb_72h"]
    for old, new in ((D2018, D2025), (D2025, D2026), (D2018, D2026)):
        for before, after in zip(arms(old, names), arms(new, names), strict=True):
            for question in questions():
                opened = after.judge(question).legality == "authorised"  # by a camera rule that came later
                if before.judge(question).general not in _LAWFUL and not opened:
                    assert after.judge(question).general not in _LAWFUL, question


def test_order_799_gives_small_shops_no_log_no_filing_and_no_retention_rule() -> None:
    order, notice = arms(D2025, ["order_799", "notice_only"])
    assert not order.log_kept("public_other")
    assert not order.filed("public_other")
    assert not order.secured("public_other")
    assert order.retention_s("public_other") == notice.retention_s("public_other")
    assert order.retention("public_other").floor is None
    no_waiver = arms(D2025, ["order_799_no_waiver"])[0]
    assert no_waiver.log_kept("public_other")
    assert no_waiver.filed("public_other")
    assert no_waiver.retention_s("public_other")[0] == order.retention_s("public_venue")[0] == 30 * 86_400


def test_a_mask_that_can_be_undone_never_changes_general_law_and_one_that_cannot_may() -> None:
    changed = 0
    for arm in arms(D2025, ["notice_only", "order_799"]):
        for question in questions():
            clear = replace(question, mask="none", reversible=False)
            undone = replace(question, mask="box", reversible=True)
            assert arm.judge(clear).general == arm.judge(undone).general
            changed += arm.judge(clear).general != arm.judge(replace(undone, reversible=False)).general
    assert changed


@pytest.mark.parametrize("act", ["buy", "sell"])
def test_trade_is_authorised_in_open_access_alone(act: str) -> None:
    for arm in arms(D2025):
        lawful = any(arm.judge(question).legality == "authorised" for question in questions((act,)))
        assert lawful == (arm.id == "open_access")


def test_the_police_look_at_their_own_cameras_without_a_notice_and_since_2025_that_is_logged() -> None:
    own = Question("public_security", "view", "live_guard", "own_console", "public_security", "public_state", own=True)
    for arm in arms(D2025):
        if arm.id in ("no_cameras", "mask_at_source"):
            continue
        assert arm.judge(own).legality == "authorised", arm.id
    old, new = arms(D2025, ["notice_only", "order_799"])
    assert not old.log_kept("public_state")
    assert new.log_kept("public_state")
    assert load_policy("order_799").law_date >= date(2025, 4, 1)


def test_no_route_lends_its_paper_to_another() -> None:
    for arm in arms(D2025, ["notice_only", "order_799", "judge_warrant", "edpb_72h"]):
        for rule in arm.policy.access:
            if rule.document == "none":
                continue
            question = Question(
                rule.requester[0], rule.acts[0], (rule.purpose or words.PURPOSES)[0], rule.channel[0],
                (rule.operator or ("commercial",))[-1], "public_venue", (rule.technique or ("look",))[0],
                approver=rule.approver, consent=True, own=bool(rule.own), of_whom=(rule.of_whom or ("",))[0],
            )
            for document in words.DOCUMENTS:
                answer = arm.judge(replace(question, document=document))
                if document != rule.document:
                    assert answer.rule != rule.id
            assert arm.judge(replace(question, document=rule.document)).rule == rule.id


def test_open_access_authorises_whatever_any_other_policy_authorises() -> None:
    opened = arms(D2025, ["open_access"])[0]
    for arm in arms(D2025):
        for question in questions():
            if arm.judge(question).legality == "authorised" and question.regime != "prohibited_site":
                assert opened.judge(question).legality == "authorised"


def test_the_wide_reading_prohibits_whatever_the_narrow_one_prohibits() -> None:
    narrow, wide = arms(D2025, ["guangzhou_draft"])
    more = 0
    for question in questions():
        slim, broad = narrow.judge(question).legality, wide.judge(question).legality
        assert (slim, broad) in {(slim, slim), ("ungoverned", "prohibited")}
        more += slim != broad
    assert more


def test_a_ban_names_its_articles_or_the_assumption_that_it_rests_on() -> None:
    draft = load_policy("guangzhou_draft")
    question = Question("company", "sell", "commerce", "open_stream", "commercial", "public_other")
    assert draft.prohibited is not None
    bare = draft.prohibited.model_copy(update={"reference": (), "assumption": "a reform that nobody wrote"})
    said = specific_answer(draft.model_copy(update={"prohibited": bare}), "wide", question)
    assert said == ("prohibited_express", "prohibited", "assumption: a reform that nobody wrote")
    kept = specific_answer(draft, "wide", question)
    assert kept[:2] == said[:2]
    assert kept[2] == "; ".join(f"{one.law} {one.article}" for one in draft.prohibited.reference)


def test_masking_at_the_source_binds_only_the_places_that_it_names() -> None:
    policy = load_policy("mask_at_source")
    assert policy.mask is not None
    look = Question("own_staff_on_duty", "view", "live_guard", "live_monitor", "commercial", "public_venue", own=True)
    masked, clear = replace(look, mask="box"), look
    assert route_met(policy, masked) is not None
    def masking(*regime):
        return policy.model_copy(update={"mask": policy.mask.model_copy(update={"regime": regime, "unmask": ()})})

    bound, free, everywhere = masking("public_venue"), masking("public_other"), masking()
    assert route_met(bound, clear) is None
    assert route_met(everywhere, clear) is None
    assert route_met(free, clear) == route_met(bound, masked) == route_met(policy, masked)
