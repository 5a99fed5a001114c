"""Units of work and their results: sums or a failure, both convertible to JSON.

A failed unit costs its replicate, not the study: it is counted, named, and left out of every policy alike. A failure
is plain data: the stage (the subpackage in which it happened), the place in the code and the error message.
"""

from __future__ import annotations

import hashlib
import os
import platform
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from privacysim.errors import PrivacysimError, ResultsError, shown
from privacysim.metrics import Sums
from privacysim.resources import PACKAGE, VERSION
from privacysim.simulation import cost
from privacysim.simulation.inputs import canonical, data_digests, source_digest
from privacysim.stats import NUMPY_DEFAULTS

_NO_STAGE = ("study", "simulation", "robustness", "cli", "facts.py")


WORLD = 100_000
"""Replicate numbers from here on belong to worlds: 100 000 + j is world j, 200 000 + j a second replicate of it."""


class Unit(NamedTuple):
    """Replicate and block, both from 0; replicate −1 is the pilot, and those from `WORLD` on are worlds."""

    replicate: int
    block: int

    @property
    def world(self) -> int | None:
        """Number of the world whose facts hold; None at the best guesses."""
        return self.replicate % WORLD if self.replicate >= WORLD else None

    def __str__(self) -> str:
        if self.world is not None:
            return f"world {self.world}, block {self.block}"
        return "the pilot" if self.replicate < 0 else f"replicate {self.replicate}, block {self.block}"


@dataclass(frozen=True)
class UnitParts:
    """Sums of every metric by arm, with notes; all of it converts to JSON without loss."""

    unit: Unit
    arms: Mapping[str, Sums]
    notes: tuple[str, ...] = ()
    cost: cost.Cost = field(default_factory=dict)
    """Cost of the unit (`simulation.cost`); not a result, so it differs between runs."""
    heard: tuple[str, ...] = ()
    """Facts that a world read."""
    made_by: str = field(default="", compare=False)
    """Digest of the source and facts that computed it, and the worker's name (`made_here`)."""

    def as_json(self) -> dict[str, Any]:
        """Return plain data for a part file; floats keep every bit."""
        return {"unit": list(self.unit), "arms": self.arms, "notes": list(self.notes), "cost": self.cost,
                "heard": list(self.heard)}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> UnitParts:
        """Restore from the data of a part file."""
        return UnitParts(Unit(*raw["unit"]), raw["arms"], tuple(raw["notes"]), raw["cost"], tuple(raw["heard"]))


@dataclass(frozen=True)
class Failed:
    """A unit without a result, and the reason."""

    unit: Unit
    stage: str
    error: str
    at: str = ""
    made_by: str = field(default="", compare=False)

    def __str__(self) -> str:
        where = f" at {self.at}" if self.at else ""
        return f"{self.unit}: failed in {self.stage}{where}: {self.error}"


def guarded(work: Callable[[Any], UnitParts], unit: Any) -> UnitParts | Failed:
    """Run a unit; an unexpected error becomes `Failed`, but one that users can fix (PrivacysimError) is raised."""
    try:
        with np.errstate(**NUMPY_DEFAULTS):  # the caller may have asked numpy to raise
            return replace(work(unit), made_by=made_here())
    except PrivacysimError:
        raise
    except Exception as error:  # any error is reported, and its replicate dropped
        # the stage is the subpackage that the study called last; the place is our innermost line
        frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        ours = [(path.relative_to(PACKAGE), line) for path, line in frames if path.is_relative_to(PACKAGE)]
        rooms = [path.parts[0].removesuffix(".py") for path, _ in ours if path.parts[0] not in _NO_STAGE]
        at = f"privacysim/{ours[-1][0].as_posix()}, line {ours[-1][1]}" if ours else ""
        said = shown(f"{type(error).__name__}: {error}")
        return Failed(unit, rooms[0] if rooms else "study", said, at, made_here())


@lru_cache(maxsize=1)
def made_here() -> str:
    """Digest of the source and facts of this process, and its name: host and process number."""
    pilots = [(PACKAGE / name).read_text(encoding="utf-8") for name in ("stats.py", "study/pilots.py")]
    mark = hashlib.sha256(canonical([VERSION, source_digest(), data_digests(), *pilots]).encode()).hexdigest()
    return f"{mark} {platform.node()}:{os.getpid()}"


def believed(unit: Any, part: Any) -> UnitParts | Failed:
    """Return the part of a unit; ResultsError if it is not one, or if a worker with other source or facts made it."""
    if not isinstance(part, UnitParts | Failed):
        raise ResultsError(f"The executor returned {type(part).__name__} for {unit}, not the result of a unit.\n"
                           "  Fix: give an executor that returns the result of its function.")  # fmt: skip
    (theirs, _, worker), ours = part.made_by.partition(" "), made_here().partition(" ")[0]
    if theirs != ours:
        raise ResultsError(f"The worker {worker or 'of an earlier version'} has other source code or facts "
                           f"({theirs[:12] or 'no digest'}, here {ours[:12]}).\n  Fix: install the same version with "
                           "the same data on every node, then run again with --resume.")  # fmt: skip
    return part


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
                    "every policy; if the cause depends on the policy, the remaining results are biased.")
    for row in rows:
        failed = Failed(Unit(row["replicate"], row["block"]), row["stage"], row["error"], row["at"])
        said.append(f"{failed}. Again: {row['command']}")
    return said


def none_left(failed: Sequence[Failed]) -> ResultsError:
    """Error for a study without any remaining replicate."""
    first = min(failed, key=lambda one: one.unit)
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return ResultsError(f"No replicate was completed. {first}{more}.\n  Fix: run again with --resume.")
