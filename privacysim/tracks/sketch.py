"""A walk as a drawing: lines and cameras in metres around the middle of the walk, never in degrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacysim.readers.positions import plane_at
from privacysim.tracks.dosimeter import LEVELS, Dose
from privacysim.tracks.walk_town import Town

Floats = NDArray[np.float64]
LEVEL_COLOURS = {"in_range": "#bbbbbb", "detect": "#56B4E9", "observe": "#009E73", "recognise": "#E69F00",
                 "identify": "#D55E00"}
_MOST_PIECES = 20_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sketch:
    """Metres east and north of the walk's middle. `steps` and `stretches`: rows x1, y1, x2, y2.

    `level` of each stretch in (possible) view: position in LEVELS, later rows lie on top. `cameras`: rows x, y, reach,
    heading and hfov in degrees (NaN heading: all round or not known), in the order of `dose.cameras`.
    """

    steps: Floats
    stretches: Floats
    level: NDArray[np.int64]
    cameras: Floats
    streets: Floats
    buildings: tuple[Floats, ...]
    ways: Floats


def sketch(dose: Dose, town: Town | None = None, ways: tuple[NDArray[np.int64], ...] = ()) -> Sketch:
    """Lines and cameras of a dose; with a town its streets and buildings, and other ways along its nodes."""
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
    """Half way, across the date line the short way."""
    offset = (lon - lon[0] + 540.0) % 360.0 - 180.0
    return float((lon[0] + (offset.min() + offset.max()) / 2 + 540.0) % 360.0 - 180.0)


def level_word(code: int) -> str:
    """The word of a level's code."""
    return LEVELS[code]
