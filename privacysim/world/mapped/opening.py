"""The bytes of a file that somebody else made: never more than its kind may need, packed or not.

Files from strangers may be bombs: 40 kB of zip can hold gigabytes. So unpacking stops at a limit that belongs to the
kind of file, not at what the archive claims, and an archive inside an archive is refused.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import IO

from privacysim.errors import InputError

MIB = 1 << 20
TEXT_LIMIT = 128 * MIB
"""CSV and XML are read in a stream."""
TREE_LIMIT = 32 * MIB
"""JSON becomes a tree of about twenty times its size: with 32 MiB it stays below 1 GiB."""
MOST_ROWS = 500_000
"""A place with its words takes about 1.2 kB until it is a number in a column: so many stay below 1 GiB."""
_CHUNK = 1 << 16
_MEMBERS = 1_000
_ZIP, _GZIP, _BZ2 = b"PK\x03\x04", b"\x1f\x8b", b"BZh"
_KINDS = {
    ".kml", ".gpx", ".csv", ".tsv", ".txt", ".geojson", ".json", ".xml", ".plt",
}  # fmt: skip


def read_bytes(path: Path, limit: int = TEXT_LIMIT) -> bytes:
    """The content of a file, unpacked from .gz, .bz2, .zip or .kmz where it is packed; at most `limit` bytes.

    A missing file, one that is too big when unpacked, a broken archive: InputError.

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
            stream.seek(0)
            if head == _ZIP:
                return _from_zip(stream, path, limit)
            if head.startswith(_GZIP):
                return _within(gzip.GzipFile(fileobj=stream), path, limit)
            if head.startswith(_BZ2):
                return _within(bz2.BZ2File(stream), path, limit)
            return _within(stream, path, limit)
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
    """UTF-16 where the file says so with its mark, else UTF-8 (undecodable bytes are then read as �)."""
    return "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def kind_of(path: Path, content: bytes) -> str:
    """What a file is, by its content first and its name second: xml, json, geopackage, or csv."""
    head = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if content.startswith(b"SQLite format 3\x00"):
        return "geopackage"
    if head.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<")):
        return "xml"
    if head.startswith((b"{", b"[")):
        return "json"
    if b"\x00" in head and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        required = "GPX, KML, GeoJSON, GeoPackage or CSV"
        raise InputError(str(path), required, "binary data of another kind", "export it as one of these")
    return "csv"


def refuse_more(where: str, held: int) -> None:
    """Raise an InputError where a file holds more places than a machine of 1 GiB can take in at once."""
    if held >= MOST_ROWS:
        raise InputError(where, f"a file of at most {MOST_ROWS:,} places", "more",
                         "cut the area out first, or split the file")  # fmt: skip
