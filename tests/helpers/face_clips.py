"""Clips of real faces moved over real pictures, so that every box is known, and what counts as masked in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

W, H = 320, 240
Box = tuple[int, int, int, int]
Path3 = tuple[float, float, float]


def with_face(background: np.ndarray, face: np.ndarray, left: float, top: float, wide: float) -> np.ndarray:
    """The picture with a face (grey, 64 × 64) whose box begins at (left, top), a quarter higher than wide."""
    frame, high = background.copy(), round(1.25 * wide)
    left, top, wide = round(left), round(top), round(wide)
    frame[top : top + high, left : left + wide] = cv2.resize(face.astype(np.uint8), (wide, high))[:, :, None]
    return frame


def box_of(left: float, top: float, wide: float) -> Box:
    return round(left), round(top), round(left) + round(wide), round(top) + round(1.25 * wide)


def back(n: int, turn: int) -> int:
    """Forth to `turn` and back, without a jump."""
    return turn - abs(n % (2 * turn) - turn)


_PATHS: dict[str, Callable[[int], list[Path3]]] = {
    "close-up": lambda n: [(60 + back(2 * n, 80), 20 + back(n, 50), 120)],
    "seated": lambda n: [(140, 70, 60)],
    "approaching": lambda n: [(100, 60, 40 + back(2 * n, 80))],
    "crossing": lambda n: [(20 + back(4 * n, 240), 60, 50)],
    "turned": lambda n: [(110, 50, 90)],
    "dark": lambda n: [(100 + back(n, 60), 60, 70)],
    "partly hidden": lambda n: [(90 + back(n, 60), 60, 80)],
    "moving camera": lambda n: [(140, 70, 64)],
    "hand-held": lambda n: [(140, 70, 64)],
    "crowd": lambda n: [(10 + 52 * k + back(3 * k + n, 10), 30 + 70 * (k % 3), 36) for k in range(6)],
}
KINDS = tuple(_PATHS)


def boxes_of(kind: str, n: int) -> list[Box]:
    """The annotation: boxes of the faces in frame n of a clip of that kind."""
    return [box_of(*path) for path in _PATHS[kind](n)]


def seen(kind: str, face: np.ndarray, n: int) -> np.ndarray:
    """A face as it looks in frame n: turned aside and tilted, half in shadow, or with a scarf over the mouth."""
    if kind == "turned":  # one side is nearer: a turn of the head by up to about 40 degrees, and a tilt of 15
        turn, tilt = 0.28 * np.sin(n / 6.0), 15.0 * np.sin(n / 9.0)
        corners = np.float32([[0, 0], [64, 0], [64, 64], [0, 64]])
        moved = np.float32([[0, 64 * max(turn, 0) / 2], [64, 64 * max(-turn, 0) / 2],
                            [64, 64 - 64 * max(-turn, 0) / 2], [0, 64 - 64 * max(turn, 0) / 2]])
        face = cv2.warpPerspective(face, cv2.getPerspectiveTransform(corners, moved), (64, 64),
                                   borderMode=cv2.BORDER_REPLICATE)
        return cv2.warpAffine(face, cv2.getRotationMatrix2D((32, 32), tilt, 1.0), (64, 64),
                              borderMode=cv2.BORDER_REPLICATE)
    if kind == "partly hidden":
        face = face.copy()
        face[46:] = 60
    return face


def clip(path: Path, kind: str, faces: list[np.ndarray], street: np.ndarray, frames: int = 40) -> list[list[Box]]:
    """Write a clip of a kind and return its annotation; no faces: the background alone."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"XVID"), 12.5, (W, H))
    truth = []
    for n in range(frames):
        right, down = {"moving camera": (10 * (n % 44), 0),
                       "hand-held": (round(9 + 8 * np.sin(n / 4.0)), round(9 + 8 * np.sin(n / 5.5)))}.get(kind, (0, 0))
        frame = np.ascontiguousarray(street[150 + down : 150 + down + H, right : right + W])
        for k, place in enumerate(_PATHS[kind](n) if faces else ()):
            frame = with_face(frame, seen(kind, faces[k % len(faces)], n), *place)
        writer.write((frame * 0.3).astype(np.uint8) if kind == "dark" else frame)
        truth.append(boxes_of(kind, n) if faces else [])
    writer.release()
    return truth


def frames_of(path: Path) -> list[np.ndarray]:
    capture, found = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        found.append(read[1])
    return found


def is_masked(before: np.ndarray, after: np.ndarray, box: Box, cells: int = 12) -> bool:
    """Whether no detail finer than `cells` across is left of a face: each half of it lost more than half of that.

    Halves count each, so a mask half a box beside the face leaves it bare. Finer than two pixels there is only noise.
    """
    left, top, right, bottom = box
    cells, shares = min(cells, (right - left) // 2), []
    for part in (slice(left, (left + right) // 2), slice((left + right) // 2, right)):
        detail = []
        for frame in (before, after):
            grey = cv2.cvtColor(frame[top:bottom, part], cv2.COLOR_BGR2GRAY).astype(np.float64)
            coarse = cv2.resize(grey, (max(cells // 2, 1), cells), interpolation=cv2.INTER_AREA)
            detail.append(grey - cv2.resize(coarse, grey.shape[::-1]))
        shares.append(1.0 - float((detail[0] * detail[1]).sum() / max((detail[0] ** 2).sum(), 1e-9)))
    return min(shares) > 0.5


def spoilt(before: np.ndarray, after: np.ndarray, people: list[Box], block: int = 16) -> tuple[int, int]:
    """Blocks of textured picture outside the boxes of people that lost more than half of their detail, and all such."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(np.float64) for frame in (before, after)]
    a, b = (one - cv2.blur(one, (block, block)) for one in grey)
    away = np.ones(a.shape, dtype=bool)
    for left, top, right, bottom in people:
        away[max(top, 0) : bottom, max(left, 0) : right] = False
    rows, columns = a.shape[0] // block, a.shape[1] // block

    def blocks(values: np.ndarray) -> np.ndarray:
        cut = values[: rows * block, : columns * block]
        return cut.reshape(rows, block, columns, block).swapaxes(1, 2).reshape(-1, block * block)

    textured = blocks(away).all(axis=1) & (blocks(a).std(axis=1) > 10.0)
    same = (blocks(a) * blocks(b)).sum(axis=1) / np.maximum((blocks(a) ** 2).sum(axis=1), 1e-9)
    return int((same[textured] < 0.5).sum()), int(textured.sum())
