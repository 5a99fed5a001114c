"""A room imports only what stands before it; the ground floor stands before every room."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import privacysim

PACKAGE = Path(privacysim.__file__).parent
GROUND = ("errors", "parts", "units", "resources", "compiled", "vocabulary", "draws", "stats", "tables", "facts",
          "fact_laws", "files", "wording", "sealed")
ROOMS = (
    "identify", "law", "policy", "scenario", "readers", "city", "people", "sight", "world", "governance", "exposure",
    "attacks", "metrics", "simulation", "figures", "results", "study", "validation", "robustness", "report", "tracks",
    "masklab", "explorer", "bench", "cli",
)  # fmt: skip
ORDER = GROUND + ROOMS


def imported_rooms(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a name comes from"
            whole = node.module == "privacysim"
            names = [f"privacysim.{alias.name}" if whole else str(node.module) for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("privacysim.")}
    return found


def own_room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if own_room(path) not in {"__init__", "__main__"}]


def test_every_module_stands_in_a_known_room():
    assert {own_room(path) for path in MODULES} <= set(ORDER)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_room_imports_only_rooms_before_it(path):
    room = own_room(path)
    allowed = set(ORDER[: ORDER.index(room) + 1])
    assert imported_rooms(path) <= allowed


def files_imported(path: Path) -> set[str]:
    """The files of the package that a file takes names from, those for types alone included."""
    names = {".".join(one.relative_to(PACKAGE.parent).with_suffix("").parts): one for one in MODULES}
    packages = {name.removesuffix(".__init__"): name for name in names if name.endswith(".__init__")}
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = {f"{node.module}.{alias.name}" for alias in node.names} & set(names)
            found |= inside or {packages.get(str(node.module), str(node.module))}
    return {packages.get(name, name) for name in found} & set(names)


def test_no_import_runs_in_a_circle_not_even_for_types():
    graph = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): files_imported(path) for path in MODULES}
    assert sum(len(ends) for ends in graph.values()) > len(graph), "the test reads too little"
    while free := [name for name, ends in graph.items() if not ends & set(graph)]:
        for name in free:
            del graph[name]
    assert not graph, f"imports run in a circle among {sorted(graph)}"


def _jitted(tree: ast.Module) -> set[str]:
    return {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
        and any("jit" in ast.unparse(decorator) for decorator in node.decorator_list)
    }  # fmt: skip


def test_jitted_functions_that_call_one_another_live_in_one_file():
    # numba's disk cache does not notice an edited callee in another file: it would return the old value
    homes = {name: path for path in MODULES for name in _jitted(ast.parse(path.read_text(encoding="utf-8")))}
    assert homes, "no kernel was found: the test looks in the wrong place"
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and function.name in _jitted(tree):
                calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
                called = {target.id for target in calls if isinstance(target, ast.Name)}
                own = _jitted(tree)
                assert not (called & set(homes)) - own, f"{path.name}: {function.name} calls kernels of another file"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_kernels_keep_their_bits(path):
    text = path.read_text(encoding="utf-8")
    assert "fastmath=True" not in text
    assert "parallel=True" not in text
    assert "prange" not in text
