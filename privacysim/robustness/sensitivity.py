"""Sensitivity analysis of a study: varies facts and assumptions over their ranges, recalibrated to 185 listed cameras.

The answer is the ratio of the primary metric's means, a policy against the baseline, on the same replicates at every
point. `tornado` varies one number at a time. `worlds` varies all at once and feeds ranking and scenario discovery.
`global_indices` are those of Sobol or Morris, computed by SALib.

Sobol: the share of the answer's variance that a factor explains alone (s1) and with all its interactions (st), by
Saltelli's estimators (Saltelli 2010, doi:10.1016/j.cpc.2009.09.018). Morris: elementary effects on a grid of
trajectories (Morris 1991, doi:10.2307/1269043), to screen many factors with few runs. μ* is the mean size of a
step's effect; σ measures how much it depends on the other factors.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from privacysim.draws import Bools, Floats
from privacysim.errors import InputError, refuse_unknown, require
from privacysim.robustness.factors import Factor, Ran, factors_of, held, run_points, with_values
from privacysim.simulation.inputs import Inputs
from privacysim.stats import Estimate, paired_ratio, wilson
from privacysim.study import Study

_OPTIONS: dict[str, dict[str, Any]] = {"sobol": {"calc_second_order": False}, "morris": {"num_levels": 4}}
_COLUMNS = {"sobol": {"s1": "S1", "s1_half_width": "S1_conf", "st": "ST", "st_half_width": "ST_conf"},
            "morris": {"mu": "mu", "mu_star": "mu_star", "mu_star_half_width": "mu_star_conf", "sigma": "sigma"}}
"""Column → SALib's name, by method."""


@dataclass(frozen=True)
class Worlds:
    """Points and their answers: `values` (points, factors); `ratios` has one row per point, policy and curve."""

    inputs: Inputs
    factors: tuple[Factor, ...]
    values: Floats
    ratios: pd.DataFrame
    held: Bools
    failed: tuple[str, ...]

    def answers(self, policy: str, curve: str = "low") -> Floats:
        """Ratio of a policy at every point; NaN where undefined."""
        mine = self.ratios[(self.ratios["policy"] == policy) & (self.ratios["curve"] == curve)]
        return mine.set_index("point")["ratio"].reindex(range(len(self.values))).to_numpy(dtype=float)

    def every_answer(self, policy: str, curve: str = "low") -> Floats:
        """Ratio of a policy at every point; raises an error if one is missing or not recalibrated."""
        answers = self.answers(policy, curve)
        if missing := max(int(np.isnan(answers).sum()), len(self.failed)):
            raise InputError("sensitivity", "a ratio at every point", f"none at {missing} of them",
                             "use more --replicates or a larger --sample, or leave a factor out")
        if lost := int((~self.held).sum()):
            raise InputError("sensitivity", "points at which the list of cameras can be held",
                             f"{lost} of {self.held.size} where it cannot", "leave out a factor of the list")
        return answers

    @property
    def policies(self) -> list[str]:
        """The arms that are compared with the baseline."""
        return list(dict.fromkeys(self.ratios["policy"]))


def prepare(study: Study, factors: Sequence[str] = (), *, replicates: int | None = None, sample: int | None = None,
            days: int | None = None) -> tuple[Inputs, list[Factor]]:
    """Return the study to vary and its factors: the named ones, or all that it reads except the city's plan."""
    wished = {"replicates": replicates, "sample": sample, "days": days}
    plan = study.plan.model_copy(update={key: value for key, value in wished.items() if value is not None})
    small = Study.from_plan(plan).inputs()
    known = {factor.name: factor for factor in factors_of(small, with_city=bool(factors))}
    for name in factors:
        refuse_unknown(name, known, "factors", "a number with a range that this study reads")
    return small, [known[name] for name in factors or known]


def run_values(inputs: Inputs, factors: Sequence[Factor], values: Floats, **how: Any) -> Worlds:
    """Run the recalibrated study at each row of `values`; an invalid row raises an InputError.

    `how` goes to `run_points`: workers, folder, progress, open_executor.
    """
    names = [factor.name for factor in factors]
    pairs = [held(inputs, with_values(inputs, dict(zip(names, map(float, row), strict=True)))) for row in values]
    ran = run_points([point for point, _ in pairs], metrics=[inputs.plan.primary], **how)
    return Worlds(inputs, tuple(factors), values, ratios_of(ran, inputs), np.array([ok for _, ok in pairs]), ran.failed)


def ratios_of(ran: Ran, inputs: Inputs) -> pd.DataFrame:
    """Ratio of means to the baseline per point, policy and curve, with the paired jackknife interval."""
    baseline, rows = inputs.arm(inputs.plan.baseline).id, []
    wide = ran.metrics.pivot_table(index=["point", "curve", "replicate"], columns="policy", values="value",
                                   observed=True, sort=True)  # fmt: skip
    for (point, curve), group in wide.groupby(level=["point", "curve"], sort=True):
        for policy in (arm for arm in inputs.arm_ids if arm != baseline and arm in group):
            both = group[[policy, baseline]].dropna()
            found = (paired_ratio(both[policy], both[baseline]) if len(both) else None) or Estimate(math.nan)
            rows.append((point, policy, curve, found.value, found.low, found.high,
                         both[policy].mean(), both[baseline].mean(), len(both)))  # fmt: skip
    columns = ["point", "policy", "curve", "ratio", "ratio_low", "ratio_high", "mean", "baseline_mean", "n"]
    return pd.DataFrame(rows, columns=columns)


def tornado(inputs: Inputs, factors: Sequence[Factor], policy: str, **how: Any) -> pd.DataFrame:
    """One-at-a-time sensitivity: the answer with each factor at its low and high end, widest swing first.

    Columns: factor, low, value, high, unit, ratio_at_low, ratio, ratio_at_high, swing, curve, source, note. `note` says
    if an end is left out because no scenario may have it, or if the list of 185 cannot be reproduced there.
    """
    base = [factor.value for factor in factors]
    values, at = [base], dict[tuple[int, str], int]()
    notes: list[list[str]] = [[] for _ in factors]
    for n, factor in enumerate(factors):
        for end, x in (("low", factor.low), ("high", factor.high)):
            if x == factor.value:
                continue
            try:
                _, ok = held(inputs, with_values(inputs, {factor.name: x}))
            except InputError as error:
                notes[n].append(f"its {end} end is outside the model ({error.expected})")
                continue
            if not ok:
                notes[n].append(f"at its {end} end the list of cameras cannot be held")
            at[n, end] = len(values)
            values.append([*base[:n], x, *base[n + 1 :]])
    found, rows = run_values(inputs, factors, np.array(values), **how), []
    for curve in dict.fromkeys(found.ratios["curve"]):
        answers = found.answers(inputs.arm(policy).id, curve)
        for n, factor in enumerate(factors):
            low, high = (float(answers[at.get((n, end), 0)]) for end in ("low", "high"))
            rows.append((factor.name, factor.low, factor.value, factor.high, factor.unit, low, float(answers[0]), high,
                         abs(high - low), curve, factor.source, "; ".join(notes[n])))  # fmt: skip
    columns = ["factor", "low", "value", "high", "unit", "ratio_at_low", "ratio", "ratio_at_high", "swing", "curve",
               "source", "note"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).sort_values(["curve", "swing"], ascending=[False, False], kind="stable",
                                                           ignore_index=True)


def _at(factors: Sequence[Factor], shares: Floats) -> Floats:
    return np.column_stack([factor.at(column) for factor, column in zip(factors, shares.T, strict=True)])


def _salib(step: str, method: str, factors: Sequence[Factor]) -> tuple[Any, dict[str, object]]:
    """SALib's module for a step ("sample" or "analyze") of a method, and its description of the factors."""
    require("analysis", "SALib", where=method)
    if not factors:
        raise InputError("factors", "at least one factor", "none", "name factors that have a range")
    count = len(factors)
    problem = {"num_vars": count, "names": [factor.name for factor in factors], "bounds": [[0.0, 1.0]] * count}
    return import_module(f"SALib.{step}.{method}"), problem


def index_points(method: str, factors: Sequence[Factor], size: int, seed: int) -> Floats:
    """Points (points, factors) at which indices need an answer.

    For "sobol", Saltelli's sample of size · (factors + 2) points, `size` a power of two; for "morris", `size`
    trajectories of factors + 1 points each on a grid of four levels.
    """
    module, problem = _salib("sample", method, factors)
    if method == "sobol" and (size < 2 or size & (size - 1)):
        raise InputError("samples", "a power of two", size, f"write {1 << max(1, size - 1).bit_length()}")
    return _at(factors, module.sample(problem, size, seed=seed, **_OPTIONS[method]))


def index_table(method: str, factors: Sequence[Factor], points: Floats, answers: Floats, seed: int) -> pd.DataFrame:
    """Indices from the answers at `index_points`, largest first; raises an InputError if the answers do not vary.

    Columns for "sobol": s1 and st, each with its 95 % bootstrap half-width; for "morris": μ, μ* (with 95 % half-width)
    and σ.
    """
    module, problem = _salib("analyze", method, factors)
    if not np.isfinite(answers).all():
        raise InputError("answers", "a number at every point", "some points have none", "leave out what breaks them")
    if np.ptp(answers) == 0:
        raise InputError("answers", "answers that vary", "the same at every point", "vary other factors")
    shares = [np.column_stack([factor.share(x) for factor, x in zip(factors, points.T, strict=True)])]
    given = [*(shares if method == "morris" else []), answers]
    found, columns = module.analyze(problem, *given, seed=seed, **_OPTIONS[method]), _COLUMNS[method]
    table = pd.DataFrame({"factor": problem["names"], **{name: found[theirs] for name, theirs in columns.items()},
                          "source": [factor.source for factor in factors]})  # fmt: skip
    largest = "st" if method == "sobol" else "mu_star"
    return table.sort_values(largest, ascending=False, kind="stable", ignore_index=True)


def global_indices(method: str, inputs: Inputs, factors: Sequence[Factor], policy: str, size: int, seed: int = 1,
                   **how: Any) -> pd.DataFrame:
    """Sobol indices or Morris screening ("sobol", "morris") of a policy's answer on the low curve, largest first.

    All points use the same replicates. For Morris, a factor whose μ* is within its half-width of 0 may be noise.
    """
    points = index_points(method, factors, size, seed)
    answers = run_values(inputs, factors, points, **how).every_answer(inputs.arm(policy).id)
    return index_table(method, factors, points, answers, seed)


def latin_hypercube(factors: Sequence[Factor], points: int, seed: int) -> Floats:
    """Latin hypercube sample (points, factors) that fills the ranges evenly, for single factors and, optimised, pairs.

    >>> latin_hypercube([Factor("x", 0.5, 0.0, 1.0)], 4, 1).shape
    (4, 1)
    """
    from scipy.stats import qmc

    return _at(factors, qmc.LatinHypercube(len(factors), rng=seed, optimization="random-cd").random(points))


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

    The lowest ratio ranks first. Points without an answer for every policy are not counted.
    """
    wide = found.ratios[found.ratios["curve"] == curve].pivot(index="point", columns="policy", values="ratio")
    wide = wide[found.policies].dropna()
    if wide.empty:
        raise InputError("ranking", "points at which every policy has a ratio", "none", "use a larger --sample")
    first = wide.eq(wide.min(axis=1), axis=0)
    made = pd.DataFrame({"first_in_base": first.reindex([0], fill_value=False).loc[0], "first": first.sum()})
    made["worlds"] = len(wide)
    shares = [wilson(int(count), len(wide)) for count in made["first"]]
    made["share"], made["low"] = [one.value for one in shares], [one.low for one in shares]
    made["high"] = [one.high for one in shares]
    made["ratio_least"], made["ratio_most"] = wide.min(), wide.max()
    made = made.rename_axis("policy").reset_index()
    return made.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def ranking_words(table: pd.DataFrame) -> str:
    """State in one sentence whether the preferred policy still ranks first."""
    preferred = table[table["first_in_base"]]
    if preferred.empty:
        return "no policy is first in the base world"
    row, several = preferred.iloc[0], len(preferred) > 1
    verbs = ("share the first place", "stay") if several else ("is first", "stays")
    return (f"{' and '.join(preferred['policy'])} {verbs[0]} at the values in force and {verbs[1]} first in "
            f"{row['first']} of {row['worlds']} plausible worlds ({100 * row['share']:.0f} % "
            f"[{100 * row['low']:.0f}, {100 * row['high']:.0f}])")  # fmt: skip
