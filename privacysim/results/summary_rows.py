"""Rows of summary.csv: each metric under each policy, its ratio and difference to a baseline, and their intervals.

An interval is printed only if it is reliable: enough replicates for the skewness of what is compared (known from
pilots, not from this sample) and at least 30 effective contributors. Otherwise a note gives the reason and what would
help. The ratios of the study's declared measures have simultaneous intervals: all of them on a curve hold together in
95 % of studies (`stats.simultaneous`). All others hold individually.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import stats
from privacysim.metrics import METRICS, Metric
from privacysim.simulation.unit_tables import equal_events
from privacysim.stats import FEWEST_CONTRIBUTORS, FEWEST_REPLICATES, Estimate
from privacysim.vocabulary import CURVES

SUMMARY = ["policy", "metric", "curve", "unit", "baseline", "n", "contributors", "mean", "ci_low", "ci_high", "ratio",
           "ratio_low", "ratio_high", "delta", "delta_low", "delta_high", "chance_lower", "chance_low", "chance_high",
           "note"]
"""Columns of summary.csv."""
_CURVES = ("", "low", "high")
SAME, NONE = "no difference seen", "not seen"
"""Beginnings of notes on rows in which every replicate is equal to the baseline's, or is 0."""
UNSEEN = (SAME, NONE)
Values = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]
"""Replicates in order, with their values and contributors."""
Notes = Mapping[tuple[str, str, str], list[str]]
"""(policy, metric, curve) → notes of the replicates without a value."""
Skewness = Mapping[tuple[str, str, str], float]
"""(policy, metric, curve) → skewness of the replicate value, from pilots; for comparisons the policy is `ratio_of` or
`difference_of` two of them."""


def ratio_of(arm: str, other: str) -> str:
    """Name of the skewness that an interval of the ratio of two arms follows."""
    return f"{arm} / {other}"


def difference_of(arm: str, other: str) -> str:
    """Name of the skewness that an interval of the difference of two arms follows."""
    return f"{arm} − {other}"


@np.errstate(**stats.NUMPY_DEFAULTS)
def compare(metrics: pd.DataFrame, notes: pd.DataFrame, skewness: Skewness, arms: list[str], baseline: str,
            measures: Sequence[str], replicates: int, sample_all: bool,
            declared: Mapping[str, Metric] = METRICS) -> pd.DataFrame:
    """Compute the rows of summary.csv; missing values are NaN (empty in the file) and the note says why.

    The ratios of `measures` get simultaneous intervals.
    """
    replicate, value, contributors = (metrics[name].to_numpy() for name in ("replicate", "value", "contributors"))
    places = metrics.groupby(["metric", "curve", "policy"], observed=True).indices
    by_key = {key: (replicate[at], value[at], contributors[at])
              for key, at in cast("dict[tuple[str, str, str], NDArray[np.int64]]", places).items()}  # fmt: skip
    noted: dict[tuple[str, str, str], list[str]] = {}
    for policy, name, curve, text in notes[["policy", "metric", "curve", "note"]].itertuples(index=False):
        noted.setdefault((policy, name, curve), []).append(str(text))
    how = _Rules(baseline, skewness, noted, replicates, sample_all, _critical(by_key, measures, arms, baseline))
    rows: list[dict[str, Any]] = []
    for name, one in declared.items():
        curves = {curve for metric, curve, _ in by_key if metric == name}
        for curve in sorted(curves or {curve for _, metric, curve in noted if metric == name}, key=_CURVES.index):
            base = by_key.get((name, curve, baseline))
            critical = how.critical[curve] if name in measures else None
            rows += [_row(one, curve, arm, by_key.get((name, curve, arm)), base, how, critical) for arm in arms]
    return pd.DataFrame(rows, columns=SUMMARY)


class _Rules(NamedTuple):
    """Inputs that decide on an interval; `critical`: the value of the measures' simultaneous intervals, by curve."""

    baseline: str
    skewness: Skewness
    noted: Notes
    replicates: int
    sample_all: bool
    critical: Mapping[str, float | None]


def _critical(by_key: Mapping[tuple[str, str, str], Values], measures: Sequence[str], arms: Sequence[str],
              baseline: str) -> dict[str, float | None]:
    """Critical value of all ratios of the measures on a curve together; those without curve go with the low one."""
    found: dict[str, float | None] = {}
    for curve in CURVES:
        columns = []
        for name, of, arm in ((name, of, arm) for name in measures for of in ("", curve) for arm in arms):
            mine, base = by_key.get((name, of, arm)), by_key.get((name, of, baseline))
            if arm != baseline and mine is not None and base is not None and mine[0].tolist() == base[0].tolist():
                columns.append(stats.ratios_without(mine[1], base[1]))
        tall = [one for one in columns if one is not None]
        size = max(map(len, tall), default=0)
        whole = [one for one in tall if len(one) == size]
        found[curve] = stats.simultaneous(np.column_stack(whole)) if size > 1 else None
    return {"": found["low"], **found}


def _row(one: Metric, curve: str, arm: str, mine: Values | None, base: Values | None, how: _Rules,
         critical: float | None) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(SUMMARY, math.nan)
    row |= {"policy": arm, "metric": one.name, "curve": curve, "unit": one.unit, "baseline": how.baseline, "n": 0,
            "contributors": 0, "note": ""}  # fmt: skip
    said = [_undefined(how.noted.get((arm, one.name, curve), []), how.replicates)]
    if mine is None:
        row["note"] = said[0]
        return row
    values, contributors = mine[1], _effective(mine[1], mine[2])
    row |= {"n": len(values), "contributors": contributors}
    few = _too_few(one, len(values), contributors, how.sample_all) if values.any() else ""
    why = few or (_too_skewed(len(values), how.skewness.get((arm, one.name, curve))) if values.any() else "")
    _put(row, "mean", "ci", stats.mean(values), not why and bool(values.any()))
    if arm != how.baseline and base is not None:
        why = _against(row, one, mine, base, how, critical)
    row["note"] = "; ".join(text for text in (*said, why) if text)
    return row


def _against(row: dict[str, Any], one: Metric, mine: Values, base: Values, how: _Rules, critical: float | None) -> str:
    """Fill in ratio, difference and chance; returns the note."""
    both, here, there = np.intersect1d(mine[0], base[0], assume_unique=True, return_indices=True)
    n = both.size
    if n == 0:
        return "no replicate has a value for both"
    b, a = mine[1][here], base[1][there]
    fewest = [_effective(rows[1][at], rows[2][at]) for rows, at in ((mine, here), (base, there)) if rows[1][at].any()]
    chance = stats.wilson(int((b < a).sum()), n)
    row |= {"chance_lower": chance.value, "chance_low": chance.low, "chance_high": chance.high}
    if (a == b).all():
        row["ratio"], row["delta"] = 1.0 if a.any() else math.nan, 0.0
        equal = how.noted.get(("", "", ""), []).count(equal_events(row["policy"], how.baseline))
        if equal >= how.replicates:
            return f"{SAME}: requests, acts and incidents are equal byte for byte in every replicate"
        return f"{SAME} in {_at_most(n)}"
    why = _too_few(one, n, min(fewest, default=0), how.sample_all)
    key = (one.name, row["curve"])
    gammas = [how.skewness.get((of(row["policy"], how.baseline), *key)) for of in (difference_of, ratio_of)]
    reasons = [why or _too_skewed(n, gamma) for gamma in gammas]
    delta = stats.paired_difference(b, a, skewness=gammas[0] or 0.0)
    _put(row, "delta", "delta", delta, not reasons[0])
    if not b.any():
        row["ratio"] = 0.0
        return f"{NONE} in {_at_most(n)}"
    ratio = stats.paired_ratio(b, a, skewness=gammas[1] or 0.0, critical=critical)
    if ratio is None:
        return reasons[0]
    _put(row, "ratio", "ratio", ratio, not reasons[1])
    return reasons[1] or (f"the difference has no interval: {reasons[0]}" if reasons[0] else "")


def _at_most(n: int) -> str:
    """How many replicates were compared, and in what share of further ones it may differ: 1 − 0.05^(1/n).

    >>> _at_most(10), _at_most(1)
    ('10 replicates (in at most 26 % of others)', 'the one replicate')
    """
    share = stats.percent(1.0 - (1.0 - stats.LEVEL) ** (1.0 / n))
    return f"{n} replicates (in at most {share} % of others)" if n > 1 else "the one replicate"


def _effective(values: NDArray[np.float64], contributors: NDArray[np.int64]) -> int:
    """Effective contributors over all replicates: each brings v from e of them, so the squares are Σ v²/e."""
    some = contributors > 0
    return round(stats.effective(float(values[some].sum()), float((values[some] ** 2 / contributors[some]).sum())))


def _too_few(one: Metric, n: int, contributors: int, sample_all: bool) -> str:
    """Reason in numbers of contributors or replicates why no interval is printed; empty if there are enough."""
    if contributors < FEWEST_CONTRIBUTORS:
        if one.of in ("people", "viewed") and not sample_all:
            return f"too few in the sample ({contributors}): use --sample all"
        return f"too few: {contributors} contributors"
    return f"R too small for this metric; it needs R = {FEWEST_REPLICATES} or more" if n < FEWEST_REPLICATES else ""


def _too_skewed(n: int, gamma: float | None) -> str:
    """Reason in the skewness why no interval is printed; empty if it is reliable."""
    if gamma is None:
        return "no interval: the pilot had no event that tells how skewed this is"
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
