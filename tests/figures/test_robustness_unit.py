"""Figures of robustness draw what their frames say."""

import numpy as np
import pandas as pd
import pytest

from privacysim import figures

pytestmark = pytest.mark.usefixtures("figures_closed")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_plausible_worlds_count_what_is_lower_and_leave_out_worlds_without_an_answer():
    ratios = pd.DataFrame({"a": [0.5, 0.7, 1.2, np.nan], "b": [2.0, 9.0, 3.0, 0.9]})
    ax = figures.plausible_worlds(ratios, baseline="n", titles={"a": "Order A"}, goal=0.8)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Order A", "b"]
    assert "lower in 67%\nof 3 worlds" in texts(ax)
    assert "lower in 25%\nof 4 worlds" in texts(ax)
    assert "goal 0.8" in texts(ax)
    assert ax.get_xscale() == "log"
    drawn = np.concatenate([dots.get_offsets()[:, 0] for dots in ax.collections])
    assert sorted(drawn) == pytest.approx(sorted(ratios.to_numpy()[np.isfinite(ratios.to_numpy())]))
    narrow = figures.plausible_worlds(pd.DataFrame({"a": [0.5, 0.7]}), baseline="n")
    assert narrow.get_xscale() == "linear"


def test_a_failure_box_stands_where_its_limits_are_and_fills_only_failures():
    points = pd.DataFrame({"x": [0.1, 0.5, 0.9], "y": [1.0, 10.0, 100.0]})
    ax = figures.failure_box(points, [True, True, False], {"x": (-np.inf, 0.6)}, logarithmic=["y"])
    shade, edge = ax.patches
    left, right = ax.get_xlim()
    assert edge.get_x() == left
    assert edge.get_x() + edge.get_width() == pytest.approx(0.6)
    assert (edge.get_y(), edge.get_y() + edge.get_height()) == pytest.approx(ax.get_ylim())
    assert shade.get_bbox().bounds == edge.get_bbox().bounds
    assert right > 0.9
    assert ax.get_yscale() == "log"
    assert ax.get_xscale() == "linear"
    reached, missed = ax.collections
    assert len(reached.get_offsets()) == 1
    assert len(missed.get_offsets()) == 2


def front():
    return pd.DataFrame({
        "variant": ["as_it_stands", "mask_box+logs_everywhere"], "cost": [0.0, 4.5], "exposure_ratio": [1.0, 0.2],
        "usefulness_ratio": [1.0, 0.9], "exposure_low": [np.nan, 0.1], "exposure_high": [np.nan, 0.3],
        "usefulness_low": np.nan, "usefulness_high": np.nan,
    })  # fmt: skip


def test_the_front_of_reforms_shows_every_variant_the_intervals_and_names_the_best():
    every = pd.DataFrame({"exposure_ratio": [1.0, 0.2, 0.4], "usefulness_ratio": [1.0, 0.9, 0.5]})
    ax = figures.reform_front(every, front(), exposure="people", usefulness="cases", cost_unit="points",
                              best="mask_box+logs_everywhere")  # fmt: skip
    assert len(ax.collections[0].get_offsets()) == 3
    assert "as it stands" in texts(ax)
    assert "best within the budget:\nmask box\nlogs everywhere" in texts(ax)
    spans = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2 and line.get_linewidth() == 0.9]
    assert [list(span) for span in spans] == [[0.1, 0.3]], "one interval, where there is one"
    assert ax.get_title(loc="left").startswith("3 reforms")


def test_effects_of_options_are_drawn_in_percent_in_their_order():
    effects = pd.DataFrame({"lever": ["mask", "logs"], "option": ["box", "shops_too"], "cost": [3.0, 1.0],
                            "exposure": [-0.8, 0.01], "usefulness": [-0.02, 0.0]})  # fmt: skip
    ax = figures.option_effects(effects, exposure="people", usefulness="cases")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["mask: box", "logs: shops too"]
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([-80.0, -2.0, 1.0, 0.0])
