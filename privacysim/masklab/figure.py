"""The lab's figure: rank-1 over pixels with the DORI lines, and its growth with the gallery."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from privacysim.facts import facts
from privacysim.files import whole_file
from privacysim.identify import rank_one

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from privacysim.identify import Fit
    from privacysim.masklab.curve import Curve
    from privacysim.masklab.evaluate import Outcome
    from privacysim.masklab.grid import Job

DORI = (("detect", 25.0), ("observe", 62.5), ("recognise", 125.0), ("identify", 250.0))
"""px/m of EN 62676-4, in words."""


def dori_lines(axes: Axes) -> None:
    """Vertical lines at the face widths of the DORI levels."""
    for word, density in DORI:
        px = density * facts().value("face_width_m")
        axes.axvline(px, color="0.75", linewidth=0.8, zorder=0)
        axes.text(px, 1.01, word, rotation=45, fontsize=7, color="0.4", transform=axes.get_xaxis_transform())


def plot_pixels(
    axes: Axes, fits: dict[str, Fit], points: dict[str, list[tuple[float, float, float, float]]], people: int = 40
) -> None:
    """Rank-1 among `people` over pixels: fits as lines, measurements (px, rate, low, high) as points with intervals."""
    px = np.geomspace(1.0, 80.0, 200)
    for colour, (name, fit) in zip(("C0", "C1"), fits.items(), strict=False):
        axes.plot(px, rank_one(fit.d_prime(px), people), color=colour, label=f"fit, {name}")
        for x, rate, low, high in points.get(name, []):
            axes.plot([x, x], [low, high], color=colour, linewidth=1.0)
            axes.plot([x], [rate], "o", color=colour, markersize=4)
    axes.axhline(1.0 / people, color="0.5", linestyle=":", label="chance")
    dori_lines(axes)
    axes.set(
        xscale="log",
        ylim=(0, 1.0),
        xlabel="pixels (or cells) across the face",
        ylabel=f"right person first among {people}",
    )
    axes.legend(fontsize=8, loc="lower right")


def plot_galleries(axes: Axes, fit: Fit, sizes: tuple[float, ...] = (4.0, 8.0, 16.0)) -> None:
    """Both branches over the size of the gallery; beyond 10³ shaded as extrapolated."""
    people = np.unique(np.geomspace(2, 1e7, 40).astype(int))
    for number, px in enumerate(sizes):
        d = float(fit.d_prime(px))
        low = [float(rank_one(d, int(n))[0]) for n in people]
        high = [float(rank_one(d, int(n), "high")[0]) for n in people]
        axes.fill_between(people, low, high, color=f"C{number}", alpha=0.35, label=f"{px:g} px")
    axes.plot(people, 1.0 / people, color="0.5", linestyle=":", label="chance")
    axes.axvspan(1e3, 1e7, color="0.93", zorder=0)
    axes.text(1.2e3, 0.94, "extrapolated", fontsize=8, color="0.4")
    axes.set(xscale="log", ylim=(0, 1.0), xlabel="people compared with", ylabel="right person first")
    axes.legend(fontsize=8)


def draw_curve(outcomes: dict[Job, Outcome], curves: dict[str, Curve], path: Path) -> None:
    """Both panels to a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    points: dict[str, list[tuple[float, float, float, float]]] = {"cctv": [], "clean": []}
    for job, outcome in outcomes.items():
        if job.mask == "none" and job.level == "trained" and job.images == 8:
            points["cctv" if job.cctv else "clean"].append((job.px, outcome.top(1), *outcome.interval()))
    plot_pixels(left, {name: curve.fit for name, curve in curves.items()}, points, next(iter(outcomes.values())).people)
    plot_galleries(right, curves["cctv"].fit)
    FigureCanvasAgg(figure)
    with whole_file(path) as part:
        figure.savefig(part, format="png", dpi=130, metadata={"Software": None})
