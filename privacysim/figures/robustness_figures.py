"""Figures of reforms, their options, and held-out cities."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from privacysim.figures import style
from privacysim.figures.style import FAINT, GRID, INK, RED, in_house_style


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
    named = "best within the budget:\n" + best.replace("_", " ").replace("+", "\n")
    low, high = ax.get_ylim()
    for row in confirmed.to_dict("records"):
        at, colour = (row["exposure_ratio"], row["usefulness_ratio"]), paint.to_rgba(row["cost"])
        style.cross(ax, row, "exposure", "usefulness", at, color=colour, linewidth=0.9)
        ax.plot(*at, "o", color=colour, markersize=5.5, markeredgecolor="white", markeredgewidth=0.5)
        if row["variant"] in (*words, best):
            text, away = words.get(row["variant"], (named, (16, 18 if at[1] < low + 0.7 * (high - low) else -52)))
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
