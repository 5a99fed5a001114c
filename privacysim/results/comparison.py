"""Comparison of policies with a baseline, paired by replicate: ratio, difference, intervals and sentences.

The rules for intervals are those of `summary_rows`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from privacysim import stats
from privacysim.errors import refuse_unknown
from privacysim.metrics import METRICS, Metric
from privacysim.results.readable_tables import readable
from privacysim.results.summary_rows import UNSEEN
from privacysim.results.world_ranges import Spread, ratios, spread
from privacysim.stats import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CURVES = ("", "low", "high")
_SHOWN = (("mean", "mean", "ci"), ("ratio", "ratio", "ratio"), ("difference", "delta", "delta"))
"""Name in a table, column of the value, and stem of its interval's columns."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """All arms against a baseline arm; `rows` has the columns of summary.csv, one row per policy, metric and curve."""

    rows: pd.DataFrame
    baseline: str
    primary: str
    start: str
    titles: Mapping[str, str]
    metrics: pd.DataFrame | None = None
    """Replicate values behind the rows."""
    declared: Mapping[str, Metric] = field(default_factory=lambda: METRICS)
    """Every metric that the rows can name; user-supplied ones as stored in the results."""
    worlds: pd.DataFrame | None = None
    world_facts: pd.DataFrame | None = None
    """Values in worlds that differ in their facts, and these facts (`world_ranges`)."""

    def table(self, metrics: list[str] | None = None, *, text: bool = False) -> pd.DataFrame:
        """Table of the comparison, with one row per metric, curve and policy.

        `mean`, `ratio` and `difference` are floats, with the ends of their 95 % intervals in `mean_low`, `mean_high`
        …; these are NaN without an interval, and `note` says why. `text=True` is for reading: policies have their
        titles, each number with its interval is one text, and a column `in words` is added. `metrics` selects and
        orders the metrics; by default the primary metric comes first, then the others as declared.
        """
        names = metrics or [self.primary, *(name for name in self.declared if name != self.primary)]
        rows = pd.concat([self.of(name) for name in names], ignore_index=True)
        known = [self.declared[name] for name in rows["metric"]]
        made = rows[["metric", "curve", "policy"]].assign(metric=[one.title for one in known])
        for shown, value, ends in _SHOWN:
            columns = rows[[value, f"{ends}_low", f"{ends}_high"]]
            if text:
                made[shown] = [stats.interval_text(*numbers) for numbers in columns.itertuples(index=False)]
            else:
                made[[shown, f"{shown}_low", f"{shown}_high"]] = columns
        made["n"], made["direction"] = rows["n"], [one.arrow for one in known]
        if text:
            made["policy"] = made["policy"].map(self._title)
            made["in words"] = [self.sentence(row) for row in rows.to_dict("records")]
        return made.assign(note=rows["note"])

    def of(self, metric: str) -> pd.DataFrame:
        """The rows of a metric; the error for an unknown name suggests the nearest."""
        refuse_unknown(metric, self.declared, "metrics", "a known metric")
        return self.rows[self.rows["metric"] == metric]

    def __repr__(self) -> str:
        policies = [policy for policy in dict.fromkeys(self.rows["policy"]) if policy != self.baseline]
        return (f"Comparison({', '.join(policies)} against {self.baseline}: {self.rows['metric'].nunique()} metrics, "
                f"primary {self.primary})")  # fmt: skip

    def __getitem__(self, metric: str) -> pd.DataFrame:
        """The table of one metric; names complete with Tab."""
        return self.table([metric])

    def _ipython_key_completions_(self) -> list[str]:
        return list(dict.fromkeys(self.rows["metric"]))

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{escape(line)}</li>" for line in self.words())
        table = self.table([self.primary], text=True)[["policy", "curve", "mean", "ratio", "difference", "n"]]
        return (f"<p><b>Against {escape(self.titles.get(self.baseline, self.baseline))}</b></p><ul>{lines}</ul>"
                + readable(table)._repr_html_())  # fmt: skip

    def bands(self, metric: str | None = None) -> pd.DataFrame:
        """Range of each policy's ratio over contested choices: curves low and high, readings narrow and wide.

        One row per policy (all readings and curves): the smallest and largest ratio, the outermost ends of their
        intervals, and the numbers of arms and curves behind it. A band is not an interval; it shows how much the
        answer changes with the contested choices.
        """
        columns = ["policy", "ratio_least", "ratio_most", "outer_low", "outer_high", "readings", "curves"]
        rows = self.of(metric or self.primary)
        rows = rows[(rows["policy"] != self.baseline) & rows["ratio"].notna()]
        made = [
            (policy, known["ratio"].min(), known["ratio"].max(), known["ratio_low"].min(skipna=False),
             known["ratio_high"].max(skipna=False), known["policy"].nunique(), known["curve"].nunique())
            for policy, known in rows.groupby(rows["policy"].str.split(":").str[0], sort=False)
        ]  # fmt: skip
        return pd.DataFrame(made, columns=columns)

    def spread(self, metric: str, curve: str, policy: str) -> Spread | None:
        """The spread of the ratio over worlds; None without worlds."""
        if self.worlds is None or self.world_facts is None or policy == self.baseline or not len(self.worlds):
            return None
        return spread(ratios(self.worlds, metric, curve, policy, self.baseline), self.world_facts)

    def unknowns(self, metric: str | None = None) -> pd.DataFrame:
        """Table of the ratio over worlds: one row per policy and curve.

        Columns: policy, curve, ratio (best guess), low, high (range), holds (probability that the range holds a further
        world), worlds, lower (share of worlds), facts, facts_low, facts_high (share of the spread), stand_out.
        """
        made = []
        for row in self.of(metric or self.primary).to_dict("records"):
            found = self.spread(row["metric"], row["curve"], row["policy"])
            if found is not None:
                share = found.facts or Estimate(math.nan)
                made.append((row["policy"], row["curve"], row["ratio"], found.low, found.high, found.holds,
                             found.worlds, found.lower.value, share.value, share.low, share.high,
                             ", ".join(found.outstanding)))
        return pd.DataFrame(made, columns=["policy", "curve", "ratio", "low", "high", "holds", "worlds", "lower",
                                           "facts", "facts_low", "facts_high", "stand_out"])  # fmt: skip

    def band_words(self, metric: str | None = None) -> list[str]:
        """State for each policy with contested readings, in one sentence, whether the reading changes the result."""
        said = []
        for row in self.bands(metric).to_dict("records"):
            if row["readings"] < 2:
                continue
            least, most = row["ratio_least"], row["ratio_most"]
            verdict = "every reading points the same way"
            if least < 1 <= most:
                verdict = "the reading decides whether it helps"
            elif abs(most - least) < 0.01:
                verdict = "the readings do not differ in this"
            band = " to ".join(f"{'−' if end < 1 else '+'}{stats.percent(abs(1 - end))} %" for end in (least, most))
            said.append(f"{self._title(row['policy'])}, over its {row['readings']} readings and both curves: {band}; "
                        f"{verdict}.")
        return said

    def _title(self, policy: str) -> str:
        """Title of an arm, or of a policy whose readings are arms, without the reading."""
        if policy in self.titles or not (readings := [one for one in self.titles if one.startswith(f"{policy}:")]):
            return self.titles.get(policy, policy)
        return self.titles[readings[0]].rpartition(" (")[0]

    def words(self) -> list[str]:
        """Describe the primary metric under each policy; one sentence for both curves if they agree."""
        said: dict[str, dict[str, list[str]]] = {}
        for row in self.of(self.primary).to_dict("records"):
            if row["policy"] != self.baseline:
                said.setdefault(row["policy"], {}).setdefault(self.sentence(row), []).append(row["curve"])
        return [f"{self._title(policy)}{_on_curves(curves)}: {sentence}."
                for policy, sentences in said.items() for sentence, curves in sentences.items()]  # fmt: skip

    def sentence(self, row: Mapping[Any, Any]) -> str:
        """Describe one row in a sentence, with its note."""
        if row["policy"] == self.baseline:
            return "baseline" + (f" ({row['note']})" if row["note"] else "")
        title = self.declared[row["metric"]].title
        if row["note"].startswith(UNSEEN):
            return f"{title}: {row['note']}"
        known = self.spread(row["metric"], row["curve"], row["policy"]) if row["metric"] == self.primary else None
        ratio, low, high = row["ratio"], row["ratio_low"], row["ratio_high"]
        if math.isnan(ratio):
            return f"{title}: {row['note'] or 'the baseline is 0, so there is no ratio'}"
        said = stats.change_in_words(title, Estimate(ratio) if math.isnan(low) else Estimate(ratio, low, high))
        if known is not None:
            said += f" at the best guesses, by chance alone; {known.words()}"
        return said + (f"; {row['note']}" if row["note"] else "")

    def plot(self, metric: str | None = None, ax: Axes | None = None) -> Axes:
        """Forest plot of ratios with their intervals, one line per policy and curve, labelled with policy titles."""
        from privacysim.figures import forest

        rows, one = self.of(metric or self.primary), self.declared[metric or self.primary]
        return forest(rows[rows["policy"] != self.baseline], title=one.title, direction=one.direction,
                      baseline=self.baseline, titles=self.titles, ax=ax)  # fmt: skip


def _on_curves(curves: list[str]) -> str:
    if curves == [""]:
        return ""
    return " (both curves)" if len(curves) == 2 else f" ({curves[0]} curve)"
