"""A walk past a camera, from above and in time; and how likely a face is told, by the distance it is seen from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Wedge

from privacysim.figures.camera_figures import _LEVELS
from privacysim.figures.style import FAINT, GRID, INK, OKABE, axes, house_style

_FRONT, _AWAY = "#D55E00", "#999999"


def walks_past(
    walks: Mapping[str, tuple[pd.DataFrame, float]], radii_m: Mapping[str, float], level_px: Mapping[str, float], *,
    hfov_deg: float,
) -> Figure:
    """Walks past one kind of camera: a column each, from above, then pixels across the face over time.

    `walks` maps a title to the pieces in view (as `walk_past` gives them) and the camera's heading; `radii_m` and
    `level_px` map each DORI level to its distance on the ground and to the pixels of a face there.
    """
    import matplotlib.pyplot as plt

    with house_style():
        figure, grid = plt.subplots(2, len(walks), figsize=(3.6 * len(walks), 5.4), layout="constrained", sharey="row",
                                    squeeze=False, height_ratios=[1.5, 1.0])  # fmt: skip
        for (above, below), (title, (pieces, heading)) in zip(grid.T, walks.items(), strict=True):
            first, last = 90.0 - heading - hfov_deg / 2, 90.0 - heading + hfov_deg / 2
            for level, colour in _LEVELS:
                above.add_patch(Wedge((0, 0), radii_m[level], first, last, facecolor=colour, edgecolor="white"))
            _path(above, pieces)
            above.plot([0], [0], "o", color=INK, markersize=5)
            above.set(xlim=(-46, 50), ylim=(-32, 50), aspect="equal", title=title, xlabel="m")
            _in_time(below, pieces, level_px)
        grid[0, 0].set_ylabel("m")
        grid[1, 0].set_ylabel("pixels across the face")
        for text, colour, up in (("turned away", _AWAY, 0.74), ("face towards the camera", _FRONT, 0.62)):
            grid[1, 0].annotate(text, (0.98, up), xycoords="axes fraction", ha="right", va="top", color=colour,
                                fontsize=8.5, fontweight="bold")  # fmt: skip
        return figure


def _path(ax: Axes, pieces: pd.DataFrame) -> None:
    x, y = pieces[["x0_m", "x1_m"]].to_numpy(), pieces[["y0_m", "y1_m"]].to_numpy()
    for n, frontal in enumerate(pieces["frontal"]):
        ax.plot(x[n], y[n], color=_FRONT if frontal else _AWAY, linewidth=3, solid_capstyle="butt")
    if len(pieces):
        ahead = 9.0 * float(np.sign(x[-1, 1] - x[0, 0]))
        ax.annotate("", (x[-1, 1] + ahead, y[-1, 1]), (x[-1, 1], y[-1, 1]),
                    arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 1.0})  # fmt: skip


def _in_time(ax: Axes, pieces: pd.DataFrame, level_px: Mapping[str, float]) -> None:
    for level, px in level_px.items():
        ax.axhline(px, color=GRID, linewidth=0.8)
        ax.annotate(level, (1.0, px), (-2, 2), xycoords=("axes fraction", "data"), textcoords="offset points",
                    ha="right", fontsize=7.5, color=FAINT)  # fmt: skip
    when, face = pieces[["begin_s", "end_s"]].to_numpy(), pieces["face_px"].to_numpy()
    for n, frontal in enumerate(pieces["frontal"]):
        ax.fill_between(when[n], 0, float(face[n]), color=_FRONT if frontal else _AWAY, alpha=0.85, linewidth=0)
    ax.set(ylim=(0, 46), xlim=(0, 62), xlabel="seconds since the walk began")


def told_at_distance(
    rows: pd.DataFrame, level_m: Mapping[str, float], *, words: Mapping[str, str], ax: Axes | None = None,
) -> Axes:
    """Chance that a face is told, by distance: one band (low to high curve) a viewer.

    `rows`: viewer, metres, low, high; `words`: the label of each viewer, in the order of drawing; `level_m`: distances
    of the DORI levels.
    """
    with house_style():
        ax = axes(ax, 6.4, 3.6)
        for (viewer, label), colour in zip(words.items(), OKABE, strict=False):
            one = rows[rows["viewer"] == viewer]
            ax.fill_between(one["metres"], 100 * one["low"], 100 * one["high"], color=colour, alpha=0.25, linewidth=0)
            ax.plot(one["metres"], 100 * one["low"], color=colour, linewidth=1.2)
            ax.plot(one["metres"], 100 * one["high"], color=colour, linewidth=1.2)
            middle = (one["low"] + one["high"]).to_numpy()[0] * 50.0
            ax.annotate(label, (one["metres"].iloc[0], middle), (-6, 0), textcoords="offset points", ha="right",
                        va="center", color=colour, fontsize=8.5)  # fmt: skip
        near = min(metres for _, metres in level_m.items())
        for level, metres in level_m.items():
            ax.axvline(metres, color=GRID, linewidth=0.8, zorder=0)
            ax.annotate(level, (metres, 1.0), (2 if metres > near else -2, 1), xycoords=("data", "axes fraction"),
                        textcoords="offset points", ha="left" if metres > near else "right", fontsize=7.5,
                        color=FAINT)  # fmt: skip
        far = float(rows["metres"].max())
        ax.set(xlabel="metres from the lens", ylabel="told rightly, %", ylim=(0, 100), xlim=(-0.48 * far, far))
        ax.set_xticks(_ticks(far))
        return ax


def _ticks(far: float) -> Sequence[float]:
    return [float(t) for t in np.arange(0, far + 1e-9, 10)]
