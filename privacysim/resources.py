"""Locations of shipped files and the cache, and variables that limit threads."""

import csv
import os
from importlib.resources import files
from pathlib import Path

VERSION = "0.2.0"
PACKAGE = Path(str(files("privacysim")))
"""Folder of the installed package."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Variables that limit the threads of numeric libraries. They are read on import, so this file imports none."""


def shipped(relative: str) -> Path:
    """Path of a shipped file or folder, such as `sim/policies`: in the wheel under `_shipped`, else in the checkout."""
    installed = PACKAGE / "_shipped" / relative
    return installed if installed.exists() else PACKAGE.parent / relative


def csv_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file by column name."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def shipped_rows(relative: str) -> list[dict[str, str]]:
    """Rows of a shipped CSV file, such as `data/places.csv`, by column name."""
    return csv_rows(shipped(relative))


def cache_folder() -> Path:
    """`$PRIVACYSIM_CACHE`, else `privacysim` in the user's cache folder; created by whatever is written first."""
    named = os.environ.get("PRIVACYSIM_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "privacysim"
