"""Are these coordinates? Latitude and longitude in degrees, checked one by one, each doubt with its line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from privacysim.errors import InputError, shown

WORST_SHARE = 0.5
"""Where more than this share of the rows cannot be used, the file as a whole is misunderstood."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be used: its line (of a JSON list: its number, from 1) and why. Never its coordinates."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


def degrees(text: object) -> float:
    """A number of degrees from what a file holds; anything else is NaN. A decimal comma is read as such.

    >>> degrees("62,2308"), degrees(" 25.7 "), degrees("1e999"), degrees(True)
    (62.2308, 25.7, inf, nan)
    """
    if isinstance(text, bool) or text is None:
        return math.nan
    if isinstance(text, int | float):
        return math.inf if abs(text) >= 1e300 else float(text)
    words = str(text).strip().rstrip("°")
    if words.count(",") == 1 and "." not in words:
        words = words.replace(",", ".")
    try:
        return float(words) if len(words) < 64 and "_" not in words else math.nan
    except ValueError:
        return math.nan


def position_error(lat: float, lon: float) -> str | None:
    """Why this is no position on the Earth, or None.

    >>> position_error(25.7, 62.2) is None, position_error(120.1, 30.2)
    (True, 'latitude beyond ±90 degrees: are latitude and longitude swapped?')
    """
    if math.isnan(lat) or math.isnan(lon):
        return "latitude or longitude is missing or no number"
    if math.isinf(lat) or math.isinf(lon):
        return "latitude or longitude is not finite"
    if abs(lat) > 90:
        swapped = abs(lat) <= 180 and abs(lon) <= 90
        return "latitude beyond ±90 degrees" + (": are latitude and longitude swapped?" if swapped else "")
    if abs(lon) > 180:
        return "longitude beyond ±180 degrees"
    if lat == 0 and lon == 0:
        return "0, 0 is the place of devices that know no place"
    return None


def refuse_if_misread(where: str, kept: int, rejects: Sequence[Reject], what: str) -> None:
    """No usable row, or more bad rows than good ones, is an InputError that shows the first reason."""
    if kept and len(rejects) <= WORST_SHARE * (kept + len(rejects)):
        return
    if not rejects:
        raise InputError(where, f"at least one {what}", "none", f"name a file that holds {what}s")
    swapped = sum("swapped" in reject.reason for reject in rejects) > len(rejects) / 2
    fix = "exchange the two columns" if swapped else "mend these rows, or name the right columns"
    got = f"{len(rejects)} of {kept + len(rejects)} rows unusable; {shown(rejects[0], 80)}"
    raise InputError(where, f"{what}s with latitude and longitude in degrees", got, fix)


_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def instant(text: object) -> float:
    """Seconds since 1970 of an ISO 8601 instant or a Unix time in seconds or milliseconds; else NaN.

    An instant without a zone is read as UTC: only differences matter to what is measured. Years before 1990 or from
    2100 on are what a clock says that was never set.

    >>> instant("2022-01-28T11:44:16Z"), instant("2022-01-28 12:44:16+01:00"), instant("1643370256000")
    (1643370256.0, 1643370256.0, 1643370256.0)
    >>> instant("1970-01-01T00:00:00Z"), instant("noon")
    (nan, nan)
    """
    words = str(text).strip()
    if not words or len(words) > 40:
        return math.nan
    try:
        seconds = float(words)
        if seconds > 1e11:
            seconds /= 1000.0
    except ValueError:
        try:
            when = datetime.fromisoformat(words)
            seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return math.nan
    return seconds if _EARLIEST <= seconds < _LATEST else math.nan
