"""Masks pictures, one or a folder of them: written upright, without metadata."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from privacysim.errors import InputError, ResultsError
from privacysim.files import write_whole
from privacysim.masklab.face_detectors import FaceChecker, FaceFinder, around, tiles
from privacysim.masklab.people_detector import Box, Frame, bare, upright_people
from privacysim.masklab.regions import Painter, detail_left
from privacysim.masklab.timing import decoded, quiet

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
_NEAR_PX = 960
"""Longer side of the reduced picture in which people and near faces are sought; small faces are sought in parts."""


@dataclass
class MaskedPictures:
    """Detections in pictures, by name: the faces and people found, and faces that the checker still sees."""

    mask: Any
    found: dict[str, tuple[int, int]] = field(default_factory=dict)
    readable: dict[str, int] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Report as plain text."""
        faces, people = (sum(counts) for counts in zip(*self.found.values(), strict=True))
        empty = [name for name, counts in self.found.items() if not any(counts)]
        lines = [f"{len(self.found)} pictures; {self.mask!r} ({self.mask.legal}); metadata removed",
                 f"masked: {faces} faces and {people} upright people"]  # fmt: skip
        for names, words in ((list(self.readable), "a second detector still finds faces in"),
                             (empty, "nobody was found, so nothing was masked (check them yourself) in"),
                             (self.others, "not read, because they are no pictures:")):  # fmt: skip
            if names:
                lines.append(f"{words} {len(names)}: {', '.join(names[:10])}{', …' * (len(names) > 10)}")
        return "\n".join(lines)


def mask_pictures(source: Path, out: Path, mask: Any, *, keep_anyway: bool = False,
                  progress: Callable[[int, int], None] = lambda done, of: None) -> MaskedPictures:  # fmt: skip
    """Mask the faces and people in a picture, or in every picture of a folder, and write the results to `out`.

    Pictures are turned as their EXIF orientation says, and written without any metadata. One in which the checker still
    finds a face is not written, except with `keep_anyway`. Raises InputError for a file that cannot be read or written.
    """
    source, out, painter = Path(source), Path(out), Painter(mask)
    made = MaskedPictures(painter.mask)
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    pictures = [path for path in files if path.suffix.lower() in ENDINGS]
    made.others = [str(path.relative_to(source)) for path in files if path not in pictures]
    if not pictures:
        raise InputError(str(source), "pictures that end in " + ", ".join(ENDINGS), "none", "name another folder")
    targets = [out / path.relative_to(source) if source.is_dir() else out for path in pictures]
    if wrong := [path for path in targets if path.suffix.lower() not in ENDINGS or path.resolve() in
                 {one.resolve() for one in pictures}]:  # fmt: skip
        raise InputError(str(wrong[0]), "another file than the source, with the ending of a picture", wrong[0].name,
                         "name another file or folder")  # fmt: skip
    finder, checker = FaceFinder(), FaceChecker()
    for number, (path, target) in enumerate(zip(pictures, targets, strict=True), 1):
        name, before = str(path.relative_to(source)) if source.is_dir() else path.name, read_picture(path)
        faces, people = _faces(finder, before), _people(before)
        for _ in range(2):  # what only the checker sees is masked, too, and checked again
            frame, heads = before.copy(), [around(face, before.shape) for face in faces]
            painter.paint(frame, list(enumerate([*people, *heads])), faces)
            done, data = cv2.imencode(target.suffix, frame)
            if not done:
                raise ResultsError(f"{target}: cannot be written.\n  Fix: name another ending, such as .png.")
            written = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)
            left = [box for box in checker.boxes(written) if detail_left(before, written, box)]
            if not (missed := bare(left, heads, before.shape[:2])):
                break
            faces += missed
        made.found[name] = len(faces), len(people)
        if left:
            made.readable[name] = len(left)
        if not left or keep_anyway:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, data.tobytes())
        progress(number, len(pictures))
    return made


def read_picture(path: Path) -> Frame:
    """Read a picture of one page as colours of 8 bits, upright as its EXIF orientation says."""
    frame = decoded(path, cv2.IMREAD_COLOR)
    with quiet():
        pages = 0 if frame is None else cv2.imcount(str(path))
    if frame is None or pages > 1:
        got = "something else" if frame is None else f"{pages} pages or frames"
        expected = "a picture of one page and at most 67 million pixels that OpenCV can read"
        raise InputError(str(path), expected, got, "convert it to a smaller PNG, or set OPENCV_IO_MAX_IMAGE_PIXELS")
    return np.asarray(frame, dtype=np.uint8)


def _faces(finder: FaceFinder, frame: Frame) -> list[Box]:
    """Faces in the picture as a whole and, if it is large, in overlapping parts at full size."""
    found = finder.boxes(frame)
    height, width = frame.shape[:2]
    for left, top, side in tiles(width, height, _NEAR_PX)[1:] if max(height, width) > 1.5 * _NEAR_PX else ():
        part = np.ascontiguousarray(frame[top : top + side, left : left + side])
        found += [(left + a, top + b, left + c, top + d) for a, b, c, d in finder.boxes(part)]
    return found


def _people(frame: Frame) -> list[Box]:
    shrink = min(1.0, _NEAR_PX / max(frame.shape[:2]))
    small = cv2.resize(frame, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1.0 else frame
    high, wide = frame.shape[:2]
    return [(int(a / shrink), int(b / shrink), min(wide, round(c / shrink)), min(high, round(d / shrink)))
            for a, b, c, d in upright_people(np.asarray(small, dtype=np.uint8))]  # fmt: skip
