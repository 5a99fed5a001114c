"""A real track never leaves: not in results, not in the manifest, not in the cache, not in what is printed."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from privacysim.cli.main import main
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import read_tracks
from privacysim.tracks.dose_tables import by_operator, publishable_cameras, publishable_passes, threshold
from privacysim.tracks.dosimeter import measure_walk
from privacysim.tracks.walk_saving import save_dose

LAT, LON = 48.2081743, 16.3738189


@pytest.fixture
def inputs(tmp_path):
    """A walk of 200 fixes past 30 cameras, with a name and clock that nobody may learn."""
    fixes = [(LAT + 1.234567e-5 * i, LON + 0.7654321e-5 * i, f"2031-03-07T05:{i // 60:02d}:{i % 60:02d}Z")
             for i in range(200)]
    points = "".join(f'<trkpt lat="{a:.7f}" lon="{b:.7f}"><time>{t}</time></trkpt>' for a, b, t in fixes)
    track = tmp_path / "annas_secret_walk.gpx"
    track.write_text(f"<gpx><trk><name>Anna Geheim</name><trkseg>{points}</trkseg></trk></gpx>")
    rows = [f"{LAT + 8.1e-5 * i + 3.3e-5:.7f},{LON + 5.1e-5 * i - 2.2e-5:.7f}" for i in range(30)]
    cameras = tmp_path / "cameras.csv"
    cameras.write_text("lat,lon\n" + "\n".join(rows))
    return track, cameras, fixes


def traces(fixes):
    """Texts of the track that would betray it: degrees to 11 m, the clock, the day, the names."""
    words = {f"{value:.4f}" for a, b, _ in fixes for value in (a, b)}
    words |= {f"{np.floor(value * 1e4) / 1e4:.4f}" for a, b, _ in fixes for value in (a, b)}
    return words | {"2031-03-07", "T05:0", "Geheim", "annas_secret_walk"}


def everything_in(folder):
    return {path: path.read_bytes().decode("utf-8", "replace") for path in sorted(folder.rglob("*")) if path.is_file()}


def test_results_manifest_cache_and_log_hold_nothing_of_the_track(inputs, tmp_path, monkeypatch, capfd):
    track, cameras, fixes = inputs
    cache = tmp_path / "cache"
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(cache))
    assert main(["dosimeter", "--gpx", str(track), "--cameras", str(cameras), "--out", str(tmp_path / "out"),
                 "--map"]) == 0
    said = capfd.readouterr()
    texts = everything_in(tmp_path / "out") | (everything_in(cache) if cache.exists() else {})
    texts["printed"] = said.out + said.err
    assert len(texts) > 8
    assert (tmp_path / "out" / "private" / "map.html").is_file()
    for where, text in texts.items():
        found = [word for word in traces(fixes) if word in text]
        assert not found, f"{where} holds {found[:3]}"


def test_the_search_for_traces_would_find_one(inputs):
    track, _, fixes = inputs
    assert any(word in track.read_text() for word in traces(fixes) if re.match(r"\d+\.\d", word))


def test_without_the_option_nothing_that_shows_the_walk_is_written(inputs, tmp_path):
    track, cameras, _ = inputs
    main(["dosimeter", "--gpx", str(track), "--cameras", str(cameras), "--out", str(tmp_path / "out")])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "cameras.csv", "manifest.json", "operators.csv", "passes.csv", "rights.csv", "timeline.svg", "totals.csv",
    ]  # fmt: skip


def test_the_inputs_are_named_by_their_hash_alone(inputs, tmp_path):
    track, cameras, _ = inputs
    main(["dosimeter", "--gpx", str(track), "--cameras", str(cameras), "--out", str(tmp_path / "out")])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert set(manifest["sha256"]) == {"track", "cameras"}
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in manifest["sha256"].values())


def test_a_second_run_mends_what_was_damaged_and_another_run_is_refused(inputs, tmp_path, capsys):
    track, cameras, _ = inputs
    command = ["dosimeter", "--gpx", str(track), "--cameras", str(cameras), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    totals = tmp_path / "out" / "totals.csv"
    whole = totals.read_bytes()
    totals.write_bytes(whole.replace(b"1", b"2"))
    assert main(command) == 0
    assert totals.read_bytes() == whole
    assert main([*command, "--range", "10"]) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*command, "--range", "10", "--force"]) == 0


def _many(tmp_path, people):
    rows = ["uid,datetime,lat,lng"]
    for person in range(people):
        rows += [f"p{person},2031-03-07T05:00:{10 * i:02d},{LAT + 4e-5 * i:.7f},{LON:.7f}" for i in range(6)]
        if person:  # only the others pass the second camera
            rows += [f"p{person},2031-03-07T06:00:{10 * i:02d},{LAT + 0.01 + 4e-5 * i:.7f},{LON:.7f}" for i in range(6)]
    (tmp_path / "many.csv").write_text("\n".join(rows))
    (tmp_path / "three.csv").write_text(
        "lat,lon,type\n" + "\n".join(f"{LAT + north:.7f},{LON + 1e-4:.7f},dome" for north in (1e-4, 0.0101, 0.5)))
    return measure_walk(read_tracks(tmp_path / "many.csv"), read_cameras(tmp_path / "three.csv"))


def test_of_several_people_cells_below_the_threshold_are_left_out(tmp_path):
    dose = _many(tmp_path, threshold())
    rows, left_out = publishable_cameras(dose)
    assert dose.people == threshold()
    assert list(rows["camera"]) == [2]
    assert left_out == 1
    assert rows["people"].min() >= threshold()
    assert by_operator(dose)["passes"].tolist() == rows["passes"].tolist()


def test_of_several_people_no_single_persons_row_is_written(tmp_path):
    dose = _many(tmp_path, threshold() + 1)
    assert publishable_passes(dose).empty
    save_dose(dose, dose.passes.iloc[:0], tmp_path / "out", {})
    assert "person" not in (tmp_path / "out" / "passes.csv").read_text().splitlines()[0].split(",")
    assert not (tmp_path / "out" / "timeline.svg").exists()


def test_of_too_few_people_nothing_is_summed_up(tmp_path, capsys):
    _many(tmp_path, threshold() - 1)
    assert main(["dosimeter", "--gpx", str(tmp_path / "many.csv"), "--cameras", str(tmp_path / "three.csv"),
                 "--out", str(tmp_path / "out")]) == 0
    assert "nothing about them is shown" in capsys.readouterr().out
    for name in ("totals.csv", "cameras.csv", "passes.csv", "rights.csv", "people.csv", "operators.csv"):
        assert len((tmp_path / "out" / name).read_text().splitlines()) == 1, name


def test_what_holds_a_track_does_not_print_it(tmp_path):
    dose = _many(tmp_path, 12)
    for thing in (dose, dose.walk, dose.sight, read_tracks(tmp_path / "many.csv")):
        assert "48.2" not in repr(thing)
        assert "16.3" not in str(thing)
