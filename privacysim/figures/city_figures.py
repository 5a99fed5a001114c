"""Figures of a city: maps of potential exposure and of homes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from privacysim.draws import Floats
from privacysim.figures import style
from privacysim.figures.style import FAINT, INK, OKABE, in_house_style
from privacysim.readers.osm_maps import Ground

_GROUND = {"green": "#eaf2e3", "water": "#dce9f2"}
_WALL, _STREET, _RAIL = "#e4e0da", "#d3d0cb", "#c9c6cf"
_WIDTH = np.array([1.5, 0.9, 0.5])
"""Line widths by kind of way: main road, street, lane."""
_READINGS = {"fewest": "Views that show fewest", "drawn": "As drawn", "most": "Views that show most"}


@in_house_style
def scenario_map(streets: pd.DataFrame, buildings: Sequence[Floats], cameras: pd.DataFrame, *,
                 values: Mapping[str, float], credit: str = "", ground: Ground | None = None) -> Figure:
    """Maps of how much the cameras could show on each street, one per reading, on one logarithmic colour scale.

    `streets` has x0_m, y0_m, x1_m, y1_m, kind (0 main road, 1 street, 2 lane) and one column per reading in `values`,
    in identifiable person-seconds a day and metre; `values` gives each map's person-hours a day. `cameras` has x_m,
    y_m, indoor. A street that no camera could show stays grey; north is up. `credit` names the source of the map data;
    `ground` has water, parks, rails, and names of the longest streets, drawn where they fit.
    """
    ends = streets[["x0_m", "y0_m", "x1_m", "y1_m"]].to_numpy(dtype=float).reshape(-1, 2)
    wide, tall = np.ptp(ends, axis=0)
    size = (3.4 * len(values) + 0.7, min(3.3 * max(tall / max(wide, 1.0), 0.4), 9.0) + 0.5)
    figure, frames = plt.subplots(1, len(values), figsize=size, layout="constrained", squeeze=False)
    width = _WIDTH[streets["kind"].to_numpy(dtype=int)]
    top = float(streets[list(values)].to_numpy(dtype=float).max(initial=0.0)) or 1.0
    margin = 0.01 * max(wide, tall)
    (left, bottom), (right, upper) = ends.min(axis=0) - margin, ends.max(axis=0) + margin
    outdoors = cameras[~cameras["indoor"]]
    for ax, (name, hours) in zip(frames[0], values.items(), strict=True):
        if ground is not None:
            for kind, colour in _GROUND.items():
                ax.add_collection(PolyCollection(getattr(ground, kind), facecolors=colour, edgecolors="none"))
            ax.add_collection(LineCollection(ground.rails, colors=_RAIL, linewidths=0.35))
        ax.add_collection(PolyCollection(list(buildings), facecolors=_WALL, edgecolors="none"))
        ax.add_collection(style.street_lines(streets, linewidths=width, colors=_STREET))
        column = streets[name].to_numpy(dtype=float)
        some = np.flatnonzero(column > top / 1e3)
        some = some[np.argsort(column[some], kind="stable")]
        coloured = style.street_lines(streets.iloc[some], linewidths=width[some] + 1.3, norm=LogNorm(top / 1e3, top),
                                      cmap="inferno_r", array=column[some], capstyle="round")  # fmt: skip
        ax.add_collection(coloured)
        ax.scatter(outdoors["x_m"], outdoors["y_m"], s=5, color=OKABE[0], edgecolors="white", linewidths=0.3, zorder=4)
        title = f"{_READINGS.get(name, name)}\n{hours:,.0f} person-hours a day"
        ax.set(aspect="equal", xlim=(left, right), ylim=(bottom, upper), title=title)
        ax.set_axis_off()
        if ground is not None:
            _name_streets(ax, ground.names)
    style.as_map(frames[0, 0])
    if some.size:  # where nothing is seen there is no scale
        bar = figure.colorbar(coloured, ax=list(frames[0]), shrink=0.5, pad=0.01, aspect=30)
        bar.set_label("identifiable person-seconds a day, per metre of street", color=INK, fontsize=8)
        bar.outline.set_visible(False)
    style.note(frames[0, -1], credit, (1, 0), (0, -4), xycoords="axes fraction", ha="right", va="top", fontsize=6.5,
               color=FAINT)  # fmt: skip
    return figure


def _name_streets(ax: Axes, names: pd.DataFrame) -> None:
    """Write the names of the longest streets along them, without overlap and within the frame."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    # a map that is long and thin is drawn smaller than its frame, and letters of 5 points are then larger on it
    tall = ax.get_figure(root=True).get_size_inches()[1] - 0.5  # type: ignore[union-attr]
    high = 6.0 / 72.0 * max((right - left) / 3.3, (top - bottom) / float(tall))
    frame, taken, named = Bbox.from_extents(left, bottom, right, top), list[Bbox](), set[str]()
    places = names[["x_m", "y_m", "angle_deg"]].to_numpy(dtype=float)
    for text, (x, y, angle) in zip(names["text"].astype(str), places, strict=True):
        turn, wide = np.radians(angle), high * sum(0.95 if letter > "\u1100" else 0.5 for letter in text)
        across = abs(np.cos(turn)) * wide / 2 + abs(np.sin(turn)) * high
        up = abs(np.sin(turn)) * wide / 2 + abs(np.cos(turn)) * high
        box = Bbox.from_extents(x - across, y - up, x + across, y + up)
        inside = frame.fully_contains(*box.min) and frame.fully_contains(*box.max)
        if inside and text not in named and not box.count_overlaps(taken):
            taken.append(box)
            named.add(text)
            ax.annotate(text, (x, y), ha="center", va="center", rotation=angle, rotation_mode="anchor", fontsize=5,
                        color=INK, zorder=5, path_effects=[withStroke(linewidth=1.4, foreground="white", alpha=0.85)])


@in_house_style
def exposure_map(streets: pd.DataFrame, homes: pd.DataFrame, *, title: str, unit: str, cells: int = 24,
                 ax: Axes | None = None) -> Axes:
    """Map of mean exposure by home, averaged over the residents of each square of the city.

    `streets` has x0_m, y0_m, x1_m, y1_m, kind; `homes` has x_m, y_m, value, weight. Squares with fewer than ten people
    of the sample stay white, because a mean of so few is not informative.
    """
    ax = style.axes(ax, 6.4, 5.6)
    x, y, value, weight = homes[["x_m", "y_m", "value", "weight"]].to_numpy(dtype=float).T
    box = [np.linspace(v.min(), v.max() + 1e-6, cells + 1) for v in (x, y)]
    total, people, count = (np.histogram2d(x, y, bins=box, weights=w)[0] for w in (weight * value, weight, None))
    mean = np.where(count >= 10, total / np.maximum(people, 1e-12), np.nan)
    drawn = ax.pcolormesh(box[0], box[1], mean.T, cmap="cividis_r", rasterized=True)
    ax.add_collection(style.street_lines(streets[streets["kind"] == 0], linewidths=0.4, colors=INK, alpha=0.35))
    style.as_map(ax)
    ax.figure.colorbar(drawn, ax=ax, shrink=0.7).set_label(unit)
    ax.set_title(title)
    return ax
