"""The memo as one HTML file: no script, no remote reference, headings in order, alt texts, fit for A4.

Every text is escaped. A number is a `<data>` element that names its place in summary.csv.
"""

from __future__ import annotations

import base64
from html import escape

from privacysim.report.memo_parts import Block, Bullets, Heading, Memo, Number, Paragraph, Picture, Table, Text
from privacysim.report.memo_words import TAG, Words

_FONTS = {
    "en": "Arial, Helvetica, 'Liberation Sans', system-ui, sans-serif",
    "zh": "'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', system-ui, sans-serif",
}
_CSS = """
@page { size: A4; margin: 11mm 14mm 12mm; @bottom-right { content: counter(page) " / " counter(pages); font: 7pt sans-serif; color: #666 } }
* { box-sizing: border-box }
body { font: 9pt/1.32 FONTS; color: #222; max-width: 186mm; margin: 6mm auto; padding: 0 4mm }
h1 { font-size: 15pt; margin: 0; line-height: 1.2 } h2 { font-size: 11pt; margin: 2.2mm 0 .8mm; border-bottom: .3mm solid #ccc }
h3 { font-size: 9.5pt; margin: 2mm 0 .5mm } h2, h3 { break-after: avoid } p { margin: 0 0 1mm } ul { margin: 0 0 1mm; padding-left: 4.5mm }
li { margin: 0 } .advice { font-weight: 600; margin: .5mm 0 0 } .quiet, footer, caption, figcaption { color: #555; font-size: 7.6pt }
table { border-collapse: collapse; width: 100%; font-size: 7.3pt; line-height: 1.22; margin: .6mm 0 1.2mm }
caption { text-align: left; padding: 0 0 .7mm } th, td { text-align: left; vertical-align: top; padding: .3mm 1.1mm; border-bottom: .15mm solid #ddd; overflow-wrap: break-word }
thead th { border-bottom: .3mm solid #888 } tbody th { font-weight: 600 } td.n { font-variant-numeric: tabular-nums }
tr, table:not(.small):not(#table-others) { break-inside: avoid } thead { display: table-header-group } .figures { display: flex; flex-wrap: wrap; gap: 2mm }
figure { margin: 0; flex: 1 1 84mm; max-width: 90mm; break-inside: avoid }
.figures table { flex: 1 1 84mm; width: auto; max-width: 90mm; align-self: center } figure img { width: 100%; height: auto; display: block }
tbody tr:nth-last-child(-n+3):not(:first-child) { break-before: avoid } .small { font-size: 6.4pt } .annex { break-before: page } footer { margin-top: 2mm; border-top: .15mm solid #ccc; padding-top: .6mm }
@media print { body { margin: 0; padding: 0; max-width: none } }
@media screen and (max-width: 700px) { table { display: block; overflow-x: auto } }
"""  # noqa: E501


def memo_html(memo: Memo) -> str:
    """The whole page."""
    words = Words(memo.lang)
    title = escape(memo.title)
    return "\n".join([
        "<!doctype html>", f'<html lang="{TAG[memo.lang]}">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>", f"<style>{_CSS.replace('FONTS', _FONTS[memo.lang])}</style>", "</head>", "<body>",
        f'<header><h1>{title}</h1><p class="advice">{escape(memo.subtitle)}</p></header>',
        "<main>", *_sections(memo.blocks), "</main>",
        f'<section class="annex" aria-label="{escape(words("register"), quote=True)}">', *_sections(memo.annex),
        "</section>", f"<footer>{escape(memo.footer)}</footer>", "</body>", "</html>", "",
    ])  # fmt: skip


def _sections(blocks: tuple[Block, ...]) -> list[str]:
    """Blocks in sections by their headings; neighbouring figures, and a table that asks for it, stand side by side."""
    made: list[str] = []
    opened = figures = False
    for block in blocks:
        shares = isinstance(block, Picture) or (isinstance(block, Table) and block.beside)
        if figures and not shares:
            made.append("</div>")
            figures = False
        if isinstance(block, Heading) and block.level == 2:
            made += (["</section>"] if opened else []) + [f'<section id="{escape(block.name, quote=True)}">']
            opened = True
        if shares and not figures:
            made.append('<div class="figures">')
            figures = True
        made.append(_block(block))
    return made + (["</div>"] if figures else []) + (["</section>"] if opened else [])


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f'<p{" class=quiet" if block.quiet else ""}{_lang(block.foreign)}>{_text(block.text)}</p>'
    if isinstance(block, Bullets):
        foreign = block.foreign or ("",) * len(block.items)
        items = "".join(f"<li{_lang(tag)}>{_text(item)}</li>" for item, tag in zip(block.items, foreign, strict=True))
        return f"<ul>{items}</ul>"
    if isinstance(block, Table):
        return _table(block)
    data = base64.b64encode(block.svg().encode()).decode()
    # as an image, not inline: ids of two inline SVGs would clash, and an image cannot run anything
    return (f'<figure><img alt="{escape(block.alt, quote=True)}" src="data:image/svg+xml;base64,{data}">'
            f"<figcaption>{escape(block.caption)}</figcaption></figure>")  # fmt: skip


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head)
    body = "".join(
        f'<tr><th scope="row">{_text(row[0])}</th>' + "".join(
            f'<td{" class=n" if n in table.numeric else ""}>{_text(cell)}</td>' for n, cell in enumerate(row[1:], 1)
        ) + "</tr>"
        for row in table.rows
    )  # fmt: skip
    kind = ' class="small"' if table.small else ""
    return (f'<table{kind} id="table-{table.name}"><caption>{escape(table.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")  # fmt: skip


def _text(text: Text) -> str:
    return "".join(escape(one) if isinstance(one, str) else _number(one) for one in text)


def _number(number: Number) -> str:
    place = "|".join(number.key)
    kind = "change" if number.change else "share" if number.share else "value"
    return (f'<data value="{number.value:.10g}" data-from="{escape(place, quote=True)}" data-kind="{kind}">'
            f"{escape(number.text)}</data>")  # fmt: skip


def _lang(tag: str) -> str:
    return f' lang="{tag}"' if tag else ""
