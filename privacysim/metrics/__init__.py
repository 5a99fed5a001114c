"""What is measured: one small function per metric, declared with all that a reader needs to judge it."""

from privacysim.metrics import access, evidence, leaks, people
from privacysim.metrics.influence import contributions
from privacysim.metrics.registry import METRICS, Metric, Reading, Rows, metric, metric_named
from privacysim.metrics.seen import PeopleSeen, Records
from privacysim.metrics.sums import Sums, add, parts, readings

__all__ = [
    "METRICS", "Metric", "PeopleSeen", "Reading", "Records", "Rows", "Sums", "access", "add", "contributions",
    "evidence", "leaks", "metric", "metric_named", "parts", "people", "readings",
]
