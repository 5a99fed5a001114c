"""Legality of an act in two answers: what the camera rules of a policy say, and what general law says on that date.

Every act is matched first with the routes of access in order, then with the prohibitions in order. A route matches
only if its document and conditions are met. If nothing matches, the rules are silent. Silence is not permission but
a gap: "hard" if general law does not forbid the act either, "soft" if general law forbids it on paper.
"""

from __future__ import annotations

from collections.abc import Iterable

from privacysim.errors import InputError
from privacysim.law.provisions import GeneralAnswer, Match
from privacysim.policy.policy_form import Access, Forbidden, Policy, Where
from privacysim.policy.questions import Answer, Question

_HIGHER = {
    # a document signed one level higher within the same organ is also valid; a judge's is a different document
    "case_department_head": ("case_department_head", "county_psb_head"),
}


def matches(rule: Match, question: Question) -> bool:
    """Whether a rule applies to this act, regardless of conditions and documents."""
    return (
        (not rule.acts or question.act in rule.acts)
        and (not rule.requester or question.requester in rule.requester)
        and (not rule.channel or question.channel in rule.channel)
        and (not rule.purpose or question.purpose in rule.purpose)
        and (not rule.operator or question.operator in rule.operator)
        and (not rule.regime or question.regime in rule.regime)
        and (not rule.technique or question.technique in rule.technique)
        and (not rule.scene or question.scene in rule.scene)
        and (not rule.secret or question.secret in rule.secret)
        and (rule.own is None or question.own == rule.own)
        and (rule.listed is None or question.listed == rule.listed)
        and (rule.masked is None or (question.mask != "none") == rule.masked)
    )


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


def in_scope(alternatives: Iterable[Where], question: Question) -> bool:
    """Whether the camera is within a scope; a scope without alternatives includes every camera."""
    found = False
    for where in alternatives:
        found = True
        if (
            (not where.operator or question.operator in where.operator)
            and (not where.regime or question.regime in where.regime)
            and (where.listed is None or question.listed == where.listed)
        ):
            return True
    return not found


def route_met(policy: Policy, question: Question) -> Access | None:
    """The first route whose rule, document, approval and conditions this act meets."""
    return next(
        (rule for rule in policy.access
         if matches(rule, question) and is_met(rule, question) and _mask_kept(policy, rule, question)),
        None,
    )


def _mask_kept(policy: Policy, rule: Access, question: Question) -> bool:
    # if cameras must mask at the source, clear footage meets only the routes that unmask
    mask = policy.mask
    applies = mask is not None and (not mask.regime or question.regime in mask.regime)
    return not applies or question.mask != "none" or (mask is not None and rule.id in mask.unmask)


def prohibition(policy: Policy, question: Question) -> Forbidden | None:
    """The first prohibition that applies to this act."""
    scopes = {scope.id: scope.where for scope in policy.scope}
    return next(
        (rule for rule in policy.forbidden
         if matches(rule, question) and (rule.scope is None or in_scope(scopes[rule.scope], question))),
        None,
    )


def basis(rule: Access | Forbidden) -> str:
    """Legal basis of a rule, in one line."""
    if rule.reference:
        return "; ".join(f"{ref.law} {ref.article}" for ref in rule.reference)
    return f"assumption: {rule.assumption}"


def specific_answer(policy: Policy, reading: str, question: Question) -> tuple[str, str, str]:
    """What the camera rules say: (specific, rule, basis)."""
    route = route_met(policy, question)
    if route:
        return route.outcome, route.id, basis(route)
    general_ban = policy.prohibited
    if general_ban:
        scope = next((scope.where for scope in policy.scope if scope.id == reading), ())
        acts = (*general_ban.absolute, *general_ban.if_no_route)
        if question.act in acts and in_scope(scope, question):
            named = "; ".join(f"{ref.law} {ref.article}" for ref in general_ban.reference)
            return "prohibited_express", "prohibited", named or f"assumption: {general_ban.assumption}"
    ban = prohibition(policy, question)
    if ban:
        return f"prohibited_{ban.how}", ban.id, basis(ban)
    return "silent", "", ""


def general_answer(
    answers: Iterable[GeneralAnswer], bundle: str, question: Question, authorised: bool,
) -> tuple[str, str]:
    """What general law says: (general, provisions). An act that meets a route has that route as its legal ground."""
    for answer in answers:
        if (
            (not answer.bundle or bundle in answer.bundle)
            and (answer.authorised is None or answer.authorised == authorised)
            and (answer.identifiable is None or answer.identifiable == question.identifiable)
            and (answer.irreversible is None or answer.irreversible == question.masked)
            and matches(answer, question)
        ):
            return answer.general, "; ".join(answer.basis)
    raise InputError("data/law, answer", "an answer for every act", question, "add a last answer without conditions")


def both_answers(
    policy: Policy, reading: str, answers: Iterable[GeneralAnswer], bundle: str, question: Question,
) -> Answer:
    """Both answers, and the legality and gap that follow from them."""
    specific, rule, ground = specific_answer(policy, reading, question)
    authorised = specific in ("authorised", "conditional")
    if policy.general_law == "suspended":
        general, provisions = "lawful", ""
    else:
        general, provisions = general_answer(answers, bundle, question, authorised)
    if authorised:
        legality = "authorised"
    elif specific == "silent":
        legality = "ungoverned"
    else:
        legality = "prohibited"
    gap = "" if specific != "silent" else "hard" if general in ("lawful", "depends") else "soft"
    return Answer(specific, general, legality, ground, provisions, rule, gap)  # type: ignore[arg-type]
