"""Reforms: small changes of a policy with five levers, written as an ordinary policy file.

The file extends the base policy and contains only the differences, each marked as an assumption. The same strict loader
reads it as any other policy file, so a study runs exactly what the reform states.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from privacysim.errors import InputError, refuse_unknown
from privacysim.files import checked_name, find_file, read_toml, toml_text, write_whole
from privacysim.identify import mask_text
from privacysim.policy.policy_files import load_policy, readings_of
from privacysim.policy.policy_form import Policy
from privacysim.resources import cache_folder, shipped
from privacysim.units import duration_s, duration_text
from privacysim.vocabulary import ACTS

WHY = "chosen by the researcher"
LEVERS: dict[str, Any] = read_toml(shipped("data/levers.toml"))
"""The levers in order (`said`, `short`), and the options of those that are closed lists."""
_USE = ["view", "copy", "acquire", "disseminate", "use"]


@dataclass(frozen=True, slots=True)
class Reform:
    """A policy with up to five changes. No file is written until you call `save` or run a study with the reform.

    `base` is the name of a policy, with a reading if its text is contested (`guangzhou_draft:wide`). `retention` is
    how long every holder keeps footage ("7 d"). `mask` is the mask that cameras apply at the source (`box`,
    `pixelate:4`, `none`, or your own: see `policy_form.MaskRule`); only documents of state organs remove it.
    `approver` approves police requests (department, county, judge). `duties` says whose cameras are filed, logged and
    secured (nobody, venues, shops, everybody). `ban` says where nobody may trade, view or use footage (none, venues,
    everywhere). Omitted levers leave the base unchanged.

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
            object.__setattr__(self, "mask", mask_text(self.mask))  # a custom mask, as the number of cells it leaves
        for lever in ("approver", "duties", "ban"):
            got = getattr(self, lever)
            if got is not None:
                refuse_unknown(got, LEVERS[lever], lever, "one of " + ", ".join(LEVERS[lever]))
        try:
            checked_name(self.id)
        except ValueError as error:
            raise InputError("name", str(error), self.id, 'write a name such as "seven_days"') from None

    @property
    def changes(self) -> dict[str, str]:
        """Levers that differ from the base, in order."""
        return {lever: str(getattr(self, lever)) for lever in LEVERS["said"] if getattr(self, lever) is not None}

    @property
    def id(self) -> str:
        """The given name, or one made from the base and the changes."""
        if self.name:
            return self.name
        parts = [f"{LEVERS['short'][lever]}_{value.replace(' ', '')}" for lever, value in self.changes.items()]
        return re.sub(r"[^A-Za-z0-9_]+", "_", "_".join([self.base, *(parts or ["unchanged"])]))

    def words(self) -> str:
        """Title: the base's title and the changes."""
        if self.title:
            return self.title
        own, (_, _, reading) = self._policy().title.en, self.base.partition(":")
        title = f"{own} ({reading})" if reading else own
        parts = [LEVERS["said"][lever].format(value) for lever, value in self.changes.items()]
        return f"{title}, {'; '.join(parts)}" if parts else title

    def data(self) -> dict[str, Any]:
        """Content of the policy file, as a dict for `load_policy`."""
        policy, (name, _, reading) = self._policy(), self.base.partition(":")
        made: dict[str, Any] = {"id": self.id, "extends": name, "title": {"en": self.words()}, "status": "hypothetical"}
        made |= self._ban(policy, reading)
        if self.retention is not None and policy.retention is not None:
            keep = {"keep": duration_text(duration_s(self.retention)), "assumption": WHY}
            made["retention"] = {kind: keep for kind, rule in policy.retention if rule is not None}
        if self.mask is not None:
            papers = [rule.id for rule in policy.access if rule.duty_to_give and rule.document != "none"]
            made["mask"] = {"kind": self.mask, "reversible": self.mask != "none",
                            "key_holder": "independent of the operator", "unmask": papers, "assumption": WHY}
        if self.approver is not None:
            made["access"] = self._asking(policy)
        if self.duties is not None:
            made |= {name: {"regime": LEVERS["duties"][self.duties], "assumption": WHY}
                     for name in ("filing", "logs", "security")}  # fmt: skip
        return made

    def toml(self) -> str:
        """Text of the policy file."""
        return f"# {self.words()}: only what differs from {self.base.partition(':')[0]}.\n{toml_text(self.data())}"

    def save(self, folder: str | Path = "sim/policies", *, force: bool = False) -> str:
        """Write the file and return its path; an existing file with other rules is an error unless `force`."""
        path = Path(folder) / f"{self.id}.toml"
        text = self.toml()
        if path.exists() and not force and path.read_text(encoding="utf-8") != text:
            raise InputError(f"{path}", "a free name", "a file with other rules", "choose another name, or force=True")
        write_whole(path, text)
        return str(path)

    def kept(self) -> str:
        """Write the file to the cache and return its path, for a study that should leave no policy file behind."""
        text = self.toml()
        path = cache_folder() / "reforms" / hashlib.sha256(text.encode()).hexdigest()[:12] / f"{self.id}.toml"
        try:
            if path.read_text(encoding="utf-8") == text:  # else it was damaged, and is written again
                return str(path)
        except (OSError, UnicodeDecodeError):
            pass
        return self.save(path.parent, force=True)

    def _policy(self) -> Policy:
        name, _, reading = self.base.partition(":")
        policy = _loaded(name, find_file("policies", name).stat().st_mtime_ns)
        scopes = readings_of(policy)
        if scopes and reading not in scopes:
            raise InputError("base", f"{name} in one of its readings", self.base, f"write {name}:{scopes[0]}")
        if reading and not scopes:
            raise InputError("base", "a policy without a variant", self.base, f"write {name}")
        return policy

    def _ban(self, policy: Policy, reading: str) -> dict[str, Any]:
        if self.ban is None:
            if not reading or policy.prohibited is None:
                return {}
            old = policy.prohibited
            return {"prohibited": {"absolute": list(old.absolute), "if_no_route": list(old.if_no_route),
                                   "scope": [reading], "assumption": f"read as {reading}"}}  # fmt: skip
        if self.ban == "none":
            return {"prohibited": {"assumption": WHY}}
        offered = {act for rule in policy.access for act in (rule.acts or ACTS)}  # acts allowed by a route stay allowed
        absolute = [act for act in ("buy", "sell") if act not in offered]
        where = {"where": LEVERS["ban"][self.ban]} if LEVERS["ban"][self.ban] else {}
        return {
            "prohibited": {**({"absolute": absolute} if absolute else {}), "if_no_route": _USE, "scope": ["chosen"],
                           "assumption": WHY},
            "scope": [{"id": "chosen", "says": f"cameras: {self.ban}", **where, "assumption": WHY}],
        }  # fmt: skip

    def _asking(self, policy: Policy) -> list[dict[str, Any]]:
        """The base's police routes with another document and approver; complete, since a child replaces whole rules."""
        changed = LEVERS["approver"][self.approver] | {"assumption": WHY}
        return [
            rule.model_dump(mode="json", exclude_defaults=True) | changed for rule in policy.access
            if rule.requester == ("public_security",) and "request" in rule.channel and "view" in (rule.acts or ACTS)
        ]  # fmt: skip


@lru_cache(maxsize=32)
def _loaded(name: str, changed: int) -> Policy:
    """The base policy, reread only when its file changes, because a slider requests it many times."""
    return load_policy(name)
