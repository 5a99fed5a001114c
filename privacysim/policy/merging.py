"""How policy files are put together, on the raw data: a child over its parent, levels of law over one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from privacysim.errors import InputError, did_you_mean
from privacysim.units import duration_s

_OWN = ("id", "title", "status", "summary", "extends", "layer", "drop", "reading")
"""What a policy says about itself and never hands down."""
_LISTS = ("access", "forbidden", "scope")
_DUTIES = ("filing", "logs", "security", "signage")

Raw = dict[str, Any]


def inherit(parent: Mapping[str, Any], child: Mapping[str, Any], where: str) -> Raw:
    """The child over its parent; the child's own name, readings and drops stay its own."""
    # a variant has no name of its own and keeps the policy's; a child brings its own
    merged: Raw = {key: value for key, value in parent.items() if "id" not in child or key not in _OWN}
    dropped = set(child.get("drop", ()))
    for kind in _LISTS:
        entries = [dict(entry) for entry in merged.get(kind, ())]
        merged[kind] = _rules(entries, child.get(kind, ()), dropped, f"{where}, {kind}")
    known = [entry["id"] for kind in _LISTS for entry in (*parent.get(kind, ()), *child.get(kind, ()))]
    for name in sorted(dropped):
        if name not in known:
            raise InputError(f"{where}, drop", "the id of an inherited rule", name, did_you_mean(name, known))
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
        if rule["id"] in seen:
            raise InputError(f"{where}.{rule['id']}", "an id of its own", rule["id"], "rename one of the two")
        seen.add(rule["id"])
        ids = [known["id"] for known in rules]
        before = rule.pop("before", None)
        if before is not None and (before not in ids or before == rule["id"]):
            place = f"{where}.{rule['id']}.before"
            others = [name for name in ids if name != rule["id"]]
            raise InputError(place, "the id of another rule", before, did_you_mean(before, others))
        if rule["id"] in ids:
            at = ids.index(rule["id"])
            if before is None:
                rules[at] = rule
                continue
            del rules[at]
            ids.remove(rule["id"])
        rules.insert(ids.index(before) if before is not None else len(rules), rule)
    return rules


def layered(levels: Sequence[Mapping[str, Any]], where: str) -> Raw:
    """Several levels of rules in one, the higher law first."""
    merged: Raw = {key: value for key, value in levels[0].items() if key not in (*_OWN, "law_date", "silent")}
    for level in levels[1:]:
        for kind in _LISTS:
            mine = [entry["id"] for entry in merged.get(kind, ())]
            for entry in level.get(kind, ()):
                if entry["id"] in mine:
                    raise InputError(f"{where}, layer", f"ids of {kind} that differ", entry["id"], "rename one")
            merged[kind] = [*merged.get(kind, ()), *level.get(kind, ())]
        merged["retention"] = _longer_floors(merged.get("retention", {}), level.get("retention", {}))
        merged["departures"] = [*merged.get("departures", ()), *level.get("departures", ())]
        merged["sanctions"] = list(dict.fromkeys((*merged.get("sanctions", ()), *level.get("sanctions", ()))))
        for key, value in level.items():
            if key in _DUTIES and not merged.get(key, {}).get("regime"):
                merged[key] = value
            elif key not in (*_OWN, *_LISTS, "law_date", "silent"):
                merged.setdefault(key, value)
    return merged


def _longer_floors(higher: Mapping[str, Raw], lower: Mapping[str, Raw]) -> Raw:
    merged = dict(higher)
    for name, rule in lower.items():
        if name not in merged or _floor(rule) > _floor(merged[name]):
            merged[name] = rule
    return merged


def _floor(rule: Raw) -> float:
    return duration_s(rule["floor"]) if "floor" in rule else 0.0
