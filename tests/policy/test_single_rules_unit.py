"""One rule at a time, before any policy: what it speaks about, when its route is met, what a general ban reaches.

Each rule is a few words, so the expected answer is worked out by hand from the words and not from the code.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from privacysim import vocabulary as words
from privacysim.errors import InputError
from privacysim.files import Reference
from privacysim.law.provisions import GeneralAnswer
from privacysim.policy import Question
from privacysim.policy.judging import (
    both_answers,
    failing,
    general_answer,
    in_scope,
    matches,
    papers,
    specific_answer,
    told,
)
from privacysim.policy.policy_form import Access, Forbidden, MaskRule, Match, Policy, Prohibited, Scope, Title, Where
from tests.helpers.routes import route_met

ASKED = Question("public_security", "view", "criminal_case", "request", "commercial", "public_other")
WHY = "a rule made for a test"
KINDS = {
    "acts": ("act", "copy"), "requester": ("requester", "curious"), "channel": ("channel", "remote_login"),
    "purpose": ("purpose", "curiosity"), "operator": ("operator", "home"), "regime": ("regime", "private_home"),
    "technique": ("technique", next(word for word in words.TECHNIQUES if word != "look")),
    "scene": ("scene", "private_space"), "secret": ("secret", "state"),
}  # fmt: skip
"""Field of a rule → field of a question, and a word that the question does not hold."""


def policy(**fields: object) -> Policy:
    return Policy(id="made", title=Title(en="Made"), status="hypothetical", **fields)


def route(name: str = "route", **fields: object) -> Access:
    return Access(id=name, assumption=WHY, **fields)


@pytest.mark.parametrize("field", KINDS)
def test_a_rule_speaks_about_the_words_it_names_and_about_no_other(field):
    asked, other = KINDS[field]
    own = getattr(ASKED, asked)
    assert matches(Match(), ASKED), "a rule without words speaks about everything"
    assert matches(Match(**{field: [own]}), ASKED)
    assert matches(Match(**{field: [other, own]}), ASKED)
    assert not matches(Match(**{field: [other]}), ASKED)
    assert matches(Match(**{field: [other]}), replace(ASKED, **{asked: other}))


def test_one_word_that_does_not_fit_is_enough_to_be_silent_whatever_else_fits():
    fitting = {field: [getattr(ASKED, asked)] for field, (asked, _) in KINDS.items()}
    assert matches(Match(**fitting, own=False, listed=False, masked=False), ASKED)
    for field, (_, other) in KINDS.items():
        assert not matches(Match(**{**fitting, field: [other]}), ASKED)


@pytest.mark.parametrize("field", ["own", "listed", "masked"])
def test_what_a_rule_leaves_open_holds_for_both_and_what_it_says_for_one(field):
    yes = replace(ASKED, mask="box", reversible=True) if field == "masked" else replace(ASKED, **{field: True})
    for said, on_yes, on_no in ((None, True, True), (True, True, False), (False, False, True)):
        assert matches(Match(**{field: said}), yes) is on_yes
        assert matches(Match(**{field: said}), ASKED) is on_no


def approves(asked: str, shown: str) -> bool:
    """By hand: who must have signed, and who has."""
    if asked in ("none", "operator", "controller"):
        return True
    if asked == "strict_unspecified":
        return shown != "none"
    return shown == asked or (asked, shown) == ("case_department_head", "county_psb_head")


def test_a_route_asks_for_its_own_paper_and_its_own_signature():
    for paper in words.DOCUMENTS:
        for signer in words.APPROVERS:
            rule = route(document=paper, approver=signer)
            for shown in words.DOCUMENTS:
                for signed in words.APPROVERS:
                    expected = paper in ("none", shown) and approves(signer, signed)
                    question = replace(ASKED, document=shown, approver=signed)
                    assert (not failing(papers(rule), told(question))) == expected


def test_consent_and_an_irreversible_mask_are_conditions_each_of_its_own():
    agreed = replace(ASKED, consent=True)
    shown = (ASKED, agreed, replace(ASKED, mask="box"), replace(agreed, mask="box", reversible=True),
             replace(agreed, mask="box"))  # fmt: skip
    for conditions, met in (
        ((), (True, True, True, True, True)), (("consent",), (False, True, False, True, True)),
        (("masked",), (False, False, True, False, True)), (("consent", "masked"), (False, False, False, False, True)),
    ):
        rule = route(**({"conditions": list(conditions)} if conditions else {}))
        assert tuple(not failing(papers(rule), told(question)) for question in shown) == met, conditions


def test_a_scope_is_met_by_any_of_its_alternatives_and_no_alternative_means_every_camera():
    shop, street = ASKED, replace(ASKED, operator="public_security", regime="public_state")
    assert in_scope((), shop)
    assert in_scope((Where(),), shop)
    for where, on_shop, on_street in (
        (Where(operator=["commercial"]), True, False), (Where(regime=["public_state"]), False, True),
        (Where(listed=True), False, False), (Where(listed=False), True, True),
        (Where(operator=["commercial"], regime=["public_state"]), False, False),
        (Where(operator=["commercial"], listed=True), False, False),
    ):
        assert (in_scope((where,), shop), in_scope((where,), street)) == (on_shop, on_street), where
    assert in_scope((Where(operator=["home"]), Where(regime=["public_other"])), shop)
    assert not in_scope((Where(operator=["home"]), Where(regime=["private_home"])), shop)


def test_the_first_route_that_is_met_answers_and_one_that_is_not_lets_the_next_speak():
    paper, second, last = route("paper", document="warrant"), route("second"), route("last")
    made = policy(access=(paper, second, last))
    assert route_met(made, ASKED) is second
    assert route_met(made, replace(ASKED, document="warrant")) is paper
    assert route_met(policy(access=(paper,)), ASKED) is None


def test_where_cameras_mask_at_the_source_clear_footage_meets_only_the_routes_that_unmask():
    mask = MaskRule(kind="box", regime=("public_other",), unmask=("opens",), assumption=WHY)
    opens, plain = route("opens", acts=["copy"]), route("plain")
    boxed = replace(ASKED, mask="box", reversible=True)
    for rule in (mask, mask.model_copy(update={"regime": ()})):  # no regime named: every camera masks
        made = policy(access=(opens, plain), mask=rule)
        assert route_met(made, ASKED) is None
        assert route_met(made, boxed) is plain
        assert route_met(made, replace(ASKED, act="copy")) is opens
    elsewhere = replace(ASKED, regime="private_home")
    assert route_met(policy(access=(plain,), mask=mask), elsewhere) is plain, "cameras that need no mask"
    assert route_met(policy(access=(plain,)), ASKED) is plain


def test_a_prohibition_is_the_first_that_speaks_about_the_act_and_the_camera():
    homes = Scope(id="homes", says="homes", where=(Where(operator=["home"]),), assumption=WHY)
    at_home = Forbidden(id="home", how="express", scope="homes", assumption=WHY)
    looking = Forbidden(id="look", how="derived", acts=["view"], assumption=WHY)
    made = policy(forbidden=(at_home, looking), scope=(homes,))
    assert specific_answer(made, "", ASKED) == ("prohibited_derived", "look", f"assumption: {WHY}")
    assert specific_answer(made, "", replace(ASKED, operator="home"))[:2] == ("prohibited_express", "home")
    assert specific_answer(made, "", replace(ASKED, act="copy")) == ("silent", "", "")


def test_a_general_ban_reaches_its_acts_within_its_reading_and_names_what_it_rests_on():
    shops = Scope(id="shops", says="shops", where=(Where(operator=["commercial"]),), assumption=WHY)
    every = Scope(id="every", says="every camera", assumption=WHY)
    rests = (Reference(law="draft", article="24"), Reference(law="order", article="1"))
    ban = Prohibited(absolute=["sell"], if_no_route=["view"], scope=("shops", "every"), reference=rests)
    made = policy(access=(route(acts=["view"], document="warrant"),), prohibited=ban, scope=(shops, every))
    banned = ("prohibited_express", "prohibited", "draft 24; order 1")
    home = replace(ASKED, operator="home")
    for question, reading, answer in (
        (ASKED, "shops", banned), (replace(ASKED, act="sell"), "shops", banned), (home, "shops", ("silent", "", "")),
        (home, "every", banned), (replace(ASKED, act="copy"), "every", ("silent", "", "")),
        (replace(ASKED, document="warrant"), "every", ("authorised", "route", f"assumption: {WHY}")),
    ):
        assert specific_answer(made, reading, question) == answer, (question, reading)
    assumed = made.model_copy(update={"prohibited": Prohibited(absolute=["view"], assumption="of ours")})
    assert specific_answer(assumed, "every", ASKED) == ("prohibited_express", "prohibited", "assumption: of ours")


def test_a_rule_says_its_references_or_else_its_assumption():
    rests = (Reference(law="order_799", article="13"), Reference(law="pipl", article="26"))
    assert route(reference=rests).basis == "order_799 13; pipl 26"
    assert route().basis == f"assumption: {WHY}"


def test_everybodys_law_answers_with_the_first_answer_whose_conditions_hold():
    hidden = replace(ASKED, mask="box", reversible=False)
    for field, value, question, authorised in (
        ("bundle", ("other",), ASKED, False), ("authorised", True, ASKED, False), ("authorised", False, ASKED, True),
        ("identifiable", False, ASKED, False), ("identifiable", True, replace(ASKED, identifiable=False), False),
        ("irreversible", True, ASKED, False), ("irreversible", False, hidden, False), ("acts", ["copy"], ASKED, False),
    ):
        first = GeneralAnswer(**{field: value}, general="pi_breach", basis=("a", "b"))
        last = GeneralAnswer(general="lawful")
        assert general_answer((first, last), "usual", question, authorised) == ("lawful", ""), (field, value)
        assert general_answer((last, first), "usual", question, authorised) == ("lawful", "")
    fits = GeneralAnswer(bundle=("usual",), authorised=False, identifiable=True, irreversible=False, acts=["view"],
                         general="pi_breach", basis=("a", "b"))  # fmt: skip
    assert general_answer((fits,), "usual", ASKED, False) == ("pi_breach", "a; b")
    with pytest.raises(InputError, match="an answer for every act"):
        general_answer((), "usual", ASKED, False)


@pytest.mark.parametrize(("general", "gap"), [
    ("lawful", "hard"), ("depends", "hard"), ("pi_breach", "soft"), ("crime", "soft")])  # fmt: skip
def test_silence_is_a_gap_hard_where_nothing_else_forbids_and_speech_is_none(general, gap):
    answers = (GeneralAnswer(general=general, basis=("x",)),)
    silent = both_answers(policy(), "", answers, "usual", ASKED)
    assert (silent.specific, silent.legality, silent.gap, silent.general) == ("silent", "ungoverned", gap, general)
    assert silent.basis_general == "x"
    for outcome in ("authorised", "conditional"):
        allowed = both_answers(policy(access=(route(outcome=outcome),)), "", answers, "usual", ASKED)
        assert (allowed.specific, allowed.legality, allowed.gap) == (outcome, "authorised", "")
    ban = Forbidden(id="ban", how="derived", assumption=WHY)
    told = both_answers(policy(forbidden=(ban,)), "", answers, "usual", ASKED)
    assert (told.specific, told.legality, told.gap, told.rule) == ("prohibited_derived", "prohibited", "", "ban")
    suspended = both_answers(policy(general_law="suspended"), "", answers, "usual", ASKED)
    assert (suspended.general, suspended.basis_general, suspended.gap) == ("lawful", "", "hard")
