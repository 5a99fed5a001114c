"""Clues: the cameras that an investigator asks for, and what their footage would show.

Investigators ask for cameras that face the scene within `clue_scene_radius_m` and those inside its place, nearest
first, at most `clue_scene_cameras`; then for the first `clue_route_cameras` on the offender's way out. A clue
identifies the offender if they passed within the wanted window, usable footage was recorded (the camera records,
p_working) and they are recognised in it (p_recognised). Both constants are CALIBRATED (`calibration.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from privacysim.city.city_model import City
from privacysim.draws import hashes, stream_key, uniform, uniforms
from privacysim.facts import facts
from privacysim.identify import face_code
from privacysim.scenario import Scenario
from privacysim.sight.coverage import cameras_seeing_points
from privacysim.sight.optics import density_at_1_m, drop_m
from privacysim.units import DAY_TICKS, TICKS_PER_S
from privacysim.vocabulary import OPERATORS, TECHNIQUES
from privacysim.world.cameras import Cameras, cameras_near
from privacysim.world.cast import Views, cast_views
from privacysim.world.chances import Bools, Cases, Clues, Custody, Floats, Ints, one_of, pick

_ESCAPE, _INSIDE = 1, 2


def sample_clues(
    city: City, scenario: Scenario, cameras: Cameras, custody: Custody, cases: Cases, seed: int, k: int, *,
    first_day: int, days: int,
) -> tuple[Cases, Clues]:
    """Sample clues of the cases that are requested before the end and whose crime lies in the days of footage.

    Footage of the other cases was deleted before day 0, so they only add load to the desks: a number of custodians.
    Returns the cases with those numbers filled in.
    """
    rows = np.flatnonzero(matters(cases, first_day, days))
    views = cast_views(city, scenario, cameras, cases, rows, seed, k)
    scene = _facing(city, scenario, cameras, cases, rows)
    route = _way_out(scenario, views, scene)
    return _assembled(scenario, cameras, custody, cases, rows, (scene, route, views), seed, k)


def matters(cases: Cases, first_day: int, days: int) -> Bools:
    """Select cases that are requested before the end and whose crime lies in the days of footage."""
    return cases.asks & (cases.crime_to > first_day * DAY_TICKS) & (cases.asked < days * DAY_TICKS)


def _first(row: Ints, camera: Ints, rank: NDArray[np.number], most: int) -> tuple[Ints, Ints]:
    """Take the `most` first entries of each row by rank, ties by camera; sorted by (row, rank)."""
    order = np.lexsort((camera, rank, row))
    row, camera = row[order], camera[order]
    begins = np.searchsorted(row, row, side="left")
    kept = np.arange(row.size) - begins < most
    return row[kept], camera[kept]


def _facing(
    city: City, scenario: Scenario, cameras: Cameras, cases: Cases, rows: Ints
) -> tuple[Ints, Ints]:
    """Return (cast row, camera) for cameras that face the scenes, nearest first; indoor ones count as nearest."""
    start, outside = cameras_seeing_points(
        cameras, cases.x[rows], cases.y[rows], scenario.access.scene_radius_m.number
    )
    row = np.repeat(np.arange(rows.size), np.diff(start))
    apart = np.hypot(cameras.x[outside] - cases.x[rows[row]], cameras.y[outside] - cases.y[rows[row]])
    indoor = np.flatnonzero(cameras.indoor)
    indoor = indoor[np.argsort(cameras.place_id[indoor], kind="stable")]
    place = cameras.place_id[indoor]
    low = np.searchsorted(place, cases.place[rows], side="left")
    count = np.searchsorted(place, cases.place[rows], side="right") - low
    inside_row = np.repeat(np.arange(rows.size), count)
    within = np.arange(inside_row.size) - np.repeat(np.cumsum(count) - count, count)
    inside = indoor[low[inside_row] + within]
    return _first(
        np.concatenate((row, inside_row)), np.concatenate((outside, inside)),
        np.concatenate((apart, np.zeros(inside.size))), round(scenario.access.scene_cameras.number),
    )


def _way_out(scenario: Scenario, views: Views, scene: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Return (cast row, camera) for the first cameras on the way out that are not yet requested."""
    escape = views.leg == _ESCAPE
    person, camera, begin = views.person[escape], views.camera[escape], views.begin[escape]
    asked = np.isin(_pair(person, camera), _pair(*scene))
    return _first(
        person[~asked], camera[~asked], begin[~asked], round(scenario.access.route_cameras.number)
    )


def _pair(row: Ints, camera: Ints) -> Ints:
    return row.astype(np.int64) * (1 << 32) + camera


def _assembled(
    scenario: Scenario, cameras: Cameras, custody: Custody, cases: Cases, rows: Ints,
    found: tuple[tuple[Ints, Ints], tuple[Ints, Ints], Views], seed: int, k: int,
) -> tuple[Cases, Clues]:
    (scene_row, scene_camera), (route_row, route_camera), views = found
    row = np.concatenate((scene_row, route_row))
    camera = np.concatenate((scene_camera, route_camera)).astype(np.int64)
    at_scene = np.arange(row.size) < scene_row.size
    order = np.lexsort((np.arange(row.size), row))  # scene cameras come first: they were put first
    row, camera, at_scene = row[order], camera[order], at_scene[order]
    case = rows[row]
    # on the way out the offender is later by at most the time of the walk
    later = round(scenario.access.route_m.number / facts().value("clue_walk_m_s") * TICKS_PER_S)
    from_tick = cases.window_from[case]
    to_tick = cases.window_to[case] + np.where(at_scene, 0, later)
    seen, begin, end, face = _seen(cameras, cases, case, row, camera, at_scene, views)
    seen &= (begin < to_tick) & (end > from_tick)
    ids = (hashes(stream_key(seed, k, "clues.case"), cases.case_id[case]) ^ hashes(0, camera)).view(np.int64)
    marks = uniforms(stream_key(seed, k, "clues"), ids, 4)
    clues = Clues(
        start=np.searchsorted(case, np.arange(len(cases) + 1)).astype(np.int64), camera=camera, from_tick=from_tick,
        to_tick=to_tick, at_scene=at_scene, seen=seen, seen_from=np.where(seen, begin, -1),
        seen_to=np.where(seen, end, -1), face=np.where(seen, face, 0).astype(np.uint16),
        working=custody.recording[camera] & (marks[:, 0] < scenario.access.p_working.number),
        recognised=marks[:, 1] < scenario.access.p_recognised.number, marks=marks,
    )
    return replace(cases, custodians=_custodians(cameras, cases, rows, case, camera, seed, k)), clues


def _seen(
    cameras: Cameras, cases: Cases, case: Ints, row: Ints, camera: Ints, at_scene: Bools, views: Views
) -> tuple[Bools, Ints, Ints, NDArray[np.uint16]]:
    """Return whether and when each clue's camera had the offender in view, and the size of the face."""
    seen = np.zeros(case.size, dtype=bool)
    begin, end = np.zeros(case.size, dtype=np.int64), np.zeros(case.size, dtype=np.int64)
    face = np.zeros(case.size, dtype=np.uint16)
    for leg in (_ESCAPE, _INSIDE):
        own = views.leg == leg
        known = _pair(views.person[own], views.camera[own])  # ascending, as views are
        wanted = _pair(row, camera)
        at = np.minimum(np.searchsorted(known, wanted), max(known.size - 1, 0))
        hit = known[at] == wanted if known.size else seen & False
        at = at[hit]
        seen[hit], begin[hit], end[hit], face[hit] = True, views.begin[own][at], views.end[own][at], views.face[own][at]
    # a street camera that faces the scene has the offender in view for the whole crime
    there = at_scene & ~cameras.indoor[camera]
    ground = np.hypot(cameras.x[camera] - cases.x[case], cameras.y[camera] - cases.y[case])
    slant = np.hypot(ground, drop_m(cameras.mount_m[camera]))
    density = density_at_1_m(cameras.width_px[camera], cameras.hfov_deg[camera]) / np.maximum(slant, 1e-3)
    seen |= there
    begin, end = np.where(there, cases.crime_from[case], begin), np.where(there, cases.crime_to[case], end)
    near = face_code(facts().value("face_width_m") * density)
    return seen, begin, end, np.where(there, near, face).astype(np.uint16)


def _custodians(
    cameras: Cameras, cases: Cases, rows: Ints, case: Ints, camera: Ints, seed: int, k: int
) -> NDArray[np.int16]:
    """Count the custodians that each case would ask; a case without clues copies the count of one with clues."""
    pairs = np.unique(np.stack((case, cameras.custodian_id[camera])), axis=1)[0]
    count = np.bincount(pairs, minlength=len(cases)).astype(np.int16)
    others = np.flatnonzero(cases.asks)
    others = others[~np.isin(others, rows)]
    if rows.size and others.size:
        u = uniform(stream_key(seed, k, "cases.load"), cases.case_id[others])
        count[others] = count[one_of(rows, u)]
    return count


SEARCHED = ("face_search_recorded", "plate_search", "attribute_search")


@dataclass(frozen=True, slots=True)
class Searches:
    """Archive searches, one row per case; CSR over the cameras searched."""

    case: Ints
    """Row of `Cases`, ascending."""
    technique: NDArray[np.uint8]
    """Code in TECHNIQUES."""
    start: Ints
    camera: Ints
    from_tick: Ints
    to_tick: Ints
    marks: Floats
    """(n, 4) uniform marks for governance."""

    def __len__(self) -> int:
        return int(self.case.size)


def sample_searches(
    scenario: Scenario, cameras: Cameras, cases: Cases, seed: int, k: int, *, first_day: int, days: int
) -> Searches:
    """Sample searches in cases whose footage may still exist (crime after `first_day`, requested before `days`)."""
    access = scenario.access
    u = uniforms(stream_key(seed, k, "searches"), cases.case_id, 6)
    case = np.flatnonzero(matters(cases, first_day, days) & (u[:, 0] < access.machine_search_share.number))
    shares = np.array([facts().value(f"search_share_{word}") for word in SEARCHED])
    codes = np.array([TECHNIQUES.index(word) for word in SEARCHED], dtype=np.uint8)
    state = np.flatnonzero(
        (cameras.operator <= OPERATORS.index("other_state")) & ~cameras.indoor & (cameras.place_id < 0)
    )
    start, camera = cameras_near(cameras, state, cases.x[case], cases.y[case], access.search_radius_m.number,
                                 round(access.search_cameras.number))  # fmt: skip
    return Searches(
        case, codes[pick(shares, u[case, 1])], start, camera, cases.window_from[case], cases.window_to[case],
        u[case, 2:6],
    )
