"""Keeps the times at which a video shows its frames, and its sound."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError, ResultsError, shown

_TICKS = 1000.0
"""Ticks a second in files whose rate varies: milliseconds, as OpenCV tells times."""


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress the output of OpenCV's decoder and encoder."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def decoded(path: Path, colours: int) -> NDArray[Any] | None:
    """Pixels of a picture; None for a broken or other file, and for more pixels than the package's import allows."""
    with quiet():
        try:
            return None if _png_is_cut(path) else cv2.imread(str(path), colours)
        except cv2.error:
            return None


def _png_is_cut(path: Path) -> bool:
    """Whether a part of a PNG claims to be longer than the file; OpenCV would take that much memory, up to 2 GB."""
    with path.open("rb") as stream:
        if stream.read(8) != b"\x89PNG\r\n\x1a\n":
            return False
        while len(head := stream.read(8)) == 8 and head[4:] != b"IEND":
            stream.seek(int.from_bytes(head[:4]) + 4, os.SEEK_CUR)
        return stream.tell() > path.stat().st_size


def keep_times(part: Path, clock: list[float], rate: float, codec: str) -> str:
    """Show the frames of `part` at the times (ms) in `clock` if these differ from an even rate; returns a note or "".

    Packets are copied, not encoded again. If the file format cannot store such times (AVI), or the times of the source
    do not increase, frames stay at even intervals, and the note begins with "uneven".
    """
    if len(clock) < 3 or float(np.abs(clock - np.arange(len(clock)) * _TICKS / rate).max()) <= 0.5 * _TICKS / rate:
        return ""
    times = np.rint(np.maximum(clock, 0.0))
    if part.suffix.lower() == ".avi" or (np.diff(times) <= 0).any():
        return "uneven: the frame rate varies, but the output shows the frames at even intervals"
    source = cv2.VideoCapture(str(part), cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1])  # packets, not pictures
    size, written = [int(source.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)], 0
    _, head = source.retrieve(flag=int(source.get(cv2.CAP_PROP_CODEC_EXTRADATA_INDEX)))
    timed = part.with_name(f".timed{part.name}")
    try:
        with quiet():
            target = cv2.VideoWriter(str(timed), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), _TICKS, size,
                                     [cv2.VIDEOWRITER_PROP_RAW_VIDEO, 1])  # fmt: skip
        for time in times:
            read, packet = source.read()
            if not read:
                break
            if not written and head is not None and head.size:  # what a decoder must know, which MP4 keeps elsewhere
                packet = np.concatenate([head.reshape(1, -1), packet.reshape(1, -1)], axis=1)
            target.set(cv2.VIDEOWRITER_PROP_PTS, float(time))
            target.set(cv2.VIDEOWRITER_PROP_KEY_FLAG, source.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME))
            target.write(packet)
            written += 1
        target.release()
        if written < len(times):
            raise ResultsError(f"{part}: {len(times) - written} frames could not be timed.\n  Fix: write OUT.avi.")
        os.replace(timed, part)
    finally:
        source.release()
        timed.unlink(missing_ok=True)
    return "the frame rate varies: each frame is shown when the source shows it"


_FILES = ("-protocol_whitelist", "file")
"""ffmpeg opens no address, whatever a source names."""


def keep_sound(part: Path, source: str, wanted: bool | None, uneven: bool) -> str:
    """Copy the sound if wanted (None: if there is any) and return a note; refuse it together with `uneven` times."""
    if wanted is False or (wanted is None and not has_sound(source)):
        return ""
    if uneven:
        raise InputError(source, "times of frames that the output can hold, so that the sound fits the pictures",
                         "a varying frame rate", "write OUT.mp4 or OUT.mkv, or leave the sound out with --no-audio")
    copy_sound(part, source)
    return "sound: copied as it was; voices and words may identify people (--no-audio leaves it out)"


def ffmpeg() -> str | None:
    """Path of ffmpeg: from this machine's path, else from the extra `masks`, else None."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return shutil.which("ffmpeg") or str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):  # not installed, or no build for this platform
        return shutil.which("ffmpeg")


def has_sound(source: str) -> bool:
    """Whether a file has sound, as far as ffmpeg can tell; False without ffmpeg."""
    program = ffmpeg()
    if program is None:
        return False
    command = [program, "-hide_banner", *_FILES, "-i", source]
    told = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stderr
    return " Audio: " in told


def copy_sound(part: Path, source: str) -> None:
    """Copy the source's sound unchanged into the finished video `part`; a source without sound changes nothing.

    Raises ResultsError if the file format cannot hold that sound, and leaves `part` as it was.
    """
    both = part.with_name(f".sound{part.name}")
    command = [ffmpeg() or "ffmpeg", "-v", "error", "-y", "-i", str(part), *_FILES, "-i", source,
               "-map", "0:v:0", "-map", "1:a?", "-c", "copy", str(both)]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ResultsError(f"{source}: ffmpeg could not copy the sound ({shown(done.stderr)}).\n  Fix: choose an "
                               "ending that can hold this sound (.mkv), or leave it out with --no-audio.")  # fmt: skip
        os.replace(both, part)
    finally:
        both.unlink(missing_ok=True)
