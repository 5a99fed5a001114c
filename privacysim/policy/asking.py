"""One act asked of a policy: both answers step by step, facts that would change them, and the nearest lawful change.

The steps are those that `judging.tried` yields, so an explanation and the answer that it explains cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from itertools import product
from typing import Any

from privacysim import vocabulary
from privacysim.errors import InputError, refuse_unknown
from privacysim.law import GivenPack, laws
from privacysim.policy.arm import Arm
from privacysim.policy.duties import Owed, owed
from privacysim.policy.judging import CLOSED, FLAGS, WORDS, Answer, Question, papers, tried, wanted
from privacysim.policy.policy_files import GivenPolicy, load_arms, load_policy
from privacysim.policy.policy_form import Access, Forbidden, Prohibited
from privacysim.wording import Words

AMOUNTS = ("quantity", "gain_cny", "officers")
NEEDED = tuple(CLOSED)[:6]
"""What every question must say."""
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_WORLD = 10
"""Cost of changing whose camera it is and where, against 1 for a paper, 3 for the way and 5 for the act or actor."""
_COST = {"acts": 5, "requester": 5, "purpose": 3, "channel": 3, "technique": 3, "operator": _WORLD, "regime": _WORLD,
         "scene": _WORLD, "listed": _WORLD, "own": _WORLD, "sited": _WORLD, "household": _WORLD, "secret": _WORLD}


@dataclass(frozen=True)
class Step:
    """A rule that was tried, and its elements that failed: none in the one that decides."""

    part: Access | Prohibited | Forbidden
    failed: tuple[str, ...]

    def line(self, question: Question, words: Words) -> str:
        """The element that failed and what the act says about it, or that the rule decides."""
        said = [_why(self.part, name, question, words) for name in self.failed]
        return words("ask_step", kind=words(f"ask_{type(self.part).__name__}"), rule=self.part.id,
                     failed=words.list(said, long=True) or words("ask_decides"))  # fmt: skip


@dataclass(frozen=True)
class Explained:
    """An answer with its reasons.

    `steps`: every rule tried, up to the one that decides. `decides`: unstated facts that would change the answer, each
    with a value and the resulting answer. `nearest`: the fields to change so that the act becomes lawful; empty if it
    is lawful, None if no route of the policy can make it so.
    """

    arm: Arm
    question: Question
    answer: Answer
    steps: tuple[Step, ...]
    decides: tuple[tuple[str, Any, Answer], ...]
    nearest: Mapping[str, Any] | None

    def lines(self, lang: str = "en") -> list[str]:
        """The explanation in lines of text, in English or Chinese."""
        found, asked, words, known = self.answer, self.question, Words(lang), self.arm.laws
        gap = words("ask_gap", gap=words.text(found.gap)) if found.gap else ""
        basis = [known.provision(name) for name in found.basis_general.split("; ") if name]
        last = self.steps[-1].part if self.steps and not self.steps[-1].failed else None
        ground = last.reference or [words("assumption", says=words.text(last.assumption))] if last else []
        made = [words("ask_rules", said=words.text(found.specific), gap=gap, rule=found.rule or words("no_rule"),
                      basis=words.list([one if isinstance(one, str) else known.cite(one) for one in ground], long=True)
                      or "-"),
                words("ask_law", day=self.arm.law_date, said=words.text(found.general),
                      basis=words.list(map(known.cite, basis), long=True) or "-")]  # fmt: skip
        near = [step for step in self.steps if not {"requester", "acts"} & {*step.failed}]
        made += [*(step.line(asked, words) for step in near), words("ask_others", n=len(self.steps) - len(near))]
        made += [words("ask_depends", name=words.text(name, "field"), value=words.text(str(value), name),
                       answer=words.list((answer.specific, answer.general))) for name, value, answer in self.decides]
        if self.nearest is None:
            return [*made, words("ask_never")]
        changes = [words("ask_change", name=words.text(name, "field"), old=words.text(str(getattr(asked, name)), name),
                         new=words.text(str(value), name)) for name, value in self.nearest.items()]
        return [*made, words("ask_nearest", changes=words.list(changes, long=True))] if changes else made

    def __str__(self) -> str:
        return "\n".join(self.lines())


def ask(policy: GivenPolicy | Arm, *, law_date: date | str | None = None, packs: Sequence[GivenPack] = (),
        duty: str = "", **facts: Any) -> Explained | Owed:
    """Ask one act: `requester`, `act`, `purpose`, `channel`, `operator`, `regime`, and any other field of `Question`.

    With `duty`, ask whether the operator of a camera has that duty: `operator` and `regime`, and where it matters
    `place` (a category), `when` (circumstances) and other fields. The answer is then an `Owed`.

    `policy` is a name (with its reading, if contested), a path, a dict, a `Policy` or an `Arm`. `law_date` is the day
    of general law, by default the newest. An unknown word is an error that names the closest one.

    >>> from privacysim.policy import ask
    >>> found = ask("order_799", requester="public_security", act="view", purpose="curiosity", channel="request",
    ...             operator="commercial", regime="public_venue")
    >>> found.answer.specific, found.answer.general, found.nearest["purpose"]
    ('prohibited_derived', 'pi_breach', 'criminal_case')
    >>> print(ask("order_799", duty="retention", operator="commercial", regime="public_venue", when="key_target"))
    retention: yes, 90 d [CTL 32]
    """
    arm = policy if isinstance(policy, Arm) else arm_of(policy, law_date, packs)
    if not duty:
        return explain(arm, question_of(facts))
    place, when = facts.pop("place", ""), facts.pop("when", ())
    when = when.replace(",", " ").split() if isinstance(when, str) else when
    return owed(arm, duty, said_of(facts), place, when)


def arm_of(policy: GivenPolicy, law_date: date | str | None = None, packs: Sequence[GivenPack] = ()) -> Arm:
    """The policy as an arm, on the day of general law given, by default the newest."""
    name = policy.partition(":")[0] if isinstance(policy, str) and not policy.endswith(".toml") else policy
    if law_date is None:
        found = load_policy(name, packs=packs)
        newest = laws(packs, found.pack).bundles[-1].first_day
        law_date = max(found.law_date or newest, newest)
    when = date.fromisoformat(law_date) if isinstance(law_date, str) else law_date
    arms = load_arms([policy], {}, when, packs=packs)
    if len(arms) > 1:
        raise InputError("policy", "one reading of a contested policy", name, f"write {arms[0].id}")
    return arms[0]


def question_of(facts: Mapping[str, Any]) -> Question:
    """The question from its fields, as words of a command or as Python values."""
    said = said_of(facts)
    for name in NEEDED:
        if name not in said:
            raise InputError(f"ask, {name}", "what every act has", "nothing", f"one of {', '.join(CLOSED[name])}")
    return Question(**said)


def said_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a question as Python values."""
    known = {field.name for field in fields(Question)}
    said: dict[str, Any] = {}
    for name, value in facts.items():
        refuse_unknown(name, known, "ask", "a field of a question")
        if name in CLOSED:
            refuse_unknown(value, CLOSED[name], f"ask, {name}", "a word of its list")
        elif name != "mask" and isinstance(value, str):
            number = name in AMOUNTS
            if not value.isdigit() if number else value not in _YES:
                raise InputError(f"ask, {name}", "a whole number" if number else "yes or no", value, f"write {name}=1")
            value = int(value) if number else _YES[value]
        said[name] = value
    return said


def questions_of(facts: Mapping[str, str]) -> list[Question]:
    """All questions of a table: fields may hold several words with commas, or `any`."""
    several = [[(name, word) for word in (CLOSED[name] if text == "any" and name in CLOSED else text.split(","))]
               for name, text in facts.items()]
    return [question_of(dict(row)) for row in product(*several)]


def explain(arm: Arm, question: Question) -> Explained:
    """Explain the arm's answer to a question."""
    answer, steps = arm.judge(question), []
    for _, rule, failed in tried(arm.policy, arm.reading, question):
        steps.append(Step(rule, failed))
        if not failed:
            break
    return Explained(arm, question, answer, tuple(steps), tuple(_decides(arm, question, answer)),
                     _nearest(arm, question, answer))


def lawful(answer: Answer) -> bool:
    """Whether the camera rules permit the act or say nothing, and general law calls it lawful."""
    return answer.legality != "prohibited" and answer.general == "lawful"


def _why(rule: Any, name: str, question: Question, words: Words) -> str:
    """Which element of a rule failed, and what the act says."""
    field, needs = WORDS.get(name, name), getattr(rule, name, None)
    got = words.text(str(getattr(question, field, "") or "unsaid"), field)
    kind = "word" if name in WORDS else "flag" if name in FLAGS else name
    if name in WORDS:
        needs = words.list([words.text(one, field) for one in needs or ["its acts"]])
    elif name in FLAGS:
        needs = words.text("yes" if needs else "no")
    return words(f"why_{kind}", name=words.text(field, "field"), needs=words.text(str(needs)), got=got)


def _decides(arm: Arm, question: Question, answer: Answer) -> Iterable[tuple[str, Any, Answer]]:
    """Unstated facts, each with a value that changes the answer."""
    values: dict[str, tuple[Any, ...]] = {
        "quantity": (1,), "gain_cny": (1,), "officers": (1,), "case_filed": (False,), "siting_lawful": (False,),
        "of_whom": vocabulary.WHOM, "tells": vocabulary.TELLS,
        "household": (True, False) if question.operator == "home" else (),
        "entry": vocabulary.ENTRIES[1:] if question.channel == "remote_login" else (),
        "beyond": vocabulary.LIMITS[:1] if question.document != "none" else ()}
    for name, tries in values.items():
        if getattr(question, name) not in (None, ""):
            continue
        for value in tries:
            other = arm.judge(replace(question, **{name: value}))
            if (other.specific, other.general) != (answer.specific, answer.general):
                yield name, value, other
                break


def _nearest(arm: Arm, question: Question, answer: Answer) -> Mapping[str, Any] | None:
    """The fewest and cheapest changes that make the act lawful, tried by the judge."""
    if lawful(answer):
        return {}
    made = []
    for number, (_, rule, failed) in enumerate(tried(arm.policy, arm.reading, question)):
        if isinstance(rule, Access):
            change = {key: value for name in failed for key, value in _met(rule, name, question).items()}
            made.append((sum(_COST.get(name, 1) for name in failed), number, change))
    return next((change for _, _, change in sorted(made, key=lambda one: one[:2])
                 if lawful(arm.judge(replace(question, **change)))), None)


def _met(rule: Access, name: str, question: Question) -> dict[str, Any]:
    """The change of a question that meets one element of a route."""
    value = (wanted(rule) | papers(rule) | {"clear": (True,)})[name][0]
    speaks_for = "guardian" if question.of_whom in ("minor", "ward") else "person_filmed"
    changes: dict[str, dict[str, Any]] = {
        "acts": {"act": value}, "sited": {"siting_lawful": value}, "approved": {"siting_lawful": True},
        "asked_in_time": {"within": "hours"}, "anonymous": {"identifiable": not value}, "clear": {"mask": "box"},
        "masked": {"mask": "box" if value else "none"}, "irreversible": {"mask": "box", "reversible": False},
        "filmed_consent": {"consent_of": speaks_for}}
    return changes.get(name) or {name: value}
