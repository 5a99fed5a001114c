"""Rounds: visits of maintenance contractors, and inspections of holders by the police. Who comes when is chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from privacysim.draws import stream_key, uniforms
from privacysim.scenario import Scenario
from privacysim.world.cameras import Cameras
from privacysim.world.chances import Floats, Ints
from privacysim.world.laws import roots

_YEAR_D = 365.25


@dataclass(frozen=True, slots=True)
class Rounds:
    """Visits to one camera each, in the order of `tick`."""

    round_id: Ints
    camera: Ints
    tick: Ints
    marks: Floats
    """(n, 4) uniform marks for governance."""

    def __len__(self) -> int:
        return int(self.round_id.size)


def sample_maintenance(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Rounds:
    """Contractors who look whether the picture is good, at any camera that somebody runs for others."""
    rate = scenario.access.maintenance_per_camera_year.number
    return _rounds("maintenance", np.arange(len(cameras)), rate, seed, k, days)


def sample_inspections(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Rounds:
    """Police who inspect a holder, met through one of his cameras; the state's own are inspected too."""
    rate = scenario.leaks.inspections_per_camera_year.number
    return _rounds("inspections", np.arange(len(cameras)), rate, seed, k, days)


def _rounds(stream: str, members: Ints, rate: float, seed: int, k: int, days: range) -> Rounds:
    ids, tick = roots(seed, k, stream, rate * members.size / _YEAR_D, days)
    u = uniforms(stream_key(seed, k, stream), ids, 5)
    camera = members[(u[:, 0] * members.size).astype(np.intp)] if members.size else np.empty(0, np.int64)
    return Rounds(ids, camera.astype(np.int64), tick, u[:, 1:])
