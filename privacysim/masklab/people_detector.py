"""Detects people in a video of a fixed camera: background subtraction, a regular detector pass, and tracks.

It detects whole people, not only faces: at 9 px a face detector finds one face in five, and 9 px are enough for
recognition. The background is the median of frames from the whole file, so people who stand still for a while do not
become background, and the first frame is as good as the last. A live stream cannot be read in advance. It learns its
background from a running model (MOG2) and is masked *whole* until that has settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; right and bottom are exclusive."""
Frame = NDArray[Any]

_SCALE = 0.5
_SAMPLES = 25
_SETTLE_FRAMES = 50


class Motion:
    """Finds boxes that differ from the background. `background`: median frame, or None for a live stream."""

    def __init__(self, background: Frame | None, threshold: int = 18, least_area: float = 0.00012) -> None:
        self.threshold, self.least_area = threshold, least_area
        self.live = background is None
        self.model = cv2.createBackgroundSubtractorMOG2(history=500, varThreshold=16, detectShadows=True)
        self.background = None if background is None else _small(background)
        self.seen = 0

    @property
    def settled(self) -> bool:
        """Whether the background of a live stream has settled; always true for a file."""
        return not self.live or self.seen > _SETTLE_FRAMES

    def boxes(self, frame: Frame) -> list[Box]:
        """Boxes of people (and other moving things) in a frame, enlarged by a margin."""
        self.seen += 1
        small = _small(frame)
        if self.background is None:
            changed = (self.model.apply(small) == 255).astype(np.uint8)
        else:
            apart = largest_channel(cv2.absdiff(small, self.background))
            changed = cv2.threshold(apart, self.threshold, 1, cv2.THRESH_BINARY)[1]
        changed = cv2.morphologyEx(changed, cv2.MORPH_OPEN, _DOT)
        # clothes that match the background split a person into pieces: join upwards more than sideways
        joined = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, _TALL)
        outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        h, w = frame.shape[:2]
        least = self.least_area * joined.size
        found = (cv2.boundingRect(outline) for outline in outlines)
        return [_grown(rectangle, w, h) for rectangle in found if rectangle[2] * rectangle[3] >= 2.0 * least]


_DOT = np.ones((2, 2), np.uint8)
_TALL = np.ones((9, 5), np.uint8)


def _small(frame: Frame) -> Frame:
    made = cv2.resize(frame, None, fx=_SCALE, fy=_SCALE, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(made, (3, 3)), dtype=np.uint8)


def largest_channel(picture: Frame) -> Frame:
    """Largest of the three channels of each pixel."""
    blue, green, red = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(blue, green), red), dtype=np.uint8)


def _grown(rectangle: Sequence[int], width: int, height: int, share: float = 0.12) -> Box:
    """Box at full size, enlarged by a share of its width and height (at least 3 px): hair, hands and shoes."""
    left, top, w, h = (float(v) / _SCALE for v in rectangle)
    x, y = max(3.0, share * w), max(3.0, 0.5 * share * h)
    return max(0, int(left - x)), max(0, int(top - y)), min(width, round(left + w + x)), min(height, round(top + h + y))


def median_background(source: cv2.VideoCapture, frames: int) -> Frame | None:
    """Median of frames from the whole file, or None if it is not seekable; rewinds the file."""
    kept: list[Frame] = []
    for number in np.linspace(0, max(0, frames - 1), min(_SAMPLES, frames)).astype(int):
        source.set(cv2.CAP_PROP_POS_FRAMES, int(number))
        ok, frame = source.read()
        if ok:
            kept.append(np.asarray(frame, dtype=np.uint8))
    source.set(cv2.CAP_PROP_POS_FRAMES, 0)
    if len(kept) < 5:
        return None
    # the middle sorted value is the median and stays a byte; working row by row keeps the memory small
    middle = len(kept) // 2
    return np.stack([np.partition(np.stack([f[row] for f in kept]), middle, axis=0)[middle]
                     for row in range(kept[0].shape[0])])  # fmt: skip


class PeopleDetector:
    """OpenCV's HOG detector of upright people (Dalal, Triggs 2005): slow, so used on few frames."""

    def __init__(self) -> None:
        self.hog = cv2.HOGDescriptor()
        self.hog.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), dtype=np.float32))

    def boxes(self, frame: Frame) -> list[Box]:
        """Boxes of upright people."""
        height, width = frame.shape[:2]
        across, down = self.hog.winSize  # OpenCV reads and writes out of bounds on a frame smaller than its window
        wider, higher = max(0, across - width), max(0, down - height)
        frame = np.asarray(cv2.copyMakeBorder(frame, 0, higher, 0, wider, cv2.BORDER_REPLICATE), dtype=np.uint8)
        found, weights = self.hog.detectMultiScale(frame, winStride=(8, 8), padding=(8, 8), scale=1.2)
        return [(int(x), int(y), min(int(x + w), width), min(int(y + h), height))
                for (x, y, w, h), weight in zip(found, np.ravel(weights), strict=True)
                if weight > 0.5 and x < width and y < height]  # fmt: skip


@dataclass(slots=True)
class Track:
    """Boxes of one person (or group) by frame."""

    number: int
    boxes: dict[int, Box] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """Last frame in which the track was seen."""
        return max(self.boxes)


class Tracks:
    """Follows boxes from frame to frame, so that no single frame escapes.

    The mask of frame t is, for each track, the union of its boxes in t−hold … t+hold. This bridges a detection missed
    for `hold` frames in a row, and a moving head stays inside its box. It needs a delay of `hold` frames.
    """

    def __init__(self, hold: int = 4) -> None:
        self.hold = hold
        self.open: list[Track] = []
        self.made = 0

    def add(self, frame: int, boxes: list[Box]) -> None:
        """Add the boxes of a frame; each joins the track whose last box it overlaps most, else starts a new one."""
        self.open = [track for track in self.open if frame - track.last <= 2 * self.hold]
        for track in self.open:
            for old in [f for f in track.boxes if f < frame - 3 * self.hold]:
                del track.boxes[old]
        free = list(self.open)
        for box in boxes:
            best = max(free, key=lambda track: overlap(track.boxes[track.last], box), default=None)
            if best is None or overlap(best.boxes[best.last], box) <= 0.05:
                self.made += 1
                best = Track(self.made)
                self.open.append(best)
            else:
                free.remove(best)
            best.boxes[frame] = box

    def regions(self, frame: int) -> list[tuple[int, Box]]:
        """(track, box) to mask in a frame; call it after the frames up to frame + hold have been added."""
        made = []
        for track in self.open:
            near = [box for f, box in track.boxes.items() if abs(f - frame) <= self.hold]
            if near:
                left, top, right, bottom = zip(*near, strict=True)
                made.append((track.number, (min(left), min(top), max(right), max(bottom))))
        return made


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes.

    >>> overlap((0, 0, 2, 2), (1, 0, 3, 2))
    0.3333333333333333
    """
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    both = w * h
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def covered(box: Box, regions: list[Box], shape: tuple[int, int]) -> float:
    """Share of a box that the regions cover together."""
    canvas = np.zeros(shape, dtype=bool)
    for left, top, right, bottom in regions:
        canvas[top:bottom, left:right] = True
    part = canvas[box[1] : box[3], box[0] : box[2]]
    return float(part.mean()) if part.size else 0.0
