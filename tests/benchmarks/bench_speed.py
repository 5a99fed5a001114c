"""The kernels under pytest-benchmark: `python -m pytest tests/benchmarks/bench_speed.py` (not part of the plain run).

`privacysim bench` measures the same beside its references; here each is timed alone, for comparing two commits:
`--benchmark-save=before`, then `--benchmark-compare`.
"""

from __future__ import annotations

import pytest

from privacysim.bench import crowd, peers, walkers
from privacysim.exposure import measure_exposure
from privacysim.identify import curve_table


@pytest.mark.parametrize("acts", [0.02, 1.5])
def test_exposure(benchmark, acts):
    made = crowd.crowd(acts, 200_000)
    table = curve_table(made.acts.pairs)
    seen = benchmark(lambda: measure_exposure(made.pieces, made.block, made.acts, table))
    assert seen.sightings_seen.sum() > 0


def test_segments_in_view(benchmark):
    place = peers.square(100_000)
    assert benchmark(lambda: peers.metres_in_view(place)) > 0.0


def test_points_in_view(benchmark):
    place = peers.square(200_000)
    assert len(benchmark(lambda: peers.points_in_view(place))[1]) > 0


def test_walks_past_cameras(benchmark):
    place = walkers.town()
    assert benchmark(lambda: walkers.with_kernel(place, place.block.walk_hub.size)) > 0


def test_desk_under_overload(benchmark):
    asked = peers.papers(2_000, 2.2)
    assert len(benchmark(lambda: peers.waits_at_the_desk(asked))) == len(asked)
