"""Runs of many variants of a study on the same replicates: (point, replicate, block) through any executor.

Points share people and chances unless their values change them, so differences between points carry little noise.
With a folder, parts are kept as in a study under each point's own hash, so an interrupted run can resume.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd

from privacysim.simulation.inputs import Inputs, hashed
from privacysim.simulation.unit import to_frames
from privacysim.simulation.unit_parts import Failed, Guarded, Unit, UnitParts
from privacysim.study import Study
from privacysim.study.executor import OpenExecutor, cores, processes
from privacysim.study.pilots import pilot_skewness
from privacysim.study.progress import progress_bar
from privacysim.study.unit_store import keep_part, read_part, units
from privacysim.study.work import PILOT, Runner


@dataclass(frozen=True)
class PointUnit:
    """One unit of one point, with all inputs of its worker."""

    point: int
    unit: Unit
    inputs: Inputs

    def __str__(self) -> str:
        return f"point {self.point}, {self.unit}"


def _do(runner: Runner, one: PointUnit) -> UnitParts | Failed:
    # no function of this subpackage in between, so that an error names the package that failed
    return Guarded(partial(runner, one.inputs, "", None))(one.unit)


@dataclass(frozen=True)
class Ran:
    """Replicate values of every point (`metrics` with a column `point`), and descriptions of failures.

    `skewness` comes from the points' pilots, if requested: (policy, metric, curve) → γ, which decides whether an
    interval may be shown.
    """

    metrics: pd.DataFrame
    failed: tuple[str, ...]
    skewness: Mapping[tuple[str, str, str], float] = field(default_factory=dict)


def run_points(
    points: Sequence[Inputs], *, metrics: Sequence[str], workers: int | None = None,
    open_executor: OpenExecutor | None = None, folder: Path | None = None, progress: bool | None = None,
    pilots: bool = False, runner: Runner | None = None,
) -> Ran:
    """Run every point and compute only the named metrics; a failed unit drops the replicate and is reported.

    `pilots` also runs each point's pilot world; `runner` runs the units (default: as in studies).
    """
    from privacysim.study.executor import WorkerLost, work_through

    workers = cores() if workers is None else max(1, workers)
    points = [hashed(replace(point, only=tuple(metrics))) for point in points]
    work = partial(_do, runner := runner or Study.runner)
    for point in {point.scenario.city: point for point in points}.values():
        runner.prepare(point, workers)
    wanted = [PointUnit(n, unit, point) for n, point in enumerate(points)
              for unit in (*([PILOT] if pilots else []), *units(point))]  # fmt: skip
    done: dict[int, dict[Unit, UnitParts]] = {n: {} for n in range(len(points))}
    failed: list[str] = []
    missing = []
    for one in wanted:
        kept = None if folder is None else read_part(folder / one.inputs.family_id, one.unit)
        if kept is None:
            missing.append(one)
        else:
            done[one.point][one.unit] = kept
    at_once = min(workers, max(1, len(missing)))
    if open_executor is None and at_once > 1:
        open_executor = processes(at_once)
    with progress_bar(len(missing), progress) as tell:
        found = (((one, work(one)) for one in missing) if open_executor is None
                 else work_through(work, missing, open_executor, at_once))  # fmt: skip
        try:
            for one, part in found:
                tell(part)
                if isinstance(part, Failed):
                    failed.append(f"point {one.point}, {part}")
                    continue
                done[one.point][one.unit] = part
                if folder is not None:
                    keep_part(folder / one.inputs.family_id, part)
        except WorkerLost as lost:
            failed += [f"{item}: its worker died twice" for item in lost.items]
    skewness = {key: gamma for parts in done.values() if PILOT in parts
                for key, gamma in pilot_skewness(parts[PILOT]).items()}  # fmt: skip
    return Ran(_frame(points, done, metrics), tuple(failed), skewness)


def _frame(
    points: Sequence[Inputs], done: dict[int, dict[Unit, UnitParts]], metrics: Sequence[str],
) -> pd.DataFrame:
    frames = []
    for n, point in enumerate(points):
        whole = {k for k in point.replicates if all(unit in done[n] for unit in units(point) if unit.replicate == k)}
        parts = {unit: part for unit, part in done[n].items() if unit.replicate in whole}  # not the pilot, −1
        frame, _ = to_frames(parts, point.arm_ids, point.declared)
        frame = frame[frame["metric"].isin(metrics)]
        frames.append(frame.assign(point=n))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
