"""Homes and places on the streets: how many, where, under which regime, how large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import ndtri

from privacysim import draws
from privacysim.city import place_kinds as kinds
from privacysim.city.streets import Adjacency, Streets
from privacysim.readers.osm_tags import MAIN
from privacysim.scenario.sections import CitySection
from privacysim.vocabulary import CATEGORIES, REGIMES, SECRETS


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """Places before they have an entrance: category code and street node of each, homes first."""

    category: NDArray[np.uint8]
    node: NDArray[np.int32]
    home_people: NDArray[np.int64]


def apportion(total: int, weight: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole numbers in proportion to `weight` that sum to `total` (largest remainders; ties to the first).

    >>> apportion(10, np.array([1.0, 1.0, 2.0])).tolist()
    [3, 2, 5]
    """
    exact = total * (weight / weight.sum())
    whole = np.floor(exact).astype(np.int64)
    rest = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:rest]] += 1
    return whole


def choose_hubs(section: CitySection, streets: Streets) -> NDArray[np.int32]:
    """Attraction nodes, spread over the city in proportion to the root of the people at a node, sorted.

    Systematic along the order of zones, so that each part of the city has its share; at most
    `attraction_nodes_max`, and no node twice.
    """
    nodes = streets.x.size
    wanted = max(1, min(int(section.attraction_nodes_max.number), round(section.attraction_node_share.number * nodes)))
    weight = np.sqrt(streets.home_weight + streets.home_weight.mean() * 0.1)
    return np.unique(systematic(section.seed, "city hubs", wanted, weight)).astype(np.int32)


def systematic(seed: int, stream: str, count: int, weight: NDArray[np.float64]) -> NDArray[np.int64]:
    """`count` draws in proportion to `weight`, one in each equal part of the running sum."""
    within = draws.uniform(draws.stream_key(seed, 0, stream), np.arange(count))
    total = np.cumsum(weight)
    at = np.searchsorted(total, (np.arange(count) + within) / max(count, 1) * total[-1], side="right")
    return np.minimum(at, weight.size - 1)


def synthetic_sites(section: CitySection, streets: Streets, hubs: NDArray[np.int32], people: int) -> Sites:
    """Housing compounds (one at each node with residents), main-road crossings, and places by category.

    Places of a category fall on nodes in proportion to residents, `attraction_node_pull` times as often on an
    attraction node, and, for categories of the centre, falling with the distance from it.
    """
    residents = apportion(people, streets.home_weight)
    at_home = np.flatnonzero(residents)
    weight = residents + residents.mean() * 0.1
    weight[hubs] *= section.attraction_node_pull.number
    central = weight * np.exp(-section.office_gradient_per_km.number * np.hypot(streets.x, streets.y) / 1000.0)
    parts = [(kinds.CODE["housing_compound"], at_home), (kinds.CODE["road"], crossings(streets))]
    for category in CATEGORIES:
        count = round(section.places_per_1000.number(category) * people / 1000.0)
        chosen = central if category in kinds.CENTRAL else weight
        if category == "home":
            chosen = residents.astype(np.float64)
        if count:
            parts.append((kinds.CODE[category], systematic(section.seed, f"city places {category}", count, chosen)))
    return gather(parts, residents[at_home])


def gather(parts: list[tuple[int, NDArray[np.int64]]], home_people: NDArray[np.int64]) -> Sites:
    """Sites from parts (category, nodes); the first part are the homes."""
    category = np.concatenate([np.full(nodes.size, code, dtype=np.uint8) for code, nodes in parts])
    everybody = np.zeros(category.size, dtype=np.int64)
    everybody[:home_people.size] = home_people
    return Sites(category, np.concatenate([nodes for _, nodes in parts]).astype(np.int32), everybody)


def crossings(streets: Streets) -> NDArray[np.int64]:
    """Nodes where at least three main-road edges meet."""
    main = streets.kind == MAIN
    ends = np.concatenate([streets.u[main], streets.v[main]])
    return np.flatnonzero(np.bincount(ends, minlength=streets.x.size) >= 3)


def entrances(
    section: CitySection, streets: Streets, near: Adjacency, sites: Sites
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where one enters: `entrance_setback_m` beside one of the node's streets, up to `entrance_reach_m` along it.

    Never beyond the street's middle, which belongs to the next node; a `road` place is the crossing itself.
    """
    marks = draws.uniforms(draws.stream_key(section.seed, 0, "city entrances"), np.arange(sites.node.size), 3)
    degree = np.diff(near.start)[sites.node]
    slot = near.start[sites.node] + np.minimum((marks[:, 0] * degree).astype(np.int64), np.maximum(degree - 1, 0))
    other = near.node[slot] if near.node.size else sites.node
    x, y = streets.x[sites.node], streets.y[sites.node]
    dx, dy = streets.x[other] - x, streets.y[other] - y
    length = np.maximum(np.hypot(dx, dy), 1e-3)
    along = marks[:, 1] * np.minimum(section.entrance_reach_m.number, length / 2.0)
    beside = np.where(marks[:, 2] < 0.5, -1.0, 1.0) * section.entrance_setback_m.number
    on_road = sites.category == kinds.CODE["road"]
    along, beside = np.where(on_road, 0.0, along), np.where(on_road, 0.0, beside)
    dx, dy = dx / length, dy / length
    return (x + along * dx - beside * dy).astype(np.float32), (y + along * dy + beside * dx).astype(np.float32)


def nearest_hub(streets: Streets, hubs: NDArray[np.int32], sites: Sites) -> NDArray[np.int32]:
    """The straight-nearest hub of each site; −1 for housing compounds and road places, which nobody visits."""
    tree = cKDTree(np.column_stack([streets.x[hubs], streets.y[hubs]]))
    of_node = tree.query(np.column_stack([streets.x, streets.y]))[1].astype(np.int32)
    unvisited = np.isin(sites.category, [kinds.CODE["housing_compound"], kinds.CODE["road"]])
    return np.where(unvisited, np.int32(-1), of_node[sites.node]).astype(np.int32)


def traits(section: CitySection, sites: Sites) -> dict[str, NDArray[np.generic]]:
    """Regime, secret, scene, sensitive, attraction and jobs of each site; sizes are lognormal with mean 1."""
    category = sites.category
    marks = draws.uniforms(draws.stream_key(section.seed, 0, "city traits"), np.arange(category.size), 3)
    regime = np.asarray(kinds.REGIME_OF, dtype=np.uint8)[category]
    hotel = (category == kinds.CODE["hotel"]) & (marks[:, 0] < section.hotel_art7_share.number)
    regime[hotel] = REGIMES.index("public_venue")
    # next to a secret-holding organ a camera needs that organ's consent (Order 799 art. 10)
    organs = sites.node[category == kinds.CODE["military_secret_organ"]]
    public = np.isin(regime, [REGIMES.index(name) for name in ("public_state", "public_venue", "public_other")])
    regime[np.isin(sites.node, organs) & public] = REGIMES.index("secret_adjacent")
    secret = np.asarray(kinds.SECRET_OF, dtype=np.uint8)[category]
    for name, share in (("office", section.secret_share_office), ("factory", section.secret_share_factory)):
        secret[(category == kinds.CODE[name]) & (marks[:, 1] < share.number)] = SECRETS.index("commercial")
    sigma = section.place_size_sigma.number
    size = np.exp(sigma * ndtri(marks[:, 2]) - sigma**2 / 2.0)
    visits = np.asarray([section.place_visits.number(name) for name in CATEGORIES])[category]
    jobs = np.asarray([section.place_jobs.number(name) for name in CATEGORIES])[category]
    return {
        "place_regime": regime, "place_secret": secret,
        "place_scene": np.asarray(kinds.SCENE_OF, dtype=np.uint8)[category],
        "place_sensitive": np.asarray(kinds.SENSITIVE_OF)[category],
        "place_weight": (visits * size).astype(np.float32), "place_jobs": (jobs * size).astype(np.float32),
    }
