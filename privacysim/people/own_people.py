"""Population: the residents of a city, or people supplied by the user as DataFrames.

Residents are stored as boundaries in one numbering. User-supplied people are rows of a table: homes, workplaces,
weights (residents represented) and tours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from privacysim import draws
from privacysim.city import City
from privacysim.errors import InputError
from privacysim.readers.frames import LAT, LON, Floats, FrameColumn, checked_frame, positions
from privacysim.scenario import Scenario
from privacysim.units import HOUR_TICKS
from privacysim.vocabulary import GROUPS


@dataclass(frozen=True, slots=True, eq=False)
class Residents:
    """People 0 … N−1 in the order of homes (so of zones) and, within a home place, of groups.

    `first[h]` is the first person of home place h (first[H] = N); persons of group g in home h are
    first[h] + bound[h, g] … first[h] + bound[h, g+1] − 1.
    """

    first: NDArray[np.int64]
    bound: NDArray[np.int64]

    @property
    def size(self) -> int:
        """N, the number of residents."""
        return int(self.first[-1])

    def locate(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return home place and group code of each person; raises InputError for a number that nobody has."""
        if ids.size and not (ids.min() >= 0 and ids.max() < self.size):
            raise InputError("people", f"numbers from 0 to {self.size - 1}", f"{ids.min()} … {ids.max()}",
                             "ask for residents of this city")
        home = np.searchsorted(self.first, ids, side="right") - 1
        within = ids - self.first[home]
        group = (within[:, None] >= self.bound[home, 1:-1]).sum(axis=1)
        return home, group.astype(np.uint8)

    def numbers(self, group: int, members: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return person numbers of a group's members from their running numbers in the group."""
        running = np.concatenate([[0], np.cumsum(self.bound[:, group + 1] - self.bound[:, group])])
        home = np.searchsorted(running, members, side="right") - 1
        return self.first[home] + self.bound[home, group] + (members - running[home])

    def weights(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how many residents each person represents: one."""
        return np.ones(ids.size)

    def group_sizes(self) -> NDArray[np.int64]:
        """Return N_g, in the order of `vocabulary.GROUPS`."""
        return np.diff(self.bound, axis=1).sum(axis=0)


@lru_cache(maxsize=4)
def residents(city: City, scenario: Scenario) -> Residents:
    """Return the home and group of all residents, as boundaries.

    A home place of m people has ⌊m·C_g + u⌋ people in the groups up to g, with C_g the cumulative share and u the
    home's own mark. These are whole numbers whose mean is the share, even for small homes.
    """
    people = np.asarray(city.home_people[:city.homes])
    shares = np.asarray(scenario.population.group_shares)
    running = np.cumsum(shares / shares.sum())
    mark = draws.uniform(draws.stream_key(scenario.city.seed, 0, "home groups"), np.arange(people.size))
    bound = np.zeros((people.size, len(GROUPS) + 1), dtype=np.int64)
    bound[:, 1:] = np.floor(people[:, None] * running[None, :] + mark[:, None])
    bound[:, -1] = people
    return Residents(np.concatenate([[0], np.cumsum(people)]), np.minimum(bound, people[:, None]))


Ints = NDArray[np.int64]
MODES = ("walk", "cycle", "ebike", "transit", "car")


def _place_columns(prefix: str) -> dict[str, FrameColumn]:
    return {f"{prefix}place": FrameColumn(low=0.0), f"{prefix}x_m": FrameColumn(), f"{prefix}y_m": FrameColumn(),
            f"{prefix}lon": LON, f"{prefix}lat": LAT}  # fmt: skip


RESIDENT_COLUMNS: Mapping[str, FrameColumn] = {
    **_place_columns("home_"), **_place_columns("work_"), "group": FrameColumn(GROUPS), "weight": FrameColumn(low=1e-9),
}
"""Columns of a DataFrame of residents, one person per row. A home is required: `home_place` (a `place_id` of the city's
table of places), `home_x_m` and `home_y_m`, or `home_lon` and `home_lat`. A place of work or study likewise (`work_…`):
an empty cell means none; without such a column, it is drawn. `group`: a word of `vocabulary.GROUPS`, drawn if empty.
`weight`: how many residents a row represents (if omitted, all rows represent equally many of the city's people)."""
TOUR_COLUMNS: Mapping[str, FrameColumn] = {
    "person": FrameColumn(low=0.0, needed=True), **_place_columns(""),
    **dict.fromkeys(("start_h", "stay_h"), FrameColumn(low=0.0, high=24.0, needed=True)), "mode": FrameColumn(MODES),
    "weekday": FrameColumn(low=0.0, high=6.0), "day": FrameColumn(),
}
"""Columns of a DataFrame of tours from home to a place and back, for people who make only these tours: `person` counts
the rows of the residents from 0; `place`, or `x_m` and `y_m`, or `lon` and `lat`; `start_h` when they leave home and
`stay_h` how long they stay, in hours; `mode` (empty: drawn by distance); `weekday` (0 is Monday) or `day` (0 is the
first of the study), every day if both are empty. They take the shortest way along the streets."""
WORK_DRAWN = -2
_FAR_M = 500.0
"""A position farther than this from every place of its kind is outside the city."""

PeopleFrames = pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame]
"""Residents, or (residents, tours)."""


@dataclass(frozen=True, slots=True, eq=False)
class OwnPeople:
    """People 0 … n−1 of a DataFrame, in the order of its rows, assigned to places of one city."""

    home: Ints
    work: Ints
    """Place of work or study; −1: none, −2: drawn."""
    group: NDArray[np.uint8]
    weight: Floats
    zone: NDArray[np.int32]
    """Zone of the home."""
    tours: Mapping[str, NDArray[Any]]
    """Arrays person, place, start and stay (ticks), mode (−1: drawn), weekday and day (−1 and NaN: every day)."""

    @property
    def size(self) -> int:
        """Number of people."""
        return self.home.size

    def locate(self, ids: Ints) -> tuple[Ints, NDArray[np.uint8]]:
        """Return home place and group code of each person; raises InputError for a number that nobody has."""
        if ids.size and not (ids.min() >= 0 and ids.max() < self.size):
            raise InputError("people", f"numbers from 0 to {self.size - 1}", f"{ids.min()} … {ids.max()}",
                             "ask for rows of the table of residents")  # fmt: skip
        return self.home[ids], self.group[ids]

    def group_sizes(self) -> Ints:
        """Count the rows of each group, in the order of `vocabulary.GROUPS`."""
        return np.bincount(self.group, minlength=len(GROUPS)).astype(np.int64)

    def numbers(self, group: int, members: Ints) -> Ints:
        """Return person numbers of a group's members, counted in the order of home zones."""
        own = np.flatnonzero(self.group == group)
        return own[np.argsort(self.zone[own], kind="stable")][members]

    def weights(self, ids: Ints) -> Floats:
        """Return how many residents each person represents."""
        return self.weight[ids]


def everybody(city: City, scenario: Scenario, people: PeopleFrames | OwnPeople | None) -> Residents | OwnPeople:
    """Return the residents of the city, or the user's people, validated and assigned to places.

    Raises InputError, naming the row, for a missing or unknown column, an unknown group or mode, a place that the city
    does not have or that nobody visits, a position more than 500 m from every place, and tours that overlap.

    >>> from privacysim.city import build_city
    >>> from privacysim.scenario import load_scenario
    >>> scenario = load_scenario("guangzhou_district")
    >>> table = pd.DataFrame({"home_place": [0, 1], "group": ["student", "older"], "weight": [60_000.0, 40_000.0]})
    >>> everybody(build_city(scenario), scenario, table).size
    2
    """
    if people is None:
        return residents(city, scenario)
    if isinstance(people, OwnPeople):
        return people
    frame, tours = people if isinstance(people, tuple) and len(people) == 2 else (people, None)
    told = checked_frame(frame, "people", RESIDENT_COLUMNS)
    home = _places(city, told, "people", "home_", frame.index)
    if (home < 0).any():
        row = frame.index[int(np.argmax(home < 0))]
        raise InputError(f"people, row {row}", "a home", "none", "add home_place, or home_x_m and home_y_m")
    work = np.full(home.size, WORK_DRAWN, dtype=np.int64)
    if any(str(name).startswith("work_") for name in frame.columns):
        work = _places(city, told, "people", "work_", frame.index)
    weight = np.full(home.size, city.people / home.size)
    if "weight" in frame:
        weight = told["weight"]
        if np.isnan(weight).any():
            row = frame.index[int(np.argmax(np.isnan(weight)))]
            expected = "how many residents it stands for"
            raise InputError(f"people, row {row}, weight", expected, "an empty cell", "fill it, or drop the column")
    shares = np.cumsum(scenario.population.group_shares)
    marks = draws.uniform(draws.stream_key(scenario.city.seed, 0, "own groups"), np.arange(home.size))
    drawn = np.searchsorted(shares[:-1], marks * shares[-1], side="right")
    group = np.where(np.isnan(told["group"]), drawn, told["group"]).astype(np.uint8)
    zone = np.asarray(city.place_zone)[home]
    return OwnPeople(home, work, group, weight, zone, {} if tours is None else _tours(city, tours, home.size))


def _places(city: City, told: Mapping[str, Floats], where: str, prefix: str, index: pd.Index) -> Ints:
    """Return the place of each row: the stated one, else the nearest of its kind to the position, else −1."""
    visited = np.asarray(city.place_hub) >= 0
    kind = np.arange(visited.size) < city.homes if prefix == "home_" else visited
    what = "a home" if prefix == "home_" else "a place that people visit"
    place = np.nan_to_num(told[f"{prefix}place"], nan=-1.0)
    x, y = positions(told, where, city.origin, prefix)
    there = ~np.isnan(x)
    if there.any():
        options = np.flatnonzero(kind)
        tree = cKDTree(np.column_stack([city.place_x, city.place_y])[options])
        away, nearest = tree.query(np.column_stack([x[there], y[there]]))
        if away.max(initial=0.0) > _FAR_M:
            row = index[np.flatnonzero(there)[int(away.argmax())]]
            raise InputError(f"{where}, row {row}", f"a position within {_FAR_M:.0f} m of {what} of {city.name}",
                             f"{away.max():.0f} m", "correct the position, or drop the row")  # fmt: skip
        place[there] = options[nearest]
    wrong = (place >= 0) & ~((place == np.floor(place)) & (place < visited.size))
    wrong[~wrong & (place >= 0)] = ~kind[place[~wrong & (place >= 0)].astype(np.int64)]
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(f"{where}, row {index[row]}, {prefix}place", f"the place_id of {what} of {city.name}",
                         f"{place[row]:g}", "take a place_id from city.places(), or a position")  # fmt: skip
    return place.astype(np.int64)


def _tours(city: City, frame: pd.DataFrame, people: int) -> Mapping[str, NDArray[Any]]:
    told = checked_frame(frame, "tours", TOUR_COLUMNS)
    place = _places(city, told, "tours", "", frame.index)
    person, weekday, day = told["person"], told["weekday"], told["day"]
    start = told["start_h"]
    order = np.lexsort((start, np.nan_to_num(day, nan=-1e9), np.nan_to_num(weekday, nan=-1.0), person))
    same = [np.nan_to_num(values, nan=-1e9)[order] for values in (person, weekday, day)]
    early = np.all([values[1:] == values[:-1] for values in same], axis=0)
    early &= (start[order][:-1] + told["stay_h"][order][:-1]) > start[order][1:]
    overlap = np.zeros(place.size, dtype=bool)
    overlap[order[1:]] = early
    whole = (person == np.floor(person)) & (person < people)
    for wrong, expected, got, fix in (
        (~whole, f"a row number of the residents, 0 to {people - 1}", "another person", "correct the column person"),
        (place < 0, "a place to go to", "none", "add place, or x_m and y_m"),
        (~np.isnan(weekday) & ~np.isnan(day), "a weekday or a day", "both", "leave one of them empty"),
        (overlap, "tours of a person one after another", "a start during another tour", "correct start_h or stay_h"),
    ):
        if wrong.any():
            raise InputError(f"tours, row {frame.index[int(np.argmax(wrong))]}", expected, got, fix)
    ticks = {name: np.rint(told[f"{name}_h"] * HOUR_TICKS) for name in ("start", "stay")}
    return {"person": person.astype(np.int64), "place": place, **ticks,
            "mode": np.nan_to_num(told["mode"], nan=-1.0).astype(np.int64), "weekday": weekday, "day": day}  # fmt: skip
