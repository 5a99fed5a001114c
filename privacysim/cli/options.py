"""Options shared by several commands, and the output of tables, progress bars and files."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from privacysim.errors import InputError
from privacysim.files import write_whole
from privacysim.wording import Words

ScenarioName = Annotated[str, typer.Argument(help="Name or .toml file of a scenario.")]
StudyName = Annotated[str, typer.Argument(help="Name or .toml file of a study.")]
ResultsFolder = Annotated[Path, typer.Argument(help="Folder with the results of a study.")]
Baseline = Annotated[str | None, typer.Option(help="Policy to compare the others with. Default: the study's.")]
Days = Annotated[int | None, typer.Option(help="Days that the study lasts.")]
Workers = Annotated[int | None, typer.Option(help="Number of processes. Default: one per core.")]
TablesFolder = Annotated[Path | None,
                         typer.Option("--out", help="Folder for the tables. An interrupted run resumes there.")]
Lang = Annotated[str, typer.Option("--lang", help="Language: en or zh.")]
LawDate = Annotated[
    str | None, typer.Option(help="Date on which the general law applies, such as 2025-06-01. Default: the policy's.")
]


def group(about: str = "") -> typer.Typer:
    """App of several commands, which prints its help if called without one; without `about`, of one command."""
    # help texts are no markup, because Rich would remove `[city]`
    return typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=bool(about), help=about or None)


def spoken(lang: str) -> Words:
    """Words of the language given with `--lang`; raises an error if the output cannot show its characters."""
    try:
        "中文".encode((sys.stdout.encoding or "utf-8") if lang == "zh" else "utf-8")
    except UnicodeEncodeError:
        raise InputError("--lang zh", "an output that can show Chinese", f"one in {sys.stdout.encoding}",
                         "set PYTHONIOENCODING=utf-8, or choose a terminal in UTF-8") from None
    return Words(lang)


def day(text: str) -> date:
    """Parse the date given with `--law-date`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("--law-date", "a date such as 2025-06-01", text, "write year-month-day") from None


def usable(files: Mapping[str, Path], load: Callable[[str], Any]) -> Iterator[tuple[str, Path, Any]]:
    """Yield (name, path, loaded) of files; a file that cannot be loaded is named on the error stream and omitted."""
    for name, path in files.items():
        try:
            yield name, path, load(name)
        except InputError as error:
            print(f"{name}: cannot be used: {error}", file=sys.stderr)


def words(text: str | None) -> list[str]:
    """Parts of a comma-separated list."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def console(width: int = 160) -> Console:
    """Console for command output; a pipe has no width, so it gets wide lines that suit grep and diff."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=width, color_system=None)


def grid(headings: Iterable[str], rows: Iterable[Iterable[str]], *, title: str = "", left: Sequence[str] = (),
         whole: Sequence[str] = ()) -> Table:
    """Table without rules; columns are right-aligned unless named in `left`, and wrap unless named in `whole`."""
    table = Table(box=None, pad_edge=False, title=title or None, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in left else "right", no_wrap=heading in whole)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


@contextmanager
def bar(what: str) -> Iterator[Callable[..., None]]:
    """Progress bar on a terminal's error stream; yields tell(done, of, what)."""
    from rich import progress

    columns = (progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn(),
               progress.TimeElapsedColumn(), progress.TimeRemainingColumn())
    with progress.Progress(*columns, console=Console(stderr=True), transient=True,
                           disable=not sys.stderr.isatty()) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, of, now=what: shown.update(task, completed=done, total=of or None, description=now)


def csv(table: Any, folder: Path | None, name: str) -> None:
    """Write a table into the folder, if one was given."""
    if folder is not None:
        write_whole(folder / name, table.to_csv(index=False, float_format="%.10g"))


def rounded(table: Any) -> str:
    """Table of numbers with three significant digits, for a terminal."""
    return str(table.to_string(index=False, float_format=lambda x: f"{x:.3g}"))
