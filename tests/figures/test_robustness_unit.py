"""Figures of robustness draw what their frames say."""

import numpy as np
import pandas as pd
import pytest

from privacysim import figures

pytestmark = pytest.mark.usefixtures("figures_closed")


def texts(ax):
    return [text.get_text() for text in ax.texts]


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


def test_effects_of_options_are_drawn_in_percent_in_their_order_with_their_intervals():
    ends = {"exposure_low": [0.1, np.nan], "exposure_high": [0.3, np.nan], "usefulness_low": np.nan,
            "usefulness_high": np.nan}  # fmt: skip
    effects = pd.DataFrame({"variant": ["mask_box", "logs_shops_too"], "exposure_ratio": [0.2, 1.01],
                            "usefulness_ratio": [0.98, 1.0], **ends})  # fmt: skip
    ax = figures.option_effects(effects, exposure="people", usefulness="cases")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["mask box", "logs shops too"]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [dot.get_xdata()[0] for dot in dots] == pytest.approx([-80.0, -2.0, 1.0, 0.0])
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, True, True, True], "hollow: no interval"
    lines = [line.get_xdata() for line in ax.lines if line.get_marker() != "o"]
    (interval,) = [ends for ends in lines if len(set(ends)) == 2]
    assert list(interval) == pytest.approx([-90.0, -70.0])
