"""Rights to a walk's footage under each policy: who may see it, who might anyway, and until when.

It asks each policy one question per typical asker. "May" means that the rules offer this asker a route (a document, an
approval, or none needed). "Might anyway" means that people of this kind look in practice, in the ways that
`governance` simulates, although no rule gives them a route; the answer says whether rules forbid it or are silent.
Maps often lack the operator: an unknown one counts as a shop, and this also sets the class of place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import pandas as pd

from privacysim.policy import load_arms
from privacysim.policy.arm import Arm
from privacysim.policy.questions import Question
from privacysim.tracks.dosimeter import Dose
from privacysim.vocabulary import OPERATORS, REGIMES


class Asker(NamedTuple):
    """Kind of person who may want to see somebody's walk, with purpose and channel."""

    requester: str
    purpose: str
    channel: str
    own: bool = False


ASKERS = (
    Asker("public_security", "criminal_case", "request"),
    Asker("public_security", "live_guard", "shared_platform"),
    Asker("state_security", "counter_espionage", "request"),
    Asker("procuratorate", "criminal_case", "request"),
    Asker("court", "civil_trial", "request"),
    Asker("emergency_authority", "emergency", "request"),
    Asker("own_staff_on_duty", "live_guard", "live_monitor", own=True),
    Asker("person_filmed", "data_subject_access", "request"),
    Asker("relative_or_guardian", "missing_person", "request"),
    Asker("defence_counsel", "defence", "request"),
    Asker("insurer", "private_claim", "request"),
    Asker("neighbour", "private_claim", "request"),
    Asker("employer", "private_claim", "request"),
    Asker("media", "news", "request"),
    Asker("own_staff_off_purpose", "curiosity", "own_console", own=True),
    Asker("vendor_platform", "commerce", "shared_platform"),
    Asker("curious", "curiosity", "open_stream"),
)
_REGIME_OF = {
    "public_security": "public_state", "other_state": "public_state", "commercial": "public_other",
    "compound": "public_other", "home": "private_home",
}  # fmt: skip
_UNKNOWN_AS = "commercial"
_COLUMNS = ["policy", "operator", "regime", "cameras", "requester", "purpose", "channel", "may", "document", "legality",
            "gap", "kept_s", "kept_low_s", "kept_high_s", "mask"]  # fmt: skip


def rights(dose: Dose, policies: Sequence[str], law_date: date,
           readings: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
    """Table with one row per policy, kind of camera that saw the walk, and asker.

    Columns: policy, operator, regime, cameras (count), requester, purpose, channel, may (yes, no, or under which
    condition), document, legality of looking without that condition (authorised, ungoverned or prohibited), gap (hard,
    soft or empty), kept_s, kept_low_s, kept_high_s (how long after the walk footage exists), mask.
    """
    kinds = Counter(_kind(dose, index) for index in dose.cameras["index"])
    arms = [arm for arm in load_arms(policies, readings or {}, law_date) if arm.footage]
    rows = [_row(arm, *kind, kinds[kind], asker) for arm in arms for kind in sorted(kinds) for asker in ASKERS]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _kind(dose: Dose, index: int) -> tuple[str, str]:
    """Operator and regime of a camera, as far as they are mapped."""
    code, place = int(dose.mapped.operator[index]), int(dose.mapped.regime[index])
    operator = OPERATORS[code] if code >= 0 else _UNKNOWN_AS
    return operator, REGIMES[place] if place >= 0 else _REGIME_OF[operator]


def _row(arm: Arm, operator: str, regime: str, count: int, asker: Asker) -> tuple[object, ...]:
    route = arm.route(asker.requester, asker.purpose, asker.channel, operator, regime, asker.own)
    offered = route if route is not None and "view" in route.acts else None
    document, approver = (offered.document, offered.approver) if offered else ("none", "none")
    answer = arm.judge(Question(asker.requester, "view", asker.purpose, asker.channel, operator, regime, own=asker.own,
                                document=document, approver=approver))  # fmt: skip
    may = "no" if offered is None else "if " + " and ".join(offered.conditions) if offered.conditions else "yes"
    return (arm.id, operator, regime, count, *asker[:3], may, document, answer.legality, answer.gap,
            *arm.retention_s(regime), arm.mask(regime))  # fmt: skip


def unknown_operators(dose: Dose) -> int:
    """Number of cameras that saw the walk without an operator on the map (they count as shops)."""
    return int((dose.cameras["operator"] == "unknown").sum())
