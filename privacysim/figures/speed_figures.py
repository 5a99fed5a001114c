"""Figures of the benchmark: how many times a reference's rate, and how cost grows with size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from privacysim.figures.style import COLOURS, FAINT, GRID, INK, OKABE, house_style

Rows = Sequence[Mapping[str, Any]]


def speed_figure(rows: Rows, growth: Rows = ()) -> Figure:
    """Ratios to their references on a logarithmic axis with the goals as ticks; beside it, where given, the growth.

    `rows` are those of `bench()["rows"]`, `growth` those of `bench()["growth"]`.
    """
    with house_style():
        height = 1.1 + 0.42 * len(rows)
        if growth:
            figure, (left, right) = plt.subplots(
                1, 2, figsize=(9.4, max(height, 3.4)), width_ratios=[3, 2], layout="constrained"
            )
            growth_lines(growth, right)
        else:
            figure, left = plt.subplots(figsize=(6.9, max(height, 2.0)), layout="constrained")
        ratio_bars(rows, left)
        plt.close(figure)  # shown or saved by the caller, not a second time by a notebook
    return figure


def ratio_bars(rows: Rows, ax: Axes) -> None:
    """One bar a comparison; the tick across it is the goal."""
    ratios = np.array([row["ratio"] for row in rows])
    ax.barh(np.arange(len(rows)), ratios, height=0.55, color=COLOURS["authorised"])
    for n, row in enumerate(rows):
        if row["target"]:
            ax.plot([row["target"]] * 2, [n - 0.38, n + 0.38], color=COLOURS["prohibited"], linewidth=2.0)
        beyond = max(row["ratio"], row["target"])  # the label clears the goal
        ax.annotate(f"{row['ratio']:.3g} ×", (beyond, n), (5, 0), textcoords="offset points", va="center", fontsize=8.5)
    ax.axvline(1.0, color=FAINT, linewidth=0.8)
    ax.set_xscale("log")
    ax.set_xlim(min(0.4, 0.6 * ratios.min()), 3.2 * ratios.max())
    ax.set_yticks(range(len(rows)), [f"{row['case']}\n{row['reference']}" for row in rows], fontsize=8)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("times the reference's rate, one thread (red: the goal)", color=INK)
    ax.grid(axis="x", color=GRID, linewidth=0.6)
    ax.tick_params(axis="y", length=0)


def growth_lines(growth: Rows, ax: Axes) -> None:
    """Cost against size, both as multiples of the smallest; the label at the end is the fitted exponent."""
    most, ends = 1.0, []
    for n, grown in enumerate(growth):
        size = np.array(grown["sizes"]) / grown["sizes"][0]
        spent = np.array(grown["cpu_s"]) / grown["cpu_s"][0]
        most = max(most, float(size.max()))
        ax.plot(size, spent, color=OKABE[n % len(OKABE)], marker="o", markersize=3.5, linewidth=1.3)
        ends.append((float(spent[-1]), float(size[-1]), f"{grown['of']} {grown['exponent']:.2f}", n))
    lowest = 0.0
    for spent_end, size_end, text, n in sorted(ends):
        at = max(spent_end, 1.13 * lowest)  # labels do not lie on one another
        lowest = at
        ax.annotate(text, (size_end, at), (6, 0), textcoords="offset points", va="center", fontsize=8.5,
                    color=OKABE[n % len(OKABE)])  # fmt: skip
    ax.plot([1.0, most], [1.0, most], color=FAINT, linewidth=0.8, linestyle=":")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(0.93, most * 3.2)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xticks([1, 2, 4, 8])
    ax.set_yticks([1, 2, 4, 8])
    ax.set_xlabel("size, times the smallest", color=INK)
    ax.set_ylabel("CPU seconds, times the smallest", color=INK)
    ax.set_title("growth and its exponent (dotted: 1)", fontsize=9)
