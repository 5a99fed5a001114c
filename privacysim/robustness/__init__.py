"""Robustness: sensitivity analysis, scenario discovery and search for reforms over many variants of a study."""

from privacysim.robustness.discovery import Box, find_box, find_boxes
from privacysim.robustness.factors import Factor, factors_in, factors_of
from privacysim.robustness.frontier import Frontier, best_within, find_frontier
from privacysim.robustness.indices import morris_indices, morris_points, sobol_indices, sobol_points
from privacysim.robustness.levers import Design, load_design
from privacysim.robustness.search import nondominated
from privacysim.robustness.sensitivity import (
    Worlds,
    morris,
    prepare,
    ranking,
    ranking_words,
    sobol,
    tornado,
    worlds,
    worlds_table,
)

__all__ = [
    "Box", "Design", "Factor", "Frontier", "Worlds", "best_within", "factors_in", "factors_of", "find_box",
    "find_boxes", "find_frontier", "load_design", "morris", "morris_indices", "morris_points", "nondominated",
    "prepare", "ranking", "ranking_words", "sobol", "sobol_indices", "sobol_points", "tornado", "worlds",
    "worlds_table",
]
