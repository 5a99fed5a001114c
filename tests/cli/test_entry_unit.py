"""The door of the command: help, wrong words, an interruption, a reader that went away, a name that no disk takes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

import privacysim
from privacysim.cli import main as door
from privacysim.cli.main import COMMANDS, USAGE, click_command, main, run
from privacysim.errors import ResultsError

GROUPS = {
    "policy": ["list", "show", "check", "diff"], "facts": ["list", "show"], "scenario": ["list", "show", "check"],
    "study": ["list", "explore", "learn", "frontier"], "city": ["fetch", "example", "show", "map"],
    "calibrate": ["leaks", "verdicts", "worlds", "masks"], "notebook": ["new", "run"],
}  # fmt: skip


def test_the_usage_names_every_command_and_every_way_to_ask_for_it_shows_it(capsys):
    for name in COMMANDS:
        assert f"\n  privacysim {name} " in USAGE, name
    for words in ([], ["-h"], ["--help"], ["help"]):
        assert main(words) == 0
        assert capsys.readouterr().out == USAGE + "\n"


def test_the_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"privacysim {privacysim.__version__}\n"


@pytest.mark.parametrize(("word", "fix"), [
    ("polcy", "write policy"), ("qqq", "choose one of bench, calibrate, city, compare, dosimeter"),
])  # fmt: skip
def test_an_unknown_command_is_one_line_with_its_cure_on_the_error_stream(word, fix, capsys):
    assert main([word, "list"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"privacysim: there is no command {word!r}; {fix}")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_group_without_a_command_shows_its_commands(group, capsys):
    assert main([group]) == 0
    said = "".join(capsys.readouterr())
    assert all(name in said.split() for name in GROUPS[group]), said


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_under_its_own_name(name, capsys):
    assert main([name, "--help"]) == 0
    assert f"Usage: privacysim {name} " in capsys.readouterr().out.replace("\n", " ") + " "


def commands(name, command):
    inner = getattr(command, "commands", {})
    yield name, command
    for word, one in inner.items():
        yield from commands([*name, word], one)


ALL = [pair for name in COMMANDS for pair in commands([name], click_command(name))]
NAMES = [" ".join(words) for words, _ in ALL]


@pytest.mark.parametrize(("words", "command"), ALL, ids=NAMES)
def test_help_shows_every_text_as_written_brackets_too(words, command, monkeypatch, capsys):
    # Rich reads "[city]" as markup and swallows it unless it is escaped
    monkeypatch.setenv("COLUMNS", "400")
    assert main([*words, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    texts = [command.help or "", *(getattr(option, "help", None) or "" for option in command.params)]
    for text in texts:
        for sentence in text.split("\n\n"):
            assert " ".join(sentence.split()) in shown


@pytest.mark.parametrize(("words", "command"), ALL, ids=NAMES)
def test_every_command_and_option_says_what_it_is_in_a_sentence_that_ends(words, command):
    texts = [command.help, *(option.help for option in command.params if option.name != "help")]
    for text in texts:
        assert text, words
        assert text.rstrip().endswith("."), text


def test_the_help_of_fetch_names_the_section_in_brackets(capsys):
    assert main(["city", "fetch", "--help"]) == 0
    assert "[city]" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "named"), [
    (["policy", "lsit"], "lsit"), (["facts", "show"], "fact_id"), (["run", "--days", "many"], "--days"),
    (["verify"], "folder"), (["study", "explore", "--prot", "1"], "--prot"), (["bench", "--quikc"], "--quikc"),
])  # fmt: skip
def test_a_command_misused_is_two_lines_and_exit_2(words, named, capsys):
    assert main(words) == 2
    said = capsys.readouterr()
    first, second = said.err.splitlines()
    assert first.startswith(f"privacysim {words[0]}: ")
    assert named in first
    assert second == f"  Help: privacysim {words[0]} --help"
    assert said.out == ""


@pytest.mark.parametrize("kind", [KeyboardInterrupt, typer.Abort])  # versions of typer differ in what Ctrl-C becomes
def test_an_interruption_is_one_line_and_exit_130(kind, monkeypatch, capsys):
    def stopped(*_, **__):
        raise kind

    monkeypatch.setattr(import_module("privacysim.study"), "verify", stopped)
    assert main(["verify", "anything"]) == 130
    assert capsys.readouterr().err.strip() == "Interrupted; nothing that looks complete was left behind."


def test_an_error_of_ours_is_its_own_text_whatever_its_kind(monkeypatch, capsys):
    text = "here: broken.\n  Fix: correct it."

    def broken(*_, **__):
        raise ResultsError(text)

    monkeypatch.setattr(import_module("privacysim.study"), "verify", broken)
    assert main(["verify", "anything"]) == 2
    assert capsys.readouterr().err == text + "\n"


def test_a_name_that_no_disk_takes_is_two_lines_and_exit_2(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["notebook", "new", "n" * 300]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"privacysim notebook: {os.strerror(errno.ENAMETOOLONG)}: nnn")
    assert len(first) < 140, "a name that long is not said in full"
    assert second == "  Fix: name another file or folder, or change its permissions."
    assert not list(tmp_path.iterdir())


def test_the_program_exits_with_what_the_command_returned(capsys):
    for words, status in ((["--version"], 0), (["nothing"], 2)):
        with pytest.raises(SystemExit) as stopped:
            run(words)
        assert stopped.value.code == status
    assert capsys.readouterr().out.startswith("privacysim ")


@pytest.mark.parametrize("words", [["facts", "list"], ["--version"]])
def test_a_reader_that_went_away_is_no_error(words):
    # the pipe is closed before anything is written: as with `| true`, or `| head` on a long list
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "privacysim", *words], stdout=writer, stderr=subprocess.PIPE,
                          text=True, cwd=Path(door.__file__).parents[2], timeout=120, check=False)  # fmt: skip
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 0
