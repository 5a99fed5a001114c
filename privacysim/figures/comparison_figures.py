"""Figures of a comparison: ratios with their intervals, and who identifies people by what the rules call it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from privacysim.figures.figure_words import say
from privacysim.figures.style import COLOURS, FAINT, GRID, INK, arrow_note, axes, house_style, labels_above
from privacysim.vocabulary import LEGALITIES

_LOG_FROM = 3.0
"""Ratios above this need a logarithmic axis to stay readable."""


def forest(
    rows: pd.DataFrame, *, title: str, direction: str, baseline: str, titles: Mapping[str, str] | None = None,
    ax: Axes | None = None, lang: str = "en",
) -> Axes:
    """Ratios of means against the baseline, one line per policy and curve, with 95 % intervals where there are any.

    `rows` has policy, curve, ratio, ratio_low, ratio_high, note. A hollow mark has no interval; the label says why. A
    ratio of 0 has no place on a logarithmic axis and is drawn as an arrow at its left end. `titles` names the arms.
    """
    shown = rows[rows["ratio"].notna()]
    policies, curves = list(dict.fromkeys(shown["policy"])), list(dict.fromkeys(shown["curve"]))
    with house_style(lang):
        ax = axes(ax, 6.9, 1.2 + 0.27 * max(len(shown), 1))
        top = max([1.0, *shown["ratio"], *shown["ratio_high"].dropna()])
        logarithmic = top > _LOG_FROM
        left = 0.5 * min([1.0, *shown.loc[shown["ratio"] > 0, "ratio"]]) if logarithmic else 0.0
        ax.axvline(1.0, color=FAINT, linewidth=0.8)
        for row in shown.itertuples():
            beside = 0.36 * (curves.index(row.curve) - (len(curves) - 1) / 2)
            _line(ax, policies.index(row.policy) + beside, row, left, logarithmic)
        labels_above(ax, [(say(f"{curve} curve", lang), COLOURS[curve]) for curve in curves if curve])
        ax.set_yticks(range(len(policies)), [(titles or {}).get(policy, policy) for policy in policies])
        ax.set_ylim(len(policies) - 0.4, -0.6)
        if logarithmic:
            ax.set_xscale("log")
            ax.set_xlim(left * 0.8, top * 1.25)
            ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            ax.xaxis.set_minor_locator(NullLocator())
        else:
            ax.set_xlim(-0.02, top * 1.05)
        ax.grid(axis="x", color=GRID, linewidth=0.5)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(say("ratio to {}", lang).format((titles or {}).get(baseline, baseline)))
        ax.set_title(title[:1].upper() + title[1:], pad=18)
        arrow_note(ax, direction, lang)
        return ax


def _line(ax: Axes, y: float, row: object, left: float, logarithmic: bool) -> None:
    ratio, low, high = float(row.ratio), float(row.ratio_low), float(row.ratio_high)  # type: ignore[attr-defined]
    colour = COLOURS.get(str(row.curve), INK)  # type: ignore[attr-defined]
    bare = math.isnan(low)
    if not bare:
        ax.plot([max(low, left), high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
    off_scale = logarithmic and ratio < left
    mark = "<" if off_scale else "o"
    ax.plot([max(ratio, left)], [y], mark, color=colour, markersize=5, markerfacecolor="white" if bare else colour)
    text = f"{ratio:.2f}" if bare else f"{ratio:.2f} [{low:.2f}, {high:.2f}]"
    if bare and row.note:  # type: ignore[attr-defined]
        text = f"{text}  {str(row.note).split(';')[0]}"  # type: ignore[attr-defined]
    where = ("axes fraction", "data")
    ax.annotate(text, (1.01, y), xycoords=where, va="center", fontsize=7.5, color=colour)


def people_by_legality(rows: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """People identified per policy, by what the policy's camera rules call the act: a dot plot on a logarithmic axis.

    `rows` has policy, legality, low, high: expected people on the two branches of the identification curve. The
    classes are not added up: one person may be identified in several. A value of 0 has no dot.
    """
    policies = list(dict.fromkeys(rows["policy"]))
    with house_style():
        ax = axes(ax, 6.9, 1.2 + 0.5 * len(policies))
        for row in rows.itertuples():
            y = policies.index(row.policy) + 0.22 * (LEGALITIES.index(str(row.legality)) - 1)
            low, high = float(row.low), float(row.high)  # type: ignore[arg-type]
            if high <= 0:
                continue
            colour = COLOURS[str(row.legality)]
            ax.plot([low if low > 0 else high, high], [y, y], color=colour, linewidth=2.2, solid_capstyle="round")
            ax.plot([low] if low > 0 else [high], [y], "o", color=colour, markersize=4.5)
        labels_above(ax, [(legality, COLOURS[legality]) for legality in LEGALITIES])
        ax.set_xscale("log")
        if not (rows["high"] > 0).any():
            ax.set_xlim(1, 10)
        ax.set_yticks(range(len(policies)), policies)
        ax.set_ylim(len(policies) - 0.5, -0.6)
        ax.grid(axis="x", color=GRID, linewidth=0.5)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel("people identified at least once (dot: low curve; line: up to the high curve)")
        ax.set_title("Who is identified, by what the rules call the viewing", pad=16)
        return ax
