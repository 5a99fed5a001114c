"""The steered search: what it is fitted to, what it says of itself; against what can be counted."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.robustness.frontier import _fitted, search
from privacysim.stats import nondominated

LINE = np.linspace(0.0, 1.0, 41)[:, None]


def exact(goals):
    """Goals measured without noise, by row of the pool."""
    return lambda rows: (goals[rows], np.zeros((rows.size, goals.shape[1])))


def test_a_pool_that_is_no_larger_than_the_tries_is_tried_whole_and_in_its_order():
    goals = np.column_stack([LINE[:, 0], 1 - LINE[:, 0]])
    asked = []
    found = search(LINE, lambda rows: asked.append(rows.tolist()) or exact(goals)(rows), 60, first=5, batch=5, seed=1)
    assert asked == [list(range(41))]
    _, seen = found
    assert nondominated(seen).sum() == 41, "nothing beats anything where one goal's gain is the other's loss"


def test_no_choice_is_tried_twice_and_the_tries_are_as_many_as_asked():
    goals = np.column_stack([(LINE[:, 0] - 0.2) ** 2, (LINE[:, 0] - 0.9) ** 2])
    batches = []

    def measured(rows):
        batches.append(rows.size)
        return exact(goals)(rows)

    tried, seen = search(LINE, measured, 20, first=8, batch=5, seed=1)
    assert batches == [8, 5, 5, 2]
    assert np.unique(tried).size == 20
    assert (seen == goals[tried]).all(), "each choice stands beside its own goals"
    # the front is the stretch between the two minima, of which the first tries (0 to 0.175) hold nothing
    front = LINE[tried[nondominated(seen)], 0]
    assert front.min() == pytest.approx(0.2, abs=0.026)
    assert front.max() == pytest.approx(0.9, abs=0.026)
    assert np.diff(np.sort(front)).max() < 0.25, "and all along between them"


def test_a_process_is_fitted_to_the_best_and_the_latest_of_too_many_choices():
    x = np.linspace(0.0, 1.0, 450)[:, None]
    y = np.sin(5 * x[:, 0])
    model = _fitted(x, y, np.full(450, 1e-4), seed=1)
    best, latest = set(np.argsort(y, kind="stable")[:200]), set(range(250, 450))
    fitted = np.rint(model.X_train_[:, 0] * 449).astype(int)
    assert set(fitted) == best | latest
    mean, sd = model.predict(x[fitted], return_std=True)
    assert mean == pytest.approx(y[fitted], abs=0.02), "in the goal's own units, not in standard deviations"
    assert (sd < 0.05).all()
