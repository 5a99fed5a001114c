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
