"""`mask` and `calibrate masks`: the mask that was asked for, and a grid that goes on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from privacysim.cli.main import main
from privacysim.masklab import calibrate_masks as lab
from privacysim.masklab import video
from privacysim.masklab.faces import synthetic_faces

FRAMES = 24


def person(number):
    return 5 + 4 * number, 40, 21 + 4 * number, 84


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """Somebody in red walks to the right, in a file that loses nothing; a frame is smaller than a detector's window."""
    path = tmp_path_factory.mktemp("walk") / "walk.mkv"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"FFV1"), 12.5, (128, 96))
    ground = np.random.default_rng(0).integers(90, 110, (96, 128, 3)).astype(np.uint8)
    for number in range(FRAMES):
        frame = ground.copy()
        left, top, right, bottom = person(number)
        frame[top:bottom, left:right] = (30, 60, 220)
        writer.write(frame)
    writer.release()
    return path


@pytest.mark.parametrize(("words", "name"), [
    (["--mask", "dp_pixelate:4:0.25"], "dp_pixelate:4:0.25"), (["--mask", "blur:0.5"], "blur:0.5"), ([], "box"),
])  # fmt: skip
def test_the_mask_is_the_one_that_was_named(words, name, walk, tmp_path, monkeypatch):
    # what the command makes of its words; the mask itself is shown to work where masks are tested
    seen = []

    def stop(source, out, chosen, **_):
        seen.append(chosen.name)
        raise KeyboardInterrupt

    monkeypatch.setattr(video, "mask_video", stop)
    assert main(["mask", str(walk), "-o", str(tmp_path / "out.mkv"), *words]) == 130
    assert seen == [name]


@pytest.fixture
def people(tmp_path):
    """A folder of drawn people as pictures."""
    faces = synthetic_faces(3, 4)
    for image, who, number in zip(faces.images, faces.person, faces.index, strict=True):
        folder = tmp_path / "people" / f"p{who}"
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), image)
    return tmp_path / "people"


@pytest.fixture
def asked(monkeypatch):
    """What the lab was asked for; its attacks, which take a minute, have tests of their own."""
    found = []

    def calibrate(faces, out, *, small, workers, progress):
        found.append((faces, small, workers))
        progress(1, 1, "box 64 px naive")
        (out / "note.md").write_text("A lower bound.", encoding="utf-8")
        (out / "curve.csv").write_text("fit\n", encoding="utf-8")

    monkeypatch.setattr(lab, "calibrate", calibrate)
    return found


def test_the_lab_attacks_the_faces_that_were_named_and_its_note_is_printed(people, asked, tmp_path, capsys):
    out = tmp_path / "a" / "b"
    words = ["calibrate", "masks", "-o", str(out), "--workers", "3", "--faces"]
    assert main([*words, str(people)]) == 0
    few = "3 people, 4 images each. Fewer than 10 people say little about a mask.\n"
    assert capsys.readouterr().out == f"{few}A lower bound.\nwritten to {out}: curve.csv, note.md\n"
    assert main([*words, str(people), "--small"]) == 0
    assert main([*words, "synthetic"]) == 0
    (faces, small, workers), (_, smaller, _), (drawn, always, _) = asked
    assert np.array_equal(faces.images, synthetic_faces(3, 4).images), "the pictures of the folder, person by person"
    assert (faces.people, workers, small, smaller) == (3, 3, False, True)
    assert (drawn.name, always) == ("synthetic", True), "drawn faces calibrate nothing: always the small grid"


def test_faces_that_are_not_there_are_named_and_no_folder_is_made(tmp_path, asked, capsys):
    out = tmp_path / "out"
    assert main(["calibrate", "masks", "--faces", "olivett", "-o", str(out)]) == 2
    assert "Fix: write olivetti." in capsys.readouterr().err
    assert main(["calibrate", "masks", "--data-home", str(tmp_path / "none"), "-o", str(out)]) == 2
    assert "name the folder with --data-home, or allow the download with --download" in capsys.readouterr().err
    assert not asked
    assert not out.exists()
