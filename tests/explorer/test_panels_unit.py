"""What the explorer says is what its data say, also to somebody who sees no colours."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from privacysim.explorer import panels


def rows(**given):
    base = {"curve": "low", "ratio": math.nan, "ratio_low": math.nan, "ratio_high": math.nan, "note": ""}
    name = "people_identified_by_outsiders"
    return pd.DataFrame([
        {**base, "policy": "b", "metric": name, "mean": 40.0},
        {**base, "policy": "explored", "metric": name, "mean": 10.0, **given},
    ])  # fmt: skip


def words(html):
    return re.sub(r"<[^>]+>", "|", html)


def test_a_ratio_is_called_better_only_where_its_interval_leaves_out_no_change():
    name = ["people_identified_by_outsiders"]
    sure = panels.change_table(rows(ratio=0.25, ratio_low=0.2, ratio_high=0.3), "b", name, 20, 20)
    open_ = panels.change_table(rows(ratio=0.25, ratio_low=0.1, ratio_high=1.3), "b", name, 20, 20)
    early = panels.change_table(rows(ratio=0.25), "b", name, 1, 20)
    assert "0.25 [0.2, 0.3]" in sure
    assert "▼ lower: better" in sure
    assert "no difference shown" in open_
    assert "better" not in open_ + early
    assert "Intervals follow" in early
    assert "1 of 20 replicates" in early


def test_a_note_stands_where_there_is_no_interval():
    html = panels.change_table(rows(ratio=0.5, note="too few: 3 contributors; more"), "b",
                               ["people_identified_by_outsiders"], 20, 20)  # fmt: skip
    assert "0.5 too few: 3 contributors|" in words(html)


def test_curves_that_differ_are_both_told_and_those_that_agree_once():
    name = "people_identified_by_outsiders"
    low = rows(ratio=0.25, ratio_low=0.2, ratio_high=0.3)
    high = rows(ratio=0.8, ratio_low=0.7, ratio_high=0.9).assign(curve="high", mean=[50.0, 40.0])
    both = pd.concat([low, high], ignore_index=True)
    said = words(panels.verdict(both, "The rules of 2007", name, 1_000))
    assert "10 to 40 people identified by outsiders" in said
    assert "of 1,000 residents" in said
    assert "by 75 % [70, 80]" in said
    assert "by 20 % [10, 30]" in said
    table = words(panels.change_table(both, "b", [name], 20, 20))
    assert "|40–50|" in table
    assert "0.25 [0.2, 0.3] ▼ lower: better; 0.8 [0.7, 0.9] ▼ lower: better" in table
    same = pd.concat([low, low.assign(curve="high")], ignore_index=True)
    assert words(panels.verdict(same, "x", name, 1_000)).count("75 %") == 1
    assert "10 people" in words(panels.verdict(same, "x", name, 1_000))


def test_before_there_are_intervals_both_curves_are_told_at_once():
    name = "people_identified_by_outsiders"
    both = pd.concat([rows(ratio=0.25), rows(ratio=0.5).assign(curve="high")], ignore_index=True)
    assert "So far 25 % to 50 % of the baseline’s." in words(panels.verdict(both, "b", name, 1_000))
    assert "So far 25 % of the baseline’s." in words(panels.verdict(rows(ratio=0.25), "b", name, 1_000))
    assert "The baseline has none." in words(panels.verdict(rows(), "b", name, 1_000))


def test_the_range_over_worlds_says_what_it_holds_and_leaves_out_worlds_without_a_ratio():
    name = "people_identified_by_outsiders"
    assert panels.range_line([0.5, math.nan, 0.8], name) == ""
    said = words(panels.range_line([0.5, math.nan, 0.8, 1.2], name))
    assert "over what is not known −50 % to +20 % (50 % of worlds), lower in 2 of 3, each with its own facts" in said


def test_the_map_has_one_mark_per_camera_and_tells_outsiders_by_shape():
    cameras = pd.DataFrame({"x_m": [10.0, 50, 90], "y_m": [10.0, 50, 90], "outsider": [True, False, True]})
    cells = (np.array([0, 1]), np.array([0, 1]), 2)
    html = panels.people_map("M0,0L1,1", cells, np.array([0.0, 0.5]), cameras, (0.0, 0.0, 100.0))
    svg = ElementTree.fromstring(html[: html.index("</svg>") + 6])
    kinds = [element.tag for element in svg]
    marks = {e.get("data-by"): e.get("d") for e in svg if e.get("data-by")}
    assert marks["insiders"] == f"M{165:.1f},{165:.1f}h0"
    assert marks["outsiders"].count("M") == 2
    assert kinds.count("rect") == 1  # the cell whose people nobody identifies stays white
    assert "2 of them watched by outsiders" in svg.find("title").text


def test_the_timeline_counts_looks_by_day_and_keeps_standing_watch_out_of_the_bars():
    views = pd.DataFrame({
        "at_s": [0.0, 100.0, 90_000.0, 0.0], "source": ["request", "stream", "stream", "monitor"],
        "outsider": [False, True, True, False],
    })  # fmt: skip
    html = panels.timeline(views, np.array([1.0, 2.0]), np.array([2.0, 2.0]))
    assert "1 looks by insiders and 2 by outsiders in 2 days" in html
    assert "1 cameras are watched live" in html
    assert html.count("stroke-dasharray") == 1  # the baseline


def test_groups_show_the_band_and_the_baseline_in_brackets():
    now, before = ({"older": np.array([[100.0, a], [110.0, b]])} for a, b in ((4.0, 5.0), (8.0, 9.0)))
    text = words(panels.group_table(now, before))
    assert "4–5 (8–9)" in text
    assert "100–110 (100–110)" in text
