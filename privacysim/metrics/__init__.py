"""Metrics of a study: one small function per metric, declared with all that a reader needs to judge it."""

from privacysim.metrics.known_metrics import (
    DECLARED,
    METRICS,
    Sums,
    add,
    chosen,
    contributions,
    headline,
    metric_named,
    parts,
    readings,
)
from privacysim.metrics.registry import FAMILIES, OUTPUTS, Metric, Reading, Rows, metric, ratio, total, totals_by_curve
from privacysim.metrics.seen import Footage, PeopleSeen, Records, Viewed
from privacysim.metrics.usefulness import viewer_hours

__all__ = [
    "DECLARED", "FAMILIES", "METRICS", "OUTPUTS", "Footage", "Metric", "PeopleSeen", "Reading", "Records", "Rows",
    "Sums", "Viewed", "add", "chosen", "contributions", "headline", "metric", "metric_named", "parts", "ratio",
    "readings", "total", "totals_by_curve", "viewer_hours",
]
