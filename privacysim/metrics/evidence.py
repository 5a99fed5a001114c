"""What cameras are good for: cases with admissible evidence, and how long it takes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim.metrics.registry import Rows, metric, ratio, total
from privacysim.metrics.seen import Records


def _first_delivery_s(seen: Records) -> pd.Series[float]:
    """When each case got its first admissible evidence, for cases that got it in [0, D)."""
    good = seen.requests[(seen.requests["evidence"] == "admissible") & (seen.requests["case_id"] >= 0)]
    first = good.groupby("case_id", observed=True)["delivered_s"].min()
    return first[(first >= 0) & (first < seen.end_s)]


@metric(
    title="cases with admissible evidence", unit="cases", direction="higher", family="usefulness", of="records",
    equation="#{cases whose first admissible evidence came in [0, D)}", source="requests; the cast's clues",
    value=total,
)
def cases_with_admissible_evidence(seen: Records) -> Rows:
    """Looking is not enough: delivered under a paper that the rules accept."""
    first = _first_delivery_s(seen)
    return Rows(first.index.to_numpy(), np.ones(len(first)), np.ones(len(first)))


@metric(
    title="hours from case to admissible evidence", unit="h", direction="lower", family="usefulness", of="records",
    panel="consistent", equation="mean of (first delivery − opening) / 3600 over these cases",
    source="requests and cases; only cases that got evidence are in it, so read it beside their number",
    value=ratio("cases with admissible evidence"),
)
def hours_to_evidence(seen: Records) -> Rows:
    """Mean waiting time of those cases."""
    first = _first_delivery_s(seen)
    waited = (first - seen.case_opened_s.reindex(first.index)).to_numpy(dtype=np.float64)
    return Rows(first.index.to_numpy(), waited / np.float64(3600), np.ones(len(first)))
