"""Commands for studies and scenarios: run, compare, report, verify, study, scenario."""

from __future__ import annotations

import sys
from pathlib import Path
from signal import SIGINT
from typing import Annotated, Any

import typer

from privacysim.cli.options import Baseline, Days, ResultsFolder, ScenarioName, StudyName, Workers, words
from privacysim.cli.robustness_commands import frontier, sensitivity
from privacysim.errors import InputError, require
from privacysim.files import display, named_files, toml_text

run_app = typer.Typer(add_completion=False)
compare_app = typer.Typer(add_completion=False)
report_app = typer.Typer(add_completion=False)
verify_app = typer.Typer(add_completion=False)
study_app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="List and explore studies; sensitivity and design of reforms."
)
scenario_app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, show and check scenarios.")


@run_app.command()
def run(
    study: Annotated[
        str | None, typer.Argument(help="Name or .toml file of a study. Without it: --scenario and --policies.")
    ] = None,
    scenario: Annotated[str | None, typer.Option(help="Scenario to use instead of the study's.")] = None,
    policies: Annotated[str | None, typer.Option(help="Comma-separated policies.")] = None,
    baseline: Baseline = None,
    sample: Annotated[str | None, typer.Option(help="Number of people in the sample, or all.")] = None,
    days: Days = None,
    replicates: Annotated[
        str | None, typer.Option(help="Number of replicates, or precision:5% for the primary metric.")
    ] = None,
    replicate: Annotated[int | None, typer.Option(help="Run only this replicate, counting from 0.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all random draws.")] = None,
    workers: Workers = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, such as tcp://host:8786.")] = None,
    out: Annotated[Path | None, typer.Option(help="Results folder. Default: results/STUDY.")] = None,
    tables: Annotated[bool, typer.Option("--tables", help="Write the large tables too.")] = False,
    tables_all: Annotated[
        bool, typer.Option("--tables-all", help="Write the large tables, with sightings that nobody viewed.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the results of another run.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and print what would run.")] = False,
) -> None:
    """Run a study and compare its policies."""
    from privacysim.report import page
    from privacysim.results.manifest import read_manifest
    from privacysim.simulation.cost import in_words
    from privacysim.study import Study

    wanted = _replicates(replicates)
    chosen = Study(
        study, scenario=scenario, policies=None if policies is None else words(policies), baseline=baseline, days=days,
        replicates=wanted if isinstance(wanted, int) else None, sample=_sample(sample), seed=seed,
    )  # fmt: skip
    inputs = chosen.inputs(replicate)
    alone = "" if replicate is None else f"_replicate_{replicate}"
    folder = out or Path("results") / f"{chosen.plan.id}{alone}"
    if dry_run:
        print(_plan_text(chosen.plan, inputs, folder))
        return
    before = read_manifest(folder)
    open_executor, at_once = _dask(scheduler, workers)
    results = chosen.run(
        wanted if isinstance(wanted, str) else None, replicate=replicate, workers=at_once,
        open_executor=open_executor, out=folder, resume=resume, force=force,
        tables="all" if tables_all else "seen" if tables else "", also={"report.html": page},
    )  # fmt: skip
    if before is not None and results.inputs is None:
        print(f"These results were saved before by the same run ({results.run_id}); nothing was run again.\n")
    print(headline_text(results))
    print(f"\nResults: {folder}  (report.html, summary.csv, metrics.parquet, manifest.json)")
    if "cost" in results.manifest:
        print(in_words(results.manifest), file=sys.stderr)
    _say_cache()
    if results.failures:
        print("\n".join(results.failures), file=sys.stderr)
        raise typer.Exit(1)


@compare_app.command()
def compare(
    folder: ResultsFolder,
    baseline: Baseline = None,
    metric: Annotated[str | None, typer.Option(help="Show only this metric.")] = None,
) -> None:
    """Compare the policies of saved results again, with any of them as the baseline."""
    from privacysim.results import load_results

    print(headline_text(load_results(folder), baseline, metric))


@report_app.command()
def report(
    folder: ResultsFolder,
    out: Annotated[
        Path, typer.Option("-o", "--out", help="File to write: memo.html, memo.pdf, memo.docx or memo.xlsx.")
    ],
    lang: Annotated[str, typer.Option(help="Language: en or zh.")] = "en",
    baseline: Baseline = None,
) -> None:
    """Write a memo for a committee: two pages, and an annex with every assumption."""
    from privacysim.report import write_memo

    print(f"Memo: {write_memo(folder, out, lang=lang, baseline=baseline)}")


@verify_app.command()
def verify(
    folder: ResultsFolder,
    replicate: Annotated[int | None, typer.Option(help="Replicate to run again. Default: the first.")] = None,
) -> None:
    """Check the files of a results folder and run one replicate again."""
    from privacysim.study import verify as check

    wrong = check(folder, replicate)
    for line in wrong[:20]:
        print(line)
    if len(wrong) > 20:
        print(f"… and {len(wrong) - 20} more.")
    print(f"{folder}: {len(wrong)} differences." if wrong else f"{folder}: all values reproduced exactly.")
    if wrong:
        raise typer.Exit(1)


@study_app.command("list")
def study_list() -> None:
    """List the studies: those in ./sim/studies and the shipped ones."""
    from privacysim.simulation.study_file import load_study_file

    for name, path in named_files("studies").items():
        plan = load_study_file(name)
        print(f"{name:<20} {plan.scenario}: {', '.join(plan.policies)}")
        print(f"{'':<20} {plan.days} days, {plan.replicates} replicates, sample {plan.sample}  ({display(path)})")


@study_app.command("explore")
def study_explore(
    study: StudyName = "preview",
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8866,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> int:
    """Open the interactive policy explorer in your browser."""
    from privacysim.explorer.notebook_files import serve

    status = serve(study, port=port, browser=not no_browser)
    if status in (-SIGINT, 130):  # killed by Ctrl-C, or ended after it
        return 130
    return 1 if status else 0


study_app.command("sensitivity")(sensitivity)
study_app.command("frontier")(frontier)


@scenario_app.command("list")
def scenario_list() -> None:
    """List the scenarios: those in ./sim/scenarios and the shipped ones."""
    from privacysim.scenario import load_scenario

    for name, path in named_files("scenarios").items():
        print(f"{name:<20} {load_scenario(name).title}  ({display(path)})")


@scenario_app.command("show")
def scenario_show(name: ScenarioName) -> None:
    """Show a scenario with every default, and each number with its range and source."""
    from privacysim.results.saving import scenario_data
    from privacysim.scenario import load_scenario

    print(toml_text(scenario_data(load_scenario(name))), end="")


@scenario_app.command("check")
def scenario_check(
    names: Annotated[list[str] | None, typer.Argument(help="Names or .toml files of scenarios. Default: all.")] = None,
) -> None:
    """Check scenarios strictly; the first mistake is an error."""
    from privacysim.scenario import load_scenario

    for name in names or list(named_files("scenarios")):
        load_scenario(name)
        print(f"{name}: valid")


def headline_text(results: Any, baseline: str | None = None, metric: str | None = None) -> str:
    """Output of `run` and `compare`: the verdicts in words, then the table."""
    from privacysim.report import start_in_words
    from privacysim.simulation.view_ends import band_lines
    from privacysim.study.precision import in_words as precision_in_words

    change = results.compare(baseline)
    manifest, study = results.manifest, results.manifest["study"]
    from privacysim.metrics import headline

    names = [metric] if metric else list(dict.fromkeys([change.primary, *headline(11)]))
    lines = [
        f"{study['id']}: {manifest['scenario']['title']}, {study['days']} days, "
        f"{len(manifest['replicates'])} replicates, sample {study['sample']}, seed {study['seed']}",
        f"baseline {change.baseline}; {start_in_words(change.start)}",
        "" if manifest["scenario"]["calibrated"] else "not calibrated: the constants were solved for another scenario",
        precision_in_words(manifest.get("precision")), *results.failures,
        "", *([] if metric else [*change.words(), "", *change.band_words()]), "",
        _plain_table(change.table(names, text=True)),
        "", *band_lines(results.band, results.notes, names), "", _pairing_text(change, names),
        "", "A comparison of rules, not legal advice.",
    ]  # fmt: skip
    return "\n".join(line for n, line in enumerate(lines) if line or (n and lines[n - 1]))


def _plain_table(table: Any) -> str:
    """Plain-text table with one block per metric, policies as rows; it fits a terminal with little wrapping."""
    blocks = []
    columns = ["policy", "curve", "mean", "ratio", "difference", "n"]
    for metric, rows in table.groupby("metric", sort=False):
        cells = [[*columns, "note"], *([str(v) for v in row] for row in rows[[*columns, "note"]].to_numpy())]
        widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
        lines = [f"{metric}  {rows['direction'].iloc[0]}".rstrip()]
        for line in cells:
            padded = (c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=False)))
            lines.append(f"  {'  '.join(padded)}  {line[-1]}".rstrip())
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _pairing_text(change: Any, names: list[str]) -> str:
    """Variance reduction from pairing, per metric: the correlation of the replicates and the remaining variance."""
    rows = change.pairing(names)
    if rows.empty:
        return ""
    lines = [
        "variance reduction from pairing: correlation over replicates; variance of the difference, paired / unpaired"
    ]
    for row in rows.to_dict("records"):
        curve = f" ({row['curve']})" if row["curve"] else ""
        ends = "" if row["low"] != row["low"] else f" [{row['low']:.2g}, {row['high']:.2g}]"
        lines.append(f"  {row['metric']}{curve}, {row['policy']}: r = {row['correlation']:.3f}; "
                     f"{row['variance_ratio']:.2g}{ends}")  # fmt: skip
    return "\n".join(lines)


def _plan_text(plan: Any, inputs: Any, folder: Path) -> str:
    first, last = inputs.replicates[0], inputs.replicates[-1]
    return "\n".join([
        f"{plan.id}: {inputs.scenario.title}", f"  arms        {', '.join(inputs.arm_ids)}",
        f"  baseline    {plan.baseline}; start {plan.start}; general law of {plan.law_date}",
        f"  replicates  {first} to {last}", f"  size        {plan.days} days, sample {plan.sample}, seed {plan.seed}",
        f"  run id      {inputs.run_id}", f"  results     {folder}", "Nothing was run.",
    ])  # fmt: skip


def _replicates(text: str | None) -> int | str | None:
    from privacysim.study.precision import Precision

    if text is None:
        return None
    if text.startswith("precision"):
        Precision.read(text)  # raises an error before anything is loaded
        return text
    try:
        return int(text.replace("_", ""))
    except ValueError:
        fix = "write --replicates 20, or --replicates precision:5%"
        raise InputError("--replicates", "a number, or a precision", text, fix) from None


def _sample(text: str | None) -> int | str | None:
    if text is None or text == "all":
        return text
    try:
        return int(text.replace("_", ""))
    except ValueError:
        raise InputError("--sample", "a number of people, or all", text, "write --sample 50000") from None


def _dask(scheduler: str | None, workers: int | None) -> tuple[Any, int | None]:
    """Function that opens the executor of a Dask cluster, and how many units it runs at once."""
    if scheduler is None:
        return None, workers
    distributed = require("cluster", "distributed", where="--scheduler")
    try:
        client = distributed.Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError("--scheduler", "the address of a Dask scheduler that answers", f"{scheduler} ({error})",
                         "start one with: dask scheduler") from None  # fmt: skip
    threads: dict[str, int] = client.ncores()
    return client.get_executor, workers or max(1, sum(threads.values()))


def _say_cache() -> None:
    from privacysim.resources import cache_folder

    folder = cache_folder()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"Cache:   {folder}  ({size / 1e6:.0f} MB; may be deleted)", file=sys.stderr)
