"""Explorer as a web page, served by Voilà on this machine only."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from privacysim.errors import require
from privacysim.explorer.notebook_files import as_notebook
from privacysim.study import Study


def page_notebook(study: str, folder: Path) -> str:
    """Return the one-cell notebook that Voilà shows; policies are saved into `folder`."""
    code = f"import privacysim as ps\n\nps.explore({study!r}, folder={str(folder)!r})"
    return json.dumps(as_notebook([("code", code, ())]))


def command(notebook: Path, port: int, browser: bool) -> list[str]:
    """Command line for Voilà on the loopback address, so that the page is not reachable from the network."""
    return [
        sys.executable, "-m", "voila", str(notebook), f"--port={port}", "--Voila.ip=127.0.0.1",
        "--VoilaConfiguration.show_tracebacks=False", *([] if browser else ["--no-browser"]),
    ]  # fmt: skip


def serve(study: str, *, port: int = 8866, browser: bool = True) -> int:
    """Serve the explorer of a study as a web page until it is stopped; returns Voilà's exit status."""
    Study(study).inputs()  # report errors of the study here, not in the browser
    require("web", "voila", where="study explore")
    folder = Path.cwd() / "sim" / "policies"
    if study.endswith(".toml"):
        study = str(Path(study).resolve())
    with tempfile.TemporaryDirectory(prefix="privacysim-explore-") as where:
        notebook = Path(where) / "explore.ipynb"
        notebook.write_text(page_notebook(study, folder), encoding="utf-8")
        print(f"The explorer of {study}: http://127.0.0.1:{port}/  (policies are saved into {folder}; stop: Ctrl-C)")
        return subprocess.run(command(notebook, port, browser)).returncode
