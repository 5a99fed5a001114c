"""Questions to a policy and its answers: one act, its legality in two answers, and the route for a requester."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Question:
    """One act in legal terms: who does what, why, how, with whose camera, and with which document.

    `own`: the actor's own camera. `listed`: Guangzhou's order of 2007 (art. 6) requires cameras at this place.
    `reversible`: the mask can be undone with a key. `consent`: the operator agreed. `identifiable`: a face in the
    footage could be recognised. `secret`: the kind of secret in view. The words are those of `privacysim.vocabulary`.
    """

    requester: str
    act: str
    purpose: str
    channel: str
    operator: str
    regime: str
    technique: str = "look"
    listed: bool = False
    scene: str = "street"
    mask: str = "none"
    reversible: bool = False
    document: str = "none"
    approver: str = "none"
    own: bool = False
    consent: bool = False
    identifiable: bool = True
    secret: str = "none"

    @property
    def masked(self) -> bool:
        """Whether an irreversible mask hides the faces (reversibly masked footage is still personal information)."""
        return self.mask != "none" and not self.reversible


@dataclass(frozen=True, slots=True)
class Answer:
    """Both answers to a question. `legality` follows the camera rules; `gap` classifies their silence.

    `gap` is "hard" if the camera rules are silent and general law does not forbid the act (lawful, depends), "soft" if
    general law forbids it on paper, "" if the camera rules cover it. `basis_general` lists provisions of `data/law`.
    """

    specific: str
    general: str
    legality: str
    basis_specific: str
    basis_general: str
    rule: str
    gap: Literal["", "hard", "soft"]


@dataclass(frozen=True, slots=True)
class Route:
    """A legal way to obtain footage: the document, approver, acts and conditions that apply to a requester.

    `deadline_s`: term for the holder's answer, or None. `regularise_s`: the requester may act first and obtain approval
    within this time. `unmask`: the delivered footage is clear although the source is masked. `others_masked`:
    everybody but the person concerned is masked irreversibly before that person sees the footage.
    """

    rule: str
    outcome: Literal["authorised", "conditional"]
    document: str
    approver: str
    acts: tuple[str, ...]
    conditions: tuple[str, ...]
    duty_to_give: bool
    deadline_s: float | None
    regularise_s: float | None
    officers: int
    unmask: bool
    others_masked: bool
    basis: str
