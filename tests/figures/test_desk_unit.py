"""The figures of effects, people, cameras and happenings draw what their frames say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from privacysim import figures
from privacysim.errors import InputError
from privacysim.figures import style

pytestmark = pytest.mark.usefixtures("figures_closed")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_differences_have_a_zero_line_and_name_arms_by_their_titles():
    rows = pd.DataFrame({"policy": ["a", "b"], "curve": "low", "delta": [-4.0, 2.0], "delta_low": [-5.0, np.nan],
                         "delta_high": [-3.0, np.nan], "note": ""})  # fmt: skip
    ax = figures.deltas(rows, title="people", unit="people", direction="lower", baseline="n",
                        titles={"a": "Order A", "n": "Notice"})  # fmt: skip
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Order A", "b"]
    assert ax.get_xlabel() == "difference to Notice, people  (← better)"
    low, high = ax.get_xlim()
    assert low == -high  # so that zero stands in the middle
    assert any(line.get_xdata()[0] == line.get_xdata()[1] == 0 for line in ax.lines)
    assert "+2  no interval" in texts(ax)


def test_the_frontier_joins_exactly_the_arms_that_no_other_beats():
    # the definition itself, written out, is the oracle
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 9, (2, 40))
    rows = pd.DataFrame({"policy": [str(n) for n in range(40)], "x": x, "y": y})
    beaten = [any((a <= x[n] and b >= y[n]) and (a < x[n] or b > y[n]) for a, b in zip(x, y, strict=True))
              for n in range(40)]  # fmt: skip
    ax = figures.frontier(rows, x_label="x", y_label="y")
    assert len(ax.lines[0].get_xdata()) == beaten.count(False)


def test_no_name_of_the_trade_off_covers_another_however_close_the_points_lie():
    names = ["Order 799", "Notice only", "Judge's warrant", "Narrow reading", "Wide reading", "Mask at the source"]
    x, y = [1_200, 1_600, 1_250, 1_050, 920, 11], [545, 512, 530, 512, 512, 545]
    rows = pd.DataFrame({"policy": names, "x": x, "y": y}, index=[7, 7, 3, 3, 1, 1])
    ax = figures.frontier(rows, x_label="x", y_label="y")
    ax.figure.canvas.draw()
    # of the words alone: an annotation's own extent holds its line too
    boxes = sorted((Text.get_window_extent(name) for name in ax.texts), key=lambda box: box.y0)
    assert len(boxes) == len(names)
    assert all(below.y1 <= above.y0 for below, above in pairwise(boxes))
    assert texts(ax)[:2] == ["Order 799", "Mask at the source"], "from the top down, the right one first"


def test_the_gini_beside_a_lorenz_curve_is_the_mean_absolute_difference():
    # Gini = Σᵢⱼ wᵢwⱼ|xᵢ − xⱼ| / (2 W² mean), the definition by pairs
    rng = np.random.default_rng(5)
    x, w = rng.lognormal(0, 1, 60), rng.uniform(0.5, 2, 60)
    pairs = (w[:, None] * w[None, :] * np.abs(x[:, None] - x[None, :])).sum()
    by_pairs = pairs / (2 * w.sum() ** 2 * np.average(x, weights=w))
    assert figures.lorenz_curve(x, w)[2] == pytest.approx(by_pairs, rel=1e-12)
    ax = figures.lorenz(pd.DataFrame({"policy": "p", "value": x, "weight": w}))
    assert f"p: Gini {by_pairs:.2f}" in texts(ax)


def test_nobody_exposed_has_no_lorenz_curve():
    with pytest.raises(InputError, match="at least one value above 0"):
        figures.lorenz_curve(np.zeros(3), np.ones(3))


def test_the_map_leaves_squares_with_few_people_white():
    streets = pd.DataFrame({"x0_m": [0.0], "y0_m": [0.0], "x1_m": [90.0], "y1_m": [90.0], "kind": [0]})
    at, value = [1.0] * 12 + [99.0], [2.0] * 12 + [50.0]
    homes = pd.DataFrame({"x_m": at, "y_m": at, "value": value, "weight": 1.0})
    ax = figures.exposure_map(streets, homes, title="t", unit="u", cells=2)
    drawn = ax.collections[0].get_array()
    assert drawn.compressed().tolist() == [2.0]


def test_swim_lanes_measure_from_the_case_and_say_how_it_ended():
    day = 86_400.0
    requests = pd.DataFrame({
        "case_id": 7, "operator": "public_security", "submitted_s": [day, 2 * day], "decided_s": [3 * day, 4 * day],
        "delivered_s": [5 * day, np.nan], "outcome": ["granted", "refused"], "reason": ["", "no need"],
    })  # fmt: skip
    [ax] = figures.swim_lane_panels({"a policy": requests}, pd.Series({7: 0.0})).axes
    ends = [line.get_xdata()[0] for line in ax.lines if line.get_marker() in ("o", "X")]
    assert ends == [5.0, 4.0]
    assert {"granted", "refused (no need)", "waiting for approval"} <= set(texts(ax))
    assert ax.get_yticklabels()[0].get_text() == "police"


def test_panels_of_lanes_share_one_axis_of_days_and_name_whose_camera_it_is():
    day = 86_400.0
    requests = pd.DataFrame({
        "case_id": 7, "requester": "public_security", "purpose": "criminal_case", "submitted_s": [day, 2 * day],
        "operator": ["home", "commercial"], "decided_s": [3 * day, 4 * day], "delivered_s": [5 * day, np.nan],
        "outcome": ["granted", "refused"], "reason": "",
    })  # fmt: skip
    late = requests.assign(decided_s=9 * day, delivered_s=np.nan, outcome="pending")
    figure = figures.swim_lane_panels({"soon": requests, "late": late}, pd.Series({7: 0.0}))
    first, second = figure.axes
    assert first.get_xlim() == second.get_xlim()
    assert first.get_xlim()[1] > 9
    assert [label.get_text() for label in first.get_yticklabels()] == ["homes", "shops and companies"]
    assert "waiting for approval" in texts(first)
    assert "waiting for approval" not in texts(second)


def test_an_incident_chain_joins_each_act_to_the_one_it_came_from():
    acts = pd.DataFrame({
        "act_id": [1, 2, 3], "parent_id": [-1, 1, 2], "at_s": [0.0, 86_400.0, 172_800.0],
        "actor": ["own_staff_off_purpose", "company", "curious"], "act": ["copy", "buy", "view"],
        "audience": [0.0, 0.0, 30.0], "legality": ["prohibited", "prohibited", "ungoverned"], "general": "crime",
    })  # fmt: skip
    ax = figures.incident_chain(acts, title="a leak")
    assert len([line for line in ax.lines if len(line.get_xdata()) == 3]) == 2
    assert any("curious people: view, 30 viewers" in text for text in texts(ax))
    assert {"prohibited", "ungoverned"} <= set(texts(ax))  # the words of the colours that are there
    assert "authorised" not in texts(ax)


def test_a_camera_view_draws_each_level_at_its_distance():
    radii = {"detect": 61.0, "observe": 24.5, "recognise": 12.0, "identify": 5.8}
    ax = figures.camera_view(radii, hfov_deg=80.0, heading_deg=90.0)
    assert [patch.r for patch in ax.patches] == list(radii.values())
    wedge = ax.patches[0]  # heading east: from −40° to +40° of the mathematical angle
    assert (wedge.theta1, wedge.theta2) == (-40.0, 40.0)
    assert "identify: 5.8 m" in texts(ax)


def test_a_mask_strip_stands_beside_its_measured_chance():
    picture = np.zeros((8, 8), np.uint8)
    figure = figures.mask_strip({"none": picture, "box": picture}, {"none": 0.91, "box": 0.025}, people=40)
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["91%", "2%"]


def test_chinese_needs_a_font_and_says_so_where_there_is_none(monkeypatch):
    rows = pd.DataFrame({"policy": "p", "legality": ["authorised"], "low": [1.0], "high": [2.0]})
    style.han_font.cache_clear()
    monkeypatch.setattr(style, "CHINESE_FONTS", ("A Font That Nobody Has",))
    with pytest.raises(InputError, match="fonts-noto-cjk"), figures.house_style("zh"):
        figures.people_by_legality(rows)
    style.han_font.cache_clear()
    monkeypatch.setattr(style, "CHINESE_FONTS", ("DejaVu Sans",))  # stands in for a font with Chinese characters
    with figures.house_style("zh"):
        ax = figures.people_by_legality(rows)
    with pytest.warns(UserWarning, match="missing from font"):  # which it is not
        ax.figure.canvas.draw()
    assert any("有权" in text for text in texts(ax))
    style.han_font.cache_clear()


def test_an_unknown_language_is_an_error():
    with pytest.raises(InputError, match="a language"), figures.house_style("fr"):
        pass


def test_arms_that_are_all_equal_are_drawn_without_a_warning():
    """Limits of an axis that are equal are a warning of matplotlib, and warnings are errors here."""
    same = pd.DataFrame({"policy": ["a", "b"], "curve": "low", "delta": 0.0, "delta_low": 0.0, "delta_high": 0.0,
                         "ratio": 1.0, "ratio_low": 1.0, "ratio_high": 1.0, "x": 3.0, "y": 3.0, "note": ""})
    for ax in (figures.deltas(same, title="people", unit="people", direction="lower", baseline="n"),
               figures.forest(same, title="people", direction="lower", baseline="n"),
               figures.frontier(same, x_label="people", y_label="cases")):  # fmt: skip
        ax.figure.draw_without_rendering()
        assert ax.get_xlim()[0] < ax.get_xlim()[1]
