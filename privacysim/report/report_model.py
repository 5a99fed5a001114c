"""Format-independent model of a report: sections of text, tables and figures, and the data behind them.

`memo` and `study_report` build a `Report` from results; `html_page`, `write_docx` and `write_xlsx` write one.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from privacysim.figures import svg_text

Key = tuple[str, str, str, str]
"""(policy, metric, curve, column): the cell of summary.csv that holds a number."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as printed, with its full value and its cell of summary.csv.

    `kind`: the plain value, a share printed in per cent, or a ratio printed as a change in per cent.
    """

    text: str
    value: float
    key: Key
    kind: Literal["value", "share", "change"] = "value"


Text = tuple[str | Number, ...]


def plain(text: Text | str) -> str:
    """Return the text as a plain string.

    >>> plain(("down to ", Number("0.57", 0.571, ("a", "b", "low", "mean"))))
    'down to 0.57'
    """
    return text if isinstance(text, str) else "".join(one if isinstance(one, str) else one.text for one in text)


@dataclass(frozen=True, slots=True)
class Subheading:
    """A heading within a section; `note` is printed beside it in small print."""

    kind: ClassVar[str] = "subheading"
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph, in small print if `quiet`."""

    kind: ClassVar[str] = "paragraph"
    text: Text
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; `foreign` gives the language of each item that is not in the report's language."""

    kind: ClassVar[str] = "bullets"
    items: tuple[Text, ...]
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of each row is the row's head, and a head of empty texts is not shown.

    `numeric` columns hold numbers. `once` lists columns that show equal texts in neighbouring rows of one row head
    once. `layout` is "register" for long lists in small print, "wrapped" if numbers may break over lines.
    """

    kind: ClassVar[str] = "table"
    name: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    numeric: tuple[int, ...] = ()
    once: tuple[int, ...] = ()
    layout: Literal["", "register", "wrapped"] = ""

    def spans(self) -> list[list[int]]:
        """Number of rows that each cell covers; 0 if the cell above covers it.

        >>> Table("t", "", ("rule", "curve"), ((("A",), ("low",)), (("A",), ("high",))), once=(0,)).spans()
        [[2, 1], [0, 1]]
        """
        spans = [[1] * len(self.head) for _ in self.rows]
        for column in self.once:
            first = 0
            for n in range(1, len(self.rows)):
                here, above = self.rows[n], self.rows[n - 1]
                if plain(here[0]) == plain(above[0]) and plain(here[column]) == plain(above[column]):
                    spans[first][column] += 1
                    spans[n][column] = 0
                else:
                    first = n
        return spans


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with a caption and an alt text, drawn when a format asks for it."""

    kind: ClassVar[str] = "picture"
    draw: Callable[[], Figure]
    alt: str
    caption: str

    def address(self) -> str:
        """The SVG as a reproducible data URL; as an image it cannot run scripts, and its ids cannot clash."""
        return "data:image/svg+xml;base64," + base64.b64encode(svg_text(self.draw()).encode()).decode()

    def png(self) -> bytes:
        """The figure as PNG, for formats without SVG."""
        out, figure = io.BytesIO(), self.draw()
        figure.savefig(out, format="png", dpi=200, metadata={"Software": None})
        plt.close(figure)
        return out.getvalue()


Block = Subheading | Paragraph | Bullets | Table | Picture
Content = tuple[Block | tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its blocks; blocks in an inner tuple are set side by side if the format allows it."""

    name: str
    heading: str
    content: Content

    @property
    def blocks(self) -> Iterator[Block]:
        """All blocks in sequence."""
        for one in self.content:
            yield from one if isinstance(one, tuple) else (one,)


@dataclass(frozen=True, slots=True)
class Report:
    """A report that any format can write. `sheets` are the data frames of a workbook, by sheet name."""

    lang: str
    title: str
    advice: str
    sections: tuple[Section, ...]
    footer: str
    made: str
    annex: tuple[Section, ...] = ()
    sheets: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def blocks(self) -> list[Block]:
        """The blocks of all sections, the annex last."""
        return [block for section in (*self.sections, *self.annex) for block in section.blocks]

    @property
    def tables(self) -> dict[str, Table]:
        """The tables by name."""
        return {block.name: block for block in self.blocks if isinstance(block, Table)}

    @property
    def pictures(self) -> list[Picture]:
        """The figures in order."""
        return [block for block in self.blocks if isinstance(block, Picture)]

    def __getitem__(self, name: str) -> Section:
        """The section with that name."""
        return next(section for section in (*self.sections, *self.annex) if section.name == name)
