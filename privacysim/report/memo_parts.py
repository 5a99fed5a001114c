"""What a memo is made of, whatever the format: headings, text with traceable numbers, tables, pictures."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from privacysim.figures import svg_text

Key = tuple[str, str, str, str]
"""(policy, metric, curve, column): where a number stands in summary.csv."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is printed, with its full value and its place in summary.csv.

    `change`: the value is a ratio that is printed as a change in per cent; `share`: a share printed in per cent.
    """

    text: str
    value: float
    key: Key
    change: bool = False
    share: bool = False


Text = tuple["str | Number", ...]


def plain(text: Text | str) -> str:
    """The text without its marks.

    >>> plain(("down to ", Number("0.57", 0.571, ("a", "b", "low", "mean"))))
    'down to 0.57'
    """
    return text if isinstance(text, str) else "".join(one if isinstance(one, str) else one.text for one in text)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 2 or 3; `name` is its anchor."""

    level: int
    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph; `quiet` ones are small print. `foreign`: the language of a text that was not translated."""

    text: Text
    quiet: bool = False
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; each item may be marked with the language in which it stands."""

    items: tuple[Text, ...]
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of each row is its head. `small`: a long register.

    `beside`: the next figure stands beside it.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    numeric: tuple[int, ...] = ()
    small: bool = False
    beside: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, drawn when a format asks for it, with a caption and a text for those who cannot see it."""

    draw: Callable[[], Figure]
    alt: str
    caption: str

    def svg(self) -> str:
        """As SVG, equal for equal results."""
        return svg_text(self.draw())

    def png(self) -> bytes:
        """As PNG, for formats that take no SVG."""
        out, figure = io.BytesIO(), self.draw()
        figure.savefig(out, format="png", dpi=200, metadata={"Software": None})
        plt.close(figure)
        return out.getvalue()


Block = Heading | Paragraph | Bullets | Table | Picture


@dataclass(frozen=True, slots=True)
class Memo:
    """A memo, ready to be written in any format. `summary` are the rows of summary.csv, for the workbook."""

    lang: str
    title: str
    subtitle: str
    blocks: tuple[Block, ...]
    footer: str
    made: str
    annex: tuple[Block, ...] = field(default=())

    def headings(self) -> list[str]:
        """The texts of all headings, in order."""
        return [block.text for block in (*self.blocks, *self.annex) if isinstance(block, Heading)]
