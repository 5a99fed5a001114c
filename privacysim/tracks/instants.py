"""Instants from strangers' files as seconds since 1970 (UTC); a bad clock is NaN, never a guess."""

from __future__ import annotations

import math
from datetime import UTC, datetime

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
