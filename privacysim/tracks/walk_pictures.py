"""Drawing of a walk (lines and cameras in metres, never in degrees): its map, a page with the map, and its timeline.

The page is one HTML file without tiles, scripts or fonts from elsewhere. Drag with the mouse, zoom with the wheel,
point at a camera to read what it saw. It still shows the walk, so keep it where you keep the track.
"""

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Wedge

from privacysim.draws import Floats, Ints
from privacysim.figures.style import FAINT, GRID, INK, axes, house_style, svg_text
from privacysim.readers.positions import plane_at
from privacysim.resources import PACKAGE
from privacysim.tracks.dose_tables import publishable_passes
from privacysim.tracks.dosimeter import ENDS, LEVELS, Dose
from privacysim.tracks.walk_sight import Town

_COLOURS = dict(zip(LEVELS, ("#bbbbbb", "#56B4E9", "#009E73", "#E69F00", "#D55E00"), strict=True))
_CAMERA = "#0072B2"
_MOST_PIECES = 20_000


def draw_map(dose: Dose, ax: Axes | None = None, town: Town | None = None, ways: Sequence[Ints] = ()) -> Axes:
    """Draw the walk, coloured by the best level at which a camera has (or may have) it in view; metres, north up.

    With a town also its streets and buildings, and other ways along its nodes. The map shows where somebody walked:
    keep it where you keep the track.
    """
    walk, sight, mapped = dose.walk, dose.sight, dose.mapped
    # the middle of the longitudes is found the short way across the date line
    offset = (walk.lon - walk.lon[0] + 540.0) % 360.0 - 180.0
    lon0 = float((walk.lon[0] + (offset.min() + offset.max()) / 2 + 540.0) % 360.0 - 180.0)
    plane = plane_at(float((walk.lat.min() + walk.lat.max()) / 2), lon0)
    at, step = np.column_stack(plane.xy(walk.lat, walk.lon)), np.flatnonzero(walk.joined)
    index = dose.cameras["index"].to_numpy()
    reach = np.zeros(len(mapped))
    np.maximum.at(reach, sight.views.camera, sight.views.rows[:, 2])
    cameras = np.column_stack(plane.xy(mapped.lat[index], mapped.lon[index]))
    arcs = zip(cameras, reach[index], mapped.heading_deg[index], mapped.hfov_deg[index], strict=True)
    handles, shown = _legend(), [at]
    with house_style():
        ax = axes(ax, 6.0, 6.0)
        if town is not None:
            rings = np.split(np.column_stack(plane.xy(town.ring_lat, town.ring_lon)), town.ring_start[1:-1])
            ax.add_collection(PatchCollection([Polygon(ring) for ring in rings if len(ring)], facecolor="#eeeeee",
                                              edgecolor=GRID, linewidth=0.4))  # fmt: skip
            nodes = np.column_stack(plane.xy(town.lat, town.lon))
            _lines(ax, nodes[town.u], nodes[town.v], color=GRID, linewidth=0.6)
            look: Any = {"color": "#CC79A7", "linewidth": 1.6, "linestyle": "dashed"}
            for way in ways:
                _lines(ax, nodes[way[:-1]], nodes[way[1:]], **look)
                handles = [*_legend(), Line2D([], [], label="least-seen other route", **look)]
                shown.append(nodes[way])
        views = [Wedge(tuple(place), far, *_arc(heading, hfov)) for place, far, heading, hfov in arcs]
        ax.add_collection(PatchCollection(views, facecolor=_CAMERA, alpha=0.06, edgecolor="none"))
        _lines(ax, at[step], at[step + 1], color=INK, linewidth=1.0)
        # stretches at higher levels are drawn on top
        pieces = sight.pieces
        rows = np.column_stack([pieces.step, np.round(pieces.enter, 3), np.round(pieces.leave, 3), pieces.level])
        rows = np.unique(rows, axis=0)
        rows = rows[np.argsort(rows[:, 3], kind="stable")][-_MOST_PIECES:]
        which, level = rows[:, 0].astype(np.int64), rows[:, 3].astype(np.int64)
        ends = (at[which] + rows[:, [n]] * (at[which + 1] - at[which]) for n in (1, 2))
        _lines(ax, *ends, color=[_COLOURS[LEVELS[code]] for code in level], linewidth=2.6, capstyle="butt")
        for number, (x, y) in enumerate(cameras):
            ax.plot([x], [y], "o", color=_CAMERA, markersize=2.6, gid=f"camera-{number}")
        (left, bottom), (right, top) = np.concatenate(shown).min(axis=0), np.concatenate(shown).max(axis=0)
        margin = 0.08 * max(right - left, top - bottom, 100.0)
        ax.set(xlim=(left - margin, right + margin), ylim=(bottom - margin, top + margin), aspect="equal",
               xlabel="m east", ylabel="m north", title="The walk and the cameras that have, or may have, it in view")
        ax.legend(handles=handles, loc="best", frameon=False, fontsize=7.5)
    return ax


def _lines(ax: Axes, begins: Floats, ends: Floats, **look: Any) -> None:
    ax.add_collection(LineCollection(list(np.stack([begins, ends], axis=1)), **look))


def _arc(heading: float, hfov: float) -> tuple[float, float]:
    """Start and end of a wedge in matplotlib's degrees (anticlockwise from east)."""
    if not np.isfinite(heading) or hfov >= 360:
        return 0.0, 360.0
    wide = hfov if np.isfinite(hfov) else 90.0
    return 90.0 - heading - wide / 2, 90.0 - heading + wide / 2


def _legend() -> list[Line2D]:
    words = {"in_range": "in reach only", "detect": "detect: somebody"}
    return [Line2D([], [], color=_COLOURS[level], linewidth=2.6, label=words.get(level, level)) for level in LEVELS]


def page(dose: Dose, town: Town | None = None, ways: Sequence[Ints] = ()) -> str:
    """Map as a self-contained HTML page; equal doses give equal text."""
    svg = svg_text(draw_map(dose, town=town, ways=ways).figure)  # type: ignore[arg-type]
    svg = re.sub(r'<metadata>.*?</metadata>| xmlns(:\w+)?="[^"]*"', "", svg[svg.index("<svg") :], flags=re.DOTALL)
    low, high = (round(dose.totals[f"metres_in_view_detect_{end}"]) for end in ("low", "high"))
    text = (f"{dose.totals['metres']:.0f} m walked; on {low if low == high else f'{low} to {high}'} m of it a camera "
            "can tell that somebody is there. North is up.")  # fmt: skip
    said = json.dumps([_words(row) for row in dose.cameras.to_dict("records")]).replace("<", "\\u003c")
    made = (f"<header><h1>Cameras that have, or may have, this walk in view</h1>{text}</header>{svg}"
            '<div id="say">Point at a camera. Drag to move, turn the wheel to zoom.</div>'
            f'<script type="application/json" id="cameras">{said}</script>')
    return (PACKAGE / "tracks/walk_page.html").read_text(encoding="utf-8").replace("@BODY@", made)


def _words(row: Mapping[Hashable, Any]) -> str:
    lines = [f"camera {row['camera']} ({row['operator']}){'' if row['heading_known'] else ', heading not known'}"]
    for level in LEVELS[1:]:
        low, middle, high = (row[f"seconds_{level}{end}"] for end in ENDS)
        if high > 0:
            lines.append(f"{level}: {middle:.1f} s" + ("" if high - low < 0.05 else f" ({low:.1f} to {high:.1f})"))
    return "\n".join(lines)


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
                ax.plot([enter / 60, max(leave, enter + 1) / 60], [row, row], color=_COLOURS[level],
                        linewidth=4 if sure else 2, solid_capstyle="butt")
        ax.set_yticks(range(len(order)), [str(camera) for camera in order], fontsize=6.5)
        ax.set(xlabel="minutes since the first fix", ylabel="camera (line in its file)",
               title="When each camera has, or may have, the walk in view", ylim=(len(order) - 0.4, -0.6))
        ax.grid(axis="x", color=GRID, linewidth=0.5)
        left = passes["camera"].nunique() - len(order)
        note = "thick: surely; thin: possibly (heading, lens or height not mapped)"
        ax.annotate(note + (f"; {left} more cameras not drawn" if left else ""), (1, 0), (0, -30), fontsize=7,
                    xycoords="axes fraction", textcoords="offset points", ha="right", va="top", color=FAINT)
        ax.legend(handles=_legend(), loc="upper right", frameon=False, fontsize=7)
    return ax
