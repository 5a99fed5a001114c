"""Faults in a policy's rules, found by going through every question that can be asked.

A rule accepts a box of questions: for each field, the words that it allows. A rule decides nothing if the boxes of the
rules before it cover its own. `outside` tests this by cutting the box along the others; anything left is a question
that the rule decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privacysim import vocabulary
from privacysim.law.provisions import Laws, Match
from privacysim.policy.judging import CLOSED, FLAGS, NEED_A_CASE, TESTED, WORDS, papers, wanted
from privacysim.policy.policy_files import readings_of, sourced
from privacysim.policy.policy_form import DUTY_NAMES, MOST_OFFICERS, Access, Forbidden, Policy
from privacysim.units import duration_text
from privacysim.wording import Words

Box = Mapping[str, frozenset[Any]]
_BOTH = frozenset((True, False))
_UNSAID = ("of_whom", "tells", "beyond")
SPACE: dict[str, frozenset[Any]] = {
    **{name: frozenset((*CLOSED["act" if name == "acts" else name], *([""] if name in _UNSAID else ())))
       for name in (*WORDS, "document", "approver", "beyond")},
    **dict.fromkeys((*FLAGS, *TESTED), _BOTH), "officers": frozenset(range(1, MOST_OFFICERS + 1)),
}
"""Every question: the fields that rules look at, and their values."""
_SPEAKS_OF = {"retention": "retention", "filing": "filing", "log": "logs", "sign": "signage", "mask": "mask"}


@dataclass(frozen=True)
class Finding:
    """A fault: the place in the file, its kind, and what fills the blanks of its sentence in `data/words/law.toml`."""

    where: str
    kind: str
    about: tuple[tuple[str, str | tuple[str, ...]], ...] = ()

    def line(self, lang: str = "en") -> str:
        """The fault and how to fix it, in English or Chinese."""
        words = Words(lang)
        blanks = {key: words.list((value,) if isinstance(value, str) else value) for key, value in self.about}
        says, fix = words(self.kind, **blanks).split("|")
        return words("check_finding", where=self.where, kind=words.text(self.kind), says=says, fix=fix)

    def __str__(self) -> str:
        return self.line()


def _fault(where: str, kind: str, **about: str | tuple[str, ...]) -> Finding:
    return Finding(where, kind, tuple(about.items()))


def outside(box: Box, covers: Sequence[Box]) -> Box | None:
    """A part of the box that no cover reaches, or None if they cover all of it."""
    if not all(box.values()):
        return None
    for number, cover in enumerate(covers):
        if not all(box[name] & cover[name] for name in SPACE):
            continue
        rest = dict(box)
        for name in SPACE:
            if beyond := rest[name] - cover[name]:
                found = outside({**rest, name: beyond}, covers[number + 1:])
                if found is not None:
                    return found
                rest[name] &= cover[name]
        return None
    return box


def boxes(policy: Policy, rule: Match) -> list[Box]:
    """The questions that a route or prohibition accepts: its elements, as the judge tests them."""
    box = SPACE | {name: frozenset(values) for name, values in wanted(rule).items()}
    if not isinstance(rule, Access):
        scope = rule.scope if isinstance(rule, Forbidden) else None
        return [box] if scope is None else _within(policy, scope, box)
    box |= {name: frozenset(values) for name, values in papers(rule).items()}
    made, need = [box], frozenset(NEED_A_CASE)
    if "case_filed" in rule.conditions:  # asked only where the purpose is a case
        made = [box | {"purpose": box["purpose"] - need, "case_filed": _BOTH}, box | {"purpose": box["purpose"] & need}]
    if (mask := policy.mask) and rule.id not in mask.unmask:
        bound = frozenset(mask.regime) or SPACE["regime"]
        made = [part for one in made for part in (one | {"regime": one["regime"] - bound},
                                                  one | {"masked": one["masked"] & {True}})]
    return [one for one in made if all(one.values())]


def _within(policy: Policy, scope: str, box: dict[str, frozenset[Any]]) -> list[Box]:
    where = next(one.where for one in policy.scope if one.id == scope)
    made = [box | {"operator": box["operator"] & (frozenset(one.operator) or SPACE["operator"]),
                   "regime": box["regime"] & (frozenset(one.regime) or SPACE["regime"]),
                   "listed": box["listed"] & (_BOTH if one.listed is None else {one.listed})} for one in where]
    return [one for one in made if all(one.values())] if where else [box]


def in_order(policy: Policy, reading: str) -> list[tuple[str, Any, list[Box]]]:
    """Every rule in the order in which it is tried, with its place in the file and the questions it accepts."""
    made: list[tuple[str, Any, list[Box]]] = [(f"access.{rule.id}", rule, boxes(policy, rule))
                                              for rule in policy.access]
    if ban := policy.prohibited:
        acts = dict(SPACE) | {"acts": frozenset((*ban.absolute, *ban.if_no_route))}
        made.append(("prohibited", ban, _within(policy, reading, acts) if reading else [acts]))
    return made + [(f"forbidden.{rule.id}", rule, boxes(policy, rule)) for rule in policy.forbidden]


def lint(policy: Policy, known: Laws) -> list[Finding]:
    """All findings of a policy; none means that every rule decides some question and cites a supporting provision."""
    idle = [dict(_idle(policy, reading)) for reading in readings_of(policy) or ("",)]
    return [*(finding for where, finding in idle[0].items() if all(where in other for other in idle)),
            *_undone(policy), *_inverted(policy), *_citations(policy, known), *_floors(policy, known),
            *_silences(policy)]


def _idle(policy: Policy, reading: str) -> Iterator[tuple[str, Finding]]:
    """Rules that decide nothing under a reading: impossible, shadowed by routes, or covered by prohibitions."""
    before: list[tuple[str, list[Box]]] = []
    for where, rule, mine in in_order(policy, reading):
        met = [(name, theirs) for name, theirs in before if any(
            all(one[field] & other[field] for field in SPACE) for one in mine for other in theirs)]
        routes = [box for name, theirs in met if name.startswith("access.") for box in theirs]
        names = tuple(name for name, _ in met)
        if not mine:
            yield where, _fault(where, "impossible condition")
        elif not any(outside(box, routes) for box in mine):
            shadowed = where.startswith("access.")
            yield where, _fault(where, "shadowed rule" if shadowed else "contradiction", others=names)
        elif not any(outside(box, [box for _, theirs in met for box in theirs]) for box in mine):
            yield where, _fault(where, "rule that never decides", others=names)
        if not getattr(rule, "dated", False):  # one that stands on some days only leaves the others to later rules
            before.append((where, mine))


def _undone(policy: Policy) -> Iterator[Finding]:
    """Routes without a legitimate need: open to curiosity or commerce, unless their own text or assumption says so."""
    if policy.status == "counterfactual":
        return
    for rule in policy.access:
        own_ends = {"curiosity"} if "filmed_consent" in rule.conditions else {"curiosity", "commerce"}
        if named := sorted(own_ends & {*(rule.purpose or vocabulary.PURPOSES)}):
            yield _fault(f"access.{rule.id}.purpose", "route without need", purposes=tuple(named))


def _inverted(policy: Policy) -> Iterator[Finding]:
    """Inverted conditions: a camera that may not stand there; own staff, or one's own console, elsewhere."""
    for rule in policy.access:
        named = [(rule.requester, {"own_staff_on_duty"}), (rule.channel, {"own_console", "live_monitor"})]
        if rule.own is False and any(words_of and {*words_of} <= own for words_of, own in named):
            yield _fault(f"access.{rule.id}.own", "inverted condition", name="own")
        if rule.sited is False:
            yield _fault(f"access.{rule.id}.sited", "inverted condition", name="sited")


def _citations(policy: Policy, known: Laws) -> Iterator[Finding]:
    """References to provisions of another kind; the loader refuses laws that begin after the policy's date."""
    for where, part in sourced(policy):
        section = where.partition(".")[0]
        kind = {"prohibited": "ban", "forbidden": "ban", "access": "access"}.get(section, "")
        kind = kind or ("duty" if section in (*DUTY_NAMES, "retention", "siting") else "")
        for number, reference in enumerate(part.reference):
            provision = known.cited(reference, where)
            if kind and provision.carries and kind not in provision.carries:
                yield _fault(f"{where}.reference.{number}", "citation that does not carry the rule",
                             cited=known.cite(reference), rule=kind)


def _floors(policy: Policy, known: Laws) -> Iterator[Finding]:
    """Retention below the floor of a law in force, in rules that claim to be in force."""
    if policy.status != "in_force" or policy.retention is None or policy.law_date is None:
        return
    for provision in known.provisions.values():
        asked = provision.floor
        abroad = known.packs.get(provision.law, policy.pack) != policy.pack
        if asked is None or abroad or not known.in_force(provision, policy.law_date):
            continue
        for name in asked.classes:
            rule = getattr(policy.retention, name) or policy.retention.any
            if rule is not None and rule.keep < asked.keep:
                yield _fault(f"retention.{name}.keep", "below a floor", keep=duration_text(rule.keep),
                             cited=known.cite(provision), floor=duration_text(asked.keep))


def _silences(policy: Policy) -> Iterator[Finding]:
    """Entries of `silent` that name nothing but a duty that the policy has."""
    for number, line in enumerate(policy.silent):
        named = [section for word, section in _SPEAKS_OF.items() if line.lower().rstrip("s") in (word, f"{word}ing")]
        for section in named:
            said = policy.retention if section == "retention" else getattr(policy, section)
            if said is not None and getattr(said, "regime", True) != ():
                yield _fault(f"silent.{number}", "silence that is none", section=section)
