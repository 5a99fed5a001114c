"""Writers of a report as HTML (a Jinja2 template) and PDF (printed by a local Chromium); the file ending decides."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from privacysim.errors import InputError, ResultsError, did_you_mean, require, shown
from privacysim.files import whole_file
from privacysim.report.memo import memo
from privacysim.report.report_model import Report
from privacysim.report.report_source import read_source
from privacysim.report.report_words import LANGUAGES, TAG

FORMATS = (".html", ".pdf", ".docx", ".xlsx")
BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge",
)
_LONGEST_S = 120
_LATIN = "Arial, Helvetica, 'Liberation Sans', system-ui, sans-serif"
_CHINESE = "'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', system-ui, sans-serif"


def write_memo(folder: str | Path, out: str | Path, *, lang: str = "en", baseline: str | None = None) -> Path:
    """Write the memo of the results in `folder` to `out`; the file ending selects HTML, PDF, DOCX or XLSX.

    `lang` is "en" or "zh"; `baseline` replaces the study's own baseline. PDF needs Chromium on this machine. The
    file appears only when it is complete.

    >>> from privacysim.report import write_memo
    >>> write_memo("results/headline", "memo.odt")
    Traceback (most recent call last):
    privacysim.errors.InputError: -o: expected a file that ends in .html, .pdf, .docx or .xlsx.
      Got: memo.odt
      Fix: choose one of .docx, .html, .pdf, .xlsx.
    """
    path, ending = Path(out), Path(out).suffix.lower()
    if ending not in FORMATS:
        raise InputError("-o", "a file that ends in .html, .pdf, .docx or .xlsx", path.name,
                         did_you_mean(ending, FORMATS))  # fmt: skip
    if lang not in LANGUAGES:
        raise InputError("--lang", "a language of the memo", lang, did_you_mean(lang, LANGUAGES))
    made = memo(read_source(Path(folder), baseline), lang)
    if ending in (".html", ".pdf"):
        write = write_html if ending == ".html" else write_pdf
    else:
        require("report", "docx", "openpyxl", where=path.name)
        from privacysim.report.office_files import write_docx, write_xlsx

        write = write_docx if ending == ".docx" else write_xlsx
    with whole_file(path) as part:
        write(made, part)
    return path


@lru_cache(maxsize=1)
def _template() -> Template:
    loader = PackageLoader("privacysim.report")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("report.html")


def html_page(report: Report) -> str:
    """Return the report as one HTML page for A4, without scripts or remote references, with alt texts.

    Every text is escaped. Each number is a `<data>` element that names its cell of summary.csv.
    """
    fonts = _CHINESE if report.lang == "zh" else _LATIN
    return _template().render(report=report, tag=TAG[report.lang], fonts=fonts) + "\n"


def write_html(report: Report, path: Path) -> None:
    """Write the report as an HTML page to `path`."""
    path.write_text(html_page(report), encoding="utf-8")


def browser() -> str:
    """Path of a Chromium on this machine; if there is none, the error names the alternative."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise InputError("report -o memo.pdf", "a Chromium or Chrome on this machine", "none of " + ", ".join(BROWSERS),
                         "install chromium, or write memo.html and print it from any browser")  # fmt: skip
    return found


def write_pdf(report: Report, path: Path) -> None:
    """Print the report to `path` as tagged PDF, without network access, scripts or a user profile."""
    with tempfile.TemporaryDirectory(prefix="privacysim-memo-") as folder:
        page, made = Path(folder) / "memo.html", Path(folder) / "memo.pdf"
        write_html(report, page)
        command = [
            browser(), "--headless", "--disable-gpu", "--disable-extensions", "--disable-dev-shm-usage",
            "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer", "--generate-pdf-document-outline", f"--print-to-pdf={made}", page.as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # Chromium's sandbox does not start as root
            command.insert(1, "--no-sandbox")
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
            said = run.stderr.strip().splitlines()[-1:] or ["no message"]
        except subprocess.TimeoutExpired:
            said = [f"no answer within {_LONGEST_S} s"]
        if not made.is_file():
            raise ResultsError(f"{path}: the browser printed nothing ({shown(said[0])}).\n"
                               "  Fix: write memo.html and print it from any browser.")  # fmt: skip
        shutil.copyfile(made, path)
