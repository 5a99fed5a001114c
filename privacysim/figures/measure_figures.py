"""Figures of privacy measures (unicity, risks, anonymity sets, attack errors) and of the benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from privacysim.figures import style
from privacysim.figures.style import COLOURS, FAINT, GRID, OKABE, in_house_style


@in_house_style
def unicity_curves(found: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Share of people singled out against population size, one line per number of known points.

    `found` as `unicity` returns it with rarefaction: k, population, unicity, low, high.
    """
    ax = style.axes(ax, 5.4, 3.4)
    for k, colour in zip(sorted(found["k"].unique().tolist()), OKABE, strict=False):
        rows = found[found["k"] == k].sort_values("population")
        x, y = rows["population"], 100 * rows["unicity"]
        ax.fill_between(x, 100 * rows["low"], 100 * rows["high"], color=colour, alpha=0.15, linewidth=0)
        ax.plot(x, y, "o-", color=colour, markersize=4, linewidth=1.4)
        words = f"{k} point{'s' if k > 1 else ''}"
        style.note(ax, words, (x.iloc[-1], y.iloc[-1]), (8, 0), va="center", color=colour, fontsize=8.5)
    sizes = sorted(found["population"].unique())
    ax.set(xscale="log", ylim=(0, 101), xlim=(sizes[0] * 0.9, sizes[-1] * 1.7), ylabel="singled out, %",
           xlabel="population size (n)")  # fmt: skip
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    return ax


@in_house_style
def average_and_worst(risks: Mapping[str, pd.DataFrame], *, ax: Axes | None = None) -> Axes:
    """Re-identification risk per attack, averaged over people: mean over all possible knowledge, and worst case.

    `risks` maps an attack to the frame that `reidentification_risk` returns.
    """
    ax = style.axes(ax, 5.4, 0.5 * len(risks) + 1.2)
    for y, rows in enumerate(risks.values()):
        mean, worst = 100 * rows["risk_mean"].mean(), 100 * rows["risk_max"].mean()
        ax.plot([mean, worst], [y, y], color=GRID, linewidth=3, zorder=1)
        ax.plot([mean], [y], "o", color=OKABE[0], markersize=7)
        ax.plot([worst], [y], "o", color="white", markeredgecolor=OKABE[1], markeredgewidth=1.8, markersize=7)
        style.note(ax, f"{mean:.0f}", (mean, y), (-9, 0), va="center", ha="right", fontsize=8.5)
        style.note(ax, f"{worst:.0f}", (worst, y), (9, 0), va="center", ha="left", fontsize=8.5)
    style.named_rows(ax, list(risks))
    ax.set(xlim=(0, 106), xlabel="re-identification risk, %, mean over people")
    style.labels_above(ax, [("mean over all that may be known", OKABE[0]), ("worst case", OKABE[1])])
    return ax


@in_house_style
def sets_through_the_day(counts: pd.DataFrame, *, below: int = 5, ax: Axes | None = None) -> Axes:
    """People in a camera's view by hour: median over cameras, and the range from the first to the last tenth.

    `counts`: everybody in view of each camera in each hour of a day; columns camera_id, window (hour), people.
    """
    ax = style.axes(ax, 5.4, 3.2)
    shown = counts.groupby("window")["people"].quantile(np.array([0.1, 0.5, 0.9])).unstack().clip(lower=0.05)
    hours = shown.index.to_numpy() + 0.5
    ax.axhspan(0.05, below - 1, color="#f3e3da", linewidth=0, zorder=0)
    ax.annotate(f"fewer than {below} in view", (14.0, 0.3), fontsize=8, color=OKABE[1])
    ax.fill_between(hours, shown[0.1], shown[0.9], color=OKABE[0], alpha=0.2, linewidth=0)
    ax.plot(hours, shown[0.5], "o-", color=OKABE[0], markersize=3.5, linewidth=1.4)
    ax.set(yscale="log", ylim=(0.05, None), xlim=(0, 24), xlabel="hour of the day", ylabel="people in view")
    ax.set_xticks(range(0, 25, 4))
    return ax


@in_house_style
def how_far_off(errors: Mapping[str, ArrayLike], *, near_m: float = 100.0, ax: Axes | None = None) -> Axes:
    """Share of people whom an attacker locates within a distance in metres, one curve per attack."""
    ax = style.axes(ax, 5.4, 3.2)
    colours = (OKABE[1], FAINT, *OKABE[2:])  # the control is drawn fainter than the attack
    for metres, colour in zip(errors.values(), colours, strict=False):
        far = np.sort(np.asarray(metres, dtype=np.float64))
        ax.step(far, 100 * np.arange(1, far.size + 1) / far.size, where="post", color=colour, linewidth=1.6)
    ax.axvline(near_m, color=GRID, linewidth=0.9, zorder=0)
    ax.set(xscale="log", xlim=(10, None), ylim=(0, 100), xlabel="metres between guess and truth",
           ylabel="people located within this distance, %")  # fmt: skip
    ax.set_xticks([10, 30, 100, 300, 1000, 3000], ["10", "30", "100", "300", "1,000", "3,000"])
    ax.minorticks_off()
    style.labels_above(ax, zip(errors, colours, strict=False))
    return ax


@in_house_style
def speed_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Ratios to the references on a logarithmic axis with the goals as ticks; `rows` are those of `bench()["rows"]`."""
    figure, ax = plt.subplots(figsize=(6.9, max(1.1 + 0.42 * len(rows), 2.0)), layout="constrained")
    ratios = np.array([row["ratio"] for row in rows])
    ax.barh(range(len(rows)), ratios, height=0.55, color=COLOURS["authorised"])
    for n, row in enumerate(rows):
        if row["target"]:
            ax.plot([row["target"]] * 2, [n - 0.38, n + 0.38], color=COLOURS["prohibited"], linewidth=2.0)
        beyond = max(row["ratio"], row["target"])  # the label clears the goal
        style.note(ax, f"{row['ratio']:.3g} ×", (beyond, n), (5, 0), va="center", fontsize=8.5)
    ax.axvline(1.0, color=FAINT, linewidth=0.8)
    style.named_rows(ax, [f"{row['case'].replace('_', ' ')}\n{row['reference']}" for row in rows])
    ax.tick_params(axis="y", labelsize=8)
    ax.set(xscale="log", xlim=(min(0.4, 0.6 * ratios.min()), 3.2 * ratios.max()),
           xlabel="times the reference's rate, one thread (red: the goal)")  # fmt: skip
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.minorticks_off()
    plt.close(figure)  # the caller shows or saves it; a notebook must not show it twice
    return figure
