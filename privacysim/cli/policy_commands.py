"""`privacysim policy …` and `privacysim facts …`: the rules article by article, every number with its source."""

from __future__ import annotations

import textwrap
from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from privacysim.errors import InputError, did_you_mean
from privacysim.facts import STATUSES, facts
from privacysim.files import display, find_file, named_files, read_toml
from privacysim.law import laws
from privacysim.policy.arm import Arm
from privacysim.policy.describing import Section, compare, describe
from privacysim.policy.policy_files import load_arms, load_policy, readings_of

policy_app = typer.Typer(no_args_is_help=True, help="The rules: list, show, check, compare.", add_completion=False)
facts_app = typer.Typer(no_args_is_help=True, help="Every number and its source.", add_completion=False)

LawDate = Annotated[
    str | None, typer.Option(help="date of everybody's law, such as 2025-06-01 (default: the policy's)")
]


def _console() -> Console:
    # a pipe has no width: wide lines, so that grep and diff meet whole rows
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=400, color_system=None)


@policy_app.command("list")
def list_policies() -> None:
    """List the policies: those in ./sim/policies and the shipped ones."""
    table = Table(box=None, pad_edge=False)
    for heading in ("policy", "status", "law of", "title", "readings"):
        table.add_column(heading, no_wrap=heading not in ("title", "readings"), min_width=12)
    for name in named_files("policies"):
        policy = load_policy(name)
        contested = ", ".join(readings_of(policy))
        variants = ", ".join(f"({variant.id})" for variant in policy.reading)
        table.add_row(name, policy.status, str(policy.law_date), escape(policy.title.en), contested or variants)
    _print_table(table)


@policy_app.command("show")
def show_policy(
    name: Annotated[str, typer.Argument(help="a policy, with a reading if wanted: guangzhou_draft:narrow")],
    law_date: LawDate = None,
) -> None:
    """Show a policy in full: routes, prohibitions, duties, citations, departures of the model from the text."""
    console = _console()
    arms = _arms(name, law_date)
    policy = arms[0].policy
    file = read_toml(find_file("policies", _file_name(name)))
    console.print(f"[bold]{escape(policy.title.en)}[/bold]  {escape(policy.title.zh)}")
    console.print(f"{arms[0].id if ':' in name else policy.id}: {policy.status}, law of {policy.law_date}", end="")
    parents = file.get("layer") or ([file["extends"]] if "extends" in file else [])
    console.print(f", over {', '.join(parents)}" if parents else "")
    console.print(escape(policy.summary))
    if policy.general_law == "suspended":
        console.print("Everybody's law is suspended in this arm.")
    else:
        console.print(f"Everybody's law here: {arms[0].bundle.id} ({escape(arms[0].bundle.says)})")
    _print(console, describe(arms[0]))


@policy_app.command("check")
def check_policies(
    name: Annotated[str | None, typer.Argument(help="a policy or a .toml file; without it, all of them")] = None,
) -> None:
    """Check one policy file, or every one: form, ids, units, citations in force; exit status 2 where one fails."""
    laws()
    failed: InputError | None = None
    names = [name] if name else list(named_files("policies"))
    for each in names:
        try:
            policy = load_policy(each)
            for variant in policy.reading:
                load_policy(each, variant.id)
        except InputError as error:
            if name:
                raise
            failed = failed or error
            typer.echo(f"{each}: cannot be used\n{error}", err=True)
            continue
        counts = f"{len(policy.access)} routes, {len(policy.forbidden) + bool(policy.prohibited)} prohibitions"
        typer.echo(f"{display(find_file('policies', each))}: good ({counts})")
    if failed:
        raise typer.Exit(2)


@policy_app.command("diff")
def diff_policies(
    before: Annotated[str, typer.Argument(help="the policy to start from")],
    after: Annotated[str, typer.Argument(help="the policy to compare with it")],
    law_date: LawDate = None,
) -> None:
    """Say what the second policy changes against the first, as a lawyer would sum it up."""
    console = _console()
    chosen = law_date
    if chosen is None:
        dates = [load_policy(_file_name(name)).law_date for name in (before, after)]
        chosen = str(max(day for day in dates if day is not None))
    for first in _arms(before, chosen):
        for second in _arms(after, chosen):
            console.print(f"[bold]{first.id} → {second.id}[/bold], everybody's law of {chosen} ({first.bundle.id})")
            sections = compare(first, second)
            if not sections:
                console.print("They say the same.")
            _print(console, sections)


@facts_app.command("list")
def list_facts(
    status: Annotated[str | None, typer.Option(help=f"only this status: {', '.join(STATUSES)}")] = None,
) -> None:
    """List every number: value, range, unit, status, source."""
    if status is not None and status not in STATUSES:
        raise InputError("--status", "a status of facts", status, did_you_mean(status, STATUSES))
    table = Table(box=None, pad_edge=False)
    for heading in ("fact", "value", "range", "unit", "status", "source"):
        table.add_column(heading, no_wrap=heading != "source", justify="right" if heading == "value" else "left")
    for fact in facts().values():
        if status is None or fact.status == status:
            span = "" if fact.low == fact.high else f"{fact.low:.10g} – {fact.high:.10g}"
            table.add_row(fact.id, f"{fact.value:.10g}", span, escape(fact.unit), fact.status, escape(fact.source))
    _print_table(table)


@facts_app.command("show")
def show_fact(fact_id: Annotated[str, typer.Argument(help="its id, such as cameras_per_1000")]) -> None:
    """Show one number with its range and source."""
    fact = facts()[fact_id]
    meanings = {
        "R": "primary text read", "S": "secondary source", "D": "derived from such numbers",
        "measured": "measured for this project", "assumption": "assumption: sweep its range",
        "CALIBRATED": "solved so that the model gives a datum; never a validation",
    }
    console = _console()
    console.print(f"[bold]{fact.id}[/bold] = {fact.value:.10g} {escape(fact.unit)}")
    console.print(f"  range   {fact.low:.10g} – {fact.high:.10g}" if fact.low != fact.high else "  range   none given")
    console.print(f"  status  {meanings[fact.status]}")
    console.print(f"  source  {escape(fact.source)}", soft_wrap=True)


def _print_table(table: Table) -> None:
    console = _console()
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def _file_name(name: str) -> str:
    return name if name.endswith(".toml") else name.partition(":")[0]


def _arms(name: str, law_date: str | None) -> list[Arm]:
    day = load_policy(_file_name(name)).law_date if law_date is None else _day(law_date)
    assert day is not None  # load_policy refuses a policy without a law date
    return load_arms([name], {}, day)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("--law-date", "a date such as 2025-06-01", text, "write year-month-day") from None


def _print(console: Console, sections: list[Section]) -> None:
    for title, lines in sections:
        console.print(f"\n[bold]{escape(title)}[/bold]")
        for line in lines:
            if console.is_terminal:
                line = textwrap.fill(line, console.width, initial_indent="  ", subsequent_indent="    ")
            else:
                line = f"  {line}"
            console.print(escape(line), soft_wrap=True)
