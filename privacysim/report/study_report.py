"""report.html, the page to send to readers: the verdict, its figure and one table; details are folded."""

from collections.abc import Iterable, Iterator

from privacysim.report import annex, report_model
from privacysim.report.answer import EVIDENCE, Answer
from privacysim.report.report_model import Block, Bullets, Content, Folded, Inside, Paragraph, Report, Section, Table
from privacysim.report.report_source import source_of
from privacysim.report.route_diagram import who_may_see
from privacysim.resources import shipped_rows
from privacysim.results import Results
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
        "exposed": tuple(said.exposed()), "whence": tuple(said.whence()),
        "sure": (Bullets(tuple((item,) for item in said.sure())), *said.worlds()),
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


def _details(said: Answer) -> Iterator[Block]:
    words = said.words
    folded: dict[str, Iterable[Inside]] = {
        "details_sentences": [Bullets(tuple(said.answer(said.primary, said.arms)))],
        "details_measures": said.every_measure(), "details_cameras": said.cameras(),
        "departs": annex.departures(said), "register": annex.register(said) if said.source.register else (),
        "details_run": [annex.provenance(said), *annex.notes(said)]}  # fmt: skip
    yield from (Folded(words(name), inside) for name, blocks in folded.items() if (inside := tuple(blocks)))
