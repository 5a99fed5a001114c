"""Notebook commands: create one from the template, rerun one with new parameters, or serve the explorer's page."""

import ast
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from privacysim.errors import InputError, PrivacysimError, did_you_mean, require
from privacysim.files import whole_file
from privacysim.resources import shipped
from privacysim.study import Study

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
    template = nbformat.read(shipped("notebooks/new_study.ipynb"), as_version=4).cells
    notebook = as_notebook([(one["cell_type"], one["source"], one["metadata"].get("tags", ())) for one in template])
    notebook.cells[0]["source"] = re.sub("^# .*", f"# {path.stem.replace('_', ' ')}", notebook.cells[0]["source"])
    _write(notebook, path)
    return path


def as_notebook(cells: Sequence[tuple[str, str, Sequence[str]]]) -> Any:
    """Build a notebook from (kind, source, tags) cells, with ids that depend on position alone."""
    made = []
    for n, (kind, source, tags) in enumerate(cells):
        new = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
        made.append(new(source, id=f"cell-{n:02d}", metadata={"tags": list(tags)} if tags else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})


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
    _write(notebook, target)
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
        source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
        cell = nbformat.v4.new_code_cell(source, id="injected-parameters", metadata={"tags": ["injected-parameters"]})
        notebook.cells.insert(tagged[-1] + 1, cell)


def _write(notebook: Any, path: Path) -> None:
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def index(folder: str | Path) -> pd.DataFrame:
    """Table of the notebooks under a folder: file (a link), title, question and run time, from their first cell."""
    rows, root = [], Path(folder)
    for path in sorted(root.rglob("*.ipynb")):
        where = path.relative_to(root).as_posix()
        if ".ipynb_checkpoints" in where or where.startswith("00_index"):
            continue
        text = str(nbformat.read(path, as_version=4).cells[0]["source"])
        rows.append({
            "notebook": f'<a href="{escape(where, quote=True)}">{escape(where)}</a>',
            **{name: found[1].strip() if (found := re.search(pattern, text, re.MULTILINE)) else ""
               for name, pattern in _FIRST_CELL.items()},
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["notebook", *_FIRST_CELL])


def serve(study: str, *, port: int = 8866, browser: bool = True) -> int:
    """Serve the explorer of a study as a web page (Voilà) until it is stopped; returns Voilà's exit status.

    The page has a loopback address, so it is not reachable from the network. It runs a notebook of one cell in another
    folder; policies are saved into `sim/policies` of this one.
    """
    Study(study).inputs()  # report errors of the study here, not in the browser
    require("web", "voila", where="study explore")
    folder = Path.cwd() / "sim" / "policies"
    study = str(Path(study).resolve()) if study.endswith(".toml") else study
    with tempfile.TemporaryDirectory(prefix="privacysim-explore-") as where:
        notebook = Path(where) / "explore.ipynb"
        code = f"import privacysim as ps\n\nps.explore({study!r}, folder={str(folder)!r})"
        _write(as_notebook([("code", code, ())]), notebook)
        print(f"The explorer of {study}: http://127.0.0.1:{port}/  (policies are saved into {folder}; stop: Ctrl-C)")
        command = [sys.executable, "-m", "voila", str(notebook), f"--port={port}", "--Voila.ip=127.0.0.1",
                   "--VoilaConfiguration.show_tracebacks=False", *([] if browser else ["--no-browser"])]  # fmt: skip
        return subprocess.run(command, check=False).returncode
