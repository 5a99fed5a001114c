"""Metrics of acts and leaks: who looked, by which rule, at what, how long a stream stayed, and who discovered it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim import vocabulary as words
from privacysim.draws import Bools
from privacysim.exposure import BY_FACE
from privacysim.facts import facts
from privacysim.metrics.registry import Rows, ratio, shipped_metric
from privacysim.metrics.seen import Records
from privacysim.units import DAY_S

_ADVERSE = ("civil_wrong", "pi_breach", "admin_offence", "crime")
_NOT_PUBLIC = ("semi_private", "private_space")
_BOUND = (*words.STATE_ORGANS, "own_staff_on_duty", "own_staff_off_purpose", "contractor", "vendor_platform")


@shipped_metric(ratio("views"))
def views_without_document(seen: Records) -> Rows:
    """Viewing one's own consoles needs no document, and makes up most viewing."""
    views = (seen.acts["act"] == "view").to_numpy(dtype=bool)
    return Rows(seen.act_root[views], (seen.acts["document"] == "none").to_numpy()[views])


def _ungoverned(seen: Records, forbidden: bool) -> Rows:
    hit = (seen.acts["legality"] == "ungoverned") & (seen.acts["general"].isin(_ADVERSE) == forbidden)
    return Rows(seen.act_root, hit.to_numpy())


@shipped_metric(ratio("acts"))
def gap_hard(seen: Records) -> Rows:
    """Acts that no camera rule addresses and general law does not forbid."""
    return _ungoverned(seen, forbidden=False)


@shipped_metric(ratio("acts"))
def gap_soft(seen: Records) -> Rows:
    """Acts that general law forbids on paper, weakly enforced, and no camera rule addresses."""
    return _ungoverned(seen, forbidden=True)


@shipped_metric(by={"act": words.ACTS, "specific": words.SPECIFIC, "general": words.GENERAL,
                    "legality": words.LEGALITIES, "channel": words.CHANNELS, "operator": words.OPERATORS,
                    "regime": words.REGIMES})  # fmt: skip
def acts(seen: Records, heading: str, word: str) -> Rows:
    """Number of acts of each kind; operator and regime are those of the camera."""
    if heading not in ("operator", "regime"):
        return Rows(seen.act_root[(seen.acts[heading] == word).to_numpy(dtype=bool)])
    code = (words.OPERATORS if heading == "operator" else words.REGIMES).index(word)
    camera = seen.acts["camera_id"].to_numpy(dtype=np.int64)
    return Rows(seen.act_root[getattr(seen, heading)[camera] == code])


@shipped_metric(ratio("forbidden acts"))
def impunity(seen: Records) -> Rows:
    """Acts forbidden on paper without consequence: not found, not proved, time-barred, or no sanction named."""
    forbidden = ((seen.acts["legality"] == "prohibited") | seen.acts["general"].isin(_ADVERSE)).to_numpy(dtype=bool)
    sanction = seen.audits["sanction"]
    followed = seen.audits["found"] & (sanction != "") & ~sanction.str.startswith("none")
    punished = seen.acts["act_id"].isin(seen.audits.loc[followed.to_numpy(dtype=bool), "act_id"])
    return Rows(seen.act_root[forbidden], ~punished.to_numpy(dtype=bool)[forbidden])


def _flows(acts: pd.DataFrame) -> tuple[dict[str, Bools], dict[str, Bools]]:
    """Kinds of flows, named like their facts `norm_…`.

    By recipient and principle, of which the first that holds counts; by what is shown, which only raises the weight.
    """
    columns = {name: acts[name].cat for name in ("actor", "source", "channel", "document", "scene", "technique")}
    known = {name: (one.categories.tolist(), one.codes.to_numpy()) for name, one in columns.items()}

    def among(column: str, *these: str) -> Bools:
        categories, codes = known[column]
        return np.array([word in these for word in categories], dtype=bool)[codes]

    state, own = among("actor", *words.STATE_ORGANS), among("channel", "own_console", "live_monitor")
    filmed = among("actor", "person_filmed", "relative_or_guardian")
    private, by_face = among("scene", "private_space"), among("technique", *BY_FACE)
    return {
        "sold": among("source", "resale"),
        "secret": among("channel", "hidden") | among("source", "hidden", "breach"),
        "state_document": state & ~among("document", "none"),
        "duty": among("actor", "own_staff_on_duty") | (state & own),
        "state_bare": state | among("actor", "foreign_authority"),
        "filmed": filmed,
        "claim": among("actor", "victim_not_filmed", "defence_counsel", "civil_party"),
        "company": among("actor", "insurer", "employer", "company"),
        "vendor": among("actor", "contractor", "vendor_platform") & ~among("source", "insider"),
    }, {"private": private & ~filmed, "face_search": by_face & ~filmed}


@shipped_metric()
def flows_breaking_norms(seen: Records) -> Rows:
    """Flows weighted by the share of people who find them unacceptable; the law does not enter.

    A flow is one act of one recipient at one camera: a watched monitor, a delivery, a day of the website's crowd, which
    counts once however large it is. A private room, or a search by face, is at least as unacceptable as people find
    that by itself, except for the people filmed.
    """
    acts = seen.looked_at
    kinds, least = _flows(acts)
    share = {name: facts().value(f"norm_{name}") for name in (*kinds, *least, "stranger")}
    weight = np.select(list(kinds.values()), [share[name] for name in kinds], share["stranger"])
    for name, holds in least.items():
        weight = np.maximum(weight, holds * share[name])
    return Rows(acts["root"], weight * np.minimum(acts["audience"], 1.0))


def _secrets(seen: Records, secret: str) -> pd.DataFrame:
    acts = seen.looked_at
    mine = seen.secret[acts["camera_id"].to_numpy(dtype=np.int64)] == words.SECRETS.index(secret)
    return acts.loc[mine & acts["outsider"].to_numpy(dtype=bool), ["camera_id", "hours", "root"]]


@shipped_metric(by={"secret": dict(zip(words.SECRETS[1:], words.SECRETS[1:], strict=True))})
def secret_camera_hours(seen: Records, heading: str, secret: str) -> Rows:
    """Interests other than personal privacy: commercial and state secrets in view."""
    mine = _secrets(seen, secret)
    return Rows(mine["root"], mine["hours"])


@shipped_metric(by={"secret": dict(zip(words.SECRETS[1:], words.SECRETS[1:], strict=True))})
def secret_sites(seen: Records, heading: str, secret: str) -> Rows:
    """Each camera counts once, however often somebody looks."""
    return Rows(_secrets(seen, secret).drop_duplicates("camera_id")["root"])


@shipped_metric(by={"interest": words.INTERESTS})
def interests_breached(seen: Records, heading: str, interest: str) -> Rows:
    """Breaches of the duty of those who build, use and maintain cameras; none where no rule states that duty."""
    done = seen.acts["act"].isin(("disseminate", "sell")) & (seen.acts["legality"] == "prohibited")
    mine = (done & seen.acts["actor"].isin(_BOUND)).to_numpy(dtype=bool)
    acts, root = seen.acts[mine], seen.act_root[mine]
    if interest == "privacy":
        return Rows(root[acts["scene"].isin(_NOT_PUBLIC)])
    code = words.SECRETS.index(interest.removesuffix("_secret"))
    return Rows(root[seen.secret[acts["camera_id"].to_numpy(dtype=np.int64)] == code])


@shipped_metric(by={"scene": words.SCENES})
def watched_camera_hours(seen: Records, heading: str, scene: str) -> Rows:
    """A private space (a home, a bath) is intimate; a semi-private one (a yard, an office, a school) need not be."""
    acts = seen.looked_at
    mine = ((acts["scene"] == scene) & (acts["legality"] != "authorised")).to_numpy(dtype=bool)
    return Rows(acts["root"].to_numpy()[mine], acts["hours"].to_numpy()[mine])


def _streams(seen: Records) -> pd.DataFrame:
    return seen.incidents[seen.incidents["kind"] == "stream"]


@shipped_metric(by={"mechanism": words.MECHANISMS})
def cameras_listed(seen: Records, heading: str, mechanism: str) -> Rows:
    """Listed cameras by the mechanism of their listing; the founding case counted 185 of them in Guangzhou."""
    streams = _streams(seen)
    streams = streams[streams["mechanism"] == mechanism] if mechanism else streams
    opened = np.maximum(streams["opened_s"].to_numpy(dtype=float), 0.0)
    closed = np.minimum(streams["closed_s"].fillna(np.inf).to_numpy(dtype=float), seen.end_s)
    stay = np.maximum(closed - opened, 0.0)
    cameras = streams["cameras_n"].to_numpy(dtype=float)
    return Rows(streams["incident_id"], stay * cameras / seen.end_s, np.where(stay > 0, cameras, 0.0))


@shipped_metric()
def cameras_listed_at_end(seen: Records) -> Rows:
    """Cameras that a visitor of the website finds on the last day."""
    streams = _streams(seen)
    still = streams[(streams["opened_s"] <= seen.end_s) & ~(streams["closed_s"] < seen.end_s)]
    return Rows(still["incident_id"], still["cameras_n"], still["cameras_n"])


@shipped_metric(by={"closer": words.CLOSERS})
def streams_closed(seen: Records, heading: str, closer: str) -> Rows:
    """Closed streams, by who found them."""
    closed = seen.within(_streams(seen), "closed_s")
    return Rows(closed.loc[closed["discovered_by"] == closer, "incident_id"])


@shipped_metric()
def website_audience(seen: Records) -> Rows:
    """Expected viewers a day over all listed cameras; contributors are streams."""
    shown = seen.acts[(seen.acts["source"] == "stream") & (seen.acts["audience"] > 0)]
    viewers = shown.groupby("source_id")["audience"].sum()
    return Rows(viewers.index, viewers.to_numpy(dtype=float) / seen.days)


def _breaches(seen: Records) -> pd.DataFrame:
    """Incidents without unfounded complaints."""
    return seen.incidents[seen.incidents["kind"] != "complaint"]


@shipped_metric(ratio("incidents"))
def incidents_not_found(seen: Records) -> Rows:
    """Streams, leaks and breaches that continue, or have ended, without anybody knowing."""
    incidents = _breaches(seen)
    opened = incidents[(incidents["opened_s"] < seen.end_s) & ~(incidents["closed_s"] < 0)]
    return Rows(opened["incident_id"], ~(opened["discovered_s"].to_numpy(dtype=np.float64) < seen.end_s))


@shipped_metric(ratio("incidents found"))
def days_until_found(seen: Records) -> Rows:
    """Earliest time at which the people filmed could have been told."""
    found = seen.within(_breaches(seen), "discovered_s")
    return Rows(found["incident_id"], (found["discovered_s"] - found["opened_s"]) / DAY_S)
