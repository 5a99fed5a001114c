"""What single viewers, and all outsiders together, make of the sightings they are shown. On request.

By actor and channel: who spends the identifiable hours. And what outsiders who pool everything they saw can infer:
where somebody lives and works, whom she is with, whether she can be followed and singled out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.attacks.tracking import time_to_confusion
from privacysim.attacks.uniqueness import unicity
from privacysim.metrics.persons import HEART, sums_of
from privacysim.metrics.registry import Part, Reading, metric, ratio, total, totals_by_curve
from privacysim.metrics.seen import Viewed

_POOLED = "outsiders who pool every sighting that any of them was shown"
_SHOWN = "sightings that overlap an act of an outsider"
_NEAR_M, _TOGETHER_S, _POINTS = 100.0, 10.0, 4
_HOME_BEFORE_H, _HOME_FROM_H, _WORK_TO_H = 9.0, 19.0, 17.0


def _hours(column: str, word: str) -> None:
    @metric(
        name=f"identifiable_hours_{column}_{word}", title=f"identifiable person-hours, {column} "
        f"{word.replace('_', ' ')}", unit="person-hours", direction="either", family="exposure", of="viewed",
        attacker=f"viewers: {column} {word.replace('_', ' ')}", bounded=False, default=False, output="time",
        equation="Σᵢ wᵢ Σ t·a·κ·P / 3600 over the acts of that " + column, source=HEART, value=totals_by_curve,
    )
    def hours(seen: Viewed) -> Part:
        nothing = np.zeros((seen.weight.size, len(words.CURVES)))
        return sums_of(seen.weight, seen.seconds.get(f"{column} {word}", nothing) / 3600.0)


for _actor in words.REQUESTERS:
    _hours("actor", _actor)
for _channel in words.CHANNELS:
    _hours("channel", _channel)


def _per_case(sums: Part) -> list[Reading]:
    if sums["cases"] == 0:
        return [Reading("", None, 0, "undefined: there are no cases with evidence")]
    return [Reading("", sums["total"] / sums["cases"], round(sums["n"]))]


@metric(
    title="people in view of requested footage, per case with admissible evidence", unit="people per case",
    direction="lower", family="usefulness", of="viewed", attacker="whoever looks at what a request brought",
    equation="Σᵢ wᵢ 1{in view of an act of a request} / #{cases with admissible evidence}", value=_per_case,
    source="requests and their acts; the cases of the whole city", default=False,
)
def people_seen_per_case(seen: Viewed) -> Part:
    """The exchange rate between people and cases: how many are looked at for one case that gets evidence."""
    mine = seen.on_request
    return {"total": float((seen.weight * mine).sum()), "n": float(mine.sum()), "cases": float(seen.cases)}


def _found(seen: Viewed, rows: pd.DataFrame, truth: NDArray[np.float64]) -> Part:
    """People whose most frequent camera among the rows (two sightings at least) stands near the truth."""
    often = rows.groupby(["user", "camera"], as_index=False).agg(times=("enter_s", "size"), x=("x_m", "first"),
                                                                  y=("y_m", "first"))  # fmt: skip
    best = often[often["times"] >= 2].sort_values(["user", "times", "camera"], ascending=[True, False, True])
    best = best.drop_duplicates("user")
    user = best["user"].to_numpy(dtype=np.int64)
    far = np.hypot(best["x"].to_numpy() - truth[user, 0], best["y"].to_numpy() - truth[user, 1])
    hit = user[far <= _NEAR_M]  # no truth is no hit
    return {"total": float(seen.weight[hit].sum()), "n": float(hit.size)}


def _hour(rows: pd.DataFrame) -> NDArray[np.float64]:
    return np.asarray(rows["enter_s"] / 3600.0 % 24.0, dtype=np.float64)


@metric(
    title="people whose home outsiders find", unit="people", direction="lower", family="inference", of="viewed",
    attacker=_POOLED, default=False, value=total, output="error",
    equation="Σᵢ wᵢ 1{the camera that saw i most often before 9 or from 19 o'clock, twice at least, stands within "
    "100 m of home}", source=_SHOWN,
)
def homes_found(seen: Viewed) -> Part:
    """The oldest inference from location data: where somebody is in the morning and in the evening."""
    hour = _hour(seen.sightings)
    return _found(seen, seen.sightings[(hour < _HOME_BEFORE_H) | (hour >= _HOME_FROM_H)], seen.home)


@metric(
    title="people whose work place outsiders find", unit="people", direction="lower", family="inference", of="viewed",
    attacker=_POOLED, default=False, value=total, output="error",
    equation="Σᵢ wᵢ 1{the camera that saw i most often on weekdays from 9 to 17 o'clock, twice at least, stands within "
    "100 m of work}", source=_SHOWN,
)
def work_places_found(seen: Viewed) -> Part:
    """The same for the hours of work; whoever does not work cannot be found there."""
    hour, day = _hour(seen.sightings), seen.sightings["enter_s"] // 86_400.0
    at_work = (hour >= _HOME_BEFORE_H) & (hour < _WORK_TO_H) & (day % 7 < 5).to_numpy()
    return _found(seen, seen.sightings[at_work], seen.work)


@metric(
    title="pairs of people whom outsiders see together", unit="pairs", direction="lower", family="inference",
    of="viewed", attacker=_POOLED, default=False, value=total, sample="census", output="success",
    equation="#{pairs who come into view of one camera within 10 s of one another on two days or more}",
    source=_SHOWN + "; pairs within one block of people",
)
def pairs_seen_together(seen: Viewed) -> Part:
    """Co-presence: once is chance, on two days it is a claim that two people know one another, right or wrong."""
    rows = seen.sightings.sort_values(["camera", "enter_s", "user"])
    camera, when, user = (rows[name].to_numpy() for name in ("camera", "enter_s", "user"))
    day, found = np.floor(when / 86_400.0).astype(np.int64), []
    for lag in range(1, len(rows)):
        near = (camera[lag:] == camera[:-lag]) & (when[lag:] - when[:-lag] <= _TOGETHER_S)
        if not near.any():
            break
        a, b = user[lag:][near], user[:-lag][near]
        pair = pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b), "day": day[:-lag][near]})
        found.append(pair[pair["a"] != pair["b"]].drop_duplicates())
    if not found:
        return {"total": 0.0, "n": 0.0}
    days = pd.concat(found).drop_duplicates().groupby(["a", "b"]).size()
    return {"total": float((days >= 2).sum()), "n": float((days >= 2).sum())}


@metric(
    title="people singled out by four of the sightings that outsiders were shown", unit="share", direction="lower",
    family="re-identification", of="viewed", attacker=_POOLED + ", and knows four of a person's", default=False,
    sample="census", range="0 … 1", value=ratio("people with four such sightings"), output="success",
    equation="unicity: share of draws of 4 points (camera, hour) that nobody else of the block has", source=_SHOWN
    + "; de Montjoye et al. 2013, in the population of one block (65 536 people at most)",
)
def singled_out_by_four_sightings(seen: Viewed) -> Part:
    """Unicity of the footage that outsiders saw; a sample makes everybody look rarer, so everybody must be run."""
    if seen.sightings.empty:
        return {"total": 0.0, "n": 0.0}
    found = unicity(seen.sightings, _POINTS, place="camera", time="enter_s", window_s=3600.0)
    if found.empty:
        return {"total": 0.0, "n": 0.0}
    people = float(found["targets"].item())
    return {"total": float(found["unicity"].item()) * people, "n": people}


@metric(
    title="chance to be picked out rightly at the next camera, by clothes alone", unit="probability",
    direction="lower", family="re-identification", of="viewed", attacker=_POOLED + ", and sees clothes only",
    default=False, sample="census", range="0 … 1", value=ratio("handovers from camera to camera"), output="success",
    equation="mean of 1/m over handovers, m the people who come into that view within 60 s of her", source=_SHOWN,
)
def linked_by_clothes(seen: Viewed) -> Part:
    """Linkage across cameras without a face: among how many must the follower choose?"""
    if seen.sightings.empty:
        return {"total": 0.0, "n": 0.0}
    tracks = time_to_confusion(seen.sightings, place="camera", time="enter_s")
    return {"total": tracks.linked * tracks.handovers, "n": float(tracks.handovers)}


@metric(
    title="longest stretch over which outsiders can follow somebody, mean", unit="s", direction="lower",
    family="re-identification", of="viewed", attacker=_POOLED + ", and sees clothes only", default=False,
    sample="census", value=ratio("people before outsiders"), output="time",
    equation="mean over people of the longest track: gaps of 600 s at most, lost as soon as it could be anybody else",
    source=_SHOWN + "; Hoh et al. 2007",
)
def longest_track(seen: Viewed) -> Part:
    """Time to confusion along a chain of cameras, of those whom outsiders see at all."""
    if seen.sightings.empty:
        return {"total": 0.0, "n": 0.0}
    tracks = time_to_confusion(seen.sightings, place="camera", time="enter_s").people
    return {"total": float(tracks["longest_s"].sum()), "n": float(len(tracks))}


