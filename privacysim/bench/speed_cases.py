"""Benchmark cases (each checks that both sides agree, then times them), and their report as JSON, figure and text.

Times are CPU seconds of this thread, the best of a few runs, because wall time on a shared machine depends on its load.
Rates are for single-threaded work; ratios compare values of the same run.
"""

import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from privacysim.bench import crowd, peers, walkers
from privacysim.bench.growth import GROWTHS, growth, seconds
from privacysim.draws import stream_key, uniform
from privacysim.errors import ResultsError, refuse_unknown
from privacysim.exposure import measure_exposure
from privacysim.files import whole_file, write_whole
from privacysim.identify import curve_table
from privacysim.resources import VERSION
from privacysim.results.manifest import versions
from privacysim.vocabulary import LEGALITIES

_WORDS = 1 << 25
"""Elements per array: 256 MiB, eight times a large cache."""
_REFERENCE_GATHERS = 119e6
"""Random fetches per second of the machine on which the prototypes' rates were measured."""
_PROTOTYPES = {0.02: 127e6, 1.5: 17e6}
"""Acts per camera → pieces of passes per second of the prototype kernels on that machine."""
_LIBRARIES = ("numpy", "numba", "pandas", "simpy", "shapely", "geopandas", "mesa")


@dataclass(frozen=True)
class Row:
    """Our rate and the reference's; `target` ratio (0: none); `equal` says how results were compared before timing."""

    case: str
    what: str
    unit: str
    rate: float
    reference: str
    reference_rate: float
    target: float
    equal: str

    @property
    def ratio(self) -> float:
        """Our rate divided by the reference's."""
        return self.rate / self.reference_rate

    def as_json(self) -> dict[str, Any]:
        """Return plain data for JSON, including the ratio."""
        return asdict(self) | {"ratio": self.ratio, "holds": not self.target or self.ratio >= self.target}


@dataclass(frozen=True)
class Skipped:
    """A comparison that was skipped because the peer is not installed."""

    case: str
    peer: str


def agree(holds: bool, case: str, said: object = "") -> None:
    """Raise an error if the two results differ; called before timing."""
    if not holds:
        raise ResultsError(f"bench {case}: the two sides do not give the same {said}.\n"
                           "  Fix: none here; an error of privacysim or of the peer, please report it.")  # fmt: skip


@dataclass(frozen=True)
class Ceilings:
    """Memory speed of one thread: bytes a second for numpy's a = b + c, and its random fetches `values[where]`.

    Look-ups are counted in random fetches, so targets set on another machine are scaled by it.
    """

    bytes_s: float
    gathers_s: float


def ceilings() -> Ceilings:
    """Measure the limits of this machine, to which all rates relate."""
    a, b, c = np.zeros(_WORDS), np.ones(_WORDS), np.ones(_WORDS)
    streamed, _ = seconds(lambda: np.add(b, c, out=a), 5)
    where = (uniform(stream_key(0, 0, "gather"), np.arange(_WORDS)) * _WORDS).astype(np.int64)
    fetched, _ = seconds(lambda: a[where], 5)
    return Ceilings(24.0 * _WORDS / streamed, _WORDS / fetched)


def machine() -> dict[str, Any]:
    """Describe this machine and its load average of the last minute, which shows how reliable wall times are."""
    name = platform.processor() or platform.machine()
    with suppress(OSError, StopIteration), open("/proc/cpuinfo", encoding="utf-8") as file:
        name = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"processor": name, "cores": os.cpu_count(), "python": platform.python_version(), "load_at_start": load}


Found = Iterator[Row | Skipped]


def densities(ceiling: Ceilings, quick: bool) -> Found:
    """Exposure kernel with few and many acts, against the prototypes' rates scaled to this machine's memory."""
    for acts, prototype in _PROTOTYPES.items():
        made = crowd.crowd(acts, 200_000 if quick else 1_000_000)
        work = partial(measure_exposure, made.pieces, made.block, made.acts, curve_table(made.acts.pairs))
        work()
        spent, _ = seconds(work, 5)
        yield Row(f"exposure_{acts}", f"exposure at {acts} acts per camera, pieces at cameras with an act",
                  "pieces of passes/s", len(made.pieces) / spent, "prototype kernel, scaled by random fetches",
                  prototype * ceiling.gathers_s / _REFERENCE_GATHERS, 0.5, "the join, in tests/oracles")


def _compared(case: str, what: str, unit: str, count: int, ours: Callable[[], Any], peer: str,
              theirs: Callable[[], Any], target: float, equal: str) -> Row:
    """Time both sides on the same work after the check that they agree, which has also compiled ours."""
    return Row(case, what, unit, count / seconds(ours)[0], peer, count / seconds(theirs, 1)[0], target, equal)


def against_pandas(ceiling: Ceilings, quick: bool) -> Found:
    """Exposure kernel against a pandas join of the same sightings."""
    # 20 sightings a piece: a third of 61 days
    made = crowd.crowd(1.5, 5_000 if quick else 164_000)
    sightings = crowd.sightings_frame(made)
    work = partial(measure_exposure, made.pieces, made.block, made.acts)
    peer = partial(crowd.exposure_by_pandas, sightings, made.frame)
    ours, theirs = work(), peer()
    person = theirs.index.get_level_values("person_id").to_numpy()
    group = theirs.index.get_level_values("legality").map(list(LEGALITIES).index).to_numpy() + len(LEGALITIES)
    for name in ("identifiable_s", "p_identified"):
        mine = getattr(ours, name)[:, 0, :, 0]
        agree(np.allclose(mine[person, group], theirs[name], rtol=1e-9, atol=0.0), "pandas", name)
        agree(np.count_nonzero(mine) == np.count_nonzero(theirs[name]), "pandas", name)
    yield _compared("exposure_join", f"exposure of {len(sightings):,} sightings", "sightings/s", len(sightings), work,
                    "pandas merge and groupby", peer, 100.0, "1e-9 relative, each person")  # fmt: skip


def segments(ceiling: Ceilings, quick: bool) -> Found:
    """Exact clipping of street segments against shapely's intersections."""
    place = peers.square(20_000 if quick else 100_000)
    ours, fine = peers.metres_in_view(place), peers.metres_by_shapely(place, 256)
    agree(abs(ours / fine - 1.0) < 2e-5, "clip", (ours, fine))
    yield _compared("clip", f"{place.x.size:,} segments against 10,000 sectors", "segments/s", place.x.size,
                    lambda: peers.metres_in_view(place), "shapely STRtree and intersection",
                    lambda: peers.metres_by_shapely(place, 12), 20.0,
                    "metres in view, 2e-5 of polygons with 256 facets")  # fmt: skip


def points(ceiling: Ceilings, quick: bool) -> Found:
    """Points in sectors against geopandas."""
    if find_spec("geopandas") is None:
        yield Skipped("points", "geopandas")
        return
    few, place = peers.square(20_000), peers.square(100_000 if quick else 1_000_000)
    hits = len(peers.points_in_view(few)[1]), peers.points_by_geopandas(few, 256)
    agree(abs(hits[0] / hits[1] - 1.0) < 1e-3, "points", hits)
    yield _compared("points", f"{place.x.size:,} points against 10,000 sectors", "points/s", place.x.size,
                    lambda: peers.points_in_view(place), "geopandas sjoin(within), 12 facets",
                    lambda: peers.points_by_geopandas(place), 5.0, "hits, 1e-3 of polygons with 256 facets")


def agents(ceiling: Ceilings, quick: bool) -> Found:
    """Sightings of people on streets: the kernel against SimPy with a process per person, and Mesa."""
    place = walkers.town()
    everybody = place.block.walk_hub.size
    walkers.with_kernel(place, 10)
    spent, _ = seconds(lambda: walkers.with_kernel(place, everybody))
    rate = walkers.steps_of(place) / spent
    lives, walks = walkers.months(place, 30 if quick else 400)
    steps = sum(len(route) for month in lives for _, _, route in month)
    expected = walkers.with_kernel(place, walks)
    for name, work, target, peer in (("agents_simpy", walkers.with_simpy, 150.0, "a SimPy process a person"),
                                     ("agents_mesa", walkers.with_mesa, 60.0, "a Mesa agent a person")):
        if name == "agents_mesa" and find_spec("mesa") is None:
            yield Skipped(name, "mesa")
            continue
        theirs_s, found = seconds(partial(work, place, lives), 1)
        agree(len(found) == expected, name, (len(found), expected))
        yield Row(name, "a month of walks past cameras, with sightings", "edges walked/s", rate, peer, steps / theirs_s,
                  target, f"{expected:,} sightings")  # fmt: skip


def desks(ceiling: Ceilings, quick: bool) -> Found:
    """Approval desk on SimPy events against SimPy's own queue, overloaded."""
    asked = peers.papers(2_000 if quick else 10_000, 2.2)
    ours, theirs = sorted(peers.waits_at_the_desk(asked)), sorted(peers.waits_at_simpy(asked))
    agree(np.allclose(ours, theirs, rtol=0.0, atol=1e-9), "desk_overload", "waits")
    yield _compared("desk_overload", f"{len(asked):,} requests at a desk with 2.2 times its load", "requests/s",
                    len(asked),
                    lambda: peers.waits_at_the_desk(asked), "SimPy PriorityResource",
                    lambda: peers.waits_at_simpy(asked), 0.0, "every wait")  # fmt: skip


CASES: dict[str, Callable[[Ceilings, bool], Found]] = {"densities": densities, "pandas": against_pandas,
                                                       "segments": segments, "points": points, "agents": agents,
                                                       "desks": desks}
"""Benchmark cases by name."""


def bench(only: Sequence[str] = (), *, quick: bool = False, out: Path | None = None,
          tell: Callable[[str], None] = lambda line: None) -> dict[str, Any]:  # fmt: skip
    """Measure the cases named in `only` (if empty, all and growth); with `out`, write bench.json and bench.png.

    `quick` uses small sizes to check that everything runs and agrees; do not quote its ratios. Peers that are not
    installed are skipped and named. Results are plain data.
    """
    known = [*CASES, "growth"]
    for name in only:
        refuse_unknown(name, known, "bench", "a comparison: " + ", ".join(known))
    chosen = list(only) or known
    made: dict[str, Any] = {"privacysim": VERSION, "machine": machine(), "quick": quick}
    ceiling, found, grown = ceilings(), list[Row | Skipped](), list[dict[str, Any]]()
    for name in (name for name in CASES if name in chosen):
        tell(name)
        found += CASES[name](ceiling, quick)
    for name in GROWTHS if "growth" in chosen else ():
        tell(f"growth with {name}")
        grown.append(asdict(growth(name, quick)))
    made |= {"ceilings": asdict(ceiling), "libraries": versions(_LIBRARIES),
             "rows": [one.as_json() for one in found if isinstance(one, Row)],
             "absent": [asdict(one) for one in found if isinstance(one, Skipped)], "growth": grown}
    if out is not None:
        write_whole(out / "bench.json", json.dumps(made, indent=1) + "\n")
        if made["rows"]:
            from privacysim.figures.measure_figures import speed_figure

            with whole_file(out / "bench.png") as path:
                speed_figure(made["rows"]).savefig(path, format="png", dpi=150)
    return made


def bench_text(made: dict[str, Any]) -> str:
    """Text that the command prints."""
    ceiling, about = made["ceilings"], made["machine"]
    load = "unknown" if about["load_at_start"] is None else f"{about['load_at_start']:.1f}"
    lines = [
        f"{about['processor']}, {about['cores']} cores, load {load} at the start; one thread, CPU seconds",
        f"memory: {ceiling['bytes_s'] / 1e9:.1f} GB/s streamed, {ceiling['gathers_s'] / 1e6:.0f} M random fetches/s", ""
    ]
    for row in made["rows"]:
        goal = f", at least {row['target']:g}: {'holds' if row['holds'] else 'DOES NOT HOLD'}" if row["target"] else ""
        lines += [f"{row['case']}: {row['what']}",
                  f"  {_number(row['rate'])} {row['unit']}; {row['reference']} {_number(row['reference_rate'])}",
                  f"  ratio {row['ratio']:.3g}{goal}; same: {row['equal']}"]  # fmt: skip
    for one in made["growth"]:
        steps = ", ".join(f"{size:g}: {spent:.2f} s" for size, spent in zip(one["sizes"], one["cpu_s"], strict=True))
        held = f"; a block holds {one['block_mb'][0]:.0f} to {one['block_mb'][-1]:.0f} MB" if one["block_mb"] else ""
        lines.append(f"growth with {one['of']}: exponent {one['exponent']:.2f} ({steps}){held}")
    if made["absent"]:
        peers_absent = ", ".join(sorted({one["peer"] for one in made["absent"]}))
        lines.append(f"not installed: {peers_absent}; install tests/benchmarks/peers.txt")
    return "\n".join(lines + ["quick sizes: do not quote these ratios"] * made["quick"])


def _number(rate: float) -> str:
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if rate >= size:
            return f"{rate / size:.3g}{letter}"
    return f"{rate:.3g}"
