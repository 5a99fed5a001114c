"""Everybody else who asks for footage: neighbours, employers, insurers, the press, the person filmed, impostors …

Private askers come at `private_asks_per_camera_year` for each social camera, by kind in assumed shares; other state
organs with papers of their own at `state_asks_per_month`. What comes of it is the policy's. Each ask is about one
camera and a stretch of time that ended a lognormal delay before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import stream_key, uniforms
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import PURPOSES, REQUESTERS
from privacysim.world.cameras import Cameras
from privacysim.world.cases import cases_per_day
from privacysim.world.chance_laws import lognormal, minutes, pick, roots
from privacysim.world.chances import Asks, Floats

YEAR_D = 365.25
FIRST_VIEWER = 1 << 40
"""Askers' ids as viewers: this + a number of their own."""
PRIVATE = {
    "neighbour": ("private_claim",), "employer": ("private_claim",), "media": ("news",), "insurer": ("private_claim",),
    "company": ("commerce",), "curious": ("curiosity",), "victim_not_filmed": ("life_health_property",),
    "person_filmed": ("data_subject_access", "life_health_property"),
    "relative_or_guardian": ("missing_person", "life_health_property"), "defence_counsel": ("defence",),
    "civil_party": ("civil_trial",), "foreign_authority": ("criminal_case",),
}
"""Private askers and what they ask for; of several purposes each is as likely."""
STATE = {
    "state_security": ("state_security", "counter_espionage"), "procuratorate": ("criminal_case",),
    "court": ("criminal_case", "civil_trial"), "supervision_commission": ("oversight",),
    "other_state_organ": ("admin_enforcement",), "emergency_authority": ("emergency",),
    "public_security": ("missing_person", "emergency"),
}
IMPOSTOR_STATES = "criminal_case"
"""An impostor shows a forged police paper, so that is what it says."""


def sample_asks(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Asks:
    """All who may ask on these days, in order of time, at the highest rate of private askers."""
    access = scenario.access
    rate, rate_max = access.private_per_camera_year.number, access.private_per_camera_year.range[1]
    social = np.flatnonzero(cameras.social)
    private_ids, private_tick = roots(seed, k, "asks", rate_max * social.size / YEAR_D, days)
    state_rate = access.state_per_month
    everyone = np.arange(len(cameras))
    state_per_day = cases_per_day(scenario, state_rate.range[1]) if everyone.size else 0.0
    state_ids, state_tick = roots(seed, k, "state_asks", state_per_day, days)
    u_private = uniforms(stream_key(seed, k, "asks"), private_ids, 8)
    u_state = uniforms(stream_key(seed, k, "state_asks"), state_ids, 8)
    kept = u_state[:, 0] < state_rate.number / state_rate.range[1]
    state_ids, state_tick, u_state = state_ids[kept], state_tick[kept], u_state[kept]

    private_kind, private_purpose = _private(scenario, u_private)
    state_kind, state_purpose = _kinds(STATE, "state_ask_share", u_state)
    camera = np.concatenate((_one_of(social, u_private[:, 3]), _one_of(everyone, u_state[:, 3])))
    tick = np.concatenate((private_tick, state_tick))
    order = np.lexsort((np.arange(tick.size), tick))
    u = np.concatenate((u_private, u_state))[order]
    ids = np.concatenate((private_ids, -1 - state_ids))[order]  # ids of state organs are negative here only
    tick = tick[order]
    to_tick = tick - (lognormal(u[:, 4], access.delay_median_d.number, access.delay_p95_d.number)
                      * DAY_TICKS).astype(np.int64)
    length = minutes(lognormal(u[:, 5], access.wanted_median_min.number, access.wanted_p95_min.number))
    answer = lognormal(u[:, 6], access.answer_median_d.number, access.answer_p95_d.number) * DAY_TICKS
    private = ids >= 0
    ask_id = np.where(private, ids, (1 << 34) - 1 - ids)
    thin = u[:, 0] * rate_max / rate if rate > 0 else np.full(ids.size, np.inf)
    return Asks(
        ask_id=ask_id, requester=np.concatenate((private_kind, state_kind))[order],
        purpose=np.concatenate((private_purpose, state_purpose))[order], private=private, camera=camera[order],
        tick=tick, from_tick=to_tick - length, to_tick=to_tick, answer_ticks=answer.astype(np.int64),
        viewer=FIRST_VIEWER + ask_id, least_demand=np.where(private, thin, 0.0),
        marks=uniforms(stream_key(seed, k, "asks.marks"), ask_id, 8),
        most_demand=rate_max / rate if rate > 0 else np.inf,
    )


def _private(scenario: Scenario, u: Floats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    kind, purpose = _kinds(PRIVATE, "ask_share", u)
    impostor = u[:, 7] < scenario.access.impostor_share.number
    return (
        np.where(impostor, REQUESTERS.index("impostor"), kind).astype(np.uint8),
        np.where(impostor, PURPOSES.index(IMPOSTOR_STATES), purpose).astype(np.uint8),
    )


def _kinds(kinds: dict[str, tuple[str, ...]], share: str, u: Floats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Requester and purpose by marks 1 and 2."""
    shares = np.array([facts().value(f"{share}_{kind}") for kind in kinds])
    chosen = pick(shares, u[:, 1])
    codes = np.array([REQUESTERS.index(kind) for kind in kinds], dtype=np.uint8)
    purpose = np.empty(chosen.size, dtype=np.uint8)
    for row, purposes in enumerate(kinds.values()):
        own = np.flatnonzero(chosen == row)
        options = np.array([PURPOSES.index(word) for word in purposes], dtype=np.uint8)
        purpose[own] = options[(u[own, 2] * options.size).astype(np.intp)]
    return codes[chosen], purpose


def _one_of(members: NDArray[np.intp], u: Floats) -> NDArray[np.int64]:
    return members[(u * members.size).astype(np.intp)].astype(np.int64)
