"""Writes `environment.yml`: each package that `pyproject.toml` names, at the version of `requirements.lock`.

Run `python tools/environment.py` after changing the lock; a test checks that the three files agree. pip installs all
packages, because conda's channels lag behind the lock and use other names for some packages.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from tools.supply import locked, name_of

ROOT = Path(__file__).resolve().parent.parent
HEAD = """\
# privacysim with all its extras, for those who prefer conda: conda env create -f environment.yml
# Made by tools/environment.py from pyproject.toml and requirements.lock.
name: privacysim
channels:
  - conda-forge
dependencies:
  - python={python}
  - pip
  - pip:
"""


def packages() -> list[str]:
    """Packages that the core and the extras for users require, as `name==version`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [lines for name, lines in project["optional-dependencies"].items() if name not in ("dev", "docs")]
    names = {name_of(Requirement(line).name) for group in [project["dependencies"], *groups] for line in group}
    versions = locked()
    return [f"{name}=={versions[name][0]}" for name in sorted(names - {"privacysim"})]


def text() -> str:
    """Text of the file; the package itself comes last, in editable mode."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    head = HEAD.format(python=project["requires-python"].removeprefix(">="))
    return head + "".join(f"      - {line}\n" for line in [*packages(), "-e ."])


if __name__ == "__main__":
    (ROOT / "environment.yml").write_text(text(), encoding="utf-8")
    sys.exit(0)
