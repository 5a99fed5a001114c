"""Pages of the notebooks, with their committed outputs; nothing is run."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

PICTURES = {"image/png": ".png", "image/svg+xml": ".svg", "image/gif": ".gif"}


def found(docs: Path) -> list[tuple[str, Path]]:
    """Name and path of each notebook of the repository, sorted; `docs` is its folder of documentation."""
    folder = docs.parent / "notebooks"
    paths = [path for path in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]
    return [(path.relative_to(folder).with_suffix("").as_posix(), path) for path in paths]


def read(path: Path) -> Any:
    """A notebook with its committed outputs."""
    return nbformat.read(path, as_version=4)


def title_of(notebook: Any, name: str) -> str:
    """Its first heading, or else its name."""
    first = re.match(r"\s*# (.+)", notebook.cells[0].source)
    return first[1] if first else name.rsplit("/", 1)[-1].replace("_", " ")


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """One page for each notebook, and a list of them; pictures are written next to the pages."""
    for name, path in found(docs):
        yield f"notebooks/{name}.md", _page(read(path), docs / "made" / "notebooks", name)
    tree = "\n".join(f"notebooks/{name}" for name, _ in found(docs))
    yield "notebooks.md", (
        "# Notebooks\n\nEach states its question, its answer, its run time, data and seed first; the outputs below are "
        f"those that the tests compare.\n\n```{{toctree}}\n:maxdepth: 1\n{tree}\n```\n"
    )


def _page(notebook: Any, folder: Path, name: str) -> str:
    made = []
    for n, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            made.append(_links(cell.source))
        elif cell.cell_type == "code" and cell.source.strip():
            made.append(f"```python\n{cell.source.strip()}\n```")
            made += [_output(one, folder, f"{name}-{n}-{m}") for m, one in enumerate(cell.outputs)]
    text = "\n\n".join(one for one in made if one)
    return text + "\n" if text.lstrip().startswith("# ") else f"# {title_of(notebook, name)}\n\n{text}\n"


def _links(text: str) -> str:
    """Point links to notebooks at their pages, and turn other relative links into plain text."""
    text = re.sub(r"\]\(([\w./-]+)\.ipynb\)", r"](\1.md)", text)
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:|#|[\w./-]+\.md\))[^)]*\)", r"\1", text)


def _output(output: Any, folder: Path, name: str) -> str:
    if output.output_type == "stream":
        return _fenced(output.text) if output.name == "stdout" else ""
    data = output.get("data", {})
    for kind, ending in PICTURES.items():
        if kind in data:
            path = folder / f"{name}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            content = data[kind]
            path.write_bytes(content.encode() if ending == ".svg" else base64.b64decode(content))
            return f"![{_alt(data)}]({path.name})"
    if "text/html" in data and "<table" in data["text/html"] and "<script" not in data["text/html"]:
        return "```{raw} html\n" + data["text/html"].replace('.ipynb"', '.html"') + "\n```"
    if "text/markdown" in data:
        return str(data["text/markdown"])
    return _fenced(str(data.get("text/plain", "")))


def _alt(data: Any) -> str:
    return re.sub(r"[\[\]<>\n]", " ", str(data.get("text/plain", "figure")))[:120]


def _fenced(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).rstrip()
    fence = "````" if "```" in text else "```"
    return f"{fence}text\n{text}\n{fence}" if text else ""
