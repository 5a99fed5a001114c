"""Figures of the masking lab: the recognition curve, verdicts, and masks side by side."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from privacysim.facts import facts
from privacysim.figures.style import FAINT, GRID, house_style
from privacysim.identify import Fit, rank_one
from privacysim.masklab.faces import Faces
from privacysim.masklab.fitted_curve import Point, branches
from privacysim.masklab.masks import mask_named

VERDICTS = {"cosmetic": "#D55E00", "weak": "#E69F00", "strong": "#56B4E9", "complete": "#009E73"}
"""Colour of each verdict."""
_CURVES = {"cctv": ("#0072B2", "as a camera records"), "clean": ("#CC79A7", "aligned, only fewer pixels")}
_SIZES = {4.0: "#0072B2", 8.0: "#009E73", 16.0: "#E69F00"}


def masks_side_by_side(faces: Faces, names: Sequence[str], people: int = 3) -> Figure:
    """Plot the same faces under each mask: a column a mask, a row a person. k-same is fitted on one image of each."""
    one_each = faces.images[faces.index == 0]
    with house_style():
        size = (1.12 * len(names), 1.2 * people + 0.2)
        figure, grid = plt.subplots(people, len(names), figsize=size, layout="constrained", squeeze=False)
        for column, name in zip(grid.T, names, strict=True):
            shown = mask_named(name).fit(one_each).transform(one_each)
            for axes, image in zip(column, shown, strict=False):
                axes.imshow(image, cmap="gray", vmin=0, vmax=255)
                axes.set_axis_off()
            title = name.replace("_", " ").replace(":", "\n", 1)
            column[0].set_title(title, fontsize=8, fontweight="normal", loc="center")
    return figure


def plot_verdicts(rows: pd.DataFrame) -> Axes:
    """Plot the naive attack (hollow) and the strongest one (filled, with its interval) on each mask, by verdict."""
    with house_style():
        _, axes = plt.subplots(figsize=(7.2, 0.24 * len(rows) + 1.1), layout="constrained")
        places = np.arange(len(rows))[::-1]
        numbers = rows[["naive", "strongest", "low", "high"]].to_numpy(dtype=np.float64)
        for place, word, (naive, strongest, low, high) in zip(places, rows["verdict"], numbers, strict=True):
            colour = VERDICTS[str(word)]
            axes.plot([naive, strongest], [place, place], color=GRID, linewidth=3, zorder=1)
            axes.plot([low, high], [place, place], color=colour, linewidth=1.2, zorder=2)
            axes.plot([strongest], [place], "o", color=colour, markersize=5, zorder=3)
            axes.plot([naive], [place], "o", color=FAINT, markerfacecolor="white", markersize=4.5, zorder=3)
        chance = float(rows.chance.iloc[0])
        axes.axvline(chance, color=FAINT, linestyle=":", linewidth=0.9)
        _note(axes, "guessing", (chance, len(rows) - 0.4), (3, 0))
        axes.set_yticks(places, rows["mask"].str.replace("_", " "))
        axes.set(xlim=(0, 1.0), ylim=(-0.7, len(rows) + 0.1), xlabel=f"right person first among {round(1 / chance)}")
        for word, colour in VERDICTS.items():
            axes.plot([], [], "o", color=colour, label=f"strongest attack: {word}")
        axes.plot([], [], "o", color=FAINT, markerfacecolor="white", label="naive attack (trained on clear faces)")
        axes.legend(fontsize=8, loc="lower right", frameon=False)
    return axes


def _note(axes: Axes, text: str, at: tuple[float, float], beside: tuple[float, float], colour: str = FAINT) -> None:
    axes.annotate(text, at, beside, textcoords="offset points", color=colour, fontsize=8)


def curve_figure(fits: dict[str, Fit], points: dict[str, list[Point]], people: int) -> Figure:
    """Left: rates over pixels, with the DORI lines. Right: both branches of the fit `cctv` over gallery size."""
    with house_style():
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        _plot_pixels(left, fits, points, people)
        _plot_galleries(right, fits["cctv"])
    return figure


def _plot_pixels(axes: Axes, fits: dict[str, Fit], points: dict[str, list[Point]], people: int) -> None:
    px = np.geomspace(1.0, 80.0, 200)
    for name, fit in fits.items():
        colour, words = _CURVES[name]
        axes.plot(px, rank_one(fit.d_prime(px), people), color=colour, label=words)
        for x, rate, low, high in points.get(name, []):
            axes.plot([x, x], [low, high], color=colour, linewidth=1.0)
            axes.plot([x], [rate], "o", color=colour, markersize=4)
    axes.axhline(1.0 / people, color=FAINT, linestyle=":", linewidth=0.9)
    _note(axes, "guessing", (1.0, 1.0 / people), (2, 3))
    for word in ("detect", "observe", "recognise", "identify"):  # levels of EN 62676-4, lowest first
        at = facts().value(f"dori_{word}_px_per_m") * facts().value("face_width_m")
        axes.axvline(at, color=GRID, linewidth=0.9, zorder=0)
        axes.text(at, 1.01, word, rotation=45, fontsize=7, color=FAINT, transform=axes.get_xaxis_transform())
    ticks = (1, 2, 4, 8, 16, 32, 64)
    axes.set(xscale="log", ylim=(0, 1.0), xlabel="pixels (or cells) across the face",
             ylabel=f"right person first among {people}")  # fmt: skip
    axes.set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
    axes.set_xticks([], minor=True)
    axes.legend(fontsize=8, loc="lower right", frameon=False)


def _plot_galleries(axes: Axes, fit: Fit) -> None:
    people = np.unique(np.geomspace(2, 1e7, 60).astype(int))
    axes.axvspan(1e3, 1e7, color="0.95", zorder=0)
    for n, (px, colour) in enumerate(_SIZES.items(), 2):
        _, low, high = zip(*branches(float(fit.d_prime(px)), people.tolist()), strict=True)
        axes.fill_between(people, low, high, color=colour, alpha=0.3, linewidth=0)
        for branch in (low, high):
            axes.plot(people, branch, color=colour, linewidth=0.9)
        at = n * len(people) // 7  # apart, since the curves may meet
        _note(axes, f"{px:g} px", (people[at], high[at]), (4, 4), colour)
    axes.plot(people, 1.0 / people, color=FAINT, linestyle=":", linewidth=0.9)
    axes.text(1.2e3, 0.95, "extrapolated: low and high branch", fontsize=8, color=FAINT)
    axes.set(xscale="log", xlim=(2, 1e7), ylim=(0, 1.0), xlabel="people compared with", ylabel="right person first")
