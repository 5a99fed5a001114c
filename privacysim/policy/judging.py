"""Legality of an act in two answers: what the camera rules of a policy say, and what general law says on that date.

Every act is matched first with the routes of access in order, then with the prohibitions in order. A route matches
only if its document and conditions are met. If nothing matches, the rules are silent. Silence is not permission but
a gap: "hard" if general law does not forbid the act either, "soft" if general law forbids it on paper.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from privacysim.errors import InputError
from privacysim.law.provisions import GeneralAnswer, Match
from privacysim.policy.policy_form import Access, Policy, Where

_HIGHER = {"case_department_head": ("case_department_head", "county_psb_head")}
"""A document signed one level higher within the same organ is also valid; a judge's is a different document."""
_WORDS = {"acts": "act", **{name: name for name in ("requester", "channel", "purpose", "operator", "regime",
                                                    "technique", "scene", "secret")}}
"""Field of a rule with several words → field of a question with one of them."""


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


class Route(Access):
    """A route of access as the rules offer it to a requester; `acts` lists every act that it allows."""

    unmask: bool
    """Whether the delivered footage is clear although the source is masked."""


def matches(rule: Match | Where, question: Question) -> bool:
    """Whether a rule applies to this act, regardless of conditions and documents."""
    for several, one in _WORDS.items():
        words = getattr(rule, several, ())
        if words and getattr(question, one) not in words:
            return False
    flags = {"own": question.own, "listed": question.listed, "masked": question.mask != "none"}
    return all(getattr(rule, name, None) in (None, flag) for name, flag in flags.items())


def is_met(rule: Access, question: Question) -> bool:
    """Whether the act has exactly the document, approval and conditions that the route requires.

    Documents are not interchangeable: a notice does not satisfy a route that requires a court order.
    """
    if rule.document not in ("none", question.document):
        return False
    if rule.approver == "strict_unspecified" and question.approver == "none":
        return False
    # "operator" and "controller" approve by consenting; `conditions` lists consent if the text requires it
    if rule.approver not in ("none", "operator", "controller", "strict_unspecified") and question.approver not in (
        _HIGHER.get(rule.approver, (rule.approver,))
    ):
        return False
    if "consent" in rule.conditions and not question.consent:
        return False
    return "masked" not in rule.conditions or question.masked


def in_scope(alternatives: Collection[Where], question: Question) -> bool:
    """Whether the camera is within a scope; a scope without alternatives includes every camera."""
    return not alternatives or any(matches(where, question) for where in alternatives)


def route_met(policy: Policy, question: Question) -> Access | None:
    """The first route whose rule, document, approval and conditions this act meets."""
    mask = policy.mask
    # if cameras must mask at the source, clear footage meets only the routes that unmask
    clear = mask is not None and (not mask.regime or question.regime in mask.regime) and question.mask == "none"
    routes = (rule for rule in policy.access if matches(rule, question) and is_met(rule, question))
    return next((rule for rule in routes if not clear or (mask is not None and rule.id in mask.unmask)), None)


def specific_answer(policy: Policy, reading: str, question: Question) -> tuple[str, str, str]:
    """What the camera rules say: (specific, rule, basis)."""
    route = route_met(policy, question)
    if route:
        return route.outcome, route.id, route.basis
    scopes, general_ban = {scope.id: scope.where for scope in policy.scope}, policy.prohibited
    banned = (*general_ban.absolute, *general_ban.if_no_route) if general_ban else ()
    if general_ban and question.act in banned and in_scope(scopes.get(reading, ()), question):
        return "prohibited_express", "prohibited", general_ban.basis
    for ban in policy.forbidden:
        if matches(ban, question) and (ban.scope is None or in_scope(scopes[ban.scope], question)):
            return f"prohibited_{ban.how}", ban.id, ban.basis
    return "silent", "", ""


def general_answer(answers: Iterable[GeneralAnswer], bundle: str, question: Question,
                   authorised: bool) -> tuple[str, str]:
    """What general law says: (general, provisions). An act that meets a route has that route as its legal ground."""
    flags = {"authorised": authorised, "identifiable": question.identifiable, "irreversible": question.masked}
    for answer in answers:
        fits = all(getattr(answer, name) in (None, flag) for name, flag in flags.items())
        if fits and (not answer.bundle or bundle in answer.bundle) and matches(answer, question):
            return answer.general, "; ".join(answer.basis)
    raise InputError("data/law, answer", "an answer for every act", question, "add a last answer without conditions")


def both_answers(policy: Policy, reading: str, answers: Iterable[GeneralAnswer], bundle: str,
                 question: Question) -> Answer:
    """Both answers, and the legality and gap that follow from them."""
    specific, rule, ground = specific_answer(policy, reading, question)
    authorised = specific in ("authorised", "conditional")
    if policy.general_law == "suspended":
        general, provisions = "lawful", ""
    else:
        general, provisions = general_answer(answers, bundle, question, authorised)
    legality = "authorised" if authorised else "ungoverned" if specific == "silent" else "prohibited"
    gap = "" if specific != "silent" else "hard" if general in ("lawful", "depends") else "soft"
    return Answer(specific, general, legality, ground, provisions, rule, gap)  # type: ignore[arg-type]
