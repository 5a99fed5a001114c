"""Unit of work: all arms on one replicate and one block of people, and the tables that combine units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim.exposure import Exposure, faces_searched, index_acts, measure_exposure
from privacysim.governance import Log
from privacysim.metrics import Metric, PeopleSeen, Records, add, parts, readings
from privacysim.people import Block
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import Pieces, passes, sightings, sightings_count
from privacysim.simulation import cost
from privacysim.simulation.footage_viewed import footage_seen, viewed_by_arm
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import Replicate, Seen, blocks_of, replicate_of
from privacysim.simulation.table_files import check_rows, write_unit_tables
from privacysim.simulation.unit_parts import Unit, UnitParts
from privacysim.simulation.view_ends import arm_at
from privacysim.units import DAY_S, TICKS_PER_S
from privacysim.world.world_model import World


def run_unit(inputs: Inputs, wanted_tables: str, folder: Path | None, unit: Unit) -> UnitParts:
    """Run all arms on one replicate and one block of people: sums of every metric, and tables on request."""
    cost.collected()  # discard the costs of this thread's earlier work
    cost.worker_started()
    compile_side_by_side(unit)
    whole = replicate_of(inputs, unit.replicate)
    return measured(whole, unit.block, wanted_tables, folder)


def measured(whole: Replicate, block: int, wanted_tables: str = "", folder: Path | None = None) -> UnitParts:
    """Measure the metrics of one block of a replicate's people under every arm."""
    inputs, unit, logs = whole.inputs, Unit(whole.k, block), tuple(whole.logs.values())
    ends, seen = whole.ends, whole.seen(block)
    with cost.stage("exposure"):
        exposure = measure_exposure(seen.pieces, seen.block, whole.acts)
        faces = faces_searched(seen.pieces, seen.block, whole.acts, logs)
    cost.add("bytes", "exposure", cost.bytes_of(exposure))
    wanted = inputs.metrics
    stored = any(one.name == "storage_camera_days" for one in wanted)
    with cost.stage("metrics"):
        filmed = footage_seen(whole, seen) if any(one.of == "footage" for one in wanted) else []
        looks = any(one.of == "viewed" for one in wanted)
        viewed = viewed_by_arm(whole, seen, first=unit.block == 0) if looks else []
        arms = {
            log.policy: parts(
                people_seen(exposure, n, seen.block, faces),
                records(whole.world, log, storage=stored) if unit.block == 0 else None,
                filmed[n] if filmed else None, wanted, viewed[n] if viewed else None,
            )
            for n, log in enumerate(logs)
        }  # fmt: skip
    for end, view in ends.views.items():
        shown = whole.see(seen.block, view)
        with cost.stage("exposure"):
            at_end = measure_exposure(shown, seen.block, whole.acts)
            at_faces = faces_searched(shown, seen.block, whole.acts, logs)
        with cost.stage("metrics"):
            arms |= {
                arm_at(log.policy, end): parts(people_seen(at_end, n, seen.block, at_faces), None, names=wanted)
                for n, log in enumerate(logs)
            }  # fmt: skip
    notes = (*ends.notes, *(f"{log.policy}: {note}" for log in logs for note in log.notes)) if unit.block == 0 else ()
    rows = {}
    if wanted_tables and folder is not None:
        with cost.stage("tables"):
            rows = _tables(whole, seen, unit, wanted_tables, folder)
    return UnitParts(unit, arms, notes, rows, cost.collected())


@lru_cache(maxsize=1)  # once per process
def _compiled() -> None:
    """Compile the exposure kernel, or load it from numba's cache, by a call without people."""
    nobody = np.zeros(0, dtype=np.int32)
    pieces = Pieces(nobody, nobody.astype(np.int64), nobody, nobody, nobody, nobody, nobody.astype(np.uint16),
                    nobody.astype(bool), nobody.astype(np.int64), nobody.astype(bool))
    block = SimpleNamespace(
        person_id=nobody.astype(np.int64), weight=np.zeros(0), first_day=0, tour_mask=np.zeros((0, 1), np.uint64),
        tour_jitter=np.zeros((0, 1), np.int16),
    )
    measure_exposure(pieces, cast(Block, block), index_acts([]), np.zeros((0, 2, 2, 1)))


def compile_side_by_side(unit: Unit) -> None:
    """Compile the last kernel first on every second unit, lest two workers compile the same kernels at once."""
    if (unit.replicate + unit.block) % 2:
        with cost.stage("exposure"):
            _compiled()


def people_seen(
    exposure: Exposure, arm: int, block: Block, faces: NDArray[np.float64] | None = None
) -> PeopleSeen:
    """One arm of an exposure as input of metrics; `faces` is (people, arms), passes compared by machine."""
    return PeopleSeen(
        exposure.weight, block.group, exposure.identifiable_s[:, arm], exposure.viewer_identifiable_s[:, arm],
        exposure.p_identified[:, arm], exposure.p_identified_max[:, arm], exposure.p_identified_days[:, arm],
        exposure.revealed_to_outsiders[:, arm], np.empty(0) if faces is None else faces[:, arm],
    )


def records(world: World, log: Log, *, storage: bool = False) -> Records:
    """One arm's log as input of metrics; `storage` adds the amount of footage kept, which needs the whole custody."""
    opened = pd.Series(world.cases.opened / TICKS_PER_S, index=world.cases.case_id)
    cameras = world.cameras
    kept = np.zeros(1)
    if storage:
        kept = log.custody["retention_s"].to_numpy() / DAY_S * log.custody["recording"].to_numpy()
    return Records(world.days, log.requests, log.acts, log.incidents, opened, log.audits, cameras.secret,
                   cameras.operator, cameras.regime, float(kept.sum()))


def _tables(whole: Replicate, seen: Seen, unit: Unit, wanted: str, folder: Path) -> dict[str, int]:
    """Write this unit's tables; those of the world and the logs come with block 0, the places once."""
    inputs, world, block, k = whole.inputs, whole.world, seen.block, unit.replicate
    whoever = measure_exposure(seen.pieces, block, whole.acts.whoever())
    view = whole.coverage
    if wanted == "all":
        view = coverage(world.city, world.cameras, np.arange(len(world.cameras)))
    pieces = passes(block, world.city, view, block.first_day, block.days)
    units = blocks_of(inputs) * len(inputs.replicates)
    check_rows({"sightings": sightings_count(pieces, block)}, units)  # before they fill memory
    frames = {
        "sightings": sightings(pieces, block, view, k), "exposure": whoever.frame(k), "people": people_table(block, k),
    }
    if unit.block == 0:
        frames |= {"cameras": world.cameras.frame(k), "cases": world.cases_frame()}
        for name in ("requests", "acts", "incidents", "audits", "custody"):
            frames[name] = tables.concat(name, (getattr(log, name) for log in whole.logs.values()))
        if k == inputs.replicates[0]:
            frames["places"] = world.city.places()
    check_rows({name: len(frame) for name, frame in frames.items()}, units)
    return write_unit_tables(frames, folder, unit)


def people_table(block: Block, replicate: int) -> pd.DataFrame:
    """Build the table `people` of a block."""
    return tables.frame("people", {
        "replicate": np.full(block.person_id.size, replicate), "person_id": block.person_id, "group": block.group,
        "home_place": block.home_place, "work_place": block.work_place, "weight": block.weight,
    })  # fmt: skip


def to_frames(
    parts: Mapping[Unit, UnitParts], arms: Sequence[str], declared: Mapping[str, Metric],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build the `metrics` table, and notes (policy, replicate, metric, curve, note) on undefined values."""
    by_replicate: dict[int, list[UnitParts]] = {}
    for unit in sorted(parts):
        by_replicate.setdefault(unit.replicate, []).append(parts[unit])
    rows, notes = [], []
    for replicate, blocks in by_replicate.items():
        for arm in arms:
            for name, reading in readings(add(block.arms[arm] for block in blocks), declared):
                where = (arm, replicate, name, reading.curve)
                if reading.value is not None:
                    rows.append((*where, reading.value, declared[name].unit, reading.contributors))
                if reading.note:
                    notes.append((*where, reading.note))
        for text in dict.fromkeys(text for block in blocks for text in block.notes):
            notes.append(("", replicate, "", "", text))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    frame = tables.frame("metrics", dict(zip(tables.table("metrics").names, map(list, columns), strict=True)))
    frame = frame.sort_values(list(tables.table("metrics").keys), ignore_index=True)  # as on disk
    return frame, pd.DataFrame(notes, columns=["policy", "replicate", "metric", "curve", "note"])
