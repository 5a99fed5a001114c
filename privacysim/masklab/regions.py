"""Applies masks to the boxes of people in a frame, in place, at a strength relative to the face in each box."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.masklab.mask_base import positive, rounded
from privacysim.masklab.mask_names import as_mask
from privacysim.masklab.masks import BlackBox, Blur, Clear, EyesBar, KSame, MeanFace, Pixelate, Silhouette, mosaic
from privacysim.masklab.people_detector import Box, Frame, largest_channel
from privacysim.masklab.random_masks import DPPixelate, Scramble, ciphered


def face_px(box: Box) -> float:
    """Pixels across the face of an upright person in that box: its height × face width / body height.

    >>> round(face_px((0, 0, 40, 170)), 1)
    16.0
    """
    return (box[3] - box[1]) * facts().value("face_width_m") / facts().value("person_height_m")


class Painter:
    """Masks regions of frames in place. `background`: what silhouettes are painted on (None: plain grey).

    `faces`: the boxes are faces, not people, so their width is the face's width. A mask of your own is applied to
    squares as wide as the face, side by side over the whole region.
    """

    def __init__(self, mask: Any, background: Frame | None = None, faces: bool = False, seed: int = 0) -> None:
        mask = as_mask(mask)
        if isinstance(mask, (KSame, MeanFace, EyesBar)):
            raise InputError("mask", "a mask that needs no crowd of aligned faces, for video", mask.name,
                             "write box, pixelate, blur, silhouette, dp_pixelate, scramble or a mask of your own")
        self.mask, self.background, self.faces = mask, background, faces
        self.draw = np.random.default_rng(seed)
        self.track_noise: dict[int, NDArray[np.float64]] = {}
        if isinstance(mask, Scramble):
            mask.apply(np.zeros((1, 1, 1), np.uint8))  # checks the key, or draws one

    def paint(self, frame: Frame, regions: list[tuple[int, Box]], number: int = 0) -> Frame:
        """Mask each (track, box) of a frame and return it; `number` is the frame's, for the cipher's nonce."""
        for order, (track, (left, top, right, bottom)) in enumerate(regions):
            part = frame[top:bottom, left:right]
            if part.size:
                face = float(right - left) if self.faces else face_px((left, top, right, bottom))
                self._one(part, max(face, 1.0), track, number, order, (left, top))
        return frame

    def _one(self, part: Frame, face: float, track: int, number: int, order: int, corner: tuple[int, int]) -> None:
        mask = self.mask
        if isinstance(mask, DPPixelate):
            part[:] = self._noisy(part, face, track, mask)
        elif isinstance(mask, Pixelate):
            part[:] = mosaic(part, _cells(part, face / positive("cells_across", mask.cells_across)))
        elif isinstance(mask, Blur):
            part[:] = mask.blurred(part, face)
        elif isinstance(mask, BlackBox):
            part[:] = 0
        elif isinstance(mask, Silhouette):
            self._outline(part, corner)
        elif isinstance(mask, Scramble):
            part[:] = ciphered(part, mask.key_, _told(number, order))
        elif not isinstance(mask, Clear):
            self._tiled(part, max(1, round(face)))

    def _tiled(self, part: Frame, side: int) -> None:
        """Apply your own mask to squares of `side` px; border pixels fill what is missing at the edges."""
        h, w = part.shape[:2]
        down, across = -(-h // side), -(-w // side)
        whole = np.asarray(cv2.copyMakeBorder(part, 0, down * side - h, 0, across * side - w, cv2.BORDER_REPLICATE))
        tiles = whole.reshape(down, side, across, side, -1).swapaxes(1, 2)
        masked = self.mask.apply(tiles.reshape(-1, side, side, tiles.shape[-1])).reshape(tiles.shape)
        part[:] = masked.swapaxes(1, 2).reshape(whole.shape)[:h, :w]

    def _noisy(self, part: Frame, face: float, track: int, mask: DPPixelate) -> Frame:
        size = _cells(part, face / positive("cells_across", mask.cells_across))
        means = cv2.resize(part, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], -1)
        noise = self.track_noise.get(track) if mask.noise == "track" else None
        if noise is None or noise.shape != means.shape:
            # when a track's box changes by a cell, the new cells are drawn, and paid for, once more
            noise = self.track_noise[track] = self.draw.laplace(0.0, mask.scale(face), means.shape)
        made = cv2.resize(rounded(means + noise, part), part.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        return np.asarray(made.reshape(part.shape), dtype=np.uint8)

    def _outline(self, part: Frame, corner: tuple[int, int], threshold: int = 18) -> None:
        """Draw the person's outline on the background of that place; no pixel of the person is kept."""
        if self.background is None:
            part[:] = 128
            return
        left, top = corner
        behind = self.background[top : top + part.shape[0], left : left + part.shape[1]]
        blob = cv2.threshold(largest_channel(cv2.absdiff(part, behind)), threshold, 1, cv2.THRESH_BINARY)[1]
        blob = cv2.dilate(cv2.morphologyEx(blob, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.ones((5, 5), np.uint8))
        part[:] = behind
        part[blob > 0] = 128


def _cells(part: NDArray[Any], side: float) -> tuple[int, int]:
    return max(1, round(part.shape[1] / max(side, 1.0))), max(1, round(part.shape[0] / max(side, 1.0)))


def _told(number: int, order: int) -> bytes:
    """Input of the cipher's nonce: the frame, and the order of the region in it."""
    return number.to_bytes(8, "big") + order.to_bytes(4, "big")


def restored(frame: Frame, boxes: list[Box], key: bytes, number: int) -> Frame:
    """Decrypt a frame; takes the regions in reverse order, because where two overlap the later one was applied last."""
    for order in reversed(range(len(boxes))):
        left, top, right, bottom = boxes[order]
        frame[top:bottom, left:right] = ciphered(frame[top:bottom, left:right], key, _told(number, order))
    return frame
