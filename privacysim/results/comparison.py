"""Comparison of policies with a baseline, paired by replicate: ratio, difference, intervals and sentences.

An interval is printed only if it is reliable: enough replicates for the metric's skewness (known from pilots, not from
this sample) and at least 30 contributors. Otherwise a note gives the reason and what would help.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import stats
from privacysim.errors import refuse_unknown
from privacysim.metrics import METRICS, Metric
from privacysim.results.world_ranges import Spread, ratios, spread
from privacysim.stats import FEWEST_CONTRIBUTORS, FEWEST_REPLICATES, Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUMMARY = ["policy", "metric", "curve", "unit", "baseline", "n", "contributors", "mean", "ci_low", "ci_high", "ratio",
           "ratio_low", "ratio_high", "delta", "delta_low", "delta_high", "p_holm", "chance_lower", "chance_low",
           "chance_high", "note"]
_CURVES = ("", "low", "high")
_SHOWN = (("mean", "mean", "ci"), ("ratio", "ratio", "ratio"), ("difference", "delta", "delta"))
"""Name in a table, column of the value, and stem of its interval's columns."""
Values = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]
"""Replicates in order, with their values and contributors."""
Notes = Mapping[tuple[str, str, str], list[str]]
"""(policy, metric, curve) → notes of the replicates without a value."""
Skewness = Mapping[tuple[str, str, str], float]
"""(policy, metric, curve) → skewness of the replicate value, from pilots."""


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
        …; these are NaN without an interval, and `note` says why. `text=True` is for reading: each number with its
        interval is one text, and a column `in words` is added. `metrics` selects and orders the metrics; by default
        the primary metric comes first, then the others as declared.
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
                + table.to_html(index=False, border=0))  # fmt: skip

    def pairing(self, metrics: list[str] | None = None) -> pd.DataFrame:
        """Variance reduction from pairing, measured for each metric.

        Columns: metric, curve, policy, n (replicates), the correlation of the arm's replicate values with the
        baseline's, and variance_ratio, Var(B − A) / (Var B + Var A), with its interval low to high. One row per metric,
        curve and arm for which both vary and differ in at least three replicates; otherwise no correlation is defined.
        """
        rows = []
        if self.metrics is not None:
            keys = ["metric", "curve", "policy"]
            wide = self.metrics.pivot_table(index="replicate", columns=keys, values="value", observed=True)
            wanted = [(name, curve, arm) for name in metrics or [self.primary] for curve in _CURVES
                      for arm in dict.fromkeys(self.rows["policy"]) if arm != self.baseline]  # fmt: skip
            for name, curve, arm in wanted:
                if not {(name, curve, arm), (name, curve, self.baseline)} <= set(wide.columns):
                    continue
                b, a = wide[[(name, curve, arm), (name, curve, self.baseline)]].dropna().to_numpy().T
                if len(b) < 3 or (b == a).all():
                    continue
                r, left = stats.correlation(b, a), stats.variance_ratio(b, a)
                if r is not None and left is not None:
                    rows.append((name, curve, arm, len(b), r, left.value, left.low, left.high))
        numbers = {"correlation": float, "variance_ratio": float, "low": float, "high": float}
        return pd.DataFrame(rows, columns=["metric", "curve", "policy", "n", *numbers]).astype(numbers)

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
        """What the ratio is over what is not known; None without worlds."""
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
            said.append(f"{row['policy']}, over its {row['readings']} readings and both curves: {band}; {verdict}.")
        return said

    def words(self) -> list[str]:
        """Describe the primary metric under each policy, by its id; one sentence for both curves if they agree."""
        said: dict[str, dict[str, list[str]]] = {}
        for row in self.of(self.primary).to_dict("records"):
            if row["policy"] != self.baseline:
                said.setdefault(row["policy"], {}).setdefault(self.sentence(row), []).append(row["curve"])
        return [f"{policy}{_on_curves(curves)}: {sentence}."
                for policy, sentences in said.items() for sentence, curves in sentences.items()]  # fmt: skip

    def sentence(self, row: Mapping[Any, Any]) -> str:
        """Describe one row in a sentence, with its note."""
        if row["policy"] == self.baseline:
            return "baseline" + (f" ({row['note']})" if row["note"] else "")
        title = self.declared[row["metric"]].title
        if row["note"].startswith(("identical", "0 in all")):
            return f"{title}: {row['note']}"
        known = self.spread(row["metric"], row["curve"], row["policy"]) if row["metric"] == self.primary else None
        ratio, low, high = row["ratio"], row["ratio_low"], row["ratio_high"]
        if math.isnan(ratio):
            return f"{title}: {row['note'] or 'the baseline is 0, so there is no ratio'}"
        # p for the words if Holm gave none: 0 if the interval excludes "no change", else 1
        p = float(low <= 1.0 <= high) if math.isnan(row["p_holm"]) else row["p_holm"]
        said = stats.change_in_words(title, Estimate(ratio) if math.isnan(low) else Estimate(ratio, low, high), p)
        if known is not None:
            said += f" at the best guesses, by chance alone; {known.words()}"
        return said + (f"; {row['note']}" if row["note"] else "")

    def plot(self, metric: str | None = None, ax: Axes | None = None) -> Axes:
        """Forest plot of ratios with their intervals, one line per policy and curve, labelled with policy titles."""
        from privacysim.figures import forest

        rows, one = self.of(metric or self.primary), self.declared[metric or self.primary]
        return forest(rows[rows["policy"] != self.baseline], title=one.title, direction=one.direction,
                      baseline=self.baseline, titles=self.titles, ax=ax)  # fmt: skip


@np.errstate(**stats.NUMPY_DEFAULTS)
def compare(metrics: pd.DataFrame, notes: pd.DataFrame, skewness: Skewness, arms: list[str], baseline: str,
            primary: str, replicates: int, sample_all: bool, declared: Mapping[str, Metric] = METRICS) -> pd.DataFrame:
    """Compute the rows of summary.csv; missing values are NaN (empty in the file) and the note says why."""
    rows: list[dict[str, Any]] = []
    replicate, value, contributors = (metrics[name].to_numpy() for name in ("replicate", "value", "contributors"))
    places = metrics.groupby(["metric", "curve", "policy"], observed=True).indices
    by_key = {key: (replicate[at], value[at], contributors[at])
              for key, at in cast("dict[tuple[str, str, str], NDArray[np.int64]]", places).items()}  # fmt: skip
    noted: dict[tuple[str, str, str], list[str]] = {}
    for policy, name, curve, text in notes[["policy", "metric", "curve", "note"]].itertuples(index=False):
        noted.setdefault((policy, name, curve), []).append(str(text))
    for name, one in declared.items():
        curves = {curve for metric, curve, _ in by_key if metric == name}
        for curve in sorted(curves or {curve for _, metric, curve in noted if metric == name}, key=_CURVES.index):
            base = by_key.get((name, curve, baseline))
            family = [_row(one, curve, arm, baseline, by_key.get((name, curve, arm)), base, skewness, noted, replicates,
                           sample_all) for arm in arms]  # fmt: skip
            tested = [row for row in family if row["_p"] is not None] if name == primary else []
            for row, adjusted in zip(tested, stats.holm([row["_p"] for row in tested]), strict=True):
                row["p_holm"] = adjusted
            rows += family
    return pd.DataFrame(rows, columns=SUMMARY)


def _row(one: Metric, curve: str, arm: str, baseline: str, mine: Values | None, base: Values | None,
         skewness: Skewness, noted: Notes, replicates: int, sample_all: bool) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(SUMMARY, math.nan)
    row |= {"policy": arm, "metric": one.name, "curve": curve, "unit": one.unit, "baseline": baseline, "n": 0,
            "contributors": 0, "note": "", "_p": None}  # fmt: skip
    said = [_undefined(noted.get((arm, one.name, curve), []), replicates)]
    if mine is None:
        row["note"] = said[0]
        return row
    values, contributors = mine[1], int(mine[2].min())
    gamma = skewness.get((arm, one.name, curve))
    row |= {"n": len(values), "contributors": contributors}
    why = _why_no_interval(one, len(values), contributors, gamma, sample_all, zero=not values.any())
    _put(row, "mean", "ci", stats.mean(values), not why and bool(values.any()))
    if arm != baseline and base is not None:
        why = _against(row, one, mine, base, why, gamma, skewness.get((baseline, one.name, curve)), sample_all)
    row["note"] = "; ".join(text for text in (*said, why) if text)
    return row


def _against(row: dict[str, Any], one: Metric, mine: Values, base: Values, why: str,
             gamma: float | None, base_gamma: float | None, sample_all: bool) -> str:
    """Fill in ratio, difference and chance; returns the note."""
    both, here, there = np.intersect1d(mine[0], base[0], assume_unique=True, return_indices=True)
    if both.size == 0:
        return "no replicate has a value for both"
    b, a = mine[1][here], base[1][there]
    known = [one for one, values in ((gamma, b), (base_gamma, a)) if values.any()]  # all zeros have no skewness
    gammas = None if None in known else max((one for one in known if one is not None), default=0.0)
    fewest = [int(rows[2][at].min()) for rows, at in ((mine, here), (base, there)) if rows[1][at].any()]
    nothing = not b.any() and not a.any()
    why = why or _why_no_interval(one, len(both), min(fewest, default=0), gammas, sample_all, zero=nothing)
    chance = stats.wilson(int((b < a).sum()), len(both))
    row |= {"chance_lower": chance.value, "chance_low": chance.low, "chance_high": chance.high}
    ratio, delta = stats.paired_ratio(b, a), stats.paired_difference(b, a)
    if (a == b).all():
        if ratio is not None:
            row["ratio"] = 1.0
        row["delta"] = 0.0
        return f"identical in all {len(both)} replicates" if len(both) > 1 else "identical in the one replicate"
    _put(row, "delta", "delta", delta, not why)
    if not b.any():
        row["ratio"] = 0.0
        return f"0 in all {len(both)} replicates" if len(both) > 1 else "0 in the one replicate"
    if ratio is not None:
        _put(row, "ratio", "ratio", ratio, not why)
        row["_p"] = ratio.p if not why else None
    return why


def _why_no_interval(one: Metric, n: int, contributors: int, gamma: float | None, sample_all: bool, zero: bool) -> str:
    """Reason why no interval is printed; empty if it is reliable."""
    if zero:
        return ""
    if contributors < FEWEST_CONTRIBUTORS:
        if one.of in ("people", "viewed") and not sample_all:
            return f"too few in the sample ({contributors}): use --sample all"
        return f"too few: {contributors} contributors"
    if n < FEWEST_REPLICATES:
        return f"R too small for this metric; it needs R = {FEWEST_REPLICATES} or more"
    if gamma is None:
        return "no interval: the skewness of this metric is not known"
    needed = stats.replicates_needed(gamma)
    return f"R too small for this metric; it needs R = {needed}" if n < needed else ""


def _undefined(texts: list[str], replicates: int) -> str:
    if not texts:
        return ""
    return texts[0] if len(texts) == replicates else f"{texts[0]} in {len(texts)} of {replicates} replicates"


def _put(row: dict[str, Any], value: str, ends: str, found: Estimate, interval: bool) -> None:
    row[value] = found.value
    if interval and found.low is not None:
        row[f"{ends}_low"], row[f"{ends}_high"] = found.low, found.high


def _on_curves(curves: list[str]) -> str:
    if curves == [""]:
        return ""
    return " (both curves)" if len(curves) == 2 else f" ({curves[0]} curve)"
