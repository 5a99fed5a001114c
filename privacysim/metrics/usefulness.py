"""Benefits of cameras and their price: cases with evidence, waiting, footage lost, footage beyond the need."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim.facts import facts
from privacysim.metrics.registry import Rows, metric, ratio
from privacysim.metrics.seen import Records
from privacysim.vocabulary import STATE_ORGANS

_DESKS = ("case_department_head", "county_psb_head", "municipal_state_security_head", "strict_unspecified", "judge")


def viewer_hours(acts: pd.DataFrame, end_s: float) -> np.ndarray:
    """Viewers × hours that they look, per act: audience · attention · length.

    `acts` is a table of acts as in `Log.acts`; an act without an end lasts until `end_s` (seconds). This is not a
    metric, because perhaps nobody passed: it measures how much looking there was, not how much was seen.
    """
    length = acts["to_s"].fillna(end_s).to_numpy(dtype=float) - acts["from_s"].to_numpy(dtype=float)
    return acts["audience"].to_numpy(dtype=float) * acts["attention"].to_numpy(dtype=float) * length / 3600.0


def first_evidence_s(requests: pd.DataFrame, end_s: float) -> pd.Series[float]:
    """When each case got its first admissible evidence (seconds, by case id), for cases that got it in [0, end_s)."""
    good = requests[(requests["evidence"] == "admissible") & (requests["case_id"] >= 0)]
    first = good.groupby("case_id", observed=True)["delivered_s"].min()
    return first[(first >= 0) & (first < end_s)]


def _decided(seen: Records) -> pd.DataFrame:
    return seen.within(seen.requests, "decided_s")


@metric(
    title="cases with admissible evidence", unit="cases", direction="higher", family="usefulness",
    equation="#{cases whose first admissible evidence came in [0, D)}", source="requests; the cast's clues",
    headline=8,
)
def cases_with_admissible_evidence(seen: Records) -> Rows:
    """Cases with evidence delivered under a document that the rules accept; looking alone is not enough."""
    return Rows(first_evidence_s(seen.requests, seen.end_s).index.to_numpy())


@metric(
    title="hours from case to admissible evidence", unit="h", direction="lower", family="usefulness",
    sample="consistent", equation="mean of (first delivery − opening) / 3600 over these cases", headline=9,
    source="requests and cases; only cases that got evidence are in it, so read it beside their number",
    value=ratio("cases with admissible evidence"),
)
def hours_to_evidence(seen: Records) -> Rows:
    """Mean waiting time of the cases that got admissible evidence."""
    first = first_evidence_s(seen.requests, seen.end_s)
    waited = (first - seen.case_opened_s.reindex(first.index)).to_numpy(dtype=np.float64)
    return Rows(first.index.to_numpy(), waited / np.float64(3600))


@metric(
    title="requests refused", unit="requests", family="access", source="requests", headline=10,
    equation="#{outcome refused, decided in [0, D)}",
)
def requests_refused(seen: Records) -> Rows:
    """Refused requests of all askers: state organs, people filmed, neighbours, the curious."""
    asked = _decided(seen)
    return Rows(seen.request_roots(asked[asked["outcome"] == "refused"]))


@metric(
    title="requests lost to retention", unit="requests", direction="lower", family="access", source="requests",
    equation="#{outcome unavailable because the footage was gone, decided in [0, D)}", headline=11,
)
def requests_lost_to_retention(seen: Records) -> Rows:
    """Requests whose footage was erased before the request, or while it was in the queue."""
    asked = _decided(seen)
    gone = asked["reason"].str.contains("expired|retention|erased")
    return Rows(seen.request_roots(asked[gone & (asked["outcome"] == "unavailable")]))


@metric(
    title="requests with a good claim that got nothing", unit="requests", direction="lower", family="usefulness",
    equation="#{granted on merit, outcome neither granted nor pending, decided in [0, D)}",
    source="requests: merit is what the rule says before queue, hours and retention",
)
def granted_on_merit_got_nothing(seen: Records) -> Rows:
    """Requests wrongly refused in effect: the rules allowed them, but the queue or the erasure prevented delivery."""
    asked = _decided(seen)
    return Rows(seen.request_roots(asked[asked["granted_on_merit"] & ~asked["outcome"].isin(["granted", "pending"])]))


@metric(
    title="footage lost to the defence", unit="requests", direction="lower", family="usefulness", source="requests",
    equation="#{purpose defence, outcome unavailable, decided in [0, D)}",
)
def defence_footage_lost(seen: Records) -> Rows:
    """Footage that might have cleared somebody expires like footage that might convict."""
    asked = _decided(seen)
    lost = asked[(asked["purpose"] == "defence") & (asked["outcome"] == "unavailable")]
    return Rows(lost["request_id"].to_numpy())


@metric(
    title="camera-hours of footage handed over per case with admissible evidence", unit="camera-hours per case",
    direction="lower", family="usefulness", sample="consistent", value=ratio("cases with evidence"),
    equation="Σ footage given in [0, D) / 3600 / #{cases with admissible evidence}",
    source="requests; the price, in footage of everybody, of one case with evidence",
)
def footage_per_case(seen: Records) -> Rows:
    """Exchange rate between the footage of everybody that is handed over and the cases that it serves."""
    asked = _decided(seen)
    given = asked[asked["outcome"] == "granted"]
    cases = first_evidence_s(seen.requests, seen.end_s).index.to_numpy()
    hours = given["footage_s"].to_numpy(dtype=np.float64) / 3600.0
    return Rows(
        np.concatenate([seen.request_roots(given), cases]), np.concatenate([hours, np.zeros(cases.size)]),
        np.concatenate([np.zeros(hours.size), np.ones(cases.size)]),
    )  # fmt: skip


@metric(
    title="over-delivery: share of delivered footage that holds nobody of the case", unit="share", direction="lower",
    family="access", sample="consistent", equation="1 − Σ needed / Σ delivered, camera-seconds",
    source="requests in cases, delivered in [0, D); a seized recorder counts whole", range="0 … 1",
    value=ratio("delivered footage"),
)
def over_delivery(seen: Records) -> Rows:
    """Footage that a request delivers beyond what the case needs (the reverse of necessity)."""
    asked = seen.within(seen.requests[seen.requests["case_id"] >= 0], "delivered_s")
    met = asked[(asked["outcome"] == "granted") & ~asked["reason"].str.contains("searched by machine")]
    given = met["footage_s"].to_numpy(dtype=float)
    return Rows(met["case_id"].to_numpy(), given - met["needed_s"].to_numpy(dtype=float), given)


@metric(
    title="officer hours of approving papers for footage", unit="hours", direction="lower", family="usefulness",
    equation="Σ over requests decided in [0, D) of the approver's mean working time per paper / 60", default=False,
    source="facts desk_work_…_min (assumptions); nobody's time where no paper needs approval",
)
def approval_officer_hours(seen: Records) -> Rows:
    """Cost of the procedure for those who decide, without the waiting time in the queue."""
    minutes = {desk: facts().value(f"desk_work_{desk}_min") for desk in _DESKS}
    asked = _decided(seen)
    hours = asked["approver"].astype(str).map(minutes).fillna(0.0).to_numpy(dtype=np.float64) / np.float64(60)
    return Rows(seen.request_roots(asked), hours, hours > 0)


@metric(
    title="officer hours before requested footage", unit="hours", direction="lower", family="usefulness",
    equation="Σ audience · attention · (to − from) / 3600 over acts of requests by state organs",
    source="acts; footage is taken to be watched at its own pace, once by each who looks", default=False,
)
def looking_officer_hours(seen: Records) -> Rows:
    """Upper bound if a machine search or fast-forward replaces looking."""
    acts = seen.looked_at
    mine = acts[((acts["source"] == "request") & acts["actor"].isin(STATE_ORGANS)).to_numpy(dtype=bool)]
    hours = mine["audience"].to_numpy(dtype=np.float64) * mine["hours"].to_numpy(dtype=np.float64)
    return Rows(mine["root"].to_numpy(), hours)


@metric(
    title="footage held at one time", unit="camera-days", direction="lower", family="usefulness", default=False,
    equation="Σ over recording cameras of the days that the footage is kept; times the bit rate it is bytes",
    source="custody under the arm", attacker="whoever gets hold of the footage",
)
def storage_camera_days(seen: Records) -> Rows:
    """Cost of keeping footage, in a unit that needs no assumption about codecs and disks."""
    return Rows(np.zeros(1, dtype=np.int64), np.array([seen.kept_camera_days]))
