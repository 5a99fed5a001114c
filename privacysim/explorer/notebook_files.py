"""Notebook commands: create one from the template, or rerun one with new parameters.

Only a rerun imports the notebook libraries, which takes longer than everything else here.
"""

import ast
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from privacysim.errors import InputError, PrivacysimError, did_you_mean
from privacysim.files import whole_file
from privacysim.resources import shipped

# fields of a notebook's first cell, and where they are
_FIRST_CELL = {"title": r"^# (.+)$", "question": r"\*\*Question\.\*\*\s*(.+)", "run time": r"Run time: ([^.]+)\."}


class NotebookFailed(PrivacysimError):
    """A cell of a notebook raised an error."""


def new_notebook(name: str, folder: str | Path = ".") -> Path:
    """Write a new study notebook from the template; never overwrites a file."""
    stem = name.removesuffix(".ipynb")
    if not re.fullmatch(r"[\w.-]+", stem.rsplit("/", 1)[-1]):
        raise InputError("notebook new", "a file name", name, 'write a name such as "my_study"')
    path = Path(folder) / f"{stem}.ipynb"
    if path.exists():
        raise InputError(f"{path}", "a new file", "one that exists", "choose another name")
    title = f"# {path.stem.replace('_', ' ')}"
    cells = [(one["cell_type"], source if n else re.sub("^# .*", title, source), one["metadata"].get("tags", ()))
             for n, (one, source) in enumerate(_cells(shipped("notebooks/new_study.ipynb")))]  # fmt: skip
    _write(as_notebook(cells), path)
    return path


def _cells(path: Path) -> list[tuple[dict[str, Any], str]]:
    """Cells of a notebook, each with its source as one text."""
    return [(cell, "".join(cell["source"])) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def as_notebook(cells: Sequence[tuple[str, str, Sequence[str]]]) -> str:
    """Text of a notebook with cells (kind, source, tags), whose ids depend only on their position."""
    made = [{"cell_type": kind, "id": f"cell-{n:02d}", "metadata": {"tags": list(tags)} if tags else {},
             "source": source.splitlines(keepends=True),
             **({"execution_count": None, "outputs": []} if kind == "code" else {})}
            for n, (kind, source, tags) in enumerate(cells)]  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1)


def parameter(text: str) -> tuple[str, object]:
    """Parse `days=7` to ("days", 7): a TOML value if it is one, else the text.

    >>> parameter("days=7"), parameter("retention=7 d")
    (('days', 7), ('retention', '7 d'))
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise InputError("-p", "NAME=VALUE", text, 'write it like -p days=7 or -p retention="7 d"')
    try:
        return name.strip(), tomllib.loads(f"value = {value.strip()}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return name.strip(), value.strip()


def run_notebook(path: str | Path, out: str | Path, parameters: Mapping[str, object], *,
                 tell: Callable[[int, int], None] | None = None, seconds_a_cell: int = 600) -> Path:
    """Run a notebook with some of its parameters replaced; writes the result only if every cell ran.

    Parameters are the names assigned by the cell with the tag `parameters`; an injected cell after it replaces them.
    The kernel runs in the notebook's folder. `tell(done, all)` is called after each cell.
    """
    source, target = Path(path), Path(out)
    if not source.is_file():
        raise InputError("notebook", "a notebook file", path, "name a file that exists")
    if target.resolve() == source.resolve():
        raise InputError("--out", "another file than the notebook itself", out, "name a new file")
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    try:
        notebook = nbformat.read(source, as_version=4)
    except (ValueError, nbformat.reader.NotJSONError) as error:
        raise InputError(f"{source}", "a notebook (JSON)", error, "open it in JupyterLab and save it again") from None
    _inject(notebook, parameters, str(source))
    whole = len(notebook.cells)
    client = NotebookClient(notebook, timeout=seconds_a_cell, kernel_name="python3",
                            resources={"metadata": {"path": str(source.parent)}}, on_cell_executed=lambda cell,
                            cell_index, execute_reply: tell(cell_index + 1, whole) if tell else None)
    try:
        client.execute()
    except CellExecutionError as error:
        failed = next(n for n, cell in enumerate(notebook.cells, 1)
                      if any(output["output_type"] == "error" for output in cell.get("outputs", ())))  # fmt: skip
        text = re.sub(r"\x1b\[[0-9;]*m", "", str(error.evalue)).strip()
        short = "\n".join(f"{error.ename}: {text}".splitlines()[:3])
        raise NotebookFailed(f"{source}, cell {failed} of {whole}: {short}") from None
    _write(nbformat.writes(notebook), target)
    return target


def _inject(notebook: Any, parameters: Mapping[str, object], where: str) -> None:
    tagged = [n for n, cell in enumerate(notebook.cells) if "parameters" in cell["metadata"].get("tags", ())]
    lines = [node for n in tagged for node in ast.parse(notebook.cells[n]["source"]).body]
    known = [target.id for node in lines if isinstance(node, ast.Assign)
             for target in node.targets if isinstance(target, ast.Name)]  # fmt: skip
    for name in parameters:
        if name not in known:
            fix = did_you_mean(name, known) if known else "tag a cell with `parameters` in JupyterLab"
            raise InputError(f"{where}, -p", "a name from the cell tagged parameters", name, fix)
    if parameters:
        from nbformat.v4 import new_code_cell

        source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
        cell = new_code_cell(source, id="injected-parameters", metadata={"tags": ["injected-parameters"]})
        notebook.cells.insert(tagged[-1] + 1, cell)


def _write(notebook: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_text(notebook + "\n", encoding="utf-8")


def index(folder: str | Path) -> pd.DataFrame:
    """Table of the notebooks under a folder: file (a link), title, question and run time, from their first cell."""
    rows, root = [], Path(folder)
    for path in sorted(root.rglob("*.ipynb")):
        where = path.relative_to(root).as_posix()
        if ".ipynb_checkpoints" in where or where.startswith("00_index"):
            continue
        text = _cells(path)[0][1]
        rows.append({
            "notebook": f'<a href="{escape(where, quote=True)}">{escape(where)}</a>',
            **{name: found[1].strip() if (found := re.search(pattern, text, re.MULTILINE)) else ""
               for name, pattern in _FIRST_CELL.items()},
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["notebook", *_FIRST_CELL])
