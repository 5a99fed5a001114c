"""The commands `policy` and `facts`: the rules article by article, and every number with its source."""

import textwrap
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
from privacysim.policy.describing import Section, compare, describe
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
) -> None:
    """Show a policy in full: routes, prohibitions, duties, citations, and how the model departs from the text."""
    out = console(400)
    arms = _arms(name, law_date)
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


@policy_app.command("check")
def check_policies(
    name: Annotated[str | None, typer.Argument(help="Name or .toml file of a policy. Default: all.")] = None,
) -> None:
    """Check policies: form, ids, units, citations in force. The exit status is 2 if one fails."""
    laws()
    failed: InputError | None = None
    for each in [name] if name else list(policy_files()):
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
        typer.echo(f"{display(find_file('policies', each, policy_files()))}: valid ({len(policy.access)} routes, "
                   f"{len(policy.forbidden) + bool(policy.prohibited)} prohibitions)")
    if failed:
        raise typer.Exit(2)


@policy_app.command("diff")
def diff_policies(before: Annotated[str, typer.Argument(help="Policy to start from.")],
                  after: Annotated[str, typer.Argument(help="Policy to compare with it.")],
                  law_date: LawDate = None) -> None:
    """List what the second policy changes, article by article."""
    out = console(400)
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
