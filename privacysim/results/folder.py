"""Opens a results folder for writing, if it is empty or ours, contains no link, and has no other owner.

The owner holds a lock on the file `.privacysim`, which names its run, host and process; the lock ends with the process.
A run that is interrupted leaves the file, so that the folder is known as ours; a complete folder has a manifest.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from privacysim.errors import ResultsError, optional, shown
from privacysim.results.manifest import read_manifest

CLAIM = ".privacysim"
_FCNTL, _MSVCRT = optional("fcntl"), optional("msvcrt")
"""The locks of POSIX, or of Windows."""
_BEYOND = 2**30
"""Byte that Windows locks: after the text, because nobody else can read what is locked there."""


def has_results(folder: Path, *, any_version: bool = False) -> bool:
    """Whether a folder contains complete results, of this version or of any other."""
    return read_manifest(folder, seal=False, any_version=any_version) is not None


@contextmanager
def claimed(folder: Path, run_id: str, is_ours: Callable[[Path], bool] = has_results) -> Iterator[bool]:
    """Own a folder, creating it if missing; yields whether another process has just finished the same run.

    `is_ours` distinguishes a complete folder of this kind from other folders. Raises ResultsError if the folder cannot
    be written, contains links or other files, or belongs to another run.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    lock = None
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _refuse_foreign(folder, is_ours)
            lock, waited = _locked(folder, run_id)
        except OSError as error:
            raise ResultsError(f"{folder}: cannot be written ({shown(error.strerror or error)}).\n"
                               "  Fix: name a folder that can be written with --out.") from None  # fmt: skip
        yield waited
    finally:
        if lock is not None:
            if _FCNTL is None:  # Windows removes no open file
                os.close(lock)
            with suppress(OSError):
                names = {path.name for path in folder.iterdir()}
                if names == {CLAIM} or "manifest.json" in names:
                    (folder / CLAIM).unlink()
            if _FCNTL is not None:
                os.close(lock)
        for path in made:  # deepest first; those that are not empty stay
            with suppress(OSError):
                path.rmdir()


def _refuse_foreign(folder: Path, is_ours: Callable[[Path], bool]) -> None:
    for at, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if Path(at, name).is_symlink():
                raise ResultsError(f"{Path(at, name)}: is a link, which a results folder must not contain.\n"
                                   "  Fix: remove it, or name another folder.")  # fmt: skip
    names = sorted(path.name for path in folder.iterdir())
    if names and CLAIM not in names and not is_ours(folder):
        raise ResultsError(f"{folder}: holds files that are not privacysim results (such as {shown(names[0], 40)}).\n"
                           "  Fix: name an empty or new folder with --out.")  # fmt: skip


def _locked(folder: Path, run_id: str) -> tuple[int, bool]:
    """Descriptor of the locked file, and whether the same run had to be awaited."""
    path, waited = folder / CLAIM, False
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            while not _taken(lock):
                if not waited:
                    _refuse_other(folder, _owner(lock), run_id)
                waited = True
                time.sleep(0.1)
            if path.exists() and os.fstat(lock).st_ino == path.stat().st_ino:  # else the owner removed it on leaving
                os.ftruncate(lock, 0)
                os.lseek(lock, 0, os.SEEK_SET)
                with open(lock, "w", encoding="utf-8", closefd=False) as text:
                    json.dump({"run_id": run_id, "host": platform.node(), "pid": os.getpid()}, text)
                return lock, waited
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)


def _taken(lock: int) -> bool:
    """Lock the open file, unless another process holds it; the lock ends with the process."""
    try:
        if _FCNTL is not None:
            _FCNTL.flock(lock, _FCNTL.LOCK_EX | _FCNTL.LOCK_NB)
        else:
            os.lseek(lock, _BEYOND, os.SEEK_SET)
            _MSVCRT.locking(lock, _MSVCRT.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _owner(lock: int) -> dict[str, object]:
    try:
        os.lseek(lock, 0, os.SEEK_SET)
        return dict(json.loads(os.read(lock, 4096)))
    except (ValueError, TypeError):
        return {}


def _refuse_other(folder: Path, owner: dict[str, object], run_id: str) -> None:
    who = f"process {owner.get('pid', '?')} on {shown(owner.get('host', '?'), 40)}"
    if owner.get("run_id") != run_id:
        raise ResultsError(f"{folder}: {who} is writing another run here ({shown(owner.get('run_id', '?'), 40)}).\n"
                           "  Fix: wait until it ends, or name another folder with --out.")  # fmt: skip
    print(f"{folder}: waiting for {who}, which is doing the same run.", file=sys.stderr)
