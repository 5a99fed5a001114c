"""Recognises columns by name, and words in them, in the spellings of other people's files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache

from privacysim.resources import shipped_rows

_HOLDERS = re.compile(r"^(?:tags|properties|attributes|fields|center|location|position|coordinates|geometry|coord)\.")
_TAG = re.compile(r"""(["'])([\w:.\- ]{1,80})\1\s*(?:=>|:)\s*(?:(["'])(.{0,500}?)\3(?=\s*[,}]|\s*$)|(-?[\d.]+))""")
"""One tag of a dictionary as Python, JSON or hstore write it."""


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Column name in lower case, without accents, the kind of separator, and a prefix such as `tags.`.

    >>> plain("tags.camera:direction"), plain("Camera Direction"), plain("Orientación")
    ('camera_direction', 'camera_direction', 'orientacion')
    """
    letters = unicodedata.normalize("NFKD", _HOLDERS.sub("", name.strip().casefold()))
    return re.sub(r"[\s:_\-]+", "_", "".join(one for one in letters if not unicodedata.combining(one)))


@cache
def column_names() -> dict[str, tuple[str, ...]]:
    """Plain column names that are recognised for each of ours, best first (`data/column_names.csv`)."""
    rows = shipped_rows("data/column_names.csv")
    return {row["ours"]: tuple(map(plain, row["recognised"].split("|"))) for row in rows}


def plain_words(words: Mapping[str, str]) -> dict[str, str]:
    """Words that are not empty, by plain column name; a column `tags` with a dictionary counts as its columns.

    >>> plain_words({"Direction": "90", "tags": "{'camera:type': 'dome', 'height': 4}"})
    {'direction': '90', 'camera_type': 'dome', 'height': '4'}
    """
    made: dict[str, str] = {}
    for name, text in words.items():
        if plain(name) in ("tags", "other_tags", "all_tags", "properties") and (tags := _TAG.findall(text)):
            made |= {plain(tag[1]): tag[3] or tag[4] for tag in tags}
        elif text.strip():
            made.setdefault(plain(name), text.strip())
    return made


def stated(low: Mapping[str, str], ours: str, columns: Mapping[str, str]) -> str:
    """First of the plain words that mean one of our names; empty if there is none."""
    names = (plain(columns[ours]),) if ours in columns else column_names()[ours]
    return next((low[name] for name in names if name in low), "")


@cache
def _known_words() -> dict[str, list[tuple[str, list[str]]]]:
    made: dict[str, list[tuple[str, list[str]]]] = {}
    for row in shipped_rows("data/camera_words.csv"):
        made.setdefault(row["column"], []).append((row["meaning"], [plain(word) for word in row["words"].split("|")]))
    return made


@lru_cache(maxsize=4096)
def meaning(column: str, text: str) -> str | None:
    """Meaning of a camera's cell (`data/camera_words.csv`): empty if irrelevant, None if it is unknown.

    >>> meaning("type", "PTZ (Pan Tilt Zoom) Camera"), meaning("type", "Camera"), meaning("type", "Foo")
    ('turning', '', None)
    """
    whole = "_".join(re.findall(r"[^\W_]+", plain(text)))
    for found, words in _known_words()[column]:
        for word in words:
            # languages without blanks join words; a direction must be the whole cell, since roads are named after it
            if whole == word or (column != "heading" and (f"_{word}_" in f"_{whole}_" or (
                    word > "\u1100" and word in whole))):  # fmt: skip
                return found
    return None
