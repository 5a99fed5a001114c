"""Speed of masking, one thread: `python tests/benchmarks/bench_masklab.py [vtest.avi]`.

The peer `deface` beside it if installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from privacysim.masklab.named import mask_named
from privacysim.masklab.regions import Painter
from privacysim.masklab.video import mask_video

FACES = [(i, (100 + 300 * i, 200, 220 + 300 * i, 350)) for i in range(5)]


def frames_per_second(name: str, repeats: int = 200) -> float:
    """1080p with five faces of 120 × 150 px; the best of five runs, since others share the machine."""
    frame = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3)).astype(np.uint8)
    painter = Painter(mask_named(name), faces=True)
    best = 0.0
    for _ in range(5):
        begin = time.perf_counter()
        for number in range(repeats):
            painter.paint(frame, FACES, number)
        best = max(best, repeats / (time.perf_counter() - begin))
    return best


def plain_gaussian() -> float:
    """What the blur replaces: OpenCV's Gaussian of σ 15 on the same five faces."""
    frame = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3)).astype(np.uint8)
    begin = time.perf_counter()
    for _ in range(10):
        for _, (left, top, right, bottom) in FACES:
            cv2.GaussianBlur(frame[top:bottom, left:right], (0, 0), 15.0)
    return 10 / (time.perf_counter() - begin)


def main(video: Path | None) -> None:
    """Print the table."""
    cv2.setNumThreads(1)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; one thread")
    # blur:0.125 of a face of 120 px is sigma 15
    for name in ("box", "pixelate:8", "pixelate:2", "blur:0.125", "dp_pixelate:8:0.5", "scramble"):
        print(f"1080p, 5 faces, {name:18} {frames_per_second(name):9,.0f} frames/s")
    print(f"1080p, 5 faces, plain Gaussian σ 15 {plain_gaussian():7,.0f} frames/s")
    if video is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        begin, cpu = time.perf_counter(), time.process_time()
        left = mask_video(str(video), Path(folder) / "out.mp4", mask_named("pixelate:2"))
        ours = left.frames / (time.perf_counter() - begin)
        print(
            f"{video.name} end to end: {ours:.1f} frames/s "
            f"({left.frames / (time.process_time() - cpu):.1f} a CPU-second)"
        )
        if (peer := shutil.which("deface")) is None:
            print("deface is not installed: no comparison")
            return
        begin = time.perf_counter()
        subprocess.run([peer, str(video), "-o", str(Path(folder) / "peer.mp4")], check=True, capture_output=True)
        theirs = left.frames / (time.perf_counter() - begin)
        print(f"deface on the same file: {theirs:.1f} frames/s; ours is {ours / theirs:.1f} × as fast")


if __name__ == "__main__":
    named = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PRIVACYSIM_DATA", "")
    path = Path(named) / "vtest.avi" if Path(named).is_dir() else Path(named)
    main(path if named and path.is_file() else None)
