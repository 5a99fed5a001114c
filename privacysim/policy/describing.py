"""Policies in legal terms: one policy in full, or two compared."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from privacysim.law.provisions import Laws, Provision, Sanction
from privacysim.policy.arm import Arm
from privacysim.policy.judging import Answer, Question
from privacysim.policy.policy_files import sourced
from privacysim.policy.policy_form import DUTY_NAMES, Access, Duty, Forbidden, Policy, Retention, Sourced
from privacysim.units import duration_text
from privacysim.vocabulary import ACTS

_list = ", ".join
Section = tuple[str, list[str]]
"""Heading and lines."""
Cell = tuple[str, str, str]


def describe(arm: Arm) -> list[Section]:
    """Every rule of a policy, the source of each, and where the model departs from the text."""
    policy, known = arm.policy, arm.laws
    sources = cited(policy, known)
    sections: list[Section] = [
        ("Routes of access, in order", [route_line(rule, known) for rule in policy.access]),
        ("Prohibitions, in order, for whoever has no route", _bans(policy, known)),
        ("Readings and variants", _readings(policy)), ("Duties of those who hold footage", _duties(policy, known)),
        ("Sanctions of these rules", [f"{p.id}: {p.says} {sanction_text(p.sanction)}"
                                      for p in map(known.provision, policy.sanctions)]),
        ("Silent on", list(policy.silent)), ("Where the model departs from the text", list(policy.departures)),
        ("Classes of place in these laws", [
            f"{place.regime}: {known.laws[place.law].short} {place.article}{f' ({place.says})' if place.says else ''}"
            for place in known.places if place.law in {provision.law for provision in sources}
        ]),
        ("Citations", [citation(provision, known) for provision in sources]),
    ]
    return [(title, lines) for title, lines in sections if lines]


def compare(first: Arm, second: Arm) -> list[Section]:
    """What the second policy changes relative to the first: routes, duties, and acts without a route."""
    routes = [[route_line(rule, arm.laws) for rule in arm.policy.access] for arm in (first, second)]
    duties = [_duties(arm.policy, arm.laws) for arm in (first, second)]
    sections: list[Section] = [("Routes", _changes(*routes)), ("Duties", _changes(*duties)),
                               ("Acts without a route (before → after)", _changed_cells(first, second)),
                               ("Silence (− no longer, + now)", _changes(first.policy.silent, second.policy.silent))]
    return [(title, lines) for title, lines in sections if lines]


def passing(first: Arm, second: Arm) -> list[Section]:
    """What the passing of time alone changes between the law dates of two arms of one policy."""
    known, start, end = first.laws, first.law_date or first.bundle.first_day, second.law_date or second.bundle.first_day
    spans = [(citation(one, known), *known.span(one)) for one in known.provisions.values()]
    law = [f"+ {said}" for said, begun, _ in spans if begun and start < begun <= end]
    law += [f"− {said}" for said, _, ended in spans if ended and start <= ended < end]
    changed = compare(first, second)
    return [("Law that began (+) or ended (−)", sorted(law)), *changed] if law else changed


def _changes(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Lines that went (−) and came (+), by their names, so that both versions of a rule stand together."""
    lines = [f"− {line}" for line in old if line not in new] + [f"+ {line}" for line in new if line not in old]
    return sorted(lines, key=lambda line: line[2:].partition(":")[0])


def cited(policy: Policy, known: Laws) -> list[Provision]:
    """Provisions that the policy cites, without duplicates, by law and article."""
    found = {known.cited(ref, "").id: known.cited(ref, "") for _, part in sourced(policy) for ref in part.reference}
    return [found[name] for name in sorted(found)]


def citation(provision: Provision, known: Laws) -> str:
    """One provision with its summary, its days in force, and how well its text was verified."""
    law, (first, last) = known.laws[provision.law], known.span(provision)
    span = f"{first} to {last}" if last else f"from {first}" if first else "draft"
    read = {"R": "read", "S": "secondary text", "M": "not read", "A": "assumption", "H": "hypothetical"}
    return f"{law.short} {provision.article} ({span}; {read[provision.status]}): {provision.says}"


def route_line(rule: Access, known: Laws) -> str:
    """A route in one sentence."""
    text = f"{rule.id}: {_list(rule.requester) or 'anybody'} may {_list(rule.acts) or 'do anything'}"
    text += f" for {_list(rule.purpose)}" if rule.purpose else ""
    text += f"{_way(rule)}; {_whose(rule)}."
    if rule.document != "none" or rule.approver != "none":
        text += f" Paper: {rule.document}" + (f", approved by {rule.approver}." if rule.approver != "none" else ".")
    text += "" if rule.officers == 1 else f" Officers: {rule.officers}."
    if rule.conditions or rule.terms:
        text += f" Conditions: {'; '.join((*rule.conditions, *rule.terms))}."
    text += "" if rule.regularise is None else f" Approved afterwards within {duration_text(rule.regularise)}."
    text += "" if rule.deadline is None else f" Answer within {duration_text(rule.deadline)}."
    text += " The holder must give." if rule.duty_to_give else ""
    text += " Others in the frame are masked." if rule.others_masked else ""
    return text + _ground(rule, known)


def _bans(policy: Policy, known: Laws) -> list[str]:
    lines = []
    if policy.prohibited:
        ban = policy.prohibited
        lines.append(f"prohibited: nobody may {_list(ban.absolute)}; nobody without a route may "
                     f"{_list(ban.if_no_route)}.{_ground(ban, known)}")
    for rule in policy.forbidden:
        where = f", scope {rule.scope}" if rule.scope else ""
        lines.append(f"{rule.id} ({rule.how}): not by {_list(rule.requester) or 'anybody'}: "
                     f"{_list(rule.acts) or 'any act'}{_way(rule)}; {_whose(rule)}{where}.{_ground(rule, known)}")
    return lines


def _readings(policy: Policy) -> list[str]:
    contested = policy.prohibited.scope if policy.prohibited else ()
    scopes = [scope for scope in policy.scope if scope.id in contested]
    lines = [f"{scope.id} (contested, every one is run): {scope.says}" for scope in scopes]
    return lines + [f"{variant.id} (on request): {variant.says}" for variant in policy.reading]


def _duties(policy: Policy, known: Laws) -> list[str]:
    if not policy.footage:
        return ["no footage at all"]
    lines: list[tuple[str, Sourced | None]] = [(f"retention, {name}: {_kept(rule)}.", rule)
                                               for name, rule in policy.retention or () if rule is not None]
    for name in DUTY_NAMES:
        duty: Duty | None = getattr(policy, name)
        if duty is None or not duty.regime:
            lines.append((f"{name}: nobody's duty.", duty))
            continue
        where = f"{_list(duty.regime)}{f', scope {duty.scope}' if duty.scope else ''}"
        term = f", within {duration_text(duty.term)}" if duty.term is not None else ""
        kept = f", kept {duration_text(duty.kept)}" if duty.kept is not None else ""
        items = f"; {_list(duty.items)}" if duty.items else ""
        lines.append((f"{name}: {where}{term}{kept}{items}.", duty))
    if site := policy.siting:
        step = "at once" if site.at_once else "after an order to correct"
        more = "; on roads and squares only whom the rules name may install" if site.installers else ""
        more += "; venues must look for hidden cameras" if site.venue_duty else ""
        lines.append((f"no cameras in: {_list(site.places)}; {site.remedy} ({step}){more}.", site))
    if mask := policy.mask:
        undo = f"key: {mask.key_holder}" if mask.reversible else "nobody can undo it"
        opens = f"; opened for {_list(mask.unmask)}" if mask.unmask else ""
        lines.append((f"mask at the source: {mask.kind}, {undo}{opens}.", mask))
    if policy.desk:
        lines.append((f"approver's time: median {duration_text(policy.desk.median)}.", policy.desk))
    if watch := policy.oversight:
        days, breach = watch.notice_to_filmed, watch.breach_notice
        told = f"; the person filmed is told {duration_text(days)} after" if days is not None else ""
        told += f"; people are told of a breach within {duration_text(breach)}" if breach is not None else ""
        independent = "; independent" if watch.independent_body else "; a judge" if watch.judge else ""
        lines.append((f"oversight: {watch.inspector}{independent}{told}.", watch))
    return [text + (_ground(part, known) if part else "") for text, part in lines]


def _kept(rule: Retention) -> str:
    floor = f", by rule at least {duration_text(rule.floor)}" if rule.floor is not None else ", no floor"
    low, high = (duration_text(value) for value in rule.range_s)
    return f"{duration_text(rule.keep)} (swept {low} to {high}{floor})" + (f"; {rule.then}" if rule.then else "")


def _changed_cells(first: Arm, second: Arm) -> list[str]:
    before, after, dated = matrix(first), matrix(second), first.law_date != second.law_date
    cells = _grouped(
        ((actor, act, f"{_cell(old, dated)} → {_cell(new, dated)}"), name)
        for (actor, act, name), old in before.items()
        if _cell(old, dated) != _cell(new := after[actor, act, name], dated)
    )
    # first group the acts that change alike for one actor, then the actors with identical lines
    lines = _grouped(((actor, "all cameras" if len(names) == len(CLASSES) else _list(names), change), act)
                     for (actor, act, change), names in cells.items())
    groups = _grouped(((_list(acts), cameras, change), actor) for (actor, cameras, change), acts in lines.items())
    return [f"{change}: {acts} at {cameras} ({'everybody asked' if len(actors) == len(ACTORS) else _list(actors)})"
            for (acts, cameras, change), actors in groups.items()]


def _grouped(pairs: Iterable[tuple[Cell, str]]) -> dict[Cell, list[str]]:
    found: dict[Cell, list[str]] = {}
    for key, item in pairs:
        found.setdefault(key, []).append(item)
    return found


def _cell(answer: Answer, dated: bool) -> str:
    rules = f"silent ({answer.gap} gap)" if answer.gap else answer.specific.replace("_", ", ")
    return f"{rules} / {answer.general.replace('_', ' ')}" if dated else rules


def sanction_text(sanction: Sanction | None) -> str:
    """The possible sanctions, in words."""
    if sanction is None:
        return "(no sanction of its own)"
    steps = {"at_once": "at once", "order_first": "after an order to correct was refused", "civil": "civil claims",
             "none_stated": "no sanction named"}
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


def _way(rule: Access | Forbidden) -> str:
    way = f" by {_list(rule.channel)}" if rule.channel else ""
    return way + (f" (technique: {_list(rule.technique)})" if rule.technique else "")


def _whose(rule: Access | Forbidden) -> str:
    parts = ["own cameras"] if rule.own else []
    parts += [f"{name} {_list(words)}" for name, words in (("operators", rule.operator), ("places", rule.regime),
                                                           ("scenes", rule.scene)) if words]
    if rule.masked is not None:
        parts.append("masked footage" if rule.masked else "clear footage")
    return ", ".join(parts) or "all cameras"


def _ground(part: Any, known: Laws) -> str:
    named = [f"{known.laws[ref.law].short} {ref.article}" for ref in part.reference]
    if part.assumption:
        named.append(f"assumption: {part.assumption}")
    if getattr(part, "note", ""):
        named.append(f"note: {part.note}")
    return f" [{'; '.join(named)}]"


CLASSES: dict[str, tuple[str, str, bool, str]] = {
    "a police camera": ("public_security", "public_state", False, "street"),
    "another organ's camera": ("other_state", "public_state", False, "street"),
    "a venue": ("commercial", "public_venue", True, "public_interior"),
    "a listed shop": ("commercial", "public_other", True, "public_interior"),
    "a small shop": ("commercial", "public_other", False, "public_interior"),
    "a flat": ("home", "private_home", False, "private_space"),
}
"""Classes of cameras: operator, regime, whether listed, scene."""
ACTORS = {
    name: Question(requester, "view", purpose, channel, "home", "private_home")
    for name, requester, purpose, channel in (
        ("an outsider asks", "curious", "curiosity", "request"),
        ("an outsider, open stream", "curious", "curiosity", "open_stream"),
        ("an intruder", "curious", "curiosity", "remote_login"),
        ("staff off purpose", "own_staff_off_purpose", "curiosity", "own_console"),
        ("the police without a paper", "public_security", "criminal_case", "request"),
    )
}
"""Actors without a route, and the channel that they use."""


def matrix(arm: Arm) -> dict[Cell, Answer]:
    """Both answers for each (actor, act, class): what the rules say about acts that meet no route."""
    return {
        (actor, act, name): arm.judge(replace(example, act=act, operator=operator, regime=regime, listed=listed,
                                              scene=scene, mask=arm.mask(regime),
                                              reversible=arm.mask_reversible(regime)))
        for actor, example in ACTORS.items() for act in ACTS
        for name, (operator, regime, listed, scene) in CLASSES.items()
    }
