"""The command `calibrate`: solve the CALIBRATED constants, and show what they reproduce and what they miss."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacysim.cli.options import bar
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.files import display, whole_file
from privacysim.resources import shipped

if TYPE_CHECKING:
    from privacysim.city import City
    from privacysim.scenario import Scenario
    from privacysim.world.calibration import Solved

calibrate_app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Calibrated constants and the observations they reproduce."
)

HOME = "guangzhou_185"
"""The only scenario for which calibrated constants are stored."""
PILOTS = (-1, -2, -3)
"""Replicates that no study uses; their cases provide the numbers of clue cameras."""
SEED = 185

_Scenario = Annotated[str, typer.Option(help="Scenario. Only constants of the founding case can be written.")]
_Write = Annotated[bool, typer.Option("--write", help="Write the values into data/facts.csv.")]


@calibrate_app.command("leaks")
def leaks(scenario: _Scenario = HOME, write: _Write = False) -> None:
    """Solve p_listed so that the baseline lists as many cameras as the press counted."""
    from privacysim.world.calibration import calibrate_leaks, held_out, listing, poisson_band

    case, city = _opened(scenario, write)
    now, solved = listing(city, case), calibrate_leaks(city, case)
    datum = facts()["website_listed_guangzhou"]
    low, high = poisson_band(now.expected)
    say = _say()
    _constants([solved])
    held = "within" if low <= datum.value <= high else "[red]outside[/red]"
    say(
        f"At the current value the list of {case.id} has a mean of {now.expected:.1f} cameras: the {datum.value:g} of "
        f"the founding case are {held}\n  the Poisson 95 % band {low} to {high} ({now.exposable:,.0f} exposable "
        f"cameras, mean stay {now.mean_stay_d:.0f} d).\n"
    )
    say("Held out (population × the same constants, Poisson 95 % band; no density of their own):")
    for row in held_out(case):
        verdict = "within" if row.holds else "[red]miss[/red]"
        band = f"{row.low:g} to {row.high:g}"
        say(f"  {row.city:<8} counted {row.observed:>4g}   expected {row.predicted:>4.0f} ({band})   {verdict}")
    causes = ", ".join(f"{cause} {share:.0%}" for cause, share in now.closed_by.items())
    say("\nWithout a verdict, because there are no observations:")
    say(f"  listed cameras that show an inside {now.indoor_share:.0%}\n  closed by {causes}")
    if write:
        _write([solved])


@calibrate_app.command("evidence")
def evidence(scenario: _Scenario = HOME, write: _Write = False) -> None:
    """Solve p_working and p_recognised so that footage is available and useful as often as observed."""
    from privacysim.world.calibration import at_least_one, calibrate_evidence, pilot_clues

    case, city = _opened(scenario, write)
    counts, seen = pilot_clues(city, case, SEED, PILOTS)
    solved = calibrate_evidence(counts, seen, case)
    access = case.access
    usable = case.cameras.recording_share.number * access.p_working.number
    available = at_least_one(usable, counts)
    useful = at_least_one(usable * access.p_recognised.number, seen) / available if available else 0.0
    _constants(solved)
    print(
        f"{counts.size:,} asked cases of {len(PILOTS)} pilot replicates: {counts.mean():.1f} clue cameras per case,\n"
        f"  of which {seen.mean():.1f} had the offender in view in time; {(counts == 0).mean():.1%} of cases none.\n"
        f"At the current values: available {available:.3f} (datum {facts().value('evidence_available'):g}), of these "
        f"useful {useful:.3f} (datum {facts().value('evidence_useful'):g}); before retention."
    )
    if write:
        _write(solved)


@calibrate_app.command("verdicts")
def verdicts(
    replicates: Annotated[int, typer.Option(help="Number of worlds of the founding case to run.", min=2)] = 10,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Markdown file for both tables.")] = None,
) -> None:
    """Compare the model with observations: those it was calibrated to, and those it predicts."""
    from privacysim.validation.evidence import evidence_tables, markdown

    found, say = evidence_tables(replicates), _say()
    for title, rows in (("CALIBRATED: holds by construction", found.calibrated),
                        ("PREDICTED: never tuned", found.predicted)):  # fmt: skip
        say(f"[bold]{title}[/bold]")
        for row in rows:
            seen = "not observed" if row.observed is None else f"{row.observed:.3g}"
            red = "[red]miss[/red]" if row.verdict == "miss" else row.verdict
            band = f"({row.low:.3g} to {row.high:.3g})"
            say(f"  {row.what:<52} observed {seen:>12}  model {row.model:>8.3g} {band:<22} {red}")
    if out is not None:
        with whole_file(out) as part:
            part.write_text(markdown(found), encoding="utf-8")
        print(f"Written: {display(out)}")


@calibrate_app.command("masks")
def masks(
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder for the curve, table, figure and note.")
    ] = Path("results/masks"),
    faces: Annotated[
        str, typer.Option(help="olivetti, lfw, synthetic, or a folder with one folder of pictures per person.")
    ] = "olivetti",
    data_home: Annotated[Path | None, typer.Option(help="Folder in which scikit-learn keeps its data.")] = None,
    download: Annotated[bool, typer.Option("--download", help="Download the faces if they are missing.")] = False,
    small: Annotated[bool, typer.Option("--small", help="A small grid, in a minute. Implied by synthetic.")] = False,
    workers: Annotated[int, typer.Option(help="Number of processes.")] = 2,
    own: Annotated[
        str, typer.Option("--mask", help="Measure only this mask, which may come from an installed package.")
    ] = "",
) -> None:  # fmt: skip
    """Attack every mask; write the identification curve that the simulation reads, a table, a figure and a note."""
    from privacysim.masklab.calibrate_masks import calibrate, measure
    from privacysim.masklab.faces import load_faces
    from privacysim.masklab.masks import mask_named

    loaded, chosen = load_faces(faces, data_home, download), mask_named(own) if own else None
    out.mkdir(parents=True, exist_ok=True)
    if chosen is not None:
        with bar("attacking") as tell:
            found = measure(chosen, loaded, out=out, workers=workers, progress=tell)
        print(found.curve.drop(columns="mask").to_string(index=False))
        print(f'In a policy: [mask] kind = "{found.text}"\nwritten to {out}: masks.csv, table.csv')
        return
    with bar("attacking") as tell:
        calibrate(loaded, out, small=small or loaded.name == "synthetic", workers=workers, progress=tell)
    print((out / "note.md").read_text(encoding="utf-8"))
    print(f"written to {out}: " + ", ".join(sorted(path.name for path in out.iterdir())))


def _say() -> Any:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True).print


def _opened(scenario: str, write: bool) -> tuple[Scenario, City]:
    from privacysim.city import build_city
    from privacysim.scenario import load_scenario

    case = load_scenario(scenario)
    if write and case.id != HOME:
        fix = f"leave --write out, or use --scenario {HOME}"
        raise InputError("calibrate --write", f"the scenario {HOME}, for which the constants are kept", case.id, fix)
    return case, build_city(case)


def _constants(solved: Sequence[Solved]) -> None:
    print("CALIBRATED: solved so that the model reproduces the datum, which therefore validates nothing")
    for row in solved:
        print(
            f"  {row.fact} = {row.value:.6g}   ({row.low:.6g} to {row.high:.6g} over the datum's range; current "
            f"{facts().value(row.fact):.6g}; datum {row.datum} = {facts().value(row.datum):g})"
        )
    print()


def _write(solved: Sequence[Solved]) -> None:
    """Change value, low and high of the CALIBRATED rows; other rows keep every byte."""
    path = shipped("data/facts.csv")
    rewrite(path, {row.fact: (row.value, row.low, row.high) for row in solved})
    print(f"\nWritten: {display(path)} ({', '.join(row.fact for row in solved)})")


def rewrite(path: Path, numbers: dict[str, tuple[float, float, float]]) -> None:
    """Write value, low and high into the named rows of a facts file; a row that is not CALIBRATED is an error."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    left = set(numbers)
    for at, line in enumerate(lines):
        name = line.split(",", 1)[0]
        if name not in numbers:
            continue
        row = next(csv.reader([line]))
        if row[-1] != "CALIBRATED":
            raise InputError(f"{display(path)}, {name}", "status CALIBRATED", row[-1], "choose a calibrated constant")
        row[1:4] = [f"{number:.6g}" for number in numbers[name]]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row)
        lines[at] = text.getvalue()
        left.discard(name)
    if left:
        raise InputError(display(path), "a row for each constant", f"none for {sorted(left)}", "add the row")
    with whole_file(path) as part:
        part.write_text("".join(lines), encoding="utf-8")
