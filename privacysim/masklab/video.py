"""Masks whole people in every frame of a video, keeping frames, size and rate, and reports what remains.

The output gets its final name only when complete; an interruption or an error leaves no file.
"""

import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # we report a faulty file once ourselves

import cv2
import numpy as np
import pandas as pd

from privacysim.errors import InputError, ResultsError, shown
from privacysim.masklab.masks import Scramble, as_mask
from privacysim.masklab.people_detector import Box, Finder, Frame, Tracks, median_background
from privacysim.masklab.regions import Painter, Regions, Residual

CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".avi": "XVID", ".mkv": "mp4v", ".webm": "VP80"}
HOLD = 3
"""Frames before and after its own that a box is masked in; writing lags as much behind reading."""
_BOX = ["frame", "left", "top", "right", "bottom"]


def mask_video(source: str, out: Path, mask: Any, *, boxes: Path | None = None, keep_audio: bool = False,
               live_s: float | None = None, whole: bool = True,
               progress: Callable[[int, int], None] = lambda done, of: None) -> Residual:  # fmt: skip
    """Mask the people in a video, write it to `out`, and return what remains (`Residual`).

    `source`: a file, a camera number, or an rtsp:// or http:// address (with `live_s`, how long to record). `mask`: a
    Mask, its name or any scikit-learn transformer of images. `boxes`: a CSV (frame, left, top, right, bottom) of
    people, added to those detected. `keep_audio`: copies the sound with ffmpeg. `whole=False`: accepts a file that ends
    before its header says. Raises InputError where something cannot be read or written.
    """
    out, mask, live = Path(out), as_mask(mask), _is_live(source)
    _check(source, out, live, live_s, keep_audio)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture(int(source) if source.isdigit() else source)
    try:
        width, height, rate, frames = _properties(capture, source, live)
        if live and live_s is not None:
            frames = max(1, round(live_s * rate))
        background = None if live else median_background(capture, frames)
        finder = Finder(background, _read_boxes(boxes, width, height))
        painter, left, painted = Painter(mask, background), Residual(mask, frames, rate), list[tuple[int, ...]]()
        with _writer(out, width, height, rate, isinstance(mask, Scramble)) as (part, write):
            for number, (frame, regions) in enumerate(_frames(capture, finder, frames if live else None)):
                left.look(number, frame, regions)
                painter.paint(frame, regions, number)
                left.look_again(number, frame)
                painted += [(number, *box) for _, box in regions]
                write.write(frame)
                progress(number + 1, frames)
            if left.frames == 0:
                raise InputError(source, "a video with frames", "no frame", "give another file")
            if whole and not live and left.frames < 0.98 * frames - 1:
                raise InputError(source, f"a whole video ({frames} frames by its header)",
                                 f"it ends after {left.frames}",
                                 "repair it, or accept what is there with --allow-truncated")  # fmt: skip
            write.release()
            if keep_audio:
                copy_sound(part, source)
            if isinstance(mask, Scramble):
                _write_sidecar(out, painted, mask.key_)
        return left
    finally:
        capture.release()


def _frames(capture: cv2.VideoCapture, finder: Finder, most: int | None) -> Iterator[tuple[Frame, Regions]]:
    """Frames of a video (at most `most`) with the regions to mask, `HOLD` frames after they were read."""
    tracks, waiting, read = Tracks(HOLD), deque[Frame](), 0
    while read != most and (got := capture.read())[0]:
        frame = bgr(np.asarray(got[1], dtype=np.uint8))
        tracks.add(read, finder.boxes(frame, read))
        waiting.append(frame)
        read += 1
        if len(waiting) > HOLD:
            yield waiting.popleft(), tracks.regions(read - 1 - HOLD)
    for number, frame in enumerate(waiting, read - len(waiting)):
        yield frame, tracks.regions(number)


def bgr(frame: Frame) -> Frame:
    """Convert a frame to three channels: from grey, grey with one channel, or colour with alpha.

    >>> bgr(np.zeros((4, 6), np.uint8)).shape, bgr(np.zeros((4, 6, 4), np.uint8)).shape
    ((4, 6, 3), (4, 6, 3))
    """
    if frame.ndim == 2 or frame.shape[2] == 1:
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGRA2BGR), dtype=np.uint8) if frame.shape[2] == 4 else frame


def _is_live(source: str) -> bool:
    return source.isdigit() or "://" in source


def _check(source: str, out: Path, live: bool, live_s: float | None, keep_audio: bool) -> None:
    if live and not (live_s and live_s > 0):
        raise InputError(source, "how long to record a live stream", "nothing", "add --seconds 60")
    if not live and not Path(source).is_file():
        raise InputError(source, "a video file, a camera number or an address", "no such file", "check the path")
    if out.suffix.lower() not in CODECS:
        endings = ", ".join(CODECS)
        raise InputError(str(out), f"a name that ends in {endings}", out.suffix or "no ending", "write OUT.mp4")
    if not live and out.exists() and out.resolve() == Path(source).resolve():
        raise InputError(str(out), "another file than the source", "the same", "name another file")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise InputError(str(out), "a folder that can be written", str(out.parent), "name another folder")
    if keep_audio and (live or ffmpeg() is None):
        raise InputError("--keep-audio", "a file and the program ffmpeg",
                         "a live stream" if live else "no ffmpeg on this machine",
                         'leave --keep-audio out, or install ffmpeg (pip install "privacysim[masks]" brings one)')


def _properties(capture: cv2.VideoCapture, source: str, live: bool) -> tuple[int, int, float, int]:
    if not capture.isOpened():
        raise InputError(source, "a video that OpenCV can read", "something else, or nothing", "give a video file")
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    rate, frames = float(capture.get(cv2.CAP_PROP_FPS)), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    rate = rate if 0.1 < rate < 1000.0 else 25.0
    if width < 8 or height < 8 or (not live and frames <= 0):
        raise InputError(source, "a video with frames of at least 8 × 8 px",
                         f"{max(frames, 0)} frames of {width} × {height}", "give another file")  # fmt: skip
    return width, height, rate, max(frames, 0)


def _read_boxes(path: Path | None, width: int, height: int) -> dict[int, list[Box]]:
    made: dict[int, list[Box]] = {}
    if path is None:
        return made
    try:
        rows = pd.read_csv(path)[_BOX].astype(float).astype(int)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(str(path), "a CSV with the columns " + ", ".join(_BOX), shown(error), "correct it") from None
    for frame, left, top, right, bottom in rows.itertuples(index=False):
        made.setdefault(frame, []).append((max(left, 0), max(top, 0), min(right, width), min(bottom, height)))
    return made


@contextmanager
def _writer(out: Path, width: int, height: int, rate: float, lossless: bool) -> Iterator[tuple[Path, cv2.VideoWriter]]:
    """Yield a writer to a neighbour of `out`, which is renamed when complete."""
    ending = out.suffix.lower()
    if lossless and ending not in (".mkv", ".avi"):
        raise InputError(str(out), "a lossless file for scramble (.mkv or .avi, as FFV1)", ending, "write OUT.mkv")
    odd = bool(width % 2 or height % 2)
    if odd and (ending != ".avi" or lossless or rate != round(rate)):
        raise InputError(str(out), "even width and height for this codec", f"{width} × {height} at {rate:g} frames/s",
                         "write to OUT.avi (Motion JPEG keeps odd sizes at whole rates), or crop a row or column")
    part = out.with_name(f".{out.stem}.{os.getpid()}.part{out.suffix}")
    backend, codec = (cv2.CAP_OPENCV_MJPEG, "MJPG") if odd else (cv2.CAP_FFMPEG, "FFV1" if lossless else CODECS[ending])
    try:
        writer = cv2.VideoWriter(str(part), backend, cv2.VideoWriter.fourcc(*codec), rate, (width, height))
        if not writer.isOpened():
            raise ResultsError(f"{out}: cannot be written as {codec}.\n  Fix: name another ending, such as .mp4.")
        yield part, writer
        writer.release()
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)


def _write_sidecar(out: Path, regions: list[tuple[int, ...]], key: bytes) -> None:
    """Write what undoing needs, in two files that must not travel with the video: the regions, and the key."""
    pd.DataFrame(regions, columns=_BOX).to_csv(out.with_suffix(".regions.csv"), index=False, lineterminator="\n")
    key_file = out.with_suffix(".key")
    key_file.unlink(missing_ok=True)  # an older file may be readable by others, and would stay so
    key_file.touch(mode=0o600)
    key_file.write_bytes(key)


def ffmpeg() -> str | None:
    """Path of ffmpeg: from this machine's path, else from the extra `masks`, else None."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return shutil.which("ffmpeg") or str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):  # not installed, or no build for this platform
        return shutil.which("ffmpeg")


def copy_sound(part: Path, source: str) -> None:
    """Copy the source's sound unchanged into the finished video `part`; a source without sound changes nothing.

    Raises ResultsError if the file format cannot hold that sound, and leaves `part` as it was.
    """
    both = part.with_name(f".sound{part.name}")
    command = [ffmpeg() or "ffmpeg", "-v", "error", "-y", "-i", str(part), "-i", source, "-map", "0:v:0",
               "-map", "1:a?", "-c", "copy", str(both)]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ResultsError(f"{source}: ffmpeg could not copy the sound ({shown(done.stderr)}).\n  Fix: choose an "
                               "ending that can hold this sound (.mkv), or leave --keep-audio out.")  # fmt: skip
        os.replace(both, part)
    finally:
        both.unlink(missing_ok=True)
