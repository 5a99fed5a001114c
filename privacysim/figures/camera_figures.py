"""Figures of a camera: field of view from above, a face under masks, walks past it, identification by distance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from numpy.typing import NDArray

from privacysim.figures.style import FAINT, GRID, INK, OKABE, axes, in_house_style, say

_LEVELS = {"detect": "#dce9f3", "observe": "#a9cbe3", "recognise": "#5d9fc9", "identify": "#0072B2"}
_FRONT, _AWAY = "#D55E00", "#999999"


def _view(ax: Axes, radii_m: Mapping[str, float], heading_deg: float, hfov_deg: float) -> None:
    """Draw the camera in the middle and the sector of each DORI level, to scale; north is up."""
    first, last = 90.0 - heading_deg - hfov_deg / 2, 90.0 - heading_deg + hfov_deg / 2
    for level, colour in _LEVELS.items():
        ax.add_patch(Wedge((0, 0), radii_m[level], first, last, facecolor=colour, edgecolor="white", linewidth=0.8))
    ax.plot([0], [0], "o", color=INK, markersize=5.5, zorder=3)
    ax.set(aspect="equal", xlabel="m")


@in_house_style
def camera_view(
    radii_m: Mapping[str, float], *, hfov_deg: float, heading_deg: float = 0.0, title: str = "", ax: Axes | None = None,
    lang: str = "en",
) -> Axes:
    """Camera from above: distances at which it detects, observes, recognises and identifies a person.

    `radii_m` maps each DORI level to its distance on the ground in metres (EN 62676-4: 25, 62, 125, 250 pixels per
    metre); `heading_deg` clockwise from north, `hfov_deg` the horizontal field of view.
    """
    ax = axes(ax, 5.0, 4.6)
    _view(ax, radii_m, heading_deg, hfov_deg)
    for n, (level, colour) in enumerate(_LEVELS.items()):
        place: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "fontsize": 8, "color": INK}
        box = {"facecolor": colour, "edgecolor": "none", "pad": 2}
        ax.annotate("   ", (1.0, 0.95 - 0.08 * n), (6, 0), bbox=box, **place)
        ax.annotate(f"{say(level, lang)}: {radii_m[level]:.1f} m", (1.0, 0.95 - 0.08 * n), (24, 0), **place)
    ax.autoscale_view()
    ax.set_ylabel("m")
    ax.set_title(title or f"{hfov_deg:g}°")
    return ax


@in_house_style
def mask_strip(
    pictures: Mapping[str, NDArray[np.uint8]], chance: Mapping[str, float], *, people: int, title: str = "",
    lang: str = "en",
) -> Figure:
    """The same face under each mask, with its measured probability of identification among `people` people.

    `pictures` maps the mask to a grey picture; `chance` to the probability of being ranked first among `people`.
    """
    figure, frames = plt.subplots(1, len(pictures), figsize=(1.35 * len(pictures), 2.1), layout="constrained",
                                  squeeze=False)  # fmt: skip
    for ax, (mask, picture) in zip(frames[0], pictures.items(), strict=True):
        ax.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.set_axis_off()
        ax.set_title(mask, loc="center", fontsize=8)
        ax.annotate(f"{chance[mask]:.0%}", (0.5, 0), (0, -4), xycoords="axes fraction", textcoords="offset points",
                    ha="center", va="top", fontsize=9, fontweight="bold")  # fmt: skip
    words = title or f"Identified first among {people:,} people, % (by chance: {1 / people:.1%})"
    figure.suptitle(words, fontsize=9, color=FAINT, x=0.01, ha="left")
    return figure


@in_house_style
def walks_past(
    walks: Mapping[str, tuple[pd.DataFrame, float]], radii_m: Mapping[str, float], level_px: Mapping[str, float], *,
    hfov_deg: float,
) -> Figure:
    """Walks past one kind of camera, one column each: map from above, then pixels across the face over time.

    `walks` maps a title to the pieces in view (as `walk_past` returns them) and the camera's heading; `radii_m` and
    `level_px` map each DORI level to its distance on the ground and to the pixels of a face there.
    """
    figure, grid = plt.subplots(2, len(walks), figsize=(3.6 * len(walks), 5.4), layout="constrained", sharey="row",
                                squeeze=False, height_ratios=[1.5, 1.0])  # fmt: skip
    for (above, below), (title, (pieces, heading)) in zip(grid.T, walks.items(), strict=True):
        colours = [_FRONT if frontal else _AWAY for frontal in pieces["frontal"]]
        _walk_from_above(above, pieces, colours)
        _view(above, radii_m, heading, hfov_deg)
        above.set(xlim=(-46, 50), ylim=(-32, 50), title=title)
        for level, px in level_px.items():
            below.axhline(px, color=GRID, linewidth=0.8)
            below.annotate(level, (1.0, px), (-2, 2), xycoords=("axes fraction", "data"), textcoords="offset points",
                           ha="right", fontsize=7.5, color=FAINT)  # fmt: skip
        for when, face, colour in zip(pieces[["begin_s", "end_s"]].to_numpy(), pieces["face_px"], colours, strict=True):
            below.fill_between(when, 0, float(face), color=colour, alpha=0.85, linewidth=0)
        below.set(ylim=(0, 46), xlim=(0, 62), xlabel="seconds since the walk began")
    grid[0, 0].set_ylabel("m")
    grid[1, 0].set_ylabel("pixels across the face")
    for text, colour, up in (("turned away", _AWAY, 0.74), ("face towards the camera", _FRONT, 0.62)):
        grid[1, 0].annotate(text, (0.98, up), xycoords="axes fraction", ha="right", va="top", color=colour,
                            fontsize=8.5, fontweight="bold")  # fmt: skip
    return figure


def _walk_from_above(ax: Axes, pieces: pd.DataFrame, colours: list[str]) -> None:
    x, y = pieces[["x0_m", "x1_m"]].to_numpy(), pieces[["y0_m", "y1_m"]].to_numpy()
    for n, colour in enumerate(colours):
        ax.plot(x[n], y[n], color=colour, linewidth=3, solid_capstyle="butt")
    if len(pieces):
        ahead = 9.0 * float(np.sign(x[-1, 1] - x[0, 0]))
        ax.annotate("", (x[-1, 1] + ahead, y[-1, 1]), (x[-1, 1], y[-1, 1]),
                    arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 1.0})  # fmt: skip


@in_house_style
def told_at_distance(
    rows: pd.DataFrame, level_m: Mapping[str, float], *, words: Mapping[str, str], ax: Axes | None = None,
) -> Axes:
    """Probability of correct face identification by distance: one band (low to high curve) per viewer.

    `rows`: viewer, metres, low, high; `words`: label of each viewer, in drawing order; `level_m`: distances
    of the DORI levels.
    """
    ax = axes(ax, 6.4, 3.6)
    for (viewer, label), colour in zip(words.items(), OKABE, strict=False):
        one = rows[rows["viewer"] == viewer]
        ax.fill_between(one["metres"], 100 * one["low"], 100 * one["high"], color=colour, alpha=0.25, linewidth=0)
        for curve in ("low", "high"):
            ax.plot(one["metres"], 100 * one[curve], color=colour, linewidth=1.2)
        at = (one["metres"].iloc[0], 50.0 * (one["low"].iloc[0] + one["high"].iloc[0]))
        ax.annotate(label, at, (-6, 0), textcoords="offset points", ha="right", va="center", color=colour, fontsize=8.5)
    nearest = min(metres for _, metres in level_m.items())  # a Series too: its `values` is an array
    for level, metres in level_m.items():
        right = metres > nearest
        ax.axvline(metres, color=GRID, linewidth=0.8, zorder=0)
        ax.annotate(level, (metres, 1.0), (2 if right else -2, 1), xycoords=("data", "axes fraction"), fontsize=7.5,
                    textcoords="offset points", ha="left" if right else "right", color=FAINT)  # fmt: skip
    far = float(rows["metres"].max())
    ax.set(xlabel="metres from the lens", ylabel="correctly identified, %", ylim=(0, 100), xlim=(-0.48 * far, far))
    ax.set_xticks(np.arange(0, far + 1e-9, 10))
    return ax
