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
from privacysim.masklab import timing
from privacysim.masklab import video as lab
from privacysim.masklab.face_detectors import FaceChecker, FaceFinder, tiles, weights
from privacysim.masklab.masks import BlackBox, Pixelate, mask_named
from privacysim.masklab.people_detector import Tracks, background_and_steady, overlap
from privacysim.masklab.pictures import mask_pictures
from privacysim.masklab.video import mask_video
from tests.helpers.face_clips import KINDS, H, W, box_of, clip, frames_of, is_masked, spoilt, with_face


@pytest.fixture(scope="module")
def olivetti(data_folder: Path) -> np.ndarray:
    import joblib

    return joblib.load(data_folder / "olivetti" / "olivetti_py3.pkz").reshape(400, 64, 64).transpose(0, 2, 1)


@pytest.fixture(scope="module")
def empty(data_folder: Path) -> np.ndarray:
    """A street without people: what is there most of the time."""
    background = background_and_steady(cv2.VideoCapture(str(data_folder / "vtest.avi")), 795)[0]
    assert background is not None
    return background


@pytest.fixture(scope="module")
def street(data_folder: Path) -> np.ndarray:
    return cv2.VideoCapture(str(data_folder / "vtest.avi")).read()[1]


@pytest.mark.data
@pytest.mark.parametrize(("control", "masked"), [
    ("encoded again", False), ("pixelate:24", False), ("beside", False), ("pixelate:8", True), ("box", True),
    ("encoded again, far", False), ("beside, far", False), ("pixelate:4, far", True), ("box, far", True),
])  # fmt: skip
def test_what_counts_as_masked_holds_for_controls(olivetti, street, control, masked):
    found, (control, _, far) = [], control.partition(", ")
    wide = 18 if far else 130
    for n in range(0, 400, 40):
        frame, (left, top, right, bottom) = with_face(street[:H, :W], olivetti[n], 90, 30, wide), box_of(90, 30, wide)
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
@pytest.mark.parametrize(("kind", "frames"), [
    ("close-up", 18), ("seated", 18), ("moving camera", 18), *(pytest.param(kind, 40, marks=pytest.mark.slow)
                                                                for kind in KINDS)])  # fmt: skip
def test_faces_are_masked_and_little_else(olivetti, empty, tmp_path, kind, frames):
    """Share of annotated face-frames masked, and of textured picture without people that lost its detail."""
    source, out = tmp_path / "a.avi", tmp_path / "a.mp4"
    truth = clip(source, kind, list(olivetti[70:430:37]), empty, frames)
    left = mask_video(str(source), out, Pixelate(4), keep_anyway=True)
    before, after = frames_of(source), frames_of(out)
    assert len(before) == len(after) == len(truth)
    own = [[is_masked(a, b, box) for box in boxes] for a, b, boxes in zip(before, after, truth, strict=True)]
    counts = []
    for a, b, boxes in zip(before, after, truth, strict=True):
        near = [(2 * box[0] - box[2], 2 * box[1] - box[3], 2 * box[2] - box[0], 2 * box[3] - box[1]) for box in boxes]
        counts.append(spoilt(a, b, near))
    lost, textured = np.sum(counts, axis=0)
    flat = [one for frame in own for one in frame]
    share = np.mean(flat)
    print(f"\n{kind}: {share:.1%} of {len(flat)} face-frames masked, {lost} of {textured} blocks spoilt")
    assert ("camera moves" in left.text()) == (kind in ("moving camera", "hand-held"))
    assert sum(all(own[n]) for n in left.readable) <= 2, "the checker sees no face in a mosaic of four cells"
    assert share >= 0.95
    assert lost <= 0.02 * textured


@pytest.mark.data
def test_a_mask_that_leaves_a_face_ends_with_1_and_no_file(olivetti, street, tmp_path, capsys):
    source, out = tmp_path / "a.avi", tmp_path / "a.mp4"
    clip(source, "close-up", [olivetti[70]], street, frames=6)
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
    for _ in range(6):
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


def drawn(path: Path, frames: int = 26) -> Path:
    """A small clip of a drawn square that walks; some codecs begin anew after each twelfth frame."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"XVID"), 12.5, (160, 120))
    for n in range(frames):
        frame = np.full((120, 160, 3), 110, np.uint8)
        frame[40:80, 5 + 4 * n : 25 + 4 * n] = (30, 60, 200)
        writer.write(frame)
    writer.release()
    return path


def as_form(source: Path, target: Path, *words: str) -> Path:
    program = timing.ffmpeg()
    assert program is not None
    subprocess.run([program, "-v", "error", "-y", "-i", str(source), *words, str(target)], check=True)
    return target


@pytest.mark.parametrize(("ending", "words"), [
    (".ts", ("-c:v", "mpeg2video", "-bf", "2")), (".vob", ("-c:v", "mpeg2video", "-bf", "2")),
    (".webm", ("-c:v", "libvpx", "-live", "1", "-cluster_time_limit", "1000")),
])  # fmt: skip
def test_no_frame_is_lost_of_formats_that_cannot_be_wound_back(tmp_path, ending, words):
    source = as_form(drawn(tmp_path / "a.avi"), tmp_path / f"b{ending}", *words)
    assert len(frames_of(source)) == 26
    assert mask_video(str(source), tmp_path / "out.mp4", BlackBox()).frames == 26


def times_of(path: Path) -> np.ndarray:
    capture, times = cv2.VideoCapture(str(path)), []
    while capture.read()[0]:
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC))
    return np.array(times)


@pytest.fixture
def uneven(tmp_path: Path) -> Path:
    """Eight frames at 80 ms, then eight at 320 ms, with a tone; played evenly, frame 13 would move by a second."""
    return as_form(drawn(tmp_path / "a.avi", 16), tmp_path / "uneven.mp4", "-f", "lavfi", "-i", "sine=duration=3",
                   "-vf", "setpts='if(lt(N,8),N,8+(N-8)*4)/12.5/TB'", "-fps_mode", "vfr", "-c:v", "mpeg4",
                   "-c:a", "aac")


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_a_varying_frame_rate_is_kept_beside_its_sound(uneven, tmp_path, ending):
    out = tmp_path / f"out{ending}"
    left = mask_video(str(uneven), out, BlackBox())
    assert "the frame rate varies: each frame is shown when" in left.text()
    assert "sound: copied" in left.text()
    assert np.ptp(np.diff(times_of(uneven))) > 200
    assert times_of(out) == pytest.approx(times_of(uneven), abs=1.0)
    assert timing.has_sound(str(out))


def test_a_varying_frame_rate_that_the_file_cannot_hold_is_said_and_refused_with_sound(uneven, tmp_path):
    with pytest.raises(InputError, match="can hold"):
        mask_video(str(uneven), tmp_path / "out.avi", BlackBox(), keep_audio=True)
    assert not (tmp_path / "out.avi").exists()
    assert "even intervals" in mask_video(str(uneven), tmp_path / "out.avi", BlackBox(), keep_audio=False).text()


def test_an_even_rate_that_the_header_tells_wrongly_is_kept_too(tmp_path):
    """Times drift where a file plays at another rate than its header says."""
    times = [40.0 * n for n in range(26)]
    drawn(tmp_path / "a.mp4")
    assert timing.keep_times(tmp_path / "a.mp4", [80.0 * n for n in range(26)], 12.5, "mp4v") == ""
    assert "each frame" in timing.keep_times(tmp_path / "a.mp4", times, 12.5, "mp4v")
    assert times_of(tmp_path / "a.mp4") == pytest.approx(times, abs=1.0)
    assert len(frames_of(tmp_path / "a.mp4")) == 26
    assert "uneven" in timing.keep_times(tmp_path / "a.mp4", [*times[:-1], 0.0], 12.5, "mp4v")


def test_black_frames_alone_are_no_video(tmp_path):
    """What OpenCV gives for an interlaced H.264 file that it cannot convert."""
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"FFV1"), 12.5, (W, H))
    for _ in range(10):
        writer.write(np.zeros((H, W, 3), np.uint8))
    writer.release()
    with pytest.raises(InputError, match="black frames only"):
        mask_video(str(tmp_path / "a.avi"), tmp_path / "b.mp4", BlackBox())
    assert list(tmp_path.glob("*b*")) == []


@pytest.mark.data
def test_what_only_the_checker_sees_is_masked_in_a_second_pass(olivetti, street, tmp_path, monkeypatch):
    """The finder is blind here, as it is to a face of a kind that it never learnt."""
    source, out = tmp_path / "a.avi", tmp_path / "a.mp4"
    truth = clip(source, "close-up", [olivetti[70]], street, frames=12)
    monkeypatch.setattr(FaceFinder, "boxes", lambda *_: [])
    left = mask_video(str(source), out, Pixelate(4))
    assert "masked, too" in left.text()
    assert not left.readable
    shown = [is_masked(a, b, boxes[0]) for a, b, boxes in zip(frames_of(source), frames_of(out), truth, strict=True)]
    assert np.mean(shown) >= 0.9
    cv2.imwrite(str(tmp_path / "b.png"), with_face(street[:H, :W], olivetti[70], 90, 30, 120))
    assert not mask_pictures(tmp_path / "b.png", tmp_path / "c.png", Pixelate(4)).readable
    before, after = (cv2.imread(str(tmp_path / name)) for name in ("b.png", "c.png"))
    assert is_masked(before, after, box_of(90, 30, 120))


@pytest.mark.data
@pytest.mark.parametrize("px", [0.0, 4.0])
def test_a_camera_that_drifts_shows_nobody_where_nobody_is(empty, tmp_path, px):
    """A hand that tries to hold still, a slow zoom: edges move by some pixels, people move by more."""
    source, out = tmp_path / "a.avi", tmp_path / "a.mp4"
    writer = cv2.VideoWriter(str(source), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"XVID"), 12.5, (W, H))
    for n in range(90):
        move = np.float32([[1, 0, px * (n - 45) / 45 - 200], [0, 1, -150]])
        writer.write(cv2.warpAffine(empty, move, (W, H)))
    writer.release()
    left = mask_video(str(source), out, Pixelate(4))
    both = list(zip(frames_of(source), frames_of(out), strict=True))[::5]
    lost, textured = np.sum([spoilt(a, b, []) for a, b in both], axis=0)
    assert "camera moves" not in left.text()
    assert textured > 200
    assert lost <= 0.02 * textured, left.text()
