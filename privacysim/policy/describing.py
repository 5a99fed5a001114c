"""Policies in legal terms: one policy in full, or two compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from privacysim.law.provisions import Laws, Provision, Sanction
from privacysim.policy.arm import Arm
from privacysim.policy.policy_files import sourced
from privacysim.policy.policy_form import Access, Duty, Forbidden, Policy, Retention
from privacysim.policy.questions import Answer, Question
from privacysim.units import duration_text
from privacysim.vocabulary import ACTS

Section = tuple[str, list[str]]
"""Heading and lines."""

_ANYBODY = "anybody"


def describe(arm: Arm) -> list[Section]:
    """Every rule of a policy, the source of each, and where the model departs from the text."""
    policy, known = arm.policy, arm.laws
    sections: list[Section] = [("Routes of access, in order", [route_line(rule, known) for rule in policy.access])]
    sections.append(("Prohibitions, in order, for whoever has no route", _bans(policy, known)))
    sections.append(("Readings and variants", _readings(policy)))
    sections.append(("Duties of those who hold footage", _duties(policy, known)))
    provisions = [known.provision(name) for name in policy.sanctions]
    sections.append(("Sanctions of these rules", [f"{p.id}: {p.says} {sanction_text(p.sanction)}" for p in provisions]))
    sections.append(("Silent on", list(policy.silent)))
    sections.append(("Where the model departs from the text", list(policy.departures)))
    laws_cited = {provision.law for provision in cited(policy, known)}
    sections.append(("Classes of place in these laws", [
        f"{place.regime}: {known.laws[place.law].short} {place.article}" + (f" ({place.says})" if place.says else "")
        for place in known.places if place.law in laws_cited
    ]))  # fmt: skip
    sections.append(("Citations", [citation(p, known) for p in cited(policy, known)]))
    return [(title, lines) for title, lines in sections if lines]


def compare(first: Arm, second: Arm) -> list[Section]:
    """What the second policy changes relative to the first: routes, duties, and acts without a route."""
    sections: list[Section] = [("Routes", _changed_rules(first, second))]
    old, new = _duties(first.policy, first.laws), _duties(second.policy, second.laws)
    sections.append(("Duties", _changes(old, new)))
    sections.append(("Acts without a route (before → after)", _changed_cells(first, second)))
    sections.append(("Silence (− no longer, + now)", _changes(first.policy.silent, second.policy.silent)))
    return [(title, lines) for title, lines in sections if lines]


def _changes(old: Sequence[str], new: Sequence[str]) -> list[str]:
    return [f"− {line}" for line in old if line not in new] + [f"+ {line}" for line in new if line not in old]


def cited(policy: Policy, known: Laws) -> list[Provision]:
    """Provisions that the policy cites, without duplicates, by law and article."""
    found = {known.cited(ref, "").id: known.cited(ref, "") for _, part in sourced(policy) for ref in part.reference}
    return [found[name] for name in sorted(found)]


def citation(provision: Provision, known: Laws) -> str:
    """One provision with its summary, its days in force, and how well its text was verified."""
    law = known.laws[provision.law]
    first = provision.in_force_from or law.in_force_from
    last = provision.in_force_to or law.in_force_to
    span = f"{first} to {last}" if last else f"from {first}" if first else "draft"
    read = {"R": "read", "S": "secondary text", "M": "not read", "A": "assumption", "H": "hypothetical"}
    return f"{law.short} {provision.article} ({span}; {read[provision.status]}): {provision.says}"


def route_line(rule: Access, known: Laws) -> str:
    """A route in one sentence."""
    parts = [f"{rule.id}: {_who(rule)} may {_list(rule.acts) or 'do anything'}"]
    if rule.purpose:
        parts.append(f"for {_list(rule.purpose)}")
    if rule.channel:
        parts.append(f"by {_list(rule.channel)}")
    if rule.technique:
        parts.append(f"(technique: {_list(rule.technique)})")
    text = " ".join(parts) + f"; {_whose(rule)}."
    if rule.document != "none" or rule.approver != "none":
        text += f" Paper: {rule.document}" + (f", approved by {rule.approver}." if rule.approver != "none" else ".")
    text += "" if rule.officers == 1 else f" Officers: {rule.officers}."
    if rule.conditions or rule.terms:
        text += f" Conditions: {'; '.join((*rule.conditions, *rule.terms))}."
    if rule.regularise is not None:
        text += f" Approved afterwards within {duration_text(rule.regularise)}."
    if rule.deadline is not None:
        text += f" Answer within {duration_text(rule.deadline)}."
    text += " The holder must give." if rule.duty_to_give else ""
    text += " Others in the frame are masked." if rule.others_masked else ""
    return text + _ground(rule, known)


def _bans(policy: Policy, known: Laws) -> list[str]:
    lines = []
    if policy.prohibited:
        ban = policy.prohibited
        lines.append(
            f"prohibited: nobody may {_list(ban.absolute)}; nobody without a route may {_list(ban.if_no_route)}."
            + _ground(ban, known)
        )
    for rule in policy.forbidden:
        where = f", scope {rule.scope}" if rule.scope else ""
        way = f" by {_list(rule.channel)}" if rule.channel else ""
        way += f" (technique: {_list(rule.technique)})" if rule.technique else ""
        lines.append(
            f"{rule.id} ({rule.how}): not by {_who(rule)}: {_list(rule.acts) or 'any act'}{way}; "
            f"{_whose(rule)}{where}.{_ground(rule, known)}"
        )
    return lines


def _readings(policy: Policy) -> list[str]:
    contested = policy.prohibited.scope if policy.prohibited else ()
    scopes = [scope for scope in policy.scope if scope.id in contested]
    lines = [f"{scope.id} (contested, every one is run): {scope.says}" for scope in scopes]
    return lines + [f"{variant.id} (on request): {variant.says}" for variant in policy.reading]


def _duties(policy: Policy, known: Laws) -> list[str]:
    lines = []
    if not policy.footage:
        return ["no footage at all"]
    for name, rule in policy.retention or ():
        if rule is not None:
            lines.append(f"retention, {name}: {_kept(rule)}.{_ground(rule, known)}")
    for name in ("filing", "logs", "security", "signage"):
        duty: Duty | None = getattr(policy, name)
        if duty is None or not duty.regime:
            lines.append(f"{name}: nobody's duty." + (_ground(duty, known) if duty else ""))
            continue
        term = f", within {duration_text(duty.term)}" if duty.term is not None else ""
        kept = f", kept {duration_text(duty.kept)}" if duty.kept is not None else ""
        items = f"; {_list(duty.items)}" if duty.items else ""
        lines.append(f"{name}: {_list(duty.regime)}{term}{kept}{items}.{_ground(duty, known)}")
    if policy.siting:
        places = _list(policy.siting.places)
        step = "at once" if policy.siting.at_once else "after an order to correct"
        more = "; on roads and squares only whom the rules name may install" if policy.siting.installers else ""
        more += "; venues must look for hidden cameras" if policy.siting.venue_duty else ""
        remedy = f"{policy.siting.remedy} ({step}){more}"
        lines.append(f"no cameras in: {places}; {remedy}.{_ground(policy.siting, known)}")
    if policy.mask:
        undo = f"key: {policy.mask.key_holder}" if policy.mask.reversible else "nobody can undo it"
        opens = f"; opened for {_list(policy.mask.unmask)}" if policy.mask.unmask else ""
        lines.append(f"mask at the source: {policy.mask.kind}, {undo}{opens}.{_ground(policy.mask, known)}")
    if policy.desk:
        lines.append(f"approver's time: median {duration_text(policy.desk.median)}.{_ground(policy.desk, known)}")
    if policy.oversight:
        watch = policy.oversight
        days = watch.notice_to_filmed
        told = f"; the person filmed is told {duration_text(days)} after" if days is not None else ""
        if watch.breach_notice is not None:
            told += f"; people are told of a breach within {duration_text(watch.breach_notice)}"
        independent = "; independent" if watch.independent_body else "; a judge" if watch.judge else ""
        lines.append(f"oversight: {watch.inspector}{independent}{told}.{_ground(watch, known)}")
    return lines


def _kept(rule: Retention) -> str:
    floor = f", by rule at least {duration_text(rule.floor)}" if rule.floor is not None else ", no floor"
    low, high = (duration_text(value) for value in rule.range_s)
    return f"{duration_text(rule.keep)} (swept {low} to {high}{floor})" + (f"; {rule.then}" if rule.then else "")


def _changed_rules(first: Arm, second: Arm) -> list[str]:
    old = {rule.id: route_line(rule, first.laws) for rule in first.policy.access}
    new = {rule.id: route_line(rule, second.laws) for rule in second.policy.access}
    lines = [f"− {old[name]}" for name in old if name not in new]
    lines += [f"+ {new[name]}" for name in new if name not in old]
    for name in old:
        if name in new and old[name] != new[name]:
            lines += [f"− {old[name]}", f"+ {new[name]}"]
    return lines


def _changed_cells(first: Arm, second: Arm) -> list[str]:
    before, after = matrix(first), matrix(second)
    cells: dict[tuple[str, str, str], list[str]] = {}
    for (actor, act, name), old in before.items():
        new = after[actor, act, name]
        if (old.specific, old.gap) != (new.specific, new.gap):
            change = f"{_cell(old.specific, old.gap)} → {_cell(new.specific, new.gap)}"
            cells.setdefault((actor, act, change), []).append(name)
    # first group the acts that change alike for one actor, then the actors with identical lines
    lines: dict[tuple[str, str, str], list[str]] = {}
    for (actor, act, change), names in cells.items():
        cameras = "all cameras" if len(names) == len(CLASSES) else _list(names)
        lines.setdefault((actor, cameras, change), []).append(act)
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for (actor, cameras, change), acts in lines.items():
        grouped.setdefault((_list(acts), cameras, change), []).append(actor)
    return [
        f"{change}: {acts} at {cameras} ({'everybody asked' if len(actors) == len(ACTORS) else _list(actors)})"
        for (acts, cameras, change), actors in grouped.items()
    ]


def _cell(specific: str, gap: str) -> str:
    return f"silent ({gap} gap)" if gap else specific.replace("_", ", ")


def sanction_text(sanction: Sanction | None) -> str:
    """The possible sanctions, in words."""
    if sanction is None:
        return "(no sanction of its own)"
    steps = {
        "at_once": "at once", "order_first": "after an order to correct was refused", "civil": "civil claims",
        "none_stated": "no sanction named",
    }
    parts = []
    for name in ("individual", "unit", "responsible"):
        band = getattr(sanction, name)
        if band:
            parts.append(f"{name} {band[0]:,.0f}–{band[1]:,.0f} {sanction.currency}".replace(",", " "))
    for name, unit in (("detention_d", "days of detention"), ("prison_years", "years of prison")):
        band = getattr(sanction, name)
        if band:
            parts.append(f"{band[0]:g}–{band[1]:g} {unit}")
    limit = f"; lapses after {duration_text(sanction.limitation)}" if sanction.limitation else ""
    return f"[{steps[sanction.step]}{': ' if parts else ''}{', '.join(parts)}{limit}]"


def _who(rule: Access | Forbidden) -> str:
    return _list(rule.requester) or _ANYBODY


def _whose(rule: Access | Forbidden) -> str:
    parts = ["own cameras"] if rule.own else []
    parts += [f"operators {_list(rule.operator)}"] if rule.operator else []
    parts += [f"places {_list(rule.regime)}"] if rule.regime else []
    parts += [f"scenes {_list(rule.scene)}"] if rule.scene else []
    if rule.masked is not None:
        parts.append("masked footage" if rule.masked else "clear footage")
    return ", ".join(parts) or "all cameras"


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _ground(part: Any, known: Laws) -> str:
    named = [f"{known.laws[ref.law].short} {ref.article}" for ref in part.reference]
    if part.assumption:
        named.append(f"assumption: {part.assumption}")
    if getattr(part, "note", ""):
        named.append(f"note: {part.note}")
    return f" [{'; '.join(named)}]"


CLASSES: dict[str, tuple[str, str, bool]] = {
    "PS": ("public_security", "public_state", False),
    "OS": ("other_state", "public_state", False),
    "C7": ("commercial", "public_venue", True),
    "C9L": ("commercial", "public_other", True),
    "C9": ("commercial", "public_other", False),
    "RH": ("home", "private_home", False),
}
"""Classes of cameras: operator, regime, listed."""
ACTORS: dict[str, Question] = {
    "an outsider asks": Question("curious", "view", "curiosity", "request", "home", "private_home"),
    "an outsider, open stream": Question("curious", "view", "curiosity", "open_stream", "home", "private_home"),
    "an intruder": Question("curious", "view", "curiosity", "remote_login", "home", "private_home"),
    "staff off purpose": Question("own_staff_off_purpose", "view", "curiosity", "own_console", "home", "private_home"),
    "the police without a paper": Question(
        "public_security", "view", "criminal_case", "request", "home", "private_home"
    ),
}
"""Actors without a route, and the channel that they use."""

Cell = tuple[str, str, str]


def matrix(arm: Arm) -> dict[Cell, Answer]:
    """Both answers for each (actor, act, class): what the rules say about acts that meet no route."""
    found: dict[Cell, Answer] = {}
    for actor, example in ACTORS.items():
        for act in ACTS:
            for name, (operator, regime, listed) in CLASSES.items():
                mask, undo = arm.mask(regime), arm.mask_reversible(regime)
                question = replace(
                    example, act=act, operator=operator, regime=regime, listed=listed, mask=mask, reversible=undo
                )
                found[actor, act, name] = arm.judge(question)
    return found
