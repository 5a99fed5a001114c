"""Tables for readers: titles and plain words instead of ids, few digits, and no text cut short."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from privacysim.metrics import METRICS
from privacysim.stats import short
from privacysim.wording import Words

_WORD = re.compile(r"[a-z][a-z0-9_]*")
_INTERVAL = re.compile(r"[−\d.,e]+ \[[−\d.,e]+, [−\d.,e]+\]")


@dataclass(frozen=True, repr=False)
class Readable:
    """A table of texts, which a notebook shows as HTML and `print` in aligned columns; `readable` makes it."""

    rows: pd.DataFrame
    right: tuple[bool, ...]
    """For each column, whether it holds numbers."""

    def __repr__(self) -> str:
        return self.rows.to_string(index=False)

    def _repr_html_(self) -> str:
        head = "".join(_cell("th", name, right) for name, right in zip(self.rows.columns, self.right, strict=True))
        body = "\n".join(f"<tr>{row}</tr>" for row in self._body())
        return f'<table class="dataframe">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'

    def _body(self) -> Iterator[str]:
        """The rows in HTML; a text that neighbours in the first column share is said once."""
        for first, group in groupby(self.rows.itertuples(index=False, name=None), key=lambda row: row[0]):
            rows = list(group)
            said = _cell("td", first, self.right[0], len(rows))
            for row in rows:
                yield said + "".join(map(_cell, ["td"] * len(row), row[1:], self.right[1:]))
                said = ""


def readable(table: pd.DataFrame, titles: Mapping[str, str] | None = None) -> Readable:
    """Return a table for reading: ids become words, and numbers get three significant digits.

    The index becomes columns, unless it only counts the rows. `titles` says what to write instead of an id, such as
    the title of a policy (`Comparison.titles`). Metrics have their titles, words of the vocabulary their plain words.
    Counts and numbers from 1,000 keep all digits before the point. The result is for display; compute with `table`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"order_799": {"public_state": 0.12345, "private_home": 12345.0}})
    >>> print(readable(table, {"order_799": "Order 799"}))
                      Order 799
    roads and squares     0.123
        private homes    12,345
    """
    known, words = titles or {}, Words("en")

    def said(value: Any) -> str:
        if isinstance(value, bool | np.bool_):
            return "yes" if value else "no"
        if isinstance(value, int | float | np.integer | np.floating):
            number = float(value)
            whole = number.is_integer() or 1000 <= abs(number) < np.inf
            return (f"{number:,.0f}" if whole else short(number)).replace("-", "−")
        text = "–" if value is None or value is pd.NA else str(value)
        if text in known or text in METRICS:
            return known.get(text) or METRICS[text].title
        return words.plain(text) if _WORD.fullmatch(text) else text

    counted = table.index.name is None and pd.api.types.is_integer_dtype(table.index)
    flat = table if counted else table.reset_index(names=_index_names(table))
    heads = [name if isinstance(name, tuple) else (name,) for name in flat]
    names = [", ".join(said(part) for part in name if part != "") for name in heads]
    columns = [flat.iloc[:, n] for n in range(len(names))]
    right = tuple(pd.api.types.is_numeric_dtype(column) and column.dtype != bool for column in columns)
    texts = {n: [said(value) for value in column] for n, column in enumerate(columns)}
    return Readable(pd.DataFrame(texts).set_axis(names, axis=1), right)


def _index_names(table: pd.DataFrame) -> list[str]:
    """Names of the columns that the index becomes; blanks where it has none."""
    return [str(name) if name is not None else " " * n for n, name in enumerate(table.index.names)]


def _cell(kind: str, text: str, right: bool, rows: int = 1) -> str:
    span, left = f' rowspan="{rows}"' if rows > 1 else "", "" if right else ' style="text-align: left"'
    if _INTERVAL.fullmatch(text):
        text = text.replace(" ", "\N{NO-BREAK SPACE}")
    return f"<{kind}{span}{left}>{escape(text)}</{kind}>"
