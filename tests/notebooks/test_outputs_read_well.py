"""Outputs of notebooks as a reader wants them: titles instead of ids, and no line that is broken in a word."""

from __future__ import annotations

import json
import re

import pytest

from privacysim import vocabulary
from privacysim.metrics import METRICS
from tests.notebooks.test_notebooks_are_kept import NOTEBOOKS, ROOT, code_cells, name_of, shown

WIDE = 88
"""Characters in a line of text before JupyterLab breaks it in the middle of a word."""
IDS = {*(path.stem for path in (ROOT.parent / "sim" / "policies").glob("*.toml")), *METRICS,
       *(word for words in vars(vocabulary).values() if isinstance(words, tuple) for word in words)}  # fmt: skip
ID = re.compile(r"(?<![\w/])(" + "|".join(sorted((re.escape(one) for one in IDS if "_" in one), reverse=True)) + r")(?!\w)")
TEACHES_IDS = {
    ("explorer.ipynb", "explorer.reform.toml()"): "the TOML file of a reform",
    ("new_study.ipynb", "reform.toml()"): "the TOML file of a reform",
    ("09_how_sure.ipynb", "except ps.InputError"): "an error repeats the name that the cell gave",
    ("11_own_parts.ipynb", "sorted(sim.logs)"): "the keys of the logs",
    ("11_own_parts.ipynb", "sim.metrics.head()"): "the raw table of metrics, as your own code reads it",
    ("11_own_parts.ipynb", "results.metrics.query("): "the same table for a metric of your own",
    ("11_own_parts.ipynb", "with_drone.logs.items()"): "the keys of the logs",
}
"""Cells that teach what a reader types: their output may show ids and wide lines, and must still show an id.

The last cell of each notebook may show ids, because it gives the command that runs the study again.
"""


@pytest.fixture(params=NOTEBOOKS, ids=name_of)
def notebook(request):
    return request.param, json.loads(request.param.read_text(encoding="utf-8"))


def teaches(path, source):
    return any(name == name_of(path) and part in source for name, part in TEACHES_IDS)


def test_no_line_of_an_output_is_too_wide(notebook):
    path, content = notebook
    for cell in code_cells(content):
        for out in [] if teaches(path, "".join(cell["source"])) else cell["outputs"]:
            lines = [] if "text/html" in out.get("data", ()) else shown(out).splitlines()
            assert not [line for line in lines if len(line) > WIDE], "print with textwrap.fill, or show ps.readable(table)"


def test_outputs_have_titles_and_no_ids(notebook):
    path, content = notebook
    for cell in code_cells(content)[:-1]:
        source = "".join(cell["source"])
        if not teaches(path, source):
            found = {one for out in cell["outputs"] for one in ID.findall(shown(out))}
            assert not found, f"{source[:60]}: show titles instead: ps.readable(table, titles)"


def test_a_cell_that_teaches_ids_is_there_and_shows_some():
    for name, part in TEACHES_IDS:
        cells = [cell for cell in code_cells(json.loads((ROOT / name).read_text(encoding="utf-8")))
                 if part in "".join(cell["source"])]  # fmt: skip
        assert any(ID.search(shown(out)) for cell in cells for out in cell["outputs"]), f"{name}: no longer exempt"
