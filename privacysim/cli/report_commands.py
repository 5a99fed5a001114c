"""The command `privacysim report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

report_app = typer.Typer(add_completion=False)


@report_app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="A results folder.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="memo.html, memo.pdf, memo.docx or memo.xlsx.")],
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    baseline: Annotated[str | None, typer.Option(help="The policy to compare with; default: the study's.")] = None,
) -> None:
    """Write a memo that a committee can read: two pages, and an annex with every assumption."""
    from privacysim.report import write_memo

    print(f"Memo: {write_memo(folder, out, lang=lang, baseline=baseline)}")
