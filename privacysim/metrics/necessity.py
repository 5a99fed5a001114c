"""What looking brings beside its purpose: everybody in a searched archive, over-delivery, people who are never told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim.facts import facts
from privacysim.metrics.registry import Part, Rows, metric, ratio, total
from privacysim.metrics.seen import PeopleSeen, Records


def viewer_hours(acts: pd.DataFrame, end_s: float) -> np.ndarray:
    """Viewers × hours that they look, act by act: audience · attention · length.

    `acts` is a table of acts as in `Log.acts`; an act without an end is taken to last until `end_s` (seconds). Not a
    metric, since nobody need have passed: it says how much looking there was, not how much was seen.
    """
    length = acts["to_s"].fillna(end_s).to_numpy(dtype=float) - acts["from_s"].to_numpy(dtype=float)
    return acts["audience"].to_numpy(dtype=float) * acts["attention"].to_numpy(dtype=float) * length / 3600.0


@metric(
    title="people whose face a machine compared", unit="people", direction="lower", family="access", of="people",
    attacker="police, on their own and shared consoles and under papers that cover the technique", value=total,
    equation="Σᵢ wᵢ 1{at least one pass within a search by face, recorded or live}", monotone=True, output="success",
    flow="searched",
    source="searches and watchlists are assumptions with wide ranges; who passed is the model's",
)
def people_searched_by_face(seen: PeopleSeen) -> Part:
    """Everybody who passed a searched camera in the searched time, most of them for nothing."""
    some = seen.faces_searched > 0
    return {"total": float((seen.weight * some).sum()), "n": float(np.count_nonzero(some))}


@metric(
    title="false matches of searches by face", unit="matches", direction="lower", family="access", of="people",
    attacker="whoever trusts the machine", bounded=False, value=total, monotone=True, output="error",
    flow="searched",
    equation="Σᵢ wᵢ · passes compared · chance that a stranger is given as a match",
    source="fact face_false_match (assumption, over four powers of ten)",
)
def false_matches(seen: PeopleSeen) -> Part:
    """Strangers named as the person sought."""
    compared = seen.faces_searched
    return {
        "total": float((seen.weight * compared).sum()) * facts().value("face_false_match"),
        "n": float(np.count_nonzero(compared)),
    }


@metric(
    title="over-delivery: share of delivered footage that holds nobody of the case", unit="share", direction="lower",
    family="access", of="records", sample="consistent", equation="1 − Σ needed / Σ delivered, camera-seconds",
    source="requests in cases, delivered in [0, D); a seized recorder counts whole", range="0 … 1",
    value=ratio("delivered footage"),
)
def over_delivery(seen: Records) -> Rows:
    """Necessity turned round: what a request brings beside the people whom the case is about."""
    asked = seen.requests
    inside = (asked["delivered_s"] >= 0) & (asked["delivered_s"] < seen.end_s) & (asked["case_id"] >= 0)
    met = asked[inside & (asked["outcome"] == "granted") & ~asked["reason"].str.contains("searched by machine")]
    given = met["footage_s"].to_numpy(dtype=float)
    return Rows(met["case_id"].to_numpy(), given - met["needed_s"].to_numpy(dtype=float), given)


@metric(
    title="share of granted requests and of leaks of which the people filmed are never told", unit="share",
    direction="lower", family="gap", of="records", sample="consistent", value=ratio("requests and leaks"),
    equation="#{told_s missing} / #{granted requests delivered in [0, D), incidents open in it}", range="0 … 1",
    source="notice after a warrant, notice of a breach (PIPL 57), one's own request, one's own complaint",
)
def never_told(seen: Records) -> Rows:
    """A person cannot complain of what she does not know."""
    asked, leaks = seen.requests, seen.incidents[seen.incidents["kind"] != "duty_breach"]
    inside = (asked["outcome"] == "granted") & (asked["delivered_s"] >= 0) & (asked["delivered_s"] < seen.end_s)
    met = asked[inside]
    case, own = met["case_id"].to_numpy(), met["request_id"].to_numpy()
    root = np.concatenate((np.where(case >= 0, case, -2 - own), leaks["incident_id"].to_numpy()))
    unknown = np.concatenate((met["told_s"].isna().to_numpy(), leaks["told_s"].isna().to_numpy())).astype(float)
    return Rows(root, unknown, np.ones(root.size))


@metric(
    title="days until the people filmed are told, of those who are", unit="d", direction="lower", family="gap",
    of="records", sample="consistent", value=ratio("people told"), output="time",
    equation="mean of (told − delivered, or told − opened) / 86 400", source="requests and incidents with a notice",
)
def days_until_told(seen: Records) -> Rows:
    """Only of what somebody is ever told: read it beside the share never told."""
    asked, leaks = seen.requests, seen.incidents
    met = asked[asked["told_s"].notna() & (asked["delivered_s"] >= 0) & (asked["delivered_s"] < seen.end_s)]
    found = leaks[leaks["told_s"].notna()]
    case, own = met["case_id"].to_numpy(), met["request_id"].to_numpy()
    root = np.concatenate((np.where(case >= 0, case, -2 - own), found["incident_id"].to_numpy()))
    waits = (met["told_s"] - met["delivered_s"], found["told_s"] - found["opened_s"])
    days = np.concatenate([wait.to_numpy(dtype=float) for wait in waits]) / 86_400.0
    return Rows(root, days, np.ones(root.size))
