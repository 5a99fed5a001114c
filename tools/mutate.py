"""Mutation testing of the core: small changes to the code that its tests must notice.

`python tools/mutate.py --each 40 --seed 1` draws 40 mutants of each area (legality, exposure, comparison, chances)
and runs the area's quick tests on each in a copy of the checkout. It writes `docs/evidence/mutation.csv`, every
outcome and the survivors. Mutants tried before are skipped unless their line has changed.

Compiled kernels are mutated as plain Python. Each survivor needs a new test, or an explanation in
`docs/evidence/mutation_explained.csv` if it has no observable effect.
"""

from __future__ import annotations

import argparse
import ast
import csv
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools.plant import copy_of_checkout  # noqa: E402

EVIDENCE = ROOT / "docs" / "evidence"
HEAD = ["area", "mutants", "drawn", "seed", "killed", "explained", "score_percent", "low", "high"]
AREAS: dict[str, tuple[list[str], list[str], bool]] = {
    "legality": (
        ["privacysim/policy/judging.py"],
        ["tests/policy/test_single_rules_unit.py", "tests/policy/test_arms_unit.py", "tests/policy/test_law_cases_oracle.py",
         "tests/policy/test_legality_property.py"], True,
    ),
    "exposure": (
        ["privacysim/exposure/acts.py", "privacysim/exposure/exposure_kernel.py"],
        ["tests/exposure/test_cases_unit.py", "tests/exposure/test_join_oracle.py::test_kernel_equals_the_naive_join_of_the_tables[0]",
         "tests/exposure/test_join_oracle.py::test_kernel_equals_the_join_over_many_days_before_and_after_day_0",
         "tests/sight/test_passes_walked_oracle.py::test_windows_are_the_union_of_the_acts_of_each_camera"], False,
    ),
    "comparison": (
        ["privacysim/stats.py", "privacysim/stats.py", "privacysim/results/comparison.py"],
        ["tests/results/test_comparison_said_unit.py", "tests/ground/test_stats_unit.py", "tests/results/test_comparison_unit.py", "privacysim/stats"],
        True,
    ),
    "chances": (
        ["privacysim/world/chances.py", "privacysim/world/streams.py", "privacysim/draws.py"],
        ["tests/ground/test_draws_published_oracle.py", "privacysim/world/chances.py", "tests/governance/test_theory_oracle.py",
         "tests/ground/test_draws_function_property.py", "tests/world/test_chance_laws_oracle.py", "tests/world/test_chances_property.py"], True,
    ),
}  # fmt: skip
"""By area: files to mutate, the tests that must notice (quickest first), and whether kernels stay compiled."""
_COMPARE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}  # fmt: skip
_ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
               ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
               ast.LShift: ast.RShift, ast.RShift: ast.LShift}  # fmt: skip
LOADED = ("numpy", "pandas", "pyarrow.parquet", "pytest", "scipy.stats", "simpy", "numba", "pydantic")
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum"}


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that are code, without annotations, docstrings, decorators and error messages."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Raise | ast.Import | ast.ImportFrom | ast.JoinedStr):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        yield node
        if isinstance(node, ast.FunctionDef):
            for part in node.body:
                if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)):
                    yield part
                    yield from _code(part)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                yield node.value
                yield from _code(node.value)
        else:
            yield from _code(node)


def mutants(source: str) -> list[tuple[int, str, str]]:
    """All mutants as (line, change, whole text)."""
    found = []
    count = len(list(_code(ast.parse(source))))
    for n in range(count):
        for variant in range(2):
            tree = ast.parse(source)
            node = list(_code(tree))[n]
            said = _mutate(node, variant)
            if said:
                found.append((getattr(node, "lineno", 0), said, ast.unparse(ast.fix_missing_locations(tree)) + "\n"))
    return found


def _mutate(node: ast.AST, variant: int) -> str:
    """Change the node in place; returns a description of the change, or "" if none is possible."""
    said = ""
    if isinstance(node, ast.Compare) and variant == 0 and type(node.ops[0]) in _COMPARE:
        was = type(node.ops[0])
        node.ops[0] = _COMPARE[was]()
        said = f"{was.__name__} → {_COMPARE[was].__name__}"
    elif isinstance(node, ast.BinOp | ast.AugAssign) and variant == 0 and type(node.op) in _ARITHMETIC:
        was = type(node.op)
        node.op = _ARITHMETIC[was]()
        said = f"{was.__name__} → {_ARITHMETIC[was].__name__}"
    elif isinstance(node, ast.BoolOp) and variant == 0:
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        said = "and ↔ or"
    elif isinstance(node, ast.BoolOp) and variant == 1 and len(node.values) > 1:
        dropped = node.values.pop()
        said = f"dropped {ast.unparse(dropped)[:40]}"
    elif isinstance(node, ast.UnaryOp) and variant == 0 and isinstance(node.op, ast.Not | ast.Invert):
        node.op = ast.UAdd() if isinstance(node.op, ast.Invert) else ast.Not()
        if isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        said = "not x → x"
    elif isinstance(node, ast.Constant) and variant == 0 and isinstance(node.value, bool):
        node.value = not node.value
        said = f"{not node.value} → {node.value}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        was = node.value
        node.value = was + 1 if variant == 0 else (was - 1 if was else 2)
        said = f"{was} → {node.value}"
    elif isinstance(node, ast.Name | ast.Attribute) and variant == 0:
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name in _NAMES and isinstance(node.ctx, ast.Load):
            if isinstance(node, ast.Name):
                node.id = _NAMES[name]
            else:
                node.attr = _NAMES[name]
            said = f"{name} → {_NAMES[name]}"
    elif isinstance(node, ast.If | ast.IfExp) and variant == 0:
        node.test = ast.Constant(value=True)
        said = "if … → if True"
    elif isinstance(node, ast.If | ast.IfExp | ast.While) and variant == 1:
        node.test = ast.Constant(value=False)
        said = "if … → if False"
    elif isinstance(node, ast.Continue) and variant == 0:
        said = ""
    return said


def noticed(copy: Path, tests: list[str], compiled: bool, limit_s: float) -> bool:
    """Whether the tests fail, run in a child of this process, which has already loaded the libraries."""
    child = os.fork()
    if child == 0:
        os.chdir(copy)
        os.environ["PRIVACYSIM_CACHE"] = str(copy / "cache")
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        sys.path.insert(0, str(copy))
        sys.dont_write_bytecode = True
        import numba
        import pytest

        numba.config.DISABLE_JIT = not compiled
        # in plain Python, numpy warns of the wrapping arithmetic that the kernels intend
        quiet = [] if compiled else ["-W", "ignore::RuntimeWarning"]
        # one after the other, so that the quickest tests can end the run before others are collected
        os._exit(next((1 for one in tests if pytest.main(["-q", "-x", "-p", "no:cacheprovider", *quiet, one])), 0))
    begin = time.monotonic()
    while time.monotonic() - begin < limit_s:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.05)
    os.kill(child, 9)  # a hang counts as noticed
    os.waitpid(child, 0)
    return True


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, implemented here because the package's own function is mutated."""
    if n == 0:
        return 0.0, 1.0
    z, p = 1.959964, hits / n
    middle, half = p + z * z / (2 * n), z * ((p * (1 - p) + z * z / (4 * n)) / n) ** 0.5
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def explained() -> dict[tuple[str, str, str], str]:
    """Survivors without an observable effect, with the reason."""
    path = EVIDENCE / "mutation_explained.csv"
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        return {(row["file"], row["code"], row["change"]): row["why"] for row in csv.DictReader(stream)}


Mutant = tuple[str, int, int, str, str, str]
"""File, its number among the file's mutants, line, code, change, whole text."""


def drawn_of(area: str, each: int, seed: int) -> tuple[int, list[Mutant]]:
    """Number of mutants in the area, and a sample of them."""
    every: list[Mutant] = []
    for file in AREAS[area][0]:
        source = (ROOT / file).read_text(encoding="utf-8")
        lines = source.splitlines()
        every += [(file, n, line, lines[line - 1].strip(), said, text)
                  for n, (line, said, text) in enumerate(mutants(source))]  # fmt: skip
    return len(every), random.Random(f"{seed} {area}").sample(every, min(each, len(every)))


def try_out(area: str, todo: list[Mutant]) -> Iterator[tuple[Mutant, bool]]:
    """Try each mutant in a copy of the checkout; yields it and whether the area's tests notice."""
    _, tests, compiled = AREAS[area]
    with tempfile.TemporaryDirectory(prefix="privacysim-mutate-") as folder:
        copy = copy_of_checkout(Path(folder))
        begin = time.monotonic()
        if noticed(copy, tests, compiled, 900):
            sys.exit(f"{area}: the tests fail without any mutant")
        limit = 5 * (time.monotonic() - begin) + 30
        for one in todo:
            path = copy / one[0]
            kept = path.read_text(encoding="utf-8")
            path.write_text(one[-1], encoding="utf-8")
            yield one, noticed(copy, tests, compiled, limit)
            path.write_text(kept, encoding="utf-8")


def main() -> int:
    """Draw mutants, try the new ones, and count the outcomes."""
    options = argparse.ArgumentParser()
    options.add_argument("--each", type=int, default=40, help="mutants to draw of an area")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--most", type=int, default=10**9, help="try so many more at most; the rest another time")
    options.add_argument("--again", action="store_true", help="try the survivors anew")
    options.add_argument("areas", nargs="*", default=list(AREAS))
    chosen = options.parse_args()
    for library in LOADED:
        __import__(library)
    reasons, tried, counts, good = explained(), _read("mutation_outcomes.csv"), [], True
    for area in chosen.areas:
        total, drawn = drawn_of(area, chosen.each, chosen.seed)
        known = {tuple(row[1:6]): row[6] for row in tried if row[0] == area}
        if chosen.again:
            known = {key: said for key, said in known.items() if said == "noticed"}
        todo = [one for one in drawn if tuple(map(str, one[:-1])) not in known][: chosen.most]
        for one, found in try_out(area, todo) if todo else ():
            known[tuple(map(str, one[:-1]))] = "noticed" if found else "survived"
            if not found:
                print(f"{area}: survived: {one[0]}:{one[2]}: {one[4]}: {one[3]}", flush=True)
        mine = [[area, *key, known[key]] for one in drawn if (key := tuple(map(str, one[:-1]))) in known]
        tried = [row for row in tried if row[0] != area] + mine
        survivors = [row for row in mine if row[6] == "survived"]
        excused = sum((row[1], row[4], row[5]) in reasons for row in survivors)
        killed = len(mine) - len(survivors)
        share = killed / max(len(mine) - excused, 1)
        low, high = wilson(killed, len(mine) - excused)
        counts.append([area, total, len(mine), chosen.seed, killed, excused,
                       *(f"{100 * part:.1f}" for part in (share, low, high))])  # fmt: skip
        good &= share >= 0.85
        print(",".join(map(str, counts[-1])), flush=True)
    _write("mutation_outcomes.csv", ["area", "file", "number", "line", "code", "change", "outcome"], tried)
    _write("mutation.csv", HEAD, [*(row for row in _read("mutation.csv") if row[0] not in chosen.areas), *counts])
    _write("mutation_survivors.csv", ["area", "file", "line", "code", "change", "why"],
           [[*row[:2], *row[3:6], reasons.get((row[1], row[4], row[5]), "")] for row in tried if row[6] == "survived"])
    return 0 if good else 1


def _read(name: str) -> list[list[str]]:
    path = EVIDENCE / name
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))[1:]


def _write(name: str, head: list[str], rows: list[list[object]]) -> None:
    with (EVIDENCE / name).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(sorted(rows, key=lambda row: list(AREAS).index(str(row[0]))))


if __name__ == "__main__":
    sys.exit(main())
