"""Figures of the founding case: the cameras listed on the website by mechanism, and the map of a district."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from privacysim.figures.style import (
    COLOURS,
    FAINT,
    GRID,
    INK,
    RED,
    arrow_note,
    axes,
    house_style,
    labels_above,
    scale_bar,
)
from privacysim.vocabulary import MECHANISMS


def mechanism_bars(rows: pd.DataFrame, *, datum: float | None = None, ax: Axes | None = None) -> Axes:
    """Cameras listed per policy, stacked by mechanism: they are disjoint, so the bars add up.

    `rows` has policy, mechanism, mean (cameras). `datum` draws the count that was reported (185).
    """
    policies = list(dict.fromkeys(rows["policy"]))
    table = rows.pivot_table(index="policy", columns="mechanism", values="mean", aggfunc="sum", observed=True)
    table = table.reindex(index=policies, columns=list(MECHANISMS)).fillna(0.0)
    with house_style():
        ax = axes(ax, 6.9, 1.3 + 0.42 * len(policies))
        begin = np.zeros(len(policies))
        for mechanism in MECHANISMS:
            width = table[mechanism].to_numpy()
            ax.barh(range(len(policies)), width, left=begin, color=COLOURS[mechanism], height=0.62)
            begin = begin + width
        for y, whole in enumerate(begin):
            ax.annotate(f"{whole:.0f}", (whole, y), (4, 0), textcoords="offset points", va="center", color=INK,
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0}, zorder=5)  # fmt: skip
        words = [(name.replace("_", " "), COLOURS[name]) for name in MECHANISMS]
        labels_above(ax, words[:2], size=8, up=14)
        labels_above(ax, words[2:], size=8)
        if datum is not None:
            ax.axvline(datum, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
            ax.annotate(f"{datum:.0f} reported", (datum, len(policies) - 0.5), (3, 2), textcoords="offset points",
                        fontsize=7.5, color=FAINT)  # fmt: skip
        ax.set_yticks(range(len(policies)), policies)
        ax.set_ylim(len(policies) - 0.4, -0.6)
        ax.grid(axis="x", color=GRID, linewidth=0.5)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel("cameras listed, mean over the study")
        ax.set_title("The website's list, by the way in", pad=30)
        arrow_note(ax, "lower")
        return ax


def district_map(streets: pd.DataFrame, cameras: pd.DataFrame, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Streets and cameras of a district, to scale.

    `streets` has x0_m, y0_m, x1_m, y1_m, kind (0 main road, 1 street, 2 lane); `cameras` has x_m, y_m, social and,
    if wanted, listed (on the website).
    """
    with house_style():
        ax = axes(ax, 6.0, 6.0)
        ends = streets[["x0_m", "y0_m", "x1_m", "y1_m"]].to_numpy(dtype=float).reshape(-1, 2, 2)
        width = np.array([1.4, 0.8, 0.4])[streets["kind"].to_numpy(dtype=int)]
        ax.add_collection(LineCollection(list(ends), linewidths=width, colors=GRID))
        listed = cameras["listed"].to_numpy(dtype=bool) if "listed" in cameras else np.zeros(len(cameras), dtype=bool)
        social = cameras["social"].to_numpy(dtype=bool)
        kinds = (("social", social & ~listed, "#E69F00", 3.0), ("public", ~social & ~listed, "#0072B2", 4.0),
                 ("listed on the website", listed, "#D55E00", 22.0))  # fmt: skip
        for n, (name, chosen, colour, size) in enumerate(kinds):
            if chosen.any():
                some = cameras[chosen]
                ax.scatter(some["x_m"], some["y_m"], s=size, color=colour, linewidths=0)
                ax.annotate(name, (0.01 + 0.2 * n, 1.0), (0, 3), xycoords="axes fraction", va="bottom", color=colour,
                            textcoords="offset points", fontsize=8.5, fontweight="bold")  # fmt: skip
        ax.set_aspect("equal")
        ax.autoscale_view()
        scale_bar(ax)
        ax.set_axis_off()
        ax.set_title(title, pad=16)
        return ax


def held_out(rows: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Counts of cities that were not used, against the band that the calibrated constants predict; misses in red.

    `rows` has city, observed (cameras counted), predicted, low, high (95 % band) and holds.
    """
    with house_style():
        ax = axes(ax, 6.9, 1.2 + 0.34 * len(rows))
        for y, row in enumerate(rows.to_dict("records")):
            observed, predicted = float(row["observed"]), float(row["predicted"])
            colour = INK if row["holds"] else RED
            ax.plot([float(row["low"]), float(row["high"])], [y, y], color=GRID, linewidth=7, solid_capstyle="butt")
            ax.plot([predicted] * 2, [y - 0.16, y + 0.16], color=FAINT, linewidth=1.2)
            ax.plot([observed], [y], "o", color=colour, markersize=6)
            verdict = "within the band" if row["holds"] else f"miss: {observed / predicted:.1f} × the prediction"
            ax.annotate(verdict, (1.01, y), xycoords=("axes fraction", "data"), va="center", color=colour, fontsize=8)
        ax.set_yticks(range(len(rows)), [str(city).capitalize() for city in rows["city"]])
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xlim(left=0)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", color=GRID, linewidth=0.5)
        ax.set_xlabel("cameras listed (dot: counted by the press; grey: predicted, Poisson 95 % band)")
        ax.set_title("Cities whose counts were held out")
        return ax
