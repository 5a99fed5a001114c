"""Inputs of optional metrics beyond exposure: everything that is filmed, and who viewed it through which channel.

Footage is what every camera of the city films of a block of people, watched or not. For viewed footage, the exposure
pass separates only outsiders and legalities. This module regroups the acts of each arm by actor and channel and
measures each group on the same people. Single sightings visible to outsiders are written out in chunks, because what
can be inferred from them (a home, a pair) is not a sum over seconds.
"""

from __future__ import annotations

from dataclasses import fields, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.exposure import Exposure, index_acts, is_outsider, measure_exposure
from privacysim.facts import facts
from privacysim.governance import Log
from privacysim.identify import STEPS_PER_PX
from privacysim.metrics import Footage, Viewed, first_evidence_s
from privacysim.people import draw_block
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.optics import dori_levels
from privacysim.sight.passes import Pieces, passes, sightings
from privacysim.simulation.replicate import Choice, Replicate, Seen, pass_starts
from privacysim.units import DAY_S, TICKS_PER_S

_PEOPLE_AT_ONCE = 2_048
"""People whose passes are in memory at a time; the cameras of a city make about a thousand pieces per person."""
_PIECES_AT_ONCE = 1 << 16
"""Pieces whose days are written out at a time."""


@lru_cache(maxsize=1)
def _everywhere(whole: Replicate) -> Coverage:
    return coverage(whole.world.city, whole.world.cameras, np.arange(len(whole.world.cameras)))


def footage_seen(whole: Replicate, seen: Seen) -> list[Footage]:
    """Compute one Footage per arm of the replicate; they differ in how long footage is kept."""
    world, block = whole.world, seen.block
    custody = [log.custody for log in whole.logs.values()]
    kept_d = [np.where(one["recording"], one["retention_s"], 0.0) / DAY_S for one in custody]
    people = block.person_id.size
    times, seconds = np.zeros(people, dtype=np.int64), np.zeros((people, 4))
    held = np.zeros((len(kept_d), people))
    view, own = _everywhere(whole), whole.inputs.brought.keywords("people")
    px_at = STEPS_PER_PX * facts().value("face_width_m") * dori_levels()
    for first in range(0, people, _PEOPLE_AT_ONCE):
        some = slice(first, min(first + _PEOPLE_AT_ONCE, people))
        drawn = draw_block(world.city, world.scenario, world.seed, world.k, block.person_id[some], block.weight[some],
                           0, world.days, **own)
        pieces = passes(drawn, world.city, view, 0, world.days)
        often = np.bitwise_count(drawn.tour_mask).sum(axis=1)[pieces.tour]
        size = some.stop - some.start
        runs = pass_starts(pieces)
        times[some] = np.bincount(pieces.person[runs], weights=often[runs], minlength=size)
        shown = often * pieces.length / TICKS_PER_S * pieces.frontal
        for level, px in enumerate(px_at):
            # pieces end where a level is crossed, so each lies on one side of it, up to rounding to 1/8 px
            good = shown * (pieces.face >= np.floor(px))
            seconds[some, level] = np.bincount(pieces.person, weights=good, minlength=size)
        for arm, kept in enumerate(kept_d):  # footage at the best level
            stock = good / world.days * kept[pieces.camera]
            held[arm, some] = np.bincount(pieces.person, weights=stock, minlength=size)
    return [Footage(world.days, block.weight, times, seconds, one) for one in held]


def viewed_acts(whole: Replicate, seen: Seen, log: Log, *, first: bool) -> Viewed:
    """Compute the Viewed of one arm; `first` marks the block that carries the values of the log."""
    world, block = whole.world, seen.block
    acts = log.acts[log.acts["audience"].to_numpy() > 0.0]
    seconds = {}
    for column in ("actor", "channel"):
        for word, rows in acts.groupby(column, observed=True):
            seconds[f"{column} {word}"] = _measured(whole, seen, rows).identifiable_s[:, 0].sum(axis=1)
    asked = _measured(whole, seen, acts[acts["source"] == "request"]).sightings_seen[:, 0].any(axis=1)
    x, y = np.asarray(world.city.place_x, dtype=np.float64), np.asarray(world.city.place_y, dtype=np.float64)
    place = [np.column_stack([x[places], y[places]]) for places in (block.home_place, block.work_place)]
    place[1][block.work_place < 0] = np.nan
    return Viewed(world.days, block.weight, seconds, np.asarray(asked),
                  len(first_evidence_s(log.requests, world.days * DAY_S)) if first else 0,
                  _before_outsiders(whole, seen, acts[is_outsider(acts)]), place[0], place[1])


def _measured(whole: Replicate, seen: Seen, acts: pd.DataFrame) -> Exposure:
    """Exposure of these acts alone: omits pieces at other cameras and holds one choice in memory at a time."""
    chosen = index_acts([Choice("", acts)])
    camera = whole.coverage.which[seen.pieces.camera]
    rows = np.flatnonzero(np.isin(camera, chosen.watched))
    mine = replace(_rows(seen.pieces, rows), camera=np.searchsorted(chosen.watched, camera[rows]).astype(np.int32))
    return measure_exposure(mine, seen.block, chosen)


def _rows(pieces: Pieces, rows: NDArray[np.int64]) -> Pieces:
    return replace(pieces, **{f.name: getattr(pieces, f.name)[rows] for f in fields(Pieces)})


def _before_outsiders(whole: Replicate, seen: Seen, acts: pd.DataFrame) -> pd.DataFrame:
    """Sightings shown by any act of an outsider: user (row of the block), camera, x_m, y_m, enter_s."""
    cameras, view = whole.world.cameras, whole.coverage
    watched = np.isin(view.which, acts["camera_id"].to_numpy(dtype=np.int64))
    windows = {camera: _merged(rows) for camera, rows in acts.groupby("camera_id")}
    row_of = pd.Series(np.arange(seen.block.person_id.size), index=seen.block.person_id)
    shown, made = np.flatnonzero(watched[seen.pieces.camera]), []
    for first in range(0, shown.size, _PIECES_AT_ONCE):
        rows = sightings(_rows(seen.pieces, shown[first : first + _PIECES_AT_ONCE]), seen.block, view, 0)
        for number, mine in rows.groupby("camera_id", sort=True):
            begin, end = windows[number]
            enter, leave = mine["enter_s"].to_numpy(), mine["leave_s"].to_numpy()
            at = np.searchsorted(begin, leave, side="left") - 1  # the last window that begins before the person leaves
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
    """Merge the windows of one camera, ascending and without overlaps; an act without end stays open."""
    order = np.argsort(acts["from_s"].to_numpy(), kind="stable")
    begin = acts["from_s"].to_numpy(dtype=np.float64)[order]
    end = np.maximum.accumulate(acts["to_s"].fillna(np.inf).to_numpy(dtype=np.float64)[order])
    new = np.append(True, begin[1:] > end[:-1])
    last = np.append(np.flatnonzero(new)[1:] - 1, begin.size - 1)
    return begin[new], end[last]
