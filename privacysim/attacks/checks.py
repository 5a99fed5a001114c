"""Checks the inputs of all measures: frames, columns of numbers, and single values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from privacysim.draws import Floats
from privacysim.errors import InputError, did_you_mean


def frame_with(frame: Any, columns: Sequence[str], what: str, *, hint: str = "") -> None:
    """Raise InputError unless the frame has each column once, a value in every row, and at least one row."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(what, "a pandas DataFrame", type(frame).__name__, "build one with pd.DataFrame(…)")
    for name in columns:
        there = int((frame.columns == name).sum())
        if there == 0:
            known = [str(column) for column in frame.columns]
            fix = did_you_mean(name, known) + hint
            raise InputError(f"{what}, columns", f"a column {name}", ", ".join(known) or "no column", fix)
        if there > 1:
            raise InputError(f"{what}, column {name}", "only one such column", f"{there} of them", "rename the others")
        if gaps := int(frame[name].isna().sum()):
            fix = f"drop them with .dropna(subset=[{name!r}])"
            raise InputError(f"{what}, column {name}", "a value in every row", f"missing values in {gaps} rows", fix)
    if frame.empty:
        raise InputError(what, "at least one row", "an empty frame", "give at least one row")


def floats(values: Any, where: str, *, expected: str = "finite numbers", fix: str = "convert it to float",
           least: float = -np.inf) -> Floats:
    """Flat list of at least `least` finite numbers; otherwise raises an InputError that says what is expected."""
    try:
        column = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values).ravel())
    except ValueError:  # lists of different lengths
        column = pd.Series(dtype=object)
    kind = column.dtype
    real = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    if not real or pd.api.types.is_bool_dtype(kind):
        raise InputError(where, expected, f"values of dtype {kind}", fix)
    found = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(found).all() or (found < least).any():
        raise InputError(where, expected, "a missing, infinite or smaller one", "drop or correct them")
    return found


def positive(value: Any, name: str, what: str) -> float:
    """Return the value, or raise InputError unless it is a positive number."""
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not 0 < value < np.inf:
        raise InputError(f"{what}, {name}", "a positive number", value, f"write {name}=100.0 or the like")
    return float(value)


def whole(value: object, name: str, what: str, most: int = 2**31) -> int:
    """Return the value as a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 1 <= value <= most:
        raise InputError(f"{what}, {name}", f"a whole number from 1 to {most}", value, f"write {name}=2 or the like")
    return int(value)
