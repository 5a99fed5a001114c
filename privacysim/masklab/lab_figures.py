"""Measured tables as pandas frames, and the lab's figures.

Figures: masks side by side, naive against trained attack, rates over pixels with DORI lines, rates over gallery size.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from privacysim.errors import InputError, did_you_mean
from privacysim.facts import facts
from privacysim.figures.style import FAINT, GRID, house_style
from privacysim.files import whole_file
from privacysim.identify import rank_one
from privacysim.resources import shipped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from privacysim.identify import Fit
    from privacysim.masklab.evaluate import Job, Outcome
    from privacysim.masklab.faces import Faces
    from privacysim.masklab.fitted_curve import Curve

DORI = ("detect", "observe", "recognise", "identify")
"""Levels of EN 62676-4, lowest first."""
VERDICTS = {"cosmetic": "#D55E00", "weak": "#E69F00", "strong": "#56B4E9", "complete": "#009E73"}
"""Colour of each verdict."""
_CURVES = {"cctv": ("#0072B2", "as a camera records"), "clean": ("#CC79A7", "aligned, only fewer pixels")}
_SIZES = ("#0072B2", "#009E73", "#E69F00")
Point = tuple[float, float, float, float]
"""Measurement: px, rank-1, and the ends of its interval."""


def masks_side_by_side(faces: Faces, names: Sequence[str], people: int = 3) -> Figure:
    """Plot the same faces under each mask: a column a mask, a row a person. k-same is fitted on one image of each."""
    import matplotlib.pyplot as plt

    from privacysim.masklab.mask_names import mask_named

    one_each = faces.images[faces.index == 0]
    with house_style():
        size = (1.12 * len(names), 1.2 * people + 0.2)
        figure, grid = plt.subplots(people, len(names), figsize=size, layout="constrained", squeeze=False)
        for column, name in zip(grid.T, names, strict=True):
            shown = mask_named(name).fit(one_each).transform(one_each)
            for axes, image in zip(column, shown, strict=False):
                axes.imshow(image, cmap="gray", vmin=0, vmax=255)
                axes.set_axis_off()
            column[0].set_title(name.replace(":", "\n", 1), fontsize=8, fontweight="normal", loc="center")
    return figure


def plot_verdicts(rows: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Plot the naive attack (hollow) and the strongest one (filled, with its interval) on each mask, by verdict."""
    import matplotlib.pyplot as plt

    with house_style():
        if axes is None:
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
        at = (chance, len(rows) - 0.4)
        axes.annotate("guessing", at, (3, 0), textcoords="offset points", color=FAINT, fontsize=8)
        axes.set_yticks(places, rows["mask"])
        axes.set(xlim=(0, 1.0), ylim=(-0.7, len(rows) + 0.1), xlabel=f"right person first among {round(1 / chance)}")
        for word, colour in VERDICTS.items():
            axes.plot([], [], "o", color=colour, label=f"strongest attack: {word}")
        axes.plot([], [], "o", color=FAINT, markerfacecolor="white", label="naive attack (trained on clear faces)")
        axes.legend(fontsize=8, loc="lower right", frameon=False)
    return axes


def dori_lines(axes: Axes) -> None:
    """Draw vertical lines at the face widths of the DORI levels."""
    for word in DORI:
        px = facts().value(f"dori_{word}_px_per_m") * facts().value("face_width_m")
        axes.axvline(px, color=GRID, linewidth=0.9, zorder=0)
        axes.text(px, 1.01, word, rotation=45, fontsize=7, color=FAINT, transform=axes.get_xaxis_transform())


def plot_pixels(axes: Axes, fits: dict[str, Fit], points: dict[str, list[Point]], people: int = 40) -> None:
    """Plot rank-1 among `people` over pixels: fits as lines, measurements (px, rate, low, high) as points."""
    px = np.geomspace(1.0, 80.0, 200)
    for name, fit in fits.items():
        colour, words = _CURVES[name]
        axes.plot(px, rank_one(fit.d_prime(px), people), color=colour, label=words)
        for x, rate, low, high in points.get(name, []):
            axes.plot([x, x], [low, high], color=colour, linewidth=1.0)
            axes.plot([x], [rate], "o", color=colour, markersize=4)
    axes.axhline(1.0 / people, color=FAINT, linestyle=":", linewidth=0.9)
    axes.annotate("guessing", (1.0, 1.0 / people), (2, 3), textcoords="offset points", color=FAINT, fontsize=8)
    dori_lines(axes)
    ticks = (1, 2, 4, 8, 16, 32, 64)
    axes.set(xscale="log", ylim=(0, 1.0), xlabel="pixels (or cells) across the face",
             ylabel=f"right person first among {people}")  # fmt: skip
    axes.set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
    axes.set_xticks([], minor=True)
    axes.legend(fontsize=8, loc="lower right", frameon=False)


def plot_galleries(axes: Axes, fit: Fit, sizes: tuple[float, ...] = (4.0, 8.0, 16.0)) -> None:
    """Plot both branches over the gallery size; the extrapolated part beyond 10³ is shaded."""
    people = np.unique(np.geomspace(2, 1e7, 60).astype(int))
    axes.axvspan(1e3, 1e7, color="0.95", zorder=0)
    for colour, px in zip(_SIZES, sizes, strict=False):
        d = float(fit.d_prime(px))
        low, high = ([float(rank_one(d, int(n), branch)[0]) for n in people] for branch in ("low", "high"))
        axes.fill_between(people, low, high, color=colour, alpha=0.3, linewidth=0)
        for branch in (low, high):
            axes.plot(people, branch, color=colour, linewidth=0.9)
        at = (people[len(people) // 3], high[len(people) // 3])
        axes.annotate(f"{px:g} px", at, (4, 4), textcoords="offset points", color=colour, fontsize=8)
    axes.plot(people, 1.0 / people, color=FAINT, linestyle=":", linewidth=0.9)
    axes.text(1.2e3, 0.95, "extrapolated: low and high branch", fontsize=8, color=FAINT)
    axes.set(xscale="log", xlim=(2, 1e7), ylim=(0, 1.0), xlabel="people compared with", ylabel="right person first")


def curve_figure(fits: dict[str, Fit], points: dict[str, list[Point]], people: int) -> Figure:
    """Figure of two plots: rates over pixels with the DORI lines, and over gallery size."""
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        plot_pixels(left, fits, points, people)
        plot_galleries(right, fits["cctv"])
    return figure


def draw_curve(outcomes: dict[Job, Outcome], curves: dict[str, Curve], path: Path) -> None:
    """Save the curve figure as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    points: dict[str, list[Point]] = {"cctv": [], "clean": []}
    for job, outcome in outcomes.items():
        if job.mask == "none" and job.level == "trained" and job.images == 8:
            points["cctv" if job.cctv else "clean"].append((job.px, outcome.top(1), *outcome.interval()))
    people = next(iter(outcomes.values())).people
    figure = curve_figure({name: curve.fit for name, curve in curves.items()}, points, people)
    FigureCanvasAgg(figure)
    with house_style(), whole_file(path) as part:
        figure.savefig(part, format="png", dpi=130, metadata={"Software": None})


TABLES = ("covariance", "curve", "images", "masks", "open_set", "table")


def measured(name: str = "masks") -> pd.DataFrame:
    """Load one of the measured tables: `masks` (one row a mask, with its verdict), `table` (every attack), `curve` …

    >>> measured("curve").fit.tolist()
    ['cctv', 'clean']
    """
    if name not in TABLES:
        raise InputError("table", "one of " + ", ".join(TABLES), name, did_you_mean(name, TABLES))
    return pd.read_csv(shipped(f"data/masking/{name}.csv"))


def naive_beside_strongest() -> pd.DataFrame:
    """Table of each mask on clear, aligned faces: the naive attack, the strongest with its interval, and the verdict.

    Columns: mask, naive, strongest, low, high (rank-1 among all people, 0 to 1), by (level, and frames if the attacker
    averages), chance, legal, verdict; the leakiest mask first.
    """
    rows = measured("table")
    rows = rows[(rows["images"] == 8) & (rows["mask"] != "none")]
    best = rows.loc[rows.groupby("mask").rank1.idxmax()].set_index("mask")
    named = measured("masks").replace({"mask": {"silhouette_of_face": "silhouette"}}).set_index("mask")
    made = best[["naive", "rank1", "low", "high"]].rename(columns={"rank1": "strongest"})
    frames = best.frames.map(lambda n: f", {n} frames" if n > 1 else "")
    made["by"] = best.level + frames
    made = made.assign(chance=best.chance, legal=named.legal, verdict=named.verdict)
    return made.sort_values(["strongest", "naive"], ascending=False).reset_index()


def measured_points() -> dict[str, list[Point]]:
    """Measurements behind each fit: (px, rank-1 among all, low, high) of the trained attack on unmasked faces."""
    rows = measured("table")
    rows = rows[(rows["mask"] == "none") & (rows.level == "trained") & (rows.images == 8)]
    made: dict[str, list[Point]] = {}
    for camera, some in rows.groupby("camera"):
        numbers = some[["px", "rank1", "low", "high"]].to_numpy(dtype=float)
        made[str(camera)] = [(px, rate, low, high) for px, rate, low, high in numbers.tolist()]
    return made
