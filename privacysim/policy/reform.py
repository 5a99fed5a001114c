"""A small change of a policy, in five levers, as the policy file that a researcher would have written by hand.

The file extends the policy that it starts from and holds only what differs, each change marked as an assumption. It is
read back through the same strict loader as every other file, so what a reform says is what a study runs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from privacysim.errors import InputError, did_you_mean
from privacysim.files import find_file, whole_file
from privacysim.identify import mask_text
from privacysim.policy.policy_files import load_policy, readings_of
from privacysim.policy.policy_form import Access, Policy
from privacysim.resources import cache_folder
from privacysim.units import duration_s, duration_text
from privacysim.vocabulary import ACTS

WHY = "chosen by the researcher"
APPROVERS = {
    "department": ("notice_of_obtaining_evidence", "case_department_head"),
    "county": ("notice_of_obtaining_evidence", "county_psb_head"),
    "judge": ("warrant", "judge"),
}
"""Who approves a request of the police: the paper and the approver of the route."""
DUTIES = {
    "nobody": (),
    "venues": ("public_state", "public_venue"),
    "shops": ("public_state", "public_venue", "public_other", "secret_adjacent"),
    "everybody": (
        "public_state", "public_venue", "public_other", "secret_adjacent", "residential_common", "private_home",
    ),
}
"""Whose cameras must be filed, logged and technically secured: each reach holds the one before."""
BANS = ("none", "venues", "everywhere")
"""Where every unit and individual is forbidden to buy, sell, view, copy, acquire, disseminate or use footage."""
_BAN_WHERE = {
    "venues": '[{operator = ["public_security", "other_state"]}, {regime = ["public_state", "public_venue"]}]',
}
_CLASSES = ("any", "public", "public_other", "public_other_listed", "private")


@dataclass(frozen=True, slots=True)
class Reform:
    """A policy with up to five things changed. Nothing is written until `save`, or until a study asks for its file.

    `base` is a policy by name, with its reading where the text leaves it open (`guangzhou_draft:wide`). `retention`
    is how long every holder keeps footage ("7 d"); `mask` what cameras apply at the source (`box`, `pixelate:4`,
    `none`, or a mask of your own: see `policy_form.MaskRule`), opened only by the papers of state organs; `approver`
    who approves a request of the police (department, county, judge); `duties` whose cameras are filed, logged and
    secured (nobody, venues, shops, everybody); `ban` where everybody is forbidden to trade, view or use footage (none,
    venues, everywhere). What is left out stays.

    >>> from privacysim.policy import Reform
    >>> print(Reform("order_799", retention="7 d").id)
    order_799_kept_7d
    """

    base: str
    retention: str | None = None
    mask: Any = None
    approver: str | None = None
    duties: str | None = None
    ban: str | None = None
    name: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        self._policy()  # an unknown base, reading or lever is an error at once
        if self.retention is not None:
            try:
                duration_s(self.retention)
            except ValueError as error:
                raise InputError("retention", str(error), self.retention, 'write it with its unit: "7 d"') from None
        if self.mask is not None:
            object.__setattr__(self, "mask", mask_text(self.mask))  # an own mask, by what it leaves
        for lever, known in (("approver", APPROVERS), ("duties", DUTIES), ("ban", BANS)):
            got = getattr(self, lever)
            if got is not None and got not in known:
                raise InputError(lever, "one of " + ", ".join(known), got, did_you_mean(str(got), known))
        if self.name and not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", self.name):
            raise InputError("name", "letters, digits, - and _", self.name, 'write a name such as "seven_days"')

    @property
    def changes(self) -> dict[str, str]:
        """The levers that were moved, in order."""
        return {lever: str(value) for lever in ("retention", "mask", "approver", "duties", "ban")
                if (value := getattr(self, lever)) is not None}  # fmt: skip

    @property
    def id(self) -> str:
        """Its name: the one given, else the base and the changes."""
        if self.name:
            return self.name
        short = {"retention": "kept", "mask": "mask", "approver": "by", "duties": "duties", "ban": "ban"}
        parts = [f"{short[lever]}_{value.replace(' ', '')}" for lever, value in self.changes.items()]
        return re.sub(r"[^A-Za-z0-9_]+", "_", "_".join([self.base, *(parts or ["unchanged"])]))

    def words(self) -> str:
        """The title: the base's, and what is changed."""
        if self.title:
            return self.title
        said = {
            "retention": "footage kept {}", "mask": "mask at the source: {}", "approver": "police ask the {}",
            "duties": "filing, logs and security: {}", "ban": "ban on everybody: {}",
        }  # fmt: skip
        parts = [said[lever].format(value) for lever, value in self.changes.items()]
        return f"{self._title()}, {'; '.join(parts)}" if parts else self._title()

    def toml(self) -> str:
        """The text of the policy file."""
        policy, (name, _, reading) = self._policy(), self.base.partition(":")
        lines = [
            f"# {self.words()}: only what differs from {name}.", f"id      = {_text(self.id)}",
            f"extends = {_text(name)}", f"title   = {{en = {_text(self.words())}}}", 'status  = "hypothetical"',
        ]  # fmt: skip
        lines += self._ban(policy, reading) + self._keeping(policy) + self._masking(policy) + self._asking(policy)
        return "\n".join(lines + self._duty()) + "\n"

    def save(self, folder: str | Path = "sim/policies", *, force: bool = False) -> str:
        """Write the file and return its path; another text under that name is kept unless `force`."""
        path = Path(folder) / f"{self.id}.toml"
        text = self.toml()
        if path.exists() and not force and path.read_text(encoding="utf-8") != text:
            raise InputError(f"{path}", "a free name", "a file with other rules", "choose another name, or force=True")
        with whole_file(path) as part:
            part.write_text(text, encoding="utf-8")
        return str(path)

    def kept(self) -> str:
        """Path of the file in the cache: for a study that need not leave a policy behind."""
        digest = hashlib.sha256(self.toml().encode()).hexdigest()[:12]
        return self.save(cache_folder() / "reforms" / digest)

    def _policy(self) -> Policy:
        name, _, reading = self.base.partition(":")
        policy = _loaded(name, find_file("policies", name).stat().st_mtime_ns)
        scopes = readings_of(policy)
        if scopes and reading not in scopes:
            raise InputError("base", f"{name} in one of its readings", self.base, f"write {name}:{scopes[0]}")
        if reading and not scopes:
            raise InputError("base", "a policy without a variant", self.base, f"write {name}")
        return policy

    def _title(self) -> str:
        title, (_, _, reading) = self._policy().title.en, self.base.partition(":")
        return f"{title} ({reading})" if reading else title

    def _ban(self, policy: Policy, reading: str) -> list[str]:
        if self.ban is None:
            if not reading or policy.prohibited is None:
                return []
            old = policy.prohibited
            return [
                "", "[prohibited]", f"absolute    = {_list(old.absolute)}", f"if_no_route = {_list(old.if_no_route)}",
                f"scope       = {_list((reading,))}", f"assumption  = {_text('read as ' + reading)}",
            ]  # fmt: skip
        if self.ban == "none":
            return ["", "[prohibited]", f"assumption = {_text(WHY)}"]
        where = [f"where      = {_BAN_WHERE[self.ban]}"] if self.ban in _BAN_WHERE else []
        offered = {act for rule in policy.access for act in (rule.acts or ACTS)}  # what a route gives stays given
        absolute = [act for act in ("buy", "sell") if act not in offered]
        return [
            "", "[prohibited]", *([f"absolute    = {_list(absolute)}"] if absolute else []),
            'if_no_route = ["view", "copy", "acquire", "disseminate", "use"]', 'scope       = ["chosen"]',
            f"assumption  = {_text(WHY)}", "", "[[scope]]", 'id         = "chosen"',
            f"says       = {_text('cameras: ' + self.ban)}", *where, f"assumption = {_text(WHY)}",
        ]  # fmt: skip

    def _keeping(self, policy: Policy) -> list[str]:
        if self.retention is None or policy.retention is None:
            return []
        keep = duration_text(duration_s(self.retention))
        lines = []
        for name in _CLASSES:
            if getattr(policy.retention, name) is not None:
                lines += ["", f"[retention.{name}]", f"keep       = {_text(keep)}", f"assumption = {_text(WHY)}"]
        return lines

    def _masking(self, policy: Policy) -> list[str]:
        if self.mask is None:
            return []
        papers = [rule.id for rule in policy.access if rule.duty_to_give and rule.document != "none"]
        return [
            "", "[mask]", f"kind       = {_text(self.mask)}", f"reversible = {_text(self.mask != 'none', raw=True)}",
            'key_holder = "independent of the operator"', f"unmask     = {_list(papers)}", f"assumption = {_text(WHY)}",
        ]  # fmt: skip

    def _asking(self, policy: Policy) -> list[str]:
        if self.approver is None:
            return []
        document, approver = APPROVERS[self.approver]
        lines: list[str] = []
        for rule in policy.access:
            asks = rule.requester == ("public_security",) and "request" in rule.channel
            if asks and "view" in (rule.acts or ACTS):
                lines += ["", "[[access]]", *_route(rule, document, approver)]
        return lines

    def _duty(self) -> list[str]:
        if self.duties is None:
            return []
        bound, lines = _list(DUTIES[self.duties]), []
        for name in ("filing", "logs", "security"):
            lines += ["", f"[{name}]", f"regime     = {bound}", f"assumption = {_text(WHY)}"]
        return lines


@lru_cache(maxsize=32)
def _loaded(name: str, changed: int) -> Policy:
    """The base, read once for as long as its file does not change: a slider asks many times."""
    return load_policy(name)


def _route(rule: Access, document: str, approver: str) -> list[str]:
    """The route as it stands, with another paper and approver: a child's entry replaces the whole of its parent's."""
    said: dict[str, Any] = rule.model_dump(mode="json", exclude_defaults=True)
    said |= {"document": document, "approver": approver, "assumption": WHY}
    return [f"{key} = {_value(value)}" for key, value in said.items()]


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _list(words: Any) -> str:
    return _value(list(words))


def _text(value: object, raw: bool = False) -> str:
    return ("true" if value else "false") if raw else json.dumps(value, ensure_ascii=False)
