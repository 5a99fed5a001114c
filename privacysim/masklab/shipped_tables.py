"""The measured tables as pandas frames: what `data/masking/` holds, for notebooks and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privacysim.errors import InputError, did_you_mean
from privacysim.resources import shipped

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("covariance", "curve", "images", "masks", "open_set", "table")


def measured(name: str = "masks") -> pd.DataFrame:
    """One of the measured tables: `masks` (one row a mask, with its verdict), `table` (every attack), `curve` …

    >>> measured("curve").fit.tolist()
    ['cctv', 'clean']
    """
    import pandas as pd

    if name not in TABLES:
        raise InputError("table", "one of " + ", ".join(TABLES), name, did_you_mean(name, TABLES))
    return pd.read_csv(shipped(f"data/masking/{name}.csv"))


def naive_beside_strongest() -> pd.DataFrame:
    """Each mask on clear, aligned faces: the naive attack, the strongest one with its interval, and the verdict.

    Columns: mask, naive, strongest, low, high (rank-1 among all people, 0 to 1), by (level, and frames where the
    attacker averages), chance, legal, verdict; the leakiest mask first.
    """
    rows = measured("table")
    rows = rows[(rows["images"] == 8) & (rows["mask"] != "none")]
    best = rows.loc[rows.groupby("mask").rank1.idxmax()].set_index("mask")
    named = measured("masks").replace({"mask": {"silhouette_of_face": "silhouette"}}).set_index("mask")
    made = best[["naive", "rank1", "low", "high"]].rename(columns={"rank1": "strongest"})
    frames = best.frames.map(lambda n: f", {n} frames" if n > 1 else "")
    made["by"] = best.level + frames
    made = made.assign(chance=best.chance, legal=named.legal, verdict=named.verdict)
    return made.sort_values(["strongest", "naive"], ascending=False).reset_index()


def measured_points() -> dict[str, list[tuple[float, float, float, float]]]:
    """What the fits go through, by fit: (px, rank-1 among all, low, high) of the trained attack on unmasked faces."""
    rows = measured("table")
    rows = rows[(rows["mask"] == "none") & (rows.level == "trained") & (rows.images == 8)]
    made: dict[str, list[tuple[float, float, float, float]]] = {}
    for camera, some in rows.groupby("camera"):
        numbers = some[["px", "rank1", "low", "high"]].to_numpy(dtype=float)
        made[str(camera)] = [(px, rate, low, high) for px, rate, low, high in numbers.tolist()]
    return made
