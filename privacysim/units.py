"""Unit conversion: one internal unit each (seconds, metres, ticks of 0.1 s), converted once on input."""

import math
import re

TICKS_PER_S = 10
"""Internal time is int64 ticks of 0.1 s since 00:00 of day 0."""
DAY_S = 86_400
DAY_TICKS = DAY_S * TICKS_PER_S
HOUR_TICKS = 3_600 * TICKS_PER_S

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0, "week": 604_800.0, "year": 31_557_600.0}
_FORM = re.compile(r"^\s*([0-9]+(?:[._][0-9]+)*(?:e[+-]?[0-9]+)?)\s*([a-z]+)\s*$")


def duration_s(text: object) -> float:
    """Seconds from a duration with its unit.

    >>> duration_s("15 d")
    1296000.0
    """
    found = _FORM.match(text) if isinstance(text, str) else None
    if found and found.group(2) in _SECONDS:
        value = float(found.group(1).replace("_", "")) * _SECONDS[found.group(2)]
        if math.isfinite(value):
            return value
    raise ValueError(f'a duration with its unit ({", ".join(_SECONDS)}), such as "15 d"')


def duration_text(seconds: float) -> str:
    """Format a duration in the largest suitable unit."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= size and math.isclose(seconds / size, round(seconds / size, 2)):
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def ticks(seconds: float) -> int:
    """Convert seconds to ticks of 0.1 s, rounded to the nearest."""
    return round(seconds * TICKS_PER_S)
