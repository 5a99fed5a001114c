"""Sensitivity analysis of a study: varies facts and assumptions over their ranges, recalibrated to 185 listed cameras.

The answer is the ratio of the primary metric's means, a policy against the baseline, on the same replicates at every
point. `tornado` varies one number at a time. `worlds` varies all at once and feeds ranking, scenario discovery and
Sobol's or Morris's indices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import InputError
from privacysim.robustness.factors import Factor, chosen, factors_of, held, with_values
from privacysim.robustness.indices import (
    latin_hypercube,
    morris_indices,
    morris_points,
    shares_of,
    sobol_indices,
    sobol_points,
)
from privacysim.robustness.variants import Ran, run_points
from privacysim.simulation.inputs import Inputs
from privacysim.stats import Estimate, paired_ratio, wilson
from privacysim.study import Study

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Worlds:
    """Points and their answers: `values` (points, factors); `ratios` has one row per point, policy and curve."""

    inputs: Inputs
    factors: tuple[Factor, ...]
    values: Floats
    ratios: pd.DataFrame
    held: NDArray[np.bool_]
    failed: tuple[str, ...]

    def answers(self, policy: str, curve: str = "low") -> Floats:
        """Ratio of a policy at every point; NaN where undefined."""
        mine = self.ratios[(self.ratios["policy"] == policy) & (self.ratios["curve"] == curve)]
        return mine.set_index("point")["ratio"].reindex(range(len(self.values))).to_numpy(dtype=float)

    @property
    def policies(self) -> list[str]:
        """The arms that are compared with the baseline."""
        return list(dict.fromkeys(self.ratios["policy"]))


def prepare(
    study: Study, factors: Sequence[str] = (), *, with_city: bool = False, replicates: int | None = None,
    sample: int | None = None, days: int | None = None,
) -> tuple[Inputs, list[Factor]]:
    """Return the study to vary and its factors (all that it reads, or the named ones)."""
    wished = {"replicates": replicates, "sample": sample, "days": days}
    changed = {key: value for key, value in wished.items() if value is not None}
    plan = study.plan.model_copy(update=changed)
    small = Study.from_plan(plan).inputs()
    found = factors_of(small, with_city=with_city or bool(factors))
    return small, chosen(found, factors) if factors else found


def run_values(
    inputs: Inputs, factors: Sequence[Factor], values: Floats, *, workers: int | None = None,
    folder: Path | None = None, progress: bool | None = None, **how: Any,
) -> Worlds:
    """Run the recalibrated study at each row of `values`; an invalid row raises an InputError."""
    names = [factor.name for factor in factors]
    pairs = [held(inputs, with_values(inputs, dict(zip(names, map(float, row), strict=True)), factors))
             for row in values]  # fmt: skip
    ran = run_points([point for point, _ in pairs], metrics=[inputs.plan.primary], workers=workers, folder=folder,
                     progress=progress, **how)  # fmt: skip
    ratios = ratios_of(ran, inputs)
    return Worlds(inputs, tuple(factors), values, ratios, np.array([ok for _, ok in pairs]), ran.failed)


def ratios_of(ran: Ran, inputs: Inputs) -> pd.DataFrame:
    """Ratio of means to the baseline per point, policy and curve, with the paired jackknife interval."""
    baseline, rows = inputs.arm(inputs.plan.baseline).id, []
    wide = ran.metrics.pivot_table(index=["point", "curve", "replicate"], columns="policy", values="value",
                                   observed=True, sort=True)  # fmt: skip
    for (point, curve), group in wide.groupby(level=["point", "curve"], sort=True):
        for policy in (arm for arm in inputs.arm_ids if arm != baseline and arm in group):
            both = group[[policy, baseline]].dropna()
            found = paired_ratio(both[policy], both[baseline]) if len(both) else None
            found = found or Estimate(math.nan)
            rows.append((point, policy, curve, found.value, found.low, found.high,
                         both[policy].mean(), both[baseline].mean(), len(both)))  # fmt: skip
    columns = ["point", "policy", "curve", "ratio", "ratio_low", "ratio_high", "mean", "baseline_mean", "n"]
    return pd.DataFrame(rows, columns=columns)


def tornado(inputs: Inputs, factors: Sequence[Factor], policy: str, **how: Any) -> pd.DataFrame:
    """One-at-a-time sensitivity: the answer with each factor at its low and high end, widest swing first.

    Columns: factor, low, value, high, unit, ratio_at_low, ratio, ratio_at_high, swing, curve, source, note. `note` says
    if an end is left out because no scenario may have it, or if the list of 185 cannot be reproduced there.
    """
    policy = inputs.arm(policy).id
    values, ends = [[factor.value for factor in factors]], [(-1, "value")]
    notes: dict[int, list[str]] = {}
    for n, factor in enumerate(factors):
        for end, x in (("low", factor.low), ("high", factor.high)):
            row = [one.value for one in factors]
            row[n] = x
            if x == factor.value:
                continue
            try:
                _, ok = held(inputs, with_values(inputs, {factor.name: x}, factors))
            except InputError as error:
                notes.setdefault(n, []).append(f"its {end} end is outside the model ({error.expected})")
                continue
            if not ok:
                notes.setdefault(n, []).append(f"at its {end} end the list of cameras cannot be held")
            values.append(row)
            ends.append((n, end))
    worlds = run_values(inputs, factors, np.array(values), **how)
    rows = []
    for curve in list(dict.fromkeys(worlds.ratios["curve"])):
        answers = worlds.answers(policy, curve)
        for n, factor in enumerate(factors):
            at = {end: float(answers[i]) for i, (which, end) in enumerate(ends) if which == n}
            base = float(answers[0])
            low, high = at.get("low", base), at.get("high", base)
            rows.append((factor.name, factor.low, factor.value, factor.high, factor.unit, low, base, high,
                         abs(high - low) if "low" in at and "high" in at else max(abs(low - base), abs(high - base)),
                         curve, factor.source, "; ".join(notes.get(n, ()))))  # fmt: skip
    columns = ["factor", "low", "value", "high", "unit", "ratio_at_low", "ratio", "ratio_at_high", "swing", "curve",
               "source", "note"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).sort_values(
        ["curve", "swing"], ascending=[False, False], kind="stable", ignore_index=True
    )


def morris(
    inputs: Inputs, factors: Sequence[Factor], policy: str, trajectories: int, seed: int = 1, curve: str = "low",
    **how: Any,
) -> pd.DataFrame:
    """Morris screening: mean size μ* of a step's effect on the answer, and σ; largest μ* first.

    Runs the study at trajectories · (factors + 1) points. The error includes that of the replicates: a factor whose
    μ* is within its half-width of 0 is indistinguishable from noise.
    """
    points = morris_points(factors, trajectories, seed)
    answers = _every_answer(run_values(inputs, factors, points, **how), policy, curve)
    return morris_indices(factors, shares_of(factors, points), answers, seed)


def sobol(
    inputs: Inputs, factors: Sequence[Factor], policy: str, samples: int, seed: int = 1, curve: str = "low", **how: Any,
) -> pd.DataFrame:
    """Sobol indices: share of the answer's variance by a factor alone (S1) and with interactions (ST), largest first.

    Runs the study at samples · (factors + 2) points; `samples` is a power of two. All points use the same replicates,
    so the variance comes from the factors.
    """
    points = sobol_points(factors, samples, seed)
    answers = _every_answer(run_values(inputs, factors, points, **how), policy, curve)
    return sobol_indices(factors, answers, seed)


def _every_answer(found: Worlds, policy: str, curve: str) -> Floats:
    """Return the ratio at every point; raises an error if one is missing or not recalibrated, as indices need all."""
    answers = found.answers(found.inputs.arm(policy).id, curve)
    missing = int(np.isnan(answers).sum())
    if missing or found.failed:
        raise InputError("sensitivity", "a ratio at every point", f"none at {max(missing, len(found.failed))} of them",
                         "use more --replicates or a larger --sample, or leave a factor out")  # fmt: skip
    if not found.held.all():
        raise InputError("sensitivity", "points at which the list of cameras can be held",
                         f"{int((~found.held).sum())} of {found.held.size} where it cannot",
                         "leave out a factor of the list")  # fmt: skip
    return answers


def worlds(inputs: Inputs, factors: Sequence[Factor], points: int, seed: int = 1, **how: Any) -> Worlds:
    """Run plausible worlds: a Latin hypercube over the ranges of all factors, with the base as first point."""
    values = np.vstack([[factor.value for factor in factors], latin_hypercube(factors, points, seed)])
    return run_values(inputs, factors, values, **how)


def worlds_table(found: Worlds) -> pd.DataFrame:
    """Table of worlds for a file: one row per point with its factors' values, `held`, and ratios by policy and curve.

    Columns of ratios are named `ratio POLICY CURVE`; point 0 has the values in force.
    """
    made = pd.DataFrame(found.values, columns=[factor.name for factor in found.factors])
    made.insert(0, "point", range(len(made)))
    made["held"] = found.held
    for policy in found.policies:
        for curve in dict.fromkeys(found.ratios["curve"]):
            made[f"ratio {policy} {curve}".rstrip()] = found.answers(policy, curve)
    return made


def ranking(found: Worlds, curve: str = "low") -> pd.DataFrame:
    """Share of plausible worlds in which each policy ranks first, with Wilson's interval.

    The lowest ratio ranks first. Counterfactual bounds (no cameras, open access) rank like other policies, so leave
    them out of the study if they are not options. Points without an answer for every policy are not counted.
    """
    wide = found.ratios[found.ratios["curve"] == curve].pivot(index="point", columns="policy", values="ratio")
    wide = wide[found.policies].dropna()
    if wide.empty:
        raise InputError("ranking", "points at which every policy has a ratio", "none", "use a larger --sample")
    first = wide.eq(wide.min(axis=1), axis=0)
    base_first = first.loc[0] if 0 in first.index else first.iloc[0] & False
    rows = []
    for policy in wide.columns:
        share = wilson(int(first[policy].sum()), len(wide))
        rows.append((policy, bool(base_first[policy]), int(first[policy].sum()), len(wide), share.value, share.low,
                     share.high, wide[policy].min(), wide[policy].max()))  # fmt: skip
    columns = ["policy", "first_in_base", "first", "worlds", "share", "low", "high", "ratio_least", "ratio_most"]
    made = pd.DataFrame(rows, columns=columns)
    return made.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def ranking_words(table: pd.DataFrame) -> str:
    """State in one sentence whether the preferred policy still ranks first."""
    preferred = table[table["first_in_base"]]
    if preferred.empty:
        return "no policy is first in the base world"
    names = " and ".join(preferred["policy"])
    row = preferred.iloc[0]
    tie = "share the first place" if len(preferred) > 1 else "is first"
    return (f"{names} {tie} at the values in force and stay{'' if len(preferred) > 1 else 's'} first in {row['first']} "
            f"of {row['worlds']} plausible worlds ({100 * row['share']:.0f} % [{100 * row['low']:.0f}, "
            f"{100 * row['high']:.0f}])")  # fmt: skip


