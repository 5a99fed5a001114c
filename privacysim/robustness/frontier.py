"""Frontier of reforms: combinations of levers with less exposure and more usefulness that no other one beats.

All variants are measured on the same replicates. Selecting a front on noisy values overstates it, so its members are
measured again on replicates that the search never used, and with them each option alone. Only those carry intervals.

If there are more combinations than tries, Gaussian processes steer the search (scikit-learn, Matérn 5/2, one length
scale per dimension, the replicates' noise on the diagonal). For evenly spread weights between the goals, a batch takes
the untried choice whose optimistic prediction (mean − 2 standard deviations) has the smallest augmented Chebyshev value
(ParEGO, Knowles 2006, doi:10.1109/TEVC.2005.851274). They only choose what is tried; no number comes from them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.draws import Floats
from privacysim.errors import InputError, ResultsError, require
from privacysim.results.summary_rows import compare
from privacysim.robustness.levers import Design
from privacysim.robustness.points import Ran, run_points
from privacysim.scenario import load_scenario
from privacysim.simulation.inputs import Inputs, StudyFile, hashed
from privacysim.simulation.replicate import footage_days
from privacysim.stats import nondominated

Rows = NDArray[np.intp]
Evaluate = Callable[[Rows], tuple[Floats, Floats]]
"""Rows of the pool → both goals (choices, 2), to be minimised, and their squared standard errors."""
GROUP = 24
"""Number of variants that share a world in one unit of work."""
BASE = "as_it_stands"
_FIT = 400
"""Largest number of choices that a process is fitted to: the front and the latest ones first."""


@dataclass(frozen=True)
class Frontier:
    """Result of a search for reforms.

    `variants`, one row per variant tried: its levers, cost, changes and ratios of exposure and usefulness against the
    current policy, whether it is on the front, and otherwise which reform beats it. `confirmed` compares the front
    with the current policy on fresh replicates, with 95 % intervals by the usual rules, or a `note` that gives the
    reason for none; `effects` does the same for each option alone.
    """

    design: Design
    variants: pd.DataFrame
    confirmed: pd.DataFrame
    effects: pd.DataFrame
    failed: tuple[str, ...]

    def best(self, budget: float | None = None, tolerance: float = 0.05) -> pd.Series[Any]:
        """The confirmed reform with the least exposure, within the budget and at most `tolerance` less useful.

        `budget` defaults to the design's own. Raises an InputError if no reform qualifies.
        """
        limit = self.design.budget if budget is None else budget
        return best_within(self.confirmed, math.inf if limit is None else limit, tolerance)

    def words(self) -> list[str]:
        """Describe the front in sentences, from free reforms to those that change most."""
        return [f"{row['variant']}: exposure × {_with_ends(row, 'exposure')}, usefulness × "
                f"{_with_ends(row, 'usefulness')}, cost {row['cost']:g} {self.design.cost_unit}".rstrip()
                + (f" ({row['note']})" if row["note"] else "")
                for row in self.confirmed.sort_values("exposure_ratio").to_dict("records")]


def _with_ends(row: Mapping[Any, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{row[f'{name}_ratio']:.3g}" + ("" if math.isnan(low) else f" [{low:.3g}, {high:.3g}]")


def best_within(confirmed: pd.DataFrame, budget: float, tolerance: float = 0.05) -> pd.Series[Any]:
    """Select the best reform within the budget from a confirmed front (`Frontier.confirmed`, or its saved table)."""
    fits = confirmed[(confirmed["cost"] <= budget) & (confirmed["usefulness_ratio"] >= 1 - tolerance)]
    if fits.empty:
        expected = f"a reform on the front that costs at most {budget:g} and keeps its usefulness"
        raise InputError("budget", expected, "none", "raise the budget or the tolerance")
    return fits.iloc[int(fits["exposure_ratio"].to_numpy().argmin())]


def find_frontier(design: Design, *, variants: int = 200, replicates: int = 2, confirm: int = 10,
                  workers: int | None = None, folder: Path | None = None, progress: bool | None = None) -> Frontier:
    """Search the design: `variants` tries of `replicates` each, then remeasure the front on `confirm` fresh ones."""
    goals, rows = design.goals(), design.combinations()
    ids = [f"v{n:05d}" for n in range(len(rows))]
    base, failed = _base(design), list[str]()

    def measured(chosen: Sequence[int], which: Sequence[int], pilots: bool = False) -> Ran:
        """Run these variants, in groups that share their facts."""
        points = []
        for facts, alike in _by_facts(design, rows, chosen):
            for at in range(0, len(alike), GROUP):
                arms = [design.arm(rows[n].tolist(), ids[n]) for n in alike[at : at + GROUP]]
                one = replace(base, facts=facts, arms=(base.arms[0], *arms), replicates=tuple(which))
                points.append(hashed(one))
        ran = run_points(points, metrics=list(goals), workers=workers, folder=folder, progress=progress, pilots=pilots)
        failed.extend(ran.failed)
        wanted = ran.metrics["curve"].isin(["", design.curve]) & (ran.metrics["policy"] != BASE)
        return replace(ran, metrics=ran.metrics[wanted])

    def refuse_missing(values: pd.DataFrame, chosen: Sequence[int]) -> None:
        """End the search if units failed, or if a goal has no value in so small a study."""
        for n in chosen:
            for goal in goals:
                if math.isnan(values[goal].get(ids[n], math.nan)):
                    name = design.name(rows[n].tolist())
                    if failed:
                        said = f"frontier: no replicate of {name} is complete. First that failed: {failed[0]}."
                        fix = "the same command tries again; with --out it keeps what was done."
                        raise ResultsError(f"{said}\n  Fix: {fix}")
                    raise InputError("frontier", f"a value of {goal} for every variant", f"none for {name}",
                                     "use more --replicates, or a design with more days or a larger sample")

    stands: dict[str, float] = {}

    def evaluate(chosen: Rows) -> tuple[Floats, Floats]:
        together = list(dict.fromkeys([0, *chosen.tolist()]))
        table = measured(together, range(replicates)).metrics.pivot_table(
            index="replicate", columns=["metric", "policy"], values="value", observed=True
        ).reindex(columns=pd.MultiIndex.from_product([goals, [ids[n] for n in together]]))  # fmt: skip
        means, errors2 = np.empty((chosen.size, 2)), np.empty((chosen.size, 2))
        changes = {goal: table[goal].sub(table[goal, ids[0]], axis=0) for goal in goals}
        refuse_missing(pd.DataFrame({goal: one.mean() for goal, one in changes.items()}), together)
        for g, (goal, sign) in enumerate(zip(goals, (1.0, -1.0), strict=True)):
            mine = sign * changes[goal][[ids[n] for n in chosen]]
            means[:, g], errors2[:, g] = mine.mean(), np.nan_to_num(mine.var(ddof=1) / mine.count())
            stands[goal] = table[goal, ids[0]].mean()
            if stands[goal] == 0:
                raise InputError("frontier", f"a policy as it stands with {goal} above 0", "0 in every replicate",
                                 "use a design with more days, a larger sample or another goal")  # fmt: skip
        return means, errors2

    tried, found = search(design.coordinates(rows), evaluate, variants, first=max(16, variants // 4),
                                 batch=max(GROUP, variants // 8), seed=design.seed)  # fmt: skip
    table = _variants(design, rows[tried], found, [stands[goal] for goal in goals])
    front = [int(n) for n in tried[table["front"].to_numpy()]]
    at = {tuple(row): n for n, row in enumerate(rows.tolist())}
    alone = [n for row in design.one_by_one() if (n := at[tuple(row)])]
    every = list(dict.fromkeys([0, *front, *alone]))
    fresh = measured(every, range(replicates, replicates + confirm), pilots=True)
    refuse_missing(fresh.metrics.pivot_table(index="policy", columns="metric", values="value", observed=True)
                   .reindex(columns=list(goals)), every)  # fmt: skip
    confirmed = _confirmed(design, {ids[n]: rows[n].tolist() for n in every}, fresh, goals)
    again, effects = (confirmed[confirmed.index.isin([ids[n] for n in some])].reset_index(drop=True)
                      for some in (front, alone))  # fmt: skip
    return Frontier(design, table, again, effects, tuple(failed))


def _base(design: Design) -> Inputs:
    """The study of the current policy, which keeps footage as long as the longest option of any lever does."""
    zero, longest = [0] * len(design.lever), 0
    plan = StudyFile.model_construct(  # its policies have no file, so there is nothing to look up
        id=design.id, title=design.title, scenario=design.scenario, policies=(design.policy,), readings={},
        baseline=BASE, primary=design.reduce, days=design.days, replicates=1, worlds=0, sample=design.sample,
        seed=design.seed, start=design.start, law_date=design.law_date,
    )  # fmt: skip
    base = Inputs(plan, load_scenario(design.scenario), (design.arm(zero, BASE),), (0,), "")
    for row in design.one_by_one():
        longest = max(longest, footage_days(replace(base, arms=(base.arms[0], design.arm(row, "one")))))
    return replace(base, footage_days=longest)


def _by_facts(design: Design, rows: Rows, chosen: Sequence[int]) -> list[tuple[dict[str, float], list[int]]]:
    """Group variants by their facts, because one world has one set of facts; groups keep the order of first use."""
    found: dict[tuple[tuple[str, float], ...], list[int]] = {}
    for n in chosen:
        found.setdefault(tuple(sorted(design.facts(rows[n].tolist()).items())), []).append(n)
    return [(dict(facts), alike) for facts, alike in found.items()]


def _variants(design: Design, rows: Rows, goals: Floats, stands: Sequence[float]) -> pd.DataFrame:
    cost = np.array([design.cost(row) for row in rows.tolist()])
    by = dominators(np.column_stack([goals, cost]))  # cheaper reforms with less effect stay
    names = [design.name(row) for row in rows.tolist()]
    return pd.DataFrame({
        "variant": names, "cost": cost, "exposure_change": goals[:, 0], "usefulness_change": -goals[:, 1],
        "exposure_ratio": 1 + goals[:, 0] / stands[0], "usefulness_ratio": 1 - goals[:, 1] / stands[1],
        "front": by < 0, "dominated_by": [names[n] if n >= 0 else "" for n in by],
        **{lever.id: [lever.option[n].id for n in rows[:, at]] for at, lever in enumerate(design.lever)},
    })  # fmt: skip


def _confirmed(design: Design, rows: Mapping[str, list[int]], fresh: Ran, goals: tuple[str, str]) -> pd.DataFrame:
    """Compare variants (by id) with the first, the current policy, on fresh replicates by the rules of any study."""
    arms = list(rows)
    notes = pd.DataFrame(columns=["policy", "replicate", "metric", "curve", "note"])
    count = fresh.metrics["replicate"].nunique()
    # every pilot has the policy as it stands, which the first variant is
    skewness = {(key.replace(BASE, arms[0]), name, curve): gamma
                for (key, name, curve), gamma in fresh.skewness.items()}  # fmt: skip
    found = compare(fresh.metrics.drop(columns="point"), notes, skewness, arms, arms[0], goals[:1], count, False)
    rows_of = {(row["policy"], row["metric"]): row for row in found.to_dict("records")}
    made = []
    for variant, row in rows.items():
        mine: dict[str, Any] = {"variant": design.name(row), "cost": design.cost(row)}
        said = []
        base: dict[Any, Any] = {"ratio": 1.0, "delta": 0.0, "note": ""} if variant == arms[0] else {}
        for goal, name in zip(goals, ("exposure", "usefulness"), strict=True):
            one = rows_of[variant, goal] | base
            ends = {"mean": "mean", "delta": "delta", "ratio": "ratio", "low": "ratio_low", "high": "ratio_high"}
            mine |= {f"{name}_{key}": float(one[column]) for key, column in ends.items()} | {"n": int(one["n"])}
            said += [f"{name}: {one['note']}"] if one["note"] else []
        made.append(mine | {"note": "; ".join(said)})
    return pd.DataFrame(made, index=arms).sort_values("exposure_ratio", kind="stable")


def dominators(goals: Floats) -> Rows:
    """For each row, the row on the front that beats it by most, over all goals; −1 for rows on the front."""
    front = np.flatnonzero(nondominated(goals))
    spread = np.ptp(goals, axis=0)
    scaled = goals / np.where(spread > 0, spread, 1.0)
    found = np.full(len(goals), -1, dtype=np.intp)
    for n, mine in enumerate(goals):
        better = front[((goals[front] <= mine).all(axis=1)) & ((goals[front] < mine).any(axis=1))]
        if better.size:
            found[n] = better[np.argmin(scaled[better].sum(axis=1))]
    return found


def search(pool: Floats, evaluate: Evaluate, tries: int, *, first: int, batch: int,
           seed: int) -> tuple[Rows, Floats]:
    """Try `tries` rows of `pool` (choices, dimensions in 0 to 1): the `first` rows in order, then steered batches.

    Returns the rows tried, in order, and their goals. If the pool has at most `tries` rows, all are tried without
    steering.
    """
    size = min(tries, len(pool))
    tried = np.arange(size if size == len(pool) else min(first, size), dtype=np.intp)
    goals, errors2 = evaluate(tried)
    models: list[Any] = [None, None]
    while tried.size < size:
        left = np.setdiff1d(np.arange(len(pool)), tried)
        models = [_fitted(pool[tried], goals[:, g], errors2[:, g], seed, models[g]) for g in (0, 1)]
        new = left[_promising(models, pool[left], goals, min(batch, size - tried.size))]
        found, noise = evaluate(new)
        tried, goals, errors2 = np.concatenate([tried, new]), np.vstack([goals, found]), np.vstack([errors2, noise])
    return tried, goals


def _fitted(x: Floats, y: Floats, noise: Floats, seed: int, like: Any = None) -> Any:
    """Fit a process to these choices; starting from the length scales of `like` makes it much faster."""
    require("analysis", "sklearn", where="frontier")
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from threadpoolctl import threadpool_limits

    if len(x) > _FIT:
        kept = np.argsort(y, kind="stable")[: _FIT // 2]
        kept = np.unique(np.concatenate([kept, np.arange(len(x) - (_FIT - kept.size), len(x))]))
        x, y, noise = x[kept], y[kept], noise[kept]
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern([0.5] * x.shape[1], (0.05, 20.0), nu=2.5)
    kernel = kernel + WhiteKernel(1e-4, (1e-8, 1.0)) if like is None else like.kernel_
    noise = np.maximum(noise / (float(y.std()) or 1.0) ** 2, 1e-8)  # on the scale of the normalised y
    process = GaussianProcessRegressor(kernel, alpha=noise, normalize_y=True, random_state=seed)
    with warnings.catch_warnings(), threadpool_limits(limits=1):  # more threads would only wait
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length scale at its bound: a lever that does nothing
        return process.fit(x, y)


def _promising(models: Sequence[Any], x: Floats, goals: Floats, wanted: int) -> Rows:
    front = goals[nondominated(goals)]  # scale by the front, not by the worst choices: else the search favours one end
    reach, whole = np.ptp(front, axis=0), np.ptp(goals, axis=0)
    spread = np.where(reach > 0, reach, np.where(whole > 0, whole, 1.0))
    predicted = [model.predict(x, return_std=True) for model in models]
    hoped = (np.column_stack([mean - 2.0 * sd for mean, sd in predicted]) - front.min(axis=0)) / spread
    chosen, free = list[int](), np.ones(len(x), dtype=bool)
    for w in (np.arange(wanted) + 0.5) / wanted:
        weighed = np.array([w, 1 - w]) * hoped
        value = weighed.max(axis=1) + 0.05 * weighed.sum(axis=1)
        chosen.append(int(np.argmin(np.where(free, value, np.inf))))
        free[chosen[-1]] = False
    return np.array(chosen, dtype=np.intp)
