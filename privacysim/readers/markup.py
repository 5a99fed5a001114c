"""Reads untrusted XML element by element, protected against malicious content.

It refuses document types and with them all entities, which stops "billion laughs" and files that fetch other files. A
reader whose files carry a document type may name it (`doctypes`): it must then be empty, and what it refers to is not
read. Depth, children and text are bounded; names lose their namespace. Only what one element needs is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from privacysim.errors import InputError

_DEPTH = 60
_CHILDREN = 200
_TEXT = 32 << 20
_CHUNK = 1 << 20


@dataclass(slots=True)
class Element:
    """Element at its end: name, attributes, text, the texts of its own children, and the line where it began."""

    name: str
    attributes: Mapping[str, str]
    line: int
    parent: Element | None
    parts: list[str] = field(default_factory=list)
    children: dict[str, str] = field(default_factory=dict)
    size: int = 0

    @property
    def text(self) -> str:
        """Own text, stripped of blanks."""
        return "".join(self.parts).strip()

    def above(self, name: str) -> Element | None:
        """Nearest enclosing element of that name."""
        outer = self.parent
        while outer is not None and outer.name != name:
            outer = outer.parent
        return outer


def read_xml(content: bytes, where: str, on_end: Callable[[Element], None],
             on_start: Callable[[Element], None] | None = None, doctypes: Collection[str] = ()) -> str:
    """Call `on_end` for each element in the order of their ends; returns the root's name.

    Raises InputError, with the line, for XML that is malformed, too deep, or has a document type or an entity.

    >>> read_xml(b"<gpx><wpt lat='1'/></gpx>", "a.gpx", lambda e: print(e.name, dict(e.attributes)))
    wpt {'lat': '1'}
    gpx {}
    'gpx'
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    opened: list[Element] = []
    root = ""

    def refuse(expected: str, got: str, fix: str) -> None:
        raise InputError(f"{where}, line {parser.CurrentLineNumber}", expected, got, fix)

    def entity(*_: object) -> None:
        refuse("XML without a document type or entities", "<!DOCTYPE …>", "remove that declaration")

    def doctype(name: str, _system: str | None, _public: str | None, has_inside: int) -> None:
        if has_inside or name not in doctypes:
            entity()

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(opened) == _DEPTH:
            refuse(f"elements at most {_DEPTH} deep", "deeper", "this is not a file of places")
        short = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        parent = opened[-1] if opened else None
        opened.append(Element(name.rpartition(" ")[2], short, parser.CurrentLineNumber, parent))
        if on_start:
            on_start(opened[-1])

    def text(data: str) -> None:
        if opened:
            opened[-1].size += len(data)
            if opened[-1].size > _TEXT:
                refuse("texts of at most 32 MiB", "a longer one", "cut the file")
            opened[-1].parts.append(data)

    def end(_: str) -> None:
        nonlocal root
        done = opened.pop()
        root = done.name
        if opened and len(opened[-1].children) < _CHILDREN:
            opened[-1].children[done.name] = done.text
        on_end(done)

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler, parser.EntityDeclHandler = doctype, entity
    try:
        for begin in range(0, max(len(content), 1), _CHUNK):
            parser.Parse(content[begin : begin + _CHUNK], begin + _CHUNK >= len(content))
    except expat.ExpatError as error:
        place = f"{where}, line {error.lineno}"
        raise InputError(place, "well-formed XML", expat.ErrorString(error.code), "save or fetch it again") from None
    except InputError:
        raise
    except (ValueError, LookupError) as error:
        raise InputError(where, "XML in a known encoding", error, "save it in UTF-8") from None
    return root
