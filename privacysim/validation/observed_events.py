"""Model side of the register's rows about cases, requests, leaks and enforcement (protocols G, A and L).

Every function reads one world with its logs (its facts are in force) and returns values by the row's id. NaN means that
nothing happened from which the value could be taken.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.facts import facts
from privacysim.governance import Log
from privacysim.governance.spreading import CNY_PER_USD
from privacysim.policy import Arm
from privacysim.units import DAY_S
from privacysim.vocabulary import CATEGORIES, OPERATORS, REGIMES, SCENES
from privacysim.world.calibration import held_out, listing
from privacysim.world.events import STAFF
from privacysim.world.world_model import World

DAYS = 30
_END_S, _YEAR = DAYS * DAY_S, 365.25 / DAYS
_STATE = ("public_security", "other_state")
_RESCUE = ("missing_person", "life_health_property", "emergency")
_ERASED = "erased|expired"
_GRAVE, _FORMAL = ("fine", "detention", "prosecution"), ("order_to_correct", "corrected", "civil_claim")
_SHOWN_D, _SEVEN_MONTHS_D = 15, 213
Bools = NDArray[np.bool_]


def _mean(values: pd.Series | Bools) -> float:
    return float(np.mean(values)) if len(values) else math.nan


def _ratio(count: float, whole: float) -> float:
    return float(count) / float(whole) if whole else math.nan


def _within(seconds: pd.Series) -> pd.Series:
    return seconds.between(0, _END_S, inclusive="left")


def _worst(log: Log) -> pd.Series:
    """Gravest step after each incident that was found, by incident; `none` if nothing followed."""
    order = ("prosecution", "detention", "fine", *_FORMAL)
    found = log.audits[log.audits["found"]]
    steps = found["step"].astype(str).where(found["step"].isin(order), "none")
    rank = steps.map({step: n for n, step in enumerate((*order, "none"))})
    return rank.groupby(found["incident_id"]).min().map(dict(enumerate((*order, "none"))))


def _state_cameras(world: World) -> Bools:
    return np.asarray(world.cameras.operator < OPERATORS.index("commercial"))


def _staff(world: World, cameras: float) -> float:
    return cameras / 1000.0 * world.scenario.leaks.staff_per_1000_cameras.number


def cases(world: World, log: Log) -> dict[str, float]:
    """Rows about police requests and cases under the policy of `log` (protocol G)."""
    asked = log.requests[(log.requests["requester"] == "public_security") & _within(log.requests["decided_s"])]
    at_state = asked[asked["operator"].isin(_STATE)]
    granted, serves = asked["outcome"] == "granted", asked["needed_s"] > 0
    erased = asked["reason"].str.contains(_ERASED)
    poor = (asked["reason"] == "no usable recording") | (granted & ~serves)
    admissible = log.requests[(log.requests["evidence"] == "admissible") & (log.requests["case_id"] >= 0)]
    shown = _within(admissible.groupby("case_id")["delivered_s"].min())
    opened = world.cases_frame()
    early = opened.loc[opened["opened_s"] < _SHOWN_D * DAY_S, "case_id"]
    had = log.requests[log.requests["outcome"] == "granted"]["case_id"]
    per_state = _YEAR / max(_state_cameras(world).sum(), 1)
    return {"solved_with_video_per_camera": float(shown.sum()) / len(world.cameras) * _YEAR,
            "state_camera_evidence_per_year": float((at_state["outcome"] == "granted").sum()) * per_state,
            "state_camera_reviews_per_year": len(at_state) * per_state,
            "state_review_yield_share": _mean((at_state["outcome"] == "granted") & (at_state["needed_s"] > 0)),
            "state_use_missing_people_share": _mean(at_state["purpose"].isin(_RESCUE)),
            "homicide_video_share": _mean(early.isin(had)),
            "street_robbery_video_share": _mean(early.isin(admissible["case_id"])),
            "public_camera_clearance_gain": _gain(world, admissible),
            "requested_footage_serves_share": _mean(serves[granted & (asked["case_id"] >= 0)]),
            "requested_footage_problem_share": _mean(poor[~erased])}


def _gain(world: World, admissible: pd.DataFrame) -> float:
    """Cases of day 0 to 14 near a police camera: share whose only admissible footage came from the police's cameras."""
    clues, all_cases = world.clues, world.cases
    row = np.repeat(np.arange(len(all_cases.case_id)), np.diff(clues.start))
    police = world.cameras.operator[clues.camera] == OPERATORS.index("public_security")
    near = np.unique(row[police & clues.at_scene])
    opened = all_cases.opened[near]
    near_ids = all_cases.case_id[near[(opened >= 0) & (opened < _SHOWN_D * DAY_S * 10)]]
    own = admissible["operator"] == "public_security"
    only = set(admissible[own]["case_id"]) - set(admissible[~own]["case_id"])
    return _mean(np.isin(near_ids, list(only)))


def asks(log: Log) -> dict[str, float]:
    """Rows about private askers under the policy of `log` (protocol G)."""
    decided = log.requests[_within(log.requests["decided_s"]) & (log.requests["outcome"] != "pending")]
    askers = {"impostor_success_share": "impostor", "chinese_copies_share": "person_filmed"}
    return {row: _mean(decided[decided["requester"] == who]["outcome"] == "granted") for row, who in askers.items()}


def own_requests(world: World, log: Log) -> dict[str, float]:
    """Rows about people who ask for recordings of themselves where they have a right to them (protocol A)."""
    cameras = world.cameras
    category = np.asarray(world.city.place_category)[np.maximum(cameras.place_id, 0)]
    hubs = [CATEGORIES.index(word) for word in ("metro_station", "transport_hub")]
    station = (cameras.place_id >= 0) & np.isin(category, hubs)
    mine = log.requests[(log.requests["requester"] == "person_filmed") & (log.requests["outcome"] != "pending")
                        & _within(log.requests["decided_s"])]  # fmt: skip
    public = mine[mine["custodian_id"].isin(np.unique(cameras.custodian_id[station])) | mine["operator"].isin(_STATE)]
    answered, erased = public["outcome"] == "granted", public["reason"].str.contains(_ERASED)
    had = mine[(mine["operator"] != "home") & ~mine["reason"].str.contains(f"{_ERASED}|no usable")]
    taken = (public["delivered_s"] - public["submitted_s"])[answered] / DAY_S
    at_stations = mine["custodian_id"].isin(np.unique(cameras.custodian_id[station])).sum()
    return {"own_request_overwritten_share": _mean(mine["reason"].str.contains(_ERASED)),
            "own_request_answered_share": _mean(answered),
            "own_request_other_failure_share": _mean(~answered & ~erased),
            "own_requests_per_station_camera": _ratio(float(at_stations) * _YEAR, station.sum()),
            "duty_obstructed_share": _mean(had["outcome"] == "refused"),
            "own_request_days": float(taken.median()) if len(taken) else math.nan}


def breaches(world: World, log: Log) -> dict[str, float]:
    """Rows about misuse, complaints, inspections and what follows from them (protocol G)."""
    incidents, worst = log.incidents, _worst(log)
    found = incidents[_within(incidents["discovered_s"])]
    step = found["incident_id"].map(worst).fillna("none")
    insider, hidden = found["kind"] == "insider", found["kind"] == "hidden"
    complaint = found["discovered_by"] == "complaint"
    inside = found["kind"].isin(["insider", "stream", "informal", "duty_breach"])
    taken_up = inside & (step != "none")
    state = _state_cameras(world)
    of_state = found["custodian_id"].isin(np.unique(world.cameras.custodian_id[state]))
    cameras, staff_years = len(world.cameras), _staff(world, len(world.cameras)) / _YEAR
    last = log.audits[log.audits["found"]].groupby("incident_id")["at_s"].max()
    days = (found["incident_id"].map(last) - found["discovered_s"]) / DAY_S
    rounds = world.inspections.tick
    lapses = world.lapses
    at_state = (lapses.kind == STAFF) & state[np.minimum(lapses.camera[lapses.start[:-1]], state.size - 1)]
    span_years = (world.warmup_days + world.days) / 365.25
    outsiders = found["kind"].isin(["hidden", "break_in", "platform_break_in"]) & step.isin(_GRAVE[1:])
    return {
        "insider_misuse_found": 1000.0 * float(insider.sum()) / staff_years,
        "breach_no_consequence_share": _mean(worst == "none"),
        "breach_convicted_share": _mean(worst == "prosecution"),
        "misuse_documented_per_1000": 1000.0 * float((insider & of_state).sum()) * _YEAR / _staff(world, state.sum()),
        "misuse_suspected_share": 1.0 - math.exp(-at_state.sum() / span_years / _staff(world, state.sum())),
        "hidden_suspects_tried_share": _mean(step[hidden] == "prosecution"),
        "complaints_per_1000_cameras": 1000.0 * float(complaint.sum()) / cameras * _YEAR,
        "complaint_to_sanction_share": _mean(step[complaint].isin(_GRAVE)),
        "procedure_fine_share": _mean(step[taken_up].isin(_GRAVE)),
        "complaint_to_decision_days": float(days.dropna().mean()) if days.notna().any() else math.nan,
        "inspection_formal_notice_share": _ratio(
            float(((found["discovered_by"] == "inspection") & step.isin((*_GRAVE, *_FORMAL))).sum()),
            ((rounds >= 0) & (rounds < _END_S * 10)).sum(),
        ),
        "camera_offenders_per_million": float(outsiders.sum()) * _YEAR / world.scenario.population.people.number * 1e6,
    }


def duties(world: World, log: Log, arm: Arm) -> dict[str, float]:
    """Row about state cameras under a policy with duties: share with a breach of siting or of access logs.

    Terms of filing run beyond the 30 days, so an unfiled camera breaks no duty yet.
    """
    custody = log.custody
    state = _state_cameras(world)[custody["camera_id"]]
    must_log = np.array([arm.log_kept(word) for word in REGIMES])[world.cameras.regime[custody["camera_id"]]]
    return {"state_cameras_defective_share": _mean((~custody["may_stand"] | (must_log & ~custody["log_kept"]))[state])}


def leaks(world: World, log: Log) -> dict[str, float]:
    """Rows about websites, break-ins, hidden cameras and sales (protocol L)."""
    incidents, acts = log.incidents, log.acts
    broken = incidents[incidents["kind"].isin(["break_in", "platform_break_in"])]
    controlled = max(int(broken["cameras_n"].sum()), 1)
    streams = incidents[(incidents["kind"] == "stream") & (incidents["opened_s"] <= 0) & ~(incidents["closed_s"] <= 0)]
    reachable = np.asarray(world.custody.on_internet)
    insider = incidents[incidents["kind"] == "insider"]
    seen = insider[_within(insider["discovered_s"]) & insider["mechanism"].str.contains("vendor|contractor")]
    state = np.unique(world.cameras.custodian_id[_state_cameras(world)])
    sold = insider[insider["custodian_id"].isin(state) & (insider["price_cny"] > 0)]["price_cny"]
    of_platform = world.cameras.platform_id >= 0
    copies = acts[(acts["source"] == "breach") & (acts["act"] == "copy")]
    rows = {"stay_on_list_d": listing(world.city, world.scenario).mean_stay_d,
            "saleable_per_hacked_camera": _mean(world.cameras.scene[of_platform] == SCENES.index("private_space")),
            "revenue_per_hacked_camera": float(broken["price_cny"].sum()) / CNY_PER_USD / controlled,
            "open_without_password_share": _ratio((streams["mechanism"] == "open_port").sum(), reachable.sum()),
            "kept_files_per_controlled_camera": len(copies) / controlled,
            "insider_reach": float(seen["cameras_n"].median()) if len(seen) else math.nan,
            "state_access_sale_usd": float(sold.mean()) / CNY_PER_USD if len(sold) else math.nan}
    rows |= {f"listed_{one.city}": one.predicted for one in held_out(world.scenario)}
    return rows | _hidden(world, log)


def _hidden(world: World, log: Log) -> dict[str, float]:
    """Hidden cameras: revenue, share running, and share of toilets and changing rooms with one."""
    hidden = log.incidents[log.incidents["kind"] == "hidden"]
    sold = hidden[hidden["mechanism"] == "sold"]
    closed, running = _within(sold["closed_s"]).sum(), len(sold)
    life_d = running * DAYS / closed if closed else math.nan  # standing number over closings per day
    place = world.cameras.place_id[world.hidden.camera]
    category = np.asarray(world.city.place_category)
    malls = float((category == CATEGORIES.index("mall")).sum()) * facts().value("rooms_mall")
    in_malls = ((category[place] == CATEGORIES.index("mall")) & (world.hidden.installed < 0)).sum()
    return {"hidden_camera_revenue_usd": float(sold["price_cny"].mean()) / CNY_PER_USD if running else math.nan,
            "hidden_cameras_running_share": life_d / (life_d + _SEVEN_MONTHS_D),
            "public_toilet_hidden_share": _ratio(float(in_malls), malls)}
