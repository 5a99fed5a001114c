"""Chinese: every text of the shipped rules, laws and facts is translated, and no English sentence is left in one."""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from privacysim import vocabulary
from privacysim.cli.main import main
from privacysim.cli.options import spoken
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.law import laws
from privacysim.metrics import METRICS
from privacysim.policy import Arm, load_policy
from privacysim.policy.asking import arm_of, ask, explain
from privacysim.policy.describing import compare, describe, passing
from privacysim.policy.judging import CLOSED, Question
from privacysim.policy.linting import lint
from privacysim.policy.policy_files import load_arms, policy_files, readings_of
from privacysim.report.policy_page import policy_page
from privacysim.report.report_model import html_page
from privacysim.resources import shipped
from privacysim.wording import Words, _sentences, _tables

ZH = Words("zh")
HAN = re.compile("[\u4e00-\u9fff]")
PROSE = re.compile(r"[a-z]{2,},? [a-z]{2,}")
"""Two English words in a row; names of rules have no blanks, and those of foreign laws begin with capitals."""
NAMES = sorted(name for name in policy_files() if not readings_of(load_policy(name)))
CAMERA = {"channel": "request", "operator": "commercial", "regime": "public_venue"}


def arms(name: str) -> list[Arm]:
    """The policy and its variants, under the newest general law."""
    policy = load_policy(name)
    readings = (*(variant.id for variant in policy.reading), "base")
    return load_arms([name], {name: readings}, arm_of(name).law_date)


def english(lines: list[str]) -> list[str]:
    """What is left in English: prose, and lines without any Chinese that are no rule's name."""
    return [line for line in lines if PROSE.search(line)]


@pytest.mark.parametrize("name", [*NAMES, "guangzhou_draft:narrow"])
def test_a_policy_is_shown_in_chinese_alone(name: str) -> None:
    for arm in arms(name) if ":" not in name else [arm_of(name)]:
        sections = describe(arm, ZH)
        assert all(HAN.search(title) for title, _ in sections)
        assert not english([line for title, lines in sections for line in (title, *lines)])
        assert [len(lines) for _, lines in sections] == [len(lines) for _, lines in describe(arm, Words("en"))]


@pytest.mark.parametrize("name", [*NAMES, "guangzhou_draft:wide"])
def test_an_act_asked_is_explained_in_chinese_alone(name: str) -> None:
    draw, arm = Random(16), arm_of(name)
    for _ in range(15):
        said = {field: draw.choice(words) for field, words in CLOSED.items()}
        lines = explain(arm, Question(**said)).lines("zh")
        assert all(HAN.search(line) for line in lines)
        assert not english(lines)
    for duty in vocabulary.DUTIES:
        assert not english(ask(arm, duty=duty, operator="commercial", regime="public_venue").lines("zh"))


def test_differences_and_the_passing_of_time_are_in_chinese_alone() -> None:
    for first, second in (("notice_only", "guangzhou_draft:wide"), ("order_799", "judge_warrant"),
                          ("eu_gdpr", "uk_code")):  # fmt: skip
        sections = compare(arm_of(first), arm_of(second), ZH)
        assert not english([line for title, lines in sections for line in (title, *lines)])
    then, now = arm_of("order_799", "2018-06-30"), arm_of("order_799", "2026-11-28")
    (_, law), *_ = passing(then, now, ZH)
    assert not english(law)
    assert not [line for line in law if "GDPR" in line], "the law of another country began"


@pytest.mark.parametrize("change", [
    {"silent": ["retention"]}, {"retention": {"public": {"keep": "7 d", "assumption": "x"}}},
    {"access": [{"id": "idle", "requester": ["media"], "acts": ["view"], "assumption": "x", "sited": False}]},
    {"access": [{"id": "cited", "purpose": ["news"], "acts": ["view"], "reference": {"law": "pipl", "article": "72"}}]},
    {"forbidden": [{"id": "again", "how": "derived", "acts": ["sell"], "regime": ["public_venue"], "assumption": "x"}]},
])  # fmt: skip
def test_a_finding_is_told_in_both_languages(change: dict[str, object]) -> None:
    base = {"id": "mine", "extends": "order_799", "title": {"en": "Mine"}, "status": "in_force"}
    found = lint(load_policy(base | change), laws())
    assert found
    for finding in found:
        assert not english([finding.line("zh").replace(finding.where, "")])
        assert finding.kind in str(finding)
        assert "fix: " in str(finding)


def test_a_page_to_sign_holds_no_english_but_names_of_foreign_laws() -> None:
    page = html_page(policy_page(arm_of("order_799"), lang="zh"))
    assert not english(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).splitlines())


def test_every_provision_law_and_fact_has_its_chinese() -> None:
    known = laws()
    for one in known.provisions.values():
        assert HAN.search(ZH.text(known.cite(one))), one.id
        for text in filter(None, (one.says, one.note)):
            assert HAN.search(ZH.text(text)), text
    titles = [fact.title for fact in facts().values()]
    assert len(set(titles)) == len(titles), "two facts have one title"
    for fact in facts().values():
        assert fact.title != fact.id, f"{fact.id} has no title in data/fact_titles.csv"
        assert HAN.search(ZH.text(fact.title)), fact.id
        assert len(fact.unit) < 2 or HAN.search(ZH.text(fact.unit, "unit")), fact.unit
    for metric in METRICS.values():
        assert not english([ZH.text(metric.title)])
        assert HAN.search(ZH.text(metric.title)), metric.title


def test_every_word_of_the_vocabulary_has_its_chinese() -> None:
    for name, words in vars(vocabulary).items():
        for word in words if name.isupper() else ():
            assert HAN.search(ZH.text(word)), f"{name}: {word}"


def test_translations_agree_and_have_the_blanks_of_their_texts() -> None:
    known: dict[str, str] = {}
    for path in _tables():
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                assert known.setdefault(row["en"], row["zh"]) == row["zh"], f"{row['en']!r} twice, and not alike"
                assert HAN.search(row["zh"]) or not re.search("[a-z]{2}", row["en"]), row
                assert row["en"].count("{") == row["zh"].count("{"), row
    for key, said in _sentences().items():
        blanks = [sorted(re.findall(r"{\w+}", said[lang])) for lang in ("en", "zh")]
        assert blanks[0] == blanks[1] or key in ("not_1", "undecided"), key
        assert said["en"].count("|") == said["zh"].count("|"), key


def texts_of(path: Path) -> Iterator[str]:
    """Texts of a file of figures, with {} for what is filled in; its docstrings are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.Expr)
             for part in ast.walk(node) if part is not node and isinstance(part, ast.Constant)
             and (isinstance(node, ast.JoinedStr) or part is node.value)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def test_every_text_that_a_figure_draws_has_its_chinese() -> None:
    with (shipped("data/words") / "chinese.csv").open(newline="", encoding="utf-8") as stream:
        known = {row["en"].replace("{n}", "{}").strip() for row in csv.DictReader(stream)}
    drawn = {text.strip() for path in (Path(__file__).parents[2] / "privacysim" / "figures").glob("*_figures.py")
             for text in texts_of(path) if PROSE.search(text)}  # fmt: skip
    apart = {"axes fraction", "no interval", "best within the budget:", "{}: {}{}  (general law: {})"}
    missing = {text for text in drawn - apart if text not in known and text[:1].lower() + text[1:] not in known}
    assert not missing
    assert ZH.text("12  no interval") == "12　无区间"
    assert ZH.text("ratio to 甲") == "与“甲”之比"


def test_commands_speak_chinese_and_refuse_an_output_that_cannot_show_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    act = ["requester=curious", "act=view", "purpose=curiosity", *(f"{key}={word}" for key, word in CAMERA.items())]
    for command in (["policy", "show", "order_799"], ["policy", "ask", "order_799", *act],
                    ["policy", "check", "order_799"], ["policy", "diff", "order_799", "edpb_72h"], ["facts", "list"],
                    ["facts", "show", "contacts"], ["policy", "ask", "order_799", *act[1:], "requester=any"]):
        assert main([*command, "--lang", "zh"]) == 0
        assert HAN.search(capsys.readouterr().out)
    assert main(["policy", "show", "order_799", "--lang", "fr"]) == 2
    assert "a language" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    with pytest.raises(InputError, match="cp1252"):
        spoken("zh")


def test_an_own_table_translates_an_own_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sim").mkdir()
    monkeypatch.chdir(tmp_path)
    assert Words("zh").foreign("seven days, as a committee asked")
    table = tmp_path / "sim" / "chinese.csv"
    table.write_text("en,zh\n\"seven days, as a committee asked\",应委员会所问为七天\n", encoding="utf-8")
    assert Words("zh").text("seven days, as a committee asked") == "应委员会所问为七天"
    table.write_text("english,chinese\nseven days,七天\n", encoding="utf-8")
    with pytest.raises(InputError, match="columns en and zh"):
        Words("zh")
