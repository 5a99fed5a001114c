"""Arms that share answers: only those whose every answer is the same."""

import itertools
from dataclasses import replace
from datetime import date

import pytest

from privacysim.policy import Reform
from privacysim.policy.judging import Question
from privacysim.policy.policy_files import load_arms

BASE = "order_799"
LEVERS = [{}, {"retention": "7 d"}, {"duties": "everybody"}, {"mask": "box"}, {"approver": "judge"},
          {"ban": "everywhere"}, {"retention": "1 d", "duties": "nobody"}]  # fmt: skip
QUESTIONS = [Question(who, act, "curiosity", "request", "shop", regime, "look", mask=mask)
             for who, act, regime, mask in itertools.product(
                 ("neighbour", "public_security", "journalist"), ("view", "copy", "disseminate"),
                 ("public_state", "public_other", "private_home"), ("none", "box"))]  # fmt: skip


@pytest.fixture(scope="module")
def arms():
    """Each arm alone, and among the others, in which they were asked before."""
    alone = [load_arms([Reform(BASE, **one).kept() if one else BASE], {}, date(2025, 6, 1))[0] for one in LEVERS]
    known = {}
    among = [replace(one, answers_by_code={}, _answers={}, _routes={}).knowing(known) for one in alone]
    for one in among:
        for question in QUESTIONS:
            one.judge(question)
    return alone, among


def test_an_arm_that_knows_others_answers_as_it_does_alone(arms):
    for alone, among in zip(*arms, strict=True):
        assert [among.judge(one) for one in QUESTIONS] == [alone.judge(one) for one in QUESTIONS]
        route = ("public_security", "criminal_case", "request", "shop", "public_other")
        assert among.route(*route) == alone.route(*route)


def test_only_retention_and_duties_leave_every_answer_as_it_was(arms):
    first, *others = (one._answers for one in arms[1])
    assert [n for n, one in enumerate(others, 1) if one is first] == [1, 2, 6]
