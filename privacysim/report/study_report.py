"""report.html, the page that a reader is sent: the verdict, its figure and one table; details are folded.

And the first screen in a terminal: question, verdict and one table in 22 lines of 80 columns; or all tables.
"""

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import Any

from privacysim.errors import refuse_unknown
from privacysim.report import annex, report_model
from privacysim.report.annex import who_may_see
from privacysim.report.answer import EVIDENCE, Answer
from privacysim.report.report_model import (
    Block,
    Bullets,
    Content,
    Folded,
    Inside,
    Paragraph,
    Report,
    Section,
    Subheading,
    Table,
    plain,
)
from privacysim.report.report_source import Source, source_of
from privacysim.resources import shipped_rows
from privacysim.results import Results
from privacysim.stats import short
from privacysim.wording import Words


def page(results: Results, baseline: str | None = None) -> str:
    """Return the self-contained page of a results folder (report.html), without scripts."""
    return report_model.html_page(study_report(results, baseline))


def study_report(results: Results, baseline: str | None = None, lang: str = "en") -> Report:
    """Build the page of results, against their own baseline or another arm.

    The rules compared and the sources of numbers need the folder of the results, which holds the inputs.
    """
    said = Answer(source_of(results, baseline), words := Words(lang))
    parts: dict[str, Content] = {
        "frame": tuple(Paragraph((line,)) for line in (*said.nobody(), said.about(), *said.warnings())),
        "answer": tuple(answer(said)), "measures": tuple(measures(said)), "rules": tuple(_rules(said)),
        "exposed": tuple(said.exposed()), "whence": tuple(said.whence()), "sure": tuple(_sure(said)),
        "not_shown": (Bullets(tuple((item,) for item in said.not_shown())),),
        "details": tuple(_details(said)),
    }  # fmt: skip
    explained = {row["term"] if lang == "en" else row["term_zh"]: row[lang] for row in
                 shipped_rows("data/words/glossary.csv")}
    parts["glossary"] = (Table("glossary", "", ("", ""), tuple(((term,), (meaning,)) for term, meaning in
                                                               explained.items())),)
    sections = tuple(Section(name, "" if name == "frame" else words(name), content)
                     for name, content in parts.items() if content)  # fmt: skip
    title = words.text(said.study["title"] or f"Study {said.study['id']}")
    return Report(lang, title, words("not_advice"), sections, words("footer_page", version=said.manifest["privacysim"],
                  run=results.run_id), str(said.manifest["begun"]), glossary=explained)  # fmt: skip


def answer(said: Answer) -> Iterator[Block]:
    """The verdict, how many people that is, what it costs, and the figure of all rules."""
    yield from (Paragraph(text, lead=True) for text in said.verdicts())
    yield from (Paragraph(text) for text in (said.many(), *said.answer(EVIDENCE, said.asked)))
    yield said.ratio_picture()


def measures(said: Answer) -> Iterator[Block]:
    """Every rule on the measures beside one another, and the trade-off with evidence."""
    yield said.measures()
    yield Paragraph((said.words("cells_mean"),), quiet=True)
    if EVIDENCE in said.shown and said.primary != EVIDENCE:
        yield said.tradeoff_picture()


def _rules(said: Answer) -> Iterator[Block]:
    policies = said.source.policies
    if policies:
        yield annex.rules(said)
        yield Paragraph((said.words("flow_says"),))
        first = next((arm.partition(":")[0] for arm in said.asked), "")
        for name in sorted(policies, key=lambda one: one != first):
            yield Folded(said.words("flow_of", policy=said.source.name(name, said.words)),
                         (who_may_see(policies[name], said.words),), open=name == first)  # fmt: skip


def _sure(said: Answer) -> Iterator[Block]:
    yield Bullets(tuple((item,) for item in said.sure()))
    yield from said.worlds()


def _details(said: Answer) -> Iterator[Block]:
    words = said.words
    folded: dict[str, Iterable[Inside]] = {
        "details_sentences": [Bullets(tuple(said.answer(said.primary, said.arms)))],
        "details_measures": said.every_measure(), "details_cameras": said.cameras(),
        "departs": annex.departures(said), "register": annex.register(said) if said.source.register else (),
        "details_run": [annex.provenance(said), *annex.notes(said)]}  # fmt: skip
    yield from (Folded(words(name), inside) for name, blocks in folded.items() if (inside := tuple(blocks)))


WIDTH, LINES = 80, 22
_SIZES = (15, 8, 8, 8, 8)


def _answer(results: Any, baseline: str | None) -> Answer:
    return Answer(Source(results, results.compare(baseline), {}, ()), Words("en"))


def first_screen(results: Any, baseline: str | None = None) -> str:
    """What a reader needs first: the question, what is compared, the verdict, and policies by measures.

    Each cell is the change relative to the baseline on the low curve, in two or three digits. Replicates that failed,
    an own stopping rule and a city without cameras add a line each.
    """
    said = _answer(results, baseline)
    frame = (*said.nobody(), said.study["title"], f"{said.about()} {plain(said.many())}")
    verdicts = (*map(plain, said.verdicts()), *said.warnings(), *_open_views(said))
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
    """What a map that leaves views open makes of the primary metric under the baseline."""
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
