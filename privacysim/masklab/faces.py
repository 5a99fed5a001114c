"""Sets of faces to attack, and the camera that records them before any mask.

Proportions of a drawn face identify the person; pose, light and expression change from image to image. Use drawn faces
to see how masks and attacks work without a network, but not to calibrate them.
"""

import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError, did_you_mean, shown
from privacysim.masklab.mask_base import Images, Mask, as_pictures, positive
from privacysim.masklab.timing import decoded

SETS = ("olivetti", "synthetic")
SIDE = 64
_WHERE = "name the folder with --data-home, or allow the download with --download"


@dataclass(frozen=True, slots=True)
class Faces:
    """Set of faces: grey uint8 images (n, h, w), the person of each (0 … people−1), and its number among theirs.

    `left_out`: images of the source that were not used, in words.
    """

    name: str
    images: NDArray[np.uint8]
    person: NDArray[np.int64]
    index: NDArray[np.int64]
    left_out: str = ""

    @property
    def people(self) -> int:
        """Number of people."""
        return int(self.person.max()) + 1


def load_faces(name: str, data_home: Path | None = None, download: bool = False) -> Faces:
    """Load a set of faces: `olivetti`, `synthetic`, or a folder with one subfolder of pictures per person.

    `data_home`: scikit-learn's data folder; `download`: whether `olivetti` may be downloaded if it is missing.
    """
    if name == "synthetic":
        return synthetic_faces()
    if name == "olivetti":
        home = Path(data_home or os.environ.get("SCIKIT_LEARN_DATA") or Path.home() / "scikit_learn_data")
        return _olivetti(home, download)
    if Path(name).is_dir():
        return _from_folder(Path(name))
    raise InputError("faces", "one of " + ", ".join(SETS) + ", or a folder of people", name, did_you_mean(name, SETS))


_PIXELS = 400 * SIDE * SIDE
"""Size of the Olivetti set: ten pictures of each of forty people, one byte per pixel."""


def _olivetti(home: Path, download: bool) -> Faces:
    """Read scikit-learn's file. It is a pickle, which could run code, so only the bytes of its array are read."""
    path = home / "olivetti_py3.pkz"
    if download and not path.is_file():
        from sklearn.datasets import fetch_olivetti_faces

        fetch_olivetti_faces(data_home=str(home))  # checks the digest of what it downloads
    try:
        content = zlib.decompressobj().decompress(path.read_bytes(), 2 * _PIXELS)
    except (OSError, zlib.error) as error:
        raise InputError("faces olivetti", "its data on this machine", shown(error), _WHERE) from None
    if not _PIXELS < len(content) < _PIXELS + 1_000 or content[-1:] != b".":
        raise InputError(str(path), "the 400 faces as scikit-learn keeps them", "another file", _WHERE)
    pixels = np.frombuffer(content[-_PIXELS - 1 : -1], np.uint8).astype(np.float32)
    pixels -= pixels.min()
    pixels /= max(pixels.max(), np.float32(1.0))
    images = np.rint(255.0 * pixels.reshape(400, SIDE, SIDE).transpose(0, 2, 1)).astype(np.uint8)
    return _arranged("olivetti", list(images), np.repeat(np.arange(40), 10))


def _from_folder(folder: Path) -> Faces:
    files = [file for one in sorted(folder.iterdir()) if one.is_dir() for file in sorted(one.iterdir())]
    read = [(file.parent.name, picture) for file in files
            if (picture := decoded(file, cv2.IMREAD_GRAYSCALE)) is not None]  # fmt: skip
    return _arranged(folder.name, [one for _, one in read], np.array([person for person, _ in read]))


def _arranged(name: str, images: list[NDArray[Any]], person: NDArray[Any]) -> Faces:
    """Resize to squares; keep the same number of images, 2 to 10, of each person who has as many.

    The number is the one that keeps most images, so a person with few images does not reduce those of all others.
    """
    own = [np.flatnonzero(person == p) for p in np.unique(person)]
    kept = {n: [one for one in own if len(one) >= n] for n in range(2, 11)}
    each = max(kept, key=lambda n: (len(kept[n]) >= 2, n * len(kept[n]), -n))
    if len(kept[each]) < 2:
        raise InputError(f"faces {name}", "at least two people with two images each", f"{len(kept[2])}",
                         "add pictures, those of each person in a folder of their own")  # fmt: skip
    square = [cv2.resize(images[i], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
              for one in kept[each] for i in one[:each]]  # fmt: skip
    people, rest = len(own) - len(kept[each]), len(images) - len(square)
    words = f"Left out: {rest} images, among them all of {people} people with fewer than {each}" if rest else ""
    return _numbered(name, square, len(kept[each]), each, words)


def _numbered(name: str, images: list[NDArray[np.uint8]], people: int, each: int, left_out: str = "") -> Faces:
    return Faces(name, np.stack(images), np.repeat(np.arange(people), each), np.tile(np.arange(each), people), left_out)


def synthetic_faces(people: int = 40, images: int = 10, seed: int = 7) -> Faces:
    """Generate drawn faces: `people` of them, `images` of each; person p does not depend on how many are requested."""
    drawn = [_draw(np.random.default_rng((seed, p)).normal(size=16), np.random.default_rng((seed, p, i)))
             for p in range(people) for i in range(images)]  # fmt: skip
    return _numbered("synthetic", drawn, people, images)


def _draw(p: NDArray[np.float64], draw: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one picture at 4 × the size and reduce it; `p`: the person, `draw`: this picture's pose, light and noise."""
    s = 4 * SIDE
    turn, tilt, smile, light = draw.normal(0, 0.035), draw.normal(0, 2.0), draw.normal(0, 0.25), draw.normal(0, 0.25)
    nod = draw.normal(0, 0.012)
    face = np.full((s, s), 60.0 + 10 * p[15])
    skin, hair = 165.0 + 22 * p[0], 70.0 + 30 * p[1]

    def at(x: float, y: float) -> tuple[int, int]:
        return round(s * (0.5 + x + turn * (1 - 2 * abs(x)))), round(s * (y + nod))

    def size(x: float, y: float) -> tuple[int, int]:
        return max(1, round(s * x)), max(1, round(s * y))

    cv2.ellipse(face, at(0, 0.45), size(0.47 + 0.03 * p[2], 0.5), 0, 0, 360, hair, -1)
    cv2.ellipse(face, at(0, 0.54), size(0.40 + 0.03 * p[2], 0.46 + 0.02 * p[3]), 0, 0, 360, skin, -1)
    cv2.ellipse(face, at(0, 0.10 + 0.02 * p[4]), size(0.42, 0.12 + 0.02 * p[4]), 0, 0, 360, hair, -1)
    apart, eyes = 0.19 + 0.015 * p[5], 0.42 + 0.012 * p[6]
    for side in (-1, 1):
        cv2.ellipse(face, at(side * apart, eyes), size(0.075 + 0.008 * p[7], 0.035 + 0.007 * p[8]), 0, 0, 360, 225, -1)
        cv2.circle(face, at(side * apart, eyes), size(0.03, 0)[0], 50.0 + 18 * p[9], -1)
        brow = at(side * apart, eyes - 0.085 - 0.008 * p[10])
        cv2.ellipse(face, brow, size(0.10, 0.02 + 0.006 * abs(p[11])), side * 6 * p[10], 0, 360, hair * 0.8, -1)
    nose = 0.62 + 0.015 * p[12]
    cv2.line(face, at(0.012, eyes), at(0.03, nose), skin * 0.82, size(0.018, 0)[0])
    cv2.ellipse(face, at(0, nose), size(0.055 + 0.01 * p[13], 0.022), 0, 0, 180, skin * 0.7, size(0.015, 0)[0])
    lips, wide = at(0, 0.77 + 0.012 * p[3] - 0.02 * smile), size(0.13 + 0.018 * p[14], abs(0.03 * smile) + 0.012)
    first = 0 if smile > 0 else 180
    cv2.ellipse(face, lips, wide, 0, first, first + 180, skin * 0.5, size(0.02, 0)[0])
    face *= 1.0 + light * np.linspace(-0.5, 0.5, s)[None, :]
    move = cv2.getRotationMatrix2D((s / 2, s / 2), tilt, 1.0)
    face = cv2.warpAffine(face, move, (s, s), borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA) + draw.normal(0, 3.0, (SIDE, SIDE))
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


class Camera(Mask):
    """Camera that records faces at a distance: a random transformer, drawn anew for each image.

    `px`: pixels across the face. Standard deviations: `shift`, `scale` of the detector's box in shares of the face's
    width, `rotation` in degrees, `noise` in grey levels. `jpeg`: quality, 0 = uncompressed. The defaults are the lab's
    `cctv` conditions; with all of them 0 only distance remains (`clean`). The image keeps its size.

    >>> Camera(px=4, random_state=0).apply(np.full((1, 64, 64), 128, np.uint8)).shape
    (1, 64, 64)
    """

    legal = "none"
    random = True

    def __init__(self, px: float = 64.0, shift: float = 0.05, scale: float = 0.05, rotation: float = 3.0,
                 noise: float = 10.0, jpeg: int = 50, random_state: Any = None) -> None:  # fmt: skip
        self.px, self.shift, self.scale, self.rotation = px, shift, scale, rotation
        self.noise, self.jpeg, self.random_state = noise, jpeg, random_state

    def cells(self, face_px: float) -> float:
        """Pixels across the face."""
        return min(face_px, self.px)

    @property
    def moves(self) -> bool:
        """Whether the camera misaligns the face."""
        return bool(self.shift or self.scale or self.rotation)

    def masked(self, images: Images) -> Images:
        """Record images."""
        draw = np.random.default_rng(self.random_state)
        return np.stack([self._recorded(image, draw) for image in as_pictures(images)]) if len(images) else images

    def _recorded(self, image: Images, draw: np.random.Generator) -> Images:
        h, w = image.shape[:2]
        if self.moves:
            turn, grow = draw.normal(0.0, self.rotation), float(np.exp(draw.normal(0.0, self.scale)))
            centre = ((w - 1) / 2, (h - 1) / 2)
            move = np.array(cv2.getRotationMatrix2D(centre, turn, grow), dtype=np.float64)
            move[:, 2] = move[:, 2] + draw.normal(0.0, self.shift * w, 2)
            image = cv2.warpAffine(image, move, (w, h), borderMode=cv2.BORDER_REPLICATE)
        across = max(1, min(w, round(positive("px", self.px))))
        small = (across, max(1, round(across * h / w)))
        if small != (w, h):
            image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        if self.noise:
            image = np.clip(np.rint(image + draw.normal(0.0, self.noise, image.shape)), 0, 255).astype(np.uint8)
        if self.jpeg:
            _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(self.jpeg)])
            image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_UNCHANGED))
        if small != (w, h):
            image = cv2.resize(image, (w, h), interpolation=cv2.INTER_NEAREST)
        return image


def clean(px: float = 64.0) -> Camera:
    """Camera that only reduces pixels: aligned, no noise, no compression."""
    return Camera(px=px, shift=0.0, scale=0.0, rotation=0.0, noise=0.0, jpeg=0)
