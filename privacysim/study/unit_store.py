"""Storage of a study's units: each is kept as a file until the study is complete, then summed in block order."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from privacysim.files import whole_file
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import blocks_of
from privacysim.simulation.unit_parts import Failed, Guarded, Unit, UnitParts, worker_died
from privacysim.study.executor import OpenExecutor, WorkerLost, processes, work_through

Work = Callable[[Unit], UnitParts]
Item = TypeVar("Item")
"""A `Unit`, or a unit with the inputs that it belongs to."""


def units(inputs: Inputs) -> list[Unit]:
    """All units in order of replicate, so that a worker can keep a world for all its blocks."""
    return [Unit(k, block) for k in inputs.replicates for block in range(blocks_of(inputs))]


def part_file(folder: Path, unit: Unit) -> Path:
    """File of a unit's part."""
    return folder / f"r{unit.replicate:05d}-b{unit.block:05d}.json"


def read_part(path: Path) -> UnitParts | None:
    """Read the part of a unit; None if it is missing or incomplete."""
    if not path.is_file():
        return None
    try:
        found = UnitParts.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, RecursionError):  # truncated, damaged or outdated: rerun
        return None
    return found if part_file(path.parent, found.unit) == path else None


def do_units(
    work: Callable[[Item], UnitParts], wanted: Sequence[Item], *, workers: int,
    open_executor: OpenExecutor | None = None, place: Callable[[Item], Path] | None = None,
    tell: Callable[[object], None] = lambda part: None,
) -> dict[Item, UnitParts | Failed]:
    """Return every unit's part: read it from the file that `place` names, or compute it and keep it there.

    Units are computed here, by `open_executor`, or by new processes if there is more than one worker. Each part is on
    disk before the next is awaited, so an interrupted run loses only units in flight. A failed unit is not kept, so
    it is retried when the run is resumed.
    """
    kept = {unit: old for unit in wanted if place and (old := read_part(place(unit))) is not None}
    missing = [unit for unit in wanted if unit not in kept]
    done: dict[Item, UnitParts | Failed] = dict(kept)
    for one in kept.values():
        tell(one)
    at_once, guarded = max(1, min(workers, len(missing))), Guarded(work)
    if open_executor is None and at_once > 1:
        open_executor = processes(at_once)
    found: Generator[tuple[Item, UnitParts | Failed], None, None] = (
        ((unit, guarded(unit)) for unit in missing) if open_executor is None
        else work_through(guarded, missing, open_executor, at_once)
    )  # fmt: skip
    with closing(found):
        try:
            for unit, part in found:
                done[unit] = part
                if place is not None and isinstance(part, UnitParts):
                    with whole_file(place(unit)) as path:
                        path.write_text(json.dumps(part.as_json()), encoding="utf-8")
                tell(part)
        except WorkerLost as lost:
            done |= {unit: worker_died(unit) for unit in missing if unit in lost.items}
    return {unit: done[unit] for unit in wanted}
