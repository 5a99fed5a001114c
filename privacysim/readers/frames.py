"""Checks every column of a pandas DataFrame given by the user; errors name the row and the fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import InputError, did_you_mean
from privacysim.readers.positions import city_plane

Floats = NDArray[np.float64]


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
    for name in frame.columns:
        if name not in columns:
            fix = f"{did_you_mean(str(name), columns)}, or drop the column"
            raise InputError(f"{where}, column {name}", "a column that is read", name, fix)
    return {name: _numbers(frame, where, name, column) for name, column in columns.items()}


def _numbers(frame: pd.DataFrame, where: str, name: str, column: FrameColumn) -> Floats:
    if name not in frame:
        if column.needed:
            raise InputError(where, f"a column {name}", ", ".join(map(str, frame.columns)), f"add the column {name}")
        return np.full(len(frame), np.nan)
    cells = frame[name]
    values: Floats
    if column.words:
        codes = {word: float(code) for code, word in enumerate(column.words)}
        values = np.asarray(cells.astype(object).map(codes), dtype=np.float64)
    else:
        values = np.asarray(pd.to_numeric(cells, errors="coerce").astype("float64"), dtype=np.float64)
    given = cells.notna().to_numpy()
    low, high = (0.0, np.inf) if column.words else (column.low, column.high)
    wrong = (given & ~((values >= low) & (values <= high))) | (~given & column.needed)
    if wrong.any():
        row = int(np.argmax(wrong))
        cell = cells.iloc[row] if given[row] else "an empty cell"
        expected = f"one of {', '.join(column.words)}" if column.words else f"a number from {low:g} to {high:g}"
        fix = did_you_mean(str(cell), column.words) if column.words and given[row] else "correct the cell"
        raise InputError(f"{where}, row {frame.index[row]}, {name}", expected, cell, fix)
    return values


def positions(
    values: Mapping[str, Floats], where: str, origin: tuple[float, float] | None, prefix: str = "",
) -> tuple[Floats, Floats]:
    """Metres on the city's plane from checked columns `x_m`, `y_m` or `lon`, `lat`, with a prefix if any.

    `origin` is `City.origin`; None refuses degrees. Rows without a position stay NaN; half a position is refused.
    """
    x, y, lon, lat = (values[prefix + name] for name in ("x_m", "y_m", "lon", "lat"))
    metres, degrees = ~np.isnan(x) | ~np.isnan(y), ~np.isnan(lon) | ~np.isnan(lat)
    half = (metres & (np.isnan(x) | np.isnan(y))) | (degrees & (np.isnan(lon) | np.isnan(lat))) | (metres & degrees)
    if half.any():
        expected = f"{prefix}x_m and {prefix}y_m, or {prefix}lon and {prefix}lat"
        row = f"{where}, row number {int(np.argmax(half))}"
        raise InputError(row, expected, "another set", "complete the position")
    if not degrees.any():
        return x, y
    if origin is None:
        fix = "give positions as x_m and y_m in metres, or the streets of the city in degrees"
        raise InputError(where, "metres, since this city lies nowhere on the globe", "lon and lat", fix)
    plane = city_plane(np.column_stack([lat, lon]), *origin)
    return np.where(degrees, plane[:, 0], x), np.where(degrees, plane[:, 1], y)
