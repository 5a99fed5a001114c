"""Acts, actors, channels and their legality: gaps, acts by word, impunity, secrets and intimate scenes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privacysim import vocabulary as words
from privacysim.metrics.exposure_metrics import OUTSIDER
from privacysim.metrics.registry import Rows, metric, ratio, total
from privacysim.metrics.seen import Records

_ROWS = "rows of acts in [0, D); one day's crowd is one row"
_ADVERSE = ("civil_wrong", "pi_breach", "admin_offence", "crime")
_INTIMATE = ("semi_private", "private_space")
_NO_RIGHT = "every viewer whose act no rule authorises"


@metric(
    title="share of views that met no document", unit="share", direction="lower", family="access",
    sample="consistent", equation="#{views, document = none} / #{views}", source=_ROWS, value=ratio("views"),
    headline=5,
)
def views_without_document(seen: Records) -> Rows:
    """Viewing one's own consoles needs no document, and makes up most viewing."""
    views = (seen.acts["act"] == "view").to_numpy(dtype=bool)
    return Rows(seen.act_root[views], (seen.acts["document"] == "none").to_numpy(dtype=np.float64)[views])


def _silent(seen: Records, forbidden: bool) -> Rows:
    acts = seen.acts
    hit = (acts["legality"] == "ungoverned") & (acts["general"].isin(_ADVERSE) == forbidden)
    return Rows(seen.act_root, hit.to_numpy(dtype=np.float64))


@metric(
    title="hard gap: share of acts that nothing forbids and no camera rule governs", unit="share", direction="lower",
    family="gap", sample="consistent", equation="#{specific silent, general lawful or depends} / #{acts}",
    source=_ROWS, value=ratio("acts"), headline=6,
)
def gap_hard(seen: Records) -> Rows:
    """Acts that no camera rule addresses and general law does not forbid."""
    return _silent(seen, forbidden=False)


@metric(
    title="soft gap: share of acts that only everybody's law forbids", unit="share", direction="lower", family="gap",
    sample="consistent", equation="#{specific silent, general forbids} / #{acts}", source=_ROWS, value=ratio("acts"),
    headline=7,
)
def gap_soft(seen: Records) -> Rows:
    """Acts that general law forbids on paper, weakly enforced, and no camera rule addresses."""
    return _silent(seen, forbidden=True)


@metric(
    title="acts: {heading} {word}", unit="acts", family="legality", source=_ROWS, default=False,
    equation="#{acts whose {heading}, or whose camera's {heading}, is {word}}",
    by={"act": words.ACTS, "specific": words.SPECIFIC, "general": words.GENERAL, "legality": words.LEGALITIES,
        "channel": words.CHANNELS, "operator": words.OPERATORS, "regime": words.REGIMES},
)  # fmt: skip
def acts(seen: Records, heading: str, word: str) -> Rows:
    """Number of acts of each kind; operator and regime are those of the camera."""
    if heading not in ("operator", "regime"):
        return Rows(seen.act_root[(seen.acts[heading] == word).to_numpy(dtype=bool)])
    code = (words.OPERATORS if heading == "operator" else words.REGIMES).index(word)
    camera = seen.acts["camera_id"].to_numpy(dtype=np.int64)
    return Rows(seen.act_root[getattr(seen, heading)[camera] == code])


@metric(
    title="impunity: share of forbidden acts that no sanction followed", unit="share", direction="lower",
    family="legality", sample="consistent", range="0 … 1", value=ratio("forbidden acts"),
    equation="#{forbidden acts without a sanction by the end of the study} / #{forbidden acts}",
    source="audits: found, proved and in time; forbidden: by a camera rule or by everybody's law",
)
def impunity(seen: Records) -> Rows:
    """Acts forbidden on paper without consequence: not found, not proved, time-barred, or no sanction named."""
    forbidden = ((seen.acts["legality"] == "prohibited") | seen.acts["general"].isin(_ADVERSE)).to_numpy(dtype=bool)
    sanction = seen.audits["sanction"]
    followed = seen.audits["found"] & (sanction != "") & ~sanction.str.startswith("none")
    punished = seen.acts["act_id"].isin(seen.audits.loc[followed.to_numpy(dtype=bool), "act_id"])
    return Rows(seen.act_root[forbidden], ~punished.to_numpy(dtype=bool)[forbidden])


def _hours(acts: pd.DataFrame) -> Rows:
    return Rows(acts["root"].to_numpy(), acts["hours"].to_numpy(dtype=np.float64))


def _secrets(seen: Records, secret: str) -> pd.DataFrame:
    acts = seen.looked_at
    mine = seen.secret[acts["camera_id"].to_numpy(dtype=np.int64)] == words.SECRETS.index(secret)
    return acts[mine & acts["outsider"].to_numpy(dtype=bool)]


@metric(
    title="{word} secrets shown to outsiders", unit="camera-hours", direction="lower", family="secrets",
    attacker=OUTSIDER, output="time", by={"secret": words.SECRETS[1:]},
    equation="Σ attention · (to − from) / 3600 over acts at cameras with such a secret in view",
    source="the cameras' `secret`; rows of viewers, not a union",
)
def secret_camera_hours(seen: Records, heading: str, secret: str) -> Rows:
    """Interests other than personal privacy: commercial and state secrets in view."""
    return _hours(_secrets(seen, secret))


@metric(
    title="sites whose {word} secrets outsiders saw", unit="cameras", direction="lower", family="secrets",
    attacker=OUTSIDER, output="success", by={"secret": words.SECRETS[1:]}, source="the cameras' `secret`",
    equation="#{distinct cameras with such a secret at which an outsider looked}",
)
def secret_sites(seen: Records, heading: str, secret: str) -> Rows:
    """Each camera counts once, however often somebody looks."""
    return Rows(_secrets(seen, secret).drop_duplicates("camera_id")["root"].to_numpy())


def _intimate(seen: Records) -> pd.DataFrame:
    acts = seen.looked_at
    return acts[(acts["scene"].isin(_INTIMATE) & (acts["legality"] != "authorised")).to_numpy(dtype=bool)]


@metric(
    title="intimate scenes watched without a right", unit="camera-hours", direction="lower", family="voyeurism",
    attacker=_NO_RIGHT, output="time", source="acts: scene and legality",
    equation="Σ attention · (to − from) / 3600 over acts with scene semi-private or private and no authorisation",
)
def intimate_camera_hours(seen: Records) -> Rows:
    """Voyeurism in the plain sense: somebody watches a changing room, a treatment room or a bedroom."""
    return _hours(_intimate(seen))


@metric(
    title="expected viewings of intimate scenes without a right", unit="viewings", direction="lower",
    family="voyeurism", attacker=_NO_RIGHT, bounded=False, default=False, equation="Σ audience over the same acts",
    source="the expected audience, never a draw", value=total,
)
def intimate_viewings(seen: Records) -> Rows:
    """Secondary, because one crowd multiplies it without bound."""
    mine = _intimate(seen)
    return Rows(mine["root"].to_numpy(), mine["audience"].to_numpy(dtype=np.float64))
