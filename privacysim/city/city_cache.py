"""Disk cache of cities: stored complete under their hash, memory-mapped, and rebuilt if damaged."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from privacysim.errors import ResultsError, shown
from privacysim.resources import cache_folder

_META = "meta.json"


def folder_of(digest: str) -> Path:
    """Return the folder for the city with this hash; raises ResultsError if the cache cannot be created."""
    try:
        return cache_folder() / "city" / digest
    except OSError as error:
        raise _unwritable("the cache folder", error) from error


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Load arrays (mapped, read-only) and other entries of a cached city; None if absent, incomplete or damaged."""
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        if any(_sum(folder / name) != kept for name, kept in meta["sums"].items()):
            return None
        arrays = {Path(name).stem: np.load(folder / name, mmap_mode="r") for name in meta["sums"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return arrays, meta["rest"]


def scratch_folder(digest: str) -> Path:
    """Create a new folder beside the city's final place."""
    parent = folder_of(digest).parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{digest}.", dir=parent))
    except OSError as error:
        raise _unwritable(str(parent), error) from error


def _unwritable(where: str, error: OSError) -> ResultsError:
    return ResultsError(f"{where}: cannot be written ({shown(error.strerror or error)}).\n"
                        "  Fix: name a folder that can be written, with 200 MB of room, in PRIVACYSIM_CACHE.")


def keep(folder: Path, digest: str, arrays: Mapping[str, Any], rest: Mapping[str, Any]) -> None:
    """Write the arrays into the scratch folder and rename it when complete; the first process to finish wins."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    sums = {path.name: _sum(path) for path in sorted(folder.glob("*.npy"))}
    (folder / _META).write_text(json.dumps({"sums": sums, "rest": dict(rest)}, indent=1), encoding="utf-8")
    final = folder_of(digest)
    if final.exists() and load(final) is None:
        # a damaged city is moved aside first, because renaming cannot replace a folder with files
        aside = folder.with_suffix(".damaged")
        with contextlib.suppress(FileNotFoundError):
            os.replace(final, aside)
        shutil.rmtree(aside, ignore_errors=True)
    with contextlib.suppress(OSError):  # another process stored the same city meanwhile
        os.replace(folder, final)
    shutil.rmtree(folder, ignore_errors=True)


def size_mb(folder: Path) -> float:
    """Return the size of a cached city in megabytes."""
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def _sum(path: Path) -> list[int]:
    """Return size and CRC-32, which detect incomplete and damaged files at reading speed."""
    crc = 0
    with path.open("rb") as stream:
        while part := stream.read(1 << 22):
            crc = zlib.crc32(part, crc)
    return [path.stat().st_size, crc]
