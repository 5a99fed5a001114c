"""`verify` tells a changed number from changed code and from changed facts, and refuses what it cannot check."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import privacysim as ps
from privacysim import tables
from privacysim.errors import InputError, ResultsError
from privacysim.results.manifest import digest_of
from privacysim.study import verify


@pytest.fixture
def saved(monkeypatch, tmp_path, toy_units) -> Path:
    """Two replicates of units that cost nothing, saved."""
    toy_units(monkeypatch, tmp_path / "cache")
    study = ps.Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=2, replicates=2)
    study.run(workers=1, out=tmp_path / "r")
    return tmp_path / "r"


def changed(folder: Path, **manifest: object) -> None:
    path = folder / "manifest.json"
    whole = json.loads(path.read_text()) | manifest
    path.write_text(json.dumps(whole | {"sha256": digest_of(whole)}))


def test_a_changed_number_is_named_with_both_values_and_other_code_only_beside_a_number(saved):
    metrics = tables.read("metrics", saved / "metrics.parquet")
    row = metrics[(metrics["replicate"] == 1) & (metrics["metric"] == "cameras_listed")].index[0]
    was = metrics.loc[row, "value"]
    changed(saved, source="f" * 64, data={})
    assert verify(saved, 1).wrong == [], "other code that gives the same numbers is no difference"
    metrics.loc[row, "value"] = 2.5 * was
    tables.write("metrics", metrics, saved / "metrics.parquet")
    found, notes, rerun = verify(saved, 1)
    assert found[:2] == ["metrics.parquet: missing or changed since it was written",
                         "summary.csv: is not what metrics.parquet and the manifest give"]
    assert notes[0].startswith("source: these results are of ffffffffffff, this is ")
    assert notes[1].startswith("data/: changed since these results: ")
    assert "facts.csv" in notes[1]
    assert found[2:] == [f"{metrics.loc[row, 'policy']} 1 cameras_listed : saved {2.5 * was}, again {was}"]
    assert rerun == [1]
    assert verify(saved, 0).wrong == found[:2], "the other replicate holds: its code and facts are no matter"


def test_a_missing_file_and_a_missing_row_are_found(saved):
    (saved / "summary.csv").unlink()
    metrics = tables.read("metrics", saved / "metrics.parquet")
    tables.write("metrics", metrics[metrics["metric"] != "cameras_listed"], saved / "metrics.parquet")
    found = verify(saved).wrong
    assert "summary.csv: missing or changed since it was written" in found
    assert sum("cameras_listed : saved nan, again " in line for line in found) == 4, "one for each policy and replicate"


def test_what_cannot_be_run_again_is_refused_with_the_cure(saved):
    with pytest.raises(InputError) as error:
        verify(saved, 2)
    assert str(error.value).splitlines() == [
        "--replicate: expected one of the replicates 0 to 1.", "  Got: 2", "  Fix: choose one of them.",
    ]  # fmt: skip
    shutil.rmtree(saved / "inputs")
    with pytest.raises(ResultsError) as refused:
        verify(saved)
    assert str(refused.value) == f"{saved}: has no inputs/ to run again.\n  Fix: run the study with --out."


@pytest.fixture
def town(monkeypatch, tmp_path, toy_units) -> Path:
    """A project with a map of its own and the results of a study in it."""
    toy_units(monkeypatch, tmp_path / "cache")
    home = tmp_path / "project"
    home.mkdir()
    (home / "town.osm").write_text("<osm version='0.6'/>")
    (home / "town.toml").write_text('id = "town"\ntitle = "Town"\n[city]\nkind = "osm"\nosm = "town.osm"\n'
                                    '[population]\npeople = {value = 5000.0, assumption = "a town"}\n')  # fmt: skip
    study = ps.Study(scenario=str(home / "town.toml"), policies=["notice_only"], days=1, replicates=1)
    study.run(workers=1, out=home / "results" / "r")
    return home


def test_results_verify_after_their_project_moved_and_a_map_is_recognised_by_its_digest(town, tmp_path, monkeypatch):
    moved = town.rename(tmp_path / "elsewhere")
    assert verify(moved / "results" / "r").wrong == [], "the map lies beside the results"
    (moved / "town.osm").rename(tmp_path / "kept.osm")
    with pytest.raises(InputError, match=r"city\.osm: expected the file of these results") as error:
        verify(moved / "results" / "r")
    assert "--map FILE" in str(error.value)
    monkeypatch.chdir(tmp_path)
    assert verify(moved / "results" / "r", maps=["kept.osm"]).wrong == []
    (moved / "town.osm").write_text("<osm version='0.6'></osm>")
    with pytest.raises(InputError, match="no such file any more"):
        verify(moved / "results" / "r")
