"""What cameras are good for: cases with admissible evidence, and how long it takes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim.facts import facts
from privacysim.metrics.registry import Rows, metric, ratio, total
from privacysim.metrics.seen import Records
from privacysim.vocabulary import STATE_ORGANS


def first_evidence_s(requests: pd.DataFrame, end_s: float) -> pd.Series[float]:
    """When each case got its first admissible evidence (seconds, by case id), for cases that got it in [0, end_s)."""
    good = requests[(requests["evidence"] == "admissible") & (requests["case_id"] >= 0)]
    first = good.groupby("case_id", observed=True)["delivered_s"].min()
    return first[(first >= 0) & (first < end_s)]


@metric(
    title="cases with admissible evidence", unit="cases", direction="higher", family="usefulness", of="records",
    equation="#{cases whose first admissible evidence came in [0, D)}", source="requests; the cast's clues",
    value=total,
)
def cases_with_admissible_evidence(seen: Records) -> Rows:
    """Looking is not enough: delivered under a paper that the rules accept."""
    first = first_evidence_s(seen.requests, seen.end_s)
    return Rows(first.index.to_numpy(), np.ones(len(first)), np.ones(len(first)))


@metric(
    title="hours from case to admissible evidence", unit="h", direction="lower", family="usefulness", of="records",
    sample="consistent", equation="mean of (first delivery − opening) / 3600 over these cases",
    source="requests and cases; only cases that got evidence are in it, so read it beside their number",
    value=ratio("cases with admissible evidence"),
)
def hours_to_evidence(seen: Records) -> Rows:
    """Mean waiting time of those cases."""
    first = first_evidence_s(seen.requests, seen.end_s)
    waited = (first - seen.case_opened_s.reindex(first.index)).to_numpy(dtype=np.float64)
    return Rows(first.index.to_numpy(), waited / np.float64(3600), np.ones(len(first)))


def _inside(seen: Records) -> pd.DataFrame:
    decided = seen.requests["decided_s"]
    return seen.requests[(decided >= 0) & (decided < seen.end_s)]


@metric(
    title="requests with a good claim that got nothing", unit="requests", direction="lower", family="usefulness",
    of="records", equation="#{granted on merit, outcome neither granted nor pending, decided in [0, D)}",
    source="requests: merit is what the rule says before queue, hours and retention", value=total,
)
def granted_on_merit_got_nothing(seen: Records) -> Rows:
    """Wrongly refused in effect: the rule was on the asker's side, the queue or the erasing was not."""
    requests = _inside(seen)
    lost = requests[requests["granted_on_merit"] & ~requests["outcome"].isin(["granted", "pending"])]
    case, own = lost["case_id"].to_numpy(), lost["request_id"].to_numpy()
    ones = np.ones(len(lost))
    return Rows(np.where(case >= 0, case, -2 - own), ones, ones)


@metric(
    title="footage lost to the defence", unit="requests", direction="lower", family="usefulness", of="records",
    equation="#{purpose defence, outcome unavailable, decided in [0, D)}", source="requests", value=total,
)
def defence_footage_lost(seen: Records) -> Rows:
    """What might have cleared somebody expires like what might convict."""
    requests = _inside(seen)
    lost = requests[(requests["purpose"] == "defence") & (requests["outcome"] == "unavailable")]
    ones = np.ones(len(lost))
    return Rows(lost["request_id"].to_numpy(), ones, ones)


@metric(
    title="camera-hours of footage handed over per case with admissible evidence", unit="camera-hours per case",
    direction="lower", family="usefulness", of="records", sample="consistent", value=ratio("cases with evidence"),
    equation="Σ footage given in [0, D) / 3600 / #{cases with admissible evidence}",
    source="requests; the price, in footage of everybody, of one case with evidence",
)
def footage_per_case(seen: Records) -> Rows:
    """The exchange rate between what is handed over of everybody and what it is for."""
    given = _inside(seen)
    given = given[given["outcome"] == "granted"]
    first = first_evidence_s(seen.requests, seen.end_s)
    case, own = given["case_id"].to_numpy(), given["request_id"].to_numpy()
    hours = given["footage_s"].to_numpy(dtype=np.float64) / 3600.0
    return Rows(
        np.concatenate([np.where(case >= 0, case, -2 - own), first.index.to_numpy()]),
        np.concatenate([hours, np.zeros(len(first))]), np.concatenate([np.zeros(hours.size), np.ones(len(first))]),
    )  # fmt: skip


_DESKS = ("case_department_head", "county_psb_head", "municipal_state_security_head", "strict_unspecified", "judge")


@metric(
    title="officer hours of approving papers for footage", unit="hours", direction="lower", family="usefulness",
    of="records", equation="Σ over requests decided in [0, D) of the approver's mean working time per paper / 60",
    source="facts desk_work_…_min (assumptions); nobody's time where no paper needs approval", value=total,
    default=False,
)
def approval_officer_hours(seen: Records) -> Rows:
    """What the procedure costs those who decide; the queue's waiting time is not in it."""
    minutes = {desk: facts().value(f"desk_work_{desk}_min") for desk in _DESKS}
    requests = _inside(seen)
    hours = requests["approver"].astype(str).map(minutes).fillna(0.0).to_numpy(dtype=np.float64) / np.float64(60)
    case, own = requests["case_id"].to_numpy(), requests["request_id"].to_numpy()
    return Rows(np.where(case >= 0, case, -2 - own), hours, (hours > 0).astype(np.float64))


@metric(
    title="officer hours before requested footage", unit="hours", direction="lower", family="usefulness", of="records",
    equation="Σ audience · attention · (to − from) / 3600 over acts of requests by state organs", value=total,
    source="acts; footage is taken to be watched at its own pace, once by each who looks", default=False,
)
def looking_officer_hours(seen: Records) -> Rows:
    """An upper bound where a search by machine or a fast forward stands in for looking."""
    acts = seen.looked_at
    mine = acts[((acts["source"] == "request") & acts["actor"].isin(STATE_ORGANS)).to_numpy(dtype=bool)]
    hours = mine["audience"].to_numpy(dtype=np.float64) * mine["hours"].to_numpy(dtype=np.float64)
    return Rows(mine["root"].to_numpy(), hours, np.ones(len(mine)))


@metric(
    title="footage held at one time", unit="camera-days", direction="lower", family="usefulness", of="records",
    equation="Σ over recording cameras of the days that the footage is kept; times the bit rate it is bytes",
    source="custody under the arm", value=total, default=False, attacker="whoever gets hold of the footage",
)
def storage_camera_days(seen: Records) -> Rows:
    """What keeping costs, in the unit that needs no assumption about codecs and disks."""
    return Rows(np.zeros(1, dtype=np.int64), np.array([seen.kept_camera_days]), np.ones(1))
