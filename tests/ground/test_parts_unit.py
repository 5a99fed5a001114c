"""Parts from outside: hashed by what they do, whoever compiles them; shipped by value; refused in words."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from importlib.metadata import EntryPoint

import numpy as np
import pandas as pd
import pytest

from privacysim import parts
from privacysim.errors import InputError

TEXT = textwrap.dedent("""
    import re
    import numpy as np
    import pandas as pd
    LIMITS = {"a": {1, 2, "x"}, "b": frozenset(["q", "w"])}
    TABLE = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    WORD = re.compile("a+")

    def helper(x):
        return x * 2

    class Kept:
        factor = 3

        def __init__(self, value):
            self.value = value

        def go(self):
            return helper(self.value)

    def part(x, y=np.arange(3), *, z=None):
        if x in {"a", "b", "zz"} and WORD.match(x):
            return part("c")
        return helper(len(TABLE)) + np.sum(y) + Kept(2).go() + len(LIMITS["a"])
""")


def made(text: str = TEXT, name: str = "part"):
    space: dict = {"__name__": "__main__"}
    exec(compile(text, "<cell>", "exec"), space)
    return space[name]


def test_the_digest_is_the_same_in_a_cell_a_file_another_process_and_under_another_hash_seed(tmp_path):
    (tmp_path / "mine.py").write_text(TEXT, encoding="utf-8")
    code = "from privacysim import parts; from mine import part; print(parts.digest(part))"
    found = {parts.digest(made())}
    for seed in ("1", "44"):
        env = {**os.environ, "PYTHONHASHSEED": seed,
               "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "."), os.getcwd()])}
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
        found.add(ran.stdout.strip())
    assert len(found) == 1


@pytest.mark.parametrize(("old", "new"), [
    ("x * 2", "x * 3"), ("factor = 3", "factor = 4"), ('"x", "y"', '"x", "z"'), ("np.arange(3)", "np.arange(4)"),
    ('{1, 2, "x"}', '{1, 2}'), ('compile("a+")', 'compile("b+")'), ("z=None", "z=1"), ("np.sum", "np.max"),
])  # fmt: skip
def test_a_change_in_anything_that_the_part_reads_is_another_digest(old, new):
    assert old in TEXT
    assert parts.digest(made(TEXT.replace(old, new))) != parts.digest(made())


def test_layout_comments_and_what_the_part_does_not_read_do_not_count():
    other = TEXT.replace("return x * 2", "return (x   # twice\n            * 2)") + "\nUNREAD = 3\n"
    assert parts.digest(made(other)) == parts.digest(made())


def test_captured_values_two_lambdas_on_one_line_and_states_of_objects_count():
    def at_least(threshold):
        return lambda x: x >= threshold

    assert parts.digest(at_least(1)) != parts.digest(at_least(2))
    one, two = (lambda x: x + 1), (lambda x: x + 2)
    assert parts.digest(one) != parts.digest(two)
    kept = made(name="Kept")
    assert parts.digest(kept(1)) != parts.digest(kept(2))
    assert parts.digest(np.arange(3)) != parts.digest(np.arange(3, dtype=np.int32))
    assert parts.digest(pd.DataFrame({"a": [1]})) != parts.digest(pd.DataFrame({"b": [1]}))


def test_a_part_travels_by_value_and_keeps_its_digest(tmp_path, monkeypatch):
    (tmp_path / "own_module_of_a_test.py").write_text(TEXT, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    from own_module_of_a_test import part

    text = parts.shipped_bytes(part)
    (tmp_path / "part").write_bytes(text)
    code = ("import sys; from privacysim import parts; p = parts.from_bytes(open(sys.argv[1], 'rb').read()); "
            "print(parts.digest(p), p('c'))")  # fmt: skip
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path / "part")], capture_output=True, text=True,
                         check=True, cwd=os.getcwd())  # fmt: skip
    assert ran.stdout.split() == [parts.digest(part), str(part("c"))]


def test_what_cannot_be_hashed_or_shipped_is_refused_with_the_value_that_is_to_blame(tmp_path):
    lock, numbers = threading.Lock(), (n for n in range(3))
    with open(tmp_path / "x", "w") as file:
        for held in (lock, numbers, file):
            def part(x, held=held):
                return held

            with pytest.raises(InputError, match="part, a default") as error:
                parts.shipped_bytes(part)
            assert "inside the function" in str(error.value)


def test_a_helper_imported_inside_the_function_is_refused(tmp_path, monkeypatch):
    (tmp_path / "another_of_a_test.py").write_text("def h():\n    return 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    text = "def part(x):\n    import another_of_a_test\n    return another_of_a_test.h()\n"
    with pytest.raises(InputError, match="move `import another_of_a_test` to the top"):
        parts.digest(made(text))


def test_named_parts_come_from_entry_points_and_an_unknown_name_is_a_sentence(monkeypatch):
    points = [EntryPoint(name, value, "privacysim.metrics") for name, value in (("mine", "math:sqrt"), ("bad", "no:x"))]
    monkeypatch.setattr(parts, "installed", lambda group: points if group == "metrics" else [])
    assert parts.known_names("metrics") == ("bad", "mine")
    assert parts.named("metrics", "mine")(9.0) == 3.0
    with pytest.raises(InputError, match="write mine"):
        parts.named("metrics", "mnie")
    with pytest.raises(InputError, match="can be loaded"):
        parts.named("metrics", "bad")
