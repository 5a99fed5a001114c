"""The manifest of a results folder: read, and refused where it is not one of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from privacysim.errors import ResultsError, shown


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a complete folder, None where there is none."""
    path = folder / "manifest.json"
    try:
        if not path.is_file():
            return None
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise ResultsError(f"{shown(path)}: cannot be read ({shown(error)}).\n  Cure: name another folder.") from None
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"]) or "all of it"
        raise ResultsError(f"{path}: is not a manifest of privacysim ({shown(at, 60)}: {shown(first['msg'], 60)}).\n"
                           "  Cure: name another folder.") from None  # fmt: skip
    return manifest


class _Study(BaseModel):
    id: str
    title: str
    baseline: str
    primary: str
    start: Literal["transition", "steady"]
    days: int
    seed: int
    panel: int | str
    law_date: str


class _Scenario(BaseModel):
    id: str
    title: str
    calibrated: bool


class _Arm(BaseModel):
    id: str
    title: str
    reading: str


class _Manifest(BaseModel):
    """What a manifest must hold for its results to be read; it holds more."""

    run_id: str
    privacysim: str
    begun: str
    study: _Study
    scenario: _Scenario
    arms: list[_Arm]
    replicates: list[int]
    notes: list[tuple[str, int, str, str, str]]
    skewness: list[tuple[str, str, str, float]]
    files: dict[str, str]
