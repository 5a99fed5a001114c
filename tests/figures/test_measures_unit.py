"""Figures of walks and measures show their data."""

import numpy as np
import pandas as pd
import pytest

from privacysim.figures import (
    average_and_worst,
    how_far_off,
    sets_through_the_day,
    told_at_distance,
    unicity_curves,
    walks_past,
)
from privacysim.sight.coverage import walk_past

pytestmark = pytest.mark.usefixtures("figures_closed")


def test_unicity_has_a_line_for_every_k_through_its_values():
    found = pd.DataFrame({"k": [1, 1, 2, 2], "population": [10, 20, 10, 20], "unicity": [0.4, 0.2, 0.9, 0.8],
                          "low": [0.3, 0.1, 0.8, 0.7], "high": [0.5, 0.3, 1.0, 0.9]})  # fmt: skip
    lines = unicity_curves(found).get_lines()
    assert [line.get_ydata().tolist() for line in lines] == [[40.0, 20.0], [90.0, 80.0]]


def test_mean_and_worst_stand_on_one_bar_with_their_numbers():
    risks = {"location": pd.DataFrame({"risk_mean": [0.1, 0.3], "risk_max": [1.0, 0.5]})}
    ax = average_and_worst(risks)
    assert {"20", "75"} <= {text.get_text() for text in ax.texts}


def test_the_day_shows_the_median_over_cameras():
    counts = pd.DataFrame({"camera_id": [1, 2, 3] * 2, "window": [7] * 3 + [8] * 3,
                           "people": [1.0, 10.0, 100.0, 2.0, 20.0, 200.0]})  # fmt: skip
    [line] = sets_through_the_day(counts).get_lines()
    assert line.get_xdata().tolist() == [7.5, 8.5]
    assert line.get_ydata().tolist() == [10.0, 20.0]


def test_a_curve_of_errors_reaches_all_people_at_the_largest():
    ax = how_far_off({"attack": [10.0, 50.0, 200.0, 3000.0], "control": [2000.0] * 4})
    attack = ax.get_lines()[0]
    assert attack.get_xdata()[-1] == 3000.0
    assert attack.get_ydata().tolist() == [25.0, 50.0, 75.0, 100.0]


def test_a_walk_is_drawn_where_it_is_seen_and_as_high_as_its_face():
    pieces = walk_past((40, 3), (-40, 3), heading_deg=90.0)
    levels = {"detect": 45.7, "observe": 18.3, "recognise": 8.9, "identify": 4.1}
    figure = walks_past({"along": (pieces, 90.0)}, levels, {"recognise": 20.0}, hfov_deg=80.0)
    above, below = figure.axes
    drawn = [line.get_xdata().tolist() for line in above.get_lines()[: len(pieces)]]
    assert np.array(drawn) == pytest.approx(pieces[["x0_m", "x1_m"]].to_numpy())
    tops = [bar.get_datalim(below.transData).y1 for bar in below.collections]
    assert tops == pytest.approx(pieces["face_px"].tolist())


def test_each_viewer_has_a_band_between_both_curves():
    rows = pd.DataFrame({"viewer": ["a"] * 2, "metres": [5.0, 10.0], "low": [0.5, 0.2], "high": [0.6, 0.4]})
    low, high = told_at_distance(rows, {"identify": 4.6}, words={"a": "somebody"}).get_lines()[:2]
    assert low.get_ydata().tolist() == [50.0, 20.0]
    assert high.get_ydata().tolist() == [60.0, 40.0]


def test_the_distances_of_the_levels_may_be_a_series():
    rows = pd.DataFrame({"viewer": ["a"] * 2, "metres": [5.0, 10.0], "low": [0.5, 0.2], "high": [0.6, 0.4]})
    levels = pd.Series({"identify": 4.6, "recognise": 9.0})
    drawn = told_at_distance(rows, levels, words={"a": "somebody"}).texts
    assert {"identify", "recognise"} <= {text.get_text() for text in drawn}
