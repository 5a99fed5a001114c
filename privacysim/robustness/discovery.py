"""Scenario discovery: boxes in the space of uncertain factors where a policy misses its goal (PRIM), in words.

Friedman and Fisher 1999 (doi:10.1023/A:1008894516817); Bryant and Lempert 2010 (doi:10.1016/j.techfore.2009.08.002).
Thin slices are peeled off where failure is rarest, until the box is small; limits without effect are removed, and those
that chance alone could produce. *Coverage*: share of all failures in the box; *density*: share of the box that fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from privacysim.draws import Bools, Floats
from privacysim.errors import InputError
from privacysim.robustness.factors import Factor

Flags = Bools
Limits = Mapping[str, tuple[float, float]]
_FREE = (-np.inf, np.inf)


@dataclass(frozen=True)
class Box:
    """A box: limits (low, high) by factor name, coverage, density, and the numbers of points and failures."""

    limits: Limits
    coverage: float
    density: float
    points: int
    failures: int

    def words(self, factors: Sequence[Factor], what: str = "fails") -> str:
        """Describe the box in one sentence, each limit with its unit; says so if the box has no limits."""
        units = {factor.name: f" {factor.unit}" if factor.unit else "" for factor in factors}
        said = [_limit(name, units[name], *ends) for name, ends in self.limits.items()]
        if not said:
            return f"{what} in {self.failures} of {self.points} worlds, and no box of the uncertain numbers tells where"
        return (f"{what} when {' and '.join(said)} (covers {100 * self.coverage:.0f} % of the failures; "
                f"{100 * self.density:.0f} % of these worlds fail)")  # fmt: skip


def _limit(name: str, unit: str, low: float, high: float) -> str:
    if np.isinf(low):
        return f"{name} is below {high:.3g}{unit}"
    if np.isinf(high):
        return f"{name} is above {low:.3g}{unit}"
    return f"{name} is between {low:.3g} and {high:.3g}{unit}"


def find_box(factors: Sequence[Factor], values: Floats, fails: Flags, *, peel: float = 0.05,
             least: float = 0.05) -> Box:
    """Find the box of failures: `values` (points, factors), `fails` one flag per point.

    Each peel removes at most the share `peel` of the remaining points; a box holds at least the share `least` of all
    points. The result is the box on the way with the largest F1 (harmonic mean of coverage and density).
    """
    if not fails.any() or fails.all():
        raise InputError("goal", "a goal that some worlds miss and some reach",
                         "all miss it" if fails.all() else "all reach it", "set another goal")  # fmt: skip
    inside: Flags | None = np.ones(fails.size, dtype=bool)
    best, best_score = inside, 0.0
    fewest = max(2, int(np.ceil(least * fails.size)))
    while inside is not None:
        if (score := _score(inside, fails)) > best_score + 1e-12:
            best, best_score = inside, score
        inside = _peeled(values, fails, inside, peel, fewest)
    limits = _limits(factors, values, fails, values[best])
    return _box(factors, values, fails, limits)


def find_boxes(factors: Sequence[Factor], values: Floats, fails: Flags, most: int = 3) -> list[Box]:
    """Find up to `most` boxes, each for failures not covered so far; stops when no box is better than chance."""
    left, boxes = np.ones(fails.size, dtype=bool), list[Box]()
    while len(boxes) < most and fails[left].any() and not fails[left].all():
        limits = find_box(factors, values[left], fails[left]).limits
        if not limits:
            break
        boxes.append(_box(factors, values, fails, limits))
        left &= ~within(factors, values, limits)
    return boxes


def within(factors: Sequence[Factor], values: Floats, limits: Limits) -> Flags:
    """Flag the points that lie within the limits."""
    low, high = np.array([limits.get(factor.name, _FREE) for factor in factors]).T
    return np.asarray(((values >= low) & (values <= high)).all(axis=1))


def _box(factors: Sequence[Factor], values: Floats, fails: Flags, limits: Limits) -> Box:
    inside = within(factors, values, limits)
    hit = int((inside & fails).sum())
    return Box(limits, hit / int(fails.sum()), hit / int(inside.sum()), fails.size, int(fails.sum()))


def _score(inside: Flags, fails: Flags) -> float:
    return 2 * float((inside & fails).sum()) / float(inside.sum() + fails.sum())


def _peeled(values: Floats, fails: Flags, inside: Flags, peel: float, fewest: int) -> Flags | None:
    """Return the box after its best peel: the one that raises the mean failure most per removed point."""
    best, gain = None, 0.0
    before, size = float(fails[inside].mean()), int(inside.sum())
    for x in values.T:
        low, high = np.quantile(x[inside], [peel, 1 - peel])
        for smaller in (inside & (x > low), inside & (x < high)):
            left = int(smaller.sum())
            if fewest <= left < size:
                rise = (float(fails[smaller].mean()) - before) / (size - left)
                if best is None or rise > gain:
                    best, gain = smaller, rise
    return best


def _limits(factors: Sequence[Factor], values: Floats, fails: Flags, inside: Floats) -> Limits:
    """Limits that bound the points inside, without ends that add nothing and limits that chance alone could explain."""
    limits: dict[str, tuple[float, float]] = {}
    for factor, x, mine in zip(factors, values.T, inside.T, strict=True):
        low, high = float(mine.min()), float(mine.max())
        limits[factor.name] = (low if low > x.min() else -np.inf, high if high < x.max() else np.inf)
    for name in limits:  # drop each end that adds less than a hundredth to F1, since it was peeled by chance
        for end in (0, 1):
            ends = (_FREE[0], limits[name][1]) if end == 0 else (limits[name][0], _FREE[1])
            wider, now = (within(factors, values, one) for one in (limits | {name: ends}, limits))
            if _score(wider, fails) >= _score(now, fails) - 0.01:
                limits[name] = ends
    limits = {name: ends for name, ends in limits.items() if ends != _FREE}
    for name in sorted(limits, key=lambda name: _chance(factors, values, fails, limits, name), reverse=True):
        if _chance(factors, values, fails, limits, name) > 0.05:
            del limits[name]
    return limits


def _chance(factors: Sequence[Factor], values: Floats, fails: Flags, limits: Limits, name: str) -> float:
    """Probability of so many failures in the box if this limit were irrelevant (Bryant and Lempert's quasi-p)."""
    inside = within(factors, values, limits)
    outside = within(factors, values, {**limits, name: _FREE})
    hits, size, p = int((inside & fails).sum()), int(inside.sum()), float(fails[outside].mean())
    return 1.0 if hits == 0 or p >= 1.0 else float(bdtrc(hits - 1, size, p))
