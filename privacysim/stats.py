"""Confidence intervals for paired replicates: the same city, people and chances under rules A and B.

The primary estimand is the ratio of means B/A; its error is the jackknife's over paired replicates. The interval must
follow the distribution of d = B − θA. If its skewness γ is known (from a pilot), the ends are those of Hall's
transformed t (Hall 1992, J. R. Statist. Soc. B 54, 221), so that misses are about as frequent on either side.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from privacysim.draws import stream_key, uniforms

NUMPY_DEFAULTS: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
"""Numpy's own settings for floating-point errors, kept whatever the caller has asked of numpy."""
LEVEL = 0.95
_DRAWS = 20_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval; None where undefined."""

    value: float
    low: float | None = None
    high: float | None = None


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError("replicate values must be a non-empty list of finite numbers")
    return array


def _interval(value: float, error: float, n: int, skewness: float, critical: float | None) -> Estimate:
    """Student's t interval with n − 1 degrees of freedom, or a given critical value, corrected for a known skewness."""
    t = float(special.stdtrit(n - 1, 0.5 + LEVEL / 2)) if critical is None else critical
    a = skewness / math.sqrt(n)

    def back(x: float) -> float:  # the inverse of g(T) = T + aT²/3 + a²T³/27 + a/6
        return x if abs(a) < 1e-9 else 3.0 / a * float(np.cbrt(1.0 + a * (x - a / 6.0)) - 1.0)

    return Estimate(value, value - back(t) * error, value - back(-t) * error)


def mean(values: ArrayLike) -> Estimate:
    """Mean of the replicates with Student's t interval; no interval for one replicate."""
    return paired_difference(values, np.zeros(np.shape(values)))


def paired_difference(b: ArrayLike, a: ArrayLike, *, skewness: float = 0.0) -> Estimate:
    """Mean of B − A over paired replicates, with the t interval of the differences; `skewness`: that of B − A."""
    d = _finite(b) - _finite(a)
    if d.size < 2:
        return Estimate(float(d.mean()))
    return _interval(float(d.mean()), float(d.std(ddof=1)) / math.sqrt(d.size), d.size, skewness, None)


def paired_ratio(b: ArrayLike, a: ArrayLike, *, skewness: float = 0.0,
                 critical: float | None = None) -> Estimate | None:
    """Ratio θ of means mean(B)/mean(A) with a paired jackknife t interval; None if A's mean is 0.

    With θ₍ᵢ₎ the ratio without replicate i, the error is √((n−1)/n · Σ(θ₍ᵢ₎ − θ̄)²) and the reference is Student's t
    with n − 1 degrees of freedom (Tukey 1958; Efron and Tibshirani 1993, ch. 11), or `critical` (`simultaneous`).
    `skewness`: that of B − θA in one replicate.

    >>> paired_ratio([1.0, 2.0], [2.0, 4.0]).value, paired_ratio([1.0], [0.0]) is None
    (0.5, True)
    """
    b, a = _finite(b), _finite(a)
    n, total = a.size, float(a.sum())
    if total == 0.0:
        return None
    value, without = float(b.sum()) / total, ratios_without(b, a)
    if without is None:
        return Estimate(value)
    error = math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))
    # if B is a fixed multiple of A, what is left is rounding
    return _interval(value, error if error > 1e-14 * abs(value) else 0.0, n, skewness, critical)


def ratios_without(b: ArrayLike, a: ArrayLike) -> NDArray[np.float64] | None:
    """Ratio of sums without each replicate in turn; None if there is no other, or A is 0 without it."""
    b, a = np.asarray(b, dtype=np.float64), np.asarray(a, dtype=np.float64)
    rest = float(a.sum()) - a
    return None if a.size < 2 or (rest == 0.0).any() else (float(b.sum()) - b) / rest


def simultaneous(without: ArrayLike) -> float:
    """Critical value with which all intervals together hold in 95 % of studies: that of the largest |t|.

    `without` (replicates, ratios): `ratios_without` of each. Their correlation R is estimated from them; the value is
    the 95 % quantile of max |z| / √(χ²/(n − 1)) with z ~ N(0, R), from 20,000 fixed draws. It lies between Student's t
    for one ratio and Bonferroni's for all of them.

    >>> x = np.arange(10.0)[:, None] ** [1, 2, 3]
    >>> bool(2.26 < simultaneous(x) < 2.6), bool(simultaneous(x[:, :1]) < 2.27)
    (True, True)
    """
    x = np.asarray(without, dtype=np.float64)
    x = x - x.mean(axis=0)
    size = np.sqrt((x**2).sum(axis=0))
    n, alone = len(x), float(special.stdtrit(len(x) - 1, 0.5 + LEVEL / 2))
    if int((size > 0).sum()) < 2:
        return alone
    t = np.abs(_t_draws(n) @ (x[:, size > 0] / size[size > 0])).max(axis=1)
    return max(alone, float(np.quantile(t, LEVEL)))


@lru_cache(maxsize=4)
def _t_draws(n: int) -> NDArray[np.float64]:
    """Draws (20,000, n) of z / √(χ²/(n − 1)), z independent standard normals."""
    u = uniforms(stream_key(185, 0, "simultaneous"), np.arange(_DRAWS), n + 1)
    made: NDArray[np.float64] = special.ndtri(u[:, :n]) / np.sqrt(special.chdtri(n - 1, u[:, n:]) / (n - 1))
    return made


def wilson(successes: int, n: int) -> Estimate:
    """Share of replicates with Wilson's score interval (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    if not 0 <= successes <= n or n == 0:
        raise ValueError("0 ≤ successes ≤ n and n > 0")
    z = float(special.ndtri(0.5 + LEVEL / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Estimate(share, 0.0 if successes == 0 else centre - half, 1.0 if successes == n else centre + half)


def nondominated(goals: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Flag the rows of (choices, goals) that no other row beats by being no larger in all goals and smaller in one."""
    return np.array([not ((goals <= mine).all(axis=1) & (goals < mine).any(axis=1)).any() for mine in goals],
                    dtype=bool)


FEWEST_REPLICATES = 10
"""With fewer replicates no interval is printed, regardless of skewness."""
FEWEST_CONTRIBUTORS = 30
"""With fewer effective contributors (`effective`) a value is "too few" and has no interval."""


def effective(whole: float, squares: float) -> float:
    """Effective number of contributors, (Σx)²/Σx²: how many equal ones would make the sum as uncertain (Kish 1965).

    >>> effective(4.0, 4.0), effective(101.0, 10_001.0) < 1.03, effective(0.0, 0.0)
    (4.0, True, 0.0)
    """
    return whole * whole / squares if squares else 0.0


def replicates_needed(skewness: float) -> int:
    """Number of replicates that an interval needs, by the skewness of its quantity: max(10, 25 γ²).

    Cochran 1977, Sampling Techniques, section 2.15.
    """
    return max(FEWEST_REPLICATES, math.ceil(25 * skewness * skewness - 1e-9))


def compound_poisson_skewness(contributions: ArrayLike) -> float:
    """Skewness of Σ Nᵢcᵢ if each root event i happens Nᵢ ~ Poisson(1) times and contributes cᵢ; 0 without any.

    The cumulants of a compound Poisson total are κₘ = Σ cᵢᵐ, so γ = Σ cᵢ³ / (Σ cᵢ²)^1.5.
    """
    c = np.asarray(contributions, dtype=np.float64)
    top = float(np.abs(c).max(initial=0.0))
    if top == 0.0:
        return 0.0
    c = c / top
    return float((c**3).sum() / (c**2).sum() ** 1.5)


def short(value: float) -> str:
    """Format a number with three significant digits, a thousands separator and a true minus sign.

    >>> short(0.5714), short(18.889), short(1234567.0), short(-0.25), short(0.0)
    ('0.571', '18.9', '1,230,000', '−0.25', '0')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "–"
    rounded = round(value, 2 - math.floor(math.log10(abs(value))))
    digits = max(0, 2 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:.2e}" if abs(rounded) < 1e-4 else f"{rounded:,.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text).replace("-", "−")


def interval_text(value: float, low: float, high: float) -> str:
    """Format a value with its interval, with enough digits to distinguish the ends; empty without a value.

    >>> interval_text(0.571, 0.5103, 0.6397), interval_text(12.0, math.nan, math.nan)
    ('0.571 [0.51, 0.64]', '12')
    """
    if math.isnan(value):
        return ""
    size, width = max(abs(low), abs(high)), high - low
    digits = min(max(3, 2 + math.ceil(math.log10(size / width))), 8) if width > 0 else 3
    texts = [f"{end:,.0f}" if abs(end) >= 10.0**digits or abs(end) >= 1000 else f"{end:.{digits}g}"
             for end in (value, low, high)]
    text = texts[0] if math.isnan(low) else f"{texts[0]} [{texts[1]}, {texts[2]}]"
    return text.replace("-", "−")


def percent(share: float) -> str:
    """Format a share as a percentage with two significant digits.

    >>> percent(0.3141), percent(0.0312), percent(0.9996)
    ('31', '3.1', '99.96')
    """
    value = 100 * share
    if 99 < abs(value) < 100:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.0f}" if abs(value) >= 10 or value == 0 else f"{value:.2g}"


def change_in_words(what: str, ratio: Estimate) -> str:
    """Describe a ratio of means to a baseline in words.

    >>> change_in_words("people identified", Estimate(0.69, 0.65, 0.73))
    'lowers people identified by 31 % [27, 35]'
    >>> change_in_words("people identified", Estimate(0.97, 0.90, 1.04))
    'no difference could be shown in people identified (−3 % [−10, +4])'
    >>> change_in_words("people identified", Estimate(3.2, 2.8, 3.6))
    'multiplies people identified by 3.2 [2.8, 3.6]'
    """
    value, low, high = ratio.value, ratio.low, ratio.high
    if low is None or high is None:
        return f"{f'{value:.3g} times the' if value >= 2.0 else f'{_signed(value - 1)} % in'} {what} (no interval)"
    if low <= 1.0 <= high:
        size = f"{_signed(value - 1)} % [{_signed(low - 1)}, {_signed(high - 1)}]"
        return f"no difference could be shown in {what} ({size})"
    if value >= 2.0:
        return f"multiplies {what} by {value:.3g} [{low:.3g}, {high:.3g}]"
    if value < 1.0:
        return f"lowers {what} by {percent(1 - value)} % [{percent(1 - min(high, 1.0))}, {percent(1 - max(low, 0.0))}]"
    return f"raises {what} by {percent(value - 1)} % [{percent(low - 1)}, {percent(high - 1)}]"


def _signed(share: float) -> str:
    text = percent(share)
    return text.replace("-", "−") if share < 0 else f"+{text}"
