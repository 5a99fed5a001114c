"""Texts in English and Chinese, from data files: sentences by key, clauses of rules, and translations of whole texts.

`data/words/*.toml` hold sentences in both languages by key, `data/words/rules.csv` the clauses that describe a rule.
Texts of other files are English, and a table with the columns `en` and `zh` translates them: `data/words/chinese.csv`,
`data/fact_titles.csv`, and a `chinese.csv` in each law pack and beside policies in `sim/`, also in your working folder.
In such a row `{}` stands for any text, which is translated in turn, and `{n}` for a number.
"""

import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from privacysim.errors import InputError, refuse_unknown
from privacysim.resources import csv_rows, shipped, shipped_rows
from privacysim.units import duration_text

LANGUAGES = ("en", "zh")
_IDS = ("id", "scope", "unmask")
"""Fields with names of rules, which are the same in every language."""
_CODE = re.compile("[a-z0-9_]+")
_MONTH_S = 31_557_600 / 12
_MARKS = {"en": (", ", "; "), "zh": ("、", "；")}
_HOLES = {re.escape("{}"): "(.+?)", re.escape("{n}"): r"([\d.,\u2212-]+)"}


class Words:
    """Words of one language: `words("key", name=value)` returns a sentence with its blanks filled.

    >>> Words("en")("replicates_best", n=10), Words("zh").text("30 d")
    ('10 replicates', '30日')
    """

    def __init__(self, lang: str = "en") -> None:
        refuse_unknown(lang, LANGUAGES, "--lang", "a language of the texts")
        self.lang = lang
        self._comma, self._semicolon = _MARKS[lang]
        paths = _tables() if lang == "zh" else []
        known, self._patterns = _translations(tuple((path, path.stat().st_mtime_ns) for path in paths))
        said = {one["en"]: one["zh"] for key, one in _sentences().items() if key.startswith("plain_") and paths}
        self._texts = said | known

    def __call__(self, key: str, **blanks: object) -> str:
        """The sentence of a key."""
        return _sentences()[key][self.lang].format(**blanks)

    def text(self, english: str, of: str = "") -> str:
        """Translation of a text or word of the data; one without a translation stays as it is.

        `of` names the field of a word that has another meaning there: `secret: commercial` is not a shop.
        """
        for known in (f"{of}: {english}", english, english[:1].lower() + english[1:], english.replace(" ", "_")):
            if known in self._texts:
                return self._texts[known]
        for pattern, chinese in self._patterns:
            if parts := pattern.fullmatch(english):
                return chinese.format(*map(self.text, parts.groups()))
        return english

    def plain(self, word: str, kind: str = "plain") -> str:
        """A word of the vocabulary as readers say it; `kind="heading"`: the name of what such words tell.

        >>> Words("en").plain("public_state"), Words("en").plain("court_order"), Words("en").plain("regime", "heading")
        ('roads and squares', 'court order', 'place')
        """
        said = _sentences().get(f"{kind}_{word}")
        return said[self.lang] if said else self.text(word).replace("_", " ")

    def foreign(self, english: str) -> bool:
        """Whether a text stays English in a text of another language."""
        return self.lang != "en" and self.text(english) == english

    def list(self, texts: Iterable[str], of: str = "", *, long: bool = False) -> str:
        """Several texts in one list, separated by semicolons if they are `long` or hold the other mark."""
        said = [self.text(text, of) for text in texts]
        return (self._semicolon if long or any(self._comma in one for one in said) else self._comma).join(said)

    def said(self, kind: str, rule: Any) -> str:
        """A rule as a sentence: the clauses of its kind whose condition holds, in the order of `rules.csv`.

        A clause names fields of the rule, which fill its blanks. It holds if the first field differs from its default
        (`when` is empty), if no field does (`unset`), or if the first field is the word in `when`.
        """
        made = []
        for clause in _clauses(kind):
            names, word = clause["fields"].split(), clause["when"]
            values = [getattr(rule, name, None) for name in names]
            given = [value not in (None, (), "", _default(rule, name))
                     for name, value in zip(names, values, strict=True)]
            if not names or (not any(given) if word == "unset" else given[0] and word in ("", str(values[0]))):
                made.append(clause[self.lang].format(*map(self._shown, values, names)))
        return "".join(made)

    def _shown(self, value: object, name: str) -> str:
        if isinstance(value, tuple) and value and isinstance(value[0], float):
            return "–".join(f"{end:,.10g}".replace(",", " ") for end in value)
        if name in _IDS:
            return self._comma.join(value) if isinstance(value, tuple) else str(value)
        if isinstance(value, tuple):
            return self.list([self._word(str(one), name) for one in value], name)
        return self.text(_term(value), name) if isinstance(value, float) else self._word(str(value), name)

    def _word(self, word: str, name: str) -> str:
        """A word of a rule: in English as readers say it; `secret: commercial` is no shop."""
        if self.lang == "en" and _CODE.fullmatch(word):
            return word.replace("_", " ") if name == "secret" else self.plain(word)
        return self.text(word, name)


def _term(seconds: float) -> str:
    """A term in words: in months where it is a number of them."""
    months = seconds / _MONTH_S
    if months >= 1 and months == round(months):
        return f"{months:g} months" if months > 1 else "1 month"
    return duration_text(seconds)


def _default(rule: Any, name: str) -> object:
    field = getattr(type(rule), "model_fields", {}).get(name)
    return None if field is None else field.default


@lru_cache(maxsize=1)
def _sentences() -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = {}
    for path in sorted(shipped("data/words").glob("*.toml")):
        made |= tomllib.loads(path.read_text(encoding="utf-8"))
    return made


@lru_cache(maxsize=16)
def _clauses(kind: str) -> list[dict[str, str]]:
    return [row for row in shipped_rows("data/words/rules.csv") if row["rule"] == kind]


def _tables() -> list[Path]:
    data, sim = shipped("data"), (shipped("sim"), Path("sim"))
    folders = [data / "words", *data.glob("law/*"), *sim, *Path("sim", "law").glob("*")]
    return [data / "fact_titles.csv", *(path for folder in folders if (path := folder / "chinese.csv").is_file())]


@lru_cache(maxsize=4)
def _translations(tables: tuple[tuple[Path, int], ...]) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Translations by English text, and patterns of texts with blanks; later tables replace earlier ones."""
    texts: dict[str, str] = {}
    for path, _ in tables:
        for row in csv_rows(path):
            if not {"en", "zh"} <= {*row}:
                raise InputError(str(path), "the columns en and zh", ", ".join(map(str, row)), "correct line 1")
            texts |= {row["en"]: row["zh"], row.get("id", row["en"]): row["zh"]}
    patterns = []
    for english in [one for one in texts if "{" in one]:
        pattern = re.escape(english)
        for hole, found in _HOLES.items():
            pattern = pattern.replace(hole, found)
        patterns.append((re.compile(pattern, re.DOTALL), texts.pop(english).replace("{n}", "{}")))
    return texts, patterns
