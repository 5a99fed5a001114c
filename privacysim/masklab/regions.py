"""Masks the boxes of people in a frame, in place, and measures what remains of them in a video."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any

import cv2
import numpy as np

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.identify import cells, identifiability
from privacysim.masklab import masks
from privacysim.masklab.face_detectors import CHECKER_SCORE, TURNS, FaceChecker, cell_px
from privacysim.masklab.fitted_curve import EXTRAPOLATED_BEYOND
from privacysim.masklab.mask_base import Mask, MeasuredElsewhere, positive
from privacysim.masklab.people_detector import Box, Frame, Tracks, bare, covered, outline, upright_people
from privacysim.masklab.scramble import Scramble
from privacysim.vocabulary import CURVES

GALLERIES = (2, 40, 1_000, 18_700_000)
_LOOKS = 6
_MARGIN = 1.2  # boxes of people are enlarged by a margin and by their neighbours in time
Regions = list[tuple[int, Box]]
"""(track, box) to mask in a frame."""


def face_px(box: Box) -> float:
    """Pixels across the face of an upright person in that box: its height × face width / body height.

    >>> round(face_px((0, 0, 40, 170)), 1)
    16.0
    """
    return (box[3] - box[1]) * facts().value("face_width_m") / facts().value("person_height_m")


class Painter:
    """Masks regions of frames in place, at a strength relative to the face in each box.

    `background`: what silhouettes are painted on (None: plain grey). A mask of your own is applied to squares as wide
    as the face, side by side over the whole region.
    """

    def __init__(self, mask: Any, background: Frame | None = None) -> None:
        self.mask, self.background = masks.as_mask(mask), background
        if isinstance(self.mask, (masks.KSame, masks.EyesBar, Scramble)):
            raise InputError("mask", "a mask that needs no crowd of aligned faces and no key", self.mask.name,
                             "write box, pixelate, blur, silhouette, dp_pixelate or a mask of your own")
        self.draw = np.random.default_rng(0)

    def paint(self, frame: Frame, regions: Regions, faces: Sequence[Box] = (), shape: Frame | None = None) -> Frame:
        """Mask the regions of a frame and return it.

        The strength in a region follows the widest of the `faces` within it, if that is wider than a standing person's,
        at its largest plausible width. `shape`: pixels of bodies; nothing else in their regions is masked.
        """
        if shape is not None:
            shape = np.asarray(cv2.resize(shape, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST))[:, :, None]
        for track, box in regions:
            left, top, right, bottom = box
            part = frame[top:bottom, left:right]
            if part.size and not isinstance(self.mask, masks.Clear):
                behind = None if self.background is None else self.background[top:bottom, left:right]
                within = (one for one in faces if left <= (one[0] + one[2]) / 2 <= right
                          and top <= (one[1] + one[3]) / 2 <= bottom)  # fmt: skip
                face = max([face_px(box), *(one[2] - one[0] + cell_px(frame.shape) for one in within)])
                masked = self._masked(part, behind, max(face, 1.0))
                if shape is not None and track > 0:
                    masked = np.where(shape[top:bottom, left:right], masked, part)
                part[:] = masked
        return frame

    def _masked(self, part: Frame, behind: Frame | None, face: float) -> Any:
        mask = self.mask
        if isinstance(mask, (masks.Pixelate, masks.DPPixelate)):
            side = max(face / positive("cells_across", mask.cells_across), 1.0)
            size = max(1, round(part.shape[1] / side)), max(1, round(part.shape[0] / side))
            if isinstance(mask, masks.Pixelate):
                return masks.mosaic(part, size)
            return masks.mosaic(part, size, lambda cells: self.draw.laplace(0.0, mask.scale(face), cells.shape))
        if isinstance(mask, masks.Blur):
            return mask.blurred(part, face)
        if isinstance(mask, masks.BlackBox):
            return 0
        if isinstance(mask, masks.Silhouette):  # the person's outline on the background of that place
            return 128 if behind is None else np.where(outline(part, behind)[:, :, None], 128, behind)
        return self._tiled(part, max(1, round(face)))

    def _tiled(self, part: Frame, side: int) -> Frame:
        """Apply your own mask to squares of `side` px; border pixels fill what is missing at the edges."""
        h, w = part.shape[:2]
        down, across = -(-h // side), -(-w // side)
        whole = np.asarray(cv2.copyMakeBorder(part, 0, down * side - h, 0, across * side - w, cv2.BORDER_REPLICATE))
        tiles = whole.reshape(down, side, across, side, -1).swapaxes(1, 2)
        masked = self.mask.apply(tiles.reshape(-1, side, side, tiles.shape[-1])).reshape(tiles.shape)
        return masked.swapaxes(1, 2).reshape(whole.shape)[:h, :w]


def equivalent_cells(mask: Mask, face_px: float, one_frame: bool = False) -> float:
    """Cells across a face of `face_px` that a mask leaves, from its construction where possible, else as measured.

    `one_frame`: what one frame of a random mask leaves, not a track. Raises InputError without measurement.
    """
    try:
        return mask.cells(face_px)
    except MeasuredElsewhere:
        return min(face_px, cells(mask.name, one_frame))


def track_identified(p_masked: float, p_clear: float, p_miss: float, frames: float,
                     correlation: float | None = None) -> float:
    """P(identified) over a track of `frames`, each of which escapes the mask with probability `p_miss`.

    Per frame p = p_miss·p_clear + (1 − p_miss)·p_masked. Frames are correlated, so n of them are worth
    n_eff = 1 + (n − 1)·(1 − ρ) independent ones (fact `track_frame_correlation`): 1 − (1 − p)^n_eff.

    >>> round(track_identified(0.0, 0.5, 0.1, 21.0, correlation=0.95), 4)
    0.0975
    """
    rho = facts().value("track_frame_correlation") if correlation is None else correlation
    each = p_miss * p_clear + (1.0 - p_miss) * p_masked
    return 1.0 - (1.0 - each) ** (1.0 + max(0.0, frames - 1.0) * (1.0 - rho))


class Residual:
    """What a masked video still shows; `look` gets its frames before masking, `check` the frames as written.

    `tracks`: frames of each track. In the `looks` sampled frames a second detector found `seen` people, of whom the
    mask covers `hidden`. `readable`: frames of the written file in which the checker still finds a face; `missed`: by
    frame, those faces that no mask of a face covers. `regions`: what is masked, by frame. `notes`: further remarks for
    the reader.
    """

    def __init__(self, mask: Mask, expected_frames: int, rate: float) -> None:
        self.mask, self.rate, self.frames, self.size, self.light = mask, rate, 0, (0, 0), False
        # offset from the frames in which the same detector helped to find people (every 50th, from 0 on)
        self.when = {int(f) // 50 * 50 + 25 for f in np.linspace(0, max(0, expected_frames - 26), _LOOKS)}
        self.looks = self.seen = self.hidden = self.checked = 0
        self.tracks, self.faces_px, self.bodies_px = Counter[int](), list[float](), list[float]()
        self.readable, self.notes = list[int](), list[str]()
        self.missed, self.regions = dict[int, list[Box]](), dict[int, Regions]()

    def look(self, number: int, frame: Frame, regions: Regions, faces: Sequence[Box] = ()) -> None:
        """Detect people before masking; `faces`: of this frame, as found."""
        self.frames += 1
        self.size, self.light = (frame.shape[1], frame.shape[0]), self.light or bool(frame[::4, ::4].any())
        for track, box in regions:
            self.tracks[track] += 1
            w, h = box[2] - box[0], box[3] - box[1]
            if 1.2 * w <= h <= 5.0 * w and h >= 0.06 * frame.shape[0]:  # one upright person, not a group or a leaf
                self.bodies_px.append(face_px(box) / _MARGIN)
        self.faces_px += [float(face[2] - face[0]) for face in faces]
        self.regions[number] = regions
        if number in self.when:
            self.looks += 1
            boxes = [box for _, box in regions]
            found = [_core(box, frame.shape) for box in upright_people(frame)]
            self.seen += len(found)
            self.hidden += sum(covered(core, boxes, frame.shape[:2]) >= 0.9 for core in found)

    def check(self, frames: Iterable[Frame], source: Iterable[Frame] | None = None) -> None:
        """Look for faces in frames as written: `readable` gets those in which one was found, and again soon after.

        `source`: the frames before masking. A detection whose detail the mask has removed is only the mosaic of a face.
        """
        checker, tracks, times = FaceChecker(), Tracks(TURNS), dict[int, dict[int, Box]]()
        for number, (frame, before) in enumerate(zip(frames, chain(source or (), repeat(None)), strict=False)):
            self.checked += 1
            tracks.add(number, [box for box in checker.boxes(frame, number)
                                if before is None or detail_left(before, frame, box)])  # fmt: skip
            for track, boxes in tracks.open.items():
                if number in boxes:
                    times.setdefault(track, {})[number] = boxes[number]
        # a single find in a longer video is a chance resemblance
        sure = [(n, box) for found in times.values() if len(found) > 1 or self.checked < 3 for n, box in found.items()]
        self.readable = sorted({n for n, _ in sure})
        for n, box in sure:
            if bare([box], [face for track, face in self.regions.get(n, []) if track < 0], self.size[::-1]):
                self.missed.setdefault(n, []).append(box)

    def left(self) -> list[tuple[int, tuple[float, float], tuple[float, float], tuple[float, float]]]:
        """For each gallery P(identified) in one frame, over a track, and without the mask; empty without measurement.

        Each is (low, high): low counts the mask alone, high also frames that the detector missed and, over a track, the
        average of its frames.
        """
        face, length = self._typical()
        miss = 1.0 - (self.hidden / self.seen if self.seen else facts().value("auto_mask_recall_near"))
        kept, tracked = (_as_known(self.mask, face, one_frame) for one_frame in (True, False))
        made = []
        for gallery in GALLERIES if kept else ():
            low, high = (float(identifiability(kept, face, True, gallery, curve)) for curve in CURVES)
            clear_low, clear_high = (float(identifiability("none", face, True, gallery, curve)) for curve in CURVES)
            summed = float(identifiability(tracked, face, True, gallery, "high"))
            track = (track_identified(low, clear_low, 0.0, length), track_identified(summed, clear_high, miss, length))
            made.append((gallery, (low, miss * clear_high + (1.0 - miss) * high), track, (clear_low, clear_high)))
        return made

    def _typical(self) -> tuple[float, float]:  # width of a face in px, frames of a track
        widths = self.faces_px or self.bodies_px
        face = float(np.median(widths)) if widths else 0.0
        return face, self.tracks.total() / max(len(self.tracks), 1)

    def text(self) -> str:
        """Report as plain text."""
        face, length = self._typical()
        share = "a detector of whole bodies (HOG) found nobody to compare with"
        if self.seen:
            share = (f"{self.hidden / self.seen:.1%} of {self.seen} people that a detector of whole bodies (HOG) found "
                     f"in {self.looks} frames")  # fmt: skip
        lines = [
            f"{self.frames} frames, {self.size[0]} × {self.size[1]}, {self.rate:g} frames/s; {self.mask!r} "
            f"({self.mask.legal})",
            f"masked: {self.tracks.total()} regions (people, and what else moved) in {len(self.tracks)} tracks, "
            f"mean {length:.0f} frames each",
            f"covered: {share}",
            self.verdict(),
            *self.notes,
        ]
        if not self.tracks:
            return "\n".join([*lines, "nobody was found in this video, so nothing was masked: check it yourself"])
        rows = self.left()
        if not rows:
            unknown = "not known what this mask leaves of it: measure it with `privacysim calibrate masks --mask`"
            return "\n".join([*lines, f"median face {face:.1f} px; {unknown}"])
        lines += [f"median face {face:.1f} px; expected re-identification by somebody who trains on such masks:",
                  "  gallery     one frame          whole track        without mask       chance"]
        for gallery, *bands in rows:
            shown = "  ".join(f"{low:6.1%} – {high:6.1%}" for low, high in bands)
            far = "  extrapolated" if gallery > EXTRAPOLATED_BEYOND else ""
            lines.append(f"  {gallery:<10,}  {shown}  {1 / gallery:.2g}{far}")
        lines.append("A lower bound: stronger attackers exist, and clothes, gait and place are left as they were.")
        return "\n".join(lines)

    def verdict(self) -> str:
        """Whether the checker finds faces in the written file, and in which frames."""
        how = f"of {self.checked} frames written, by a second face detector (BlazeFace, score {CHECKER_SCORE:g})"
        if not self.readable:
            return f"faces still detected: in 0 {how}"
        listed = ", ".join(map(str, self.readable[:20])) + ", …" * (len(self.readable) > 20)
        return f"faces still detected: in {len(self.readable)} {how}: frames {listed}"


def detail_left(before: Frame, after: Frame, box: Box) -> bool:
    """Whether either half of a detection has kept most detail finer than 12 cells across it, or than 3 px."""
    left, top, right, bottom = box
    cells, middle = min(12, max(2, (right - left) // 3)), (left + right) // 2
    for part in (slice(left, middle), slice(middle, right)) if middle > left else ():
        fine = []
        for frame in (before, after):
            grey = cv2.cvtColor(frame[top:bottom, part], cv2.COLOR_BGR2GRAY).astype(np.float32)
            coarse = cv2.resize(grey, (max(1, cells // 2), cells), interpolation=cv2.INTER_AREA)
            fine.append(grey - cv2.resize(coarse, grey.shape[::-1]))
        if float((fine[0] * fine[1]).sum()) > 0.5 * float((fine[0] ** 2).sum()):
            return True
    return False


def _core(box: Box, shape: tuple[int, ...]) -> Box:
    """Core of a box: HOG draws wide boxes, so the person is the middle 60 % of the width and 80 % of the height."""
    left, top, right, bottom = box
    w, h = right - left, bottom - top
    return max(0, left + w // 5), max(0, top + h // 10), min(shape[1], right - w // 5), min(shape[0], bottom - h // 10)


def _as_known(mask: Mask, face: float, one_frame: bool) -> str:
    """Mask as the curve names it: cells across the face, or the full box; empty if it was never measured."""
    if isinstance(mask, masks.Clear):
        return "none"
    if isinstance(mask, masks.Silhouette):  # painted on the background: an outline of a few pixels is left of the face
        return "box"
    try:
        left = equivalent_cells(mask, face, one_frame)
    except InputError:
        return ""
    return "box" if left == 0.0 else f"pixelate:{left:.4f}"
