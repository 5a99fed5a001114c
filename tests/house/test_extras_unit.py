"""A light core: what a simulation needs is always installed; an error names the extra that brings a missing package."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pandas as pd
import pytest
from packaging.requirements import Requirement

from privacysim.errors import InputError, MissingExtraError, optional, require
from tools.environment import packages, text
from tools.supply import name_of

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
NEED_AN_EXTRA = ("explorer", "masklab", "report.office_files")
"""Rooms and files that can only be imported with their extra; every other file belongs to the core."""


def names(lines: list[str]) -> set[str]:
    """Packages of some requirements, those of other extras of ours included."""
    found = set()
    for one in map(Requirement, lines):
        inner = [line for extra in one.extras for line in EXTRAS[extra]] if one.name == "privacysim" else []
        found |= names(inner) if inner else {name_of(one.name)}
    return found


CORE = names(PROJECT["dependencies"])
OF_USERS = {extra: names(lines) for extra, lines in EXTRAS.items() if extra not in ("all", "dev", "docs")}
OPTIONAL = {"shapely"}.union(*OF_USERS.values()) - CORE
BLOCKED = sorted({module for module, dists in packages_distributions().items()
                  for dist in dists if name_of(dist) in OPTIONAL})  # fmt: skip


def test_all_brings_every_extra_of_a_user_and_nothing_of_a_developer():
    assert names(EXTRAS["all"]) == set().union(*OF_USERS.values())


def test_the_conda_environment_names_what_pyproject_asks_for_at_the_versions_of_the_lock():
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == text(), "run python -m tools.environment"
    assert {line.partition("==")[0] for line in packages()} == CORE | names(EXTRAS["all"])


def test_every_package_that_the_code_requires_is_in_the_extra_that_the_sentence_names():
    owner = {module: {name_of(dist) for dist in dists} for module, dists in packages_distributions().items()}
    seen = set()
    for path in (ROOT / "privacysim").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require":
                extra, *modules = [ast.literal_eval(word) for word in node.args]
                seen.add(extra)
                for module in modules:
                    assert owner[module.partition(".")[0]] & OF_USERS[extra], f"{path.name}: {module} is not in {extra}"
    assert seen == set(OF_USERS)


def fresh(code: str) -> str:
    block = f"import sys\nfor name in {BLOCKED!r}: sys.modules[name] = None\n"
    run = subprocess.run([sys.executable, "-c", block + code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_every_file_of_the_core_can_be_imported_without_any_extra():
    code = f"""
import importlib, pkgutil, privacysim
ours = {NEED_AN_EXTRA!r}
for one in pkgutil.walk_packages(privacysim.__path__, "privacysim.", onerror=lambda name: None):
    short = one.name.removeprefix("privacysim.")
    if not short.startswith(tuple(ours)) and short != "__main__":
        importlib.import_module(one.name)
print(len([name for name in sys.modules if name.startswith("privacysim.")]))
"""
    assert {"cv2", "osmium", "sklearn", "ipywidgets", "docx", "openpyxl", "duckdb", "distributed"} <= set(BLOCKED)
    assert int(fresh(code)) > 100


@pytest.mark.parametrize(("room", "extra"), [("masklab", "masks"), ("explorer", "notebooks")])
def test_a_room_that_needs_an_extra_says_which_when_it_is_imported(room, extra):
    code = f"""
from privacysim.errors import MissingExtraError
try:
    import privacysim.{room}
except MissingExtraError as error:
    print(error)
"""
    assert f'Fix: pip install "privacysim[{extra}]".' in fresh(code)


def test_what_needs_a_package_that_is_not_installed_names_the_command_that_installs_it(monkeypatch, tmp_path):
    from privacysim.cli.study_commands import study_explore
    from privacysim.readers.osm_fetch import fetch_city
    from privacysim.readers.osm_maps import read_ground
    from privacysim.results.results import query

    doors = {
        ("osmium", "map"): lambda: read_ground(tmp_path / "town.osm", (54.0, 5.0)),
        ("osmnx", "map"): lambda: fetch_city("Kallio", tmp_path / "kallio.osm"),
        ("duckdb", "analysis"): lambda: query(tmp_path, "select 1"),
        ("tornado", "web"): lambda: study_explore("preview"),
    }
    for (package, extra), door in doors.items():
        with monkeypatch.context() as patch:
            for name in [name for name in sys.modules if name.partition(".")[0] == package]:
                patch.setitem(sys.modules, name, None)
            patch.setitem(sys.modules, package, None)
            with pytest.raises(MissingExtraError) as caught:
                door()
        assert (caught.value.package, caught.value.extra) == (package, extra)
        assert str(caught.value).endswith(f'Got: it is not installed\n  Fix: pip install "privacysim[{extra}]".')


def test_a_missing_extra_is_an_input_error_that_travels_between_processes():
    import pickle

    error = pickle.loads(pickle.dumps(MissingExtraError("x", "osmium", "map")))
    assert isinstance(error, InputError)
    assert (error.where, error.package, error.extra) == ("x", "osmium", "map")


def test_a_package_that_is_installed_but_broken_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "half_a_package.py").write_text("import no_such_package_anywhere\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_package_anywhere"):
        optional("half_a_package")
    assert optional("no_such_package_anywhere.part") is None
    assert require("map", "pandas", where="here") is pd
