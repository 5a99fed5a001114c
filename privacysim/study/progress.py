"""Progress bar for work that takes longer than two seconds, on a terminal or in a notebook."""

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
    display = _notebook_display() if wished is not False else None
    if display is not None:
        with _in_notebook(total, display) as tell:
            yield tell
    elif sys.stderr.isatty() if wished is None else wished:
        from rich import console, progress

        columns = (progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn(),
                   progress.TimeElapsedColumn(), progress.TimeRemainingColumn())
        with progress.Progress(*columns, console=console.Console(stderr=True), transient=True) as bar:
            task = bar.add_task("units of work", total=total)
            yield lambda part: bar.advance(task)
    else:
        yield lambda part: None


@contextmanager
def _in_notebook(total: int, display: Callable[..., Any]) -> Iterator[Callable[[Any], None]]:
    begin, done = time.monotonic(), 0
    handle: Any = None

    def show(html: str) -> None:
        nonlocal handle
        content = {"text/html": html, "text/plain": ""}
        if handle is None:
            handle = display(content, raw=True, display_id=True)
        else:
            handle.update(content, raw=True)

    def tell(part: Any) -> None:
        nonlocal done
        done += 1
        passed = time.monotonic() - begin
        if passed >= PATIENCE_S:
            left = passed / done * (total - done)
            show(f'<progress value="{done}" max="{total}" aria-label="progress" style="width:20em"></progress> '
                 f"{done} of {total} units of work, about {left:.0f} s left")

    try:
        yield tell
    finally:
        if handle is not None:  # leave no trace in the notebook
            show("")


def _notebook_display() -> Callable[..., Any] | None:
    """Display function of the notebook that runs this code; None elsewhere."""
    if "ipykernel" not in sys.modules:
        return None
    from IPython import display, get_ipython

    shell = get_ipython()
    return display.display if shell is not None and hasattr(shell, "kernel") else None
