"""Model side of the register's rows about days, ways, sightings and cameras in the street (protocols P, E and C).

Every function reads one world (its facts are in force) and returns values by the row's id.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.spatial import cKDTree

from privacysim.attacks import unicity
from privacysim.city import City
from privacysim.people import Block, commutes, draw_block, draw_sample, made_on, residents, trips
from privacysim.scenario import Scenario
from privacysim.sight.coverage import coverage
from privacysim.sight.passes import passes
from privacysim.units import DAY_S, TICKS_PER_S
from privacysim.vocabulary import CATEGORIES, GROUPS
from privacysim.world.world_model import World

SAMPLE, LONG_SAMPLE, WATCHED = 20_000, 1_000, 300
"""People of protocol P, of its row about predictability, and of protocol E."""
_WEEKS, _MONTH, _SEASON = 28, 30, 90
_TARGETS, _POINTS = 2_000, 4
_CELL_M, _WINDOW_S = 1_000.0, 3_600.0
_SHOPS = ("small_shop", "restaurant", "mall", "market")
_WORKPLACES = ("office", "factory", "research_lab", "bank", *_SHOPS)
_NEAR_M, _STEP_M = 30.0, 10.0
Floats = NDArray[np.float64]


def days(city: City, case: Scenario, seed: int, k: int) -> dict[str, float]:
    """Rows of protocol P: 20,000 residents with their weights, from day 0, a Monday."""
    drawn = draw_sample(city, case, seed, k, SAMPLE)

    def lived(span: int, people: int = SAMPLE) -> Block:
        some = slice(0, drawn.ids.size, max(1, drawn.ids.size // people))
        return draw_block(city, case, seed, k, drawn.ids[some], drawn.weight[some], 0, span)

    weeks, season = lived(_WEEKS), lived(_SEASON)
    made = trips(weeks)
    return {**_ways(city, case, seed, k, drawn.ids, drawn.weight), **_travellers(weeks, made), **_purposes(weeks, made),
            **_time(weeks, made, city), **_places(lived(_MONTH), city, seed), **_shopping(season, city, seed),
            "next_place_predictability": predictable(trips(lived(_SEASON, LONG_SAMPLE)))}


def _mean(values: NDArray[Any] | pd.Series, weight: Floats) -> float:
    return float(np.average(values, weights=weight))


def _ways(city: City, case: Scenario, seed: int, k: int, ids: NDArray[np.int64], weights: Floats) -> dict[str, float]:
    person, minutes = commutes(city, case, seed, k, ids)
    working = residents(city, case).locate(ids)[1][person] != GROUPS.index("student")
    person, minutes = person[working], minutes[working]
    weight = weights[person]
    block = draw_block(city, case, seed, k, ids[person], weight, 0, 1)
    straight_m = np.hypot(*(at[block.work_place] - at[block.home_place] for at in (city.place_x, city.place_y)))
    return {"mean_way_to_work_min": _mean(minutes, weight), "commute_within_45_min": _mean(minutes <= 45.0, weight),
            "commute_over_60_min_share": _mean(minutes > 60.0, weight),
            "commute_within_5_km_share": _mean(straight_m <= 5_000.0, weight)}


def _travellers(block: Block, made: pd.DataFrame) -> dict[str, float]:
    out = np.zeros((block.weight.size, block.days), dtype=bool)
    out[made["person"], made["day"] - block.first_day] = True

    def share(*groups: str) -> float:
        own = np.isin(block.group, [GROUPS.index(group) for group in groups])
        return _mean(out.mean(axis=1)[own], block.weight[own])

    return {"immobile_day_share": 1.0 - share(*GROUPS), "older_travellers_share": share("older"),
            "adult_travellers_share": share("resident", "migrant")}


def _purposes(block: Block, made: pd.DataFrame) -> dict[str, float]:
    weight, weekday = block.weight[made["person"]], made["day"] % 7 < 5
    home, work = made["purpose"] == "home", made["purpose"] == "work"

    def mandatory(begin: float, end: float) -> float:
        peak = weekday & made["begin_h"].between(begin, end, inclusive="left")
        return _mean(made["for_work"][peak], weight[peak])

    return {"home_trips_share": _mean(home, weight), "outward_work_study_share": _mean(work[~home], weight[~home]),
            "evening_peak_mandatory_share": mandatory(16.0, 19.0), "morning_peak_mandatory_share": mandatory(6.0, 9.0)}


def _time(block: Block, made: pd.DataFrame, city: City) -> dict[str, float]:
    weight, person_days = block.weight[made["person"]], block.weight.sum() * block.days
    travel = float(((made["end_h"] - made["begin_h"]) * weight).sum()) / person_days
    stay, _ = made_on(block, block.stay_tour)
    in_park = np.asarray(city.place_category)[block.stay_place[stay]] == CATEGORIES.index("park")
    stay_h = block.stay_length[stay] / (3600.0 * TICKS_PER_S)
    park = float((stay_h * in_park * block.weight[block.tour_person[block.stay_tour[stay]]]).sum()) / person_days
    return {"travel_minutes_day": 60.0 * travel, "time_in_buildings_share": 1.0 - (travel + park) / 24.0,
            "time_in_vehicles_share": float((made["ride_h"] * weight).sum()) / person_days / 24.0}


def _places(block: Block, city: City, seed: int) -> dict[str, float]:
    """Distinct places a month and a day, home among them, and unicity by square kilometre and hour."""
    stay, day = made_on(block, block.stay_tour)
    tour, place = block.stay_tour[stay], block.stay_place[stay]
    person = block.tour_person[tour]
    month = np.unique(np.column_stack([person, place]), axis=0)[:, 0]
    daily = np.unique(np.column_stack([person, day, place]), axis=0)[:, :2]
    visited, places = np.unique(daily, axis=0, return_counts=True)
    when = day * DAY_S + (block.stay_arrive[stay] + block.shift(tour, day)) / TICKS_PER_S
    points = pd.DataFrame({"user": person, "time": when, "x": np.asarray(city.place_x, dtype=float)[place],
                           "y": np.asarray(city.place_y, dtype=float)[place]})
    return {"places_per_month": 1.0 + _mean(np.bincount(month, None, block.weight.size), block.weight),
            "places_per_day": 1.0 + _mean(places, block.weight[visited[:, 0]]),
            "unicity_4_points_km_hour": _single_out(points, seed, x="x", y="y", cell_m=_CELL_M, window_s=_WINDOW_S)}


def _shopping(block: Block, city: City, seed: int) -> dict[str, float]:
    stay, day = made_on(block, block.stay_tour)
    place = block.stay_place[stay]
    shop = np.isin(np.asarray(city.place_category)[place], [CATEGORIES.index(word) for word in _SHOPS])
    points = pd.DataFrame({"user": block.tour_person[block.stay_tour[stay]], "place": place, "time": day * DAY_S})[shop]
    return {"unicity_shop_day": _single_out(points.drop_duplicates(), seed, place="place", window_s=DAY_S)}


def _single_out(points: pd.DataFrame, seed: int, **grid: object) -> float:
    if points.empty:
        return math.nan
    found = unicity(points, _POINTS, time="time", targets=_TARGETS, seed=seed, **grid)  # type: ignore[arg-type]
    return float(found["unicity"].iloc[0]) if len(found) else math.nan


def predictable(made: pd.DataFrame, least_moves: int = 50) -> float:
    """Mean upper limit of the predictability of the next place (Song, Qu, Blumm and Barabási 2010).

    The entropy rate of each person's sequence of places is estimated by Lempel-Ziv (Kontoyiannis et al. 1998), and the
    limit Π solves Fano's equation H(Π) + (1 − Π) log₂(N − 1) = S for the person's N places. People with few moves are
    left out.
    """
    limits = [limit(sequence.tolist()) for _, sequence in made.groupby("person", sort=False)["goal"]
              if len(sequence) >= least_moves]  # fmt: skip
    return float(np.mean(limits)) if limits else math.nan


def limit(places: Sequence[int]) -> float:
    """Largest share of moves whose destination can be predicted, for one sequence of places.

    >>> limit([1, 2] * 50) > 0.95
    True
    """
    codes, distinct = np.unique(places, return_inverse=True)
    if codes.size == 1:
        return 1.0
    text, n = "".join(chr(256 + code) for code in distinct), len(places)
    shortest = 0
    for i in range(n):
        length = 1
        while i + length <= n and text[i : i + length] in text[:i]:
            length += 1
        shortest += length
    entropy = min(n * math.log2(n) / shortest, math.log2(codes.size))

    def fano(p: float) -> float:
        h = -sum(q * math.log2(q) for q in (p, 1.0 - p) if q > 0)
        return h + (1.0 - p) * math.log2(max(codes.size - 1, 1)) - entropy

    return float(brentq(fano, 1.0 / codes.size, 1.0)) if fano(1.0 / codes.size) > 0 else 1.0 / codes.size


def sightings(world: World) -> dict[str, float]:
    """Rows of protocol E: passes a person-day at all cameras, whether or not anybody looks, and their place."""
    city, case = world.city, world.scenario
    drawn = draw_sample(city, case, world.seed, world.k, SAMPLE)
    some = slice(0, drawn.ids.size, drawn.ids.size // WATCHED)
    block = draw_block(city, case, world.seed, world.k, drawn.ids[some], drawn.weight[some], 0, 7)
    view = coverage(city, world.cameras, np.arange(len(world.cameras)))
    pieces = passes(block, city, view, 0, 7)
    _, first = np.unique(np.column_stack([pieces.person, pieces.pass_no]), axis=0, return_index=True)
    tour, camera, person = pieces.tour[first], pieces.camera[first], pieces.person[first]
    times = np.bitwise_count(block.tour_mask[tour]).sum(axis=1) * block.weight[person]
    place = world.cameras.place_id[camera]
    category = np.asarray(city.place_category)[np.maximum(place, 0)]
    at_work = np.isin(category, [CATEGORIES.index(word) for word in _WORKPLACES]) | (place == block.work_place[person])
    inside = world.cameras.indoor[camera] & (place >= 0) & at_work
    total = float(times.sum())
    return {"sightings_per_person_day": total / (block.weight.sum() * 7),
            "sightings_at_work_or_shop_share": float(times[inside].sum()) / total}  # fmt: skip


def street_cameras(world: World) -> dict[str, float]:
    """Row of protocol C: outdoor cameras within 30 m of a street that face it, by the length of all streets."""
    city, cameras = world.city, world.cameras
    x, y = np.asarray(city.node_x, dtype=float), np.asarray(city.node_y, dtype=float)
    u, v = np.asarray(city.edge_u), np.asarray(city.edge_v)
    steps = (np.hypot(x[v] - x[u], y[v] - y[u]) / _STEP_M).astype(np.int64) + 2
    edge = np.repeat(np.arange(u.size), steps)
    part = (np.arange(edge.size) - np.repeat(np.cumsum(steps) - steps, steps)) / (steps[edge] - 1)
    street = np.column_stack([at[u[edge]] + part * (at[v[edge]] - at[u[edge]]) for at in (x, y)])
    every = max(1, len(cameras) // 50_000)
    outside = np.flatnonzero(~np.asarray(cameras.indoor, dtype=bool))[::every]
    eye = np.column_stack([cameras.x[outside], cameras.y[outside]]).astype(float)
    found = edge[cKDTree(street).query(eye)[1]]  # the street of the nearest point, then the nearest point on it
    begin, along = np.column_stack([x[u[found]], y[u[found]]]), np.column_stack([x[v] - x[u], y[v] - y[u]])[found]
    share = ((eye - begin) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-9)
    east, north = (begin + np.clip(share, 0.0, 1.0)[:, None] * along - eye).T
    towards = np.degrees(np.arctan2(east, north))
    apart = np.abs((towards - cameras.heading_deg[outside] + 180.0) % 360.0 - 180.0)
    faces = (apart <= cameras.hfov_deg[outside] / 2.0) | np.isnan(cameras.heading_deg[outside])
    seen = ((np.hypot(east, north) <= _NEAR_M) & faces).sum() * every
    return {"cameras_per_street_km": float(seen) / (np.asarray(city.edge_mm, dtype=float).sum() / 1e6)}
