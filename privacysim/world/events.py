"""Events at Poisson times: police cases, emergencies, requests, rounds and lapses, and the custody of cameras.

A case opens at a Poisson time. The crime precedes it by a lognormal reporting delay and happens at a home (in
proportion to residents) or at a place (in proportion to visitors). The investigator assumes a time window of width
`2·w`, with w lognormal, centred on the truth with a normal error of `window_shift · w`. Footage is requested in a share
p_asked of cases, a lognormal delay after the opening.

Private requests arrive at a rate per social camera, those of other state organs at a rate per month, by kind in assumed
shares. Each concerns one camera and a stretch of time that ended a lognormal delay earlier.

Insiders are custodians' own staff, their contractors and the staff of vendor platforms. They lapse at a rate per
staff-year, before any deterrence. Break-ins reach the archive of one custodian, or a platform that serves thousands of
cameras. Each lapse affects the cameras that are looked at.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from privacysim.city.city_model import City
from privacysim.draws import Bytes, Floats, Ints, stream_key, uniform, uniforms
from privacysim.facts import facts
from privacysim.files import Quantity
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.vocabulary import OPERATORS, PURPOSES, REGIMES, REQUESTERS
from privacysim.world import chances as laws
from privacysim.world.cameras import Cameras, cameras_near
from privacysim.world.chances import YEAR_D, Asks, Cases, Custody, Monitors, Rows, lognormal, minutes, one_of

_CRIMINAL, _ORDER, _CHECK = map(PURPOSES.index, ("criminal_case", "public_order_case", "pre_filing_check"))
MONTH_D = 30.4375
_CASE_MARKS = 16


def cases_per_day(scenario: Scenario, rate: float) -> float:
    """Return cases per day in this scenario's population, from a monthly rate for the whole of Guangzhou."""
    return rate / MONTH_D * scenario.population.people.number / facts().value("population_guangzhou")


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
    # footage is requested before it is clear whether there is a criminal case at all
    purpose = np.where((purpose == _CRIMINAL) & (marks[:, _CASE_MARKS - 1] < access.pre_filing.number), _CHECK, purpose)
    return Cases(
        case_id=ids, purpose=purpose.astype(np.uint8),
        place=place, x=city.place_x[place], y=city.place_y[place], crime_from=crime_from, crime_to=crime_to,
        # nobody requests footage from after the case was opened
        window_from=np.minimum(middle - half, opened - 1), window_to=np.minimum(middle + half, opened),
        opened=opened, asked=opened + (delay * DAY_TICKS).astype(np.int64), asks=u[:, 9] < access.p_asked.number,
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


def sample_asks(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Asks:
    """Draw all access requests of these days, in order of time, at the highest rate of private requesters."""
    access = scenario.access
    rate, rate_max = access.private_per_camera_year.number, access.private_per_camera_year.range[1]
    social, everyone = np.flatnonzero(cameras.social), np.arange(len(cameras))
    private_ids, private_tick = laws.roots(seed, k, "asks", rate_max * social.size / YEAR_D, days)
    u_private = uniforms(stream_key(seed, k, "asks"), private_ids, 8)
    state_rate = access.state_per_month
    high = cases_per_day(scenario, state_rate.range[1]) if everyone.size else 0.0
    share = state_rate.number / state_rate.range[1]
    state_ids, state_tick, u_state = laws.thinned(seed, k, "state_asks", high, share, days, 8)

    requester, purpose = _kinds(PRIVATE, "ask_share", u_private)
    impostor = u_private[:, 7] < access.impostor_share.number
    requester[impostor] = REQUESTERS.index("impostor")
    purpose[impostor] = _CRIMINAL  # the forged document is a police one
    state_requester, state_purpose = _kinds(STATE, "state_ask_share", u_state)
    tick = np.concatenate((private_tick, state_tick))
    order = np.lexsort((np.arange(tick.size), tick))

    def joined(of_private: np.ndarray, of_state: np.ndarray) -> np.ndarray:
        return np.concatenate((of_private, of_state))[order]

    tick, u = tick[order], joined(u_private, u_state)
    private = order < private_ids.size
    ask_id = joined(private_ids, (1 << 34) + state_ids)
    ago = lognormal(u[:, 4], access.delay_median_d.number, access.delay_p95_d.number)
    to_tick = tick - (ago * DAY_TICKS).astype(np.int64)
    length = minutes(lognormal(u[:, 5], access.wanted_median_min.number, access.wanted_p95_min.number))
    answer = lognormal(u[:, 6], access.answer_median_d.number, access.answer_p95_d.number) * DAY_TICKS
    thin = u[:, 0] * rate_max / rate if rate > 0 else np.full(tick.size, np.inf)
    return Asks(ask_id=ask_id, requester=joined(requester, state_requester), purpose=joined(purpose, state_purpose),
                private=private, camera=joined(one_of(social, u_private[:, 3]), one_of(everyone, u_state[:, 3])),
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
    u = uniforms(stream_key(seed, k, "custody"), np.arange(len(cameras)), 4)
    on_internet = cameras.social & (u[:, 1] < section.internet_share.number)
    return Custody(recording=u[:, 0] < section.recording_share.number, on_internet=on_internet,
                   default_password=on_internet & (u[:, 2] < section.default_password_share.number),
                   filed=u[:, 3].copy(),
                   compliance=uniform(stream_key(seed, k, "custody.custodian"), cameras.custodian_id))  # fmt: skip


def sample_monitors(scenario: Scenario, cameras: Cameras, seed: int, k: int) -> Monitors:
    """Draw the cameras of public security and of venues that are watched live; nearly nobody watches the rest."""
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


def sample_rounds(stream: str, per_camera_year: Quantity, cameras: Cameras, seed: int, k: int, days: range) -> Rounds:
    """Draw contractors' visits (`maintenance`) or police inspections of custodians, each through one of their cameras.

    Any camera may be visited, those of state custodians too.
    """
    ids, tick, u = laws.thinned(seed, k, stream, per_camera_year.number * len(cameras) / YEAR_D, 1.0, days, 5)
    return Rounds(ids, one_of(np.arange(len(cameras)), u[:, 0]), tick, u[:, 1:])


LAPSES = ("staff", "contractor", "vendor", "break_in", "platform_break_in")
STAFF, CONTRACTOR, VENDOR, BREAK_IN, PLATFORM = range(5)
_FIRST_LAPSE, _FIRST_BREAK_IN, _FIRST_PLATFORM = 1 << 36, 2 << 36, 3 << 36
"""Each kind of root event has its own range of ids, because acts and incidents name their root by id alone."""
_LAPSE_MARKS = 16


@dataclass(frozen=True, slots=True)
class Lapses(Rows):
    """Lapses that may happen, in the order of `tick`; CSR over the cameras looked at."""

    lapse_id: Ints
    """Stable id; also identifies the person behind it."""
    kind: Bytes
    """Code in LAPSES."""
    tick: Ints
    start: Ints
    """(lapses + 1,) offsets into `camera`."""
    camera: Ints
    reach: Ints
    """Cameras within reach: for a platform break-in all that it serves, otherwise those looked at or held."""
    look_ticks: Ints
    """Length of footage looked at, ending at `tick` (before retention shortens it)."""
    marks: Floats
    """(n, 16): 0 = deterrence."""


def sample_lapses(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Lapses:
    """Draw all lapses of these days, thinned from the highest rates."""
    leaks = scenario.leaks

    def events(stream: str, high: float, rate: Quantity, marks: int) -> tuple[Ints, Ints, Floats]:
        return laws.thinned(seed, k, stream, high, rate.number / rate.range[1], days, marks, f"{stream}.thin")

    staff_years = len(cameras) / 1000.0 * leaks.staff_per_1000_cameras.number / YEAR_D
    rate = leaks.lapses_per_1000_staff_years
    ids, tick, u = events("lapses", staff_years * rate.range[1] / 1000.0, rate, 3)
    first = _pick(u[:, 1], len(cameras))
    vendor = (u[:, 2] < leaks.lapse_vendor_share.number) & (cameras.platform_id[first] >= 0)
    contractor = u[:, 2] >= 1.0 - leaks.lapse_contractor_share.number
    kind = np.where(vendor, VENDOR, np.where(contractor, CONTRACTOR, STAFF))
    parts = [(ids + _FIRST_LAPSE, tick, kind, list(first[:, None]), np.ones(ids.size, np.int64))]

    # a break-in into a custodian's archive through one camera; intruders look at some of its cameras
    social = np.flatnonzero(cameras.social)
    custodians = np.unique(cameras.custodian_id[social]).size
    rate = leaks.breaches_per_1000_custodians_year
    ids, tick, u = events("break_ins", custodians * rate.range[1] / 1000.0 / YEAR_D, rate, 1)
    holder = cameras.custodian_id[social[_pick(u[:, 0], social.size)]]
    most = max(1, round(leaks.breach_cameras_looked_at.number))
    order = np.argsort(cameras.custodian_id, kind="stable")
    begin, end = (np.searchsorted(cameras.custodian_id[order], holder, side=side) for side in ("left", "right"))
    touched = [np.sort(order[b:min(e, b + most)]) for b, e in zip(begin.tolist(), end.tolist(), strict=True)]
    parts.append((ids + _FIRST_BREAK_IN, tick, np.full(ids.size, BREAK_IN), touched, end - begin))

    # a break-in into a vendor's platform: thousands of cameras within reach, some of them looked at
    served = np.flatnonzero(cameras.platform_id >= 0)
    platforms = np.unique(cameras.platform_id[served])
    rate = leaks.platform_breaches_per_year
    most = max(1, round(leaks.platform_cameras_looked_at.number))
    ids, tick, u = events("platform_break_ins", platforms.size * rate.range[1] / YEAR_D, rate, most + 1)
    reach = [served[cameras.platform_id[served] == platforms[_pick(row[:1], platforms.size)[0]]] for row in u]
    touched = [np.unique(one[_pick(row[1:], one.size)]) for one, row in zip(reach, u, strict=True)]
    sizes = np.array([one.size for one in reach], dtype=np.int64)
    parts.append((ids + _FIRST_PLATFORM, tick, np.full(ids.size, PLATFORM), touched, sizes))

    ids, tick, kind, reached = (np.concatenate([part[n] for part in parts]) for n in (0, 1, 2, 4))
    looked_at = [one for part in parts for one in part[3]]
    order = np.lexsort((ids, tick))
    start, camera = laws.joined_rows([looked_at[row] for row in order.tolist()])
    marks = uniforms(stream_key(seed, k, "lapses.marks"), ids[order], _LAPSE_MARKS)
    look = minutes(np.minimum(-np.log(marks[:, _LAPSE_MARKS - 1]) * leaks.lapse_look_min.number, DAY_TICKS / 600.0))
    ids, tick, kind, reached = ids[order], tick[order], kind[order].astype(np.uint8), reached[order]
    return Lapses(ids, kind, tick, start, camera, reached, look, marks)


def _pick(u: Floats, count: int) -> Ints:
    return np.minimum((u * count).astype(np.int64), max(count - 1, 0))
