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

from privacysim.draws import Bytes, Floats, Ints, stream_key, uniform, uniforms
from privacysim.files import Quantity
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import OPERATORS, REGIMES
from privacysim.world.cameras import Cameras
from privacysim.world.chances import YEAR_D, Custody, Monitors, Rows, joined_rows, minutes, one_of, thinned

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
class Rounds(Rows):
    """Visits to one camera each, for maintenance or inspection, in the order of `tick`."""

    round_id: Ints
    camera: Ints
    tick: Ints
    marks: Floats


def sample_maintenance(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Rounds:
    """Draw visits by contractors who check the picture; any camera may be visited."""
    return _rounds("maintenance", cameras, scenario.access.maintenance_per_camera_year.number, seed, k, days)


def sample_inspections(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Rounds:
    """Draw police inspections of custodians, each through one of their cameras; state custodians are included."""
    return _rounds("inspections", cameras, scenario.leaks.inspections_per_camera_year.number, seed, k, days)


def _rounds(stream: str, cameras: Cameras, rate: float, seed: int, k: int, days: range) -> Rounds:
    ids, tick, u = thinned(seed, k, stream, rate * len(cameras) / YEAR_D, 1.0, days, 5)
    return Rounds(ids, one_of(np.arange(len(cameras)), u[:, 0]), tick, u[:, 1:])


LAPSES = ("staff", "contractor", "vendor", "break_in", "platform_break_in")
STAFF, CONTRACTOR, VENDOR, BREAK_IN, PLATFORM = range(5)
_FIRST_LAPSE, _FIRST_BREAK_IN, _FIRST_PLATFORM = 1 << 36, 2 << 36, 3 << 36
"""Each kind of root event has its own range of ids, because acts and incidents name their root by id alone."""
MARKS = 16


@dataclass(frozen=True, slots=True)
class Lapses(Rows):
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
    """(n, 16): 0 = deterrence."""


def sample_lapses(scenario: Scenario, cameras: Cameras, seed: int, k: int, days: range) -> Lapses:
    """Draw all lapses of these days, thinned from the highest rates."""
    leaks = scenario.leaks

    def events(stream: str, high: float, rate: Quantity, marks: int) -> tuple[Ints, Ints, Floats]:
        return thinned(seed, k, stream, high, rate.number / rate.range[1], days, marks, f"{stream}.thin")

    staff_years = len(cameras) / 1000.0 * leaks.staff_per_1000_cameras.number / YEAR_D
    rate = leaks.lapses_per_1000_staff_years
    ids, tick, u = events("lapses", staff_years * rate.range[1] / 1000.0, rate, 3)
    first = _pick(u[:, 1], len(cameras))
    vendor = (u[:, 2] < leaks.lapse_vendor_share.number) & (cameras.platform_id[first] >= 0)
    contractor = u[:, 2] >= 1.0 - leaks.lapse_contractor_share.number
    kind = np.where(vendor, VENDOR, np.where(contractor, CONTRACTOR, STAFF))
    parts = [(ids + _FIRST_LAPSE, tick, kind, list(first[:, None]), np.ones(ids.size, np.int64))]

    # a break-in into a custodian's archive through one camera; intruders look at some of its cameras
    social = np.flatnonzero(cameras.social)
    custodians = np.unique(cameras.custodian_id[social]).size
    rate = leaks.breaches_per_1000_custodians_year
    ids, tick, u = events("break_ins", custodians * rate.range[1] / 1000.0 / YEAR_D, rate, 1)
    holder = cameras.custodian_id[social[_pick(u[:, 0], social.size)]]
    most = max(1, round(leaks.breach_cameras_looked_at.number))
    order = np.argsort(cameras.custodian_id, kind="stable")
    begin, end = (np.searchsorted(cameras.custodian_id[order], holder, side=side) for side in ("left", "right"))
    touched = [np.sort(order[b:min(e, b + most)]) for b, e in zip(begin.tolist(), end.tolist(), strict=True)]
    parts.append((ids + _FIRST_BREAK_IN, tick, np.full(ids.size, BREAK_IN), touched, end - begin))

    # a break-in into a vendor's platform: thousands of cameras within reach, some of them looked at
    served = np.flatnonzero(cameras.platform_id >= 0)
    platforms = np.unique(cameras.platform_id[served])
    rate = leaks.platform_breaches_per_year
    most = max(1, round(leaks.platform_cameras_looked_at.number))
    ids, tick, u = events("platform_break_ins", platforms.size * rate.range[1] / YEAR_D, rate, most + 1)
    reach = [served[cameras.platform_id[served] == platforms[_pick(row[:1], platforms.size)[0]]] for row in u]
    touched = [np.unique(one[_pick(row[1:], one.size)]) for one, row in zip(reach, u, strict=True)]
    sizes = np.array([one.size for one in reach], dtype=np.int64)
    parts.append((ids + _FIRST_PLATFORM, tick, np.full(ids.size, PLATFORM), touched, sizes))

    ids, tick, kind, reached = (np.concatenate([part[n] for part in parts]) for n in (0, 1, 2, 4))
    looked_at = [one for part in parts for one in part[3]]
    order = np.lexsort((ids, tick))
    start, camera = joined_rows([looked_at[row] for row in order.tolist()])
    marks = uniforms(stream_key(seed, k, "lapses.marks"), ids[order], MARKS)
    look = minutes(np.minimum(-np.log(marks[:, MARKS - 1]) * leaks.lapse_look_min.number, DAY_TICKS / 600.0))
    ids, tick, kind, reached = ids[order], tick[order], kind[order].astype(np.uint8), reached[order]
    return Lapses(ids, kind, tick, start, camera, reached, look, marks)


def _pick(u: Floats, count: int) -> Ints:
    return np.minimum((u * count).astype(np.int64), max(count - 1, 0))
