"""Anybody's data frame of who was where (and when), checked once and laid out as integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.attacks.checked_frames import frame_with, numeric
from privacysim.errors import InputError

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


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
) -> Coded:
    """Check a frame and code its columns; what cannot be used is an InputError that names the column and the fix.

    Locations are ids in column `place`, or metres in columns `x` and `y` where `place` is None. `time` holds seconds
    or dates.
    """
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
    """Codes of a column's values and the values; whole numbers of a narrow range need no hash table."""
    values = column.to_numpy()
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        if high - low < 4 * values.size + 1024:
            there = np.zeros(high - low + 1, dtype=bool)
            shifted = (values - values.dtype.type(low)).astype(np.int32)
            there[shifted] = True
            return (np.cumsum(there, dtype=np.int32) - np.int32(1))[shifted], pd.Index(np.flatnonzero(there) + low)
    try:
        codes, labels = pd.factorize(column, sort=True)  # sorted, so that the order of rows decides nothing
    except TypeError:  # labels that have no order
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
    if values.dtype.kind in "iu":  # as they are: 10⁸ of them need no second copy
        return values
    return numeric(column, f"{what}, column {name}", "seconds or dates",
                   f"convert it, e.g. pd.to_datetime(points[{name!r}])")  # fmt: skip


def squeezed(parts: Sequence[NDArray[Any]]) -> tuple[Codes, int]:
    """One code per distinct combination of integer columns, and how many there are."""
    code: NDArray[Any] = np.zeros(len(parts[0]), dtype=np.int32)
    kinds = 1
    for part in parts:
        low = part.min()
        span = int(part.max()) - int(low) + 1
        if kinds * span < 2**62:  # in place: of 10⁸ rows each further array would be 400 MB
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


def cells(values: NDArray[np.float64], size: float) -> Ints:
    """Which cell of that size each value lies in: ⌊value / size⌋."""
    return np.floor(values / size).astype(np.int64)


def positive(value: Any, name: str, what: str) -> float:
    """The value; not a positive number is an InputError."""
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value <= 0:
        raise InputError(f"{what}, {name}", "a positive number", value, f"write {name}=100.0 or the like")
    return float(value)


def whole(value: object, name: str, what: str, most: int = 2**31) -> int:
    """The value as a whole number from 1 on."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 1 <= value <= most:
        raise InputError(f"{what}, {name}", f"a whole number from 1 to {most}", value, f"write {name}=2 or the like")
    return int(value)
