"""The README's first Python block does what it says."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_first_python_block_of_the_readme_runs():
    block = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    assert 3 <= len([line for line in block.group(1).splitlines() if line.startswith(">>>")]) <= 10
    test = doctest.DocTestParser().get_doctest(block.group(1), {}, "README", str(README), 0)
    outcome = doctest.DocTestRunner().run(test)
    assert outcome.attempted > 3
    assert outcome.failed == 0


def test_the_worked_policy_of_contributing_is_read_and_differs_as_it_says(tmp_path, monkeypatch, capsys):
    from privacysim.cli.main import main

    text = README.with_name("CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"```toml\n(# sim/policies/(\w+)\.toml\n.*?)```", text, re.DOTALL)
    assert block is not None
    (tmp_path / "sim" / "policies").mkdir(parents=True)
    (tmp_path / "sim" / "policies" / f"{block.group(2)}.toml").write_text(block.group(1), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["policy", "check", block.group(2)]) == 0
    capsys.readouterr()
    assert main(["policy", "diff", "order_799", block.group(2)]) == 0
    said = capsys.readouterr().out
    assert "7 d" in said
    assert "30 d" in said
