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
from numpy.typing import NDArray

from privacysim.figures.style import FAINT, INK, house_style

_WALL, _STREET, _CAMERA = "#e9e6e1", "#d3d0cb", "#0072B2"
_WIDTH = np.array([1.5, 0.9, 0.5])


def town_map(
    streets: pd.DataFrame, buildings: Sequence[NDArray[np.float64]], cameras: pd.DataFrame, *, axes: Sequence[Axes],
    values: Sequence[str], titles: Sequence[str], unit: str = "identifiable person-seconds a day, per metre of street",
    credit: str = "",
) -> None:
    """Draw one map a reading on each of `axes`, all on one logarithmic colour scale, with a scale bar; north is up.

    `streets` has x0_m, y0_m, x1_m, y1_m, kind (0 main road, 1 street, 2 lane) and the columns `values`; `cameras` has
    x_m, y_m, indoor. A street that no camera could show stays grey. `credit` names who made the map data.
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
            ax.add_collection(PolyCollection(list(buildings), facecolors=_WALL, edgecolors="none"))
            ax.add_collection(LineCollection(list(lines), linewidths=width, colors=_STREET))
            some = np.flatnonzero(column > top / 1e3)
            some = some[np.argsort(column[some], kind="stable")]
            coloured = LineCollection(list(lines[some]), linewidths=width[some] + 1.3, norm=norm, cmap="inferno_r",
                                      array=column[some], capstyle="round")  # fmt: skip
            ax.add_collection(coloured)
            ax.scatter(outdoors["x_m"], outdoors["y_m"], s=5, color=_CAMERA, edgecolors="white", linewidths=0.3,
                       zorder=4)  # fmt: skip
            ax.set_aspect("equal")
            ax.autoscale_view()
            ax.margins(0.01)
            ax.set_axis_off()
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
    values: Mapping[str, float], credit: str = "",
) -> Figure:
    """A figure with one map for each reading in `values`, titled with its identifiable person-hours a day."""
    words = {"fewest": "Views that show fewest", "drawn": "As drawn", "most": "Views that show most"}
    high = max(float(np.ptp(streets[["y0_m", "y1_m"]])) / max(float(np.ptp(streets[["x0_m", "x1_m"]])), 1.0), 0.4)
    with house_style():
        figure, axes = plt.subplots(1, len(values), figsize=(3.4 * len(values) + 0.7, min(3.3 * high, 9.0) + 0.5),
                                    layout="constrained", squeeze=False)  # fmt: skip
    titles = [f"{words.get(name, name)}\n{value:,.0f} person-hours a day" for name, value in values.items()]
    town_map(streets, buildings, cameras, axes=list(axes[0]), values=list(values), titles=titles, credit=credit)
    return figure


def _scale_bar(ax: Axes) -> None:
    low, high = ax.get_xlim()
    length = float(10 ** np.floor(np.log10((high - low) / 2)))
    length *= 2 if 2 * length < (high - low) / 2 else 1
    bottom = ax.get_ylim()[0]
    ax.plot([low, low + length], [bottom, bottom], color=INK, linewidth=2, clip_on=False, solid_capstyle="butt")
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    ax.annotate(text, (low, bottom), (0, 4), textcoords="offset points", fontsize=7.5, color=INK)
