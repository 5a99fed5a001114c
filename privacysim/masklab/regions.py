"""Masks on the boxes of people in a frame: fast, in place, and relative to the size of the face in that box."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import cv2
import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.masklab.crowd_masks import Silhouette
from privacysim.masklab.masks import BlackBox, Blur, Clear, Mask, Pixelate, positive
from privacysim.masklab.people_detector import Box, Frame, largest_channel
from privacysim.masklab.random_masks import DPPixelate, Scramble

VIDEO_MASKS = (Clear, Pixelate, Blur, BlackBox, Silhouette, DPPixelate, Scramble)


def face_px(box: Box) -> float:
    """Pixels across the face of an upright person whose box that is: its height × face width / body height.

    >>> round(face_px((0, 0, 40, 170)), 1)
    16.0
    """
    return (box[3] - box[1]) * facts().value("face_width_m") / facts().value("person_height_m")


class Painter:
    """Masks regions of frames in place. `background`: what silhouettes are painted on (None: plain grey).

    `faces`: the boxes are faces, not people, so that their width is the face's width.
    """

    def __init__(self, mask: Mask, background: Frame | None = None, faces: bool = False, seed: int = 0) -> None:
        if not isinstance(mask, VIDEO_MASKS):
            raise InputError(
                "mask",
                "a mask that needs no crowd of faces, for video",
                type(mask).__name__.lower(),
                "write box, pixelate, blur, silhouette, dp_pixelate or scramble",
            )
        self.mask, self.background, self.faces = mask, background, faces
        self.draw = np.random.default_rng(seed)
        self.track_noise: dict[int, NDArray[np.float64]] = {}
        if isinstance(mask, Scramble):
            mask.apply(np.zeros((1, 1, 1), np.uint8))  # checks the key, or draws one

    def paint(self, frame: Frame, regions: list[tuple[int, Box]], number: int = 0) -> Frame:
        """Mask each (track, box) of a frame; `number` is the frame's, for the cipher's nonce. Returns the frame."""
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
            part[:] = mosaic(part, face / positive("cells_across", mask.cells_across))
        elif isinstance(mask, Blur):
            part[:] = mask.blurred(part, face)
        elif isinstance(mask, BlackBox):
            part[:] = 0
        elif isinstance(mask, Silhouette):
            self._outline(part, corner)
        elif isinstance(mask, Scramble):
            part[:] = ciphered(part, mask.key_, number, order)

    def _noisy(self, part: Frame, face: float, track: int, mask: DPPixelate) -> Frame:
        side = face / positive("cells_across", mask.cells_across)
        size = _cells(part, side)
        means = cv2.resize(part, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], -1)
        scale = 255.0 * positive("m", mask.m) / (max(side, 1.0) ** 2 * positive("epsilon", mask.epsilon))
        noise = self.track_noise.get(track) if mask.noise == "track" else None
        if noise is None or noise.shape != means.shape:
            # a track's box changes by a cell now and then: its new cells are drawn, and paid for, once more
            noise = self.track_noise[track] = self.draw.laplace(0.0, scale, means.shape)
        noisy = np.clip(np.rint(means + noise), 0, 255).astype(np.uint8)
        made = cv2.resize(noisy, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST)
        return np.asarray(made.reshape(part.shape), dtype=np.uint8)

    def _outline(self, part: Frame, corner: tuple[int, int], threshold: int = 18) -> None:
        """The background of that place with the person's outline on it: no pixel of the person is kept."""
        if self.background is None:
            part[:] = 128
            return
        left, top = corner
        behind = self.background[top : top + part.shape[0], left : left + part.shape[1]]
        blob = cv2.threshold(largest_channel(cv2.absdiff(part, behind)), threshold, 1, cv2.THRESH_BINARY)[1]
        blob = cv2.dilate(cv2.morphologyEx(blob, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.ones((5, 5), np.uint8))
        part[:] = behind
        part[blob > 0] = 128


def mosaic(part: Frame, side: float) -> Frame:
    """Mosaic of cells `side` px wide."""
    small = cv2.resize(part, _cells(part, side), interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.resize(small, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST), dtype=np.uint8
    )


def _cells(part: NDArray[Any], side: float) -> tuple[int, int]:
    return max(1, round(part.shape[1] / max(side, 1.0))), max(1, round(part.shape[0] / max(side, 1.0)))


def ciphered(part: Frame, key: bytes, number: int, order: int) -> Frame:
    """A region under AES-256 in counter mode, nonce from (frame, order of the region); the same call undoes it."""
    nonce = blake2b(number.to_bytes(8, "big") + order.to_bytes(4, "big"), key=key, digest_size=16).digest()
    cipher = Cipher(algorithms.AES(key), modes.CTR(nonce)).encryptor()
    return np.frombuffer(cipher.update(part.tobytes()), dtype=np.uint8).reshape(part.shape)


def restored(frame: Frame, boxes: list[Box], key: bytes, number: int) -> Frame:
    """Undo the cipher on a frame: the regions in the reverse order, since where two overlap the later one came last."""
    for order in reversed(range(len(boxes))):
        left, top, right, bottom = boxes[order]
        frame[top:bottom, left:right] = ciphered(
            np.ascontiguousarray(frame[top:bottom, left:right]), key, number, order
        )
    return frame
