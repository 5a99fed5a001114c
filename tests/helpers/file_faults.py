"""Faults at every change of the file system that Python makes: an error, an interruption, or the end of the process.

*Short* writes come from the system itself, for every library: from that change on, no file grows beyond a few bytes, so
a write is cut there, and the next one is an error (`short`) or ends the process (`torn`). `struck` forks, so a kill
costs no new Python.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from privacysim.errors import PrivacysimError

KILLS = ("kill", "torn")
"""The process ends before a change of the file system, or amid the next write after it."""
_ERRORS = {"error": errno.ENOSPC, "denied": errno.EACCES, "readonly": errno.EROFS}
ERRORS = (*_ERRORS, "short", "interrupt")
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
        if self.how == "interrupt":
            raise KeyboardInterrupt
        raise OSError(_ERRORS[self.how], os.strerror(_ERRORS[self.how]))

    def _changes(self, event: str, given: tuple) -> bool:
        if event == "open":
            path, mode, flags = given
            writes = any(sign in mode for sign in "wax+") if isinstance(mode, str) else bool((flags or 0) & _WRITES)
        else:
            path, writes = given[0] if given else "", event in (
                "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.rmtree", "shutil.copyfile",
                "os.truncate")  # fmt: skip
        return writes and isinstance(path, str | Path) and f"{path}/".startswith(f"{self.below}/")


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


def struck(do: Callable[[], object], below: Path, at: int | None, how: str = "error") -> int:
    """Do it in a forked process with a fault at change number `at` below a folder; returns the exit status.

    0: done, as it says; 2: an error of ours or of the system, as the command line answers to both; 130: interrupted;
    137: killed. Anything else is a fault of the code. What it prints is lost.
    """
    if (child := os.fork()) == 0:
        code = 1
        try:
            sys.stdout = sys.stderr = io.StringIO()  # files of pytest's could not grow either
            with fault(below, at, how):
                said = do()
            code = said if isinstance(said, int) else 0
        except (PrivacysimError, OSError):
            code = 2
        except KeyboardInterrupt:
            code = 130
        except Exception:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return 137 if code == -signal.SIGXFSZ else code

