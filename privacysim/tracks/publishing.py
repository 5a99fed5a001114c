"""What may leave the machine: no position of a track, and nothing about fewer people than the threshold.

One person's file is her own dosimeter: it is given in full. As soon as the tracks are those of several people, rows
that stand on fewer people than the fact `track_cell_threshold` are left out, and nobody's single row is written.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim.facts import facts
from privacysim.tracks.dosimeter import Dose


def threshold() -> int:
    """Fewest people behind a published number."""
    return round(facts().value("track_cell_threshold"))


def publishable_cameras(dose: Dose) -> tuple[pd.DataFrame, int]:
    """The rows of cameras that may be written, without positions; and how many were left out."""
    rows = dose.cameras.drop(columns="index")
    if dose.people == 1:
        return rows, 0
    people = dose.passes.groupby("camera")["person"].nunique()
    count = rows["camera"].map(people).fillna(0).astype("int64")
    rows = rows.assign(people=count)
    kept = rows[count >= threshold()].reset_index(drop=True)
    return kept, len(rows) - len(kept)


def publishable_passes(dose: Dose) -> pd.DataFrame:
    """Passes of one's own walk; of several people none: a list of one person's passes is her track."""
    return dose.passes.drop(columns="person") if dose.people == 1 else dose.passes.iloc[:0].drop(columns="person")


def publishable_totals(dose: Dose) -> dict[str, float]:
    """Sums over the walk; of several people only where enough stand behind them."""
    return dict(dose.totals) if dose.people == 1 or dose.people >= threshold() else {}


def quantiles(dose: Dose) -> pd.DataFrame:
    """Seconds in possible view per person: quartiles, where enough people stand behind each."""
    if dose.people < 4 * threshold():
        return pd.DataFrame({"quantile": np.empty(0), "camera_seconds": np.empty(0)})
    seconds = (dose.passes["leave_s"] - dose.passes["enter_s"]).groupby(dose.passes["person"]).sum()
    everyone = seconds.reindex(range(dose.people), fill_value=0.0)
    shares = [0.25, 0.5, 0.75]
    return pd.DataFrame({"quantile": shares, "camera_seconds": everyone.quantile(shares).to_numpy()})
