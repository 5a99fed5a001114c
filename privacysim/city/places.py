"""Homes and places on the streets: numbers, positions, regimes and sizes.

Regimes are place classes of State Council Order 799 (2025): art. 7(1) roads and squares, 7(2) crowded venues, 9 other
public places, 33 places that are not public, 8 places where cameras are prohibited, 10 next to secret-holding organs
(`data/places.csv`; art. 9 has no list, so its categories are an assumption).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import ndtri

from privacysim import draws
from privacysim.city.city_model import Ints32, Streets
from privacysim.draws import Bytes, Floats, Ints
from privacysim.errors import InputError
from privacysim.readers.osm_maps import MAIN
from privacysim.resources import csv_rows, shipped
from privacysim.scenario.sections import CitySection
from privacysim.vocabulary import CATEGORIES, REGIMES, SCENES, SECRETS, SENSITIVE

_DENSEST_PER_KM2 = 150_000.0
_FAR_M = 500.0
"""A position farther than this from every street or place of its kind is outside the city."""
CODE = {category: code for code, category in enumerate(CATEGORIES)}
PLACES = shipped("data/places.csv")
"""Regime of each category's cameras, kind of secret inside, scene of its indoor cameras, and whether such places are
concentrated at the centre."""
_KINDS = sorted(csv_rows(PLACES), key=lambda row: CODE[row["category"]])
REGIME_OF, SECRET_OF, SCENE_OF = (np.asarray([words.index(row[column]) for row in _KINDS], dtype=np.uint8)
                                  for column, words in (("regime", REGIMES), ("secret", SECRETS), ("scene", SCENES)))
_UNVISITED = (CODE["housing_compound"], CODE["road"])


@dataclass(frozen=True, slots=True, eq=False)
class CityPlan:
    """Output of a city source before routes are computed.

    Places: category code, street node, entrance and residents of each, homes first. `word` states what was omitted.
    """

    streets: Streets
    hubs: Ints32
    category: Bytes
    node: Ints32
    home_people: Ints
    place_x: NDArray[np.float32]
    place_y: NDArray[np.float32]
    buildings: dict[str, NDArray[Any]] = field(default_factory=dict)
    cameras: list[dict[str, Any]] | None = None
    origin: tuple[float, float] | None = None
    word: str = ""


def apportion(total: int, weight: Floats) -> Ints:
    """Split `total` into whole numbers in proportion to `weight` (largest remainders; ties to the first)."""
    exact = total * (weight / weight.sum())
    whole = np.floor(exact).astype(np.int64)
    rest = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:rest]] += 1
    return whole


def nearest_or_refuse(points: NDArray[np.floating], where: Floats, table: str, index: pd.Index, what: str) -> Ints:
    """Return the nearest of the points (rows x, y) to each position; a position farther than 500 m is refused."""
    away, found = cKDTree(points).query(np.nan_to_num(where, nan=1e12))
    if away.max(initial=0.0) > _FAR_M:
        row = int(away.argmax())
        got = f"{away[row]:.0f} m" if away[row] < 1e9 else "no position"
        raise InputError(f"{table}, row {index[row]}", f"a position within {_FAR_M:.0f} m of {what}", got,
                         "correct the position, or drop the row")  # fmt: skip
    return np.asarray(found, dtype=np.int64)


def _systematic(seed: int, stream: str, count: int, weight: Floats) -> Ints:
    """Draw `count` indices in proportion to `weight`, one from each equal part of the running sum."""
    within = draws.uniform(draws.stream_key(seed, 0, stream), np.arange(count))
    total = np.cumsum(weight)
    at = np.searchsorted(total, (np.arange(count) + within) / max(count, 1) * total[-1], side="right")
    return np.minimum(at, weight.size - 1)


def drawn_plan(section: CitySection, streets: Streets, people: int) -> CityPlan:
    """Return the plan of a city whose places are drawn: compounds, main-road crossings, and places by category.

    Attraction nodes (hubs) are spread over the city in proportion to the square root of a node's residents, by
    systematic sampling along the order of zones. Places of a category are drawn on nodes in proportion to residents,
    `attraction_node_pull` times as often on a hub, and for categories of the centre less often far from it.
    """
    nodes = streets.x.size
    wanted = max(1, min(int(section.attraction_nodes_max.number), round(section.attraction_node_share.number * nodes)))
    spread = np.sqrt(streets.home_weight + streets.home_weight.mean() * 0.1)
    hubs = np.unique(_systematic(section.seed, "city hubs", wanted, spread)).astype(np.int32)
    residents = apportion(people, streets.home_weight)
    weight = residents + residents.mean() * 0.1
    weight[hubs] *= section.attraction_node_pull.number
    central = weight * np.exp(-section.office_gradient_per_km.number * np.hypot(streets.x, streets.y) / 1000.0)
    parts = []
    for row in _KINDS:
        category = row["category"]
        count = round(section.places_per_1000.number(category) * people / 1000.0)
        chosen = central if row["central"] else residents.astype(np.float64) if category == "home" else weight
        if count:
            parts.append((CODE[category], _systematic(section.seed, f"city places {category}", count, chosen)))
    return _planned(section, streets, hubs, residents, parts)


def mapped_plan(section: CitySection, streets: Streets, people: int, category: Ints, where: Floats) -> CityPlan:
    """Return the plan of a city whose places are mapped: their category codes, and rows (x, y) of their positions.

    Homes are at street nodes. Attraction nodes are those of visited places, limited to the busiest.
    """
    residents = apportion(people, streets.home_weight)
    nearest = cKDTree(np.column_stack([streets.x, streets.y])).query(where)[1] if category.size else category
    dwellings = round(section.places_per_1000.home.number * people / 1000.0)
    homes = _systematic(section.seed, "city places home", dwellings, residents.astype(np.float64))
    parts = [(CODE["home"], homes), *((int(code), nearest[category == code]) for code in np.unique(category))]
    visited = [nodes for code, nodes in parts if code not in _UNVISITED]
    node, count = np.unique(np.concatenate(visited), return_counts=True)
    most = np.argsort(-count, kind="stable")[:int(section.attraction_nodes_max.number)]
    hubs = np.sort(node[most]) if node.size else np.flatnonzero(residents)[:1]
    plan = _planned(section, streets, hubs.astype(np.int32), residents, parts)
    if category.size:
        order = np.argsort(category, kind="stable")
        plan.place_x[-order.size:], plan.place_y[-order.size:] = where[order].astype(np.float32).T
    return plan


def refuse_crowds(where: str, streets: Streets, people: int) -> None:
    """Refuse a population too large for these streets: more people per km² than in any city."""
    km2 = max(float(np.ptp(streets.x) * np.ptp(streets.y)) / 1e6, 0.01)
    if people / km2 > _DENSEST_PER_KM2:
        raise InputError("population.people", f"the people of {where} ({km2:.1f} km²)", f"{people} people",
                         'write people = {value = …, assumption = "…"} in [population]')  # fmt: skip


def _planned(section: CitySection, streets: Streets, hubs: Ints32, residents: Ints,
             parts: list[tuple[int, Ints]]) -> CityPlan:
    """Build the plan from residents by node and parts (category, nodes); a `road` is where three main roads meet."""
    ends = np.concatenate([streets.u[streets.kind == MAIN], streets.v[streets.kind == MAIN]])
    crossings = np.flatnonzero(np.bincount(ends, minlength=streets.x.size) >= 3)
    at_home = np.flatnonzero(residents)
    parts = [(CODE["housing_compound"], at_home), (CODE["road"], crossings), *parts]
    category = np.concatenate([np.full(nodes.size, code, dtype=np.uint8) for code, nodes in parts])
    home_people = np.zeros(category.size, dtype=np.int64)
    home_people[:at_home.size] = residents[at_home]
    node = np.concatenate([nodes for _, nodes in parts]).astype(np.int32)
    return CityPlan(streets, hubs, category, node, home_people, *_entrances(section, streets, category, node))


def _entrances(section: CitySection, streets: Streets, category: Bytes,
               node: Ints32) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Place entrances beside one of the node's streets, up to its middle; a `road` place is the crossing itself."""
    near = streets.adjacency()
    marks = draws.uniforms(draws.stream_key(section.seed, 0, "city entrances"), np.arange(node.size), 3)
    degree = np.diff(near.start)[node]
    slot = near.start[node] + np.minimum((marks[:, 0] * degree).astype(np.int64), np.maximum(degree - 1, 0))
    other = near.node[slot] if near.node.size else node
    x, y = streets.x[node], streets.y[node]
    dx, dy = streets.x[other] - x, streets.y[other] - y
    length = np.maximum(np.hypot(dx, dy), 1e-3)
    along = marks[:, 1] * np.minimum(section.entrance_reach_m.number, length / 2.0)
    beside = np.where(marks[:, 2] < 0.5, -1.0, 1.0) * section.entrance_setback_m.number
    on_road = category == CODE["road"]
    along, beside = np.where(on_road, 0.0, along), np.where(on_road, 0.0, beside)
    dx, dy = dx / length, dy / length
    return (x + along * dx - beside * dy).astype(np.float32), (y + along * dy + beside * dx).astype(np.float32)


def place_columns(section: CitySection, plan: CityPlan) -> dict[str, NDArray[Any]]:
    """Return the columns of the city's places (see `City`); sizes are lognormal with mean 1."""
    streets, category = plan.streets, plan.category
    tree = cKDTree(np.column_stack([streets.x[plan.hubs], streets.y[plan.hubs]]))
    hub_of_node = tree.query(np.column_stack([streets.x, streets.y]))[1].astype(np.int32)
    hub = np.where(np.isin(category, _UNVISITED), np.int32(-1), hub_of_node[plan.node]).astype(np.int32)
    marks = draws.uniforms(draws.stream_key(section.seed, 0, "city traits"), np.arange(category.size), 3)
    regime, secret = REGIME_OF[category], SECRET_OF[category]
    hotel = (category == CODE["hotel"]) & (marks[:, 0] < section.hotel_art7_share.number)
    regime[hotel] = REGIMES.index("public_venue")
    # next to a secret-holding organ, a camera needs that organ's consent (Order 799 art. 10)
    organs = plan.node[category == CODE["military_secret_organ"]]
    public = np.isin(regime, [REGIMES.index(name) for name in ("public_state", "public_venue", "public_other")])
    regime[np.isin(plan.node, organs) & public] = REGIMES.index("secret_adjacent")
    for name, share in (("office", section.secret_share_office), ("factory", section.secret_share_factory)):
        secret[(category == CODE[name]) & (marks[:, 1] < share.number)] = SECRETS.index("commercial")
    sigma = section.place_size_sigma.number
    size = np.exp(sigma * ndtri(marks[:, 2]) - sigma**2 / 2.0)
    visits, jobs = (np.asarray([mean.number(name) for name in CATEGORIES])[category]
                    for mean in (section.place_visits, section.place_jobs))  # fmt: skip
    return {"place_x": plan.place_x, "place_y": plan.place_y, "place_node": plan.node, "place_hub": hub,
            "place_category": category, "place_zone": streets.zone[plan.node], "home_people": plan.home_people,
            "place_regime": regime, "place_secret": secret, "place_scene": SCENE_OF[category],
            "place_sensitive": np.asarray([name in SENSITIVE for name in CATEGORIES])[category],
            "place_weight": (visits * size).astype(np.float32), "place_jobs": (jobs * size).astype(np.float32)}
