"""The steered search: what it is fitted to, what it says of itself, several goals; against what can be counted."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.draws import stream_key, uniforms
from privacysim.robustness.search import _fitted, _weights, _worth, nondominated, search

LINE = np.linspace(0.0, 1.0, 41)[:, None]


def exact(goals):
    """Goals measured without noise, by row of the pool."""
    return lambda rows: (goals[rows], np.zeros((rows.size, goals.shape[1])))


def test_a_pool_that_is_no_larger_than_the_tries_is_tried_whole_and_in_its_order():
    goals = np.column_stack([LINE[:, 0], 1 - LINE[:, 0]])
    asked = []
    found = search(LINE, lambda rows: asked.append(rows.tolist()) or exact(goals)(rows), 60, first=5, batch=5, seed=1)
    assert asked == [list(range(41))]
    assert nondominated(found.goals).sum() == 41, "nothing beats anything where one goal's gain is the other's loss"
    assert found.worth["variance_explained"].min() > 0.99, "a straight line is told from its other points"


def test_no_choice_is_tried_twice_and_the_tries_are_as_many_as_asked():
    goals = np.column_stack([(LINE[:, 0] - 0.2) ** 2, (LINE[:, 0] - 0.9) ** 2])
    batches = []
    found = search(LINE, lambda rows: batches.append(rows.size) or exact(goals)(rows), 20, first=8, batch=5, seed=1)
    assert batches == [8, 5, 5, 2]
    assert np.unique(found.tried).size == 20
    assert (found.goals == goals[found.tried]).all(), "each choice stands beside its own goals"
    # the front is the stretch between the two minima, of which the first tries (0 to 0.175) hold nothing
    front = LINE[found.tried[nondominated(found.goals)], 0]
    assert front.min() == pytest.approx(0.2, abs=0.026)
    assert front.max() == pytest.approx(0.9, abs=0.026)
    assert np.diff(np.sort(front)).max() < 0.25, "and all along between them"


def test_of_three_goals_the_front_is_sought_too_and_not_the_middle_of_the_pool():
    grid = np.array([(a / 15, b / 15) for a in range(16) for b in range(16)])
    pool = grid[uniforms(stream_key(1, 0, "pool"), np.arange(256), 1)[:, 0].argsort()]
    # squared distances to three corners: nothing beats a choice in their triangle, the nearest in it beats one outside
    corners = np.array([[0.6, 0.6], [1.0, 0.6], [0.8, 1.0]])
    goals = np.stack([((pool - corner) ** 2).sum(axis=1) for corner in corners], axis=1)
    found = search(pool, exact(goals), 45, first=15, batch=10, seed=1)
    steered = nondominated(goals)[found.tried[15:]].mean()
    assert steered > 3 * nondominated(goals).mean(), "of the steered choices far more lie on it than of all"
    assert found.worth["goal"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(("goals", "wanted"), [(1, 3), (2, 5), (3, 40), (4, 40)])
def test_weights_sum_to_one_and_favour_each_goal_in_turn(goals, wanted):
    weights = _weights(goals, wanted)
    assert weights.shape == (wanted, goals)
    assert (weights > 0).all()
    assert weights.sum(axis=1) == pytest.approx(np.ones(wanted))
    assert weights.mean(axis=0) == pytest.approx(np.full(goals, 1 / goals), abs=0.03)
    assert set(weights.argmax(axis=1)) == set(range(goals))


def test_a_process_is_fitted_to_the_best_and_the_latest_of_too_many_choices():
    x = np.linspace(0.0, 1.0, 450)[:, None]
    y = np.sin(5 * x[:, 0])
    model = _fitted(x, y, np.full(450, 1e-4), seed=1)
    best, latest = set(np.argsort(y, kind="stable")[:200]), set(range(250, 450))
    fitted = np.rint(model.process.X_train_[:, 0] * 449).astype(int)
    assert set(fitted) == best | latest
    mean, sd = model.predict(x[fitted])
    assert mean == pytest.approx(y[fitted], abs=0.02), "in the goal's own units, not in standard deviations"
    assert (sd < 0.05).all()


def test_a_goal_that_does_not_vary_or_too_few_choices_have_no_worth():
    goals = np.column_stack([np.ones(12), LINE[:12, 0]])
    table = _worth(LINE[:12], goals, np.zeros((12, 2)), 1, [None, None])
    assert table["goal"].tolist() == [1]
    assert table["n"].tolist() == [12]
    assert _worth(LINE[:9], goals[:9], np.zeros((9, 2)), 1, [None, None]).empty


def test_what_cannot_be_predicted_explains_nothing_and_its_intervals_still_hold():
    noise = uniforms(stream_key(3, 0, "noise"), np.arange(40), 1)
    table = _worth(LINE[:40], noise, np.full((40, 1), noise.var()), 1, [None])
    assert table["variance_explained"].iloc[0] < 0.3
    assert table["interval_held"].iloc[0] >= 0.85
