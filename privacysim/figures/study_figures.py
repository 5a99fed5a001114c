"""Figures of a study: trade-offs and inequality."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from privacysim.attacks import inequality
from privacysim.figures import style
from privacysim.figures.style import FAINT, GRID, INK, OKABE, in_house_style
from privacysim.stats import nondominated

Floats = NDArray[np.float64]


@in_house_style
def frontier(rows: pd.DataFrame, *, x_label: str, y_label: str, x_better: str = "lower", y_better: str = "higher",
             title: str = "Trade-off between two outcomes", titles: Mapping[str, str] | None = None,
             ax: Axes | None = None) -> Axes:
    """Trade-off plot of arms by two outcomes; a line joins the efficient ones, between which the choice depends on
    values.

    `rows` has policy, x, y and optionally x_low, x_high, y_low, y_high (interval or band). `x_better` and `y_better`
    say which direction is better. Positive values that differ more than tenfold get a logarithmic axis.
    """
    signs = [1.0 if better == "lower" else -1.0 for better in (x_better, y_better)]
    best = nondominated(rows[["x", "y"]].to_numpy(dtype=float) * signs)
    ax = style.axes(ax, 6.6, 4.6)
    edge = rows[best].sort_values("x")
    ax.plot(edge["x"], edge["y"], color=FAINT, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    for row, wins in zip(rows.to_dict("records"), best, strict=True):
        colour = OKABE[0] if wins else FAINT
        style.cross(ax, row, "x", "y", (row["x"], row["y"]), color=colour, linewidth=1.2, zorder=2)
        ax.plot([row["x"]], [row["y"]], "o", color=colour, markerfacecolor=colour if wins else "white", zorder=3)
    for axis in ("x", "y"):
        least, most = rows[axis].min(), rows.get(f"{axis}_high", rows[axis]).max()
        if least > 0 and most > 10 * least:
            style.log_axis(ax, axis, most > 100 * least)
    ax.margins(x=0.1, y=0.12)
    ax.autoscale_view()  # the positions below need the final limits, which are otherwise found when drawing
    top_down = np.lexsort((-rows["x"], -rows["y"]))
    points = ax.transAxes.inverted().transform(ax.transData.transform(rows[["x", "y"]].to_numpy()[top_down]))
    names = [(titles or {}).get(policy, policy) for policy in rows["policy"]]
    tall = max([name.count("\n") for name in names], default=0)
    heights = _spread(points[:, 1].tolist(), 0.06 + 0.045 * tall)
    for k, height in zip(top_down, heights, strict=True):  # names in a column to the right
        x, y = rows.iloc[k][["x", "y"]]
        ax.annotate(names[k], (x, y), color=INK if best[k] else FAINT,
                    xytext=(1.04, height), textcoords="axes fraction", fontsize=7.5, va="center", linespacing=0.95,
                    arrowprops={"arrowstyle": "-", "color": GRID, "linewidth": 0.8, "relpos": (0.0, 0.5)})  # fmt: skip
    ax.grid(color=GRID, linewidth=0.5)
    ax.set_xlabel(style.better(x_label, x_better))
    ax.set_ylabel(f"{y_label}\n({'↓' if y_better == 'lower' else '↑'} better)")
    ax.set_title(title)
    return ax


def _spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Heights near the wanted ones, from the top down and at least `gap` apart; the lowest are pushed up at the end."""
    heights: list[float] = []
    for height in wanted:
        heights.append(min(height, heights[-1] - gap) if heights else height)
    for n in reversed(range(len(heights))):
        heights[n] = max(heights[n], heights[n + 1] + gap if n + 1 < len(heights) else gap / 2)
    return heights


@in_house_style
def lorenz(curves: pd.DataFrame, *, unit: str = "exposure", ax: Axes | None = None) -> Axes:
    """Lorenz curves of exposure: share of the total against share of people, least exposed first.

    `curves` has policy, value (per person, any unit) and weight. Each curve is labelled with its Gini coefficient:
    twice the area between curve and diagonal, with weights counted as people.
    """
    ax = style.axes(ax, 4.6, 4.4)
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
    for n, (policy, rows) in enumerate(curves.groupby("policy", sort=False)):
        x, y, gini = lorenz_curve(rows["value"], rows["weight"])
        colour = OKABE[n % len(OKABE)]
        ax.plot(x, y, color=colour, linewidth=1.8)
        at = (0.03, 0.96 - 0.06 * n)
        style.note(ax, f"{policy}: Gini {gini:.2f}", at, xycoords="axes fraction", color=colour, fontsize=8.5, va="top")
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="share of people, least exposed first",
           ylabel="share of the whole", title=f"Inequality: {unit}")  # fmt: skip
    return ax


def lorenz_curve(value: ArrayLike, weight: ArrayLike) -> tuple[Floats, Floats, float]:
    """Cumulative shares of people and of the total, and the Gini coefficient (trapezoids).

    >>> lorenz_curve([0.0, 0.0, 0.0, 1.0], [1.0] * 4)[2]
    0.75
    """
    x, y = inequality.lorenz(value, weight).to_numpy().T
    return x, y, float(1.0 - np.sum(np.diff(x) * (y[1:] + y[:-1])))
