"""Commands for studies and scenarios: run, compare, report, verify, study, scenario."""

import sys
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from privacysim.cli import options
from privacysim.cli.options import Baseline, Days, ResultsFolder, ScenarioName, StudyName, TablesFolder, Workers
from privacysim.errors import InputError, require
from privacysim.files import display, named_files, toml_text
from privacysim.law import laws
from privacysim.scenario import load_scenario
from privacysim.stats import percent

Full = Annotated[bool, typer.Option("--full", help="Print every table of the headline metrics.")]

_SHARE = 0.1
"""Share of the spread for which `study learn` says how many worlds it takes."""
run_app, compare_app, report_app, verify_app = (options.group() for _ in range(4))
study_app = options.group("List and explore studies; what to measure next, and better reforms.")
scenario_app = options.group("List, show and check scenarios.")


@run_app.command()
def run(
    study: Annotated[str | None, typer.Argument(help="Name or file of a study, or --scenario and --policies.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Scenario to use instead of the study's.")] = None,
    policies: Annotated[str | None, typer.Option(help="Comma-separated policies.")] = None, baseline: Baseline = None,
    sample: Annotated[str | None, typer.Option(help="Number of people in the sample, or all.")] = None,
    case: Annotated[str | None, typer.Option(help="Reading of the founding case: broadcast or directory.")] = None,
    days: Days = None,
    replicates: Annotated[str | None, typer.Option(help="Number of replicates, or precision:5%.")] = None,
    worlds: Annotated[str | None, typer.Option(help="Worlds that draw their facts, or precision:20%. 0: none.")] = None,
    replicate: Annotated[int | None, typer.Option(help="Run only this replicate, counting from 0.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all random draws.")] = None, workers: Workers = None,
    law_date: Annotated[str | None, typer.Option(help="Day of the general law, or own: each policy's own day.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, such as tcp://host:8786.")] = None,
    out: Annotated[Path | None, typer.Option(help="Results folder. Default: results/STUDY.")] = None,
    tables: Annotated[bool, typer.Option("--tables", help="Write the large tables too.")] = False,
    tables_all: Annotated[bool, typer.Option("--tables-all", help="Also sightings that nobody viewed.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the results of another run.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Run even if it may need more than this machine has.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and print what would run.")] = False,
    full: Full = False,
) -> None:
    """Run a study and compare its policies."""
    from privacysim.compiled import nothing_compiled
    from privacysim.report import first_screen, full_text, page
    from privacysim.results.manifest import read_manifest
    from privacysim.simulation.cost import in_words
    from privacysim.study import Study
    from privacysim.study.estimate import SHORT_S, foreseen
    from privacysim.study.executor import cores
    from privacysim.study.precision import Precision

    wanted = _whole_number(replicates, "--replicates", "a number, or a precision", "precision",
                           "write --replicates 20, or --replicates precision:5%")
    drawn = _whole_number(worlds, "--worlds", "a number, or a precision", "precision",
                          "write --worlds 100, or --worlds precision:20%")
    for text, of in ((wanted, "replicates"), (drawn, "worlds")):
        if isinstance(text, str):
            Precision.read(text, of)  # a mistake is an error before anything is loaded
    people = _whole_number(sample, "--sample", "a number of people, or all", "all", "write --sample 50000")
    chosen = Study(study, scenario=scenario, policies=options.words(policies) if policies is not None else None,
                   baseline=baseline, days=days, replicates=wanted if isinstance(wanted, int) else None,
                   worlds=drawn if isinstance(drawn, int) else None, sample=people, seed=seed, case=case,
                   law_date=law_date if law_date in (None, "own") else options.day(law_date))
    inputs, plan = chosen.inputs(replicate), chosen.plan
    law = "each policy's own date" if plan.law_date == "own" else plan.law_date
    part = "" if replicate is None else f"_replicate_{replicate}"
    folder = out or Path("results") / f"{plan.id}{f'_{case}' if case else ''}{part}"
    _say_if_dated(plan.law_date, inputs.scenario.law)
    before = None if force else read_manifest(folder)
    open_executor, at_once = (None, workers) if dry_run else _dask(scheduler, workers)
    spent, takes = foreseen(inputs, at_once or cores(), anyway=yes or dry_run)
    if dry_run:
        print(f"{plan.id}: {inputs.scenario.title}\n  arms        {', '.join(inputs.arm_ids)}\n"
              f"  baseline    {plan.baseline}; start {plan.start}; general law of {law}\n"
              f"  replicates  {inputs.replicates[0]} to {inputs.replicates[-1]}; worlds {inputs.worlds}\n"
              f"  size        {plan.days} days, sample {plan.sample}, seed {plan.seed}\n"
              f"  run id      {inputs.run_id}\n  results     {folder}\n{takes}\nNothing was run.")
        return
    if sys.stderr.isatty() and nothing_compiled():
        print("First run of this installation: kernels are compiled once, a minute of CPU time.", file=sys.stderr)
    if before is None and spent >= SHORT_S:
        print(takes, flush=True)
    results = chosen.run(wanted if isinstance(wanted, str) else None, worlds=drawn, replicate=replicate,
                         workers=at_once, first=_say_first, open_executor=open_executor, out=folder, resume=resume,
                         force=force, yes=yes, tables="all" if tables_all else "seen" if tables else "",
                         also={"report.html": page})
    if before is not None and results.inputs is None:
        print(f"These results were saved before by the same run ({results.run_id}); nothing was run again.\n")
    print(full_text(results) if full else first_screen(results))
    more = "" if full else f"\nAll tables: privacysim compare {folder} --full"
    print(f"\nResults: {folder}  (report.html, summary.csv, metrics.parquet, manifest.json){more}")
    if "cost" in results.manifest:
        print(in_words(results.manifest), file=sys.stderr)
    if results.failures:
        print("\n".join(results.failures), file=sys.stderr)
        raise typer.Exit(1)


def _say_first(results: Any) -> None:
    """Print the verdicts of the best guesses and the first ten worlds while the other worlds run."""
    print("First verdicts, from the best guesses and ten worlds; more worlds are running.")
    print("".join(f"  {line}\n" for line in results.compare().words()), flush=True)


def _say_if_dated(law_date: object, pack: str) -> None:
    newest = laws(general=pack).bundles[-1]
    if isinstance(law_date, date) and law_date < newest.first_day:
        print(f"General law of {law_date}: newer law is in force since {newest.first_day} (--law-date).")


@compare_app.command()
def compare(folder: ResultsFolder, baseline: Baseline = None,
            metric: Annotated[str | None, typer.Option(help="Show only this metric.")] = None,
            full: Full = False) -> None:
    """Compare the policies of saved results again, with any of them as the baseline."""
    from privacysim.report import first_screen, full_text
    from privacysim.results import load_results

    results = load_results(folder)
    print(full_text(results, baseline, metric) if full or metric else first_screen(results, baseline))


@report_app.command()
def report(folder: ResultsFolder,
           out: Annotated[Path, typer.Option("-o", "--out", help="File to write: memo.html, .pdf, .docx or .xlsx.")],
           form: Annotated[str | None, typer.Option(
               help="Impact assessment instead: uk_dpia, gdpr35, pipl56, sf19b, or a form of your own.")] = None,
           policy: Annotated[str | None, typer.Option(help="Assessed policy, with --form. Default: the last.")] = None,
           lang: Annotated[str, typer.Option(help="Language: en or zh.")] = "en", baseline: Baseline = None) -> None:
    """Write a memo for a committee, or an impact assessment by the form of a law.

    A memo has two pages, and an annex with every assumption. In an assessment, each number has its range and source;
    what a study cannot know is marked as an open question.
    """
    from privacysim.report import write_assessment, write_memo

    if form is None:
        if policy is not None:
            raise InputError("--policy", "a form to assess the policy by", "none", "add --form gdpr35 or another form")
        print(f"Memo: {write_memo(folder, out, lang=lang, baseline=baseline)}")
        return
    made = write_assessment(folder, out, form, policy=policy, lang=lang, baseline=baseline)
    print(f"Assessment: {made}")


@verify_app.command()
def verify(folder: ResultsFolder,
           replicate: Annotated[int | None, typer.Option(help="Replicate. Default: two, drawn at random.")] = None,
           every: Annotated[bool, typer.Option("--all", help="Run every replicate and world again.")] = False,
           maps: Annotated[list[Path] | None, typer.Option(
               "--map", help="File of the scenario that was moved. May be repeated.")] = None) -> None:
    """Check the files of a results folder, and rerun randomly chosen replicates."""
    from privacysim.report import page
    from privacysim.study import verify as check

    wrong, notes, chosen = check(folder, replicate, every=every, maps=maps or (), also={"report.html": page})
    notes += [f"Run again: replicates {', '.join(map(str, chosen))}."] if chosen else []
    if not wrong:
        print("\n".join([*notes, f"{folder}: all values reproduced exactly."]))
        return
    more = [f"… and {len(wrong) - 20} more."] if len(wrong) > 20 else []
    print("\n".join([*wrong[:20], *more, *notes, f"{folder}: {len(wrong)} differences."]))
    raise typer.Exit(1)


@study_app.command("list")
def study_list() -> None:
    """List the studies: those in ./sim/studies and the shipped ones."""
    from privacysim.simulation.inputs import load_study_file

    for name, path, plan in options.usable(named_files("studies"), load_study_file):
        print(f"{name:<20} {plan.scenario}: {', '.join(plan.policies)}")
        print(f"{'':<20} {plan.days} days, {plan.replicates} replicates, sample {plan.sample}  ({display(path)})")


@study_app.command("explore")
def study_explore(
    study: StudyName = "preview",
    port: Annotated[int | None, typer.Option(help="Port on this machine. Default: 8866 or a free one.", min=1,
                                             max=65_535)] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Open the interactive policy explorer in your browser."""
    from privacysim.errors import require

    require("web", "tornado", where="study explore")
    from privacysim.explorer.page import serve

    serve(study, port=port, browser=not no_browser)


@study_app.command()
def learn(folder: ResultsFolder,
          policy: Annotated[str | None, typer.Option(help="Policy to choose or not. Default: the last.")] = None,
          baseline: Baseline = None,
          price: Annotated[float | None, typer.Option(help="People identified that count as much as a case "
                                                           "without evidence.")] = None,
          out: TablesFolder = None) -> None:
    """Rank what to measure next: facts that move the answer over worlds, and the worth of knowing each."""
    from privacysim.results import load_results
    from privacysim.robustness.worth import FEWEST_WORLDS, PRICE, cost_of, share_told, worth
    from privacysim.simulation.inputs import arm_named

    results = load_results(folder)
    chosen = arm_named(results.arms, policy or results.arms[-1])
    price = PRICE if price is None else price
    table = worth(results, chosen, baseline, price=price)
    worlds, every, known = results.world_facts["world"].nunique(), len(table), table[table["stands_out"]]
    more = next(n for n in range(FEWEST_WORLDS, 10_000, 10) if share_told(n, every) <= _SHARE)
    print(f"{worlds} worlds: of {every} facts, one stands out if it explains about "
          f"{percent(share_told(worlds, every))} % of the spread.\n"
          f"Detecting one that explains {percent(_SHARE)} % takes {more} worlds, {cost_of(results, more)} "
          f"(privacysim run … --worlds {more}).\n\n{chosen} or the baseline, at {price:g} people identified for a case "
          "without evidence; each fact alone, with 95 % intervals:\n")
    print(f"{options.rounded(known.drop(columns=['source', 'stands_out']))}\n" if len(known) else "", end="")
    print(f"{len(known) or 'None'} of {every} facts {'stand' if len(known) > 1 else 'stands'} out. Chance "
          "alone can explain the largest share and worth of the others.")
    options.csv(table, out, "worth.csv")


@study_app.command()
def frontier(design: Annotated[str, typer.Argument(help="Name or .toml file of a design space.")] = "reforms",
             variants: Annotated[int, typer.Option(help="Number of combinations to try.", min=2)] = 200,
             replicates: Annotated[int, typer.Option(help="Replicates of each combination.", min=1)] = 2,
             confirm: Annotated[int, typer.Option(help="New replicates of those on the front.", min=1)] = 10,
             budget: Annotated[float | None, typer.Option(help="Budget. Default: the design's.")] = None,
             workers: Workers = None, out: TablesFolder = None) -> None:
    """Search for better reforms: those that no other combination of levers beats, measured again on new replicates."""
    from privacysim import robustness as r
    from privacysim.results.folder import claimed

    space = r.load_design(design)
    with nullcontext() if out is None else claimed(out, "frontier"):
        found = r.find_frontier(space, variants=variants, replicates=replicates, confirm=confirm, workers=workers,
                                folder=None if out is None else out / "parts")
        for name, table in (("variants", found.variants), ("front", found.confirmed), ("effects", found.effects)):
            options.csv(table, out, f"{name}.csv")
    print(f"{space.title or space.id}: {len(found.variants)} variants of {space.policy} in {space.scenario}, "
          f"{space.days} days, start {space.start}; {int(found.variants['front'].sum())} on the front")
    print("\n".join(f"  {line}" for line in found.words()))
    limit = space.budget if budget is None else budget
    if limit is not None:
        print(f"best within {limit:g} {space.cost_unit}: {found.best(limit)['variant']}")
    print("each option alone, as a ratio to the unchanged policy:")
    print(options.rounded(found.effects.filter(regex="variant|cost|ratio|low|high")))
    print("".join(f"{line}\n" for line in found.failed), end="")


@scenario_app.command("list")
def scenario_list() -> None:
    """List the scenarios: those in ./sim/scenarios and the shipped ones."""
    for name, path, scenario in options.usable(named_files("scenarios"), load_scenario):
        print(f"{name:<20} {scenario.title}  ({display(path)})")


@scenario_app.command("show")
def scenario_show(name: ScenarioName) -> None:
    """Show a scenario with every default, and each number with its range and source."""
    from privacysim.results.saving import scenario_data

    print(toml_text(scenario_data(load_scenario(name))), end="")


@scenario_app.command("check")
def scenario_check(names: Annotated[list[str] | None, typer.Argument(help="Scenarios. Default: all.")] = None) -> None:
    """Check scenarios strictly; the first mistake raises an error."""
    for name in names or list(named_files("scenarios")):
        load_scenario(name)
        print(f"{name}: valid")


def _whole_number(text: str | None, option: str, expected: str, word: str, fix: str) -> int | str | None:
    """A whole number given as text; a text that starts with `word` is read later, by the study."""
    if text is None or text.startswith(word):
        return text
    try:
        return int(text.replace("_", ""))
    except ValueError:
        raise InputError(option, expected, text, fix) from None


def _dask(scheduler: str | None, workers: int | None) -> tuple[Any, int | None]:
    """Function that opens the executor of a Dask cluster, and how many units it runs at once."""
    if scheduler is None:
        return None, workers
    distributed = require("cluster", "distributed", where="--scheduler")
    try:
        client = distributed.Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError("--scheduler", "the address of a Dask scheduler that answers", f"{scheduler} ({error})",
                         "start one with: dask scheduler") from None
    threads: dict[str, int] = client.ncores()
    return client.get_executor, workers or max(1, sum(threads.values()))
