"""`privacysim notebook new NAME` and `privacysim notebook run NB -p name=value`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

notebook_app = typer.Typer(add_completion=False, no_args_is_help=True, help="Notebooks: a new one, or one run anew.")


@notebook_app.command("new")
def notebook_new(name: Annotated[str, typer.Argument(help="Name of the new notebook.")]) -> None:
    """Write a study notebook from the template into the working folder."""
    from privacysim.explorer.notebook_files import new_notebook

    path = new_notebook(name)
    print(f"{path}: written. Open it with `jupyter lab {path}`, or run it: privacysim notebook run {path}")


@notebook_app.command("run")
def notebook_run(
    notebook: Annotated[Path, typer.Argument(help="A notebook.")],
    parameters: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", help='NAME=VALUE, such as -p retention="7 d"; repeatable')
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="where to write: results/NAME.ipynb")] = None,
) -> None:
    """Run a notebook with other parameters and keep the result beside the original."""
    from privacysim.explorer.notebook_files import parameter, run_notebook

    given = dict(parameter(text) for text in parameters or [])
    target = out or Path("results") / notebook.name
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    terminal = sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not terminal) as bar:
        task = bar.add_task("cells")
        run_notebook(notebook, target, given, tell=lambda done, whole: bar.update(task, completed=done, total=whole))
    print(f"{target}: every cell ran.")
