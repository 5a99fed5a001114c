"""The memo: every number is a cell of summary.csv, in every format and language; nothing remote; text stays text."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from docx import Document
from openpyxl import load_workbook
from pypdf import PdfReader

from privacysim.cli.main import main
from privacysim.errors import InputError, ResultsError
from privacysim.figures import han_font, require_han_font
from privacysim.policy import load_policy
from privacysim.report import write_memo
from privacysim.report.answer import Answer
from privacysim.report.memo import memo, write_report
from privacysim.report.report_model import Number, Report, Subheading, Table, plain
from privacysim.report.report_source import Source, read_source
from privacysim.report.sentences import change_text
from privacysim.stats import percent, short
from privacysim.wording import Words
from tests.helpers import report_parts as parts
from tools.fuzz import reseal

ATTACK = '<script>alert(1)</script> & "Open" <img src=x onerror=alert(2)>'
HOSTILE = {"open_access": ATTACK, "no_cameras": "=1+1", "notice_only": "@SUM(A1)",
           "guangzhou_draft": "+1", "order_799": "-1"}  # fmt: skip


class Page(HTMLParser):
    """What a browser would see: elements with attributes, and text by enclosing section."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.data, self.text, self.headings, self._open = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        if tag not in ("meta", "img", "br"):
            self._open.append((tag, found))
        if tag == "data":
            self.data.append([found, ""])

    def handle_endtag(self, tag):
        assert self._open[-1][0] == tag, f"<{self._open[-1][0]}> is closed by </{tag}>"
        self._open.pop()

    def handle_data(self, text):
        text = text.replace("\xa0", " ")
        opened = [tag for tag, _ in self._open]
        if "data" in opened:
            self.data[-1][1] += text
        elif "style" not in opened:
            section = next((found["id"] for tag, found in self._open if tag == "section" and "id" in found), "")
            self.text.append((section, text))
        if opened and re.fullmatch("h[1-6]", opened[-1]):
            self.headings.append((int(opened[-1][1]), text))


@pytest.fixture(scope="module")
def folder(toy_headline) -> Path:
    return toy_headline


@pytest.fixture(scope="module")
def cells(folder) -> dict[tuple[str, str, str], dict[str, str]]:
    """summary.csv, read by nobody's code but csv's."""
    with (folder / "summary.csv").open(newline="", encoding="utf-8") as stream:
        return {(row["policy"], row["metric"], row["curve"]): row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def written(folder, tmp_path_factory) -> Callable[[str, str], Path]:
    """The memo in a format and a language, written by the command, once for all tests that only read it."""
    where = tmp_path_factory.mktemp("memos")

    @cache
    def write(ending: str, lang: str) -> Path:
        path = where / f"{lang}.{ending}"
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert main(["report", str(folder), "-o", str(path), "--lang", lang]) == 0
        assert said.getvalue().count("Memo: ") == 1
        return path

    return lambda ending, lang="en": write(ending, lang)


@pytest.fixture(scope="module")
def source(folder) -> Source:
    return read_source(folder)


@pytest.fixture(scope="module")
def made(source) -> Callable[[str], Report]:
    return cache(lambda lang: memo(source, lang))


@pytest.fixture(scope="module", params=["en", "zh"])
def page(request, written) -> tuple[str, Page]:
    return request.param, Page(written("html", request.param).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hostile(folder, tmp_path_factory) -> Path:
    """The same results, where titles of policies hold HTML, formulas and control characters."""
    copy = shutil.copytree(folder, tmp_path_factory.mktemp("hostile") / "results")
    for name, title in HOSTILE.items():
        path = copy / "inputs" / "sim" / "policies" / f"{name}.toml"
        line = f"title = {{en = {json.dumps(title)}}}"
        text = re.sub(r"(?m)^title.*$", lambda _, line=line: line, path.read_text(encoding="utf-8"), count=1)
        path.write_text(text, encoding="utf-8")
    reseal(copy)
    return copy


@pytest.fixture(scope="module")
def hostile_memo(hostile, tmp_path_factory) -> Callable[[str], Path]:
    where, report = tmp_path_factory.mktemp("hostile_memo"), memo(read_source(hostile), "en")
    report = replace(report, title="a long title " * 25)  # Word would refuse it
    return cache(lambda ending: write_report(lambda: report, where / f"memo.{ending}"))


def expected(kind: str, value: float) -> set[str]:
    """How a cell may be printed: as it is, as a share in per cent, or a ratio as a change in per cent."""
    if kind == "share":
        return {f"{short(100 * value)} %"}
    if kind == "change":
        size = percent(abs(value - 1))
        return {size, f"{'+' if value > 1 else '−'}{size}"}
    if kind == "brief":  # a change, or the size of one at the end of an interval
        said = change_text(value)
        return {said, said.lstrip("×−+ "), said.lstrip("×−+ ").removesuffix(" %"), f"{value / 1e6:.2g} M",
                f"{100 * abs(value - 1):.0f}"}
    return {short(value)}


def test_every_number_of_the_memo_is_its_cell_of_summary_csv(page, cells):
    _, found = page
    assert len(found.data) > 60
    for attributes, text in found.data:
        policy, metric, curve, column = attributes["data-from"].split("|")
        cell = float(cells[policy, metric, curve][column])
        assert text in expected(attributes["data-kind"], cell), attributes
        assert float(attributes["value"]) == pytest.approx(cell, rel=1e-9)


def test_results_hold_no_number_that_is_not_a_cell(page, folder):
    """What is left when the traced numbers are taken out: names, and counts that the manifest holds."""
    lang, found = page
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    known = [arm["title"] for arm in manifest["arms"]] + [
        load_policy(arm["id"].split(":")[0]).title.zh for arm in manifest["arms"]]
    known += ["per 1 000", "1 000", "Order 799", "95", "0.05", "days", "day 0", "第0天"]
    known += [str(len(manifest["replicates"])), str(manifest["study"]["days"]), str(manifest["study"]["worlds"]),
              "summary.csv", "1 means", "1表示"]
    said = Answer(read_source(folder), Words(lang))
    (over,) = map(plain, said.unknown())
    worlds = said.change.unknowns()
    assert change_text(worlds[worlds["policy"].str.startswith("guangzhou_draft")]["low"].min()) in over
    for section in ("answer", "results", "exposed"):
        text = " ".join(piece for where, piece in found.text if where == section and piece.strip() != over)
        text = text.replace("is 0 in every replicate", "").replace("均为0", "").replace("0 in every", "")
        for name in sorted(filter(None, known), key=len, reverse=True):
            text = text.replace(name, "")
        assert not re.search(r"\d", text), (lang, section, re.findall(r".{20}\d.{20}", text))


def test_numbers_said_in_alt_texts_stand_in_summary_csv(made, cells):
    printed = {short(float(row[column])) for row in cells.values()
               for column in ("mean", "ratio", "ratio_low", "ratio_high") if row[column]}  # fmt: skip
    pictures = parts.pictures(made("en"))
    assert len(pictures) == 3
    for picture in pictures:
        said = re.findall(r"(?<=[:,–] )[\d.,]*\d|(?<=–)[\d.,]*\d", picture.alt)
        assert said
        assert set(said) <= printed, set(said) - printed


def test_the_page_fetches_nothing_and_runs_nothing(page):
    _, found = page
    for tag, attributes in found.tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "form"}
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "srcset", "action", "poster"):
            assert attributes.get(name, "data:").startswith("data:image/svg+xml;base64,") or name not in attributes


def test_no_style_of_the_page_names_an_address(written):
    text = written("html").read_text(encoding="utf-8")
    style = text[text.index("<style>"):text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"https?://", text.replace("http://www.w3.org", ""))


def test_headings_go_down_one_level_at_a_time_and_pictures_have_texts(page):
    lang, found = page
    levels = [level for level, _ in found.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    images = [attributes for tag, attributes in found.tags if tag == "img"]
    assert len(images) == 3
    assert all(len(attributes["alt"]) > 40 for attributes in images)
    html = next(attributes for tag, attributes in found.tags if tag == "html")
    assert html["lang"] == {"en": "en", "zh": "zh-CN"}[lang]
    heads = [attributes for tag, attributes in found.tags if tag == "th"]
    assert all(attributes["scope"] in ("col", "row") for attributes in heads)


def test_the_chinese_memo_says_in_chinese_what_the_english_one_says(made):
    english, chinese = made("en"), made("zh")
    numbers = [[one for block in parts.blocks(report) for one in traced(block)] for report in (english, chinese)]
    assert [number.key for number in numbers[0]] == [number.key for number in numbers[1]]
    for heading in headings(chinese):
        assert re.search("[\u4e00-\u9fff]", heading), heading
    assert "不构成法律意见" in chinese.advice
    assert "not legal advice" in english.advice


def test_no_english_sentence_is_left_in_the_chinese_memo(made):
    """Sources of numbers are citations; results of a machine without a Chinese font say that figures are in English."""
    report = made("zh")
    said = [report.title, report.advice, report.footer, *headings(report)]
    for block in parts.blocks(report):
        for name in ("caption", "alt", "text", "head"):
            found = getattr(block, name, ())
            said += [found] if isinstance(found, str) else map(plain, found) if name == "head" else [plain(found)]
        said += [plain(item) for item in getattr(block, "items", ())]
        cited = getattr(block, "name", "") == "register"
        said += [plain(cell) for row in getattr(block, "rows", ()) for cell in (row[:-1] if cited else row)]
    commands = re.compile(r"privacysim run \w+ --case \w+")
    assert not [text for text in said if re.search(r"[a-z]{2,},? [a-z]{2,}", commands.sub("", text))]


def test_every_departure_summary_and_title_of_a_shipped_policy_is_there_in_chinese():
    words = Words("zh")
    for path in sorted(Path("sim/policies").glob("*.toml")):
        policy = load_policy(path.stem)
        for line in (policy.summary, *policy.departures):
            assert not words.foreign(line), f"{path.stem}: no translation of {line!r}"
            assert re.search("[\u4e00-\u9fff]", words.text(line))


def headings(made) -> list[str]:
    return [text for section in (*made.sections, *made.annex)
            for text in (section.heading, *(one.text for one in section.blocks if isinstance(one, Subheading)))]


def traced(block) -> list[Number]:
    rows = block.rows if isinstance(block, Table) else [getattr(block, "items", ())]
    return [one for row in rows for text in row for one in text if isinstance(one, Number)]


def test_a_title_with_html_in_it_stays_text_in_every_format(hostile_memo):
    found = Page(hostile_memo("html").read_text(encoding="utf-8"))
    assert "script" not in {tag for tag, _ in found.tags}
    assert all(attributes["src"].startswith("data:") for tag, attributes in found.tags if tag == "img")
    assert any(ATTACK in piece for _, piece in found.text)
    tables = Document(str(hostile_memo("docx"))).tables
    assert any(ATTACK in row.cells[0].text for table in tables[:3] for row in table.rows)


def test_a_title_that_looks_like_a_formula_stays_text_in_the_workbook(hostile_memo):
    book, starts = load_workbook(hostile_memo("xlsx")), {"=1+1", "@SUM(A1)", "+1", "-1"}
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value in starts]
    assert {cell.value for cell in found} == starts
    assert all(cell.data_type == "s" for cell in found)


def test_control_characters_in_a_title_are_refused_and_no_format_meets_them(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "results")
    path = copy / "inputs" / "sim" / "policies" / "open_access.toml"
    text = re.sub(r"(?m)^title.*$", lambda _: 'title = {en = "bell \\u0007 null \\u0000 end"}', path.read_text("utf-8"))
    path.write_text(text, encoding="utf-8")
    reseal(copy)
    with pytest.raises(InputError, match="without control characters"):
        write_memo(copy, tmp_path / "memo.html")
    assert plain("bell \a null \0 end") == "bell � null � end"


def test_the_workbook_holds_summary_csv_as_numbers(written, cells):
    book = load_workbook(written("xlsx"))
    assert book.sheetnames == ["Memo", "Headline", "Summary", "Register", "Run"]
    rows = list(book["Summary"].iter_rows(values_only=True))
    assert len(rows) == len(cells) + 1
    for row in rows[1:]:
        named = dict(zip(rows[0], row, strict=True))
        cell = cells[named["policy"], named["metric"], named["curve"] or ""]
        for column in ("mean", "ratio", "delta", "ci_low"):
            if cell[column] == "":
                assert named[column] is None
            else:
                assert named[column] == pytest.approx(float(cell[column]), rel=1e-9)
    register = list(book["Register"].iter_rows(values_only=True))
    assert len(register) > 200
    assert all(isinstance(value, (int, float)) for row in register[1:] for value in row[1:4])


def test_the_word_file_has_headings_texts_of_pictures_and_the_same_numbers(written, made):
    document, report = Document(str(written("docx"))), made("en")
    heads = [one.text for one in document.paragraphs if one.style.name.startswith("Heading")]
    assert heads == headings(report)
    described = [shape._inline.docPr.get("descr") for shape in document.inline_shapes]
    assert described == [picture.alt for picture in parts.pictures(report)]
    tables = list(parts.tables(report).values())
    assert len(document.tables) == len(tables)
    for written, table in zip(document.tables, tables, strict=True):
        if table.layout != "register":
            assert [[cell.text for cell in row.cells] for row in written.rows[1:]] == [
                [plain(cell) for cell in row] for row in table.rows
            ]
    assert document.core_properties.language == "en"


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_reads_the_word_file(written, tmp_path):
    path = written("docx", "zh")
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf",
               "--outdir", str(tmp_path), str(path)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    text = "".join(page.extract_text() for page in PdfReader(tmp_path / "zh.pdf").pages)
    assert "不构成法律意见" in text


@pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium is not installed")
@pytest.mark.parametrize("lang", ["en", pytest.param("zh", marks=pytest.mark.skipif(
    han_font() is None, reason="no font with Chinese characters is installed"))])
def test_the_pdf_is_tagged_fits_its_pages_and_holds_the_numbers(written, made, lang):
    reader = PdfReader(written("pdf", lang))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).lower().startswith(lang)
    assert len(reader.outline) >= 1
    report = made(lang)
    squeezed = "".join(_text_that_stays_on_its_pages(reader).split())
    for heading in headings(report) if lang == "en" else ():
        assert "".join(heading.split()) in squeezed
    for block in parts.blocks(report):
        for number in traced(block):
            assert "".join(number.text.split()) in squeezed


def _text_that_stays_on_its_pages(reader: PdfReader) -> str:
    """The text, which starts inside the paper on every page."""
    said = ""
    for page in reader.pages:
        width, height = float(page.mediabox.width), float(page.mediabox.height)
        assert (round(width), round(height)) == (595, 842)  # A4
        places = []

        def seen(text, matrix, text_matrix, font, size, found=places):
            if text.strip():
                x = text_matrix[4] * matrix[0] + text_matrix[5] * matrix[2] + matrix[4]
                y = text_matrix[4] * matrix[1] + text_matrix[5] * matrix[3] + matrix[5]
                found.append((x, y))

        said += page.extract_text(visitor_text=seen)
        assert places
        assert all(20 <= x <= width - 20 and 10 <= y <= height - 10 for x, y in places)
    return said


def test_the_memo_of_one_study_is_the_same_bytes_each_time(folder, written, tmp_path):
    assert write_memo(folder, tmp_path / "again.html").read_bytes() == written("html").read_bytes()


def test_the_answer_says_of_each_rule_what_its_numbers_say(made):
    [answer] = parts.section(made("en"), "answer").blocks
    text = " ".join(plain(item) for item in answer.items)
    assert "No cameras: people identified by outsiders is 0 in every replicate." in text
    assert re.search(r"Order 799 lowers people identified by outsiders by [\d.]+ % \[[\d.]+, [\d.]+\]", text)


def test_another_baseline_is_another_memo(folder):
    made = memo(read_source(folder, "order_799"), "en")
    keys = {number.key for block in parts.blocks(made) for number in traced(block)}
    assert not any(policy == "order_799" and column == "ratio" for policy, _, _, column in keys)
    assert any(policy == "notice_only" and column == "ratio" for policy, _, _, column in keys)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "memo.odt"], "ends in .html"),
        (["-o", "memo.html", "--lang", "fr"], "a language of the texts"),
        (["-o", "memo.html", "--baseline", "order_79"], "write order_799"),
    ],
)
def test_what_cannot_be_written_is_said_in_three_lines(folder, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(folder), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) <= 3
    assert list(tmp_path.iterdir()) == []


def test_no_browser_is_an_error_that_names_the_other_way(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"install chromium, or write memo\.html"):
        write_report(lambda: made("en"), tmp_path / "memo.pdf")
    assert list(tmp_path.iterdir()) == []


def test_results_without_inputs_are_an_error(folder, tmp_path):
    copy = tmp_path / "results"
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / "inputs")
    with pytest.raises(ResultsError, match="has no inputs/"):
        write_memo(copy, tmp_path / "memo.html")


def test_a_machine_without_chinese_letters_says_so(source, monkeypatch):
    monkeypatch.setattr("privacysim.report.answer.han_font", lambda: None)
    pictures = parts.pictures(memo(source, "zh"))
    assert all("本机没有中文字体" in picture.caption for picture in pictures)
    assert "ratio to Guangzhou rules of 2007" in pictures[0].draw().axes[0].get_xlabel().replace("\n", " ")


@pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium is not installed")
def test_a_pdf_with_chinese_letters_that_no_font_can_draw_is_refused(made, written, tmp_path, monkeypatch):
    monkeypatch.setattr("privacysim.figures.style.han_font", lambda: None)
    with pytest.raises(InputError, match="fonts-noto-cjk"):
        write_report(lambda: made("zh"), tmp_path / "zh.pdf")
    assert list(tmp_path.iterdir()) == []
    require_han_font(written("html").read_text(encoding="utf-8"), ".pdf")  # an English page may be printed


def test_the_command_writes_all_four(written):
    """PDF too, above, where there is a browser."""
    assert zipfile.is_zipfile(written("docx"))
    assert zipfile.is_zipfile(written("xlsx"))
    assert len(written("html").read_text(encoding="utf-8")) > 50_000
