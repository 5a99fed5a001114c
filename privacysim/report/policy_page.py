"""A page of a policy that a lawyer can sign: article by article what was read, and beside it the rules made of it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from privacysim.policy.arm import Arm
from privacysim.policy.asking import arm_of
from privacysim.policy.describing import citation, cited, describe, sanction_text
from privacysim.policy.linting import lint
from privacysim.policy.pack_cases import asked, read_cases
from privacysim.policy.policy_files import sourced
from privacysim.report.report_model import Bullets, Paragraph, Report, Section, Table
from privacysim.resources import VERSION

_ADVICE = "A reading of rules for a model, to be checked against the official text; no legal advice."
_SIGNED = ("I have compared the articles with the rules beside them. Name, date, signature: "
           "____________________________",)
_READ = {"R": "text read", "S": "secondary text", "M": "not read", "A": "assumption", "H": "hypothetical"}


def policy_page(arm: Arm, cases: str | Path | None = None) -> Report:
    """The page as a report; `cases` is a CSV file of questions with a lawyer's answers, as in `tests/law`."""
    held = held_by(arm, Path(cases)) if cases else {}
    rules: dict[str, list[str]] = {}
    for where, part in sourced(arm.policy):
        for reference in part.reference:
            rules.setdefault(arm.laws.cited(reference, where).id, []).append(where)
    articles = cited(arm.policy, arm.laws)
    rows = []
    for one in articles:
        names = list(dict.fromkeys(rules[one.id]))
        rows.append(((f"{arm.laws.laws[one.law].short} {one.article}",),
                     (f"{one.says} {sanction_text(one.sanction)}" if one.sanction else one.says,),
                     (f"{_READ[one.status]}{f'; {one.note}' if one.note else ''}",), ("; ".join(names),),
                     (", ".join(case for name in names for case in held.get(name.partition(".")[2], ())) or "-",)))
    table = Table("articles", "Each article as we read it, and the rules of the policy that cite it",
                  ("article", "what it says, in our words", "where it stands", "rules", "cases that hold them"),
                  tuple(rows), layout="register")  # fmt: skip
    assumed = tuple((f"{where}: {part.assumption}",) for where, part in sourced(arm.policy) if part.assumption)
    unread = tuple((citation(one, arm.laws),) for one in articles if one.status != "R")
    found = tuple((str(finding),) for finding in lint(arm.policy, arm.laws))
    whole = tuple(Section(title, title, (Bullets(tuple((line,) for line in lines)),))
                  for title, lines in describe(arm) if title != "Citations")
    law = f"General law of {arm.law_date}: {arm.bundle.says}."
    sections = (
        Section("articles", "Article by article",
                (Paragraph((arm.policy.summary,)), Paragraph((law,), quiet=True), table)),
        *(Section(name, name, (Bullets(items),)) for name, items in (
            ("Rules that rest on an assumption", assumed), ("What was not read in its own text", unread),
            ("Faults that the check finds", found)) if items),
        Section("signed", "Signed", (Paragraph(_SIGNED),)),
    )  # fmt: skip
    title, footer = f"{arm.title} {arm.policy.title.zh}".strip(), f"privacysim {VERSION}, policy {arm.id}"
    return Report("en", title, _ADVICE, sections, footer, str(arm.law_date), whole)


def held_by(arm: Arm, path: Path) -> dict[str, list[str]]:
    """The cases of a file that each rule of the policy decides; a case answered otherwise is marked with ≠."""
    found: dict[str, list[str]] = {}
    on = lru_cache(lambda day: arm_of(arm.policy, day))
    for row in read_cases(path):
        if row["policy"] == arm.id and row.get("act") and row["specific"]:
            case = asked(row, on(row["date"]))
            rule = getattr(case.answer, "rule", "")
            found.setdefault(rule, []).append(row["case"] if case.agrees else f"≠{row['case']}")
    return found
