"""Faults at every change of the file system that Python makes: an error, an interruption, or the end of the process."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Fault:
    """Counts changes below a folder, and fails at the one with number `at` (None: never)."""

    def __init__(self) -> None:
        self.below, self.at, self.how, self.count, self.active = "", None, "error", 0, False

    def __call__(self, event: str, given: tuple) -> None:
        if not self.active or not self._changes(event, given):
            return
        self.count += 1
        if self.count - 1 != self.at:
            return
        if self.how == "kill":
            os._exit(137)
        raise KeyboardInterrupt if self.how == "interrupt" else OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _changes(self, event: str, given: tuple) -> bool:
        if event == "open":
            path, mode, flags = given
            writes = any(sign in mode for sign in "wax+") if isinstance(mode, str) else bool((flags or 0) & _WRITES)
        else:
            path, writes = given[0] if given else "", event in (
                "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.rmtree", "shutil.copyfile",
                "os.truncate")  # fmt: skip
        return writes and isinstance(path, str | Path) and str(path).startswith(self.below)


_fault = Fault()
sys.addaudithook(_fault)


@contextmanager
def fault(below: Path, at: int | None, how: str = "error") -> Iterator[Fault]:
    """Fail at change number `at` below a folder; yields the counter."""
    _fault.below, _fault.at, _fault.how, _fault.count, _fault.active = str(below), at, how, 0, True
    try:
        yield _fault
    finally:
        _fault.active = False
