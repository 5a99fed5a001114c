"""The memo as PDF: the HTML, printed by a Chromium that this machine has. Tagged, with headings and alt texts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from privacysim.errors import InputError, ResultsError, shown

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge",
)
_LONGEST_S = 120


def browser() -> str:
    """A Chromium of this machine; none is an error that names the other way."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise InputError("report -o memo.pdf", "a Chromium or Chrome on this machine", "none of " + ", ".join(BROWSERS),
                         "install chromium, or write memo.html and print it from any browser")  # fmt: skip
    return found


def memo_pdf(html: str, path: Path) -> None:
    """Print a self-contained page to `path`, without network, scripts or a profile of the user."""
    with tempfile.TemporaryDirectory(prefix="privacysim-memo-") as folder:
        page = Path(folder) / "memo.html"
        page.write_text(html, encoding="utf-8")
        command = [
            browser(), "--headless", "--disable-gpu", "--disable-extensions", "--disable-dev-shm-usage",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile", "--no-pdf-header-footer",
            "--generate-pdf-document-outline", f"--print-to-pdf={folder}/memo.pdf", page.as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # Chromium refuses its sandbox to root
            command.insert(1, "--no-sandbox")
        made = Path(folder) / "memo.pdf"
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
            said = run.stderr.strip().splitlines()[-1:] or ["no message"]
        except subprocess.TimeoutExpired:
            said = [f"no answer within {_LONGEST_S} s"]
        if not made.is_file():
            raise ResultsError(f"{path}: the browser printed nothing ({shown(said[0])}).\n"
                               "  Fix: write memo.html and print it from any browser.")  # fmt: skip
        shutil.copyfile(made, path)
