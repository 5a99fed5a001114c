"""Duties of those who run cameras, asked of a policy: is it owed, within which term, does its breach make liable?

Camera rules state duties in sections of the policy, general law in `[[duty]]` of its pack. Each answers on the days of
its law only. If both speak, a duty that is owed counts before one that is not, of two terms of retention the longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privacysim import vocabulary as words
from privacysim.errors import InputError, refuse_unknown
from privacysim.policy.arm import Arm
from privacysim.policy.judging import Question, in_scope, matches
from privacysim.policy.policy_form import Duty, Sourced
from privacysim.units import duration_s, duration_text

_SECTIONS = {"filing": "filing", "log": "logs", "signs": "signage", "security": "security", "contract": "security",
             "three_interests": "interests", "must_build": "building"}
"""Duty → section of a policy that states it."""
_OWED = ("yes", "depends", "no")


@dataclass(frozen=True)
class Owed:
    """Whether a duty is owed (yes, no, depends), its term in words, and the law that says so.

    `liable`: whether a breach alone makes liable to the person filmed. `decides`: facts that were not said, each with a
    value that changes the answer.
    """

    duty: str
    owed: str
    term: str = ""
    liable: bool = False
    basis: str = ""
    decides: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        term = f", {self.term}" if self.term else ""
        liable = "; a breach alone makes liable to the person filmed" if self.liable else ""
        lines = [f"{self.duty}: {self.owed}{term} [{self.basis or 'no rule'}]{liable}"]
        return "\n".join([*lines, *(f"depends on {name} (not said): {value}" for name, value in self.decides)])


def owed(arm: Arm, duty: str, facts: Mapping[str, Any], place: str = "", when: Sequence[str] = ()) -> Owed:
    """Ask one duty of whoever runs the camera that `facts` (fields of `Question`, among them operator and regime) name.

    `place` is its category, `when` the circumstances: words of `vocabulary.CIRCUMSTANCES`.
    """
    refuse_unknown(duty, words.DUTIES, "ask, duty", "a duty")
    for name, got, known in [("place", place, ("", *words.CATEGORIES)),
                             *(("when", one, words.CIRCUMSTANCES) for one in when)]:
        refuse_unknown(got, known, f"ask, {name}", "a word of its list")
    for name, known in (("operator", words.OPERATORS), ("regime", words.REGIMES)):
        if name not in facts:
            raise InputError(f"ask, {name}", "whose camera it is and where", "nothing", f"one of {', '.join(known)}")
    said = {"requester": "own_staff_on_duty", "act": "", "purpose": "", "channel": ""} | dict(facts)
    question = Question(**said)
    found = _strictest(arm, duty, question, place, when)
    others = [("when", one, _strictest(arm, duty, question, place, (*when, one)))
              for one in words.CIRCUMSTANCES if one not in when]
    others += [("place", one, _strictest(arm, duty, question, one, when)) for one in words.CATEGORIES if not place]
    decides = tuple((name, f"{value} → {other.owed}{f', {other.term}' if other.term else ''}")
                    for name, value, other in others if (other.owed, other.term) != (found.owed, found.term))
    return Owed(duty, found.owed, found.term, found.liable, found.basis, decides)


def _strictest(arm: Arm, duty: str, question: Question, place: str, when: Sequence[str]) -> Owed:
    said = [*_of_policy(arm, duty, question, when), *_of_law(arm, duty, question, place, when)]
    longest = sorted(said, key=lambda one: (_OWED.index(one.owed), -_seconds(one) if duty == "retention" else 0.0))
    return longest[0] if longest else Owed(duty, "no")


def _of_policy(arm: Arm, duty: str, question: Question, when: Sequence[str]) -> Iterator[Owed]:
    """What the camera rules say, if their law is in force."""
    policy, regime = arm.policy, question.regime
    part: Sourced | None = None
    term: float | str | None = None
    if duty == "retention" and policy.footage:
        part = arm.retention(regime, question.listed)
        term = part.floor
    elif duty == "inspect_rooms" and policy.siting and policy.siting.venue_duty:
        part, term = (policy.siting, "at once") if regime in ("public_venue", "prohibited_site") else (None, None)
    elif duty in _SECTIONS:
        section: Duty | None = getattr(policy, _SECTIONS[duty])
        scopes = {scope.id: scope.where for scope in policy.scope}
        if section and regime in section.regime and in_scope(scopes.get(section.scope or "", ()), question):
            part = section
            term = section.old if "old_system" in when and section.old is not None else section.term
    if part is not None and arm.law_date and arm.laws.opens(part.reference, arm.law_date):
        owed_here = "no" if duty == "retention" and term is None else "yes"
        named = "; ".join(f"{arm.laws.laws[one.law].short} {one.article}" for one in part.reference) or part.basis
        yield Owed(duty, owed_here, duration_text(term) if isinstance(term, float) else term or "", basis=named)


def _of_law(arm: Arm, duty: str, question: Question, place: str, when: Sequence[str]) -> Iterator[Owed]:
    """What general law says: the first entry that matches and rests on a provision in force."""
    day = arm.law_date
    for rule in arm.laws.duties if arm.policy.general_law == "applies" else ():
        basis = [one for one in map(arm.laws.provision, rule.basis) if day and arm.laws.in_force(one, day)]
        fits = (not rule.place or place in rule.place) and {*rule.when} <= {*when} and matches(rule, question)
        if rule.duty == duty and basis and fits:
            named = "; ".join(f"{arm.laws.laws[one.law].short} {one.article}" for one in basis)
            yield Owed(duty, rule.owed, rule.term, rule.liable, named)
            return


def _seconds(one: Owed) -> float:
    return duration_s(one.term) if one.term else 0.0
