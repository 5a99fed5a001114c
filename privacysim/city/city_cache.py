"""Cities on disk: kept once whole under their hash, mapped into memory, built anew where they are damaged."""

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
    """Where the city of that hash is kept; a cache that cannot be made is a ResultsError."""
    try:
        return cache_folder() / "city" / digest
    except OSError as error:
        raise _unwritable("the cache folder", error) from error


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Arrays (mapped, read-only) and the other entries of a kept city; None where it is absent, half or damaged."""
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        if any(_sum(folder / name) != kept for name, kept in meta["sums"].items()):
            return None
        arrays = {Path(name).stem: np.load(folder / name, mmap_mode="r") for name in meta["sums"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return arrays, meta["rest"]


def scratch_folder(digest: str) -> Path:
    """A new folder beside the place where the city will be kept."""
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
    """Write the arrays into the scratch folder and rename it when whole; whoever comes first wins."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    sums = {path.name: _sum(path) for path in sorted(folder.glob("*.npy"))}
    (folder / _META).write_text(json.dumps({"sums": sums, "rest": dict(rest)}, indent=1), encoding="utf-8")
    final = folder_of(digest)
    if final.exists() and load(final) is None:
        # a damaged city: moved aside first, since a folder that has files cannot be replaced by renaming
        aside = folder.with_suffix(".damaged")
        with contextlib.suppress(FileNotFoundError):
            os.replace(final, aside)
        shutil.rmtree(aside, ignore_errors=True)
    with contextlib.suppress(OSError):  # another process kept the same city meanwhile
        os.replace(folder, final)
    shutil.rmtree(folder, ignore_errors=True)


def size_mb(folder: Path) -> float:
    """Megabytes that a kept city takes."""
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def _sum(path: Path) -> list[int]:
    """Size and CRC-32: enough against half and damaged files, at the speed of reading."""
    crc = 0
    with path.open("rb") as stream:
        while part := stream.read(1 << 22):
            crc = zlib.crc32(part, crc)
    return [path.stat().st_size, crc]
