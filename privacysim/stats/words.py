"""A comparison said in words: the verdict first, then the size with its interval."""

from __future__ import annotations

from privacysim.stats.intervals import Estimate


def percent(share: float) -> str:
    """A share as a percentage with two significant digits.

    >>> percent(0.3141), percent(0.0312), percent(0.9996)
    ('31', '3.1', '99.96')
    """
    value = 100 * share
    if abs(value) > 99 and abs(value) < 100:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.0f}" if abs(value) >= 10 or value == 0 else f"{value:.2g}"


def change_in_words(what: str, ratio: Estimate, p: float | None = None) -> str:
    """One sentence about a ratio of means against a baseline; `p` is the adjusted p that decides, where there is one.

    >>> change_in_words("people identified", Estimate(0.69, 0.65, 0.73, 1e-6))
    'lowers people identified by 31 % [27, 35]'
    >>> change_in_words("people identified", Estimate(0.97, 0.90, 1.04, 0.4))
    'no difference could be shown in people identified (−3 % [−10, +4])'
    >>> change_in_words("people identified", Estimate(3.2, 2.8, 3.6, 1e-6))
    'multiplies people identified by 3.2 [2.8, 3.6]'
    """
    value, low, high = ratio.value, ratio.low, ratio.high
    if low is None or high is None:
        return f"{_point(value)} {what} (no interval)"
    decided = (ratio.p if p is None else p) or 0.0
    if low <= 1.0 <= high or decided >= 0.05:
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


def _point(ratio: float) -> str:
    if ratio >= 2.0:
        return f"{ratio:.3g} times the"
    return f"{_signed(ratio - 1)} % in"
