"""Figures of a camera: its view from above with the DORI levels, and one face under masks of rising strength."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from numpy.typing import NDArray

from privacysim.figures.figure_words import say
from privacysim.figures.style import FAINT, INK, axes, house_style

_LEVELS = (("detect", "#dce9f3"), ("observe", "#a9cbe3"), ("recognise", "#5d9fc9"), ("identify", "#0072B2"))


def camera_view(
    radii_m: Mapping[str, float], *, hfov_deg: float, heading_deg: float = 0.0, title: str = "", ax: Axes | None = None,
    lang: str = "en",
) -> Axes:
    """A camera from above: how far it detects, observes, recognises and identifies a person.

    `radii_m` maps each DORI level to its distance on the ground in metres (EN 62676-4: 25, 62, 125, 250 pixels per
    metre); `heading_deg` clockwise from north, `hfov_deg` the horizontal field of view.
    """
    with house_style(lang):
        ax = axes(ax, 5.0, 4.6)
        first, last = 90.0 - heading_deg - hfov_deg / 2, 90.0 - heading_deg + hfov_deg / 2
        for level, colour in _LEVELS:
            ax.add_patch(Wedge((0, 0), radii_m[level], first, last, facecolor=colour, edgecolor="white", linewidth=0.8))
        for n, (level, colour) in enumerate(_LEVELS):
            ax.annotate("   ", (1.0, 0.95 - 0.08 * n), (6, 0), xycoords="axes fraction", textcoords="offset points",
                        fontsize=7, bbox={"facecolor": colour, "edgecolor": "none", "pad": 2})  # fmt: skip
            ax.annotate(f"{say(level, lang)}: {radii_m[level]:.1f} m", (1.0, 0.95 - 0.08 * n), (24, 0),
                        xycoords="axes fraction", textcoords="offset points", fontsize=8.5, color=INK)  # fmt: skip
        ax.plot([0], [0], "o", color=INK, markersize=6)
        ax.set_aspect("equal")
        ax.autoscale_view()
        ax.set_xlabel("m")
        ax.set_ylabel("m")
        ax.set_title(title or f"{hfov_deg:g}°")
        return ax


def mask_strip(
    pictures: Mapping[str, NDArray[np.uint8]], chance: Mapping[str, float], *, people: int, title: str = "",
    lang: str = "en",
) -> Figure:
    """The same face under each mask, with the measured chance that it is told among so many people.

    `pictures` maps the mask to a grey picture; `chance` maps it to the chance to be put first among `people`.
    """
    import matplotlib.pyplot as plt

    with house_style(lang):
        figure, frames = plt.subplots(1, len(pictures), figsize=(1.35 * len(pictures), 2.1), layout="constrained")
        for ax, (mask, picture) in zip(np.atleast_1d(frames), pictures.items(), strict=True):
            ax.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            ax.set_axis_off()
            ax.set_title(mask, loc="center", fontsize=8)
            ax.annotate(f"{chance[mask]:.0%}", (0.5, 0), (0, -4), xycoords="axes fraction", textcoords="offset points",
                        ha="center", va="top", fontsize=9, fontweight="bold")  # fmt: skip
        words = title or f"Told first among {people:,} people (by chance: {1 / people:.1%})"
        figure.suptitle(words, fontsize=9, color=FAINT, x=0.01, ha="left")
        return figure
