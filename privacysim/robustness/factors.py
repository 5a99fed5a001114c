"""Uncertain factors of a study: facts with a range, assumptions of a scenario, and numbers of policies.

A factor has a value in force and a range. Contested readings are arms instead of factors, and every result has both
curves already. Values are spread evenly over the range, or over its logarithm if it spans more than a factor of ten,
because of such an assumption only the order of magnitude is known.

At every point, `held` recalibrates the listing probability so that the expected number of listed cameras stays at the
185 that were counted. The numbers of exposable cameras, scans and stays are poorly known. For the equation and limits
see `privacysim.world.calibration`. A point that cannot list so many even with p_listed = 1 is marked, not hidden.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.city import build_city
from privacysim.errors import InputError, did_you_mean
from privacysim.facts import Fact, facts, facts_heard, facts_replaced
from privacysim.files import Quantity, Strict, validate
from privacysim.policy.arm import Arm
from privacysim.policy.policy_form import Policy
from privacysim.scenario import Scenario
from privacysim.simulation.inputs import Inputs, hashed
from privacysim.simulation.replicate import forget_replicate
from privacysim.simulation.unit_parts import Unit
from privacysim.study import Study
from privacysim.units import DAY_S
from privacysim.world.calibration import listing

Floats = NDArray[np.float64]
SOLVED = ("p_listed",)
"""Recalibrated at every point to reproduce the datum, so never varied by itself."""


@dataclass(frozen=True)
class Factor:
    """One uncertain number of kind `fact` (an id), `scenario` (a key path) or `policy` (policy id and key path)."""

    name: str
    kind: Literal["fact", "scenario", "policy"]
    value: float
    low: float
    high: float
    unit: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.value <= self.high):
            raise InputError(f"factor {self.name}", "low ≤ value ≤ high, all finite",
                             f"{self.low}, {self.value}, {self.high}", "mend its range")  # fmt: skip

    @property
    def logarithmic(self) -> bool:
        """Whether the range spans more than a factor of ten."""
        return self.low > 0 and self.high / self.low > 10

    def at(self, share: Floats | float) -> Floats:
        """The value at a share (0 to 1) of the range.

        >>> Factor("x", "fact", 10.0, 1.0, 100.0).at(0.5).item()
        10.0
        """
        u = np.asarray(share, dtype=np.float64)
        if self.logarithmic:
            return np.asarray(self.low * (self.high / self.low) ** u)
        return np.asarray(self.low + u * (self.high - self.low))


def factors_of(inputs: Inputs, *, with_city: bool = False) -> list[Factor]:
    """List every uncertain number that this study reads, in the order of the facts file.

    One replicate on a small sample is run to record which numbers are read. Numbers of the city's plan (streets,
    places, population) are left out unless `with_city`, because each new value means another city to build.
    """
    plan = inputs.plan.model_copy(update={"sample": 200, "replicates": 1})
    forget_replicate()  # a cached replicate reads nothing
    with facts_heard() as heard:
        Study.runner(hashed(replace(inputs, plan=plan, replicates=(0,), only=(plan.primary,))), "", None, Unit(0, 0))
        heard |= {q.fact for _, q in quantities(inputs.scenario) if q.fact}
    plain = {q.fact for path, q in quantities(inputs.scenario) if q.fact and _of_city(path)}
    found = [
        Factor(fact.id, "fact", fact.value, fact.low, fact.high, fact.unit, _said(fact)) for fact in facts().values()
        if fact.id in heard and fact.low < fact.high and fact.id not in SOLVED and (with_city or fact.id not in plain)
    ]  # fmt: skip
    for path, q in quantities(inputs.scenario):
        if not q.fact and q.range[0] < q.range[1] and (with_city or not _of_city(path)):
            found.append(Factor(path, "scenario", q.number, *q.range, source=q.source))
    return found + [factor for arm in _one_per_policy(inputs.arms) for factor in _of_policy(arm)]


def factors_in(table: pd.DataFrame) -> list[Factor]:
    """List the factors of a saved tornado table (columns factor, low, value, high, unit, source), each once."""
    rows = table.drop_duplicates("factor").fillna({"unit": "", "source": ""})
    return [Factor(row["factor"], "fact", row["value"], row["low"], row["high"], row["unit"], row["source"])
            for row in rows.to_dict("records")]  # fmt: skip


def chosen(factors: Sequence[Factor], names: Sequence[str]) -> list[Factor]:
    """Select factors by name, in the order of the names; the error for an unknown name suggests the nearest."""
    known = {factor.name: factor for factor in factors}
    for name in names:
        if name not in known:
            fix = did_you_mean(name, known)
            raise InputError("factors", "a number with a range that this study reads", name, fix)
    return [known[name] for name in names]


def with_values(inputs: Inputs, values: Mapping[str, float], factors: Sequence[Factor]) -> Inputs:
    """Return the study with other values of some factors; an invalid scenario value raises an InputError."""
    kinds = {factor.name: factor.kind for factor in factors}
    of_facts = {name: v for name, v in values.items() if kinds[name] == "fact"}
    raw = _replaced(inputs.scenario, values, "")
    scenario = validate(Scenario, raw.model_dump(mode="json"), f"scenario {inputs.scenario.id}, varied")
    arms = tuple(_varied(arm, {n: v for n, v in values.items() if kinds[n] == "policy"}) for arm in inputs.arms)
    return hashed(replace(inputs, scenario=scenario, arms=arms, facts={**inputs.facts, **of_facts}))


def quantities(section: Any, path: str = "") -> Iterator[tuple[str, Quantity]]:
    """Yield every number of a scenario with its key path."""
    for name in type(section).model_fields:
        value, here = getattr(section, name), f"{path}.{name}" if path else name
        if isinstance(value, Quantity):
            yield here, value
        elif isinstance(value, Strict):
            yield from quantities(value, here)


def _of_city(path: str) -> bool:
    return path.startswith("city.") or path == "population.people"


def _said(fact: Fact) -> str:
    return f"{fact.source} ({fact.status})"


def _replaced(section: Any, values: Mapping[str, float], path: str) -> Any:
    changed: dict[str, Any] = {}
    for name in type(section).model_fields:
        value, here = getattr(section, name), f"{path}.{name}" if path else name
        if isinstance(value, Quantity):
            new = values.get(value.fact) if value.fact else values.get(here)
            if new is not None:
                changed[name] = Quantity(value=float(new), assumption=f"varied: {value.fact or here}")
        elif isinstance(value, Strict):
            changed[name] = _replaced(value, values, here)
    return section.model_copy(update=changed) if changed else section


def _one_per_policy(arms: Sequence[Arm]) -> list[Arm]:
    return list({arm.policy.id: arm for arm in arms}.values())


def _of_policy(arm: Arm) -> list[Factor]:
    policy, found = arm.policy, []
    for name, part in policy.retention or ():
        if part is not None and part.range_s[0] < part.range_s[1]:
            low, high = (end / DAY_S for end in part.range_s)
            found.append(Factor(f"{policy.id}:retention.{name}", "policy", part.keep / DAY_S,
                                max(low, (part.floor or 0.0) / DAY_S), high, "d", _why(part)))  # fmt: skip
    return [factor for factor in found if factor.low < factor.high]


def _why(part: Any) -> str:
    named = "; ".join(f"{one.law} {one.article}" for one in part.reference)
    return "; ".join(text for text in (named, part.assumption) if text)


def _varied(arm: Arm, values: Mapping[str, float]) -> Arm:
    mine = {name.split(":", 1)[1]: v for name, v in values.items() if name.split(":", 1)[0] == arm.policy.id}
    if not mine or arm.policy.retention is None:
        return arm
    section = arm.policy.retention
    kept = {key.split(".")[1]: getattr(section, key.split(".")[1]).model_copy(update={"keep": v * DAY_S})
            for key, v in mine.items()}  # fmt: skip
    policy: Policy = arm.policy.model_copy(update={"retention": section.model_copy(update=kept)})
    return Arm(arm.id, arm.title, policy, arm.reading, arm.laws, arm.bundle)


_DATUM = "website_listed_guangzhou"


def held(base: Inputs, changed: Inputs) -> tuple[Inputs, bool]:
    """Return the changed study with p_listed recalibrated, and whether the expected list could be kept.

    The target is the base study's mean (185 in `guangzhou_185`), scaled in proportion if the datum itself is varied.
    """
    with facts_replaced(base.facts):
        wanted = listing(build_city(base.scenario), base.scenario).expected
        datum = facts().value(_DATUM)
    with facts_replaced(changed.facts):
        found = listing(build_city(changed.scenario), changed.scenario).expected
        wanted *= facts().value(_DATUM) / datum
    if found <= 0 or abs(found / wanted - 1) < 1e-12:
        return changed, found > 0
    needed = changed.scenario.leaks.p_listed.number * wanted / found
    solved = Quantity(value=min(needed, 1.0), assumption="solved again, so that the list keeps its mean")
    leaks = changed.scenario.leaks.model_copy(update={"p_listed": solved})
    scenario = changed.scenario.model_copy(update={"leaks": leaks})
    return hashed(replace(changed, scenario=scenario)), needed <= 1.0
