"""What is measured: one small function per metric, declared with all that a reader needs to judge it.

And functions for anybody's data frames: unicity, background-knowledge risk, anonymity sets, released tables,
inequality, information, tracking.
"""

from privacysim.metrics import access, equity, evidence, footage, leaks, legality, necessity, people, secrets, viewed
from privacysim.metrics.flow import TripLaw, flow_field, flow_sets, trip_law
from privacysim.metrics.inequality import gini, lorenz, table_by, top_share
from privacysim.metrics.influence import contributions
from privacysim.metrics.information import attack_advantage, entropy_bits, mutual_information
from privacysim.metrics.registry import (
    FAMILIES,
    METRICS,
    OUTPUTS,
    Metric,
    Reading,
    Rows,
    metric,
    metric_named,
    wanted_metrics,
)
from privacysim.metrics.reidentification import ATTACKS, reidentification_risk
from privacysim.metrics.released import ReleasedTable, released_table
from privacysim.metrics.seen import Footage, PeopleSeen, Records, Viewed
from privacysim.metrics.sets import anonymity_sets, poisson_sets, sets_table
from privacysim.metrics.sums import Sums, add, parts, readings
from privacysim.metrics.tracking import Tracks, guess_error_m, time_to_confusion
from privacysim.metrics.uniqueness import unicity

__all__ = [
    "ATTACKS",
    "FAMILIES",
    "METRICS",
    "OUTPUTS",
    "Footage",
    "Metric",
    "PeopleSeen",
    "Reading",
    "Records",
    "ReleasedTable",
    "Rows",
    "Sums",
    "Tracks",
    "TripLaw",
    "Viewed",
    "access",
    "add",
    "anonymity_sets",
    "attack_advantage",
    "contributions",
    "entropy_bits",
    "equity",
    "evidence",
    "flow_field",
    "flow_sets",
    "footage",
    "gini",
    "guess_error_m",
    "leaks",
    "legality",
    "lorenz",
    "metric",
    "metric_named",
    "mutual_information",
    "necessity",
    "parts",
    "people",
    "poisson_sets",
    "readings",
    "reidentification_risk",
    "released_table",
    "secrets",
    "sets_table",
    "table_by",
    "time_to_confusion",
    "top_share",
    "trip_law",
    "unicity",
    "viewed",
    "wanted_metrics",
]
