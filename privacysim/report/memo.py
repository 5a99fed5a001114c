"""Two-page memo for a committee, with an annex that lists every assumption.

Every number of the results is a cell of summary.csv. `Number.key` names the cell, and tests follow it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pandas as pd

from privacysim.metrics import METRICS, headline
from privacysim.policy.policy_form import Policy
from privacysim.report.report_model import (
    Bullets,
    Content,
    Number,
    Paragraph,
    Report,
    Section,
    Subheading,
    Table,
    Text,
    plain,
)
from privacysim.report.report_pictures import legality_picture, ratio_picture, tradeoff_picture
from privacysim.report.report_source import Source, rule_assumptions, title
from privacysim.report.report_words import IDENTIFIED, Row, Words, capital, number, sentence, size, there, with_interval
from privacysim.stats import short
from privacysim.units import DAY_S
from privacysim.vocabulary import CURVES

EVIDENCE = "cases_with_admissible_evidence"
FIRST = 11
"""Number of headline metrics that the memo shows; a study's own metrics follow them."""
_STATUSES = {"CALIBRATED": "C", "assumption": "A", "S": "S", "D": "D", "R": "R", "measured": "M"}
"""Status of a fact → its letter; the register begins with the weakest evidence."""
_HEADLINE = (
    "policy", "metric", "curve", "unit", "mean", "ci_low", "ci_high", "ratio", "ratio_low", "ratio_high", "delta",
    "delta_low", "delta_high", "p_holm", "chance_lower", "chance_low", "chance_high", "n", "note",
)


def memo(source: Source, lang: str = "en") -> Report:
    """Build the memo of results, in English ("en") or Chinese ("zh")."""
    return _Memo(source, Words(lang, source.change.declared)).report()


def answer(source: Source, words: Words, names: Mapping[str, str]) -> Iterator[Text]:
    """State the primary metric under each rule; rules with the same numbers share a sentence."""
    primary = source.change.primary
    rows = {arm: source.of(primary, arm) for arm in source.results.arms if arm != source.change.baseline}
    same: dict[str, list[str]] = {}
    for arm, mine in rows.items():
        same.setdefault(plain(sentence(mine, words, "", words.title(primary))), []).append(arm)
    for arms in same.values():
        yield sentence(rows[arms[0]], words, words.all_of(names[arm] for arm in arms), words.title(primary))


def evidence_cost(source: Source, words: Words, names: Mapping[str, str]) -> Iterator[Text]:
    """State in one sentence how each rule changes the number of cases with admissible evidence."""
    text: list[str | Number] = []
    for row in source.of(EVIDENCE):
        if row["policy"] != source.change.baseline and there(row, "ratio"):
            text += [words("join") if text else words("evidence_cost"), f"{names[row['policy']]} "]
            text += size(row, "bare", words)
    if text:
        yield (*text, words("stop"))


class _Memo:
    """Data shared by the sections of one memo: the results, the words and the names of the arms."""

    def __init__(self, source: Source, words: Words) -> None:
        self.source, self.words, self.names = source, words, source.names(words)
        self.rows, self.arms, self.of = source.rows, source.results.arms, source.of
        self.primary, self.baseline = source.change.primary, source.change.baseline
        self.manifest = source.results.manifest
        own = (name for name in source.change.declared if name not in METRICS)
        self.others = [name for name in (*headline(FIRST), *own) if name != self.primary and self.of(name)]
        self.told = (source, words, self.names)
        self.replicates = words("replicates", n=len(self.manifest["replicates"]))

    def report(self) -> Report:
        words, study = self.words, self.manifest["study"]
        footer = words(
            "footer", study=study["id"], run=self.manifest["run_id"], seed=study["seed"], n=self.replicates,
            sample=words("everybody") if study["sample"] == "all" else f"{study['sample']:,}",
            law_date=study["law_date"], version=self.manifest["privacysim"],
        )  # fmt: skip
        question = words(
            "question_text", place=words.text(self.manifest["scenario"]["title"])[0],
            baseline=self.names[self.baseline], primary=words.title(self.primary), days=study["days"],
        )  # fmt: skip
        parts: Mapping[str, Content] = {
            "question": (Paragraph((question,)),),
            "answer": (Bullets((*answer(*self.told), *evidence_cost(*self.told))),),
            "rules": (self.rules(),), "results": tuple(self.results()), "exposed": tuple(self.exposed()),
            "sure": (Bullets(tuple((item,) for item in self.sure())),),
            "not_shown": (Bullets(tuple((item,) for item in self.not_shown())),
                          Paragraph((words("footer_files"),), quiet=True)),
        }  # fmt: skip
        annex: Mapping[str, Content] = {"departs": tuple(self.departures()), "register": tuple(self.register())}
        return Report(
            words.lang, words.text(study["title"] or str(study["id"]))[0], words("not_advice"),
            tuple(Section(name, words(name), content) for name, content in parts.items()), footer,
            str(self.manifest["begun"]), tuple(Section(name, words(name), content) for name, content in annex.items()),
            self.sheets(),
        )  # fmt: skip

    def rules(self) -> Table:
        words = self.words
        policies = {policy.id: policy for policy in map(self.source.policy, self.arms)}
        rows = tuple(
            ((title(policy, words),), (words.text(policy.summary)[0],), (words(f"status_{policy.status}"),),
             (_retention(policy, words),), (words(_own_footage(policy)),))
            for policy in policies.values()
        )  # fmt: skip
        head = tuple(words(key) for key in ("rule", "says", "status", "retention", "private"))
        return Table("rules", words("rules_caption"), head, rows, layout="wrapped")

    def results(self) -> Iterator[Table | tuple]:
        words, base = self.words, self.names[self.baseline]
        caption = words(
            "primary_caption", primary=words.title(self.primary), unit=words.unit(self.primary), n=self.replicates,
            direction=words.direction(self.primary), baseline=base,
        )  # fmt: skip
        head = tuple(words(key) for key in ("rule", "curve", "mean", "ratio", "difference", "chance"))
        rows = tuple(self.primary_row(row) for arm in self.arms for row in self.of(self.primary, arm))
        yield Table("headline", capital(caption), head, rows, numeric=(2, 3, 4, 5), once=(0,))
        if self.others:
            yield Table(
                "others", words("other_caption", baseline=base), (words("outcome"), *self.names.values()),
                tuple(((f"{words.title(name)} ({words.unit(name)})",), *(self.cell(name, arm) for arm in self.arms))
                      for name in self.others), numeric=tuple(range(1, len(self.arms) + 1)), layout="wrapped",
            )  # fmt: skip
        pictures = [ratio_picture(self.source, words)]
        pictures += [tradeoff_picture(self.source, words, EVIDENCE)] if EVIDENCE in self.others else []
        yield tuple(pictures)

    def primary_row(self, row: Row) -> tuple[Text, ...]:
        curve = self.words(row["curve"]) if row["curve"] in CURVES else ""
        first: tuple[Text, ...] = ((self.names[row["policy"]],), (curve,), with_interval(row, "mean", "ci"))
        if row["policy"] == self.baseline:
            return (*first, (self.words("baseline_mark"),), ("–",), ("–",))
        return (*first, with_interval(row, "ratio", "ratio"), with_interval(row, "delta", "delta"),
                with_interval(row, "chance_lower", "chance", share=True))  # fmt: skip

    def cell(self, metric: str, arm: str) -> Text:
        """The mean, or its range over the curves, followed by the ratio to the baseline in brackets."""
        found = [row for row in self.of(metric, arm) if there(row, "mean")]
        if not found:
            return ("–",)
        means = [number(row, "mean", share=row["unit"] == "share") for row in found]
        text: list[str | Number] = [means[0]]
        if means[-1].text != means[0].text:
            text += ["–", means[-1]]
        for row in [row for row in found if there(row, "ratio") and row["mean"] != 0][:1]:
            text += [" (×", *with_interval(row, "ratio", "ratio"), ")"]
        return tuple(text)

    def exposed(self) -> Iterator[Paragraph | tuple]:
        words = self.words
        yield Paragraph((words("exposed_none"),))
        kinds = {kind: metric for kind, metric in IDENTIFIED.items() if self.of(metric)}
        if kinds:
            rows = tuple(
                ((self.names[arm],), *(self.cell(metric, arm) for metric in kinds.values())) for arm in self.arms
            )
            head = (words("rule"), *(words.word("legality", kind) for kind in kinds))
            table = Table("exposed", words("exposed_caption"), head, rows, numeric=tuple(range(1, len(head))),
                          layout="wrapped")  # fmt: skip
            yield (table, legality_picture(self.source, words))

    def sure(self) -> Iterator[str]:
        words, rows = self.words, self.rows
        yield words("sure_interval", n=self.replicates)
        mine = rows[(rows["metric"] == self.primary) & (rows["policy"] != self.baseline)]
        if set(mine["curve"]) >= set(CURVES):
            yield words("sure_curves")
        groups: dict[str, list[str]] = {"sure_decided": [], "sure_undecided": [], "sure_identical": []}
        for arm, found in mine.groupby("policy", sort=False):
            groups[_verdict(found)].append(self.names[str(arm)])
        yield from (words(key, policies=words.all_of(found)) for key, found in groups.items() if found)
        contested = dict.fromkeys(arm.partition(":")[0] for arm in self.arms if ":" in arm)
        if contested:
            several = words.all_of(title(self.source.policies[one], words) for one in contested)
            yield words("sure_readings", policies=several)
        if not self.source.results.band.empty:
            yield words("sure_mapped")
        shown = rows[rows["metric"].isin([self.primary, *self.others]) & rows["mean"].notna()]
        if without := int((shown["ci_low"].isna() & (shown["mean"] != 0)).sum()):
            yield words("sure_without", count=without, all=len(shown))
        if solved := sum(entry.status == "CALIBRATED" for entry in self.source.register):
            yield words("sure_calibrated", count=solved)

    def not_shown(self) -> Iterator[str]:
        words, scenario = self.words, self.manifest["scenario"]
        advice = words("not_advice")
        yield words("not_1", not_advice_lower=advice[:1].lower() + advice[1:])
        yield from (words(key) for key in ("not_2", "not_3", f"not_{self.source.change.start}"))
        if not scenario["calibrated"]:
            yield words("not_calibrated", scenario=scenario["id"])

    def departures(self) -> Iterator[Subheading | Bullets]:
        for policy in self.source.policies.values():
            if policy.departures:
                said = [self.words.text(line) for line in policy.departures]
                yield Subheading(title(policy, self.words))
                yield Bullets(tuple((text,) for text, _ in said), tuple(foreign for _, foreign in said))

    def register(self) -> Iterator[Subheading | Bullets | Table]:
        words = self.words
        yield Subheading(words("register_rules"))
        assumed = [f"{name}, {line}" for name, policy in self.source.policies.items()
                   for line in rule_assumptions(policy)]  # fmt: skip
        yield Bullets(tuple((line,) for line in assumed), ("en" if words.lang == "zh" else "",) * len(assumed))
        entries = sorted(self.source.register, key=lambda entry: list(_STATUSES).index(entry.status))
        head = tuple(words(key) for key in ("number", "value", "range", "status", "source"))
        rows = tuple(((one.name,), (f"{one.value:.6g}",), (f"{one.low:.4g} – {one.high:.4g}",),
                      (_STATUSES[one.status],), (one.source,)) for one in entries)  # fmt: skip
        yield Table("register", words("register_caption"), head, rows, layout="register")

    def sheets(self) -> dict[str, pd.DataFrame]:
        """Data frames of the workbook: headline, summary.csv, register, and the run's manifest."""
        words = self.words
        entries = [[one.name, one.value, one.low, one.high, one.status, one.source] for one in self.source.register]
        head = [words(key) for key in ("number", "value", "low", "high", "status", "source")]
        run = [[key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]
               for key, value in self.manifest.items() if key not in ("notes", "skewness", "files")]  # fmt: skip
        return {
            words("sheet_primary"): self.rows.loc[self.rows["metric"] == self.primary, list(_HEADLINE)],
            words("sheet_summary"): self.rows, words("sheet_register"): pd.DataFrame(entries, columns=head),
            words("sheet_run"): pd.DataFrame(run, columns=["", " "]),
        }  # fmt: skip


def _retention(policy: Policy, words: Words) -> str:
    """Retention in days at venues, small shops and homes; one number if all are equal."""
    if not policy.footage or policy.retention is None:
        return words("no_footage")
    rules = [getattr(policy.retention, name) or policy.retention.any for name in ("public", "public_other", "private")]
    found = ["–" if rule is None else short(rule.keep / DAY_S) for rule in rules]
    return words("days", n=found[0] if len(set(found)) == 1 else "\u00a0/\u00a0".join(found))


def _own_footage(policy: Policy) -> str:
    """Key of the words for what the rules offer to people who ask for footage of themselves."""
    if not policy.footage:
        return "no_footage"
    mine = [one for one in policy.access if (not one.channel or "request" in one.channel)
            and ("person_filmed" in one.requester or not one.requester)]  # fmt: skip
    if not mine:
        return "private_no"
    if any("copy" in one.acts or not one.acts for one in mine):
        return "private_copy"
    return "private_consent" if all("consent" in one.conditions for one in mine) else "private_view"


def _verdict(rows: pd.DataFrame) -> str:
    notes = rows["note"].astype(str)
    if notes.str.startswith("identical").all():
        return "sure_identical"
    clear = notes.str.startswith("0 in all") | (rows["p_holm"] < 0.05)
    return "sure_decided" if clear.all() else "sure_undecided"
