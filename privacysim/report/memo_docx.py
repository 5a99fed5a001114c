"""The memo as DOCX: real headings, repeated table heads, alt texts, the document's language."""

from __future__ import annotations

import io
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from privacysim.report.memo_parts import Block, Bullets, Heading, Memo, Paragraph, Picture, Table, Text, plain
from privacysim.report.memo_words import TAG

_LATIN, _CHINESE = "Arial", "Microsoft YaHei"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WIDTH_MM = 174.0
"""An A4 page without its margins."""
_QUIET = RGBColor(0x55, 0x55, 0x55)


def clean(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return _FORBIDDEN.sub("�", text)


def memo_docx(memo: Memo, path: Path) -> None:
    """Write the memo to `path`."""
    document = Document()
    _set_up(document, memo)
    document.add_heading(clean(memo.title), level=0)
    document.add_paragraph().add_run(clean(memo.subtitle)).bold = True
    for block in memo.blocks:
        _block(document, block)
    for n, block in enumerate(memo.annex):
        _block(document, block)
        if n == 0:  # its heading starts a page
            document.paragraphs[-1].paragraph_format.page_break_before = True
    document.sections[0].footer.paragraphs[0].text = clean(memo.footer)
    document.save(str(path))


def _set_up(document: Any, memo: Memo) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(18)
    page.top_margin = page.bottom_margin = Mm(15)
    for name, size in (("Normal", 9.5), ("Title", 16), ("Heading 1", 12), ("Heading 2", 10), ("List Bullet", 9.5),
                       ("Caption", 8), ("Footer", 7.5)):  # fmt: skip
        style = document.styles[name]
        style.font.size, style.font.name = Pt(size), _LATIN
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(kind), None)
        fonts.set(qn("w:eastAsia"), _CHINESE)
        style.paragraph_format.space_after = Pt(3)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-GB")
    language.set(qn("w:eastAsia"), "zh-CN")
    document.styles["Normal"].element.get_or_add_rPr().append(language)
    core = document.core_properties
    core.title, core.language, core.author, core.comments = clean(memo.title), TAG[memo.lang], "privacysim", memo.footer
    core.created = core.modified = datetime.fromisoformat(memo.made)


def _block(document: Any, block: Block) -> None:
    if isinstance(block, Heading):
        document.add_heading(clean(block.text), level=block.level - 1)
    elif isinstance(block, Paragraph):
        run = document.add_paragraph().add_run(clean(plain(block.text)))
        if block.quiet:
            run.font.size, run.font.color.rgb = Pt(8), _QUIET
    elif isinstance(block, Bullets):
        for item in block.items:
            document.add_paragraph(clean(plain(item)), style="List Bullet")
    elif isinstance(block, Table):
        _table(document, block)
    elif isinstance(block, Picture):
        _picture(document, block)


def _table(document: Any, table: Table) -> None:
    document.add_paragraph(clean(table.caption), style="Caption").paragraph_format.keep_with_next = True
    size = Pt(6.5 if table.small or len(table.head) > 6 else 7.5)
    made = document.add_table(rows=1, cols=len(table.head), style="Table Grid")
    for cell, name in zip(made.rows[0].cells, table.head, strict=True):
        _fill(cell, (name,), size, bold=True)
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    made.rows[0]._tr.get_or_add_trPr().append(repeat)
    made.autofit = False
    for column, share in zip(made.columns, _shares(table), strict=True):
        column.width = Mm(_WIDTH_MM * share)
    for row in table.rows:
        line = made.add_row()
        whole = OxmlElement("w:cantSplit")
        line._tr.get_or_add_trPr().append(whole)
        for n, (cell, text) in enumerate(zip(line.cells, row, strict=True)):
            cell.paragraphs[0].paragraph_format.keep_with_next = not table.small and row is not table.rows[-1]
            cell.width = made.columns[n].width
            _fill(cell, text, size, bold=n == 0 and not table.small)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _shares(table: Table) -> list[float]:
    """Share of the page's width for each column: by the root of its mean length, so that long texts wrap less often."""
    rows = [[plain(text) for text in row] for row in table.rows] or [[""] * len(table.head)]
    means = [sum(len(row[n]) for row in rows) / len(rows) for n in range(len(table.head))]
    longest = [max((len(word) for text in (name, *(row[n] for row in rows)) for word in text.split()), default=1)
               for n, name in enumerate(table.head)]  # fmt: skip
    weights = [max(mean**0.5, min(word, 24) ** 0.9 / 3, 1.5) for mean, word in zip(means, longest, strict=True)]
    return [weight / sum(weights) for weight in weights]


def _fill(cell: Any, text: Text, size: Pt, *, bold: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(0)
    run = paragraph.add_run(clean(plain(text)))
    run.font.size, run.bold = size, bold


def _picture(document: Any, picture: Picture) -> None:
    shape = document.add_picture(io.BytesIO(picture.png()), width=Mm(125))
    document.paragraphs[-1].paragraph_format.keep_with_next = True
    described = shape._inline.docPr
    described.set("descr", clean(picture.alt))
    described.set("title", clean(picture.caption))
    document.add_paragraph(clean(picture.caption), style="Caption")
