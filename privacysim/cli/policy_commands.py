"""The commands `policy` and `facts`: the rules article by article, and every number with its source."""

import textwrap
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from privacysim.cli.options import LawDate, console, day, grid, group
from privacysim.errors import InputError, refuse_unknown
from privacysim.facts import STATUSES, facts
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
    for name in policy_files():
        policy = load_policy(name)
        readings = ", ".join(readings_of(policy)) or ", ".join(f"({variant.id})" for variant in policy.reading)
        rows.append((name, policy.status, str(policy.law_date), policy.title.en, readings))
    headings = ("policy", "status", "law of", "title", "readings")
    console(400).print(grid(headings, rows, left=headings, whole=headings[:3]))


@policy_app.command("show")
def show_policy(
    name: Annotated[str, typer.Argument(help="Policy, with a reading where needed: guangzhou_draft:narrow.")],
    law_date: LawDate = None,
    page: Annotated[Path | None, typer.Option("-o", "--out", help="Page to sign: .html, .pdf or .docx.")] = None,
    cases: Annotated[Path | None, typer.Option(help="CSV file of cases that the page names beside the rules.")] = None,
) -> None:
    """Show a policy in full: routes, prohibitions, duties, citations, and how the model departs from the text."""
    out = console(400)
    arms = _arms(name, law_date)
    if page:
        from privacysim.report.memo import write_report  # imports slowly
        from privacysim.report.policy_page import policy_page

        out.print(f"written: {write_report(lambda: policy_page(arms[0], cases), page)}", highlight=False)
        return
    policy = arms[0].policy
    file = read_toml(find_file("policies", _file_name(name), policy_files()))
    out.print(f"[bold]{escape(policy.title.en)}[/bold]  {escape(policy.title.zh)}")
    out.print(f"{arms[0].id if ':' in name else policy.id}: {policy.status}, law of {policy.law_date}", end="")
    parents = file.get("layer") or ([file["extends"]] if "extends" in file else [])
    out.print(f", over {', '.join(parents)}" if parents else "")
    out.print(escape(policy.summary))
    law = f"{arms[0].bundle.id} ({escape(arms[0].bundle.says)})"
    out.print(f"General law: {'suspended in this arm.' if policy.general_law == 'suspended' else law}")
    _print(out, describe(arms[0]))


@policy_app.command("ask")
def ask_policy(
    name: Annotated[str, typer.Argument(help="Policy, with a reading where needed: guangzhou_draft:narrow.")],
    facts: Annotated[list[str], typer.Argument(help="The act, as requester=… act=… purpose=… channel=… operator=… "
                                                    "regime=… and further facts. Several words with commas, or any, "
                                                    "make a table.")],
    law_date: Annotated[str | None, typer.Option(help="Day of the general law. Default: the newest.")] = None,
    duty: Annotated[str, typer.Option(help="Ask a duty instead of an act, such as retention: operator=… regime=…, and "
                                           "place=… when=… where it matters.")] = "",
) -> None:
    """Ask one act (both answers, every rule tried, what else decides, the nearest lawful change) or a duty."""
    out, arm = console(400), arm_of(name, law_date)
    pairs = [fact.partition("=") for fact in facts]
    if duty:
        found = ask(arm, duty=duty, **{key: value for key, _, value in pairs})
        _print(out, [(f"{arm.id}, {arm.law_date}", str(found).splitlines())])
        return
    asked = questions_of({key: value for key, _, value in pairs})
    if len(asked) == 1:
        _print(out, [(f"{arm.id}, {' '.join(facts)}", explain(arm, asked[0]).lines())])
        return
    several = [key for key, _, value in pairs if "," in value or value == "any"]
    answers = [arm.judge(question) for question in asked]
    rows = [(*(str(getattr(question, key)) for key in several), one.specific, one.general, one.rule, one.gap)
            for question, one in zip(asked, answers, strict=True)]
    headings = (*several, "camera rules", "general law", "rule", "gap")
    out.print(grid(headings, rows, left=headings, whole=headings))


@policy_app.command("check")
def check_policies(
    name: Annotated[str | None, typer.Argument(help="Name or .toml file of a policy. Default: all.")] = None,
) -> None:
    """Check policies: form, ids, units, citations in force, and faults proved over every question that can be asked.

    The exit status is 2 if a policy cannot be used, 1 if a rule has a fault.
    """
    known, faulty = laws(), False
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
        typer.echo(f"{display(find_file('policies', each, policy_files()))}: valid ({len(policy.access)} routes, "
                   f"{len(policy.forbidden) + bool(policy.prohibited)} prohibitions)")
        for finding in dict.fromkeys(fault for one in (policy, *variants) for fault in lint(one, known)):
            faulty = True
            typer.echo(f"  {finding}")
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
                      metavar="DAY DAY", help="Two days: what the passing of time alone changed.")] = None) -> None:
    """List what the second policy changes, article by article, or what time changed between two days."""
    out, after = console(400), after or before
    if between:
        for first, second in zip(_arms(before, between[0]), _arms(after, between[1]), strict=True):
            out.print(f"[bold]{first.id} → {second.id}[/bold], general law of {between[0]} and of {between[1]}")
            _print(out, passing(first, second) or [("No difference", [])])
        return
    dates = (load_policy(_file_name(name)).law_date for name in (before, after))
    chosen = law_date or str(max(day for day in dates if day is not None))
    for first in _arms(before, chosen):
        for second in _arms(after, chosen):
            out.print(f"[bold]{first.id} → {second.id}[/bold], general law of {chosen} ({first.bundle.id})")
            sections = compare(first, second)
            if not sections:
                out.print("No difference.")
            _print(out, sections)


@facts_app.command("list")
def list_facts(
    status: Annotated[str | None, typer.Option(help=f"Show only this status: {', '.join(STATUSES)}.")] = None,
) -> None:
    """List every number: value, range, unit, status, source."""
    if status is not None:
        refuse_unknown(status, STATUSES, "--status", "a status of facts")
    rows = [
        (fact.id, f"{fact.value:.10g}", "" if fact.low == fact.high else f"{fact.low:.10g} – {fact.high:.10g}",
         fact.unit, fact.status, fact.source)
        for fact in facts().values() if status is None or fact.status == status
    ]  # fmt: skip
    headings = ("fact", "value", "range", "unit", "status", "source")
    console(400).print(grid(headings, rows, left=(headings[0], *headings[2:]), whole=headings[:-1]))


@facts_app.command("show")
def show_fact(fact_id: Annotated[str, typer.Argument(help="Id of a fact, such as cameras_per_1000.")]) -> None:
    """Show one number with its range and source."""
    fact, out = facts()[fact_id], console(400)
    meanings = {"R": "primary text read", "S": "secondary source", "D": "derived from such numbers",
                "measured": "measured for this project", "assumption": "assumption: sweep its range",
                "CALIBRATED": "solved so that the model gives a datum; never a validation"}
    span = "none given" if fact.low == fact.high else f"{fact.low:.10g} – {fact.high:.10g}"
    out.print(f"[bold]{fact.id}[/bold] = {fact.value:.10g} {escape(fact.unit)}")
    law = f"{fact.law}, one draw with the group {fact.group}" if fact.group else fact.law
    out.print(f"  range   {span}\n  law     {law}\n  status  {meanings[fact.status]}")
    out.print(f"  source  {escape(fact.source)}", soft_wrap=True)


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
