"""A study: policies on the same city, people and chances, over independent replicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from privacysim.errors import InputError
from privacysim.files import validate
from privacysim.policy import Policy, Reform
from privacysim.results.manifest import Clock
from privacysim.results.result_pages import study_page
from privacysim.results.results import Results
from privacysim.simulation import cost
from privacysim.simulation.inputs import Inputs, resolve
from privacysim.simulation.opened import OpenedReplicate, open_replicate
from privacysim.simulation.replicate import prepare_city
from privacysim.simulation.study_file import StudyFile, load_study_file
from privacysim.simulation.table_files import keep_tables, parts_folder
from privacysim.study.catalogue import as_named
from privacysim.study.executor import OpenExecutor, cores
from privacysim.study.folder import begin, prepare
from privacysim.study.precision import Precision
from privacysim.study.running import Running, again_command
from privacysim.study.work import do_unit


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
        metrics: Sequence[str] | None = None, days: int | None = None, replicates: int | None = None,
        sample: int | str | None = None, seed: int | None = None, start: str | None = None,
        law_date: date | str | None = None,
    ) -> None:
        given: dict[str, Any] = {
            "scenario": scenario, "policies": policies, "readings": readings, "baseline": baseline, "primary": primary,
            "metrics": metrics, "days": days, "replicates": replicates, "sample": sample, "seed": seed, "start": start,
            "law_date": law_date,
        }  # fmt: skip
        given = {key: value for key, value in given.items() if value is not None}
        if isinstance(given.get("metrics"), str):
            raise InputError("metrics", 'a list of names, such as ["equity"]', metrics, "put it in a list")
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

    @staticmethod
    def from_plan(plan: StudyFile) -> Study:
        """The study of a plan that was read and perhaps changed."""
        made = object.__new__(Study)
        made.plan = validate(StudyFile, plan.model_dump(mode="json"), "study")
        return made

    def __repr__(self) -> str:
        plan = self.plan
        return (f"Study({plan.id!r}: {', '.join(plan.policies)} in {plan.scenario}, {plan.days} days, "
                f"{plan.replicates} replicates, sample {plan.sample}, seed {plan.seed})")  # fmt: skip

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
        self, replicates: int | str | None = None, *, replicate: int | None = None, workers: int | None = None,
        open_executor: OpenExecutor | None = None, out: str | Path | None = None, resume: bool = False,
        force: bool = False, tables: str = "", also: Mapping[str, Callable[[Results], str]] | None = None,
        progress: bool | None = None,
    ) -> Results:
        """Run the study.

        `replicates` replaces the study's own number; "precision:5%" adds replicates until the primary metric's
        intervals are that narrow (`Precision`). `replicate` runs that one alone (counting from 0). `workers`
        processes share the units (default: one a core); `open_executor` opens any other executor, for many machines.
        With `out` the results folder is written there, and what an interrupted run had done can be reused
        (`resume`); `tables` ("seen" or "all") adds the large tables. `also` makes further files of the results.
        """
        aim = Precision.read(replicates) if isinstance(replicates, str) else None
        inputs = self._resolved(replicates if isinstance(replicates, int) else None, replicate, aim)
        folder = Path(out) if out is not None else None
        if tables and (folder is None or tables not in ("seen", "all")):
            raise InputError("tables", '"seen" or "all", and an out folder', tables, 'write tables="seen", out="…"')
        if folder is not None:
            saved = prepare(folder, inputs, aim, resume=resume, force=force)
            if saved is not None:
                return saved
        clock = Clock()
        workers = cores() if workers is None else max(1, workers)
        cost.collected()
        with cost.stage("city"):
            prepare_city(inputs.scenario, workers)  # a map that cannot be used is found before anything is written
        of_city = cost.collected()
        where = None
        if folder is not None:
            begin(folder)
            where = parts_folder(folder, inputs.family_id, tables, keep=resume)
        work = partial(do_unit, inputs, tables, None if where is None else where / "tables")
        running = Running(inputs, work, workers, open_executor, where, progress, bool(tables),
                          again_command(inputs.plan.id, folder), clock, of_city)  # fmt: skip
        results = running.extend(inputs) if aim is None else aim.reach(running)
        if folder is not None:
            if tables and where is not None:
                keep_tables(where / "tables", folder / "tables", results.manifest["replicates"])
            made = {name: partial(make, results) for name, make in (also or {}).items()}
            results.save(folder, force=force, also=made)
            results = replace(results, folder=folder)
        return results

    def _resolved(self, replicates: int | None, replicate: int | None, aim: Precision | None) -> Inputs:
        if replicates is not None and replicates < 1:
            raise InputError("replicates", "a number from 1 on", replicates, "run at least one")
        if aim is not None and replicate is not None:
            raise InputError("replicates", "a precision, or one replicate alone", "both", "leave one out")
        wanted = aim.first if aim is not None else replicates
        plan = self.plan if wanted is None else self.plan.model_copy(update={"replicates": wanted})
        return resolve(plan, replicate)


def _from_parts(given: Mapping[str, Any]) -> dict[str, Any]:
    for key in ("scenario", "policies"):
        if not given.get(key):
            raise InputError("study", f"a name, or at least scenario and policies ({key} is missing)", "nothing",
                             'write Study("headline") or Study(scenario=…, policies=[…])')  # fmt: skip
    baseline = "notice_only" if "notice_only" in given["policies"] else str(given["policies"][0])
    return {"id": Path(str(given["scenario"])).stem, "baseline": baseline}
