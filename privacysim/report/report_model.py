"""Format-independent model of a report (sections of text, tables, figures, and the data behind them) and its page.

`memo` and `study_report` build a `Report` from results. `html_page` writes it with a Jinja2 template, and `write_pdf`
prints that page with a local Chromium; `write_docx` and `write_xlsx` write office files.
"""

import base64
import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import matplotlib.pyplot as plt
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from privacysim.errors import InputError, ResultsError, shown
from privacysim.figures import house_style, require_han_font, svg_text

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge",
            "msedge")
TAG = {"en": "en", "zh": "zh-CN"}
"""Language tag that documents use."""
_FONTS = {"en": "Arial, Helvetica, 'Liberation Sans', system-ui, sans-serif",
          "zh": "'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', system-ui, sans-serif"}
_LONGEST_S = 120
_WIDE = 4.6
"""Figure width in inches; two fit side by side on a page."""
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
Key = tuple[str, str, str, str]
"""(policy, metric, curve, column): the cell of summary.csv that holds a number."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as printed, with its full value and its cell of summary.csv.

    `kind`: the plain value, a share in per cent, a ratio as a change in per cent, or a ratio in a few characters.
    """

    text: str
    value: float
    key: Key
    kind: Literal["value", "share", "change", "brief"] = "value"


Text = tuple[str | Number, ...]


def plain(text: Text | str) -> str:
    """Return the text as a plain string, without the control characters that XML cannot hold.

    >>> plain(("down to ", Number("0.57", 0.571, ("a", "b", "low", "mean"))))
    'down to 0.57'
    """
    return _FORBIDDEN.sub("�", "".join(one if isinstance(one, str) else one.text for one in text))


@dataclass(frozen=True, slots=True)
class Subheading:
    """A heading within a section; `note` is printed beside it in small print."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph, in small print if `quiet`."""

    text: Text
    quiet: bool = False
    lead: bool = False
    """Set large: the verdict."""


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; `foreign` gives the language of each item that is not in the report's language."""

    items: tuple[Text, ...]
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of each row is the row's head, and a head of empty texts is not shown.

    `numeric` columns hold numbers. In `once` columns, a text that the row above has under the same row head is shown
    once. `layout` is "register" for long lists in small print, "wrapped" if numbers may break over lines, "flow" for
    rows that are steps from left to right.
    """

    name: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    numeric: tuple[int, ...] = ()
    once: tuple[int, ...] = ()
    layout: Literal["", "register", "wrapped", "flow"] = ""

    def again(self, n: int, column: int) -> bool:
        """Whether a cell only repeats the one above it.

        >>> Table("t", "", ("rule", "curve"), ((("A",), ("low",)), (("A",), ("high",))), once=(0,)).again(1, 0)
        True
        """
        return column in self.once and n > 0 and all(
            plain(self.rows[n][at]) == plain(self.rows[n - 1][at]) for at in {0, column})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with a caption and an alt text, drawn when a format asks for it."""

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


def drawn(draw: Callable[..., Axes], *given: object, rows: int = 0, lang: str = "en", **how: Any) -> Figure:
    """Figure of the axes that `draw` returns; `rows` makes it half a page wide and as high as they need."""
    with house_style(lang):
        if rows:
            how["ax"] = plt.subplots(figsize=(_WIDE, max(2.3, 0.8 + 0.33 * rows)), layout="constrained")[1]
        figure = draw(*given, **how).get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


Inside = Subheading | Paragraph | Bullets | Table | Picture


@dataclass(frozen=True, slots=True)
class Folded:
    """Details that a page shows when the reader opens them; other formats print them under a heading."""

    summary: str
    inside: tuple[Inside, ...]
    open: bool = False


Block = Inside | Folded
Content = tuple[Block | tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its blocks; blocks in an inner tuple are set side by side if the format allows it."""

    name: str
    heading: str
    content: Content

    @property
    def blocks(self) -> Iterator[Inside]:
        """All blocks in sequence, those of folded details after a heading."""
        for one in self.content:
            for block in one if isinstance(one, tuple) else (one,):
                yield from (Subheading(block.summary), *block.inside) if isinstance(block, Folded) else (block,)


@dataclass(frozen=True, slots=True)
class Report:
    """A report that any format can write.

    `sheets` are the data frames of a workbook, by sheet name; `glossary` explains words, on hover in a page.
    """

    lang: str
    title: str
    advice: str
    sections: tuple[Section, ...]
    footer: str
    made: str
    annex: tuple[Section, ...] = ()
    sheets: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    glossary: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _template() -> Template:
    loader = PackageLoader("privacysim.report")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("report.html")


def _explained(glossary: Mapping[str, str], text: str) -> str:
    """The text as HTML, in which the first mention of each word of the glossary shows its meaning on hover."""
    if not glossary:
        return str(escape(text))
    seen: set[str] = set()

    def mention(found: re.Match[str]) -> str:
        word = found[0].lower().removesuffix("s")
        known = next(one for one in glossary if one.lower() in (word, found[0].lower()))
        if known in seen:
            return found[0]
        seen.add(known)
        return f'<abbr title="{escape(glossary[known])}">{found[0]}</abbr>'

    words = "|".join(re.escape(str(escape(word))) for word in sorted(glossary, key=len, reverse=True))
    return re.sub(rf"\b(?:{words})s?\b", mention, str(escape(text)), flags=re.IGNORECASE)


def html_page(report: Report) -> str:
    """Return the report as one HTML page for A4, without scripts or remote references, with alt texts.

    Every text is escaped. Each number is a `<data>` element that names its cell of summary.csv.
    """
    made = _template().render(report=report, tag=TAG[report.lang], fonts=_FONTS[report.lang],
                              explained=lambda text: Markup(_explained(report.glossary, text)))
    return made.replace(" %", "\u00a0%") + "\n"  # no line ends between a number and its unit


def write_pdf(report: Report, path: Path) -> None:
    """Print the report to `path` as tagged PDF with a local Chromium: no network access, scripts or user profile."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise InputError("report -o memo.pdf", "a Chromium or Chrome on this machine", "none of " + ", ".join(BROWSERS),
                         "install chromium, or write memo.html and print it from any browser")  # fmt: skip
    text = html_page(report)
    require_han_font(text, path.suffix)
    with tempfile.TemporaryDirectory(prefix="privacysim-memo-") as folder:
        page, made = Path(folder) / "memo.html", Path(folder) / "memo.pdf"
        page.write_text(text, encoding="utf-8")
        command = [browser, "--headless", "--disable-gpu", "--disable-extensions", "--disable-dev-shm-usage",
                   "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile",
                   "--no-pdf-header-footer", "--generate-pdf-document-outline", f"--print-to-pdf={made}", page.as_uri()]
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # Chromium's sandbox does not start as root
            command.insert(1, "--no-sandbox")
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
            said = run.stderr.strip().splitlines()[-1:] or ["no message"]
        except subprocess.TimeoutExpired:
            said = [f"no answer within {_LONGEST_S} s"]
        if not made.is_file():
            raise ResultsError(f"{path}: the browser printed nothing ({shown(said[0])}).\n"
                               "  Fix: write memo.html and print it from any browser.")  # fmt: skip
        shutil.copyfile(made, path)
