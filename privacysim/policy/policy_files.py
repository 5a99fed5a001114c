"""Loads policy files into arms: `extends`, `layer`, `drop`, `before`, readings, and the check of every citation.

`extends` changes another policy. An entry with a known id replaces the old one in its place; a new one goes last or
`before = "id"`; `drop = ["id"]` removes one. Retention is replaced class by class, and every other section as a whole.
`layer` combines rules of several levels, higher law first: its routes come first, prohibitions of all levels stay,
and if two levels set a retention period the longer floor applies.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal

from privacysim.errors import InputError, refuse_unknown
from privacysim.files import given_data, named_files, validate
from privacysim.identify import mask_text
from privacysim.law import GivenPack, Laws, laws
from privacysim.policy.arm import Arm
from privacysim.policy.policy_form import DUTY_NAMES, Policy, Sourced
from privacysim.units import duration_s
from privacysim.vocabulary import ACTS

BASE = "base"
"""Name of the policy without any of its variants."""
Raw = dict[str, Any]
_OWN = ("id", "title", "status", "summary", "extends", "layer", "drop", "reading")
"""Keys that a policy never inherits from its parent."""
_LISTS = ("access", "forbidden", "scope")
GivenPolicy = str | Path | Mapping[str, Any] | Policy
"""A policy: its name or path, a dict with the content of its file, or a `Policy`."""


def load_policy(policy: GivenPolicy, reading: str = "", *, packs: Sequence[GivenPack] = (), where: str = "") -> Policy:
    """Load a policy with everything resolved; a mistake raises a three-line error.

    `policy` is a name or path, a dict with the content of a file, or a `Policy`; all get the same checks. `reading`
    chooses one of its variants. `packs` are further law packs that it may cite; `where` is the place shown in errors.

    >>> from privacysim.policy import load_policy
    >>> load_policy("order_799").retention.public.floor / 86400
    30.0
    >>> shorter = {"id": "shorter", "extends": "order_799", "title": {"en": "Shorter"}, "status": "hypothetical",
    ...            "retention": {"public": {"keep": "7 d", "assumption": "a reform"}}}
    >>> load_policy(shorter).retention.public.keep / 86400
    7.0
    """
    known = laws(packs)
    raw, named = resolved(policy, partial(_read, known, policy, where))
    if reading:
        raw = inherit(raw, _variant(raw, reading, named), named)
        raw.pop("reading", None)
    found = validate(Policy, raw, named)
    _check(found, known, named)
    return found


def policy_files() -> dict[str, Path]:
    """All policy files by name: from law packs, shipped, and yours in `sim/policies`, which override the others."""
    return dict(sorted({**laws().policies, **named_files("policies")}.items()))


def _read(known: Laws, first: GivenPolicy, where: str, given: GivenPolicy) -> tuple[Raw, str]:
    """A policy as plain data, and its place for errors, which for the first is `where` if that is given."""
    raw, found, _ = given_data(Policy, "policies", given, known.policies)
    if isinstance(rule := raw.get("mask"), Mapping) and not isinstance(rule.get("kind", ""), str):
        raw["mask"] = {**rule, "kind": mask_text(rule["kind"])}  # a mask object, as the number of cells it leaves
    return raw, (where if given is first else "") or found


def resolved(given: Any, read: Callable[[Any], tuple[Raw, str]], chain: tuple[str, ...] = ()) -> tuple[Raw, str]:
    """The rules of a policy and its parents, each read by `read`, as plain data, and where they come from."""
    raw, where = read(given)
    name = str(given if isinstance(given, str | Path) else raw.get("id", ""))
    if name in chain:
        raise InputError(f"{where}, extends", "no circular inheritance", " → ".join((*chain, name)), "break the cycle")
    file = validate(Policy, raw, where)
    if file.extends and file.layer:
        raise InputError(f"{where}, layer", "either extends or layer", "both", "leave one out")
    levels = [resolved(part, read, (*chain, name))[0] for part in (*file.layer, *filter(None, [file.extends]))]
    return inherit(layered(levels, where) if file.layer else levels[0] if levels else {}, raw, where), where


def _variant(raw: Mapping[str, Any], reading: str, where: str) -> dict[str, Any]:
    variants = {entry["id"]: entry for entry in raw.get("reading", [])}
    refuse_unknown(reading, variants, f"{where}, reading", "one of its readings")
    return {key: value for key, value in variants[reading].items() if key not in ("id", "says")}


def _check(policy: Policy, known: Laws, where: str) -> None:
    if policy.law_date is None:
        raise InputError(f"{where}, law_date", "the date of its law", "nothing", "add law_date = 2025-06-01")
    if policy.footage and policy.retention is None:
        raise InputError(f"{where}, retention", "how long footage is kept", "nothing", "add [retention.any]")
    _check_scopes(policy, where)
    for place, part in sourced(policy):
        for reference in part.reference:
            provision = known.cited(reference, f"{where}, {place}.reference")
            draft = known.laws[provision.law].in_force_from is None
            if draft and policy.status in ("draft", "hypothetical", "counterfactual"):
                continue
            if not part.dated and not known.in_force(provision, policy.law_date):
                raise InputError(f"{where}, {place}.reference", f"a provision in force on {policy.law_date}",
                                 f"{reference.law} {reference.article}", "change law_date or the citation")
    place = f"{where}, sanctions"
    for provision_id in policy.sanctions:
        if not known.in_force(known.provision(provision_id, place), policy.law_date):
            raise InputError(place, f"provisions in force on {policy.law_date}", provision_id, "drop it")
    routes = [rule.id for rule in policy.access]
    for route in policy.mask.unmask if policy.mask else ():
        refuse_unknown(route, routes, f"{where}, mask.unmask", "the id of a route")


def _check_scopes(policy: Policy, where: str) -> None:
    scopes = {scope.id for scope in policy.scope}
    named = [(f"forbidden.{ban.id}.scope", ban.scope) for ban in policy.forbidden if ban.scope is not None]
    named += [(f"{name}.scope", duty.scope) for name in DUTY_NAMES if (duty := getattr(policy, name)) and duty.scope]
    for place, name in [*named, *(("prohibited.scope", name) for name in readings_of(policy))]:
        refuse_unknown(name, scopes, f"{where}, {place}", "an id of [[scope]]")
    if readings_of(policy) and policy.reading:
        raise InputError(f"{where}, reading", "no variants beside the readings of a scope", policy.reading[0].id,
                         "drop one")
    absolute = policy.prohibited.absolute if policy.prohibited else ()
    for rule in policy.access:
        for act in (act for act in rule.acts or ACTS if act in absolute):
            raise InputError(f"{where}, access.{rule.id}.acts", "no act that is prohibited absolutely", act,
                             "drop the act")


def sourced(policy: Policy) -> list[tuple[str, Sourced]]:
    """Every part of a policy that needs a reference or an assumption, with its place in the file."""
    found: list[tuple[str, Sourced | None]] = [(f"{kind}.{rule.id}", rule) for kind in _LISTS
                                               for rule in getattr(policy, kind)]
    found += [(f"retention.{name}", part) for name, part in policy.retention or ()]
    found += [(name, getattr(policy, name))
              for name in ("prohibited", *DUTY_NAMES, "siting", "mask", "desk", "oversight")]
    return [(name, part) for name, part in found if part is not None]


def readings_of(policy: Policy) -> tuple[str, ...]:
    """The contested readings, each of which must be run; empty if the text is clear."""
    return policy.prohibited.scope if policy.prohibited else ()


def load_arms(policies: Sequence[GivenPolicy], readings: Mapping[str, Sequence[str]], law_date: date | Literal["own"],
              *, packs: Sequence[GivenPack] = (), pack: str | None = None) -> list[Arm]:
    """The arms of a study, in the order of its policies; each policy is given as in `load_policy`.

    `readings` maps a policy's name to the contested readings to run (default: all), or to its variants, with `base`
    for the unchanged policy. A policy may also be named with its reading, for example `guangzhou_draft:narrow`.
    `law_date` chooses the general law, which is the same for all arms; "own" judges each policy by its own date. The
    general law is that of `pack` (a scenario's), or of each policy's own pack if that is omitted.
    """
    names = [str(entry) if isinstance(entry, str | Path) else _id(entry) for entry in policies]
    for name in readings:
        refuse_unknown(name, names, "readings", "a policy of the study")
    arms: list[Arm] = []
    for entry, name in zip(policies, names, strict=True):
        named = ""
        if isinstance(entry, str) and not entry.endswith(".toml"):
            entry, _, named = entry.partition(":")
        for reading, policy in _chosen(entry, name, (named,) if named else tuple(readings.get(name, ())), packs):
            arm_id = f"{policy.id}:{reading}" if reading else policy.id
            if any(arm.id == arm_id for arm in arms):
                raise InputError("policies", "each arm once", arm_id, "name it once")
            title = f"{policy.title.en} ({reading})" if reading else policy.title.en
            known = laws(packs, pack or policy.pack)
            when = policy.law_date if law_date == "own" else law_date
            assert when is not None  # load_policy refuses a policy without a date
            bundle = known.bundle_on(when)
            arms.append(Arm(arm_id, title, on_date(policy, known, when), reading, known, bundle, when))
    return arms


def on_date(policy: Policy, known: Laws, day: date) -> Policy:
    """The policy without the routes and prohibitions whose law was not yet in force on that day, or is no longer."""
    kept = {kind: tuple(rule for rule in getattr(policy, kind) if known.opens(rule.reference, day))
            for kind in ("access", "forbidden")}
    return policy.model_copy(update=kept)


def _id(given: Any) -> str:
    return str(given.get("id", "") if isinstance(given, Mapping) else getattr(given, "id", ""))


def _chosen(given: GivenPolicy, name: str, chosen: Sequence[str],
            packs: Sequence[GivenPack]) -> list[tuple[str, Policy]]:
    policy = load_policy(given, packs=packs)
    scopes = readings_of(policy)
    known = scopes or (*(variant.id for variant in policy.reading), BASE)
    for reading in chosen:
        refuse_unknown(reading, known, f"readings.{name.partition(':')[0]}", "one of its readings")
    if scopes:
        return [(reading, policy) for reading in (chosen or scopes)]
    return [("", policy) if reading == BASE else (reading, load_policy(given, reading, packs=packs))
            for reading in chosen or (BASE,)]  # fmt: skip


def inherit(parent: Mapping[str, Any], child: Mapping[str, Any], where: str) -> Raw:
    """Merge the child into its parent; name, readings and drops are taken from the child only."""
    # a variant keeps the policy's name; a child has its own
    merged: Raw = {key: value for key, value in parent.items() if "id" not in child or key not in _OWN}
    dropped = set(child.get("drop", ()))
    for kind in _LISTS:
        entries = [dict(entry) for entry in merged.get(kind, ())]
        merged[kind] = _rules(entries, child.get(kind, ()), dropped, f"{where}, {kind}")
    known = [entry["id"] for kind in _LISTS for entry in (*parent.get(kind, ()), *child.get(kind, ()))]
    for name in sorted(dropped):
        refuse_unknown(name, known, f"{where}, drop", "the id of an inherited rule")
    for key, value in child.items():
        if key == "retention":
            merged[key] = {**merged.get(key, {}), **value}
        elif key == "departures":
            merged[key] = [*merged.get(key, ()), *value]
        elif key not in _LISTS and key not in ("extends", "layer", "drop"):
            merged[key] = value
    return {key: value for key, value in merged.items() if value != []}


def _rules(old: list[Raw], new: Iterable[Mapping[str, Any]], dropped: set[str], where: str) -> list[Raw]:
    rules = [entry for entry in old if entry["id"] not in dropped]
    seen: set[str] = set()
    for entry in new:
        rule = dict(entry)
        name, before = rule["id"], rule.pop("before", None)
        if name in seen:
            raise InputError(f"{where}.{name}", "a unique id", name, "rename one of the two")
        seen.add(name)
        if before is not None:
            rules = [known for known in rules if known["id"] != name]
        ids = [known["id"] for known in rules]
        if before is not None:
            refuse_unknown(before, ids, f"{where}.{name}.before", "the id of another rule")
            rules.insert(ids.index(before), rule)
        elif name in ids:
            rules[ids.index(name)] = rule
        else:
            rules.append(rule)
    return rules


def layered(levels: Sequence[Mapping[str, Any]], where: str) -> Raw:
    """Combine several levels of rules, the higher law first."""
    def floor(rule: Raw) -> float:
        return duration_s(rule["floor"]) if "floor" in rule else 0.0

    merged: Raw = {key: value for key, value in levels[0].items() if key not in (*_OWN, "law_date", "silent")}
    for level in levels[1:]:
        for kind in _LISTS:
            mine, more = merged.get(kind, ()), level.get(kind, ())
            for name in {entry["id"] for entry in mine} & {entry["id"] for entry in more}:
                raise InputError(f"{where}, layer", f"ids of {kind} that differ", name, "rename one")
            merged[kind] = [*mine, *more]
        kept = merged.setdefault("retention", {})
        merged["retention"] = kept | {name: rule for name, rule in level.get("retention", {}).items()
                                      if name not in kept or floor(rule) > floor(kept[name])}
        merged["departures"] = [*merged.get("departures", ()), *level.get("departures", ())]
        merged["sanctions"] = list(dict.fromkeys((*merged.get("sanctions", ()), *level.get("sanctions", ()))))
        for key, value in level.items():
            if key in DUTY_NAMES and not merged.get(key, {}).get("regime"):
                merged[key] = value
            elif key not in (*_OWN, *_LISTS, "law_date", "silent"):
                merged.setdefault(key, value)
    return merged
