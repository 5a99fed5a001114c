"""A study of a mapped city: every camera used, exposure as a band, and a word where there is none."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from privacysim.metrics import METRICS, PeopleSeen, headline, parts, readings
from privacysim.report import full_text
from privacysim.results import load_results
from privacysim.stats import short
from privacysim.study import Study

FOLDER_TOML = """
id = "helsinki"
title = "Central Helsinki"
[city]
kind = "osm"
osm = "{osm}"
[population]
people = {{value = 20000, assumption = "a test"}}
"""


@pytest.fixture(scope="module")
def results(data_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("helsinki")
    scenario = folder / "helsinki.toml"
    scenario.write_text(FOLDER_TOML.format(osm=data_folder / "helsinki.osm.pbf"))
    study = Study(scenario=str(scenario), policies=["notice_only", "guangzhou_draft", "order_799"], days=5,
                  sample=2_000, seed=8)  # fmt: skip
    return study.run(replicates=2, workers=1, out=folder / "out"), folder / "out"


@pytest.mark.data
def test_a_study_of_helsinki_uses_all_221_cameras_and_says_what_the_map_leaves_open(results):
    said = " ".join(results[0].notes["note"])
    assert "221 on the map, all of them used" in said
    assert "the heading of 181, the lens of 221, the height of 214" in said
    assert "those that nobody mapped are missing" in said


@pytest.mark.data
def test_it_says_by_how_much_buildings_lower_the_sightings(results):
    said = next(note for note in results[0].notes["note"] if "buildings hide" in note)
    share = float(said.split("hide ")[1].split("%")[0]) / 100
    left, whole = (int(word) for word in said.split("(")[1].split(" are left")[0].split(" of "))
    assert 0.2 < share < 0.6
    assert share == pytest.approx(1 - left / whole, abs=0.005)


@pytest.mark.data
def test_every_metric_has_a_band_or_a_reason_why_not(results):
    band = results[0].band
    assert set(band["policy"]) == set(results[0].arms)
    assert len(results[0].arms) == 4  # the draft has two readings
    for row in band.itertuples():
        monotone = METRICS[row.metric].monotone
        assert (row.note == "") == monotone
        assert np.isfinite([row.fewest, row.most]).all() == monotone
    people = band[band["metric"] == "people_identified_by_outsiders"]
    assert (people["fewest"] <= people["most"]).all()
    assert (people["fewest"] < people["most"]).any()
    hours = band[band["metric"].str.startswith("identifiable_person_hours")].groupby("metric")[["fewest", "most"]].sum()
    assert (hours["fewest"] <= hours["most"]).all()


@pytest.mark.data
def test_the_band_is_saved_read_back_and_named_in_the_manifest(results):
    kept, folder = results
    again = load_results(folder)
    assert "band.csv" in again.manifest["files"]
    pd.testing.assert_frame_equal(again.band, kept.band, check_dtype=False, rtol=1e-9)
    text = full_text(again, metric="people_identified_by_outsiders")
    assert re.search(r"fewest +as drawn +most", text)
    assert "221 on the map" in text


def test_a_study_of_a_synthetic_city_has_no_band():
    results = Study(scenario="guangzhou_district", policies=["notice_only"], days=1, sample=200).run(1, workers=1)
    assert results.band.empty
    assert "as drawn" not in full_text(results)


def test_metrics_that_claim_to_rise_with_passes_do():
    """Against random exposures, each with a second one in which more was seen of everybody."""
    draw = np.random.default_rng(4)
    size = 400
    for _ in range(20):
        less = {name: draw.random((size, 6, 2)) * (draw.random((size, 6, 1)) < 0.3) for name in (
            "identifiable_s", "viewer_identifiable_s", "p_identified", "p_identified_max", "p_identified_days")}
        more = {name: values + (1 - values) * draw.random(values.shape) * (draw.random(values.shape) < 0.2)
                for name, values in less.items()}  # fmt: skip
        weight, visits = draw.uniform(1, 50, size), draw.random((size, 2))
        group = draw.integers(0, 4, size).astype(np.uint8)
        low, high = (dict(_readings(PeopleSeen(weight, group, *seen.values(), visits * (1 + extra))))
                     for seen, extra in ((less, 0.0), (more, 0.5)))  # fmt: skip
        for key, value in low.items():
            if METRICS[key[0]].monotone:
                assert high[key] >= value
    assert any(one.monotone for one in METRICS.values())
    assert not any(one.monotone for one in METRICS.values() if one.of == "records")


def _readings(seen):
    return [((name, reading.curve), reading.value) for name, reading in readings(parts(seen, None))]


@pytest.mark.data
def test_the_report_shows_the_band_of_its_metrics_and_says_what_nobody_mapped_once(results):
    import re

    from privacysim.report import page

    kept, _ = results
    text = page(kept)
    section = text[text.index("nobody mapped about them") :]
    section = section[: section.index("</details>")]
    assert text.count("221 on the map, all of them used") == 1
    assert "buildings hide" in section
    shown = kept.band[kept.band["metric"].isin(headline(14)) & (kept.band["note"] == "")]
    cells = re.findall(r'<td[^>]* class="n"[^>]*>(?:<[^>]*>)?([^<]+)<', section)
    expected = [short(value) for value in shown[["fewest", "drawn", "most"]].to_numpy().ravel()]
    assert sorted(cells) == sorted(expected)
    assert section.index("People identified by outsiders, ") < section.index("Sensitive visits revealed to outsiders, ")


@pytest.mark.data
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_memo_says_that_a_map_leaves_a_band(results, tmp_path, lang):
    from privacysim.cli.main import main

    assert main(["report", str(results[1]), "-o", str(tmp_path / "memo.html"), "--lang", lang]) == 0
    assert (tmp_path / "memo.html").read_text(encoding="utf-8").count("band.csv") == 1
