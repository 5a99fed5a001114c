"""Nested, systematic sample of a city's residents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from privacysim import draws
from privacysim.city import City
from privacysim.errors import InputError, one_line
from privacysim.facts import facts
from privacysim.people.own_people import OwnPeople, PeopleFrames, everybody
from privacysim.scenario import Scenario
from privacysim.vocabulary import GROUPS


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Sampled people: `ids` int64, sorted; `weight` float64, how many people each one represents (N_g / n_g)."""

    __repr__ = one_line

    ids: NDArray[np.int64]
    weight: NDArray[np.float64]


def draw_sample(
    city: City, scenario: Scenario, seed: int, k: int, size: int | Literal["all"], *,
    people: PeopleFrames | OwnPeople | None = None,
) -> Sample:
    """Draw the sample of replicate k: a larger sample contains every smaller one.

    Each group's members are ordered by home zone. They are taken in bit-reversed order (van der Corput 1935) from a
    start that is random per (seed, k) and group, so the first n are spread evenly over the city for every n. Seats go
    to groups in proportion (Sainte-Laguë, which never takes a seat away as n grows). A group with fewer than
    min(`panel_group_min`, n/8) seats gets that many, on top of `size`. Weights N_g/n_g add up to the population.

    `size` is a number of people or "all"; a size below 1 raises InputError. `people`: a DataFrame of your own residents
    (`own_people.RESIDENT_COLUMNS`); ids are its rows, and weights add up to theirs in each group.

    >>> from privacysim.city import build_city
    >>> from privacysim.scenario import load_scenario
    >>> scenario = load_scenario("guangzhou_district")
    >>> drawn = draw_sample(build_city(scenario), scenario, seed=185, k=0, size=20_000)
    >>> drawn.ids.size, round(drawn.weight.sum())
    (20000, 100000)
    """
    whole = everybody(city, scenario, people)
    if size == "all" or size >= whole.size:
        ids = np.arange(whole.size, dtype=np.int64)
        return Sample(ids, whole.weights(ids))
    if size < 1:
        raise InputError("sample", 'at least 1 person, or "all"', size, "write a larger sample")
    sizes = whole.group_sizes()
    top_up = min(round(facts().value("panel_group_min")), size // (2 * len(GROUPS)))
    seats = np.minimum(np.maximum(_seats(size, sizes), top_up), sizes)
    parts, weight = [], []
    for group, (chosen, there) in enumerate(zip(seats.tolist(), sizes.tolist(), strict=True)):
        start = draws.uniform(draws.stream_key(seed, k, "panel"), [group])[0]
        members = whole.numbers(group, _spread(there, chosen, start))
        own = whole.weights(members)
        stands_for = whole.weights(whole.numbers(group, np.arange(there))).sum() if people is not None else there
        parts.append(members)
        weight.append(own * (stands_for / own.sum() if chosen else 0.0))
    order = np.argsort(np.concatenate(parts), kind="stable")
    return Sample(np.concatenate(parts)[order], np.concatenate(weight)[order])


def _seats(size: int, people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Assign `size` seats (Sainte-Laguë), each to the group with most people / (2·seats + 1), ties to the first."""
    seats = np.maximum(np.floor(people * (size / people.sum()) - 0.5).astype(np.int64), 0)
    while seats.sum() < size:
        seats[np.argmax(people / (2 * seats + 1))] += 1
    return seats


def _spread(there: int, chosen: int, start: float) -> NDArray[np.int64]:
    """Return the first `chosen` of 0 … there−1 in shifted bit-reversed order."""
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
