"""A page of a policy for a lawyer to sign: each article as we read it, beside the rules derived from it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from privacysim.policy.arm import Arm
from privacysim.policy.asking import arm_of
from privacysim.policy.describing import citation, cited, describe, sanction_text
from privacysim.policy.linting import lint
from privacysim.policy.pack_cases import asked
from privacysim.policy.policy_files import sourced
from privacysim.report.report_model import Bullets, Paragraph, Report, Section, Table
from privacysim.resources import VERSION, csv_rows
from privacysim.wording import Words


def policy_page(arm: Arm, cases: str | Path | None = None, lang: str = "en") -> Report:
    """The page as a report; `cases` is a CSV file of questions with a lawyer's answers, as in `tests/law`."""
    words, held = Words(lang), held_by(arm, Path(cases)) if cases else {}
    rules: dict[str, list[str]] = {}
    for where, part in sourced(arm.policy):
        for reference in part.reference:
            rules.setdefault(arm.laws.cited(reference, where).id, []).append(where)
    articles = cited(arm.policy, arm.laws)
    rows = []
    for one in articles:
        names = list(dict.fromkeys(rules[one.id]))
        says = [words.text(one.says), *([sanction_text(one, words)] if one.sanction else [])]
        stands = [words(f"read_{one.status}"), *([one.note] if one.note else [])]
        holding = [case for name in names for case in held.get(name.partition(".")[2], ())]
        rows.append(tuple((text,) for text in (
            words.text(arm.laws.cite(one)), " ".join(says), words.list(stands, long=True), "; ".join(names),
            ", ".join(holding) or "-")))  # fmt: skip
    table = Table("articles", words("page_table"), tuple(words("page_heads").split("|")), tuple(rows),
                  layout="register")
    lists = {"assumed": [f"{where}: {words.text(part.assumption)}" for where, part in sourced(arm.policy)
                         if part.assumption],
             "unread": [citation(one, arm.laws, words) for one in articles if one.status != "R"],
             "faults": [finding.line(lang) for finding in lint(arm.policy, arm.laws)]}
    law = words("page_law", day=arm.law_date, says=words.text(arm.bundle.says))
    sections = (
        Section("articles", words("page_articles"),
                (Paragraph((words.text(arm.policy.summary),)), Paragraph((law,), quiet=True), table)),
        *(_listed(words(f"page_{name}"), lines) for name, lines in lists.items() if lines),
        Section("signed", words("page_signed"), (Paragraph((words("page_sign"),)),)),
    )
    whole = tuple(_listed(title, lines) for title, lines in describe(arm, words) if title != words("show_citations"))
    titles = (arm.policy.title.zh or arm.title,) if lang == "zh" else (arm.title, arm.policy.title.zh)
    return Report(lang, " ".join(filter(None, titles)), words("page_advice"), sections,
                  words("page_footer", version=VERSION, id=arm.id), str(arm.law_date), whole)


def _listed(heading: str, lines: list[str]) -> Section:
    return Section(heading, heading, (Bullets(tuple((line,) for line in lines)),))


def held_by(arm: Arm, path: Path) -> dict[str, list[str]]:
    """The cases of a file that each rule of the policy decides; a case answered otherwise is marked with ≠."""
    found: dict[str, list[str]] = {}
    on = lru_cache(lambda day: arm_of(arm.policy, day))
    for row in csv_rows(path):
        if row["policy"] == arm.id and row.get("act") and row["specific"]:
            case = asked(row, on(row["date"]))
            rule = getattr(case.answer, "rule", "")
            found.setdefault(rule, []).append(row["case"] if case.agrees else f"≠{row['case']}")
    return found
