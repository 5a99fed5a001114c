"""A memo of what there is: without other outcomes, curves or identified people; and of a folder that was damaged."""

from __future__ import annotations

import math
import os
import re
import shutil
import stat
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest

import privacysim as ps
from privacysim.cli.main import main
from privacysim.errors import PrivacysimError, ResultsError
from privacysim.figures import style
from privacysim.report import memo as memo_file
from privacysim.report import page, report_model
from privacysim.report.answer import Answer
from privacysim.report.memo import memo
from privacysim.report.report_model import Picture, Report, plain
from privacysim.report.report_source import read_source
from privacysim.vocabulary import LEGALITIES
from privacysim.wording import Words
from tests.helpers import report_parts as parts
from tools.fuzz import reseal

PRIMARY = "people_identified_by_outsiders"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, toy_units):
    """Two policies in a toy study; one of them is two others laid upon one another."""
    where = tmp_path_factory.mktemp("memo")
    with pytest.MonkeyPatch.context() as patch:
        toy_units(patch, where / "cache")
        ps.Study(scenario="guangzhou_district", policies=["notice_only", "guangzhou_today"], days=3, replicates=10).run(
            workers=1, out=where / "results")  # fmt: skip
    return where / "results"


@pytest.fixture(scope="module")
def source(folder):
    return read_source(folder)


@pytest.fixture
def changed(source):
    """The source with other rows of its comparison."""
    return lambda rows: replace(source, change=replace(source.change, rows=rows))


def test_a_layered_policy_is_read_as_its_layers_say(source):
    today = source.policies["guangzhou_today"]
    assert today.retention.public.keep == ps.load_policy("guangzhou_today").retention.public.keep
    assert {rule.id for rule in today.access} == {rule.id for rule in ps.load_policy("guangzhou_today").access}


def test_results_of_the_primary_metric_alone_are_one_table_and_one_figure(source, changed):
    rows = source.rows[source.rows["metric"] == PRIMARY]
    made = memo(changed(rows), "en")
    assert list(parts.tables(made)) == ["rules", "headline", "measures", "register"]
    assert len(parts.pictures(made)) == 1
    [answer] = parts.section(made, "answer").blocks
    assert len(answer.items) == 1, "nothing is said of evidence"
    whole = memo(source, "en")
    assert list(parts.tables(whole)) == ["rules", "headline", "measures", "groups", "register"]
    assert len(parts.pictures(whole)) == 3


def sure(made):
    [bullets] = parts.section(made, "sure").blocks
    return [plain(item) for item in bullets.items]


def test_of_one_curve_that_has_every_interval_no_word_is_said_about_curves_or_what_is_missing(source, changed):
    curves, without = Words("en")("sure_curves"), "no interval is given"
    whole = sure(memo(source, "en"))
    assert curves in whole
    rows = source.rows[(source.rows["metric"] == PRIMARY) & (source.rows["curve"] == "low")]
    rows = rows.assign(ci_low=rows["mean"] - 1, ci_high=rows["mean"] + 1)
    found = sure(memo(replace(changed(rows), register=()), "en"))
    assert curves not in found
    assert not any(without in item for item in found)
    assert not any("were calibrated" in item for item in found), "no number of an empty register was solved"
    gone = sure(memo(changed(rows.assign(ci_low=math.nan, ci_high=math.nan)), "en"))
    assert any(f"For {len(rows)} of {len(rows)} figures in the tables {without}" in item for item in gone)


def test_a_metric_that_is_not_installed_here_is_shown_by_its_saved_declaration(source):
    known = source.results.declared["cameras_listed"]
    mine = replace(known, name="dogs_filmed", title="dogs filmed", unit="dogs")
    saved = asdict(mine) | {"rows": None, "value": None}
    rows = source.results.metrics
    rows = pd.concat([rows, rows[rows["metric"] == "cameras_listed"].assign(metric="dogs_filmed", unit="dogs")])
    results = replace(source.results, metrics=rows, manifest={**source.results.manifest, "metrics": [saved]})
    assert "<h3>Dogs filmed, dogs " in page(results)
    made = memo(replace(source, results=results, change=results.compare()), "zh")
    assert "dogs filmed ↓" in parts.tables(made)["measures"].head


def test_a_large_ratio_is_drawn_on_a_logarithm_with_all_marks_within_and_hollow_without_an_interval(
    source, changed, figures_closed,
):
    rows = source.rows.copy()
    mine = (rows["metric"] == PRIMARY) & (rows["policy"] == "guangzhou_today")
    rows.loc[mine, ["ratio", "ratio_low", "ratio_high"]] = [5.0, 0.04, 12.0]
    rows.loc[mine & (rows["curve"] == "high"), ["ratio_low", "ratio_high"]] = math.nan
    words = Words("en")
    ax = Answer(changed(rows), words).ratio_picture().draw().axes[0]
    assert ax.get_xscale() == "log"
    low, high = ax.get_xlim()
    assert low < 0.04
    assert high > 12.0
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in marks] == [5.0, 5.0]
    assert [line.get_markerfacecolor() == "white" for line in marks] == [False, True]
    assert {text.get_text() for text in ax.texts} >= {"5 [0.04, 12]", "5"}
    rows.loc[mine, ["ratio", "ratio_low", "ratio_high"]] = [0.5, 0.4, 2.0]
    assert Answer(changed(rows), words).ratio_picture().draw().axes[0].get_xscale() == "linear"


@pytest.mark.parametrize(("means", "scale"), [((2.0, 400.0), "log"), ((2.0, 15.0), "linear"), ((0.0, 400.0), "linear")])
def test_the_trade_off_has_a_logarithm_where_people_differ_tenfold_and_nobody_is_at_nought(
    means, scale, source, changed, figures_closed,
):
    rows = source.rows.copy()
    for policy, mean in zip(("notice_only", "guangzhou_today"), means, strict=True):
        rows.loc[(rows["metric"] == PRIMARY) & (rows["policy"] == policy), "mean"] = mean
    words = Words("en")
    figure = Answer(changed(rows), words).tradeoff_picture().draw()
    ax = figure.axes[0]
    assert ax.get_yscale() == scale
    assert sorted(line.get_ydata()[0] for line in ax.lines if line.get_marker() == "o") == list(means)


def test_where_nobody_is_identified_the_figure_is_an_empty_frame_with_its_names(source, changed, figures_closed):
    rows = source.rows.copy()
    rows.loc[rows["metric"].isin([f"people_identified[legality={kind}]" for kind in LEGALITIES]), "mean"] = 0.0
    words = Words("en")
    ax = Answer(changed(rows), words).legality_picture().draw().axes[0]
    assert not [line for line in ax.lines if line.get_marker() == "o"]
    assert ax.get_xlim() == (1.0, 10.0)
    labels = [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]
    assert labels == list(source.names(words).values())


def test_a_file_that_is_no_font_is_no_font(tmp_path, monkeypatch):
    broken = tmp_path / "NotoSansCJK-broken.ttf"
    broken.write_bytes(b"no font at all")
    manager = style.font_manager.fontManager
    others = [entry for entry in manager.ttflist if entry.name not in style.CHINESE_FONTS]
    monkeypatch.setattr(manager, "ttflist", others)
    monkeypatch.setattr(style.font_manager, "findSystemFonts", lambda: [str(broken), str(tmp_path / "a.ttf")])
    style.han_font.cache_clear()
    try:
        assert style.han_font() is None
    finally:
        style.han_font.cache_clear()


@pytest.mark.parametrize(("name", "text", "said"), [
    ("inputs/sim/scenarios/guangzhou_district.toml", None, "cannot be read"),
    ("inputs/sim/scenarios/guangzhou_district.toml", "id = ", "cannot be read"),
    ("inputs/sim/policies/order_799.toml", None, "cannot be read"),  # the first of the two layers
    ("inputs/data/facts.csv", "id,value\na,1\n", "cannot be read"),
    ("inputs/data/facts.csv", None, "cannot be read"),
    ("inputs/sim/scenarios/guangzhou_district.toml", 'per_1000 = {value = "many", assumption = "x"}', "is no number"),
])  # fmt: skip
def test_a_damaged_input_is_named_with_its_cure_and_no_memo_is_written(name, text, said, folder, tmp_path, capsys):
    copy = shutil.copytree(folder, tmp_path / "results")
    if text is None:
        (copy / name).unlink()
    else:
        (copy / name).write_text(text, encoding="utf-8")
    reseal(copy)
    with pytest.raises(ResultsError) as caught:
        read_source(copy)
    first, fix = str(caught.value).splitlines()
    assert said in first
    assert Path(name).name in first or "per_1000" in first
    assert fix == "  Fix: run the study again."
    assert main(["report", str(copy), "-o", str(tmp_path / "memo.html")]) == 2
    assert capsys.readouterr().err == f"{caught.value}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.fixture
def browser(tmp_path, monkeypatch):
    """A program called chromium, first on the path, that does what the test says."""

    def install(code):
        path = tmp_path / "bin" / "chromium"
        path.parent.mkdir()
        path.write_text(f"#!{sys.executable}\nimport sys, time\nfrom pathlib import Path\n{code}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")

    return install


PRINTS = ("words = dict(one.split('=', 1) for one in sys.argv if '=' in one)\n"
          "Path(words['--print-to-pdf']).write_text(chr(10).join(sys.argv))")


@pytest.mark.parametrize("root", [True, False])
def test_the_browser_has_no_network_no_profile_of_the_user_and_its_sandbox_unless_it_is_root(
    root, browser, tmp_path, monkeypatch,
):
    browser(PRINTS)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    report_model.write_pdf(Report("en", "x", "", (), "", ""), tmp_path / "memo.pdf")
    words = (tmp_path / "memo.pdf").read_text().splitlines()
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in words
    assert ("--no-sandbox" in words) == root
    (profile,) = [word.partition("=")[2] for word in words if word.startswith("--user-data-dir=")]
    assert not Path(profile).exists(), "gone with its folder"
    assert words[-1].startswith("file:///")


@pytest.mark.parametrize(("code", "why"), [
    ("sys.exit('first\\nno space left')", "no space left"), ("sys.exit(1)", "no message"),
    ("time.sleep(60)", "no answer within 1 s"),
])  # fmt: skip
def test_a_browser_that_prints_nothing_is_told_with_its_last_word_and_leaves_no_file(
    code, why, browser, folder, tmp_path, monkeypatch, capsys,
):
    browser(code)
    if "sleep" in code:  # the others may take their time to start
        monkeypatch.setattr(report_model, "_LONGEST_S", 1)
    monkeypatch.setattr(memo_file, "memo", lambda source, lang: Report(lang, "x", "", (), "", ""))
    out = tmp_path / "out" / "memo.pdf"
    assert main(["report", str(folder), "-o", str(out)]) == 2
    first, fix = capsys.readouterr().err.splitlines()
    assert re.fullmatch(rf".*: the browser printed nothing \({why}\)\.", first)
    assert fix == "  Fix: write memo.html and print it from any browser."
    assert not list(out.parent.iterdir())


def test_the_page_says_of_a_start_a_sample_and_a_scenario_what_they_mean(source, monkeypatch):
    monkeypatch.setattr(Picture, "address", lambda self: "data:,")
    results = source.results
    text = page(results)
    assert "Slow effects: all <abbr" in text
    assert "Not <abbr" in text
    assert "25,000 people" in text
    study = {**results.manifest["study"], "start": "steady", "sample": "all"}
    manifest = {**results.manifest, "study": study, "scenario": {**results.manifest["scenario"], "calibrated": True}}
    other = page(replace(results, manifest=manifest))
    assert "as if it had been in force for a long time" in other
    assert "25,000 people" not in other
    assert "Not <abbr" not in other


@pytest.mark.parametrize(("line", "said"), [
    ('layer = ["guangzhou_today"]', "expected no circular inheritance"),
    ('extends = "guangzhou_today"', "expected no circular inheritance"),
    ('extends = "../../../inputs/sim/policies/notice_only"', "no policy of"),
    ('layer = "notice_only"', "layer"), ("layer = " + "[" * 5_000 + "]" * 5_000, "cannot be read"),
])  # fmt: skip
def test_kept_rules_that_rest_on_themselves_or_on_files_elsewhere_are_refused(folder, tmp_path, line, said):
    shutil.copytree(folder, tmp_path / "r")
    path = tmp_path / "r" / "inputs" / "sim" / "policies" / "guangzhou_today.toml"
    kept = [text for text in path.read_text("utf-8").splitlines() if not text.startswith(("layer", "extends"))]
    head = next(n for n, text in enumerate(kept) if text.startswith("["))
    path.write_text("\n".join([*kept[:head], line, *kept[head:]]) + "\n", "utf-8")
    reseal(tmp_path / "r")
    with pytest.raises(PrivacysimError, match=re.escape(said)) as caught:
        read_source(tmp_path / "r")
    assert len(str(caught.value).splitlines()) <= 3
