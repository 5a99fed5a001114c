"""`mask` and `calibrate masks`: the mask that was asked for, a key that undoes it, and a grid that goes on."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from privacysim.cli.main import main
from privacysim.masklab import calibrate_masks as lab
from privacysim.masklab import video
from privacysim.masklab.faces import synthetic_faces
from privacysim.masklab.regions import restored

FRAMES = 24


def person(number):
    return 5 + 4 * number, 40, 21 + 4 * number, 84


def frames_of(path):
    capture, frames = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        frames.append(read[1])
    return frames


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


def test_a_scrambled_video_is_undone_with_the_key_that_was_given(walk, tmp_path, capsys):
    key, out = tmp_path / "mine.key", tmp_path / "out.mkv"
    key.write_bytes(bytes(range(100, 132)))
    assert main(["mask", str(walk), "-o", str(out), "--mask", "scramble", "--key", str(key)]) == 0
    said = capsys.readouterr().out
    assert said.endswith(f"written: {out}\n")
    regions = {}
    with (tmp_path / "out.regions.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            box = tuple(int(row[side]) for side in ("left", "top", "right", "bottom"))
            regions.setdefault(int(row["frame"]), []).append(box)
    hidden, clear = frames_of(out), frames_of(walk)
    assert len(hidden) == len(clear) == FRAMES
    for number in (0, 11, FRAMES - 1):
        assert not np.array_equal(hidden[number], clear[number])
        undone = restored(hidden[number], regions[number], key.read_bytes(), number)
        assert np.array_equal(undone, clear[number])
        other = restored(hidden[number], regions[number], bytes(32), number)
        assert not np.array_equal(other, clear[number]), "another key shows nothing"


def test_a_key_of_another_length_is_refused_and_nothing_is_written(walk, tmp_path, capsys):
    (tmp_path / "short.key").write_bytes(b"short")
    out = tmp_path / "out.mkv"
    assert main(["mask", str(walk), "-o", str(out), "--mask", "scramble", "--key", str(tmp_path / "short.key")]) == 2
    error = capsys.readouterr().err
    assert "32 bytes" in error
    assert len(error.splitlines()) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["short.key"]
    absent = tmp_path / "absent.key"
    assert main(["mask", str(walk), "-o", str(out), "--mask", "scramble", "--key", str(absent)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "--key: expected a file with 32 bytes.", f"  Got: {absent}",
        f"  Fix: make it: head -c 32 /dev/urandom > {absent}.",
    ]  # fmt: skip


@pytest.mark.parametrize(("words", "name"), [
    (["--mask", "dp_pixelate:4:0.25"], "dp_pixelate:4:0.25"), (["--mask", "blur:0.5"], "blur:0.5"), ([], "box"),
    (["--mask", "pixelate:3", "--key", "nobody.reads.this"], "pixelate:3"),
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
    assert main(["calibrate", "masks", "--faces", "lfw", "--data-home", str(tmp_path / "none"), "-o", str(out)]) == 2
    assert "name the folder with --data-home, or allow the download with --download" in capsys.readouterr().err
    assert not asked
    assert not out.exists()
