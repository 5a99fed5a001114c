"""Events at Poisson times: police cases, emergencies, requests and rounds, and the custody of cameras.

A case opens at a Poisson time. Its offence decides how often a camera covered it, and how often footage is requested,
useful and decisive: odds relative to those of all cases (`by_offence`). The crime precedes it by a lognormal reporting
delay and happens at a home (in proportion to residents) or at a place (in proportion to visitors). The investigator
assumes a time window of width `2·w`, with w lognormal, centred on the truth with a normal error of `window_shift · w`.
Footage is requested a lognormal delay after the opening, less often where no camera covered the place.

Private requests arrive at a rate per social camera, those of other state organs at a rate per month, by kind in assumed
shares. Each concerns one camera and a stretch of time that ended a lognormal delay earlier. The police also look at the
state's cameras outside any case, at a rate per camera: for missing people, welfare, traffic, disorder and complaints.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from privacysim.city.city_model import City
from privacysim.draws import Bytes, Floats, Ints, stream_key, uniforms
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.vocabulary import OFFENCES, OPERATORS, PURPOSES, REGIMES, REQUESTERS
from privacysim.world import chances as laws
from privacysim.world.cameras import Cameras, cameras_near
from privacysim.world.chances import YEAR_D, Asks, Cases, Custody, Monitors, Rows, lognormal, minutes, one_of

_CRIMINAL, _ORDER, _CHECK = map(PURPOSES.index, ("criminal_case", "public_order_case", "pre_filing_check"))
MONTH_D = 30.4375
_CASE_MARKS = 16


def cases_per_day(scenario: Scenario, rate: float) -> float:
    """Return cases per day in this scenario's population, from a monthly rate for the whole of Guangzhou."""
    return rate / MONTH_D * scenario.population.people.number / facts().value("population_guangzhou")


_CRIMES = OFFENCES[: OFFENCES.index("public_order")]


def by_offence(base: float, kind: str) -> Floats:
    """Return the chances for each of OFFENCES: the odds of `base`, times the fact `{kind}_odds_{offence}`.

    >>> by_offence(0.5, "covered").size == len(OFFENCES)
    True
    """
    odds = base / (1.0 - base) * np.array([facts().value(f"{kind}_odds_{word}") for word in OFFENCES])
    return np.asarray(odds / (1.0 + odds))


def sample_cases(city: City, scenario: Scenario, seed: int, k: int, days: range) -> Cases:
    """Draw all cases opened on these days, in order of time; `custodians` is filled in with the clues."""
    access = scenario.access
    rate, rate_max = access.cases_per_month.number, access.cases_per_month.range[1]
    ids, opened, u = laws.thinned(seed, k, "cases", cases_per_day(scenario, rate_max), rate / rate_max, days, 10)
    hours = lognormal(u[:, 1], access.report_median_h.number, access.report_p95_h.number)
    crime_to = opened - minutes(60.0 * hours)
    crime_from = crime_to - minutes(lognormal(u[:, 2], access.crime_median_min.number, access.crime_p95_min.number))
    half = minutes(lognormal(u[:, 3], access.window_median_min.number, access.window_p95_min.number))
    middle = (crime_from + crime_to) // 2 + (half * access.window_shift.number * ndtri(u[:, 4])).astype(np.int64)
    home = np.asarray(city.home_people, dtype=float)
    away = np.where(home > 0, 0.0, np.asarray(city.place_weight, dtype=float))
    at_home = u[:, 5] < (access.home_scene_share.number if away.any() else 1.0)
    place = np.where(at_home, laws.pick(home, u[:, 6]), laws.pick(away, u[:, 6]) if away.any() else 0).astype(np.int64)
    delay = lognormal(u[:, 7], access.delay_median_d.number, access.delay_p95_d.number)
    marks = uniforms(stream_key(seed, k, "cases.marks"), ids, _CASE_MARKS)
    purpose = np.where(u[:, 8] < access.criminal_share.number, _CRIMINAL, _ORDER)
    shares = np.array([facts().value(f"offence_share_{word}") for word in _CRIMES])
    offence = np.where(purpose == _CRIMINAL, laws.pick(shares, marks[:, 8]), len(_CRIMES))
    known = facts().value
    covered, useful, decides = (
        marks[:, n] < by_offence(base, kind)[offence]
        for n, kind, base in ((9, "covered", known("evidence_available")), (10, "useful", known("evidence_useful")),
                              (11, "decisive", known("evidence_decisive"))))
    p_asked = by_offence(access.p_asked.number, "asked")[offence]
    p_asked = np.where(covered, p_asked, p_asked * access.asked_uncovered.number)
    # footage is requested before it is clear whether there is a criminal case at all
    purpose = np.where((purpose == _CRIMINAL) & (marks[:, _CASE_MARKS - 1] < access.pre_filing.number), _CHECK, purpose)
    return Cases(
        case_id=ids, purpose=purpose.astype(np.uint8), offence=offence.astype(np.uint8), covered=covered,
        useful=useful, decides=decides, place=place, x=city.place_x[place], y=city.place_y[place],
        crime_from=crime_from, crime_to=crime_to,
        # nobody requests footage from after the case was opened
        window_from=np.minimum(middle - half, opened - 1), window_to=np.minimum(middle + half, opened),
        opened=opened, asked=opened + (delay * DAY_TICKS).astype(np.int64), asks=u[:, 9] < p_asked,
        custodians=np.zeros(ids.size, dtype=np.int16), marks=marks,
    )


@dataclass(frozen=True, slots=True)
class Emergencies(Rows):
    """Emergencies from −W to D, in the order of `begin`; CSR over the cameras around them."""

    emergency_id: Ints
    begin: Ints
    end: Ints
    start: Ints
    camera: Ints
    marks: Floats
    """(n, 4): 0 = police or emergency authority."""


def sample_emergencies(city: City, scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Emergencies:
    """Draw emergencies where people are, thinned from the highest rate."""
    access, rate = scenario.access, scenario.access.emergencies_per_year
    people = scenario.population.people.number / facts().value("population_guangzhou")
    high = rate.range[1] * people / YEAR_D
    ids, tick, u = laws.thinned(seed, k, "emergencies", high, rate.number / rate.range[1], days, 7)
    weight = np.asarray(city.place_weight, dtype=float)
    place = laws.pick(weight, u[:, 1]) if ids.size and weight.sum() > 0 else np.zeros(ids.size, dtype=np.intp)
    length = (-np.log(u[:, 2]) * access.emergency_h.number * HOUR_TICKS).astype(np.int64)
    near = cameras_near(cameras, np.flatnonzero(~cameras.indoor), city.place_x[place], city.place_y[place],
                        access.emergency_radius_m.number)  # fmt: skip
    return Emergencies(ids, tick, tick + np.clip(length, HOUR_TICKS // 4, 2 * DAY_TICKS), *near, u[:, 3:7])


FIRST_VIEWER = 1 << 40
"""Viewer ids of requesters start here: this + their own number."""
PRIVATE = {"neighbour": ("private_claim",), "employer": ("private_claim",), "media": ("news",),
           "insurer": ("private_claim",), "company": ("commerce",), "curious": ("curiosity",),
           "victim_not_filmed": ("life_health_property",),
           "person_filmed": ("data_subject_access", "life_health_property"),
           "relative_or_guardian": ("missing_person", "life_health_property"), "defence_counsel": ("defence",),
           "civil_party": ("civil_trial",), "foreign_authority": ("criminal_case",)}  # fmt: skip
"""Private requesters and their purposes; the purposes of a requester are equally likely."""
STATE = {"state_security": ("state_security", "counter_espionage"), "procuratorate": ("criminal_case",),
         "court": ("criminal_case", "civil_trial"), "supervision_commission": ("oversight",),
         "other_state_organ": ("admin_enforcement",), "emergency_authority": ("emergency",),
         "public_security": ("missing_person", "emergency")}  # fmt: skip


ROUTINE = ("missing_person", "life_health_property", "admin_enforcement", "public_order_case", "pre_filing_check")
"""Purposes of the police outside cases: missing people, welfare, traffic, disorder, and whether there is a case."""


def sample_asks(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range,
                routine_days: range | None = None) -> Asks:
    """Draw all access requests of these days, in order of time; private ones as many as under open access.

    `routine_days`: days of the police's routine looks, which need no desk (None: all).
    """
    access = scenario.access
    rate = access.private_per_camera_year.number
    rate_max = max(access.private_per_camera_year.range[1], rate * facts().value("open_demand"))
    social, everyone = np.flatnonzero(cameras.social), np.arange(len(cameras))
    private_ids, private_tick = laws.roots(seed, k, "asks", rate_max * social.size / YEAR_D, days)
    u_private = uniforms(stream_key(seed, k, "asks"), private_ids, 8)
    state_rate = access.state_per_month
    high = cases_per_day(scenario, state_rate.range[1]) if everyone.size else 0.0
    share = state_rate.number / state_rate.range[1]
    state_ids, state_tick, u_state = laws.thinned(seed, k, "state_asks", high, share, days, 8)

    routine, watched = access.routine_per_state_camera_year, np.flatnonzero(~cameras.social)
    high, share = routine.range[1] * watched.size / YEAR_D, routine.number / routine.range[1]
    routine_ids, routine_tick, u_routine = laws.thinned(seed, k, "routine_asks", high, share, routine_days or days, 8)
    kinds = np.array([facts().value(f"routine_share_{word}") for word in ROUTINE])
    routine_purpose = np.array([PURPOSES.index(word) for word in ROUTINE], np.uint8)[laws.pick(kinds, u_routine[:, 1])]

    requester, purpose = _kinds(PRIVATE, "ask_share", u_private)
    impostor = u_private[:, 7] < access.impostor_share.number
    requester[impostor] = REQUESTERS.index("impostor")
    purpose[impostor] = _CRIMINAL  # the forged document is a police one
    state_requester, state_purpose = _kinds(STATE, "state_ask_share", u_state)
    tick = np.concatenate((private_tick, state_tick, routine_tick))
    order = np.lexsort((np.arange(tick.size), tick))

    def joined(*parts: np.ndarray) -> np.ndarray:
        return np.concatenate(parts)[order]

    tick, u = tick[order], joined(u_private, u_state, u_routine)
    private, looks = order < private_ids.size, order >= private_ids.size + state_ids.size
    ask_id = joined(private_ids, (1 << 34) + state_ids, (1 << 35) + routine_ids)
    ago = np.where(looks, lognormal(u[:, 4], access.routine_delay_median_d.number, access.routine_delay_p95_d.number),
                   lognormal(u[:, 4], access.delay_median_d.number, access.delay_p95_d.number))
    to_tick = tick - (ago * DAY_TICKS).astype(np.int64)
    length = minutes(lognormal(u[:, 5], access.wanted_median_min.number, access.wanted_p95_min.number))
    answer = lognormal(u[:, 6], access.answer_median_d.number, access.answer_p95_d.number) * DAY_TICKS
    thin = u[:, 0] * rate_max / rate if rate > 0 else np.full(tick.size, np.inf)
    police = np.full(routine_ids.size, REQUESTERS.index("public_security"), dtype=np.uint8)
    cameras_of = (one_of(social, u_private[:, 3]), one_of(everyone, u_state[:, 3]), one_of(watched, u_routine[:, 3]))
    return Asks(ask_id=ask_id, requester=joined(requester, state_requester, police),
                purpose=joined(purpose, state_purpose, routine_purpose), private=private, camera=joined(*cameras_of),
                shows=looks & (u[:, 7] < access.routine_yield.number),
                tick=tick, from_tick=to_tick - length, to_tick=to_tick, answer_ticks=answer.astype(np.int64),
                viewer=FIRST_VIEWER + ask_id, least_demand=np.where(private, thin, 0.0),
                marks=uniforms(stream_key(seed, k, "asks.marks"), ask_id, 8),
                most_demand=rate_max / rate if rate > 0 else np.inf)  # fmt: skip


def _kinds(kinds: dict[str, tuple[str, ...]], share: str, u: Floats) -> tuple[Bytes, Bytes]:
    """Return codes of requester and purpose, chosen by marks 1 and 2."""
    chosen = laws.pick(np.array([facts().value(f"{share}_{kind}") for kind in kinds]), u[:, 1])
    requester = np.array([REQUESTERS.index(kind) for kind in kinds], dtype=np.uint8)[chosen]
    options = [np.array([PURPOSES.index(word) for word in purposes]) for purposes in kinds.values()]
    return requester, laws.one_of_kind(chosen, options, u[:, 2]).astype(np.uint8)


MONITOR_FIRST_VIEWER = 1 << 41
"""Viewer ids of control rooms start here: this + custodian_id."""


def sample_custody(scenario: Scenario, cameras: Cameras, seed: int, k: int) -> Custody:
    """Draw the custody state of every camera."""
    section = scenario.cameras
    u = uniforms(stream_key(seed, k, "custody"), np.arange(len(cameras)), 5)
    own = uniforms(stream_key(seed, k, "custody.custodian"), cameras.custodian_id, 3)
    on_internet = cameras.social & (u[:, 1] < section.internet_share.number)
    return Custody(recording=u[:, 0] < section.recording_share.number, on_internet=on_internet,
                   default_password=on_internet & (u[:, 2] < section.default_password_share.number),
                   filed=u[:, 3].copy(), compliance=own[:, 0], sign=own[:, 1], logs=own[:, 2],
                   no_password=on_internet & (u[:, 4] < section.no_password_share.number))


def sample_monitors(scenario: Scenario, cameras: Cameras, seed: int, k: int) -> Monitors:
    """Draw the cameras of public security and of venues that are watched live; hardly anybody watches the rest."""
    by_police = cameras.operator == OPERATORS.index("public_security")
    candidates = np.flatnonzero(by_police | (cameras.regime == REGIMES.index("public_venue")))
    u = uniforms(stream_key(seed, k, "monitors"), candidates, 5)
    watched = u[:, 0] < scenario.cameras.watched_share.number
    camera = candidates[watched].astype(np.int64)
    return Monitors(camera=camera, attention=np.full(camera.size, scenario.cameras.watched_attention.number),
                    viewer=MONITOR_FIRST_VIEWER + cameras.custodian_id[camera], marks=u[watched, 1:])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rounds(Rows):
    """Visits to one camera each, for maintenance or inspection, in the order of `tick`."""

    round_id: Ints
    camera: Ints
    tick: Ints
    marks: Floats


def sample_rounds(stream: str, per_camera_year: float, cameras: Cameras, seed: int, k: int, days: range) -> Rounds:
    """Draw visits of contractors (`maintenance`), inspections or complaints, each through one camera of the custodian.

    Any camera may be visited, those of state custodians too.
    """
    ids, tick, u = laws.thinned(seed, k, stream, per_camera_year * len(cameras) / YEAR_D, 1.0, days, 5)
    return Rounds(ids, one_of(np.arange(len(cameras)), u[:, 0]), tick, u[:, 1:])
