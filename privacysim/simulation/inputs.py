"""Study files, and the resolved inputs of a study: every number and rule that its results depend on, and their hash.

The run id is that hash. Equal inputs give equal bytes, so results can be reused, resumed and verified by their id.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from privacysim.errors import InputError, did_you_mean, one_line, refuse_unknown
from privacysim.files import Name, Quantity, Strict, display, file_digest, find_file, read_toml, validate
from privacysim.metrics import METRICS, Metric, chosen
from privacysim.policy.arm import Arm
from privacysim.policy.policy_files import load_arms
from privacysim.resources import PACKAGE, VERSION, shipped
from privacysim.scenario import Scenario, load_scenario
from privacysim.simulation.brought import NOTHING, Brought

Count = Annotated[int, Field(ge=1)]


MEASURES = ("people_watched_by_outsiders", "people_identified_by_outsiders", "people_seen_twice_by_outsiders",
            "flows_breaking_norms")
"""Measures that a study declares unless it names others: watched, recognised, linked, and norms broken."""


class StudyFile(Strict):
    """Keys of `sim/studies/*.toml`; omitted keys default to those of the headline study.

    `policies` are ids or paths; a policy named in `readings` becomes one arm per reading (`guangzhou_draft:narrow`).
    `start` is "transition" (all arms share the baseline's history up to day 0) or "steady". `sample` is a number of
    people or "all". `metrics` names metrics, or whole families of them, in addition to those that every study reports.
    `measures` are fixed before the run and compared together (`results.summary_rows`), `primary` first.
    `worlds` is a number of worlds, each with its own facts and one replicate (`fact_worlds`); with 0, all facts keep
    their best guesses. `law_date` fixes the general law, one for all arms, or "own" judges each policy by the law of
    its own date. `case`: reading of the founding case that replaces the scenario's (`leaks.case`). Saved results write
    `brought`: the digests of user-supplied parts (`kind:name`), whose code is stored beside the study in `brought/`.
    """

    id: Name
    title: str = ""
    scenario: str
    policies: tuple[str, ...] = Field(min_length=1)
    readings: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    baseline: str
    primary: str = "people_identified_by_outsiders"
    measures: tuple[str, ...] = MEASURES
    metrics: tuple[str, ...] = ()
    days: Annotated[int, Field(ge=1, le=366)] = 30
    replicates: Count = 10
    worlds: Annotated[int, Field(ge=0, le=10_000)] = 40
    sample: Count | Literal["all"] = 25_000
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 185
    start: Literal["transition", "steady"] = "transition"
    law_date: date | Literal["own"] = date(2026, 1, 1)
    case: Literal["", "broadcast", "directory"] = ""
    brought: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> "StudyFile":
        if len(set(self.policies)) != len(self.policies):
            raise ValueError("each policy once in policies")
        known = [_name(policy) for policy in self.policies]
        refuse_unknown(_name(self.baseline), known, "", "a baseline that is one of the policies")
        for policy in self.readings:
            refuse_unknown(policy, self.policies, "", "readings of a policy of this study")
        own = f"metrics:{self.primary.partition('[')[0]}" in self.brought
        if not own:
            refuse_unknown(self.primary, METRICS, "", "a primary metric that exists")
        if self.primary not in self.wanted and not own:
            fix = f'write metrics = ["{self.primary}"]'
            raise InputError("", "a primary metric that is reported", self.primary, fix)
        for name in self.measures:
            if f"metrics:{name.partition('[')[0]}" not in self.brought:
                refuse_unknown(name, METRICS, "", "measures that are metrics")
        return self

    @property
    def wanted(self) -> tuple[str, ...]:
        """Named metrics of this study, in the order of tables."""
        return tuple(chosen(self.metrics, everybody=self.sample == "all"))


def _name(policy: str) -> str:
    """Name of a policy without its reading; for a path, the name of the file, which is that of its policy."""
    return Path(policy).stem if policy.endswith(".toml") else policy.split(":")[0]


def load_study_file(name: str) -> StudyFile:
    """Read a study by name or path."""
    path = find_file("studies", name)
    return validate(StudyFile, read_toml(path), display(path))


def from_parts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the keys of a study without a file: from scenario and policies, add a name and a baseline."""
    for key in ("scenario", "policies"):
        if not given.get(key):
            raise InputError("study", f"a name, or at least scenario and policies ({key} is missing)", "nothing",
                             'write Study("headline") or Study(scenario=…, policies=[…])')  # fmt: skip
    baseline = "notice_only" if "notice_only" in given["policies"] else str(given["policies"][0])
    worlds = {"worlds": 0} if "replicates" in given else {}  # whoever asks for replicates alone means these
    return {"id": Path(str(given["scenario"])).stem, "baseline": baseline, **worlds, **given}


# subpackages whose source does not change a value: a new figure style must not invalidate saved results
_NO_NUMBERS = {"stats.py", "figures", "results", "study", "validation", "robustness", "report", "tracks", "masklab",
               "explorer", "bench", "cli"}


@dataclass(frozen=True)
class Inputs:
    """A study with its scenario and arms loaded, and the replicates to run (counting from 0).

    `run_id` is the hash of everything that the values depend on, `family_id` the same without replicates and worlds.
    `facts` replace shipped facts. `footage_days` is a history longer than these arms need, so that arms that are run
    separately share the same world. `only` restricts the metrics that are measured.
    """

    __repr__ = one_line

    plan: StudyFile
    scenario: Scenario
    arms: tuple[Arm, ...]
    replicates: tuple[int, ...]
    run_id: str
    family_id: str = ""
    worlds: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    footage_days: int | None = None
    only: tuple[str, ...] = ()
    brought: Brought = NOTHING

    @property
    def declared(self) -> dict[str, Metric]:
        """Every metric available to this study by name: shipped and user-supplied."""
        return METRICS | {name: one for name, one in self._chosen.items() if name not in METRICS}

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Metrics that are measured."""
        known = self.declared
        return tuple(known[name] for name in self.only or self._chosen)

    @property
    def _chosen(self) -> dict[str, Metric]:
        return chosen([*self.plan.metrics, *self.brought.metrics], everybody=self.plan.sample == "all")

    @property
    def arm_ids(self) -> list[str]:
        """Ids of the arms, in the order of the study."""
        return [arm.id for arm in self.arms]

    def arm(self, named: str) -> Arm:
        """Return an arm by id; a policy with one reading may be named without it."""
        return self.arms[self.arm_ids.index(arm_named(self.arm_ids, named))]

    def among(self, replicates: Sequence[int], worlds: int | None = None) -> "Inputs":
        """Return the study with other replicates and, if given, as many worlds: same family, another run."""
        number = self.worlds if worlds is None else worlds
        plan = self.plan.model_copy(update={} if worlds is None else {"worlds": worlds})
        return hashed(replace(self, plan=plan, replicates=tuple(replicates), worlds=number))


def arm_named(arms: Sequence[str], named: str, where: str = "baseline") -> str:
    """Return the arm's id; an unknown name, or one with several readings, raises an error with a suggestion."""
    if named in arms:
        return named
    readings = [arm for arm in arms if arm.split(":")[0] == named]
    if len(readings) == 1:
        return readings[0]
    fix = f"write {' or '.join(readings)}" if readings else did_you_mean(named, arms)
    raise InputError(where, "one arm of the study", named, fix)


def resolve(plan: StudyFile, replicate: int | None = None, brought: Brought = NOTHING) -> Inputs:
    """Load and hash everything that the study names; objects in `brought` replace the files of the same name."""
    scenario = brought.scenario or load_scenario(plan.scenario)
    most = round(scenario.population.people.number)
    if isinstance(plan.sample, int) and plan.sample > most:  # so that results name the people that there are
        plan = plan.model_copy(update={"sample": most})
    if plan.case:
        scenario = scenario.model_copy(update={"leaks": scenario.leaks.model_copy(update={"case": plan.case})})
    policies = [brought.policies.get(name, name) for name in plan.policies]
    arms = tuple(load_arms(policies, plan.readings, plan.law_date, packs=brought.packs, pack=scenario.law))
    arm_named([arm.id for arm in arms], plan.baseline)
    if replicate is not None and replicate < 0:
        raise InputError("replicate", "a number from 0 on", replicate, "count replicates from 0")
    chosen = tuple(range(plan.replicates)) if replicate is None else (replicate,)
    worlds = plan.worlds if replicate is None else 0
    return hashed(Inputs(plan, scenario, arms, chosen, "", worlds=worlds, brought=brought))


def hashed(inputs: Inputs) -> Inputs:
    """Return the inputs with the ids of the run and of its family (equal for any replicates)."""
    inputs = replace(inputs, files=files_of(inputs.scenario))
    whole = resolved(inputs)
    both = (whole, {key: value for key, value in whole.items() if key != "worlds"} | {"replicates": []})
    run, family = (hashlib.sha256(canonical(one).encode()).hexdigest()[:16] for one in both)
    return replace(inputs, run_id=run, family_id=family)


def resolved(inputs: Inputs) -> dict[str, Any]:
    """Everything that the values depend on, as plain data; the replicates are given as a list."""
    plan, scenario, arms = inputs.plan, numbers(inputs.scenario), inputs.arms
    study = plan.model_dump(mode="json", include={"days", "sample", "seed", "start", "law_date", "metrics"})
    for key in FILES:  # the content of files counts, not their location
        section, name = key.split(".")
        scenario[section][name] = scenario[section][name] is not None
    rest = {"law": list(arms[0].laws.own.values()) if arms else [], "facts": dict(inputs.facts),
            "worlds": inputs.worlds,
            "footage_days": inputs.footage_days, "only": list(inputs.only), "brought": inputs.brought.digests}
    return {
        # neither names nor the primary metric change a value; scenario and arms follow below in full
        "study": study | {"baseline": arm_named(inputs.arm_ids, plan.baseline)}, "replicates": list(inputs.replicates),
        "scenario": scenario, "arms": {arm.id: numbers(arm.policy) for arm in arms}, "data": data_digests(),
        "files": dict(inputs.files),
        "version": VERSION, "source": source_digest(), **{key: value for key, value in rest.items() if value},
    }


FILES = ("city.osm", "cameras.file")
"""Keys of a scenario that name files."""


def files_of(scenario: Scenario) -> dict[str, str]:
    """Digest of each file that the scenario names, by its key; a missing file has none."""
    named = {key: getattr(getattr(scenario, key.split(".")[0]), key.split(".")[1]) for key in FILES}
    return {key: _digest_at(path, path.stat().st_mtime_ns) for key, name in named.items()
            if name and (path := Path(name)).is_file()}  # fmt: skip


@lru_cache(maxsize=8)
def _digest_at(path: Path, changed: int) -> str:
    return file_digest(path)


def numbers(value: object) -> Any:
    """Convert a model to plain data, with every Quantity as its value and range, wherever they were written."""
    if isinstance(value, Quantity):
        return [value.number, *value.range]
    if isinstance(value, BaseModel):
        return {name: numbers(getattr(value, name)) for name in sorted(type(value).model_fields)}
    if isinstance(value, Mapping):
        return {str(key): numbers(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (set, frozenset)):
        return sorted(str(one) for one in value)
    if isinstance(value, (list, tuple)):
        return [numbers(one) for one in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def canonical(value: object) -> str:
    """Canonical JSON, whose text depends only on the content."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def data_digests() -> dict[str, str]:
    """Hash each shipped data file (facts, law, curves), by its path under `data/`."""
    root = shipped("data")
    found = [path for path in sorted(root.rglob("*")) if path.suffix in {".csv", ".toml"}]
    return {path.relative_to(root).as_posix(): file_digest(path) for path in found}


def source_digest() -> str:
    """One hash over the source files that affect values, so that changed code gives another run id."""
    whole = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts
        if parts[0] not in _NO_NUMBERS:
            whole.update("/".join(parts).encode() + path.read_bytes())
    return whole.hexdigest()
