"""`privacysim report`: the memo of a results folder in the format that the file's ending names."""

from __future__ import annotations

from pathlib import Path

from privacysim.errors import InputError, did_you_mean, require
from privacysim.files import whole_file
from privacysim.report.memo import memo
from privacysim.report.memo_source import read_source
from privacysim.report.memo_words import LANGUAGES

FORMATS = (".html", ".pdf", ".docx", ".xlsx")


def write_memo(folder: str | Path, out: str | Path, *, lang: str = "en", baseline: str | None = None) -> Path:
    """Write the memo of the results in `folder` to `out`; its ending chooses HTML, PDF, DOCX or XLSX.

    `lang` is "en" or "zh"; `baseline` another arm than the study's own. PDF needs a Chromium on this machine. The
    file appears only when whole.

    >>> from privacysim.report import write_memo
    >>> write_memo("results/headline", "memo.odt")
    Traceback (most recent call last):
    privacysim.errors.InputError: -o: expected a file that ends in .html, .pdf, .docx or .xlsx.
      Got: memo.odt
      Fix: choose one of .docx, .html, .pdf, .xlsx.
    """
    path = Path(out)
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise InputError("-o", "a file that ends in .html, .pdf, .docx or .xlsx", path.name,
                         did_you_mean(ending, FORMATS))  # fmt: skip
    if lang not in LANGUAGES:
        raise InputError("--lang", "a language of the memo", lang, did_you_mean(lang, LANGUAGES))
    source = read_source(Path(folder), baseline)
    made = memo(source, lang)
    with whole_file(path) as part:
        if ending == ".html":
            from privacysim.report.memo_html import memo_html

            part.write_text(memo_html(made), encoding="utf-8")
        elif ending == ".pdf":
            from privacysim.report.memo_html import memo_html
            from privacysim.report.memo_pdf import memo_pdf

            memo_pdf(memo_html(made), part)
        elif ending == ".docx":
            require("report", "docx", where=path.name)
            from privacysim.report.memo_docx import memo_docx

            memo_docx(made, part)
        else:
            require("report", "openpyxl", "docx", where=path.name)
            from privacysim.report.memo_xlsx import memo_xlsx

            memo_xlsx(made, source, part)
    return path
