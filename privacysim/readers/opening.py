"""Reads untrusted files, compressed or not, up to the size that their kind may need, and XML element by element.

Untrusted files may be decompression bombs: 40 kB of zip can contain gigabytes. Unpacking therefore stops at a limit,
not at the size that the archive claims, and an archive inside an archive is refused. XML with a document type or an
entity is refused, which stops "billion laughs" and files that fetch other files; a reader whose files have a document
type may name it (`doctypes`). It must then be empty, and its reference is not read.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.parsers import expat

from privacysim.errors import InputError

MIB = 1 << 20
TEXT_LIMIT = 128 * MIB
"""CSV and XML are streamed."""
TREE_LIMIT = 32 * MIB
"""JSON becomes a tree of about twenty times its size: with 32 MiB it stays below 1 GiB."""
MOST_ROWS = 500_000
"""A place with its words takes about 1.2 kB before it becomes numbers in columns: so many stay below 1 GiB."""
XML_LIMIT = 1_024 * MIB
_TOKEN_LIMIT = 4 * MIB
_RATIO, _SMALL = 30, 16 * MIB
"""Extracts unpack to two to five times their size; below 16 MiB the ratio is not checked."""
_HEADER_LIMIT, _BLOB_LIMIT = 64 << 10, 33 * MIB
_CHUNK, _OSM_CHUNK = 1 << 16, 1 << 18
_MEMBERS = 1_000
_KINDS = {".kml", ".gpx", ".csv", ".tsv", ".txt", ".geojson", ".json", ".xml", ".plt"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DEPTH, _CHILDREN, _TEXT = 60, 200, 32 * MIB
"""Bounds of an XML element."""
_Stream = IO[bytes] | gzip.GzipFile | bz2.BZ2File


def recognised(path: Path) -> tuple[str, bytes]:
    """Kind of a file by its content (geopackage, xml, json or csv), and its unpacked content (b"" of a GeoPackage)."""
    with path.open("rb") as stream:
        if stream.read(16) == b"SQLite format 3\x00":
            return "geopackage", b""
    content = read_bytes(path)
    head = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<")):
        return "xml", content
    if head.startswith((b"{", b"[")):
        return "json", content
    if b"\x00" in head and not content.startswith(_UTF16):
        expected = "GPX, KML, GeoJSON, GeoPackage or CSV"
        raise InputError(str(path), expected, "binary data of another kind", "export it as one of these")
    return "csv", content


def read_bytes(path: Path) -> bytes:
    """Content of a file, decompressed (.gz, .bz2, .zip, .kmz); InputError if missing, broken or above 128 MiB."""
    if not path.is_file():
        raise InputError(str(path), "an existing file", "no such file", "check the path")
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
            if head == b"PK\x03\x04":
                return _from_zip(stream, path)
            return _within(_unpacked(stream, head), path)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise InputError(str(path), "a file that can be read whole", error, "fetch or save it again") from None


def _unpacked(stream: IO[bytes], head: bytes) -> _Stream:
    """Stream from its start, decompressed if `head` is that of gzip or bzip2."""
    stream.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=stream)
    return bz2.BZ2File(stream) if head.startswith(b"BZh") else stream


def _within(stream: _Stream, path: Path) -> bytes:
    parts, size = list[bytes](), 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > TEXT_LIMIT:
            got = "more than 128 MiB (unpacked)"
            raise InputError(str(path), "a file of at most 128 MiB", got, "cut the area out first")
        parts.append(chunk)
    return b"".join(parts)


def _from_zip(stream: IO[bytes], path: Path) -> bytes:
    with zipfile.ZipFile(stream) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        known = [info for info in members if Path(info.filename).suffix.lower() in _KINDS]
        if len(members) > _MEMBERS or len(known) != 1:
            got = f"{len(members)} files, {len(known)} of a kind that can be read"
            raise InputError(str(path), "an archive with one file to read", got, "unpack it and name the file")
        try:
            with archive.open(known[0]) as member:
                return _within(member, path)
        except (NotImplementedError, RuntimeError) as error:  # another method, or a password
            raise InputError(str(path), "a common kind of zip archive", error, "unpack it first") from None


def encoding_of(content: bytes) -> str:
    """UTF-16 if the file's byte order mark says so, else UTF-8 (undecodable bytes are then read as �)."""
    return "utf-16" if content.startswith(_UTF16) else "utf-8-sig"


def refuse_bombs(path: Path) -> None:
    """Raise an InputError for a map that unpacks to far more than a map of its size would.

    Missing, damaged or other files pass, because the reader reports them better.
    """
    try:
        with path.open("rb") as stream:
            if path.name.endswith(".pbf"):
                _refuse_pbf(stream, path)
            elif path.name.endswith((".osm", ".osm.gz", ".osm.bz2", ".xml")):
                _refuse_xml(_unpacked(stream, stream.read(3)), path)
    except (OSError, EOFError, zlib.error):
        return


def _refuse_xml(stream: _Stream, path: Path) -> None:
    size = since = 0
    while chunk := stream.read(_OSM_CHUNK):
        size += len(chunk)
        last = chunk.rfind(b">")
        longest = since + (chunk.find(b">") if last >= 0 else len(chunk))
        since = len(chunk) - last if last >= 0 else longest
        if longest > _TOKEN_LIMIT:
            got = f"one of more than {_TOKEN_LIMIT // MIB} MiB"
            raise InputError(str(path), "tags of a sensible length", got, "this is not a map; fetch it again")
        if size > XML_LIMIT:
            fix = "cut the area out first, or take .osm.pbf"
            raise InputError(str(path), f"XML of at most {XML_LIMIT // MIB} MiB", "more when unpacked", fix)


def _refuse_pbf(stream: IO[bytes], path: Path) -> None:
    """Add up the sizes that the blobs claim: [4 bytes length][BlobHeader: 3 = size of the blob][Blob: 2 = raw size]."""
    claimed = 0
    while len(length := stream.read(4)) == 4:
        size = int.from_bytes(length)
        body = _field(stream.read(size), 3) if size <= _HEADER_LIMIT else None
        if body is None or body > _BLOB_LIMIT:
            return
        start = stream.tell()
        claimed += _field(stream.read(min(body, 64)), 2) or 0
        stream.seek(start + body)
    if claimed > max(_SMALL, _RATIO * stream.tell()):
        got = f"{claimed // MIB} MiB in {max(1, stream.tell() // 1024)} KiB"
        expected = f"a map that unpacks to at most {_RATIO} times its size"
        raise InputError(str(path), expected, got, "this is not a map; fetch it again")


def _field(message: bytes, wanted: int) -> int | None:
    """Number in a field of a protobuf message; None if the end or a fixed-length field comes first."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        if key & 7 == 0 and key >> 3 == wanted:
            return value
        if key & 7 not in (0, 2):
            return None
        at += value if key & 7 == 2 else 0
    return None


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        byte = message[at] if at < len(message) else 0
        value, at = value | (byte & 127) << shift, at + 1
        if byte < 128:
            break
    return value, at


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
        for begin in range(0, max(len(content), 1), MIB):
            parser.Parse(content[begin : begin + MIB], begin + MIB >= len(content))
    except expat.ExpatError as error:
        place = f"{where}, line {error.lineno}"
        raise InputError(place, "well-formed XML", expat.ErrorString(error.code), "save or fetch it again") from None
    except InputError:
        raise
    except (ValueError, LookupError) as error:
        raise InputError(where, "XML in a known encoding", error, "save it in UTF-8") from None
    return root
