"""`calibrate masks`: resumable, the same again, and the files that the simulation reads."""

import csv
from dataclasses import replace

import pytest

from privacysim.cli.main import main
from privacysim.masklab import calibrate_masks as lab
from privacysim.masklab import fitted_curve
from privacysim.masklab.calibrate_masks import calibrate, grid
from privacysim.masklab.evaluate import Job
from privacysim.masklab.faces import synthetic_faces

FACES = synthetic_faces(8, 10)
JOBS = [Job("none", px, cctv, level="parrot") for cctv in (True, False) for px in (64.0, 8.0, 4.0)]
JOBS += [Job("box", 64.0, False, "naive"), Job("none", 16.0, True, level="parrot", images=2)]
JOBS += [Job("none", 64.0, False, "open_set")]


@pytest.fixture
def quick(monkeypatch):
    """A grid without augmentation, taken as if it were the trained one: what is tested is the machinery."""
    trained = [replace(job, level="trained") if job.level == "parrot" else job for job in JOBS]
    run, fit = Job.run, fitted_curve.fit_curve
    monkeypatch.setattr(lab, "grid", lambda small: trained)
    quicker = {"trained": "parrot"}
    monkeypatch.setattr(
        Job, "run", lambda job, faces: run(replace(job, level=quicker.get(job.level, job.level)), faces)
    )
    monkeypatch.setattr(fitted_curve, "fit_curve", lambda px, rates, galleries: fit(px, rates, galleries, resamples=3))


def test_a_run_that_was_interrupted_goes_on_where_it_stopped(quick, tmp_path):
    seen = []

    def stop(done, of, what):
        seen.append(done)
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate(FACES, tmp_path, work=tmp_path / "work", workers=1, progress=stop)
    assert not (tmp_path / "curve.csv").exists()
    calibrate(FACES, tmp_path, work=tmp_path / "work", workers=1, progress=lambda done, of, what: seen.append(done))
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8, 9], "nothing is done twice"
    first = {path.name: path.read_bytes() for path in tmp_path.glob("*.csv")}
    calibrate(FACES, tmp_path / "again", work=tmp_path / "other", workers=1)
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "again").glob("*.csv")}, "and the same again"
    with (tmp_path / "curve.csv").open(newline="") as stream:
        fits = list(csv.DictReader(stream))
    assert [row["fit"] for row in fits] == ["cctv", "clean"]
    assert (tmp_path / "curve.png").read_bytes()[:4] == b"\x89PNG"
    assert "The branches differ by up to" in (tmp_path / "note.md").read_text(encoding="utf-8")
    with (tmp_path / "open_set.csv").open(newline="") as stream:
        assert {row["fpir"] for row in csv.DictReader(stream)} == {"0.01", "0.1"}


def test_the_whole_grid_holds_every_mask_with_its_naive_attack():
    jobs = set(grid())
    assert len(jobs) == len(grid())
    assert {job.mask for job in jobs} >= {"none", "box", "eyes", "silhouette", "scramble", "scramble_fixed", "ksame:5"}
    for job in jobs:
        if job.level == "trained" and job.images == 8:
            assert replace(job, level="naive") in jobs, job


@pytest.mark.slow
def test_the_command_calibrates_on_synthetic_faces(tmp_path, capsys):
    assert main(["calibrate", "masks", "--faces", "synthetic", "-o", str(tmp_path)]) == 0
    assert "lower bound" in capsys.readouterr().out
