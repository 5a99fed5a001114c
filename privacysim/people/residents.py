"""Who lives where: a person's home and group follow from her number alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from privacysim import draws
from privacysim.city import City
from privacysim.errors import InputError
from privacysim.scenario import Scenario
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
