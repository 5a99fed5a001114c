"""A real browser: Debian's Chromium, driven by Playwright; servers on the loopback address only."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; without it a skip, or a failure where a browser is required (as in CI)."""
    found = os.environ.get("PRIVACYSIM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("PRIVACYSIM_REQUIRE_BROWSER") == "1":
            pytest.fail("PRIVACYSIM_REQUIRE_BROWSER=1, but there is no chromium: apt-get install chromium")
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        one = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield one
        one.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server process and its log; `url` answers before the test goes on, and the process is ended after it."""

    def __init__(self, command: list[str], url: str, folder: Path, log: Path) -> None:
        self.url, self.log = url, log
        self._out = log.open("w")
        self._process = subprocess.Popen(
            command, cwd=folder, stdout=self._out, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self, seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self._process.poll() is None, f"the server ended:\n{self.log.read_text()[-2000:]}"
            try:
                with urllib.request.urlopen(self.url, timeout=60):
                    return
            except urllib.error.HTTPError:
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.3)
        raise AssertionError(f"the server did not answer:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, 15)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait(20)
        self._out.close()


@pytest.fixture(scope="module")
def serve() -> Iterator[object]:
    """`serve(command, path, folder)` starts a server on a free port and returns its address and log; all are ended.

    `{port}` in the command stands for the port.
    """
    running: list[Server] = []

    def start(command: list[str], path: str, folder: Path) -> tuple[str, Path]:
        # between being found free and being taken, a port may become that of somebody's kernel
        for left in (2, 1, 0):
            port = free_port()
            base, log = f"http://127.0.0.1:{port}", folder / f"server_{port}.log"
            try:
                words = [word.replace("{port}", str(port)) for word in command]
                running.append(Server(words, base + path, folder, log))
            except (AssertionError, http.client.HTTPException):
                if not left:
                    raise
                continue
            return base, log
        raise AssertionError

    yield start
    for server in running:
        server.stop()
