"""Figures of who is exposed: the Lorenz curve, the map of exposure by home, one day in the city."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from privacysim.errors import InputError
from privacysim.figures.figure_words import say
from privacysim.figures.style import FAINT, GRID, INK, OKABE, axes, house_style, scale_bar

Floats = NDArray[np.float64]


def lorenz(curves: pd.DataFrame, *, unit: str = "exposure", ax: Axes | None = None, lang: str = "en") -> Axes:
    """How unequally exposure falls on people: share of the whole against share of people, least exposed first.

    `curves` has policy, value (per person, any unit) and weight. The Gini coefficient stands beside each curve: twice
    the area between curve and diagonal, with the weights as people.
    """
    with house_style(lang):
        ax = axes(ax, 4.6, 4.4)
        ax.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        ends = []
        for n, (policy, rows) in enumerate(curves.groupby("policy", sort=False)):
            x, y, gini = lorenz_curve(rows["value"].to_numpy(dtype=float), rows["weight"].to_numpy(dtype=float))
            colour = OKABE[n % len(OKABE)]
            ax.plot(x, y, color=colour, linewidth=1.8)
            ends.append((f"{policy}: {say('Gini', lang)} {gini:.2f}", colour))
        for n, (text, colour) in enumerate(ends):
            ax.annotate(text, (0.03, 0.96 - 0.06 * n), xycoords="axes fraction", color=colour, fontsize=8.5, va="top")
        ax.set(xlim=(0, 1), ylim=(0, 1), xlabel=say("share of people, least exposed first", lang),
               ylabel=say("share of the whole", lang))  # fmt: skip
        ax.set_aspect("equal")
        ax.set_title(say("How unequally it falls: {}", lang).format(unit))
        return ax


def lorenz_curve(value: Floats, weight: Floats) -> tuple[Floats, Floats, float]:
    """Cumulated shares of people and of the whole, and the Gini coefficient (trapezoids).

    >>> import numpy as np
    >>> lorenz_curve(np.array([0.0, 0.0, 0.0, 1.0]), np.ones(4))[2]
    0.75
    """
    if value.size == 0 or not (weight > 0).all() or (value < 0).any() or value.sum() == 0:
        need = "values from 0 on, not all 0, with weights above 0"
        raise InputError("lorenz", need, "others", "leave the empty arm out")
    order = np.argsort(value, kind="stable")
    people = np.concatenate([[0.0], np.cumsum(weight[order])])
    whole = np.concatenate([[0.0], np.cumsum((weight * value)[order])])
    x, y = people / people[-1], whole / whole[-1]
    return x, y, float(1.0 - np.sum(np.diff(x) * (y[1:] + y[:-1])))


def exposure_map(
    streets: pd.DataFrame, homes: pd.DataFrame, *, title: str, unit: str, cells: int = 24, ax: Axes | None = None,
    lang: str = "en",
) -> Axes:
    """Mean exposure of the people of each square of the city, by where they live.

    `streets` has x0_m, y0_m, x1_m, y1_m, kind; `homes` has x_m, y_m, value, weight. Squares with fewer than ten people
    of the sample are left white: a mean of so few says nothing.
    """
    with house_style(lang):
        ax = axes(ax, 6.4, 5.6)
        x, y = homes["x_m"].to_numpy(dtype=float), homes["y_m"].to_numpy(dtype=float)
        box = [np.linspace(v.min(), v.max() + 1e-6, cells + 1) for v in (x, y)]
        weight, value = homes["weight"].to_numpy(dtype=float), homes["value"].to_numpy(dtype=float)
        total = np.histogram2d(x, y, bins=box, weights=weight * value)[0]
        people = np.histogram2d(x, y, bins=box, weights=weight)[0]
        count = np.histogram2d(x, y, bins=box)[0]
        mean = np.where(count >= 10, total / np.maximum(people, 1e-12), np.nan)
        drawn = ax.pcolormesh(box[0], box[1], mean.T, cmap="cividis_r", rasterized=True)
        main = streets[streets["kind"] == 0]
        ends = main[["x0_m", "y0_m", "x1_m", "y1_m"]].to_numpy(dtype=float).reshape(-1, 2, 2)
        ax.add_collection(LineCollection(list(ends), linewidths=0.4, colors=INK, alpha=0.35))
        ax.set_aspect("equal")
        scale_bar(ax)
        ax.set_axis_off()
        bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.7)
        bar.set_label(unit)
        ax.set_title(title)
        return ax


def day_in_the_city(
    streets: pd.DataFrame, moves: pd.DataFrame, cameras: pd.DataFrame, path: str | Path, *, title: str,
    hours: Sequence[float] = (6.0, 22.0), frames: int = 96, size: float = 4.8,
) -> Path:
    """One day as a moving picture: people on their walks, cameras, and who is in view; a .gif or an .mp4 file.

    `streets` as in `exposure_map`; `moves` has walk (id), t_s (seconds of the day), x_m, y_m, seen (in view of a camera
    then), sorted by walk and time; `cameras` has x_m, y_m. Between two rows of a walk its person is in between.
    """
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation

    from privacysim.figures.film import film_writer

    target = Path(path)
    writer = film_writer(target)
    times = np.linspace(hours[0] * 3600, hours[1] * 3600, frames)
    with house_style():
        figure, ax = plt.subplots(figsize=(size, size), layout="constrained")
        ends = streets[["x0_m", "y0_m", "x1_m", "y1_m"]].to_numpy(dtype=float).reshape(-1, 2, 2)
        ax.add_collection(LineCollection(list(ends), linewidths=0.4, colors=GRID))
        ax.scatter(cameras["x_m"], cameras["y_m"], s=5, marker="^", color="#0072B2", linewidths=0)
        free = ax.scatter([], [], s=9, color="#999999", linewidths=0)
        seen = ax.scatter([], [], s=16, color="#D55E00", linewidths=0)
        clock = ax.set_title("")
        ax.set_aspect("equal")
        ax.autoscale_view()
        ax.set_axis_off()
        pieces = [rows for _, rows in moves.groupby("walk", sort=False)]

        def draw(n: int) -> tuple[Artist, ...]:
            at = positions(pieces, float(times[n]))
            free.set_offsets(at[at[:, 2] == 0, :2])
            seen.set_offsets(at[at[:, 2] > 0, :2])
            hour, minute = divmod(round(times[n] / 60), 60)
            inside = int((at[:, 2] > 0).sum())
            clock.set_text(f"{title}  {hour:02d}:{minute:02d}  ·  {len(at)} walking, {inside} in view")
            return free, seen, clock

        film = FuncAnimation(figure, draw, frames=frames, interval=125)
        target.parent.mkdir(parents=True, exist_ok=True)
        film.save(target, writer=writer, dpi=90)
        plt.close(figure)
    return target


def positions(walks: Sequence[pd.DataFrame], t_s: float) -> Floats:
    """Where everybody who is walking at `t_s` is: rows x, y, in view (1) or not (0)."""
    found = []
    for rows in walks:
        t = rows["t_s"].to_numpy()
        if t[0] <= t_s <= t[-1]:
            x, y = (float(np.interp(t_s, t, rows[name].to_numpy())) for name in ("x_m", "y_m"))
            seen = bool(rows["seen"].to_numpy()[max(int(np.searchsorted(t, t_s, side="right")) - 1, 0)])
            found.append((x, y, float(seen)))
    return np.array(found, dtype=np.float64).reshape(-1, 3)
