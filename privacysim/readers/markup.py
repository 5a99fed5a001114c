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
    reader = _Reader(where, on_end, on_start, doctypes)
    try:
        for begin in range(0, len(content), _CHUNK):
            reader.parser.Parse(content[begin : begin + _CHUNK], begin + _CHUNK >= len(content))
        if not content:
            reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        place = f"{where}, line {error.lineno}"
        raise InputError(place, "well-formed XML", expat.ErrorString(error.code), "save or fetch it again") from None
    except (ValueError, LookupError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(where, "XML in a known encoding", error, "save it in UTF-8") from None
    return reader.root


class _Reader:
    def __init__(self, where: str, on_end: Callable[[Element], None],
                 on_start: Callable[[Element], None] | None, doctypes: Collection[str]) -> None:
        self.where, self.on_end, self.on_start, self.doctypes = where, on_end, on_start, doctypes
        self.root = ""
        self.depth = 0
        self.open: Element | None = None
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._refuse

    def _doctype(self, name: str, _system: str | None, _public: str | None, has_inside: int) -> None:
        if has_inside or name not in self.doctypes:
            self._refuse()

    def _refuse(self, *_: object) -> None:
        place = f"{self.where}, line {self.parser.CurrentLineNumber}"
        raise InputError(place, "XML without a document type or entities", "<!DOCTYPE …>", "remove that declaration")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > _DEPTH:
            place = f"{self.where}, line {self.parser.CurrentLineNumber}"
            raise InputError(place, f"elements at most {_DEPTH} deep", "deeper", "this is no file of places")
        short = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        self.open = Element(name.rpartition(" ")[2], short, self.parser.CurrentLineNumber, self.open)
        if self.depth == 1:
            self.root = self.open.name
        if self.on_start:
            self.on_start(self.open)

    def _text(self, data: str) -> None:
        if self.open is None:
            return
        self.open.size += len(data)
        if self.open.size > _TEXT:
            place = f"{self.where}, line {self.parser.CurrentLineNumber}"
            raise InputError(place, "texts of at most 32 MiB", "a longer one", "cut the file")
        self.open.parts.append(data)

    def _end(self, _: str) -> None:
        done = self.open
        assert done is not None
        self.depth -= 1
        self.open = done.parent
        if done.parent is not None and len(done.parent.children) < _CHILDREN:
            done.parent.children[done.name] = done.text
        self.on_end(done)
