"""Multi-objective search over choices that take minutes each, steered by Gaussian processes.

Each goal has its own process (scikit-learn, Matérn 5/2, one length scale per dimension, the replicates' noise on the
diagonal). For evenly spread weights between the goals, a batch takes the untried choice whose optimistic prediction
(mean − 2 standard deviations) has the smallest augmented Chebyshev value (ParEGO's scalarisation, Knowles 2006,
doi:10.1109/TEVC.2005.851274). Five-fold cross-validation measures the accuracy of the processes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import require

Floats = NDArray[np.float64]


def nondominated(goals: Floats) -> NDArray[np.bool_]:
    """Flag the rows of (choices, goals) that no other row beats by being no larger in all goals and smaller in one.

    >>> nondominated(np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 3.0]])).tolist()
    [True, True, False]
    """
    keep = np.ones(len(goals), dtype=bool)
    for n, mine in enumerate(goals):
        better = (goals <= mine).all(axis=1) & (goals < mine).any(axis=1)
        keep[n] = not better.any()
    return keep


def dominators(goals: Floats) -> NDArray[np.intp]:
    """For each row, the row on the front that beats it by most over all goals; −1 for rows on the front."""
    front = np.flatnonzero(nondominated(goals))
    spread = np.ptp(goals, axis=0)
    scaled = goals / np.where(spread > 0, spread, 1.0)
    found = np.full(len(goals), -1, dtype=np.intp)
    for n, mine in enumerate(goals):
        better = front[((goals[front] <= mine).all(axis=1)) & ((goals[front] < mine).any(axis=1))]
        if better.size:
            found[n] = better[np.argmin(scaled[better].sum(axis=1))]
    return found


Evaluate = Callable[[NDArray[np.intp]], tuple[Floats, Floats]]
"""Rows of the pool → goals (choices, goals), all to be minimised, and their squared standard errors."""
_FIT = 400
"""Largest number of choices that a process is fitted to: the front and the latest ones first."""


@dataclass(frozen=True)
class Searched:
    """Rows of the pool that were tried, in order, their goals and squared errors, and the processes' accuracy."""

    tried: NDArray[np.intp]
    goals: Floats
    errors2: Floats
    worth: pd.DataFrame


def search(pool: Floats, evaluate: Evaluate, tries: int, *, first: int, batch: int, seed: int) -> Searched:
    """Try `tries` rows of `pool` (choices, dimensions in 0 to 1): the `first` rows in order, then steered batches.

    If the pool has at most `tries` rows, all are tried without steering.
    """
    size = min(tries, len(pool))
    tried = np.arange(size if size == len(pool) else min(first, size), dtype=np.intp)
    goals, errors2 = evaluate(tried)
    models: list[_Model | None] = [None] * goals.shape[1]
    while tried.size < size:
        left = np.setdiff1d(np.arange(len(pool)), tried)
        wanted = min(batch, size - tried.size)
        models = [_fitted(pool[tried], goals[:, g], errors2[:, g], seed, model) for g, model in enumerate(models)]
        new = left[_promising(models, pool[left], goals, wanted)]
        found, noise = evaluate(new)
        tried, goals = np.concatenate([tried, new]), np.vstack([goals, found])
        errors2 = np.vstack([errors2, noise])
    return Searched(tried, goals, errors2, _worth(pool[tried], goals, errors2, seed, models))


@dataclass(frozen=True)
class _Model:
    process: object
    middle: float
    spread: float

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        mean, sd = self.process.predict(x, return_std=True)  # type: ignore[attr-defined]
        return mean * self.spread + self.middle, sd * self.spread


def _fitted(x: Floats, y: Floats, noise: Floats, seed: int, like: _Model | None = None) -> _Model:
    """Fit a process to these choices; starting from the length scales of `like` makes it much faster."""
    import warnings

    require("analysis", "sklearn", where="frontier")
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from threadpoolctl import threadpool_limits

    if len(x) > _FIT:
        kept = np.argsort(y, kind="stable")[: _FIT // 2]
        kept = np.unique(np.concatenate([kept, np.arange(len(x) - (_FIT - kept.size), len(x))]))
        x, y, noise = x[kept], y[kept], noise[kept]
    spread = float(y.std()) or 1.0
    middle = float(y.mean())
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern([0.5] * x.shape[1], (0.05, 20.0), nu=2.5)
    kernel = kernel + WhiteKernel(1e-4, (1e-8, 1.0)) if like is None else like.process.kernel_  # type: ignore[attr-defined]
    process = GaussianProcessRegressor(
        kernel, alpha=np.maximum(noise / spread**2, 1e-8), random_state=seed, n_restarts_optimizer=0
    )
    with warnings.catch_warnings(), threadpool_limits(limits=1):  # more threads would only wait
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length scale at its bound: a lever that does nothing
        process.fit(x, (y - middle) / spread)
    return _Model(process, middle, spread)


def _promising(models: Sequence[_Model | None], x: Floats, goals: Floats, wanted: int) -> NDArray[np.intp]:
    front = goals[nondominated(goals)]  # scale by the front, not by the worst choices: else the search favours one end
    low, high = front.min(axis=0), front.max(axis=0)
    whole = np.ptp(goals, axis=0)
    spread = np.where(high > low, high - low, np.where(whole > 0, whole, 1.0))
    columns = []
    for g, model in enumerate(models):
        assert model is not None
        mean, sd = model.predict(x)
        columns.append((mean - 2.0 * sd - low[g]) / spread[g])
    hoped = np.column_stack(columns)
    chosen: list[int] = []
    free = np.ones(len(x), dtype=bool)
    for weight in _weights(goals.shape[1], wanted):
        value = (weight * hoped).max(axis=1) + 0.05 * (weight * hoped).sum(axis=1)
        best = int(np.argmin(np.where(free, value, np.inf)))
        free[best] = False
        chosen.append(best)
    return np.array(chosen, dtype=np.intp)


def _weights(goals: int, wanted: int) -> Floats:
    """Weights that sum to 1, spread evenly between the goals."""
    from scipy.stats import qmc

    if goals == 2:
        w = (np.arange(wanted) + 0.5) / wanted
        return np.column_stack([w, 1 - w])
    raw = -np.log(np.clip(qmc.Halton(goals, scramble=False).random(wanted + 1)[1:], 1e-9, 1.0))
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))


def _worth(x: Floats, goals: Floats, errors2: Floats, seed: int, models: Sequence[_Model | None]) -> pd.DataFrame:
    """Cross-validate by fifths: share of variance explained, and how often the 95 % interval covered the value."""
    rows = []
    fold = np.arange(len(x)) % 5
    for g in range(goals.shape[1]):
        if len(x) < 10 or np.ptp(goals[:, g]) == 0:
            continue
        mean, sd, model = np.empty(len(x)), np.empty(len(x)), models[g]
        for k in range(5):
            out = fold == k
            model = _fitted(x[~out], goals[~out, g], errors2[~out, g], seed, model)
            mean[out], sd[out] = model.predict(x[out])
        missed = goals[:, g] - mean
        explained = 1.0 - float((missed**2).sum() / ((goals[:, g] - goals[:, g].mean()) ** 2).sum())
        inside = np.abs(missed) <= 1.96 * np.sqrt(sd**2 + errors2[:, g])
        rows.append((g, len(x), explained, float(inside.mean())))
    return pd.DataFrame(rows, columns=["goal", "n", "variance_explained", "interval_held"])
