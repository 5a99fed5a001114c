"""Global sensitivity indices of Sobol and Morris, computed by SALib on points from `scipy.stats.qmc`.

Sobol: the share of the answer's variance that a factor explains alone (S1) and with all its interactions (ST), by
Saltelli's estimators (Saltelli 2010, doi:10.1016/j.cpc.2009.09.018). Morris: elementary effects on a grid of
trajectories (Morris 1991, doi:10.2307/1269043), to screen many factors with few runs. μ* is the mean size of a
step's effect; σ measures how much it depends on the other factors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import InputError, require
from privacysim.robustness.factors import Factor

Floats = NDArray[np.float64]
Answer = Callable[[Floats], Floats]
"""Values of the factors (points, factors) → answer at each point."""


def _problem(factors: Sequence[Factor]) -> dict[str, object]:
    if not factors:
        raise InputError("factors", "at least one factor", "none", "name factors that have a range")
    return {"num_vars": len(factors), "names": [f.name for f in factors], "bounds": [[0.0, 1.0]] * len(factors)}


def _at(factors: Sequence[Factor], shares: Floats) -> Floats:
    return np.column_stack([factor.at(shares[:, n]) for n, factor in enumerate(factors)])


def latin_hypercube(factors: Sequence[Factor], points: int, seed: int) -> Floats:
    """Latin hypercube sample (points, factors) that fills the ranges evenly, for single factors and, optimised, pairs.

    >>> latin_hypercube([Factor("x", "fact", 0.5, 0.0, 1.0)], 4, 1).shape
    (4, 1)
    """
    from scipy.stats import qmc

    return _at(factors, qmc.LatinHypercube(len(factors), rng=seed, optimization="random-cd").random(points))


def sobol_points(factors: Sequence[Factor], n: int, seed: int) -> Floats:
    """Saltelli's sample: n · (factors + 2) points, n a power of two."""
    sobol = require("analysis", "SALib.sample.sobol", where="sobol")
    if n < 2 or n & (n - 1):
        raise InputError("samples", "a power of two", n, f"write {1 << max(1, n - 1).bit_length()}")
    return _at(factors, sobol.sample(_problem(factors), n, calc_second_order=False, seed=seed))


def sobol_indices(factors: Sequence[Factor], answers: Floats, seed: int) -> pd.DataFrame:
    """S1 and ST with 95 % bootstrap half-widths, from the answers at `sobol_points`; largest ST first.

    Raises an InputError if the answers do not vary.
    """
    sobol = require("analysis", "SALib.analyze.sobol", where="sobol")
    _check(answers)
    found = sobol.analyze(_problem(factors), answers, calc_second_order=False, seed=seed)
    table = pd.DataFrame({
        "factor": [f.name for f in factors], "s1": found["S1"], "s1_half_width": found["S1_conf"], "st": found["ST"],
        "st_half_width": found["ST_conf"], "source": [f.source for f in factors],
    })  # fmt: skip
    return table.sort_values("st", ascending=False, kind="stable", ignore_index=True)


def morris_points(factors: Sequence[Factor], trajectories: int, seed: int) -> Floats:
    """Morris's sample: trajectories · (factors + 1) points on a grid of four levels."""
    morris = require("analysis", "SALib.sample.morris", where="morris")
    return _at(factors, morris.sample(_problem(factors), trajectories, num_levels=4, seed=seed))


def morris_indices(factors: Sequence[Factor], shares: Floats, answers: Floats, seed: int) -> pd.DataFrame:
    """μ, μ* (with 95 % half-width) and σ, largest μ* first; `shares` are the points as shares of the ranges."""
    morris = require("analysis", "SALib.analyze.morris", where="morris")
    _check(answers)
    found = morris.analyze(_problem(factors), shares, answers, num_levels=4, seed=seed)
    table = pd.DataFrame({
        "factor": [f.name for f in factors], "mu": found["mu"], "mu_star": found["mu_star"],
        "mu_star_half_width": found["mu_star_conf"], "sigma": found["sigma"], "source": [f.source for f in factors],
    })  # fmt: skip
    return table.sort_values("mu_star", ascending=False, kind="stable", ignore_index=True)


def shares_of(factors: Sequence[Factor], values: Floats) -> Floats:
    """Convert values to shares of the ranges, the inverse of `Factor.at`."""
    columns = []
    for n, factor in enumerate(factors):
        x = values[:, n]
        if factor.logarithmic:
            columns.append(np.log(x / factor.low) / np.log(factor.high / factor.low))
        else:
            columns.append((x - factor.low) / (factor.high - factor.low))
    return np.column_stack(columns)


def _check(answers: Floats) -> None:
    if not np.isfinite(answers).all():
        raise InputError("answers", "a number at every point", "some points have none", "leave out what breaks them")
    if np.ptp(answers) == 0:
        raise InputError("answers", "answers that vary", "the same at every point", "vary other factors")
