"""Balance checks of a Log: compare what each process reports with its acts, for tests and users.

Each incident counts its own viewers while it happens, and the acts are written separately; the two must be equal. A
granted request was viewed; evidence was taken along; a sale has its purchase and the copy that it sells; a published
piece has viewers; a misuse is a use. So a process that omits one of its acts is detected.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from privacysim.governance.log import Log
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.vocabulary import SOURCES

if TYPE_CHECKING:
    from privacysim.world.world_model import World

def imbalances(log: Log, world: World | None = None) -> list[str]:
    """Describe imbalances in sentences; empty if everything balances. `world` adds checks that need the world.

    >>> from privacysim.governance.balance import imbalances   # imbalances(simulate(world, arm, baseline=arm)) == []
    """
    return [*_audiences(log), *_links(log), *_requests(log), *(_routine(log, world) if world is not None else ())]


def _routine(log: Log, world: World) -> list[str]:
    """Check monitoring and rounds: the views that leave neither request nor incident."""
    if not len(log.custody):
        return []
    own = log.acts[log.acts["source"] == "monitor"]
    watched = int(((own["purpose"] == "live_guard") & (own["technique"] == "look")).sum())
    said = [f"{watched} of {len(world.monitors)} monitors are watched"] * (watched != len(world.monitors))
    recording = log.custody["recording"].to_numpy()[world.maintenance.camera]
    end = world.days * DAY_TICKS - HOUR_TICKS
    due = int((recording & (world.maintenance.tick >= 0) & (world.maintenance.tick < end)).sum())
    made = int((own["purpose"] == "maintenance").sum())
    return said + [f"{made} of at least {due} rounds of maintenance were made"] * (made < due)


def own_sources(log: Log) -> list[str]:
    """Return sources of acts from processes outside the package."""
    return sorted({source for sources in log.kinds.values() for source in sources} - set(SOURCES))


def _by(acts: pd.DataFrame, sources: Iterable[str]) -> pd.DataFrame:
    return acts[acts["source"].isin(list(sources))]


def _audiences(log: Log) -> list[str]:
    said = []
    for kind, sources in log.kinds.items():
        own = log.incidents[log.incidents["kind"] == kind]
        acts = _by(log.acts, sources)
        watched = acts.groupby("source_id")["audience"].sum()
        shown = own["incident_id"].map(watched).fillna(0.0).to_numpy()
        counted = own["audience"].to_numpy()
        off = np.flatnonzero(~np.isclose(shown, counted, rtol=1e-9, atol=1e-9))
        if off.size:
            said.append(
                f"{kind}: {off.size} of {len(own)} incidents count viewers that their acts do not show "
                f"(first: {counted[off[0]]:g} against {shown[off[0]]:g})"
            )
        known = _by(log.acts, [source for source in sources if source not in ("resale", "request", "publication")])
        lost = ~known["source_id"].isin(log.incidents["incident_id"])
        if lost.any():
            said.append(f"{kind}: {int(lost.sum())} acts belong to no incident")
    strange = set(log.incidents["kind"].unique()) - set(log.kinds)
    return said + [f"incidents of a kind that nobody counts: {', '.join(sorted(strange))}"] * bool(strange)


def _links(log: Log) -> list[str]:
    """Check links in chains: sale and purchase, copy and sale, publication and viewers, misuse and use."""
    acts = log.acts
    said = []
    parents = acts.loc[acts["parent_id"] >= 0, ["act_id", "parent_id", "act", "source"]]
    if acts["act_id"].duplicated().any():
        said.append(f"{int(acts['act_id'].duplicated().sum())} acts share their number with another")
    if not parents["parent_id"].isin(acts["act_id"]).all():
        said.append("acts follow from acts that are not in the Log")
    sold = acts[(acts["act"] == "sell") & acts["source"].isin(["resale", "stream"])]
    bought = acts[(acts["act"] == "buy") & acts["source"].isin(["resale", "stream"])]
    if len(sold) != len(bought):
        said.append(f"{len(sold)} sales against {len(bought)} purchases")
    looks = acts[(acts["act"] == "view") & (acts["source"] == "resale")]
    if len(looks) != (bought["source"] == "resale").sum():
        said.append("buyers who did not look at what they bought, or looked without buying")
    first = {"insider": "view", "breach": "view", "hidden": "copy"}
    for name in (*first, *own_sources(log)):
        chain = acts[acts["source"] == name]
        heads = chain[chain["parent_id"] < 0]
        missing = set(chain["source_id"]) - set(heads.loc[heads["act"] == first.get(name, heads["act"]), "source_id"])
        # the head may lie before day 0; then its children have no parent either
        said += [f"{name}: {len(missing)} chains without their first act"] * bool(
            [one for one in missing if _opened(log, one) >= 0]
        )
    published = acts[(acts["act"] == "disseminate") & (acts["source"] != "stream")]
    shown = published[published["channel"].isin(["open_stream"]) | (published["source"] == "publication")]
    watched = set(acts.loc[acts["audience"] > 0, "parent_id"])
    silent = ~shown["act_id"].isin(watched)
    if silent.any():
        said.append(f"{int(silent.sum())} publications that nobody looks at")
    misused = (log.incidents["kind"] == "misuse").sum()
    uses = (acts["act"] == "use").sum()
    if misused != uses:
        said.append(f"{misused} misuses against {uses} uses")
    return said


def _opened(log: Log, incident: int) -> float:
    found = log.incidents.loc[log.incidents["incident_id"] == incident, "opened_s"]
    return float(found.iloc[0]) if len(found) else -1.0


def _requests(log: Log) -> list[str]:
    """Check requests: granted and delivered in [0, D) means viewed; admissible means taken along."""
    end_s = float(log.days * 86_400)
    asked = log.requests
    met = asked[(asked["outcome"] == "granted") & (asked["delivered_s"] >= 0) & (asked["delivered_s"] < end_s)]
    acts = log.acts[log.acts["source"].isin(["request", "informal", *own_sources(log)])]
    looked = set(acts.loc[acts["act"] == "view", "source_id"])
    said = []
    # a console that showed something before its document was signed was viewed at that time
    blind = met[~met["request_id"].isin(looked) & (met["channel"] == "request")]
    if len(blind):
        said.append(f"{len(blind)} granted requests that nobody looked at (first: {blind['reason'].iloc[0]!r})")
    proof = met[(met["evidence"] == "admissible") & (met["case_id"] >= 0)]
    taken = set(acts.loc[acts["act"].isin(["acquire", "copy"]), "source_id"])
    lost = proof[~proof["request_id"].isin(taken)]
    if len(lost):
        said.append(f"{len(lost)} requests with admissible evidence of which nothing was taken along")
    requested = acts[acts["source"] == "request"]
    unasked = requested[~requested["source_id"].isin(asked["request_id"])]
    if len(unasked):
        said.append(f"{len(unasked)} acts on requests that nobody made")
    return said
