"""Masking videos: small drawn ones, so that what was where is known, and broken ones."""

import signal
import subprocess

import cv2
import numpy as np
import pytest

from privacysim.cli.main import main, run
from privacysim.errors import InputError
from privacysim.masklab import people_detector, timing
from privacysim.masklab import video as lab
from privacysim.masklab.face_detectors import FaceChecker
from privacysim.masklab.masks import BlackBox, Clear, KSame, Pixelate, mask_named
from privacysim.masklab.people_detector import Finder, Tracks, background_and_steady, covered, overlap, upright_people
from privacysim.masklab.regions import Painter, face_px
from privacysim.masklab.video import mask_video

WIDTH, HEIGHT, FRAMES = 160, 120, 20


def person(number, step=6):
    """A box that walks to the right, 16 × 44 px, so many pixels a frame."""
    left = 5 + step * number
    return left, 50, left + 16, 94


def draw(number, size=(WIDTH, HEIGHT)):
    width, height = size
    frame = np.random.default_rng(0).integers(90, 110, (height, width, 3)).astype(np.uint8)
    left, top, right, bottom = person(number)
    frame[top:bottom, left:right] = (30, 60, 220)
    return frame


def write_video(path, frames=FRAMES, size=(WIDTH, HEIGHT), codec="MJPG", rate=12.5):  # MJPG rounds the rate
    backend = cv2.CAP_OPENCV_MJPEG if codec == "MJPG" else cv2.CAP_FFMPEG
    writer = cv2.VideoWriter(str(path), backend, cv2.VideoWriter.fourcc(*codec), rate, size)
    for number in range(frames):
        writer.write(draw(number, size))
    writer.release()
    return path


def read_video(path):
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    return frames, capture.get(cv2.CAP_PROP_FPS)


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("walk") / "walk.avi", codec="XVID")


@pytest.mark.parametrize("ending", ["mp4", "avi", "mkv", "mov"])
def test_frames_size_and_rate_are_kept_and_the_person_is_gone_from_every_frame(walk, tmp_path, ending):
    out = tmp_path / f"masked.{ending}"
    left = mask_video(str(walk), out, BlackBox())
    frames, rate = read_video(out)
    assert (len(frames), rate, frames[0].shape) == (FRAMES, 12.5, (HEIGHT, WIDTH, 3))
    for number, frame in enumerate(frames):
        x0, y0, x1, y1 = person(number)
        assert frame[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].mean() < 25, number
    corner = np.mean([frame[:20, :40].mean() for frame in frames])
    assert corner == pytest.approx(100, abs=5), "the background stays"
    assert left.frames == FRAMES
    assert "lower bound" in left.text()
    assert sorted(p.name for p in tmp_path.iterdir()) == [out.name]


def test_a_mosaic_in_a_video_is_relative_to_the_face():
    frame, far, near = draw(10), (0, 0, 20, 40), (60, 0, 160, 120)
    painter = Painter(Pixelate(2))
    before = frame.copy()
    painter.paint(frame, [(0, far), (1, near)])
    assert face_px(near) == pytest.approx(3 * face_px(far))
    assert np.array_equal(frame[:, 20:60], before[:, 20:60])
    columns = [len(np.unique(frame[0, box[0] : box[2]], axis=0)) for box in (far, near)]
    assert columns[0] == pytest.approx(columns[1] * (20 / 40) / (100 / 120), abs=2)


def test_one_missed_detection_in_a_row_never_shows_a_frame():
    tracks = Tracks(hold=3)
    shown = {}
    for number in range(30):
        if number not in (10, 11, 12):  # three misses in a row
            tracks.add(number, [person(number, 2)])
        else:
            tracks.add(number, [])
        if number >= 3:
            shown[number - 3] = [box for _, box in tracks.regions(number - 3)]
    assert all(covered(person(number, 2), shown[number], (HEIGHT, WIDTH)) > 0.99 for number in shown if number != 11)
    assert covered(person(11, 2), shown[11], (HEIGHT, WIDTH)) > 0.99


def test_two_people_apart_are_two_tracks_and_keep_their_numbers():
    tracks = Tracks(hold=2)
    for number in range(10):
        tracks.add(number, [(number, 0, number + 10, 30), (100 - number, 60, 110 - number, 90)])
    regions = dict(tracks.regions(7))
    assert len(regions) == 2
    assert overlap(*regions.values()) == 0.0


def test_the_background_of_a_file_is_what_is_there_most_of_the_time(walk):
    background = background_and_steady(cv2.VideoCapture(str(walk)), FRAMES)[0]
    assert np.abs(background.astype(int) - 100).mean() < 8
    boxes = Finder(background, {}).moving(draw(0))
    assert len(boxes) == 1
    assert covered(person(0), boxes, (HEIGHT, WIDTH)) == 1.0


def test_boxes_from_a_file_are_masked_as_well(walk, tmp_path):
    given = tmp_path / "boxes.csv"
    given.write_text("frame,left,top,right,bottom\n" + "".join(f"{n},130,5,150,25\n" for n in range(FRAMES)))
    mask_video(str(walk), tmp_path / "out.avi", BlackBox(), boxes=given)
    frames, _ = read_video(tmp_path / "out.avi")
    assert max(frame[7:23, 132:148].mean() for frame in frames) < 15
    given.write_text("frame,left\n1,2\n")
    with pytest.raises(InputError, match="columns"):
        mask_video(str(walk), tmp_path / "other.avi", BlackBox(), boxes=given)


def test_a_video_too_short_to_know_its_background_is_masked_whole(tmp_path):
    short = write_video(tmp_path / "short.avi", frames=4, codec="XVID")
    mask_video(str(short), tmp_path / "out.avi", BlackBox())
    frames, _ = read_video(tmp_path / "out.avi")
    assert len(frames) == 4
    assert max(frame.mean() for frame in frames) < 5


def test_odd_sizes_are_kept_where_the_codec_can_and_refused_where_it_cannot(tmp_path):
    odd = write_video(tmp_path / "odd.avi", frames=6, size=(161, 121))
    mask_video(str(odd), tmp_path / "out.avi", BlackBox())
    assert read_video(tmp_path / "out.avi")[0][0].shape == (121, 161, 3)
    with pytest.raises(InputError, match="even"):
        mask_video(str(odd), tmp_path / "out.mp4", BlackBox())
    with pytest.raises(InputError, match="even"):
        lab._codec(tmp_path / "slow.avi", 161, 121, 12.5)


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 1), (40, 60, 3), (40, 60, 4)])
def test_grey_colour_and_alpha_frames_become_three_channels(shape):
    frame = np.full(shape, 77, np.uint8)
    assert lab.bgr(frame).shape == (40, 60, 3)
    assert (lab.bgr(frame) == 77).all()


def test_a_truncated_video_is_refused_unless_it_is_accepted(tmp_path):
    whole = write_video(tmp_path / "whole.avi", codec="XVID")
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: int(0.6 * whole.stat().st_size)])
    out = tmp_path / "out.mp4"
    with pytest.raises(InputError):
        mask_video(str(cut), out, BlackBox())
    assert not out.exists()


def test_a_video_that_ends_before_its_header_says_is_accepted_when_asked(tmp_path, walk, monkeypatch):
    honest = lab._properties
    monkeypatch.setattr(lab, "_properties", lambda *a: (*honest(*a)[:3], 3 * FRAMES))
    with pytest.raises(InputError, match=f"ends after {FRAMES}"):
        mask_video(str(walk), tmp_path / "out.mp4", BlackBox())
    assert mask_video(str(walk), tmp_path / "out.mp4", BlackBox(), whole=False).frames == FRAMES


@pytest.mark.parametrize(("at", "what"), [("masking", signal.SIGTERM), ("checking", signal.SIGINT)])
def test_an_interruption_leaves_no_file(walk, tmp_path, monkeypatch, at, what):
    """While the video is masked, and while the file as written is checked."""
    before = signal.getsignal(signal.SIGTERM)
    ctrl_c = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    where, name = (Painter, "paint") if at == "masking" else (FaceChecker, "boxes")
    honest, parts = getattr(where, name), []

    def stop(*given):
        parts[:] = tmp_path.iterdir()
        signal.raise_signal(what)
        return honest(*given)

    monkeypatch.setattr(where, name, stop)
    try:
        with pytest.raises(SystemExit) as ended:
            run(["mask", str(walk), "-o", str(tmp_path / "out.mp4"), "--mask", "box"])
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, ctrl_c)
    assert ended.value.code == 130
    assert [".part" in path.name for path in parts] == [True], "there was one to remove"
    assert not list(tmp_path.iterdir())


def test_a_mask_that_needs_a_crowd_is_refused_for_video(walk, tmp_path):
    with pytest.raises(InputError, match="crowd"):
        mask_video(str(walk), tmp_path / "out.mp4", KSame(2))
    mask_video(str(walk), tmp_path / "same.avi", Clear())


def test_bad_input_is_a_sentence_and_exit_2(walk, tmp_path, capsys):
    text = tmp_path / "text.mp4"
    text.write_text("this is no video")
    empty = write_video(tmp_path / "empty.avi", frames=0)
    out = str(tmp_path / "out.mp4")
    for arguments in (
        [str(text), "-o", out],
        [str(empty), "-o", out],
        [str(tmp_path / "absent.mp4"), "-o", out],
        [str(walk), "-o", str(tmp_path / "no" / "folder.mp4")],
        [str(walk), "-o", str(tmp_path / "out.txt")],
        [str(walk), "-o", str(walk)],
        [str(walk), "-o", out, "--mask", "mosaik"],
        [str(walk), "-o", out, "--mask", "pixelate:none"],
        [str(walk), "-o", out, "--mask", "pixelate:-2"],
        ["rtsp://127.0.0.1:1/x", "-o", out],
        [str(walk), "-o", out, "--mask", "scramble"],
    ):
        assert main(["mask", *arguments]) == 2, arguments
        said = capsys.readouterr().err.strip().splitlines()
        assert 1 <= len(said) <= 3, said
        assert not (tmp_path / "out.mp4").exists()


def test_the_command_masks_and_says_what_is_left(walk, tmp_path, capsys):
    out = tmp_path / "out.mp4"
    assert main(["mask", str(walk), "-o", str(out), "--mask", "pixelate:2"]) == 0
    said = capsys.readouterr().out
    assert out.is_file()
    for words in ("covered:", "faces still detected", "gallery", "extrapolated", "chance"):
        assert words in said


def test_sound_needs_ffmpeg_and_says_so(walk, tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "ffmpeg", lambda: None)
    monkeypatch.setattr(timing, "ffmpeg", lambda: None)
    with pytest.raises(InputError, match="install ffmpeg"):
        mask_video(str(walk), tmp_path / "out.mp4", BlackBox(), keep_audio=True)
    assert not list(tmp_path.iterdir())


def sound_of(path):
    """The packets of the sound, untouched, as one hash: ffmpeg's own."""
    told = subprocess.run(
        [timing.ffmpeg(), "-v", "error", "-i", str(path), "-map", "0:a", "-c", "copy", "-f", "md5", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


@pytest.fixture(scope="module")
def spoken(walk, tmp_path_factory):
    """The walk with a tone beside it."""
    path = tmp_path_factory.mktemp("spoken") / "spoken.mkv"
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={FRAMES / 12.5}"]
    joined = ["-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-shortest", str(path)]
    subprocess.run([timing.ffmpeg(), "-v", "error", "-i", str(walk), *tone, *joined], check=True)
    return path


def test_sound_is_copied_bit_for_bit_beside_masked_pictures_and_left_out_when_asked(spoken, tmp_path):
    out, silent = tmp_path / "out.mp4", tmp_path / "silent.mp4"
    assert "voices" in mask_video(str(spoken), out, BlackBox()).text()
    assert sound_of(out) == sound_of(spoken)
    frames, rate = read_video(out)
    assert (len(frames), rate) == (FRAMES, 12.5)
    left, top, right, bottom = person(FRAMES // 2)
    assert frames[FRAMES // 2][top + 2 : bottom - 2, left + 2 : right - 2].mean() < 25
    mask_video(str(spoken), silent, BlackBox(), keep_audio=False)
    with pytest.raises(subprocess.CalledProcessError):
        sound_of(silent)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4", "silent.mp4"]


def test_a_video_without_sound_is_masked_all_the_same(walk, tmp_path):
    mask_video(str(walk), tmp_path / "out.mp4", BlackBox(), keep_audio=True)
    assert len(read_video(tmp_path / "out.mp4")[0]) == FRAMES


def test_sound_that_the_ending_cannot_hold_is_refused_and_leaves_nothing(spoken, tmp_path, capsys):
    out = tmp_path / "out.webm"  # WebM holds Vorbis and Opus, not AAC
    assert main(["mask", str(spoken), "-o", str(out), "--keep-audio"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert "ffmpeg could not copy the sound" in said[0]
    assert len(said) <= 3
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["blur:0.5", "silhouette", "dp_pixelate:2:0.5", "box", "pixelate:2"])
def test_every_video_mask_changes_the_region_and_nothing_else(name):
    frame, box = draw(10), (20, 40, 60, 110)
    before = frame.copy()
    Painter(mask_named(name), background=np.full_like(frame, 100)).paint(frame, [(1, box)])
    inside = np.zeros(frame.shape[:2], bool)
    inside[box[1] : box[3], box[0] : box[2]] = True
    assert np.array_equal(frame[~inside], before[~inside])
    assert not np.array_equal(frame[inside], before[inside])


@pytest.mark.parametrize(("mirrored", "kept"), [(True, 1), (False, 0)])
def test_a_body_is_only_believed_if_it_is_found_in_the_mirrored_picture_too(monkeypatch, mirrored, kept):
    """A detector that sees its person at the bright pixel, whose column is not in the middle of the picture."""
    frame = np.zeros((200, 300, 3), np.uint8)
    frame[50, 75] = 255

    def sees(picture, least):
        y, x = np.argwhere(picture.any(axis=2))[0]
        return [(x - 15, y - 30, x + 16, y + 60)] if least > 0.4 or mirrored else []

    monkeypatch.setattr(people_detector, "_upright", sees)
    assert len(upright_people(frame)) == kept
