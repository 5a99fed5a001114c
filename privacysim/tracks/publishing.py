"""Decides what may be published of a walk: no position of a track, and nothing about too few people.

One person's file is their own dosimeter, so all of it may be written. If the tracks belong to several people, rows
about fewer people than the fact `track_cell_threshold` are left out, and no single person's row is written. Sums by
operator and estimates of unmapped cameras follow the same rule.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.tracks.dosimeter import Dose

_SUMMED = ("seen", "metres_detect", "seconds_detect", "seconds_recognise", "seconds_identify")


def threshold() -> int:
    """Smallest number of people behind a published number."""
    return round(facts().value("track_cell_threshold"))


def publishable_cameras(dose: Dose) -> tuple[pd.DataFrame, int]:
    """Rows of cameras that may be published, without positions, and the number of rows left out."""
    rows = dose.cameras.drop(columns="index")
    if dose.people == 1:
        return rows, 0
    people = dose.passes.groupby("camera")["person"].nunique()
    count = rows["camera"].map(people).fillna(0).astype("int64")
    rows = rows.assign(people=count)
    kept = rows[count >= threshold()].reset_index(drop=True)
    return kept, len(rows) - len(kept)


def publishable_passes(dose: Dose) -> pd.DataFrame:
    """Passes of a single person's walk; none for several people, because one person's passes are their track."""
    return dose.passes.iloc[: None if dose.people == 1 else 0].drop(columns="person")


def publishable_totals(dose: Dose) -> dict[str, float]:
    """Sums over the walk; for several people only if enough of them contribute."""
    return dict(dose.totals) if dose.people == 1 or dose.people >= threshold() else {}


def quantiles(dose: Dose) -> pd.DataFrame:
    """Quartiles of seconds in possible view per person, if enough people contribute to each."""
    if dose.people < 4 * threshold():
        return pd.DataFrame({"quantile": np.empty(0), "camera_seconds": np.empty(0)})
    seconds = (dose.passes["leave_s"] - dose.passes["enter_s"]).groupby(dose.passes["person"]).sum()
    everyone = seconds.reindex(range(dose.people), fill_value=0.0)
    shares = [0.25, 0.5, 0.75]
    return pd.DataFrame({"quantile": shares, "camera_seconds": everyone.quantile(shares).to_numpy()})


def by_operator(dose: Dose) -> pd.DataFrame:
    """Sums by operator, most seconds first: operator, then cameras, metres and seconds, each _low, mean, _high.

    A stretch that two of an operator's cameras see counts twice. `cameras` counts those that see somebody. For tracks
    of several people only the cameras that may be published are summed.
    """
    rows, _ = publishable_cameras(dose)
    names = [f"{name}{end}" for name in _SUMMED for end in ("_low", "", "_high")]
    summed = rows.groupby("operator", sort=True)[[*names, "passes"]].sum().reset_index()
    summed = summed.rename(columns=lambda name: name.replace("seen", "cameras", 1))
    return summed.sort_values("seconds_detect_high", ascending=False, kind="stable", ignore_index=True)


class Recall(NamedTuple):
    """Share of the real cameras that the map contains, with its range."""

    value: float
    low: float
    high: float


def recall_of(text: str) -> Recall:
    """Parse `0.63`, or `0.63:0.5-0.8` with a range.

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
    """Estimate all cameras, and all camera-seconds, if the map contains only a share of the cameras.

    Each camera is mapped with probability r wherever it hangs, so n mapped ones represent n/r (Horvitz and Thompson
    1952): low uses the highest recall, high the lowest. This assumes the same recall along this walk.
    Columns: what, low, mean, high.
    """
    total = dose.totals
    rows = [(what, total[f"{what}_low"] / recall.high, total[what] / recall.value, total[f"{what}_high"] / recall.low)
            for what in ("cameras", "camera_seconds", "seconds_identifiable")]
    return pd.DataFrame(rows, columns=["what", "low", "mean", "high"])
