"""Randomness is a function: any entity alone, in any order; and its values look like chance."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import privacysim
from privacysim import draws

ROOM = Path(privacysim.__file__).parent
IDS = st.lists(st.integers(min_value=0, max_value=2**62), min_size=1, max_size=50, unique=True)


@given(ids=IDS, seed=st.integers(0, 2**31), k=st.integers(-3, 50))
@settings(max_examples=60, deadline=None)
def test_an_entity_alone_has_the_marks_that_it_has_among_others(ids: list[int], seed: int, k: int) -> None:
    key = draws.stream_key(seed, k, "a stream")
    together = draws.uniforms(key, ids, 3)
    backwards = draws.uniforms(key, ids[::-1], 3)[::-1]
    assert np.array_equal(together, backwards)
    assert np.array_equal(together[0], draws.uniforms(key, ids[:1], 3)[0])
    assert np.array_equal(together[:, 2], draws.uniform(key, ids, 2))
    assert ((together > 0) & (together < 1)).all()


def test_more_marks_leave_the_first_ones_alone() -> None:
    key = draws.stream_key(0, 0, "a stream")
    few, many = draws.uniforms(key, range(100), 2), draws.uniforms(key, range(100), 9)
    assert np.array_equal(few, many[:, :2])
    assert np.array_equal(draws.uniforms(key, range(100), 3, first=4), many[:, 4:7])


def test_seed_replicate_and_stream_each_give_other_marks() -> None:
    keys = {draws.stream_key(seed, k, stream) for seed in range(20) for k in range(-3, 20) for stream in ("a", "b")}
    assert len(keys) == 20 * 23 * 2


def test_marks_are_uniform_and_those_of_an_entity_independent() -> None:
    u = draws.uniforms(draws.stream_key(0, 0, "a stream"), np.arange(200_000), 2)
    for mark in u.T:
        assert stats.kstest(mark, "uniform").pvalue > 1e-3
    cells = np.histogram2d(u[:, 0], u[:, 1], bins=20, range=[[0, 1], [0, 1]])[0].ravel()
    assert stats.chisquare(cells).pvalue > 1e-3
    # neighbours in id, and the same entity in two streams, know nothing of each other
    other = draws.uniform(draws.stream_key(0, 0, "another"), np.arange(200_000))
    for pair in ((u[:-1, 0], u[1:, 0]), (u[:, 0], other)):
        assert abs(np.corrcoef(*pair)[0, 1]) < 4 / np.sqrt(200_000)


def test_marks_of_single_events_are_uniform_and_name_the_next_eight() -> None:
    key = draws.stream_key(3, 1, "events")
    flat = np.array([draws.marks(key, event) for event in range(5_000)])
    assert stats.kstest(flat.ravel(), "uniform").pvalue > 1e-3
    assert draws.marks(key, 7, 0) != draws.marks(key, 7, 1)
    assert draws.marks(key, -1) == draws.marks(key, 2**64 - 1)


def test_children_have_ids_of_their_own() -> None:
    ids = {draws.child_id(parent, kind, j) for parent in range(300) for kind in ("copy", "resale") for j in range(20)}
    assert len(ids) == 300 * 2 * 20
    assert min(ids) >= 0
    assert max(ids) < 2**63


@pytest.mark.parametrize("span", [0, 1, 9000])
def test_a_days_jitter_depends_on_the_day_alone_and_stays_in_its_span(span: int) -> None:
    keys = draws.hashes(draws.stream_key(1, 1, "tours"), np.arange(3000))
    whole = draws.day_jitter(keys, -31, 61, span)
    assert np.array_equal(whole[:, 31:41], draws.day_jitter(keys, 0, 10, span))
    assert np.abs(whole.astype(int)).max() <= span
    if span:
        assert {int(whole.min()), int(whole.max())} <= set(range(-span, span + 1))
        counts = np.histogram(whole, bins=3, range=(-span - 0.5, span + 0.5))[0]
        assert stats.chisquare(counts).pvalue > 1e-3


def test_hashes_are_all_different_and_have_balanced_bits() -> None:
    keys = draws.hashes(draws.stream_key(1, 1, "tours"), np.arange(50_000))
    assert np.unique(keys).size == 50_000
    ones = ((keys[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).mean(axis=0)
    assert np.abs(ones - 0.5).max() < 5 * 0.5 / np.sqrt(50_000)


def test_nobody_else_touches_a_generator() -> None:
    found = []
    for path in sorted(ROOM.rglob("*.py")):
        room = path.relative_to(ROOM).parts[0]
        if room in {"draws.py", "masklab"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names] + [str(node.module)]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                names = [f"{node.value.id}.{node.attr}"]
            bad = {"random", "secrets", "numpy.random", "np.random", "os.urandom", "uuid.uuid4"}
            found += [f"{path.name}: {name}" for name in names if name in bad]
    assert found == ["page.py: secrets"], "the token of the explorer's address, which enters no result"
