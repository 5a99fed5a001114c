"""What remains after masking: people missed, faces still found, and re-identification rates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.identify import identifiability
from privacysim.masklab.fitted_curve import EXTRAPOLATED_BEYOND, equivalent_cells, track_identified
from privacysim.masklab.mask_base import Mask
from privacysim.masklab.masks import Clear, Silhouette
from privacysim.masklab.people_detector import Box, Frame, PeopleDetector, covered
from privacysim.masklab.regions import face_px

GALLERIES = (2, 40, 1_000, 18_700_000)
_CASCADE = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
_LOOKS = 6
_MARGIN = 1.2  # boxes of people are enlarged by a margin and by their neighbours in time


@dataclass(frozen=True, slots=True)
class Residual:
    """What a masked video still shows.

    `masked`: share of people, found by a second detector in sampled frames *before* masking, whose box the mask covers
    (None: it found nobody). `faces`: faces that a face detector still finds in `looks` sampled frames *after* masking
    (before: `faces_before`). `left`: for each gallery the probability of identification in one frame and over a track,
    masked and clear, each (low, high); empty if the mask was never measured.
    """

    frames: int
    width: int
    height: int
    rate: float
    person_frames: int
    tracks: int
    frames_of_track: float
    face: float
    seen: int
    masked: float | None
    looks: int
    faces_before: int
    faces: int
    mask: str
    legal: str
    left: tuple[tuple[int, tuple[float, float], tuple[float, float], tuple[float, float]], ...]

    def text(self) -> str:
        """Report as plain text."""
        share = "nobody was found by the second detector"
        if self.masked is not None:
            share = f"{self.masked:.1%} of {self.seen} people that a second detector (HOG) found in {self.looks} frames"
        lines = [
            f"{self.frames} frames, {self.width} × {self.height}, {self.rate:g} frames/s; {self.mask} ({self.legal})",
            f"masked: {self.person_frames} regions (people, and what else moved) in {self.tracks} tracks, "
            f"mean {self.frames_of_track:.0f} frames each",
            f"covered: {share}",
            f"faces still detected (Haar): {self.faces} in {self.looks} frames; {self.faces_before} before masking",
        ]
        if not self.left:
            unknown = "not known what this mask leaves of it: measure it with `privacysim calibrate masks --mask`"
            return "\n".join([*lines, f"median face {self.face:.1f} px; {unknown}"])
        lines += [
            f"median face {self.face:.1f} px; expected re-identification by somebody who trains on such masks:",
            "  gallery     one frame          whole track        without mask       chance",
        ]
        for gallery, *bands in self.left:
            shown = "  ".join(_band(band) for band in bands)
            far = "  extrapolated" if gallery > EXTRAPOLATED_BEYOND else ""
            lines.append(f"  {gallery:<10,}  {shown}  {1 / gallery:.2g}{far}")
        lines.append("A lower bound: stronger attackers exist, and clothes, gait and place are left as they were.")
        return "\n".join(lines)


def _band(pair: tuple[float, float]) -> str:
    return f"{pair[0]:6.1%} – {pair[1]:6.1%}"


class Witness:
    """Inspects sampled frames before and after masking, and counts what was masked."""

    def __init__(self, frames: int) -> None:
        # offset from the frames in which the same detector helped to find people (every 50th, from 0 on)
        self.when = {int(f) // 50 * 50 + 25 for f in np.linspace(0, max(0, frames - 26), _LOOKS)}
        self.people = PeopleDetector()
        self.haar = cv2.CascadeClassifier(str(_CASCADE))
        self.looks = self.seen = self.hidden = self.before = self.after = self.person_frames = 0
        self.tracks: dict[int, int] = {}
        self.faces_px: list[float] = []

    def look(self, number: int, frame: Frame, regions: list[tuple[int, Box]]) -> None:
        """Detect people and faces before masking."""
        self.person_frames += len(regions)
        for track, box in regions:
            self.tracks[track] = self.tracks.get(track, 0) + 1
            w, h = box[2] - box[0], box[3] - box[1]
            if 1.2 * w <= h <= 5.0 * w and h >= 0.06 * frame.shape[0]:  # one upright person, not a group or a leaf
                self.faces_px.append(face_px(box) / _MARGIN)
        if number in self.when:
            self.looks += 1
            boxes = [box for _, box in regions]
            for box in self.people.boxes(frame):
                self.seen += 1
                self.hidden += covered(_core(box, frame.shape), boxes, (frame.shape[0], frame.shape[1])) >= 0.9
            self.before += self._faces(frame)

    def look_again(self, number: int, frame: Frame, regions: list[tuple[int, Box]]) -> None:
        """Detect faces after masking."""
        if number in self.when:
            self.after += self._faces(frame)

    def _faces(self, frame: Frame) -> int:
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        return len(self.haar.detectMultiScale(grey, scaleFactor=1.3, minNeighbors=4, minSize=(20, 20)))

    def verdict(self, mask: Mask, frames: int, width: int, height: int, rate: float) -> Residual:
        """Make the report."""
        face = float(np.median(self.faces_px)) if self.faces_px else 0.0
        length = float(np.mean(list(self.tracks.values()))) if self.tracks else 0.0
        miss = 1.0 - (self.hidden / self.seen if self.seen else facts().value("auto_mask_recall_near"))
        kept, tracked = (_as_known(mask, face, one_frame) for one_frame in (True, False))
        left = []
        for gallery in GALLERIES if kept else ():
            shown = [float(identifiability(kept, face, True, gallery, curve)) for curve in ("low", "high")]
            summed = float(identifiability(tracked, face, True, gallery, "high"))
            clear = [float(identifiability("none", face, True, gallery, curve)) for curve in ("low", "high")]
            one = (shown[0], miss * clear[1] + (1.0 - miss) * shown[1])
            # low: the mask only; high: averaged frames, frames that the detector missed, and correlated frames
            track = (
                track_identified(shown[0], clear[0], 0.0, length),
                track_identified(summed, clear[1], miss, length),
            )
            left.append((gallery, one, track, (clear[0], clear[1])))
        return Residual(
            frames, width, height, rate, self.person_frames, len(self.tracks), length, face, self.seen,
            self.hidden / self.seen if self.seen else None, self.looks, self.before, self.after, repr(mask),
            mask.legal, tuple(left),
        )  # fmt: skip


def _core(box: Box, shape: tuple[int, ...]) -> Box:
    """Core of a box: HOG draws wide boxes, so the person is the middle 60 % of the width and 80 % of the height."""
    left, top, right, bottom = box
    w, h = right - left, bottom - top
    return max(0, left + w // 5), max(0, top + h // 10), min(shape[1], right - w // 5), min(shape[0], bottom - h // 10)


def _as_known(mask: Mask, face: float, one_frame: bool) -> str:
    """Mask as the curve names it: cells across the face, or the full box; empty if it was never measured."""
    if isinstance(mask, Clear):
        return "none"
    if isinstance(mask, Silhouette):  # painted on the background: an outline of a few pixels is left of the face
        return "box"
    try:
        cells = equivalent_cells(mask, face, one_frame)
    except InputError:
        return ""
    return "box" if cells == 0.0 else f"pixelate:{cells:.4f}"
