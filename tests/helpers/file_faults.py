"""Faults at every change of the file system that Python makes: an error, an interruption, or the end of the process.

*Short* writes come from the system itself, for every library: from that change on, no file grows beyond a few bytes, so
a write is cut there, and the next one is an error (`short`) or ends the process (`torn`).
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHORT = 40
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Fault:
    """Lists changes below a folder, and fails at the one with number `at` (None: never)."""

    def __init__(self) -> None:
        self.below, self.at, self.how, self.active = "", None, "error", False
        self.paths: list[str] = []

    def __call__(self, event: str, given: tuple) -> None:
        if not self.active or not self._changes(event, given):
            return
        # a file is renamed from its temporary name
        path = Path(given[1] if event == "os.rename" else given[0])
        self.paths.append(path.relative_to(self.below).as_posix())
        if len(self.paths) - 1 != self.at:
            return
        if self.how == "kill":
            os._exit(137)
        if self.how in ("short", "torn"):
            import resource  # not on Windows

            signal.signal(signal.SIGXFSZ, signal.SIG_DFL if self.how == "torn" else signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (_SHORT, resource.RLIM_INFINITY))
            return
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
    """Fail at change number `at` below a folder; yields the list."""
    _fault.below, _fault.at, _fault.how, _fault.paths, _fault.active = str(below), at, how, [], True
    try:
        yield _fault
    finally:
        _fault.active = False
