"""Cameras that outsiders can watch for a time: listed on the live-video website, or hidden in rooms.

Website: only social cameras on a vendor's platform or reachable from the internet can be listed. Arrivals are Poisson
with `n_exposable · scans · p_listed` a year, by mechanism in given shares. Stays end by competing hazards (owner,
complaint, press, inspection). In equilibrium the list is Poisson with mean arrival × mean stay (M/G/∞; Eick, Massey,
Whitt 1993, doi:10.1287/mnsc.39.2.241), and the streams found on it are length-biased. Hazards are constant for one
stream, so the rest of a stay at −W is distributed like a new one. p_listed is CALIBRATED to the 185 of the founding
case. Limits: one listing of a camera does not exclude another; the audience is its expectation, spread evenly over a
mean stay.

Hidden cameras are installed illegally in guest rooms, baths and changing rooms (Order 799 art. 8 names the places). At
−W there is a stock in equilibrium. New ones arrive as old ones are found, by a guest or an inspection. They are
numbered after all other cameras, so adding one changes nothing else. No requester, investigator or website reaches
them. Limits: one room each; nobody has counted them (assumption).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from privacysim.city.city_model import City
from privacysim.draws import Floats, Ints, stream_key, uniforms
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.sight.optics import range_m
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import CATEGORIES, OPERATORS, REGIMES, SCENES
from privacysim.world import chances as laws
from privacysim.world.cameras import Cameras, joined_cameras
from privacysim.world.chances import YEAR_D, Custody, Rows, Streams, in_order, one_of_kind, pick

_STOCK_ID = 1 << 35
"""Ids of the stock at −W: this + number."""


def mechanism_shares(scenario: Scenario) -> Floats:
    """Return the shares of MECHANISMS among arrivals; they sum to 1."""
    leaks = scenario.leaks
    broadcast, unaware = leaks.owner_broadcast.number, leaks.owner_unaware.number
    shares = np.array([broadcast * (1 - unaware), broadcast * unaware, leaks.open_port.number,
                       leaks.default_password.number, leaks.cracked_account.number])
    if not shares.sum() > 0:
        expected = "a mechanism with a share above 0"
        raise InputError("leaks.owner_broadcast … cracked_account", expected, "all are 0", "give one of them a share")
    return shares / shares.sum()


def hazards(scenario: Scenario) -> Floats:
    """Return baseline hazards per day by scene and cause, (len(SCENES), 4); complaint and press depend on the scene."""
    leaks = scenario.leaks
    split = np.array([part.number for part in
                      (leaks.close_owner, leaks.close_complaint, leaks.close_press, leaks.close_inspection)])
    factor = np.array([facts().value(f"complaint_factor_{scene}") for scene in SCENES])
    found = np.array([False, True, True, False])
    made = leaks.close_per_day.number * split * np.where(found, factor[:, None], 1.0)
    if not (made.sum(axis=1) > 0).all():
        expected = "a cause that closes streams of every scene"
        raise InputError("leaks.close_owner … close_inspection", expected, split, "give one of them a share above 0")
    return made


def arrivals_per_day(scenario: Scenario, exposable: float, upper: bool = False) -> float:
    """Return new listings per day; with `upper`, the highest rate, from which all others are thinned."""
    leaks = scenario.leaks
    scans, listed = ((one.range[1] if upper else one.number) for one in (leaks.scans_per_camera_year, leaks.p_listed))
    return exposable * (scans * listed) / YEAR_D


def sample_streams(scenario: Scenario, cameras: Cameras, custody: Custody, seed: int, k: int, days: range) -> Streams:
    """Draw the stock at the start of `days` and the arrivals on them."""
    leaks, on_platform = scenario.leaks, cameras.platform_id >= 0
    exposable = float(np.count_nonzero(on_platform | custody.on_internet))
    upper = arrivals_per_day(scenario, exposable, upper=True)
    thin = arrivals_per_day(scenario, exposable) / upper if upper else 0.0
    longest = 1.0 / hazards(scenario).sum(axis=1).min()
    ids, tick, stock, u = laws.present(seed, k, "streams", upper * longest, upper, days, (_STOCK_ID, 0))
    platform, reachable, default = map(np.flatnonzero, (on_platform, custody.on_internet, custody.default_password))
    mechanism = pick(mechanism_shares(scenario), u[:, 1]).astype(np.uint8)
    # the cameras that each mechanism can put online, by code in MECHANISMS
    camera = one_of_kind(mechanism, [platform, platform, reachable, default, reachable], u[:, 2])
    hazard = hazards(scenario)[cameras.scene[camera]]
    stay = 1.0 / hazard.sum(axis=1)
    # stock streams are present in proportion to their mean stay; -ln u is the age of an exponential stay
    kept = (camera >= 0) & (u[:, 0] < thin * np.where(stock, stay / longest, 1.0))
    age = (-np.log(u[:, 3]) * stay * DAY_TICKS).astype(np.int64)
    opened = np.where(stock, tick - 1 - age, tick)
    row = in_order(kept, opened, ids)
    factor = np.array([facts().value(f"audience_factor_{scene}") for scene in SCENES])
    audience = (leaks.audience_median.number, leaks.audience_p99.number, leaks.audience_max.number)
    mean = laws.capped_lognormal_mean(*audience)
    return Streams(stream_id=ids[row], camera=camera[row], mechanism=mechanism[row], opened=opened[row],
                   counted_from=tick[row], closers=-np.log(u[row, 4:8]), hazard_per_day=hazard[row],
                   audience_per_day=mean * leaks.close_per_day.number * factor[cameras.scene[camera[row]]],
                   local_share=np.full(row.size, leaks.local_share.number),
                   marks=uniforms(stream_key(seed, k, "streams.marks"), ids[row], 8))  # fmt: skip


FIRST_OWNER = 1 << 43
"""Ids of people who install a hidden camera: this + number; they are custodians of nothing else."""
_FIRST_HIDDEN, _HIDDEN_STOCK = 4 << 36, 5 << 36
ROOMS = ("hotel", "bath_massage", "mall")
"""Place categories with rooms where filming is prohibited (in a mall, changing rooms and toilets)."""


@dataclass(frozen=True, slots=True)
class Hidden(Rows):
    """Hidden cameras that exist at some time from −W to D, in the order of `installed`.

    `camera` is the position among the world's cameras. Hazards are integrated from `counted_from` = max(installed, −W).
    """

    hidden_id: Ints
    """Stable id; the person behind it is FIRST_OWNER + this id."""
    camera: Ints
    installed: Ints
    counted_from: Ints
    finders: Floats
    """(n, 2) unit exponentials: found by a guest, by an inspection."""
    room_share: Floats
    """Probability that a visitor of the place enters that room."""
    marks: Floats


def sample_hidden(city: City, scenario: Scenario, cameras: Cameras, custody: Custody, seed: int, k: int,
                  days: range) -> tuple[Cameras, Custody, Hidden]:
    """Append the hidden cameras to cameras and custody; return both with the data of the hidden ones."""
    leaks, rate = scenario.leaks, scenario.leaks.hidden_per_100k_cameras
    places = [np.flatnonzero(city.place_category == CATEGORIES.index(word)) for word in ROOMS]
    expected = len(cameras) / 1e5 * rate.range[1] if any(one.size for one in places) else 0.0
    hazard = leaks.hidden_guest_per_day.number + leaks.hidden_inspection_per_day.number
    first_ids = (_HIDDEN_STOCK, _FIRST_HIDDEN)
    ids, tick, stock, u = laws.present(seed, k, "hidden", expected, expected * hazard, days, first_ids)
    # lives are exponential, so the remaining life at −W is distributed like a new one
    age = (-np.log(u[:, 3]) / max(hazard, 1e-9) * DAY_TICKS).astype(np.int64)
    installed = np.where(stock, tick - 1 - age, tick)
    row = in_order(u[:, 0] * rate.range[1] < rate.number, installed, ids)
    ids, u = ids[row], u[row]
    shares, rooms = (np.array([facts().value(f"{what}_{word}") for word in ROOMS])
                     for what in ("hidden_share", "rooms"))  # fmt: skip
    category = pick(shares * [one.size > 0 for one in places], u[:, 1])
    made = Hidden(ids, len(cameras) + np.arange(row.size), installed[row], tick[row], -np.log(u[:, 4:6]),
                  1.0 / rooms[category], uniforms(stream_key(seed, k, "hidden.marks"), ids, 8))  # fmt: skip
    if not row.size:
        return cameras, custody, made
    # they record, are on no network, are not filed and comply with nothing
    state = zip((custody.recording, custody.on_internet, custody.default_password, custody.filed, custody.compliance),
                (True, False, False, 1.0, 1.0), strict=True)  # fmt: skip
    custody = Custody(*(np.append(values, np.full(row.size, value)) for values, value in state))
    # a wide lens low in a room, operated by the private person who installed it
    values: dict[str, Any] = {"heading_deg": 0.0, "hfov_deg": 100.0, "width_px": 1920, "mount_m": 1.5,
                              "range_m": range_m(1920, 100.0), "indoor": True, "heading_known": True, "platform_id": -1,
                              "operator": OPERATORS.index("home"), "regime": REGIMES.index("prohibited_site"),
                              "social": True, "secret": 0, "scene": SCENES.index("private_space")}
    place = one_of_kind(category, places, u[:, 2])
    hidden = Cameras(x=city.place_x[place], y=city.place_y[place], place_id=place, custodian_id=FIRST_OWNER + ids,
                     **{name: np.full(row.size, value) for name, value in values.items()})  # fmt: skip
    return joined_cameras([cameras, hidden]), custody, made
