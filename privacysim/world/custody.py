"""Custody and monitoring of cameras, independent of the policy, and lapses of those who can open footage.

Insiders are custodians' own staff, their contractors and the staff of vendor platforms. They lapse at a rate per
staff-year, before any deterrence. Break-ins reach the archive of one custodian, or a platform that serves thousands of
cameras. Each lapse affects the cameras that are looked at. The policy decides the outcome by marks that depend only on
the lapse's id: whether deterrence prevents it, whether footage is passed on, sold, published or used, and who
discovers it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import stream_key, uniform, uniforms
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import OPERATORS, REGIMES
from privacysim.world.cameras import Cameras
from privacysim.world.chances import YEAR_D, Bytes, Custody, Floats, Ints, Monitors, joined_rows, minutes, one_of, roots

MONITOR_FIRST_VIEWER = 1 << 41
"""Viewer ids of control rooms start here: this + custodian_id."""


def sample_custody(scenario: Scenario, cameras: Cameras, seed: int, k: int) -> Custody:
    """Draw the custody state of every camera."""
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
    """Draw the cameras of public security and of venues that are watched live; nearly nobody watches the rest."""
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
    """Draw visits by contractors who check the picture; any camera may be visited."""
    rate = scenario.access.maintenance_per_camera_year.number
    return _rounds("maintenance", np.arange(len(cameras)), rate, seed, k, days)


def sample_inspections(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Rounds:
    """Draw police inspections of custodians, each through one of their cameras; state custodians are included."""
    rate = scenario.leaks.inspections_per_camera_year.number
    return _rounds("inspections", np.arange(len(cameras)), rate, seed, k, days)


def _rounds(stream: str, members: Ints, rate: float, seed: int, k: int, days: range) -> Rounds:
    ids, tick = roots(seed, k, stream, rate * members.size / YEAR_D, days)
    u = uniforms(stream_key(seed, k, stream), ids, 5)
    return Rounds(ids, one_of(members, u[:, 0]), tick, u[:, 1:])


LAPSES = ("staff", "contractor", "vendor", "break_in", "platform_break_in")
STAFF, CONTRACTOR, VENDOR, BREAK_IN, PLATFORM = range(5)
_FIRST_LAPSE, _FIRST_BREAK_IN, _FIRST_PLATFORM = 1 << 36, 2 << 36, 3 << 36
"""Each kind of root event has its own range of ids, because acts and incidents name their root by id alone."""
MARKS = 16


@dataclass(frozen=True, slots=True)
class Lapses:
    """Lapses that may happen, in the order of `tick`; CSR over the cameras looked at."""

    lapse_id: Ints
    """Stable id; also identifies the person behind it."""
    kind: Bytes
    """Code in LAPSES."""
    tick: Ints
    start: Ints
    """(lapses + 1,) offsets into `camera`."""
    camera: Ints
    reach: Ints
    """Cameras within reach: for a platform break-in all that it serves, otherwise those looked at or held."""
    look_ticks: Ints
    """Length of footage looked at, ending at `tick` (before retention shortens it)."""
    marks: Floats
    """(n, 16) uniform marks: 0 = deterrence, the rest for governance."""

    def __len__(self) -> int:
        return int(self.lapse_id.size)


def sample_lapses(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Lapses:
    """Draw all lapses of these days, thinned from the highest rates."""
    leaks, count = scenario.leaks, len(cameras)
    staff_years = count / 1000.0 * leaks.staff_per_1000_cameras.number / YEAR_D
    rate = leaks.lapses_per_1000_staff_years
    ids, tick = _thinned(seed, k, "lapses", staff_years * rate.range[1] / 1000.0, rate.number / rate.range[1], days)
    u = uniforms(stream_key(seed, k, "lapses"), ids, 3)
    first = _pick(u[:, 1], count)
    on_platform = cameras.platform_id[first] >= 0 if count else np.zeros(0, dtype=bool)
    vendor = on_platform & (u[:, 2] < leaks.lapse_vendor_share.number)
    contractor = ~vendor & (u[:, 2] >= 1.0 - leaks.lapse_contractor_share.number)
    kind = np.where(vendor, VENDOR, np.where(contractor, CONTRACTOR, STAFF))
    parts = [(
        ids + _FIRST_LAPSE, tick, kind, [np.array([camera]) for camera in first.tolist()], np.ones(ids.size, np.int64)
    )]
    parts.append(_break_ins(scenario, cameras, seed, k, days))
    parts.append(_platforms(scenario, cameras, seed, k, days))
    return _assembled(seed, k, parts, leaks.lapse_look_min.number)


_Part = tuple[Ints, Ints, NDArray[np.int64], list[NDArray[np.int64]], Ints]


def _thinned(seed: int, k: int, stream: str, high: float, share: float, days: range) -> tuple[Ints, Ints]:
    ids, tick = roots(seed, k, stream, high, days)
    kept = uniforms(stream_key(seed, k, f"{stream}.thin"), ids, 1)[:, 0] < share
    return ids[kept], tick[kept]


def _pick(u: Floats, count: int) -> Ints:
    return np.minimum((u * count).astype(np.int64), max(count - 1, 0))


def _break_ins(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> _Part:
    """Draw break-ins into a custodian's archive through one camera; intruders look at some of its cameras."""
    leaks = scenario.leaks
    social = np.flatnonzero(cameras.social)
    custodians = np.unique(cameras.custodian_id[social]).size
    rate = leaks.breaches_per_1000_custodians_year
    ids, tick = _thinned(
        seed, k, "break_ins", custodians * rate.range[1] / 1000.0 / YEAR_D, rate.number / rate.range[1], days
    )
    first = social[_pick(uniforms(stream_key(seed, k, "break_ins"), ids, 1)[:, 0], social.size)]
    most = max(1, round(leaks.breach_cameras_looked_at.number))
    order = np.argsort(cameras.custodian_id, kind="stable")
    held = cameras.custodian_id[order]
    begin = np.searchsorted(held, cameras.custodian_id[first], side="left")
    end = np.searchsorted(held, cameras.custodian_id[first], side="right")
    touched = [np.sort(order[b:min(e, b + most)]) for b, e in zip(begin.tolist(), end.tolist(), strict=True)]
    return ids + _FIRST_BREAK_IN, tick, np.full(ids.size, BREAK_IN), touched, (end - begin).astype(np.int64)


def _platforms(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> _Part:
    """Draw break-ins into a vendor's platform: thousands of cameras within reach, some of them looked at."""
    leaks = scenario.leaks
    served = np.flatnonzero(cameras.platform_id >= 0)
    platforms = np.unique(cameras.platform_id[served])
    rate = leaks.platform_breaches_per_year
    ids, tick = _thinned(
        seed, k, "platform_break_ins", platforms.size * rate.range[1] / YEAR_D, rate.number / rate.range[1], days
    )
    most = max(1, round(leaks.platform_cameras_looked_at.number))
    u = uniforms(stream_key(seed, k, "platform_break_ins"), ids, most + 1)
    touched, within = [], []
    for row in u:
        platform = platforms[_pick(row[:1], platforms.size)[0]]
        reach = served[cameras.platform_id[served] == platform]
        touched.append(np.unique(reach[_pick(row[1:], reach.size)]))
        within.append(reach.size)
    return ids + _FIRST_PLATFORM, tick, np.full(ids.size, PLATFORM), touched, np.array(within, dtype=np.int64)


def _assembled(seed: int, k: int, parts: list[_Part], look_min: float) -> Lapses:
    ids = np.concatenate([part[0] for part in parts])
    tick = np.concatenate([part[1] for part in parts])
    kind = np.concatenate([part[2] for part in parts]).astype(np.uint8)
    cameras = [one for part in parts for one in part[3]]
    reach = np.concatenate([part[4] for part in parts])
    order = np.lexsort((ids, tick))
    start, flat = joined_rows([cameras[row] for row in order.tolist()])
    marks = uniforms(stream_key(seed, k, "lapses.marks"), ids[order], MARKS)
    look = minutes(np.minimum(-np.log(marks[:, MARKS - 1]) * look_min, DAY_TICKS / 600.0))
    return Lapses(
        ids[order], kind[order], tick[order], start, flat, reach[order], look, marks,
    )
