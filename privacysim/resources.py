"""Where the shipped files are: in the wheel under `_shipped`, in a checkout in place."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

_PACKAGE = Path(str(files("privacysim")))


def shipped(relative: str) -> Path:
    """Path of a shipped file or folder, such as `sim/policies` or `data/facts.csv`."""
    installed = _PACKAGE / "_shipped" / relative
    return installed if installed.exists() else _PACKAGE.parent / relative


def cache_folder() -> Path:
    """`$PRIVACYSIM_CACHE`, else `privacysim` in the user's cache folder; made when first asked for."""
    named = os.environ.get("PRIVACYSIM_CACHE")
    root = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "privacysim"
    root.mkdir(parents=True, exist_ok=True)
    return root
