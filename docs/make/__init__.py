"""Generates pages of the site from the package itself, so that they are always up to date."""

from __future__ import annotations

import shutil
from pathlib import Path

from make import api, claims, commands, forms, front, gallery, notebooks, numbers, proof

MADE = "made"
"""Folder under docs/ for generated pages; git ignores it."""


def everything(docs: Path) -> None:
    """Write all generated pages."""
    folder = docs / MADE
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for module in (api, commands, forms, numbers, notebooks, gallery, claims, front, proof):
        for name, text in module.pages(docs):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
