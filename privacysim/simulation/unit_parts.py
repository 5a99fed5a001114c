"""Units of work and their results: sums or a failure, both convertible to JSON, and the tables that combine units.

A failed unit costs its replicate, not the study: it is counted, named, and left out of every policy alike. A failure
is plain data: the stage (the subpackage in which it happened), the place in the code and the error message.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from privacysim import tables
from privacysim.errors import PrivacysimError, ResultsError, shown
from privacysim.metrics import Metric, Sums, add, readings
from privacysim.resources import PACKAGE
from privacysim.simulation import cost
from privacysim.simulation.exposure_map import ENDS

_NO_STAGE = ("study", "simulation", "robustness", "cli", "facts.py")


class Unit(NamedTuple):
    """Replicate and block, both from 0; replicate −1 is the pilot."""

    replicate: int
    block: int

    def __str__(self) -> str:
        return "the pilot" if self.replicate < 0 else f"replicate {self.replicate}, block {self.block}"


@dataclass(frozen=True)
class UnitParts:
    """Sums of every metric by arm, with notes; all of it converts to JSON without loss."""

    unit: Unit
    arms: Mapping[str, Sums]
    notes: tuple[str, ...] = ()
    cost: cost.Cost = field(default_factory=dict)
    """Cost of the unit (`simulation.cost`); not a result, so it differs between runs."""

    def as_json(self) -> dict[str, Any]:
        """Return plain data for a part file; floats keep every bit."""
        return {"unit": list(self.unit), "arms": self.arms, "notes": list(self.notes), "cost": self.cost}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> UnitParts:
        """Restore from the data of a part file."""
        return UnitParts(Unit(*raw["unit"]), raw["arms"], tuple(raw["notes"]), raw["cost"])


@dataclass(frozen=True)
class Failed:
    """A unit without a result, and the reason."""

    unit: Unit
    stage: str
    error: str
    at: str = ""

    def __str__(self) -> str:
        where = f" at {self.at}" if self.at else ""
        return f"{self.unit}: failed in {self.stage}{where}: {self.error}"


def guarded(work: Callable[[Any], UnitParts], unit: Any) -> UnitParts | Failed:
    """Run a unit; an unexpected error becomes `Failed`; one that users can fix (PrivacysimError) stops the study."""
    try:
        return work(unit)
    except PrivacysimError:
        raise
    except Exception as error:  # any error is reported, and its replicate dropped
        # the stage is the subpackage that the study called last; the place is our innermost line
        frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        ours = [(path.relative_to(PACKAGE), line) for path, line in frames if path.is_relative_to(PACKAGE)]
        rooms = [path.parts[0].removesuffix(".py") for path, _ in ours if path.parts[0] not in _NO_STAGE]
        at = f"privacysim/{ours[-1][0].as_posix()}, line {ours[-1][1]}" if ours else ""
        return Failed(unit, rooms[0] if rooms else "study", shown(f"{type(error).__name__}: {error}"), at)


def worker_died(unit: Any) -> Failed:
    """Failure of a unit that killed its worker twice."""
    return Failed(unit, "its worker, which died twice", "probably too little memory: fewer --workers or --sample")


def as_rows(failed: Sequence[Failed], again: Callable[[int], str]) -> list[dict[str, Any]]:
    """Rows for the manifest: stage, replicate, block, error, and the command that reproduces it."""
    return [{**one.unit._asdict(), "stage": one.stage, "error": one.error, "at": one.at,
             "command": again(one.unit.replicate)} for one in sorted(failed, key=lambda one: one.unit)]


def in_words(manifest: Mapping[str, Any]) -> list[str]:
    """Describe failures for the reader; empty if there were none."""
    rows = manifest.get("failed", [])
    lost, said = {row["replicate"] for row in rows if row["replicate"] >= 0}, []
    if lost:
        said.append(f"{len(lost)} of {len(lost) + len(manifest['replicates'])} replicates failed and are left out of "
                    "every policy, pair by pair; if they failed for a reason that depends on the policy, what is left "
                    "is biased.")
    for row in rows:
        failed = Failed(Unit(row["replicate"], row["block"]), row["stage"], row["error"], row["at"])
        said.append(f"{failed}. Again: {row['command']}")
    return said


def none_left(failed: Sequence[Failed]) -> ResultsError:
    """Error for a study without any remaining replicate."""
    first = min(failed, key=lambda one: one.unit)
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return ResultsError(f"No replicate was completed. {first}{more}.\n  Fix: --resume does what is missing again.")


def arm_at(policy: str, end: str) -> str:
    """Name under which a unit keeps the sums of one arm at one end of the band."""
    return f"{policy}|{end}"


def to_frames(parts: Mapping[Unit, UnitParts], arms: Sequence[str],
              declared: Mapping[str, Metric]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build the `metrics` table, and notes (policy, replicate, metric, curve, note) on undefined values."""
    by_replicate: dict[int, list[UnitParts]] = {}
    for unit in sorted(parts):
        by_replicate.setdefault(unit.replicate, []).append(parts[unit])
    rows, notes = [], []
    for replicate, blocks in by_replicate.items():
        for arm in (arm for arm in arms if arm in blocks[0].arms):
            for name, reading in readings(add(block.arms[arm] for block in blocks), declared):
                where = (arm, replicate, name, reading.curve)
                if reading.value is not None:
                    rows.append((*where, reading.value, declared[name].unit, reading.contributors))
                if reading.note:
                    notes.append((*where, reading.note))
        for text in dict.fromkeys(text for block in blocks for text in block.notes):
            notes.append(("", replicate, "", "", text))
    table = tables.table("metrics")
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(table.names)
    frame = tables.frame("metrics", dict(zip(table.names, map(list, columns), strict=True)))
    frame = frame.sort_values(list(table.keys), ignore_index=True)  # as on disk
    return frame, pd.DataFrame(notes, columns=["policy", "replicate", "metric", "curve", "note"])


def band_frame(parts: Mapping[Unit, UnitParts], arms: Sequence[str], metrics: pd.DataFrame,
               declared: Mapping[str, Metric]) -> pd.DataFrame:
    """Band table, one row per policy, metric and curve: replicate means with the fewest, as drawn, and with the most.

    A metric that does not only rise with passes has an empty band and a note; without ends there are no rows.
    """
    keys = ["policy", "metric", "curve"]
    at_ends = to_frames(parts, [arm_at(arm, end) for arm in arms for end in ENDS], declared)[0]
    kept = metrics[metrics["replicate"].isin(at_ends["replicate"].unique())]
    drawn = kept.groupby(keys, observed=True)["value"].agg(["mean", "size"]).reset_index()
    ends = at_ends.groupby(keys, observed=True)["value"].mean().to_dict()
    rows = []
    for policy, name, curve, mean, n in drawn.itertuples(index=False):
        one = declared[name]
        note = "" if one.monotone else "no band: more passes may raise or lower it"
        if one.of != "people":
            note = "no band: it counts what was done, and that stays as drawn"
        low, high = (np.nan if note else ends.get((arm_at(policy, end), name, curve), np.nan) for end in ENDS)
        rows.append((policy, name, curve, one.unit, int(n), low, float(mean), high, note))
    made = pd.DataFrame(rows, columns=list(tables.BAND_COLUMNS))
    return made.sort_values("policy", key=lambda names: names.map(list(arms).index), kind="stable", ignore_index=True)
