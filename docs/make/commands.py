"""Command reference, made from the output of `--help` so that the two agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from privacysim.cli.main import COMMANDS, USAGE, click_command


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """One page with every command, its arguments and options."""
    made = [f"# Commands\n\n`python3 run.py ANY…` is `privacysim ANY…` inside the set-up.\n\n```text\n{USAGE}\n```\n"]
    for name in COMMANDS:
        made += _command(f"privacysim {name}", click_command(name))
    yield "commands.md", "\n".join(made)


def _command(name: str, command: Any) -> list[str]:
    inner = getattr(command, "commands", {})
    if inner:
        return [text for word, one in inner.items() for text in _command(f"{name} {word}", one)]
    rows = [_row(option) for option in command.params if not getattr(option, "hidden", False) and option.name != "help"]
    table = ["| | what it is | default |", "|---|---|---|", *rows] if rows else []
    return [f"## {name}", "", _text(command.help or ""), "", *table, ""]


def _row(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts) if option.opts[0].startswith("-") else f"`{option.name}`"
    default = option.default if isinstance(option.default, (str, int, float)) and option.default is not False else ""
    needed = "needed" if option.required else default
    return f"| {names} | {_text(option.help or '')} | {needed} |"


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
