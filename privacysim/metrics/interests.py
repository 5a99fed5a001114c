"""Interests beside personal privacy: commercial and state secrets in view, scenes that nobody has a right to watch."""

from __future__ import annotations

import numpy as np

from privacysim.metrics.persons import OUTSIDER
from privacysim.metrics.registry import Rows, metric, total
from privacysim.metrics.seen import Records
from privacysim.vocabulary import SECRETS

_INTIMATE = ("semi_private", "private_space")


def _kind(code: int, kind: str) -> None:
    def _mine(seen: Records) -> np.ndarray:
        acts = seen.looked_at
        secret = seen.secret[acts["camera_id"].to_numpy(dtype=np.int64)]
        return (secret == code) & acts["outsider"].to_numpy(dtype=bool)

    @metric(
        name=f"{kind}_secret_camera_hours", title=f"{kind} secrets shown to outsiders", unit="camera-hours",
        direction="lower", family="secrets", of="records", attacker=OUTSIDER, value=total, output="time",
        equation="Σ attention · (to − from) / 3600 over acts at cameras with such a secret in view",
        source="the cameras' `secret`; rows of viewers, not a union",
    )
    def camera_hours(seen: Records) -> Rows:
        acts = seen.looked_at[_mine(seen)]
        return Rows(acts["root"].to_numpy(), acts["hours"].to_numpy(dtype=np.float64), np.ones(len(acts)))

    @metric(
        name=f"{kind}_secret_sites", title=f"sites whose {kind} secrets outsiders saw", unit="cameras",
        direction="lower", family="secrets", of="records", attacker=OUTSIDER, value=total, output="success",
        equation="#{distinct cameras with such a secret at which an outsider looked}", source="the cameras' `secret`",
    )
    def sites(seen: Records) -> Rows:
        acts = seen.looked_at[_mine(seen)].drop_duplicates("camera_id")
        return Rows(acts["root"].to_numpy(), np.ones(len(acts)), np.ones(len(acts)))


for _code, _word in enumerate(SECRETS):
    if _word != "none":
        _kind(_code, _word)


@metric(
    title="intimate scenes watched without a right", unit="camera-hours", direction="lower", family="voyeurism",
    of="records", attacker="every viewer whose act no rule authorises", value=total, output="time",
    equation="Σ attention · (to − from) / 3600 over acts with scene semi-private or private and no authorisation",
    source="acts: scene and legality",
)
def intimate_camera_hours(seen: Records) -> Rows:
    """Voyeurism in the plain sense: somebody watches a changing room, a treatment room or a bedroom."""
    acts = seen.looked_at
    mine = acts[(acts["scene"].isin(_INTIMATE) & (acts["legality"] != "authorised")).to_numpy(dtype=bool)]
    return Rows(mine["root"].to_numpy(), mine["hours"].to_numpy(dtype=np.float64), np.ones(len(mine)))


@metric(
    title="expected viewings of intimate scenes without a right", unit="viewings", direction="lower",
    family="voyeurism", of="records", attacker="every viewer whose act no rule authorises", value=total,
    bounded=False, default=False, equation="Σ audience over the same acts",
    source="the expected audience, never a draw",
)
def intimate_viewings(seen: Records) -> Rows:
    """Secondary, since one crowd multiplies it without bound."""
    acts = seen.looked_at
    mine = acts[(acts["scene"].isin(_INTIMATE) & (acts["legality"] != "authorised")).to_numpy(dtype=bool)]
    return Rows(mine["root"].to_numpy(), mine["audience"].to_numpy(dtype=np.float64), np.ones(len(mine)))
