"""More cases written by hand from the texts, before the rules that they test were mended.

`law_cases_2.csv` and the `cases.csv` of each law pack hold one question per row and the lawyer's answer. They share
no source with the policies. `law_cases_2_open.txt` lists the rows that the model answers otherwise today, and the rows
that it cannot be asked yet, by reason. A listed row that agrees must be taken off the list; an unlisted row must agree.

Columns, beside those of `tests/policy/law_cases.csv` (whose words they share; `consent` is the operator's):

- `jurisdiction`: cn, cn_guangdong, cn_guangzhou, eu, uk, us_sf, us_il; `policy` may name one that is still to come.
- `consent_of`: whose consent there is (none, operator, person_filmed, guardian). `of_whom`: whose pictures are meant
  (self, ward, minor, dead, other).
- `siting_lawful`: whether the camera may stand there (1, 0). `household`: whether it is a household's affair (1, 0).
- `quantity` items or systems, what they tell (`tells`: tracks, lodging), `gain_cny`, `entry`: how somebody got in
  (on_duty, password_given, intrusion, default_password, none).
- `paper_place`, `paper_hours`, `paper_technique`, `paper_recipient`: whether the act stays inside the limits of the
  paper (within, beyond). `case_filed` (1, 0), `officers` (how many), `secret` in view (none, commercial, state).
- `duty`, `owed` (yes, no, depends), `term`, `liable` (whether its breach alone makes liable to the person filmed):
  rows that ask for a duty; they leave the columns of an act and its two answers empty, and may say `place` (the
  category of the camera's place) and `when` (circumstances).
- `article`: what the answer rests on. `read_where`: the text that was read; `not read` rows are kept, not counted.
- `kind`: the family of questions. An empty column means: not said. `or_specific`, `or_general`: other answers that can
  be defended.

In the packs of other countries `specific` is what their camera and data-protection rules say, `general` what follows
for the actor (`pi_breach`: a breach of data-protection law; `civil_wrong`: she can be sued).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import date
from functools import lru_cache
from pathlib import Path

from privacysim import vocabulary as words
from privacysim.errors import InputError
from privacysim.law import laws
from privacysim.policy import Arm, Question, load_arms
from privacysim.policy.pack_cases import asked
from privacysim.resources import csv_rows

HERE = Path(__file__).parent
CASES = [row for path in (HERE / "law_cases_2.csv", *laws().cases.values()) for row in csv_rows(path)]
PAPER = {f"paper_{limit}": limit for limit in words.LIMITS}
"""Columns that say whether the act stays inside a limit of the paper; a question names the limit that it exceeds."""
HELD = {field.name for field in fields(Question)} | set(PAPER)
FLAGS = ("listed", "reversible", "own", "consent", "identifiable", "siting_lawful", "household", "case_filed")
ADDED = {
    "consent_of": ("none", "operator", "person_filmed", "guardian"),
    "of_whom": ("self", "ward", "minor", "dead", "other"),
    "siting_lawful": ("0", "1"), "household": ("0", "1"),
    "entry": ("on_duty", "password_given", "intrusion", "default_password", "none"),
    "paper_place": ("within", "beyond"), "paper_hours": ("within", "beyond"), "paper_technique": ("within", "beyond"),
    "paper_recipient": ("within", "beyond"), "case_filed": ("0", "1"),
    "quantity": None, "gain_cny": None, "officers": None,
}
"""What a row may say that today's question may lack; None: a whole number."""
TAKEN_FOR_GRANTED = {
    ("consent_of", "none"), ("consent_of", "operator"), ("siting_lawful", "1"), ("case_filed", "1"), ("officers", "2"),
    ("entry", "on_duty"), ("entry", "password_given"), ("entry", "none"),
    *((f"paper_{limit}", "within") for limit in ("place", "hours", "technique", "recipient")),
}
"""What a question without that column means anyway."""
JURISDICTIONS = ("cn", "cn_guangdong", "cn_guangzhou", "eu", "uk", "us_sf", "us_il")
CLOSED = (
    ("act", words.ACTS), ("purpose", words.PURPOSES), ("channel", words.CHANNELS), ("technique", words.TECHNIQUES),
    ("scene", words.SCENES), ("document", words.DOCUMENTS), ("approver", words.APPROVERS),
)


@lru_cache
def arm_of(policy: str, day: str) -> Arm:
    (arm,) = load_arms([policy], {}, date.fromisoformat(day))
    return arm


@lru_cache
def lacking(policy: str, day: str) -> str:
    """Why no arm can be loaded, "" where it can."""
    try:
        arm_of(policy, day)
    except InputError as error:
        return "no bundle of general law for its date" if "law_date" in str(error) else f"policy {policy} is missing"
    return ""


def reason_not_asked(row: dict[str, str]) -> str:
    """Why the model cannot be asked this row yet, "" where it can."""
    if row["read_where"] == "not read":
        return "not read"
    unheld = [name for name in ADDED if row[name] and name not in HELD and (name, row[name]) not in TAKEN_FOR_GRANTED]
    why = lacking(row["policy"], row["date"])
    return why or ("a question does not hold " + ", ".join(unheld) if unheld else "")


def agrees(row: dict[str, str], arm: Arm | None = None) -> bool:
    return asked(row, arm or arm_of(row["policy"], row["date"])).agrees


def open_file() -> str:
    """What `law_cases_2_open.txt` must say today."""
    reasons = {row["case"]: reason_not_asked(row) for row in CASES}
    ready = [row for row in CASES if not reasons[row["case"]]]
    wrong = [row["case"] for row in ready if not agrees(row)]
    counts = Counter(filter(None, reasons.values()))
    head = f"{len(CASES)} rows, {len(ready)} can be asked, {len(wrong)} are answered otherwise"
    lines = [head, "", "[answered otherwise]", *wrong]
    for reason in sorted(counts):
        lines += ["", f"[{reason}: {counts[reason]} rows]", *(case for case, why in reasons.items() if why == reason)]
    return "\n".join(lines) + "\n"


def test_exactly_the_listed_rows_are_answered_otherwise_or_cannot_be_asked_yet() -> None:
    today = open_file().splitlines()
    listed = (HERE / "law_cases_2_open.txt").read_text(encoding="utf-8").splitlines()
    assert listed == today, f"off the list: {sorted({*listed} - {*today})}; not on it: {sorted({*today} - {*listed})}"


def test_every_row_is_a_well_formed_question_with_an_article_and_a_text_that_was_read() -> None:
    assert len({row["case"] for row in CASES}) == len(CASES)
    for row in CASES:
        case = row["case"]
        assert all(row[name] for name in ("article", "read_where", "why", "kind")), case
        assert row["jurisdiction"] in JURISDICTIONS, case
        date.fromisoformat(row["date"])
        for name, known in (("who", words.REQUESTERS), ("operator", words.OPERATORS), ("regime", words.REGIMES)):
            assert row[name] in known, (case, name)
        for added, closed in ADDED.items():
            assert not row[added] or (row[added].isdigit() if closed is None else row[added] in closed), (case, added)
        assert row["secret"] in ("", *words.SECRETS), case
        if row["duty"]:
            assert row["owed"] in ("yes", "no", "depends"), case
            assert row["liable"] in ("yes", "no"), case
            assert not row["specific"] + row["general"], case
            continue
        for name, known in CLOSED:
            assert row[name] in known, (case, name)
        assert {row["specific"], *row["or_specific"].split("|")} <= {"", *words.SPECIFIC}, case
        assert {row["general"], *row["or_general"].split("|")} <= {"", *words.GENERAL}, case
        assert row["specific"], case
        assert row["general"], case


def test_the_rows_are_many_in_each_country_and_a_third_of_them_permit() -> None:
    read = Counter(row["jurisdiction"].partition("_")[0] for row in CASES if row["read_where"] != "not read")
    assert read.total() >= 250
    assert read["eu"] >= 50
    assert read["uk"] >= 30
    assert read["us"] >= 30
    permitted = [
        row for row in CASES
        if row["specific"] in ("authorised", "conditional") or (row["specific"], row["general"]) == ("silent", "lawful")
    ]
    assert 3 * len(permitted) >= len(CASES)
