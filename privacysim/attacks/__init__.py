"""Measures of identifiability and inequality for your own data frames, without a simulation.

Unicity, background-knowledge risk, anonymity sets, released tables, inequality, information, tracking.
"""

from privacysim.attacks.flow import TripLaw, flow_field, flow_sets, trip_law
from privacysim.attacks.inequality import gini, lorenz, table_by, top_share
from privacysim.attacks.information import attack_advantage, entropy_bits, mutual_information
from privacysim.attacks.reidentification import ATTACKS, reidentification_risk
from privacysim.attacks.released import ReleasedTable, released_table
from privacysim.attacks.sets import anonymity_sets, poisson_sets, sets_table
from privacysim.attacks.tracking import Tracks, guess_error_m, time_to_confusion
from privacysim.attacks.uniqueness import unicity

__all__ = [
    "ATTACKS", "ReleasedTable", "Tracks", "TripLaw", "anonymity_sets", "attack_advantage", "entropy_bits",
    "flow_field", "flow_sets", "gini", "guess_error_m", "lorenz", "mutual_information", "poisson_sets",
    "reidentification_risk", "released_table", "sets_table", "table_by", "time_to_confusion", "top_share",
    "trip_law", "unicity",
]
