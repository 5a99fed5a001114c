"""Progress bar for work that takes longer than two seconds, on a terminal or in a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE_S = 2.0
"""Seconds before a bar is shown."""


@contextmanager
def progress_bar(total: int, wished: bool | None) -> Iterator[Callable[[Any], None]]:
    """Yield `tell(part)`, to call after each of `total` parts; draws a bar in notebooks, terminals or if `wished`."""
    notebook = _notebook_display() if wished is None or wished else None
    if notebook is not None:
        with _in_notebook(total, notebook) as tell:
            yield tell
    elif sys.stderr.isatty() if wished is None else wished:
        with _on_terminal(total) as tell:
            yield tell
    else:
        yield lambda part: None


@contextmanager
def _on_terminal(total: int) -> Iterator[Callable[[Any], None]]:
    from rich import progress
    from rich.console import Console

    columns = (progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn(),
               progress.TimeElapsedColumn(), progress.TimeRemainingColumn())  # fmt: skip
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("units of work", total=total)
        yield lambda part: bar.advance(task)


@contextmanager
def _in_notebook(total: int, display: Callable[..., Any]) -> Iterator[Callable[[Any], None]]:
    begin, done = time.monotonic(), 0
    handle: Any = None

    def tell(part: Any) -> None:
        nonlocal done, handle
        done += 1
        passed = time.monotonic() - begin
        if passed < PATIENCE_S:
            return
        left = passed / done * (total - done)
        html = (f'<progress value="{done}" max="{total}" aria-label="progress" style="width:20em"></progress> '
                f"{done} of {total} units of work, about {left:.0f} s left")  # fmt: skip
        if handle is None:
            handle = display({"text/html": html, "text/plain": ""}, raw=True, display_id=True)
        else:
            handle.update({"text/html": html, "text/plain": ""}, raw=True)

    try:
        yield tell
    finally:
        if handle is not None:  # leave no trace in the notebook
            handle.update({"text/html": "", "text/plain": ""}, raw=True)


def _notebook_display() -> Callable[..., Any] | None:
    """Display function of the notebook that runs this code; None elsewhere."""
    if "ipykernel" not in sys.modules:
        return None
    from IPython import display, get_ipython

    shell = get_ipython()
    return display.display if shell is not None and hasattr(shell, "kernel") else None
