"""Measures of identifiability and inequality for your own data frames, without a simulation.

Unicity, background-knowledge risk, anonymity sets, released tables, inequality, information, tracking.
"""

from privacysim.attacks.inequality import gini, lorenz, table_by, top_share
from privacysim.attacks.information import (ReleasedTable, attack_advantage, entropy_bits, epsilon_spent,
                                             guess_error_m, mutual_information, released_table)
from privacysim.attacks.reidentification import ATTACKS, reidentification_risk, unicity
from privacysim.attacks.sightings import Tracks, anonymity_sets, time_to_confusion

__all__ = ["ATTACKS", "ReleasedTable", "Tracks", "anonymity_sets", "attack_advantage", "entropy_bits", "epsilon_spent",
           "gini", "guess_error_m", "lorenz", "mutual_information", "reidentification_risk", "released_table",
           "table_by", "time_to_confusion", "top_share", "unicity"]
