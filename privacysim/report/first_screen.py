"""The first screen of a study in a terminal: question, verdict and one table in 22 lines of 80 columns; and all tables.
"""

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import Any

from privacysim.errors import refuse_unknown
from privacysim.report.answer import Answer
from privacysim.report.report_model import Bullets, Inside, Paragraph, Subheading, Table, plain
from privacysim.report.report_source import Source
from privacysim.stats import short
from privacysim.wording import Words

WIDTH, LINES = 80, 22
_SIZES = (15, 8, 8, 8, 8)


def _answer(results: Any, baseline: str | None) -> Answer:
    return Answer(Source(results, results.compare(baseline), {}, ()), Words("en"))


def first_screen(results: Any, baseline: str | None = None) -> str:
    """What a reader needs first: the question, what is compared, the verdict, and policies by measures.

    Each cell is the change relative to the baseline on the low curve, in two or three digits. Failed replicates, a
    sequential stopping rule and a city without cameras add one line each.
    """
    said = _answer(results, baseline)
    frame = (*said.nobody(), said.study["title"], f"{said.about()} {plain(said.many())}")
    verdicts = (*map(plain, said.verdicts()), *said.online(), *said.warnings(), *_open_views(said))
    return "\n".join([*_wrapped(frame), *_wrapped(verdicts), "", *_grid(said.measures()),
                      *_wrapped([said.words("cells_mean")])])  # fmt: skip


def full_text(results: Any, baseline: str | None = None, metric: str | None = None) -> str:
    """Output of `run --full` and `compare --full`: the verdicts in words, then every table; or one metric's alone."""
    said = _answer(results, baseline)
    if metric is not None:
        refuse_unknown(metric, said.declared, "metrics", "a known metric")
        said.shown = [metric]
    blocks: list[Inside] = [Paragraph((line,)) for line in (*said.nobody(), said.study["title"], said.about(),
                                                            *said.warnings())]  # fmt: skip
    if metric is None:
        blocks += [Bullets((*said.verdicts(), *said.answer(said.primary, said.arms))), *said.worlds()]
    blocks += [*said.every_measure(), *said.cameras(), Paragraph((said.words("not_advice"),))]
    return "\n".join(line for block in blocks for line in _lines(block))


def _wrapped(lines: Iterable[str]) -> list[str]:
    return [one for line in lines for one in wrap(line, WIDTH)]


def _open_views(said: Answer) -> Iterator[str]:
    """The band of the primary metric under the baseline, if a map leaves camera views open."""
    band = said.source.results.band
    mine = (band["metric"] == said.primary) & (band["policy"] == said.baseline) & (band["curve"] != "high")
    for row in band[mine & (band["note"] == "")].to_dict("records"):
        yield said.words("views_open", fewest=short(row["fewest"]), most=short(row["most"]),
                         primary=said.title[said.primary], baseline=said.names[said.baseline])  # fmt: skip


def _grid(table: Table) -> list[str]:
    """The table of measures in the width of the screen, with heads over several lines."""
    sizes, left = _SIZES[: len(table.head) - 1], WIDTH - sum(_SIZES)
    heads = [wrap(head, size - 1) for head, size in zip(table.head[1:], sizes, strict=False)]
    tall = max(map(len, heads))
    lines = [("", [(["", *[""] * tall, *head])[-tall:][n] for head in heads]) for n in range(tall)]
    lines += [(plain(row[0]), [plain(cell).split(" [")[0] if n else plain(cell) for n, cell in enumerate(row[1:])])
              for row in table.rows]  # fmt: skip
    return [(f"{name if len(name) <= left else f'{name[: left - 1]}…':<{left}}"
             + "".join(f"{cell:>{size}}" for cell, size in zip(cells, sizes, strict=True))).rstrip()
            for name, cells in lines]  # fmt: skip


def _lines(block: Inside) -> Iterator[str]:
    """A block as plain text; a table under its column names."""
    if isinstance(block, Subheading):
        yield from ("", f"{block.text}  {block.note}".rstrip())
    elif isinstance(block, Paragraph):
        yield plain(block.text)
    elif isinstance(block, Bullets):
        yield from (f"- {plain(item)}" for item in block.items)
    elif isinstance(block, Table):
        cells = [list(block.head), *([plain(cell) for cell in row] for row in block.rows)]
        wide = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for line in cells:
            yield "  " + "  ".join(cell.rjust(size) if n in block.numeric else cell.ljust(size)
                                   for n, (cell, size) in enumerate(zip(line, wide, strict=True))).rstrip()
