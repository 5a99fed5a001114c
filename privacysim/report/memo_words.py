"""The memo's own words in English and Chinese. Policies bring their titles; numbers come from the results."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from privacysim.files import read_toml
from privacysim.metrics import METRICS

LANGUAGES = ("en", "zh")
TAG = {"en": "en", "zh": "zh-CN"}
"""The language as documents name it."""


class Words:
    """What the memo says in one language: `words("key", name=value)` is a sentence with its blanks filled.

    >>> Words("en")("replicates", n=10)
    '10 paired replicates'
    """

    def __init__(self, lang: str) -> None:
        self.lang = lang
        known = _memo_words()
        self._own: Mapping[str, str] = known[lang]
        self._texts: Mapping[str, str] = {one["en"]: one["zh"] for one in known["text"]} if lang == "zh" else {}

    def __call__(self, key: str, **blanks: object) -> str:
        """The sentence of that key."""
        return self._own[key].format(**blanks)

    def text(self, english: str) -> tuple[str, str]:
        """A text that files hold in English: the translation, or the original marked as English."""
        if self.lang == "en":
            return english, ""
        found = self._texts.get(english)
        return (found, "") if found else (english, "en")

    def title(self, metric: str) -> str:
        """What a metric is called; in Chinese the English title where there is no translation."""
        english = METRICS[metric].title
        return self._own.get(f"metric_{metric}", english) if self.lang == "zh" else english

    def unit(self, metric: str) -> str:
        """The unit of a metric."""
        english = METRICS[metric].unit
        return self._own.get(f"unit_{english}", english) if self.lang == "zh" else english

    def direction(self, metric: str) -> str:
        """Which way is better, in words."""
        return self._own[f"direction_{METRICS[metric].direction}"]

    def word(self, kind: str, word: str) -> str:
        """A word of a closed list."""
        return self._own.get(f"{kind}_{word}", word.replace("_", " "))


@lru_cache(maxsize=1)
def _memo_words() -> dict[str, Any]:
    return read_toml(Path(__file__).with_name("words.toml"))
