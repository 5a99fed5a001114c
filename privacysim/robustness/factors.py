"""Uncertain factors of a study, and runs of many variants of it on the same replicates.

Contested readings are arms instead of factors. Values are spread evenly over the range, or over its logarithm if it
spans more than a factor of ten. At every point, `held` recalibrates the listing probability so that the expected number
of listed cameras stays at the 185 that were counted (`privacysim.world.calibration`). A point that cannot list so many
even with p_listed = 1 is marked, not hidden.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from privacysim.city import build_city
from privacysim.draws import Floats
from privacysim.errors import InputError
from privacysim.facts import facts, facts_heard, facts_replaced
from privacysim.files import Quantity, validate
from privacysim.policy.arm import Arm
from privacysim.scenario import Scenario
from privacysim.simulation.fact_worlds import of_plan, quantities
from privacysim.simulation.inputs import Inputs, hashed
from privacysim.simulation.replicate import forget_replicate
from privacysim.simulation.unit_parts import Failed, Unit, UnitParts
from privacysim.simulation.unit_tables import to_frames
from privacysim.study import Study
from privacysim.study.executor import OpenExecutor, cores
from privacysim.study.pilots import pilot_skewness
from privacysim.study.progress import progress_bar
from privacysim.study.running import PILOT, Runner, do_units, part_file, units
from privacysim.units import DAY_S
from privacysim.world.calibration import listing

SOLVED = {"p_listed", "p_listed_directory"}
"""Recalibrated at every point to reproduce the datum, so never varied by itself."""
_DATUM = "website_listed_guangzhou"


@dataclass(frozen=True)
class Factor:
    """One uncertain number: a fact (named by its id), a scenario's own number (its key path), or a policy's retention.

    A retention is named "POLICY:retention.CLASS" and counts days.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.value <= self.high):
            raise InputError(f"factor {self.name}", "low ≤ value ≤ high, all finite",
                             f"{self.low}, {self.value}, {self.high}", "correct its range")  # fmt: skip

    @property
    def logarithmic(self) -> bool:
        """Whether the range spans more than a factor of ten."""
        return self.low > 0 and self.high / self.low > 10

    def at(self, share: Floats | float) -> Floats:
        """The value at a share (0 to 1) of the range.

        >>> Factor("x", 10.0, 1.0, 100.0).at(0.5).item()
        10.0
        """
        u = np.asarray(share, dtype=np.float64)
        return self.low * (self.high / self.low) ** u if self.logarithmic else self.low + u * (self.high - self.low)

    def share(self, value: Floats) -> Floats:
        """The share of the range at a value, the inverse of `at`."""
        if self.logarithmic:
            return np.log(value / self.low) / np.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def factors_of(inputs: Inputs, *, with_city: bool = False) -> list[Factor]:
    """List every uncertain number that this study reads, in the order of the facts file.

    One replicate on a small sample is run to record which numbers are read. Numbers of the city's plan (streets,
    places, population) are left out unless `with_city`, because each new value means another city to build.
    """
    plan = inputs.plan.model_copy(update={"sample": 200, "replicates": 1})
    forget_replicate()  # a cached replicate reads nothing
    with facts_heard() as heard:
        Study.runner(hashed(replace(inputs, plan=plan, replicates=(0,), only=(plan.primary,))), "", None, Unit(0, 0))
    numbers = dict(quantities(inputs.scenario))
    heard |= {q.fact for q in numbers.values() if q.fact}
    of_city = {q.fact or path for path, q in numbers.items() if of_plan(path)}
    left_out = SOLVED | (set() if with_city else of_city)
    found = [Factor(fact.id, fact.value, fact.low, fact.high, fact.unit, f"{fact.source} ({fact.status})")
             for fact in facts().values() if fact.id in heard - left_out and fact.low < fact.high]
    found += [Factor(path, q.number, *q.range, source=q.source) for path, q in numbers.items()
              if not q.fact and path not in left_out and q.range[0] < q.range[1]]  # fmt: skip
    for policy in {arm.policy.id: arm.policy for arm in inputs.arms}.values():
        for name, part in policy.retention or ():
            if part is None or part.habit:  # a habit is a fact, and varied as one
                continue
            low, high = max(part.range_s[0], part.floor or 0.0), part.range_s[1]
            if low < high:
                said = ["; ".join(f"{one.law} {one.article}" for one in part.reference), part.assumption]
                found.append(Factor(f"{policy.id}:retention.{name}", part.keep / DAY_S, low / DAY_S, high / DAY_S, "d",
                                    "; ".join(text for text in said if text)))  # fmt: skip
    return found


def factors_in(table: pd.DataFrame) -> list[Factor]:
    """List the factors of a saved tornado table (columns factor, low, value, high, unit, source), each once."""
    rows = table.drop_duplicates("factor").fillna({"unit": "", "source": ""})
    return [Factor(*row) for row in rows[["factor", "value", "low", "high", "unit", "source"]].itertuples(index=False)]


def with_values(inputs: Inputs, values: Mapping[str, float]) -> Inputs:
    """Return the study with other values of some factors, by name; an invalid one raises an InputError."""
    raw = inputs.scenario.model_dump(mode="json")
    for path, q in quantities(inputs.scenario):
        if (q.fact or path) in values:
            *sections, key = path.split(".")
            section = raw
            for name in sections:
                section = section[name]
            value, why = float(values[q.fact or path]), f"varied: {q.fact or path}"
            section[key] = Quantity(value=value, assumption=why).model_dump(mode="json")
    scenario = validate(Scenario, raw, f"scenario {inputs.scenario.id}, varied")
    arms = tuple(_varied(arm, values) for arm in inputs.arms)
    of_facts = {name: value for name, value in values.items() if name in facts()}
    return hashed(replace(inputs, scenario=scenario, arms=arms, facts={**inputs.facts, **of_facts}))


def _varied(arm: Arm, values: Mapping[str, float]) -> Arm:
    start, section = f"{arm.policy.id}:retention.", arm.policy.retention
    days = {name.removeprefix(start): value for name, value in values.items() if name.startswith(start)}
    if not days or section is None:
        return arm
    kept = {name: getattr(section, name).model_copy(update={"keep": value * DAY_S}) for name, value in days.items()}
    policy = arm.policy.model_copy(update={"retention": section.model_copy(update=kept)})
    return Arm(arm.id, arm.title, policy, arm.reading, arm.laws, arm.bundle, arm.law_date)


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
    leaks = changed.scenario.leaks
    needed = leaks.listing.number * wanted / found
    solved = Quantity(value=min(needed, 1.0), assumption="solved again, so that the list keeps its mean")
    leaks = leaks.model_copy(update={leaks.listing_key: solved})
    scenario = changed.scenario.model_copy(update={"leaks": leaks})
    return hashed(replace(changed, scenario=scenario)), needed <= 1.0


@dataclass(frozen=True, eq=False)
class PointUnit:
    """One unit of one point, with all inputs of its worker."""

    point: int
    unit: Unit
    inputs: Inputs

    def __str__(self) -> str:
        return f"point {self.point}, {self.unit}"


def _do(runner: Runner, one: PointUnit) -> UnitParts:
    return runner(one.inputs, "", None, one.unit)


@dataclass(frozen=True)
class Ran:
    """Replicate values of every point (`metrics` with a column `point`), and descriptions of failures.

    `skewness` comes from the points' pilots, if requested: (policy, metric, curve) → γ, which decides whether an
    interval may be shown.
    """

    metrics: pd.DataFrame
    failed: tuple[str, ...]
    skewness: Mapping[tuple[str, str, str], float] = field(default_factory=dict)


def run_points(points: Sequence[Inputs], *, metrics: Sequence[str], workers: int | None = None,
               open_executor: OpenExecutor | None = None, folder: Path | None = None, progress: bool | None = None,
               pilots: bool = False) -> Ran:
    """Run every point and compute only the named metrics; a failed unit drops the replicate and is reported.

    Points share people and chances unless their values change them, so differences between points carry little noise.
    With a `folder`, parts are kept as in a study under each point's own hash, so an interrupted run can resume.
    `pilots` also runs each point's pilot world.
    """
    workers = cores() if workers is None else max(1, workers)
    points = [hashed(replace(point, only=tuple(metrics), worlds=0)) for point in points]
    for point in {point.scenario.city: point for point in points}.values():
        Study.runner.prepare(point, workers)
    wanted = [PointUnit(n, unit, point) for n, point in enumerate(points)
              for unit in (*([PILOT] if pilots else []), *units(point))]  # fmt: skip
    place = None if folder is None else lambda one: part_file(folder / one.inputs.family_id, one.unit)
    with progress_bar(len(wanted), progress) as tell:
        done = do_units(partial(_do, Study.runner), wanted, workers=workers, open_executor=open_executor, place=place,
                        tell=tell)  # fmt: skip
    frames, skewness = [pd.DataFrame()], dict[tuple[str, str, str], float]()
    for n, point in enumerate(points):
        parts = {one.unit: part for one, part in done.items() if one.point == n}
        if isinstance(pilot := parts.pop(PILOT, None), UnitParts):
            skewness |= pilot_skewness(pilot)
        lost = {unit.replicate for unit, part in parts.items() if isinstance(part, Failed)}
        whole = {unit: part for unit, part in parts.items() if unit.replicate not in lost}
        frame = to_frames(whole, point.arm_ids, point.declared)[0]  # type: ignore[arg-type]
        frames.append(frame[frame["metric"].isin(metrics)].assign(point=n))
    failed = tuple(str(part) for part in done.values() if isinstance(part, Failed))
    return Ran(pd.concat(frames[1:], ignore_index=True) if points else frames[0], failed, skewness)
