"""Uncertainty of the facts: the answer over worlds, its direction, and the share of its spread due to facts.

World j has its own facts and its own replicate, so its answer y varies with both. Over n worlds:

- the *range* runs from the order statistic at 0.025·(n + 1) to that at 0.975·(n + 1), interpolated; up to forty worlds
  it runs from the smallest to the largest, and a further world lies within it with probability (n − 1)/(n + 1);
- every tenth world has a second replicate. Half the mean squared difference of such pairs estimates the variance by
  chance, σ²; the other n − m worlds give the variance of y, s². The share of the facts is 1 − σ²/s². Its interval
  follows from F with Satterthwaite's degrees of freedom (1946), 2·mean²/variance of either part, since chance is larger
  in some worlds than in others; the estimate from m pairs is widened by (m + 2)/m;
- a fact *stands out* if the rank correlation of its values with y is larger than the largest one of all facts is in
  95 % of permutations of the worlds (Westfall and Young 1993), so in 95 % of studies in which no fact matters, none
  stands out.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import fdtri
from scipy.stats import binom

from privacysim.draws import Floats, Ints, stream_key, uniforms
from privacysim.facts import fact_titles
from privacysim.simulation.unit_parts import WORLD
from privacysim.stats import Estimate, percent, short, wilson

_ENDS_OF = 40
"""Up to so many worlds, the range is from the least to the largest."""
_PERMUTATIONS = 999
_LEVEL = 0.95


class Spread(NamedTuple):
    """One answer over worlds: range, its coverage, worlds below 1, share of the facts, and facts that stand out."""

    worlds: int
    low: float
    high: float
    holds: float
    lower: Estimate
    facts: Estimate | None
    outstanding: tuple[str, ...]
    varied: int

    def words(self) -> str:
        """Describe the spread of a ratio in one sentence, with the titles of the facts that stand out.

        >>> Spread(40, 0.6, 1.1, 39 / 41, Estimate(0.9), Estimate(0.8, 0.5, 0.9), ("compliance",), 120).words()
        'over what is not known −40 % to +10 % (95 % of worlds), lower in 36 of 40; 80 % of this spread [50, 90] is facts; of 120 facts, these stand out: Compliance with a prohibition'
        """  # noqa: E501
        ends = " to ".join(f"{'−' if end < 1 else '+'}{percent(abs(1 - end))} %" if end < 2 else f"{short(end)} times"
                           for end in (self.low, self.high))  # fmt: skip
        said = (f"over what is not known {ends} ({percent(self.holds)} % of worlds), "
                f"lower in {round(self.lower.value * self.worlds)} of {self.worlds}")  # fmt: skip
        if self.facts is not None:
            between = f" [{percent(self.facts.low or 0.0)}, {percent(self.facts.high or 0.0)}]"
            said += f"; {percent(self.facts.value)} % of this spread{between} is facts"
        if not self.varied:
            return said
        names = "; ".join(fact_titles().get(one, one) for one in self.outstanding)
        return said + f"; of {self.varied} facts, {f'these stand out: {names}' if names else 'none stands out'}"


def world_range(values: ArrayLike) -> tuple[float, float, float]:
    """Return both ends of the range over worlds, and the probability that a further world lies within it.

    >>> world_range(range(39)), world_range(range(1, 100))
    ((0.0, 38.0, 0.95), (2.5, 97.5, 0.95))
    """
    y = np.sort(np.asarray(values, dtype=np.float64))
    if y.size <= _ENDS_OF:
        return float(y[0]), float(y[-1]), (y.size - 1) / (y.size + 1)
    at = np.array([0.025, 0.975]) * (y.size + 1) - 1.0
    low, high = np.interp(at, np.arange(y.size), y)
    return float(low), float(high), _LEVEL


FEWEST_ENDS = math.ceil(math.log((1 - _LEVEL) / 2) / math.log((1 + _LEVEL) / 2))
"""With fewer worlds (146), the interval of an end of the range has no outer bound."""


def ends_error(values: ArrayLike) -> float:
    """Half-width of the wider of the intervals in which the two ends of the range over all possible worlds lie.

    The ends are quantiles q of the law of worlds, at p = 2.5 and 97.5 %. The number of n worlds below q is binomial
    (n, p), so q lies between two order statistics in 95 % of studies, whatever the law (David and Nagaraja 2003, Order
    Statistics, section 7.1). Relative to the end where that is above 1. Infinite below `FEWEST_ENDS` worlds.

    >>> ends_error(range(145)), ends_error([0.5] * 146)
    (inf, 0.0)
    """
    y = np.sort(np.asarray(values, dtype=np.float64))
    if y.size < FEWEST_ENDS:
        return math.inf
    tails = [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]
    inner, outer = (int(at) for at in binom.ppf(tails, y.size, tails[0]))
    widths = zip(((y[outer] - y[inner - 1]) / 2, (y[-inner] - y[-outer - 1]) / 2), world_range(y)[:2], strict=True)
    return float(max(half / max(1.0, end) for half, end in widths))


def facts_share(alone: ArrayLike, pairs: Sequence[tuple[float, float]]) -> Estimate | None:
    """Share of the variance over worlds due to facts; None without two pairs or without variance.

    `alone`: answers of worlds with one replicate; `pairs`: both answers of worlds with two.
    """
    y, both = np.asarray(alone, dtype=np.float64), np.asarray(pairs, dtype=np.float64).reshape(-1, 2)
    if y.size < 3 or len(both) < 2 or (spread := float(y.var(ddof=1))) == 0.0:
        return None
    by_chance = (both[:, 0] - both[:, 1]) ** 2 / 2.0
    ratio = float(by_chance.mean()) / spread
    if ratio == 0.0:
        return Estimate(1.0, 1.0, 1.0)
    uneven = max(float(by_chance.var(ddof=1) / by_chance.mean() ** 2), 2.0) * (1.0 + 2.0 / len(both))
    tails_of_y = max(float(((y - y.mean()) ** 4).mean() / y.var() ** 2) - 1.0, 2.0)
    tails = fdtri(2.0 * (y.size - 1) / tails_of_y, 2.0 * len(both) / uneven, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    value, high, low = (min(max(1.0 - ratio * factor, 0.0), 1.0) for factor in (1.0, *tails))
    return Estimate(value, low, high)


def standing_out(drawn: pd.DataFrame, *answers: ArrayLike) -> tuple[str, ...]:
    """Facts (columns of `drawn`, one row a world) whose rank correlation with any of the answers beats permuted ones.

    The limit is that of the largest correlation of all facts with all answers, so the 5 % hold for them together.
    """
    x = drawn.rank().to_numpy(dtype=np.float64)
    y = np.column_stack([pd.Series(np.asarray(one)).rank() for one in answers])
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    of_x, of_y = (np.sqrt((one**2).sum(axis=0)) for one in (x, y))
    if len(y) < _ENDS_OF // 2 or not (of_x > 0).any() or not (of_y > 0).any():
        return ()
    x, y = x[:, of_x > 0] / of_x[of_x > 0], (y[:, of_y > 0] / of_y[of_y > 0]).T
    largest = np.max([np.abs(one[_orders(len(x))] @ x).max(axis=1) for one in y], axis=0)
    limit = np.quantile(largest, _LEVEL, method="higher")
    seen: Floats = np.abs(y @ x).max(axis=0)
    names = drawn.columns[of_x > 0]
    return tuple(str(names[n]) for n in np.argsort(-seen) if seen[n] > limit)


@lru_cache(maxsize=4)
def _orders(worlds: int) -> Ints:
    return np.argsort(uniforms(stream_key(185, 0, "worlds permuted"), np.arange(_PERMUTATIONS), worlds), axis=1)


def ratios(worlds: pd.DataFrame, metric: str, curve: str, policy: str, baseline: str) -> pd.Series:
    """Ratio of a policy to the baseline in each replicate of each world, where the baseline is not 0."""
    rows = worlds[(worlds["metric"] == metric) & (worlds["curve"] == curve)]
    b, a = (rows[rows["policy"] == arm].set_index("replicate")["value"] for arm in (policy, baseline))
    found = (b / a)[lambda values: np.isfinite(values)]
    return found.sort_index()


def spread(found: pd.Series, world_facts: pd.DataFrame) -> Spread | None:
    """Summarise ratios by replicate number (`WORLD` + j, and 2·`WORLD` + j where repeated); None below three worlds."""
    once = found[found.index < 2 * WORLD]
    if len(once) < 3:
        return None
    again = found[found.index >= 2 * WORLD]
    paired = [k for k in again.index if k - WORLD in once.index]
    y = np.log(found) if (found > 0).all() else found
    alone = y[[k for k in once.index if k + WORLD not in again.index]]
    share = facts_share(alone, [(y[k - WORLD], y[k]) for k in paired])
    drawn = world_facts.pivot(index="world", columns="fact", values="value").reindex(once.index % WORLD)
    low, high, holds = world_range(once)
    return Spread(len(once), low, high, holds, wilson(int((once < 1).sum()), len(once)), share,
                  standing_out(drawn, once.to_numpy()), drawn.shape[1])  # fmt: skip
