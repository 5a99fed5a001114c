"""Drawing of a walk (lines and cameras in metres, never in degrees), and its figures: map and timeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Wedge
from numpy.typing import NDArray

from privacysim.figures.style import FAINT, GRID, INK, axes, house_style
from privacysim.readers.positions import plane_at
from privacysim.tracks.dosimeter import LEVELS, Dose
from privacysim.tracks.publishing import publishable_passes
from privacysim.tracks.walk_town import Town

Floats = NDArray[np.float64]
LEVEL_COLOURS = {"in_range": "#bbbbbb", "detect": "#56B4E9", "observe": "#009E73", "recognise": "#E69F00",
                 "identify": "#D55E00"}
_MOST_PIECES = 20_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sketch:
    """Drawing in metres east and north of the walk's middle. `steps` and `stretches`: rows x1, y1, x2, y2.

    `level` of each stretch in (possible) view: position in LEVELS; later rows are drawn on top. `cameras`: rows x, y,
    reach, heading and hfov in degrees (heading NaN: all round or unknown), in the order of `dose.cameras`.
    """

    steps: Floats
    stretches: Floats
    level: NDArray[np.int64]
    cameras: Floats
    streets: Floats
    buildings: tuple[Floats, ...]
    ways: Floats


def sketch(dose: Dose, town: Town | None = None, ways: tuple[NDArray[np.int64], ...] = ()) -> Sketch:
    """Make the drawing of a dose; with a town also its streets and buildings, and other ways along its nodes."""
    walk, sight, mapped = dose.walk, dose.sight, dose.mapped
    plane = plane_at(float((walk.lat.min() + walk.lat.max()) / 2), _middle(walk.lon))
    x, y = plane.xy(walk.lat, walk.lon)
    step = np.flatnonzero(walk.joined)
    pieces = sight.pieces
    rows = np.column_stack([pieces.step, np.round(pieces.enter, 3), np.round(pieces.leave, 3), pieces.level])
    rows = np.unique(rows, axis=0)
    rows = rows[np.argsort(rows[:, 3], kind="stable")][-_MOST_PIECES:]
    which = rows[:, 0].astype(np.int64)
    dx, dy = x[np.minimum(which + 1, x.size - 1)] - x[which], y[np.minimum(which + 1, x.size - 1)] - y[which]
    stretches = np.column_stack([x[which] + rows[:, 1] * dx, y[which] + rows[:, 1] * dy, x[which] + rows[:, 2] * dx,
                                 y[which] + rows[:, 2] * dy])
    index = dose.cameras["index"].to_numpy()
    reach = np.zeros(len(mapped))
    np.maximum.at(reach, sight.views.camera, sight.views.rows[:, 2])
    cx, cy = plane.xy(mapped.lat[index], mapped.lon[index])
    cameras = np.column_stack([cx, cy, reach[index], mapped.heading_deg[index], mapped.hfov_deg[index]])
    streets, buildings, others = np.empty((0, 4)), list[Floats](), np.empty((0, 4))
    if town is not None:
        tx, ty = plane.xy(town.lat, town.lon)
        streets = _segments(tx, ty, town.u, town.v)
        rx, ry = plane.xy(town.ring_lat, town.ring_lon)
        buildings = np.split(np.column_stack([rx, ry]), town.ring_start[1:-1])
        others = np.concatenate([others, *(_segments(tx, ty, way[:-1], way[1:]) for way in ways)])
    return Sketch(np.column_stack([x[step], y[step], x[step + 1], y[step + 1]]), stretches,
                  rows[:, 3].astype(np.int64), cameras, streets, tuple(buildings), others)


def _segments(x: Floats, y: Floats, a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
    return np.column_stack([x[a], y[a], x[b], y[b]])


def _middle(lon: Floats) -> float:
    """Middle of longitudes, the short way across the date line."""
    offset = (lon - lon[0] + 540.0) % 360.0 - 180.0
    return float((lon[0] + (offset.min() + offset.max()) / 2 + 540.0) % 360.0 - 180.0)


def draw_map(dose: Dose, ax: Axes | None = None, drawing: Sketch | None = None) -> Axes:
    """Draw the walk, coloured by the best level at which a camera has (or may have) it in view; metres, north up.

    The map shows where somebody walked: keep it where you keep the track.
    """
    drawn = drawing or sketch(dose)
    with house_style():
        ax = axes(ax, 6.0, 6.0)
        if drawn.buildings:
            ax.add_collection(PatchCollection([Polygon(ring) for ring in drawn.buildings], facecolor="#eeeeee",
                                              edgecolor=GRID, linewidth=0.4))
        ax.add_collection(LineCollection(_lines(drawn.streets), colors=GRID, linewidths=0.6))
        ax.add_collection(LineCollection(_lines(drawn.ways), colors="#CC79A7", linewidths=1.6, linestyles="dashed"))
        views = [Wedge((x, y), reach, *_arc(heading, hfov)) for x, y, reach, heading, hfov in drawn.cameras]
        ax.add_collection(PatchCollection(views, facecolor="#0072B2", alpha=0.06, edgecolor="none"))
        ax.add_collection(LineCollection(_lines(drawn.steps), colors=INK, linewidths=1.0))
        colours = [LEVEL_COLOURS[LEVELS[code]] for code in drawn.level]
        ax.add_collection(LineCollection(_lines(drawn.stretches), colors=colours, linewidths=2.6, capstyle="butt"))
        ax.plot(drawn.cameras[:, 0], drawn.cameras[:, 1], "o", color="#0072B2", markersize=2.6)
        x, y = drawn.steps[:, [0, 2]], drawn.steps[:, [1, 3]]
        margin = 0.08 * max(float(np.ptp(x)), float(np.ptp(y)), 100.0)
        ax.set(xlim=(x.min() - margin, x.max() + margin), ylim=(y.min() - margin, y.max() + margin), aspect="equal",
               xlabel="m east", ylabel="m north", title="The walk and the cameras that have, or may have, it in view")
        other = Line2D([], [], color="#CC79A7", linewidth=1.6, linestyle="dashed", label="another way, seen least")
        handles = [*_legend(), other] if drawn.ways.size else _legend()
        ax.legend(handles=handles, loc="best", frameon=False, fontsize=7.5)
    return ax


def _lines(rows: np.ndarray) -> list[np.ndarray]:
    return list(rows.reshape(-1, 2, 2))


def _arc(heading: float, hfov: float) -> tuple[float, float]:
    """Start and end of a wedge in matplotlib's degrees (anticlockwise from east)."""
    if not np.isfinite(heading) or hfov >= 360:
        return 0.0, 360.0
    wide = hfov if np.isfinite(hfov) else 90.0
    return 90.0 - heading - wide / 2, 90.0 - heading + wide / 2


def _legend() -> list[Line2D]:
    words = {"in_range": "in reach only", "detect": "detect: somebody", "observe": "observe", "recognise": "recognise",
             "identify": "identify"}
    return [Line2D([], [], color=LEVEL_COLOURS[level], linewidth=2.6, label=words[level]) for level in LEVELS]


def draw_timeline(dose: Dose, ax: Axes | None = None, most: int = 40) -> Axes:
    """Plot when each camera has, or may have, the walker in view: minutes since the first fix, one line a camera."""
    passes = publishable_passes(dose)
    order = passes.groupby("camera")["enter_s"].min().sort_values(kind="stable").index[:most]
    with house_style():
        ax = axes(ax, 7.0, 1.2 + 0.16 * max(len(order), 4))
        for row, camera in enumerate(order):
            own = passes[passes["camera"] == camera]
            columns = (own[name] for name in ("enter_s", "leave_s", "level", "sure"))
            for enter, leave, level, sure in zip(*columns, strict=True):
                ax.plot([enter / 60, max(leave, enter + 1) / 60], [row, row], color=LEVEL_COLOURS[level],
                        linewidth=4 if sure else 2, solid_capstyle="butt")
        ax.set_yticks(range(len(order)), [str(camera) for camera in order], fontsize=6.5)
        ax.set(xlabel="minutes since the first fix", ylabel="camera (line in its file)",
               title="When which camera has, or may have, the walk in view", ylim=(len(order) - 0.4, -0.6))
        ax.grid(axis="x", color=GRID, linewidth=0.5)
        left = passes["camera"].nunique() - len(order)
        note = "thick: surely; thin: possibly (heading, lens or height not mapped)"
        ax.annotate(note + (f"; {left} more cameras not drawn" if left else ""), (1, 0), (0, -30), fontsize=7,
                    xycoords="axes fraction", textcoords="offset points", ha="right", va="top", color=FAINT)
        ax.legend(handles=_legend(), loc="upper right", frameon=False, fontsize=7)
    return ax
