"""The sample: a nested, systematic sample of a whole city's people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from privacysim import draws
from privacysim.city import City
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.vocabulary import GROUPS


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Sampled people: `ids` int64, sorted; `weight` float64, how many people each one stands for (N_g / n_g)."""

    ids: NDArray[np.int64]
    weight: NDArray[np.float64]


def draw_sample(city: City, scenario: Scenario, seed: int, k: int, size: int | Literal["all"]) -> Sample:
    """Draw the sample of replicate k: a larger one contains every smaller one.

    Each group's members stand in the order of home zones. They are taken in bit-reversed order (van der Corput 1935)
    from a start that is random per (seed, k) and group: the first n of them are spread evenly over the city for every
    n. Seats go to groups in proportion (Sainte-Laguë, which never takes a seat away as n grows); a group with fewer
    than min(`panel_group_min`, n/8) seats gets that many, on top of `size`. Weights N_g/n_g add up to the population.

    `size` is a number of people or "all"; a size that is not at least 1 is an InputError.

    >>> from privacysim.city import build_city
    >>> from privacysim.scenario import load_scenario
    >>> scenario = load_scenario("guangzhou_district")
    >>> drawn = draw_sample(build_city(scenario), scenario, seed=185, k=0, size=20_000)
    >>> drawn.ids.size, round(drawn.weight.sum())
    (20000, 100000)
    """
    everybody = residents(city, scenario)
    if size == "all" or size >= everybody.size:
        return Sample(np.arange(everybody.size, dtype=np.int64), np.ones(everybody.size))
    if size < 1:
        raise InputError("sample", 'at least 1 person, or "all"', size, "write a larger sample")
    people = everybody.group_sizes()
    top_up = min(round(facts().value("panel_group_min")), size // (2 * len(GROUPS)))
    seats = np.minimum(np.maximum(_seats(size, people), top_up), people)
    ids, weight = [], []
    for group, (chosen, there) in enumerate(zip(seats.tolist(), people.tolist(), strict=True)):
        start = draws.uniform(draws.stream_key(seed, k, "panel"), [group])[0]
        members = _spread(there, chosen, start)
        ids.append(_ids(everybody, group, members))
        weight.append(np.full(chosen, there / chosen if chosen else 0.0))
    order = np.argsort(np.concatenate(ids), kind="stable")
    return Sample(np.concatenate(ids)[order], np.concatenate(weight)[order])


def _seats(size: int, people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sainte-Laguë: `size` seats, each to the group with the largest people / (2·seats + 1); ties to the first."""
    seats = np.maximum(np.floor(people * (size / people.sum()) - 0.5).astype(np.int64), 0)
    while seats.sum() < size:
        seats[np.argmax(people / (2 * seats + 1))] += 1
    return seats


def _spread(there: int, chosen: int, start: float) -> NDArray[np.int64]:
    """The first `chosen` of 0 … there−1 in shifted bit-reversed order."""
    bits = max(there - 1, 1).bit_length()
    full = 1 << bits
    shift = int(start * full)
    taken = np.empty(0, dtype=np.int64)
    count = min(full, 2 * chosen + 64)
    while True:
        codes = (_reversed(np.arange(count, dtype=np.int64), bits) + shift) % full
        taken = codes[codes < there][:chosen]
        if taken.size == chosen or count == full:
            return taken
        count = min(full, 2 * count)


def _reversed(codes: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    turned = np.zeros_like(codes)
    for bit in range(bits):
        turned |= ((codes >> bit) & 1) << (bits - 1 - bit)
    return turned


def _ids(everybody: Residents, group: int, members: NDArray[np.int64]) -> NDArray[np.int64]:
    """Person numbers of a group's members, given by their running number in the group."""
    running = everybody.members(group)
    home = np.searchsorted(running, members, side="right") - 1
    return everybody.first[home] + everybody.bound[home, group] + (members - running[home])


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
        """N, everybody."""
        return int(self.first[-1])

    def locate(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Home place and group code of each person; a number that nobody has is an InputError."""
        if ids.size and not (ids.min() >= 0 and ids.max() < self.size):
            raise InputError("people", f"numbers from 0 to {self.size - 1}", f"{ids.min()} … {ids.max()}",
                             "ask for residents of this city")
        home = np.searchsorted(self.first, ids, side="right") - 1
        within = ids - self.first[home]
        group = (within[:, None] >= self.bound[home, 1:-1]).sum(axis=1)
        return home, group.astype(np.uint8)

    def members(self, group: int) -> NDArray[np.int64]:
        """Running numbers of a group's members by home: entry h+1 counts those in homes 0 … h."""
        return np.concatenate([[0], np.cumsum(self.bound[:, group + 1] - self.bound[:, group])])

    def group_sizes(self) -> NDArray[np.int64]:
        """N_g, in the order of `vocabulary.GROUPS`."""
        return np.diff(self.bound, axis=1).sum(axis=0)


@lru_cache(maxsize=4)
def residents(city: City, scenario: Scenario) -> Residents:
    """Everybody's home and group, as boundaries.

    A home place of m people has ⌊m·C_g + u⌋ people in the groups up to g, with C_g the running share and u the
    home's own mark: whole numbers whose mean is the share, however small the home.
    """
    people = np.asarray(city.home_people[:city.homes])
    shares = np.asarray(scenario.population.group_shares)
    running = np.cumsum(shares / shares.sum())
    mark = draws.uniform(draws.stream_key(scenario.city.seed, 0, "home groups"), np.arange(people.size))
    bound = np.zeros((people.size, len(GROUPS) + 1), dtype=np.int64)
    bound[:, 1:] = np.floor(people[:, None] * running[None, :] + mark[:, None])
    bound[:, -1] = people
    return Residents(np.concatenate([[0], np.cumsum(people)]), np.minimum(bound, people[:, None]))
