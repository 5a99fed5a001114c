"""One replicate, opened: its world, what happened under each arm, and what any choice of acts reveals of people.

A study adds everything up; a reader who asks *through which camera* or *by which mechanism* opens one replicate, picks
acts from a Log with pandas, and asks what these acts alone would have revealed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.errors import InputError
from privacysim.exposure import Acts, index_acts, measure_exposure
from privacysim.governance import Log
from privacysim.sight.coverage import coverage
from privacysim.simulation.inputs import Inputs
from privacysim.simulation.replicate import Replicate, blocks_of, replicate_of, see_block
from privacysim.vocabulary import CURVES
from privacysim.world.world_model import World


@dataclass
class _Chosen:
    """Acts under a name, as the kernel wants them."""

    policy: str
    acts: pd.DataFrame


@dataclass(frozen=True)
class OpenedReplicate:
    """Replicate `k` of a study: `world`, and `logs` by arm. Made by `Study.open_replicate`."""

    inputs: Inputs
    k: int
    _whole: Replicate

    def __repr__(self) -> str:
        return f"OpenedReplicate({self.inputs.plan.id!r}, {self.k}: {', '.join(self.logs)})"

    @property
    def world(self) -> World:
        """Cameras, cases and chances: the same under every arm."""
        return self._whole.world

    @property
    def logs(self) -> Mapping[str, Log]:
        """What happened under each arm."""
        return MappingProxyType({log.policy: log for log in self._whole.logs})

    def seen_by(self, acts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """What each named choice of acts, on its own, reveals of the sample's people (weighted to the city).

        `acts` maps a name to rows of some arm's `log.acts`. One row per name and curve: `people_identified` (expected,
        1 − Π over trials (1 − q)), `identifiable_hours` (Σ t·a·κ·P), `people_in_view` (anybody filmed while somebody
        looked) and `contributors`, people of the sample who are in view. Choices are measured apart: a person may be
        counted under several names, so they do not add up.
        """
        if not acts:
            raise InputError("seen_by", "at least one named choice of acts", "none", 'write {"all": log.acts}')
        chosen = index_acts([_Chosen(name, rows) for name, rows in acts.items()])
        sums = np.zeros((len(acts), len(CURVES), 4))
        for weight, p, hours, seen in self._exposures(chosen):
            sums[:, :, 0] += np.einsum("n,nac->ac", weight, p)
            sums[:, :, 1] += np.einsum("n,nac->ac", weight, hours)
            sums[:, :, 2] += (weight @ seen)[:, None]
            sums[:, :, 3] += seen.sum(axis=0)[:, None]
        names = [(name, curve) for name in acts for curve in CURVES]
        columns = ["people_identified", "identifiable_hours", "people_in_view", "contributors"]
        frame = pd.DataFrame(sums.reshape(-1, 4), columns=columns).astype({"contributors": "int64"})
        return pd.concat([pd.DataFrame(names, columns=["acts", "curve"]), frame], axis=1)

    def _exposures(self, chosen: Acts) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]]:
        """Per block: weights, P(identified), hours (person, name, curve), and whether in view (person, name)."""
        world = self.world
        view = coverage(world.city, world.cameras, chosen.watched)
        whole = Replicate(world, self._whole.logs, chosen, view, self._whole.sample)
        for block in range(blocks_of(self.inputs)):
            found = see_block(self.inputs, whole, block)
            exposure = measure_exposure(found.pieces, found.block, chosen)
            missed = np.asarray(np.prod(1.0 - exposure.p_identified, axis=2))
            hours = np.asarray(exposure.identifiable_s.sum(axis=2)) / 3600.0
            in_view = np.asarray(exposure.sightings_seen.any(axis=2))
            yield exposure.weight, 1.0 - missed, hours, in_view


def open_replicate(inputs: Inputs, k: int) -> OpenedReplicate:
    """Draw the world of replicate `k` and simulate every arm on it; people are drawn when they are asked about."""
    if k < 0:
        raise InputError("replicate", "a number from 0 on", k, "count from 0")
    return OpenedReplicate(inputs, k, replicate_of(inputs, k))

