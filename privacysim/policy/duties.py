"""Duties of camera operators, asked of a policy: whether they apply, within which term, and with what liability.

Camera rules state duties in sections of the policy, general law in `[[duty]]` of its pack. Each applies only on the
days of its law. If both apply, a duty that is owed takes precedence over one that is not, and the longer of two
retention terms counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privacysim import vocabulary
from privacysim.errors import InputError, refuse_unknown
from privacysim.policy.arm import Arm
from privacysim.policy.judging import Question, in_scope, matches
from privacysim.policy.policy_form import Duty, Sourced
from privacysim.units import duration_s, duration_text
from privacysim.wording import Words

_SECTIONS = {"filing": "filing", "log": "logs", "signs": "signage", "security": "security", "contract": "security",
             "three_interests": "interests", "must_build": "building"}
"""Duty → section of a policy that states it."""
_OWED = ("yes", "depends", "no")


@dataclass(frozen=True)
class Owed:
    """Whether a duty is owed (yes, no, depends), its term in words, and the law that says so.

    `liable`: whether a breach alone makes the operator liable to the person filmed. `decides`: unstated facts, each
    with a value that changes the answer, and the resulting duty and term.
    """

    duty: str
    owed: str
    term: str = ""
    liable: bool = False
    basis: tuple[str, ...] = ()
    decides: tuple[tuple[str, str, str, str], ...] = ()

    def lines(self, lang: str = "en") -> list[str]:
        """The answer in lines of text, in English or Chinese."""
        words = Words(lang)
        basis = words.list(self.basis, long=True) or words("no_rule")
        said = words("owed", duty=words.text(self.duty), owed=_said(self.owed, self.term, words), basis=basis,
                     liable=words("owed_liable") if self.liable else "")  # fmt: skip
        return [said, *(words("ask_depends", name=words.text(name, "field"), value=words.text(value),
                              answer=_said(other, term, words)) for name, value, other, term in self.decides)]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _said(owed: str, term: str, words: Words) -> str:
    return words(f"owed_{owed}") + (words("owed_term", term=words.text(term)) if term else "")


def owed(arm: Arm, duty: str, facts: Mapping[str, Any], place: str = "", when: Sequence[str] = ()) -> Owed:
    """Ask about one duty of the operator of the camera that `facts` (fields of `Question`, with operator and regime)
    name.

    `place` is its category, `when` the circumstances: words of `vocabulary.CIRCUMSTANCES`.
    """
    refuse_unknown(duty, vocabulary.DUTIES, "ask, duty", "a duty")
    for name, got, known in [("place", place, ("", *vocabulary.CATEGORIES)),
                             *(("when", one, vocabulary.CIRCUMSTANCES) for one in when)]:
        refuse_unknown(got, known, f"ask, {name}", "a word of its list")
    for name, known in (("operator", vocabulary.OPERATORS), ("regime", vocabulary.REGIMES)):
        if name not in facts:
            raise InputError(f"ask, {name}", "whose camera it is and where", "nothing", f"one of {', '.join(known)}")
    said = {"requester": "own_staff_on_duty", "act": "", "purpose": "", "channel": ""} | dict(facts)
    question = Question(**said)
    found = _strictest(arm, duty, question, place, when)
    others = [("when", one, _strictest(arm, duty, question, place, (*when, one)))
              for one in vocabulary.CIRCUMSTANCES if one not in when]
    others += [("place", one, _strictest(arm, duty, question, one, when)) for one in vocabulary.CATEGORIES if not place]
    decides = tuple((name, value, other.owed, other.term)
                    for name, value, other in others if (other.owed, other.term) != (found.owed, found.term))
    return Owed(duty, found.owed, found.term, found.liable, found.basis, decides)


def _strictest(arm: Arm, duty: str, question: Question, place: str, when: Sequence[str]) -> Owed:
    def rank(one: Owed) -> tuple[int, float]:
        return _OWED.index(one.owed), -duration_s(one.term) if one.term and duty == "retention" else 0.0

    said = [*_of_policy(arm, duty, question, when), *_of_law(arm, duty, question, place, when)]
    return min(said, key=rank, default=Owed(duty, "no"))


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
        named = tuple(map(arm.laws.cite, part.reference)) or (part.basis,)
        yield Owed(duty, owed_here, duration_text(term) if isinstance(term, float) else term or "", basis=named)


def _of_law(arm: Arm, duty: str, question: Question, place: str, when: Sequence[str]) -> Iterator[Owed]:
    """What general law says: the first entry that matches and rests on a provision in force."""
    day = arm.law_date
    for rule in arm.laws.duties if arm.policy.general_law == "applies" else ():
        basis = [one for one in map(arm.laws.provision, rule.basis) if day and arm.laws.in_force(one, day)]
        fits = (not rule.place or place in rule.place) and {*rule.when} <= {*when} and matches(rule, question)
        if rule.duty == duty and basis and fits:
            yield Owed(duty, rule.owed, rule.term, rule.liable, tuple(map(arm.laws.cite, basis)))
            return
