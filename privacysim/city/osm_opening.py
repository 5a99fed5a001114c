"""Is this file safe to hand to the reader of OpenStreetMap's formats? Asked before anything of it is unpacked whole.

libosmium refuses entities, long tags and blobs beyond the standard's 32 MiB. What it does not refuse: a token of half a
gigabyte (its XML reader begins anew with each piece of it, so that minutes pass), XML without end from a small archive,
and a PBF of a few kilobytes whose blobs unpack to gigabytes of points. So XML is looked through in a stream, and of PBF
the sizes are read that its blobs claim (libosmium fails where a blob holds more than it claims).
"""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from privacysim.errors import InputError

_MIB = 1 << 20
XML_LIMIT = 1_024 * _MIB
_TOKEN_LIMIT = 4 * _MIB
_CHUNK = 1 << 18
_RATIO, _SMALL = 30, 16 * _MIB
"""Extracts unpack to two to five times their size; what stays below 16 MiB may do as it likes."""
_HEADER_LIMIT, _BLOB_LIMIT = 64 << 10, 33 * _MIB


def refuse_bombs(path: Path) -> None:
    """Raise an InputError for a file that unpacks to far more than a map of its size would.

    Missing, damaged or of another kind is not asked here: the reader says it better.
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
            raise InputError(str(path), "tags of a sensible length", f"one of more than {_TOKEN_LIMIT // _MIB} MiB",
                             "this is no map: fetch it again")
        if size > XML_LIMIT:
            raise InputError(str(path), f"XML of at most {XML_LIMIT // _MIB} MiB", "more when unpacked",
                             "cut the area out first, or take .osm.pbf")


def _unpacked(path: Path) -> Iterator[bytes]:
    with path.open("rb") as raw:
        head = raw.read(3)
        raw.seek(0)
        packed: IO[bytes] | gzip.GzipFile | bz2.BZ2File = raw
        if head.startswith(b"\x1f\x8b"):
            packed = gzip.GzipFile(fileobj=raw)
        elif head == b"BZh":
            packed = bz2.BZ2File(raw)
        while chunk := packed.read(_CHUNK):
            yield chunk


def _pbf(stream: IO[bytes], path: Path) -> None:
    """Add up what the blobs claim to hold: [4 bytes length][BlobHeader: 3 = size of the blob][Blob: 2 = raw size]."""
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
        got = f"{claimed // _MIB} MiB in {max(1, stream.tell() // 1024)} KiB"
        raise InputError(str(path), f"a map that unpacks to at most {_RATIO} times its size", got,
                         "this is no map: fetch it again")


def _field(message: bytes, wanted: int) -> int | None:
    """The number in a field of a protobuf message; None where it does not come before the end or a long field."""
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
