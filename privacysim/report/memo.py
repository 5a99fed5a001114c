"""Two-page memo for a committee, with three figures and an annex that lists every assumption.

Every number of the results is a cell of summary.csv. `Number.key` names the cell, and tests follow it. Each figure has
an alt text that states the same numbers.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from privacysim.errors import InputError, did_you_mean, require
from privacysim.figures import forest, frontier, han_font, people_by_legality
from privacysim.files import whole_file
from privacysim.metrics import METRICS, headline
from privacysim.policy.policy_files import sourced
from privacysim.policy.policy_form import Policy
from privacysim.report import report_model, report_source
from privacysim.report.report_model import Bullets, Number, Paragraph, Picture, Report, Section, Subheading, Table, Text
from privacysim.report.report_source import Source
from privacysim.report.sentences import (
    IDENTIFIED,
    Row,
    by_legality,
    capital,
    number,
    sentence,
    size,
    there,
    with_interval,
)
from privacysim.results.summary_rows import NONE, SAME
from privacysim.stats import short
from privacysim.units import DAY_S
from privacysim.vocabulary import CURVES
from privacysim.wording import Words

FORMATS = (".html", ".pdf", ".docx", ".xlsx")
EVIDENCE = "cases_with_admissible_evidence"
FIRST = 14
"""Number of headline metrics that the memo shows; a study's own metrics follow them."""
_STATUSES = {"CALIBRATED": "C", "assumption": "A", "S": "S", "D": "D", "R": "R", "measured": "M"}
"""Status of a fact → its letter; the register begins with the weakest evidence."""


def write_memo(folder: str | Path, out: str | Path, *, lang: str = "en", baseline: str | None = None) -> Path:
    """Write the memo of the results in `folder` to `out`; the file ending selects HTML, PDF, DOCX or XLSX.

    `lang` is "en" or "zh"; `baseline` replaces the study's own baseline. PDF needs Chromium on this machine. The
    file appears only when it is complete.

    >>> from privacysim.report import write_memo
    >>> write_memo("results/headline", "memo.odt")
    Traceback (most recent call last):
    privacysim.errors.InputError: -o: expected a file that ends in .html, .pdf, .docx or .xlsx.
      Got: memo.odt
      Fix: choose one of .docx, .html, .pdf, .xlsx.
    """
    Words(lang)  # an unknown language is refused before the results are read
    return write_report(lambda: memo(report_source.read_source(Path(folder), baseline), lang), Path(out))


def write_report(report: Callable[[], Report], path: Path) -> Path:
    """Write a report, made once its file ending is known to be good; the file appears only when it is complete."""
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise InputError("-o", "a file that ends in .html, .pdf, .docx or .xlsx", path.name,
                         did_you_mean(ending, FORMATS))  # fmt: skip
    made = report()
    if ending in (".docx", ".xlsx"):
        require("report", "docx", "openpyxl", where=path.name)
        from privacysim.report.office_files import write_docx, write_xlsx
    with whole_file(path) as part:
        if ending == ".html":
            part.write_text(report_model.html_page(made), encoding="utf-8")
        elif ending == ".pdf":
            report_model.write_pdf(made, part)
        else:
            (write_docx if ending == ".docx" else write_xlsx)(made, part)
    return path


def memo(source: Source, lang: str = "en") -> Report:
    """Build the memo of results, in English ("en") or Chinese ("zh")."""
    return Memo(source, Words(lang)).report()


def answer(source: Source, words: Words, names: Mapping[str, str]) -> Iterator[Text]:
    """State the primary metric under each rule; rules with the same numbers share a sentence."""
    primary = source.change.primary
    title = words.text(source.change.declared[primary].title)
    rows = {arm: source.of(primary, arm) for arm in source.results.arms if arm != source.change.baseline}
    same: dict[str, list[str]] = {}
    for arm, mine in rows.items():
        same.setdefault(report_model.plain(sentence(mine, words, "", title)), []).append(arm)
    for arms in same.values():
        yield sentence(rows[arms[0]], words, words.list(names[arm] for arm in arms), title)


def evidence_cost(source: Source, words: Words, names: Mapping[str, str]) -> Iterator[Text]:
    """State in one sentence how each rule changes the number of cases with admissible evidence."""
    text: list[str | Number] = []
    for row in source.of(EVIDENCE):
        if row["policy"] != source.change.baseline and there(row, "ratio"):
            text += [words("join") if text else words("evidence_cost"), f"{names[row['policy']]} "]
            text += size(row, "bare", words)
    if text:
        yield (*text, words("stop"))


class Memo:
    """The sections of one memo, and the data that they share: the results, the words and the names of the arms."""

    def __init__(self, source: Source, words: Words) -> None:
        self.source, self.words, self.names = source, words, source.names(words)
        self.rows, self.arms, self.of = source.rows, source.results.arms, source.of
        self.primary, self.baseline = source.change.primary, source.change.baseline
        self.manifest, self.declared = source.results.manifest, source.change.declared
        self.title = {name: words.text(one.title) for name, one in self.declared.items()}
        self.unit = {name: words.text(one.unit, "unit") for name, one in self.declared.items()}
        own = (name for name in self.declared if name not in METRICS)
        self.others = [name for name in (*headline(FIRST), *own) if name != self.primary and self.of(name)]
        self.replicates = words("replicates", n=len(self.manifest["replicates"]))
        # figures are in English if no installed font has the Chinese characters
        self.no_font = f" {words('no_font')}" if words.lang == "zh" and han_font() is None else ""
        self.drawn_in = "en" if self.no_font else words.lang
        self.titles = {arm: broken(name) for arm, name in source.names(Words(self.drawn_in)).items()}

    @property
    def footer(self) -> str:
        """Where the numbers come from: study, run, seed, size, law and version."""
        words, study = self.words, self.manifest["study"]
        return words("footer", study=study["id"], run=self.manifest["run_id"], seed=study["seed"], n=self.replicates,
                     sample=words("everybody") if study["sample"] == "all" else f"{study['sample']:,}",
                     law_date=study["law_date"], version=self.manifest["privacysim"])

    def report(self) -> Report:
        """The memo: seven sections, and an annex."""
        words, study, told = self.words, self.manifest["study"], (self.source, self.words, self.names)
        question = words("question_text", place=words.text(self.manifest["scenario"]["title"]),
                         baseline=self.names[self.baseline], primary=self.title[self.primary], days=study["days"])
        parts: dict[str, tuple] = {
            "question": (Paragraph((question,)),), "answer": (Bullets((*answer(*told), *evidence_cost(*told))),),
            "rules": (self.rules(),), "results": tuple(self.results()), "exposed": tuple(self._exposed()),
            "sure": (Bullets(tuple((item,) for item in self.sure())),),
            "not_shown": (Bullets(tuple((item,) for item in self.not_shown())),
                          Paragraph((words("footer_files"),), quiet=True)),
        }  # fmt: skip
        annex: dict[str, tuple] = {"departs": tuple(self._departures()), "register": tuple(self._register())}
        sections, annexes = (tuple(Section(name, words(name), content) for name, content in one.items())
                             for one in (parts, annex))  # fmt: skip
        return Report(words.lang, words.text(study["title"] or str(study["id"])), words("not_advice"), sections,
                      self.footer, str(self.manifest["begun"]), annexes, self.sheets())  # fmt: skip

    def rules(self) -> Table:
        """Table of the rules compared: what each says, its status, retention, and what the person filmed may see."""
        words = self.words
        rows = tuple(
            ((report_source.title(policy, words),), (words.text(policy.summary),),
             (words(f"status_{policy.status}"),), (_retention(policy, words),), (words(_own_footage(policy)),))
            for policy in self.source.policies.values()
        )  # fmt: skip
        head = tuple(words(key) for key in ("rule", "says", "status", "retention", "private"))
        return Table("rules", words("rules_caption"), head, rows, layout="wrapped")

    def results(self) -> Iterator[Table | tuple]:
        """The primary metric under each rule, the other outcomes, and the figures of both."""
        words, base, primary = self.words, self.names[self.baseline], self.primary
        direction = words(f"direction_{self.declared[primary].direction}")
        caption = words("primary_caption", primary=self.title[primary], unit=self.unit[primary], n=self.replicates,
                        direction=direction, baseline=base)  # fmt: skip
        head = tuple(words(key) for key in ("rule", "curve", "mean", "ratio", "difference", "chance"))
        rows = tuple(self._primary_row(row) for arm in self.arms for row in self.of(primary, arm))
        yield Table("headline", capital(caption), head, rows, numeric=(2, 3, 4, 5), once=(0,))
        if self.others:
            yield self.effects()
        yield (self.ratio_picture(), *([self.tradeoff_picture()] if EVIDENCE in self.others else []))

    def effects(self) -> Table:
        """Table of the other outcomes under every rule, each with its ratio to the baseline."""
        rows = tuple(((f"{self.title[name]} ({self.unit[name]})",), *(self.cell(name, arm) for arm in self.arms))
                     for name in self.others)  # fmt: skip
        caption = self.words("other_caption", baseline=self.names[self.baseline])
        return self.wrapped("others", caption, ("outcome", *self.names.values()), rows)

    def wrapped(self, name: str, caption: str, head: tuple[str, ...], rows: tuple[tuple[Text, ...], ...]) -> Table:
        """A table of numbers that may break over lines; the first column's head is a key of the words."""
        head = (self.words(head[0]), *head[1:])
        return Table(name, caption, head, rows, numeric=tuple(range(1, len(head))), layout="wrapped")

    def _primary_row(self, row: Row) -> tuple[Text, ...]:
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

    def _exposed(self) -> Iterator[Paragraph | tuple]:
        words = self.words
        kinds = {kind: metric for kind, metric in IDENTIFIED.items() if self.of(metric)}
        yield Paragraph((words("exposed_none"),))
        if kinds:
            rows = tuple(((self.names[arm],), *(self.cell(metric, arm) for metric in kinds.values()))
                         for arm in self.arms)  # fmt: skip
            head = ("rule", *(words(f"legality_{kind}") for kind in kinds))
            yield (self.wrapped("exposed", words("exposed_caption"), head, rows), self.legality_picture())

    def sure(self) -> Iterator[str]:
        """Sentences on what the intervals cover and on what was decided."""
        words, rows = self.words, self.rows
        yield words("sure_interval", n=self.replicates)
        mine = rows[(rows["metric"] == self.primary) & (rows["policy"] != self.baseline)]
        if set(mine["curve"]) >= set(CURVES):
            yield words("sure_curves")
        groups: dict[str, list[str]] = {"sure_decided": [], "sure_undecided": [], "sure_identical": []}
        for arm, found in mine.groupby("policy", sort=False):
            clear = found["note"].str.startswith(NONE) | (found["ratio_high"] < 1.0) | (found["ratio_low"] > 1.0)
            key = "sure_decided" if clear.all() else "sure_undecided"
            same = found["note"].str.startswith(SAME).all()
            groups["sure_identical" if same else key].append(self.names[str(arm)])
        yield from (words(key, policies=words.list(found)) for key, found in groups.items() if found)
        if contested := dict.fromkeys(arm.partition(":")[0] for arm in self.arms if ":" in arm):
            several = words.list(report_source.title(self.source.policies[one], words) for one in contested)
            yield words("sure_readings", policies=several)
        if not self.source.results.band.empty:
            yield words("sure_mapped")
        shown = rows[rows["metric"].isin([self.primary, *self.others]) & rows["mean"].notna()]
        if without := int((shown["ci_low"].isna() & (shown["mean"] != 0)).sum()):
            yield words("sure_without", count=without, all=len(shown))
        if solved := sum(entry.status == "CALIBRATED" for entry in self.source.register):
            yield words("sure_calibrated", count=solved)

    def not_shown(self) -> Iterator[str]:
        """Sentences on what the results do not show."""
        words, scenario, advice = self.words, self.manifest["scenario"], self.words("not_advice")
        yield words("not_1", not_advice_lower=advice[:1].lower() + advice[1:])
        yield from (words(key) for key in ("not_2", "not_3", f"not_{self.source.change.start}"))
        yield words(f"not_case_{self.source.case}", study=self.manifest["study"]["id"])
        if not scenario["calibrated"]:
            yield words("not_calibrated", scenario=scenario["id"])

    def _departures(self) -> Iterator[Subheading | Bullets]:
        for policy in self.source.policies.values():
            if policy.departures:
                yield Subheading(report_source.title(policy, self.words))
                yield self.bullets(("", line) for line in policy.departures)

    def _register(self) -> Iterator[Subheading | Bullets | Table]:
        words = self.words
        yield Subheading(words("register_rules"))
        yield self.bullets((f"{report_source.title(policy, words)}, {place}: ", part.assumption)
                           for policy in self.source.policies.values()
                           for place, part in sourced(policy) if part.assumption)
        yield self.facts(self.source.register)

    def facts(self, entries: Iterable[report_source.Entry]) -> Table:
        """Table of numbers of the scenario, each with its range and source; the weakest evidence comes first."""
        words = self.words
        entries = sorted(entries, key=lambda entry: list(_STATUSES).index(entry.status))
        head = tuple(words(key) for key in ("number", "value", "range", "status", "source"))
        rows = tuple(((_titled(one, words),), (_plainly(one.value, 6),),
                      (f"{_plainly(one.low, 4)} – {_plainly(one.high, 4)}",), (_STATUSES[one.status],),
                      (words.text(one.source),)) for one in entries)  # fmt: skip
        return Table("register", words("register_caption"), head, rows, layout="register")

    def bullets(self, texts: Iterable[tuple[str, str]]) -> Bullets:
        """A list of (place, text) of policy files; a text without a translation is marked as foreign."""
        said = list(texts)
        return Bullets(tuple((place + self.words.text(text),) for place, text in said),
                       tuple("en" if self.words.foreign(text) else "" for _, text in said))

    def sheets(self) -> dict[str, pd.DataFrame]:
        """Data frames of the workbook: headline, summary.csv, register, and the run's manifest."""
        words = self.words
        names = ("number", "value", "low", "high", "status", "source")
        register = pd.DataFrame([entry[:6] for entry in self.source.register], columns=list(map(words, names)))
        run = [[key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]
               for key, value in self.manifest.items() if key not in ("notes", "skewness", "files")]  # fmt: skip
        return {words("sheet_primary"): self.rows[self.rows["metric"] == self.primary],
                words("sheet_summary"): self.rows, words("sheet_register"): register,
                words("sheet_run"): pd.DataFrame(run, columns=["", " "])}

    def ratio_picture(self) -> Picture:
        """Figure of the primary metric's ratios to the baseline, with their intervals."""
        rows = self.rows[(self.rows["metric"] == self.primary) & self.rows["ratio"].notna()]
        said = self.said(rows.to_dict("records"), "ratio", "ratio_low", "ratio_high")
        return self._picture("forest", said, forest, rows.assign(note=""), rows["policy"].nunique(), direction="either",
                            baseline=self.baseline)  # fmt: skip

    def tradeoff_picture(self) -> Picture:
        """Figure of the primary metric against cases with admissible evidence; the bottom right corner is best."""
        rows = self.rows[self.rows["mean"].notna()]
        across = rows[rows["metric"] == EVIDENCE].set_index("policy")["mean"].rename("x")
        means = rows[rows["metric"] == self.primary].groupby("policy")["mean"]
        points = means.agg(y="min", y_low="min", y_high="max").join(across, how="inner")
        points = points.loc[[arm for arm in self.arms if arm in points.index]].rename_axis("policy").reset_index()
        points = points[(points["x"] > 0) | (points["y_high"] > 0)]  # omit rules with neither
        said = "; ".join(f"{self.names[row['policy']]}: {short(row['x'])}, {short(row['y'])}"
                         + (f"–{short(row['y_high'])}" if row["y_high"] != row["y"] else "")
                         for row in points.to_dict("records"))  # fmt: skip
        labels = {f"{axis}_label": capital(self.declared[metric].title)  # the house style translates them
                  for axis, metric in (("x", EVIDENCE), ("y", self.primary))}
        return self._picture("tradeoff", said, frontier, points, len(points) + 1, **labels, x_better="higher",
                            y_better="lower")

    def legality_picture(self) -> Picture:
        """Figure of people identified per rule, by the legality of the viewing under its camera rules."""
        said = [f"{self.words(f'legality_{kind}')}: {self.said(self.of(metric), 'mean')}"
                for kind, metric in IDENTIFIED.items()]  # fmt: skip
        rows = by_legality(self.rows)
        return self._picture("legality", ". ".join(said), people_by_legality, rows, len(self.names))

    def _picture(self, name: str, said: str, draw: Callable[..., Axes], data: pd.DataFrame, rows: int,
                **how: str) -> Picture:
        make = partial(report_model.drawn, draw, data, title="", titles=self.titles, rows=rows, lang=self.drawn_in,
                       **how)  # fmt: skip
        caption = self.words(f"figure_{name}", primary=capital(self.title[self.primary]),
                             evidence=self.title[EVIDENCE], baseline=self.names[self.baseline])  # fmt: skip
        return Picture(make, self.words(f"alt_{name}", values=said), caption + self.no_font)

    def said(self, rows: Sequence[Row], *columns: str) -> str:
        """The numbers of a figure as its alt text gives them."""
        said = []
        for row in rows:
            curve = f" ({self.words(row['curve'])})" if row["curve"] in CURVES else ""
            numbers = ", ".join(short(float(row[column])) for column in columns if there(row, column))
            said.append(f"{self.names[row['policy']]}{curve}: {numbers or '–'}")
        return "; ".join(said)


def _titled(entry: report_source.Entry, words: Words) -> str:
    unit = words.text(entry.unit, "unit")
    return (words.text(entry.title) or entry.name) + (f" ({unit})" if len(unit) > 1 else "")


def _plainly(value: float, digits: int) -> str:
    """A number of the scenario, without an exponent if it is large."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.{digits}g}"


def broken(name: str, limit: int = 26) -> str:
    """Break a long title into two lines, without control characters; $ is a plain character, not mathematics.

    >>> broken("Guangzhou, revised draft (narrow)")
    'Guangzhou, revised\\ndraft (narrow)'
    """
    name = "".join(sign for sign in name if sign.isprintable()).replace("$", "\\$")
    if not name.isascii() and len(name) > 14:
        return name[:13] + "\n" + name[13:]
    if len(name) <= limit or " " not in name:
        return name
    half = min((n for n, sign in enumerate(name) if sign == " "), key=lambda n: abs(n - len(name) / 2))
    return name[:half] + "\n" + name[half + 1:]


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
