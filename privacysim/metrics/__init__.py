"""What is measured: one small function per metric, declared with all that a reader needs to judge it.
"""

from privacysim.metrics import (
    access,
    equity,
    filmed,
    interests,
    lawfulness,
    leaks,
    looked_at,
    necessity,
    persons,
    usefulness,
)
from privacysim.metrics.influence import contributions
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
from privacysim.metrics.seen import Footage, PeopleSeen, Records, Viewed
from privacysim.metrics.sums import Sums, add, parts, readings

__all__ = [
    "FAMILIES",
    "METRICS",
    "OUTPUTS",
    "Footage",
    "Metric",
    "PeopleSeen",
    "Reading",
    "Records",
    "Rows",
    "Sums",
    "Viewed",
    "access",
    "add",
    "contributions",
    "equity",
    "filmed",
    "interests",
    "lawfulness",
    "leaks",
    "looked_at",
    "metric",
    "metric_named",
    "necessity",
    "parts",
    "persons",
    "readings",
    "usefulness",
    "wanted_metrics",
]
