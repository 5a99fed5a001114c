"""The commands `policy` and `facts`: the rules article by article, and every number with its source."""

import textwrap
from itertools import product
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from privacysim.cli.options import Lang, LawDate, console, day, grid, group, spoken, usable
from privacysim.errors import InputError, refuse_unknown
from privacysim.facts import STATUSES, Fact, facts
from privacysim.files import display, find_file, read_toml
from privacysim.law import laws
from privacysim.policy.arm import Arm
from privacysim.policy.asking import arm_of, ask, explain, questions_of
from privacysim.policy.describing import Section, compare, describe, passing
from privacysim.policy.linting import lint
from privacysim.policy.pack_cases import pack_cases
from privacysim.policy.policy_files import load_arms, load_policy, policy_files, readings_of

policy_app = group("List, show, check and compare policies.")
facts_app = group("List and show numbers and their sources.")


@policy_app.command("list")
def list_policies() -> None:
    """List the policies: yours in ./sim/policies, those of law packs, and the shipped ones."""
    rows = []
    for name, _, policy in usable(policy_files(), load_policy):
        readings = ", ".join(readings_of(policy)) or ", ".join(f"({variant.id})" for variant in policy.reading)
        rows.append((name, policy.status, str(policy.law_date), policy.title.en, readings))
    headings = ("policy", "status", "law of", "title", "readings")
    console(400).print(grid(headings, rows, left=headings, whole=headings[:3]))


@policy_app.command("show")
def show_policy(
    name: Annotated[str, typer.Argument(help="Policy, with a reading where needed: guangzhou_draft:narrow.")],
    law_date: LawDate = None,
    page: Annotated[Path | None, typer.Option("-o", "--out", help="Page for a lawyer: .html, .pdf or .docx.")] = None,
    cases: Annotated[Path | None, typer.Option(help="CSV file of cases that the page lists beside the rules.")] = None,
    lang: Lang = "en",
) -> None:
    """Show a policy in full: routes, prohibitions, duties, citations, and how the model departs from the text."""
    words, out = spoken(lang), console(400)
    arms = _arms(name, law_date)
    if page:
        from privacysim.report.memo import write_report  # imports slowly
        from privacysim.report.policy_page import policy_page

        path = write_report(lambda: policy_page(arms[0], cases, lang), page)
        out.print(words("written", path=path), highlight=False)
        return
    policy = arms[0].policy
    file = read_toml(find_file("policies", _file_name(name), policy_files()))
    titles = (policy.title.zh or policy.title.en, "") if lang == "zh" else (policy.title.en, policy.title.zh)
    out.print(f"[bold]{escape(titles[0])}[/bold]  {escape(titles[1])}".rstrip())
    said = words("show_status", name=arms[0].id if ":" in name else policy.id, date=policy.law_date,
                 status=words.text(policy.status))  # fmt: skip
    parents = file.get("layer") or ([file["extends"]] if "extends" in file else [])
    out.print(escape(said + (words("show_over", parents=", ".join(parents)) if parents else "")))
    out.print(escape(words.text(policy.summary)))
    law = arms[0].bundle.id + words("place_says", says=words.text(arms[0].bundle.says))
    suspended = policy.general_law == "suspended"
    out.print(escape(words("show_law", law=words("show_suspended") if suspended else law)))
    _print(out, describe(arms[0], words))


@policy_app.command("ask")
def ask_policy(
    name: Annotated[str, typer.Argument(help="Policy, with a reading where needed: guangzhou_draft:narrow.")],
    facts: Annotated[list[str], typer.Argument(help="The act, as requester=… act=… purpose=… channel=… operator=… "
                                                    "regime=… and further facts. Several words with commas, or any, "
                                                    "make a table.")],
    law_date: Annotated[str | None, typer.Option(help="Day of the general law. Default: the newest.")] = None,
    duty: Annotated[str, typer.Option(help="Ask about a duty instead of an act, such as retention: "
                                           "operator=… regime=…, and place=… when=… where it matters.")] = "",
    lang: Lang = "en",
) -> None:
    """Ask about one act (both answers, every rule tried, deciding facts, the nearest lawful change) or about a duty."""
    words, out, arm = spoken(lang), console(400), arm_of(name, law_date)
    pairs = [fact.partition("=") for fact in facts]
    if duty:
        found = ask(arm, duty=duty, **{key: value for key, _, value in pairs})
        _print(out, [(f"{arm.id}, {arm.law_date}", found.lines(lang))])
        return
    asked = questions_of({key: value for key, _, value in pairs})
    if len(asked) == 1:
        _print(out, [(f"{arm.id}, {' '.join(facts)}", explain(arm, asked[0]).lines(lang))])
        return
    several = [key for key, _, value in pairs if "," in value or value == "any"]
    answers = [arm.judge(question) for question in asked]
    rows = [(*(words.text(str(getattr(question, key)), key) for key in several), words.text(one.specific),
             words.text(one.general), one.rule, words.text(one.gap))
            for question, one in zip(asked, answers, strict=True)]  # fmt: skip
    headings = (*(words.text(key, "field") for key in several), *words("table_heads").split("|"))
    out.print(grid(headings, rows, left=headings, whole=headings))


@policy_app.command("check")
def check_policies(
    name: Annotated[str | None, typer.Argument(help="Name or .toml file of a policy. Default: all.")] = None,
    lang: Lang = "en",
) -> None:
    """Check policies: form, ids, units, citations in force, and faults in any question that can be asked.

    The exit status is 2 if a policy cannot be used, 1 if a rule has a fault.
    """
    words, known, faulty = spoken(lang), laws(), False
    failed: InputError | None = None
    for each in [name] if name else list(policy_files()):
        try:
            policy = load_policy(each)
            variants = [load_policy(each, variant.id) for variant in policy.reading]
        except InputError as error:
            if name:
                raise
            failed = failed or error
            typer.echo(f"{each}: cannot be used\n{error}", err=True)
            continue
        typer.echo(words("check_valid", path=display(find_file("policies", each, policy_files())),
                         routes=len(policy.access), bans=len(policy.forbidden) + bool(policy.prohibited)))  # fmt: skip
        for finding in dict.fromkeys(fault for one in (policy, *variants) for fault in lint(one, known)):
            faulty = True
            typer.echo(f"  {finding.line(lang)}")
    if failed or faulty:
        raise typer.Exit(2 if failed else 1)


@policy_app.command("cases")
def ask_cases(pack: Annotated[str, typer.Argument(help="Law pack with a file cases.csv, such as eu or uk.")]) -> None:
    """Ask the oracle cases of a law pack; the exit status is 1 if an answer differs from the expected one."""
    cases = pack_cases(pack)
    wrong = [case for case in cases if not case.agrees]
    for case in wrong:
        typer.echo(str(case))
    typer.echo(f"{pack}: {len(cases) - len(wrong)} of {len(cases)} cases agree")
    if wrong:
        raise typer.Exit(1)


@policy_app.command("diff")
def diff_policies(before: Annotated[str, typer.Argument(help="Policy to start from.")],
                  after: Annotated[str | None, typer.Argument(help="Policy to compare. Default: itself.")] = None,
                  law_date: LawDate = None,
                  between: Annotated[tuple[str, str] | None, typer.Option(
                      metavar="DAY DAY", help="Two days: lists what changed between them.")] = None,
                  lang: Lang = "en") -> None:
    """List what the second policy changes, article by article, or what changed between two days."""
    words, out, after = spoken(lang), console(400), after or before
    if between:
        pairs = list(zip(_arms(before, between[0]), _arms(after, between[1]), strict=True))
        head = words("diff_between", first=between[0], second=between[1])
    else:
        dates = (load_policy(_file_name(name)).law_date for name in (before, after))
        chosen = law_date or str(max(day for day in dates if day is not None))
        pairs = list(product(_arms(before, chosen), _arms(after, chosen)))
        head = words("diff_head", day=chosen, bundle=pairs[0][0].bundle.id)
    for first, second in pairs:
        out.print(f"[bold]{first.id} → {second.id}[/bold]{head}")
        found = (passing if between else compare)(first, second, words)
        _print(out, found or [(words("diff_none"), [])])


@facts_app.command("list")
def list_facts(
    status: Annotated[str | None, typer.Option(help=f"Show only this status: {', '.join(STATUSES)}.")] = None,
    lang: Lang = "en",
) -> None:
    """List every number: title, value, range, unit, status, source."""
    words = spoken(lang)
    if status is not None:
        refuse_unknown(status, STATUSES, "--status", "a status of facts")
    rows = [(fact.id, words.text(fact.title), f"{fact.value:.10g}", _span(fact), words.text(fact.unit, "unit"),
             fact.status, words.text(fact.source)) for fact in facts().values() if status in (None, fact.status)]
    headings = words("fact_heads").split("|")
    console(400).print(grid(headings, rows, left=(*headings[:2], *headings[3:]), whole=headings[:-1]))


@facts_app.command("show")
def show_fact(fact_id: Annotated[str, typer.Argument(help="Id of a fact, such as cameras_per_1000.")],
              lang: Lang = "en") -> None:
    """Show one number with its title, range and source."""
    words, fact, out = spoken(lang), facts()[fact_id], console(400)
    out.print(f"[bold]{fact.id}[/bold] = {fact.value:.10g} {escape(words.text(fact.unit, 'unit'))}")
    law = words.text(fact.law)
    law = words("fact_group", law=law, group=fact.group) if fact.group else law
    out.print(escape(words("fact", title=words.text(fact.title), span=_span(fact) or words("fact_no_range"), law=law,
                           status=words(f"fact_{fact.status}"))))  # fmt: skip
    out.print(escape(words("fact_source", source=words.text(fact.source))), soft_wrap=True)


def _span(fact: Fact) -> str:
    return "" if fact.low == fact.high else f"{fact.low:.10g} – {fact.high:.10g}"


def _file_name(name: str) -> str:
    return name if name.endswith(".toml") else name.partition(":")[0]


def _arms(name: str, law_date: str | None) -> list[Arm]:
    when = load_policy(_file_name(name)).law_date if law_date is None else day(law_date)
    assert when is not None  # load_policy refuses a policy without a law date
    return load_arms([name], {}, when)


def _print(out: Console, sections: list[Section]) -> None:
    for title, lines in sections:
        out.print(f"\n[bold]{escape(title)}[/bold]")
        for line in lines:
            wrapped = textwrap.fill(line, out.width, initial_indent="  ", subsequent_indent="    ")
            out.print(escape(wrapped if out.is_terminal else f"  {line}"), soft_wrap=True)
