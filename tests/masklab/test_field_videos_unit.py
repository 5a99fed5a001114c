"""Videos of the kinds on which masks failed: generated clips of real faces over real pictures, so every box is known.

The annotation is the truth, never the checker. What counts as masked is itself tested with controls.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.masklab import video as lab
from privacysim.masklab.face_detectors import FaceChecker, FaceFinder, tiles, weights
from privacysim.masklab.masks import BlackBox, Pixelate, mask_named
from privacysim.masklab.people_detector import Tracks, overlap
from privacysim.masklab.video import mask_video

W, H = 320, 240
Box = tuple[int, int, int, int]


@pytest.fixture(scope="module")
def olivetti(data_folder: Path) -> np.ndarray:
    import joblib

    return joblib.load(data_folder / "olivetti" / "olivetti_py3.pkz").reshape(400, 64, 64).transpose(0, 2, 1)


@pytest.fixture(scope="module")
def street(data_folder: Path) -> np.ndarray:
    return cv2.VideoCapture(str(data_folder / "vtest.avi")).read()[1]


def with_face(background: np.ndarray, face: np.ndarray, left: float, top: float, wide: float) -> np.ndarray:
    """The picture with a face (grey, 64 × 64) whose box begins at (left, top), a quarter higher than wide."""
    frame, high = background.copy(), round(1.25 * wide)
    left, top, wide = round(left), round(top), round(wide)
    frame[top : top + high, left : left + wide] = cv2.resize(face.astype(np.uint8), (wide, high))[:, :, None]
    return frame


def box_of(left: float, top: float, wide: float) -> Box:
    return round(left), round(top), round(left) + round(wide), round(top) + round(1.25 * wide)


def path_of(kind: str, n: int) -> tuple[float, float, float]:
    """left, top and width of the face in frame n of a clip."""
    return {"close-up": (60 + 2 * n, 20 + n, 120), "seated": (140, 70, 60), "approaching": (100, 60, 40 + 2 * n),
            "crossing": (20 + 5 * n, 60, 50), "moving camera": (140, 70, 64)}[kind]  # fmt: skip


def clip(path: Path, kind: str, face: np.ndarray, street: np.ndarray, frames: int = 40) -> list[Box]:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"XVID"), 12.5, (W, H))
    boxes = []
    for n in range(frames):
        pan = 10 * n if kind == "moving camera" else 0
        background = np.ascontiguousarray(street[150 : 150 + H, pan : pan + W])
        writer.write(with_face(background, face, *path_of(kind, n)))
        boxes.append(box_of(*path_of(kind, n)))
    writer.release()
    return boxes


def frames_of(path: Path) -> list[np.ndarray]:
    capture, found = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        found.append(read[1])
    return found


def is_masked(before: np.ndarray, after: np.ndarray, box: Box, cells: int = 12) -> bool:
    """Whether no detail finer than `cells` across is left of a face: what lies between 12 and 48 cells lost 4/5 of it.

    The eye region counts, which a mask half a box beside the face leaves bare.
    """
    left, top, right, bottom = box
    shares = []
    for part in (slice(left, (left + right) // 2), slice((left + right) // 2, right)):
        detail = []
        for frame in (before, after):
            grey = cv2.cvtColor(frame[top:bottom, part], cv2.COLOR_BGR2GRAY).astype(np.float64)
            coarse = cv2.resize(cv2.resize(grey, (cells // 2, cells), interpolation=cv2.INTER_AREA), grey.shape[::-1])
            detail.append(grey - coarse)
        lost = 1.0 - float((detail[0] * detail[1]).sum() / max((detail[0] ** 2).sum(), 1e-9))
        shares.append(lost)
    return min(shares) > 0.5


@pytest.mark.data
@pytest.mark.parametrize(("control", "masked"), [
    ("encoded again", False), ("pixelate:24", False), ("beside", False), ("pixelate:8", True), ("box", True),
])  # fmt: skip
def test_what_counts_as_masked_holds_for_controls(olivetti, street, control, masked):
    found = []
    for n in range(0, 400, 40):
        frame, (left, top, right, bottom) = with_face(street[:H, :W], olivetti[n], 90, 30, 130), box_of(90, 30, 130)
        after = frame.copy()
        if control == "encoded again":
            after = cv2.imdecode(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 70])[1], cv2.IMREAD_COLOR)
        elif control == "beside":
            half = (right - left) // 2
            after[top:bottom, left + half : right + half] = 0
        else:
            part = np.ascontiguousarray(after[top:bottom, left:right])
            after[top:bottom, left:right] = mask_named(control).apply(part[None])[0]
        found.append(is_masked(frame, after, (left, top, right, bottom)))
    assert np.mean(found) == masked


@pytest.mark.data
@pytest.mark.parametrize("kind", ["close-up", "seated", "approaching", "crossing", "moving camera"])
def test_faces_are_masked_and_little_else(olivetti, street, tmp_path, kind):
    """Share of annotated face-frames masked, and of the picture without people that lost its detail."""
    masked, spoilt = [], []
    for person in (70, 210):
        source, out = tmp_path / f"{person}.avi", tmp_path / f"{person}.mp4"
        truth = clip(source, kind, olivetti[person], street)
        left = mask_video(str(source), out, Pixelate(4), keep_anyway=True)
        before, after = frames_of(source), frames_of(out)
        assert len(before) == len(after) == len(truth)
        own = [is_masked(*frames, box) for *frames, box in zip(before, after, truth, strict=True)]
        masked += own
        for a, b, box in zip(before, after, truth, strict=True):
            away = np.ones((H, W), dtype=bool)
            x, y = box[2] - box[0], box[3] - box[1]
            away[max(box[1] - y, 0) : box[3] + y, max(box[0] - x, 0) : box[2] + x] = False
            if away.any():
                spoilt.append((np.abs(a.astype(int) - b).max(axis=2)[away] > 40).mean())
        assert ("camera moves" in left.text()) == (kind == "moving camera")
        assert sum(own[n] for n in left.readable) <= 2, "the checker sees no face in a mosaic of four cells"
    print(f"\n{kind}: {np.mean(masked):.1%} of {len(masked)} face-frames masked, {np.mean(spoilt or [0]):.1%} spoilt")
    assert np.mean(masked) >= 0.95
    assert np.mean(spoilt or [0]) <= 0.02


@pytest.mark.data
def test_a_mask_that_leaves_a_face_ends_with_1_and_no_file(olivetti, street, tmp_path, capsys):
    source, out = tmp_path / "a.avi", tmp_path / "a.mp4"
    clip(source, "close-up", olivetti[70], street, frames=20)
    assert main(["mask", str(source), "-o", str(out), "--mask", "pixelate:40"]) == 1
    said = capsys.readouterr().out
    assert "frames 0, " in said
    assert "--keep-anyway" in said
    assert not out.exists()
    assert main(["mask", str(source), "-o", str(out), "--mask", "pixelate:40", "--keep-anyway"]) == 1
    assert out.exists()
    assert main(["mask", str(source), "-o", str(out), "--mask", "box"]) == 0


@pytest.mark.data
def test_two_detectors_find_real_faces_and_none_where_there_are_none(olivetti, street):
    finder, checker = FaceFinder(), FaceChecker()
    background = street[100 : 100 + H, 100 : 100 + W]
    assert finder.boxes(background) == checker.boxes(background) == []
    hits = {name: [] for name in ("finder", "checker")}
    for n in range(0, 400, 40):
        frame = with_face(background, olivetti[n], 100, 60, 90)
        for name, detector in (("finder", finder), ("checker", checker)):
            boxes = detector.boxes(frame)
            hits[name].append(max((overlap(box, box_of(100, 60, 90)) for box in boxes), default=0.0) > 0.3)
    assert np.mean(hits["finder"]) == 1.0
    assert np.mean(hits["checker"]) >= 0.8


def test_nobody_in_a_video_is_said_and_not_scored(tmp_path, capsys):
    grey = np.full((H, W, 3), 120, np.uint8)
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"XVID"), 12.5, (W, H))
    for _ in range(20):
        writer.write(grey)
    writer.release()
    assert main(["mask", str(tmp_path / "a.avi"), "-o", str(tmp_path / "a.mp4")]) == 0
    said = capsys.readouterr().out
    assert "nobody was found" in said
    assert "gallery" not in said


def test_weights_that_are_missing_or_others_are_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PRIVACYSIM_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match="--no-deps"):
        weights("centerface.onnx")
    (tmp_path / "centerface.onnx").write_bytes(b"other")
    with pytest.raises(InputError, match="another file"):
        weights("centerface.onnx")


@pytest.mark.parametrize(("width", "height"), [(320, 240), (240, 320), (1920, 1080), (64, 64), (1000, 100)])
def test_tiles_cover_the_frame(width, height):
    seen = np.zeros((height, width), dtype=bool)
    for left, top, side in tiles(width, height)[1:]:
        seen[top : top + side, left : left + side] = True
    assert seen.all()


def test_a_face_is_followed_both_ways_in_time():
    tracks = Tracks(12, nearest=True)
    tracks.add(0, [(0, 0, 20, 20)])
    for n in range(1, 9):
        tracks.add(n, [(8, 0, 28, 20)] if n == 8 else [])
    assert tracks.regions(4) == [(1, (0, 0, 28, 20))]
    assert tracks.regions(8) == [(1, (8, 0, 28, 20))]


@pytest.mark.parametrize("row", ["999,10,10,20,20", "3,400,10,420,20", "3,30,10,20,20", "-1,10,10,20,20"])
def test_boxes_that_cannot_apply_are_refused(tmp_path, row):
    given = tmp_path / "boxes.csv"
    given.write_text(f"\ufeffframe,left,top,right,bottom\n5,1,1,9,9\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match="1 others"):
        lab._read_boxes(given, W, H, 60)


def drawn(path: Path, frames: int = 40) -> Path:
    """A clip of a drawn square that walks, with a mark of its number in each frame."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"XVID"), 12.5, (W, H))
    for n in range(frames):
        frame = np.full((H, W, 3), 110, np.uint8)
        frame[80:160, 10 + 4 * n : 50 + 4 * n] = (30, 60, 200)
        writer.write(frame)
    writer.release()
    return path


def as_form(source: Path, target: Path, *words: str) -> Path:
    program = lab.ffmpeg()
    assert program is not None
    subprocess.run([program, "-v", "error", "-y", "-i", str(source), *words, str(target)], check=True)
    return target


@pytest.mark.parametrize(("ending", "words"), [
    (".ts", ("-c:v", "mpeg2video", "-bf", "2")), (".vob", ("-c:v", "mpeg2video", "-bf", "2")),
    (".webm", ("-c:v", "libvpx", "-live", "1", "-cluster_time_limit", "1000")),
])  # fmt: skip
def test_no_frame_is_lost_of_formats_that_cannot_be_wound_back(tmp_path, ending, words):
    source = as_form(drawn(tmp_path / "a.avi"), tmp_path / f"b{ending}", *words)
    assert len(frames_of(source)) == 40
    assert mask_video(str(source), tmp_path / "out.mp4", BlackBox()).frames == 40


def test_a_varying_frame_rate_is_said_and_refused_with_sound(tmp_path):
    source = drawn(tmp_path / "a.avi")
    uneven = as_form(source, tmp_path / "b.mp4", "-f", "lavfi", "-i", "sine=duration=3", "-vf",
                     "setpts='if(lt(N,20),N,20+(N-20)*4)/12.5/TB'", "-fps_mode", "vfr", "-c:v", "mpeg4", "-c:a", "aac")
    with pytest.raises(InputError, match="constant frame rate"):
        mask_video(str(uneven), tmp_path / "out.mp4", BlackBox(), keep_audio=True)
    assert not (tmp_path / "out.mp4").exists()
    assert "varies" in mask_video(str(uneven), tmp_path / "out.mp4", BlackBox(), keep_audio=False).text()


