"""Unit of work: all arms on one replicate and one block of people, and its large tables on request.

Some optional metrics need more than the exposure pass: all that the cameras film of a block of people, and who viewed
it by actor and channel. Single sightings visible to outsiders are written out in chunks, because what can be inferred
from them (a home, a pair) is not a sum over seconds.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim.errors import ResultsError
from privacysim.exposure import (
    BY_FACE,
    Exposure,
    ExposureSums,
    Searched,
    SearchedSums,
    index_acts,
    is_outsider,
    measure_exposure,
    targeted,
)
from privacysim.facts import facts
from privacysim.files import whole_file
from privacysim.governance import Log
from privacysim.governance.log import same_events
from privacysim.identify import STEPS_PER_PX
from privacysim.identify.chance_table import CODES
from privacysim.metrics import Footage, PeopleSeen, Records, Sums, Viewed, first_evidence_s, parts
from privacysim.people import Block, draw_block
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.optics import dori_levels
from privacysim.sight.passes import Pieces, passes, sightings, sightings_count
from privacysim.simulation import cost
from privacysim.simulation.replicate import Choice, Replicate, Seen, blocks_of, pass_starts
from privacysim.simulation.unit_parts import Unit, UnitParts
from privacysim.simulation.unit_tables import arm_at, equal_events
from privacysim.units import DAY_S, TICKS_PER_S
from privacysim.vocabulary import CURVES
from privacysim.world.world_model import World

LIMIT_ROWS = 10_000_000
"""Largest number of rows of a study's large tables together."""
_PEOPLE_AT_ONCE = 2_048
"""People whose passes are in memory at a time; the cameras of a city make about a thousand pieces per person."""
_PIECES_AT_ONCE = 1 << 16
"""Pieces whose days are written out at a time."""


def begin_unit(unit: Unit) -> None:
    """Start a unit: empty the ledger of this thread's earlier work, and charge the start of the worker."""
    cost.collected()
    cost.worker_started()
    if (unit.replicate + unit.block) % 2:  # so that two workers do not compile the same kernels at once
        with cost.stage("exposure"):
            _compiled()


def measured(whole: Replicate, block: int, wanted_tables: str = "", folder: Path | None = None) -> UnitParts:
    """Measure the metrics of one block of a replicate's people under every arm."""
    unit, logs, wanted = Unit(whole.k, block), tuple(whole.logs.values()), whole.inputs.metrics
    ends, first, kinds = whole.ends, block == 0, {one.of for one in wanted}
    drawn = whole.draw(block, whole.looked)
    seen = Seen(drawn, whole.see(drawn)) if wanted_tables or kinds & {"footage", "viewed"} else None
    arms: dict[str, Sums] = {}
    stored = any(one.name == "storage_camera_days" for one in wanted)
    by_id = np.argsort(whole.world.asks.ask_id) if first else None
    for end, view in (("", None), *ends.views.items()):
        exposure, faces = _exposed(whole, drawn, seen, view)
        with cost.stage("metrics"):
            filmed = footage_seen(whole, seen) if seen and view is None and "footage" in kinds else [None] * len(logs)
            for n, log in enumerate(logs):  # one after the other, because what metrics derive from a log is large
                sought = targeted(log.acts, whole.world, view or whole.coverage, by_id) if first else None
                people = people_seen(exposure, n, drawn, faces, sought)
                if view is not None:
                    arms[arm_at(log.policy, end)] = parts(people, None, names=wanted)
                    continue
                viewed = viewed_acts(whole, seen, log, first=first) if seen and "viewed" in kinds else None
                kept = records(whole.world, log, storage=stored) if first else None
                arms[log.policy] = parts(people, kept, filmed[n], wanted, viewed)
    notes: tuple[str, ...] = ()
    if first:
        twins = (pair for pair in combinations(logs, 2) if same_events(*pair))
        notes = (*ends.notes, *(f"{log.policy}: {note}" for log in logs for note in log.notes),
                 *(equal_events(one.policy, other.policy) for one, other in twins))
    if wanted_tables and folder is not None and seen is not None:
        with cost.stage("tables"):
            _write_tables(whole, seen, unit, wanted_tables, folder)
    return UnitParts(unit, arms, notes, cost.collected())


def _exposed(whole: Replicate, drawn: Block, seen: Seen | None, view: Coverage | None) -> tuple[Exposure, Searched]:
    """Exposure of a block, and passes that a machine searched; in portions, unless what is seen is kept as a whole."""
    sums, faces = ExposureSums(drawn, whole.acts), SearchedSums(drawn, whole.searches)
    for pieces in [seen.pieces] if seen and view is None else whole.see_in_portions(drawn, view):
        with cost.stage("exposure"):
            sums.add(pieces)
            faces.add(pieces)
    with cost.stage("exposure"):
        exposure, searched = sums.exposure(), faces.searched()
    cost.add("bytes", "exposure", cost.bytes_of(exposure))
    return exposure, searched


@lru_cache(maxsize=1)  # once per process
def _compiled() -> None:
    """Compile the exposure kernel, or load it from numba's cache, by a call without people."""
    nobody = np.zeros(0, dtype=np.int32)
    pieces = Pieces(nobody, nobody.astype(np.int64), nobody, nobody, nobody, nobody, nobody.astype(np.uint16),
                    nobody.astype(bool), nobody.astype(np.int64), nobody.astype(bool))
    block = SimpleNamespace(person_id=nobody.astype(np.int64), weight=np.zeros(0), first_day=0,
                            tour_mask=np.zeros((0, 1), np.uint64), tour_shift=nobody,
                            jitter=np.zeros((0, 1), np.int16))
    measure_exposure(pieces, cast(Block, block), index_acts([]), np.zeros((0, 2, 2, 1)))


def people_seen(exposure: Exposure, arm: int, block: Block, faces: Searched | None = None,
                sought: NDArray[np.float64] | None = None) -> PeopleSeen:
    """One arm of an exposure as input of metrics, with passes compared by machine and its targets (`targeted`)."""
    more = {} if sought is None else {"targeted": sought}
    if faces is not None:
        more |= {"faces_searched": faces.passes[:, arm], "false_alarms": faces.false_alarms[:, arm]}
    return PeopleSeen(exposure.weight, block.group, exposure.identifiable_s[:, arm],
                      exposure.viewer_identifiable_s[:, arm], exposure.p_identified[:, arm],
                      exposure.p_identified_max[:, arm], exposure.p_identified_days[:, arm],
                      exposure.revealed_to_outsiders[:, arm], sightings_seen=exposure.sightings_seen[:, arm], **more)


def records(world: World, log: Log, *, storage: bool = False) -> Records:
    """One arm's log as input of metrics; `storage` adds the amount of footage kept, which needs the whole custody."""
    opened = pd.Series(world.cases.opened / TICKS_PER_S, index=world.cases.case_id)
    cameras, kept = world.cameras, 0.0
    if storage:
        kept = float((log.custody["retention_s"] / DAY_S * log.custody["recording"]).to_numpy().sum())
    return Records(world.days, log.requests, log.acts, log.incidents, opened, log.audits, cameras.secret,
                   cameras.operator, cameras.regime, kept)


def _write_tables(whole: Replicate, seen: Seen, unit: Unit, wanted: str, folder: Path) -> None:
    """Write this unit's tables; those of the world and the logs come with block 0, the places once."""
    inputs, world, block, k = whole.inputs, whole.world, whole.draw(unit.block), unit.replicate
    whoever = measure_exposure(seen.pieces, seen.block, whole.acts.whoever())
    view = whole.coverage
    if wanted == "all":
        view = coverage(world.city, world.cameras, np.arange(len(world.cameras)))
    pieces = passes(block, world.city, view, block.first_day, block.days)
    units = blocks_of(inputs) * len(inputs.replicates)
    _refuse_large({"sightings": sightings_count(pieces, block) * units})  # before they fill memory
    frames = {"sightings": sightings(pieces, block, view, k), "exposure": whoever.frame(k),
              "people": people_table(block, k)}
    if unit.block == 0:
        frames |= {"cameras": world.cameras.frame(k), "cases": world.cases_frame()}
        for name in ("requests", "acts", "incidents", "audits", "custody"):
            frames[name] = tables.concat(name, (getattr(log, name) for log in whole.logs.values()))
        if k == inputs.replicates[0]:
            frames["places"] = world.city.places()
    _refuse_large({name: len(frame) * units for name, frame in frames.items()})
    for name, frame in frames.items():
        with whole_file(folder / name / f"r{k:05d}-b{unit.block:05d}.parquet") as path:
            tables.write(name, frame, path)


def _refuse_large(rows: Mapping[str, int]) -> None:
    if sum(rows.values()) > LIMIT_ROWS:
        largest = max(rows, key=lambda name: rows[name])
        raise ResultsError(
            f"--tables: about {sum(rows.values()):,} rows, most in {largest} ({rows[largest]:,}); the limit is "
            f"{LIMIT_ROWS:,}.\n  Fix: a smaller --sample, fewer --days or --replicates, or --replicate K alone."
        )


def people_table(block: Block, replicate: int) -> pd.DataFrame:
    """Build the table `people` of a block."""
    return tables.frame("people", {"replicate": np.full(block.person_id.size, replicate), "person_id": block.person_id,
                                   "group": block.group, "home_place": block.home_place, "work_place": block.work_place,
                                   "weight": block.weight})  # fmt: skip


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
                  _before_outsiders(whole, seen, acts[is_outsider(acts)]), place[0], place[1], block.group,
                  _misnamed(whole, seen, acts[is_outsider(acts) & ~acts["technique"].isin(BY_FACE)]))


def _misnamed(whole: Replicate, seen: Seen, acts: pd.DataFrame) -> NDArray[np.float64]:
    """Probability that somebody who looks and does not know a person takes them for somebody else."""
    chances = _measured(whole, seen, acts.assign(known=1.0 - acts["known"]), facts().value("misnaming_per_face"))
    return np.asarray(1.0 - np.prod(1.0 - chances.p_identified[:, 0, :, 0], axis=1))


def _measured(whole: Replicate, seen: Seen, acts: pd.DataFrame, same: float | None = None) -> Exposure:
    """Exposure of these acts alone: omits pieces at other cameras and holds one choice in memory at a time.

    `same`: a probability that replaces that of every face, mask and recogniser.
    """
    chosen = index_acts([Choice("", acts)])
    camera = whole.coverage.which[seen.pieces.camera]
    rows = np.flatnonzero(np.isin(camera, chosen.watched))
    mine = replace(seen.pieces.rows(rows), camera=np.searchsorted(chosen.watched, camera[rows]).astype(np.int32))
    table = None if same is None else np.full((len(chosen.pairs), len(CURVES), 2, CODES), same)
    return measure_exposure(mine, seen.block, chosen, table)


def _before_outsiders(whole: Replicate, seen: Seen, acts: pd.DataFrame) -> pd.DataFrame:
    """Sightings shown by any act of an outsider: user (row of the block), camera, x_m, y_m, enter_s."""
    cameras, view = whole.world.cameras, whole.coverage
    watched = np.isin(view.which, acts["camera_id"].to_numpy(dtype=np.int64))
    windows = {camera: _merged(rows) for camera, rows in acts.groupby("camera_id")}
    row_of = pd.Series(np.arange(seen.block.person_id.size), index=seen.block.person_id)
    shown, made = np.flatnonzero(watched[seen.pieces.camera]), []
    for first in range(0, shown.size, _PIECES_AT_ONCE):
        rows = sightings(seen.pieces.rows(shown[first : first + _PIECES_AT_ONCE]), seen.block, view, 0)
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
    return pd.DataFrame({"user": row_of.reindex(once["person_id"]).to_numpy(dtype=np.int64), "camera": camera,
                         "x_m": cameras.x[camera].astype(np.float64), "y_m": cameras.y[camera].astype(np.float64),
                         "enter_s": once["enter_s"].to_numpy(dtype=np.float64)})  # fmt: skip


def _merged(acts: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Merge the windows of one camera, ascending and without overlaps; an act without end stays open."""
    order = np.argsort(acts["from_s"].to_numpy(), kind="stable")
    begin = acts["from_s"].to_numpy(dtype=np.float64)[order]
    end = np.maximum.accumulate(acts["to_s"].fillna(np.inf).to_numpy(dtype=np.float64)[order])
    new = np.append(True, begin[1:] > end[:-1])
    last = np.append(np.flatnonzero(new)[1:] - 1, begin.size - 1)
    return begin[new], end[last]
