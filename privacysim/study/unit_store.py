"""Storage of a study's units: each is kept as a file until the study is complete, then summed in block order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from privacysim.files import whole_file
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import blocks_of
from privacysim.simulation.unit_parts import Failed, Guarded, Unit, UnitParts, worker_died
from privacysim.study.executor import OpenExecutor, WorkerLost, work_through

Work = Callable[[Unit], UnitParts]


def units(inputs: Inputs) -> list[Unit]:
    """All units in order of replicate, so that a worker can keep a world for all its blocks."""
    return [Unit(k, block) for k in inputs.replicates for block in range(blocks_of(inputs))]


def part_file(folder: Path, unit: Unit) -> Path:
    """File of a unit's part."""
    return folder / f"r{unit.replicate:05d}-b{unit.block:05d}.json"


def read_part(folder: Path, unit: Unit) -> UnitParts | None:
    """Read the part of a unit; None if it is missing or incomplete."""
    path = part_file(folder, unit)
    if not path.is_file():
        return None
    try:
        found = UnitParts.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, RecursionError):  # truncated, damaged or outdated: rerun
        return None
    return found if found.unit == unit else None


def keep_part(folder: Path, part: UnitParts) -> None:
    """Write the part of a unit to disk; its file appears only when complete."""
    with whole_file(part_file(folder, part.unit)) as path:
        path.write_text(json.dumps(part.as_json()), encoding="utf-8")


def do_units(
    work: Work, wanted: Sequence[Unit], *, open_executor: OpenExecutor | None, at_once: int, folder: Path | None,
    tell: Callable[[object], None] = lambda part: None,
) -> dict[Unit, UnitParts | Failed]:
    """Return every unit's part: read it from `folder`, or compute it here or by the executor and keep it.

    Each part is on disk before the next is awaited, so an interrupted run loses only units in flight. A failed unit
    is not kept, so it is retried when the run is resumed.
    """
    done: dict[Unit, UnitParts | Failed] = {}
    if folder is not None:
        for unit in wanted:
            kept = read_part(folder, unit)
            if kept is not None:
                done[unit] = kept
                tell(kept)
    missing = [unit for unit in wanted if unit not in done]
    guarded = Guarded(work)
    if open_executor is None:
        _take(((unit, guarded(unit)) for unit in missing), done, folder, tell)
    else:
        with closing(work_through(guarded, missing, open_executor, at_once)) as found:
            try:
                _take(found, done, folder, tell)
            except WorkerLost as lost:
                done |= {unit: worker_died(unit) for unit in missing if unit in lost.items}
    return {unit: done[unit] for unit in wanted}


def _take(
    found: Iterable[tuple[Unit, UnitParts | Failed]], done: dict[Unit, UnitParts | Failed], folder: Path | None,
    tell: Callable[[object], None],
) -> None:
    for unit, part in found:
        done[unit] = part
        if folder is not None and isinstance(part, UnitParts):
            keep_part(folder, part)
        tell(part)
