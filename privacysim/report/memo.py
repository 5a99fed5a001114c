"""Two-page memo for a committee, with three figures and an annex that lists every assumption."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from privacysim.errors import InputError, did_you_mean, require
from privacysim.files import whole_file
from privacysim.report import annex, report_model, report_source
from privacysim.report.answer import EVIDENCE, Answer
from privacysim.report.report_model import Bullets, Content, Paragraph, Report, Section
from privacysim.report.report_source import Source
from privacysim.wording import Words

FORMATS = (".html", ".pdf", ".docx", ".xlsx")


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
    Words(lang)  # an unknown language is refused before the results are read
    return write_report(lambda: memo(report_source.read_source(Path(folder), baseline), lang), Path(out))


def write_report(report: Callable[[], Report], path: Path) -> Path:
    """Write a report, made once its file ending is known to be good; the file appears only when it is complete."""
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise InputError("-o", "a file that ends in .html, .pdf, .docx or .xlsx", path.name,
                         did_you_mean(ending, FORMATS))  # fmt: skip
    made = report()
    if ending in (".docx", ".xlsx"):
        require("report", "docx", "openpyxl", where=path.name)
        from privacysim.report.office_files import write_docx, write_xlsx
    with whole_file(path) as part:
        if ending == ".html":
            part.write_text(report_model.html_page(made), encoding="utf-8")
        elif ending == ".pdf":
            report_model.write_pdf(made, part)
        else:
            (write_docx if ending == ".docx" else write_xlsx)(made, part)
    return path


def memo(source: Source, lang: str = "en") -> Report:
    """Build the memo of results, in English ("en") or Chinese ("zh")."""
    said, words = Answer(source, Words(lang)), Words(lang)
    study = said.study
    question = words("question_text", place=words.text(said.scenario["title"]), days=study["days"],
                     baseline=said.names[said.baseline], primary=said.title[said.primary])  # fmt: skip
    pictures = (said.ratio_picture(), *([said.tradeoff_picture()] if EVIDENCE in said.shown else []))
    parts: dict[str, Content] = {
        "question": (Paragraph((question,)),),
        "answer": (Bullets((*said.answer(said.primary, said.arms), *said.unknown(),
                            *said.answer(EVIDENCE, said.asked))),),
        "rules": (annex.rules(said),),
        "results": (said.results(), said.measures(), pictures),
        "exposed": (tuple(said.exposed()),), "sure": (Bullets(tuple((item,) for item in said.sure())), *said.worlds()),
        "not_shown": (Bullets(tuple((item,) for item in said.not_shown())),
                      Paragraph((words("footer_files"),), quiet=True)),
    }  # fmt: skip
    behind: dict[str, Content] = {"departs": tuple(annex.departures(said)), "register": tuple(annex.register(said))}
    sections, annexes = (tuple(Section(name, words(name), content) for name, content in one.items())
                         for one in (parts, behind))  # fmt: skip
    return Report(lang, words.text(study["title"] or str(study["id"])), words("not_advice"), sections, footer(said),
                  str(said.manifest["begun"]), annexes, sheets(said))  # fmt: skip


def footer(said: Answer) -> str:
    """Where the numbers come from: study, run, seed, size, law and version."""
    words, study = said.words, said.study
    return words("footer", study=study["id"], run=said.manifest["run_id"], seed=study["seed"], n=said.runs(),
                 sample=words("everybody") if study["sample"] == "all" else f"{study['sample']:,}",
                 law_date=study["law_date"], version=said.manifest["privacysim"])  # fmt: skip


def sheets(said: Answer) -> dict[str, pd.DataFrame]:
    """Data frames of the workbook: headline, summary.csv, register, and the run's manifest."""
    words, rows = said.words, said.source.rows
    names = ("number", "value", "low", "high", "status", "source")
    register = pd.DataFrame([entry[:6] for entry in said.source.register], columns=list(map(words, names)))
    run = [[key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]
           for key, value in said.manifest.items() if key not in ("notes", "skewness", "files")]  # fmt: skip
    return {words("sheet_primary"): rows[rows["metric"] == said.primary], words("sheet_summary"): rows,
            words("sheet_register"): register, words("sheet_run"): pd.DataFrame(run, columns=["", " "])}
