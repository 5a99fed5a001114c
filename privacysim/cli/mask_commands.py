"""`privacysim mask` and `privacysim calibrate masks`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

mask_app = typer.Typer(add_completion=False)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


@mask_app.command()
def mask(
    video: Annotated[str, typer.Argument(help="a video file, a camera's number, or an rtsp:// or http:// address")],
    out: Annotated[Path, typer.Option("-o", "--out", help="where to write: .mp4, .mov, .avi, .mkv or .webm")],
    how: Annotated[
        str,
        typer.Option(
            "--mask",
            help="box, pixelate[:CELLS], blur[:SIGMA], gaussian[:SIGMA], silhouette, dp_pixelate[:CELLS:EPSILON], "
            "scramble, or a mask that an installed package brings",
        ),
    ] = "box",
    cells: Annotated[float | None, typer.Option(help="cells across the face (pixelate, dp_pixelate)")] = None,
    sigma: Annotated[float | None, typer.Option(help="sigma of the blur, as a share of the face's width")] = None,
    epsilon: Annotated[float | None, typer.Option(help="epsilon a frame (dp_pixelate)")] = None,
    key: Annotated[Path | None, typer.Option(help="file with the 32 bytes of the cipher's key (scramble)")] = None,
    boxes: Annotated[
        Path | None, typer.Option(help="CSV with frame, left, top, right, bottom of people to mask as well")
    ] = None,
    keep_audio: Annotated[bool, typer.Option("--keep-audio", help="copy the sound (needs ffmpeg)")] = False,
    seconds: Annotated[float | None, typer.Option(help="how long to record a live stream")] = None,
    allow_truncated: Annotated[bool, typer.Option("--allow-truncated", help="accept a file that ends early")] = False,
) -> None:
    """Mask the people in a video, whole and in every frame, and say what is left."""
    from privacysim.errors import InputError
    from privacysim.masklab.mask_names import mask_named
    from privacysim.masklab.random_masks import Scramble
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
    with _bar() as bar:
        task = bar.add_task("masking", total=None)
        left = mask_video(
            video,
            out,
            chosen,
            boxes=boxes,
            keep_audio=keep_audio,
            live_s=seconds,
            whole=not allow_truncated,
            progress=lambda done, of: bar.update(task, completed=done, total=of or None),
        )
    typer.echo(left.text())
    typer.echo(f"written: {out}")


def calibrate_masks(
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for curve, table, figure and note")] = Path(
        "results/masks"
    ),
    faces: Annotated[
        str, typer.Option(help="olivetti, lfw, synthetic, or a folder with one folder of pictures a person")
    ] = "olivetti",
    data_home: Annotated[Path | None, typer.Option(help="where scikit-learn finds its data")] = None,
    download: Annotated[bool, typer.Option("--download", help="fetch the faces where they are missing")] = False,
    small: Annotated[
        bool, typer.Option("--small", help="a small grid, in a minute (always so for synthetic faces)")
    ] = False,
    workers: Annotated[int, typer.Option(help="processes")] = 2,
    own: Annotated[
        str, typer.Option("--mask", help="measure this one mask only, ours or one that an installed package brings")
    ] = "",
) -> None:
    """Attack every mask and write the curve that the simulation reads, a table, a figure and a note."""
    from privacysim.masklab.calibrate_masks import calibrate, measure
    from privacysim.masklab.faces import load_faces
    from privacysim.masklab.mask_names import mask_named

    loaded, chosen = load_faces(faces, data_home, download), mask_named(own) if own else None
    out.mkdir(parents=True, exist_ok=True)
    if chosen is not None:
        with _bar() as bar:
            task = bar.add_task("attacking", total=None)
            found = measure(
                chosen,
                loaded,
                out=out,
                workers=workers,
                progress=lambda done, of, what: bar.update(task, completed=done, total=of, description=what),
            )
        typer.echo(found.curve.drop(columns="mask").to_string(index=False))
        typer.echo(f'In a policy: [mask] kind = "{found.text}"')
        typer.echo(f"written to {out}: masks.csv, table.csv")
        return
    with _bar() as bar:
        task = bar.add_task("attacking", total=None)
        calibrate(
            loaded,
            out,
            small=small or loaded.name == "synthetic",
            workers=workers,
            progress=lambda done, of, what: bar.update(task, completed=done, total=of, description=what),
        )
    typer.echo((out / "note.md").read_text(encoding="utf-8"))
    typer.echo(f"written to {out}: " + ", ".join(sorted(path.name for path in out.iterdir())))
