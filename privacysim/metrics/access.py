"""How footage is reached: with which paper, under which rule, and where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim.metrics.registry import Rows, metric, ratio, total
from privacysim.metrics.seen import Records

_ACTS = "rows of acts in [0, D); one day's crowd is one row"
_FORBIDDEN = ("civil_wrong", "pi_breach", "admin_offence", "crime")


def _share(seen: Records, hit: pd.Series, among: pd.Series | None = None) -> Rows:
    chosen = np.ones(len(seen.acts), dtype=bool) if among is None else among.to_numpy(dtype=bool)
    total = hit.to_numpy(dtype=np.float64)[chosen]
    return Rows(seen.act_root[chosen], total, np.ones(total.size))


def _count(requests: pd.DataFrame) -> Rows:
    # requests of one case stand or fall together; others are roots of their own
    case, own = requests["case_id"].to_numpy(), requests["request_id"].to_numpy()
    ones = np.ones(len(requests))
    return Rows(np.where(case >= 0, case, -2 - own), ones, ones)


@metric(
    title="share of views that met no document", unit="share", direction="lower", family="access", of="records",
    sample="consistent", equation="#{views, document = none} / #{views}", source=_ACTS, value=ratio("views"),
)
def views_without_document(seen: Records) -> Rows:
    """Looking at one's own consoles needs none, and is most of all viewing."""
    return _share(seen, seen.acts["document"] == "none", among=seen.acts["act"] == "view")


@metric(
    title="hard gap: share of acts that nothing forbids and no camera rule governs", unit="share", direction="lower",
    family="gap", of="records", sample="consistent", equation="#{specific silent, general lawful or depends} / #{acts}",
    source=_ACTS, value=ratio("acts"),
)
def gap_hard(seen: Records) -> Rows:
    """Nobody's job, and nothing stops it."""
    acts = seen.acts
    return _share(seen, (acts["legality"] == "ungoverned") & ~acts["general"].isin(_FORBIDDEN))


@metric(
    title="soft gap: share of acts that only everybody's law forbids", unit="share", direction="lower", family="gap",
    of="records", sample="consistent", equation="#{specific silent, general forbids} / #{acts}", source=_ACTS,
    value=ratio("acts"),
)
def gap_soft(seen: Records) -> Rows:
    """Forbidden on paper, weakly enforced: no camera rule makes it anybody's job."""
    acts = seen.acts
    return _share(seen, (acts["legality"] == "ungoverned") & acts["general"].isin(_FORBIDDEN))


@metric(
    title="requests refused", unit="requests", direction="either", family="access", of="records",
    equation="#{outcome refused, decided in [0, D)}", source="requests", value=total,
)
def requests_refused(seen: Records) -> Rows:
    """Of every asker: state organs, people filmed, neighbours, the curious."""
    inside = (seen.requests["decided_s"] >= 0) & (seen.requests["decided_s"] < seen.end_s)
    return _count(seen.requests[inside & (seen.requests["outcome"] == "refused")])


@metric(
    title="requests lost to retention", unit="requests", direction="lower", family="access", of="records",
    equation="#{outcome unavailable because the footage was gone, decided in [0, D)}", source="requests", value=total,
)
def requests_lost_to_retention(seen: Records) -> Rows:
    """Footage erased before the request, or while it stood in the queue."""
    inside = (seen.requests["decided_s"] >= 0) & (seen.requests["decided_s"] < seen.end_s)
    gone = seen.requests["reason"].str.contains("expired|retention|erased")
    return _count(seen.requests[inside & gone & (seen.requests["outcome"] == "unavailable")])
