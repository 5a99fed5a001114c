"""A bar on a real terminal, where a result comes from, and tables that reach their place on any disk."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading

import pytest

from privacysim.results import manifest as provenance
from privacysim.study import progress
from privacysim.study.running import keep_tables, parts_folder


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of eighty columns: the stream to write to, and a function that gives what was shown on it."""
    ours, theirs = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    stream, shown = os.fdopen(theirs, "w", encoding="utf-8"), []

    def read() -> None:
        try:
            while data := os.read(ours, 4096):
                shown.append(data)
        except OSError:  # the other end was closed
            pass

    reader = threading.Thread(target=read)
    reader.start()

    def all_of_it() -> str:
        stream.close()
        reader.join(10)
        return b"".join(shown).decode("utf-8")

    yield stream, all_of_it
    stream.close()
    reader.join(10)
    os.close(ours)


def test_on_a_terminal_a_bar_counts_units_and_is_gone_at_the_end(terminal, monkeypatch):
    stream, all_of_it = terminal
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.progress_bar(3, None) as tell:
        for _ in range(3):
            tell(None)
    shown = all_of_it()
    assert "units of work" in shown
    assert "3/3" in shown
    assert shown.rindex("\x1b[2K") > shown.rindex("3/3"), "the line is erased last"


def test_where_nobody_looks_there_is_no_bar_unless_it_is_wished(capfd):
    with progress.progress_bar(2, None) as tell:
        tell(None)
    assert capfd.readouterr() == ("", "")
    with progress.progress_bar(2, True) as tell:
        tell(None)
    assert capfd.readouterr().out == "", "never among the results"


def test_the_commit_is_that_of_the_checkout_marked_where_files_were_changed(tmp_path, monkeypatch):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(tmp_path)]
    (tmp_path / "privacysim").mkdir()
    source = tmp_path / "privacysim" / "__init__.py"
    source.write_text("")
    monkeypatch.setattr(provenance, "PACKAGE", source.parent)
    assert provenance.commit() == "", "outside a checkout"
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *words], check=True)
    head = provenance.commit()
    assert re.fullmatch("[0-9a-f]{40}", head)
    (tmp_path / "untracked.txt").write_text("a result")
    assert provenance.commit() == head, "what a run writes is no change of the code"
    source.write_text("changed = True\n")
    assert provenance.commit() == head + "+"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.commit() == "", "no git on this machine"


def test_a_library_that_is_absent_is_said_to_be():
    found = provenance.versions(["numpy", "no-such-library-anywhere"])
    assert found["numpy"][0].isdigit()
    assert found["no-such-library-anywhere"] == "not installed"


@pytest.mark.parametrize("links", [True, False], ids=["a disk with links", "a disk without"])
def test_tables_of_the_replicates_that_count_reach_their_place_and_the_parts_stay(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("no hard links here")))
    parts = parts_folder(tmp_path / "r", "family", "seen", keep=True) / "tables"
    for replicate in (0, 1, 2):
        for block in (0, 1):
            path = parts / "acts" / f"r{replicate:05d}-b{block:05d}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{replicate} {block}".encode())
    place = tmp_path / "r" / "tables"
    (place / "old").mkdir(parents=True)
    keep_tables(parts, place, {0, 2})  # replicate 1 failed
    found = {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*.parquet")}
    assert found == {f"acts/r{k:05d}-b{b:05d}.parquet": f"{k} {b}".encode() for k in (0, 2) for b in (0, 1)}
    assert not (place / "old").exists(), "tables of an earlier run do not stay among them"
    assert len(list(parts.rglob("*.parquet"))) == 6, "until the manifest says that all is whole"
    parts_folder(tmp_path / "r", "other", "", keep=False)
    assert not parts.exists(), "a run that does not resume throws them away"
