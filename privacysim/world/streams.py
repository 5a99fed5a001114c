"""Cameras that outsiders can watch for a time: listed on the live-video website, or hidden in rooms.

Website, in the reading of `leaks.case`. `broadcast`: owners show cameras on a vendor's platform, and few others are
opened without them; owners seldom broadcast the inside of a home (`home_broadcast_factor`). `directory`: somebody lists
cameras that ask for a factory password or for none, homes included. Arrivals are Poisson with
`n_exposable · scans · p_listed` a year, by mechanism. Stays end by competing hazards (owner, complaint, press,
inspection). In equilibrium the list is Poisson with mean arrival × mean stay (M/G/∞; Eick, Massey,
Whitt 1993, doi:10.1287/mnsc.39.2.241), and the streams found on it are length-biased. Hazards are constant for one
stream, so the rest of a stay at −W is distributed like a new one. p_listed is CALIBRATED to the 185 of the founding
case. Limits: one listing of a camera does not exclude another; the audience is its expectation, spread evenly over a
mean stay.

Hidden cameras are installed illegally in guest rooms, baths and changing rooms (Order 799 art. 8 names the places). At
−W there is a stock in equilibrium. New ones arrive as old ones are found, by a guest or an inspection. They are
numbered after all other cameras, so adding one changes nothing else. No requester, investigator or website reaches
them. Limits: one room each, all with the guests of a hotel room; their number is an assumption.
"""

from dataclasses import dataclass

import numpy as np

from privacysim.city.city_model import City
from privacysim.draws import Floats, Ints, stream_key, uniforms
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import CATEGORIES, REGIMES, SCENES
from privacysim.world import chances as laws
from privacysim.world.cameras import Cameras
from privacysim.world.chances import YEAR_D, Custody, Rows, Streams, in_order, one_of_kind, pick
from privacysim.world.interiors import appended, chosen, scene_of

_STOCK_ID = 1 << 35
"""Ids of the stock at −W: this + number."""


def mechanism_shares(scenario: Scenario) -> Floats:
    """Return the shares of MECHANISMS among arrivals; they sum to 1."""
    leaks, section = scenario.leaks, scenario.cameras
    broadcast, unaware = leaks.owner_broadcast.number, leaks.owner_unaware.number
    shares = np.array([broadcast * (1 - unaware), broadcast * unaware, leaks.open_port.number,
                       leaks.default_password.number, leaks.cracked_account.number])
    if leaks.case == "directory":  # whatever can be opened is listed
        shares = np.array([0.0, 0.0, section.no_password_share.number, section.default_password_share.number, 0.0])
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


def interiors_listed(scenario: Scenario, interiors: float) -> Floats:
    """Return how many of the home interiors can come to be listed, by MECHANISMS, as ordinary cameras can."""
    section = scenario.cameras
    reachable = section.internet_share.number
    return interiors * np.array([*[scenario.leaks.home_broadcast_factor.number] * 2,
                                 reachable * section.no_password_share.number,
                                 reachable * section.default_password_share.number, reachable])  # fmt: skip


def arrivals_per_day(scenario: Scenario, exposable: float, upper: bool = False) -> float:
    """Return new listings per day; with `upper`, the highest rate, from which all others are thinned."""
    leaks = scenario.leaks
    scans, listed = ((one.range[1] if upper else one.number) for one in (leaks.scans_per_camera_year, leaks.listing))
    return exposable * (scans * listed) / YEAR_D


def sample_streams(scenario: Scenario, cameras: Cameras, custody: Custody, seed: int, k: int, days: range,
                   interiors: int = 0) -> Streams:
    """Draw the stock at the start of `days` and the arrivals on them; cameras may be `interiors` of homes."""
    leaks, on_platform = scenario.leaks, cameras.platform_id >= 0
    directory = leaks.case == "directory"
    can = custody.no_password | custody.default_password if directory else on_platform | custody.on_internet
    homes = interiors_listed(scenario, interiors)
    exposable = float(np.count_nonzero(can) + (homes[[2, 3]].sum() if directory else homes[0]))
    upper = arrivals_per_day(scenario, exposable, upper=True)
    thin = arrivals_per_day(scenario, exposable) / upper if upper else 0.0
    longest = 1.0 / hazards(scenario).sum(axis=1).min()
    ids, tick, stock, u = laws.present(seed, k, "streams", upper * longest, upper, days, (_STOCK_ID, 0))
    mechanism = pick(mechanism_shares(scenario), u[:, 1]).astype(np.uint8)
    camera = np.full(ids.size, -1, dtype=np.int64)
    # the cameras that each mechanism can put online, by code in MECHANISMS
    for code, can in enumerate([on_platform, on_platform, custody.no_password, custody.default_password,
                                custody.on_internet]):  # fmt: skip
        rows = np.flatnonzero(mechanism == code)
        camera[rows] = chosen(u[rows, 2], np.flatnonzero(can), homes[code])
    scene = scene_of(cameras, camera)
    hazard = hazards(scenario)[scene]
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
                   audience_per_day=mean * leaks.close_per_day.number * factor[scene[row]],
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


def hidden_guests_per_day(scenario: Scenario) -> float:
    """Return how many different guests a hidden camera films per day: occupancy · guests per room / nights."""
    leaks = scenario.leaks
    return leaks.hotel_occupancy.number * leaks.guests_per_room.number / leaks.nights_per_guest.number


def hidden_hazards(scenario: Scenario) -> Floats:
    """Return the hazards per day that a guest, or an inspection, finds a hidden camera.

    Each guest notices it with one probability, so guests arriving as a renewal process find it at rate · probability.
    """
    leaks = scenario.leaks
    by_guest = hidden_guests_per_day(scenario) * leaks.hidden_noticed_per_guest.number
    return np.array([by_guest, leaks.hidden_inspection_per_day.number])


def sample_hidden(city: City, scenario: Scenario, cameras: Cameras, custody: Custody, seed: int, k: int,
                  days: range) -> tuple[Cameras, Custody, Hidden]:
    """Append the hidden cameras to cameras and custody; return both with the data of the hidden ones."""
    rate = scenario.leaks.hidden_per_100k_cameras
    places = [np.flatnonzero(city.place_category == CATEGORIES.index(word)) for word in ROOMS]
    expected = len(cameras) / 1e5 * rate.range[1] if any(one.size for one in places) else 0.0
    hazard = float(hidden_hazards(scenario).sum())
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
    place = one_of_kind(category, places, u[:, 2])
    # low in a room, operated by the private person who installed it; they comply with nothing
    return *appended(cameras, custody, city.place_x[place], city.place_y[place], place, FIRST_OWNER + ids, mount_m=1.5,
                     regime=REGIMES.index("prohibited_site"), compliance=1.0, platform_id=-1), made  # fmt: skip
