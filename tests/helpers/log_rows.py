"""Handmade Logs for the tests of metrics, in a few rows that set only the relevant columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from privacysim import tables
from privacysim.metrics import METRICS, Records

Lines = Sequence[Mapping[str, object]]


def rows(name: str, lines: Lines) -> pd.DataFrame:
    """Frame of a table; columns that a line omits get neutral values."""
    filler: dict[str, object] = {"str": "", "name": "", "bool": False}
    made = {}
    for column in tables.table(name).columns:
        default = column.words[0] if column.dtype == "word" else filler.get(column.dtype, 0)
        made[column.name] = [line.get(column.name, default) for line in lines]
    return tables.frame(name, made)


def records(
    acts: Lines = (), incidents: Lines = (), requests: Lines = (), audits: Lines = (),
    opened: Mapping[int, float] | None = None, secret: Sequence[int] = (), operator: Sequence[int] = (),
    regime: Sequence[int] = (), days: int = 10,
) -> Records:
    """Records of one arm."""
    codes = [np.asarray(one, dtype=np.uint8) for one in (secret, operator, regime)]
    return Records(days, rows("requests", requests), rows("acts", acts), rows("incidents", incidents),
                   pd.Series(dict(opened or {}), dtype="float64"), rows("audits", audits), *codes)  # fmt: skip


def value(name: str, seen: object) -> float | None:
    """The only reading of a metric."""
    [reading] = METRICS[name].value(METRICS[name].part(seen))  # type: ignore[arg-type]
    return reading.value
