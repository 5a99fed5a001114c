"""Source data of a report: a results folder with its rules and numbers."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from privacysim.errors import ResultsError, shown
from privacysim.facts import fact_titles
from privacysim.files import validate
from privacysim.law import laws
from privacysim.policy.policy_files import resolved
from privacysim.policy.policy_form import Policy
from privacysim.report.sentences import Row
from privacysim.results import Comparison, Results, load_results
from privacysim.wording import Words

_AGAIN = "  Fix: run the study again."


class Entry(NamedTuple):
    """One row of the register: a number's key in the scenario, its value, range, status and source, title and unit."""

    name: str
    value: float
    low: float
    high: float
    status: str
    source: str
    title: str
    unit: str


@dataclass(frozen=True)
class Source:
    """All source data of a memo: results, comparison, rules by policy id, register of numbers, reading of the case."""

    results: Results
    change: Comparison
    policies: Mapping[str, Policy]
    register: tuple[Entry, ...]
    case: str = "broadcast"
    packs: tuple[Mapping[str, Any], ...] = ()
    """Law packs of the run that are neither shipped nor in the working folder."""
    law: str = "cn"
    """Law pack whose general law the scenario names."""

    @property
    def rows(self) -> pd.DataFrame:
        """Rows of summary.csv; a metric without curves has an empty string as its curve."""
        return self.change.rows

    def of(self, metric: str, arm: str = "") -> Sequence[Row]:
        """Rows of a metric, for all arms or one."""
        return [row for row in self._by_metric.get(metric, ()) if arm in ("", row["policy"])]

    @cached_property
    def _by_metric(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.rows.to_dict("records"):
            found.setdefault(row["metric"], []).append(row)
        return found

    def names(self, words: Words) -> dict[str, str]:
        """Name of each arm: the policy's title and its reading."""
        marks = "{}（{}）" if words.lang == "zh" else "{} ({})"
        found = {}
        for arm in self.results.arms:
            policy, _, reading = arm.partition(":")
            if policy not in self.policies:
                found[arm] = words.text(self.change.titles[arm])
                continue
            name = title(self.policies[policy], words)
            found[arm] = marks.format(name, words.text(reading).replace("_", " ")) if reading else name
        return found

    def name(self, policy: str, words: Words) -> str:
        """Title of a policy without its reading."""
        if policy in self.policies:
            return title(self.policies[policy], words)
        arm = next(arm for arm in self.results.arms if arm.partition(":")[0] == policy)
        return words.text(self.change.titles[arm]).rpartition(" (")[0]


def title(policy: Policy, words: Words) -> str:
    """Title of a policy in the language of `words`."""
    return (policy.title.zh if words.lang == "zh" else "") or policy.title.en


def read_source(folder: Path, baseline: str | None = None) -> Source:
    """Read a results folder for a memo; raises an error if it has no `inputs/`."""
    results = load_results(folder)
    if not (folder / "inputs" / "sim").is_dir():
        raise ResultsError(f"{folder}: has no inputs/, so it cannot say which rules were run.\n"
                           "  Fix: run the study with --out, or Study.run(out=…).")  # fmt: skip
    return source_of(results, baseline)


def source_of(results: Results, baseline: str | None = None) -> Source:
    """The source of results; without policies and register if their folder has no `inputs/`, or if they have none."""
    folder = results.folder
    if folder is None or not (folder / "inputs" / "sim").is_dir():
        return Source(results, results.compare(baseline), {}, ())
    inputs = folder / "inputs" / "sim"
    where = inputs / "policies"
    policies = {name: validate(Policy, *resolved(name, partial(_kept, where)))
                for name in dict.fromkeys(arm.split(":")[0] for arm in results.arms)}  # fmt: skip
    path = folder / "inputs" / "data" / "facts.csv"
    with _readable(path):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        known = {row["id"]: (row["status"], row["unit"]) for row in table.to_dict("records")}
    scenario = _toml(inputs / "scenarios" / f"{results.manifest['scenario']['id']}.toml")
    leaks = scenario.get("leaks")
    case = "directory" if isinstance(leaks, Mapping) and leaks.get("case") == "directory" else "broadcast"
    return Source(results, results.compare(baseline), policies, tuple(_entries(scenario, "", known)), case,
                  _packs(inputs / "law"), str(scenario.get("law", "cn")))


def _packs(folder: Path) -> tuple[dict[str, Any], ...]:
    """Law packs saved with the run, except those that the working folder also has."""
    here = list(laws().own.values())
    return tuple(pack for path in sorted(folder.rglob("*.toml")) if (pack := _toml(path)) not in here)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, RecursionError) as error:
        raise ResultsError(f"{path}: cannot be read ({error}).\n{_AGAIN}") from None


def _toml(path: Path) -> dict[str, Any]:
    with _readable(path):
        return tomllib.loads(path.read_text(encoding="utf-8"))


def _kept(folder: Path, name: str) -> tuple[dict[str, Any], str]:
    """A stored policy of the folder, and its place for errors."""
    path = folder / f"{name}.toml"
    if Path(name).name != name:
        raise ResultsError(f"{shown(name)}: no policy of {folder.as_posix()}.\n{_AGAIN}")
    return _toml(path), path.as_posix()


def _entries(data: Mapping[str, Any], at: str, known: Mapping[str, tuple[str, str]]) -> Iterator[Entry]:
    for key, value in data.items():
        name = f"{at}.{key}" if at else key
        if not isinstance(value, Mapping):
            continue
        if not {"value", "assumption"} <= set(value):
            yield from _entries(value, name, known)
            continue
        why, status, words, unit = str(value["assumption"]), "assumption", "", ""
        if why.startswith("fact "):
            fact, _, why = why.removeprefix("fact ").partition(": ")
            (status, unit), words = known.get(fact, ("assumption", "")), fact_titles().get(fact, "")
        try:
            low, number, high = (float(value.get(end, value["value"])) for end in ("low", "value", "high"))
        except (TypeError, ValueError) as error:
            raise ResultsError(f"inputs/sim/scenarios, {name}: is no number ({error}).\n{_AGAIN}") from None
        yield Entry(name, number, low, high, status, why, words, unit)
