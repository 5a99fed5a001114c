"""Robustness: what to measure next, and the search for reforms over many variants of a study."""

from privacysim.robustness.frontier import Frontier, best_within, find_frontier
from privacysim.robustness.levers import Design, load_design
from privacysim.robustness.matching import match
from privacysim.robustness.observations import read_observations
from privacysim.robustness.worth import worth

__all__ = ["Design", "Frontier", "best_within", "find_frontier", "load_design", "match", "read_observations", "worth"]
