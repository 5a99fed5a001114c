"""What is asked of a policy and what it answers: one act, both answers, the route that an asker is offered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Question:
    """One act, as a lawyer would describe it: who does what, why, how, to whose camera, with which paper.

    `own`: the actor's own camera. `listed`: the place is one where Guangzhou's order of 2007 (art. 6) asks for
    cameras. `reversible`: the mask can be undone with a key. `consent`: the operator agreed. `identifiable`: a face
    in the footage could be told. `secret`: kind of secret in view. Words are those of `privacysim.vocabulary`.
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
        """Whether a mask that nobody can undo hides the faces (reversible footage stays personal information)."""
        return self.mask != "none" and not self.reversible


@dataclass(frozen=True, slots=True)
class Answer:
    """Both answers to a question. `legality` follows the camera rules; `gap` says what stands behind their silence.

    `gap` is "hard" where the camera rules are silent and general law stops nothing (lawful, depends), "soft" where
    it forbids on paper, "" where the camera rules speak. `basis_general` names provisions of `data/law`.
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
    """The way that the rules offer to an asker: which paper, who approves, which acts, on which conditions.

    `deadline_s`: term for the holder's answer, None where no rule sets one. `regularise_s`: act first, have it
    approved within this time. `unmask`: what is delivered is clear although the source is masked. `others_masked`:
    everybody but the person concerned is masked, so that nobody can undo it, before she sees the footage.
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
