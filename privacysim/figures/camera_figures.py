"""Figures of cameras: fields of view, masks and walks past them, identification by distance, and cameras listed."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from numpy.typing import NDArray

from privacysim.figures import style
from privacysim.figures.style import COLOURS, FAINT, GRID, INK, OKABE, in_house_style
from privacysim.vocabulary import MECHANISMS
from privacysim.wording import Words

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
def camera_view(radii_m: Mapping[str, float], *, hfov_deg: float, heading_deg: float = 0.0, title: str = "",
                ax: Axes | None = None) -> Axes:
    """Camera from above: distances at which it detects, observes, recognises and identifies a person.

    `radii_m` maps each DORI level to its distance on the ground in metres (EN 62676-4: 25, 62, 125, 250 pixels per
    metre); `heading_deg` clockwise from north, `hfov_deg` the horizontal field of view.
    """
    ax = style.axes(ax, 5.0, 4.6)
    _view(ax, radii_m, heading_deg, hfov_deg)
    for n, (level, colour) in enumerate(_LEVELS.items()):
        at, look = (1.0, 0.95 - 0.08 * n), {"xycoords": "axes fraction", "fontsize": 8}
        style.note(ax, "   ", at, (6, 0), bbox={"facecolor": colour, "edgecolor": "none", "pad": 2}, **look)
        style.note(ax, f"{level}: {radii_m[level]:.1f} m", at, (24, 0), **look)
    ax.autoscale_view()
    ax.set(ylabel="m", title=title or f"{hfov_deg:g}°")
    return ax


@in_house_style
def mask_strip(pictures: Mapping[str, NDArray[np.uint8]], chance: Mapping[str, float], *, people: int,
               title: str = "") -> Figure:
    """The same face behind each mask, with its measured probability of identification among `people` people.

    `pictures` maps the mask to a grey picture; `chance` to the probability of being ranked first among `people`.
    """
    size = (1.35 * len(pictures), 2.1)
    figure, frames = plt.subplots(1, len(pictures), figsize=size, layout="constrained", squeeze=False)
    for ax, (mask, picture) in zip(frames[0], pictures.items(), strict=True):
        ax.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.set_axis_off()
        ax.set_title(mask, loc="center", fontsize=8)
        style.note(ax, f"{chance[mask]:.0%}", (0.5, 0), (0, -4), xycoords="axes fraction", ha="center", va="top",
                   fontsize=9, fontweight="bold")  # fmt: skip
    words = title or f"Identified first among {people:,} people, % (by chance: {1 / people:.1%})"
    figure.suptitle(words, fontsize=9, color=FAINT, x=0.01, ha="left")
    return figure


@in_house_style
def walks_past(walks: Mapping[str, tuple[pd.DataFrame, float]], radii_m: Mapping[str, float],
               level_px: Mapping[str, float], *, hfov_deg: float) -> Figure:
    """Walks past one kind of camera, one column each: map from above, then pixels across the face over time.

    `walks` maps a title to the pieces in view (as `walk_past` returns them) and the camera's heading; `radii_m` and
    `level_px` map each DORI level to its distance on the ground and to the pixels of a face there.
    """
    figure, grid = plt.subplots(2, len(walks), figsize=(3.6 * len(walks), 5.4), layout="constrained", sharey="row",
                                squeeze=False, height_ratios=[1.5, 1.0])  # fmt: skip
    for (above, below), (title, (pieces, heading)) in zip(grid.T, walks.items(), strict=True):
        for level, px in level_px.items():
            below.axhline(px, color=GRID, linewidth=0.8)
            style.note(below, level, (1.0, px), (-2, 2), xycoords=("axes fraction", "data"), ha="right", color=FAINT)
        for piece in pieces.to_dict("records"):
            colour = _FRONT if piece["frontal"] else _AWAY
            ends = [piece["x0_m"], piece["x1_m"]], [piece["y0_m"], piece["y1_m"]]
            above.plot(*ends, color=colour, linewidth=3, solid_capstyle="butt")
            when = [piece["begin_s"], piece["end_s"]]
            below.fill_between(when, 0, piece["face_px"], color=colour, alpha=0.85, linewidth=0)
        if len(pieces):
            (x, y), start = pieces[["x1_m", "y1_m"]].iloc[-1], pieces["x0_m"].iloc[0]
            above.annotate("", (x + 9.0 * float(np.sign(x - start)), y), (x, y),
                           arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 1.0})  # fmt: skip
        _view(above, radii_m, heading, hfov_deg)
        above.set(xlim=(-46, 50), ylim=(-32, 50), title=title)
        below.set(ylim=(0, 46), xlim=(0, 62), xlabel="seconds since the walk began")
    grid[0, 0].set_ylabel("m")
    grid[1, 0].set_ylabel("pixels across the face")
    for text, colour, up in (("turned away", _AWAY, 0.74), ("face towards the camera", _FRONT, 0.62)):
        style.note(grid[1, 0], text, (0.98, up), xycoords="axes fraction", ha="right", va="top", color=colour,
                   fontsize=8.5, fontweight="bold")  # fmt: skip
    return figure


@in_house_style
def told_at_distance(rows: pd.DataFrame, level_m: Mapping[str, float], *, words: Mapping[str, str],
                     ax: Axes | None = None) -> Axes:
    """Probability of correct face identification by distance: one band (low to high curve) per viewer.

    `rows`: viewer, metres, low, high; `words`: label of each viewer, in drawing order; `level_m`: distances
    of the DORI levels.
    """
    ax = style.axes(ax, 6.4, 3.6)
    for (viewer, label), colour in zip(words.items(), OKABE, strict=False):
        one = rows[rows["viewer"] == viewer]
        ax.fill_between(one["metres"], 100 * one["low"], 100 * one["high"], color=colour, alpha=0.25, linewidth=0)
        for curve in ("low", "high"):
            ax.plot(one["metres"], 100 * one[curve], color=colour, linewidth=1.2)
        at = (one["metres"].iloc[0], 50.0 * (one["low"].iloc[0] + one["high"].iloc[0]))
        style.note(ax, label, at, (-6, 0), ha="right", va="center", color=colour, fontsize=8.5)
    nearest = min(metres for _, metres in level_m.items())  # a Series too: its `values` is an array
    for level, metres in level_m.items():
        away, side = ((2, 1), "left") if metres > nearest else ((-2, 1), "right")
        ax.axvline(metres, color=GRID, linewidth=0.8, zorder=0)
        style.note(ax, level, (metres, 1.0), away, xycoords=("data", "axes fraction"), ha=side, color=FAINT)
    far = float(rows["metres"].max())
    ax.set(xlabel="metres from the lens", ylabel="correctly identified, %", ylim=(0, 100), xlim=(-0.48 * far, far))
    ax.set_xticks(np.arange(0, far + 1e-9, 10))
    return ax


@in_house_style
def mechanism_bars(rows: pd.DataFrame, *, datum: float | None = None, ax: Axes | None = None) -> Axes:
    """Cameras listed per policy, stacked by mechanism. Mechanisms are disjoint, so the bars add up.

    `rows` has policy, mechanism, mean (cameras). `datum` adds a line at the reported count (185).
    """
    table = rows.pivot_table(index="policy", columns="mechanism", values="mean", aggfunc="sum", observed=True)
    table = table.reindex(index=rows["policy"].unique(), columns=list(MECHANISMS)).fillna(0.0)
    ends = table.cumsum(axis=1)
    ax = style.axes(ax, 6.9, 1.3 + 0.42 * len(table))
    for name in MECHANISMS:
        bars = ax.barh(range(len(table)), table[name], left=ends[name] - table[name], color=COLOURS[name], height=0.62)
    whole = [f"{count:.0f}" for count in table.sum(axis=1)]
    ax.bar_label(bars, whole, padding=4, color=INK, zorder=5, bbox={"fc": "white", "ec": "none", "pad": 1.0})
    words = [(Words("en").plain(name), COLOURS[name]) for name in MECHANISMS]
    style.labels_above(ax, words[3:], size=8)
    style.labels_above(ax, words[1:3], size=8, up=14)
    style.labels_above(ax, words[:1], "Cameras listed on the website, by how they got online", 8, 28)
    if datum is not None:
        ax.axvline(datum, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        style.note(ax, f"{datum:.0f} reported", (datum, len(table) - 0.5), (3, 2), color=FAINT)
    style.named_rows(ax, list(table.index), above=0.6, below=0.6)
    ax.set_xlabel(style.better("cameras listed, mean over the study", "lower"))
    return ax
