"""Source data of a report: a results folder, its rules as they were run, and every number they used."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from privacysim.errors import ResultsError, shown
from privacysim.files import validate
from privacysim.policy.policy_files import inherit, layered, sourced
from privacysim.policy.policy_form import Policy
from privacysim.report.report_words import Row, Words
from privacysim.results import Comparison, Results, load_results

_AGAIN = "  Fix: run the study again."


@dataclass(frozen=True)
class Entry:
    """One row of the register: a number's key in the scenario, its value, range, status and source."""

    name: str
    value: float
    low: float
    high: float
    status: str
    source: str


@dataclass(frozen=True)
class Source:
    """All source data of a memo: results, comparison, rules by policy id, register of numbers."""

    results: Results
    change: Comparison
    policies: Mapping[str, Policy]
    register: tuple[Entry, ...]

    @property
    def rows(self) -> pd.DataFrame:
        """Rows of summary.csv; a metric without curves has an empty string as its curve."""
        return self.change.rows

    def of(self, metric: str, arm: str = "") -> Sequence[Row]:
        """Rows of a metric, for all arms or one."""
        chosen = self.rows["metric"] == metric
        return self.rows[chosen & (self.rows["policy"] == arm) if arm else chosen].to_dict("records")

    def policy(self, arm: str) -> Policy:
        """The policy of an arm."""
        return self.policies[arm.split(":")[0]]

    def names(self, words: Words) -> dict[str, str]:
        """Name of each arm: the policy's title and its reading."""
        marks = "{}（{}）" if words.lang == "zh" else "{} ({})"
        found = {}
        for arm in self.results.arms:
            name, reading = title(self.policy(arm), words), arm.partition(":")[2]
            found[arm] = marks.format(name, words.word("reading", reading)) if reading else name
        return found


def title(policy: Policy, words: Words) -> str:
    """Title of a policy in the language of `words`."""
    return (policy.title.zh if words.lang == "zh" else "") or policy.title.en


def rule_assumptions(policy: Policy) -> list[str]:
    """Assumptions of a policy where the law is silent, one line each, with their place."""
    return [f"{place}: {part.assumption}" for place, part in sourced(policy) if part.assumption]


def read_source(folder: Path, baseline: str | None = None) -> Source:
    """Read a results folder for a memo; raises an error if it has no `inputs/`."""
    results = load_results(folder)
    inputs = folder / "inputs" / "sim"
    if not inputs.is_dir():
        raise ResultsError(f"{folder}: has no inputs/, so it cannot say which rules were run.\n"
                           "  Fix: run the study with --out, or Study.run(out=…).")  # fmt: skip
    ids = dict.fromkeys(arm.split(":")[0] for arm in results.arms)
    where = inputs / "policies"
    policies = {name: validate(Policy, _raw(where, name), (where / f"{name}.toml").as_posix()) for name in ids}
    scenario = _toml(inputs / "scenarios" / f"{results.manifest['scenario']['id']}.toml")
    register = tuple(_entries(scenario, "", _statuses(folder / "inputs" / "data" / "facts.csv")))
    return Source(results, results.compare(baseline), policies, register)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ResultsError(f"{path}: cannot be read ({error}).\n{_AGAIN}") from None


def _raw(folder: Path, name: str, chain: tuple[str, ...] = ()) -> dict[str, Any]:
    """Keys of a stored policy, including inherited ones; `chain` lists the policies that inherit from it."""
    path = folder / f"{name}.toml"
    if name in chain or Path(name).name != name:
        at = shown((folder / (*chain, name)[-2:][0]).as_posix())
        raise ResultsError(f"{at}.toml: rests on {shown(name)}, which is no other policy of this folder.\n{_AGAIN}")
    raw, parent = _toml(path), {}
    file = validate(Policy, raw, path.as_posix())
    if file.extends:
        parent = _raw(folder, file.extends, (*chain, name))
    elif file.layer:
        parent = layered([_raw(folder, part, (*chain, name)) for part in file.layer], path.as_posix())
    return inherit(parent, raw, path.as_posix())


def _statuses(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            return {row["id"]: row["status"] for row in csv.DictReader(stream)}
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise ResultsError(f"{path}: cannot be read ({error}).\n{_AGAIN}") from None


def _entries(data: Mapping[str, Any], at: str, statuses: Mapping[str, str]) -> Iterator[Entry]:
    for key, value in data.items():
        name = f"{at}.{key}" if at else key
        if isinstance(value, Mapping) and {"value", "assumption"} <= set(value):
            yield _entry(name, value, statuses)
        elif isinstance(value, Mapping):
            yield from _entries(value, name, statuses)


def _entry(name: str, value: Mapping[str, Any], statuses: Mapping[str, str]) -> Entry:
    why, status = str(value["assumption"]), "assumption"
    if why.startswith("fact "):
        fact, _, why = why.removeprefix("fact ").partition(": ")
        status = statuses.get(fact, "assumption")
    try:
        number = float(value["value"])
        return Entry(name, number, float(value.get("low", number)), float(value.get("high", number)), status, why)
    except (TypeError, ValueError) as error:
        raise ResultsError(f"inputs/sim/scenarios, {name}: is no number ({error}).\n{_AGAIN}") from None
