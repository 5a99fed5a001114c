"""Run the benchmarks and report them as JSON, a figure and text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from privacysim.bench.growth import GROWTHS
from privacysim.bench.measured import Row, Skipped, ceilings, machine
from privacysim.bench.speed_cases import CASES
from privacysim.errors import InputError, did_you_mean
from privacysim.files import whole_file
from privacysim.resources import VERSION

_LIBRARIES = ("numpy", "numba", "pandas", "simpy", "shapely", "geopandas", "mesa", "ciw")
_GROWTH = "growth"


def bench(
    only: Sequence[str] = (), *, quick: bool = False, out: Path | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Measure the cases named in `only` (if empty, all and growth); with `out`, write bench.json and bench.png.

    `quick` uses small sizes to check that everything runs and agrees; do not quote its ratios. Peers that are not
    installed are left out and named. Results are plain data.
    """
    known = [*CASES, _GROWTH]
    for name in only:
        if name not in known:
            raise InputError("bench", "a comparison: " + ", ".join(known), name, did_you_mean(name, known))
    chosen = list(only) or known
    about, ceiling = machine(), ceilings()
    rows, absent, growths = list[Row](), list[Skipped](), list[dict[str, Any]]()
    for name in (name for name in CASES if name in chosen):
        tell(name)
        for found in CASES[name](ceiling, quick):
            if isinstance(found, Skipped):
                absent.append(found)
            else:
                rows.append(found)
    if _GROWTH in chosen:
        for name, grow in GROWTHS.items():
            tell(f"growth with {name}")
            growths.append(grow(quick).as_json())
    made = {
        "privacysim": VERSION, "machine": about, "ceilings": asdict(ceiling), "quick": quick,
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "rows": [row.as_json() for row in rows], "absent": [asdict(one) for one in absent], "growth": growths,
    }
    if out is not None:
        with whole_file(out / "bench.json") as path:
            path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        if rows:
            _figure(made, out / "bench.png")
    return made


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def bench_text(made: dict[str, Any]) -> str:
    """Text that the command prints.

    >>> print(bench_text({"machine": {"processor": "X", "cores": 2, "load_at_start": 0.0}, "quick": True,
    ...     "ceilings": {"bytes_s": 4e10, "gathers_s": 1e8, "bare_gathers_s": 2e8}, "growth": [],
    ...     "rows": [], "absent": [{"case": "desk_ciw", "peer": "ciw", "why": "not installed"}]}))
    X, 2 cores, load 0.0 at the start; one thread, CPU seconds
    memory: 40.0 GB/s streamed, 100 M random fetches/s (200 M without storing)
    <BLANKLINE>
    absent: ciw (not installed): install tests/benchmarks/peers.txt
    quick sizes: ratios are not to be quoted
    """
    ceiling, about = made["ceilings"], made["machine"]
    load = "unknown" if about["load_at_start"] is None else f"{about['load_at_start']:.1f}"
    lines = [
        f"{about['processor']}, {about['cores']} cores, load {load} at the start; one thread, CPU seconds",
        f"memory: {ceiling['bytes_s'] / 1e9:.1f} GB/s streamed, {ceiling['gathers_s'] / 1e6:.0f} M random fetches/s "
        f"({ceiling['bare_gathers_s'] / 1e6:.0f} M without storing)", "",
    ]
    for row in made["rows"]:
        goal = f", at least {row['target']:g}: {'holds' if row['holds'] else 'DOES NOT HOLD'}" if row["target"] else ""
        lines += [f"{row['case']}: {row['what']}",
                  f"  {_number(row['rate'])} {row['unit']}; {row['reference']} {_number(row['reference_rate'])}",
                  f"  ratio {row['ratio']:.3g}{goal}; same: {row['equal']}"]  # fmt: skip
    lines += [_growth_text(grown) for grown in made["growth"]]
    if made["absent"]:
        peers = ", ".join(sorted({f"{one['peer']} ({one['why']})" for one in made["absent"]}))
        lines.append(f"absent: {peers}: install tests/benchmarks/peers.txt")
    if made["quick"]:
        lines.append("quick sizes: ratios are not to be quoted")
    return "\n".join(lines)


def _growth_text(grown: dict[str, Any]) -> str:
    steps = ", ".join(f"{size:g}: {spent:.2f} s" for size, spent in zip(grown["sizes"], grown["cpu_s"], strict=True))
    held = f"; a block holds {grown['block_mb'][0]:.0f} to {grown['block_mb'][-1]:.0f} MB" if grown["block_mb"] else ""
    return f"growth with {grown['of']}: exponent {grown['exponent']:.2f} ({steps}){held}"


def _number(rate: float) -> str:
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if rate >= size:
            return f"{rate / size:.3g}{letter}"
    return f"{rate:.3g}"


def _figure(made: dict[str, Any], path: Path) -> None:
    from privacysim.figures import speed_figure

    figure = speed_figure(made["rows"])
    with whole_file(path) as half:
        figure.savefig(half, format="png", dpi=150)
