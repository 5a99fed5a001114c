"""Do the units of a study, keep each as a file until the study is complete, and add them up in block order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd

from privacysim import tables
from privacysim.errors import ResultsError
from privacysim.files import whole_file
from privacysim.metrics import METRICS, add, readings
from privacysim.study.executor import OpenExecutor, WorkerLost, work_through
from privacysim.study.inputs import Inputs
from privacysim.study.unit import Unit, UnitParts, blocks_of

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
    except (ValueError, KeyError, TypeError):  # cut short by a full disk or an older format: it is done again
        return None
    return found if found.unit == unit else None


def do_units(
    work: Work, wanted: Sequence[Unit], *, open_executor: OpenExecutor | None, at_once: int, folder: Path | None,
    tell: Callable[[UnitParts], None] = lambda part: None,
) -> dict[Unit, UnitParts]:
    """Every unit's part: those in `folder` are read, the others worked out here or through the executor, and kept."""
    done: dict[Unit, UnitParts] = {}
    if folder is not None:
        done = {unit: part for unit in wanted if (part := read_part(folder, unit)) is not None}
        for part in done.values():
            tell(part)
    missing = [unit for unit in wanted if unit not in done]
    if open_executor is None:
        _take(((unit, work(unit)) for unit in missing), done, folder, tell)
    else:
        with closing(work_through(work, missing, open_executor, at_once)) as found:
            try:
                _take(found, done, folder, tell)
            except WorkerLost as lost:
                raise ResultsError(
                    f"The worker died twice on: {lost}. The memory was probably too small.\n"
                    "  Cure: fewer workers (--workers 1) or a smaller --panel; --resume keeps what is done."
                ) from None
    return {unit: done[unit] for unit in wanted}


def _take(
    found: Iterable[tuple[Unit, UnitParts]], done: dict[Unit, UnitParts], folder: Path | None,
    tell: Callable[[UnitParts], None],
) -> None:
    for unit, part in found:
        done[unit] = part
        if folder is not None:
            with whole_file(part_file(folder, unit)) as path:
                path.write_text(json.dumps(part.as_json()), encoding="utf-8")
        tell(part)


def to_frames(parts: Mapping[Unit, UnitParts], arms: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The `metrics` table, and notes (policy, replicate, metric, curve, note) on what has no value."""
    by_replicate: dict[int, list[UnitParts]] = {}
    for unit in sorted(parts):
        by_replicate.setdefault(unit.replicate, []).append(parts[unit])
    rows, notes = [], []
    for replicate, blocks in by_replicate.items():
        for arm in arms:
            for name, reading in readings(add(block.arms[arm] for block in blocks)):
                where = (arm, replicate, name, reading.curve)
                if reading.value is not None:
                    rows.append((*where, reading.value, METRICS[name].unit, reading.contributors))
                if reading.note:
                    notes.append((*where, reading.note))
        for text in dict.fromkeys(text for block in blocks for text in block.notes):
            notes.append(("", replicate, "", "", text))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    frame = tables.frame("metrics", dict(zip(tables.table("metrics").names, map(list, columns), strict=True)))
    frame = frame.sort_values(list(tables.table("metrics").keys), ignore_index=True)  # as on disk
    return frame, pd.DataFrame(notes, columns=["policy", "replicate", "metric", "curve", "note"])
