"""The live-video website: which cameras get onto it, by which mechanism, and what may take them off again.

Only social cameras on a vendor's platform or reachable from the internet can get there. Arrivals are Poisson with
`n_exposable · scans · p_listed` a year, by mechanism in given shares; stays end by competing hazards (owner,
complaint, press, inspection). In equilibrium the list is Poisson with mean arrival × mean stay (M/G/∞; Eick, Massey,
Whitt 1993, doi:10.1287/mnsc.39.2.241), and those found on it are length-biased. Hazards are constant for one stream, so
what is left of a stay at −W has the law of a new one. p_listed is CALIBRATED to the 185 of the founding case.

Limits: one listing of a camera does not exclude another; the shares of mechanisms are assumptions; audience is its
expectation, spread evenly over a mean stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import stream_key, uniform, uniforms
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import MECHANISMS, SCENES
from privacysim.world.asks import YEAR_D
from privacysim.world.cameras import Cameras
from privacysim.world.chance_laws import capped_lognormal_mean, pick, poisson_quantile, roots
from privacysim.world.chances import Custody, Floats, Streams

_STOCK_ID = 1 << 35
"""Ids of the stock found at −W: this + number."""


def mechanism_shares(scenario: Scenario) -> Floats:
    """Shares of MECHANISMS among arrivals; sum to 1."""
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
    """Baseline hazards per day by scene and cause: (len(SCENES), 4); complaint and press grow with what is seen."""
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
    """Cameras that come to be listed a day; `upper`: at the highest rate, from which all others are thinned."""
    leaks = scenario.leaks
    product = leaks.scans_per_camera_year.number * leaks.p_listed.number
    if upper:
        product = leaks.scans_per_camera_year.range[1] * leaks.p_listed.range[1]
    return exposable * product / YEAR_D


def eligible(cameras: Cameras, custody: Custody) -> list[NDArray[np.intp]]:
    """Cameras that each mechanism can put on line, by code in MECHANISMS."""
    platform = np.flatnonzero(cameras.platform_id >= 0)
    reachable = np.flatnonzero(custody.on_internet)
    return [platform, platform, reachable, np.flatnonzero(custody.default_password), reachable]


def sample_streams(
    scenario: Scenario, cameras: Cameras, custody: Custody, seed: int, k: int, days: range
) -> Streams:
    """The stock at the begin of `days` and the arrivals on them."""
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
    # a stock stream is there in proportion to its mean stay; -ln u is the age of an exponential one
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
    """Mechanism and camera of each candidate; −1 where no camera of the city suits the mechanism."""
    mechanism = pick(shares, u[:, 1]).astype(np.uint8)
    camera = np.full(mechanism.size, -1, dtype=np.int64)
    for code in range(len(MECHANISMS)):
        own = np.flatnonzero(mechanism == code)
        members = eligible[code]
        if members.size:
            camera[own] = members[(u[own, 2] * members.size).astype(np.intp)]
    return mechanism, camera
