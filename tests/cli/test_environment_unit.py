"""The command in odd surroundings: encodings, closed and full outputs, signals, broken files, numbers out of range."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from privacysim.cli import main as entry
from privacysim.cli.main import main

SHOW = ["facts", "show", "cameras_per_1000"]


def command(*arguments: str, **how) -> subprocess.CompletedProcess:
    how.setdefault("env", os.environ | how.pop("more", {}))
    return subprocess.run([sys.executable, "-m", "privacysim", *arguments], stderr=subprocess.PIPE, timeout=120,
                          check=False, **how)  # fmt: skip


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_what_an_encoding_cannot_show_is_replaced(encoding):
    done = command("--help", stdout=subprocess.PIPE, more={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0, done.stderr
    assert b"privacysim run" in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_output_is_one_sentence_and_exit_2():
    with Path("/dev/full").open("w") as full:
        done = command("--help", stdout=full)
    assert done.returncode == 2
    assert done.stderr.decode().strip() == "privacysim: the output cannot be written: No space left on device"


def test_a_closed_output_loses_the_output_alone():
    shell = f"{sys.executable} -m privacysim {' '.join(SHOW)} >&-"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["policies", "scenarios", "studies"])
def test_one_broken_file_does_not_break_a_list(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sim" / kind).mkdir(parents=True)
    (tmp_path / "sim" / kind / "mine.toml").write_text('id = "../mine"\n')
    (tmp_path / "sim" / kind / "odd.toml").write_bytes(b"\x00\xff")
    group = {"policies": "policy", "scenarios": "scenario", "studies": "study"}[kind]
    assert main([group, "list"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) >= 4
    assert said.err.count("cannot be used") == 2


@pytest.mark.parametrize("arguments", [
    ["study", "frontier", "--variants", "0"], ["study", "frontier", "--replicates", "0"],
    ["study", "frontier", "--confirm", "0"], ["study", "explore", "--port", "70000"],
])  # fmt: skip
def test_numbers_out_of_range_are_refused_before_anything_runs(arguments, capsys):
    assert main(arguments) == 2
    assert "Invalid value" in capsys.readouterr().err


def test_the_end_of_a_file_is_not_taken_for_an_interruption(monkeypatch):
    def broken(name):
        raise typer.Abort from EOFError("Ran out of input")

    monkeypatch.setattr(entry, "click_command", broken)
    with pytest.raises(EOFError, match="Ran out of input"):
        main(SHOW)


def test_sigterm_removes_what_is_half_written(tmp_path):
    code = ("import sys, time; from pathlib import Path; from privacysim.cli import main; "
            "from privacysim.files import whole_file\n"
            "def wait(arguments):\n"
            "    with whole_file(Path('video.mp4')) as part:\n"
            "        part.write_text('half'); time.sleep(60)\n"
            "main._call = lambda name, arguments: wait(arguments)\n"
            "try:\n    main.run(['mask'])\nexcept KeyboardInterrupt:\n    sys.exit(130)\n")  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    until = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.02)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 130
    assert not list(tmp_path.iterdir())
