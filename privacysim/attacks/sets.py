"""Anonymity sets: the number of people among whom somebody is seen.

The set of a person in a view (one camera, one window of time) is everybody in it. Two averages answer two questions
and are never mixed: *per view* (what does one picture show?) and *per person in view* (how hidden is a person who is
seen? Crowded views count more often).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from privacysim.attacks.points import code_points, columns, floats, squeezed
from privacysim.errors import InputError

Floats = NDArray[np.float64]
AVERAGES = ("per view", "per person in view")
_COLUMNS = ("average", "views", "mean_size", "mean_reciprocal", "alone", "below_k", "mean_bits")


def anonymity_sets(
    points: pd.DataFrame, *, user: str = "user", place: str | None = None, x: str = "x", y: str = "y",
    time: str | None = None, window_s: float | None = None, cell_m: float | None = None, below: int = 5,
    population: int | None = None, sample: int | None = None,
) -> pd.DataFrame:
    """Sizes of the sets in which people are seen: one row per average (`per view`, `per person in view`).

    `points`: one row per sighting. A view is a place (or square of `cell_m`) in one window of `window_s`, or over all
    time. Columns: `views`, `mean_size`, `mean_reciprocal` (an attacker who guesses), `alone`, `below_k` (share of sets
    smaller than `below`), `mean_bits` (log₂ of the size: the attacker's uncertainty).

    If the points are a simple random sample of `sample` out of `population` people, only the mean size is estimable. A
    person's own set has the unbiased mean 1 + (m − 1)(N − 1)/(n − 1), with m people of the sample in view. The other
    columns need everybody, or the flow field (`flow_sets`, which needs no sample).

    >>> seen = pd.DataFrame({"user": [1, 2, 3], "place": ["a", "a", "b"]})
    >>> anonymity_sets(seen, place="place")[["mean_size", "alone"]].round(2).values.tolist()
    [[1.5, 0.5], [1.67, 0.33]]
    """
    what = "anonymity_sets"
    coded = code_points(points, user=user, place=place, x=x, y=y, time=time, what=what, window_s=window_s)
    coded = coded if window_s is not None else replace(coded, time_s=None)
    view, _ = squeezed(columns(coded, cell_m, window_s, what))
    once = np.unique(view.astype(np.int64) * coded.users.size + coded.user)
    size = np.bincount(once // coded.users.size).astype(np.float64)
    if population is None and sample is None:
        return sets_table(size, below)
    if population is None or sample is None or not coded.users.size <= sample <= population:
        raise InputError(f"{what}, sample and population", "both, sample at most population, at least the users seen",
                         f"sample {sample}, population {population}", "say how many of how many")  # fmt: skip
    if sample < 2:
        raise InputError(f"{what}, sample", "at least 2 people", sample, "draw more people")
    hidden = 1.0 + (size - 1.0) * (population - 1.0) / (sample - 1.0)
    mean = float((hidden * size).sum() / size.sum())
    return pd.DataFrame({"average": [AVERAGES[1]], "views": [size.size], "mean_size": [mean]})


def sets_table(size: ArrayLike, below: int = 5) -> pd.DataFrame:
    """Both averages over views of these sizes (1 or more people each)."""
    m = floats(size, "sets_table, size", expected="numbers of people, 1 or more", least=1.0)
    if not m.size:
        raise InputError("sets_table, size", "at least one view", "none", "give the sizes of views that show anybody")
    rows = []
    for average, weight in zip(AVERAGES, (np.ones(m.size), m), strict=True):
        share = weight / weight.sum()
        rows.append((average, m.size, float((share * m).sum()), float((share / m).sum()), float(share[m == 1].sum()),
                     float(share[m < below].sum()), float((share * np.log2(m)).sum())))  # fmt: skip
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def poisson_sets(others: ArrayLike, below: int = 5) -> pd.DataFrame:
    """Both averages if the number of people in view v is Poisson with mean λ_v (`others`), from a flow.

    A person who is seen has K ~ Poisson(λ) others beside them: E[1/A] = (1 − e^−λ)/λ, P(alone) = e^−λ, with A = 1 + K.
    A view that has anybody (probability 1 − e^−λ) holds a Poisson number that is not 0. Columns: see `anonymity_sets`.

    >>> poisson_sets([1.0])[["mean_size", "alone"]].round(3).values.tolist()
    [[1.582, 0.582], [2.0, 0.368]]
    """
    from scipy.special import gammaln

    rate = floats(others, "poisson_sets, others", expected="finite means, 0 or more, not all 0", least=0.0)
    if not (rate > 0).any():
        raise InputError("poisson_sets, others", "finite means, 0 or more, not all 0", "none above 0",
                         "give expected counts of views in which there is somebody")  # fmt: skip
    rate = rate[rate > 0]
    k = np.arange(0, int(rate.max() + 12.0 * np.sqrt(rate.max()) + 30))
    rows = []
    for average in AVERAGES:
        per_view = average == AVERAGES[0]
        weight = -np.expm1(-rate) if per_view else rate
        # distribution of the set's size 1 + k, mixed over views
        chance = np.zeros(k.size)
        for chunk in range(0, rate.size, 4096):
            r, w = rate[chunk : chunk + 4096, None], weight[chunk : chunk + 4096, None]
            shift = 1 if per_view else 0
            logs = -r + (k + shift) * np.log(r) - gammaln(k + shift + 1.0)
            each = np.exp(logs)
            if per_view:
                each /= -np.expm1(-r)
            chance += (w * each).sum(axis=0)
        chance /= weight.sum()
        size = 1.0 + k
        rows.append((average, float(weight.sum()) if per_view else float((-np.expm1(-rate)).sum()),
                     float((chance * size).sum()), float((chance / size).sum()), float(chance[0]),
                     float(chance[size < below].sum()), float((chance * np.log2(size)).sum())))  # fmt: skip
    return pd.DataFrame(rows, columns=list(_COLUMNS))
