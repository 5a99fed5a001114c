"""Figures of a city: maps of potential exposure and of homes, a day as a film, requests as lanes, leaks as chains."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from privacysim.draws import Floats
from privacysim.errors import InputError
from privacysim.figures import style
from privacysim.figures.style import COLOURS, FAINT, GRID, INK, OKABE, RED, in_house_style
from privacysim.readers.osm_maps import Ground
from privacysim.units import DAY_S
from privacysim.vocabulary import LEGALITIES

Row = dict[Any, Any]
"""One row of a table, by column."""
_GROUND = {"green": "#eaf2e3", "water": "#dce9f2"}
_WALL, _STREET, _RAIL = "#e4e0da", "#d3d0cb", "#c9c6cf"
_WIDTH = np.array([1.5, 0.9, 0.5])
"""Line widths by kind of way: main road, street, lane."""
_READINGS = {"fewest": "Views that show fewest", "drawn": "As drawn", "most": "Views that show most"}
_ENDS = {"granted": ("o", OKABE[2]), "refused": ("X", RED), "unavailable": ("s", FAINT), "withdrawn": ("|", FAINT),
         "pending": (">", OKABE[4])}  # fmt: skip
"""Mark and colour at the end of a request's lane, by its outcome."""


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
    bar = figure.colorbar(coloured, ax=list(frames[0]), shrink=0.5, pad=0.01, aspect=30)
    bar.set_label("identifiable person-seconds a day, per metre of street", color=INK, fontsize=8)
    bar.outline.set_visible(False)
    style.note(frames[0, -1], credit, (1, 0), (0, -4), xycoords="axes fraction", ha="right", va="top", fontsize=6.5,
               color=FAINT)  # fmt: skip
    return figure


def _name_streets(ax: Axes, names: pd.DataFrame) -> None:
    """Write the names of the longest streets along them, without overlap and within the frame."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    high = 0.017 * (top - bottom)
    frame, taken, named = Bbox.from_extents(left, bottom, right, top), list[Bbox](), set[str]()
    places = names[["x_m", "y_m", "angle_deg"]].to_numpy(dtype=float)
    for text, (x, y, angle) in zip(names["text"].astype(str), places, strict=True):
        turn, wide = np.radians(angle), 0.55 * high * len(text)
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


@in_house_style
def day_in_the_city(streets: pd.DataFrame, moves: pd.DataFrame, cameras: pd.DataFrame, path: str | Path, *, title: str,
                    hours: Sequence[float] = (6.0, 22.0), frames: int = 96, size: float = 4.8) -> Path:
    """Film of one day as a GIF: people on their walks, cameras, and who is in view.

    `streets` as in `exposure_map`; `moves` has walk (id), t_s (seconds of the day), x_m, y_m, seen (in view of a camera
    then), sorted by walk and time; `cameras` has x_m, y_m. Positions are interpolated between the rows of a walk.
    """
    target = Path(path)
    if target.suffix != ".gif":
        raise InputError("film", "a .gif file", target.name, "name it day.gif")
    times = np.linspace(hours[0] * 3600, hours[1] * 3600, frames)
    figure, ax = plt.subplots(figsize=(size, size), layout="constrained")
    ax.add_collection(style.street_lines(streets, linewidths=0.4, colors=GRID))
    ax.scatter(cameras["x_m"], cameras["y_m"], s=5, marker="^", color=OKABE[0], linewidths=0)
    free, seen = (ax.scatter([], [], s=s, color=colour, linewidths=0) for s, colour in ((9, "#999999"), (16, OKABE[1])))
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
    film.save(target, writer=PillowWriter(fps=8), dpi=90)
    plt.close(figure)
    return target


def positions(walks: Sequence[pd.DataFrame], t_s: float) -> Floats:
    """Positions of all people walking at `t_s`: rows x, y, in view (1) or not (0)."""
    found = []
    for rows in walks:
        t = rows["t_s"].to_numpy()
        if t[0] <= t_s <= t[-1]:
            x, y = (float(np.interp(t_s, t, rows[name].to_numpy())) for name in ("x_m", "y_m"))
            seen = bool(rows["seen"].to_numpy()[max(int(np.searchsorted(t, t_s, side="right")) - 1, 0)])
            found.append((x, y, float(seen)))
    return np.array(found, dtype=np.float64).reshape(-1, 3)


@in_house_style
def swim_lane_panels(requests: Mapping[str, pd.DataFrame], opened_s: pd.Series[float], *, most: int = 14) -> Figure:
    """Requests as swim lanes in days since the case opened, one plot per policy on a shared axis.

    `requests` maps each plot's title to rows of the table of that name; `opened_s` gives each case's opening by case
    id. The first `most` requests of cases are drawn in the order given: waiting for approval, then search and
    delivery. A lane names whose camera it is; the mark at its end shows the outcome.
    """
    panels = {name: rows[rows["case_id"].isin(opened_s.index)].head(most) for name, rows in requests.items()}
    heights = [max(len(lanes), 1) + 1.4 for lanes in panels.values()]
    figure, frames = plt.subplots(len(panels), 1, sharex=True, figsize=(7.2, 0.8 + 0.24 * sum(heights)),
                                  layout="constrained", squeeze=False, height_ratios=heights)
    top, bottom = frames[0, 0], frames[-1, 0]
    for (name, lanes), ax in zip(panels.items(), frames[:, 0], strict=True):
        last = max((_draw_lane(ax, y, row, opened_s) for y, row in enumerate(lanes.to_dict("records"))), default=0.0)
        style.named_rows(ax, list(lanes["operator"].astype(str).str.replace("_", " ")), above=0.6)
        ax.set_xlim(0, max(1.9 * last, ax.get_xlim()[1]))  # room for the labels
        ax.set_title(name)
    style.labels_above(top, [("before anybody asks", FAINT), ("waiting for approval", OKABE[4]),
                             ("search and delivery", OKABE[0])])  # fmt: skip
    bottom.set_xlabel("days since the case")
    return figure


def _draw_lane(ax: Axes, y: float, row: Row, opened_s: pd.Series[float]) -> float:
    """Draw the bars, end mark and label of one request; returns its last day."""
    steps = (("submitted_s", GRID), ("decided_s", OKABE[4]), ("delivered_s", OKABE[0]))
    end = 0.0
    for name, colour in steps:
        until = (row[name] - float(opened_s[row["case_id"]])) / DAY_S
        if not math.isnan(until):
            ax.plot([end, until], [y, y], color=colour, linewidth=5, solid_capstyle="butt")
            end = until
    mark, colour = _ENDS[str(row["outcome"])]
    edge: Any = {"markeredgecolor": "white", "markeredgewidth": 0.6} if mark != "|" else {}
    ax.plot([end], [y], mark, color=colour, markersize=6, zorder=3, **edge)
    why = f" ({row['reason']})" if row.get("reason") else ""
    style.note(ax, f"{row['outcome']}{why}", (end, y), (7, 0), va="center", fontsize=7, color=colour)
    return end


@in_house_style
def incident_chain(acts: pd.DataFrame, *, title: str, ax: Axes | None = None) -> Axes:
    """One leak as a chain of acts: who did what, when, following which earlier act, and its legality.

    `acts` follows the table of that name and holds the acts of one incident. An act whose parent is missing starts
    the chain. Time runs to the right; each act has a lane, with a child below its parent.
    """
    rows = _descent(acts.sort_values(["at_s", "act_id"]).to_dict("records"))
    begin = acts["at_s"].min()
    ax = style.axes(ax, 7.2, 1.3 + 0.4 * max(len(rows), 1))
    at = {row["act_id"]: ((row["at_s"] - begin) / DAY_S, n) for n, row in enumerate(rows)}
    for row in rows:
        here, above = at[row["act_id"]], at.get(row["parent_id"])
        if above is not None:
            ax.plot([above[0], above[0], here[0]], [above[1], here[1], here[1]], color=FAINT, linewidth=0.9, zorder=1)
        ax.plot(*here, "o", color=COLOURS[str(row["legality"])], markersize=8, zorder=2)
        looks = "looks" if round(row["audience"]) == 1 else "look"
        looked = f", {row['audience']:,.0f} {looks}" if row["audience"] > 0 else ""
        text = f"{row['actor']}: {row['act']}{looked}  (general law: {row['general']})"
        style.note(ax, text.replace("_", " "), here, (9, 0), va="center", color=INK)
    style.named_rows(ax, [""] * len(rows), above=0.6, below=0.6)
    ax.margins(x=0.05)
    low, high = ax.get_xlim()
    ax.set(xlim=(low, high + 1.1 * (high - low)), xlabel="days since its first act")  # room for the labels
    ax.spines["left"].set_visible(False)
    present = [word for word in LEGALITIES if word in set(acts["legality"].astype(str))]
    words = [("the camera rules call it:", INK), *((word, COLOURS[word]) for word in present)]
    style.labels_above(ax, words, title)
    return ax


def _descent(acts: list[Row]) -> list[Row]:
    """Sort the acts depth first: each act, then its descendants in order of time."""
    known = {act["act_id"] for act in acts}
    children: dict[Any, list[Row]] = {}
    for act in acts:
        children.setdefault(act["parent_id"] if act["parent_id"] in known else None, []).append(act)
    found, waiting = list[Row](), children.get(None, [])[::-1]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1]["act_id"], [])[::-1]
    return found
