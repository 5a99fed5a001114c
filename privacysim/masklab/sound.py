"""The sound of a video, copied by ffmpeg beside the masked pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from privacysim.errors import ResultsError, optional, shown


def ffmpeg() -> str | None:
    """The program: the one on this machine's path, else the one that the extra `masks` installs, else None."""
    if found := shutil.which("ffmpeg"):
        return found
    packaged = optional("imageio_ffmpeg")
    with suppress(RuntimeError):  # a platform for which there is no build
        return None if packaged is None else str(packaged.get_ffmpeg_exe())
    return None


def copy_sound(part: Path, source: str) -> None:
    """Put the source's sound, bit for bit, into the finished video `part`; a source without sound changes nothing.

    Raises ResultsError where the ending cannot hold that sound, and leaves `part` as it was.
    """
    both = part.with_name(f".sound{part.name}")
    inputs = ["-i", str(part), "-i", source]
    command = [ffmpeg() or "ffmpeg", "-v", "error", "-y", *inputs, "-map", "0:v:0", "-map", "1:a?", "-c", "copy"]
    try:
        done = subprocess.run([*command, str(both)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ResultsError(
                f"{source}: ffmpeg could not copy the sound ({shown(done.stderr)}).\n"
                "  Fix: choose an ending that can hold this sound (.mkv), or leave --keep-audio out."
            )
        os.replace(both, part)
    finally:
        both.unlink(missing_ok=True)
