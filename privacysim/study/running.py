"""A run in progress: its units of work are computed once, kept as files until the run is complete, and summed.

Units are summed in block order, so neither the executor nor an interruption changes a value.
"""

import os
import platform
import shutil
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from privacysim.city import build_city
from privacysim.errors import InputError, PrivacysimError, ResultsError, shown
from privacysim.facts import facts_heard, facts_replaced
from privacysim.files import whole_file
from privacysim.results.manifest import Clock, manifest
from privacysim.results.results import Results
from privacysim.sealed import keep, kept
from privacysim.simulation import cost, unit_parts, unit_tables
from privacysim.simulation.fact_worlds import in_fact_world
from privacysim.simulation.inputs import Inputs, files_of
from privacysim.simulation.replicate import blocks_of, replicate_of
from privacysim.simulation.unit import begin_unit, measured
from privacysim.simulation.unit_parts import WORLD, Failed, Unit, UnitParts, guarded
from privacysim.stats import FEWEST_REPLICATES
from privacysim.study.estimate import refuse_too_large
from privacysim.study.executor import OpenExecutor, WorkerLost, processes, work_through
from privacysim.study.pilots import Skewness, cached_pilot, keep_pilot, pilot_skewness, pilot_sums
from privacysim.study.progress import progress_bar

Item = TypeVar("Item")
"""A `Unit`, or a unit with the inputs that it belongs to."""
FIRST_WORLDS = 10
"""Worlds after which the first results are told."""
_AGAIN = 10
_BLOCKS_AT_ONCE, _REPLICATES_A_WORKER = 16, 2
"""Replicates of at most so many blocks go to one worker whole, if there are so many replicates for each worker."""
PILOT = Unit(-1, 0)
"""The pilot world, outside every study, from which the metrics' skewness is computed."""


class Runner:
    """Runs the units of a study; a subclass must be importable by worker processes."""

    def prepare(self, inputs: Inputs, workers: int) -> None:
        """Do the work that all units need, once, so that an unusable city is reported before anything is written."""
        build_city(inputs.scenario, workers=workers, **inputs.brought.keywords("city"))

    def __call__(self, inputs: Inputs, wanted_tables: str, folder: Path | None, unit: Unit) -> UnitParts:
        """Run all arms on one replicate and one block of people; for the pilot, sum contributions of root events."""
        with facts_replaced(inputs.facts):
            begin_unit(unit)
            if files_of(inputs.scenario) != inputs.files:
                raise InputError("city.osm, cameras.file", "the files that this study was started with",
                                 f"others, or none, on {platform.node()}", "copy the same files to every node")
            if unit.world is not None:
                return self._of_world(inputs, unit)
            whole = replicate_of(inputs, unit.replicate)
            if unit != PILOT:
                return measured(whole, unit.block, wanted_tables, folder)
            seen = whole.seen(unit.block)
            with cost.stage("pilot"):
                sums = pilot_sums(whole, seen)
            return UnitParts(unit, sums, cost=cost.collected())

    def _of_world(self, inputs: Inputs, unit: Unit) -> UnitParts:
        """Run all arms on one replicate of a world, and note which facts it read."""
        with cost.stage("city"):
            city = build_city(inputs.scenario, **inputs.brought.keywords("city"))
        with facts_heard() as heard, in_fact_world(inputs.scenario, city, inputs.plan.seed, unit.world):
            found = measured(replicate_of(inputs, unit.replicate), unit.block)
        return replace(found, heard=tuple(sorted(heard)))


def units(inputs: Inputs) -> list[Unit]:
    """All units in order of replicate, so that a worker can keep a world for all its blocks."""
    return [Unit(k, block) for k in (*inputs.replicates, *world_numbers(inputs.worlds))
            for block in range(blocks_of(inputs))]


def world_numbers(worlds: int) -> list[int]:
    """Replicate numbers of the worlds, in order; every tenth world has a second replicate, to separate out chance."""
    return [k for j in range(worlds) for k in ((WORLD + j,) if j % _AGAIN else (WORLD + j, 2 * WORLD + j))]


def part_file(folder: Path, unit: Unit) -> Path:
    """File of a unit's part."""
    return folder / f"r{unit.replicate:05d}-b{unit.block:05d}.json"


def read_part(path: Path) -> UnitParts | None:
    """Read the part of a unit; None if it is missing or incomplete."""
    try:
        found = UnitParts.from_json(kept(path))
    except (KeyError, TypeError):  # truncated, damaged or outdated: rerun
        return None
    return found if part_file(path.parent, found.unit) == path else None


def parts_folder(folder: Path, family_id: str, wanted: str, *, keep: bool) -> Path:
    """Folder of this run's parts; without `keep`, old parts are deleted."""
    if not keep:
        shutil.rmtree(folder / "parts", ignore_errors=True)
    return folder / "parts" / (f"{family_id}-{wanted}" if wanted else family_id)


def keep_tables(parts: Path, folder: Path, replicates: Collection[int]) -> None:
    """Move the units' large tables into place: one folder per table, one file per replicate and block."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in sorted(parts.glob("*/r*-b*.parquet")):
        if int(path.stem[1:6]) in replicates:
            place = folder / path.parent.name / path.name
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, place)  # parts stay until the manifest marks the run complete
            except OSError:  # a disk without hard links
                with whole_file(place) as whole:
                    shutil.copyfile(path, whole)


def do_units(work: Callable[[Item], UnitParts], wanted: Sequence[Item], *, workers: int,
             open_executor: OpenExecutor | None = None, place: Callable[[Item], Path] | None = None,
             tell: Callable[[object], None] = lambda part: None,
             together: Callable[[Item], object] | None = None) -> dict[Item, UnitParts | Failed]:
    """Return every unit's part: read it from the file that `place` names, or compute it and keep it there.

    Units are computed here, by `open_executor`, or by new processes if there is more than one worker. Neighbours for
    which `together` gives the same go to one worker. The parts that a worker returns are on disk before the next are
    awaited. A failed unit is not kept, so a resumed run retries it.
    """
    done: dict[Item, UnitParts | Failed] = {
        unit: old for unit in wanted if place and (old := read_part(place(unit))) is not None
    }
    missing = [unit for unit in wanted if unit not in done]
    for one in done.values():
        tell(one)
    groups = [tuple(units) for _, units in groupby(missing, together or (lambda unit: unit))]
    at_once, run = max(1, min(workers, len(groups))), partial(guarded, work)
    if open_executor is None and at_once > 1:
        open_executor = processes(at_once)
    found: Generator[tuple[tuple[Item, ...], Any], None, None] = (
        (((unit,), [run(unit)]) for unit in missing) if open_executor is None
        else work_through(partial(_each, run), groups, open_executor, at_once)
    )
    with closing(found):
        try:
            for group, answer in found:
                given = answer if isinstance(answer, list) and len(answer) == len(group) else [answer] * len(group)
                for unit, part in zip(group, given, strict=True):
                    done[unit] = unit_parts.believed(unit, part)
                    if place is not None and isinstance(part, UnitParts):
                        keep(place(unit), part.as_json())
                    tell(part)
        except WorkerLost as lost:
            died = [group for group in groups if group in lost.items]
            done |= {unit: unit_parts.worker_died(unit) for group in died if len(group) == 1 for unit in group}
            # one unit of several may be the cause, so each gets a worker of its own
            several = [unit for group in died if len(group) > 1 for unit in group]
            done |= do_units(work, several, workers=workers, open_executor=open_executor, place=place, tell=tell)
        except PrivacysimError:
            raise
        except Exception as error:  # `guarded` catches those of the work, so this is one of the executor
            raise ResultsError(f"The executor of the units failed ({shown(f'{type(error).__name__}: {error}')}).\n"
                               "  Fix: check that its scheduler and workers run, then run again with --resume."
                               ) from error  # fmt: skip
    return {unit: done[unit] for unit in wanted}


def _each(run: Callable[[Item], UnitParts | Failed], units: tuple[Item, ...]) -> list[UnitParts | Failed]:
    """Run the units that go to one worker."""
    return [run(unit) for unit in units]


@dataclass
class Running:
    """One run; `where` is the folder of its parts (None keeps nothing), `again` the command that reruns a replicate."""

    inputs: Inputs
    work: Callable[[Unit], UnitParts]
    workers: int
    open_executor: OpenExecutor | None
    where: Path | None
    progress: bool | None
    first_alone: bool
    again: Callable[[int], str]
    clock: Clock
    of_city: Mapping[str, Any]
    anyway: bool = False
    """Whether the run may need more than this machine has."""
    first: Callable[[Results], None] | None = None
    """Called with the first results: those of all replicates and of ten worlds."""
    done: dict[Unit, UnitParts | Failed] = field(default_factory=dict)
    skewness: Skewness | None = None

    def extend(self, inputs: Inputs) -> Results:
        """Run the remaining units of `inputs` (of the same family) and return its results."""
        self.inputs, wanted = inputs, units(inputs)
        if self.skewness is None and len(inputs.replicates) >= FEWEST_REPLICATES:
            self.skewness = cached_pilot(inputs)
        with_pilot = self.skewness is None and len(inputs.replicates) >= FEWEST_REPLICATES
        early = [unit for unit in wanted if unit.world is None or unit.world < FIRST_WORLDS]
        self._do([unit for unit in ([PILOT] if with_pilot else []) + early if unit not in self.done])
        pilot = self.done.get(PILOT)
        if isinstance(pilot, UnitParts) and self.skewness is None:
            self.skewness = pilot_skewness(pilot)
            keep_pilot(inputs, self.skewness)
        if len(early) < len(wanted):
            if self.first is not None:
                self.first(self._results(early))
                self.first = None  # told once, however often the run is extended
            self._do([unit for unit in wanted if unit not in self.done])
        return self._results(wanted)

    def _do(self, wanted: list[Unit]) -> None:
        place = None if self.where is None else partial(part_file, self.where)
        # if tables are wanted, one unit runs here first, since it refuses tables that are too large
        alone = wanted[-1:] if self.first_alone else []
        with progress_bar(len(wanted), self.progress) as bar:
            def tell(part: object) -> None:
                if isinstance(part, UnitParts) and part.unit != PILOT and not self.anyway:
                    self.anyway = True  # asked once
                    refuse_too_large(part, len(units(self.inputs)), self.workers, self.where,
                                     elsewhere=self.open_executor is not None)  # fmt: skip
                bar(part)

            self.done |= do_units(self.work, alone, workers=1, place=place, tell=tell)
            rest = [unit for unit in wanted if unit not in self.done]
            # a worker draws the world of a replicate once for all its blocks, unless that leaves others idle
            many = len({unit.replicate for unit in rest}) >= _REPLICATES_A_WORKER * self.workers
            together = (lambda unit: unit.replicate) if many and blocks_of(self.inputs) <= _BLOCKS_AT_ONCE else None
            self.done |= do_units(self.work, rest, workers=self.workers, open_executor=self.open_executor, place=place,
                                  tell=tell, together=together)

    def _results(self, wanted: list[Unit]) -> Results:
        failed = [part for part in self.done.values() if isinstance(part, Failed)]
        lost = {one.unit.replicate for one in failed}
        left = [k for k in self.inputs.replicates if k not in lost]
        if not left:
            raise unit_parts.none_left(failed)
        whole = {unit: part for unit, part in self.done.items() if isinstance(part, UnitParts)}
        parts = {unit: whole[unit] for unit in wanted if unit.replicate in left}
        frame, notes = unit_tables.to_frames(parts, self.inputs.arm_ids, self.inputs.declared)
        times = self.clock.times() | {"cost": cost.total([self.of_city, *(part.cost for part in whole.values())])}
        said = manifest(self.inputs, times, self.workers)
        said |= {"replicates": left, "failed": unit_parts.as_rows(failed, self.again)}
        bands = unit_tables.band_frame(parts, self.inputs.arm_ids, frame, self.inputs.declared)
        worlds = {unit: whole[unit] for unit in wanted if unit.world is not None and unit.replicate not in lost}
        values, drawn = unit_tables.world_frames(worlds, self.inputs)
        return Results(said, frame, notes, self.skewness or {}, self.inputs, bands, values, drawn)
