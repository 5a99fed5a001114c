"""Figures show their data: what is drawn is what the frame says."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from privacysim.figures import (
    COLOURS,
    forest,
    held_out,
    house_style,
    mechanism_bars,
    people_by_legality,
    svg_text,
)
from privacysim.figures.style import INK, RED, bounded
from privacysim.vocabulary import LEGALITIES, MECHANISMS


def forest_rows(ratios):
    return pd.DataFrame({
        "policy": [f"p{n}" for n in range(len(ratios))], "curve": "low", "ratio": ratios,
        "ratio_low": [r - 0.1 if r else np.nan for r in ratios],
        "ratio_high": [r + 0.1 if r else np.nan for r in ratios],
        "note": ["" if r else "0 in all 10 replicates" for r in ratios],
    })  # fmt: skip


def test_a_forest_turns_logarithmic_only_where_ratios_are_far_apart():
    small = forest(forest_rows([0.7, 1.1]), title="people", direction="lower", baseline="a")
    large = forest(forest_rows([0.7, 40.0, 0.0]), title="people", direction="lower", baseline="a")
    assert small.get_xscale() == "linear"
    assert large.get_xscale() == "log"
    assert any("0 in all 10 replicates" in text.get_text() for text in large.texts)
    assert "better" in small.get_xlabel()


def test_an_empty_forest_is_still_a_figure():
    assert forest(forest_rows([]), title="people", direction="lower", baseline="a").get_title(loc="left") == "People"


def test_stacked_mechanisms_add_up_to_the_number_beside_the_bar():
    rows = pd.DataFrame([
        {"policy": p, "mechanism": m, "mean": float(10 * i + j)}
        for i, p in enumerate("ab") for j, m in enumerate(MECHANISMS)
    ])  # fmt: skip
    ax = mechanism_bars(rows, datum=185)
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(len(MECHANISMS), 2)
    assert widths.sum(axis=0) == pytest.approx([10.0, 60.0])
    assert {"10", "60", "185 reported"} <= {text.get_text() for text in ax.texts}


def test_a_legality_without_anybody_has_no_dot():
    rows = pd.DataFrame([{"policy": "p", "legality": word, "low": v, "high": 2 * v}
                         for word, v in zip(LEGALITIES, (1e5, 300.0, 0.0), strict=True)])  # fmt: skip
    ax = people_by_legality(rows)
    assert [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o"] == [1e5, 300.0]


def test_equal_figures_give_equal_svg():
    texts = [svg_text(forest(forest_rows([0.7]), title="x", direction="lower", baseline="a").figure) for _ in range(2)]
    assert texts[0] == texts[1]
    assert "<svg" in texts[0]


def test_colours_of_words_that_stand_together_differ():
    for together in (LEGALITIES, MECHANISMS, ("low", "high")):
        assert len({COLOURS[word] for word in together}) == len(together)


def test_a_city_that_misses_its_band_is_red_and_says_by_how_much():
    rows = pd.DataFrame({"city": ["a", "b"], "observed": [100.0, 60.0], "predicted": [100.0, 20.0],
                         "low": [80.0, 12.0], "high": [120.0, 29.0], "holds": [True, False]})  # fmt: skip
    ax = held_out(rows)
    dots = {float(line.get_xdata()[0]): line.get_color() for line in ax.lines if line.get_marker() == "o"}
    assert dots == {100.0: INK, 60.0: RED}
    assert [text.get_text() for text in ax.texts] == ["within the band", "miss: 3.0 × the prediction"]


def test_leaving_the_style_keeps_interactive_as_the_backend_set_it():
    """A notebook's backend is loaded by the first figure, inside the style, and switches interactive on then."""
    before = plt.isinteractive()
    try:
        with house_style():
            plt.ion()
        assert plt.isinteractive()
        with house_style():
            plt.ioff()
        assert not plt.isinteractive()
    finally:
        plt.ion() if before else plt.ioff()


def test_a_map_of_too_many_marks_keeps_a_small_vector_file(tmp_path):
    sizes = {}
    for streets in (1_000, 300_000):
        figure, ax = plt.subplots()
        ax.add_collection(LineCollection(list(np.random.default_rng(streets).random((streets, 2, 2)))))
        bounded(figure).savefig(tmp_path / "a.svg")
        sizes[streets] = (tmp_path / "a.svg").stat().st_size
        assert ("<image" in (tmp_path / "a.svg").read_text()) == (streets > 200_000)
    assert sizes[300_000] < 2_000_000
