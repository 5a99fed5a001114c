"""People of a city: its residents, or people from the user's DataFrames, and nested samples of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import draws
from privacysim.city import City
from privacysim.city.places import nearest_or_refuse
from privacysim.draws import Bools, Bytes, Floats, Ints
from privacysim.errors import InputError, one_line
from privacysim.readers.positions import LAT, LON, FrameColumn, checked_frame, positions
from privacysim.scenario import Scenario
from privacysim.units import HOUR_TICKS
from privacysim.vocabulary import GROUPS

MODES = ("walk", "cycle", "ebike", "transit", "car")
_GROUP_MIN = 1_000
"""Smallest number of people of a group in a large sample: a setting of the computation, not a fact."""
WORK_DRAWN = -2


def _place_columns(prefix: str) -> dict[str, FrameColumn]:
    return {f"{prefix}place": FrameColumn(low=0.0), f"{prefix}x_m": FrameColumn(), f"{prefix}y_m": FrameColumn(),
            f"{prefix}lon": LON, f"{prefix}lat": LAT}  # fmt: skip


RESIDENT_COLUMNS: Mapping[str, FrameColumn] = {**_place_columns("home_"), **_place_columns("work_"),
                                               "group": FrameColumn(GROUPS), "weight": FrameColumn(low=1e-9)}
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
PeopleFrames = pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame]
"""Residents, or (residents, tours)."""


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """People 0 … n−1 of a city: its residents in the order of homes (so of zones), or the rows of a DataFrame."""

    home: NDArray[np.integer]
    """Place of the home."""
    group: Bytes
    weight: Floats
    """How many residents each person represents."""
    work: Ints | None = None
    """Stated place of work or study; −1: none, −2: drawn; None: all are drawn."""
    zone: NDArray[np.int32] | None = None
    """Zone of the home; None if people are in the order of zones."""
    tours: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Stated tours: person, place, start and stay (ticks), mode (−1: drawn), weekday and day (NaN: every day)."""
    sizes: Ints | None = None
    """Residents by home and group, from which a group's members follow without a search; None for own people."""

    @property
    def size(self) -> int:
        """Number of people."""
        return self.home.size

    def locate(self, ids: Ints) -> tuple[Ints, Bytes]:
        """Return home place and group code of each person; raises InputError for a number that nobody has."""
        if ids.size and not (ids.min() >= 0 and ids.max() < self.size):
            fix = "ask for residents of this city, or rows of the table of residents"
            raise InputError("people", f"numbers from 0 to {self.size - 1}", f"{ids.min()} … {ids.max()}", fix)
        return self.home[ids].astype(np.int64), self.group[ids]

    def group_sizes(self) -> Ints:
        """Count the people of each group, in the order of `vocabulary.GROUPS`."""
        return np.bincount(self.group, minlength=len(GROUPS)) if self.sizes is None else self.sizes.sum(axis=0)

    def group_weights(self) -> NDArray[Any]:
        """Residents that the people of each group represent together."""
        return self.group_sizes() if self.sizes is not None else np.bincount(self.group, self.weight, len(GROUPS))

    def members(self, group: int, chosen: Ints) -> Ints:
        """Numbers of the chosen people of a group, counted from 0 in the order of home zones."""
        if self.sizes is None:
            own = np.flatnonzero(self.group == group)
            return own[chosen] if self.zone is None else own[np.argsort(self.zone[own], kind="stable")][chosen]
        upto, people = np.cumsum(self.sizes[:, group]), self.sizes.sum(axis=1)
        home = np.searchsorted(upto, chosen, side="right")
        first = (np.cumsum(people) - people)[home] + self.sizes[home, :group].sum(axis=1)
        return first + chosen - (upto[home] - self.sizes[home, group])


def residents(city: City, scenario: Scenario) -> Population:
    """Return all residents with their home and group.

    A home place of m people has ⌊m·C_g + u⌋ people in the groups up to g, where C_g is the cumulative share and u the
    home's own mark.
    """
    return _residents(city, scenario.city.seed, tuple(scenario.population.group_shares))


@lru_cache(maxsize=4)  # by the numbers, because a scenario is equal to itself under other facts
def _residents(city: City, seed: int, group_shares: tuple[float, ...]) -> Population:
    people = np.asarray(city.home_people[:city.homes])
    shares = np.asarray(group_shares)
    running = np.cumsum(shares / shares.sum())
    mark = draws.uniform(draws.stream_key(seed, 0, "home groups"), np.arange(people.size))
    bound = np.minimum(np.floor(people[:, None] * running + mark[:, None]), people[:, None])
    bound[:, -1] = people
    sizes = np.diff(bound.astype(np.int64), axis=1, prepend=0)
    group = np.repeat(np.tile(np.arange(len(GROUPS), dtype=np.uint8), people.size), sizes.ravel())
    home = np.repeat(np.arange(people.size, dtype=np.int32), people)
    return Population(home, group, np.broadcast_to(1.0, home.shape), sizes=sizes)


def everybody(city: City, scenario: Scenario, people: PeopleFrames | Population | None) -> Population:
    """Return the residents of the city, or the user's people, validated and assigned to places.

    Raises InputError, naming the row, for a missing or unknown column, an unknown group or mode, a place that the city
    does not have or that nobody visits, a position more than 500 m from every place, and tours that overlap.
    """
    if people is None:
        return residents(city, scenario)
    if isinstance(people, Population):
        return people
    frame, tours = people if isinstance(people, tuple) and len(people) == 2 else (people, None)
    told = checked_frame(frame, "people", RESIDENT_COLUMNS)
    home = _places(city, told, "people", "home_", frame.index)
    work = None
    if any(str(name).startswith("work_") for name in frame.columns):
        work = _places(city, told, "people", "work_", frame.index)
    weight = told["weight"] if "weight" in frame else np.full(home.size, city.people / home.size)
    _refuse("people", frame.index, (
        (home < 0, "", "a home", "none", "add home_place, or home_x_m and home_y_m"),
        (np.isnan(weight), ", weight", "how many residents it represents", "an empty cell", "fill it or drop weight"),
    ))
    shares = np.cumsum(scenario.population.group_shares)
    marks = draws.uniform(draws.stream_key(scenario.city.seed, 0, "own groups"), np.arange(home.size))
    drawn = np.searchsorted(shares[:-1], marks * shares[-1], side="right")
    group = np.where(np.isnan(told["group"]), drawn, told["group"]).astype(np.uint8)
    zone = np.asarray(city.place_zone)[home]
    return Population(home, group, weight, work, zone, {} if tours is None else _tours(city, tours, home.size))


def _refuse(table: str, index: pd.Index, checks: Iterable[tuple[Bools, str, str, str, str]]) -> None:
    for wrong, column, expected, got, fix in checks:
        if wrong.any():
            raise InputError(f"{table}, row {index[int(np.argmax(wrong))]}{column}", expected, got, fix)


def _places(city: City, told: Mapping[str, Floats], where: str, prefix: str, index: pd.Index) -> Ints:
    """Return the place of each row: the stated one, else the nearest of its kind to the position, else −1."""
    visited = np.asarray(city.place_hub) >= 0
    kind = np.arange(visited.size) < city.homes if prefix == "home_" else visited
    what = f"{'a home' if prefix == 'home_' else 'a place that people visit'} of {city.name}"
    place = np.nan_to_num(told[f"{prefix}place"], nan=-1.0)
    x, y = positions(told, where, city.origin, prefix)
    there, options = ~np.isnan(x), np.flatnonzero(kind)
    if there.any():
        points = np.column_stack([city.place_x, city.place_y])[options]
        found = nearest_or_refuse(points, np.column_stack([x, y])[there], where, index[there], what)
        place[there] = options[found]
    wrong = (place >= 0) & ~np.isin(place, options)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(f"{where}, row {index[row]}, {prefix}place", f"the place_id of {what}", f"{place[row]:g}",
                         "take a place_id from city.places(), or a position")  # fmt: skip
    return place.astype(np.int64)


def _tours(city: City, frame: pd.DataFrame, people: int) -> Mapping[str, NDArray[Any]]:
    told = checked_frame(frame, "tours", TOUR_COLUMNS)
    place = _places(city, told, "tours", "", frame.index)
    person, weekday, day = told["person"], told["weekday"], told["day"]
    in_order = pd.DataFrame({name: told[name] for name in ("start_h", "stay_h")}).sort_values("start_h", kind="stable")
    same_days = [pd.Series(values) for values in (person, weekday, day)]
    end_before = in_order.sum(axis=1).groupby(same_days, dropna=False).shift()
    overlap = (end_before > in_order["start_h"]).sort_index().to_numpy()
    whole = (person == np.floor(person)) & (person < people)
    _refuse("tours", frame.index, (
        (~whole, ", person", f"a row number of the residents, 0 to {people - 1}", "another person", "correct it"),
        (place < 0, "", "a place to go to", "none", "add place, or x_m and y_m"),
        (~np.isnan(weekday) & ~np.isnan(day), "", "a weekday or a day", "both", "leave one of them empty"),
        (overlap, "", "tours of a person one after another", "a start during another tour", "correct start_h, stay_h"),
    ))
    ticks = {name: np.rint(told[f"{name}_h"] * HOUR_TICKS) for name in ("start", "stay")}
    return {"person": person.astype(np.int64), "place": place, **ticks,
            "mode": np.nan_to_num(told["mode"], nan=-1.0).astype(np.int64), "weekday": weekday, "day": day}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Sampled people: `ids` int64, sorted; `weight` float64, how many people each one represents (N_g / n_g)."""

    __repr__ = one_line

    ids: Ints
    weight: Floats


def draw_sample(city: City, scenario: Scenario, seed: int, k: int, size: int | Literal["all"], *,
                people: PeopleFrames | Population | None = None) -> Sample:
    """Draw the sample of replicate k: a larger sample contains every smaller one.

    Each group's members are ordered by home zone. They are taken in bit-reversed order (van der Corput 1935) from a
    start that is random per (seed, k) and group, so the first n are spread evenly over the city for every n. Seats go
    to groups in proportion (Sainte-Laguë), and a group with fewer than min(1,000, n/8) gets that many, on top of
    `size`. Weights N_g/n_g add up to the population.

    `size` is a number of people or "all"; a size below 1 raises InputError. `people`: a DataFrame of your own residents
    (`population.RESIDENT_COLUMNS`); ids are its rows, and weights add up to theirs in each group.

    >>> import privacysim as ps
    >>> scenario = ps.load_scenario("guangzhou_district")
    >>> drawn = ps.draw_sample(ps.build_city(scenario), scenario, seed=185, k=0, size=20_000)
    >>> drawn.ids.size, round(drawn.weight.sum())
    (20000, 100000)
    """
    whole = everybody(city, scenario, people)
    if size == "all" or size >= whole.size:
        ids = np.arange(whole.size, dtype=np.int64)
        return Sample(ids, whole.weight[ids])
    if size < 1:
        raise InputError("sample", 'at least 1 person, or "all"', size, "write a larger sample")
    sizes, stand_for = whole.group_sizes(), whole.group_weights()
    top_up = min(_GROUP_MIN, size // (2 * len(GROUPS)))
    seats = np.minimum(np.maximum(_seats(size, sizes), top_up), sizes)
    parts, weight = [], []
    for group, chosen in enumerate(seats.tolist()):
        start = draws.uniform(draws.stream_key(seed, k, "panel"), [group])[0]
        parts.append(whole.members(group, _spread(int(sizes[group]), chosen, start)))
        own = whole.weight[parts[-1]]
        weight.append(own * (stand_for[group] / own.sum() if chosen else 0.0))
    ids = np.concatenate(parts)
    order = np.argsort(ids, kind="stable")
    return Sample(ids[order], np.concatenate(weight)[order])


def _seats(size: int, people: Ints) -> Ints:
    """Assign `size` seats (Sainte-Laguë), each to the group with most people / (2·seats + 1), ties to the first."""
    seats = np.maximum(np.floor(people * (size / people.sum()) - 0.5).astype(np.int64), 0)
    while seats.sum() < size:
        seats[np.argmax(people / (2 * seats + 1))] += 1
    return seats


def _spread(there: int, chosen: int, start: float) -> Ints:
    """Return the first `chosen` of 0 … there−1 in shifted bit-reversed order."""
    bits = max(there - 1, 1).bit_length()
    full, shift = 1 << bits, int(start * (1 << bits))
    count = min(full, 2 * chosen + 64)
    while True:
        codes, turned = np.arange(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        for bit in range(bits):
            turned |= ((codes >> bit) & 1) << (bits - 1 - bit)
        turned = (turned + shift) % full
        taken = turned[turned < there][:chosen]
        if taken.size == chosen or count == full:
            return taken
        count = min(full, 2 * count)
