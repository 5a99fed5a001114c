"""Hidden cameras: put up against every rule in rooms where nobody may film, by somebody who is not the operator.

They stand in guest rooms, baths and changing rooms (Order 799 art. 8 names the places), and exist because nobody
inspects every room: at −W there is a stock in equilibrium, new ones come as old ones are found. What ends one is a
guest who notices it, or an inspection; each cause has its own unit exponential. They are cameras of the city like any
other, numbered after all others, so that one more changes nothing else; no asker, investigator or website meets them.

Limits: one room each; how many there are nobody has counted (assumption, in proportion to the city's cameras).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.city.city_model import City
from privacysim.draws import stream_key, uniform, uniforms
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.sight.optics import range_m
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import CATEGORIES, OPERATORS, REGIMES, SCENES
from privacysim.world.cameras import Cameras
from privacysim.world.chance_laws import pick, poisson_quantile, roots
from privacysim.world.chances import Custody, Floats, Ints

FIRST_OWNER = 1 << 43
"""Ids of those who put a hidden camera up: this + number; they are custodians of nothing but it."""
_FIRST_NEW, _STOCK_ID = 4 << 36, 5 << 36
ROOMS = ("hotel", "bath_massage", "mall")
"""Categories of place with rooms in which nobody may film (of a mall: its changing rooms and toilets)."""
FINDERS = ("guest", "inspection")


@dataclass(frozen=True, slots=True)
class Hidden:
    """Hidden cameras that exist at some time from −W to D, in the order of `installed`."""

    hidden_id: Ints
    """Stable id; the person behind it is FIRST_OWNER + it."""
    camera: Ints
    """Position among the world's cameras."""
    installed: Ints
    counted_from: Ints
    """max(installed, −W): where the integrated hazards start."""
    finders: Floats
    """(n, 2) unit exponentials, one per cause in FINDERS."""
    room_share: Floats
    """Chance that a visitor of the place comes into that one room."""
    marks: Floats
    """(n, 8) uniform marks for governance."""

    def __len__(self) -> int:
        return int(self.hidden_id.size)


def sample_hidden(
    city: City, scenario: Scenario, cameras: Cameras, custody: Custody, seed: int, k: int, days: range
) -> tuple[Cameras, Custody, Hidden]:
    """The cameras and their keeping with the hidden ones behind them, and what is known of those."""
    leaks = scenario.leaks
    places = [np.flatnonzero(city.place_category == CATEGORIES.index(word)) for word in ROOMS]
    stock = len(cameras) / 1e5 * leaks.hidden_per_100k_cameras.range[1] if any(one.size for one in places) else 0.0
    hazard = leaks.hidden_guest_per_day.number + leaks.hidden_inspection_per_day.number
    number = int(poisson_quantile(uniform(stream_key(seed, k, "hidden.stock"), [0]), stock)[0])
    new_ids, new_tick = roots(seed, k, "hidden", stock * hazard, days)
    ids = np.concatenate((_STOCK_ID + np.arange(number), _FIRST_NEW + new_ids))
    u = uniforms(stream_key(seed, k, "hidden"), ids, 8)
    kept = u[:, 0] * leaks.hidden_per_100k_cameras.range[1] < leaks.hidden_per_100k_cameras.number
    begin = days.start * DAY_TICKS
    # the life of one is exponential, so what is left of it at −W has the law of a new one
    age = (-np.log(u[:, 3]) / max(hazard, 1e-9) * DAY_TICKS).astype(np.int64)
    installed = np.concatenate((np.full(number, begin, dtype=np.int64), new_tick))
    installed = np.where(ids >= _STOCK_ID, begin - 1 - age, installed)
    row = np.flatnonzero(kept)
    row = row[np.lexsort((ids[row], installed[row]))]
    place, category = _rooms(places, u[row])
    rooms = np.array([facts().value(f"rooms_{word}") for word in ROOMS])
    made = Hidden(
        ids[row], len(cameras) + np.arange(row.size), installed[row], np.maximum(installed[row], begin),
        -np.log(u[row, 4:6]), 1.0 / rooms[category], uniforms(stream_key(seed, k, "hidden.marks"), ids[row], 8),
    )
    return _joined(cameras, _cameras(city, place, ids[row])), _kept(custody, row.size), made


def _rooms(places: list[NDArray[np.intp]], u: Floats) -> tuple[Ints, NDArray[np.intp]]:
    """Place and kind of place (position in ROOMS) of each."""
    share = np.array([facts().value(f"hidden_share_{word}") if one.size else 0.0
                      for word, one in zip(ROOMS, places, strict=True)])
    category = pick(share, u[:, 1])
    place = np.zeros(len(u), dtype=np.int64)
    for code, members in enumerate(places):
        own = np.flatnonzero(category == code)
        if members.size:
            place[own] = members[(u[own, 2] * members.size).astype(np.intp)]
    return place, category


def _cameras(city: City, place: Ints, ids: Ints) -> Cameras:
    """A wide lens low in a room; whoever put it there is its operator, a private person."""
    n = place.size

    def all_of(value: float, dtype: str) -> NDArray[Any]:
        return np.full(n, value, dtype=dtype)

    width, angle = all_of(1920, "i4"), all_of(100.0, "f4")
    return Cameras(
        city.place_x[place].astype(np.float32), city.place_y[place].astype(np.float32), all_of(0.0, "f4"), angle,
        width, all_of(1.5, "f4"), range_m(width, angle).astype(np.float32), all_of(1, "?"), FIRST_OWNER + ids,
        all_of(-1, "i2"), all_of(OPERATORS.index("home"), "u1"), all_of(REGIMES.index("prohibited_site"), "u1"),
        all_of(1, "?"), all_of(1, "?"), place, all_of(0, "u1"), all_of(SCENES.index("private_space"), "u1"),
    )


def _joined(first: Cameras, second: Cameras) -> Cameras:
    if not len(second):
        return first
    pairs = [(getattr(first, field.name), getattr(second, field.name)) for field in fields(Cameras)]
    return Cameras(*(np.concatenate(pair, dtype=pair[0].dtype) for pair in pairs))


def _kept(custody: Custody, more: int) -> Custody:
    """Hidden cameras keep what they film; they are on no network, filed nowhere, and comply with nothing."""
    if not more:
        return custody
    ones, no = np.ones(more), np.zeros(more, dtype=bool)
    return Custody(
        np.concatenate((custody.recording, ~no)), np.concatenate((custody.on_internet, no)),
        np.concatenate((custody.default_password, no)), np.concatenate((custody.filed, ones)),
        np.concatenate((custody.compliance, ones)),
    )
