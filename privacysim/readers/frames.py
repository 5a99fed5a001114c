"""Checks every column of a pandas DataFrame given by the user; errors name the row and the fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from privacysim.draws import Floats
from privacysim.errors import InputError, did_you_mean
from privacysim.readers.positions import city_plane


class FrameColumn(NamedTuple):
    """Allowed values of a column: one of `words` (returned as codes), or a number from `low` to `high`."""

    words: tuple[str, ...] = ()
    low: float = -1e12
    high: float = 1e12
    needed: bool = False


LON, LAT = FrameColumn(low=-180.0, high=180.0), FrameColumn(low=-90.0, high=90.0)


def checked_frame(frame: object, where: str, columns: Mapping[str, FrameColumn]) -> dict[str, Floats]:
    """Return all `columns` as float64: numbers, or codes of words; NaN where a cell is empty or a column is missing.

    Raises InputError, naming the row, for an unknown column, a missing or empty needed one, a word or number that is
    not allowed, or a table without rows.

    >>> table = pd.DataFrame({"x_m": [1.0], "kind": ["lane"]})
    >>> checked_frame(table, "streets", {"x_m": FrameColumn(), "kind": FrameColumn(("main", "lane"))})
    {'x_m': array([1.]), 'kind': array([1.])}
    """
    if not isinstance(frame, pd.DataFrame):
        raise InputError(where, "a pandas DataFrame", type(frame).__name__, "pass a DataFrame")
    if not len(frame):
        raise InputError(where, "at least one row", "an empty table", f"leave {where} out, or fill the table")
    for name in [name for name in frame.columns if name not in columns]:
        fix = f"{did_you_mean(str(name), columns)}, or drop the column"
        raise InputError(f"{where}, column {name}", "a column that is read", name, fix)
    for name, column in columns.items():
        if column.needed and name not in frame:
            raise InputError(where, f"a column {name}", ", ".join(map(str, frame.columns)), f"add the column {name}")
    return {name: _numbers(frame[name], f"{where}, row {{}}, {name}", column) if name in frame
            else np.full(len(frame), np.nan) for name, column in columns.items()}


def _numbers(cells: pd.Series, where: str, column: FrameColumn) -> Floats:
    if column.words:
        low, high, expected = 0.0, np.inf, f"one of {', '.join(column.words)}"
        numbers = cells.astype(object).map({word: float(code) for code, word in enumerate(column.words)})
    else:
        low, high, expected = column.low, column.high, f"a number from {column.low:g} to {column.high:g}"
        numbers = pd.to_numeric(cells, errors="coerce")
    values, given = np.asarray(numbers.astype("float64"), dtype=np.float64), cells.notna().to_numpy()
    wrong = (given & ~((values >= low) & (values <= high))) | (~given & column.needed)
    if wrong.any():
        row = int(np.argmax(wrong))
        cell = cells.iloc[row] if given[row] else "an empty cell"
        fix = did_you_mean(str(cell), column.words) if column.words and given[row] else "correct the cell"
        raise InputError(where.format(cells.index[row]), expected, cell, fix)
    return values


def positions(values: Mapping[str, Floats], where: str, origin: tuple[float, float] | None,
              prefix: str = "") -> tuple[Floats, Floats]:
    """Metres on the city's plane from checked columns `x_m`, `y_m` or `lon`, `lat`, with a prefix if any.

    `origin` is `City.origin`; None refuses degrees. Rows without a position stay NaN; half a position is refused.
    """
    x, y, lon, lat = (values[prefix + name] for name in ("x_m", "y_m", "lon", "lat"))
    metres, degrees = ~np.isnan(x) | ~np.isnan(y), ~np.isnan(lon) | ~np.isnan(lat)
    half = (metres & (np.isnan(x) | np.isnan(y))) | (degrees & (np.isnan(lon) | np.isnan(lat))) | (metres & degrees)
    if half.any():
        expected = f"{prefix}x_m and {prefix}y_m, or {prefix}lon and {prefix}lat"
        raise InputError(f"{where}, row number {np.argmax(half)}", expected, "another set", "complete the position")
    if not degrees.any():
        return x, y
    if origin is None:
        fix = "give positions as x_m and y_m in metres, or the streets of the city in degrees"
        raise InputError(where, "metres, since this city lies nowhere on the globe", "lon and lat", fix)
    plane = city_plane(np.column_stack([lat, lon]), *origin)
    return np.where(degrees, plane[:, 0], x), np.where(degrees, plane[:, 1], y)
