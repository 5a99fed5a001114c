"""A study: policies on the same city, people and chances, over independent replicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from privacysim.errors import InputError, ResultsError
from privacysim.files import validate
from privacysim.policy import Policy, Reform
from privacysim.stats import FEWEST_REPLICATES
from privacysim.study import cost
from privacysim.study.catalogue import as_named
from privacysim.study.executor import OpenExecutor, cores, processes
from privacysim.study.inputs import Inputs, resolve
from privacysim.study.model import StudyFile, load_study_file
from privacysim.study.opened import OpenedReplicate, open_replicate
from privacysim.study.pages import study_page
from privacysim.study.parts import Work, do_units, to_frames, units
from privacysim.study.pilots import PILOT, cached_pilot, keep_pilot, pilot_skewness
from privacysim.study.progress import progress_bar
from privacysim.study.provenance import Clock, manifest
from privacysim.study.results import Results
from privacysim.study.store import begin, prepare
from privacysim.study.tables_out import merge_tables, parts_folder
from privacysim.study.unit import Unit, UnitParts, prepare_city, run_unit
from privacysim.study.unknowns import band_frame


class Study:
    """Which rules are compared, in which case: a shipped or own study by name, or its parts.

    `Study("headline")` reads `sim/studies/headline.toml` (the working folder's first). Keywords are the keys of that
    file and replace what it says; `policies` are names, files, policies or reforms. Nothing is run before `run`.

    >>> import privacysim as ps
    >>> study = ps.Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=7)
    >>> study.plan.baseline, study.plan.days
    ('notice_only', 7)
    """

    def __init__(
        self, name: str | None = None, *, scenario: str | None = None,
        policies: Sequence[str | Policy | Reform] | None = None,
        readings: Mapping[str, Sequence[str]] | None = None, baseline: str | None = None, primary: str | None = None,
        days: int | None = None, replicates: int | None = None, panel: int | str | None = None,
        seed: int | None = None, start: str | None = None, law_date: date | str | None = None,
    ) -> None:
        given: dict[str, Any] = {
            "scenario": scenario, "policies": policies, "readings": readings, "baseline": baseline, "primary": primary,
            "days": days, "replicates": replicates, "panel": panel, "seed": seed, "start": start, "law_date": law_date,
        }  # fmt: skip
        given = {key: value for key, value in given.items() if value is not None}
        if isinstance(given.get("policies"), str):
            raise InputError("policies", 'a list of names, such as ["notice_only"]', policies, "put it in a list")
        if policies is not None:
            given["policies"] = [as_named(one) for one in policies]
        raw = load_study_file(name).model_dump(mode="json") if name is not None else _from_parts(given)
        raw.update(given)
        if name is not None and policies is not None:
            raw["readings"] = {key: words for key, words in raw["readings"].items() if key in raw["policies"]}
            if baseline is None and raw["baseline"].split(":")[0] not in raw["policies"]:
                raw["baseline"] = raw["policies"][0]
        self.plan: StudyFile = validate(StudyFile, raw, "study")

    def __repr__(self) -> str:
        plan = self.plan
        return (f"Study({plan.id!r}: {', '.join(plan.policies)} in {plan.scenario}, {plan.days} days, "
                f"{plan.replicates} replicates, panel {plan.panel}, seed {plan.seed})")  # fmt: skip

    def _repr_html_(self) -> str:
        return study_page(self.plan)

    def inputs(self, replicate: int | None = None) -> Inputs:
        """Load and check everything that the study names; nothing is run."""
        return resolve(self.plan, replicate)

    def open_replicate(self, k: int = 0) -> OpenedReplicate:
        """Replicate `k` (from 0) to look into: its world, its Logs, and what any choice of acts reveals.

        >>> import privacysim as ps
        >>> opened = ps.Study("preview", policies=["notice_only"], days=2).open_replicate(0)
        >>> opened.logs["notice_only"].acts.empty
        False
        """
        return open_replicate(resolve(self.plan, k), k)

    def run(
        self, replicates: int | None = None, *, replicate: int | None = None, workers: int | None = None,
        open_executor: OpenExecutor | None = None, out: str | Path | None = None, resume: bool = False,
        force: bool = False, tables: str = "", also: Mapping[str, Callable[[Results], str]] | None = None,
        progress: bool | None = None,
    ) -> Results:
        """Run the study.

        `replicates` replaces the study's own number; `replicate` runs that one alone (counting from 0). `workers`
        processes share the units (default: one a core); `open_executor` opens any other executor, for many machines.
        With `out` the results folder is written there, and what an interrupted run had done can be reused
        (`resume`); `tables` ("seen" or "all") adds the large tables. `also` makes further files of the results.
        """
        plan = self.plan if replicates is None else self.plan.model_copy(update={"replicates": replicates})
        if replicates is not None and replicates < 1:
            raise InputError("replicates", "a number from 1 on", replicates, "run at least one")
        inputs = resolve(plan, replicate)
        folder = Path(out) if out is not None else None
        if tables and (folder is None or tables not in ("seen", "all")):
            raise InputError("tables", '"seen" or "all", and an out folder', tables, 'write tables="seen", out="…"')
        if folder is not None:
            saved = prepare(folder, inputs.run_id, force=force)
            if saved is not None:
                return saved
        clock = Clock()
        workers = cores() if workers is None else max(1, workers)
        wanted, pilot = _wanted(inputs)
        wanted = wanted if pilot is not None else [PILOT, *wanted]
        cost.collected()
        with cost.stage("city"):
            prepare_city(inputs.scenario, workers)  # a map that cannot be used is found before anything is written
        of_city = cost.collected()
        where = None
        if folder is not None:
            begin(folder)
            where = parts_folder(folder, inputs.run_id, tables, keep=resume)
        work = partial(run_unit, inputs, tables, None if where is None else where / "tables")
        parts = _do(work, wanted, workers, open_executor, where, progress, tables)
        whole = cost.total([of_city, *(part.cost for part in parts.values())])
        if pilot is None:
            pilot = pilot_skewness(parts.pop(PILOT))
            keep_pilot(inputs, pilot)
        frame, notes = to_frames(parts, inputs.arm_ids)
        bands = band_frame(parts, inputs.arm_ids, frame)
        said = manifest(inputs, clock.times() | {"cost": whole}, workers)
        results = Results(said, frame, notes, pilot, inputs, bands)
        if folder is not None:
            if tables and where is not None:
                merge_tables(where / "tables", folder / "tables")
            made = {name: partial(make, results) for name, make in (also or {}).items()}
            results.save(folder, force=force, also=made)
        return results


def _from_parts(given: Mapping[str, Any]) -> dict[str, Any]:
    for key in ("scenario", "policies"):
        if not given.get(key):
            raise InputError("study", f"a name, or at least scenario and policies ({key} is missing)", "nothing",
                             'write Study("headline") or Study(scenario=…, policies=[…])')  # fmt: skip
    baseline = "notice_only" if "notice_only" in given["policies"] else str(given["policies"][0])
    return {"id": Path(str(given["scenario"])).stem, "baseline": baseline}


def _wanted(inputs: Inputs) -> tuple[list[Unit], Mapping[tuple[str, str, str], float] | None]:
    """The units, and the skewness of every metric where it is known already or cannot matter."""
    wanted = units(inputs)
    if len(inputs.replicates) < FEWEST_REPLICATES:
        return wanted, {}  # no interval is printed below that, whatever the skewness
    return wanted, cached_pilot(inputs)


def _do(work: Work, wanted: list[Unit], workers: int, open_executor: OpenExecutor | None, where: Path | None,
        progress: bool | None, tables: str) -> dict[Unit, UnitParts]:
    at_once = min(workers, len(wanted))
    if open_executor is None and at_once > 1:
        open_executor = processes(at_once)
    done: dict[Unit, UnitParts] = {}
    with progress_bar(len(wanted), progress) as tell:
        if tables:  # one unit first, alone: it refuses tables that would be too large
            done = do_units(work, wanted[-1:], open_executor=None, at_once=1, folder=where, tell=tell)
        rest = [unit for unit in wanted if unit not in done]
        done |= do_units(work, rest, open_executor=open_executor, at_once=max(at_once, 1), folder=where, tell=tell)
    return {unit: done[unit] for unit in wanted}


__all__ = ["ResultsError", "Study"]
