"""Impact assessments: every heading stands, what is filled traces to the study, the rest is marked, bad forms fail."""

from __future__ import annotations

import csv
import re
import tomllib
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from docx import Document

from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.law import laws
from privacysim.report import write_assessment
from tests.report.test_memo_unit import expected

ROOT = Path(__file__).resolve().parents[2]
SAVED = ROOT / "notebooks" / "saved" / "headline"
FORMS = ("uk_dpia", "gdpr35", "pipl56", "sf19b")
EXAMPLE = """
[[assessment]]
id = "ours"
title = {en = "Camera notice"}
who = "Departments."
reference = [{law = "pipl", article = "55, 56"}]
status = "A"

[[assessment.heading]]
title = "Reach"
asks = "How many?"
reference = [{law = "pipl", article = "56(2)"}]
metrics = ["people_identified_by_outsiders"]

[[assessment.heading]]
title = "Voices"
asks = "Who was asked?"
reference = [{law = "pipl", article = "56(1)"}]
hint = "The minutes of the hearing."
"""
CELL = re.compile(r'<data value="[^"]*" data-from="([^"]*)" data-kind="(\w+)">([^<]*)</data>')


@cache
def sections(form: str) -> dict[str, str]:
    """The committed example's sections by id, as HTML."""
    text = (ROOT / "docs" / "examples" / f"{form}.html").read_text(encoding="utf-8")
    return dict(re.findall(r'<section id="([^"]+)">(.*?)</section>', text, re.DOTALL))


@cache
def cells() -> dict[tuple[str, str, str], dict[str, str]]:
    with (SAVED / "summary.csv").open(newline="", encoding="utf-8") as stream:
        return {(row["policy"], row["metric"], row["curve"]): row for row in csv.DictReader(stream)}


def rows(html: str, table: str) -> list[list[str]]:
    """Cells of a table's body as text."""
    found = re.search(rf'<table id="table-{table}-\d+".*?<tbody>(.*?)</tbody>', html, re.DOTALL)
    lines = re.findall(r"<tr>(.*?)</tr>", found[1], re.DOTALL) if found else []
    cell = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)
    return [[unescape(re.sub("<[^>]+>", "", text)) for text in cell.findall(line)] for line in lines]


def numbers(data: object) -> list[dict[str, object]]:
    """The numbers of a scenario file, wherever they stand."""
    if not isinstance(data, dict):
        return []
    return [data] if {"value", "low"} <= set(data) else [one for part in data.values() for one in numbers(part)]


@pytest.mark.parametrize("form", FORMS)
def test_every_heading_of_the_form_stands_in_its_order_with_its_articles(form: str) -> None:
    _, asked = laws().assessments[form]
    names = list(sections(form))
    assert names[0] == "about"
    assert names[-1] == "signed"
    assert [name.partition("-")[2] for name in names[1:-1]] == [str(n) for n in range(1, len(asked.heading) + 1)]
    for n, (name, heading) in enumerate(zip(names[1:-1], asked.heading, strict=True), 1):
        text = unescape(re.sub("<[^>]+>", "", sections(form)[name]))
        assert text.strip().startswith(f"{n}. {heading.title}")
        assert all(laws().cite(reference) in text for reference in heading.reference)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_filled_traces_to_the_study_and_what_is_not_is_marked(form: str) -> None:
    scenario = tomllib.loads((SAVED / "inputs/sim/scenarios/guangzhou_185.toml").read_text(encoding="utf-8"))
    known = {(float(one["value"]), float(one["low"]), float(one["high"])) for one in numbers(scenario)}  # type: ignore[arg-type]
    policy = tomllib.loads((SAVED / "inputs/sim/policies/order_799.toml").read_text(encoding="utf-8"))
    names = {one["id"].replace("_", " ") for one in (*policy["access"], *policy["forbidden"])}
    names |= {f"retention, {kind.replace('_', ' ')}" for kind in policy["retention"]} | {*policy, "no cameras in"}
    names |= {laws().cite(laws().provisions[one]) for one in policy["sanctions"]}
    filled = 0
    for name, html in sections(form).items():
        found, facts, rules = CELL.findall(html), rows(html, "facts"), rows(html, "policy")
        if name.startswith("open"):
            assert ">OPEN: " in html
            assert not found
            assert "<table" not in html
        if not name.startswith("filled"):
            continue
        filled += 1
        assert found or facts or rules or rows(html, "articles"), f"{form}, {name} is filled by nothing of the study"
        for key, kind, text in found:
            arm, metric, curve, column = unescape(key).split("|")
            value = float(cells()[arm, metric, curve][column])
            assert unescape(text).replace("\xa0", " ") in expected(kind, value), f"{form}, {name}: {key}"
        for _, value, span, status, source in facts:
            low, high = span.replace(",", "").split(" – ")
            assert any((float(value.replace(",", "")), float(low), float(high))
                       == tuple(float(f"{end:.{n}g}") for end, n in zip(one, (6, 4, 4), strict=True)) for one in known)
            assert status
            assert source
        assert {rule for rule, _ in rules} <= names
    assert 0 < filled <= len(laws().assessments[form][1].heading)


def test_the_committed_examples_are_those_that_the_saved_headline_gives_now(tmp_path: Path) -> None:
    for form in FORMS:
        made = write_assessment(SAVED, tmp_path / f"{form}.html", form, policy="order_799")
        said = (ROOT / "docs" / "examples" / made.name).read_text(encoding="utf-8")
        assert made.read_text(encoding="utf-8") == said, "run: python notebooks/saved/save.py forms"
        assert f"../examples/{form}.html" in (ROOT / "docs/guides/assessment.md").read_text(encoding="utf-8")


def test_a_word_document_holds_the_same_headings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.docx"
    assert main(["report", str(SAVED), "--form", "sf19b", "--policy", "order_799", "-o", str(path)]) == 0
    assert "Assessment: " in capsys.readouterr().out
    said = [one.text for one in Document(str(path)).paragraphs if one.style and one.style.name == "Heading 1"]
    assert said[1:-1] == [f"{n}. {one.title}" for n, one in enumerate(laws().assessments["sf19b"][1].heading, 1)]


def test_a_form_whose_law_the_rules_do_not_rest_on_says_so_and_leaves_the_law_open() -> None:
    for form in FORMS:
        assert ("rest on no article" in sections(form)["about"]) == (form != "pipl56")
    assert "PIPL 45" in {row[0] for row in rows(sections("pipl56")["filled-1"], "articles")}
    assert ">OPEN: " in sections("gdpr35")["open-4"]


def test_a_metric_that_was_not_measured_is_named_and_its_heading_stays_open() -> None:
    costs = unescape(sections("sf19b")["open-7"])
    assert "Costs" in costs
    assert 'metrics = ["approval_officer_hours", "looking_officer_hours", "storage_camera_days"]' in costs


def test_a_chinese_form_holds_its_headings_in_chinese(tmp_path: Path) -> None:
    made = write_assessment(SAVED, tmp_path / "a.html", "pipl56", policy="order_799", lang="zh")
    headings = re.findall("<h2>(.*?)</h2>", made.read_text(encoding="utf-8"))
    assert len(headings) == 5
    assert all(re.search("[\u4e00-\u9fff]", one) for one in headings)


def test_a_form_of_ones_own_is_filled_and_a_bad_one_is_refused_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "sim" / "law" / "city" / "assessment.toml"
    path.parent.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    path.write_text(EXAMPLE, encoding="utf-8")
    made = write_assessment(SAVED, tmp_path / "a.html", "ours", policy="order_799").read_text(encoding="utf-8")
    assert re.findall(r'<section id="((?:filled|open)[^"]+)">', made) == ["filled-1", "open-2"]
    assert "OPEN: The minutes of the hearing." in made
    bad = {
        'asks = "How many?"': ('ask = "How many?"', 11, "write asks"),
        "[[assessment.heading]]\ntitle = \"Voices\"": ("[[assessment.headng]]\ntitle = \"Voices\"", 2, "write heading"),
        'metrics = ["people': ('rules = ["retenton"]\nmetrics = ["people', 13, "retention"),
        'hint = "The minutes of the hearing."': ("", 15, "or a hint"),
        'reference = [{law = "pipl", article = "56(1)"}]': ("", 15, "add reference"),
        'article = "56(1)"': ('article = "561"', 16, "an article of pipl"),
        'metrics = ["people_identified_by': ('metrics = ["people_identifed_by', 10, "write people_identified_by_"),
    }  # fmt: skip
    for good, (broken, line, says) in bad.items():
        assert EXAMPLE.count(good) == 1
        path.write_text(EXAMPLE.replace(good, broken), encoding="utf-8")
        with pytest.raises(InputError) as caught:
            write_assessment(SAVED, tmp_path / "b.html", "ours", policy="order_799")
        said = str(caught.value)
        assert said.startswith(f"sim/law/city/assessment.toml:{line}, "), said
        assert says in said, said
        assert len(said.splitlines()) == 3
        assert not (tmp_path / "b.html").exists()


@pytest.mark.parametrize(("given", "says"), [
    (["--form", "gdpr_35"], "write gdpr35"), (["--form", "gdpr35", "--policy", "order_977"], "write order_799"),
    (["--form", "gdpr35", "--policy", "guangzhou_draft"], "guangzhou_draft:narrow or guangzhou_draft:wide"),
    (["--policy", "order_799"], "add --form"), (["--form", "gdpr35", "-o", "a.odt"], "choose one of .docx"),
])  # fmt: skip
def test_a_wrong_word_is_refused_with_the_right_one(given, says, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(SAVED), "-o", "a.html", *given]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
