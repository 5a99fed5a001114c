"""Metrics of a study: one small function per metric, declared with all that a reader needs to judge it."""

from privacysim.metrics.known_metrics import (DECLARED, METRICS, Contributions, Sums, add, chosen, contributions,
                                              headline, metric_named, parts, readings)
from privacysim.metrics.request_metrics import first_evidence_s, viewer_hours
from privacysim.metrics.registry import (FAMILIES, OUTPUTS, Metric, MetricValue, Rows, metric, ratio, total,
                                         totals_by_curve)
from privacysim.metrics.seen import Footage, PeopleSeen, Records, Viewed

__all__ = ["DECLARED", "FAMILIES", "METRICS", "OUTPUTS", "Contributions", "Footage", "Metric", "MetricValue",
           "PeopleSeen", "Records", "Rows", "Sums", "Viewed", "add", "chosen", "contributions", "first_evidence_s",
           "headline", "metric", "metric_named", "parts", "ratio", "readings", "total", "totals_by_curve",
           "viewer_hours"]
