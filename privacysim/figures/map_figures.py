"""Maps: a town coloured by potential exposure to cameras, a district, exposure by home, and a day as a film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.animation import AbstractMovieWriter, FuncAnimation, PillowWriter
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from privacysim.errors import InputError, require
from privacysim.figures.style import FAINT, GRID, INK, OKABE, as_map, axes, in_house_style, labels_above, street_lines
from privacysim.readers.osm_tags import Ground

Floats = NDArray[np.float64]
_GROUND = {"green": "#eaf2e3", "water": "#dce9f2"}
_WALL, _STREET, _RAIL = "#e4e0da", "#d3d0cb", "#c9c6cf"
_WIDTH = np.array([1.5, 0.9, 0.5])
"""Line widths by kind of way: main road, street, lane."""
_READINGS = {"fewest": "Views that show fewest", "drawn": "As drawn", "most": "Views that show most"}


@in_house_style
def town_map(
    streets: pd.DataFrame, buildings: Sequence[Floats], cameras: pd.DataFrame, *, axes: Sequence[Axes],
    values: Sequence[str], titles: Sequence[str], unit: str = "identifiable person-seconds a day, per metre of street",
    credit: str = "", ground: Ground | None = None,
) -> None:
    """Draw one map per reading on `axes`, on one logarithmic colour scale, with a scale bar; north is up.

    `streets` has x0_m, y0_m, x1_m, y1_m, kind (0 main road, 1 street, 2 lane) and the columns `values`; `cameras` has
    x_m, y_m, indoor. A street that no camera could show stays grey. `credit` names the source of the map data;
    `ground` has water, parks, rails, and names of the longest streets, drawn where they fit.
    """
    width = _WIDTH[streets["kind"].to_numpy(dtype=int)]
    shown = streets[list(values)].to_numpy(dtype=float)
    top = float(shown.max(initial=0.0)) or 1.0
    ends = streets[["x0_m", "y0_m", "x1_m", "y1_m"]].to_numpy(dtype=float).reshape(-1, 2)
    margin = 0.01 * float(np.ptp(ends, axis=0).max())
    (left, bottom), (right, upper) = ends.min(axis=0) - margin, ends.max(axis=0) + margin
    outdoors = cameras[~cameras["indoor"]]
    coloured: LineCollection | None = None
    for ax, column, title in zip(axes, shown.T, titles, strict=True):
        if ground is not None:
            for name, colour in _GROUND.items():
                ax.add_collection(PolyCollection(getattr(ground, name), facecolors=colour, edgecolors="none"))
            ax.add_collection(LineCollection(ground.rails, colors=_RAIL, linewidths=0.35))
        ax.add_collection(PolyCollection(list(buildings), facecolors=_WALL, edgecolors="none"))
        ax.add_collection(street_lines(streets, linewidths=width, colors=_STREET))
        some = np.flatnonzero(column > top / 1e3)
        some = some[np.argsort(column[some], kind="stable")]
        coloured = street_lines(streets.iloc[some], linewidths=width[some] + 1.3, norm=LogNorm(top / 1e3, top),
                                cmap="inferno_r", array=column[some], capstyle="round")  # fmt: skip
        ax.add_collection(coloured)
        ax.scatter(outdoors["x_m"], outdoors["y_m"], s=5, color=OKABE[0], edgecolors="white", linewidths=0.3, zorder=4)
        ax.set(aspect="equal", xlim=(left, right), ylim=(bottom, upper), title=title)
        ax.set_axis_off()
        if ground is not None:
            _name_streets(ax, ground.names)
    as_map(axes[0])
    if coloured is not None:
        bar = axes[0].figure.colorbar(coloured, ax=list(axes), shrink=0.5, pad=0.01, aspect=30)
        bar.set_label(unit, color=INK, fontsize=8)
        bar.outline.set_visible(False)
    if credit:
        axes[-1].annotate(credit, (1, 0), (0, -4), xycoords="axes fraction", textcoords="offset points", ha="right",
                          va="top", fontsize=6.5, color=FAINT)  # fmt: skip


@in_house_style
def scenario_map(
    streets: pd.DataFrame, buildings: Sequence[Floats], cameras: pd.DataFrame, *, values: Mapping[str, float],
    credit: str = "", ground: Ground | None = None,
) -> Figure:
    """Figure with one map per reading in `values`, titled with its identifiable person-hours a day."""
    high = max(float(np.ptp(streets[["y0_m", "y1_m"]])) / max(float(np.ptp(streets[["x0_m", "x1_m"]])), 1.0), 0.4)
    size = (3.4 * len(values) + 0.7, min(3.3 * high, 9.0) + 0.5)
    figure, frames = plt.subplots(1, len(values), figsize=size, layout="constrained", squeeze=False)
    titles = [f"{_READINGS.get(name, name)}\n{value:,.0f} person-hours a day" for name, value in values.items()]
    town_map(streets, buildings, cameras, axes=list(frames[0]), values=list(values), titles=titles, credit=credit,
             ground=ground)
    return figure


def _name_streets(ax: Axes, names: pd.DataFrame) -> None:
    """Write the names of the longest streets along them, without overlap and within the frame."""
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


@in_house_style
def district_map(streets: pd.DataFrame, cameras: pd.DataFrame, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Map of the streets and cameras of a district, to scale.

    `streets` has x0_m, y0_m, x1_m, y1_m, kind (0 main road, 1 street, 2 lane); `cameras` has x_m, y_m, social and,
    if wanted, listed (on the website).
    """
    ax = axes(ax, 6.0, 6.0)
    ax.add_collection(street_lines(streets, linewidths=_WIDTH[streets["kind"].to_numpy(dtype=int)], colors=GRID))
    listed = cameras["listed"].to_numpy(dtype=bool) if "listed" in cameras else np.zeros(len(cameras), dtype=bool)
    social = cameras["social"].to_numpy(dtype=bool)
    kinds = (("social", social & ~listed, OKABE[4], 3.0), ("public", ~social & ~listed, OKABE[0], 4.0),
             ("listed on the website", listed, OKABE[1], 22.0))  # fmt: skip
    for _, chosen, colour, size in kinds:
        if chosen.any():
            ax.scatter(cameras["x_m"][chosen], cameras["y_m"][chosen], s=size, color=colour, linewidths=0)
    labels_above(ax, [(name, colour) for name, chosen, colour, _ in kinds if chosen.any()])
    ax.autoscale_view()
    as_map(ax)
    ax.set_title(title, pad=16)
    return ax


@in_house_style
def exposure_map(
    streets: pd.DataFrame, homes: pd.DataFrame, *, title: str, unit: str, cells: int = 24, ax: Axes | None = None,
    lang: str = "en",
) -> Axes:
    """Map of mean exposure by home, averaged over the residents of each square of the city.

    `streets` has x0_m, y0_m, x1_m, y1_m, kind; `homes` has x_m, y_m, value, weight. Squares with fewer than ten people
    of the sample stay white, because a mean of so few is not informative.
    """
    ax = axes(ax, 6.4, 5.6)
    x, y, value, weight = homes[["x_m", "y_m", "value", "weight"]].to_numpy(dtype=float).T
    box = [np.linspace(v.min(), v.max() + 1e-6, cells + 1) for v in (x, y)]
    total, people, count = (np.histogram2d(x, y, bins=box, weights=w)[0] for w in (weight * value, weight, None))
    mean = np.where(count >= 10, total / np.maximum(people, 1e-12), np.nan)
    drawn = ax.pcolormesh(box[0], box[1], mean.T, cmap="cividis_r", rasterized=True)
    ax.add_collection(street_lines(streets[streets["kind"] == 0], linewidths=0.4, colors=INK, alpha=0.35))
    as_map(ax)
    ax.figure.colorbar(drawn, ax=ax, shrink=0.7).set_label(unit)
    ax.set_title(title)
    return ax


@in_house_style
def day_in_the_city(
    streets: pd.DataFrame, moves: pd.DataFrame, cameras: pd.DataFrame, path: str | Path, *, title: str,
    hours: Sequence[float] = (6.0, 22.0), frames: int = 96, size: float = 4.8,
) -> Path:
    """Film of one day, as .gif or .mp4: people on their walks, cameras, and who is in view.

    `streets` as in `exposure_map`; `moves` has walk (id), t_s (seconds of the day), x_m, y_m, seen (in view of a camera
    then), sorted by walk and time; `cameras` has x_m, y_m. Positions are interpolated between the rows of a walk.
    """
    target = Path(path)
    writer = film_writer(target)
    times = np.linspace(hours[0] * 3600, hours[1] * 3600, frames)
    figure, ax = plt.subplots(figsize=(size, size), layout="constrained")
    ax.add_collection(street_lines(streets, linewidths=0.4, colors=GRID))
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
    film.save(target, writer=writer, dpi=90)
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


def film_writer(path: Path, fps: int = 8) -> AbstractMovieWriter:
    """Return the film writer for a .gif or .mp4 path; any other ending raises an InputError."""
    if path.suffix not in (".gif", ".mp4"):
        raise InputError("film", "a .gif or .mp4 file", path.name, "name it day.gif")
    return PillowWriter(fps=fps) if path.suffix == ".gif" else _Mp4Writer(fps=fps)


class _Mp4Writer(AbstractMovieWriter):
    """Writes each frame of matplotlib's canvas to an MP4 file (MPEG-4 part 2) with OpenCV."""

    def setup(self, fig: Any, outfile: Any, dpi: float | None = None) -> None:
        super().setup(fig, outfile, dpi=dpi)
        self._writer = require("masks", "cv2", where=f"film {outfile}").VideoWriter
        self._film: Any = None

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        self.fig.set_dpi(self.dpi)
        canvas: Any = self.fig.canvas
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, 2::-1]
        # the codec needs even side lengths
        picture = np.ascontiguousarray(pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2])
        if self._film is None:
            size = (picture.shape[1], picture.shape[0])
            self._film = self._writer(str(self.outfile), self._writer.fourcc(*"mp4v"), self.fps, size)
            if not self._film.isOpened():
                raise InputError(str(self.outfile), "a place where a film can be written", "none", "write a .gif")
        self._film.write(picture)

    def finish(self) -> None:
        if self._film is not None:
            self._film.release()
