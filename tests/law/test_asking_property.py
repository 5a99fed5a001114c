"""What must hold for every act asked: need, papers, bans, explanations, and the nearest lawful change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from random import Random
from typing import Any

import pytest

from privacysim import vocabulary as words
from privacysim.errors import InputError
from privacysim.policy import Arm, Question, ask
from privacysim.policy.asking import CLOSED, NEEDED, arm_of, explain, lawful, questions_of
from privacysim.policy.policy_files import policy_files
from privacysim.policy.policy_form import Forbidden

NAMED = sorted({*policy_files()} - {"open_access", "no_cameras", "guangzhou_draft"})
ARMS = [arm_of(name) for name in (*NAMED, "guangzhou_draft:narrow", "guangzhou_draft:wide")]
"""Every shipped policy with rules, but open access, whose sense curiosity is."""
OTHERS: dict[str, tuple[Any, ...]] = {
    **{name: ("", *known) if name in ("of_whom", "entry", "beyond", "within", "tells") else known
       for name, known in CLOSED.items()},
    **dict.fromkeys(("listed", "reversible", "own", "consent", "identifiable"), (True, False)),
    **dict.fromkeys(("siting_lawful", "household", "case_filed"), (None, True, False)),
    "quantity": (None, 1, 5000), "gain_cny": (None, 0, 60_000), "officers": (None, 1, 2), "mask": ("none", "box"),
}


def questions(arm: Arm, number: int, seed: int) -> Iterator[Question]:
    """Half of them at random, half near a route: what it names, with up to three facts changed."""
    draw = Random(seed)
    for _ in range(number):
        question = Question(**{name: draw.choice(OTHERS[name]) for name in NEEDED})
        names = list(OTHERS)
        if draw.random() < 0.5 and arm.policy.access:
            route = draw.choice(arm.policy.access)
            said = {name: draw.choice(getattr(route, name) or OTHERS[name])
                    for name in ("requester", "purpose", "channel", "operator", "regime", "technique")}
            question = Question(
                act=draw.choice(route.acts or words.ACTS), document=route.document, approver=route.approver,
                own=bool(route.own), consent=True, officers=route.officers, **said)  # fmt: skip
            names = draw.sample(names, draw.randrange(4))
        yield replace(question, **{name: draw.choice(OTHERS[name]) for name in names})


def test_every_field_of_a_question_is_drawn() -> None:
    assert set(OTHERS) == {field.name for field in fields(Question)}


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.id)
@pytest.mark.parametrize("number", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_explanation_is_the_answer_and_its_nearest_change_is_lawful(arm: Arm, number: int) -> None:
    changed = 0
    for question in questions(arm, number, 16 + number):
        found = explain(arm, question)
        assert found.answer == arm.judge(question)
        decided = [step for step in found.steps if not step.failed]
        assert [step.part.id for step in decided] == ([found.answer.rule] if found.answer.rule else [])
        assert all(step.failed for step in found.steps[:-1])
        for name, value, other in found.decides:
            assert getattr(question, name) in (None, "")
            assert arm.judge(replace(question, **{name: value})) == other
        if found.nearest is not None:
            assert lawful(arm.judge(replace(question, **found.nearest))), (question, found.nearest)
            changed += found.nearest != {}
        else:
            assert not lawful(found.answer)
        assert str(found)
    assert changed > 0.25 * number


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.id)
@pytest.mark.parametrize("asked", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_curiosity_is_authorised_no_lost_paper_makes_lawful_and_no_ban_authorises(arm: Arm, asked: int) -> None:
    for number, question in enumerate(questions(arm, asked, 161)):
        answer = arm.judge(question)
        assert arm.judge(replace(question, purpose="curiosity")).legality != "authorised"
        bare = arm.judge(replace(question, document="none", approver="none"))
        assert lawful(answer) or not lawful(bare), question
        ban = Forbidden(id="one_more", how="express", assumption="tried", acts=[words.ACTS[number % 7]])
        more = arm.policy.model_copy(update={"forbidden": (ban, *arm.policy.forbidden)})
        stricter = replace(arm, policy=more, _answers={}).judge(question)
        assert answer.legality == "authorised" or stricter.legality != "authorised"


def test_a_missing_paper_a_missing_officer_and_the_unsaid_are_told() -> None:
    said = {"requester": "other_state_organ", "act": "view", "purpose": "admin_enforcement", "channel": "request",
            "operator": "commercial", "regime": "public_venue"}  # fmt: skip
    bare = ask("order_799", **said)
    assert bare.nearest == {"document": "badge"}
    alone = ask("order_799", document="badge", officers="1", **said)
    assert alone.nearest == {"officers": 2}
    assert "needs 2 officers, got 1" in str(alone)
    both = ask("order_799", document="badge", **said)
    assert both.answer.legality == "authorised"
    assert ("officers", 1) in [found[:2] for found in both.decides]
    intruder = {**said, "requester": "curious", "purpose": "curiosity", "channel": "remote_login"}
    assert ask("order_799", **intruder).answer.general == "crime"
    assert ("quantity", "admin_offence") in [(name, answer.general) for name, _, answer
                                             in ask("order_799", **intruder).decides]  # fmt: skip
    nobody = ask("no_cameras", **said)
    assert nobody.nearest is None


def test_a_table_holds_every_combination_and_a_wrong_word_is_told() -> None:
    asked = questions_of({"requester": "any", "act": "view,copy", "purpose": "curiosity", "channel": "request",
                          "operator": "commercial", "regime": "public_venue", "consent": "yes"})  # fmt: skip
    assert len(asked) == len(set(asked)) == 2 * len(words.REQUESTERS)
    assert all(question.consent for question in asked)
    for wrong, said in (({"purpose": "fun"}, "purpose"), ({"own": "perhaps"}, "yes or no"),
                        ({"officers": "two"}, "whole number"), ({"colour": "red"}, "field")):  # fmt: skip
        with pytest.raises(InputError, match=said) as caught:
            ask("order_799", requester="curious", **wrong)
        assert len(str(caught.value).splitlines()) <= 3
    with pytest.raises(InputError, match="write guangzhou_draft:narrow"):
        arm_of("guangzhou_draft")


def test_the_newest_law_answers_unless_a_day_is_given() -> None:
    said = {"requester": "company", "act": "acquire", "purpose": "commerce", "channel": "request",
            "operator": "commercial", "regime": "public_venue"}  # fmt: skip
    assert ask("order_799", **said).answer.general == "admin_offence"
    assert ask("order_799", law_date="2025-06-01", **said).answer.general == "pi_breach"
    assert ask("order_799", law_date="2025-03-31", **said).answer.specific == "silent"
