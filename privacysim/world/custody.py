"""How cameras are kept and watched, whatever the rules: recording, passwords, reach, who sits before the monitors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from privacysim.draws import stream_key, uniform, uniforms
from privacysim.scenario import Scenario
from privacysim.vocabulary import OPERATORS, REGIMES
from privacysim.world.cameras import Cameras
from privacysim.world.chance_laws import roots
from privacysim.world.chances import Custody, Floats, Ints, Monitors

MONITOR_FIRST_VIEWER = 1 << 41
"""Watching rooms' ids as viewers: this + custodian_id."""


def sample_custody(scenario: Scenario, cameras: Cameras, seed: int, k: int) -> Custody:
    """State of every camera's keeping."""
    section = scenario.cameras
    u = uniforms(stream_key(seed, k, "custody"), np.arange(len(cameras)), 4)
    on_internet = cameras.social & (u[:, 1] < section.internet_share.number)
    return Custody(
        recording=u[:, 0] < section.recording_share.number,
        on_internet=on_internet,
        default_password=on_internet & (u[:, 2] < section.default_password_share.number),
        filed=u[:, 3].copy(),
        compliance=uniform(stream_key(seed, k, "custody.custodian"), cameras.custodian_id),
    )


def sample_monitors(scenario: Scenario, cameras: Cameras, seed: int, k: int) -> Monitors:
    """Cameras of public security and of venues that somebody watches; the rest are watched by nearly nobody."""
    candidates = np.flatnonzero(
        (cameras.operator == OPERATORS.index("public_security")) | (cameras.regime == REGIMES.index("public_venue"))
    )
    u = uniforms(stream_key(seed, k, "monitors"), candidates, 5)
    watched = u[:, 0] < scenario.cameras.watched_share.number
    camera = candidates[watched].astype(np.int64)
    return Monitors(
        camera=camera, attention=np.full(camera.size, scenario.cameras.watched_attention.number),
        viewer=MONITOR_FIRST_VIEWER + cameras.custodian_id[camera], marks=u[watched, 1:],
    )


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
