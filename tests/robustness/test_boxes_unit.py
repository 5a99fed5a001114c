"""Boxes of failures against planted boxes and brute force; fronts against every pair compared."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.draws import stream_key, uniforms
from privacysim.robustness import Box, Factor, find_box, find_boxes
from privacysim.robustness.discovery import within
from privacysim.robustness.frontier import dominators
from privacysim.stats import nondominated


def points(count: int, dimensions: int, seed: int = 1) -> np.ndarray:
    return uniforms(stream_key(seed, 0, "boxes"), np.arange(count), dimensions)


FACTORS = [Factor("delay", 0.5, 0.0, 1.0, "d", "law"), Factor("share", 0.5, 0.0, 1.0, "", "guess"),
           Factor("idle", 0.5, 0.0, 1.0)]  # fmt: skip


def counted(x, fails, box) -> tuple[float, float]:
    """Coverage and density of a box, point by point."""
    inside = [all(box.limits.get(f.name, (-np.inf, np.inf))[0] <= v <= box.limits.get(f.name, (-np.inf, np.inf))[1]
                  for f, v in zip(FACTORS, row, strict=True)) for row in x]  # fmt: skip
    hit = sum(a and bool(b) for a, b in zip(inside, fails, strict=True))
    return hit / int(fails.sum()), hit / sum(inside)


def test_two_planted_boxes_are_found_one_after_the_other_and_no_third():
    x = points(800, 3)
    first, second = (x[:, 0] < 0.4) & (x[:, 1] > 0.5), (x[:, 0] > 0.75) & (x[:, 1] < 0.45)
    fails = first | second
    boxes = find_boxes(FACTORS, x, fails)
    assert len(boxes) == 2
    assert boxes[0].limits["delay"][1] == pytest.approx(0.4, abs=0.04)
    assert boxes[0].limits["share"][0] == pytest.approx(0.5, abs=0.04)
    assert boxes[1].limits["delay"][0] == pytest.approx(0.75, abs=0.04)
    assert boxes[1].limits["share"][1] == pytest.approx(0.45, abs=0.04)
    for box in boxes:
        assert (box.coverage, box.density) == pytest.approx(counted(x, fails, box)), "of all failures, not of the rest"
        assert (box.points, box.failures) == (800, int(fails.sum()))
    assert sum(box.coverage for box in boxes) > 0.9
    assert [list(box.limits) for box in boxes] == [["delay", "share"], ["delay", "share"]]
    assert find_boxes(FACTORS, x, fails, most=1) == boxes[:1]


def test_the_box_of_one_number_is_nearly_as_good_as_the_best_of_all_intervals():
    x = np.column_stack([points(120, 1, seed=8)[:, 0], np.zeros((120, 2))])
    fails = (np.abs(x[:, 0] - 0.5) < 0.18) ^ (points(120, 1, seed=9)[:, 0] < 0.05)
    at = np.sort(x[:, 0])

    def f1(low: float, high: float) -> float:
        inside = (x[:, 0] >= low) & (x[:, 0] <= high)
        return 2 * (inside & fails).sum() / (inside.sum() + fails.sum())

    best = max(f1(low, high) for low in at for high in at[at > low])
    box = find_box(FACTORS, x, fails)
    assert list(box.limits) == ["delay"]
    assert f1(*box.limits["delay"]) >= best - 0.04
    low, high = box.limits["delay"]
    assert box.words(FACTORS, "it fails").startswith(f"it fails when delay is between {low:.3g} and {high:.3g} d (")


@pytest.mark.parametrize(("limits", "said"), [
    ({"share": (-np.inf, 0.25)}, "fails when share is below 0.25"),
    ({"delay": (0.5, np.inf), "share": (0.1, 0.2)}, "fails when delay is above 0.5 d and share is between 0.1 and 0.2"),
])  # fmt: skip
def test_the_words_of_a_box_name_each_limit_with_its_unit_and_how_good_it_is(limits, said):
    box = Box(limits, 0.8, 0.914, 100, 20)
    assert box.words(FACTORS) == said + " (covers 80 % of the failures; 91 % of these worlds fail)"


def test_where_no_number_tells_failures_apart_the_words_say_so():
    same = np.zeros((40, 3))  # nothing can be peeled off points that are all alike
    fails = np.arange(40) < 10
    box = find_box(FACTORS, same, fails)
    assert (box.limits, box.coverage, box.density) == ({}, 1.0, 0.25)
    assert box.words(FACTORS) == "fails in 10 of 40 worlds, and no box of the uncertain numbers tells where"
    assert find_boxes(FACTORS, same, fails) == []


def test_boxes_end_where_every_world_reaches_the_goal_or_every_one_that_is_left_misses_it():
    x = points(200, 3)
    assert find_boxes(FACTORS, x, np.zeros(200, dtype=bool)) == []
    assert find_boxes(FACTORS, x, np.ones(200, dtype=bool)) == []
    inside = within(FACTORS, x, {"share": (0.3, 0.6)})
    assert inside.tolist() == [0.3 <= row[1] <= 0.6 for row in x]


@pytest.mark.parametrize("goals", [1, 2, 3])
def test_the_front_and_who_beats_whom_are_those_of_every_pair_compared(goals):
    # on a coarse grid, so that there are ties and equal rows; the last goal is the same for all
    rows = np.column_stack([np.floor(6 * points(90, goals, seed=goals)), np.full(90, 2.0)])

    def beats(a, b) -> bool:
        return all(p <= q for p, q in zip(a, b, strict=True)) and any(p < q for p, q in zip(a, b, strict=True))

    front = [not any(beats(other, mine) for other in rows) for mine in rows]
    assert nondominated(rows).tolist() == front
    spread = np.where(np.ptp(rows, axis=0) > 0, np.ptp(rows, axis=0), 1.0)
    for mine, by in zip(rows, dominators(rows), strict=True):
        better = [n for n, other in enumerate(rows) if front[n] and beats(other, mine)]
        assert (by < 0) == (not better)
        if better:
            assert by in better
            gains = {n: ((mine - rows[n]) / spread).sum() for n in better}
            assert gains[by] == pytest.approx(max(gains.values())), "the one that gains most"
