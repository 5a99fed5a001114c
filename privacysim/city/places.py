"""Homes and places on the streets: numbers, positions, regimes and sizes.

Regimes are place classes of State Council Order 799 (2025): art. 7(1) roads and squares, 7(2) crowded venues, 9 other
public places, 33 places that are not public, 8 places where cameras are prohibited, 10 next to secret-holding organs.
Where the text gives a class without a list (art. 9), the category's class is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import ndtri

from privacysim import draws
from privacysim.city.streets import Streets, adjacency
from privacysim.errors import InputError
from privacysim.readers.osm_tags import MAIN
from privacysim.scenario.sections import CitySection
from privacysim.vocabulary import CATEGORIES, REGIMES, SCENES, SECRETS, SENSITIVE

_DENSEST_PER_KM2 = 150_000.0


class Kind(NamedTuple):
    """Regime of a category's cameras, kind of secret inside, scene of its indoor cameras."""

    regime: str
    secret: str
    scene: str


KINDS: dict[str, Kind] = {
    "road": Kind("public_state", "none", "street"),
    "housing_compound": Kind("public_other", "none", "semi_private"),
    "home": Kind("private_home", "none", "private_space"),
    "office": Kind("residential_common", "none", "semi_private"),
    "factory": Kind("residential_common", "none", "semi_private"),
    "research_lab": Kind("residential_common", "commercial", "semi_private"),
    "small_shop": Kind("public_other", "none", "public_interior"),
    "restaurant": Kind("public_other", "none", "public_interior"),
    "mall": Kind("public_venue", "none", "public_interior"),
    "market": Kind("public_venue", "none", "public_interior"),
    "hotel": Kind("public_other", "none", "semi_private"),  # a share is public_venue: the text leaves it open
    "bank": Kind("public_venue", "commercial", "public_interior"),
    "clinic": Kind("public_other", "none", "semi_private"),
    "hospital": Kind("public_venue", "none", "public_interior"),
    "school": Kind("public_venue", "none", "semi_private"),
    "university": Kind("public_venue", "none", "semi_private"),
    "kindergarten": Kind("public_venue", "none", "semi_private"),
    "worship": Kind("public_other", "none", "public_interior"),
    "adult_shop": Kind("public_other", "none", "public_interior"),
    "entertainment": Kind("public_venue", "none", "public_interior"),
    "bath_massage": Kind("prohibited_site", "none", "private_space"),  # the inside; the door is seen from the street
    "culture_sport": Kind("public_venue", "none", "public_interior"),
    "park": Kind("public_venue", "none", "public_interior"),
    "union_ngo": Kind("residential_common", "none", "semi_private"),
    "government_hall": Kind("public_venue", "none", "public_interior"),
    "police_court": Kind("public_venue", "none", "semi_private"),
    "military_secret_organ": Kind("secret_adjacent", "state", "semi_private"),
    "metro_station": Kind("public_venue", "none", "public_interior"),
    "transport_hub": Kind("public_venue", "none", "public_interior"),
    "car_park": Kind("public_venue", "none", "public_interior"),
}
CENTRAL = ("office", "bank", "mall", "hotel", "government_hall", "entertainment")
"""Categories concentrated at the centre."""
CODE = {category: code for code, category in enumerate(CATEGORIES)}
REGIME_OF = [REGIMES.index(KINDS[category].regime) for category in CATEGORIES]
SECRET_OF = [SECRETS.index(KINDS[category].secret) for category in CATEGORIES]
SCENE_OF = [SCENES.index(KINDS[category].scene) for category in CATEGORIES]
SENSITIVE_OF = [category in SENSITIVE for category in CATEGORIES]


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """Places without entrances yet: category code and street node of each, homes first."""

    category: NDArray[np.uint8]
    node: NDArray[np.int32]
    home_people: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CityPlan:
    """Output of a city source before routes are computed; `word` says what was omitted."""

    streets: Streets
    sites: Sites
    hubs: NDArray[np.int32]
    place_x: NDArray[np.float32]
    place_y: NDArray[np.float32]
    buildings: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    cameras: list[dict[str, Any]] | None = None
    origin: tuple[float, float] | None = None
    word: str = ""


def apportion(total: int, weight: NDArray[np.float64]) -> NDArray[np.int64]:
    """Split `total` into whole numbers in proportion to `weight` (largest remainders; ties to the first).

    >>> apportion(10, np.array([1.0, 1.0, 2.0])).tolist()
    [3, 2, 5]
    """
    exact = total * (weight / weight.sum())
    whole = np.floor(exact).astype(np.int64)
    rest = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:rest]] += 1
    return whole


def choose_hubs(section: CitySection, streets: Streets) -> NDArray[np.int32]:
    """Choose attraction nodes, spread over the city in proportion to the square root of a node's residents; sorted.

    Sampling is systematic along the order of zones, so each part of the city has its share. There are at most
    `attraction_nodes_max`, and no node occurs twice.
    """
    nodes = streets.x.size
    wanted = max(1, min(int(section.attraction_nodes_max.number), round(section.attraction_node_share.number * nodes)))
    weight = np.sqrt(streets.home_weight + streets.home_weight.mean() * 0.1)
    return np.unique(systematic(section.seed, "city hubs", wanted, weight)).astype(np.int32)


def systematic(seed: int, stream: str, count: int, weight: NDArray[np.float64]) -> NDArray[np.int64]:
    """Draw `count` indices in proportion to `weight`, one from each equal part of the running sum."""
    within = draws.uniform(draws.stream_key(seed, 0, stream), np.arange(count))
    total = np.cumsum(weight)
    at = np.searchsorted(total, (np.arange(count) + within) / max(count, 1) * total[-1], side="right")
    return np.minimum(at, weight.size - 1)


def drawn_plan(section: CitySection, streets: Streets, people: int) -> CityPlan:
    """Return the plan of a city whose places are drawn: compounds, main-road crossings, and places by category.

    A housing compound is at each node with residents. Places of a category are drawn on nodes in proportion to
    residents, `attraction_node_pull` times as often on an attraction node. For categories of the centre, the
    probability falls with the distance from it.
    """
    hubs = choose_hubs(section, streets)
    residents = apportion(people, streets.home_weight)
    weight = residents + residents.mean() * 0.1
    weight[hubs] *= section.attraction_node_pull.number
    central = weight * np.exp(-section.office_gradient_per_km.number * np.hypot(streets.x, streets.y) / 1000.0)
    parts = [(CODE["road"], crossings(streets))]
    for category in CATEGORIES:
        count = round(section.places_per_1000.number(category) * people / 1000.0)
        chosen = central if category in CENTRAL else weight
        if category == "home":
            chosen = residents.astype(np.float64)
        if count:
            parts.append((CODE[category], systematic(section.seed, f"city places {category}", count, chosen)))
    sites = gather(parts, residents)
    return CityPlan(streets, sites, hubs, *entrances(section, streets, sites))


def mapped_plan(
    section: CitySection, streets: Streets, people: int, category: NDArray[np.int64], where: NDArray[np.float64]
) -> CityPlan:
    """Return the plan of a city whose places are mapped: their category codes, and rows (x, y) of their positions.

    Places belong to the nearest street node and keep their position. Homes are at street nodes. Attraction nodes are
    the nodes of visited places, limited to the busiest if there are too many.
    """
    residents = apportion(people, streets.home_weight)
    nearest = cKDTree(np.column_stack([streets.x, streets.y])).query(where)[1] if category.size else category
    dwellings = round(section.places_per_1000.home.number * people / 1000.0)
    home_nodes = systematic(section.seed, "city places home", dwellings, residents.astype(np.float64))
    parts = [(CODE["road"], crossings(streets)), (CODE["home"], home_nodes)]
    parts += [(int(code), nearest[category == code]) for code in np.unique(category)]
    sites = gather(parts, residents)
    x, y = entrances(section, streets, sites)
    if category.size:
        x[-category.size:], y[-category.size:] = where[np.argsort(category, kind="stable")].astype(np.float32).T
    visited = ~np.isin(sites.category, [CODE["housing_compound"], CODE["road"]])
    node, count = np.unique(sites.node[visited], return_counts=True)
    most = np.argsort(-count, kind="stable")[:int(section.attraction_nodes_max.number)]
    hubs = np.sort(node[most]) if node.size else np.unique(sites.node[:1])
    return CityPlan(streets, sites, hubs.astype(np.int32), x, y)


def refuse_crowds(where: str, streets: Streets, people: int) -> None:
    """Refuse a population too large for these streets: more people per km² than in any city."""
    km2 = max(float(np.ptp(streets.x) * np.ptp(streets.y)) / 1e6, 0.01)
    if people / km2 > _DENSEST_PER_KM2:
        raise InputError("population.people", f"the people of {where} ({km2:.1f} km²)", f"{people} people",
                         'write people = {value = …, assumption = "…"} in [population]')

def gather(parts: list[tuple[int, NDArray[np.int64]]], residents: NDArray[np.int64]) -> Sites:
    """Build sites from the residents of each node, whose homes come first, and from parts (category, nodes)."""
    at_home = np.flatnonzero(residents)
    parts = [(CODE["housing_compound"], at_home), *parts]
    category = np.concatenate([np.full(nodes.size, code, dtype=np.uint8) for code, nodes in parts])
    everybody = np.zeros(category.size, dtype=np.int64)
    everybody[:at_home.size] = residents[at_home]
    return Sites(category, np.concatenate([nodes for _, nodes in parts]).astype(np.int32), everybody)


def crossings(streets: Streets) -> NDArray[np.int64]:
    """Find nodes where at least three main-road edges meet."""
    main = streets.kind == MAIN
    ends = np.concatenate([streets.u[main], streets.v[main]])
    return np.flatnonzero(np.bincount(ends, minlength=streets.x.size) >= 3)


def entrances(
    section: CitySection, streets: Streets, sites: Sites
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Place entrances: `entrance_setback_m` beside one of the node's streets, up to `entrance_reach_m` along it.

    Entrances are never beyond the street's middle, where the next node begins; a `road` place is the crossing itself.
    """
    near = adjacency(streets.x.size, streets.u, streets.v)
    marks = draws.uniforms(draws.stream_key(section.seed, 0, "city entrances"), np.arange(sites.node.size), 3)
    degree = np.diff(near.start)[sites.node]
    slot = near.start[sites.node] + np.minimum((marks[:, 0] * degree).astype(np.int64), np.maximum(degree - 1, 0))
    other = near.node[slot] if near.node.size else sites.node
    x, y = streets.x[sites.node], streets.y[sites.node]
    dx, dy = streets.x[other] - x, streets.y[other] - y
    length = np.maximum(np.hypot(dx, dy), 1e-3)
    along = marks[:, 1] * np.minimum(section.entrance_reach_m.number, length / 2.0)
    beside = np.where(marks[:, 2] < 0.5, -1.0, 1.0) * section.entrance_setback_m.number
    on_road = sites.category == CODE["road"]
    along, beside = np.where(on_road, 0.0, along), np.where(on_road, 0.0, beside)
    dx, dy = dx / length, dy / length
    return (x + along * dx - beside * dy).astype(np.float32), (y + along * dy + beside * dx).astype(np.float32)


def nearest_hub(streets: Streets, hubs: NDArray[np.int32], sites: Sites) -> NDArray[np.int32]:
    """Find the hub nearest to each site in a straight line; −1 for housing compounds and unvisited road places."""
    tree = cKDTree(np.column_stack([streets.x[hubs], streets.y[hubs]]))
    of_node = tree.query(np.column_stack([streets.x, streets.y]))[1].astype(np.int32)
    unvisited = np.isin(sites.category, [CODE["housing_compound"], CODE["road"]])
    return np.where(unvisited, np.int32(-1), of_node[sites.node]).astype(np.int32)


def traits(section: CitySection, sites: Sites) -> dict[str, NDArray[np.generic]]:
    """Return regime, secret, scene, sensitive, attraction and jobs of each site; sizes are lognormal with mean 1."""
    category = sites.category
    marks = draws.uniforms(draws.stream_key(section.seed, 0, "city traits"), np.arange(category.size), 3)
    regime = np.asarray(REGIME_OF, dtype=np.uint8)[category]
    hotel = (category == CODE["hotel"]) & (marks[:, 0] < section.hotel_art7_share.number)
    regime[hotel] = REGIMES.index("public_venue")
    # next to a secret-holding organ, a camera needs that organ's consent (Order 799 art. 10)
    organs = sites.node[category == CODE["military_secret_organ"]]
    public = np.isin(regime, [REGIMES.index(name) for name in ("public_state", "public_venue", "public_other")])
    regime[np.isin(sites.node, organs) & public] = REGIMES.index("secret_adjacent")
    secret = np.asarray(SECRET_OF, dtype=np.uint8)[category]
    for name, share in (("office", section.secret_share_office), ("factory", section.secret_share_factory)):
        secret[(category == CODE[name]) & (marks[:, 1] < share.number)] = SECRETS.index("commercial")
    sigma = section.place_size_sigma.number
    size = np.exp(sigma * ndtri(marks[:, 2]) - sigma**2 / 2.0)
    visits = np.asarray([section.place_visits.number(name) for name in CATEGORIES])[category]
    jobs = np.asarray([section.place_jobs.number(name) for name in CATEGORIES])[category]
    return {
        "place_regime": regime, "place_secret": secret,
        "place_scene": np.asarray(SCENE_OF, dtype=np.uint8)[category],
        "place_sensitive": np.asarray(SENSITIVE_OF)[category],
        "place_weight": (visits * size).astype(np.float32), "place_jobs": (jobs * size).astype(np.float32),
    }
