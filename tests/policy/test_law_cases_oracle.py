"""Cases written by hand from the texts and their commentary: the model answers each as a lawyer did.

`law_cases.csv` shares no source with `sim/policies`. Where the law is contested, `or_specific` and `or_general` hold
the other defensible answers: the model must then stand inside the band. `article`, where given, is what the
specific answer must rest on.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import pytest

from privacysim import vocabulary as words
from privacysim.policy import Arm, Question, load_arms
from tests.law import test_law_cases_2_oracle as second

CASES = list(csv.DictReader((Path(__file__).parent / "law_cases.csv").read_text(encoding="utf-8").splitlines()))


@lru_cache
def arm_of(policy: str, day: str) -> Arm:
    (arm,) = load_arms([policy], {}, date.fromisoformat(day))
    return arm


def question(row: dict[str, str]) -> Question:
    return Question(
        row["who"], row["act"], row["purpose"], row["channel"], row["operator"], row["regime"],
        technique=row["technique"], listed=row["listed"] == "1", scene=row["scene"], mask=row["mask"],
        reversible=row["reversible"] == "1", document=row["document"], approver=row["approver"],
        own=row["own"] == "1", consent=row["consent"] == "1", identifiable=row["identifiable"] == "1",
    )


def agrees(arm: Arm, row: dict[str, str]) -> bool:
    answer = arm.judge(question(row))
    specific = {row["specific"], *filter(None, row["or_specific"].split("|"))}
    general = {row["general"], *filter(None, row["or_general"].split("|"))}
    cited = row["or_specific"] != "" or row["article"] in answer.basis_specific
    return answer.specific in specific and answer.general in general and cited


@pytest.mark.parametrize("policy", sorted({row["policy"] for row in CASES}))
def test_the_model_answers_as_the_lawyer_did(policy: str) -> None:
    rows = [row for row in CASES if row["policy"] == policy]
    wrong = [
        f"case {row['case']} ({row['why']}): {arm_of(policy, row['date']).judge(question(row))}"
        for row in rows if not agrees(arm_of(policy, row["date"]), row)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("policy", ["notice_only", "guangzhou_2007", "order_799", "edpb_72h", "judge_warrant"])
def test_a_policy_that_lost_one_rule_contradicts_some_case(policy: str) -> None:
    rows = [row for row in CASES if row["policy"] == policy]
    more = [row for row in second.CASES if row["policy"] == policy and not second.reason_not_asked(row)
            and row["date"] == "2026-11-28" and second.agrees(row)]  # fmt: skip
    unnoticed = []
    whole = arm_of(policy, rows[0]["date"])
    # what judge_warrant takes over unchanged is tried on order_799 itself
    parent = arm_of("order_799", rows[0]["date"]).policy if policy == "judge_warrant" else None
    for kind in ("access", "forbidden"):
        for rule in getattr(whole.policy, kind):
            if parent and rule in getattr(parent, kind):
                continue
            kept = tuple(other for other in getattr(whole.policy, kind) if other.id != rule.id)
            poorer = whole.policy.model_copy(update={kind: kept})
            lost = {day: replace(arm_of(policy, day), policy=poorer, _answers={})
                    for day in {row["date"] for row in (*rows, *more)}}  # fmt: skip
            if all(agrees(lost[row["date"]], row) for row in rows) and all(
                second.agrees(row, lost[row["date"]]) for row in more
            ):
                unnoticed.append(f"{kind}.{rule.id}")
    # two readings of order 799 that are contested: with and without them the answers stay inside the band
    # the rule on secrets is held by the cases of guangdong_132 in tests/law: this table has no column for them
    # the badge of officers in Guangzhou: the order lets them look without, so that it changes the papers shown alone
    assert set(unnoticed) <= {"access.state_platform", "forbidden.home_harm", "forbidden.gd_secrets", "access.gz_badge"}


def test_the_cases_speak_the_models_words_and_are_many() -> None:
    assert len(CASES) >= 300
    for row in CASES:
        assert row["why"].strip()
        assert row["specific"] in words.SPECIFIC
        assert row["general"] in words.GENERAL
        for name, known in (
            ("who", words.REQUESTERS), ("act", words.ACTS), ("purpose", words.PURPOSES), ("channel", words.CHANNELS),
            ("operator", words.OPERATORS), ("regime", words.REGIMES), ("scene", words.SCENES),
            ("document", words.DOCUMENTS), ("approver", words.APPROVERS), ("technique", words.TECHNIQUES),
        ):
            assert row[name] in known, (row["case"], name)


def test_every_policy_with_rules_every_act_and_every_answer_occurs_in_the_cases() -> None:
    assert {row["policy"].partition(":")[0] for row in CASES} == {
        "notice_only", "guangzhou_2007", "guangzhou_draft", "order_799", "guangzhou_today", "order_799_no_waiver",
        "edpb_72h", "judge_warrant", "mask_at_source", "open_access",
    }
    assert {row["act"] for row in CASES} == set(words.ACTS)
    assert {row["specific"] for row in CASES} == set(words.SPECIFIC)
    assert {row["general"] for row in CASES} == set(words.GENERAL)
