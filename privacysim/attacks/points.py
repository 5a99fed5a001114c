"""Codes a user's frame of who was where as integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.attacks.checks import floats, frame_with, positive
from privacysim.draws import Bools, Floats
from privacysim.errors import InputError

Codes = NDArray[np.int32]
_DEGREES = {"lon": ("lng", "lon", "long", "longitude", "lon_deg"), "lat": ("lat", "latitude", "lat_deg")}
_DEGREE_M = 111_195.0
_MOST_SECONDS = 1e11
"""Later than the year 5000: a count of milliseconds or smaller units."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Rows as codes: `user` and `item` count from 0; `users` are the labels; `kinds` is the number of items."""

    users: pd.Index
    user: Codes
    item: Codes
    kinds: int


def code_points(points: pd.DataFrame, *, user: str, place: str | None, time: str | None, what: str, x: str = "",
                y: str = "", cell_m: float | None = None, window_s: float | None = None, timed: bool = True) -> Coded:
    """Check a frame and code its rows.

    An item is a location and, if `timed`, a time. Locations are ids in column `place`, or metres in columns `x` and
    `y`, assigned to squares of `cell_m` if given (columns named longitude and latitude are projected). Times are
    seconds or dates in column `time`, assigned to windows of `window_s` if given.
    """
    if timed and window_s is not None and time is None:
        raise InputError(f"{what}, time", "a column of times, because window_s is given", "nothing", 'write time="t"')
    if place is not None and cell_m is not None:
        raise InputError(f"{what}, cell_m", "coordinates x and y to put into squares", "ids in place",
                         "leave cell_m out, or give x and y")  # fmt: skip
    wanted = [user, *([place] if place is not None else [x, y]), *([time] if time is not None else [])]
    frame_with(points, wanted, what, hint=", or name yours in the arguments user, place, x, y, time")
    who, users = _codes(points[user])
    when = seconds(points[time], time, what) if time is not None else None
    parts: list[NDArray[Any]] = [_codes(points[place])[0]] if place is not None else []
    if place is None:
        east, north = (floats(points[name], f"{what}, column {name}", expected="finite numbers in metres",
                              fix=f"convert it, e.g. points[{name!r}].astype(float), or name ids in place=…")
                       for name in (x, y))  # fmt: skip
        if cell_m is not None:
            east, north = _metres(east, north, (x, y), positive(cell_m, "cell_m", what), what)
        parts += [_cells(metres, cell_m, "cell_m", what) for metres in (east, north)]
    if timed and when is not None:
        parts.append(_cells(when, window_s, "window_s", what))
    return Coded(users, who, *squeezed(parts))


def _metres(x: Floats, y: Floats, names: tuple[str, str], cell_m: float, what: str) -> tuple[Floats, Floats]:
    """The positions, projected if their columns are named longitude and latitude.

    Raises InputError for positions that look like degrees under other names, because a cell would cover a whole
    country.
    """
    known = [next((kind for kind in _DEGREES if name.strip().lower() in _DEGREES[kind]), "") for name in names]
    small = bool(max(np.ptp(x), np.ptp(y)) < cell_m and -180 <= min(x.min(), y.min()) <= max(x.max(), y.max()) <= 180)
    if "" not in known and known[0] != known[1]:
        lon, lat = (x, y) if known[0] == "lon" else (y, x)
        if np.abs(lat).max() > 90 or np.abs(lon).max() > 360:
            raise InputError(f"{what}, columns {names[0]} and {names[1]}", "degrees, as the names say",
                             "values beyond them", "rename columns of metres, or exchange the two")
        middle = np.radians((lat.min() + lat.max()) / 2.0)
        return lon * (np.cos(middle) * _DEGREE_M), lat * _DEGREE_M
    if small and max(np.ptp(x), np.ptp(y)) > 0 and (x % 1 != 0).any():
        raise InputError(f"{what}, columns {names[0]} and {names[1]}", f"metres, in more than one cell of {cell_m:g} m",
                         "values that look like degrees", "name the columns lng and lat, or give metres")  # fmt: skip
    return x, y


def _codes(column: pd.Series[Any]) -> tuple[Codes, pd.Index]:
    """Codes of a column's values, and the values; whole numbers of a narrow range need no hash table."""
    values = column.to_numpy()
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        if high - low < 4 * values.size + 1024:
            code, there = _ranks((values - values.dtype.type(low)).astype(np.int32), high - low + 1)
            return code, pd.Index(np.flatnonzero(there) + low)
    try:
        codes, labels = pd.factorize(column, sort=True)  # sorted, so that the order of rows does not matter
    except TypeError:  # labels without an order
        codes, labels = pd.factorize(column, sort=False)
    return codes.astype(np.int32), pd.Index(labels)


def seconds(column: pd.Series[Any], name: str, what: str) -> Floats:
    """Column of seconds, or of dates as seconds since the first."""
    if pd.api.types.is_datetime64_any_dtype(column):
        stamps = pd.DatetimeIndex(column)
        return ((stamps - stamps.min()) / pd.Timedelta(1, "s")).to_numpy(dtype=np.float64)
    values = column.to_numpy()
    if values.dtype.kind not in "iu":  # whole numbers stay as they are: 10⁸ of them need no second copy
        values = floats(column, f"{what}, column {name}", expected="finite seconds, or dates of one time zone",
                        fix=f"convert it, e.g. pd.to_datetime(points[{name!r}], utc=True)")
    if values.max() > _MOST_SECONDS:
        raise InputError(f"{what}, column {name}", "seconds, or dates", f"{values.max():g}, a count of smaller units",
                         f"convert it, e.g. pd.to_datetime(points[{name!r}], unit='ms')")  # fmt: skip
    return values


def squeezed(parts: Sequence[NDArray[Any]]) -> tuple[Codes, int]:
    """One code per distinct combination of integer columns, and the number of codes."""
    code: NDArray[Any] = np.zeros(len(parts[0]), dtype=np.int32)
    kinds = 1
    for part in parts:
        low = part.min()
        span = int(part.max()) - int(low) + 1
        if kinds * span < 2**62:  # in place: with 10⁸ rows each further array would be 400 MB
            code = code.astype(np.int64 if kinds * span >= 2**31 else code.dtype, copy=False)
            code *= code.dtype.type(span)
            shifted = part if low == 0 else np.subtract(part, low, dtype=np.result_type(part, code))
            code += shifted.astype(code.dtype, copy=False)
        else:
            code = pd.factorize(pd.MultiIndex.from_arrays([code, part]), sort=True)[0]
            span, kinds = int(code.max()) + 1, 1
        kinds *= span
    if kinds <= 4 * code.size + 1024:
        code, there = _ranks(code, kinds)
        return code, int(there.sum())
    labels, code = np.unique(code, return_inverse=True)
    return code.astype(np.int32), labels.size


def _ranks(code: NDArray[Any], kinds: int) -> tuple[Codes, Bools]:
    """Codes 0 … n−1 of the values that occur, in their order, and which of 0 … kinds−1 occur."""
    there = np.zeros(kinds, dtype=bool)
    there[code] = True
    return (np.cumsum(there, dtype=np.int32) - np.int32(1))[code], there


def _cells(values: NDArray[Any], size: float | None, name: str, what: str) -> NDArray[Any]:
    """Number of the cell of that size (metres or seconds) in which each value lies; without a size, exact values."""
    if size is None:
        return np.unique(values, return_inverse=True)[1]
    if positive(size, name, what) == 1.0 and values.dtype.kind in "iu":
        return values
    return np.floor(values / size).astype(np.int64)
