"""Study: compares policies on the same city, people and chances, over independent replicates."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from privacysim.errors import InputError, ResultsError
from privacysim.files import find_file, validate
from privacysim.metrics import Metric
from privacysim.policy import Policy, Reform
from privacysim.results.folder import claimed, has_results
from privacysim.results.manifest import Clock, read_manifest
from privacysim.results.results import Results, load_results
from privacysim.scenario import Scenario
from privacysim.simulation import cost
from privacysim.simulation.brought import NOTHING, Brought, bring, kept_parts
from privacysim.simulation.inputs import Inputs, StudyFile, from_parts, load_study_file, resolve
from privacysim.simulation.simulation import Simulation
from privacysim.study.executor import OpenExecutor, cores
from privacysim.study.precision import Precision
from privacysim.study.running import Runner, Running, keep_tables, parts_folder
from privacysim.study.variants import Variants, ablate, sweep


class Study:
    """A study by name (shipped or your own) or from its parts: the rules compared and the case.

    `Study("headline")` reads `sim/studies/headline.toml` (the working folder's first). Keywords are keys of that
    file and override its values. Scenarios and policies are names, paths, objects or dicts, or reforms. Metrics are
    names or functions declared with `ps.metric`. `city`, `people`, `cameras`, `processes`, `desk` and `packs` take
    your own parts. Each part is used unchanged, counts in the run id, and is sent to workers by value. Nothing runs
    before `run`.

    >>> import privacysim as ps
    >>> study = ps.Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=7)
    >>> study.plan.baseline, study.plan.days
    ('notice_only', 7)
    """

    runner: Runner = Runner()
    """Runner of the units of work; it can be replaced on the class or on one study."""

    def __init__(self, name: str | None = None, *, scenario: Scenario | Mapping[str, Any] | str | Path | None = None,
                 policies: Sequence[Policy | Mapping[str, Any] | Reform | str | Path] | None = None,
                 readings: Mapping[str, Sequence[str]] | None = None, baseline: Policy | str | None = None,
                 primary: Metric | str | None = None, metrics: Sequence[Metric | str] | None = None,
                 days: int | None = None, replicates: int | None = None, worlds: int | None = None,
                 sample: int | str | None = None, seed: int | None = None, start: str | None = None,
                 law_date: date | str | None = None, case: str | None = None, city: Any = None, people: Any = None,
                 cameras: Any = None, processes: Sequence[Any] | None = None, desk: Any = None,
                 packs: Sequence[Any] | None = None) -> None:
        plain, self.brought = bring({key: value for key, value in locals().items() if key not in ("self", "name")})
        if name is None:
            raw = from_parts(plain)
        else:
            saved = load_study_file(name)
            raw = saved.model_dump(mode="json") | plain
            raw["brought"] = saved.brought | plain["brought"]
            if replicates is not None and worlds is None:
                raw["worlds"] = 0
            if saved.brought:
                kept = kept_parts(find_file("studies", name).parents[2] / "brought", saved.brought)
                self.brought = replace(self.brought, parts=(*kept.parts, *self.brought.parts))
            if policies is not None:
                raw["readings"] = {key: words for key, words in raw["readings"].items() if key in raw["policies"]}
                if baseline is None and raw["baseline"].split(":")[0] not in raw["policies"]:
                    raw["baseline"] = raw["policies"][0]
        self.plan: StudyFile = validate(StudyFile, raw, "study")

    @staticmethod
    def from_plan(plan: StudyFile, brought: Brought = NOTHING) -> "Study":
        """Create a study from a plan that was read and possibly changed."""
        made = object.__new__(Study)
        made.plan, made.brought = validate(StudyFile, plan.model_dump(mode="json"), "study"), brought
        return made

    def with_policies(self, policies: Sequence[Policy | Mapping[str, Any] | Reform | str], baseline: str) -> "Study":
        """Create the same study of other policies; its own parts stay."""
        plain, more = bring({"policies": policies})
        raw = self.plan.model_dump(mode="json") | plain | {"baseline": baseline, "readings": {}}
        raw["brought"] = self.plan.brought | plain["brought"]
        return Study.from_plan(validate(StudyFile, raw, "study"),
                               replace(self.brought, policies={**self.brought.policies, **more.policies}))

    def sweep(self, policy: str = "", *, retention: Sequence[str] = (), mask: Sequence[Any] = (),
              approver: Sequence[str] = (), duties: Sequence[str] = (), ban: Sequence[str] = (),
              **run: Any) -> Variants:
        """Run every combination of values of a reform's levers (`Reform`), paired with the unchanged policy.

        `policy` is the one to change (default: the baseline); further keywords are those of `run`. The table has the
        values as columns, retention in days, and its figure a band for the 95 % interval.

        >>> import privacysim as ps
        >>> swept = ps.Study("preview", days=1).sweep(retention=["3 d", "7 d"], replicates=1, workers=1)
        >>> swept.of()["retention"].tolist()
        [3.0, 7.0]
        """
        levers = {"retention": retention, "mask": mask, "approver": approver, "duties": duties, "ban": ban}
        return sweep(self, policy, levers, run)

    def ablate(self, policy: str, **run: Any) -> Variants:
        """Take each rule of a policy out of it, and put each alone into the baseline, all paired, with intervals.

        A rule is a section of the policy file in which the two policies differ. A rule that is taken out is replaced by
        the baseline's. Each row names the part, and whether it was "taken out" (compared with the whole policy) or put
        in "alone" (compared with the baseline). Further keywords are those of `run`.
        """
        return ablate(self, policy, run)

    def __repr__(self) -> str:
        plan = self.plan
        return (f"Study({plan.id!r}: {', '.join(plan.policies)} in {plan.scenario}, {plan.days} days, "
                f"{plan.replicates} replicates, sample {plan.sample}, seed {plan.seed})")

    def _repr_html_(self) -> str:
        plan = self.plan
        rules = "".join(f"<li>{escape(name)} <i>{escape(', '.join(plan.readings.get(name, ())))}</i></li>"
                        for name in plan.policies)  # fmt: skip
        people = "everybody" if plan.sample == "all" else f"a sample of {plan.sample:,} people"
        return (f"<p><b>{escape(plan.title or plan.id)}</b>: {len(plan.policies)} sets of rules in "
                f"{escape(plan.scenario)}, {plan.days} days, {plan.replicates} paired replicates, {people}, seed "
                f"{plan.seed}; the baseline is <b>{escape(plan.baseline)}</b>.</p><ul>{rules}</ul>")  # fmt: skip

    def inputs(self, replicate: int | None = None) -> Inputs:
        """Load and check everything that the study names, without running it."""
        return resolve(self.plan, replicate, self.brought)

    def open_replicate(self, k: int = 0) -> Simulation:
        """Open replicate `k` (from 0) for inspection: its world, its logs, and what any choice of acts reveals.

        >>> import privacysim as ps
        >>> opened = ps.Study("preview", policies=["notice_only"], days=2).open_replicate(0)
        >>> opened.logs["notice_only"].acts.empty
        False
        """
        return Simulation.of(self.inputs(k), k)

    def run(self, replicates: int | str | None = None, *, worlds: int | str | None = None, replicate: int | None = None,
            workers: int | None = None, first: Callable[[Results], None] | None = None,
            open_executor: OpenExecutor | None = None, out: str | Path | None = None, resume: bool = False,
            force: bool = False, tables: str = "", also: Mapping[str, Callable[[Results], str]] | None = None,
            yes: bool = False, progress: bool | None = None) -> Results:
        """Run the study and return its results.

        `replicates` overrides the study's number; "precision:5%" adds replicates until the primary metric's
        intervals are that narrow (`Precision`). `worlds` overrides the number of worlds, which draw their facts;
        "precision:20%" adds worlds until both ends of the primary metric's range over worlds are known that well.
        `replicates` alone means no worlds, so the facts keep their best guesses. `first` is called with the results of
        the replicates and the first ten worlds. `replicate` runs only that one (counting from 0). `workers` processes
        share the units (default: one per core); `open_executor` opens any other executor, for many machines. `out` is
        the results folder to write; `resume` continues an interrupted run there. `tables` ("seen" or "all") adds the
        large tables. `also` writes further files from the results. A run that would need more than a day, or more than
        this machine has, ends after its first unit unless `yes`.
        """
        given = [(text, of) for text, of in ((replicates, "replicates"), (worlds, "worlds")) if isinstance(text, str)]
        if len(given) > 1:
            raise InputError("worlds", "a precision of replicates or of worlds", "both", "give one of them a number")
        aim = Precision.read(*given[0]) if given else None
        inputs = self._resolved(replicates if isinstance(replicates, int) else None,
                                worlds if isinstance(worlds, int) else None, replicate, aim)
        folder = Path(out) if out is not None else None
        if tables and (folder is None or tables not in ("seen", "all")):
            raise InputError("tables", '"seen" or "all", and an out folder', tables, 'write tables="seen", out="…"')
        if folder is not None and (saved := _saved(folder, inputs, aim, resume=resume, force=force)):
            return saved
        ours = partial(has_results, any_version=force)
        with nullcontext(False) if folder is None else claimed(folder, inputs.run_id, ours) as waited:
            if waited and folder is not None and (saved := _saved(folder, inputs, aim, resume=True, force=False)):
                return saved
            return self._run(inputs, aim, folder, workers, first, open_executor, resume or waited, tables, also or {},
                             yes, progress)  # fmt: skip

    def _run(self, inputs: Inputs, aim: Precision | None, folder: Path | None, workers: int | None,
             first: Callable[[Results], None] | None, open_executor: OpenExecutor | None, resume: bool, tables: str,
             also: Mapping[str, Callable[[Results], str]], yes: bool, progress: bool | None) -> Results:
        """Run the study; its folder, if there is one, is claimed."""
        where = None
        clock = Clock()
        workers = cores() if workers is None else max(1, workers)
        cost.collected()
        with cost.stage("city"):
            self.runner.prepare(inputs, workers)  # reports an unusable map before anything is written
        of_city = cost.collected()
        if folder is not None:
            (folder / "manifest.json").unlink(missing_ok=True)  # incomplete until the run writes its manifest
            where = parts_folder(folder, inputs.family_id, tables, keep=resume)
        work = partial(self.runner, inputs, tables, None if where is None else where / "tables")
        running = Running(inputs, work, workers, open_executor, where, progress, bool(tables),
                          partial(again_command, inputs.plan.id, folder), clock, of_city, yes, first)
        results = running.extend(inputs) if aim is None else aim.reach(running)
        if folder is not None:
            if tables and where is not None:
                keep_tables(where / "tables", folder / "tables", results.manifest["replicates"])
            made = {name: partial(make, replace(results, folder=folder)) for name, make in also.items()}
            results.save(folder, force=True, also=made, owned=True)
            results = replace(results, folder=folder)
        return results

    def _resolved(self, replicates: int | None, worlds: int | None, replicate: int | None,
                  aim: Precision | None) -> Inputs:
        if replicates is not None and replicates < 1:
            raise InputError("replicates", "a number from 1 on", replicates, "run at least one")
        if aim is not None and replicate is not None:
            raise InputError("replicates", "a precision, or one replicate alone", "both", "leave one out")
        changed = {} if replicates is None else {"replicates": replicates, "worlds": 0}
        changed |= {} if worlds is None else {"worlds": worlds}
        if aim is not None:
            changed = {"worlds": 0} | changed | {aim.of: aim.first}
        plan = validate(StudyFile, self.plan.model_dump(mode="json") | changed, "study") if changed else self.plan
        return resolve(plan, replicate, self.brought)


def again_command(plan_id: str, out: Path | None, k: int) -> str:
    """Command that runs replicate `k` of a saved study alone; without a folder, the Python call."""
    if out is None:
        return f"study.run(replicate={k}, workers=1)"
    return f"cd {out / 'inputs'} && privacysim run {plan_id} --replicate {k} --workers 1"


def _saved(folder: Path, inputs: Inputs, aim: Precision | None, *, resume: bool, force: bool) -> Results | None:
    """Saved results of this run, or None (also to `resume` failed replicates); those of another run raise an error."""
    manifest = None if force else read_manifest(folder)
    if manifest is not None:
        other = "replicates" if aim is not None and aim.of == "worlds" else "worlds"
        wished = {"of": "replicates", **(manifest.get("precision") or {})}
        same = manifest["run_id"] == inputs.run_id if aim is None else (
            manifest.get("family_id") == inputs.family_id and wished == wished | aim.said
            and manifest["study"].get(other) == getattr(inputs.plan, other))
        if not same:
            raise ResultsError(
                f"{folder}: holds complete results of another run ({manifest['run_id']}, this one is "
                f"{inputs.run_id if aim is None else f'of {inputs.family_id}, to a precision'}).\n"
                "  Fix: name another folder with --out, or replace them with --force."
            )
        if not (resume and manifest.get("failed")):
            return load_results(folder)
    return None
