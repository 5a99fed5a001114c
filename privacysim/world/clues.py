"""Clues: the cameras that an investigator asks for, and what their footage would show of the offender.

Offenders (the cast of cases) walk the last `clue_route_m` towards the scene, stay, and walk the first `clue_route_m`
away from it, on the route trees of two attraction nodes. Their visibility comes from the same coverage and passes as
everybody's. They are not members of the sample: they have ids from 2³² on and weight 0.

Investigators ask for cameras that face the scene within `clue_scene_radius_m` and those inside its place, nearest
first, at most `clue_scene_cameras`; then for the first `clue_route_cameras` on the offender's way out. A clue
shows the offender if the case is covered at all (one mark per case) and they passed within the wanted window; it
identifies them if such footage is useful (another mark of the case). Whether a camera records does not depend on the
case.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim.city.city_model import NO_HOP, City
from privacysim.draws import Bools, Bytes, Floats, Ints, hashes, stream_key, uniform, uniforms
from privacysim.facts import facts
from privacysim.identify import face_code
from privacysim.people import Block
from privacysim.scenario import Scenario
from privacysim.sight.coverage import cameras_seeing_points, coverage
from privacysim.sight.optics import density_at_1_m, drop_m
from privacysim.sight.passes import passes
from privacysim.units import DAY_TICKS, TICKS_PER_S
from privacysim.vocabulary import OPERATORS, TECHNIQUES
from privacysim.world.cameras import Cameras, cameras_near
from privacysim.world.chances import CAST_FIRST_ID, Cases, Clues, Rows, counted_rows, one_of, pick

_ESCAPE, _INSIDE = 1, 2
_CELLS = 1_024


def _ways(city: City, hub: Ints, node: Ints, reach_mm: int) -> tuple[Ints, Ints]:
    """Follow each node's tree for `reach_mm`, or to its end: the edges entered, and the mm that each node walked."""
    at, walked = node.copy(), np.zeros(node.size, dtype=np.int64)
    entered = [np.empty(0, dtype=np.int64)]
    going = np.arange(node.size)
    while going.size:
        hop = city.trees[hub[going], at[going]]
        going, hop = going[hop != NO_HOP], hop[hop != NO_HOP]
        slot = city.adj_start[at[going]].astype(np.int64) + hop
        edge = city.adj_edge[slot].astype(np.int64)
        entered.append(edge)
        walked[going] += city.edge_mm[edge]
        at[going] = city.adj_node[slot]
        going = going[walked[going] < reach_mm]
    return np.unique(np.concatenate(entered)), np.minimum(walked, reach_mm)


def _cast_views(city: City, scenario: Scenario, cameras: Cameras, cases: Cases, rows: Ints, seed: int,
                k: int) -> pd.DataFrame:
    """Return camera views of the offenders of the cases `rows`, sorted by their columns person, camera, leg.

    `leg`: 0 approach, 1 escape, 2 inside; `face`: the best face code of the leg (0 if the face is turned away).
    """
    reach_mm = round(1000 * scenario.access.route_m.number)
    speed = facts().value("clue_walk_m_s") * 1000 / TICKS_PER_S
    places = cases.place[rows]
    node = city.place_node[places].astype(np.int64)
    u = uniforms(stream_key(seed, k, "cast"), cases.case_id[rows], 2)
    hub = np.minimum((u * city.hub_node.size).astype(np.int64), city.hub_node.size - 1)
    (_, approach_mm), (escape, _) = (_ways(city, hub[:, leg], node, reach_mm) for leg in (0, 1))
    day = cases.crime_from[rows] // DAY_TICKS
    first_day = int(day.min(initial=0))
    days = int(day.max(initial=0)) - first_day + 1
    arrive, leave = cases.crime_from[rows] - day * DAY_TICKS, cases.crime_to[rows] - day * DAY_TICKS
    depart = np.column_stack((arrive - np.rint(approach_mm / speed).astype(np.int64), leave))
    n = rows.size
    mask = np.zeros((n, (days + 63) // 64), dtype=np.uint64)
    mask[np.arange(n), (day - first_day) // 64] = np.uint64(1) << ((day - first_day) % 64).astype(np.uint64)
    nowhere, own = np.full(n, -1, dtype=np.int64), np.arange(n, dtype=np.int32)
    away = np.tile([False, True], n)
    block = Block(  # one tour each on one day
        person_id=CAST_FIRST_ID + cases.case_id[rows], group=np.zeros(n, dtype=np.uint8), home_place=nowhere,
        work_place=nowhere, weight=np.zeros(n), tour_person=own, tour_mask=mask, tour_for_work=np.zeros(n, dtype=bool),
        tour_key=hashes(stream_key(seed, k, "cast.tour"), cases.case_id[rows]), tour_shift=np.zeros(n, dtype=np.int32),
        jitter=np.zeros((1, days), dtype=np.int16), way_tour=np.repeat(own, 2),
        way_from=np.where(away, np.repeat(places, 2), -1).astype(np.int32),
        way_to=np.where(away, -1, np.repeat(places, 2)).astype(np.int32), way_mode=np.zeros(2 * n, dtype=np.uint8),
        way_depart=depart.astype(np.int32).ravel(), way_ticks=np.full(2 * n, round(reach_mm / speed), dtype=np.int32),
        way_ride_ticks=np.zeros(2 * n, dtype=np.int32), walk_way=np.arange(2 * n, dtype=np.int32),
        walk_tour=np.repeat(own, 2), walk_towards=away, walk_hub=hub.astype(np.int32).ravel(),
        walk_node=np.repeat(node, 2).astype(np.int32), walk_reach_mm=np.full(2 * n, reach_mm, dtype=np.int32),
        walk_depart=depart.astype(np.int32).ravel(), walk_mm_per_tick=np.full(2 * n, speed, dtype=np.float32),
        stay_tour=own, stay_place=places.astype(np.int32), stay_arrive=arrive.astype(np.int32),
        stay_length=(leave - arrive).astype(np.int32), first_day=first_day, days=days,
    )
    which = _near(city, cameras, escape, places)
    pieces = passes(block, city, coverage(city, cameras, which, edges=escape, entrances=False), first_day, days)
    begin = day[pieces.person] * DAY_TICKS + pieces.offset
    found = pd.DataFrame({"person": pieces.person.astype(np.int64), "camera": which[pieces.camera],
                          "leg": pieces.pass_no >> 32, "begin": begin, "end": begin + pieces.length,
                          "face": np.where(pieces.frontal, pieces.face, 0)})
    return found.groupby(["person", "camera", "leg"], as_index=False).agg({"begin": "min", "end": "max", "face": "max"})


def _near(city: City, cameras: Cameras, edges: Ints, places: Ints) -> Ints:
    """Find the cameras that may see a point of these streets or stand inside these places; all others see nothing."""
    inside = np.isin(cameras.place_id, places) & (cameras.place_id >= 0) & cameras.indoor
    if not edges.size:
        return np.flatnonzero(inside)
    x, y = (np.asarray(at, dtype=np.float64)[np.stack((city.edge_u[edges], city.edge_v[edges]))]
            for at in (city.node_x, city.node_y))  # fmt: skip
    # nobody sees further than into the next cell
    cell_m = float(cameras.range_m.max(initial=1.0)) + np.hypot(x[0] - x[1], y[0] - y[1]).max() / 2.0
    middle_x, middle_y = x.mean(axis=0), y.mean(axis=0)

    def cell(of_x: NDArray[Any], of_y: NDArray[Any]) -> Ints:
        column, line = (np.clip((at - middle.min()) // cell_m + 2, 0, _CELLS - 1).astype(np.int64)
                        for at, middle in ((of_x, middle_x), (of_y, middle_y)))  # fmt: skip
        return line * _CELLS + column

    reached = np.zeros(_CELLS * _CELLS, dtype=bool)
    for step in (-_CELLS - 1, -_CELLS, -_CELLS + 1, -1, 0, 1, _CELLS - 1, _CELLS, _CELLS + 1):
        reached[np.clip(np.unique(cell(middle_x, middle_y)) + step, 0, reached.size - 1)] = True
    return np.flatnonzero(inside | (~cameras.indoor & reached[cell(cameras.x, cameras.y)]))


def matters(cases: Cases, first_day: int, days: int) -> Bools:
    """Select cases that are requested before the end and whose crime falls on a day with footage."""
    return cases.asks & (cases.crime_to > first_day * DAY_TICKS) & (cases.asked < days * DAY_TICKS)


def sample_clues(city: City, scenario: Scenario, cameras: Cameras, cases: Cases, seed: int, k: int, *, first_day: int,
                 days: int) -> tuple[Cases, Clues]:
    """Sample clues of the cases that `matters` selects; return the cases with their number of custodians filled in.

    Footage of the other cases was deleted before day 0, so they only add load to the desks: a number of custodians.
    """
    access = scenario.access
    rows = np.flatnonzero(matters(cases, first_day, days))
    views = _cast_views(city, scenario, cameras, cases, rows, seed, k)
    scene = _facing(city, scenario, cameras, cases, rows)
    escape = views[views["leg"] == _ESCAPE]
    person, seen_by = escape["person"].to_numpy(), escape["camera"].to_numpy()
    new = ~np.isin(_pair(person, seen_by), _pair(*scene))
    most = round(access.route_cameras.number)
    route = _first(person[new], seen_by[new], escape["begin"].to_numpy()[new], most)

    row, camera = np.concatenate((scene, route), axis=1)
    order = np.argsort(row, kind="stable")  # scene cameras come first: they were put first
    row, camera, at_scene = row[order], camera[order].astype(np.int64), order < scene[0].size
    case = rows[row]
    # on the way out the offender is later by at most the time of the walk
    later = round(access.route_m.number / facts().value("clue_walk_m_s") * TICKS_PER_S)
    from_tick, to_tick = cases.window_from[case], cases.window_to[case] + np.where(at_scene, 0, later)
    seen, begin, end, face = _seen(cameras, cases, case, row, camera, at_scene, views)
    seen &= (begin < to_tick) & (end > from_tick) & cases.covered[case]
    clues = Clues(start=np.searchsorted(case, np.arange(len(cases) + 1)).astype(np.int64), camera=camera,
                  from_tick=from_tick, to_tick=to_tick, at_scene=at_scene, seen=seen,
                  seen_from=np.where(seen, begin, -1), seen_to=np.where(seen, end, -1),
                  face=np.where(seen, face, 0).astype(np.uint16), found=seen & cases.useful[case])
    # the custodians that each case would ask; a case without clues copies the number of one with clues
    asked = np.unique(np.stack((case, cameras.custodian_id[camera])), axis=1)[0]
    custodians = np.bincount(asked, minlength=len(cases)).astype(np.int16)
    others = np.setdiff1d(np.flatnonzero(cases.asks), rows)
    if rows.size and others.size:
        load = uniform(stream_key(seed, k, "cases.load"), cases.case_id[others])
        custodians[others] = custodians[one_of(rows, load)]
    return replace(cases, custodians=custodians), clues


def _first(row: Ints, camera: Ints, rank: NDArray[np.number], most: int) -> tuple[Ints, Ints]:
    """Take the `most` first entries of each row by rank, ties by camera; sorted by (row, rank)."""
    order = np.lexsort((camera, rank, row))
    row, camera = row[order], camera[order]
    kept = np.arange(row.size) - np.searchsorted(row, row, side="left") < most
    return row[kept], camera[kept]


def _facing(city: City, scenario: Scenario, cameras: Cameras, cases: Cases, rows: Ints) -> tuple[Ints, Ints]:
    """Return (cast row, camera) for cameras that face the scenes, nearest first; indoor ones count as nearest."""
    access, place = scenario.access, cases.place[rows]
    start, outside = cameras_seeing_points(cameras, cases.x[rows], cases.y[rows], access.scene_radius_m.number)
    row, _ = counted_rows(np.diff(start))
    apart = np.hypot(cameras.x[outside] - cases.x[rows[row]], cameras.y[outside] - cases.y[rows[row]])
    indoor = np.flatnonzero(cameras.indoor)
    indoor = indoor[np.argsort(cameras.place_id[indoor], kind="stable")]
    low, high = (np.searchsorted(cameras.place_id[indoor], place, side=side) for side in ("left", "right"))
    inside_row, within = counted_rows(high - low)
    inside = indoor[low[inside_row] + within]
    return _first(np.concatenate((row, inside_row)), np.concatenate((outside, inside)),
                  np.concatenate((apart, np.zeros(inside.size))), round(access.scene_cameras.number))  # fmt: skip


def _pair(row: Ints, camera: Ints) -> Ints:
    return row.astype(np.int64) * (1 << 32) + camera


def _seen(cameras: Cameras, cases: Cases, case: Ints, row: Ints, camera: Ints, at_scene: Bools,
          views: pd.DataFrame) -> tuple[Bools, Ints, Ints, NDArray[np.uint16]]:
    """Return whether and when each clue's camera had the offender in view, and the size of the face."""
    seen = np.zeros(case.size, dtype=bool)
    begin, end, face = np.zeros((3, case.size), dtype=np.int64)
    wanted = pd.Index(_pair(row, camera))
    for leg in (_ESCAPE, _INSIDE):
        own = views[views["leg"] == leg]
        at = pd.Index(_pair(own["person"].to_numpy(), own["camera"].to_numpy())).get_indexer(wanted)
        hit = at >= 0
        seen |= hit
        begin[hit], end[hit], face[hit] = own[["begin", "end", "face"]].to_numpy()[at[hit]].T
    # a street camera that faces the scene has the offender in view for the whole crime
    there = at_scene & ~cameras.indoor[camera]
    ground = np.hypot(cameras.x[camera] - cases.x[case], cameras.y[camera] - cases.y[case])
    slant = np.hypot(ground, drop_m(cameras.mount_m[camera]))
    density = density_at_1_m(cameras.width_px[camera], cameras.hfov_deg[camera]) / np.maximum(slant, 1e-3)
    seen |= there
    begin, end = np.where(there, cases.crime_from[case], begin), np.where(there, cases.crime_to[case], end)
    near = face_code(facts().value("face_width_m") * density)
    return seen, begin, end, np.where(there, near, face).astype(np.uint16)


SEARCHED = ("face_search_recorded", "plate_search", "attribute_search")


@dataclass(frozen=True, slots=True)
class Searches(Rows):
    """Archive searches, one row per case (row of `Cases`, ascending); CSR over the cameras searched."""

    case: Ints
    technique: Bytes
    """Code in TECHNIQUES."""
    start: Ints
    camera: Ints
    from_tick: Ints
    to_tick: Ints
    marks: Floats


def sample_searches(scenario: Scenario, cameras: Cameras, cases: Cases, seed: int, k: int, *, first_day: int,
                    days: int) -> Searches:
    """Sample searches in cases whose footage may still exist (crime after `first_day`, requested before `days`)."""
    access = scenario.access
    u = uniforms(stream_key(seed, k, "searches"), cases.case_id, 6)
    case = np.flatnonzero(matters(cases, first_day, days) & (u[:, 0] < access.machine_search_share.number))
    shares = np.array([facts().value(f"search_share_{word}") for word in SEARCHED])
    technique = np.array([TECHNIQUES.index(word) for word in SEARCHED], dtype=np.uint8)[pick(shares, u[case, 1])]
    by_state = cameras.operator <= OPERATORS.index("other_state")
    start, camera = cameras_near(cameras, np.flatnonzero(by_state & ~cameras.indoor & (cameras.place_id < 0)),
                                 cases.x[case], cases.y[case], access.search_radius_m.number,
                                 round(access.search_cameras.number))  # fmt: skip
    return Searches(case, technique, start, camera, cases.window_from[case], cases.window_to[case], u[case, 2:6])
