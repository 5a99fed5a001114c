"""Faults in a policy's rules, found by going through every question that can be asked.

A rule accepts a box of questions: for each field, the words that it allows. A rule decides nothing if the boxes of the
rules before it cover its own. `outside` proves that by cutting the box along the others; what it finds is a question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from privacysim import vocabulary as words
from privacysim.law.provisions import Laws, Match
from privacysim.policy.judging import _HIGHER, _NEED_A_CASE, FLAGS, WORDS
from privacysim.policy.policy_files import readings_of, sourced
from privacysim.policy.policy_form import DUTY_NAMES, Access, Forbidden, Policy
from privacysim.units import duration_text

Box = Mapping[str, frozenset[Any]]
_BOTH = frozenset((True, False))
_MOST = 3
SPACE: dict[str, frozenset[Any]] = {
    "acts": frozenset(words.ACTS), "entry": frozenset(words.ENTRIES), "requester": frozenset(words.REQUESTERS),
    "channel": frozenset(words.CHANNELS), "purpose": frozenset(words.PURPOSES), "operator": frozenset(words.OPERATORS),
    "regime": frozenset(words.REGIMES), "technique": frozenset(words.TECHNIQUES), "scene": frozenset(words.SCENES),
    "secret": frozenset(words.SECRETS), "of_whom": frozenset(("", *words.WHOM)),
    "tells": frozenset(("", *words.TELLS)), **dict.fromkeys(FLAGS, _BOTH),
    "document": frozenset(words.DOCUMENTS), "approver": frozenset(words.APPROVERS),
    "beyond": frozenset(("", *words.LIMITS)), "officers": frozenset(range(1, _MOST + 1)),
    **dict.fromkeys(("consent", "filmed_consent", "irreversible", "case_filed", "asked_in_time", "approved"), _BOTH),
}
"""Every question: the fields that rules look at, and their values."""
_SPEAKS_OF = {"retention": "retention", "filing": "filing", "log": "logs", "sign": "signage", "mask": "mask"}


@dataclass(frozen=True)
class Finding:
    """A fault: the place in the file, what is wrong, and how to mend it."""

    where: str
    kind: str
    says: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.says}\n  fix: {self.fix}"


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


def boxes(policy: Policy, rule: Match, reading: str = "") -> list[Box]:
    """The questions that a route or prohibition accepts."""
    box = dict(SPACE)
    for name in WORDS:
        if named := getattr(rule, name):
            box[name] = frozenset(named)
    for name in FLAGS:
        if getattr(rule, name) is not None:
            box[name] = frozenset((getattr(rule, name),))
    if isinstance(rule, Access):
        return _of_route(policy, rule, box)
    scope = rule.scope if isinstance(rule, Forbidden) else None
    return [box] if scope is None else _within(policy, scope, box)


def _of_route(policy: Policy, rule: Access, box: dict[str, frozenset[Any]]) -> list[Box]:
    if rule.document != "none":
        box["document"] = frozenset((rule.document,))
    if rule.document != "none" or "in_limits" in rule.conditions:
        box["beyond"] = frozenset(("",))
    if rule.approver == "strict_unspecified":
        box["approver"] = SPACE["approver"] - {"none"}
    elif rule.approver not in ("none", "operator", "controller"):
        box["approver"] = frozenset(_HIGHER.get(rule.approver, (rule.approver,)))
    box["officers"] = frozenset(range(rule.officers, _MOST + 1))
    box |= {name: frozenset((True,)) for name, condition in (("consent", "consent"), ("irreversible", "masked"),
                                                             ("filmed_consent", "filmed_consent"),
                                                             ("asked_in_time", "asked_in_time"),
                                                             ("approved", "approved"))
            if condition in rule.conditions}
    made: list[dict[str, frozenset[Any]]] = [box]
    if "case_filed" in rule.conditions:
        made = [box | {"purpose": box["purpose"] - {*_NEED_A_CASE}},
                box | {"purpose": box["purpose"] & {*_NEED_A_CASE}, "case_filed": frozenset((True,))}]
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
    """All findings of a policy; none means that every rule decides some question and cites what carries it."""
    return [*_order(policy), *_citations(policy, known), *_floors(policy, known), *_silences(policy)]


def _order(policy: Policy) -> Iterator[Finding]:
    """Rules that decide nothing: impossible, shadowed by routes, or already covered by prohibitions."""
    found = [dict(_idle(policy, reading)) for reading in readings_of(policy) or ("",)]
    yield from (finding for where, finding in found[0].items() if all(where in other for other in found))
    yield from _undone(policy)
    yield from _inverted(policy)


def _idle(policy: Policy, reading: str) -> Iterator[tuple[str, Finding]]:
    before: list[tuple[str, list[Box]]] = []
    for where, rule, mine in in_order(policy, reading):
        met = [(name, theirs) for name, theirs in before if any(
            all(one[field] & other[field] for field in SPACE) for one in mine for other in theirs)]
        routes = [box for name, theirs in met if name.startswith("access.") for box in theirs]
        names = ", ".join(name for name, _ in met)
        if not mine:
            yield where, Finding(where, "impossible condition", "no act can meet all its conditions", "drop one")
        elif not any(outside(box, routes) for box in mine):
            shadowed = where.startswith("access.")
            yield where, Finding(where, "shadowed rule" if shadowed else "contradiction",
                                 f"{names} open all its acts before", "narrow or move one of them, or drop it")
        elif not any(outside(box, [box for _, theirs in met for box in theirs]) for box in mine):
            yield where, Finding(where, "rule that never decides", f"{names} decide all its acts before", "drop it")
        if not getattr(rule, "dated", False):  # one that stands on some days only leaves the others to later rules
            before.append((where, mine))


def _undone(policy: Policy) -> Iterator[Finding]:
    """Routes open to nobody's need: to curiosity or commerce, unless their own text or assumption says so."""
    if policy.status == "counterfactual":
        return
    for rule in policy.access:
        own_ends = {"curiosity"} if "filmed_consent" in rule.conditions else {"curiosity", "commerce"}
        if named := sorted(own_ends & {*(rule.purpose or words.PURPOSES)}):
            yield Finding(f"access.{rule.id}.purpose", "route without need", f"it serves {' and '.join(named)}",
                          'name its purposes, for example purpose = ["public_need"]')


def _inverted(policy: Policy) -> Iterator[Finding]:
    """Conditions the wrong way round: a camera that may not stand there; own staff or an own console elsewhere."""
    for rule in policy.access:
        named = [(rule.requester, {"own_staff_on_duty"}), (rule.channel, {"own_console", "live_monitor"})]
        if rule.own is False and any(words_of and {*words_of} <= own for words_of, own in named):
            yield Finding(f"access.{rule.id}.own", "inverted condition", "own staff or consoles, but another's camera",
                          "write own = true")
        if rule.sited is False:
            yield Finding(f"access.{rule.id}.sited", "inverted condition", "it opens only cameras that may not stand",
                          "write sited = true")


def _citations(policy: Policy, known: Laws) -> Iterator[Finding]:
    """References to provisions of another kind; the loader refuses laws that begin after the policy's date."""
    for where, part in sourced(policy):
        kind = "access" if isinstance(part, Access) else "ban" if where.startswith(("forbidden", "prohibited")) else ""
        kind = kind or ("duty" if where.partition(".")[0] in (*DUTY_NAMES, "retention", "siting") else "")
        for number, reference in enumerate(part.reference):
            provision = known.cited(reference, where)
            if kind and provision.carries and kind not in provision.carries:
                yield Finding(f"{where}.reference.{number}", "citation that does not carry the rule",
                              f"{reference.law} {reference.article} is no ground for {_KINDS[kind]}",
                              "cite the article that says so, or state an assumption")


_KINDS = {"access": "access", "ban": "a prohibition", "duty": "a duty of holders"}


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
                yield Finding(f"retention.{name}.keep", "below a floor",
                              f"{duration_text(rule.keep)}, but {provision.law} {provision.article} asks for "
                              f"{duration_text(asked.keep)}", "keep as long, or give the policy another status")


def _silences(policy: Policy) -> Iterator[Finding]:
    """Entries of `silent` that name nothing but a duty that the policy has."""
    for number, line in enumerate(policy.silent):
        named = [section for word, section in _SPEAKS_OF.items() if line.lower().rstrip("s") in (word, f"{word}ing")]
        for section in named:
            said = policy.retention if section == "retention" else getattr(policy, section)
            if said is not None and getattr(said, "regime", True) != ():
                yield Finding(f"silent.{number}", "silence that is none", f"[{section}] regulates it", "drop the entry")
