"""Leaks and their consequences: the live-video website, undetected incidents, people who are never told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim.metrics.registry import Rows, metric, ratio
from privacysim.metrics.seen import Records
from privacysim.units import DAY_S
from privacysim.vocabulary import CLOSERS, MECHANISMS

_SOURCE = "incidents of kind stream, from the listing to its closing"


def _streams(seen: Records) -> pd.DataFrame:
    return seen.incidents[seen.incidents["kind"] == "stream"]


@metric(
    title="cameras listed: {word}", unit="cameras", direction="lower", family="leaks",
    equation="Σ stay within [0, D) / D", source=_SOURCE, by={"mechanism": MECHANISMS}, headline=3,
    whole="cameras listed on the website, mean over the study",
)
def cameras_listed(seen: Records, heading: str, mechanism: str) -> Rows:
    """Listed cameras by the mechanism of their listing; the founding case counted 185 of them in Guangzhou."""
    streams = _streams(seen)
    streams = streams[streams["mechanism"] == mechanism] if mechanism else streams
    opened = np.maximum(streams["opened_s"].to_numpy(dtype=float), 0.0)
    closed = np.minimum(streams["closed_s"].fillna(np.inf).to_numpy(dtype=float), seen.end_s)
    stay = np.maximum(closed - opened, 0.0)
    cameras = streams["cameras_n"].to_numpy(dtype=float)
    return Rows(streams["incident_id"].to_numpy(), stay * cameras / seen.end_s, np.where(stay > 0, cameras, 0.0))


@metric(
    title="cameras listed at the end of the study", unit="cameras", direction="lower", family="leaks",
    equation="#{opened ≤ D, not closed by D}", source=_SOURCE, headline=17,
)
def cameras_listed_at_end(seen: Records) -> Rows:
    """Cameras that a visitor of the website finds on the last day."""
    streams = _streams(seen)
    still = streams[(streams["opened_s"] <= seen.end_s) & ~(streams["closed_s"] < seen.end_s)]
    count = still["cameras_n"].to_numpy(dtype=float)
    return Rows(still["incident_id"].to_numpy(), count, count)


@metric(
    title="streams closed: {word}", unit="streams", family="leaks", equation="#{closed in [0, D)} by who found it",
    source=_SOURCE, by={"closer": CLOSERS},
)
def streams_closed(seen: Records, heading: str, closer: str) -> Rows:
    """Closed streams, by who found them."""
    closed = seen.within(_streams(seen), "closed_s")
    return Rows(closed.loc[closed["discovered_by"] == closer, "incident_id"].to_numpy())


@metric(
    title="website audience a day", unit="viewers a day", direction="lower", family="leaks", bounded=False,
    equation="Σ audience of acts that show a stream / D", headline=4,
    source="the expected audience of a camera given its category, never one draw of a heavy tail",
)
def website_audience(seen: Records) -> Rows:
    """Expected viewers a day over all listed cameras; contributors are streams."""
    shown = seen.acts[(seen.acts["source"] == "stream") & (seen.acts["audience"] > 0)]
    viewers = shown.groupby("source_id")["audience"].sum()
    return Rows(viewers.index.to_numpy(), viewers.to_numpy(dtype=float) / seen.days)


@metric(
    title="share of incidents that nobody had found by the end", unit="share", direction="lower", family="legality",
    sample="consistent", range="0 … 1", value=ratio("incidents"), source="incidents",
    equation="#{open in [0, D), not discovered by D} / #{open in [0, D)}",
)
def incidents_not_found(seen: Records) -> Rows:
    """Streams, leaks and breaches that continue, or ended, without anybody knowing."""
    opened = seen.incidents[(seen.incidents["opened_s"] < seen.end_s) & ~(seen.incidents["closed_s"] < 0)]
    return Rows(opened["incident_id"].to_numpy(), ~(opened["discovered_s"].to_numpy(dtype=np.float64) < seen.end_s))


@metric(
    title="days until an incident was found", unit="d", direction="lower", family="legality", sample="consistent",
    value=ratio("incidents found"), output="time",
    equation="mean of (discovered − opened) / 86 400 over incidents discovered in [0, D)",
    source="incidents; only those that were found are in it, so read it beside the share that nobody found",
)
def days_until_found(seen: Records) -> Rows:
    """Earliest time at which anybody filmed could have been told."""
    found = seen.within(seen.incidents, "discovered_s")
    days = (found["discovered_s"] - found["opened_s"]).to_numpy(dtype=np.float64) / DAY_S
    return Rows(found["incident_id"].to_numpy(), days)


def _filmed(seen: Records, asked: pd.DataFrame, leaks: pd.DataFrame, values: tuple[pd.Series, pd.Series]) -> Rows:
    root = np.concatenate((seen.request_roots(asked), leaks["incident_id"].to_numpy()))
    return Rows(root, np.concatenate([one.to_numpy(dtype=float) for one in values]))


@metric(
    title="share of granted requests and of leaks of which the people filmed are never told", unit="share",
    direction="lower", family="gap", sample="consistent", value=ratio("requests and leaks"),
    equation="#{told_s missing} / #{granted requests delivered in [0, D), incidents open in it}", range="0 … 1",
    source="notice after a warrant, notice of a breach (PIPL 57), one's own request, one's own complaint",
)
def never_told(seen: Records) -> Rows:
    """People who were filmed and never told; they cannot complain of what they do not know."""
    leaks = seen.incidents[seen.incidents["kind"] != "duty_breach"]
    met = seen.within(seen.requests[seen.requests["outcome"] == "granted"], "delivered_s")
    return _filmed(seen, met, leaks, (met["told_s"].isna(), leaks["told_s"].isna()))


@metric(
    title="days until the people filmed are told, of those who are", unit="d", direction="lower", family="gap",
    sample="consistent", value=ratio("people told"), output="time",
    equation="mean of (told − delivered, or told − opened) / 86 400", source="requests and incidents with a notice",
)
def days_until_told(seen: Records) -> Rows:
    """Covers only those who are ever told: read it together with the share never told."""
    met = seen.within(seen.requests[seen.requests["told_s"].notna()], "delivered_s")
    found = seen.incidents[seen.incidents["told_s"].notna()]
    waits = (met["told_s"] - met["delivered_s"]) / DAY_S, (found["told_s"] - found["opened_s"]) / DAY_S
    return _filmed(seen, met, found, waits)
