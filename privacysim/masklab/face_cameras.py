"""What a camera does to a face before any mask: distance, misalignment, rotation, noise, compression."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from privacysim.masklab.images import Images, as_pictures
from privacysim.masklab.masks import Mask, positive


class Camera(Mask):
    """Faces as a camera at that distance records them: a random transformer, drawn anew for each image.

    Parameters: `px` pixels across the face; `shift` and `scale` (standard deviations, shares of the face's width) of
    the box that a face detector draws; `rotation` (standard deviation, degrees); `noise` (standard deviation, grey
    levels, of the sensor); `jpeg` quality, 0 = uncompressed. The defaults are the lab's `cctv` conditions; with all of
    them 0 only the distance is left (`clean`). The image keeps the size of the input, so that masks after it see the
    same width: pixels are blown up to blocks.

    >>> Camera(px=4, random_state=0).apply(np.full((1, 64, 64), 128, np.uint8)).shape
    (1, 64, 64)
    """

    legal = "none"
    random = True

    def __init__(
        self,
        px: float = 64.0,
        shift: float = 0.05,
        scale: float = 0.05,
        rotation: float = 3.0,
        noise: float = 10.0,
        jpeg: int = 50,
        random_state: Any = None,
    ) -> None:
        self.px, self.shift, self.scale, self.rotation = px, shift, scale, rotation
        self.noise, self.jpeg, self.random_state = noise, jpeg, random_state

    def cells(self, face_px: float) -> float:
        """Pixels across the face."""
        return min(face_px, self.px)

    @property
    def moves(self) -> bool:
        """Whether the face is misaligned at all."""
        return bool(self.shift or self.scale or self.rotation)

    def _mask(self, images: Images) -> Images:
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
    """A camera that only has fewer pixels: aligned, no noise, no compression."""
    return Camera(px=px, shift=0.0, scale=0.0, rotation=0.0, noise=0.0, jpeg=0)


def shifted(images: Images, dx: float, dy: float, mirrored: bool = False) -> Images:
    """Images moved by shares of their width, mirrored or not: what an attacker adds to too few examples."""
    h, w = images.shape[1:3]
    move = np.array([[1.0, 0.0, dx * w], [0.0, 1.0, dy * w]])
    source = images[:, :, ::-1] if mirrored else images
    return np.stack(
        [
            cv2.warpAffine(np.ascontiguousarray(image), move, (w, h), borderMode=cv2.BORDER_REPLICATE).reshape(
                image.shape
            )
            for image in source
        ]
    )
