"""An arm of a study: one policy under one reading and one general law, with cached answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from privacysim.errors import InputError, one_line
from privacysim.facts import facts
from privacysim.law.provisions import Bundle, Laws, Provision
from privacysim.policy.judging import Answer, Question, Route, both_answers, in_scope, matches
from privacysim.policy.policy_form import ANSWER_FOR, Access, Duty, Policy, Retention
from privacysim.units import DAY_S
from privacysim.vocabulary import ACTS

_KINDS = {**dict.fromkeys(("public_state", "public_venue"), "public"),
          **dict.fromkeys(("residential_common", "private_home", "prohibited_site"), "private")}
"""Section of `retention` by regime; every other regime has `public_other`."""
_ANSWERING = {"scope", "access", "prohibited", "forbidden", "mask", "general_law"}
"""Sections of a policy on which its answers depend."""


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One policy as a study runs it. Its rules are immutable, and its answers are cached.

    `id` is the policy's id, or `policy:reading` if the text has contested readings.
    """

    __repr__ = one_line

    id: str
    title: str
    policy: Policy
    reading: str
    laws: Laws
    bundle: Bundle
    law_date: date | None = None
    """Day of the general law; None: the first day of the bundle."""
    answers_by_code: dict[tuple[Any, ...], Answer] = field(default_factory=dict)
    """Answers to questions that were asked in codes, for `Rules.ask` alone."""
    _answers: dict[Question, Answer] = field(default_factory=dict)
    _routes: dict[Question, Route | None] = field(default_factory=dict)

    @property
    def footage(self) -> bool:
        """Whether cameras keep any footage at all."""
        return self.policy.footage

    @property
    def demand_factor(self) -> float:
        """Number of requests relative to the status quo."""
        return facts().value("open_demand") if self.policy.demand == "open" else 1.0

    def judge(self, question: Question) -> Answer:
        """Answer of the camera rules and of general law to one act."""
        found = self._answers.get(question)
        if found is None:
            day = self.law_date or self.bundle.first_day
            found = both_answers(self.policy, self.reading, self.laws.answers_on(day), self.bundle.id, question,
                                 self.laws.said.setdefault(day, {}))
            self._answers[question] = found
        return found

    def knowing(self, others: dict[str, Arm]) -> Arm:
        """This arm, sharing the answers of one of the `others` that would answer every question alike; it joins them.

        Rules on retention, filing, signs or oversight change no answer, only its consequences.
        """
        spoken = self.policy.model_dump_json(include=_ANSWERING)
        first = others.setdefault(f"{self.reading} {self.bundle.id} {self.law_date} {spoken}", self)
        return replace(self, answers_by_code=first.answers_by_code, _answers=first._answers, _routes=first._routes)

    def route(self, requester: str, purpose: str, channel: str, operator: str, regime: str, own: bool = False,
              technique: str = "look") -> Route | None:
        """Route that the rules offer to this requester, or None.

        This is the first route that applies to the requester; it names the document and approval that they need.
        """
        question = Question(requester, "view", purpose, channel, operator, regime, technique, mask=self.mask(regime),
                            own=own)
        if question not in self._routes:
            unmask = self.policy.mask.unmask if self.policy.mask else ()
            rule = next((rule for rule in self.policy.access if _speaks(rule, question)), None)
            self._routes[question] = Route.model_construct(
                **{**dict(rule), "acts": rule.acts or ACTS, "unmask": rule.id in unmask}) if rule else None  # fmt: skip
        return self._routes[question]

    def forbids(self, act: str, operator: str, regime: str, requester: str, *, channel: str = "request",
                purpose: str = "curiosity", listed: bool = False, scene: str = "street", technique: str = "look",
                own: bool = False) -> bool:
        """Whether the camera rules prohibit this act, expressly or by derivation, for somebody without a route."""
        question = Question(requester, act, purpose, channel, operator, regime, technique, listed=listed, scene=scene,
                            own=own)
        return self.judge(question).legality == "prohibited"

    def retention(self, regime: str, listed: bool = False) -> Retention:
        """Retention rule for cameras of this regime."""
        kind = _KINDS.get(regime, "public_other")
        own = ["public_other_listed"] * (listed and kind == "public_other") + ["state"] * (regime == "public_state")
        for name in (*own, kind, "any"):
            found: Retention | None = getattr(self.policy.retention, name, None)
            if found is not None:
                return found
        raise InputError(f"policy {self.id}, retention", f"a retention for {regime}", "nothing", "add retention.any")

    def retention_s(self, regime: str, listed: bool = False) -> tuple[float, float, float]:
        """Retention period in seconds (value, low, high); zeros if there is no footage."""
        if not self.footage:
            return 0.0, 0.0, 0.0
        found = self.retention(regime, listed)
        if found.habit:
            fact = facts()[found.fact]
            return fact.value * DAY_S, fact.low * DAY_S, fact.high * DAY_S
        return found.keep, *found.range_s

    def filed(self, regime: str) -> bool:
        """Whether cameras of this regime must be filed with the police."""
        return self._binds("filing", regime)

    def log_kept(self, regime: str) -> bool:
        """Whether each viewing must be logged."""
        return self._binds("logs", regime)

    def signed(self, regime: str) -> bool:
        """Whether a sign must inform people about the camera."""
        return self._binds("signage", regime)

    def secured(self, regime: str) -> bool:
        """Whether the camera rules themselves require technical security from the holder."""
        return self._binds("security", regime)

    def _binds(self, name: str, regime: str) -> bool:
        duty: Duty | None = getattr(self.policy, name)
        return duty is not None and regime in duty.regime

    def mask(self, regime: str) -> str:
        """Mask that the rules require at the source, or `none`."""
        rule = self.policy.mask
        return rule.kind if rule and (not rule.regime or regime in rule.regime) else "none"

    def mask_reversible(self, regime: str) -> bool:
        """Whether that mask can be undone with a key."""
        return self.policy.mask is not None and self.mask(regime) != "none" and self.policy.mask.reversible

    def sanctions(self, question: Question) -> tuple[Provision, ...]:
        """Provisions with a sanction for this act under general law, most severe first."""
        if self.policy.general_law == "suspended":
            return ()
        named = self.judge(question).basis_general
        found = (self.laws.provision(part) for part in named.split("; ") if part)
        return tuple(provision for provision in found if provision.sanction is not None)

    def own_sanctions(self, question: Question) -> tuple[Provision, ...]:
        """Provisions with a sanction that are cited by the prohibition of this act."""
        rule = self.judge(question).rule
        ban = next((one for one in self.policy.forbidden if one.id == rule), None)
        cited = (self.laws.cited(ref, "") for ref in ban.reference) if ban else ()
        return tuple(provision for provision in cited if provision.sanction is not None)

    def manager(self, operator: str, regime: str, listed: bool = False) -> str:
        """Who is responsible for such a camera under the camera rules: a word of MANAGERS.

        An organ is responsible for state systems. For other cameras, the holder is if it has a duty of filing, logs,
        security or signs, else the organ that the rules let manage them. A prohibition alone makes nobody responsible.
        """
        if operator in ("public_security", "other_state"):
            return "police" if operator == "public_security" else "other_state"
        if any(self._binds(duty, regime) for duty in ANSWER_FOR):
            return "operator"
        manager, scope = self.policy.oversight.manager if self.policy.oversight else "", self.policy.scope[:1]
        camera = Question("", "", "", "", operator, regime, listed=listed)
        return manager if manager and all(in_scope(one.where, camera) for one in scope) else "nobody"

    def may_stand(self, operator: str, regime: str, indoor: bool) -> bool:
        """Whether the rules on siting and installers allow this operator to put a camera at this place.

        Prohibited sites allow none. On roads and squares only the state may install, if the rules name installers.
        """
        siting = self.policy.siting
        if siting is None or not siting.prohibited:
            return True
        if regime == "prohibited_site":
            return False
        state = operator in ("public_security", "other_state")
        return state or indoor or regime != "public_state" or not siting.installers

    def breach_notice_s(self) -> float | None:
        """Seconds within which people are told of a known breach: the policy's term, or that of general law."""
        own = self.policy.oversight.breach_notice if self.policy.oversight else None
        if own is not None:
            return own
        asks = self.policy.general_law == "applies" and self.bundle.breach_notice
        return 0.0 if asks else None  # at once, without a number of hours (PIPL 57)


def _speaks(rule: Access, question: Question) -> bool:
    # a route may allow copying without viewing; it is an offer to the requester whichever acts it allows
    if "filmed_consent" in rule.conditions:
        return False  # nobody asks everybody filmed before a request
    acts = rule.acts or (question.act,)
    return matches(rule, question if question.act in acts else replace(question, act=acts[0]))
