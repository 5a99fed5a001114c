"""Study file: which rules are compared, in which case, for how many days and replicates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from privacysim.errors import InputError, did_you_mean
from privacysim.files import Strict, display, find_file, read_toml, validate
from privacysim.metrics import METRICS, chosen

PRIMARY = "people_identified_by_outsiders"
Count = Annotated[int, Field(ge=1)]


class StudyFile(Strict):
    """Keys of `sim/studies/*.toml`; omitted keys default to those of the headline study.

    `policies` are ids or paths; a policy named in `readings` becomes one arm per reading (`guangzhou_draft:narrow`).
    `start` is "transition" (all arms share the baseline's history up to day 0) or "steady". `sample` is a number of
    people or "all". `metrics` names metrics, or whole families of them, in addition to those that every study reports.
    `law_date` fixes the general law, one for all arms. Saved results write `brought`: the digests of user-supplied
    parts (`kind:name`), whose code is stored beside the study in `brought/`.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")
    title: str = ""
    scenario: str
    policies: tuple[str, ...] = Field(min_length=1)
    readings: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    baseline: str
    primary: str = PRIMARY
    metrics: tuple[str, ...] = ()
    days: Annotated[int, Field(ge=1, le=366)] = 30
    replicates: Count = 10
    sample: Count | Literal["all"] = 50_000
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 185
    start: Literal["transition", "steady"] = "transition"
    law_date: date = date(2025, 6, 1)
    brought: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> StudyFile:
        if len(set(self.policies)) != len(self.policies):
            raise ValueError("each policy once in policies")
        known = [_name(policy) for policy in self.policies]
        if _name(self.baseline) not in known:
            raise ValueError(f"a baseline that is one of the policies; {did_you_mean(self.baseline, known)}")
        for policy in self.readings:
            if policy not in self.policies:
                raise ValueError(f"readings of a policy of this study; {did_you_mean(policy, self.policies)}")
        own = f"metrics:{self.primary.partition('[')[0]}" in self.brought
        if self.primary not in METRICS and not own:
            raise ValueError(f"a primary metric that exists; {did_you_mean(self.primary, METRICS)}")
        try:
            wanted = self.wanted
        except InputError as error:
            raise ValueError(f"{error.expected} ({error.where}: {error.got}); {error.fix}") from None
        if self.primary not in wanted and not own:
            raise ValueError(f"a primary metric that is reported; write metrics = [\"{self.primary}\"]")
        return self

    @property
    def wanted(self) -> tuple[str, ...]:
        """Named metrics of this study, in the order of tables."""
        return tuple(chosen(self.metrics, everybody=self.sample == "all"))


def _name(policy: str) -> str:
    """Name of a policy without its reading; for a path, the name of the file, which is that of its policy."""
    return Path(policy).stem if policy.endswith(".toml") else policy.split(":")[0]


def load_study_file(name: str) -> StudyFile:
    """Read a study by name or path; problems become a three-line error."""
    path = find_file("studies", name)
    return validate(StudyFile, read_toml(path), display(path))


def from_parts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the keys of a study without a file: from scenario and policies, add a name and a baseline."""
    for key in ("scenario", "policies"):
        if not given.get(key):
            raise InputError("study", f"a name, or at least scenario and policies ({key} is missing)", "nothing",
                             'write Study("headline") or Study(scenario=…, policies=[…])')  # fmt: skip
    baseline = "notice_only" if "notice_only" in given["policies"] else str(given["policies"][0])
    return {"id": Path(str(given["scenario"])).stem, "baseline": baseline, **given}
