"""Figures of what a change does: differences with a zero line, the tornado of the facts, the frontier of outcomes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from privacysim.figures.figure_words import say
from privacysim.figures.style import COLOURS, FAINT, GRID, INK, OKABE, axes, house_style, labels_above


def deltas(
    rows: pd.DataFrame, *, title: str, unit: str, direction: str, baseline: str,
    titles: Mapping[str, str] | None = None, ax: Axes | None = None, lang: str = "en",
) -> Axes:
    """Differences to the baseline in the metric's unit, with 95 % intervals, a zero line and the better side shaded.

    `rows` has policy, curve, delta, delta_low, delta_high, note (as `Comparison.rows`). A hollow mark has no interval.
    `titles` names the arms; an id stands where there is none.
    """
    shown = rows[rows["delta"].notna()]
    policies, curves = list(dict.fromkeys(shown["policy"])), list(dict.fromkeys(shown["curve"]))
    with house_style(lang):
        ax = axes(ax, 7.2, 1.3 + 0.3 * max(len(shown), 1))
        ends = np.abs(shown[["delta", "delta_low", "delta_high"]].to_numpy(dtype=float))
        reach = float(np.nanmax(ends, initial=0.0)) * 1.1 or 1.0
        if direction in ("lower", "higher"):
            side = (-reach, 0) if direction == "lower" else (0, reach)
            ax.axvspan(*side, color="#009E73", alpha=0.07, linewidth=0)
            arrow = f"← {say('better', lang)}" if direction == "lower" else f"{say('better', lang)} →"
            ax.annotate(arrow, (0.02 if direction == "lower" else 0.98, 1.0), (0, 3), xycoords="axes fraction",
                        textcoords="offset points", ha="left" if direction == "lower" else "right", va="bottom",
                        color=FAINT, fontsize=8.5)  # fmt: skip
        ax.axvline(0.0, color=INK, linewidth=0.9)
        for row in shown.to_dict("records"):
            y = policies.index(row["policy"]) + 0.36 * (curves.index(row["curve"]) - (len(curves) - 1) / 2)
            colour, bare = COLOURS.get(row["curve"], INK), math.isnan(row["delta_low"])
            if not bare:
                ax.plot([row["delta_low"], row["delta_high"]], [y, y], color=colour, linewidth=1.8)
            ax.plot([row["delta"]], [y], "o", color=colour, markerfacecolor="white" if bare else colour, markersize=5)
            text = f"{row['delta']:+,.3g}" if not bare else f"{row['delta']:+,.3g}  {say('no interval', lang)}"
            ax.annotate(text, (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=7.5, color=colour)
        ax.set_yticks(range(len(policies)), [(titles or {}).get(policy, policy) for policy in policies])
        ax.set(ylim=(len(policies) - 0.4, -0.6), xlim=(-reach, reach))
        ax.grid(axis="x", color=GRID, linewidth=0.5)
        ax.tick_params(axis="y", length=0)
        name = (titles or {}).get(baseline, baseline)
        ax.set_xlabel(f"{say('difference to {}', lang).format(name)}, {unit}")
        ax.set_title(title[:1].upper() + title[1:], pad=18)
        return ax


def tornado(
    rows: pd.DataFrame, *, title: str, unit: str, central: float, most: int = 12, ax: Axes | None = None,
    lang: str = "en",
) -> Axes:
    """How far each fact, moved to the ends of its range, moves one outcome; the widest first.

    `rows` has fact, low, high: the outcome with the fact at its low and at its high end, all else at its value;
    `central` is the outcome with every fact at its value. Facts beyond the `most` widest are counted in words.
    """
    width = (rows[["low", "high"]].max(axis=1) - rows[["low", "high"]].min(axis=1)).rename("width")
    shown = rows.assign(width=width).sort_values("width", ascending=False, kind="stable").head(most)
    with house_style(lang):
        ax = axes(ax, 7.2, 1.4 + 0.3 * max(len(shown), 1))
        for y, row in enumerate(shown.to_dict("records")):
            ends = sorted((("low", OKABE[0]), ("high", OKABE[1])), key=lambda end: -abs(row[end[0]] - central))
            one_side = (row["low"] - central) * (row["high"] - central) >= 0
            for n, (end, colour) in enumerate(ends):
                inner = one_side and n == 1  # both ends on one side: the nearer one is thin, its number across the line
                ax.barh(y, row[end] - central, left=central, color=colour, height=0.28 if inner else 0.62,
                        alpha=1.0 if inner else 0.85)  # fmt: skip
                right = (row[ends[0][0]] >= central) != inner if one_side else row[end] >= central
                ax.annotate(f"{row[end]:,.3g}", (central if inner else row[end], y), (3 if right else -3, 0),
                            textcoords="offset points", ha="left" if right else "right", va="center", fontsize=7.5,
                            color=colour)  # fmt: skip
        ax.axvline(central, color=INK, linewidth=0.9)
        labels_above(ax, [(say("low end", lang), OKABE[0]), (say("high end", lang), OKABE[1])])
        ax.set_yticks(range(len(shown)), [str(fact).replace("_", " ") for fact in shown["fact"]])
        ax.set_ylim(len(shown) - 0.4, -0.6)
        ax.margins(x=0.12)
        ax.grid(axis="x", color=GRID, linewidth=0.5)
        ax.tick_params(axis="y", length=0)
        rest = len(rows) - len(shown)
        ax.set_xlabel(unit + (f"  ({rest} narrower facts not shown)" if rest else ""))
        ax.set_title(title, pad=18)
        return ax


def frontier(
    rows: pd.DataFrame, *, x_label: str, y_label: str, x_better: str = "lower", y_better: str = "higher",
    title: str = "What cannot be had at once", ax: Axes | None = None, lang: str = "en",
) -> Axes:
    """Arms by two outcomes; those that no other arm beats in both are joined: choosing among them is a value judgement.

    `rows` has policy, x, y and, where there are any, x_low, x_high, y_low, y_high (95 % intervals). `x_better` and
    `y_better` say which way is better.
    """
    best = efficient(rows, x_better, y_better)
    with house_style(lang):
        ax = axes(ax, 6.6, 4.6)
        edge = rows[best].sort_values("x")
        ax.plot(edge["x"], edge["y"], color=FAINT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        for row, wins in zip(rows.to_dict("records"), best, strict=True):
            colour = OKABE[0] if wins else FAINT
            for axis in ("x", "y"):
                low, high = row.get(f"{axis}_low", math.nan), row.get(f"{axis}_high", math.nan)
                if not math.isnan(low):
                    span = ([low, high], [row["y"]] * 2) if axis == "x" else ([row["x"]] * 2, [low, high])
                    ax.plot(*span, color=colour, linewidth=1.2, zorder=2)
            ax.plot([row["x"]], [row["y"]], "o", color=colour, markerfacecolor=colour if wins else "white", zorder=3)
        ax.margins(x=0.18, y=0.16)
        whole = ax.get_figure(root=True)
        assert whole is not None
        whole.draw_without_rendering()  # so that the scales are known, and no name covers another
        taken: list[tuple[float, ...]] = []
        for row, wins in sorted(zip(rows.to_dict("records"), best, strict=True), key=lambda pair: not pair[1]):
            _name(ax, str(row["policy"]), (row["x"], row["y"]), INK if wins else FAINT, taken)
        ax.grid(color=GRID, linewidth=0.5)
        ax.set_xlabel(f"{x_label}  ({'←' if x_better == 'lower' else '→'} {say('better', lang)})")
        ax.set_ylabel(f"{y_label}  ({'↓' if y_better == 'lower' else '↑'} {say('better', lang)})")
        ax.set_title(title)
        return ax


_PLACES = [(side, 7 * step) for step in (1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6) for side in (1, -1)]
"""Where a name may stand: right or left of its point, and how many points of height above or below."""


def _name(ax: Axes, text: str, at: tuple[float, float], colour: str, taken: list[tuple[float, ...]]) -> None:
    """The point's name at the first place where it covers no other name; a thin line leads back from far places."""
    scale = ax.figure.dpi / 72
    x, y = ax.transData.transform(at) / scale
    width = 4.6 * len(text)
    for side, up in _PLACES:
        left = x + 6 if side > 0 else x - 6 - width
        box = (left, y + up - 5, left + width, y + up + 5)
        if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            break
    taken.append(box)
    line = {"arrowstyle": "-", "color": GRID, "linewidth": 0.8} if abs(up) > 7 else None
    ax.annotate(text, at, (6 * side, up), textcoords="offset points", fontsize=8, color=colour, va="center",
                ha="left" if side > 0 else "right", arrowprops=line)  # fmt: skip


def efficient(rows: pd.DataFrame, x_better: str, y_better: str) -> list[bool]:
    """Which arms no other arm beats: at least as good in both outcomes and better in one.

    >>> import pandas as pd
    >>> efficient(pd.DataFrame({"x": [1.0, 2.0, 2.0], "y": [1.0, 2.0, 1.0]}), "lower", "higher")
    [True, True, False]
    """
    x = rows["x"].to_numpy(dtype=float) * (-1 if x_better == "lower" else 1)
    y = rows["y"].to_numpy(dtype=float) * (-1 if y_better == "lower" else 1)
    return [not bool(np.any((x >= a) & (y >= b) & ((x > a) | (y > b)))) for a, b in zip(x, y, strict=True)]
