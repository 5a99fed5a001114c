"""Run in progress: keeps finished units, adds replicates on request and returns the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from privacysim.results.manifest import Clock, manifest
from privacysim.results.results import Results
from privacysim.simulation import cost
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.unit import to_frames
from privacysim.simulation.unit_parts import Failed, Unit, UnitParts, as_rows, none_left
from privacysim.simulation.view_ends import band_frame
from privacysim.stats import FEWEST_REPLICATES
from privacysim.study.executor import OpenExecutor
from privacysim.study.pilots import Skewness, cached_pilot, keep_pilot, pilot_skewness
from privacysim.study.progress import progress_bar
from privacysim.study.unit_store import Work, do_units, part_file, units
from privacysim.study.work import PILOT


@dataclass
class Running:
    """One run; `where` is the folder of its parts (None keeps nothing), `again` the command that reruns a replicate."""

    inputs: Inputs
    work: Work
    workers: int
    open_executor: OpenExecutor | None
    where: Path | None
    progress: bool | None
    first_alone: bool
    again: Callable[[int], str]
    clock: Clock
    of_city: Mapping[str, Any]
    done: dict[Unit, UnitParts | Failed] = field(default_factory=dict)
    skewness: Skewness | None = None

    def extend(self, inputs: Inputs) -> Results:
        """Run the remaining units of `inputs` (of the same family) and return its results."""
        self.inputs = inputs
        wanted = units(inputs)
        if self.skewness is None and len(inputs.replicates) >= FEWEST_REPLICATES:
            self.skewness = cached_pilot(inputs)
            if self.skewness is None:
                wanted = [PILOT, *wanted]
        self._do([unit for unit in wanted if unit not in self.done])
        self._take_pilot()
        return self._results(units(inputs))

    def _take_pilot(self) -> None:
        part = self.done.get(PILOT)
        if isinstance(part, UnitParts) and self.skewness is None:
            self.skewness = pilot_skewness(part)
            keep_pilot(self.inputs, self.skewness)

    def _results(self, wanted: list[Unit]) -> Results:
        failed = [part for part in self.done.values() if isinstance(part, Failed)]
        lost = {one.unit.replicate for one in failed}
        left = tuple(k for k in self.inputs.replicates if k not in lost)
        if not left:
            raise none_left(failed)
        parts = {unit: part for unit in wanted
                 if unit.replicate in left and isinstance(part := self.done[unit], UnitParts)}  # fmt: skip
        frame, notes = to_frames(parts, self.inputs.arm_ids, self.inputs.declared)
        costs = [part.cost for part in self.done.values() if isinstance(part, UnitParts)]
        times = self.clock.times() | {"cost": cost.total([self.of_city, *costs])}
        said = manifest(self.inputs, times, self.workers)
        said |= {"replicates": list(left), "failed": as_rows(failed, self.again)}
        bands = band_frame(parts, self.inputs.arm_ids, frame, self.inputs.declared)
        return Results(said, frame, notes, self.skewness or {}, self.inputs, bands)

    def _do(self, wanted: list[Unit]) -> None:
        place = None if self.where is None else partial(part_file, self.where)
        with progress_bar(len(wanted), self.progress) as tell:
            if self.first_alone:  # run one unit first, since it refuses tables that are too large
                self.done |= do_units(self.work, wanted[-1:], workers=1, place=place, tell=tell)
            rest = [unit for unit in wanted if unit not in self.done]
            self.done |= do_units(self.work, rest, workers=self.workers, open_executor=self.open_executor, place=place,
                                  tell=tell)  # fmt: skip


def again_command(plan_id: str, out: Path | None) -> Callable[[int], str]:
    """Command that runs one replicate of a saved study alone; without a folder, the Python call."""
    if out is None:
        return lambda k: f"study.run(replicate={k}, workers=1)"
    return lambda k: f"cd {out / 'inputs'} && privacysim run {plan_id} --replicate {k} --workers 1"

