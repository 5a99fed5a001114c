"""The bench: both sides agree before a time is taken, absent peers are named, exponents are those of power laws."""

from __future__ import annotations

import json

import numpy as np
import pytest

from privacysim.bench import speed_cases as comparing
from privacysim.bench.crowd import crowd, sightings_frame
from privacysim.bench.growth import exponent
from privacysim.bench.speed_cases import bench, bench_text
from privacysim.cli.main import main
from privacysim.errors import ResultsError
from privacysim.exposure import measure_exposure


@pytest.fixture
def few_cameras(monkeypatch):
    """A twentieth of the made-up crowd's cameras and acts; its people pass as many."""
    monkeypatch.setattr("privacysim.bench.crowd.CAMERAS", 50_000)


def test_quick_comparisons_agree_and_are_written_whole(few_cameras, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(comparing, "find_spec", lambda name: None)  # as if no peer were installed
    assert main(["bench", "pandas", "segments", "points", "desks", "--quick", "--out", str(tmp_path)]) == 0
    made = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert [row["case"] for row in made["rows"]] == ["exposure_join", "clip", "desk_overload"]
    assert {one["peer"] for one in made["absent"]} == {"geopandas"}
    for row in made["rows"]:
        assert row["ratio"] == pytest.approx(row["rate"] / row["reference_rate"])
    said = capsys.readouterr().out
    assert "not installed: geopandas; install" in said
    assert (tmp_path / "bench.png").read_bytes()[:4] == b"\x89PNG"


def test_a_wrong_answer_is_refused_however_quick(few_cameras, monkeypatch):
    whole = measure_exposure

    def wrong(*given):
        made = whole(*given)
        made.identifiable_s[:] *= 1.0 + 1e-6
        return made

    monkeypatch.setattr(comparing, "measure_exposure", wrong)
    with pytest.raises(ResultsError, match="do not give the same"):
        bench(["pandas"], quick=True)


def test_an_unknown_comparison_names_the_nearest(capsys):
    assert main(["bench", "segment"]) == 2
    assert "segments" in capsys.readouterr().err


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_law_is_its_power(power):
    sizes = np.array([1.0, 3.0, 7.0, 20.0])
    assert exponent(sizes, 0.3 * sizes**power) == pytest.approx(power, abs=1e-12)


def test_the_made_up_crowd_has_its_density_and_its_sightings():
    made = crowd(0.02, 3_000)
    assert len(made.acts) == 20_000
    assert made.acts.watched.size == pytest.approx(1e6 * (1.0 - np.exp(-0.02)), rel=0.01)
    assert set(np.unique(made.pieces.camera)) <= set(range(made.acts.watched.size))
    # a third of 61 days
    assert len(sightings_frame(made)) / len(made.pieces) == pytest.approx(61 / 3, rel=0.02)


def test_bench_text_says_what_does_not_hold():
    row = {"case": "clip", "what": "x", "unit": "u/s", "rate": 10.0, "reference": "r", "reference_rate": 1.0,
           "target": 20.0, "equal": "e", "ratio": 10.0, "holds": False}  # fmt: skip
    made = {"machine": {"processor": "X", "cores": 2, "load_at_start": None}, "quick": False, "rows": [row],
            "ceilings": {"bytes_s": 4e10, "gathers_s": 1e8}, "growth": [], "absent": []}
    lines = bench_text(made).splitlines()
    assert lines[:2] == ["X, 2 cores, load unknown at the start; one thread, CPU seconds",
                         "memory: 40.0 GB/s streamed, 100 M random fetches/s"]  # fmt: skip
    assert any("at least 20: DOES NOT HOLD" in line for line in lines)
