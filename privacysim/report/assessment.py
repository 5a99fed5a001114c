"""Impact assessment: the form of a law pack, filled heading by heading from results; the rest is marked as open.

Forms are `[[assessment]]` tables of law packs, so your own city's form is a file in `sim/law/`. Each number of a filled
heading is a cell of summary.csv or a number of the scenario with its range and source. A heading that a study cannot
answer, or the part of it that remains, is marked as an open question with the form's hint.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from privacysim.errors import InputError, did_you_mean, refuse_unknown
from privacysim.law import laws
from privacysim.law.law_packs import form_place
from privacysim.law.provisions import Heading, Provision
from privacysim.policy import load_arms
from privacysim.policy.describing import parts
from privacysim.policy.policy_files import sourced
from privacysim.report import annex, memo
from privacysim.report.answer import EVIDENCE, Answer
from privacysim.report.report_model import Block, Bullets, Paragraph, Report, Section, Table, Text
from privacysim.report.report_source import Source, read_source
from privacysim.report.sentences import Row, with_interval
from privacysim.simulation.inputs import arm_named
from privacysim.vocabulary import CURVES
from privacysim.wording import Words


def write_assessment(folder: str | Path, out: str | Path, form: str, *, policy: str | None = None, lang: str = "en",
                     baseline: str | None = None) -> Path:
    """Write the assessment of one policy of the results in `folder` to `out`, as HTML, PDF, DOCX or XLSX.

    `form` is the id of a form, such as `gdpr35`. `policy` is the assessed arm, by default the study's last.

    >>> from privacysim.report import write_assessment
    >>> write_assessment("results/headline", "dpia.docx", "gdpr_35")
    Traceback (most recent call last):
    privacysim.errors.InputError: --form: expected a form of a law pack.
      Got: gdpr_35
      Fix: write gdpr35.
    """
    refuse_unknown(form, laws().assessments, "--form", "a form of a law pack")
    make = partial(assessment, form=form, policy=policy, lang=lang)
    return memo.write_report(lambda: make(read_source(Path(folder), baseline)), Path(out))


def assessment(source: Source, form: str, policy: str | None = None, lang: str = "en") -> Report:
    """Fill a form from results; each section is named `filled-N` or `open-N` by the number of its heading."""
    return _Filled(source, form, policy, Words(lang)).report()


class _Filled:
    """One form and the data that fill it: the memo of the results, and the assessed policy with the law in force."""

    def __init__(self, source: Source, form: str, policy: str | None, words: Words) -> None:
        self.source, self.words, self.said = source, words, Answer(source, words)
        manifest, self.base = source.results.manifest, source.change.baseline
        others = [arm for arm in source.results.arms if arm != self.base] or [self.base]
        self.assessed = arm_named(source.results.arms, policy or others[-1], "--policy")
        chosen, day = source.policies[self.assessed.partition(":")[0]], manifest["study"]["law_date"]
        when = day if day == "own" else date.fromisoformat(str(day))
        arms = load_arms([chosen], {}, when, packs=source.packs, pack=source.law)
        self.arm = next(arm for arm in arms if arm.id == self.assessed)
        self.where, self.form = self.arm.laws.assessments[form]
        asked = (self.form.reference, *(heading.reference for heading in self.form.heading))
        named = {reference.law for several in asked for reference in several}
        self.articles = [one for one in self.arm.laws.provisions.values()
                         if one.law in named and self.arm.laws.in_force(one, self.arm.law_date or date.max)]
        """Articles in force of the laws that the form names."""

    def report(self) -> Report:
        words, form, manifest = self.words, self.form, self.source.results.manifest
        sections = [self.section(n, heading) for n, heading in enumerate(form.heading, 1)]
        filled = sum(one.name.startswith("filled") for one in sections)
        says = ["form_who", "form_policies", "form_count", "form_numbers"]
        says += [] if self.rests_on() else ["form_other_law"]
        blanks = {"who": words.text(form.who), "laws": words.list(map(self.arm.laws.cite, form.reference), long=True),
                  "note": words.text(form.note), "policy": self.said.names[self.assessed],
                  "baseline": self.said.names[self.base], "place": words.text(manifest["scenario"]["title"]),
                  "days": manifest["study"]["days"], "n": self.said.replicates, "runs": self.said.runs(),
                  "filled": filled, "all": len(sections), "open": len(sections) - filled}  # fmt: skip
        about = Section("about", words("form_about"), (Bullets(tuple((words(key, **blanks),) for key in says)),))
        title = (form.title.zh if words.lang == "zh" else "") or form.title.en
        signed = Section("signed", words("page_signed"), (Paragraph((words("form_sign"),)),))
        return Report(words.lang, f"{title}: {blanks['policy']}", words("form_advice"), (about, *sections, signed),
                      memo.footer(self.said), str(manifest["begun"]), (), memo.sheets(self.said))  # fmt: skip

    def section(self, n: int, heading: Heading) -> Section:
        """One heading: what it asks and by which articles, what the study says, and the question that stays open."""
        words, left = self.words, list[str]()
        found = [*self.rules(heading), *self.metrics(heading, left), *self.facts(heading)]
        found += [block for name in heading.study for block in self.study(name)]
        blocks = [replace(one, name=f"{one.name}-{n}") if isinstance(one, Table) else one for one in found]
        left += [words.text(heading.hint)] if heading.hint else []
        mark = words("form_left" if blocks else "form_open")
        laws_named = words.list(map(self.arm.laws.cite, heading.reference), long=True)
        return Section(f"{'filled' if blocks else 'open'}-{n}", f"{n}. {words.text(heading.title)}", (
            Paragraph((words.text(heading.asks),)), Paragraph((words("form_asked", laws=laws_named),), quiet=True),
            *blocks, *(Paragraph((f"{mark}{says}",)) for says in left or [""] * (not blocks))))  # fmt: skip

    def rules(self, heading: Heading) -> Iterator[Block]:
        """Table of what the parts of the assessed policy say, rule by rule."""
        said = parts(self.arm, self.words) if heading.rules else {}
        lines = [line.replace("_", " ") for name in heading.rules for line in said.get(name, ())]
        if rows := [re.split("[:：] ?", line, maxsplit=1) for line in lines]:
            caption = self.words("form_rules", policy=self.said.names[self.assessed])
            yield Table("policy", caption, (self.words("rule"), self.words("form_says")),
                        tuple(((row[0] if row[1:] else "",), (row[-1],)) for row in rows), layout="register")

    def metrics(self, heading: Heading, left: list[str]) -> Iterator[Block]:
        """Table of metrics under the baseline and the assessed policy; those that were not measured are `left`."""
        words, declared, missing = self.words, self.source.results.declared, dict[str, str]()
        rows: list[tuple[Text, ...]] = []
        for name in heading.metrics:
            every = [one for one in declared if name in (one, one.partition("[")[0])]
            if not every:
                raise InputError(f"{form_place(self.where, self.form, heading)}, metrics", "the name of a metric",
                                 name, did_you_mean(name, declared))  # fmt: skip
            found = [row for one in every for row in self.source.of(one, self.base)]
            missing |= {} if found else {name: words.text(declared[every[0]].title)}
            rows += [self.row(row) for row in found]
        if rows:
            head = (words("outcome"), words("curve"), self.said.names[self.base], self.said.names[self.assessed],
                    words("ratio"), words("form_remark"))  # fmt: skip
            yield Table("metrics", words("form_table", n=self.said.replicates), head, tuple(rows), (2, 3, 4), (0,),
                        "wrapped")  # fmt: skip
        if missing:
            names = ", ".join(f'"{name}"' for name in missing)
            left.append(words("form_missing", titles=words.list(missing.values(), long=True), names=names))

    def row(self, row: Row) -> tuple[Text, ...]:
        """One metric on one curve: its mean under the baseline and the assessed policy, and their ratio."""
        words, share = self.words, row["unit"] == "share"
        mine = next(one for one in self.source.of(row["metric"], self.assessed) if one["curve"] == row["curve"])
        name = self.said.title[row["metric"]] + ("" if share else f" ({self.said.unit[row['metric']]})")
        note = words.text(mine["note"] or row["note"])
        return ((name,), (words(row["curve"]) if row["curve"] in CURVES else "",),
                *(with_interval(one, "mean", "ci", share=share) for one in (row, mine)),
                with_interval(mine, "ratio", "ratio"), (note,))  # fmt: skip

    def facts(self, heading: Heading) -> Iterator[Block]:
        """Table of the numbers of the scenario that the heading names, each with its range and source."""
        chosen = [entry for start in heading.facts for entry in self.source.register if entry.name.startswith(start)]
        if chosen:
            yield replace(annex.facts(self.said, chosen), name="facts", caption=self.words("form_facts"))

    def study(self, name: str) -> Iterator[Block]:
        """One of the results that the memo also shows, or the articles of the form's laws."""
        said = self.said
        if name == "alternatives":
            yield Bullets((*said.answer(said.primary, said.arms), *said.answer(EVIDENCE, said.arms)))
            yield from (annex.rules(said), said.results())
        elif name == "effects":
            yield said.measures()
        elif name == "unknown":
            yield Bullets(tuple((line,) for line in (*said.sure(), *said.not_shown())))
            yield from said.worlds()
        elif name == "articles" and (found := self.rests_on()):
            head = tuple(self.words(key) for key in ("form_article", "says", "form_rests"))
            rows = tuple(tuple((text,) for text in line) for line in found)
            yield Table("articles", self.words("form_articles"), head, rows, layout="register")
            known = {line[0] for line in found}
            rest = [cite for one in self.articles if (cite := self.cite(one)) not in known]
            yield Paragraph((self.words("form_articles_left", articles=self.words.list(rest, long=True)),))

    def rests_on(self) -> list[tuple[str, str, str]]:
        """Articles of the form's laws that the assessed policy rests on, what each says, and the rules it carries."""
        rules: dict[str, list[str]] = {}
        for where, part in sourced(self.arm.policy):
            for reference in part.reference:
                rules.setdefault(self.arm.laws.cited(reference, where).id, []).append(where.partition(".")[2] or where)
        return [(self.cite(one), self.words.text(one.says), ", ".join(dict.fromkeys(rules[one.id])).replace("_", " "))
                for one in self.articles if one.id in rules]

    def cite(self, one: Provision) -> str:
        return self.words.text(self.arm.laws.cite(one))
