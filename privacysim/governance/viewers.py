"""Viewers and galleries: who views footage, and with whom they can compare what they see.

A viewer has a gallery of N people and a probability κ that a person filmed is one of them: κ = min(1, N / pool), where
the pool is the population of the gallery. An investigator has a list of suspects in a whole city. A neighbour or a
guard knows their contacts among the people around. A website visitor knows theirs among a nation, or among the city
if they live there. Verifying one named person is N = 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.draws import hashes, stream_key

if TYPE_CHECKING:
    from privacysim.scenario import Scenario

_NEAR = frozenset({
    "own_staff_on_duty", "own_staff_off_purpose", "contractor", "person_filmed", "relative_or_guardian",
    "victim_not_filmed", "employer", "neighbour", "impostor", "curious",
})
"""People who live or work around the camera: their contacts are people of the neighbourhood."""
_SUSPECTS = frozenset({*words.STATE_ORGANS, "defence_counsel"})


@dataclass(frozen=True, slots=True)
class Gallery:
    """Number of people a viewer compares with, and the probability that a person filmed is among them."""

    people: int
    known: float


def gallery(size: float, pool: float) -> Gallery:
    """Create a gallery of at least two people, the right one and another; κ = min(1, N / pool).

    >>> gallery(150, 20_000)
    Gallery(people=150, known=0.0075)
    """
    people = max(2, round(size))
    return Gallery(people, min(1.0, people / pool))


def galleries(scenario: Scenario) -> list[Gallery]:
    """Return the gallery of each requester, in the order of the vocabulary."""
    access, city = scenario.access, scenario.population.people.number
    near = gallery(access.contacts.number, min(access.pool_neighbours.number, city))
    far = gallery(access.contacts.number, city)
    suspects = gallery(access.gallery_suspects.number, city)
    return [suspects if who in _SUSPECTS else near if who in _NEAR else far for who in words.REQUESTERS]


def visitors(scenario: Scenario) -> tuple[Gallery, Gallery]:
    """Return the galleries of website visitors: those who live in the city, and all others."""
    contacts = scenario.access.contacts.number
    return (
        gallery(contacts, scenario.population.people.number), gallery(contacts, scenario.leaks.pool_website.number)
    )


def viewer_ids(kind: str, first: NDArray[np.int64], second: NDArray[np.int64] | int = 0) -> NDArray[np.int64]:
    """Hash stable ids of viewers, from their kind and up to two numbers: an investigator's case, a crowd's day."""
    key = stream_key(0, 0, f"viewer {kind}")
    mixed = hashes(key, hashes(key, first).view(np.int64) ^ np.asarray(second, dtype=np.int64))
    return (mixed >> np.uint64(1)).astype(np.int64)
