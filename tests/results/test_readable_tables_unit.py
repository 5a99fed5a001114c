"""Tables for reading: words instead of ids, few digits, nothing cut."""

import numpy as np
import pandas as pd

from privacysim.results import readable

LONG = "no interval: the pilot had no event that tells how skewed this is, and the sentence goes on"


def test_ids_become_titles_and_plain_words_wherever_they_stand():
    table = pd.DataFrame({"order_799": ["live_monitor"]}, index=pd.Index(["cameras_listed"], name="own_console"))
    shown = readable(table, {"order_799": "Order 799"}).rows
    assert [*shown.columns] == ["own consoles", "Order 799"]
    assert [*shown.iloc[0]] == ["cameras listed on the website, mean over the study", "live monitors"]


def test_a_sentence_is_no_id_and_stays_as_it_is():
    said = "a file_name in a sentence"
    assert readable(pd.DataFrame({"note": [said]})).rows["note"][0] == said


def test_numbers_have_three_digits_and_counts_all_of_theirs():
    values = pd.DataFrame({"value": [0.123456, -12.0, 1103301.4, np.nan], "flag": [True, False, True, False]})
    shown = readable(values).rows
    assert [*shown["value"]] == ["0.123", "−12", "1,103,301", "–"]
    assert [*shown["flag"]] == ["yes", "no", "yes", "no"]


def test_in_html_no_text_is_cut_or_taken_for_markup_and_equal_neighbours_are_said_once():
    html = readable(pd.DataFrame({"rule": ["a", "a", "b"], "note": [LONG, "x < y", ""]}))._repr_html_()
    assert LONG in html
    assert "x &lt; y" in html
    assert html.count(">a<") == 1
    assert 'rowspan="2"' in html
    assert html.count("<tr>") == 4


def test_the_levels_of_an_index_and_of_the_heads_are_said():
    table = pd.concat({"one": pd.DataFrame({("a", "low"): [1]}, index=["x"])}, names=["part"])
    assert [*readable(table).rows.columns] == ["part", " ", "a, low"]


def test_an_empty_table_is_a_head_without_rows():
    assert readable(pd.DataFrame({"a": []}))._repr_html_().count("<tr>") == 1


def test_an_index_that_only_counts_the_rows_is_left_out():
    table = pd.DataFrame({"value": [3, 1, 2]}).sort_values("value")
    assert [*readable(table).rows.columns] == ["value"]
    assert [*readable(table.rename_axis("case")).rows.columns] == ["case", "value"]


def test_an_interval_stays_on_one_line():
    texts = ["−0.0941 [−0.1, −8.78e−05]", "2,019 [1,983, 2,054]", "no [a, b]"]
    html = readable(pd.DataFrame({"ratio": texts}))._repr_html_()
    assert "−0.0941\N{NO-BREAK SPACE}[−0.1,\N{NO-BREAK SPACE}−8.78e−05]" in html
    assert "2,019\N{NO-BREAK SPACE}[1,983,\N{NO-BREAK SPACE}2,054]" in html
    assert "no [a, b]" in html
