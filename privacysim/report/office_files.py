"""Writers of a report as DOCX (headings, repeated table heads, alt texts) and as XLSX (numeric cells)."""

import io
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from privacysim.report.report_model import TAG, Bullets, Inside, Paragraph, Picture, Report, Subheading, Table, plain
from privacysim.wording import Words

_LATIN, _CHINESE = "Arial", "Microsoft YaHei"
_WIDTH_MM = 174.0
"""Width of an A4 page without its margins."""
_SIZES = {"Normal": 9.5, "Title": 16, "Heading 1": 12, "Heading 2": 10, "List Bullet": 9.5, "Caption": 8, "Footer": 7.5}
_LONGEST = 32_000
"""Longest text that a workbook cell can hold."""


def write_docx(report: Report, path: Path) -> None:
    """Write the report as a Word document to `path`."""
    document = Document()
    _set_up(document, report)
    document.add_heading(plain(report.title), level=0)
    document.add_paragraph().add_run(plain(report.advice)).bold = True
    for section in (*report.sections, *report.annex):
        heading = document.add_heading(plain(section.heading), level=1)
        heading.paragraph_format.page_break_before = section in report.annex[:1]
        for block in section.blocks:
            _add(document, block)
    document.sections[0].footer.paragraphs[0].text = plain(report.footer)
    document.save(str(path))


def _set_up(document: Any, report: Report) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(18)
    page.top_margin = page.bottom_margin = Mm(15)
    for name, size in _SIZES.items():
        style = document.styles[name]
        style.font.size, style.font.name = Pt(size), _LATIN
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(kind), None)
        fonts.set(qn("w:eastAsia"), _CHINESE)
        style.paragraph_format.space_after = Pt(3)
    _mark(document.styles["Normal"].element.get_or_add_rPr(), "w:lang", val="en-GB", eastAsia="zh-CN")
    core = document.core_properties
    # Word allows 255 characters
    core.title, core.language, core.author = plain(report.title)[:255], TAG[report.lang], "privacysim"
    core.comments = report.footer[:255]
    core.created = core.modified = datetime.fromisoformat(report.made)


def _mark(parent: Any, name: str, **values: str) -> None:
    """Append an XML element that python-docx does not offer."""
    element = OxmlElement(name)
    for key, value in values.items():
        element.set(qn(f"w:{key}"), value)
    parent.append(element)


def _add(document: Any, block: Inside) -> None:
    if isinstance(block, Subheading):
        document.add_heading(plain(block.text), level=2)
    elif isinstance(block, Paragraph):
        run = document.add_paragraph().add_run(plain(block.text))
        if block.quiet:
            run.font.size, run.font.color.rgb = Pt(8), RGBColor(0x55, 0x55, 0x55)
    elif isinstance(block, Bullets):
        for item in block.items:
            document.add_paragraph(plain(item), style="List Bullet")
    elif isinstance(block, Table):
        _add_table(document, block)
    else:
        shape = document.add_picture(io.BytesIO(block.png()), width=Mm(125))
        document.paragraphs[-1].paragraph_format.keep_with_next = True
        shape._inline.docPr.set("descr", plain(block.alt))
        shape._inline.docPr.set("title", plain(block.caption))
        document.add_paragraph(plain(block.caption), style="Caption")


def _add_table(document: Any, table: Table) -> None:
    document.add_paragraph(plain(table.caption), style="Caption").paragraph_format.keep_with_next = True
    long = table.layout == "register"
    size = Pt(6.5 if long or len(table.head) > 6 else 7.5)
    texts = [[plain(cell) for cell in table.head], *([plain(cell) for cell in row] for row in table.rows)]
    made = document.add_table(rows=len(texts), cols=len(table.head), style="Table Grid")
    made.autofit = False
    widths = [Mm(_WIDTH_MM * share) for share in _shares(texts)]
    for n, (line, row) in enumerate(zip(made.rows, texts, strict=True)):
        properties = line._tr.get_or_add_trPr()
        _mark(properties, "w:cantSplit") if n else _mark(properties, "w:tblHeader", val="true")
        for column, (cell, text) in enumerate(zip(line.cells, row, strict=True)):
            cell.width, paragraph = widths[column], cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(0)
            paragraph.paragraph_format.keep_with_next = n == 0 or (not long and n < len(table.rows))
            run = paragraph.add_run(text)
            run.font.size, run.bold = size, n == 0 or (column == 0 and not long)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _shares(texts: list[list[str]]) -> list[float]:
    """Share of the page's width for each column, by the square root of its mean text length to limit wrapping."""
    weights = []
    for cells in zip(*texts, strict=True):
        mean = sum(len(text) for text in cells[1:]) / max(len(cells) - 1, 1)
        longest = max((len(word) for text in cells for word in text.split()), default=1)
        weights.append(max(mean**0.5, min(longest, 24) ** 0.9 / 3, 1.5))
    return [weight / sum(weights) for weight in weights]


def write_xlsx(report: Report, path: Path) -> None:
    """Write the report as a workbook to `path`: the text on the first sheet, then one sheet per data frame."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = Words(report.lang)("sheet_memo")
    for m, (texts, font) in enumerate(_text_lines(report), 1):
        for n, text in enumerate(texts, 1):
            _put(sheet.cell(m, n), text, **{"size": 10, **font})
            sheet.cell(m, n).alignment = Alignment(wrap_text=len(texts) > 1, vertical="top")
    for column in "ABCDEFGH":
        sheet.column_dimensions[column].width = 34 if column == "A" else 22
    for name, frame in report.sheets.items():
        _frame_sheet(book.create_sheet(name), frame)
    book.properties.title, book.properties.creator = plain(report.title), "privacysim"
    book.properties.created = book.properties.modified = datetime.fromisoformat(report.made).replace(tzinfo=None)
    book.save(path)


def _put(cell: Any, value: object, **font: Any) -> None:
    """Write a number as a number and anything else as text, never as a formula."""
    if font:
        cell.font = Font(**font)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        cell.value = None if math.isnan(value) else value
        return
    cell.value = plain(str(value))[:_LONGEST]
    cell.data_type = "s"  # openpyxl would read "=…" as a formula


def _frame_sheet(sheet: Any, frame: pd.DataFrame) -> None:
    rows = [list(frame.columns), *frame.to_numpy(dtype=object).tolist()]
    for m, row in enumerate(rows, 1):
        for n, value in enumerate(row, 1):
            _put(sheet.cell(m, n), value, **({"bold": True} if m == 1 else {}))
    for n, column in enumerate(zip(*rows[:201], strict=True), 1):
        sheet.column_dimensions[get_column_letter(n)].width = min(60, max(9, 1 + max(len(str(one)) for one in column)))
    sheet.freeze_panes = "B2"
    if len(frame):
        sheet.auto_filter.ref = sheet.dimensions


def _text_lines(report: Report) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """One row per heading, sentence or table row, with its font."""
    yield [report.title], {"size": 16, "bold": True}
    yield [report.advice], {}
    for section in report.sections:
        yield from (([], {}), ([section.heading], {"size": 13, "bold": True}))
        for block in section.blocks:
            if isinstance(block, Bullets):
                yield from (([f"• {plain(item)}"], {}) for item in block.items)
            elif isinstance(block, Table):
                yield from (([block.caption], {"size": 9}), (list(block.head), {"bold": True}))
                yield from (([plain(cell) for cell in row], {}) for row in block.rows)
            elif isinstance(block, Picture):
                yield [f"{block.caption} {block.alt}"], {"size": 9}
            else:
                yield [plain(block.text)], {"bold": isinstance(block, Subheading)}
    yield from (([], {}), ([report.footer], {"size": 9}))
