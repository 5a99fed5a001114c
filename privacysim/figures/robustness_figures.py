"""Figures of robustness and reforms: plausible worlds, failure boxes, options, reforms, and held-out cities."""

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from privacysim.figures import style
from privacysim.figures.style import FAINT, GRID, INK, OKABE, RED, in_house_style

_LOG_FROM = 4.0
"""Ranges whose ends differ by more than this factor get a logarithmic axis."""


@in_house_style
def plausible_worlds(ratios: pd.DataFrame, *, baseline: str, titles: Mapping[str, str] | None = None,
                     goal: float | None = None, ax: Axes | None = None) -> Axes:
    """Ratios to the baseline, one dot per world and policy; a ring marks the world with the values in force.

    `ratios` has a column per policy and a row per world, the values in force first. Each policy is labelled with the
    share of worlds in which it lowers the metric; `goal` draws the target line.
    """
    titles = titles or {}
    ax = style.axes(ax, 7.2, 1.3 + 0.62 * len(ratios.columns))
    some = ratios.stack()
    if some.size and some.min() > 0 and some.max() / some.min() > _LOG_FROM:
        style.log_axis(ax)
    for y, policy in enumerate(ratios.columns):
        x = ratios[policy].dropna().to_numpy(dtype=float)
        # even offsets that look random: multiples of the golden section
        better, off = x < 1, 0.3 * (np.arange(x.size) * 0.6180339887498949 % 1.0 - 0.5)
        ax.scatter(x, y + off, s=9, linewidth=0, alpha=0.55, c=np.where(better, OKABE[0], OKABE[1]))
        ax.plot(ratios[policy].iloc[:1], [y], "o", markersize=9, markerfacecolor="none", color=INK, markeredgewidth=1.3)
        style.beside(ax, y, f"lower in {better.mean():.0%}\nof {x.size} worlds", INK)
    ax.axvline(1.0, color=FAINT, linewidth=0.9)
    if goal is not None:
        ax.axvline(goal, color=RED, linewidth=0.9, linestyle=(0, (4, 3)))
        style.note(ax, f"goal {goal:g}", (goal, 1), (0, 2), xycoords=("data", "axes fraction"), color=RED, ha="center",
                   va="bottom", fontsize=8)  # fmt: skip
    style.named_rows(ax, [titles.get(one, one) for one in ratios.columns])
    ax.set_xlabel(f"ratio to {titles.get(baseline, baseline)}  (ring: the values in force)")
    ax.set_title("Ratio to the baseline in every plausible world", pad=14)
    return ax


@in_house_style
def failure_box(points: pd.DataFrame, fails: Sequence[bool], limits: Mapping[str, tuple[float, float]], *,
                names: Mapping[str, str] | None = None, logarithmic: Collection[str] = (),
                ax: Axes | None = None) -> Axes:
    """Worlds by two of their factors, filled where the goal is missed, with the box that holds most failures.

    `points` has two columns, one per axis; `limits` has the box's ends (−∞ and ∞ for none). A box with more than two
    limits is shown as a projection: some points within its edges lie outside it. `logarithmic` names columns.
    """
    (across, up), missed = points.columns[:2], np.asarray(fails, dtype=bool)
    ax = style.axes(ax, 5.2, 4.2)
    for axis, name in (("x", across), ("y", up)):
        if name in logarithmic:
            style.log_axis(ax, axis)
        getattr(ax, f"set_{axis}label")((names or {}).get(name, name))
    for which, colour, fill in ((~missed, OKABE[0], "white"), (missed, OKABE[1], OKABE[1])):
        ax.scatter(points.loc[which, across], points.loc[which, up], s=20, facecolor=fill, edgecolor=colour,
                   linewidth=0.9, alpha=0.85)  # fmt: skip
    x, y = ax.get_xlim(), ax.get_ylim()
    left, right = np.clip(limits.get(across, (-math.inf, math.inf)), *x)
    low, high = np.clip(limits.get(up, (-math.inf, math.inf)), *y)
    ax.add_patch(Rectangle((left, low), right - left, high - low, facecolor=OKABE[1], alpha=0.10, linewidth=0))
    ax.add_patch(Rectangle((left, low), right - left, high - low, fill=False, edgecolor=INK, linewidth=1.2))
    ax.set(xlim=x, ylim=y)
    style.labels_above(ax, [("misses the goal", OKABE[1]), ("reaches it", OKABE[0])], "Where the goal is missed")
    return ax


@in_house_style
def reform_front(variants: pd.DataFrame, confirmed: pd.DataFrame, *, exposure: str, usefulness: str,
                 cost_unit: str = "", best: str = "", ax: Axes | None = None) -> Axes:
    """Variants as grey dots, with the front as measured again on fresh replicates, coloured by cost.

    `variants` has exposure_ratio and usefulness_ratio; `confirmed` also variant, cost and any ends of intervals
    (exposure_low …). `best` is a variant of `confirmed` to label.
    """
    ax = style.axes(ax, 7.0, 4.8)
    ax.scatter(variants["exposure_ratio"], variants["usefulness_ratio"], s=7, color=FAINT, alpha=0.25, linewidth=0)
    paint = ScalarMappable(Normalize(min(confirmed["cost"].min(), 0.0), max(confirmed["cost"].max(), 1.0)), "viridis_r")
    words = {"as_it_stands": ("as it stands", (10, -16))}
    words[best] = ("best within the budget:\n" + best.replace("_", " ").replace("+", "\n"), (16, 18))
    for row in confirmed.to_dict("records"):
        at, colour = (row["exposure_ratio"], row["usefulness_ratio"]), paint.to_rgba(row["cost"])
        style.cross(ax, row, "exposure", "usefulness", at, color=colour, linewidth=0.9)
        ax.plot(*at, "o", color=colour, markersize=5.5, markeredgecolor="white", markeredgewidth=0.5)
        if row["variant"] in words:
            text, away = words[row["variant"]]
            style.note(ax, text, at, away, color=INK, arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.7})
    ax.axvline(1.0, color=GRID, linewidth=0.8, zorder=0)
    ax.axhline(1.0, color=GRID, linewidth=0.8, zorder=0)
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    bar = ax.figure.colorbar(paint, ax=ax, pad=0.02, aspect=30, label=f"cost, {cost_unit}" if cost_unit else "cost")
    bar.outline.set_visible(False)
    ax.set_xlabel(f"{exposure}, ratio to the rules as they stand  (← better)")
    ax.set(ylabel=f"{usefulness}, ratio  (↑ better)", title=f"{len(variants):,} reforms and those that no other beats")
    return ax


@in_house_style
def option_effects(effects: pd.DataFrame, *, exposure: str, usefulness: str, ax: Axes | None = None) -> Axes:
    """Mean effect of each option of each lever: two dots per line, changes in per cent of the current rules.

    `effects` has lever, option, cost, exposure, usefulness (shares).
    """
    ax = style.axes(ax, 7.0, 1.3 + 0.27 * len(effects))
    ax.axvline(0.0, color=INK, linewidth=0.9)
    for y, row in enumerate(effects.to_dict("records")):
        ends = [100 * row["exposure"], 100 * row["usefulness"]]
        ax.plot(ends, [y, y], color=GRID, linewidth=1.2, zorder=1)
        for x, colour in zip(ends, (OKABE[1], OKABE[0]), strict=True):
            ax.plot([x], [y], "o", color=colour, markersize=5, zorder=2)
    style.labels_above(ax, [(exposure, OKABE[1]), (usefulness, OKABE[0])], "Mean effect of each option, %")
    names = effects["lever"] + ": " + effects["option"].str.replace("_", " ")
    style.named_rows(ax, names.to_list(), above=0.7)
    ax.set_xlabel("mean change over the variants tried, % of the rules as they stand")
    return ax


@in_house_style
def held_out(rows: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Camera counts of held-out cities against the range that the calibrated constants predict; misses in red.

    `rows` has city, observed (cameras counted), predicted, low, high (95 % band) and holds.
    """
    ax = style.axes(ax, 6.9, 1.2 + 0.34 * len(rows))
    for y, row in enumerate(rows.to_dict("records")):
        observed, predicted = float(row["observed"]), float(row["predicted"])
        colour = INK if row["holds"] else RED
        ax.plot([row["low"], row["high"]], [y, y], color=GRID, linewidth=7, solid_capstyle="butt")
        ax.plot([predicted] * 2, [y - 0.16, y + 0.16], color=FAINT, linewidth=1.2)
        ax.plot([observed], [y], "o", color=colour, markersize=6)
        verdict = "within the band" if row["holds"] else f"miss: {observed / predicted:.1f} × the prediction"
        style.beside(ax, y, verdict, colour, size=8)
    style.named_rows(ax, [str(city).capitalize() for city in rows["city"]])
    ax.set(xlim=(0, None), xlabel="cameras listed (dot: counted by the press; grey: predicted, 95 % band)",
           title="Cities that were held out: listed cameras, counted and predicted")  # fmt: skip
    return ax
