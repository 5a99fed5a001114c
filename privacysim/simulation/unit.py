"""One unit of work: all arms on one replicate and one block of people. The only file that touches every room."""

from __future__ import annotations

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
from privacysim.metrics import PeopleSeen, Records, parts
from privacysim.people import Block
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import Pieces, passes, sightings, sightings_count
from privacysim.simulation import cost
from privacysim.simulation.footage_seen import footage_seen
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import Replicate, Seen, blocks_of, replicate_of, see_block
from privacysim.simulation.table_files import check_rows, write_unit_tables
from privacysim.simulation.unit_parts import Unit, UnitParts
from privacysim.simulation.view_ends import arm_at
from privacysim.simulation.viewed_records import viewed_by_arm
from privacysim.units import DAY_S, TICKS_PER_S
from privacysim.world.world_model import World


def run_unit(inputs: Inputs, wanted_tables: str, folder: Path | None, unit: Unit) -> UnitParts:
    """All arms on one replicate and one block of people: sums of every metric; tables on request."""
    cost.collected()  # what this thread did before belongs to nobody
    cost.worker_started()
    compile_side_by_side(inputs, unit)
    whole = replicate_of(inputs, unit.replicate)
    seen = see_block(inputs, whole, unit.block)
    with cost.stage("exposure"):
        exposure = measure_exposure(seen.pieces, seen.block, whole.acts)
        faces = faces_searched(seen.pieces, seen.block, whole.acts, whole.logs)
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
            for n, log in enumerate(whole.logs)
        }  # fmt: skip
    for end, view in whole.ends.views.items():
        with cost.stage("passes"):
            windows = whole.acts.windows()
            shown = passes(seen.block, whole.world.city, view, seen.block.first_day, seen.block.days, windows)
        with cost.stage("exposure"):
            at_end = measure_exposure(shown, seen.block, whole.acts)
            at_faces = faces_searched(shown, seen.block, whole.acts, whole.logs)
        with cost.stage("metrics"):
            arms |= {
                arm_at(log.policy, end): parts(people_seen(at_end, n, seen.block, at_faces), None, names=wanted)
                for n, log in enumerate(whole.logs)
            }  # fmt: skip
    notes = tuple(f"{log.policy}: {note}" for log in whole.logs for note in log.notes) if unit.block == 0 else ()
    notes = (*whole.ends.notes, *notes) if unit.block == 0 else ()
    rows = {}
    if wanted_tables and folder is not None:
        with cost.stage("tables"):
            rows = _tables(inputs, whole, seen, unit, wanted_tables, folder)
    return UnitParts(unit, arms, notes, rows, cost.collected())


@lru_cache(maxsize=1)  # once in a process
def _compiled() -> None:
    """Compile the kernel of the exposure, or load it from numba's cache, by letting it look at nobody."""
    nobody = np.zeros(0, dtype=np.int32)
    pieces = Pieces(nobody, nobody.astype(np.int64), nobody, nobody, nobody, nobody, nobody.astype(np.uint16),
                    nobody.astype(bool), nobody.astype(np.int64), nobody.astype(bool))
    block = SimpleNamespace(
        person_id=nobody.astype(np.int64), weight=np.zeros(0), first_day=0, tour_mask=np.zeros((0, 1), np.uint64),
        tour_jitter=np.zeros((0, 1), np.int16),
    )
    measure_exposure(pieces, cast(Block, block), index_acts([]), np.zeros((0, 2, 2, 1)))


def compile_side_by_side(inputs: Inputs, unit: Unit) -> None:
    """With an empty cache two workers would compile the same kernels at once: every second one begins at the end."""
    if (unit.replicate + unit.block) % 2:
        with cost.stage("exposure"):
            _compiled()


def people_seen(
    exposure: Exposure, arm: int, block: Block, faces: NDArray[np.float64] | None = None
) -> PeopleSeen:
    """One arm of an exposure, as metrics see it; `faces` is (people, arms), passes compared by machine."""
    return PeopleSeen(
        exposure.weight, block.group, exposure.identifiable_s[:, arm], exposure.viewer_identifiable_s[:, arm],
        exposure.p_identified[:, arm], exposure.p_identified_max[:, arm], exposure.p_identified_days[:, arm],
        exposure.revealed_to_outsiders[:, arm], np.empty(0) if faces is None else faces[:, arm],
    )


def records(world: World, log: Log, *, storage: bool = False) -> Records:
    """One arm's Log, as metrics see it; how much footage is kept only with `storage`: it takes the whole custody."""
    opened = pd.Series(world.cases.opened / TICKS_PER_S, index=world.cases.case_id)
    cameras = world.cameras
    kept = np.zeros(1)
    if storage:
        kept = log.custody["retention_s"].to_numpy() / DAY_S * log.custody["recording"].to_numpy()
    return Records(world.days, log.requests, log.acts, log.incidents, opened, log.audits, cameras.secret,
                   cameras.operator, cameras.regime, float(kept.sum()))


def _tables(inputs: Inputs, whole: Replicate, seen: Seen, unit: Unit, wanted: str, folder: Path) -> dict[str, int]:
    """Write this unit's tables; those of the world and the Logs come with block 0, the places once."""
    world, block, k = whole.world, seen.block, unit.replicate
    whoever = measure_exposure(seen.pieces, block, whole.acts.whoever())
    view = whole.coverage
    if wanted == "all":
        view = coverage(world.city, world.cameras, np.arange(len(world.cameras)))
    pieces = passes(block, world.city, view, block.first_day, block.days)
    units = blocks_of(inputs) * len(inputs.replicates)
    check_rows({"sightings": sightings_count(pieces, block)}, units)  # before they fill the memory
    frames = {
        "sightings": sightings(pieces, block, view, k), "exposure": whoever.frame(k), "people": _people(block, k),
    }
    if unit.block == 0:
        frames |= {"cameras": world.cameras.frame(k), "cases": world.cases_frame()}
        for name in ("requests", "acts", "incidents", "audits", "custody"):
            frames[name] = tables.concat(name, (getattr(log, name) for log in whole.logs))
        if k == inputs.replicates[0]:
            frames["places"] = world.city.places()
    check_rows({name: len(frame) for name, frame in frames.items()}, units)
    return write_unit_tables(frames, folder, unit)


def _people(block: Block, replicate: int) -> pd.DataFrame:
    return tables.frame("people", {
        "replicate": np.full(block.person_id.size, replicate), "person_id": block.person_id, "group": block.group,
        "home_place": block.home_place, "work_place": block.work_place, "weight": block.weight,
    })  # fmt: skip
