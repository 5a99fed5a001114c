"""Benchmark cases: each checks that both sides agree, then times them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from privacysim.bench import crowd, peers
from privacysim.bench.measured import Ceilings, Row, Skipped, agree, seconds
from privacysim.exposure import measure_exposure
from privacysim.identify import curve_table
from privacysim.vocabulary import LEGALITIES

Found = Iterator[Row | Skipped]
_REFERENCE_GATHERS = 119e6
"""Random fetches per second of the machine on which the prototypes' rates were measured."""
_PROTOTYPES = {0.02: 127e6, 1.5: 17e6}
"""Acts per camera → pieces of passes per second of the prototype kernels on that machine."""


def densities(ceiling: Ceilings, quick: bool) -> Found:
    """Exposure kernel with few and many acts, against the prototypes' rates scaled to this machine's memory."""
    for acts, prototype in _PROTOTYPES.items():
        made = crowd.crowd(acts, 200_000 if quick else 1_000_000)
        table = curve_table(made.acts.pairs)

        def measured(made: crowd.Crowd = made, table: NDArray[np.float64] = table) -> object:
            return measure_exposure(made.pieces, made.block, made.acts, table)

        measured()
        spent, _ = seconds(measured, 5)
        yield Row(
            f"exposure_{acts}", f"exposure at {acts} acts per camera, pieces at cameras with an act",
            "pieces of passes/s", len(made.pieces) / spent, "prototype kernel, scaled by random fetches",
            prototype * ceiling.gathers_s / _REFERENCE_GATHERS, 0.5, "the join, in tests/oracles",
        )  # fmt: skip


def against_pandas(ceiling: Ceilings, quick: bool) -> Found:
    """Exposure kernel against a pandas join of the same sightings."""
    # 20 sightings a piece: a third of 61 days
    made = crowd.crowd(1.5, 5_000 if quick else 164_000)
    sightings = crowd.sightings_frame(made)
    theirs_s, theirs = seconds(lambda: crowd.exposure_by_pandas(sightings, made.frame), 1)
    measure_exposure(made.pieces, made.block, made.acts)
    spent, ours = seconds(lambda: measure_exposure(made.pieces, made.block, made.acts))
    person = theirs.index.get_level_values("person_id").to_numpy()
    group = theirs.index.get_level_values("legality").map(list(LEGALITIES).index).to_numpy() + len(LEGALITIES)
    for name in ("identifiable_s", "p_identified"):
        mine = getattr(ours, name)[:, 0, :, 0]
        agree(np.allclose(mine[person, group], theirs[name], rtol=1e-9, atol=0.0), "pandas", name)
        agree(np.count_nonzero(mine) == np.count_nonzero(theirs[name]), "pandas", name)
    yield Row("exposure_join", f"exposure of {len(sightings):,} sightings", "sightings/s", len(sightings) / spent,
              "pandas merge and groupby", len(sightings) / theirs_s, 100.0, "1e-9 relative, each person")  # fmt: skip


def segments(ceiling: Ceilings, quick: bool) -> Found:
    """Exact clipping of street segments against shapely's intersections."""
    place = peers.square(20_000 if quick else 100_000)
    peers.metres_in_view(place)
    spent, ours = seconds(lambda: peers.metres_in_view(place))
    theirs_s, _ = seconds(lambda: peers.metres_by_shapely(place, 12), 1)
    fine = peers.metres_by_shapely(place, 256)
    agree(abs(ours / fine - 1.0) < 2e-5, "clip", (ours, fine))
    yield Row("clip", f"{place.x.size:,} segments against 10,000 sectors", "segments/s", place.x.size / spent,
              "shapely STRtree and intersection", place.x.size / theirs_s, 20.0,
              "metres in view, 2e-5 of polygons with 256 facets")  # fmt: skip


def points(ceiling: Ceilings, quick: bool) -> Found:
    """Points in sectors against geopandas."""
    if find_spec("geopandas") is None:
        yield Skipped("points", "geopandas", "not installed")
        return
    place = peers.square(100_000 if quick else 1_000_000)
    peers.points_in_view(place)
    spent, _ = seconds(lambda: peers.points_in_view(place))
    theirs_s, _ = seconds(lambda: peers.points_by_geopandas(place), 1)
    few = peers.square(20_000)
    hits = len(peers.points_in_view(few)[1]), peers.points_by_geopandas(few, 256)
    agree(abs(hits[0] / hits[1] - 1.0) < 1e-3, "points", hits)
    yield Row("points", f"{place.x.size:,} points against 10,000 sectors", "points/s", place.x.size / spent,
              "geopandas sjoin(within), 12 facets", place.x.size / theirs_s, 5.0,
              "hits, 1e-3 of polygons with 256 facets")  # fmt: skip


def agents(ceiling: Ceilings, quick: bool) -> Found:
    """Sightings of people on streets: the kernel against SimPy with a process per person, and Mesa."""
    place = peers.town()
    everybody = place.block.walk_hub.size
    peers.with_kernel(place, 10)
    spent, _ = seconds(lambda: peers.with_kernel(place, everybody))
    rate = peers.steps_of(place) / spent
    lives, walks = peers.months(place, 30 if quick else 400)
    steps = sum(len(route) for month in lives for _, _, route in month)
    expected = peers.with_kernel(place, walks)
    for name, work, target, peer in (
        ("agents_simpy", peers.with_simpy, 150.0, "a SimPy process a person"),
        ("agents_mesa", peers.with_mesa, 60.0, "a Mesa agent a person"),
    ):
        if name == "agents_mesa" and find_spec("mesa") is None:
            yield Skipped(name, "mesa", "not installed")
            continue
        theirs_s, found = seconds(partial(work, place, lives), 1)
        agree(len(found) == expected, name, (len(found), expected))
        yield Row(name, "a month of walks past cameras, with sightings", "edges walked/s", rate, peer, steps / theirs_s,
                  target, f"{expected:,} sightings")  # fmt: skip


def desks(ceiling: Ceilings, quick: bool) -> Found:
    """Approval desk on SimPy events against SimPy's own queue, overloaded, and against Ciw."""
    asked = peers.papers(2_000 if quick else 10_000, 2.2)
    spent, ours = seconds(lambda: peers.waits_at_the_desk(asked), 2)
    theirs_s, theirs = seconds(lambda: peers.waits_at_simpy(asked), 1)
    agree(np.allclose(sorted(ours), sorted(theirs), rtol=0.0, atol=1e-9), "desk_overload", "waits")
    yield Row("desk_overload", f"{len(asked):,} papers at a desk with 2.2 times its load", "papers/s",
              len(asked) / spent, "SimPy PriorityResource", len(asked) / theirs_s, 0.0, "every wait")  # fmt: skip
    if find_spec("ciw") is None:
        yield Skipped("desk_ciw", "ciw", "not installed")
        return
    calm = [(at, work, 0) for at, work, _ in peers.papers(4_000 if quick else 40_000, 0.8)]
    spent, ours = seconds(lambda: peers.waits_at_the_desk(calm), 2)
    theirs_s, wait = seconds(lambda: peers.waits_at_ciw(len(calm), 0.8), 1)
    exact = peers.erlang_c_wait(0.8)
    agree(all(abs(mean / exact - 1.0) < 0.5 for mean in (float(np.mean(ours)), wait)), "desk_ciw", (wait, exact))
    yield Row("desk_ciw", f"{len(calm):,} papers, M/M/4 at load 0.8", "papers/s", len(calm) / spent, "Ciw",
              len(calm) / theirs_s, 0.0, f"mean wait {np.mean(ours):.3f} and {wait:.3f}, Erlang C {exact:.3f}")


CASES: dict[str, Callable[[Ceilings, bool], Found]] = {
    "densities": densities, "pandas": against_pandas, "segments": segments, "points": points, "agents": agents,
    "desks": desks,
}
"""Benchmark cases by name."""
