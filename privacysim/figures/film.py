"""Moving pictures without a program beside Python: GIF by Pillow, MP4 by OpenCV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.animation import AbstractMovieWriter, PillowWriter

from privacysim.errors import InputError, require


def film_writer(path: Path, fps: int = 8) -> AbstractMovieWriter:
    """What writes a film under that name; an ending other than .gif and .mp4 is an InputError."""
    if path.suffix == ".gif":
        return PillowWriter(fps=fps)
    if path.suffix == ".mp4":
        return _Mp4Writer(fps=fps)
    raise InputError("film", "a .gif or .mp4 file", path.name, "name it day.gif")


class _Mp4Writer(AbstractMovieWriter):
    """Each drawn frame, as matplotlib's canvas holds it, into an MP4 file (MPEG-4 part 2)."""

    def setup(self, fig: Any, outfile: Any, dpi: float | None = None) -> None:
        super().setup(fig, outfile, dpi=dpi)
        self._cv2 = require("masks", "cv2", where=f"film {outfile}")
        self._film: Any = None

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        self.fig.set_dpi(self.dpi)
        canvas: Any = self.fig.canvas
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, 2::-1]
        # the codec wants even sides
        picture = np.ascontiguousarray(pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2])
        if self._film is None:
            size = (picture.shape[1], picture.shape[0])
            video = self._cv2.VideoWriter
            self._film = video(str(self.outfile), video.fourcc(*"mp4v"), self.fps, size)
            if not self._film.isOpened():
                raise InputError(str(self.outfile), "a place where a film can be written", "none", "write a .gif")
        self._film.write(picture)

    def finish(self) -> None:
        if self._film is not None:
            self._film.release()
