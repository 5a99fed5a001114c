"""Frontier of reforms: combinations of levers with less exposure and more usefulness that no other one beats.

All variants are measured on the same replicates and shared worlds, in groups of arms. A Gaussian process steers the
search if there are more combinations than tries. Selecting a front on noisy values overstates it, so its members are
measured again on replicates that the search never used. Only those values carry intervals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import InputError, PrivacysimError, ResultsError
from privacysim.policy.arm import Arm
from privacysim.results.comparison import compare
from privacysim.robustness.levers import Design
from privacysim.robustness.search import dominators, search
from privacysim.robustness.variants import Ran, run_points
from privacysim.scenario import load_scenario
from privacysim.simulation.inputs import Inputs, hashed
from privacysim.simulation.replicate import footage_days
from privacysim.simulation.study_file import StudyFile

Floats = NDArray[np.float64]
GROUP = 24
"""Number of variants that share a world in one unit of work."""
BASE = "as_it_stands"


@dataclass(frozen=True)
class Frontier:
    """Result of a search for reforms.

    `variants` has one row per variant tried: its levers, cost, changes and ratios of exposure and usefulness against
    the current policy, whether it is on the front, and otherwise which reform beats it.
    `confirmed` compares the front with the current policy on fresh replicates. It has 95 % intervals by the usual
    rules (enough replicates for the metric's skewness, enough contributors), or a `note` that gives the reason for
    none. `worth` has the predictive accuracy of the steering processes.
    """

    design: Design
    variants: pd.DataFrame
    confirmed: pd.DataFrame
    worth: pd.DataFrame
    rows: NDArray[np.intp]
    failed: tuple[str, ...]

    def best(self, budget: float | None = None, tolerance: float = 0.05) -> pd.Series[Any]:
        """The confirmed reform with the least exposure, within the budget and at most `tolerance` less useful.

        `budget` defaults to the design's own. Raises an InputError if no reform qualifies.
        """
        limit = self.design.budget if budget is None else budget
        return best_within(self.confirmed, math.inf if limit is None else limit, tolerance)

    def effects(self) -> pd.DataFrame:
        """Mean effect of each option over the variants tried: main effects of a linear fit, in shares.

        Columns: lever, option, cost, exposure, usefulness (changes as shares of the current policy), n (variants that
        include it). Interactions of options are not included; the values of the front include them.
        """
        columns, moved = [], []
        for n, lever in enumerate(self.design.lever):
            for choice, option in enumerate(lever.option[1:], start=1):
                columns.append(self.rows[:, n] == choice)
                moved.append((lever.id, option.id, option.cost))
        x = np.column_stack([np.ones(len(self.rows)), *columns]).astype(np.float64)
        y = self.variants[["exposure_ratio", "usefulness_ratio"]].to_numpy(dtype=np.float64) - 1
        fit = np.linalg.lstsq(x, y, rcond=None)[0][1:]
        found = [(*one, *(round(float(share), 12) for share in change), int(column.sum())) for one, change, column in
                 zip(moved, fit, columns, strict=True)]  # fmt: skip
        made = pd.DataFrame(found, columns=["lever", "option", "cost", "exposure", "usefulness", "n"])
        return made[made["n"] > 0].sort_values("exposure", kind="stable", ignore_index=True)

    def words(self) -> list[str]:
        """Describe the front in sentences, from free reforms to those that change most."""
        said = []
        for row in self.confirmed.sort_values("exposure_ratio").to_dict("records"):
            said.append(f"{row['variant']}: exposure × {_with_ends(row, 'exposure')}, usefulness × "
                        f"{_with_ends(row, 'usefulness')}, cost {row['cost']:g} {self.design.cost_unit}".rstrip()
                        + (f" ({row['note']})" if row["note"] else ""))
        return said


def best_within(confirmed: pd.DataFrame, budget: float, tolerance: float = 0.05) -> pd.Series[Any]:
    """Select the best reform within the budget from a confirmed front (`Frontier.confirmed`, or its saved table)."""
    fits = confirmed[(confirmed["cost"] <= budget) & (confirmed["usefulness_ratio"] >= 1 - tolerance)]
    if fits.empty:
        expected = f"a reform on the front that costs at most {budget:g} and keeps its usefulness"
        raise InputError("budget", expected, "none", "raise the budget or the tolerance")
    return fits.iloc[int(fits["exposure_ratio"].to_numpy().argmin())]


def find_frontier(
    design: Design, *, variants: int = 200, replicates: int = 2, confirm: int = 10, workers: int | None = None,
    folder: Path | None = None, progress: bool | None = None,
) -> Frontier:
    """Search the design: `variants` tries of `replicates` each, then remeasure the front on `confirm` fresh ones."""
    goals, rows = design.goals(), design.combinations()
    base, longest = _base(design), 0
    for n, lever in enumerate(design.lever):  # no variant keeps footage longer than its options do
        for choice in range(len(lever.option)):
            row = [choice if m == n else 0 for m in range(len(design.lever))]
            longest = max(longest, footage_days(replace(base, arms=(base.arms[0], design.arm(row, "one")))))
    base = replace(base, footage_days=longest)
    failed: list[str] = []
    stands = np.full(2, math.nan)

    def measured(chosen: Sequence[int], which: Sequence[int], pilots: bool = False) -> Ran:
        points = [
            _group(base, facts, [design.arm(rows[n].tolist(), f"v{n:05d}") for n in together], which)
            for facts, alike in _by_facts(design, rows, chosen)
            for together in (alike[at : at + GROUP] for at in range(0, len(alike), GROUP))
        ]
        ran = run_points(points, metrics=list(goals), workers=workers, folder=folder, progress=progress, pilots=pilots)
        failed.extend(ran.failed)
        wanted = ran.metrics["curve"].isin(["", design.curve]) & (ran.metrics["policy"] != BASE)
        return replace(ran, metrics=ran.metrics[wanted])

    def evaluate(chosen: NDArray[np.intp]) -> tuple[Floats, Floats]:
        ran = measured(chosen.tolist(), range(replicates))
        table = ran.metrics.pivot_table(index="replicate", columns=["policy", "metric"], values="value", observed=True)
        means, errors2 = np.empty((chosen.size, 2)), np.empty((chosen.size, 2))
        for i, n in enumerate(chosen):
            for g, (goal, sign) in enumerate(zip(goals, (1.0, -1.0), strict=True)):
                x = sign * _against_base(table, n, goal)
                if x.empty:
                    raise _not_measured(design.name(rows[n].tolist()), goal, failed)
                means[i, g] = x.mean()
                errors2[i, g] = x.var(ddof=1) / len(x) if len(x) > 1 else 0.0
        stands[:] = [table[f"v{0:05d}", goal].mean() for goal in goals]
        for goal, mean in zip(goals, stands, strict=True):
            if mean == 0:
                raise InputError("frontier", f"a policy as it stands with {goal} above 0", "0 in every replicate",
                                 "use a design with more days, a larger sample or another goal")  # fmt: skip
        return means, errors2

    def evaluate_with_base(chosen: NDArray[np.intp]) -> tuple[Floats, Floats]:
        wanted = chosen if 0 in chosen else np.concatenate([[0], chosen])
        means, errors2 = evaluate(wanted)
        keep = np.isin(wanted, chosen)
        return means[keep], errors2[keep]

    found = search(design.coordinates(rows), evaluate_with_base, variants, first=max(16, variants // 4),
                   batch=max(GROUP, variants // 8), seed=design.seed)  # fmt: skip
    table = _variants(design, rows, found.tried, found.goals, stands)
    front = [int(n) for n in found.tried[table["front"].to_numpy()]]
    fresh = measured([0, *(n for n in front if n)], range(replicates, replicates + confirm), pilots=True)
    for n, goal in ((n, goal) for n in (0, *front) for goal in goals):
        if not ((fresh.metrics["policy"] == f"v{n:05d}") & (fresh.metrics["metric"] == goal)).any():
            raise _not_measured(design.name(rows[n].tolist()), goal, failed)
    confirmed = _confirmed(design, rows, front, fresh, goals)
    return Frontier(design, table, confirmed, found.worth, rows[found.tried], tuple(failed))


def _base(design: Design) -> Inputs:
    plan = StudyFile.model_construct(  # its policies have no file, so there is nothing to look up
        id=design.id, title=design.title, scenario=design.scenario, policies=(design.policy,), readings={},
        baseline=BASE, primary=design.reduce, days=design.days, replicates=1, sample=design.sample, seed=design.seed,
        start=design.start, law_date=design.law_date,
    )  # fmt: skip
    return Inputs(plan, load_scenario(design.scenario), (design.arm([0] * len(design.lever), BASE),), (0,), "")


def _group(base: Inputs, facts: Mapping[str, float], arms: Sequence[Arm], replicates: Sequence[int]) -> Inputs:
    return hashed(replace(base, facts=facts, arms=(base.arms[0], *arms), replicates=tuple(replicates)))


def _against_base(table: pd.DataFrame, n: int, goal: str) -> pd.Series[float]:
    """Difference of a goal from the current policy in each replicate that both have."""
    mine, base = (table.get((f"v{k:05d}", goal)) for k in (n, 0))
    return pd.Series(dtype=np.float64) if mine is None or base is None else (mine - base).dropna()


def _not_measured(variant: str, goal: str, failed: Sequence[str]) -> PrivacysimError:
    """Error that ends a search: units failed, or a goal has no value in so small a study."""
    if failed:
        return ResultsError(f"frontier: no replicate of {variant} is complete. First that failed: {failed[0]}.\n"
                            "  Fix: the same command tries again; with --out it keeps what was done.")  # fmt: skip
    return InputError("frontier", f"a value of {goal} for every variant", f"none for {variant}",
                      "use more --replicates, or a design with more days or a larger sample")  # fmt: skip


def _by_facts(
    design: Design, rows: NDArray[np.intp], chosen: Sequence[int],
) -> list[tuple[dict[str, float], list[int]]]:
    """Group variants by their facts, because one world has one set of facts; groups keep the order of first use."""
    found: dict[tuple[tuple[str, float], ...], list[int]] = {}
    for n in chosen:
        found.setdefault(tuple(sorted(design.facts(rows[n].tolist()).items())), []).append(n)
    return [(dict(facts), alike) for facts, alike in found.items()]


def _variants(
    design: Design, rows: NDArray[np.intp], tried: NDArray[np.intp], goals: Floats, stands: Floats,
) -> pd.DataFrame:
    cost = np.array([design.cost(rows[n].tolist()) for n in tried])
    by = dominators(np.column_stack([goals, cost]))  # cheaper reforms with less effect stay
    names = [design.name(rows[n].tolist()) for n in tried]
    made = pd.DataFrame({
        "variant": names, "cost": cost, "exposure_change": goals[:, 0],
        "usefulness_change": -goals[:, 1], "exposure_ratio": 1 + goals[:, 0] / stands[0],
        "usefulness_ratio": 1 - goals[:, 1] / stands[1], "front": by < 0,
        "dominated_by": [names[n] if n >= 0 else "" for n in by],
    })  # fmt: skip
    for n, lever in enumerate(design.lever):
        made[lever.id] = [lever.option[choice].id for choice in rows[tried, n]]
    return made


def _confirmed(
    design: Design, rows: NDArray[np.intp], front: Sequence[int], fresh: Ran, goals: tuple[str, str],
) -> pd.DataFrame:
    """Compare the front with the current policy on fresh replicates, by the same rules as any study."""
    arms = list(dict.fromkeys([f"v{0:05d}", *(f"v{n:05d}" for n in front)]))
    notes = pd.DataFrame(columns=["policy", "replicate", "metric", "curve", "note"])
    count = fresh.metrics["replicate"].nunique()
    found = compare(fresh.metrics.drop(columns="point"), notes, fresh.skewness, arms, arms[0], goals[0], count, False)
    rows_of = {(row["policy"], row["metric"]): row for row in found.to_dict("records")}
    made = []
    for n in front:
        row: dict[str, Any] = {"variant": design.name(rows[n].tolist()), "cost": design.cost(rows[n].tolist())}
        said = []
        for goal, name in zip(goals, ("exposure", "usefulness"), strict=True):
            one = rows_of[f"v{n:05d}", goal]
            ratio, delta = (one["ratio"], one["delta"]) if n else (1.0, 0.0)
            ends = (("mean", one["mean"]), ("delta", delta), ("ratio", ratio), ("low", one["ratio_low"]),
                    ("high", one["ratio_high"]))  # fmt: skip
            row |= {f"{name}_{key}": float(value) for key, value in ends}
            row["n"] = int(one["n"])
            said += [f"{name}: {one['note']}"] if one["note"] and n else []
        made.append(row | {"note": "; ".join(said)})
    return pd.DataFrame(made).sort_values("exposure_ratio", ignore_index=True)


def _with_ends(row: Mapping[Any, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{row[f'{name}_ratio']:.3g}" + ("" if math.isnan(low) else f" [{low:.3g}, {high:.3g}]")
