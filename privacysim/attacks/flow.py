"""Flow field: expected number of people in a camera's view in each hour of a day, without drawing people.

It multiplies the people of each home by the trip law and sums them down the route tree of every place. *Where to, by
which mode* has a closed form (`people.habits`). *How often and at what time*, by purpose, mode and band of distance,
comes from a sample of people, whose errors are those of averages over the whole city. So the expected number λ of
people in a view has no noise of its own, unlike the view's count in a sample. Sets follow from K ~ Poisson(λ).

Simplifications, each well below a percent of a view: a person who passes twice in an hour, on two tours or to and from
the stop, counts twice; within a band, hours depend neither on the distance nor on the person's own speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from privacysim.attacks import flow_kernel as kernel
from privacysim.attacks.points import positive
from privacysim.city import City
from privacysim.draws import Floats, Ints
from privacysim.errors import InputError
from privacysim.people import draw_block, draw_sample, residents
from privacysim.people.habits import BANDS_M, CAR, TRANSIT, WALK, habits, mm_per_tick, mode_shares, purposes, street_m
from privacysim.scenario import Scenario
from privacysim.sight.coverage import coverage
from privacysim.units import DAY_TICKS, HOUR_TICKS, TICKS_PER_S
from privacysim.vocabulary import GROUPS
from privacysim.world.cameras import Cameras

_STEPS = 60
"""Of a way between home and place, or minutes of a walk to or from a stop."""
_WORK, _STUDY, _VISIT = range(3)
_CLASSES = 3 * kernel.MODES * kernel.BANDS
_BACK_MM = 500_000
_MOST_BYTES = 2 << 30


@dataclass(frozen=True, slots=True, eq=False)
class TripLaw:
    """How often and when: `tours` (class,): tours on the day per destination held, and probabilities that such a tour
    passes within a window of the day at a point of its way: (class, step, window). `on_way`: steps are 60ths of the
    way, counted from the place (of transit: minutes on foot from the place). `at_home`: minutes on foot from home.
    """

    window_s: float
    tours: Floats
    on_way: Floats
    at_home: Floats


def trip_law(city: City, scenario: Scenario, *, seed: int = 185, k: int = 0, day: int = 1, people: int = 20_000,
             window_s: float = 3600.0) -> TripLaw:
    """Estimate the trip law of one day (0 is a Monday) from a sample of `people` people of replicate k.

    Errors are about 1/√people; `window_s` need not divide a day. See `flow_field` for an example.
    """
    window = positive(window_s, "window_s", "trip_law") * TICKS_PER_S
    windows = int(np.ceil(DAY_TICKS / window))
    chosen = draw_sample(city, scenario, seed, k, people)
    who = habits(city, scenario, seed, k, chosen.ids)
    block = draw_block(city, scenario, seed, k, chosen.ids, chosen.weight, day, day + 1)
    first_purpose = np.where(who.group == GROUPS.index("student"), _STUDY, _WORK)
    person, column = np.nonzero(who.place >= 0)
    held = _classes(np.where(column > 0, _VISIT, first_purpose[person]), who.mode[person, column],
                    who.street_m[person, column])  # fmt: skip
    slots = np.bincount(held, chosen.weight[person], _CLASSES + 1)[:_CLASSES]

    own = block.tour_person.astype(np.int64)
    first = np.append(True, own[1:] != own[:-1])
    work = first & (block.tour_place == block.work_place[own])
    street = street_m(city, scenario.population, block.home_place[own], block.tour_place)
    made = _classes(np.where(work, first_purpose[own], _VISIT), block.tour_mode, street)
    weight = chosen.weight[own]
    tours = np.bincount(made, weight, _CLASSES + 1)

    jitter = block.tour_jitter[:, 0].astype(np.int64)
    arrive, leave = block.stay_arrive + jitter, block.stay_arrive + block.stay_length + jitter
    out, back = arrive.copy(), leave.copy()  # a tour without a visible leg keeps these
    np.minimum.at(out, block.walk_tour, block.walk_depart + jitter[block.walk_tour])
    end = block.walk_depart + np.rint(block.walk_reach_mm / block.walk_mm_per_tick).astype(np.int64)
    np.maximum.at(back, block.walk_tour, end + jitter[block.walk_tour])

    def chances(there: Ints, back: Ints, later: NDArray, later_back: NDArray) -> Floats:
        """Chance of each window at each step: there + `later`, back + `later_back` (ticks; steps, or steps × tours)."""
        found = np.zeros((_CLASSES + 1, _STEPS, windows))
        for step in range(_STEPS):
            a, b = (np.floor((t + s[step]) / window).astype(np.int64) for t, s in ((there, later), (back, later_back)))
            for at, counts in ((a, weight), (b, np.where(a == b, 0.0, weight))):
                inside = (at >= 0) & (at < windows)
                flat = np.bincount(made[inside] * windows + at[inside], counts[inside], (_CLASSES + 1) * windows)
                found[:, step] += flat.reshape(_CLASSES + 1, windows)
        return (found / np.maximum(tours, 1e-300)[:, None, None])[:_CLASSES]

    middle: Floats = np.arange(_STEPS, dtype=np.float64) + 0.5
    step, minute = (middle / _STEPS)[:, None], (middle * HOUR_TICKS / 60.0)[:, None]
    on_way = chances(arrive, leave, step * (out - arrive), step * (back - leave))
    by_transit = np.arange(_CLASSES) // kernel.BANDS % kernel.MODES == TRANSIT
    on_way = np.where(by_transit[:, None, None], chances(arrive, leave, -minute, minute), on_way)
    return TripLaw(window_s, tours[:_CLASSES] / np.maximum(slots, 1e-300), on_way, chances(out, back, minute, -minute))


def _classes(purpose: NDArray, mode: NDArray, metres: Floats) -> Ints:
    """Class of a destination; destinations reached by car are seen by nobody and come last."""
    band = np.searchsorted(BANDS_M, metres, side="right")
    made = (purpose * kernel.MODES + mode.astype(np.int64)) * kernel.BANDS + band
    return np.where(mode == CAR, _CLASSES, made).astype(np.int64)


def flow_field(city: City, scenario: Scenario, cameras: Cameras, which: ArrayLike, law: TripLaw) -> pd.DataFrame:
    """Expected number of people who come into view of each street camera in each window of a day.

    `which`: camera ids, ascending; indoor cameras see no street and are refused. Columns: `camera_id`, `window` (from
    0), `people` = λ: the sum over homes, places and modes of people × P(place | home's zone) × P(mode | distance) ×
    tours a day × P(window), over the ways that pass. Costs O(nodes) per place: 1 s in a district of 100 000 people.

    >>> import privacysim as ps
    >>> scenario = ps.load_scenario("guangzhou_district")
    >>> city = ps.build_city(scenario)
    >>> cameras = ps.sample_world(city, scenario, 185, 0, days=1, footage_days=0, warmup_days=0).cameras
    >>> street = (~cameras.indoor).nonzero()[0][:3]
    >>> field = ps.flow_field(city, scenario, cameras, street, ps.trip_law(city, scenario, people=2_000))
    >>> field.shape, bool(field["people"].max() > 0)
    ((72, 3), True)
    """
    ids = np.asarray(which, dtype=np.int64)
    if not ids.size or ids.min() < 0 or ids.max() >= len(cameras) or cameras.indoor[ids].any():
        raise InputError("flow_field, which", "ids of street cameras", which, "take (~cameras.indoor).nonzero()[0]")
    needed = 8 * ids.size * (_CLASSES + 3 * kernel.BANDS) * _STEPS
    if needed > _MOST_BYTES:
        raise InputError("flow_field, which", f"fewer cameras (at most {_MOST_BYTES >> 30} GiB of counts)", ids.size,
                         "take some of them at a time: views add up")  # fmt: skip
    view = coverage(city, cameras, ids, entrances=False)
    way = np.repeat(np.arange(view.piece_start.size - 1), np.diff(view.piece_start))
    pair = np.unique(np.stack([way // 2, view.piece_camera], axis=1), axis=0)
    edge_mm, camera_of = np.asarray(city.edge_mm), np.ascontiguousarray(pair[:, 1])
    camera_start = np.searchsorted(pair[:, 0], np.arange(edge_mm.size + 1)).astype(np.int64)
    population = scenario.population
    minute_mm = float(mm_per_tick(population)[WALK]) * TICKS_PER_S * 60.0
    by_place = np.zeros((ids.size, _CLASSES, _STEPS))
    by_home = np.zeros((ids.size, 3 * kernel.BANDS, _STEPS))
    homes = np.asarray(city.home_people[: city.homes], dtype=np.float64)
    x, y = np.asarray(city.place_x, dtype=np.float64), np.asarray(city.place_y, dtype=np.float64)
    node, zone = np.asarray(city.place_node).astype(np.int64), np.asarray(city.place_zone)[: city.homes]
    place_zone, place_weight, to = _destinations(city, scenario)
    nodes, hub = np.asarray(city.node_x).size, np.asarray(city.place_hub)
    for j in range(city.trees.shape[0]):
        places = np.flatnonzero((hub == j) & (place_zone >= 0).any(axis=1))
        if not places.size:
            continue
        parent, edge, depth = np.full(nodes, -1), np.full(nodes, -1), np.empty(nodes, dtype=np.int64)
        kernel.tree_of(np.asarray(city.trees[j]), city.adj_start, city.adj_node, city.adj_edge, edge_mm, parent, edge,
                       depth)  # fmt: skip
        riders = np.zeros((nodes, 3 * kernel.BANDS))
        kernel.past_cameras(np.argsort(-depth, kind="stable"), parent, edge, depth, edge_mm, places, node, x, y,
                            place_zone, place_weight, to, homes, zone, node[: city.homes],
                            _stop_of(city, j, node[: city.homes]), mode_shares(population),
                            float(population.street_detour.number), camera_start, camera_of, minute_mm, _BACK_MM,
                            riders, by_place)
        kernel.to_the_stop(parent, edge, np.asarray(city.edge_u), edge_mm, riders,
                           round(population.walk_to_stop_m.number * 1000), view.piece_start, view.piece_camera,
                           view.piece_from, minute_mm, by_home)  # fmt: skip
    rate = law.tours[:, None, None]
    riding = (law.at_home * rate).reshape(3, kernel.MODES, kernel.BANDS, _STEPS, -1)[:, TRANSIT]
    people = np.einsum("icm,cmw->iw", by_place, law.on_way * rate, optimize=True)
    people += np.einsum("icm,cmw->iw", by_home, riding.reshape(by_home.shape[1], _STEPS, -1), optimize=True)
    windows = people.shape[1]
    return pd.DataFrame({"camera_id": np.repeat(ids, windows), "window": np.tile(np.arange(windows), ids.size),
                         "people": people.ravel()})  # fmt: skip


def _stop_of(city: City, hub: int, home_node: Ints) -> Ints:
    """The hub's stop nearest to each home; −1 if there is none."""
    stops = np.asarray(city.stop_node[hub]).astype(np.int64)
    stops = stops[stops >= 0]
    if not stops.size:
        return np.full(home_node.size, -1, dtype=np.int64)
    far = [np.subtract.outer(axis[home_node], axis[stops]) for axis in map(np.asarray, (city.node_x, city.node_y))]
    return stops[np.argmin(far[0] ** 2 + far[1] ** 2, axis=1)]


def _destinations(city: City, scenario: Scenario) -> tuple[Ints, Floats, Floats]:
    """Per place and purpose its destination zone (−1: none) and share within it; chances of zones × destinations."""
    each = purposes(city, scenario.population)
    works = residents(city, scenario).group_sizes() / city.people * np.asarray(scenario.population.work_shares)
    student = works[GROUPS.index("student")]
    held = (works.sum() - student, student, round(scenario.population.other_places.number))
    places = np.asarray(city.place_node).size
    zone, weight = np.full((places, 3), -1, dtype=np.int64), np.zeros((places, 3))
    to = np.zeros((3, each[0].zones.shape[0], max(one.start.size for one in each)))
    for q, purpose in enumerate(each):
        size = np.diff(purpose.start)
        zone[purpose.place, q] = np.repeat(np.arange(size.size), size)
        weight[purpose.place, q] = np.diff(purpose.within, prepend=0.0)
        weight[purpose.place[purpose.start[:-1]], q] = purpose.within[purpose.start[:-1]]
        running = purpose.zones.astype(np.float64)
        to[q, :, : running.shape[1]] = held[q] * np.diff(running, axis=1, prepend=0.0)
    return zone, weight, to
