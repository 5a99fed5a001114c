"""The memo as a workbook: the text on one sheet, and the numbers as numbers: headline, summary.csv, register, run."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from privacysim.report.memo_docx import clean
from privacysim.report.memo_parts import Bullets, Heading, Memo, Paragraph, Picture, Table, plain
from privacysim.report.memo_source import Source
from privacysim.report.memo_words import Words

_LONGEST = 32_000
_HEADLINE = (
    "policy", "metric", "curve", "unit", "mean", "ci_low", "ci_high", "ratio", "ratio_low", "ratio_high", "delta",
    "delta_low", "delta_high", "p_holm", "chance_lower", "chance_low", "chance_high", "n", "note",
)


def memo_xlsx(memo: Memo, source: Source, path: Path) -> None:
    """Write the workbook to `path`."""
    words = Words(memo.lang)
    book = Workbook()
    _memo_sheet(book.active, memo, words)
    rows = source.rows
    primary = rows[rows["metric"] == source.change.primary]
    _frame(book.create_sheet(words("sheet_primary")), list(_HEADLINE), primary[list(_HEADLINE)].to_numpy().tolist())
    _frame(book.create_sheet(words("sheet_summary")), list(rows.columns), rows.to_numpy().tolist())
    head = [words(key) for key in ("number", "value", "low", "high", "status", "source")]
    entries = [[one.name, one.value, one.low, one.high, one.status, one.source] for one in source.register]
    _frame(book.create_sheet(words("sheet_register")), head, entries)
    manifest = source.results.manifest
    plain_rows = [[key, _shown(value)] for key, value in manifest.items() if key not in ("notes", "skewness", "files")]
    _frame(book.create_sheet(words("sheet_run")), ["", ""], plain_rows)
    book.properties.title, book.properties.creator = clean(memo.title), "privacysim"
    book.properties.created = book.properties.modified = datetime.fromisoformat(memo.made).replace(tzinfo=None)
    book.save(path)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _put(cell: Any, value: object) -> None:
    """A number as a number; any other thing as text, never as a formula."""
    if isinstance(value, float) and math.isnan(value):
        return
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        cell.value = value
        return
    text = clean(str(value))[:_LONGEST]
    cell.value = text
    cell.data_type = "s"  # openpyxl would read "=…" as a formula


def _frame(sheet: Any, head: list[str], rows: list[list[Any]]) -> None:
    for n, name in enumerate(head, 1):
        _put(sheet.cell(1, n), name)
        sheet.cell(1, n).font = Font(bold=True)
    for m, row in enumerate(rows, 2):
        for n, value in enumerate(row, 1):
            _put(sheet.cell(m, n), value)
    for n, name in enumerate(head, 1):
        longest = max([len(str(name)), *(len(str(row[n - 1])) for row in rows[:200])])
        sheet.column_dimensions[get_column_letter(n)].width = min(60, max(9, longest + 1))
    sheet.freeze_panes = "B2"
    if rows:
        sheet.auto_filter.ref = sheet.dimensions


def _memo_sheet(sheet: Any, memo: Memo, words: Words) -> None:
    sheet.title = words("sheet_memo")
    sheet.column_dimensions["A"].width = 34
    for n in range(2, 9):
        sheet.column_dimensions[get_column_letter(n)].width = 22
    lines: list[tuple[list[str], int]] = [([memo.title], 16), ([memo.subtitle], 10)]
    for block in memo.blocks:
        if isinstance(block, Heading):
            lines += [([], 10), ([block.text], 13)]
        elif isinstance(block, Paragraph):
            lines.append(([plain(block.text)], 10))
        elif isinstance(block, Bullets):
            lines += [([f"• {plain(item)}"], 10) for item in block.items]
        elif isinstance(block, Table):
            lines += [([block.caption], 9), (list(block.head), 11)]
            lines += [([plain(cell) for cell in row], 10) for row in block.rows]
        elif isinstance(block, Picture):
            lines.append(([f"{block.caption} {block.alt}"], 9))
    lines += [([], 10), ([memo.footer], 9)]
    for m, (texts, size) in enumerate(lines, 1):
        for n, text in enumerate(texts, 1):
            cell = sheet.cell(m, n)
            _put(cell, text)
            cell.font = Font(size=10 if size == 11 else size, bold=size in (11, 13, 16))
            cell.alignment = Alignment(wrap_text=len(texts) > 1, vertical="top")
