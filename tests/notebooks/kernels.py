"""A pytest plugin: each kernel that nbval starts looks at the texts of its figures, and has sockets of its own.

A kernel that listens on TCP is told free ports before it opens them, so two kernels that start together may be told
the same. Sockets that are files (`transport = "ipc"`) in a new folder cannot clash.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nbval.kernel
import pytest
from jupyter_client.manager import KernelManager

LOOK = Path(__file__).with_name("look_at_figures.py")
SOCKETS = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let nbval start its kernels with sockets in new folders; the path of a socket must be short, so beneath /tmp."""
    if os.name == "nt":
        return  # Windows has no sockets that are files; there, notebooks are checked one after the other
    folder = config.stash[SOCKETS] = tempfile.mkdtemp(prefix="kernels-")

    class OwnSockets(KernelManager):
        def __init__(self, **options: Any) -> None:
            own = tempfile.mkdtemp(dir=folder)
            super().__init__(transport="ipc", connection_file=os.path.join(own, "k.json"), **options)

        def start_kernel(self, **options: Any) -> None:
            options.setdefault("extra_arguments", []).append(f"--IPKernelApp.exec_files={LOOK}")
            super().start_kernel(**options)

    nbval.kernel.KernelManager = OwnSockets


@pytest.hookimpl(trylast=True)  # after the last kernel has ended
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the folders of this process."""
    if SOCKETS in session.config.stash:
        shutil.rmtree(session.config.stash[SOCKETS], ignore_errors=True)
