"""Scenario discovery: boxes in the space of uncertain factors where a policy misses its goal (PRIM), in words.

The method is Friedman and Fisher 1999 (doi:10.1023/A:1008894516817), used for scenario discovery by Bryant and Lempert
2010 (doi:10.1016/j.techfore.2009.08.002). It peels thin slices off the whole space where failure is rarest, until the
box is small, then removes limits that have no effect. *Coverage* is the share of all failures that lie in the box;
*density* is the share of the box that fails. A limit is kept only if chance alone would rarely produce it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from privacysim.errors import InputError
from privacysim.robustness.factors import Factor

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Box:
    """A box: limits (low, high) by factor name, coverage, density, and the numbers of points and failures."""

    limits: dict[str, tuple[float, float]]
    coverage: float
    density: float
    points: int
    failures: int

    def words(self, factors: Sequence[Factor], what: str = "fails") -> str:
        """Describe the box in one sentence, each limit with its unit; says so if the box has no limits."""
        known = {factor.name: factor for factor in factors}
        said = [_limit(known[name], *ends) for name, ends in self.limits.items()]
        if not said:
            return f"{what} in {self.failures} of {self.points} worlds, and no box of the uncertain numbers tells where"
        return (f"{what} when {' and '.join(said)} (covers {100 * self.coverage:.0f} % of the failures; "
                f"{100 * self.density:.0f} % of these worlds fail)")  # fmt: skip


def find_box(
    factors: Sequence[Factor], values: Floats, fails: Flags, *, peel: float = 0.05, least: float = 0.05,
) -> Box:
    """Find the box of failures: `values` (points, factors), `fails` one flag per point.

    Each peel removes at most the share `peel` of the remaining points; a box holds at least the share `least` of all
    points. The result is the box on the way with the largest F1 (harmonic mean of coverage and density).
    """
    if not fails.any() or fails.all():
        raise InputError("goal", "a goal that some worlds miss and some reach",
                         "all miss it" if fails.all() else "all reach it", "set another goal")  # fmt: skip
    inside = np.ones(fails.size, dtype=bool)
    best, best_score = inside, _score(inside, fails)
    fewest = max(2, int(np.ceil(least * fails.size)))
    while inside.sum() > fewest:
        smaller = _peeled(values, fails, inside, peel, fewest)
        if smaller is None:
            break
        inside = smaller
        score = _score(inside, fails)
        if score > best_score + 1e-12:
            best, best_score = inside, score
    return _described(factors, values, fails, best)


def find_boxes(factors: Sequence[Factor], values: Floats, fails: Flags, most: int = 3) -> list[Box]:
    """Find up to `most` boxes, each for failures not covered so far; stops when no box is better than chance."""
    left, boxes = np.ones(fails.size, dtype=bool), list[Box]()
    while len(boxes) < most and fails[left].any() and not fails[left].all():
        box = find_box(factors, values[left], fails[left])
        if not box.limits:
            break
        inside = within(factors, values, box)
        hit = int((inside & fails).sum())
        boxes.append(Box(box.limits, hit / int(fails.sum()), hit / int(inside.sum()), fails.size, int(fails.sum())))
        left &= ~inside
    return boxes


def within(factors: Sequence[Factor], values: Floats, box: Box) -> Flags:
    """Flag the points that lie in the box."""
    inside = np.ones(len(values), dtype=bool)
    for n, factor in enumerate(factors):
        low, high = box.limits.get(factor.name, (-np.inf, np.inf))
        inside &= (values[:, n] >= low) & (values[:, n] <= high)
    return inside


def _score(inside: Flags, fails: Flags) -> float:
    hit = float((inside & fails).sum())
    return 2 * hit / float(inside.sum() + fails.sum())


def _peeled(values: Floats, fails: Flags, inside: Flags, peel: float, fewest: int) -> Flags | None:
    """Return the box after its best peel: the one that raises the mean failure most per removed point."""
    best, gain = None, 0.0
    before = float(fails[inside].mean())
    for n in range(values.shape[1]):
        x = values[inside, n]
        for keep in (values[:, n] > np.quantile(x, peel), values[:, n] < np.quantile(x, 1 - peel)):
            smaller = inside & keep
            gone = int(inside.sum() - smaller.sum())
            if gone == 0 or smaller.sum() < fewest:
                continue
            rise = (float(fails[smaller].mean()) - before) / gone
            if best is None or rise > gain:
                best, gain = smaller, rise
    return best


def _described(factors: Sequence[Factor], values: Floats, fails: Flags, inside: Flags) -> Box:
    """Return the box that bounds the flagged points, without limits that chance alone could explain."""
    limits: dict[str, tuple[float, float]] = {}
    for n, factor in enumerate(factors):
        low, high = float(values[inside, n].min()), float(values[inside, n].max())
        low_free, high_free = low <= values[:, n].min(), high >= values[:, n].max()
        if not (low_free and high_free):
            limits[factor.name] = (-np.inf if low_free else low, np.inf if high_free else high)
    box = _eased(factors, values, fails, Box(limits, 0.0, 0.0, fails.size, int(fails.sum())))
    limits = box.limits
    for name in sorted(limits, key=lambda name: _chance(factors, values, fails, box, name), reverse=True):
        if _chance(factors, values, fails, box, name) > 0.05:
            box = Box({k: v for k, v in box.limits.items() if k != name}, 0.0, 0.0, box.points, box.failures)
    found = within(factors, values, box)
    hit = int((found & fails).sum())
    return Box(box.limits, hit / int(fails.sum()), hit / int(found.sum()), fails.size, int(fails.sum()))


def _eased(factors: Sequence[Factor], values: Floats, fails: Flags, box: Box) -> Box:
    """Drop each end of a limit that adds less than a hundredth to F1, since it was peeled by chance."""
    for name in list(box.limits):
        for end in (0, 1):
            before = _score(within(factors, values, box), fails)
            ends = list(box.limits.get(name, (-np.inf, np.inf)))
            ends[end] = (-np.inf, np.inf)[end]
            wider = {key: ends_ for key, ends_ in {**box.limits, name: (ends[0], ends[1])}.items()
                     if np.isfinite(ends_).any()}  # fmt: skip
            free = Box(wider, 0.0, 0.0, box.points, box.failures)
            if _score(within(factors, values, free), fails) >= before - 0.01:
                box = free
    return box


def _chance(factors: Sequence[Factor], values: Floats, fails: Flags, box: Box, name: str) -> float:
    """Probability of so many failures in the box if this limit were irrelevant (Bryant and Lempert's quasi-p)."""
    without = Box({k: v for k, v in box.limits.items() if k != name}, 0.0, 0.0, box.points, box.failures)
    inside, outside = within(factors, values, box), within(factors, values, without)
    hits, size = int((inside & fails).sum()), int(inside.sum())
    p = float(fails[outside].mean())
    return 1.0 if hits == 0 or p >= 1.0 else float(bdtrc(hits - 1, size, p))


def _limit(factor: Factor, low: float, high: float) -> str:
    unit = f" {factor.unit}" if factor.unit else ""
    if np.isinf(low):
        return f"{factor.name} is below {high:.3g}{unit}"
    if np.isinf(high):
        return f"{factor.name} is above {low:.3g}{unit}"
    return f"{factor.name} is between {low:.3g} and {high:.3g}{unit}"
