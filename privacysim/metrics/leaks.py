"""The live-video website: how many cameras it lists, through which mechanism, who closes them, who looks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim.metrics.registry import Rows, metric, total
from privacysim.metrics.seen import Records
from privacysim.vocabulary import CLOSERS, MECHANISMS

_SOURCE = "incidents of kind stream, from the listing to its closing"


def _streams(seen: Records) -> pd.DataFrame:
    return seen.incidents[seen.incidents["kind"] == "stream"]


def _listed(streams: pd.DataFrame, end_s: float) -> Rows:
    """Share of the study that each stream was listed, times its cameras."""
    opened = np.maximum(streams["opened_s"].to_numpy(dtype=float), 0.0)
    closed = np.minimum(streams["closed_s"].fillna(np.inf).to_numpy(dtype=float), end_s)
    stay = np.maximum(closed - opened, 0.0)
    cameras = streams["cameras_n"].to_numpy(dtype=float)
    return Rows(streams["incident_id"].to_numpy(), stay * cameras / end_s, np.where(stay > 0, cameras, 0.0))


def _counted(streams: pd.DataFrame, weight: str = "") -> Rows:
    count = streams[weight].to_numpy(dtype=float) if weight else np.ones(len(streams))
    return Rows(streams["incident_id"].to_numpy(), count, count)


@metric(
    title="cameras listed on the website, mean over the study", unit="cameras", direction="lower", family="leaks",
    of="records", equation="Σ stay within [0, D) / D", source=_SOURCE, value=total,
)
def cameras_listed(seen: Records) -> Rows:
    """The founding case counted 185 of them in Guangzhou."""
    return _listed(_streams(seen), seen.end_s)


@metric(
    title="cameras listed at the end of the study", unit="cameras", direction="lower", family="leaks", of="records",
    equation="#{opened ≤ D, not closed by D}", source=_SOURCE, value=total,
)
def cameras_listed_at_end(seen: Records) -> Rows:
    """What a visitor of the website finds on the last day."""
    streams = _streams(seen)
    still = (streams["opened_s"] <= seen.end_s) & ~(streams["closed_s"] < seen.end_s)
    return _counted(streams[still], "cameras_n")


def _by_mechanism(mechanism: str) -> None:
    @metric(
        name=f"cameras_listed_{mechanism}", title=f"cameras listed: {mechanism.replace('_', ' ')}", unit="cameras",
        direction="lower", family="leaks", of="records", equation="as cameras_listed, of one mechanism",
        source=_SOURCE, value=total,
    )
    def listed(seen: Records) -> Rows:
        streams = _streams(seen)
        return _listed(streams[streams["mechanism"] == mechanism], seen.end_s)


for _mechanism in MECHANISMS:
    _by_mechanism(_mechanism)


def _by_closer(closer: str) -> None:
    @metric(
        name=f"streams_closed_by_{closer}", title=f"streams closed: {closer}", unit="streams", direction="either",
        family="leaks", of="records", equation="#{closed in [0, D)} by who found it", source=_SOURCE, value=total,
    )
    def closed(seen: Records) -> Rows:
        streams = _streams(seen)
        inside = (streams["closed_s"] >= 0) & (streams["closed_s"] < seen.end_s)
        return _counted(streams[inside & (streams["discovered_by"] == closer)])


for _closer in CLOSERS:
    _by_closer(_closer)


@metric(
    title="website audience a day", unit="viewers a day", direction="lower", family="leaks", of="records",
    bounded=False, equation="Σ audience of acts that show a stream / D", value=total,
    source="the expected audience of a camera given its category, never one draw of a heavy tail",
)
def website_audience(seen: Records) -> Rows:
    """Expected viewers a day over all listed cameras; contributors are streams."""
    shown = seen.acts[(seen.acts["source"] == "stream") & (seen.acts["audience"] > 0)]
    viewers = shown.groupby("source_id")["audience"].sum()
    return Rows(viewers.index.to_numpy(), viewers.to_numpy(dtype=float) / seen.days, np.ones(len(viewers)))
