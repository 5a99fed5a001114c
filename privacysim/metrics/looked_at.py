"""Metrics of what cameras film whether or not anybody looks, and of what viewers infer from the sightings shown.

All are on request. By actor and channel: who spends the identifiable hours. Also what outsiders who pool everything
they saw can infer: where people live and work, whom they are with, whether they can be followed and singled out.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.attacks.tracking import time_to_confusion
from privacysim.attacks.uniqueness import unicity
from privacysim.metrics.exposure_metrics import HEART, sums_of
from privacysim.metrics.registry import Part, metric, ratio, totals_by_curve
from privacysim.metrics.seen import Floats, Footage, Viewed
from privacysim.sight.optics import DORI_NAMES

_POOLED = "outsiders who pool every sighting that any of them was shown"
_SHOWN = "sightings that overlap an act of an outsider"
_HOLDER = "whoever gets hold of the footage"
_FILMED = "all cameras of the city; nobody need look"
_pooled = partial(
    metric, of="viewed", family="inference", direction="lower", attacker=_POOLED, source=_SHOWN, default=False
)
_followed = partial(_pooled, family="re-identification", sample="census", attacker=_POOLED + ", and sees clothes only")
_NEAR_M, _TOGETHER_S, _POINTS = 100.0, 10.0, 4
_HOME_BEFORE_H, _HOME_FROM_H, _WORK_TO_H = 9.0, 19.0, 17.0


@metric(
    title="cameras passed per person and day", unit="passes per person-day", direction="lower", family="exposure",
    of="footage", attacker=_HOLDER, equation="Σᵢ wᵢ #{(pass, day)} / (N·D)", source=_FILMED,
    value=ratio("people", "person_days"), default=False,
)
def cameras_per_person_day(seen: Footage) -> Part:
    """For comparison with claims such as "seen 300 times a day in London" (a journalist's guess, never measured)."""
    return _per_day(seen, seen.passes)


@metric(
    title="minutes in view per person and day, good enough to {word}", unit="min per person-day", direction="lower",
    family="exposure", of="footage", attacker=_HOLDER, output="time", by={"level": DORI_NAMES}, default=False,
    equation="Σᵢ wᵢ Σ frontal seconds at that many px/m or more / 60 / (N·D)",
    source="EN/IEC 62676-4 levels; " + _FILMED, value=ratio("people", "person_days"),
)
def minutes_in_view(seen: Footage, heading: str, level: str) -> Part:
    """How long somebody's face is filmed at each level of the standard."""
    return _per_day(seen, seen.seconds[:, DORI_NAMES.index(level)] / 60.0)


def _per_day(seen: Footage, per_person: np.ndarray) -> Part:
    return {
        "total": float((seen.weight * per_person).sum()), "n": float(np.count_nonzero(per_person)),
        "person_days": float(seen.weight.sum()) * seen.days,
    }  # fmt: skip


@metric(
    title="identifiable person-hours lying in archives at one time", unit="person-hours", direction="lower",
    family="exposure", of="footage", attacker=_HOLDER, default=False, bounded=False,
    equation="Σᵢ wᵢ Σ seconds a day at 250 px/m or more × days kept / 3600 (Little's law)",
    source="custody: retention of each camera under the arm; " + _FILMED,
)
def archive_person_hours(seen: Footage) -> Floats:
    """Potential exposure: what one breach of all footage would reveal. Long-run: rate × time kept."""
    return seen.held_s / 3600.0


@metric(
    title="identifiable person-hours, {heading} {word}", unit="person-hours", family="exposure", of="viewed",
    attacker="viewers: {heading} {word}", bounded=False, default=False, output="time", source=HEART,
    equation="Σᵢ wᵢ Σ t·a·κ·P / 3600 over the acts of that {heading}", value=totals_by_curve,
    by={"actor": words.REQUESTERS, "channel": words.CHANNELS},
)
def identifiable_hours(seen: Viewed, heading: str, word: str) -> Part:
    """Who spends the identifiable hours, and how they got the footage."""
    nothing = np.zeros((seen.weight.size, len(words.CURVES)))
    return sums_of(seen.weight, seen.seconds.get(f"{heading} {word}", nothing) / 3600.0)


@metric(
    title="people in view of requested footage, per case with admissible evidence", unit="people per case",
    direction="lower", family="usefulness", of="viewed", attacker="whoever looks at what a request brought",
    equation="Σᵢ wᵢ 1{in view of an act of a request} / #{cases with admissible evidence}",
    value=ratio("cases with evidence", "cases"),
    source="requests and their acts; the cases of the whole city", default=False,
)
def people_seen_per_case(seen: Viewed) -> Part:
    """Exchange rate between people and cases: how many are looked at for one case that gets evidence."""
    mine = seen.on_request
    return {"total": float((seen.weight * mine).sum()), "n": float(mine.sum()), "cases": float(seen.cases)}


def _found(seen: Viewed, rows: pd.DataFrame, truth: NDArray[np.float64]) -> Part:
    """People whose most frequent camera among the rows (at least two sightings) is near the truth."""
    often = rows.groupby(["user", "camera"], as_index=False).agg(times=("enter_s", "size"), x=("x_m", "first"),
                                                                  y=("y_m", "first"))  # fmt: skip
    best = often[often["times"] >= 2].sort_values(["user", "times", "camera"], ascending=[True, False, True])
    best = best.drop_duplicates("user")
    user = best["user"].to_numpy(dtype=np.int64)
    far = np.hypot(best["x"].to_numpy() - truth[user, 0], best["y"].to_numpy() - truth[user, 1])
    hit = user[far <= _NEAR_M]  # without a truth there is no hit
    return {"total": float(seen.weight[hit].sum()), "n": float(hit.size)}


def _hour(rows: pd.DataFrame) -> NDArray[np.float64]:
    return np.asarray(rows["enter_s"] / 3600.0 % 24.0, dtype=np.float64)


@_pooled(
    title="people whose home outsiders find", unit="people", output="error",
    equation="Σᵢ wᵢ 1{the camera that saw i most often before 9 or from 19 o'clock, twice at least, stands within "
    "100 m of home}",
)
def homes_found(seen: Viewed) -> Part:
    """The oldest inference from location data: where somebody is in the morning and in the evening."""
    hour = _hour(seen.sightings)
    return _found(seen, seen.sightings[(hour < _HOME_BEFORE_H) | (hour >= _HOME_FROM_H)], seen.home)


@_pooled(
    title="people whose work place outsiders find", unit="people", output="error",
    equation="Σᵢ wᵢ 1{the camera that saw i most often on weekdays from 9 to 17 o'clock, twice at least, stands within "
    "100 m of work}",
)
def work_places_found(seen: Viewed) -> Part:
    """The same for working hours; people who do not work cannot be found there."""
    hour, day = _hour(seen.sightings), seen.sightings["enter_s"] // 86_400.0
    at_work = (hour >= _HOME_BEFORE_H) & (hour < _WORK_TO_H) & (day % 7 < 5).to_numpy()
    return _found(seen, seen.sightings[at_work], seen.work)


@_pooled(
    title="pairs of people whom outsiders see together", unit="pairs", sample="census", output="success",
    equation="#{pairs who come into view of one camera within 10 s of one another on two days or more}",
    source=_SHOWN + "; pairs within one block of people",
)
def pairs_seen_together(seen: Viewed) -> Part:
    """Co-presence: once is chance; on two days it is a claim that two people know one another, right or wrong."""
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


@_followed(
    title="people singled out by four of the sightings that outsiders were shown", unit="share", range="0 … 1",
    attacker=_POOLED + ", and knows four of a person's", value=ratio("people with four such sightings"),
    output="success",
    equation="unicity: share of draws of 4 points (camera, hour) that nobody else of the block has", source=_SHOWN
    + "; de Montjoye et al. 2013, in the population of one block (65 536 people at most)",
)
def singled_out_by_four_sightings(seen: Viewed) -> Part:
    """Unicity of the footage that outsiders saw; requires everybody, because people look rarer in a sample."""
    if seen.sightings.empty:
        return {"total": 0.0, "n": 0.0}
    found = unicity(seen.sightings, _POINTS, place="camera", time="enter_s", window_s=3600.0)
    if found.empty:
        return {"total": 0.0, "n": 0.0}
    people = float(found["targets"].item())
    return {"total": float(found["unicity"].item()) * people, "n": people}


@_followed(
    title="chance to be picked out rightly at the next camera, by clothes alone", unit="probability", range="0 … 1",
    value=ratio("handovers from camera to camera"), output="success",
    equation="mean of 1/m over handovers, m the people who come into that view within 60 s of her",
)
def linked_by_clothes(seen: Viewed) -> Part:
    """Linkage across cameras without a face: the number of people among whom the follower must choose."""
    if seen.sightings.empty:
        return {"total": 0.0, "n": 0.0}
    tracks = time_to_confusion(seen.sightings, place="camera", time="enter_s")
    return {"total": tracks.linked * tracks.handovers, "n": float(tracks.handovers)}


@_followed(
    title="longest stretch over which outsiders can follow somebody, mean", unit="s", output="time",
    value=ratio("people before outsiders"),
    equation="mean over people of the longest track: gaps of 600 s at most, lost as soon as it could be anybody else",
    source=_SHOWN + "; Hoh et al. 2007",
)
def longest_track(seen: Viewed) -> Part:
    """Time to confusion along a chain of cameras, for people whom outsiders see at all."""
    if seen.sightings.empty:
        return {"total": 0.0, "n": 0.0}
    tracks = time_to_confusion(seen.sightings, place="camera", time="enter_s").people
    return {"total": float(tracks["longest_s"].sum()), "n": float(len(tracks))}
