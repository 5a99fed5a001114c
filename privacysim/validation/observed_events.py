"""Model side of the register's rows about cases, requests, leaks, enforcement (protocols G, A, L) and recognition (R).

Every function reads one world with its logs (its facts are in force) and returns values by the row's id. NaN means that
no event occurred from which to compute the value.
"""

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from privacysim.facts import facts
from privacysim.governance import Log
from privacysim.governance.spreading import CNY_PER_USD
from privacysim.identify import false_alarm, identifiability
from privacysim.identify import recognisers as who
from privacysim.policy import Arm
from privacysim.units import DAY_S, DAY_TICKS
from privacysim.vocabulary import CATEGORIES, CURVES, OPERATORS, PROOF, REGIMES
from privacysim.world.calibration import held_out, listing
from privacysim.world.campaigns import BREAK_IN, STAFF, country_share
from privacysim.world.streams import hidden_guests_per_day, hidden_hazards
from privacysim.world.world_model import World

DAYS = 30
_END_S, _YEAR = DAYS * DAY_S, 365.25 / DAYS
_STATE = ("public_security", "other_state")
_RESCUE = ("missing_person", "life_health_property", "emergency")
_STREET = ("robbery", "street_theft")
_ERASED = "erased|expired"
_GRAVE, _FORMAL = ("fine", "detention", "prosecution", "conviction"), ("order_to_correct", "corrected", "civil_claim")
_STEPS = ("conviction", "prosecution", "detention", "fine", "dismissal", *_FORMAL, "discipline")
"""Formal steps, gravest first; a prosecution that ends with an acquittal remains one."""
_SHOWN_D, _SEVEN_MONTHS_D, _SHOWN_GUESTS_D = 15, 213, 90
_THOUSANDS, _HUNDREDS = 1_000, 500
"""Cameras of a mass hacker, at least; and "a few hundred", at most."""
_SHARP_PX, _SMALL_PX, _VIDEO_PX, _BODY_PX = 100.0, 20.0, 40.0, 100.0
Bools = NDArray[np.bool_]


def _mean(values: pd.Series | Bools) -> float:
    return float(np.mean(values)) if len(values) else math.nan


def _ratio(count: Any, whole: Any) -> float:
    return float(count) / float(whole) if whole else math.nan


def _within(seconds: pd.Series) -> pd.Series:
    return seconds.between(0, _END_S, inclusive="left")


def _worst(log: Log) -> pd.Series:
    """Gravest step after each incident that was found, by incident; `none` if nothing followed."""
    found = log.audits[log.audits["found"]]
    # other steps do not count
    steps = pd.Categorical(found["step"].astype(object).where(found["step"].isin(_STEPS)), _STEPS, ordered=True)
    return pd.Series(steps, found.index).groupby(found["incident_id"]).min().astype(object).fillna("none")


def _state_cameras(world: World) -> Bools:
    return np.asarray(world.cameras.operator < OPERATORS.index("commercial"))


def _staff(world: World, cameras: float) -> float:
    return cameras / 1000.0 * world.scenario.leaks.staff_per_1000_cameras.number


def cases(world: World, log: Log) -> dict[str, float]:
    """Rows about requests of the police and of private people under the policy of `log`, and cases (protocol G)."""
    decided = log.requests[_within(log.requests["decided_s"])]
    asked, private = decided[decided["requester"] == "public_security"], decided[decided["outcome"] != "pending"]
    at_state = asked[asked["operator"].isin(_STATE)]
    granted, serves = asked["outcome"] == "granted", asked["needed_s"] > 0
    erased = asked["reason"].str.contains(_ERASED)
    in_case = asked["case_id"] >= 0
    poor = (asked["reason"] == "no usable recording") | (granted & ~serves)
    admissible = log.requests[log.requests["evidence"].isin(PROOF) & (log.requests["case_id"] >= 0)]
    decisive = admissible[admissible["evidence"] == "decisive"]
    shown = _within(admissible.groupby("case_id")["delivered_s"].min())
    opened = world.cases_frame()
    early = opened.loc[opened["opened_s"] < _SHOWN_D * DAY_S].set_index("offence")["case_id"]
    had = log.requests[log.requests["outcome"] == "granted"]["case_id"]
    per_state = _YEAR / max(_state_cameras(world).sum(), 1)
    return {"solved_with_video_per_camera": float(shown.sum()) / len(world.cameras) * _YEAR,
            "state_camera_evidence_per_year": float((at_state["outcome"] == "granted").sum()) * per_state,
            "state_camera_reviews_per_year": len(at_state) * per_state,
            "state_review_yield_share": _mean((at_state["outcome"] == "granted") & (at_state["needed_s"] > 0)),
            "state_use_missing_people_share": _mean(at_state["purpose"].isin(_RESCUE)),
            "homicide_video_share": _mean(early[early.index == "homicide"].isin(had)),
            "street_robbery_video_share": _mean(early[early.index.isin(_STREET)].isin(decisive["case_id"])),
            "public_camera_clearance_gain": _gain(world, decisive),
            "requested_footage_serves_share": _mean(serves[granted & in_case]),
            "requested_footage_problem_share": _mean(poor[~erased & in_case]),
            "impostor_success_share": _mean(private[private["requester"] == "impostor"]["outcome"] == "granted"),
            "chinese_copies_share": _mean(private[private["requester"] == "person_filmed"]["outcome"] == "granted")}


def _gain(world: World, decisive: pd.DataFrame) -> float:
    """Cases of day 0 to 14 near a police camera: share whose only decisive footage came from the police's cameras."""
    clues, all_cases = world.clues, world.cases
    row = np.repeat(np.arange(len(all_cases.case_id)), np.diff(clues.start))
    police = world.cameras.operator[clues.camera] == OPERATORS.index("public_security")
    near = np.unique(row[police & clues.at_scene])
    opened = all_cases.opened[near]
    near_ids = all_cases.case_id[near[(opened >= 0) & (opened < _SHOWN_D * DAY_TICKS)]]
    own = decisive["operator"] == "public_security"
    only = set(decisive[own]["case_id"]) - set(decisive[~own]["case_id"])
    return _mean(np.isin(near_ids, list(only)))


def own_requests(world: World, log: Log) -> dict[str, float]:
    """Rows about people who ask for recordings of themselves where they have a right to them (protocol A)."""
    cameras = world.cameras
    category = np.asarray(world.city.place_category)[np.maximum(cameras.place_id, 0)]
    hubs = [CATEGORIES.index(word) for word in ("metro_station", "transport_hub")]
    station = (cameras.place_id >= 0) & np.isin(category, hubs)
    mine = log.requests[(log.requests["requester"] == "person_filmed") & (log.requests["outcome"] != "pending")
                        & _within(log.requests["decided_s"])]  # fmt: skip
    at_station = mine["custodian_id"].isin(np.unique(cameras.custodian_id[station]))
    public = mine[at_station | mine["operator"].isin(_STATE)]
    answered, erased = public["outcome"] == "granted", public["reason"].str.contains(_ERASED)
    had = mine[(mine["operator"] != "home") & ~mine["reason"].str.contains(f"{_ERASED}|no usable")]
    return {"own_request_overwritten_share": _mean(mine["reason"].str.contains(_ERASED)),
            "own_request_answered_share": _mean(answered),
            "own_request_other_failure_share": _mean(~answered & ~erased),
            "own_requests_per_station_camera": _ratio(at_station.sum() * _YEAR, station.sum()),
            "duty_obstructed_share": _mean(had["outcome"] == "refused"),
            "own_request_days": float((public["delivered_s"] - public["submitted_s"])[answered].median()) / DAY_S}


def breaches(world: World, log: Log) -> dict[str, float]:
    """Rows about misuse, complaints, inspections and what follows from them (protocol G)."""
    incidents, worst = log.incidents, _worst(log)
    found = incidents[_within(incidents["discovered_s"])]
    step = found["incident_id"].map(worst).fillna("none")
    breach = ~worst.index.isin(incidents.loc[incidents["kind"] == "complaint", "incident_id"])
    insider, hidden = found["kind"] == "insider", found["kind"] == "hidden"
    complaint, inspection = found["discovered_by"] == "complaint", found["discovered_by"] == "inspection"
    taken_up = found["kind"].isin(["insider", "stream", "informal", "duty_breach"]) & (step != "none")
    outsiders = found["kind"].isin(["hidden", "break_in", "platform_break_in"]) & step.isin(_GRAVE[1:])
    state, cameras = _state_cameras(world), len(world.cameras)
    of_state = found["custodian_id"].isin(np.unique(world.cameras.custodian_id[state]))
    last = log.audits[log.audits["found"]].groupby("incident_id")["at_s"].max()
    rounds, lapses = world.inspections.tick, world.lapses
    at_state = (lapses.kind == STAFF) & state[np.minimum(lapses.camera[lapses.start[:-1]], state.size - 1)]
    span_years = (world.warmup_days + world.days) / 365.25
    return {
        "insider_misuse_found": 1000.0 * float(insider.sum()) / (_staff(world, cameras) / _YEAR),
        "breach_no_consequence_share": _mean(worst[breach] == "none"),
        "breach_convicted_share": _mean(worst[breach] == "conviction"),
        "misuse_dismissed_share": _mean(step[insider & of_state] == "dismissal"),
        "misuse_documented_per_1000": 1000.0 * float((insider & of_state).sum()) * _YEAR / _staff(world, state.sum()),
        "misuse_suspected_share": 1.0 - math.exp(-at_state.sum() / span_years / _staff(world, state.sum())),
        "hidden_suspects_tried_share": _mean(step[hidden].isin(["prosecution", "conviction"])),
        "complaints_per_1000_cameras": 1000.0 * float(complaint.sum()) / cameras * _YEAR,
        "complaint_to_sanction_share": _mean(step[complaint].isin(_GRAVE)),
        "procedure_fine_share": _mean(step[taken_up].isin(_GRAVE)),
        "complaint_to_decision_days": float(((found["incident_id"].map(last) - found["discovered_s"]) / DAY_S).mean()),
        "inspection_formal_notice_share": _ratio((inspection & step.isin((*_GRAVE, *_FORMAL))).sum(),
                                                 ((rounds >= 0) & (rounds < DAYS * DAY_TICKS)).sum()),
        "camera_offenders_per_million": float(outsiders.sum()) * _YEAR / world.scenario.population.people.number * 1e6,
    }  # fmt: skip


def duties(world: World, log: Log, arm: Arm) -> dict[str, float]:
    """Rows about cameras under a policy with duties: state ones with a breach, and inspected ones without a sign.

    Duties of siting, logs and signs are counted. Terms of filing run beyond the 30 days, so none is broken yet.
    """
    custody = log.custody
    state = _state_cameras(world)[custody["camera_id"]]
    must_log = np.array([arm.log_kept(word) for word in REGIMES])[world.cameras.regime[custody["camera_id"]]]
    broken = ~custody["may_stand"] | (must_log & ~custody["log_kept"]) | custody["sign_missing"]
    rounds = world.inspections
    seen = rounds.camera[(rounds.tick >= 0) & (rounds.tick < DAYS * DAY_TICKS)]
    must_sign = np.array([arm.signed(word) for word in REGIMES])[world.cameras.regime[seen]]
    return {"state_cameras_defective_share": _mean(broken[state]),
            "inspection_poor_notice_share": _mean(custody["sign_missing"].to_numpy()[seen[must_sign]])}


def leaks(world: World, log: Log) -> dict[str, float]:
    """Rows about websites, break-ins, hidden cameras and sales (protocol L)."""
    incidents, cameras, hidden, section = log.incidents, world.cameras, world.hidden, world.scenario.leaks
    insider = incidents[incidents["kind"] == "insider"]
    many, few = (_yield(world, *of) for of in ((_THOUSANDS, math.inf), (0, _HUNDREDS)))
    seen = insider[_within(insider["discovered_s"]) & insider["mechanism"].str.contains("vendor|contractor")]
    of_state = insider["custodian_id"].isin(np.unique(cameras.custodian_id[_state_cameras(world)]))
    sold = incidents[(incidents["kind"] == "hidden") & (incidents["mechanism"] == "sold")]
    ran_d = (sold["closed_s"].clip(upper=_END_S).fillna(_END_S) - sold["opened_s"].clip(lower=0.0)).sum() / DAY_S
    closed, running = _within(sold["closed_s"]).sum(), len(sold)
    life_d = running * DAYS / closed if closed else math.nan  # standing number over closings per day
    mall = np.asarray(world.city.place_category) == CATEGORIES.index("mall")
    return {
        "stay_on_list_d": listing(world.city, world.scenario).mean_stay_d,
        "saleable_per_hacked_camera": many[1],
        "revenue_per_hacked_camera": many[1] * section.price_video_usd.number,
        "open_without_password_share": _ratio(world.custody.no_password.sum(), np.sum(world.custody.on_internet)),
        "kept_files_per_controlled_camera": few[0],
        "insider_reach": float(seen["cameras_n"].median()),
        "state_access_sale_usd": insider["price_cny"][of_state & (insider["price_cny"] > 0)].mean() / CNY_PER_USD,
        **{f"listed_{one.city}": one.predicted for one in held_out()},
        "hidden_camera_revenue_usd": _ratio(sold["price_cny"].sum(), ran_d * hidden_hazards(world.scenario).sum()
                                            * CNY_PER_USD),
        "hidden_camera_guests": hidden_guests_per_day(world.scenario) * _SHOWN_GUESTS_D,
        "hidden_cameras_running_share": life_d / (life_d + _SEVEN_MONTHS_D),
        "public_toilet_hidden_share": _ratio((mall[cameras.place_id[hidden.camera]] & (hidden.installed < 0)).sum(),
                                             float(mall.sum()) * facts().value("rooms_mall")),
    }  # fmt: skip


def _yield(world: World, least: float, most: float) -> tuple[float, float]:
    """Pieces kept and pieces sold by intruders who control that many cameras, per camera under their control.

    A city has its share of the cameras that were taken all over the country.
    """
    lapses = world.lapses
    taken = (lapses.kind >= BREAK_IN) & (lapses.reach >= least) & (lapses.reach <= most)
    sells = taken & (lapses.marks[:, 2] < world.scenario.leaks.breach_sold_share.number)
    here = lapses.reach[taken].sum() * country_share(world.scenario)
    of = np.repeat(np.arange(len(lapses)), np.diff(lapses.start))
    return _ratio(lapses.pieces[taken[of]].sum(), here), _ratio(lapses.saleable[sells[of]].sum(), here)


def faces(population: float) -> dict[str, float]:
    """Rows about recognition (protocol R): closed forms, those of closed sets the mean of both extrapolations.

    Observations of people are compared with strangers, and those of machines with machines. Lists of surveillance
    pictures are as bad as the pictures sought in them, so a hit needs two usable ones.
    """
    head_px = _BODY_PX * facts().value("face_width_m") / facts().value("person_height_m")
    watched = facts().value("watchlist_people")
    alarms = false_alarm(watched)
    hits = watched / population * float(identifiability("none", _VIDEO_PX, True, round(watched), by="machine"))
    poor = who.found_above("none", np.array([_SMALL_PX]), 3_000, who.per_comparison(0.1, 3_000))
    return {"survface_open_set": float((poor * who.usable(np.array([_SMALL_PX]))).item()),
            "mosaic_facescrub": _named("pixelate:14", _SHARP_PX, 530),
            "stranger_one_of_ten": float(np.mean([identifiability("none", _SHARP_PX, True, 10, curve, by="stranger")
                                                  for curve in CURVES])),
            "officer_false_accept": _called_the_same(_SHARP_PX), "cashier_false_accept": _called_the_same(_SMALL_PX),
            "video_search_machine": _named("none", _VIDEO_PX, 48_000),
            "live_alerts_correct_share": _ratio(hits, hits + alarms), "live_false_alerts_per_face": alarms,
            "alert_check_accepts_wrong_share": facts().value("false_match_accepted"),
            "masked_head_same_day": _named("blur:0.25", head_px, 130),
            "masked_head_other_day": _named("blur:0.25", head_px, 50)}  # fmt: skip


def _named(mask: str, face_px: float, gallery: int) -> float:
    """Share of right first names by a machine in a closed set."""
    return float(np.mean([who.first_name(mask, np.array([face_px]), gallery, curve) for curve in CURVES]))


def _called_the_same(face_px: float) -> float:
    """Share of different people called the same by a viewer without bias who sees d′: Φ(−d′/2)."""
    return float(ndtr(-float(who.stranger_d_prime(np.array([face_px])).item()) / 2.0))
