"""Figures of a comparison: ratios and differences with intervals, and people by legality."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from privacysim.figures import style
from privacysim.figures.style import COLOURS, FAINT, INK, OKABE, in_house_style
from privacysim.stats import short
from privacysim.vocabulary import LEGALITIES

_LOG_FROM = 3.0
"""Ratios above this need a logarithmic axis to stay readable."""


@in_house_style
def forest(rows: pd.DataFrame, *, title: str, direction: str, baseline: str, titles: Mapping[str, str] | None = None,
           ax: Axes | None = None) -> Axes:
    """Forest plot of ratios of means to the baseline, one line per policy and curve, with 95 % intervals where
    reliable.

    `rows` has policy, curve, ratio, ratio_low, ratio_high, note. A hollow mark has no interval; the label says why.
    On a logarithmic axis, a ratio of 0 is drawn as an arrow at the left end. `titles` names the arms.
    """
    shown = rows[rows["ratio"].notna()]
    ax = style.axes(ax, 6.9, 1.2 + 0.27 * max(len(shown), 1))
    ends = shown[["ratio", "ratio_low", "ratio_high"]].to_numpy(dtype=float)
    top = float(np.nanmax(ends, initial=0.0))
    log = top > _LOG_FROM
    left = 0.5 * min(1.0, float(np.nanmin(np.where(ends > 0, ends, np.nan), initial=1.0))) if log else 0.0
    ax.axvline(1.0, color=FAINT, linewidth=0.8)
    for row, y, colour in _lines(ax, shown, title, titles):
        ratio, low, high = float(row["ratio"]), float(row["ratio_low"]), float(row["ratio_high"])
        mark = "<" if log and ratio < left else "o"
        style.estimate(ax, y, max(ratio, left), np.maximum(low, left), high, colour, mark)
        why = f"  {row['note'].split(';')[0]}" if row["note"] else ""
        style.beside(ax, y, short(ratio) + (why if math.isnan(low) else f" [{short(low)}, {short(high)}]"), colour)
    if log:
        style.log_axis(ax, wide=top > 1_000 * left)
    ax.set_xlim((left * 0.8, top * 1.3) if log else (-0.02, max(1.0, top) * 1.05))
    ax.set_xlabel(style.better(f"ratio to {_name(baseline, titles)}", direction))
    return ax


@in_house_style
def deltas(rows: pd.DataFrame, *, title: str, unit: str, direction: str, baseline: str,
           titles: Mapping[str, str] | None = None, ax: Axes | None = None) -> Axes:
    """Differences from the baseline in the metric's unit, with 95 % intervals, a zero line and the better side shaded.

    `rows` has policy, curve, delta, delta_low, delta_high, note (as `Comparison.rows`). A hollow mark has no interval.
    `titles` names the arms; an arm without a title is labelled with its id.
    """
    shown = rows[rows["delta"].notna()]
    ax = style.axes(ax, 7.2, 1.3 + 0.3 * max(len(shown), 1))
    reach = float(np.nanmax(shown[["delta", "delta_low", "delta_high"]].abs().to_numpy(dtype=float), initial=0.0))
    reach = 1.1 * reach or 1.0
    if direction in ("lower", "higher"):
        ax.axvspan(*((-reach, 0) if direction == "lower" else (0, reach)), color=OKABE[2], alpha=0.07, linewidth=0)
    ax.axvline(0.0, color=INK, linewidth=0.9)
    for row, y, colour in _lines(ax, shown, title, titles):
        style.estimate(ax, y, row["delta"], row["delta_low"], row["delta_high"], colour)
        bare = "  no interval" if math.isnan(row["delta_low"]) else ""
        style.beside(ax, y, f"{'+' if row['delta'] > 0 else ''}{short(row['delta'])}{bare}", colour)
    ax.set_xlim(-reach, reach)
    ax.set_xlabel(style.better(f"difference to {_name(baseline, titles)}, {unit}", direction))
    return ax


def _name(arm: str, titles: Mapping[str, str] | None) -> str:
    return (titles or {}).get(arm, arm).replace("\n", " ")


def _lines(ax: Axes, rows: pd.DataFrame, title: str,
           titles: Mapping[str, str] | None) -> Iterator[tuple[Mapping[Any, Any], float, str]]:
    """Yield each row with its height and colour: policies from the top down, curves close together."""
    policies, curves = list(dict.fromkeys(rows["policy"])), list(dict.fromkeys(rows["curve"]))
    style.named_rows(ax, [(titles or {}).get(policy, policy) for policy in policies], above=0.6, below=0.6)
    words = [(f"{curve} curve", COLOURS[curve]) for curve in curves if curve]
    style.labels_above(ax, words, title[:1].upper() + title[1:])
    for row in rows.to_dict("records"):
        apart = 0.36 * (curves.index(row["curve"]) - (len(curves) - 1) / 2)
        yield row, policies.index(row["policy"]) + apart, COLOURS.get(row["curve"], INK)


@in_house_style
def variants(rows: pd.DataFrame, by: Sequence[str], *, title: str, against: str, ax: Axes | None = None) -> Axes:
    """Ratio of variants of a policy to the unchanged one: a band over a numeric lever, else one row for each.

    `rows` has the columns `by`, and ratio, ratio_low, ratio_high. A band is the 95 % interval; variants without one
    have a line alone, or a hollow mark. Further levers are lines in different colours, labelled at their ends.
    """
    title = title[:1].upper() + title[1:]
    if not pd.api.types.is_numeric_dtype(rows[by[0]]) or rows[by[0]].nunique() < 2:
        ax = style.axes(ax, 6.9, 1.2 + 0.27 * len(rows))
        for y, row in enumerate(rows.to_dict("records")):
            style.estimate(ax, y, row["ratio"], row["ratio_low"], row["ratio_high"], INK)
            style.beside(ax, y, short(row["ratio"]), INK)
        style.named_rows(ax, [", ".join(map(str, names)) for names in rows[list(by)].to_numpy()])
        ax.axvline(1.0, color=FAINT, linewidth=0.8)
        ax.set(xlabel=f"ratio to {against}", title=title)
        return ax
    ax = style.axes(ax, 6.2, 3.6)
    for n, (name, some) in enumerate(rows.groupby(list(by[1:]), sort=False) if by[1:] else [((), rows)]):
        some, colour = some.sort_values(by[0]), OKABE[n % len(OKABE)]
        ax.fill_between(some[by[0]], some["ratio_low"], some["ratio_high"], color=colour, alpha=0.18, linewidth=0)
        for x, low, high in some[[by[0], "ratio_low", "ratio_high"]].to_numpy(dtype=float):  # also beside gaps
            ax.plot([x, x], [low, high], color=colour, linewidth=0.9, alpha=0.5)
        ax.plot(some[by[0]], some["ratio"], "o-", color=colour, linewidth=1.6, markersize=4)
        last = some.iloc[-1]
        style.note(ax, ", ".join(map(str, name)), (last[by[0]], last["ratio"]), (6, 0), va="center", color=colour)
    ax.axhline(1.0, color=FAINT, linewidth=0.8)
    ax.set(xlabel="days kept" if by[0] == "retention" else by[0], ylabel=f"ratio to {against}",
           title=f"{title}, with 95 % intervals")  # fmt: skip
    return ax


@in_house_style
def people_by_legality(rows: pd.DataFrame, *, titles: Mapping[str, str] | None = None,
                       title: str = "People identified, by what the camera rules call the viewing",
                       ax: Axes | None = None) -> Axes:
    """People identified per policy and legality of the act under its camera rules: dot plot on a logarithmic axis.

    `rows` has policy, legality, low, high: expected people on the two branches of the identification curve (dot: low,
    line: up to high). Classes do not sum to a total, because one person may be identified in several. A 0 has no dot.
    """
    policies, some = list(dict.fromkeys(titles or rows["policy"])), rows[rows["high"] > 0]
    ax = style.axes(ax, 6.9, 1.2 + 0.5 * len(policies))
    for row in some.to_dict("records"):
        y = policies.index(row["policy"]) + 0.22 * (LEGALITIES.index(str(row["legality"])) - 1)
        low, colour = row["low"] if row["low"] > 0 else row["high"], COLOURS[str(row["legality"])]
        ax.plot([low, row["high"]], [y, y], color=colour, linewidth=2.2, solid_capstyle="round")
        ax.plot([low], [y], "o", color=colour, markersize=4.5)
    style.labels_above(ax, [(legality, COLOURS[legality]) for legality in LEGALITIES], title)
    style.named_rows(ax, [(titles or {}).get(policy, policy) for policy in policies], above=0.6)
    ends = some[["low", "high"]].to_numpy(dtype=float)
    style.log_axis(ax, wide=bool((ends[ends > 0].min(initial=np.inf) * 30 < ends).any()))
    ax.xaxis.set_major_formatter(lambda value, _: short(value))
    if some.empty:
        ax.set_xlim(1, 10)
    ax.set_xlabel("people identified at least once")
    return ax
