"""The map of a town: buildings, streets coloured by what cameras could show there, cameras. Frames in, Axes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from privacysim.figures.style import FAINT, INK, house_style
from privacysim.readers.osm_shapes import Ground

_WALL, _STREET, _CAMERA = "#e4e0da", "#d3d0cb", "#0072B2"
_WATER, _GREEN, _RAIL = "#dce9f2", "#eaf2e3", "#c9c6cf"
_WIDTH = np.array([1.5, 0.9, 0.5])


def town_map(
    streets: pd.DataFrame, buildings: Sequence[NDArray[np.float64]], cameras: pd.DataFrame, *, axes: Sequence[Axes],
    values: Sequence[str], titles: Sequence[str], unit: str = "identifiable person-seconds a day, per metre of street",
    credit: str = "", ground: Ground | None = None,
) -> None:
    """Draw one map a reading on each of `axes`, all on one logarithmic colour scale, with a scale bar; north is up.

    `streets` has x0_m, y0_m, x1_m, y1_m, kind (0 main road, 1 street, 2 lane) and the columns `values`; `cameras` has
    x_m, y_m, indoor. A street that no camera could show stays grey. `credit` names who made the map data; `ground`:
    water, parks, rails, and names of the longest streets where there is room for them.
    """
    lines = streets[["x0_m", "y0_m", "x1_m", "y1_m"]].to_numpy(dtype=float).reshape(-1, 2, 2)
    width = _WIDTH[streets["kind"].to_numpy(dtype=int)]
    shown = streets[list(values)].to_numpy(dtype=float)
    top = float(shown.max(initial=0.0)) or 1.0
    norm = LogNorm(top / 1e3, top)
    outdoors = cameras[~cameras["indoor"]]
    coloured: LineCollection | None = None
    with house_style():
        for ax, column, title in zip(axes, shown.T, titles, strict=True):
            if ground is not None:
                ax.add_collection(PolyCollection(ground.green, facecolors=_GREEN, edgecolors="none"))
                ax.add_collection(PolyCollection(ground.water, facecolors=_WATER, edgecolors="none"))
                ax.add_collection(LineCollection(ground.rails, colors=_RAIL, linewidths=0.35))
            ax.add_collection(PolyCollection(list(buildings), facecolors=_WALL, edgecolors="none"))
            ax.add_collection(LineCollection(list(lines), linewidths=width, colors=_STREET))
            some = np.flatnonzero(column > top / 1e3)
            some = some[np.argsort(column[some], kind="stable")]
            coloured = LineCollection(list(lines[some]), linewidths=width[some] + 1.3, norm=norm, cmap="inferno_r",
                                      array=column[some], capstyle="round")  # fmt: skip
            ax.add_collection(coloured)
            ax.scatter(outdoors["x_m"], outdoors["y_m"], s=5, color=_CAMERA, edgecolors="white", linewidths=0.3,
                       zorder=4)  # fmt: skip
            ends = lines.reshape(-1, 2)
            margin = 0.01 * float(np.ptp(ends, axis=0).max())
            ax.set(aspect="equal", xlim=(ends[:, 0].min() - margin, ends[:, 0].max() + margin),
                   ylim=(ends[:, 1].min() - margin, ends[:, 1].max() + margin))
            ax.set_axis_off()
            if ground is not None:
                _name_streets(ax, ground.names)
            ax.set_title(title)
        _scale_bar(axes[0])
        if coloured is not None:
            bar = axes[0].figure.colorbar(coloured, ax=list(axes), shrink=0.5, pad=0.01, aspect=30)
            bar.set_label(unit, color=INK, fontsize=8)
            bar.outline.set_visible(False)
        if credit:
            axes[-1].annotate(credit, (1, 0), (0, -4), xycoords="axes fraction", textcoords="offset points", ha="right",
                              va="top", fontsize=6.5, color=FAINT)  # fmt: skip


def scenario_map(
    streets: pd.DataFrame, buildings: Sequence[NDArray[np.float64]], cameras: pd.DataFrame, *,
    values: Mapping[str, float], credit: str = "", ground: Ground | None = None,
) -> Figure:
    """A figure with one map for each reading in `values`, titled with its identifiable person-hours a day."""
    words = {"fewest": "Views that show fewest", "drawn": "As drawn", "most": "Views that show most"}
    high = max(float(np.ptp(streets[["y0_m", "y1_m"]])) / max(float(np.ptp(streets[["x0_m", "x1_m"]])), 1.0), 0.4)
    with house_style():
        figure, axes = plt.subplots(1, len(values), figsize=(3.4 * len(values) + 0.7, min(3.3 * high, 9.0) + 0.5),
                                    layout="constrained", squeeze=False)  # fmt: skip
    titles = [f"{words.get(name, name)}\n{value:,.0f} person-hours a day" for name, value in values.items()]
    town_map(streets, buildings, cameras, axes=list(axes[0]), values=list(values), titles=titles, credit=credit,
             ground=ground)
    return figure


def _name_streets(ax: Axes, names: pd.DataFrame) -> None:
    """Names of the longest streets along them, none over another or over the edge."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    high = 0.017 * (top - bottom)
    taken, named = list[tuple[float, float, float, float]](), set[str]()
    places = names[["x_m", "y_m", "angle_deg"]].to_numpy(dtype=float)
    for text, (x, y, angle) in zip(names["text"].astype(str), places, strict=True):
        turn, wide = np.radians(angle), 0.55 * high * len(text)
        across = abs(np.cos(turn)) * wide / 2 + abs(np.sin(turn)) * high
        up = abs(np.sin(turn)) * wide / 2 + abs(np.cos(turn)) * high
        box = (x - across, x + across, y - up, y + up)
        inside = box[0] > left and box[1] < right and box[2] > bottom and box[3] < top
        free = inside and text not in named
        if free and not any(a[0] < box[1] and box[0] < a[1] and a[2] < box[3] and box[2] < a[3] for a in taken):
            taken.append(box)
            named.add(text)
            label = ax.annotate(text, (x, y), ha="center", va="center", rotation=angle, rotation_mode="anchor",
                                fontsize=5, color=INK, zorder=5)  # fmt: skip
            label.set_path_effects([withStroke(linewidth=1.4, foreground="white", alpha=0.85)])


def _scale_bar(ax: Axes) -> None:
    low, high = ax.get_xlim()
    length = float(10 ** np.floor(np.log10((high - low) / 2)))
    length *= 2 if 2 * length < (high - low) / 2 else 1
    bottom = ax.get_ylim()[0]
    ax.plot([low, low + length], [bottom, bottom], color=INK, linewidth=2, clip_on=False, solid_capstyle="butt")
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    ax.annotate(text, (low, bottom), (0, 4), textcoords="offset points", fontsize=7.5, color=INK)
