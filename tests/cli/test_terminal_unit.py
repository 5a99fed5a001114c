"""What a terminal is given: the same words as a pipe, in lines that fit it; and what is asked without options."""

from __future__ import annotations

import re

import pytest

from privacysim.cli.main import main
from privacysim.facts import facts
from privacysim.policy import load_policy

WIDE = 64


@pytest.fixture
def terminal(monkeypatch):
    """From here on the output is a terminal's, of 64 columns."""

    def begin():
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", str(WIDE))

    return begin


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("command", [
    ["policy", "show", "order_799"], ["policy", "diff", "notice_only", "order_799"],
])  # fmt: skip
def test_rules_on_a_terminal_are_the_same_words_in_lines_that_fit_and_hang(command, terminal, capsys):
    assert main(command) == 0
    piped = capsys.readouterr().out
    terminal()
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "\x1b[1m" in shown, "headings are bold"
    assert "\x1b" not in piped
    assert "".join(plain(shown).split()) == "".join(piped.split())
    lines = plain(shown).splitlines()
    assert max(map(len, lines)) <= WIDE < max(map(len, piped.splitlines()))
    assert any(line.startswith("    ") and not line.startswith("     ") for line in lines), "a line that goes on hangs"


@pytest.mark.parametrize("command", [["facts", "list", "--status", "CALIBRATED"], ["policy", "list"]])
def test_a_table_on_a_terminal_fits_it_where_its_names_do_and_loses_no_row(command, terminal, capsys):
    assert main(command) == 0
    first = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    terminal()
    assert main(command) == 0
    shown = plain(capsys.readouterr().out)
    assert max(map(len, shown.splitlines())) <= WIDE
    assert all(re.search(rf"(?m)^{re.escape(name[:8])}", shown) for name in first), shown


def test_a_walk_on_a_terminal_is_told_in_its_width(terminal, tmp_path, capsys):
    fixes = "".join(f"{48.2 + 1e-4 * n:.5f},16.37,{1_700_000_000 + 10 * n}\n" for n in range(9))
    (tmp_path / "walk.csv").write_text("lat,lon,time\n" + fixes)
    (tmp_path / "cameras.csv").write_text("lat,lon,type\n48.2003,16.3701,dome\n")
    terminal()
    words = ["--gpx", str(tmp_path / "walk.csv"), "--cameras", str(tmp_path / "cameras.csv"), "--policies", "order_799"]
    assert main(["dosimeter", *words]) == 0
    shown = capsys.readouterr().out
    assert "\x1b[1m" in shown
    assert max(map(len, plain(shown).splitlines())) <= WIDE


def test_the_date_of_the_general_law_may_be_chosen_for_a_difference(capsys):
    assert main(["policy", "diff", "notice_only", "order_799"]) == 0
    latest = max(load_policy(name).law_date for name in ("notice_only", "order_799"))
    assert f"general law of {latest} (" in capsys.readouterr().out
    assert main(["policy", "diff", "order_799", "order_799_no_waiver", "--law-date", "2025-09-01"]) == 0
    assert "general law of 2025-09-01 (" in capsys.readouterr().out


def test_a_fact_without_a_range_says_so_and_one_with_a_range_gives_it(capsys):
    sure = next(fact for fact in facts().values() if fact.low == fact.high)
    open_ = next(fact for fact in facts().values() if fact.low < fact.high)
    for fact, said in ((sure, "none given"), (open_, f"{open_.low:.10g} – {open_.high:.10g}")):
        assert main(["facts", "show", fact.id]) == 0
        assert f"  range   {said}\n" in capsys.readouterr().out
