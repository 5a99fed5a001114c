"""Verification of saved results: files are unchanged, and a rerun replicate gives the same values."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd

from privacysim.errors import InputError, ResultsError
from privacysim.results.results import Results, load_results
from privacysim.simulation.inputs import file_digest
from privacysim.study.study import Study

KEYS = ["policy", "replicate", "metric", "curve"]


def changed_files(folder: Path, results: Results) -> list[str]:
    """List files of the manifest that are missing or changed."""
    named = results.manifest["files"]
    return [name for name, digest in named.items()
            if not (folder / name).is_file() or file_digest(folder / name) != digest]  # fmt: skip


def differences(saved: pd.DataFrame, again: pd.DataFrame) -> list[str]:
    """List the differences between two metrics tables of the same replicates, one line each."""
    both = saved.merge(again, on=KEYS, how="outer", suffixes=("", "_again"), indicator=True)
    same = np.equal(both["value"].to_numpy(), both["value_again"].to_numpy())
    found = []
    for row in both[~same].itertuples():
        name = " ".join(str(getattr(row, key)) for key in KEYS)
        found.append(f"{name}: saved {row.value}, again {row.value_again}")
    return found


def verify(folder: str | Path, replicate: int | None = None) -> list[str]:
    """List all problems of a results folder, one line each; empty if it is verified.

    All files are compared with the manifest byte for byte. Then one replicate (the first, or `replicate`) is rerun
    from the folder's `inputs/` and compared value by value.
    """
    where = Path(folder)
    results = load_results(where)
    wrong = [f"{name}: missing or changed since it was written" for name in changed_files(where, results)]
    done = list(results.manifest["replicates"])
    chosen = done[0] if replicate is None else replicate
    if chosen not in done:
        raise InputError("--replicate", f"one of the replicates {done[0]} to {done[-1]}", chosen, "choose one of them")
    if not (where / "inputs").is_dir():
        raise ResultsError(f"{where}: has no inputs/ to run again.\n  Fix: run the study with --out.")
    with chdir(where / "inputs"):
        again = Study(str(results.manifest["study"]["id"])).run(replicate=chosen, workers=1)
    saved = results.metrics[results.metrics["replicate"] == chosen]
    found = differences(saved, again.metrics)
    was, now = results.manifest["source"], again.manifest["source"]
    if found and was != now:
        wrong.append(f"the code that makes numbers has changed since (source {was[:12]}, now {now[:12]})")
    if found and results.manifest["data"] != again.manifest["data"]:
        wrong.append("facts, law or curves under data/ have changed since")
    return wrong + found
