"""What a report is made of, whatever the format: sections of text, tables and figures, and the data behind them.

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
    """A number as it is printed, with its full value and its cell of summary.csv.

    `kind`: the value as it is, a share printed in per cent, or a ratio printed as a change in per cent.
    """

    text: str
    value: float
    key: Key
    kind: Literal["value", "share", "change"] = "value"


Text = tuple[str | Number, ...]


def plain(text: Text | str) -> str:
    """The text without its marks.

    >>> plain(("down to ", Number("0.57", 0.571, ("a", "b", "low", "mean"))))
    'down to 0.57'
    """
    return text if isinstance(text, str) else "".join(one if isinstance(one, str) else one.text for one in text)


@dataclass(frozen=True, slots=True)
class Subheading:
    """A heading within a section; `note` stands beside it in small print."""

    kind: ClassVar[str] = "subheading"
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph; `quiet` ones are small print."""

    kind: ClassVar[str] = "paragraph"
    text: Text
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; `foreign` gives the language of each item that is not in the report's own."""

    kind: ClassVar[str] = "bullets"
    items: tuple[Text, ...]
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of each row is its head, and a head of empty texts is not shown.

    `numeric` columns hold numbers. `once`: columns whose equal texts in neighbouring rows of one row head are shown
    once. `layout`: "register" for long lists in small print, "wrapped" where numbers may break over lines.
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
        """How many rows each cell covers; 0 where the cell above covers it.

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
    """A figure, drawn when a format asks for it, with a caption and a text for those who cannot see it."""

    kind: ClassVar[str] = "picture"
    draw: Callable[[], Figure]
    alt: str
    caption: str

    def address(self) -> str:
        """The SVG as a data address, equal for equal results: an image cannot run scripts, nor can its ids clash."""
        return "data:image/svg+xml;base64," + base64.b64encode(svg_text(self.draw()).encode()).decode()

    def png(self) -> bytes:
        """As PNG, for formats that take no SVG."""
        out, figure = io.BytesIO(), self.draw()
        figure.savefig(out, format="png", dpi=200, metadata={"Software": None})
        plt.close(figure)
        return out.getvalue()


Block = Subheading | Paragraph | Bullets | Table | Picture
Content = tuple[Block | tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its blocks; those of an inner tuple stand side by side where the format can do that."""

    name: str
    heading: str
    content: Content

    @property
    def blocks(self) -> Iterator[Block]:
        """All blocks one after the other."""
        for one in self.content:
            yield from one if isinstance(one, tuple) else (one,)


@dataclass(frozen=True, slots=True)
class Report:
    """A report, ready to be written in any format. `sheets` are the frames of a workbook, by sheet name."""

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
        """The section of that name."""
        return next(section for section in (*self.sections, *self.annex) if section.name == name)
