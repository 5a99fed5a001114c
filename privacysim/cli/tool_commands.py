"""The commands `mask`, `notebook` and `bench`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from privacysim.cli.options import bar
from privacysim.errors import InputError

mask_app = typer.Typer(add_completion=False)
bench_app = typer.Typer(add_completion=False)
notebook_app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Create a notebook from the template, or rerun one."
)


@mask_app.command()
def mask(
    video: Annotated[str, typer.Argument(help="Video file, number of a camera, or rtsp:// or http:// address.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write: .mp4, .mov, .avi, .mkv or .webm.")],
    how: Annotated[str, typer.Option("--mask", help=(
        "box, pixelate[:CELLS], blur[:SIGMA], gaussian[:SIGMA], silhouette, dp_pixelate[:CELLS:EPSILON], scramble, "
        "or a mask from an installed package."
    ))] = "box",
    cells: Annotated[float | None, typer.Option(help="Cells across the face (pixelate, dp_pixelate).")] = None,
    sigma: Annotated[float | None, typer.Option(help="Sigma of the blur as a share of the face's width.")] = None,
    epsilon: Annotated[float | None, typer.Option(help="Epsilon per frame (dp_pixelate).")] = None,
    key: Annotated[Path | None, typer.Option(help="File with the 32 bytes of the cipher's key (scramble).")] = None,
    boxes: Annotated[
        Path | None, typer.Option(help="CSV of people to mask as well: frame, left, top, right, bottom.")
    ] = None,
    keep_audio: Annotated[bool, typer.Option("--keep-audio", help="Copy the sound (needs ffmpeg).")] = False,
    seconds: Annotated[float | None, typer.Option(help="How long to record a live stream, in seconds.")] = None,
    allow_truncated: Annotated[bool, typer.Option("--allow-truncated", help="Accept a file that ends early.")] = False,
) -> None:  # fmt: skip
    """Mask whole people in every frame of a video, and report what remains visible."""
    from privacysim.masklab.masks import Scramble, mask_named
    from privacysim.masklab.video import mask_video

    text = how
    if ":" not in how:
        strengths = [f"{value:g}" for value in (cells, sigma, epsilon) if value is not None]
        if epsilon is not None and cells is None:
            strengths = ["8", f"{epsilon:g}"]
        text = ":".join([how, *strengths])
    chosen = mask_named(text)
    if key is not None and isinstance(chosen, Scramble):
        if not key.is_file():
            raise InputError("--key", "a file with 32 bytes", str(key), f"make it: head -c 32 /dev/urandom > {key}")
        chosen.set_params(key=key.read_bytes())
    with bar("masking") as tell:
        left = mask_video(video, out, chosen, boxes=boxes, keep_audio=keep_audio, live_s=seconds,
                          whole=not allow_truncated, progress=tell)  # fmt: skip
    print(left.text())
    print(f"written: {out}")


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
    with bar("cells", remaining=False) as tell:
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
