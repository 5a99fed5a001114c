"""Converts docstrings (plain text with `code`, doctests, lists and indented blocks) to safe reStructuredText.

Docstrings are written to be read in an editor, without markup, so stars, bars and trailing underscores are literal
characters.
"""

from __future__ import annotations

import re

_CODE = re.compile(r"(`+)(.+?)\1")
_ARRAY = re.compile(r"~?[\w.]*ndarray\[tuple\[[^\]]*\], ~?[\w.]*dtype\[~?(?:[\w.]*\.)?(\w+)\]\]")
_NO_PYTHON = re.compile(r"= (<[^>]*>|Empty DataFrame.*?Index: \[\])", re.DOTALL)
_ITEM = re.compile(r"^\s*([-*•]|\d+[.)])\s+")


def as_rst(app: object, what: str, name: str, found: object, options: object, lines: list[str]) -> None:
    """Sphinx's hook: rewrites `lines` in place."""
    lines[:] = rst("\n".join(lines)).split("\n")


def short_types(app: object, what: str, name: str, found: object, options: object, given: str | None,
                returned: str | None) -> tuple[str | None, str | None]:  # fmt: skip
    """Sphinx's hook: arrays of any shape become `NDArray[float64]`, and defaults that are no Python `...`."""
    said = [_NO_PYTHON.sub("= ...", _ARRAY.sub(r"NDArray[\1]", text)) if text else text for text in (given, returned)]
    return said[0], said[1]


def rst(text: str) -> str:
    """Convert a docstring to reStructuredText, paragraph by paragraph."""
    return "\n\n".join(_block(block) for block in re.split(r"\n\s*\n", text.strip("\n")) if block.strip()) + "\n"


def _block(block: str) -> str:
    rows = block.split("\n")
    if rows[0].lstrip().startswith(">>>"):
        return _literal(rows, "python")
    if all(row.startswith((" ", "\t")) for row in rows) and not _ITEM.match(rows[0]):
        return _literal(rows, "text")
    return _prose(rows)


def _literal(rows: list[str], language: str) -> str:
    edge = min(len(row) - len(row.lstrip()) for row in rows if row.strip())
    return "\n".join([f".. code-block:: {language}", "", *(f"   {row[edge:]}" for row in rows)])


def _prose(rows: list[str]) -> str:
    """Convert a paragraph, which may be followed by a list, an indented table or a doctest."""
    made: list[str] = []
    previous = ""
    for n, row in enumerate(rows):
        if row.lstrip().startswith(">>>"):
            return "\n".join(made) + "\n\n" + _literal(rows[n:], "python")
        item = _ITEM.match(row)
        if item and previous != "item":
            made.append("")
        if item:
            made.append("- " + _inline(row[item.end():]))
            previous = "item"
        elif previous == "item" and row.startswith((" ", "\t")):
            made.append("  " + _inline(row.strip()))
        elif row.startswith((" ", "\t")) and previous == "text":
            return "\n".join(made) + "\n\n" + _block("\n".join(rows[n:]))
        else:
            made += ([""] if previous == "item" else []) + [_inline(row.strip())]
            previous = "text"
    return "\n".join(made)


def _inline(text: str) -> str:
    made, at = [], 0
    for code in _CODE.finditer(text):
        made += [_plain(text[at:code.start()]), f"``{code.group(2).strip() or ' '}``\\ "]
        at = code.end()
    return "".join([*made, _plain(text[at:])])


def _plain(text: str) -> str:
    return re.sub(r"([\\*|`])|_(?=\W|$)", lambda found: "\\" + found.group(0), text)
