"""Checks the inputs of all measures, and codes a user's frame of who was where as integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import InputError, did_you_mean

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]


def frame_with(frame: Any, columns: Sequence[str], what: str, *, hint: str = "") -> None:
    """Raise InputError unless the frame has each column once, a value in every row, and at least one row."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(what, "a pandas DataFrame", type(frame).__name__, "build one with pd.DataFrame(…)")
    for name in columns:
        there = int((frame.columns == name).sum())
        if there == 0:
            fix = did_you_mean(name, [str(column) for column in frame.columns])
            raise InputError(f"{what}, columns", f"a column {name}", ", ".join(map(str, frame.columns)) or "no column",
                             fix + hint)  # fmt: skip
        if there > 1:
            raise InputError(f"{what}, column {name}", "one column of that name", f"{there} of them",
                             "rename the others")  # fmt: skip
        gaps = int(frame[name].isna().sum())
        if gaps:
            raise InputError(f"{what}, column {name}", "a value in every row", f"missing values in {gaps} rows",
                             f"drop them with .dropna(subset=[{name!r}]), or say what they are")  # fmt: skip
    if frame.empty:
        raise InputError(what, "at least one row", "an empty frame", "give the rows of somebody")


def floats(values: Any, where: str, *, expected: str = "finite numbers", least: float = -np.inf) -> Floats:
    """Flat list of finite numbers, `least` or more; otherwise raises InputError that says what is expected."""
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO":
            raise TypeError
        found = given.astype(np.float64).ravel()
    except (TypeError, ValueError):
        raise InputError(where, expected, "something that is no list of numbers", "convert it to float") from None
    if not np.isfinite(found).all() or (found < least).any():
        raise InputError(where, expected, "a missing, infinite or smaller one", "drop or mend these")
    return found


def numeric(column: pd.Series[Any], where: str, expected: str, fix: str) -> Floats:
    """Column of finite numbers, neither booleans nor words."""
    kind = column.dtype
    real = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    if not real or pd.api.types.is_bool_dtype(kind):
        raise InputError(where, expected, f"dtype {kind}", fix)
    found = column.to_numpy(dtype=np.float64)
    if not np.isfinite(found).all():
        raise InputError(where, "finite numbers", "an infinite one", "drop these rows")
    return found



@dataclass(frozen=True, slots=True)
class Coded:
    """Rows as codes: `user` and `place` count from 0; `users` holds the labels; `time_s` seconds or None."""

    users: pd.Index
    user: Codes
    x: NDArray[np.float64] | None
    y: NDArray[np.float64] | None
    place: Codes | None
    time_s: NDArray[np.float64] | None


def code_points(
    points: pd.DataFrame, *, user: str, place: str | None, x: str, y: str, time: str | None, what: str,
    window_s: object = None,
) -> Coded:
    """Check a frame and code its columns; InputError names the unusable column and the fix.

    Locations are ids in column `place`, or metres in columns `x` and `y` if `place` is None. `time` holds seconds or
    dates, and is required if `window_s` is given.
    """
    if window_s is not None and time is None:
        raise InputError(f"{what}, time", "a column of times, since window_s is given", "nothing", 'write time="t"')
    wanted = [user, *([place] if place is not None else [x, y]), *([time] if time is not None else [])]
    frame_with(points, wanted, what, hint=", or name yours in the arguments user, place, x, y, time")
    who, users = _codes(points[user])
    return Coded(
        users, who, None if place is not None else _numbers(points[x], x, what),
        None if place is not None else _numbers(points[y], y, what),
        _codes(points[place])[0] if place is not None else None,
        _seconds(points[time], time, what) if time is not None else None,
    )


def _codes(column: pd.Series[Any]) -> tuple[Codes, pd.Index]:
    """Codes of a column's values, and the values; whole numbers of a narrow range need no hash table."""
    values = column.to_numpy()
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        if high - low < 4 * values.size + 1024:
            there = np.zeros(high - low + 1, dtype=bool)
            shifted = (values - values.dtype.type(low)).astype(np.int32)
            there[shifted] = True
            return (np.cumsum(there, dtype=np.int32) - np.int32(1))[shifted], pd.Index(np.flatnonzero(there) + low)
    try:
        codes, labels = pd.factorize(column, sort=True)  # sorted, so that the order of rows does not matter
    except TypeError:  # labels without an order
        codes, labels = pd.factorize(column, sort=False)
    return codes.astype(np.int32), pd.Index(labels)


def _numbers(column: pd.Series[Any], name: str, what: str) -> NDArray[np.float64]:
    return numeric(column, f"{what}, column {name}", "numbers in metres",
                   f"convert it, e.g. points[{name!r}].astype(float), or name ids in place=…")  # fmt: skip


def _seconds(column: pd.Series[Any], name: str, what: str) -> NDArray[np.float64]:
    if pd.api.types.is_datetime64_any_dtype(column):
        stamps = pd.DatetimeIndex(column)
        return ((stamps - stamps.min()) / pd.Timedelta(1, "s")).to_numpy(dtype=np.float64)
    values = column.to_numpy()
    if values.dtype.kind in "iu":  # unchanged: 10⁸ of them need no second copy
        return values
    return numeric(column, f"{what}, column {name}", "seconds or dates",
                   f"convert it, e.g. pd.to_datetime(points[{name!r}])")  # fmt: skip


def squeezed(parts: Sequence[NDArray[Any]]) -> tuple[Codes, int]:
    """One code per distinct combination of integer columns, and the number of codes."""
    code: NDArray[Any] = np.zeros(len(parts[0]), dtype=np.int32)
    kinds = 1
    for part in parts:
        low = part.min()
        span = int(part.max()) - int(low) + 1
        if kinds * span < 2**62:  # in place: with 10⁸ rows each further array would be 400 MB
            if kinds * span >= 2**31:
                code = code.astype(np.int64, copy=False)
            code *= code.dtype.type(span)
            shifted = part if low == 0 else np.subtract(part, low, dtype=np.result_type(part, code))
            code += shifted.astype(code.dtype, copy=False)
        else:
            code = pd.factorize(pd.MultiIndex.from_arrays([code, part]), sort=True)[0]
            span, kinds = int(code.max()) + 1, 1
        kinds *= span
    if kinds <= 4 * code.size + 1024:
        there = np.zeros(kinds, dtype=bool)
        there[code] = True
        lookup = np.cumsum(there, dtype=np.int32) - np.int32(1)
        return lookup[code], int(there.sum())
    labels, code = np.unique(code, return_inverse=True)
    return code.astype(np.int32), labels.size


def columns(coded: Coded, cell_m: float | None, window_s: float | None, what: str) -> list[NDArray[Any]]:
    """Integer columns for where and when.

    Where: place codes, squares of `cell_m`, or exact coordinates. When, if `coded` has times: windows of `window_s`, or
    exact times.
    """
    made: list[NDArray[Any]] = []
    if coded.place is not None:
        if cell_m is not None:
            raise InputError(f"{what}, cell_m", "coordinates x and y to put into squares", "ids in place",
                             "leave cell_m out, or give x and y")  # fmt: skip
        made.append(coded.place)
    sizes = ((coded.x, cell_m, "cell_m"), (coded.y, cell_m, "cell_m"), (coded.time_s, window_s, "window_s"))
    for values, size, name in sizes:
        if values is None:
            continue
        if size is None:
            made.append(np.unique(values, return_inverse=True)[1])
        elif positive(size, name, what) == 1.0 and values.dtype.kind in "iu":
            made.append(values)
        else:
            made.append(np.floor(values / size).astype(np.int64))
    return made


def positive(value: Any, name: str, what: str) -> float:
    """Return the value; raises InputError unless it is a positive number."""
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value <= 0:
        raise InputError(f"{what}, {name}", "a positive number", value, f"write {name}=100.0 or the like")
    return float(value)


def whole(value: object, name: str, what: str, most: int = 2**31) -> int:
    """Return the value as a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 1 <= value <= most:
        raise InputError(f"{what}, {name}", f"a whole number from 1 to {most}", value, f"write {name}=2 or the like")
    return int(value)
