"""Run notebooks with one fact changed and say which checked cell shows something else: no kernel, one process.

    python tests/notebooks/checked_cells.py FACT FACTOR NOTEBOOK …

Exit status 1 and the first differing cell where a notebook notices; 0 where none does. FACT `none` changes nothing.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

SANITIZE = [(re.compile(r"\b[0-9a-f]{12,64}\b"), "HASH"), (re.compile(r"\b\d+(\.\d+)? (s|ms|MB|GB)\b"), "MEASURED")]


def change(fact: str, factor: float) -> None:
    """Multiply one fact, before anything has read it; its range widens where it must hold the new value."""
    from privacysim import facts as room

    rows = dict(room.facts())
    old = rows[fact]
    value = old.value * factor
    rows[fact] = replace(old, value=value, low=min(old.low, value), high=max(old.high, value))
    changed = room.Facts(rows)
    room.facts = lambda: changed  # type: ignore[assignment]  # who imports it later gets this one


def clean(text: str) -> str:
    """The text without what may differ between runs."""
    for pattern, word in SANITIZE:
        text = pattern.sub(word, text)
    return text.strip()


def run(source: str, where: str, names: dict[str, Any]) -> str:
    """Run a cell; what it prints, then what its last expression shows."""
    body = ast.parse(source).body
    last = ast.Expression(body.pop().value) if body and isinstance(body[-1], ast.Expr) else None  # type: ignore[attr-defined]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), where, "exec"), names)
        value = eval(compile(last, where, "eval"), names) if last else None
    html = getattr(value, "_repr_html_", lambda: None)()  # None of a figure, too
    return printed.getvalue() + ("" if value is None else html or repr(value))


def kept(out: dict[str, Any]) -> str:
    """The text of a kept output, with the HTML of what has one."""
    data = out.get("data", {})
    return "".join(out.get("text", data.get("text/html", data.get("text/plain", ""))))


def first_difference(path: Path) -> str:
    """The first checked cell that shows another text than the one that is kept; empty where none does."""
    import matplotlib as mpl

    mpl.use("Agg")
    os.chdir(path.parent)
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for n, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        try:
            shown = run(source, f"{path.name}, cell {n}", names)
        except Exception as error:  # a notebook that stops has noticed, whatever stops it
            return f"{path.name}, cell {n}: {type(error).__name__}"
        if "NBVAL_CHECK_OUTPUT" in source:
            if clean(shown) != clean("".join(kept(out) for out in cell["outputs"] if out.get("name") != "stderr")):
                return f"{path.name}, cell {n}"
    return ""


def main(arguments: list[str]) -> int:
    """Change the fact, run the notebooks."""
    fact, factor, *paths = arguments
    if fact != "none":
        change(fact, float(factor))
    for path in [Path(path).resolve() for path in paths]:  # before the first notebook changes the working folder
        found = first_difference(path)
        if found:
            print(found)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
