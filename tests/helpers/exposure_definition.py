"""Exposure by its definition (`privacysim.exposure.measure`): a naive join of tables, with which the kernel must agree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from privacysim import tables
from privacysim.exposure.acts import ticks_of
from privacysim.identify import identifiability
from privacysim.units import TICKS_PER_S
from privacysim.vocabulary import CURVES, STATE_ORGANS

_ONE = ["policy", "replicate", "person_id", "legality"]


def exposure_by_definition(sightings: pd.DataFrame, acts: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Compute the `exposure` table from `sightings`, `acts` and `places`, for all policies and replicates in them.

    Pass only the acts of outsiders to get what outsiders see. There are rows only where something was seen. Memory
    grows with the join: meant for up to about 10⁵ sightings.

    >>> from privacysim.tables import empty
    >>> len(exposure_by_definition(empty("sightings"), empty("acts"), empty("places")))
    0
    """
    rows = join(sightings, acts)
    sensitive = places.loc[places["sensitive"], "place_id"]
    made = [_one_curve(rows, sensitive, curve) for curve in CURVES]
    return tables.concat("exposure", made).sort_values([*_ONE, "curve"], ignore_index=True)


def join(sightings: pd.DataFrame, acts: pd.DataFrame) -> pd.DataFrame:
    """Join every sighting with every overlapping act that has an audience; `t` is the overlap in seconds."""
    looked_at = acts[acts["audience"] > 0.0]
    rows = sightings.merge(looked_at, on=["replicate", "camera_id"])
    begin = np.maximum(ticks_of(rows["enter_s"].to_numpy()), ticks_of(rows["from_s"].to_numpy()))
    end = np.minimum(ticks_of(rows["leave_s"].to_numpy()), ticks_of(rows["to_s"].to_numpy()))
    rows["t"] = (end - begin) / TICKS_PER_S
    rows["legality"] = rows["legality"].astype("str")  # no groups for words that do not occur
    return rows[end > begin].reset_index(drop=True)


def chances(rows: pd.DataFrame, curve: str) -> tuple[pd.Series[float], pd.Series[float]]:
    """Return P and q of each row of the join."""
    p = pd.Series(0.0, index=rows.index)
    who = zip(rows["technique"], rows["actor"], rows["channel"], strict=True)
    looks = rows[["mask", "gallery"]].assign(by=[who_recognises(*one) for one in who])
    for (mask, gallery, by), part in rows.groupby([looks[name] for name in looks]):
        p[part.index] = identifiability(str(mask), part["face_px"], part["frontal"], int(gallery), curve, by=by)
    m = rows["known"] * rows["audience"]
    with np.errstate(divide="ignore"):  # P = 1: the logarithm is −∞ and the chance 1
        crowd = -np.expm1(m * np.log1p(-p))
    return p, rows["attention"] * (m * p).where(m <= 1.0, crowd)


def who_recognises(technique: str, actor: str, channel: str) -> str:
    """Return the recogniser of an act: a machine, an organ or counsel who compares, else somebody who may know them."""
    if "face" in technique:
        return "machine"
    compares = actor in STATE_ORGANS or actor == "defence_counsel"
    return "stranger" if compares and channel != "live_monitor" else "acquaintance"


def at_least_one(q: pd.Series[float]) -> float:
    """Return 1 − Π(1 − q), by logarithms to keep the digits of small probabilities."""
    with np.errstate(divide="ignore"):
        return float(-np.expm1(np.log1p(-q).sum()))


def _one_curve(rows: pd.DataFrame, sensitive: pd.Series[int], curve: str) -> pd.DataFrame:
    p, q = chances(rows, curve)
    rows = rows.assign(q=q, identifiable_s=rows["t"] * rows["attention"] * rows["known"] * p)
    rows["viewer_identifiable_s"] = rows["identifiable_s"] * rows["audience"]
    people = rows.groupby(_ONE)
    made = people[["identifiable_s", "viewer_identifiable_s"]].sum()
    trials = rows.groupby([*_ONE, "viewer", "pass_id"])["q"].max()
    made["p_identified"] = trials.groupby(_ONE).agg(at_least_one)
    made["p_identified_max"] = trials.groupby(_ONE).max()
    daily = rows.groupby([*_ONE, "viewer", "pass_id", "day"])["q"].max()
    made["p_identified_days"] = daily.groupby(_ONE).agg(at_least_one)
    made["sightings_seen"] = rows.drop_duplicates([*_ONE, "pass_id", "day"]).groupby(_ONE).size()
    made["sensitive_visits_revealed"] = visits_revealed(rows, sensitive, _ONE)
    made["sensitive_visits_revealed"] = made["sensitive_visits_revealed"].fillna(0.0)
    made = made.reset_index()
    return tables.frame("exposure", {**{name: made[name] for name in made.columns}, "curve": curve})


def visits_revealed(rows: pd.DataFrame, sensitive: pd.Series[int], by: Sequence[str]) -> pd.Series[float]:
    """Return the expected sensitive visits revealed per `by`, from rows of the join with their `q`."""
    visits = rows[rows["place_id"].isin(sensitive)]
    viewers = visits.groupby([*by, "place_id", "day", "viewer"])["q"].max()
    shown = viewers.groupby([*by, "place_id", "day"]).agg(at_least_one)
    return shown.groupby(list(by)).sum()
