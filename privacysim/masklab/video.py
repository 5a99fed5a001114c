"""Masks whole people and faces in every frame of a video, keeping frames, size and rate, and reports what remains.

Faces are looked for four times a second and followed both ways in time; bodies by motion and by a detector. The written
file is read again, and a second face detector checks it. Faces that only the second detector sees are masked in a
second pass, which is checked again. The output gets its final name only when it is complete and no face is left in it;
an interruption or an error leaves no file.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # we report a faulty file once ourselves
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "protocol_whitelist;file")  # a playlist opens no address

import cv2
import numpy as np
import pandas as pd

from privacysim.errors import InputError, ResultsError, shown
from privacysim.masklab.face_detectors import FaceFinder, around
from privacysim.masklab.masks import as_mask
from privacysim.masklab.people_detector import Box, Finder, Frame, Tracks, background_and_steady
from privacysim.masklab.regions import Painter, Regions, Residual
from privacysim.masklab.timing import ffmpeg, keep_sound, keep_times, quiet

CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".avi": "XVID", ".mkv": "mp4v", ".webm": "VP80"}
HOLD = 3
"""Frames before and after its own that the box of a body is masked in."""
REACH, _LOOK_S, _LOOK_EVERY = 18, 0.24, 6
"""A face is bridged over so many frames. It is looked for after so many seconds, at most so many frames; small ones in
every fourth of these looks."""
_BOX = ["frame", "left", "top", "right", "bottom"]


def mask_video(source: str | Path, out: Path, mask: Any, *, boxes: Path | None = None, keep_audio: bool | None = None,
               whole: bool = True, keep_anyway: bool = False,
               progress: Callable[[int, int], None] = lambda done, of: None) -> Residual:  # fmt: skip
    """Mask the people in a video file, write it to `out`, and return what remains (`Residual`).

    `mask`: a Mask, its name or any scikit-learn transformer of images. `boxes`: a CSV (frame, left, top, right, bottom)
    of people, added to those detected. `keep_audio`: copies the sound with ffmpeg (None: if there are both).
    `whole=False`: accepts a file that ends before its header says. If the checker finds a face in the output
    (`Residual.readable`), the output is only kept with `keep_anyway`. Raises InputError if a file cannot be read or
    written.
    """
    source, out, mask = str(source), Path(out), as_mask(mask)
    _check(source, out, keep_audio)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    width, height, rate, frames = _properties(source)
    given = _read_boxes(boxes, width, height, frames)
    codec = _codec(out, width, height, rate)
    background, steady = background_and_steady(cv2.VideoCapture(source), frames)

    def masked(missed: dict[int, list[Box]]) -> Residual:
        """Mask the frames, including faces that are already known, and measure what remains."""
        finder, painter = Finder(background if steady else None, given, steady), Painter(mask, background)
        left, clock = Residual(mask, frames, rate), list[float]()
        with _writer(out, width, height, rate, codec) as (part, write):
            for number, (frame, regions, faces, shape) in enumerate(_frames(source, finder, clock, rate, missed)):
                left.look(number, frame, regions, faces)
                write.write(painter.paint(frame, regions, faces, shape))
                progress(number + 1, frames)
            _check_read(source, left, frames, whole)
            write.release()
            told = keep_times(part, clock, rate, codec)
            left.notes += filter(None, [told, keep_sound(part, source, keep_audio, told.startswith("uneven"))])
            left.check(_read(part), _read(Path(source)))
            if (left.missed and not missed) or (left.readable and not keep_anyway):
                part.unlink()
        return left

    left = masked({})
    if missed := left.missed:
        left = masked(missed)
        left.notes.append(f"in {len(missed)} frames the second face detector saw a face, or a picture of one, that "
                          "the first had not found: it was masked, too")
    if not steady:
        left.notes.append("the camera moves: detectors alone find people, and may miss those who are turned away")
    return left


def _check_read(source: str, left: Residual, frames: int, whole: bool) -> None:
    """Refuse a video without frames, one that ends early (unless accepted), and one with only black frames."""
    if left.frames == 0:
        raise InputError(source, "a video with frames", "no frame", "give another file")
    if whole and left.frames < 0.98 * frames - 1:
        raise InputError(source, f"a whole video ({frames} frames by its header)", f"it ends after {left.frames}",
                         "repair it, or accept what is there with --allow-truncated")
    if not left.light:
        raise InputError(source, "a video that OpenCV can decode", "black frames only (perhaps it is interlaced)",
                         "convert it: ffmpeg -i IN -vf yadif OUT.mp4")


def _read(path: Path) -> Iterator[Frame]:
    capture = cv2.VideoCapture(str(path))
    while (got := capture.read())[0]:
        yield bgr(np.asarray(got[1], dtype=np.uint8))
    capture.release()


def _frames(source: str, finder: Finder, clock: list[float], rate: float,
            missed: dict[int, list[Box]]) -> Iterator[tuple[Frame, Regions, list[Box], Frame | None]]:  # fmt: skip
    """Frames of a video with the regions to mask, the faces and the shape of bodies.

    They come `REACH` frames after they were read. `clock` gets the time of each in milliseconds. Tracks of faces have
    negative numbers. `missed`: faces that are already known, by frame.
    """
    bodies, followed, looker = Tracks(HOLD), Tracks(REACH, nearest=True), FaceFinder()
    capture = cv2.VideoCapture(source)
    waiting, kept, read = deque[Frame](), dict[int, tuple[Regions, Frame | None]](), 0
    shapes = deque[Frame | None](maxlen=2 * HOLD + 1)
    every = min(max(round(_LOOK_S * rate), 1), _LOOK_EVERY)

    def ready(number: int) -> tuple[Frame, Regions, list[Box], Frame | None]:
        frame, faces, (regions, shape) = waiting.popleft(), followed.regions(number), kept.pop(number)
        wider = [(-track, around(box, frame.shape)) for track, box in faces]
        return frame, [*regions, *wider], [box for _, box in faces], shape

    def keep(number: int) -> None:
        known = [shape for shape in shapes if shape is not None]
        kept[number] = bodies.regions(number), np.max(known, axis=0) if len(known) == len(shapes) else None

    while (got := capture.read())[0]:
        clock.append(float(capture.get(cv2.CAP_PROP_POS_MSEC)))
        frame = bgr(np.asarray(got[1], dtype=np.uint8))
        bodies.add(read, finder.boxes(frame, read))
        shapes.append(finder.shape)
        found = looker.boxes(frame, read % (4 * every) == 0) if read % every == 0 else []
        followed.add(read, found + missed.get(read, []))
        waiting.append(frame)
        if read >= HOLD:
            keep(read - HOLD)
        read += 1
        if len(waiting) > REACH:
            yield ready(read - 1 - REACH)
    for number in range(max(read - HOLD, 0), read):
        keep(number)
    for number in range(read - len(waiting), read):
        yield ready(number)


def bgr(frame: Frame) -> Frame:
    """Convert a frame to three channels: from grey, grey with one channel, or colour with alpha.

    >>> bgr(np.zeros((4, 6), np.uint8)).shape, bgr(np.zeros((4, 6, 4), np.uint8)).shape
    ((4, 6, 3), (4, 6, 3))
    """
    if frame.ndim == 2 or frame.shape[2] == 1:
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR), dtype=np.uint8) if frame.shape[2] == 4 else frame


def _check(source: str, out: Path, keep_audio: bool | None) -> None:
    if not Path(source).is_file():
        got = "an address, which is never opened" if "://" in source else "no such file"
        raise InputError(source, "a video file", got, "record it to a file first, or check the path")
    if out.suffix.lower() not in CODECS:
        endings = ", ".join(CODECS)
        raise InputError(str(out), f"a name that ends in {endings}", out.suffix or "no ending", "write OUT.mp4")
    if out.exists() and out.resolve() == Path(source).resolve():
        raise InputError(str(out), "another file than the source", "the same", "name another file")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise InputError(str(out), "a folder that can be written", str(out.parent), "name another folder")
    if keep_audio and ffmpeg() is None:
        raise InputError("--keep-audio", "the program ffmpeg", "no ffmpeg on this machine",
                         'leave --keep-audio out, or install ffmpeg (pip install "privacysim[masks]" brings one)')


def _properties(source: str) -> tuple[int, int, float, int]:
    """Width, height, rate and number of frames; frames are counted where the header does not state their number."""
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        raise InputError(source, "a video that OpenCV can read", "something else, or nothing", "give a video file")
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    rate, frames = float(capture.get(cv2.CAP_PROP_FPS)), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    rate = rate if 0.1 < rate < 1000.0 else 25.0
    if frames <= 0:
        frames = 0
        while capture.grab():
            frames += 1
    if width < 8 or height < 8 or not frames:
        raise InputError(source, "a video with frames of at least 8 × 8 px",
                         f"{frames} frames of {width} × {height}", "give another file")  # fmt: skip
    return width, height, rate, frames


def _read_boxes(path: Path | None, width: int, height: int, frames: int) -> dict[int, list[Box]]:
    made: dict[int, list[Box]] = {}
    if path is None:
        return made
    try:
        rows = pd.read_csv(path, encoding="utf-8-sig")[_BOX].astype(float).astype(int)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(str(path), "a CSV with the columns " + ", ".join(_BOX), shown(error), "correct it") from None
    outside = ((rows["frame"] < 0) | (rows["frame"] >= frames) | (rows["right"] <= rows["left"])
               | (rows["bottom"] <= rows["top"]) | (rows["left"] >= width) | (rows["top"] >= height)
               | (rows["right"] <= 0) | (rows["bottom"] <= 0))  # fmt: skip
    if outside.any():
        expected = f"boxes in frames 0 to {frames - 1}, within {width} × {height} px, left < right and top < bottom"
        first = rows[outside].iloc[0]
        got = f"{int(outside.sum())} others, the first in frame {first['frame']}: {first.tolist()[1:]}"
        raise InputError(str(path), expected, got, "correct or remove these rows")
    for frame, left, top, right, bottom in rows.itertuples(index=False):
        made.setdefault(frame, []).append((max(left, 0), max(top, 0), min(right, width), min(bottom, height)))
    return made


@contextmanager
def _writer(out: Path, width: int, height: int, rate: float, codec: str) -> Iterator[tuple[Path, cv2.VideoWriter]]:
    """Yield a writer to a neighbour of `out`, which is renamed when complete, unless it was removed."""
    part = out.with_name(f".{out.stem}.{os.getpid()}.part{out.suffix}")
    try:
        with quiet():
            writer = cv2.VideoWriter(str(part), cv2.CAP_OPENCV_MJPEG if codec == "MJPG" else cv2.CAP_FFMPEG,
                                     cv2.VideoWriter.fourcc(*codec), rate, (width, height))  # fmt: skip
        if not writer.isOpened():
            raise ResultsError(f"{out}: cannot be written as {codec}.\n  Fix: name another ending, such as .mp4.")
        yield part, writer
        writer.release()
        if part.exists():
            os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)


def _codec(out: Path, width: int, height: int, rate: float) -> str:
    """Codec for a file of that ending and size."""
    ending, odd = out.suffix.lower(), bool(width % 2 or height % 2)
    if odd and (ending != ".avi" or rate != round(rate)):
        raise InputError(str(out), "even width and height for this codec", f"{width} × {height} at {rate:g} frames/s",
                         "write to OUT.avi (Motion JPEG keeps odd sizes at whole rates), or crop a row or column")
    return "MJPG" if odd else CODECS[ending]
