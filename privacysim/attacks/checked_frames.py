"""What every measure asks of what it is given, in one place: a frame with these columns, a list of such numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import InputError, did_you_mean

Floats = NDArray[np.float64]


def frame_with(frame: Any, columns: Sequence[str], what: str, *, hint: str = "") -> None:
    """The frame holds each column once, with a value in every row, and at least one row; else an InputError."""
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
    """A flat list of finite numbers, `least` or more; anything else is an InputError that says what is expected."""
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
    """A column of finite numbers, not truths and not words."""
    kind = column.dtype
    real = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    if not real or pd.api.types.is_bool_dtype(kind):
        raise InputError(where, expected, f"dtype {kind}", fix)
    found = column.to_numpy(dtype=np.float64)
    if not np.isfinite(found).all():
        raise InputError(where, "finite numbers", "an infinite one", "drop these rows")
    return found
