"""Where cameras stand: the state's at junctions and along main roads, social ones at places.

A camera's operator class has its share of the stock; within a class a place gets cameras in proportion to what is
typical of its category (`camera_weight_*`), a housing compound in proportion to its residents. A class that has no
place in a city leaves its share to the other social classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacysim.city.city_model import City
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.vocabulary import CATEGORIES, OPERATORS

Floats = NDArray[np.float64]

STATE_CATEGORIES = ("government_hall", "police_court", "metro_station", "transport_hub", "park")
"""Places whose cameras are another state body's."""
_MAIN_ROAD = 0
_COMMERCIAL, _COMPOUND, _HOME = (OPERATORS.index(word) for word in ("commercial", "compound", "home"))


@dataclass(frozen=True, slots=True)
class Siting:
    """The law of a camera's place, given the city: no chance in it."""

    operator_bounds: Floats
    """(5,) cumulative shares of OPERATORS."""
    place_bounds: dict[int, Floats]
    """Operator code → cumulative weights of all places (other_state and the social classes)."""
    junctions: NDArray[np.int64]
    """Nodes where public security's cameras stand."""
    edges: NDArray[np.int64]
    """Main-road edges along which the rest of them stand."""
    edge_bounds: Floats
    """Cumulative lengths of these edges."""

    def place_weights(self, operator: int) -> Floats:
        """Share of that operator's cameras at each place; sums to 1."""
        bounds = self.place_bounds[operator]
        return np.diff(bounds, prepend=0.0) / bounds[-1]


def siting(city: City, scenario: Scenario) -> Siting:
    """Work out where cameras of each operator stand in this city."""
    section = scenario.cameras
    bounds = {code: np.cumsum(weights) for code, weights in _place_weights(city).items() if weights.sum() > 0}
    shares = np.zeros(len(OPERATORS))
    state = section.public_share.number
    shares[1] = state * section.other_state_share.number if 1 in bounds else 0.0
    shares[0] = state - shares[1]
    social = {_COMPOUND: section.compound_share.number, _HOME: section.home_share.number}
    social[_COMMERCIAL] = 1.0 - sum(social.values())
    social = {code: share for code, share in social.items() if code in bounds}
    if not social:
        expected = "places at which social cameras stand"
        raise InputError("city", expected, f"{city.name}: none", "give a city with places")
    for code, share in social.items():
        shares[code] = (1.0 - state) * share / sum(social.values())
    junctions, edges = _road_sites(city)
    return Siting(np.cumsum(shares), bounds, junctions, edges, np.cumsum(city.edge_mm[edges].astype(float)))


def _place_weights(city: City) -> dict[int, Floats]:
    by_category = np.zeros(len(CATEGORIES))
    for code, word in enumerate(CATEGORIES):
        if word != "road":
            by_category[code] = facts().value(f"camera_weight_{word}")
    category = np.asarray(city.place_category)
    weight = by_category[category]
    compound, home = (category == CATEGORIES.index(word) for word in ("housing_compound", "home"))
    state = np.isin(category, [CATEGORIES.index(word) for word in STATE_CATEGORIES])
    residents = np.asarray(city.home_people, dtype=float)
    compounds = np.where(compound, residents if residents[compound].any() else weight, 0.0)
    return {
        1: np.where(state, weight, 0.0),
        _COMMERCIAL: np.where(state | compound | home, 0.0, weight),
        _COMPOUND: compounds,
        _HOME: np.where(home, weight, 0.0) if home.any() else compounds,  # a door in a compound
    }


def _road_sites(city: City) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    edges = np.flatnonzero(np.asarray(city.edge_kind) == _MAIN_ROAD)
    if not edges.size:  # a district of lanes: its streets do what main roads do elsewhere
        edges = np.arange(city.edge_u.size)
    degree = np.diff(np.asarray(city.adj_start))
    on_main = np.zeros(degree.size, dtype=bool)
    on_main[city.edge_u[edges]] = on_main[city.edge_v[edges]] = True
    junctions = np.flatnonzero(on_main & (degree >= 3))
    return (junctions if junctions.size else np.flatnonzero(on_main)), edges


def operator_of_categories() -> NDArray[np.intp]:
    """Code in OPERATORS of whoever keeps a camera at a place of each category."""
    codes = np.full(len(CATEGORIES), _COMMERCIAL)
    codes[[CATEGORIES.index(word) for word in STATE_CATEGORIES]] = OPERATORS.index("other_state")
    codes[CATEGORIES.index("housing_compound")], codes[CATEGORIES.index("home")] = _COMPOUND, _HOME
    return codes


def secret_of_nodes(city: City) -> NDArray[np.uint8]:
    """Code in SECRETS that a camera at each street node has in view: the weightiest of the places there."""
    worst = np.zeros(city.node_x.size, dtype=np.uint8)
    np.maximum.at(worst, city.place_node, city.place_secret)
    return worst
