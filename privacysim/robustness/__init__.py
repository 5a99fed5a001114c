"""Robustness: sensitivity analysis, scenario discovery and search for reforms over many variants of a study."""

from privacysim.robustness.discovery import Box, find_box, find_boxes
from privacysim.robustness.factors import Factor, factors_in, factors_of
from privacysim.robustness.frontier import Frontier, best_within, find_frontier
from privacysim.robustness.levers import Design, load_design
from privacysim.robustness.sensitivity import (Worlds, global_indices, index_points, index_table, prepare, ranking,
                                               ranking_words, tornado, worlds, worlds_table)
from privacysim.robustness.worth import worth

__all__ = ["Box", "Design", "Factor", "Frontier", "Worlds", "best_within", "factors_in", "factors_of", "find_box",
           "find_boxes", "find_frontier", "global_indices", "index_points", "index_table", "load_design", "prepare",
           "ranking", "ranking_words", "tornado", "worlds", "worlds_table", "worth"]
