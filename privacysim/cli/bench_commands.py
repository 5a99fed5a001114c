"""The command `bench`: how fast, against what, on this machine, now."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

bench_app = typer.Typer(add_completion=False)


@bench_app.command()
def bench(
    only: Annotated[list[str] | None, typer.Argument(help="Comparisons; default: all, and the growth.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes: does everything run and agree?")] = False,
    project: Annotated[
        Path | None, typer.Option(help="Measure nothing: project these results to a province and a country.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for bench.json and bench.png.")] = Path("results/bench"),
) -> int:
    """Measure the kernels against naive references and peers, with the machine's memory as the ceiling."""
    if project is not None:
        from privacysim.bench.projection import projection_text
        from privacysim.results.results import load_results

        print(projection_text(load_results(project).manifest))
        return 0
    from privacysim.bench import bench as measure
    from privacysim.bench import bench_text

    made = measure(only or (), quick=quick, out=out, tell=lambda name: print(f"… {name}", file=sys.stderr))
    print(bench_text(made))
    files = "bench.json, bench.png" if made["rows"] else "bench.json"
    print(f"\nResults: {out}  ({files})")
    return 0 if quick or all(row["holds"] for row in made["rows"]) else 1
