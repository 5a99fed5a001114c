"""Policies in legal terms, in English or Chinese: one policy in full, or two compared."""

import re
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from privacysim.files import read_toml
from privacysim.law.provisions import Laws, Provision
from privacysim.policy.arm import Arm
from privacysim.policy.judging import Answer, Question
from privacysim.policy.policy_files import readings_of, sourced
from privacysim.policy.policy_form import DUTY_NAMES, Policy
from privacysim.resources import shipped
from privacysim.vocabulary import ACTS
from privacysim.wording import Words

Section = tuple[str, list[str]]
"""Heading and lines."""
Cell = tuple[str, str, str]
Key = TypeVar("Key", bound=Hashable)


def describe(arm: Arm, words: Words) -> list[Section]:
    """Every rule of a policy, the source of each, and where the model departs from the text."""
    policy, known = arm.policy, arm.laws
    sources, said = cited(policy, known), parts(arm, words)
    contested = [scope for scope in policy.scope if scope.id in readings_of(policy)]
    sections = {
        "routes": said["routes"], "bans": said["bans"],
        "readings": [words(key, name=one.id, says=words.text(one.says))
                     for key, several in (("contested", contested), ("variant", policy.reading)) for one in several],
        "duties": _duties(policy, known, words), "sanctions": said["sanctions"], "silent": said["silent"],
        "departures": list(map(words.text, policy.departures)),
        "places": [words("place_of", name=words.text(place.regime), cited=words.text(known.cite(place)))
                   + (words("place_says", says=words.text(place.says)) if place.says else "")
                   for place in known.places if place.law in {provision.law for provision in sources}],
        "citations": [citation(provision, known, words) for provision in sources],
    }
    return _headed("show", sections, words)


def parts(arm: Arm, words: Words) -> dict[str, list[str]]:
    """What each part of a policy says, one line per rule, each with its grounds."""
    policy, known = arm.policy, arm.laws
    routes = [(rule, _rule("route", rule, known, words)) for rule in policy.access]
    bans: list[tuple[str, Any]] = [("ban", policy.prohibited)] if policy.prohibited else []
    return {
        "routes": [line for _, line in routes],
        "own_footage": [line for rule, line in routes if "person_filmed" in rule.requester],
        "bans": [_rule(kind, ban, known, words)
                 for kind, ban in (*bans, *(("forbidden", ban) for ban in policy.forbidden))],
        **_duties_by_name(policy, known, words),
        "sanctions": [words("sanction_of", cited=words.text(known.cite(one)), says=words.text(one.says),
                            sanction=sanction_text(one, words)) for one in map(known.provision, policy.sanctions)],
        "silent": list(map(words.text, policy.silent)),
    }  # fmt: skip


def compare(first: Arm, second: Arm, words: Words) -> list[Section]:
    """What the second policy changes relative to the first: routes, duties, and acts without a route."""
    routes = [[_rule("route", rule, arm.laws, words) for rule in arm.policy.access] for arm in (first, second)]
    duties = [_duties(arm.policy, arm.laws, words) for arm in (first, second)]
    silent = [list(map(words.text, arm.policy.silent)) for arm in (first, second)]
    return _headed("diff", {"routes": _changes(*routes), "duties": _changes(*duties),
                            "cells": _changed_cells(first, second, words), "silence": _changes(*silent)}, words)


def passing(first: Arm, second: Arm, words: Words) -> list[Section]:
    """Changes between the law dates of two arms of one policy."""
    known, start, end = first.laws, first.law_date or first.bundle.first_day, second.law_date or second.bundle.first_day
    spans = [(citation(one, known, words), *known.span(one)) for one in known.provisions.values()
             if known.packs.get(one.law, first.policy.pack) == first.policy.pack]
    law = [f"+ {said}" for said, begun, _ in spans if begun and start < begun <= end]
    law += [f"− {said}" for said, _, ended in spans if ended and start <= ended < end]
    return [*_headed("diff", {"law": sorted(law)}, words), *compare(first, second, words)]


def _headed(kind: str, sections: dict[str, list[str]], words: Words) -> list[Section]:
    return [(words(f"{kind}_{name}"), lines) for name, lines in sections.items() if lines]


def _changes(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Lines removed (−) and added (+), by their names, so that both versions of a rule are adjacent."""
    lines = [f"− {line}" for line in old if line not in new] + [f"+ {line}" for line in new if line not in old]
    return sorted(lines, key=lambda line: re.split("[:：]", line[2:])[0])


def cited(policy: Policy, known: Laws) -> list[Provision]:
    """Provisions that the policy cites, without duplicates, by law and article."""
    found = {known.cited(ref, "").id: known.cited(ref, "") for _, part in sourced(policy) for ref in part.reference}
    return [found[name] for name in sorted(found)]


def citation(provision: Provision, known: Laws, words: Words) -> str:
    """One provision with its summary, its days in force, and how well its text was verified."""
    first, last = known.span(provision)
    span = words("span_ended" if last else "span_open" if first else "span_draft", first=first, last=last)
    return words("citation", cited=words.text(known.cite(provision)), span=span, read=words(f"read_{provision.status}"),
                 says=words.text(provision.says))  # fmt: skip


def sanction_text(provision: Provision, words: Words) -> str:
    """The possible sanctions, in words."""
    return words.said("sanction", provision.sanction) if provision.sanction else words("no_sanction")


def _rule(kind: str, rule: Any, known: Laws, words: Words) -> str:
    """A rule in one sentence, with its grounds."""
    grounds = [words.text(known.cite(reference)) for reference in rule.reference]
    grounds += [words(key, says=words.text(said)) for key in ("assumption", "note") if (said := getattr(rule, key, ""))]
    return words.said(kind, rule) + words("ground", grounds=words.list(grounds, long=True))


def _duties(policy: Policy, known: Laws, words: Words) -> list[str]:
    return [line for lines in _duties_by_name(policy, known, words).values() for line in lines]


def _duties_by_name(policy: Policy, known: Laws, words: Words) -> dict[str, list[str]]:
    if not policy.footage:
        return {"retention": [words("no_footage_at_all")]}
    found = {"retention": [words("retention_of", name=words.text(name)) + _rule("retention", rule, known, words)
                           for name, rule in policy.retention or () if rule is not None]}
    for name in DUTY_NAMES:
        duty = getattr(policy, name)
        said = words.said("duty", None) if duty is None else _rule("duty", duty, known, words)
        found[name] = [words("duty_of", name=words.text(name)) + said]
    return found | {name: [_rule(name, part, known, words)] for name in ("siting", "mask", "desk", "oversight")
                    if (part := getattr(policy, name)) is not None}


def _changed_cells(first: Arm, second: Arm, words: Words) -> list[str]:
    before, after, dated = matrix(first), matrix(second), first.law_date != second.law_date
    everybody, everywhere = (len(_asked()[kind]) for kind in ("actors", "cameras"))
    cells = _grouped(
        ((actor, act, f"{_cell(old, dated, words)} → {_cell(new, dated, words)}"), name)
        for (actor, act, name), old in before.items()
        if _cell(old, dated, words) != _cell(new := after[actor, act, name], dated, words)
    )
    # first group the acts that change alike for one actor, then the actors with identical lines
    lines = _grouped(((actor, words("all_cameras") if len(names) == everywhere else words.list(names), change), act)
                     for (actor, act, change), names in cells.items())
    groups = _grouped(((words.list(acts), cameras, change), actor) for (actor, cameras, change), acts in lines.items())
    return [words("cell", change=change, acts=acts, cameras=cameras,
                  actors=words("everybody_asked") if len(actors) == everybody else words.list(actors))
            for (acts, cameras, change), actors in groups.items()]  # fmt: skip


def _grouped(pairs: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    found: dict[Key, list[str]] = {}
    for key, item in pairs:
        found.setdefault(key, []).append(item)
    return found


def _cell(answer: Answer, dated: bool, words: Words) -> str:
    rules = words("cell_silent", gap=words.text(answer.gap)) if answer.gap else words.text(answer.specific)
    said = f"{rules} / {words.text(answer.general)}" if dated else rules
    return said.replace("prohibited_", "prohibited, ").replace("_", " ")


def matrix(arm: Arm) -> dict[Cell, Answer]:
    """Both answers for each (actor, act, camera) of `data/diff_acts.toml`: acts that meet no route."""
    return {
        (actor, act, name): arm.judge(Question(act=act, **who, **camera, mask=arm.mask(camera["regime"]),
                                               reversible=arm.mask_reversible(camera["regime"])))
        for actor, who in _asked()["actors"].items() for act in ACTS
        for name, camera in _asked()["cameras"].items()
    }  # fmt: skip


@lru_cache(maxsize=1)
def _asked() -> dict[str, dict[str, dict[str, Any]]]:
    return read_toml(shipped("data/diff_acts.toml"))
