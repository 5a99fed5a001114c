"""What is measured: one small function per metric, declared with all that a reader needs to judge it.

And functions for anybody's data frames: unicity, background-knowledge risk, anonymity sets, released tables,
inequality, information, tracking.
"""

from privacysim.metrics import access, evidence, leaks, people
from privacysim.metrics.inequality import gini, lorenz, table_by, top_share
from privacysim.metrics.influence import contributions
from privacysim.metrics.information import attack_advantage, entropy_bits, mutual_information
from privacysim.metrics.registry import METRICS, Metric, Reading, Rows, metric, metric_named
from privacysim.metrics.reidentification import ATTACKS, reidentification_risk
from privacysim.metrics.released import ReleasedTable, released_table
from privacysim.metrics.seen import PeopleSeen, Records
from privacysim.metrics.sets import anonymity_sets, poisson_sets, sets_table
from privacysim.metrics.sums import Sums, add, parts, readings
from privacysim.metrics.tracking import Tracks, guess_error_m, time_to_confusion
from privacysim.metrics.uniqueness import unicity

__all__ = [
    "ATTACKS", "METRICS", "Metric", "PeopleSeen", "Reading", "Records", "ReleasedTable", "Rows", "Sums", "Tracks",
    "access", "add", "anonymity_sets", "attack_advantage", "contributions", "entropy_bits", "evidence", "gini",
    "guess_error_m", "leaks", "lorenz", "metric", "metric_named", "mutual_information", "parts", "people",
    "poisson_sets", "readings", "reidentification_risk", "released_table", "sets_table", "table_by",
    "time_to_confusion", "top_share", "unicity",
]
