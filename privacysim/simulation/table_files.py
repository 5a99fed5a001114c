"""Large tables on request: size checked first, written per unit, moved into place at the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

import pandas as pd

from privacysim import tables
from privacysim.errors import ResultsError
from privacysim.files import whole_file

LIMIT_ROWS = 10_000_000


class UnitNumber(Protocol):
    """Replicate and block of a unit."""

    @property
    def replicate(self) -> int: ...  # noqa: D102
    @property
    def block(self) -> int: ...  # noqa: D102


def parts_folder(folder: Path, family_id: str, wanted: str, *, keep: bool) -> Path:
    """Folder of this run's parts; without `keep`, old parts are deleted."""
    where = folder / "parts" / (f"{family_id}-{wanted}" if wanted else family_id)
    if not keep:
        shutil.rmtree(folder / "parts", ignore_errors=True)
    return where


def check_rows(one_unit: Mapping[str, int], units: int) -> None:
    """Refuse tables above ten million rows before they are made."""
    estimate = {name: rows * units for name, rows in one_unit.items()}
    if sum(estimate.values()) > LIMIT_ROWS:
        largest = max(estimate, key=lambda name: estimate[name])
        raise ResultsError(
            f"--tables: about {sum(estimate.values()):,} rows, most in {largest} ({estimate[largest]:,}); "
            f"the limit is {LIMIT_ROWS:,}.\n"
            "  Fix: a smaller --sample, fewer --days or --replicates, or --replicate K alone."
        )


def write_unit_tables(frames: Mapping[str, pd.DataFrame], folder: Path, unit: UnitNumber) -> dict[str, int]:
    """Write the tables of one unit; returns their numbers of rows."""
    for name, frame in frames.items():
        with whole_file(folder / name / f"r{unit.replicate:05d}-b{unit.block:05d}.parquet") as path:
            tables.write(name, frame, path)
    return {name: len(frame) for name, frame in frames.items()}


def keep_tables(parts: Path, folder: Path, replicates: Collection[int]) -> None:
    """Move the units' tables into place: one folder per table, one file per replicate and block.

    No table is ever fully in memory; `results.query` reads these files directly.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for path in sorted(parts.glob("*/r*-b*.parquet")):
        if int(path.stem[1:6]) in replicates:
            place = folder / path.parent.name / path.name
            place.parent.mkdir(parents=True, exist_ok=True)
            _share(path, place)  # parts stay until the manifest marks the run complete


def _share(path: Path, place: Path) -> None:
    try:
        os.link(path, place)
    except OSError:  # a disk without hard links
        with whole_file(place) as whole:
            shutil.copyfile(path, whole)
