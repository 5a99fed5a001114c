"""Reads untrusted files, compressed or not, up to the size that their kind may need.

Files from strangers may be bombs: 40 kB of zip can hold gigabytes. Unpacking therefore stops at a limit for the kind
of file, not at the size that the archive claims, and an archive inside an archive is refused.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from privacysim.errors import InputError

MIB = 1 << 20
TEXT_LIMIT = 128 * MIB
"""CSV and XML are streamed."""
TREE_LIMIT = 32 * MIB
"""JSON becomes a tree of about twenty times its size: with 32 MiB it stays below 1 GiB."""
MOST_ROWS = 500_000
"""A place with its words takes about 1.2 kB before it becomes numbers in columns: so many stay below 1 GiB."""
_CHUNK = 1 << 16
_MEMBERS = 1_000
_ZIP, _GZIP, _BZ2 = b"PK\x03\x04", b"\x1f\x8b", b"BZh"
_KINDS = {".kml", ".gpx", ".csv", ".tsv", ".txt", ".geojson", ".json", ".xml", ".plt"}


def read_bytes(path: Path, limit: int = TEXT_LIMIT) -> bytes:
    """Read the content of a file, decompressing .gz, .bz2, .zip and .kmz; at most `limit` bytes.

    Raises InputError for a missing file, one that is too big when decompressed, or a broken archive.

    >>> import gzip, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv.gz").write_bytes(gzip.compress(b"lat,lon"))
    >>> read_bytes(folder / "a.csv.gz")
    b'lat,lon'
    """
    if not path.is_file():
        raise InputError(str(path), "an existing file", "no such file", "check the path")
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
            if head == _ZIP:
                stream.seek(0)
                return _from_zip(stream, path, limit)
            return _within(_opened(stream, head), path, limit)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise InputError(str(path), "a file that can be read whole", error, "fetch or save it again") from None


def _within(stream: IO[bytes] | gzip.GzipFile | bz2.BZ2File, path: Path, limit: int) -> bytes:
    parts, size = [], 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            got = f"more than {limit // MIB} MiB (unpacked)"
            raise InputError(str(path), f"a file of at most {limit // MIB} MiB", got, "cut the area out first")
        parts.append(chunk)
    return b"".join(parts)


def _from_zip(stream: IO[bytes], path: Path, limit: int) -> bytes:
    with zipfile.ZipFile(stream) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        known = [info for info in members if Path(info.filename).suffix.lower() in _KINDS]
        if len(members) > _MEMBERS or len(known) != 1:
            got = f"{len(members)} files, {len(known)} of a kind that can be read"
            raise InputError(str(path), "an archive with one file to read", got, "unpack it and name the file")
        if known[0].flag_bits & 0x1:
            raise InputError(str(path), "an archive without a password", known[0].filename, "unpack it first")
        try:
            with archive.open(known[0]) as member:
                return _within(member, path, limit)
        except (NotImplementedError, RuntimeError) as error:
            raise InputError(str(path), "a common kind of zip archive", error, "unpack it first") from None


def encoding_of(content: bytes) -> str:
    """UTF-16 if the file's byte order mark says so, else UTF-8 (undecodable bytes are then read as �)."""
    return "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def kind_of(path: Path, content: bytes) -> str:
    """Kind of a file, by its content first and its name second: xml, json, geopackage, or csv."""
    head = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if content.startswith(b"SQLite format 3\x00"):
        return "geopackage"
    if head.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<")):
        return "xml"
    if head.startswith((b"{", b"[")):
        return "json"
    if b"\x00" in head and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        expected = "GPX, KML, GeoJSON, GeoPackage or CSV"
        raise InputError(str(path), expected, "binary data of another kind", "export it as one of these")
    return "csv"


def refuse_more(where: str, held: int) -> None:
    """Raise an InputError if a file holds more places than a machine of 1 GiB can take in at once."""
    if held >= MOST_ROWS:
        raise InputError(where, f"a file of at most {MOST_ROWS:,} places", "more",
                         "cut the area out first, or split the file")  # fmt: skip


XML_LIMIT = 1_024 * MIB
_TOKEN_LIMIT = 4 * MIB
_OSM_CHUNK = 1 << 18
_RATIO, _SMALL = 30, 16 * MIB
"""Extracts unpack to two to five times their size; below 16 MiB the ratio is not checked."""
_HEADER_LIMIT, _BLOB_LIMIT = 64 << 10, 33 * MIB


def refuse_bombs(path: Path) -> None:
    """Raise an InputError for a file that unpacks to far more than a map of its size would.

    Missing, damaged or other files pass: the reader reports them better.
    """
    try:
        if path.name.endswith(".pbf"):
            with path.open("rb") as stream:
                _pbf(stream, path)
        elif path.name.endswith((".osm", ".osm.gz", ".osm.bz2", ".xml")):
            _xml(path)
    except (OSError, EOFError, zlib.error):
        return


def _xml(path: Path) -> None:
    size = since = 0
    for chunk in _unpacked(path):
        size += len(chunk)
        last = chunk.rfind(b">")
        longest = since + (chunk.find(b">") if last >= 0 else len(chunk))
        since = len(chunk) - last if last >= 0 else longest
        if longest > _TOKEN_LIMIT:
            raise InputError(str(path), "tags of a sensible length", f"one of more than {_TOKEN_LIMIT // MIB} MiB",
                             "this is no map: fetch it again")
        if size > XML_LIMIT:
            raise InputError(str(path), f"XML of at most {XML_LIMIT // MIB} MiB", "more when unpacked",
                             "cut the area out first, or take .osm.pbf")


def _unpacked(path: Path) -> Iterator[bytes]:
    with path.open("rb") as raw:
        packed = _opened(raw, raw.read(3))
        while chunk := packed.read(_OSM_CHUNK):
            yield chunk


def _opened(stream: IO[bytes], head: bytes) -> IO[bytes] | gzip.GzipFile | bz2.BZ2File:
    """Stream from its start, decompressed if `head` is that of gzip or bzip2."""
    stream.seek(0)
    if head.startswith(_GZIP):
        return gzip.GzipFile(fileobj=stream)
    return bz2.BZ2File(stream) if head.startswith(_BZ2) else stream


def _pbf(stream: IO[bytes], path: Path) -> None:
    """Add up the sizes that the blobs claim: [4 bytes length][BlobHeader: 3 = size of the blob][Blob: 2 = raw size]."""
    claimed = 0
    while len(length := stream.read(4)) == 4:
        size = int.from_bytes(length)
        if size > _HEADER_LIMIT:
            return
        body = _field(stream.read(size), 3)
        if body is None or body > _BLOB_LIMIT:
            return
        start = stream.tell()
        claimed += _field(stream.read(min(body, 64)), 2) or 0
        stream.seek(start + body)
    if claimed > max(_SMALL, _RATIO * stream.tell()):
        got = f"{claimed // MIB} MiB in {max(1, stream.tell() // 1024)} KiB"
        raise InputError(str(path), f"a map that unpacks to at most {_RATIO} times its size", got,
                         "this is no map: fetch it again")


def _field(message: bytes, wanted: int) -> int | None:
    """Number in a field of a protobuf message; None if the end or a long field comes first."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        if key >> 3 == wanted and key & 7 == 0:
            return value
        if key & 7 == 2:
            at += value
        elif key & 7 != 0:
            return None
    return None


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            break
    return value, at
