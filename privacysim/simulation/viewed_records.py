"""Who was in view of what somebody looked at, actor by actor and channel by channel: for metrics on request.

The exposure pass knows outsiders and legalities only. Here the acts of each arm are laid out anew, one choice for each
actor and channel, and measured on the same people; and the single sightings before outsiders are written out, a chunk
at a time, since what can be inferred from them (a home, a pair) is no sum over seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.exposure import Exposure, index_acts, is_outsider, measure_exposure
from privacysim.metrics import Viewed
from privacysim.metrics.usefulness import first_evidence_s
from privacysim.sight.passes import Pieces, sightings
from privacysim.units import DAY_S

if TYPE_CHECKING:
    from privacysim.governance import Log
    from privacysim.simulation.replicate import Replicate, Seen

_CHUNK = 1 << 16
"""Pieces whose days are written out at one time."""


@dataclass
class _Chosen:
    policy: str
    acts: pd.DataFrame


def viewed_by_arm(whole: Replicate, seen: Seen, *, first: bool) -> list[Viewed]:
    """One Viewed per arm of the replicate; `first`: this is the block that carries the numbers of the Log."""
    return [_viewed(whole, seen, log, first) for log in whole.logs]


def _viewed(whole: Replicate, seen: Seen, log: Log, first: bool) -> Viewed:
    world, block = whole.world, seen.block
    acts = log.acts[log.acts["audience"].to_numpy() > 0.0]
    seconds = {}
    for column in ("actor", "channel"):
        for word, rows in acts.groupby(column, observed=True):
            seconds[f"{column} {word}"] = _measured(whole, seen, rows).identifiable_s[:, 0].sum(axis=1)
    asked = _measured(whole, seen, acts[acts["source"] == "request"]).sightings_seen[:, 0].any(axis=1)
    x, y = np.asarray(world.city.place_x, dtype=np.float64), np.asarray(world.city.place_y, dtype=np.float64)
    works = block.work_place >= 0
    place = [np.column_stack([x[places], y[places]]) for places in (block.home_place, block.work_place)]
    place[1][~works] = np.nan
    return Viewed(
        world.days, block.weight, seconds, np.asarray(asked),
        len(first_evidence_s(log.requests, world.days * DAY_S)) if first else 0,
        _before_outsiders(whole, seen, acts[is_outsider(acts)]), place[0], place[1],
    )  # fmt: skip


def _measured(whole: Replicate, seen: Seen, acts: pd.DataFrame) -> Exposure:
    """The exposure of these acts alone: pieces before other cameras are left out, one choice in memory at a time."""
    chosen = index_acts([_Chosen("", acts)])
    camera = whole.coverage.which[seen.pieces.camera]
    rows = np.flatnonzero(np.isin(camera, chosen.watched))
    mine = _rows(seen.pieces, rows)
    return measure_exposure(replace(mine, camera=np.searchsorted(chosen.watched, camera[rows]).astype(np.int32)),
                            seen.block, chosen)  # fmt: skip


def _rows(pieces: Pieces, rows: NDArray[np.int64]) -> Pieces:
    return replace(pieces, **{f.name: getattr(pieces, f.name)[rows] for f in fields(Pieces)})


def _before_outsiders(whole: Replicate, seen: Seen, acts: pd.DataFrame) -> pd.DataFrame:
    """Sightings that some outsider's act shows for any time: user (row of the block), camera, x_m, y_m, enter_s."""
    cameras, view = whole.world.cameras, whole.coverage
    watched = np.isin(view.which, acts["camera_id"].to_numpy(dtype=np.int64))
    windows = {camera: _merged(rows) for camera, rows in acts.groupby("camera_id")}
    row_of = pd.Series(np.arange(seen.block.person_id.size), index=seen.block.person_id)
    made = []
    for pieces in _chunks(seen.pieces, watched):
        rows = sightings(pieces, seen.block, view, 0)
        for number, mine in rows.groupby("camera_id", sort=True):
            begin, end = windows[number]
            enter, leave = mine["enter_s"].to_numpy(), mine["leave_s"].to_numpy()
            at = np.searchsorted(begin, leave, side="left") - 1  # the last window that begins before she leaves
            hit = (at >= 0) & (end[np.maximum(at, 0)] > enter)
            made.append(mine[hit])
    columns = ["person_id", "pass_id", "day", "camera_id", "enter_s"]
    every = pd.concat([one[columns] for one in made]) if made else pd.DataFrame(columns=columns, dtype=np.float64)
    once = every.groupby(["person_id", "pass_id", "day"], as_index=False).agg({"camera_id": "first", "enter_s": "min"})
    camera = once["camera_id"].to_numpy(dtype=np.int64)
    return pd.DataFrame({
        "user": row_of.reindex(once["person_id"]).to_numpy(dtype=np.int64), "camera": camera,
        "x_m": cameras.x[camera].astype(np.float64), "y_m": cameras.y[camera].astype(np.float64),
        "enter_s": once["enter_s"].to_numpy(dtype=np.float64),
    })  # fmt: skip


def _merged(acts: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Windows of one camera without overlaps, ascending; an act without an end goes on."""
    order = np.argsort(acts["from_s"].to_numpy(), kind="stable")
    begin = acts["from_s"].to_numpy(dtype=np.float64)[order]
    end = np.maximum.accumulate(acts["to_s"].fillna(np.inf).to_numpy(dtype=np.float64)[order])
    new = np.append(True, begin[1:] > end[:-1])
    last = np.append(np.flatnonzero(new)[1:] - 1, begin.size - 1)
    return begin[new], end[last]


def _chunks(pieces: Pieces, watched: NDArray[np.bool_]) -> Iterator[Pieces]:
    rows = np.flatnonzero(watched[pieces.camera])
    for first in range(0, rows.size, _CHUNK):
        yield _rows(pieces, rows[first : first + _CHUNK])
