"""Numbers of summary.csv as a committee reads them: three significant digits, shares and changes in per cent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from privacysim.report.memo_parts import Key, Number, Text

Row = Mapping[Any, Any]


def short(value: float) -> str:
    """Three significant digits, thousands set apart, a true minus.

    >>> short(0.5714), short(18.889), short(1234567.0), short(-0.25), short(0.0)
    ('0.571', '18.9', '1,230,000', '−0.25', '0')
    """
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    rounded = round(value, 2 - size)
    if abs(rounded) < 1e-4:
        text = f"{rounded:.2e}"
    else:
        digits = max(0, 2 - math.floor(math.log10(abs(rounded))))
        text = f"{rounded:,.{digits}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def number(row: Row, column: str, *, share: bool = False) -> Number:
    """One cell of a row of summary.csv."""
    value = float(row[column])
    key: Key = (str(row["policy"]), str(row["metric"]), str(row["curve"]), column)
    return Number(f"{short(100 * value)} %" if share else short(value), value, key, share=share)


def change(row: Row, column: str, *, size_only: bool = False) -> Number:
    """A ratio as a change in per cent, with its sign unless the sentence says the direction."""
    value = float(row[column])
    percent = 100 * (value - 1)
    text = short(abs(percent)) if size_only else f"{'+' if percent > 0 else ''}{short(percent)}"
    key: Key = (str(row["policy"]), str(row["metric"]), str(row["curve"]), column)
    return Number(text, value, key, change=True)


def there(row: Row, column: str) -> bool:
    """Whether the cell holds a number."""
    return not math.isnan(float(row[column]))


def interval(row: Row, stem: str, *, share: bool = False) -> Text:
    """` [low, high]`, or nothing where there is no interval."""
    low, high = f"{stem}_low", f"{stem}_high"
    if not (there(row, low) and there(row, high)):
        return ()
    return (" [", number(row, low, share=share), ", ", number(row, high, share=share), "]")


def with_interval(row: Row, column: str, stem: str, *, share: bool = False) -> Text:
    """A value with its interval, or a dash."""
    if not there(row, column):
        return ("–",)
    return (number(row, column, share=share), *interval(row, stem, share=share))
