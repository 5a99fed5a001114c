"""Runs of many variants of a study on the same replicates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd

from privacysim.simulation.inputs import Inputs, hashed
from privacysim.simulation.unit_parts import Failed, Unit, UnitParts
from privacysim.simulation.unit_tables import to_frames
from privacysim.study import Study
from privacysim.study.executor import OpenExecutor, cores
from privacysim.study.pilots import pilot_skewness
from privacysim.study.progress import progress_bar
from privacysim.study.running import PILOT, Runner, do_units, part_file, units


@dataclass(frozen=True, eq=False)
class PointUnit:
    """One unit of one point, with all inputs of its worker."""

    point: int
    unit: Unit
    inputs: Inputs

    def __str__(self) -> str:
        return f"point {self.point}, {self.unit}"


def _do(runner: Runner, one: PointUnit) -> UnitParts:
    return runner(one.inputs, "", None, one.unit)


@dataclass(frozen=True)
class Ran:
    """Replicate values of every point (`metrics` with a column `point`), and descriptions of failures.

    `skewness` comes from the points' pilots, if requested: (policy, metric, curve) → γ, which decides whether an
    interval may be shown.
    """

    metrics: pd.DataFrame
    failed: tuple[str, ...]
    skewness: Mapping[tuple[str, str, str], float] = field(default_factory=dict)


def run_points(points: Sequence[Inputs], *, metrics: Sequence[str], workers: int | None = None,
               open_executor: OpenExecutor | None = None, folder: Path | None = None, progress: bool | None = None,
               pilots: bool = False) -> Ran:
    """Run every point and compute only the named metrics; a failed unit drops the replicate and is reported.

    Points share people and chances unless their values change them, so differences between points carry little noise.
    With a `folder`, parts are kept as in a study under each point's own hash, so an interrupted run can resume.
    `pilots` also runs each point's pilot world.
    """
    workers = cores() if workers is None else max(1, workers)
    points = [hashed(replace(point, only=tuple(metrics), worlds=0)) for point in points]
    for point in {point.scenario.city: point for point in points}.values():
        Study.runner.prepare(point, workers)
    wanted = [PointUnit(n, unit, point) for n, point in enumerate(points)
              for unit in (*([PILOT] if pilots else []), *units(point))]  # fmt: skip
    place = None if folder is None else lambda one: part_file(folder / one.inputs.family_id, one.unit)
    with progress_bar(len(wanted), progress) as tell:
        done = do_units(partial(_do, Study.runner), wanted, workers=workers, open_executor=open_executor, place=place,
                        tell=tell)  # fmt: skip
    frames, skewness = [pd.DataFrame()], dict[tuple[str, str, str], float]()
    for n, point in enumerate(points):
        parts = {one.unit: part for one, part in done.items() if one.point == n}
        if isinstance(pilot := parts.pop(PILOT, None), UnitParts):
            skewness |= pilot_skewness(pilot)
        lost = {unit.replicate for unit, part in parts.items() if isinstance(part, Failed)}
        whole = {unit: part for unit, part in parts.items() if unit.replicate not in lost}
        frame = to_frames(whole, point.arm_ids, point.declared)[0]  # type: ignore[arg-type]
        frames.append(frame[frame["metric"].isin(metrics)].assign(point=n))
    failed = tuple(str(part) for part in done.values() if isinstance(part, Failed))
    return Ran(pd.concat(frames[1:], ignore_index=True) if points else frames[0], failed, skewness)
