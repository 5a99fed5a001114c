"""Detects people in a video: background subtraction (of a fixed camera), a regular detector pass, and tracks.

It detects whole people, not only faces: at 9 px a face detector finds one face in five, and 9 px are enough for
recognition. The background is the median of frames from the whole file, so people who stand still for a while do not
become background, and the first frame is treated like the last. If the camera moves, everything differs from the
background, so only detectors find people. A video that is too short to determine its background is masked *whole*.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; right and bottom are exclusive."""
Frame = NDArray[Any]

_DIFFERENT = 18  # grey levels by which a pixel of a person differs from the background
_SCALE = 0.5
_SAMPLES = 25
_DETECT_EVERY, _DETECT_MOVING = 50, 6
_MOVES, _LATER = 0.65, 4
"""Share of the picture that shifts within four frames, in the median of nine samples, before a camera that moves;
measured: 0.69 to 1, before a fixed one up to 0.61."""
_WIND = 60
"""Frames that are read on rather than wound to: winding decodes from a key frame on, too."""
_LEAST_AREA, _NEAR = 0.00024, 0.04
"""Shares of the picture: of the least thing that moves, and of one that is near, so that its outline counts."""
_SAME = 0.8  # least correlation with the background's detail of a change that is only light
_RIM = 0.06  # of the width or height of a near person, whichever is less, is added around the outline
_SWAYS, _SWAY_PX = 0.5, 3
"""A quarter of the background's corners move by so many pixels (of half size) before a camera that sways; at most so
many are forgiven. Measured: up to 0.24 before fixed cameras, 0.3 to 6 before one in a hand or on a slow zoom."""


class Finder:
    """Finds boxes to mask in each frame: what moves in front of the `background`, standing people, and `given` boxes.

    `steady` = False: the camera moves, so nothing is learnt from motion. `shape`: at half size, the pixels of the last
    frame that its boxes mean (None: all). The boxes of nearby people contain much that is not part of them.
    """

    def __init__(self, background: Frame | None, given: dict[int, list[Box]], steady: bool = True) -> None:
        self.steady, self.known = steady, background is not None
        self.given, self.standing = given, list[Box]()
        self.shape: Frame | None = None
        self.corners: Frame = np.zeros((0, 1, 2), np.float32)
        if background is not None:
            self.background = _small(background)
            self.behind = _in_grey(self.background)
            corners = cv2.goodFeaturesToTrack(self.behind, 200, 0.01, 8)
            self.corners = self.corners if corners is None else corners

    def boxes(self, frame: Frame, number: int) -> list[Box]:
        """Boxes of frame `number`; the whole frame for a fixed camera whose background is unknown."""
        if self.steady and not self.known:
            return [(0, 0, frame.shape[1], frame.shape[0])]
        moving = self.moving(frame) if self.steady else []
        # only the detector sees people who stand still throughout
        if number % (_DETECT_EVERY if self.steady else _DETECT_MOVING) == 0:
            found = upright_people(frame)
            self.standing = [box for box in found if all(overlap(box, other) < 0.2 for other in moving)]
        sure = [*self.standing, *self.given.get(number, [])]
        if self.shape is not None:
            for box in sure:
                _fill(self.shape, box)
        return [*moving, *sure]

    def moving(self, frame: Frame) -> list[Box]:
        """Boxes that differ from the background: people (and other moving things), enlarged by a margin."""
        small = _small(frame)
        changed = cv2.morphologyEx(self._changed(small), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        # clothes that match the background split a person into pieces: join upwards more than sideways
        joined = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((9, 5), np.uint8))
        outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        h, w = frame.shape[:2]
        self.shape, made = np.zeros_like(joined), list[Box]()
        for one in outlines:
            rectangle = cv2.boundingRect(one)
            share = rectangle[2] * rectangle[3] / joined.size
            if share >= _LEAST_AREA and not self._only_lit(small, joined, rectangle):
                made.append(_grown(rectangle, w, h))
                if share < _NEAR:
                    _fill(self.shape, made[-1])
                else:
                    rim = max(3, round(_RIM * min(rectangle[2:])))
                    cv2.drawContours(self.shape, [cv2.convexHull(one)], -1, 1, cv2.FILLED)
                    cv2.drawContours(self.shape, [cv2.convexHull(one)], -1, 1, 2 * rim)
        return made

    def _changed(self, small: Frame) -> Frame:
        """Pixels that differ from the background, even if a hand, wind or a slow zoom shifted it by a few pixels."""
        low = high = self.background
        if sway := self._sway(small):
            near = np.ones((2 * sway + 1, 2 * sway + 1), np.uint8)
            low, high = cv2.erode(low, near), cv2.dilate(high, near)
        return cv2.threshold(_apart(small, low, high), _DIFFERENT, 1, cv2.THRESH_BINARY)[1]

    def _sway(self, small: Frame) -> int:
        """Pixels by which a quarter of the background's corners have moved; 0 for a camera that stands still."""
        if len(self.corners) < 12:
            return 0
        start = self.corners
        found, there, _ = cv2.calcOpticalFlowPyrLK(self.behind, _in_grey(small), start, start.copy())
        moved = np.hypot(*(found - start)[np.ravel(there) == 1].reshape(-1, 2).T)
        most = float(np.quantile(moved, 0.75)) if len(moved) else 0.0
        return 0 if most < _SWAYS else min(math.ceil(most), _SWAY_PX)

    def _only_lit(self, small: Frame, changed: Frame, rectangle: Sequence[int]) -> bool:
        """Whether only the light changed there, so the background's own detail is still visible."""
        x, y, w, h = rectangle
        here = changed[y : y + h, x : x + w] > 0
        a, b = (_detail(one[y : y + h, x : x + w])[here] for one in (small, self.background))
        return float((a * b).sum()) > _SAME * math.sqrt(float((a * a).sum() * (b * b).sum())) > 0.0


def _in_grey(frame: Frame) -> Frame:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))


def _detail(part: Frame) -> NDArray[np.float32]:
    grey = _in_grey(part).astype(np.float32)
    return np.asarray(grey - cv2.blur(grey, (9, 9)))


def _fill(shape: Frame, box: Box) -> None:
    left, top, right, bottom = box
    shape[int(top * _SCALE) : math.ceil(bottom * _SCALE), int(left * _SCALE) : math.ceil(right * _SCALE)] = 1


def _small(frame: Frame) -> Frame:
    made = cv2.resize(frame, None, fx=_SCALE, fy=_SCALE, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(made, (3, 3)), dtype=np.uint8)


def _apart(a: Frame, low: Frame, high: Frame) -> Frame:
    """Distance of each pixel from the range `low` … `high`: the largest among its three channels."""
    blue, green, red = cv2.split(cv2.max(cv2.subtract(a, high), cv2.subtract(low, a)))
    return np.asarray(cv2.max(cv2.max(blue, green), red), dtype=np.uint8)


def outline(part: Frame, behind: Frame) -> NDArray[np.bool_]:
    """Pixels of a region that differ from the background behind it, with a rim of two pixels."""
    blob = cv2.threshold(_apart(part, behind, behind), _DIFFERENT, 1, cv2.THRESH_BINARY)[1]
    blob = cv2.morphologyEx(blob, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.dilate(blob, np.ones((5, 5), np.uint8)) > 0)


def _grown(rectangle: Sequence[int], width: int, height: int) -> Box:
    """Box at full size, enlarged by a share of its width and height (at least 3 px): hair, hands and shoes."""
    left, top, w, h = (float(v) / _SCALE for v in rectangle)
    x, y = max(3.0, 0.12 * w), max(3.0, 0.06 * h)
    return max(0, int(left - x)), max(0, int(top - y)), min(width, round(left + w + x)), min(height, round(top + h + y))


def sampled(source: cv2.VideoCapture, numbers: Iterable[Any]) -> Iterator[tuple[int, Frame]]:
    """Numbers and frames of these numbers, in order, as far as they can be read.

    Leaves the file where it is: some formats lose frames when seeking, so reopen it to read the rest.
    """
    at = 0
    for number in sorted({int(number) for number in numbers}):
        if number - at > _WIND:
            source.set(cv2.CAP_PROP_POS_FRAMES, number)
            at = number
        while at < number and source.grab():
            at += 1
        ok, frame = source.read()
        at += 1
        if ok:
            yield number, np.asarray(frame, dtype=np.uint8)


def background_and_steady(source: cv2.VideoCapture, frames: int) -> tuple[Frame | None, bool]:
    """Background of a file (None if it is short or not seekable), and whether its camera stands still."""
    spread = {int(n) for n in np.linspace(0, max(0, frames - 1), min(_SAMPLES, frames))}
    starts = np.linspace(0, max(0, frames - 6), 9).astype(int)
    kept, grey = list[Frame](), dict[int, Frame]()
    for number, frame in sampled(source, [*spread, *starts, *(starts + _LATER)]):
        kept += [frame] * (number in spread)
        grey[number] = _grey(frame)
    background = _median(kept)
    shares = [_shifted(grey[n], grey[n + _LATER]) for n in starts.tolist() if n in grey and n + _LATER in grey]
    return background, background is None or not shares or float(np.median(shares)) <= _MOVES


def _median(kept: list[Frame]) -> Frame | None:
    if len(kept) < 5:
        return None
    # the middle sorted value is the median and stays a byte; working row by row keeps the memory small
    middle = len(kept) // 2
    return np.stack([np.partition(np.stack(rows), middle, axis=0)[middle] for rows in zip(*kept, strict=True)])


def _grey(frame: Frame) -> Frame:
    shrink = min(1.0, 320.0 / max(frame.shape[:2]))
    small = cv2.resize(frame, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8) if small.ndim == 2 else _in_grey(small)


def _shifted(before: Frame, after: Frame) -> float:
    """Share of 6 × 6 parts of the picture in which corners have moved; 0 if hardly any part has corners."""
    moved, (h, w) = list[bool](), before.shape
    for row, column in np.ndindex(6, 6):
        top, left = h * row // 6, w * column // 6
        part = before[top : h * (row + 1) // 6, left : w * (column + 1) // 6]
        corners: Any = cv2.goodFeaturesToTrack(part, 6, 0.01, 4, blockSize=5)
        if corners is None:
            continue
        corners = corners + np.array([left, top], dtype=np.float32)
        found, there, error = cv2.calcOpticalFlowPyrLK(before, after, corners, corners.copy(), winSize=(15, 15))
        kept = (np.ravel(there) == 1) & (np.ravel(error) < 20.0)
        if kept.sum() >= 2:
            moved.append(float(np.hypot(*np.median((found - corners).reshape(-1, 2)[kept], axis=0))) > 0.4)
    return float(np.mean(moved)) if len(moved) > 3 else 0.0


def upright_people(frame: Frame) -> list[Box]:
    """Boxes of upright people by OpenCV's HOG detector (Dalal, Triggs 2005): slow, so used on few frames.

    A person is also found in the mirrored picture; an object that resembles a person seldom is.
    """
    return [box for box in _upright(frame, 0.5) if _seen_mirrored(frame, box)]


def _seen_mirrored(frame: Frame, box: Box) -> bool:
    rim = (box[2] - box[0]) // 2
    left, top = max(0, box[0] - rim), max(0, box[1] - rim)
    part = np.ascontiguousarray(frame[top : box[3] + rim, left : box[2] + rim][:, ::-1])
    wide = part.shape[1]
    there = wide - (box[2] - left), box[1] - top, wide - (box[0] - left), box[3] - top
    return any(overlap(there, other) > 0.5 for other in _upright(part, 0.2))


def _upright(frame: Frame, least: float) -> list[Box]:
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), dtype=np.float32))
    height, width = frame.shape[:2]
    across, down = hog.winSize  # OpenCV reads and writes out of bounds on a frame smaller than its window
    wider, higher = max(0, across - width), max(0, down - height)
    frame = np.asarray(cv2.copyMakeBorder(frame, 0, higher, 0, wider, cv2.BORDER_REPLICATE), dtype=np.uint8)
    found, weights = hog.detectMultiScale(frame, winStride=(8, 8), padding=(8, 8), scale=1.2)
    return [(int(x), int(y), min(int(x + w), width), min(int(y + h), height))
            for (x, y, w, h), weight in zip(found, np.ravel(weights), strict=True)
            if weight > least and x < width and y < height]  # fmt: skip


class Tracks:
    """Follows boxes from frame to frame, so that no single frame escapes.

    The mask of frame t is, for each track (a person or group), the union of its boxes in t−hold … t+hold, which bridges
    a detection missed for `hold` frames in a row. `nearest`: only the union of the last box before and the first after,
    or the one that there is.
    """

    def __init__(self, hold: int, nearest: bool = False) -> None:
        self.hold, self.nearest, self.made = hold, nearest, 0
        self.open: dict[int, dict[int, Box]] = {}  # boxes by frame of each track that was seen lately

    def add(self, frame: int, boxes: list[Box]) -> None:
        """Add the boxes of a frame; each joins the track whose last box it overlaps most, else starts a new one."""
        self.open = {number: {f: box for f, box in track.items() if f >= frame - 3 * self.hold}
                     for number, track in self.open.items() if frame - max(track) <= 2 * self.hold}  # fmt: skip
        free = {number: track[max(track)] for number, track in self.open.items()}
        for box in boxes:
            best = max(free, key=lambda number: overlap(free[number], box), default=0)
            if best == 0 or overlap(free[best], box) <= 0.05:
                best = self.made = self.made + 1
                self.open[best] = {}
            free.pop(best, None)
            self.open[best][frame] = box

    def regions(self, frame: int) -> list[tuple[int, Box]]:
        """(track, box) to mask in a frame; call it after the frames up to frame + hold have been added."""
        made = []
        for number, track in self.open.items():
            near = [box for f, box in track.items() if abs(f - frame) <= self.hold]
            if self.nearest and near:
                before = max((f for f in track if frame - self.hold <= f <= frame), default=None)
                after = min((f for f in track if frame <= f <= frame + self.hold), default=None)
                ends = [f for f in (before, after) if f is not None]
                near = [track[f] for f in ends]
            if near:
                left, top, right, bottom = zip(*near, strict=True)
                made.append((number, (min(left), min(top), max(right), max(bottom))))
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


def covered(box: Box, regions: list[Box], shape: tuple[int, ...]) -> float:
    """Share of a box that the regions cover together."""
    canvas = np.zeros(shape, dtype=bool)
    for left, top, right, bottom in regions:
        canvas[top:bottom, left:right] = True
    part = canvas[box[1] : box[3], box[0] : box[2]]
    return float(part.mean()) if part.size else 0.0


def bare(found: list[Box], masked: list[Box], shape: tuple[int, ...]) -> list[Box]:
    """The detections of which the masked regions cover less than half."""
    return [box for box in found if covered(box, masked, shape) < 0.5]
