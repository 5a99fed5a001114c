"""The linter: each fault planted by hand, two hundred made by a program, and nothing in the shipped rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest

from privacysim.errors import InputError
from privacysim.law import laws
from privacysim.policy import load_policy
from privacysim.policy.asking import arm_of
from privacysim.policy.judging import Question
from privacysim.policy.linting import SPACE, boxes, lint, outside
from privacysim.policy.policy_files import policy_files

KNOWN = laws()
CLEAN = ("order_799", "notice_only", "guangzhou_2007", "edpb_72h", "judge_warrant", "guangzhou_today")
BASE = {"id": "mine", "extends": "order_799", "title": {"en": "Mine"}, "status": "in_force"}
WHY = {"assumption": "planted"}
EVERYBODY = {"id": "everybody", "acts": ["view"], "purpose": ["live_guard"], **WHY}


def found(change: dict[str, Any]) -> Counter[str]:
    return Counter(one.kind for one in lint(load_policy(BASE | change), KNOWN))


@pytest.mark.parametrize("policy", list(policy_files()))
def test_the_shipped_rules_are_clean(policy: str) -> None:
    assert lint(load_policy(policy), KNOWN) == []
    for variant in load_policy(policy).reading:
        assert lint(load_policy(policy, variant.id), KNOWN) == []


@pytest.mark.parametrize(("change", "kind"), [
    ({"access": [EVERYBODY], "forbidden": [{"id": "nobody", "how": "express", "acts": ["view"],
                                            "purpose": ["live_guard"], **WHY}]}, "contradiction"),
    ({"access": [{"id": "all", "requester": ["public_security"], "purpose": ["criminal_case"],
                  "channel": ["request"], "acts": ["view", "copy", "acquire", "use"], "before": "police_case", **WHY},
                 {"id": "warranted", "requester": ["public_security"], "purpose": ["criminal_case"],
                  "channel": ["request"], "document": "warrant", "approver": "judge", "acts": ["view"], **WHY}]},
     "shadowed rule"),
    ({"access": [{"id": "broken", "requester": ["media"], "purpose": ["news"], "acts": ["view"],
                  "reference": {"law": "o799", "article": "23(3)"}}]}, "citation that does not carry the rule"),
    ({"access": [{"id": "exempt", "requester": ["media"], "purpose": ["news"], "acts": ["view"],
                  "reference": {"law": "pipl", "article": "72"}}]}, "citation that does not carry the rule"),
    ({"retention": {"public": {"keep": "7 d", **WHY}}}, "below a floor"),
    ({"silent": ["retention", "filing"]}, "silence that is none"),
    ({"access": [{"id": "idle", "requester": ["media"], "acts": ["view"], **WHY}]}, "route without need"),
    ({"forbidden": [{"id": "again", "how": "derived", "acts": ["sell"], "regime": ["public_venue"], **WHY}]},
     "rule that never decides"),
])  # fmt: skip
def test_a_planted_fault_is_found(change: dict[str, Any], kind: str) -> None:
    assert found(change)[kind] >= 1


@pytest.mark.parametrize("change", [
    {"access": [{"id": "x", "requester": ["media"], "purpose": ["news"], "officers": 0, **WHY}]},
    {"access": [{"id": "x", "requester": ["media"], "purpose": ["news"], "deadline": "0 d", **WHY}]},
    {"law_date": "2024-06-01"},
])  # fmt: skip
def test_no_officers_no_time_and_a_date_before_the_law_are_refused_at_once(change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        load_policy(BASE | change)


def test_what_lies_outside_is_outside_and_nothing_is_lost() -> None:
    draw, arm = Random(3), arm_of("order_799")
    pool = [box for rule in arm.policy.access for box in boxes(arm.policy, rule)]
    for _ in range(100):
        box, *covers = draw.sample(pool, draw.randrange(2, 6))
        part = outside(box, covers)
        point = {name: draw.choice(sorted(values, key=str)) for name, values in box.items()}
        covered = any(all(point[name] in cover[name] for name in SPACE) for cover in covers)
        if part is None:
            assert covered
        else:
            assert all(values <= box[name] and values for name, values in part.items())
            assert all(any(not part[name] & cover[name] for name in SPACE) for cover in covers)


def test_a_box_holds_exactly_the_acts_that_its_route_takes() -> None:
    draw = Random(5)
    for policy in ("order_799", "mask_at_source"):
        arm = arm_of(policy)
        for rule in arm.policy.access:
            for box in boxes(arm.policy, rule):
                got = {name: draw.choice(sorted(values, key=str)) for name, values in box.items()}
                asked = Question(
                    got["requester"], got["acts"], got["purpose"], got["channel"], got["operator"], got["regime"],
                    got["technique"], listed=got["listed"], scene=got["scene"], document=got["document"],
                    approver=got["approver"], own=got["own"], consent=got["consent"], secret=got["secret"],
                    entry=got["entry"], of_whom=got["of_whom"], siting_lawful=got["sited"], household=got["household"],
                    officers=got["officers"], case_filed=got["case_filed"], beyond=got["beyond"],
                    mask="box" if got["masked"] else "none", identifiable=not got["irreversible"],
                    consent_of=("guardian" if got["of_whom"] in ("minor", "ward") else "person_filmed")
                    if got["filmed_consent"] else "none", reversible=not got["irreversible"],
                )  # fmt: skip
                alone = arm.policy.model_copy(update={"access": (rule,), "forbidden": ()})
                assert replace(arm, policy=alone, _answers={}).judge(asked).rule == rule.id


CLEAN_ONES = {name: load_policy(name) for name in CLEAN}


def mutations(number: int) -> list[tuple[str, Any]]:
    """Faults made by a program from the clean rules."""
    draw, made = Random(16), []
    kinds: list[Callable[[Any, Any], Any]] = [
        lambda policy, rule: _copy(policy, rule, document="warrant", approver="judge"),  # shadowed by the original
        lambda policy, rule: _change(policy, rule, reference=(_reference("o799", "23(3)"),)),
        lambda policy, rule: _change(policy, rule, reference=(_reference("o799", draw.choice(("29", "17", "14"))),)),
        lambda policy, rule: _change(policy, rule, purpose=()),
        lambda policy, rule: _change(policy, rule, purpose=(*rule.purpose, "curiosity")),
        lambda policy, rule: _ban(policy, rule),
        lambda policy, rule: _short(policy, draw.choice((1, 7, 14, 29))),
        lambda policy, rule: _first(policy, rule),
        lambda policy, rule: _inverted(policy, rule),
        lambda policy, rule: policy.model_copy(update={"law_date": date(draw.randrange(1990, 2007), 1, 1)}),
    ]
    while len(made) < number:
        policy = CLEAN_ONES[draw.choice(CLEAN)]
        rule = draw.choice(policy.access)
        which = len(made) % len(kinds)
        changed = kinds[which](policy, rule)
        if changed is not None:
            made.append((f"{policy.id}.{rule.id}.{which}", changed))
    return made


def _reference(law: str, article: str) -> Any:
    return load_policy("order_799").access[0].reference[0].model_copy(update={"law": law, "article": article})


def _change(policy: Any, rule: Any, **fields: Any) -> Any:
    changed = tuple(one.model_copy(update=fields) if one.id == rule.id else one for one in policy.access)
    return policy.model_copy(update={"access": changed})


def _copy(policy: Any, rule: Any, **fields: Any) -> Any:
    if rule.document != "none" or rule.approver not in ("none", "operator"):
        return None
    return policy.model_copy(update={"access": (*policy.access, rule.model_copy(update={**fields, "id": "again"}))})


def _ban(policy: Any, rule: Any) -> Any:
    if rule.document != "none" or rule.conditions or rule.officers > 1 or policy.mask:
        return None
    named = {name: getattr(rule, name) for name in ("requester", "purpose", "channel", "acts", "operator", "regime",
                                                    "technique", "own", "sited", "entry", "of_whom")}  # fmt: skip
    ban = policy.forbidden[0].model_copy(
        update={**dict.fromkeys(("requester", "purpose", "channel", "acts", "operator", "regime"), ()), **named,
                "id": "nobody", "scope": None, "how": "express"})
    return policy.model_copy(update={"forbidden": (ban, *policy.forbidden)})


def _short(policy: Any, days: int) -> Any:
    if policy.id not in ("order_799", "guangzhou_today"):
        return None
    keep = policy.retention.public.model_copy(update={"keep": days * 86_400.0, "floor": None})
    return policy.model_copy(update={"retention": policy.retention.model_copy(update={"public": keep})})


def _inverted(policy: Any, rule: Any) -> Any:
    """A condition the wrong way round."""
    said = [name for name in ("own", "sited", "masked") if getattr(rule, name)]
    return _change(policy, rule, **{said[0]: False}) if said else None


def faulty(policy: Any) -> bool:
    """Whether the check finds a fault, or the loader refuses the policy."""
    try:
        return bool(lint(load_policy(policy), KNOWN))
    except InputError:
        return True


def _first(policy: Any, rule: Any) -> Any:
    """The same route without its paper, put first."""
    if rule.document == "none":
        return None
    bare = rule.model_copy(update={"id": "first", "document": "none", "approver": "none", "officers": 1,
                                   "conditions": ()})  # fmt: skip
    return policy.model_copy(update={"access": (bare, *policy.access)})


@pytest.mark.parametrize("number", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_nine_in_ten_mutations_are_found(number: int) -> None:
    missed = [name for name, policy in mutations(number) if not faulty(policy)]
    assert 10 * len(missed) <= number, missed
