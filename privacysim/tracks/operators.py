"""Whose cameras they were, and how many more there may be that nobody mapped."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd

from privacysim.errors import InputError
from privacysim.tracks.dosimeter import Dose
from privacysim.tracks.publishing import publishable_cameras

_SUMMED = ("seen", "metres_detect", "seconds_detect", "seconds_recognise", "seconds_identify")


def by_operator(dose: Dose) -> pd.DataFrame:
    """One row per operator, most seconds first: operator, then cameras, metres and seconds, each _low, mean, _high.

    Sums over the operator's cameras (two that see the same stretch count it twice). `cameras` counts those that see
    somebody. Of several people's tracks only the cameras that may be published are summed.
    """
    rows, _ = publishable_cameras(dose)
    names = [f"{name}{end}" for name in _SUMMED for end in ("_low", "", "_high")]
    summed = rows.groupby("operator", sort=True)[[*names, "passes"]].sum().reset_index()
    summed = summed.rename(columns=lambda name: name.replace("seen", "cameras", 1))
    return summed.sort_values("seconds_detect_high", ascending=False, kind="stable", ignore_index=True)


class Recall(NamedTuple):
    """The share of a map's real cameras that somebody mapped, with its range."""

    value: float
    low: float
    high: float


def recall_of(text: str) -> Recall:
    """Read `0.63`, or `0.63:0.5-0.8` with a range.

    >>> recall_of("0.63:0.5-0.8")
    Recall(value=0.63, low=0.5, high=0.8)
    """
    value, _, ends = text.partition(":")
    try:
        low, high = (float(end) for end in ends.split("-")) if ends else (float(value), float(value))
        made = Recall(float(value), low, high)
    except ValueError:
        made = Recall(math.nan, math.nan, math.nan)
    if not 0.0 < made.low <= made.value <= made.high <= 1.0:
        raise InputError("--recall", "the share of cameras that are on the map, 0.63 or 0.63:0.5-0.8", text,
                         "write value:low-high, each above 0 and at most 1")
    return made


def with_unmapped(dose: Dose, recall: Recall) -> pd.DataFrame:
    """How many cameras, and camera-seconds, there are in all if only a share of them is on the map.

    Each camera is mapped with the chance r, wherever it hangs, so n mapped ones stand for n/r (Horvitz and Thompson
    1952): low over the highest recall, high over the lowest. That cameras are mapped alike along this walk is assumed.
    Columns: what, low, mean, high.
    """
    total = dose.totals
    rows = [(what, total[f"{what}_low"] / recall.high, total[what] / recall.value, total[f"{what}_high"] / recall.low)
            for what in ("cameras", "camera_seconds", "seconds_identifiable")]
    return pd.DataFrame(rows, columns=["what", "low", "mean", "high"])
