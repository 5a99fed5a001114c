"""Content of a report on results, computed once: the terminal, the page and the memo take their blocks from here.

A number of the results is a cell of summary.csv: `Number.key` names the cell, and tests follow it. Each figure has an
alt text that states the same numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from privacysim.facts import fact_titles
from privacysim.figures import forest, frontier, han_font, people_by_legality
from privacysim.metrics import METRICS, headline
from privacysim.report import report_model
from privacysim.report.report_model import Bullets, Inside, Paragraph, Picture, Subheading, Table, Text, plain
from privacysim.report.report_source import Source
from privacysim.report.sentences import (
    IDENTIFIED,
    Row,
    brief,
    by_legality,
    capital,
    change_text,
    note_text,
    on_one_row,
    sentence,
    there,
    with_interval,
)
from privacysim.results.summary_rows import NONE, SAME
from privacysim.simulation.inputs import MEASURES
from privacysim.stats import percent, short
from privacysim.study.precision import in_words as precision_in_words
from privacysim.vocabulary import CURVES
from privacysim.wording import Words
from privacysim.world.placed import NO_CAMERA

EVIDENCE = "cases_with_admissible_evidence"
BESIDE = (*(name for name in MEASURES if name != "people_identified_by_outsiders"), EVIDENCE)
"""Measures beside the primary one; the last is what a rule may cost."""
_FIRST, _OWN = 14, 3
"""Number of headline metrics that a report shows, and of a study's own ones beside the primary one."""
_WHENCE = ("people_identified_by_outsiders[how=", "identified_through_leak[", "cameras_listed[mechanism=")
_WHO = ("identified_per_1000[", "top_tenth_share_identified", "people_identified[")
_CAMERAS = "cameras: "
"""First words of notes about mapped cameras; the first replicate's note is printed for all."""


class Answer:
    """Sentences, tables and figures of one study, in the language of `words`; the source may lack its policies."""

    def __init__(self, source: Source, words: Words) -> None:
        self.source, self.words, self.names = source, words, source.names(words)
        self.change, self.arms, self.of = source.change, source.results.arms, source.of
        self.primary, self.baseline = self.change.primary, self.change.baseline
        self.manifest, self.declared = source.results.manifest, self.change.declared
        self.study, self.scenario = self.manifest["study"], self.manifest["scenario"]
        self.replicates = words("replicates_best", n=len(self.manifest["replicates"]))
        self.title = {name: words.text(one.title) for name, one in self.declared.items()}
        self.unit = {name: words.text(one.unit, "unit") for name, one in self.declared.items()}
        self.own = [name for name in self.declared if name not in METRICS and self.of(name)]
        self.shown = [name for name in dict.fromkeys([self.primary, *headline(_FIRST), *self.own]) if self.of(name)]
        wanted = next(iter(self.study["readings"]), self.study["policies"][-1])
        self.asked = [arm for arm in self.arms if arm.partition(":")[0] == wanted and arm != self.baseline]
        # figures are in English if no installed font has the Chinese characters
        self.no_font = f" {words('no_font')}" if words.lang == "zh" and han_font() is None else ""
        self.drawn_in = "en" if self.no_font else words.lang
        self.titles = {arm: broken(name) for arm, name in source.names(Words(self.drawn_in)).items()}

    def runs(self) -> str:
        """How many replicates and worlds the numbers rest on."""
        worlds = self.study["worlds"]
        return self.words.list([self.replicates, *([self.words("worlds_drawn", n=worlds)] if worlds else [])])

    def about(self) -> str:
        """The city, its people, the days and the runs."""
        return self.words("about", place=self.words.text(self.scenario["title"]), days=self.study["days"],
                          people=f"{self.scenario['people']:,.0f}", runs=self.runs())

    def nobody(self) -> list[str]:
        """States that no camera is mapped; empty if any is."""
        said = self.source.results.notes["note"]
        return [text.removeprefix(_CAMERAS) for text in said[said.str.startswith(f"{_CAMERAS}{NO_CAMERA}")][:1]]

    def warnings(self) -> list[str]:
        """Warnings before any number: failures, precision, and constants calibrated for another city."""
        return [one for one in (*self.source.results.failures, precision_in_words(self.manifest.get("precision")),
                                "" if self.scenario["calibrated"] else self.words("frame_uncalibrated")) if one]

    def many(self) -> Text:
        """The basis of all comparisons: the primary metric under the baseline, also as one person in so many."""
        words, compared = self.words, self.words("compared", baseline=self.names[self.baseline])
        found = [row for row in self.low(self.primary, self.baseline) if there(row, "mean") and row["mean"] > 0]
        if not found:
            return (compared, words("stop"))
        said = (compared, words("colon"), *with_interval(found[0], "mean", "ci"), words("space"))
        if self.declared[self.primary].unit != "people":
            return (*said, self.unit[self.primary], f" ({self.title[self.primary]})", words("stop"))
        in_so_many = short(float(f"{self.scenario['people'] / found[0]['mean']:.2g}"))
        return (*said, self.title[self.primary], words("one_in", n=in_so_many), words("stop"))

    def verdicts(self) -> list[Text]:
        """Sentences on the policy that the study asks about; one over all its readings, if it has several."""
        made: list[Text] = []
        for row in self.change.bands().to_dict("records") if len(self.asked) > 1 else ():
            if self.asked[0].startswith(f"{row['policy']}:"):
                low, high = row["outer_low"], row["outer_high"]
                key = "lowers" if high < 1 else "raises" if low > 1 else "changes"
                least, most, *outer = [change_text(end).lstrip("+−" if key != "changes" else "") for end in
                                       (row["ratio_least"], row["ratio_most"], low, high)]  # fmt: skip
                ends, outer = ((most, least), outer[::-1]) if key == "lowers" else ((least, most), outer)
                chance = self.words("untried" if low != low else "by_chance", low=outer[0], high=outer[1])
                said = self.words(key, policy=self._asked_about(), primary=self.title[self.primary])
                made.append((said, self.words("to").join(dict.fromkeys(ends)),
                             self.words("over_readings", n=row["readings"], chance=chance)))  # fmt: skip
        if not made:
            made = list(self.answer(self.primary, self.asked))
        return [*made, *self.unknown("over_worlds")]

    def _asked_about(self) -> str:
        """Title of the policy that the study asks about, without its reading."""
        first = self.names[self.asked[0]]
        return first.rpartition(self.words("reading_mark"))[0] if len(self.asked) > 1 else first

    def unknown(self, key: str = "over_worlds_of") -> Iterator[Text]:
        """The range over what is not known of the policy asked about, all readings and curves together."""
        over = self.change.unknowns()
        over = over[over["policy"].isin(self.asked)]
        if len(over):
            yield (self.words(key, policy=self._asked_about(), low=change_text(over["low"].min()),
                              high=change_text(over["high"].max()), holds=percent(over["holds"].min()),
                              n=over["worlds"].iloc[0],
                              lower=round((over["lower"] * over["worlds"]).min())),)  # fmt: skip

    def answer(self, metric: str, arms: Iterable[str]) -> Iterator[Text]:
        """State a metric under each of these rules; rules with the same numbers share a sentence."""
        same: dict[str, list[str]] = {}
        title = self.title.get(metric, "")
        for arm in arms:
            if arm != self.baseline and self.of(metric, arm):
                same.setdefault(plain(sentence(self.of(metric, arm), self.words, "", title)), []).append(arm)
        for some in same.values():
            names = self.words.list(self.names[arm] for arm in some)
            yield sentence(self.of(metric, some[0]), self.words, names, title)

    def low(self, metric: str, arm: str = "") -> list[Row]:
        """Rows of a metric without those of the high curve."""
        return [row for row in self.of(metric, arm) if row["curve"] != "high"]

    def measures(self) -> Table:
        """Policies by measures: each cell is the change from the baseline on the low curve, in two or three digits."""
        beside = [name for name in BESIDE if name in self.shown]
        names = list(dict.fromkeys([self.primary, *beside, *self.own[:_OWN]]))
        heads = [self.words(f"head_{name}") if name in (*MEASURES, EVIDENCE) else self.title[name] for name in names]
        rows = {name: {row["policy"]: row for row in self.low(name)} for name in names}
        made = tuple(((self.names[arm],), *(brief(rows[name].get(arm), arm == self.baseline, self.words)
                                            for name in names)) for arm in self.arms)  # fmt: skip
        head = (self.words("rule"), *(f"{head} {self.declared[name].arrow[:1]}".rstrip()
                                      for name, head in zip(names, heads, strict=True)))
        return Table("measures", self.words("measures_caption", baseline=self.names[self.baseline]), head, made,
                     numeric=tuple(range(1, len(head))))  # fmt: skip

    def results(self) -> Table:
        """The primary metric under every rule: mean, ratio and difference with intervals; equal curves are one row."""
        direction = self.words(f"direction_{self.declared[self.primary].direction}")
        caption = self.words("primary_caption", primary=self.title[self.primary], unit=self.unit[self.primary],
                             n=self.replicates, direction=direction, baseline=self.names[self.baseline])  # fmt: skip
        return self.numbers(self.primary, capital(caption), "headline", noted=False)

    def numbers(self, metric: str, caption: str = "", name: str = "", *, noted: bool = True) -> Table:
        """One metric under every rule, with intervals, and the reason where there is none (if `noted`)."""
        words, share = self.words, self.declared[metric].unit == "share"
        rows = []
        for arm in self.arms:
            for curve, row in on_one_row(self.of(metric, arm)):
                base = arm == self.baseline
                rows.append(((self.names[arm],), (words(curve) if curve else "",),
                             with_interval(row, "mean", "ci", share=share),
                             (words("baseline_mark"),) if base else with_interval(row, "ratio", "ratio"),
                             ("–",) if base else with_interval(row, "delta", "delta"),
                             (note_text(row["note"], words),)))  # fmt: skip
        kept = [n for n in range(6) if n not in (1, 5) or ((n == 1 or noted) and any(row[n][0] for row in rows))]
        head = [words(key) for key in ("rule", "curve", "mean", "ratio", "difference", "note")]
        return Table(name or metric, caption, tuple(head[n] for n in kept), tuple(
            tuple(row[n] for n in kept) for row in rows), tuple(kept.index(n) for n in (2, 3, 4)), (0,))  # fmt: skip

    def rows_by(self, name: str, families: Sequence[str], arms: Sequence[str], caption: str) -> list[Table]:
        """A table of metrics (rows) under some rules; metrics without a value are left out; empty without any."""
        rows = []
        for metric in sorted(self.declared, key=lambda one: [one.startswith(family) for family in families][::-1]):
            found = {row["policy"]: row for row in self.low(metric) if there(row, "mean")}
            if metric.startswith(tuple(families)) and any(row["mean"] for row in found.values()):
                cells = [with_interval(found[arm], "mean", "ci", share=self.declared[metric].unit == "share")
                         if arm in found else ("–",) for arm in arms]  # fmt: skip
                rows.append(((capital(self.title[metric]),), *cells))
        head = (self.words("outcome"), *(self.names[arm] for arm in arms))
        numeric = tuple(range(1, len(head)))
        return [Table(name, caption, head, tuple(rows), numeric, layout="wrapped")] if rows else []

    def whence(self) -> list[Table]:
        """Composition of the number: targeted or incidental, leak by leak, and how listed cameras got online."""
        return self.rows_by("whence", _WHENCE, [self.baseline, *self.asked], self.words("whence_caption"))

    def online(self) -> Iterator[str]:
        """How many cameras are online under the baseline, and how many of them their owners show."""
        found = [self.low(f"cameras_listed{of}", self.baseline) for of in
                 ("", "[mechanism=owner_broadcast_knowing]", "[mechanism=owner_broadcast_unaware]")]  # fmt: skip
        if all(found) and found[0][0]["mean"] > 0:
            every, knowing, unaware = (rows[0]["mean"] for rows in found)
            yield self.words("online", n=short(every), knowing=percent(knowing / every),
                             unaware=percent(unaware / every))  # fmt: skip

    def exposed(self) -> Iterator[Table | Picture]:
        """Who is exposed: rates by group, and people by what the camera rules call the viewing."""
        yield from self.rows_by("groups", _WHO, [self.baseline, *self.asked], self.words("groups_caption"))
        if any(self.of(metric) for metric in IDENTIFIED.values()):
            yield self.legality_picture()

    def sure(self) -> Iterator[str]:
        """What the intervals include, which differences are significant, and what the intervals leave out."""
        words, rows = self.words, self.source.rows
        yield words("sure_worlds" if self.study["worlds"] else "sure_interval", n=self.runs())
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
            yield words("sure_readings", policies=words.list(self.source.name(one, words) for one in contested))
        if not self.source.results.band.empty:
            yield words("sure_mapped")
        shown = rows[rows["metric"].isin(self.shown) & rows["mean"].notna()]
        if without := int((shown["ci_low"].isna() & (shown["mean"] != 0)).sum()):
            yield words("sure_without", count=without, all=len(shown))
        if solved := sum(entry.status == "CALIBRATED" for entry in self.source.register):
            yield words("sure_calibrated", count=solved)

    def worlds(self) -> list[Table]:
        """The ratio of the primary metric over worlds; empty without worlds."""
        rows = tuple(
            tuple((text,) for text in (
                self.names[row["policy"]], change_text(row["ratio"]),
                f"{change_text(row['low'])} … {change_text(row['high'])}",
                self.words("of", some=round(row["lower"] * row["worlds"]), all=row["worlds"]),
                "–" if row["facts"] != row["facts"] else f"{percent(row['facts'])} %",
                self.words.list(fact_titles().get(one, one) for one in row["stand_out"].split(", ")) or "–"))
            for row in self.change.unknowns().to_dict("records") if row["curve"] != "high"
        )  # fmt: skip
        head = tuple(self.words(f"worlds_{key}") for key in ("rule", "best", "range", "lower", "facts", "outstanding"))
        return [Table("worlds", self.words("worlds_caption"), head, rows, numeric=(1, 2, 3, 4))] if rows else []

    def not_shown(self) -> Iterator[str]:
        """The limits of the study."""
        words, advice = self.words, self.words("not_advice")
        yield words("not_1", not_advice_lower=advice[:1].lower() + advice[1:])
        yield from (words(key) for key in ("not_2", "not_3", f"not_{self.change.start}"))
        yield words(f"not_case_{self.source.case}", study=self.study["id"])
        if not self.scenario["calibrated"]:
            yield words("not_calibrated", scenario=words.text(self.scenario["title"]))

    def cameras(self) -> Iterator[Inside]:
        """What the map omits about mapped cameras, and the resulting range; nothing if no camera was mapped."""
        results, words = self.source.results, self.words
        said = [text.removeprefix(_CAMERAS) for text in dict.fromkeys(results.notes["note"])
                if text.startswith(_CAMERAS)]  # fmt: skip
        if said:
            yield Bullets(tuple((line,) for line in said))
        band = results.band[(results.band["note"] == "") & results.band["metric"].isin(self.shown)]
        if said and len(band):
            yield Paragraph((words("cameras_band"),), quiet=True)
        for name, rows in band.groupby("metric", sort=False) if said else ():
            head = tuple(words(key) for key in ("rule", "curve", "fewest", "as_drawn", "most"))
            texts = tuple(((self.names[row["policy"]],), (words(row["curve"]) if row["curve"] else "",),
                           *((short(row[end]),) for end in ("fewest", "drawn", "most"))) for row in
                          rows.to_dict("records"))  # fmt: skip
            yield Subheading(capital(f"{self.title[str(name)]}, {self.unit[str(name)]}"))
            yield Table(f"band-{name}", "", head, texts, numeric=(2, 3, 4), once=(0,))

    def every_measure(self) -> Iterator[Inside]:
        """One table per metric that a report shows."""
        yield Paragraph((self.words("numbers_quiet", baseline=self.names[self.baseline]),), quiet=True)
        for name in self.shown:
            yield Subheading(capital(f"{self.title[name]}, {self.unit[name]}"), self.declared[name].arrow)
            yield self.numbers(name)

    def bullets(self, texts: Iterable[tuple[str, str]]) -> Bullets:
        """A list of (place, text) of policy files; a text without a translation is marked as foreign."""
        said = list(texts)
        return Bullets(tuple((place + self.words.text(text),) for place, text in said),
                       tuple("en" if self.words.foreign(text) else "" for _, text in said))

    def ratio_picture(self) -> Picture:
        """Figure of the primary metric's ratios to the baseline, with their intervals."""
        rows = self.source.rows
        rows = rows[(rows["metric"] == self.primary) & rows["ratio"].notna() & (rows["policy"] != self.baseline)]
        said = self.said(rows.to_dict("records"), "ratio", "ratio_low", "ratio_high")
        return self.picture("forest", said, forest, rows.assign(note=""), rows["policy"].nunique(), direction="either",
                            baseline=self.baseline)  # fmt: skip

    def tradeoff_picture(self) -> Picture:
        """Figure of the primary metric against cases with admissible evidence; the bottom right corner is best."""
        rows = self.source.rows[self.source.rows["mean"].notna()]
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
        return self.picture("tradeoff", said, frontier, points, len(points) + 1, **labels, x_better="higher",
                            y_better="lower")

    def legality_picture(self) -> Picture:
        """Figure of people identified per rule, by the legality of the viewing under its camera rules."""
        said = [f"{self.words(f'legality_{kind}')}: {self.said(self.of(metric), 'mean')}"
                for kind, metric in IDENTIFIED.items()]  # fmt: skip
        rows = by_legality(self.source.rows)
        return self.picture("legality", ". ".join(said), people_by_legality, rows, len(self.names))

    def picture(self, name: str, said: str, draw: Callable[..., Axes], data: pd.DataFrame, rows: int,
                **how: str) -> Picture:
        """A figure with the caption and alt text of that name."""
        make = partial(report_model.drawn, draw, data, title="", titles=self.titles, rows=rows, lang=self.drawn_in,
                       **how)  # fmt: skip
        caption = self.words(f"figure_{name}", primary=capital(self.title[self.primary]),
                             evidence=self.title.get(EVIDENCE, ""), baseline=self.names[self.baseline])  # fmt: skip
        return Picture(make, self.words(f"alt_{name}", values=said), caption + self.no_font)

    def said(self, rows: Sequence[Row], *columns: str) -> str:
        """The numbers of a figure as its alt text gives them."""
        said = []
        for row in rows:
            curve = f" ({self.words(row['curve'])})" if row["curve"] in CURVES else ""
            numbers = ", ".join(short(float(row[column])) for column in columns if there(row, column))
            said.append(f"{self.names[row['policy']]}{curve}: {numbers or '–'}")
        return "; ".join(said)


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
