"""Resolved inputs of a study: every number and rule that its results depend on, and their hash.

The run id is that hash. Equal inputs give equal bytes, so results can be reused, resumed and verified by their id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from privacysim.errors import InputError, did_you_mean, one_line
from privacysim.files import Quantity
from privacysim.metrics import METRICS, Metric, chosen
from privacysim.policy.arm import Arm
from privacysim.policy.policy_files import load_arms
from privacysim.resources import PACKAGE, VERSION, shipped
from privacysim.scenario import Scenario, load_scenario
from privacysim.simulation.brought import NOTHING, Brought
from privacysim.simulation.study_file import StudyFile

# subpackages whose source does not change a value: a new figure style must not invalidate saved results
_NO_NUMBERS = {
    "stats.py", "figures", "results", "study", "validation", "robustness", "report", "tracks", "masklab", "explorer",
    "bench", "cli",
}


@dataclass(frozen=True)
class Inputs:
    """A study with its scenario and arms loaded, and the replicates to run (counting from 0).

    `run_id` is the hash of everything that the values depend on. `family_id` is the same without the replicates; runs
    of one family share their parts. `facts` replace shipped facts. `footage_days` is a history longer than these arms
    need, so that arms that are run separately share the same world. `only` restricts the metrics that are measured.
    """

    __repr__ = one_line

    plan: StudyFile
    scenario: Scenario
    arms: tuple[Arm, ...]
    replicates: tuple[int, ...]
    run_id: str
    family_id: str = ""
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

    def among(self, replicates: Sequence[int]) -> Inputs:
        """Return the study with other replicates: same family, another run."""
        return hashed(replace(self, replicates=tuple(replicates)))


def arm_named(arms: Sequence[str], named: str) -> str:
    """Return the arm's id; an unknown name, or one with several readings, raises an error with a suggestion.

    >>> arm_named(["notice_only", "guangzhou_draft:narrow"], "guangzhou_draft")
    'guangzhou_draft:narrow'
    """
    if named in arms:
        return named
    readings = [arm for arm in arms if arm.split(":")[0] == named]
    if len(readings) == 1:
        return readings[0]
    fix = f"write {' or '.join(readings)}" if readings else did_you_mean(named, arms)
    raise InputError("baseline", "one arm of the study", named, fix)


def resolve(plan: StudyFile, replicate: int | None = None, brought: Brought = NOTHING) -> Inputs:
    """Load and hash everything that the study names; errors in any file are raised before anything is written.

    Objects in `brought` replace the files of the same name.
    """
    scenario = brought.scenario or load_scenario(plan.scenario)
    policies = [brought.policies.get(name, name) for name in plan.policies]
    arms = tuple(load_arms(policies, plan.readings, plan.law_date, packs=brought.packs))
    arm_named([arm.id for arm in arms], plan.baseline)
    if replicate is not None and replicate < 0:
        raise InputError("replicate", "a number from 0 on", replicate, "count replicates from 0")
    chosen = tuple(range(plan.replicates)) if replicate is None else (replicate,)
    return hashed(Inputs(plan, scenario, arms, chosen, "", brought=brought))


def hashed(inputs: Inputs) -> Inputs:
    """Return the inputs with the ids of the run and of its family (equal for any replicates)."""
    whole = resolved(inputs)
    ids = [_digest(whole), _digest(whole | {"replicates": []})]
    return replace(inputs, run_id=ids[0], family_id=ids[1])


def _digest(whole: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(whole).encode()).hexdigest()[:16]


def resolved(inputs: Inputs) -> dict[str, Any]:
    """Everything that the values depend on, as plain data; the replicates are given as a list."""
    plan, scenario, arms = inputs.plan, inputs.scenario, inputs.arms
    study = plan.model_dump(mode="json", include={"days", "sample", "seed", "start", "law_date", "metrics"})
    return {
        # neither names nor the primary metric change a value; scenario and arms follow below in full
        "study": study | {"baseline": arm_named([arm.id for arm in arms], plan.baseline)},
        "replicates": list(inputs.replicates),
        "scenario": _without_paths(numbers(scenario)),
        "arms": {arm.id: numbers(arm.policy) for arm in arms},
        "data": dict(sorted(data_digests().items())),
        **({"law": list(arms[0].laws.own.values())} if arms and arms[0].laws.own else {}),
        "files": scenario_files(scenario),
        "version": VERSION,
        "source": source_digest(),
        **({"facts": dict(sorted(inputs.facts.items()))} if inputs.facts else {}),
        **({"footage_days": inputs.footage_days} if inputs.footage_days is not None else {}),
        **({"only": list(inputs.only)} if inputs.only else {}),
        **({"brought": inputs.brought.digests} if inputs.brought.parts else {}),
    }


def _without_paths(scenario: dict[str, Any]) -> dict[str, Any]:
    """Drop paths of files, since their content counts (`files`), not their location."""
    scenario["city"]["osm"] = scenario["city"]["osm"] is not None
    scenario["cameras"]["file"] = scenario["cameras"]["file"] is not None
    return scenario


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


def scenario_files(scenario: Scenario) -> dict[str, str]:
    """Hash each file that the scenario names, so that a changed map or list of cameras makes another study."""
    named = {"city.osm": scenario.city.osm, "cameras.file": scenario.cameras.file}
    return {key: file_digest(Path(name)) for key, name in named.items() if name is not None and Path(name).is_file()}


def data_digests() -> dict[str, str]:
    """Hash each shipped data file (facts, law, curves), by its path under `data/`."""
    root = shipped("data")
    found = [path for path in sorted(root.rglob("*")) if path.suffix in {".csv", ".toml"}]
    return {path.relative_to(root).as_posix(): file_digest(path) for path in found}


def source_digest() -> str:
    """One hash over the source files that affect values, so that other code gives another run id."""
    root = PACKAGE
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if parts[0] not in _NO_NUMBERS:
            whole.update("/".join(parts).encode() + path.read_bytes())
    return whole.hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
