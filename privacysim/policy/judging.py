"""Legality of an act in two answers: what the camera rules of a policy say, and what general law says on that date.

Every act is matched first with the routes of access in order, then with the prohibitions in order. A route matches
only if its document and conditions are met. If nothing matches, the rules are silent. Silence is not permission but
a gap: "hard" if general law does not forbid the act either, "soft" if general law forbids it on paper.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar

from privacysim import vocabulary
from privacysim.errors import InputError
from privacysim.law.provisions import GeneralAnswer, Match
from privacysim.policy.policy_form import MOST_OFFICERS, Access, Forbidden, Policy, Prohibited, Where

_HIGHER = {"case_department_head": ("case_department_head", "county_psb_head")}
"""A document signed one level higher within the same organ is also valid; a judge's is a different document."""
CLOSED = {
    "requester": vocabulary.REQUESTERS, "act": vocabulary.ACTS, "purpose": vocabulary.PURPOSES,
    "channel": vocabulary.CHANNELS, "operator": vocabulary.OPERATORS, "regime": vocabulary.REGIMES,
    "technique": vocabulary.TECHNIQUES, "scene": vocabulary.SCENES, "document": vocabulary.DOCUMENTS,
    "approver": vocabulary.APPROVERS, "secret": vocabulary.SECRETS, "consent_of": vocabulary.CONSENTS,
    "of_whom": vocabulary.WHOM, "entry": vocabulary.ENTRIES, "beyond": vocabulary.LIMITS,
    "within": vocabulary.LIMITS, "tells": vocabulary.TELLS,
}
"""Field of a question → its words."""
WORDS = {"acts": "act", "entry": "way_in", **{name: name for name in (
    "requester", "channel", "purpose", "operator", "regime", "technique", "scene", "secret", "of_whom", "tells")}}
"""Field of a rule with several words → field of a question with one of them."""
FLAGS = {"own": "own", "listed": "listed", "masked": "hides", "household": "at_home", "sited": "may_stand",
         "anonymous": "anonymous"}
"""Field of a rule → field of a question that it must equal."""
NEED_A_CASE = ("criminal_case", "public_order_case", "admin_enforcement")
TESTED = {"consent": "consent", "irreversible": "masked",
          **{name: name for name in ("filmed_consent", "case_filed", "asked_in_time", "approved")}}
"""Element of an act → condition of a route that tests it."""
_AT_HOME = ("own_staff_on_duty", "own_staff_off_purpose", "person_filmed", "relative_or_guardian", "neighbour",
            "victim_not_filmed")
_Found = TypeVar("_Found")
_INSIDERS = ("own_staff_on_duty", "own_staff_off_purpose", "contractor")


@dataclass(frozen=True, slots=True)
class Question:
    """One act in legal terms: who does what, why, how, with whose camera, and with which document.

    `own`: the actor's own camera. `listed`: Guangzhou's order of 2007 (art. 6) requires cameras at this place.
    `reversible`: the mask can be undone with a key. `consent`: the operator agreed; `consent_of`: somebody else did.
    `of_whom`: whose pictures are meant. `identifiable`: a face in the footage could be recognised. `secret`: the kind
    of secret in view. `siting_lawful`: the camera may stand there. `household`: a natural person's household affair.
    `quantity`: items or systems. `tells`: what the items reveal, where the law counts them by that. `entry`: how
    somebody got into the system. `beyond`: the limit of the document that the act exceeds. `within`: the limit that it
    is known to keep, such as the hours in which leave must be asked for afterwards. `case_filed`, `officers`: whether a
    case is filed, and how many officers come. The words are those of `privacysim.vocabulary`; date and jurisdiction the
    arm's.

    `None` and `""` mean unstated. The usual case is then presumed (`at_home`, `may_stand`, `way_in`; a
    filed case, enough officers, the gravest answer that an amount could give), and `ask` names the facts that would
    decide.
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
    consent_of: str = "none"
    of_whom: str = ""
    siting_lawful: bool | None = None
    household: bool | None = None
    quantity: int | None = None
    gain_cny: int | None = None
    entry: str = ""
    beyond: str = ""
    within: str = ""
    tells: str = ""
    case_filed: bool | None = None
    officers: int | None = None

    @property
    def masked(self) -> bool:
        """Whether an irreversible mask hides the faces (reversibly masked footage is still personal information)."""
        return self.hides and not self.reversible

    @property
    def hides(self) -> bool:
        """Whether there is any mask."""
        return self.mask != "none"

    @property
    def anonymous(self) -> bool:
        """Whether nobody can be identified: no face is recognisable, or an irreversible mask hides it."""
        return self.masked or not self.identifiable

    @property
    def at_home(self) -> bool:
        """Whether it is a household affair; if unstated: acts of people at home with their footage, not for money."""
        if self.household is not None:
            return self.household
        return self.operator == "home" and self.requester in _AT_HOME and self.purpose not in ("commerce", "news")

    @property
    def may_stand(self) -> bool:
        """Whether the camera may stand there; if unstated: everywhere except where the rules prohibit cameras."""
        return self.regime != "prohibited_site" if self.siting_lawful is None else self.siting_lawful

    @property
    def way_in(self) -> str:
        """How somebody got in; if unstated: as staff on duty, and others into a remote system by intrusion."""
        usual = "on_duty" if self.requester in _INSIDERS else "intrusion" if self.channel == "remote_login" else "none"
        return self.entry or usual


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


def _per_rule(work: Callable[[Any], _Found]) -> Callable[[Any], _Found]:
    """Caches the answer for each rule, by identity, because a run asks the same few rules about thousands of acts."""
    known: dict[int, tuple[Any, _Found]] = {}

    def recall(rule: Any) -> _Found:
        if id(rule) not in known:
            known[id(rule)] = rule, work(rule)  # the rule is kept, so that no other gets its id
        return known[id(rule)][1]

    return recall


@_per_rule
def wanted(rule: Match | Where) -> dict[str, tuple[Any, ...]]:
    """Elements of a rule, and the values that it accepts for each; what it does not name may be anything."""
    several = {name: known for name in WORDS if (known := getattr(rule, name, ()))}
    return several | {name: (flag,) for name in FLAGS if (flag := getattr(rule, name, None)) is not None}


@_per_rule
def papers(rule: Access) -> dict[str, tuple[Any, ...]]:
    """Further requirements of a route: document and its limits, approval, officers, and conditions that can be tested.

    Documents are not interchangeable: a notice does not satisfy a route that requires a court order.
    """
    asked: dict[str, tuple[Any, ...]] = {}
    if rule.document != "none":
        asked["document"] = (rule.document,)
    if rule.document != "none" or "in_limits" in rule.conditions:
        asked["beyond"] = ("",)
    if rule.approver == "strict_unspecified":
        asked["approver"] = tuple(one for one in vocabulary.APPROVERS if one != "none")
    elif rule.approver not in ("none", "operator", "controller"):
        # "operator" and "controller" approve by consenting; `conditions` lists consent if the text requires it
        asked["approver"] = _HIGHER.get(rule.approver, (rule.approver,))
    if rule.officers > 1:
        asked["officers"] = tuple(range(rule.officers, MOST_OFFICERS + 1))
    return asked | {name: (True,) for name, condition in TESTED.items() if condition in rule.conditions}


@lru_cache(maxsize=4096)
def told(question: Question) -> Mapping[str, Any]:
    """What an act says of every element."""
    speaks_for = "guardian" if question.of_whom in ("minor", "ward") else "person_filmed"
    return {name: getattr(question, field) for name, field in (*WORDS.items(), *FLAGS.items())} | {
        "document": question.document, "approver": question.approver, "beyond": question.beyond,
        "officers": MOST_OFFICERS if question.officers is None else min(question.officers, MOST_OFFICERS),
        "consent": question.consent or question.consent_of == "operator",
        "filmed_consent": question.consent_of == speaks_for,
        "case_filed": question.case_filed is not False or question.purpose not in NEED_A_CASE,
        "irreversible": question.anonymous, "asked_in_time": question.within == "hours",
        "approved": question.siting_lawful is True,
    }


def failing(asked: Mapping[str, tuple[Any, ...]], said: Mapping[str, Any]) -> tuple[str, ...]:
    """The elements that an act does not meet."""
    return tuple(name for name, values in asked.items() if said[name] not in values)


def matches(rule: Match | Where, question: Question) -> bool:
    """Whether a rule applies to this act, regardless of conditions and documents."""
    return not failing(wanted(rule), told(question))


def in_scope(alternatives: Collection[Where], question: Question) -> bool:
    """Whether the camera is within a scope; a scope without alternatives includes every camera."""
    return not alternatives or any(matches(where, question) for where in alternatives)


def tried(policy: Policy, reading: str,
          question: Question) -> Iterator[tuple[str, Access | Prohibited | Forbidden, tuple[str, ...]]]:
    """Every rule in the order in which it is tried: its answer, the rule, and the elements that fail.

    The first rule in which nothing fails gives the answer.
    """
    mask, scopes, said = policy.mask, {scope.id: scope.where for scope in policy.scope}, told(question)
    # if cameras must mask at the source, clear footage meets only the routes that unmask
    clear = mask is not None and (not mask.regime or question.regime in mask.regime) and not question.hides
    for route in policy.access:
        shut = ("clear",) if clear and mask is not None and route.id not in mask.unmask else ()
        yield route.outcome, route, (*failing(wanted(route) | papers(route), said), *shut)
    if general := policy.prohibited:
        outside = () if in_scope(scopes.get(reading, ()), question) else ("scope",)
        another = () if question.act in (*general.absolute, *general.if_no_route) else ("acts",)
        yield "prohibited_express", general, (*another, *outside)
    for ban in policy.forbidden:
        outside = () if ban.scope is None or in_scope(scopes[ban.scope], question) else ("scope",)
        yield f"prohibited_{ban.how}", ban, (*failing(wanted(ban), said), *outside)


def specific_answer(policy: Policy, reading: str, question: Question) -> tuple[str, str, str]:
    """What the camera rules say: (specific, rule, basis)."""
    return next(((said, rule.id, rule.basis)
                 for said, rule, failed in tried(policy, reading, question) if not failed), ("silent", "", ""))


def general_answer(answers: Iterable[GeneralAnswer], bundle: str, question: Question,
                   authorised: bool) -> tuple[str, str]:
    """What general law says: (general, provisions). An act that meets a route has that route as its legal ground."""
    flags = {"authorised": authorised, "identifiable": question.identifiable, "irreversible": question.masked}
    said = told(question)
    for answer in answers:
        fits = all(getattr(answer, name) in (None, flag) for name, flag in flags.items())
        fits = fits and (not answer.bundle or bundle in answer.bundle) and _reaches(answer, question)
        if fits and not failing(wanted(answer), said):
            return answer.general, "; ".join(answer.basis)
    raise InputError("data/law, answer", "an answer for every act", question, "add a last answer without conditions")


def _reaches(answer: GeneralAnswer, question: Question) -> bool:
    pairs = [(asked, said) for asked, said in ((answer.from_items, question.quantity),
                                               (answer.from_gain, question.gain_cny)) if asked is not None]
    if all(said is None for _, said in pairs):
        return not pairs or answer.amounts_unsaid
    return any(said is not None and said >= asked for asked, said in pairs)


def both_answers(policy: Policy, reading: str, answers: Iterable[GeneralAnswer], bundle: str,
                 question: Question, known: dict[Any, tuple[str, str]] | None = None) -> Answer:
    """Both answers, and the legality and gap that follow from them; `known` remembers what general law said."""
    specific, rule, ground = specific_answer(policy, reading, question)
    authorised = specific in ("authorised", "conditional")
    if policy.general_law == "suspended":
        general, provisions = "lawful", ""
    else:
        known, key = {} if known is None else known, (bundle, question, authorised)
        if key not in known:
            known[key] = general_answer(answers, bundle, question, authorised)
        general, provisions = known[key]
    legality = "authorised" if authorised else "ungoverned" if specific == "silent" else "prohibited"
    gap = "" if specific != "silent" else "hard" if general in ("lawful", "depends") else "soft"
    return Answer(specific, general, legality, ground, provisions, rule, gap)  # type: ignore[arg-type]
