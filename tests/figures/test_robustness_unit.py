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
