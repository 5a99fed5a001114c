"""Exports every sentence that users may read: `python tools/sentences.py [OUT.txt]`.

Each sentence has one line with its place, kind and text. The kinds are docstring, message (any text in the code:
errors, help, titles), table (titles and notes in data and sim files), page (README, docs) and notebook. An editor can
read the file from beginning to end; comparing two exports with `diff` shows the sentences that changed.
"""

from __future__ import annotations

import ast
import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"(])")
_WORDS = re.compile(r"[A-Za-z]{2,}\W+[A-Za-z]{2,}\W+[A-Za-z]{2,}")
Sentence = tuple[str, str, str]


def sentences(text: str) -> Iterator[str]:
    """Sentences of a text, without code blocks and doctests."""
    text = re.sub(r"```.*?```", " ", text, flags=re.DOTALL)
    rows = [row for row in text.splitlines() if not row.lstrip().startswith((">>>", "...", "|--", "---"))]
    for block in re.split(r"\n\s*\n", "\n".join(rows)):
        for found in _END.split(" ".join(block.split())):
            if _WORDS.search(found):
                yield found


def of_code(path: Path) -> Iterator[Sentence]:
    """Docstrings and all other texts of three or more words."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    where = path.relative_to(ROOT).as_posix()
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body
            if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
                docstrings.add(id(body[0].value))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values]
            docstrings.update(id(part) for part in node.values)  # counted as part of the f-string
            for text in sentences("".join(parts)):
                yield f"{where}:{node.lineno}", "message", text
    seen = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in seen:
            kind = "docstring" if id(node) in docstrings else "message"
            for text in sentences(node.value):
                yield f"{where}:{node.lineno}", kind, text


def of_notebook(path: Path) -> Iterator[Sentence]:
    """Sentences of the Markdown cells."""
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        if cell["cell_type"] == "markdown":
            for text in sentences("".join(cell["source"])):
                yield f"{path.relative_to(ROOT).as_posix()}:cell {number}", "notebook", text


def of_toml(path: Path) -> Iterator[Sentence]:
    """Quoted texts and comments."""
    for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        quoted = re.findall(r'"([^"]*)"', row)
        comment = [row.partition("#")[2]] if row.lstrip().startswith("#") else []
        for part in quoted + comment:
            for text in sentences(part):
                yield f"{path.relative_to(ROOT).as_posix()}:{number}", "table", text


def of_csv(path: Path) -> Iterator[Sentence]:
    """Table cells with three or more words."""
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.reader(file), 1):
            for cell in row:
                for text in sentences(cell):
                    yield f"{path.relative_to(ROOT).as_posix()}:{number}", "table", text


def of_page(path: Path) -> Iterator[Sentence]:
    """The sentences of a Markdown page."""
    for text in sentences(path.read_text(encoding="utf-8")):
        yield path.relative_to(ROOT).as_posix(), "page", text


SOURCES = (
    ("privacysim/**/*.py", of_code), ("run.py", of_code), ("privacysim/**/*.toml", of_toml), ("sim/**/*.toml", of_toml),
    ("data/law/**/*.toml", of_toml), ("data/*.csv", of_csv), ("*.md", of_page), ("docs/**/*.md", of_page),
    ("notebooks/**/*.ipynb", of_notebook),
)  # fmt: skip


def everything() -> Iterator[Sentence]:
    """Every sentence of the project, in the order of `SOURCES`."""
    for pattern, reader in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            if not {"_site", ".venv"} & set(path.parts) and ".ipynb_checkpoints" not in path.parts:
                yield from reader(path)


if __name__ == "__main__":
    rows = [f"{where}\t{kind}\t{text}\n" for where, kind, text in everything()]
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text("".join(rows), encoding="utf-8")
        print(f"{len(rows)} sentences in {sys.argv[1]}")
    else:
        sys.stdout.writelines(rows)
