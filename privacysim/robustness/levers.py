"""Design space of reforms in TOML (`sim/frontiers/reforms.toml` is one): levers with options that change one policy.

An option's `change` is part of a policy file and is inherited like one. The lever's assumption stands in for missing
sources. What no policy file can state (how soon a platform takes footage down) is set as a fact within its range:
`facts = {published_takedown_d = 3}`. The goal to `reduce` must be an exposure or a leak, and `keep` a usefulness, so
no design can search for rules that expose people more.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import product
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.files import Name, Strict, display, find_file, read_toml, validate
from privacysim.law import laws
from privacysim.metrics import metric_named
from privacysim.policy import Arm, load_policy
from privacysim.scenario import load_scenario

POOL = 20_000
"""Largest number of combinations considered; a larger space is sampled evenly."""


class Option(Strict):
    """One option of a lever: part of a policy file, values of facts, and its cost in the design's unit."""

    id: str = Field(pattern=r"^[A-Za-z0-9_]+$")
    says: str = ""
    cost: float = 0.0
    change: dict[str, Any] = Field(default_factory=dict)
    facts: dict[str, float] = Field(default_factory=dict)


class Lever(Strict):
    """One thing that a legislator can set."""

    id: str = Field(pattern=r"^[A-Za-z0-9_]+$")
    assumption: str = Field(min_length=1)
    option: tuple[Option, ...] = Field(min_length=2)


class Design(Strict):
    """The keys of `sim/frontiers/*.toml`."""

    id: Name
    title: str = ""
    scenario: str
    policy: str
    reduce: str
    keep: str
    curve: Literal["low", "high"] = "low"
    budget: float | None = None
    cost_unit: str = ""
    cost_assumption: str = ""
    days: Annotated[int, Field(ge=1, le=366)] = 10
    sample: Annotated[int, Field(ge=1)] = 20_000
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 185
    start: Literal["transition", "steady"] = "steady"
    law_date: date = date(2026, 1, 1)
    lever: tuple[Lever, ...] = Field(min_length=1)

    def goals(self) -> tuple[str, str]:
        """Return the two metrics; refuses a goal that would expose people more or make footage less useful."""
        worse, better = metric_named(self.reduce), metric_named(self.keep)
        if worse.family not in ("exposure", "leaks") or worse.direction != "lower":
            raise InputError(f"{self.id}, reduce", "an exposure or a leak, of which less is better",
                             f"{worse.name} ({worse.family})", "privacysim searches for rules that expose less")
        if better.direction != "higher":
            raise InputError(f"{self.id}, keep", "a usefulness, of which more is better; exposure is never maximised",
                             f"{better.name} ({better.direction} is better)", "name a metric of usefulness")
        return worse.name, better.name

    def combinations(self) -> NDArray[np.intp]:
        """Rows of option numbers, the current policy first: all combinations, or an even selection of `POOL`.

        They follow the order of a Sobol' sequence over the levers, so that the first rows, however many, move every
        lever about equally often.
        """
        from scipy.stats import qmc

        sizes = [len(lever.option) for lever in self.lever]
        some = qmc.Sobol(len(sizes), rng=self.seed).random_base2(15)
        rows = [np.zeros((1, len(sizes)), dtype=np.intp), np.floor(some * np.array(sizes)).astype(np.intp)]
        if np.prod([float(size) for size in sizes]) <= POOL:  # combinations that the sequence missed come last
            rows.append(np.array(list(product(*(range(size) for size in sizes))), dtype=np.intp))
        alone = self.one_by_one()
        return _each_once(np.vstack([_each_once(np.vstack(rows))[: POOL - len(alone)], alone]))

    def one_by_one(self) -> list[list[int]]:
        """Rows that move a single lever, for each of its options."""
        zero = [0] * len(self.lever)
        return [[*zero[:n], choice, *zero[n + 1 :]] for n, lever in enumerate(self.lever)
                for choice in range(len(lever.option))]  # fmt: skip

    def coordinates(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Rows as points, with one dimension for each option after a lever's first."""
        columns = [rows[:, n] == choice for n, lever in enumerate(self.lever) for choice in range(1, len(lever.option))]
        return np.column_stack(columns).astype(np.float64)

    def chosen(self, row: Sequence[int]) -> list[Option]:
        """The option of each lever in a combination."""
        return [lever.option[choice] for lever, choice in zip(self.lever, row, strict=True)]

    def cost(self, row: Sequence[int]) -> float:
        """Cost of a combination."""
        return sum(option.cost for option in self.chosen(row))

    def facts(self, row: Sequence[int]) -> dict[str, float]:
        """Values of facts that a combination sets."""
        return {name: value for option in self.chosen(row) for name, value in option.facts.items()}

    def name(self, row: Sequence[int]) -> str:
        """Id of a combination: the levers that it moves."""
        pairs = zip(self.lever, row, strict=True)
        return "+".join(f"{lever.id}_{lever.option[n].id}" for lever, n in pairs if n) or "as_it_stands"

    def arm(self, row: Sequence[int], named: str) -> Arm:
        """The combination as an arm of a study: a policy that extends the design's."""
        raw: dict[str, Any] = {"id": named, "extends": self.policy, "title": {"en": self.name(row).replace("_", " ")},
                               "status": "hypothetical"}
        for lever, option in zip(self.lever, self.chosen(row), strict=True):
            _put_together(raw, _sourced(option.change, lever.assumption), f"{self.id}, {lever.id}")
        known = laws(general=load_scenario(self.scenario).law)
        policy = load_policy(raw, where=f"{self.id}, {self.name(row)}")
        return Arm(named, self.name(row), policy, "", known, known.bundle_on(self.law_date), self.law_date)


def _each_once(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rows without repetition, in the order of their first places."""
    return rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])]


def load_design(name: str) -> Design:
    """Read a design by name or path and check every option of every lever as a policy."""
    path = find_file("frontiers", name)
    design = validate(Design, read_toml(path), display(path))
    design.goals()
    for lever in design.lever:
        _check_facts(design, lever)
    for row in design.one_by_one():
        design.arm(row, "checked")
    return design


def _check_facts(design: Design, lever: Lever) -> None:
    """Check facts: known, within range, each set by one lever only; the first option must change nothing."""
    others = {name for one in design.lever if one is not lever for option in one.option for name in option.facts}
    for option in lever.option:
        for name, value in option.facts.items():
            where, fact = f"{design.id}, {lever.id}.{option.id}.facts", facts()[name]
            if not fact.low <= value <= fact.high:
                raise InputError(where, f"{name} within its range, {fact.low:g} to {fact.high:g} {fact.unit}", value,
                                 "choose a value that the facts call possible")  # fmt: skip
            if name in others:
                raise InputError(where, f"one lever for each fact ({name} is moved by two)", name, "put them in one")
    first = lever.option[0]
    if first.change or first.facts:
        raise InputError(f"{design.id}, {lever.id}.{first.id}", "a first option that changes nothing", "a change",
                         "put the unchanged policy first")  # fmt: skip


def _sourced(change: Mapping[str, Any], assumption: str) -> dict[str, Any]:
    """Add the lever's assumption to every part of the change that names no source."""

    def put(part: Mapping[str, Any]) -> dict[str, Any]:
        named = "reference" in part or "assumption" in part
        return dict(part) if named else {**part, "assumption": assumption}

    made: dict[str, Any] = {}
    for key, value in change.items():
        if key == "retention":
            made[key] = {name: put(part) for name, part in value.items()}
        elif key in ("access", "forbidden"):
            made[key] = [put(part) for part in value]
        else:
            made[key] = put(value) if isinstance(value, Mapping) else value
    return made


def _put_together(made: dict[str, Any], change: Mapping[str, Any], where: str) -> None:
    for key, value in change.items():
        if key not in made:
            made[key] = value
        elif key == "retention":
            made[key] = {**made[key], **value}
        elif isinstance(value, list):
            made[key] = [*made[key], *value]
        else:
            raise InputError(where, f"one lever for each section ({key} is moved by two)", key, "put them in one lever")
