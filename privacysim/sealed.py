"""Sealed files: stored values begin with the digest of their text, and are used only if it matches.

Parts of a run, pilots, worlds of the register and the description of a cached city are kept in this one form. A
truncated, altered or differently formed file counts as missing and is computed again.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from privacysim.errors import ResultsError, say_once
from privacysim.files import write_whole
from privacysim.resources import cache_folder

_HEAD = b'{"sha256": "%s", "value":\n'
_TAIL = b"\n}\n"


def sealed_text(value: object) -> bytes:
    """Text of a sealed file: valid JSON, whose first entry is the digest of the second; floats keep every bit."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return _HEAD % hashlib.sha256(body).hexdigest().encode() + body + _TAIL


def keep(path: Path, value: object) -> None:
    """Write plain data to a sealed file."""
    write_whole(path, sealed_text(value))


def kept(path: Path) -> Any:
    """Read the value of a sealed file; None if it is missing, damaged, or not sealed."""
    try:
        content = path.read_bytes()
        body = content[len(_HEAD % bytes(64)) : -len(_TAIL)]
        whole = content == _HEAD % hashlib.sha256(body).hexdigest().encode() + body + _TAIL
        return json.loads(body) if whole else None
    except (OSError, ValueError, RecursionError):
        return None


def cache_file(kind: str, *depends_on: str) -> Path:
    """Cache file for a value that depends only on these texts."""
    mark = hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()
    return cache_folder() / kind / f"{mark[:16]}.json"


def offer(path: Path, value: object) -> None:
    """Store a value in the cache; if it cannot be written, print a note once, because the value itself is not lost."""
    try:
        keep(path, value)
    except ResultsError as error:
        say_once(f"The cache is not used: {error}")
