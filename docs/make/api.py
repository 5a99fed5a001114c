"""Python reference: one page for each package, in the order of the data flow."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import privacysim

GROUND = ("errors", "units", "resources", "vocabulary", "draws", "stats", "tables", "facts", "fact_laws", "files")
ROOMS = (
    "identify", "law", "policy", "scenario", "readers", "city", "people", "sight", "world", "governance", "exposure",
    "attacks", "metrics", "simulation", "figures", "results", "study", "validation", "robustness", "report", "tracks",
    "masklab", "explorer",
)


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """One page for the names of `import privacysim as ps`, one for each package, one for the top-level modules."""
    rooms = [room for room in ROOMS if _is_there(room)]
    rows = "\n".join(f"| `ps.{name}` | {_first(getattr(privacysim, name))} |" for name in privacysim.__all__)
    tree = "\n".join(f"api/{room}" for room in (*rooms, "ground"))
    yield "api.md", (
        "# Python\n\n`import privacysim as ps` gives these names; each imports its module on first use.\n\n"
        f"| name | what it is |\n|---|---|\n{rows}\n\nThe rooms, in the order in which the data flows:\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n{tree}\n```\n"
    )
    for room in rooms:
        yield f"api/{room}.rst", _room(room)
    yield "api/ground.rst", _title("The ground floor") + "\n".join(_module(f"privacysim.{name}") for name in GROUND)


def _is_there(room: str) -> bool:
    return (Path(privacysim.__file__).parent / room / "__init__.py").is_file() or (
        Path(privacysim.__file__).parent / room
    ).is_dir()


def _room(room: str) -> str:
    module = import_module(f"privacysim.{room}")
    if getattr(module, "__all__", None):
        return _title(room) + _module(f"privacysim.{room}", imported=True)
    folder = Path(privacysim.__file__).parent / room
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__" and "kernel" not in path.stem)
    return _title(room) + "\n".join(_module(f"privacysim.{room}.{name}") for name in names)


def _title(text: str) -> str:
    return f"{text}\n{'=' * len(text)}\n\n"


def _module(name: str, imported: bool = False) -> str:
    head = name if not imported else ""
    lines = [head, "-" * len(head), ""] if head else []
    options = ["   :members:"] + (["   :imported-members:"] if imported else [])
    return "\n".join([*lines, f".. automodule:: {name}", *options, "", ""])


def _first(thing: object) -> str:
    text = (thing.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(text.split()).replace("|", "\\|")
