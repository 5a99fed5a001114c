"""Cameras that outsiders can watch for a time: listed on the live-video website, or hidden in rooms.

Website: only social cameras on a vendor's platform or reachable from the internet can be listed. Arrivals are Poisson
with `n_exposable · scans · p_listed` a year, by mechanism in given shares. Stays end by competing hazards (owner,
complaint, press, inspection). In equilibrium the list is Poisson with mean arrival × mean stay (M/G/∞; Eick, Massey,
Whitt 1993, doi:10.1287/mnsc.39.2.241), and the streams found on it are length-biased. Hazards are constant for one
stream, so the rest of a stay at −W is distributed like a new one. p_listed is CALIBRATED to the 185 of the founding
case. Limits: one listing of a camera does not exclude another; the shares of mechanisms are assumptions; the audience
is its expectation, spread evenly over a mean stay.

Hidden cameras are installed illegally in guest rooms, baths and changing rooms (Order 799 art. 8 names the places). At
−W there is a stock in equilibrium. New ones arrive as old ones are found, by a guest or an inspection, each with its
own unit exponential. They are numbered after all other cameras, so adding one changes nothing else. No requester,
investigator or website reaches them. Limits: one room each; nobody has counted them (assumption).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.city.city_model import City
from privacysim.draws import stream_key, uniform, uniforms
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.sight.optics import range_m
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import CATEGORIES, MECHANISMS, OPERATORS, REGIMES, SCENES
from privacysim.world.cameras import Cameras, joined_cameras
from privacysim.world.chances import (
    YEAR_D,
    Custody,
    Floats,
    Ints,
    Streams,
    capped_lognormal_mean,
    one_of,
    pick,
    poisson_quantile,
    roots,
)

_STOCK_ID = 1 << 35
"""Ids of the stock at −W: this + number."""


def mechanism_shares(scenario: Scenario) -> Floats:
    """Return the shares of MECHANISMS among arrivals; they sum to 1."""
    leaks = scenario.leaks
    broadcast, unaware = leaks.owner_broadcast.number, leaks.owner_unaware.number
    shares = np.array([
        broadcast * (1 - unaware), broadcast * unaware, leaks.open_port.number, leaks.default_password.number,
        leaks.cracked_account.number,
    ])
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
    product = leaks.scans_per_camera_year.number * leaks.p_listed.number
    if upper:
        product = leaks.scans_per_camera_year.range[1] * leaks.p_listed.range[1]
    return exposable * product / YEAR_D


def eligible(cameras: Cameras, custody: Custody) -> list[NDArray[np.intp]]:
    """Return the cameras that each mechanism can put online, by code in MECHANISMS."""
    platform = np.flatnonzero(cameras.platform_id >= 0)
    reachable = np.flatnonzero(custody.on_internet)
    return [platform, platform, reachable, np.flatnonzero(custody.default_password), reachable]


def sample_streams(
    scenario: Scenario, cameras: Cameras, custody: Custody, seed: int, k: int, days: range
) -> Streams:
    """Draw the stock at the start of `days` and the arrivals on them."""
    exposable = float(np.count_nonzero((cameras.platform_id >= 0) | custody.on_internet))
    upper = arrivals_per_day(scenario, exposable, upper=True)
    thin = arrivals_per_day(scenario, exposable) / upper if upper else 0.0
    rates = hazards(scenario).sum(axis=1)
    longest = 1.0 / rates.min()
    count = int(poisson_quantile(uniform(stream_key(seed, k, "streams.stock"), [0]), upper * longest)[0])
    new_ids, new_tick = roots(seed, k, "streams", upper, days)
    ids = np.concatenate((_STOCK_ID + np.arange(count), new_ids))
    u = uniforms(stream_key(seed, k, "streams"), ids, 8)
    mechanism, camera = _who(cameras, eligible(cameras, custody), mechanism_shares(scenario), u)
    hazard = hazards(scenario)[cameras.scene[camera]]
    stay = 1.0 / hazard.sum(axis=1)
    stock = ids >= _STOCK_ID
    # stock streams are present in proportion to their mean stay; -ln u is the age of an exponential stay
    kept = (camera >= 0) & (u[:, 0] < thin * np.where(stock, stay / longest, 1.0))
    begin = days.start * DAY_TICKS
    age = (-np.log(u[:, 3]) * stay * DAY_TICKS).astype(np.int64)
    opened = np.concatenate((np.full(count, begin, dtype=np.int64), new_tick))
    opened = np.where(stock, begin - 1 - age, opened)
    row = np.flatnonzero(kept)
    row = row[np.lexsort((ids[row], opened[row]))]
    factor = np.array([facts().value(f"audience_factor_{scene}") for scene in SCENES])
    leaks = scenario.leaks
    mean = capped_lognormal_mean(
        leaks.audience_median.number, leaks.audience_p99.number, leaks.audience_max.number
    )
    return Streams(
        stream_id=ids[row], camera=camera[row], mechanism=mechanism[row], opened=opened[row],
        counted_from=np.maximum(opened[row], begin), closers=-np.log(u[row, 4:8]), hazard_per_day=hazard[row],
        audience_per_day=mean * leaks.close_per_day.number * factor[cameras.scene[camera[row]]],
        local_share=np.full(row.size, leaks.local_share.number),
        marks=uniforms(stream_key(seed, k, "streams.marks"), ids[row], 8),
    )


def _who(
    cameras: Cameras, eligible: list[NDArray[np.intp]], shares: Floats, u: Floats
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Choose mechanism and camera of each candidate; −1 where no camera of the city suits the mechanism."""
    mechanism = pick(shares, u[:, 1]).astype(np.uint8)
    camera = np.full(mechanism.size, -1, dtype=np.int64)
    for code in range(len(MECHANISMS)):
        own = np.flatnonzero(mechanism == code)
        members = eligible[code]
        if members.size:
            camera[own] = one_of(members, u[own, 2])
    return mechanism, camera


FIRST_OWNER = 1 << 43
"""Ids of people who install a hidden camera: this + number; they are custodians of nothing else."""
_FIRST_HIDDEN, _HIDDEN_STOCK = 4 << 36, 5 << 36
ROOMS = ("hotel", "bath_massage", "mall")
"""Place categories with rooms where filming is prohibited (in a mall, changing rooms and toilets)."""
FINDERS = ("guest", "inspection")


@dataclass(frozen=True, slots=True)
class Hidden:
    """Hidden cameras that exist at some time from −W to D, in the order of `installed`."""

    hidden_id: Ints
    """Stable id; the person behind it is FIRST_OWNER + this id."""
    camera: Ints
    """Position among the world's cameras."""
    installed: Ints
    counted_from: Ints
    """max(installed, −W), from which hazards are integrated."""
    finders: Floats
    """(n, 2) unit exponentials, one per cause in FINDERS."""
    room_share: Floats
    """Probability that a visitor of the place enters that room."""
    marks: Floats
    """(n, 8) uniform marks for governance."""

    def __len__(self) -> int:
        return int(self.hidden_id.size)


def sample_hidden(
    city: City, scenario: Scenario, cameras: Cameras, custody: Custody, seed: int, k: int, days: range
) -> tuple[Cameras, Custody, Hidden]:
    """Append the hidden cameras to cameras and custody; return both with the data of the hidden ones."""
    leaks = scenario.leaks
    places = [np.flatnonzero(city.place_category == CATEGORIES.index(word)) for word in ROOMS]
    stock = len(cameras) / 1e5 * leaks.hidden_per_100k_cameras.range[1] if any(one.size for one in places) else 0.0
    hazard = leaks.hidden_guest_per_day.number + leaks.hidden_inspection_per_day.number
    number = int(poisson_quantile(uniform(stream_key(seed, k, "hidden.stock"), [0]), stock)[0])
    new_ids, new_tick = roots(seed, k, "hidden", stock * hazard, days)
    ids = np.concatenate((_HIDDEN_STOCK + np.arange(number), _FIRST_HIDDEN + new_ids))
    u = uniforms(stream_key(seed, k, "hidden"), ids, 8)
    kept = u[:, 0] * leaks.hidden_per_100k_cameras.range[1] < leaks.hidden_per_100k_cameras.number
    begin = days.start * DAY_TICKS
    # lives are exponential, so the remaining life at −W is distributed like a new one
    age = (-np.log(u[:, 3]) / max(hazard, 1e-9) * DAY_TICKS).astype(np.int64)
    installed = np.concatenate((np.full(number, begin, dtype=np.int64), new_tick))
    installed = np.where(ids >= _HIDDEN_STOCK, begin - 1 - age, installed)
    row = np.flatnonzero(kept)
    row = row[np.lexsort((ids[row], installed[row]))]
    place, category = _rooms(places, u[row])
    rooms = np.array([facts().value(f"rooms_{word}") for word in ROOMS])
    made = Hidden(
        ids[row], len(cameras) + np.arange(row.size), installed[row], np.maximum(installed[row], begin),
        -np.log(u[row, 4:6]), 1.0 / rooms[category], uniforms(stream_key(seed, k, "hidden.marks"), ids[row], 8),
    )
    return joined_cameras([cameras, _cameras(city, place, ids[row])]), _kept(custody, row.size), made


def _rooms(places: list[NDArray[np.intp]], u: Floats) -> tuple[Ints, NDArray[np.intp]]:
    """Choose the place and its category (position in ROOMS) of each hidden camera."""
    share = np.array([facts().value(f"hidden_share_{word}") if one.size else 0.0
                      for word, one in zip(ROOMS, places, strict=True)])
    category = pick(share, u[:, 1])
    place = np.zeros(len(u), dtype=np.int64)
    for code, members in enumerate(places):
        own = np.flatnonzero(category == code)
        if members.size:
            place[own] = one_of(members, u[own, 2])
    return place, category


def _cameras(city: City, place: Ints, ids: Ints) -> Cameras:
    """Build hidden cameras: a wide lens low in a room, operated by the private person who installed it."""
    n = place.size

    def all_of(value: float, dtype: str) -> NDArray[Any]:
        return np.full(n, value, dtype=dtype)

    width, angle = all_of(1920, "i4"), all_of(100.0, "f4")
    return Cameras(
        city.place_x[place].astype(np.float32), city.place_y[place].astype(np.float32), all_of(0.0, "f4"), angle,
        width, all_of(1.5, "f4"), range_m(width, angle).astype(np.float32), all_of(1, "?"), place, all_of(1, "?"),
        FIRST_OWNER + ids, all_of(-1, "i2"), all_of(OPERATORS.index("home"), "u1"),
        all_of(REGIMES.index("prohibited_site"), "u1"), all_of(1, "?"), all_of(0, "u1"),
        all_of(SCENES.index("private_space"), "u1"),
    )


def _kept(custody: Custody, more: int) -> Custody:
    """Extend custody by hidden cameras: they record, are on no network, are not filed and comply with nothing."""
    if not more:
        return custody
    ones, no = np.ones(more), np.zeros(more, dtype=bool)
    return Custody(
        np.concatenate((custody.recording, ~no)), np.concatenate((custody.on_internet, no)),
        np.concatenate((custody.default_password, no)), np.concatenate((custody.filed, ones)),
        np.concatenate((custody.compliance, ones)),
    )
