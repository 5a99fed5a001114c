"""Notebooks as a reader finds them: run, checked where they say so, with question, answer, run time and provenance."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(path for path in ROOT.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
CHECK = "NBVAL_CHECK_OUTPUT"


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(params=NOTEBOOKS, ids=name_of)
def notebook(request):
    return request.param, json.loads(request.param.read_text(encoding="utf-8"))


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]


def shown(out):
    """What a reader sees of an output, as text: HTML before plain text, and nothing for a picture or a widget."""
    data = out.get("data", {"text/plain": out.get("text", "")})
    if any(kind.startswith(("image/", "application/")) for kind in data):
        return ""
    return "".join(data.get("text/html", data["text/plain"]))


def test_there_are_notebooks():
    assert {"00_index.ipynb", "01_first_run.ipynb", "new_study.ipynb"} <= {name_of(path) for path in NOTEBOOKS}


def test_every_cell_was_run_and_none_failed(notebook):
    # nbval never compares a cell whose execution count is null, not even in strict mode: such a check checks nothing
    for cell in code_cells(notebook[1]):
        assert cell["execution_count"], f"not run: {''.join(cell['source'])[:60]}"
        assert not [out for out in cell["outputs"] if out["output_type"] == "error"]


def test_a_checked_cell_has_something_to_check(notebook):
    checked = [cell for cell in code_cells(notebook[1]) if CHECK in "".join(cell["source"])]
    assert checked, "no cell is checked: the notebook could rot unseen"
    for cell in checked:
        text = "".join(map(shown, cell["outputs"]))
        assert text.strip(), f"checked, but shows nothing: {''.join(cell['source'])[:60]}"
        assert not re.search(r"(?<!\w)(nan|NaN) (nan|NaN) (nan|NaN)", text)


def test_the_kernel_is_one_that_everybody_has(notebook):
    assert notebook[1]["metadata"]["kernelspec"]["name"] == "python3"


def test_the_first_cell_says_the_question_and_the_last_where_numbers_come_from(notebook):
    path, content = notebook
    first = "".join(content["cells"][0]["source"])
    assert first.startswith("# ")
    if path.name != "00_index.ipynb":
        for word in ("**Question.**", "**Answer in one paragraph.**", "Run time:", "Seed"):
            assert word in first, word
    assert content["cells"][-1]["cell_type"] == "code"
    assert "## Sources" in "".join(content["cells"][-2]["source"])


def test_no_output_shows_a_path_of_the_machine_that_made_it(notebook):
    text = json.dumps([out for cell in code_cells(notebook[1]) for out in cell["outputs"]])
    assert not re.search(r"(/home/|/root/|/Users/|/work/|/tmp/|C:\\\\)", text)


def test_every_link_to_a_file_leads_somewhere(notebook):
    path, content = notebook
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            for target in re.findall(r"\]\(([^)#]+)\)", "".join(cell["source"])):
                if "://" not in target:
                    assert (path.parent / target).exists(), target


def test_every_name_that_a_notebook_takes_from_the_package_is_still_there(notebook):
    # a notebook is the only caller of some public functions, and it is run long after the unit tests
    for cell in code_cells(notebook[1]):
        lines = "".join(cell["source"]).splitlines()
        source = "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in lines)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "privacysim":
                module = importlib.import_module(str(node.module))
                missing = [alias.name for alias in node.names if not hasattr(module, alias.name)
                           and importlib.util.find_spec(f"{node.module}.{alias.name}") is None]  # fmt: skip
                assert not missing, f"{node.module} has no {', '.join(missing)}"


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.parent.name == "reproduce"], ids=name_of)
def test_a_reproduction_states_theirs_ours_the_difference_and_a_verdict_in_one_checked_table(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    tables = [shown(out) for cell in code_cells(content) if CHECK in "".join(cell["source"])
              for out in cell["outputs"]]  # fmt: skip
    words = ("ours", "difference", "verdict")
    assert any(all(word in table for word in words) and ("theirs" in table or "bound" in table) for table in tables)
