"""Do the units of a study, keep each as a file until the study is complete, and add them up in block order."""

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
    """All units, replicate by replicate, so that a worker can keep a world while its blocks last."""
    return [Unit(k, block) for k in inputs.replicates for block in range(blocks_of(inputs))]


def part_file(folder: Path, unit: Unit) -> Path:
    """Where the part of a unit lies."""
    return folder / f"r{unit.replicate:05d}-b{unit.block:05d}.json"


def read_part(folder: Path, unit: Unit) -> UnitParts | None:
    """The part of a unit, or None where there is none or it is not whole."""
    path = part_file(folder, unit)
    if not path.is_file():
        return None
    try:
        found = UnitParts.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, RecursionError):  # cut short, damaged or older: done again
        return None
    return found if found.unit == unit else None


def keep_part(folder: Path, part: UnitParts) -> None:
    """Put the part of a unit on disk; it appears under its name only when whole."""
    with whole_file(part_file(folder, part.unit)) as path:
        path.write_text(json.dumps(part.as_json()), encoding="utf-8")


def do_units(
    work: Work, wanted: Sequence[Unit], *, open_executor: OpenExecutor | None, at_once: int, folder: Path | None,
    tell: Callable[[object], None] = lambda part: None,
) -> dict[Unit, UnitParts | Failed]:
    """Every unit's part: those in `folder` are read, the others worked out here or through the executor, and kept.

    A part is on disk before the next is waited for, so whatever ends the run loses only what was in the air. A unit
    that failed is not kept: it is tried again when the run is resumed.
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
