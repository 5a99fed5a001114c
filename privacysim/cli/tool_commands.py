"""The commands `calibrate`, `mask`, `notebook` and `bench`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from privacysim.cli.options import Baseline, ResultsFolder, TablesFolder, bar, csv, group, rounded
from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.files import display, write_whole

calibrate_app = group("Calibrated constants and the observations they reproduce.")
notebook_app = group("Create a notebook from the template, or rerun one.")
mask_app, bench_app = group(), group()

HOME = "guangzhou_185"
"""The scenario whose calibrated constants are facts."""
SEED = 185

_Scenario = Annotated[str, typer.Option(help="Scenario. The facts keep the constants of the founding case.")]


@calibrate_app.command("leaks")
def leaks(scenario: _Scenario = HOME) -> None:
    """Solve p_listed so that the baseline lists as many cameras as the press counted."""
    from privacysim.city import build_city
    from privacysim.scenario import load_scenario
    from privacysim.world.calibration import calibrate_leaks, held_out, listing, poisson_band

    case = load_scenario(scenario)
    city = build_city(case)
    now, solved = listing(city, case), calibrate_leaks(city, case)
    datum = facts()["website_listed_guangzhou"]
    low, high = poisson_band(now.expected)
    held = "within" if low <= datum.value <= high else "outside"
    print("CALIBRATED: solved so that the model reproduces the datum, which therefore validates nothing\n"
          f"  {solved.fact} = {solved.value:.6g}   ({solved.low:.6g} to {solved.high:.6g} over the datum's range; "
          f"current {facts().value(solved.fact):.6g}; datum {solved.datum} = {facts().value(solved.datum):g})\n")
    print(f"At the current value the list of {case.id} has a mean of {now.expected:.1f} cameras: the {datum.value:g} "
          f"of the founding case are {held}\n  the Poisson 95 % band {low} to {high} ({now.exposable:,.0f} exposable "
          f"cameras, mean stay {now.mean_stay_d:.0f} d).\n")
    print("Held out (population × the same constants; 95 % band, mostly variance between cities):")
    for row in held_out():
        print(f"  {row.city:<8} counted {row.observed:>4g}   expected {row.predicted:>4.0f} "
              f"({row.low:.0f} to {row.high:.0f})   {'within' if row.holds else 'miss'}")
    causes = ", ".join(f"{cause} {share:.0%}" for cause, share in now.closed_by.items())
    print("\nWithout a verdict, because there are no observations:")
    print(f"  listed cameras that show an interior {now.indoor_share:.0%}\n  closed by {causes}")


@calibrate_app.command("verdicts")
def verdicts(
    worlds: Annotated[int, typer.Option(help="Number of worlds, each with its own facts; 16 CPU s each.", min=2)] = 40,
    workers: Annotated[int, typer.Option(help="Number of processes.", min=1)] = 2,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Markdown file for the table.")] = None,
) -> None:
    """Compare the model with published observations that it was never given (data/register.csv)."""
    from privacysim.validation import register

    found = register.verdicts(register.run_worlds(worlds, workers))
    for one in found:
        row, q = one.row, one.quantiles
        middle = f"{q[1]:.3g} to {q[3]:.3g}" if q else "–"
        print(f"  {row.id:<34} observed {row.low:>8.3g} to {row.high:<8.3g} model {middle:<22} {one.word}")
    print(register.counts(found).to_string())
    if out is not None:
        write_whole(out, register.markdown(found, worlds))
        print(f"Written: {display(out)}")


@calibrate_app.command("worlds")
def worlds(
    folder: ResultsFolder,
    to: Annotated[Path, typer.Option("--to", help="CSV file of observed figures (docs/guides/how_sure.md).")],
    baseline: Baseline = None, workers: Annotated[int, typer.Option(help="Number of processes.", min=1)] = 2,
    out: TablesFolder = None,
) -> None:
    """Keep the worlds of saved results that agree with observed figures, and show what remains unknown."""
    from privacysim.results import load_results
    from privacysim.robustness import match, read_observations

    found = match(load_results(folder), read_observations(to), baseline, workers)
    print(f"{int((found.worlds['weight'] > 0).sum())} of {len(found.worlds)} worlds agree with the matched figures.")
    for about, table in (
        ("Figures (misfit in standard errors; explained: share of the variance in held-out worlds)", found.figures),
        ("Facts that the figures inform; all others are as uncertain as before", found.facts),
        ("Ratio to the baseline in the primary measure (with ten effective worlds or more)", found.answers),
    ):  # fmt: skip
        shown = table.drop(columns=["low", "high", "model_error"], errors="ignore")
        print(f"\n{about}:\n{rounded(shown) if len(table) else '  none'}")
    for name, table in found._asdict().items():
        csv(table, out, f"{name}.csv")


@calibrate_app.command("masks")
def masks(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")] = Path("results/masks"),
    faces: Annotated[str, typer.Option(help="olivetti, synthetic, or a folder with one per person.")] = "olivetti",
    data_home: Annotated[Path | None, typer.Option(help="Folder in which scikit-learn keeps its data.")] = None,
    download: Annotated[bool, typer.Option("--download", help="Download the faces if they are missing.")] = False,
    small: Annotated[bool, typer.Option("--small", help="A small grid. Implied by synthetic.")] = False,
    workers: Annotated[int, typer.Option(help="Number of processes.")] = 2,
    own: Annotated[str, typer.Option("--mask", help="Measure only this mask, shipped or installed.")] = "",
    weights: Annotated[Path | None, typer.Option("--embedding", help="Attack with this file's dlib network.")] = None,
) -> None:
    """Attack every mask; write the identification curve that the simulation reads, a table, a figure and a note.

    With --embedding, write embedding.csv alone: the rates of a pretrained network (install dlib-bin).
    """
    from privacysim.masklab.calibrate_masks import calibrate, measure
    from privacysim.masklab.faces import load_faces
    from privacysim.masklab.masks import mask_named

    loaded, chosen = load_faces(faces, data_home, download), mask_named(own) if own else None
    out.mkdir(parents=True, exist_ok=True)
    few = "" if loaded.people >= 10 else " Fewer than 10 people say little about a mask."
    print(f"{loaded.people} people, {len(loaded.person) // loaded.people} images each.{few} {loaded.left_out}".strip())
    if weights is not None:
        from privacysim.masklab.embedding import dlib_network, measure_embedding

        rates = measure_embedding(loaded, dlib_network(weights), f"dlib, {weights.name}", out)
        print(f"{rates.to_string(index=False)}\nwritten to {out}: embedding.csv")
        return
    with bar("attacking") as tell:  # the costly attacks run first, so the time that it shows falls
        if chosen is None:
            calibrate(loaded, out, small=small or loaded.name == "synthetic", workers=workers, progress=tell)
        else:
            found = measure(chosen, loaded, out=out, workers=workers, progress=tell)
    if chosen is not None:
        print(found.curve.drop(columns="mask").to_string(index=False))
        print(f'In a policy: [mask] kind = "{found.text}"\nwritten to {out}: masks.csv, table.csv')
        return
    print((out / "note.md").read_text(encoding="utf-8"))
    print(f"written to {out}: " + ", ".join(sorted(path.name for path in out.iterdir())))


@mask_app.command()
def mask(
    source: Annotated[Path, typer.Argument(help="Video, picture, or folder of pictures.")],
    out: Annotated[Path, typer.Option("-o", "--out", help=(
        "File to write (.mp4, .mov, .avi, .mkv, .webm; .jpg, .png, …), or folder for a folder's pictures."))],
    how: Annotated[str, typer.Option("--mask", help=(
        "box, pixelate[:CELLS], blur[:SIGMA], gaussian[:SIGMA], silhouette, dp_pixelate[:CELLS:EPSILON], or a mask "
        "from an installed package. CELLS are counted across a face, SIGMA is a share of its width."
    ))] = "box",
    boxes: Annotated[Path | None, typer.Option(help="CSV of people: frame, left, top, right, bottom.")] = None,
    keep_audio: Annotated[bool | None, typer.Option(
        "--keep-audio/--no-audio", help="Copy the sound (needs ffmpeg). Default: if there is sound and ffmpeg."
    )] = None,
    keep_anyway: Annotated[bool, typer.Option("--keep-anyway", help="Keep a file in which a face is left.")] = False,
    allow_truncated: Annotated[bool, typer.Option("--allow-truncated", help="Accept a file that ends early.")] = False,
) -> int:
    """Mask people and faces in every frame of a video, or in pictures; check the result and report what remains.

    It is made for fixed cameras. If the camera moves, people who turn their face away may be missed. Exits with 1 and
    keeps no file if a second detector still finds a face in the result.
    """
    from privacysim.masklab.masks import mask_named
    from privacysim.masklab.pictures import ENDINGS, mask_pictures
    from privacysim.masklab.video import mask_video

    pictures = source.is_dir() or source.suffix.lower() in ENDINGS
    if pictures and (boxes or keep_audio):
        raise InputError(str(source), "a video, for --boxes and --keep-audio", "pictures", "leave these out")
    left: Any
    with bar("masking") as tell:
        if pictures:
            left = mask_pictures(source, out, mask_named(how), keep_anyway=keep_anyway, progress=tell)
        else:
            left = mask_video(str(source), out, mask_named(how), boxes=boxes, keep_audio=keep_audio,
                              whole=not allow_truncated, keep_anyway=keep_anyway, progress=tell)
    print(left.text())
    if left.readable and not keep_anyway:
        what = "these pictures are not written" if pictures else "not written"
        print(f"{what}: faces are left in the result; use a stronger mask, "
              f"{'' if pictures else 'add --boxes, '}or keep it with --keep-anyway")
    if not left.readable or keep_anyway or (pictures and len(left.readable) < len(left.found)):
        print(f"written: {out}")
    return 1 if left.readable else 0


@notebook_app.command("new")
def notebook_new(name: Annotated[str, typer.Argument(help="Name of the new notebook.")]) -> None:
    """Write a study notebook from the template into the working folder."""
    from privacysim.explorer.notebook_files import new_notebook

    path = new_notebook(name)
    print(f"{path}: written. Open it with `jupyter lab {path}`, or run it: privacysim notebook run {path}")


@notebook_app.command("run")
def notebook_run(
    notebook: Annotated[Path, typer.Argument(help="Notebook to run.")],
    parameters: Annotated[list[str] | None, typer.Option(
        "-p", "--parameter", help='NAME=VALUE, such as -p retention="7 d". May be repeated.'
    )] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File to write. Default: results/NAME.ipynb.")] = None,
) -> None:  # fmt: skip
    """Run a notebook with other parameters and save the result as a new notebook."""
    from privacysim.explorer.notebook_files import parameter, run_notebook

    given = dict(parameter(text) for text in parameters or [])
    target = out or Path("results") / notebook.name
    with bar("cells") as tell:
        run_notebook(notebook, target, given, tell=tell)
    print(f"{target}: every cell ran.")


@bench_app.command()
def bench(
    only: Annotated[list[str] | None, typer.Argument(help="Benchmarks to run. Default: all.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes: check that all run and agree.")] = False,
    project: Annotated[Path | None, typer.Option(
        help="Measure nothing: project the cost of these results to a province and a country."
    )] = None,
    out: Annotated[Path, typer.Option(help="Folder for bench.json and bench.png.")] = Path("results/bench"),
) -> int:  # fmt: skip
    """Measure how fast the kernels are against reference implementations and this machine's memory."""
    if project is not None:
        from privacysim.bench.growth import projection_text
        from privacysim.results.results import load_results

        print(projection_text(load_results(project).manifest))
        return 0
    from privacysim.bench.speed_cases import bench as measure
    from privacysim.bench.speed_cases import bench_text

    made = measure(only or (), quick=quick, out=out, tell=lambda name: print(f"… {name}", file=sys.stderr))
    print(bench_text(made))
    print(f"\nResults: {out}  ({'bench.json, bench.png' if made['rows'] else 'bench.json'})")
    return 0 if quick or all(row["holds"] for row in made["rows"]) else 1
