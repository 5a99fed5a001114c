"""`notebook new|run` and `study explore`: a file that runs, a page on this machine only, and their refusals."""

from __future__ import annotations

import json

import pytest

from privacysim.cli.main import main
from privacysim.explorer.notebook_files import as_notebook, index


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path, *cells):
    path.write_text(as_notebook(cells))
    return path


def test_a_new_notebook_is_the_template_under_its_name_and_is_never_replaced(here, capsys):
    assert main(["notebook", "new", "my_study"]) == 0
    assert capsys.readouterr().out == ("my_study.ipynb: written. Open it with `jupyter lab my_study.ipynb`, or run it: "
                                       "privacysim notebook run my_study.ipynb\n")  # fmt: skip
    import nbformat

    made = nbformat.read(here / "my_study.ipynb", as_version=4)
    nbformat.validate(made)
    assert made.cells[0].source.startswith("# my study\n")
    before = (here / "my_study.ipynb").read_bytes()
    assert main(["notebook", "new", "my_study"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "my_study.ipynb: expected a new file.", "  Got: one that exists", "  Fix: choose another name.",
    ]  # fmt: skip
    assert (here / "my_study.ipynb").read_bytes() == before


@pytest.mark.parametrize("name", ["a b", "what?", "", "folder/"])
def test_a_name_that_is_no_file_name_is_refused(name, here, capsys):
    assert main(["notebook", "new", name]) == 2
    assert capsys.readouterr().err.splitlines()[0] == "notebook new: expected a file name."
    assert not list(here.iterdir())


def test_a_notebook_run_with_other_parameters_lies_under_results_with_its_outputs(here, capsys):
    write(here / "nb.ipynb", ("code", "days = 30\nkeep = '30 d'", ["parameters"]), ("code", "print(days, keep)", []))
    before = (here / "nb.ipynb").read_bytes()
    assert main(["notebook", "run", "nb.ipynb", "-p", "days=7", "-p", "keep=3 d"]) == 0
    assert capsys.readouterr().out == "results/nb.ipynb: every cell ran.\n"
    ran = json.loads((here / "results" / "nb.ipynb").read_text())["cells"]
    assert "".join(ran[-1]["outputs"][0]["text"]) == "7 3 d\n"
    assert (here / "nb.ipynb").read_bytes() == before


@pytest.mark.parametrize(("words", "said"), [
    (["nowhere.ipynb"], ("notebook: expected a notebook file.", "Got: nowhere.ipynb", "name a file that exists")),
    (["text.ipynb"], ("text.ipynb: expected a notebook (JSON).", "Got: ", "open it in JupyterLab")),
    (["nb.ipynb", "-o", "nb.ipynb"], ("--out: expected another file than the notebook itself.", "name a new file")),
    (["nb.ipynb", "-p", "days"], ("-p: expected NAME=VALUE.", "Got: days", "-p days=7")),
    (["nb.ipynb", "-p", "days=7"], ("nb.ipynb, -p: expected a name from the cell tagged parameters.", "Got: days",
                                    "tag a cell with `parameters` in JupyterLab")),
])  # fmt: skip
def test_what_cannot_be_run_is_three_lines_and_nothing_is_written(words, said, here, capsys):
    write(here / "nb.ipynb", ("code", "days = 30", []))
    (here / "text.ipynb").write_text("this is no notebook")
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    assert main(["notebook", "run", *words]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 3
    assert all(part in error for part in said), error
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


def test_the_index_tells_title_question_and_time_of_each_notebook_and_escapes_their_names(tmp_path):
    first = "# How long\n\n**Question.** How long is it kept?\n\nRun time: two seconds. Data: none."
    (tmp_path / "more").mkdir()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    write(tmp_path / "more" / "b.ipynb", ("markdown", first, []))
    write(tmp_path / 'a"&b.ipynb', ("markdown", "Only words", []))
    write(tmp_path / "00_index.ipynb", ("markdown", "# Index", []))
    write(tmp_path / ".ipynb_checkpoints" / "b.ipynb", ("markdown", first, []))
    rows = index(tmp_path)
    assert rows.to_dict("records") == [
        {"notebook": '<a href="a&quot;&amp;b.ipynb">a&quot;&amp;b.ipynb</a>', "title": "", "question": "",
         "run time": ""},
        {"notebook": '<a href="more/b.ipynb">more/b.ipynb</a>', "title": "How long",
         "question": "How long is it kept?", "run time": "two seconds"},
    ]  # fmt: skip
    assert list(index(tmp_path / "nothing").columns) == ["notebook", "title", "question", "run time"]
