"""`privacysim notebook`: a new notebook is the template; another run replaces parameters and nothing else."""

from __future__ import annotations

import json

import pytest

from privacysim.errors import InputError
from privacysim.explorer.notebook_files import NotebookFailed, as_notebook, new_notebook, parameter, run_notebook
from privacysim.resources import shipped


@pytest.fixture
def notebook(tmp_path):
    def write(*cells):
        path = tmp_path / "nb.ipynb"
        path.write_text(as_notebook(cells))
        return path

    return write


def test_a_new_notebook_holds_the_template_and_never_replaces_one(tmp_path):
    import nbformat

    path = new_notebook("my_study", tmp_path)
    made = nbformat.read(path, as_version=4)
    assert made.metadata.kernelspec.name == "python3"
    assert made.cells[0].source.startswith("# my study")
    template = nbformat.read(shipped("notebooks/new_study.ipynb"), as_version=4)
    assert [cell.source for cell in made.cells[1:]] == [cell.source for cell in template.cells[1:]]
    assert made.cells[0].source.split("\n")[1:] == template.cells[0].source.split("\n")[1:]
    assert made.cells[1].metadata.tags == ["parameters"]
    assert not any(cell.get("outputs") for cell in made.cells)
    with pytest.raises(InputError, match="new file"):
        new_notebook("my_study.ipynb", tmp_path)


@pytest.mark.parametrize(("text", "value"), [
    ("days=7", ("days", 7)), ("retention=7 d", ("retention", "7 d")), ('x="7 d"', ("x", "7 d")),
    ("names=[\"a\", \"b\"]", ("names", ["a", "b"])), ("on=true", ("on", True)), ("r=0.5", ("r", 0.5)),
])  # fmt: skip
def test_a_parameter_is_a_toml_value_or_its_text(text, value):
    assert parameter(text) == value


@pytest.mark.parametrize("text", ["days", "=7", "a b=1"])
def test_what_is_no_parameter_is_an_error(text):
    with pytest.raises(InputError, match="NAME=VALUE"):
        parameter(text)


def test_parameters_replace_what_the_tagged_cell_assigns(notebook, tmp_path):
    path = notebook(("code", "days = 30\nseed = 1", ["parameters"]), ("code", "print(days, seed)", []))
    done = []
    out = run_notebook(path, tmp_path / "out.ipynb", {"days": 7}, tell=lambda n, of: done.append((n, of)))
    made, before = (json.loads(one.read_text())["cells"][-1]["outputs"] for one in (out, path))
    assert "".join(made[0]["text"]) == "7 1\n"
    assert done[-1] == (3, 3)
    assert before == []  # the original is as it was


def test_an_unknown_parameter_names_the_nearest_and_runs_nothing(notebook, tmp_path):
    path = notebook(("code", "retention = '7 d'", ["parameters"]))
    with pytest.raises(InputError, match="write retention"):
        run_notebook(path, tmp_path / "out.ipynb", {"retentoin": "3 d"})
    assert not (tmp_path / "out.ipynb").exists()


def test_a_failing_cell_is_named_in_few_lines_and_leaves_nothing(notebook, tmp_path):
    path = notebook(("code", "import privacysim as ps", []), ("code", "ps.Study('nope')", []))
    with pytest.raises(NotebookFailed, match="cell 2 of 2: InputError") as raised:
        run_notebook(path, tmp_path / "out.ipynb", {})
    assert len(str(raised.value).splitlines()) <= 3
    assert "Fix: choose one of" in str(raised.value)
    assert not (tmp_path / "out.ipynb").exists()


def test_a_notebook_is_never_written_over_itself(notebook):
    path = notebook(("code", "1", []))
    with pytest.raises(InputError, match="another file"):
        run_notebook(path, path, {})
