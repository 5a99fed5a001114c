#!/usr/bin/env python3
"""Set up privacysim on a fresh machine, then run a command. Standard library only.

python3 run.py study        set-up, then the headline study
python3 run.py test         set-up, then every test (--slow: the long sets too; --fast: under three minutes;
                            --notebooks: only the notebooks, or your own if you name them)
python3 run.py lab          set-up, then JupyterLab
python3 run.py docs         set-up, then the documentation site, into docs/_site
python3 run.py ANY …        set-up, then `privacysim ANY …`
"""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
WEIGHTS = ROOT / "weights.lock"
STAMP = VENV / "privacysim.stamp"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")


def fingerprint() -> str:
    """Hash of the locks and this Python; the set-up is repeated when it changes."""
    return hashlib.sha256(LOCK.read_bytes() + WEIGHTS.read_bytes() + sys.version.encode()).hexdigest()


def uv_block() -> str:
    """Lines of the lock for uv, so that the installer itself is installed by hash."""
    found = re.search(r"^uv==.*?(?=^\S|\Z)", LOCK.read_text(), re.MULTILINE | re.DOTALL)
    if found is None:
        sys.exit("run.py: requirements.lock does not name uv; make the lock anew (CONTRIBUTING.md).")
    return found.group(0)


def set_up() -> None:
    """Create .venv, install the lock into it by hash, and install privacysim in editable mode."""
    if STAMP.exists() and STAMP.read_text() == fingerprint():
        return
    if Path(sys.prefix).resolve() == VENV.resolve():  # it would remove the Python that runs it
        sys.exit("run.py: the locks have changed since .venv was set up; leave it (deactivate) and run this again.")
    print("Setting up .venv (once; about a minute) …", flush=True)
    if subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)]).returncode:
        sys.exit("run.py: this Python cannot make a virtual environment; on Debian: apt-get install python3-venv")
    only_uv = VENV / "uv.lock.txt"
    only_uv.write_text(uv_block())
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(only_uv)], check=True)
    uv = [str(PYTHON), "-m", "uv", "pip"]
    into = ["--python", str(PYTHON), "--quiet", "--compile-bytecode"]  # as pip does: a worker starts 2 CPU s sooner
    if subprocess.run([*uv, "sync", *into, "--require-hashes", str(LOCK)]).returncode:
        print("uv could not install the lock; trying pip …", flush=True)
        subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True)
    subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", str(WEIGHTS)], check=True)
    here = [str(PYTHON), "-m", "uv", "pip", "install", *into, "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    subprocess.run(here, check=True)
    STAMP.write_text(fingerprint())


def test(arguments: list[str]) -> list[str]:
    """Command that runs every test: lint, types, units, oracles, properties, notebooks."""
    return [str(PYTHON), str(ROOT / "tests" / "everything.py"), *arguments]


def lab(arguments: list[str]) -> list[str]:
    """Command that opens JupyterLab on the index of the notebooks, or on the given folder."""
    ours = ["--notebook-dir", str(ROOT / "notebooks"), "--LabApp.default_url=/lab/tree/00_index.ipynb"]
    named = any(word.startswith(("--notebook-dir", "--ServerApp.root_dir")) for word in arguments)
    # JupyterLab must not ask a server for news or updates, nor ask the user for permission to do so
    settings = VENV / "etc" / "jupyter" / "labconfig"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "page_config.json").write_text(
        '{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}\n'
    )
    return [str(BIN / "jupyter"), "lab", *([] if named else ours), *arguments]


def site() -> list[str]:
    """Command that builds the site; warnings are errors."""
    return [str(PYTHON), "-m", "sphinx", "-W", "--keep-going", "-q", str(ROOT / "docs"), str(ROOT / "docs" / "_site")]


def main(arguments: list[str]) -> int:
    """Set up, then run the command and return its exit status."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(__doc__)
        return 0
    if sys.version_info < (3, 11):
        sys.exit(f"run.py: Python 3.11 or newer is required, this is {sys.version.split()[0]}.")
    try:
        set_up()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"run.py: the set-up stopped: {' '.join(map(str, failed.cmd[:6]))} … exited with {failed.returncode}.")
    if arguments == ["study"]:
        command = [str(PYTHON), "-m", "privacysim", "run", "headline"]
    elif arguments[0] == "test":
        command = test(arguments[1:])
    elif arguments == ["docs"]:
        command = site()
    elif arguments[0] == "lab":
        command = lab(arguments[1:])
    else:
        command = [str(PYTHON), "-m", "privacysim", *arguments]
    try:
        return subprocess.run(command).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
