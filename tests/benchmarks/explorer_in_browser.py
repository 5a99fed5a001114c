"""How long the explorer's page takes in a real browser, as its user waits: seconds of wall time, and memory.

    python tests/benchmarks/explorer_in_browser.py [UPDATES]

The page of the headline study is opened in Chromium: until the shipped answer stands, until a lever moved after loading
is answered, then updates while three levers move to places that were never computed; the same with a second user at
work; and the server's memory after one and after ten loads.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from privacysim.explorer.lever_choices import DUTIES, MASKS, RETENTION

_TOLD = """name => new Promise(done => {
  const answer = document.getElementById('answer'), begin = performance.now();
  new MutationObserver((_, watch) => { watch.disconnect(); done(performance.now() - begin); })
    .observe(answer, {childList: true});
  document.getElementById(name[0]).value = name[1];
  document.getElementById(name[0]).dispatchEvent(new Event('change', {bubbles: true}));
})"""


def moved(page: Page, positions: list[tuple[str, str, str]]) -> list[float]:
    """Milliseconds from each move of a lever to the new answer on the page."""
    spent: list[float] = []
    for position in positions:
        for name, value in zip(("retention", "mask", "duties"), position, strict=True):
            if page.locator(f"#{name}").input_value() != value:
                spent.append(page.evaluate(_TOLD, [name, value]))
    return spent


def said(label: str, spent: list[float]) -> None:
    """Print the distribution."""
    shares = ", ".join(f"{share} % within {np.percentile(spent, share):.0f} ms" for share in (50, 90, 95, 99))
    print(f"{label}: {len(spent)} updates, {shares}", flush=True)


def memory_mb(pid: int) -> float:
    """Resident memory of the server."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) / 1024 if found else float("nan")


def visit(chromium: str, link: str, positions: list[tuple[str, str, str]], found: list[float]) -> None:
    """A second user: the same page, other places of the levers."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(link)
        page.locator(".verdict").wait_for(timeout=120_000)
        found += moved(page, positions)
        browser.close()


def main(updates: int = 60) -> None:
    """Measure and print."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or sys.exit("there is no chromium")
    command = [sys.executable, "-m", "privacysim", "study", "explore", "headline", "--no-browser"]
    places = list(itertools.product(RETENTION[1:], MASKS[1:], [value for _, value in DUTIES[1:]]))
    server = subprocess.Popen(command, cwd=tempfile.mkdtemp(), stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found is not None
    link = found.group()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page, begin = browser.new_page(viewport={"width": 1280, "height": 800}), time.monotonic()
        page.goto(link)
        page.locator(".verdict").wait_for(timeout=120_000)
        print(f"shipped answer on the page after {time.monotonic() - begin:.2f} s", flush=True)
        first = page.evaluate(_TOLD, ["retention", "45 d"])
        print(f"first lever moved after loading: answered after {first / 1000:.2f} s", flush=True)
        said("three levers", moved(page, places[: 2 * updates : 2]))
        used = []
        for _ in range(10):  # each until nothing is left to compute
            page.goto(link)
            page.get_by_text("Complete", exact=True).wait_for(timeout=300_000)
            used.append(memory_mb(server.pid))
        print(f"memory after one load {used[0]:.0f} MB, after ten {used[-1]:.0f} MB", flush=True)
        theirs: list[float] = []
        other = threading.Thread(target=visit, args=(chromium, link, places[3 : 2 * updates : 4], theirs))
        other.start()
        said("two users at once, one of them", moved(page, places[1 : 2 * updates : 4]))
        other.join()
        said("and the other", theirs)
        browser.close()
    server.terminate()
    server.wait(20)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
