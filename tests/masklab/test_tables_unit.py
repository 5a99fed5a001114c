"""The measured tables as readers meet them: naive beside strongest, the points of the fit, and the figures of both."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from matplotlib.colors import to_hex

from privacysim.errors import InputError
from privacysim.identify import fits, rank_one
from privacysim.masklab import curve_figures as figure
from privacysim.masklab.faces import synthetic_faces
from privacysim.masklab.fitted_curve import measured, measured_points, naive_beside_strongest
from privacysim.masklab.masks import Pixelate
from privacysim.resources import shipped

pytestmark = pytest.mark.usefixtures("figures_closed")


def attacks() -> dict[str, list[dict[str, str]]]:
    """Mask → the rows of every attack on it by somebody who has all eight images, read as plain text."""
    made: dict[str, list[dict[str, str]]] = {}
    with shipped("data/masking/table.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["images"] == "8":
                made.setdefault(row["mask"], []).append(row)
    return made


def test_a_mask_is_judged_by_its_strongest_attack_with_the_naive_one_beside_it():
    rows, by_mask = naive_beside_strongest(), attacks()
    assert set(rows["mask"]) == set(by_mask) - {"none"}
    for row in rows.to_dict("records"):
        tried = by_mask[row["mask"]]
        assert row["strongest"] == max(float(one["rank1"]) for one in tried)
        assert row["naive"] == next(float(one["rank1"]) for one in tried if one["level"] == "naive")
        assert row["low"] <= row["strongest"] <= row["high"]
        if "frames" in row["by"]:  # an attacker who averages says over how many frames
            assert row["by"] in {f"{one['level']}, {one['frames']} frames" for one in tried}
    assert rows["strongest"].is_monotonic_decreasing, "the leakiest mask first"
    legal = rows.set_index("mask")["legal"]
    assert legal["scramble"] == "reversible"
    assert legal["box"] == "irreversible"


def test_the_points_of_the_fit_are_the_trained_attacks_on_clear_faces_and_the_fit_runs_through_them():
    points = measured_points()
    assert set(points) == {"cctv", "clean"}
    for camera, some in points.items():
        told = [row for row in attacks()["none"] if row["level"] == "trained" and row["camera"] == camera]
        assert len(some) == len(told)
        for px, rate, low, high in some:
            assert low <= rate <= high
            # the fit errs by a point or two (RMSE) over all galleries: within six points of each measured rate
            assert float(rank_one(fits()[camera].d_prime(px), 40)[0]) == pytest.approx(rate, abs=0.06)


def test_a_table_that_was_not_measured_is_named_with_the_nearest():
    with pytest.raises(InputError) as error:
        measured("maks")
    assert str(error.value).splitlines()[0].startswith("table:")
    assert "covariance, curve, embedding, images, masks, open_set, table" in str(error.value)
    assert "write masks" in str(error.value)


def test_the_figure_of_verdicts_shows_both_attacks_the_interval_and_guessing():
    rows = naive_beside_strongest().iloc[[0, 5, -1]].reset_index(drop=True)
    axes = figure.plot_verdicts(rows)
    lines = axes.get_lines()
    dots = [line for line in lines if line.get_marker() == "o" and len(line.get_xdata()) == 1]
    shown = {(to_hex(dot.get_color()).upper(), float(dot.get_xdata()[0]), int(dot.get_ydata()[0])) for dot in dots}
    hollow = [dot for dot in dots if to_hex(dot.get_markerfacecolor()) == "#ffffff"]
    assert {(float(dot.get_xdata()[0]), int(dot.get_ydata()[0])) for dot in hollow} == set(
        zip(rows["naive"], (2, 1, 0), strict=True))  # fmt: skip
    for place, row in zip((2, 1, 0), rows.to_dict("records"), strict=True):  # the first row stands on top
        assert (figure.VERDICTS[row["verdict"]], row["strongest"], place) in shown
        assert any(list(line.get_xdata()) == [row["low"], row["high"]] and line.get_ydata()[0] == place
                   for line in lines)  # fmt: skip
    assert [label.get_text() for label in axes.get_yticklabels()] == rows["mask"].tolist()
    assert any(list(line.get_xdata()) == [1 / 40, 1 / 40] for line in lines)
    assert axes.get_xlabel() == "right person first among 40"


def test_masks_stand_side_by_side_on_the_same_faces():
    faces, names = synthetic_faces(4, 2), ["none", "pixelate:4", "ksame:2"]
    made = figure.masks_side_by_side(faces, names, people=3)
    grid = np.asarray(made.axes).reshape(3, 3)
    assert [axes.get_title() for axes in grid[0]] == ["none", "pixelate\n4", "ksame\n2"]
    one_each = faces.images[faces.index == 0]
    for person, row in enumerate(grid):
        clear, mosaic, _ = (np.asarray(axes.images[0].get_array()) for axes in row)
        assert np.array_equal(clear, one_each[person])
        assert np.array_equal(mosaic, Pixelate(4).apply(one_each)[person])
    # k-same of four people in pairs: each of the three shown shares her picture with somebody, so two pictures or fewer
    crowd = np.stack([np.asarray(row[2].images[0].get_array()) for row in grid])
    assert len(np.unique(crowd.reshape(3, -1), axis=0)) <= 2
