"""Manifest of a results folder: write, read and validate it."""

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from time import monotonic
from types import GenericAlias
from typing import Any, Literal

from pydantic import BaseModel, ValidationError, create_model

from privacysim.errors import ResultsError, optional, shown
from privacysim.metrics import Metric
from privacysim.resources import PACKAGE, VERSION
from privacysim.simulation.inputs import Inputs, canonical, data_digests, source_digest


def digest_of(manifest: Mapping[str, Any]) -> str:
    """Seal of a manifest: the digest of all its other entries."""
    rest = canonical({key: value for key, value in manifest.items() if key != "sha256"})
    return hashlib.sha256(rest.encode("utf-8", "surrogatepass")).hexdigest()


def read_manifest(folder: Path, *, seal: bool = True, any_version: bool = False) -> dict[str, Any] | None:
    """Read the manifest of a complete folder; None if there is none.

    `seal`: refuse a changed manifest; `any_version`: accept one that another version of the package wrote, unchecked.
    """
    path = folder / "manifest.json"
    try:
        if not path.is_file():
            return None
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError, RecursionError) as error:
        raise ResultsError(f"{shown(path)}: cannot be read ({shown(error)}).\n  Fix: name another folder.") from None
    if any_version and isinstance(manifest, dict) and {"privacysim", "run_id", "study"} <= manifest.keys():
        return manifest
    try:
        _form().model_validate(manifest)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"]) or "all of it"
        raise ResultsError(f"{path}: is not a manifest of privacysim ({shown(at, 60)}: {shown(first['msg'], 60)}).\n"
                           "  Fix: name another folder, or add --force if another version wrote this one."
                           ) from None  # fmt: skip
    if seal and manifest["sha256"] != digest_of(manifest):
        raise ResultsError(f"{path}: was changed since it was written.\n"
                           "  Fix: restore it, or run the study again, with --force.")  # fmt: skip
    return manifest


_FORM: dict[str, Any] = {
    "sha256": str, "source": str, "data": dict[str, str],
    "run_id": str, "privacysim": str, "begun": str, "files": dict[str, str], "replicates": list[int],
    "study": {"id": str, "title": str, "baseline": str, "primary": str, "start": Literal["transition", "steady"],
              "days": int, "seed": int, "sample": int | str, "law_date": str, "worlds": int},
    "scenario": {"id": str, "title": str, "calibrated": bool}, "arms": [{"id": str, "title": str, "reading": str}],
    "metrics": [{"name": str, "title": str, "unit": str, "direction": Literal["lower", "higher", "either"],
                 "of": Literal["people", "records", "footage", "viewed"]}],
    "notes": list[tuple[str, int, str, str, str]], "skewness": list[tuple[str, str, str, float]],
    "failed": [{"replicate": int, "block": int, "stage": str, "error": str, "at": str, "command": str}],
    "python": str, "platform": str, "libraries": dict[str, str], "commit": str, "workers": int, "seconds": float,
    "cpu_seconds": float,
}  # fmt: skip
"""Fields that a manifest needs for its results to be read; it has more, and may have no metrics of its own."""


@cache
def _form() -> type[BaseModel]:
    return _model("Manifest", _FORM)


def _model(name: str, form: Mapping[str, Any]) -> type[BaseModel]:
    kinds: dict[str, Any] = {}
    for key, kind in form.items():
        if isinstance(kind, dict):
            kind = _model(key, kind)
        elif isinstance(kind, list):
            kind = GenericAlias(list, (_model(key, kind[0]),))
        kinds[key] = (kind, [] if key in ("metrics", "failed") else ...)
    return create_model(name, **kinds)


_KEPT = tuple(one.name for one in fields(Metric)
              if one.name not in ("rows", "value", "by", "neutral", "whole", "heading", "word"))  # fmt: skip
"""Fields of a metric that results store: all that tables and readers need, but no functions."""


def declared(said: Mapping[str, Any]) -> Metric:
    """Restore a metric from a manifest; it can be shown and compared, but not measured."""
    try:
        return Metric(**{name: said[name] for name in _KEPT}, rows=_not_here, value=_not_here)
    except KeyError as error:
        raise ResultsError(f"manifest.json: the declaration of metric {shown(said['name'], 40)} lacks {error}.\n"
                           "  Fix: run the study again, with --force.") from None  # fmt: skip


def _not_here(*_: Any) -> Any:
    raise ResultsError("A saved declaration cannot be measured.\n  Fix: give the metric itself: metrics=[…].")


_LIBRARIES = ("numpy", "pandas", "pyarrow", "numba", "scipy", "simpy", "pydantic")


class Clock:
    """Wall and CPU seconds since its creation, including workers."""

    def __init__(self) -> None:
        self.begun, self._wall, self._cpu = datetime.now(UTC), monotonic(), _cpu()

    def times(self) -> dict[str, Any]:
        """Entries of the manifest on time and memory."""
        resource, unit = optional("resource"), 2**20 if sys.platform == "darwin" else 2**10  # bytes on macOS, else KB
        who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN) if resource else ()  # Windows does not say
        peak = round(max(resource.getrusage(one).ru_maxrss for one in who) / unit, 1) if who else None
        return {"begun": self.begun.isoformat(timespec="seconds"), "seconds": round(monotonic() - self._wall, 2),
                "cpu_seconds": round(_cpu() - self._cpu, 2), "peak_memory_mb_of_a_process": peak}


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def manifest(inputs: Inputs, times: dict[str, Any], workers: int) -> dict[str, Any]:
    """Build the manifest: everything about a run except its values."""
    return {
        "privacysim": VERSION, "run_id": inputs.run_id, "family_id": inputs.family_id,
        "study": inputs.plan.model_dump(mode="json"), "replicates": list(inputs.replicates),
        "scenario": {name: getattr(inputs.scenario, name) for name in ("id", "title", "calibrated")}
                    | {"people": inputs.scenario.population.people.number},
        "metrics": [{name: getattr(one, name) for name in _KEPT} for one in inputs.metrics],
        "brought": [{"kind": part.kind, "name": part.name, "digest": part.digest} for part in inputs.brought.parts],
        "arms": [{"id": arm.id, "title": str(arm.title), "reading": arm.reading} for arm in inputs.arms],
        "python": platform.python_version(), "platform": platform.platform(), "libraries": versions(_LIBRARIES),
        "commit": commit(), "source": source_digest(), "data": data_digests(), "workers": workers, **times,
    }  # fmt: skip


def versions(names: Iterable[str]) -> dict[str, str]:
    """Installed version of each package, or "not installed"."""
    installed = {name: [one.version for one in distributions(name=name)] for name in names}
    return {name: found[0] if found else "not installed" for name, found in installed.items()}


def commit() -> str:
    """Commit of the checkout, with a + if files have changed since; empty outside a checkout."""
    root = PACKAGE.parent
    if not (root / ".git").exists():
        return ""
    try:
        head, changed = _git(root, "rev-parse", "HEAD"), _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):  # no git, or not our checkout: the source hash remains
        return ""
    return head + ("+" if changed else "")


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
