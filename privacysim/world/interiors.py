"""Interiors of homes: a stock that is only counted, of which the cameras that leaks reach are drawn.

A city has far more cameras inside homes than a world could hold, and nobody requests, searches or monitors them. So
the stock is a number (`home_interiors_per_1000` × people), and its cameras are numbered from 0. Streams, insiders and
break-ins choose among ordinary cameras and numbered interiors alike; `with_interiors` appends the chosen ones to the
cameras of the world. Sets of interiors are nested: the weakly protected ones have the lowest numbers.

Limits: an interior shows those who live there, and stays at one's own home are not visits. So it adds to the footage
that outsiders watch and trade, but not to any count of people filmed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.city.city_model import City
from privacysim.draws import Bytes, Floats, Ints, stream_key, uniform, uniforms
from privacysim.scenario import Scenario
from privacysim.sight.optics import range_m
from privacysim.vocabulary import OPERATORS, REGIMES, SCENES
from privacysim.world.cameras import Cameras, joined_cameras
from privacysim.world.chances import Custody, pick

FIRST_INTERIOR = 1 << 44
"""Interior i is camera FIRST_INTERIOR + i until it is appended; its household is the custodian of that id."""
_PRIVATE = SCENES.index("private_space")


def home_interiors(scenario: Scenario) -> int:
    """Return the number of cameras inside the homes of the city."""
    return round(scenario.cameras.home_interiors_per_1000.number * scenario.population.people.number / 1000.0)


def chosen(u: Floats, members: Ints, interiors: float) -> Ints:
    """Choose one of `members` or of the first `interiors` interiors for each mark, all equally likely; −1 if none.

    >>> (chosen(np.array([0.1, 0.6, 0.9]), np.array([7]), 1.0) - FIRST_INTERIOR).tolist()[1:], chosen(
    ...     np.array([0.1]), np.array([7]), 1.0).tolist()
    ([0, 0], [7])
    """
    total = members.size + interiors
    if total <= 0:
        return np.full(u.size, -1, dtype=np.int64)
    at = u * total
    made = FIRST_INTERIOR + np.maximum(at - members.size, 0.0).astype(np.int64)
    ordinary = at < members.size
    made[ordinary] = members[at[ordinary].astype(np.int64)]
    return made


def scene_of(cameras: Cameras, camera: Ints) -> Bytes:
    """Return the codes of what these cameras film, interiors that are not appended yet included."""
    made = np.full(camera.size, _PRIVATE, dtype=np.uint8)
    ordinary = (camera >= 0) & (camera < FIRST_INTERIOR)
    made[ordinary] = cameras.scene[camera[ordinary]]
    return made


def with_interiors(city: City, scenario: Scenario, cameras: Cameras, custody: Custody, seed: int, k: int,
                   reached: Sequence[Ints]) -> tuple[Cameras, Custody, list[Ints]]:
    """Append every interior that occurs in `reached`; return cameras, custody, and `reached` as positions.

    Which interiors are appended depends on the span of the study, so an interior is the same in two studies by its
    custodian, not by its position.
    """
    numbers = np.unique(np.concatenate(reached))
    numbers = numbers[numbers >= FIRST_INTERIOR]
    if not numbers.size:
        return cameras, custody, list(reached)
    u = uniforms(stream_key(seed, k, "interiors"), numbers, 3)
    people = np.asarray(city.home_people, dtype=float)
    place = pick(people if people.any() else np.ones(people.size), u[:, 0])
    first, platforms = len(cameras), scenario.cameras.platforms.number
    mark = uniform(stream_key(seed, k, "custody.custodian"), numbers)
    # it belongs to no place that people visit
    more = appended(cameras, custody, city.place_x[place], city.place_y[place], np.full(numbers.size, -1), numbers,
                    mount_m=2.0, regime=REGIMES.index("private_home"), compliance=mark,
                    platform_id=(u[:, 1] * platforms).astype(np.int16))
    at = [np.where(one >= FIRST_INTERIOR, first + np.searchsorted(numbers, one), one) for one in reached]
    return *more, at


def appended(cameras: Cameras, custody: Custody, x: NDArray[Any], y: NDArray[Any], place: Ints, custodian: Ints, *,
             mount_m: float, regime: int, compliance: Floats | float,
             platform_id: NDArray[Any] | int) -> tuple[Cameras, Custody]:
    """Append cameras of private people in rooms: wide lenses, recording, not filed or announced, no open port."""
    values: dict[str, Any] = {
        "heading_deg": 0.0, "hfov_deg": 100.0, "width_px": 1920, "mount_m": mount_m, "range_m": range_m(1920, 100.0),
        "indoor": True, "heading_known": True, "platform_id": platform_id, "operator": OPERATORS.index("home"),
        "regime": regime, "social": True, "secret": 0, "scene": _PRIVATE,
    }
    more = Cameras(x=x, y=y, place_id=place, custodian_id=custodian,
                   **{name: np.broadcast_to(value, custodian.size) for name, value in values.items()})
    state = {"recording": True, "on_internet": False, "default_password": False, "filed": 1.0,
             "compliance": compliance, "no_password": False, "sign": 1.0, "logs": 1.0}
    rooms = Custody(**{name: np.append(getattr(custody, name), np.broadcast_to(value, custodian.size))
                       for name, value in state.items()})
    return joined_cameras([cameras, more]), rooms
