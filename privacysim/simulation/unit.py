"""Unit of work: all arms on one replicate and one block of people, and its large tables on request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim.errors import ResultsError
from privacysim.exposure import Exposure, faces_searched, index_acts, measure_exposure
from privacysim.files import whole_file
from privacysim.governance import Log
from privacysim.metrics import PeopleSeen, Records, Sums, parts
from privacysim.people import Block
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import Pieces, passes, sightings, sightings_count
from privacysim.simulation import cost
from privacysim.simulation.footage_viewed import footage_seen, viewed_acts
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import Replicate, Seen, blocks_of, replicate_of
from privacysim.simulation.unit_parts import Unit, UnitParts, arm_at
from privacysim.units import DAY_S, TICKS_PER_S
from privacysim.world.world_model import World

LIMIT_ROWS = 10_000_000
"""Largest number of rows of a study's large tables together."""


def begin_unit(unit: Unit) -> None:
    """Start a unit: empty the ledger of this thread's earlier work, and charge the start of the worker.

    Every second unit compiles the last kernel first, so that two workers do not compile the same kernels at once.
    """
    cost.collected()
    cost.worker_started()
    if (unit.replicate + unit.block) % 2:
        with cost.stage("exposure"):
            _compiled()


def run_unit(inputs: Inputs, wanted_tables: str, folder: Path | None, unit: Unit) -> UnitParts:
    """Run all arms on one replicate and one block of people: sums of every metric, and tables on request."""
    begin_unit(unit)
    return measured(replicate_of(inputs, unit.replicate), unit.block, wanted_tables, folder)


def measured(whole: Replicate, block: int, wanted_tables: str = "", folder: Path | None = None) -> UnitParts:
    """Measure the metrics of one block of a replicate's people under every arm."""
    unit, logs, wanted = Unit(whole.k, block), tuple(whole.logs.values()), whole.inputs.metrics
    ends, seen = whole.ends, whole.seen(block)
    first, kinds = block == 0, {one.of for one in wanted}
    arms: dict[str, Sums] = {}
    stored = any(one.name == "storage_camera_days" for one in wanted)
    for end, view in (("", None), *ends.views.items()):
        shown = seen.pieces if view is None else whole.see(seen.block, view)
        with cost.stage("exposure"):
            exposure = measure_exposure(shown, seen.block, whole.acts)
            faces = faces_searched(shown, seen.block, whole.acts, logs)
        cost.add("bytes", "exposure", cost.bytes_of(exposure))
        with cost.stage("metrics"):
            people = [people_seen(exposure, n, seen.block, faces) for n in range(len(logs))]
            if view is not None:
                arms |= {arm_at(log.policy, end): parts(people[n], None, names=wanted) for n, log in enumerate(logs)}
                continue
            filmed = footage_seen(whole, seen) if "footage" in kinds else [None] * len(logs)
            viewed = [viewed_acts(whole, seen, log, first=first) if "viewed" in kinds else None for log in logs]
            kept = [records(whole.world, log, storage=stored) if first else None for log in logs]
            arms = {log.policy: parts(people[n], kept[n], filmed[n], wanted, viewed[n]) for n, log in enumerate(logs)}
    notes = (*ends.notes, *(f"{log.policy}: {note}" for log in logs for note in log.notes)) if first else ()
    if wanted_tables and folder is not None:
        with cost.stage("tables"):
            _write_tables(whole, seen, unit, wanted_tables, folder)
    return UnitParts(unit, arms, notes, cost.collected())


@lru_cache(maxsize=1)  # once per process
def _compiled() -> None:
    """Compile the exposure kernel, or load it from numba's cache, by a call without people."""
    nobody = np.zeros(0, dtype=np.int32)
    pieces = Pieces(nobody, nobody.astype(np.int64), nobody, nobody, nobody, nobody, nobody.astype(np.uint16),
                    nobody.astype(bool), nobody.astype(np.int64), nobody.astype(bool))
    block = SimpleNamespace(person_id=nobody.astype(np.int64), weight=np.zeros(0), first_day=0,
                            tour_mask=np.zeros((0, 1), np.uint64), tour_jitter=np.zeros((0, 1), np.int16))
    measure_exposure(pieces, cast(Block, block), index_acts([]), np.zeros((0, 2, 2, 1)))


def people_seen(exposure: Exposure, arm: int, block: Block, faces: NDArray[np.float64] | None = None) -> PeopleSeen:
    """One arm of an exposure as input of metrics; `faces` is (people, arms), passes compared by machine."""
    return PeopleSeen(exposure.weight, block.group, exposure.identifiable_s[:, arm],
                      exposure.viewer_identifiable_s[:, arm], exposure.p_identified[:, arm],
                      exposure.p_identified_max[:, arm], exposure.p_identified_days[:, arm],
                      exposure.revealed_to_outsiders[:, arm], np.empty(0) if faces is None else faces[:, arm])


def records(world: World, log: Log, *, storage: bool = False) -> Records:
    """One arm's log as input of metrics; `storage` adds the amount of footage kept, which needs the whole custody."""
    opened = pd.Series(world.cases.opened / TICKS_PER_S, index=world.cases.case_id)
    cameras, kept = world.cameras, 0.0
    if storage:
        kept = float((log.custody["retention_s"].to_numpy() / DAY_S * log.custody["recording"].to_numpy()).sum())
    return Records(world.days, log.requests, log.acts, log.incidents, opened, log.audits, cameras.secret,
                   cameras.operator, cameras.regime, kept)


def _write_tables(whole: Replicate, seen: Seen, unit: Unit, wanted: str, folder: Path) -> None:
    """Write this unit's tables; those of the world and the logs come with block 0, the places once."""
    inputs, world, block, k = whole.inputs, whole.world, seen.block, unit.replicate
    whoever = measure_exposure(seen.pieces, block, whole.acts.whoever())
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
    return tables.frame("people", {
        "replicate": np.full(block.person_id.size, replicate), "person_id": block.person_id, "group": block.group,
        "home_place": block.home_place, "work_place": block.work_place, "weight": block.weight,
    })  # fmt: skip
