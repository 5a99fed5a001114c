"""Bar figures of counts and rates: cameras listed by mechanism, held-out cities, and the benchmark's ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from privacysim.figures.style import (
    COLOURS,
    FAINT,
    GRID,
    INK,
    OKABE,
    RED,
    arrow_note,
    axes,
    beside,
    in_house_style,
    labels_above,
    log_axis,
    named_rows,
)
from privacysim.vocabulary import MECHANISMS

Rows = Sequence[Mapping[str, Any]]


@in_house_style
def mechanism_bars(rows: pd.DataFrame, *, datum: float | None = None, ax: Axes | None = None) -> Axes:
    """Cameras listed per policy, stacked by mechanism. Mechanisms are disjoint, so the bars add up.

    `rows` has policy, mechanism, mean (cameras). `datum` adds a line at the reported count (185).
    """
    table = rows.pivot_table(index="policy", columns="mechanism", values="mean", aggfunc="sum", observed=True)
    table = table.reindex(index=rows["policy"].unique(), columns=list(MECHANISMS)).fillna(0.0)
    ax = axes(ax, 6.9, 1.3 + 0.42 * len(table))
    begin = np.zeros(len(table))
    for mechanism in MECHANISMS:
        width = table[mechanism].to_numpy()
        ax.barh(range(len(table)), width, left=begin, color=COLOURS[mechanism], height=0.62)
        begin = begin + width
    for y, whole in enumerate(begin):
        ax.annotate(f"{whole:.0f}", (whole, y), (4, 0), textcoords="offset points", va="center", color=INK,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0}, zorder=5)  # fmt: skip
    words = [(name.replace("_", " "), COLOURS[name]) for name in MECHANISMS]
    labels_above(ax, words[:2], size=8, up=14)
    labels_above(ax, words[2:], size=8)
    if datum is not None:
        ax.axvline(datum, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        ax.annotate(f"{datum:.0f} reported", (datum, len(table) - 0.5), (3, 2), textcoords="offset points",
                    fontsize=7.5, color=FAINT)  # fmt: skip
    named_rows(ax, list(table.index), above=0.6, below=0.6)
    ax.set_xlabel("cameras listed, mean over the study")
    ax.set_title("Cameras listed on the website, by the mechanism that exposed them", pad=30)
    arrow_note(ax, "lower")
    return ax


@in_house_style
def held_out(rows: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Camera counts of held-out cities against the range that the calibrated constants predict; misses in red.

    `rows` has city, observed (cameras counted), predicted, low, high (95 % band) and holds.
    """
    ax = axes(ax, 6.9, 1.2 + 0.34 * len(rows))
    for y, row in enumerate(rows.to_dict("records")):
        observed, predicted = float(row["observed"]), float(row["predicted"])
        colour = INK if row["holds"] else RED
        ax.plot([float(row["low"]), float(row["high"])], [y, y], color=GRID, linewidth=7, solid_capstyle="butt")
        ax.plot([predicted] * 2, [y - 0.16, y + 0.16], color=FAINT, linewidth=1.2)
        ax.plot([observed], [y], "o", color=colour, markersize=6)
        verdict = "within the band" if row["holds"] else f"miss: {observed / predicted:.1f} × the prediction"
        beside(ax, y, verdict, colour, size=8)
    named_rows(ax, [str(city).capitalize() for city in rows["city"]])
    ax.set_xlim(left=0)
    ax.set_xlabel("cameras listed (dot: counted by the press; grey: predicted, Poisson 95 % band)")
    ax.set_title("Cities that were held out: listed cameras, counted and predicted")
    return ax


@in_house_style
def speed_figure(rows: Rows, growth: Rows = ()) -> Figure:
    """Ratios to the references on a logarithmic axis with the goals as ticks; `growth` adds a second plot.

    `rows` are those of `bench()["rows"]`, `growth` those of `bench()["growth"]`.
    """
    high = max(1.1 + 0.42 * len(rows), 3.4 if growth else 2.0)
    figure, frames = plt.subplots(1, 2 if growth else 1, figsize=(9.4 if growth else 6.9, high), layout="constrained",
                                  width_ratios=[3, 2] if growth else [1], squeeze=False)  # fmt: skip
    _ratio_bars(rows, frames[0, 0])
    if growth:
        _growth_lines(growth, frames[0, 1])
    plt.close(figure)  # the caller shows or saves it; a notebook must not show it twice
    return figure


def _ratio_bars(rows: Rows, ax: Axes) -> None:
    """Draw one bar per comparison, with a tick at the goal."""
    ratios = np.array([row["ratio"] for row in rows])
    ax.barh(np.arange(len(rows)), ratios, height=0.55, color=COLOURS["authorised"])
    for n, row in enumerate(rows):
        if row["target"]:
            ax.plot([row["target"]] * 2, [n - 0.38, n + 0.38], color=COLOURS["prohibited"], linewidth=2.0)
        beyond = max(row["ratio"], row["target"])  # the label clears the goal
        ax.annotate(f"{row['ratio']:.3g} ×", (beyond, n), (5, 0), textcoords="offset points", va="center", fontsize=8.5)
    ax.axvline(1.0, color=FAINT, linewidth=0.8)
    named_rows(ax, [f"{row['case']}\n{row['reference']}" for row in rows])
    ax.tick_params(axis="y", labelsize=8)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.minorticks_off()
    ax.set_xlim(min(0.4, 0.6 * ratios.min()), 3.2 * ratios.max())
    ax.set_xlabel("times the reference's rate, one thread (red: the goal)", color=INK)


def _growth_lines(growth: Rows, ax: Axes) -> None:
    """Draw cost against size, both as multiples of the smallest, labelled with the fitted exponent."""
    most, ends = 1.0, []
    for n, grown in enumerate(growth):
        size, spent = (np.array(grown[name]) / grown[name][0] for name in ("sizes", "cpu_s"))
        most = max(most, float(size.max()))
        ax.plot(size, spent, color=OKABE[n % len(OKABE)], marker="o", markersize=3.5, linewidth=1.3)
        ends.append((float(spent[-1]), float(size[-1]), f"{grown['of']} {grown['exponent']:.2f}", n))
    lowest = 0.0
    for spent_end, size_end, text, n in sorted(ends):
        lowest = max(spent_end, 1.13 * lowest)  # keep labels apart
        ax.annotate(text, (size_end, lowest), (6, 0), textcoords="offset points", va="center", fontsize=8.5,
                    color=OKABE[n % len(OKABE)])  # fmt: skip
    ax.plot([1.0, most], [1.0, most], color=FAINT, linewidth=0.8, linestyle=":")
    for axis in ("x", "y"):
        log_axis(ax, axis)
    ax.set_xlim(0.93, most * 3.2)
    ax.set_xticks([1, 2, 4, 8])
    ax.set_yticks([1, 2, 4, 8])
    ax.set_xlabel("size, times the smallest", color=INK)
    ax.set_ylabel("CPU seconds, times the smallest", color=INK)
    ax.set_title("growth and its exponent (dotted: 1)", fontsize=9)
