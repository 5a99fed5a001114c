"""Metrics of requests: evidence for cases, requests refused or lost, notice to the people filmed, and hours of work."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim import vocabulary as words
from privacysim.draws import Floats
from privacysim.facts import facts
from privacysim.metrics.registry import Rows, ratio, shipped_metric
from privacysim.metrics.seen import Records
from privacysim.units import DAY_S

_DESKS = ("case_department_head", "county_psb_head", "municipal_state_security_head", "strict_unspecified", "judge")


def _filmed(seen: Records, asked: pd.DataFrame, leaks: pd.DataFrame, *values: pd.Series) -> Rows:
    """One row per request and per leak, with a value of each."""
    root = np.concatenate((seen.request_roots(asked), leaks["incident_id"].to_numpy()))
    return Rows(root, np.concatenate([one.to_numpy(dtype=float) for one in values]))


@shipped_metric(ratio("requests and leaks"))
def never_told(seen: Records) -> Rows:
    """People who were filmed and never told; they cannot complain of what they do not know."""
    leaks = seen.incidents[~seen.incidents["kind"].isin(["duty_breach", "complaint"])]
    met = seen.within(seen.requests[seen.requests["outcome"] == "granted"], "delivered_s")
    return _filmed(seen, met, leaks, met["told_s"].isna(), leaks["told_s"].isna())


@shipped_metric(ratio("people told"))
def days_until_told(seen: Records) -> Rows:
    """It covers only people who are told at some time, so read it together with the share never told."""
    met = seen.within(seen.requests[seen.requests["told_s"].notna()], "delivered_s")
    found = seen.incidents[seen.incidents["told_s"].notna()]
    return _filmed(seen, met, found, (met["told_s"] - met["delivered_s"]) / DAY_S,
                   (found["told_s"] - found["opened_s"]) / DAY_S)  # fmt: skip


def viewer_hours(acts: pd.DataFrame, end_s: float) -> Floats:
    """Viewers × hours that they look, per act: audience · attention · length.

    `acts` is a table of acts as in `Log.acts`; an act without an end lasts until `end_s` (seconds). This is not a
    metric, because perhaps nobody passed: it measures the amount of viewing, not what was seen.
    """
    length = acts["to_s"].fillna(end_s).to_numpy(dtype=float) - acts["from_s"].to_numpy(dtype=float)
    return acts["audience"].to_numpy(dtype=float) * acts["attention"].to_numpy(dtype=float) * length / 3600.0


def first_evidence_s(requests: pd.DataFrame, end_s: float) -> pd.Series[float]:
    """When each case got its first admissible evidence (seconds, by case id), for cases that got it in [0, end_s)."""
    good = requests[requests["evidence"].isin(words.PROOF) & (requests["case_id"] >= 0)]
    first = good.groupby("case_id", observed=True)["delivered_s"].min()
    return first[(first >= 0) & (first < end_s)]


@shipped_metric()
def cases_with_admissible_evidence(seen: Records) -> Rows:
    """Cases with evidence delivered under a document that the rules accept; looking alone is not enough."""
    return Rows(first_evidence_s(seen.requests, seen.end_s).index)


@shipped_metric(ratio("cases with admissible evidence"))
def hours_to_evidence(seen: Records) -> Rows:
    """Mean waiting time of the cases that got admissible evidence."""
    first = first_evidence_s(seen.requests, seen.end_s)
    return Rows(first.index, (first - seen.case_opened_s.reindex(first.index)) / 3600.0)


@shipped_metric()
def requests_refused(seen: Records) -> Rows:
    """Refused requests of all requesters: state organs, people filmed, neighbours, the curious."""
    return Rows(seen.request_roots(seen.decided[seen.decided["outcome"] == "refused"]))


@shipped_metric()
def requests_lost_to_retention(seen: Records) -> Rows:
    """Requests whose footage was erased before the request, or while it was in the queue."""
    gone = seen.decided["reason"].str.contains("expired|retention|erased")
    return Rows(seen.request_roots(seen.decided[gone & (seen.decided["outcome"] == "unavailable")]))


@shipped_metric()
def granted_on_merit_got_nothing(seen: Records) -> Rows:
    """Requests wrongly refused in effect: the rules allowed them, but the queue or the erasure prevented delivery."""
    asked = seen.decided
    return Rows(seen.request_roots(asked[asked["granted_on_merit"] & ~asked["outcome"].isin(["granted", "pending"])]))


@shipped_metric()
def defence_footage_lost(seen: Records) -> Rows:
    """Footage that might have cleared somebody expires like footage that might convict."""
    asked = seen.decided
    return Rows(asked[(asked["purpose"] == "defence") & (asked["outcome"] == "unavailable")]["request_id"])


@shipped_metric(ratio("cases with evidence"))
def footage_per_case(seen: Records) -> Rows:
    """Exchange rate between the footage of everybody that is handed over and the cases that it serves."""
    given = seen.decided[seen.decided["outcome"] == "granted"]
    cases = first_evidence_s(seen.requests, seen.end_s).index.to_numpy()
    case = np.concatenate([np.zeros(len(given)), np.ones(cases.size)])
    hours = np.concatenate([given["footage_s"].to_numpy(dtype=float) / 3600.0, np.zeros(cases.size)])
    return Rows(np.concatenate([seen.request_roots(given), cases]), hours, case)


@shipped_metric(ratio("delivered footage"))
def over_delivery(seen: Records) -> Rows:
    """Footage that a request delivers beyond what the case needs (the reverse of necessity)."""
    asked = seen.within(seen.requests[seen.requests["case_id"] >= 0], "delivered_s")
    met = asked[(asked["outcome"] == "granted") & ~asked["reason"].str.contains("searched by machine")]
    return Rows(met["case_id"], met["footage_s"] - met["needed_s"], met["footage_s"])


@shipped_metric()
def approval_officer_hours(seen: Records) -> Rows:
    """Cost of the procedure for those who decide, without the waiting time in the queue."""
    minutes = {desk: facts().value(f"desk_work_{desk}_min") for desk in _DESKS}
    hours = seen.decided["approver"].astype(str).map(minutes).fillna(0.0).to_numpy(dtype=float) / 60.0
    return Rows(seen.request_roots(seen.decided), hours, hours > 0)


@shipped_metric()
def looking_officer_hours(seen: Records) -> Rows:
    """Upper bound if a machine search or fast-forward replaces looking."""
    acts = seen.looked_at
    mine = acts[((acts["source"] == "request") & acts["actor"].isin(words.STATE_ORGANS)).to_numpy(dtype=bool)]
    return Rows(mine["root"], mine["audience"] * mine["hours"])


@shipped_metric()
def storage_camera_days(seen: Records) -> Rows:
    """Cost of keeping footage, in a unit that needs no assumption about codecs and disks."""
    return Rows(np.zeros(1), seen.kept_camera_days)
