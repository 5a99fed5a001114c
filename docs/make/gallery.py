"""Gallery: the figures of the notebooks, each with the cell that draws it. The pictures are those of their pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from make.notebooks import PICTURES, found, read, title_of


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """One page, a section for each notebook that draws something."""
    parts = [
        "# Gallery\n\nEach figure comes from a notebook of the repository, which states its data, its seed and its run "
        "time in its first cell. `python3 run.py test --notebooks` runs them all again. Open the code below a figure "
        "to see the cell that draws it. The cells before it are on the notebook's page."
    ]
    for name, path in found(docs):
        notebook = read(path)
        figures = list(_figures(notebook, name))
        if figures:
            facts = re.search(r"(?m)^Run time:.*$", notebook.cells[0].source)
            about = f"\n\n{facts[0]}" if facts else ""
            parts.append(f"## {title_of(notebook, name)}\n\nNotebook [{name}](notebooks/{name}.md).{about}")
            parts += figures
    yield "gallery.md", "\n\n".join(parts) + "\n"


def _figures(notebook: Any, name: str) -> Iterator[str]:
    heading = ""
    for n, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            heading = (re.findall(r"(?m)^##+ (.+)$", cell.source) or [heading])[-1]
        for m, output in enumerate(cell.get("outputs", [])):
            ending = next((PICTURES[kind] for kind in PICTURES if kind in output.get("data", {})), None)
            if ending is not None:
                what = heading or title_of(notebook, name)
                yield (
                    f"**{what}**\n\n![{what}](notebooks/{name}-{n}-{m}{ending})\n\n```{{raw}} html\n<details><summary>"
                    f"Code</summary>\n```\n\n```python\n{cell.source.strip()}\n```\n\n```{{raw}} html\n</details>\n```"
                )
