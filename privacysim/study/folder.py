"""Checks of a results folder before a run: empty, with results of this run, or with those of another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from privacysim.errors import ResultsError
from privacysim.results.manifest import read_manifest
from privacysim.results.results import Results, load_results
from privacysim.results.saving import check_writable
from privacysim.simulation.inputs import Inputs
from privacysim.study.precision import Precision


def prepare(
    folder: Path, inputs: Inputs, aim: Precision | None = None, *, resume: bool = False, force: bool,
) -> Results | None:
    """Return the saved results of this run or None; results of another run raise an error.

    With `resume`, results that lack failed replicates are continued.
    """
    manifest = read_manifest(folder)
    if manifest is not None and not force:
        if not _same_run(manifest, inputs, aim):
            raise ResultsError(
                f"{folder}: holds complete results of another run ({manifest['run_id']}, this one is "
                f"{inputs.run_id if aim is None else f'of {inputs.family_id}, to a precision'}).\n"
                "  Fix: name another folder with --out, or replace them with --force."
            )
        if not (resume and manifest.get("failed")):
            return load_results(folder)
    check_writable(folder)
    return None


def begin(folder: Path) -> None:
    """Mark the folder as incomplete until the run writes its manifest."""
    (folder / "manifest.json").unlink(missing_ok=True)


def _same_run(manifest: Mapping[str, Any], inputs: Inputs, aim: Precision | None) -> bool:
    if aim is None:
        return bool(manifest["run_id"] == inputs.run_id)
    wished = manifest.get("precision") or {}
    return bool(manifest.get("family_id") == inputs.family_id and wished.get("aim") == aim.aim
                and wished.get("cap") == aim.cap)  # fmt: skip
