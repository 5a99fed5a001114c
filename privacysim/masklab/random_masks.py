"""Masks with random draws: differentially private mosaic, and a cipher. Their guarantees hold only per frame."""

from __future__ import annotations

import os
import warnings
from hashlib import blake2b
from typing import Any, ClassVar

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from privacysim.errors import InputError
from privacysim.masklab.mask_base import Images, Mask, as_pictures, positive, rounded
from privacysim.masklab.masks import Pixelate


class DPPixelate(Mask):
    """DP-Pix (Fan 2018, hal-01954420): mean of each cell plus Laplace noise of scale 255·m/(b²·ε).

    b is the cell's side in pixels of the original face; m is how many pixels two neighbouring pictures may differ in.
    The guarantee covers those m pixels, not a person. `noise="frame"` draws anew for each image, so a track of T frames
    spends T·ε (averaging T frames reduces the noise by √T: measured). `noise="track"` draws once for all images of a
    call, so the track spends ε once.
    """

    random: ClassVar[bool] = True

    def __init__(self, cells_across: float = 8.0, epsilon: float = 0.5, m: int = 16, noise: str = "frame",
                 random_state: Any = None) -> None:  # fmt: skip
        self.cells_across, self.epsilon, self.m, self.noise = cells_across, epsilon, m, noise
        self.random_state = random_state

    @property
    def name(self) -> str:
        """`dp_pixelate:CELLS:EPSILON`."""
        return f"dp_pixelate:{self.cells_across:g}:{self.epsilon:g}"

    def cells(self, face_px: float) -> float:
        """Not computable: measured as fewer than the plain mosaic's."""
        return Mask.cells(self, face_px)

    def scale(self, width_px: float) -> float:
        """Scale of the Laplace noise, in grey levels, on a face `width_px` wide.

        >>> DPPixelate(4, epsilon=0.5).scale(64)
        31.875
        """
        side = max(1.0, width_px / positive("cells_across", self.cells_across))
        return 255.0 * positive("m", self.m) / (side**2 * positive("epsilon", self.epsilon))

    def epsilon_of_track(self, frames: int) -> float:
        """ε spent by a track of that many frames (basic composition).

        >>> [DPPixelate(4, epsilon=0.5, noise=noise).epsilon_of_track(100) for noise in ("frame", "track")]
        [50.0, 0.5]
        """
        return float(self.epsilon) * (frames if self.noise == "frame" else min(frames, 1))

    def expected(self, images: Images) -> Images:
        """Mean of many masked frames of each image, as an attacker estimates it."""
        return Pixelate(self.cells_across).apply(images)

    def masked(self, images: Images) -> Images:
        """Mask images."""
        if self.noise not in ("frame", "track"):
            raise InputError("noise", "frame or track", self.noise, "write frame or track")
        clear = Pixelate(self.cells_across).apply(images)
        h, w = images.shape[1:3]
        across, down = max(1, min(w, round(self.cells_across))), max(1, min(h, round(self.cells_across * h / w)))
        draw = np.random.default_rng(self.random_state)
        one = (len(images) if self.noise == "frame" else 1, down, across, *images.shape[3:])
        noise = draw.laplace(0.0, self.scale(w), size=one)
        # the cell of each pixel, by the same rule as nearest-neighbour enlargement
        rows, columns = np.arange(h) * down // h, np.arange(w) * across // w
        return rounded(clear + noise[:, rows][:, :, columns], images)


class Scramble(Mask):
    """Cipher over the picture's bytes: AES-256 in counter mode, one nonce per frame; the key undoes it.

    Frame i of a call is frame `first_frame` + i, and its nonce is a keyed hash of that number. `inverse_transform` with
    the same key and number therefore restores the picture. `nonce="fixed"` uses one nonce for all frames to demonstrate
    the mistake, and warns: the same bytes are added to every frame, an attacker with examples recognises people as if
    the frames were clear (measured), and two frames together undo it. The codec must be lossless, or nothing can be
    undone. Reversible: the result stays personal information (PIPL, art. 73(3)) for whoever has the key.
    """

    legal: ClassVar[str] = "reversible"
    random: ClassVar[bool] = True

    def __init__(self, key: bytes | None = None, nonce: str = "frame", first_frame: int = 0) -> None:
        self.key, self.nonce, self.first_frame = key, nonce, first_frame

    @property
    def name(self) -> str:
        """`scramble`, or `scramble_fixed` with one nonce for all."""
        return "scramble" if self.nonce == "frame" else "scramble_fixed"

    def fit(self, X: Images, y: Any = None) -> Scramble:
        """Check the images and the key; without one, draws `key_` from the system's random source."""
        super().fit(X, y)
        self.key_ = self._checked_key()
        return self

    def inverse_transform(self, X: Images) -> Images:
        """Decrypt images; counter mode adds the same bytes once more."""
        return self.transform(X)

    def apply(self, images: Images) -> Images:
        """Encrypt images without fitting first; frame numbers continue, so that no nonce repeats."""
        if not hasattr(self, "key_"):
            self.key_ = self._checked_key()
        first = getattr(self, "next_frame_", self.first_frame)
        self.next_frame_ = first + len(images)
        return self._encrypted(images, first)

    def _checked_key(self) -> bytes:
        if self.nonce not in ("frame", "fixed"):
            raise InputError("nonce", "frame or fixed", self.nonce, "write frame")
        if self.nonce == "fixed":
            warnings.warn("Scramble with a fixed nonce adds the same bytes to every frame: it hides nothing from "
                          "an attacker who has examples; use nonce='frame'", UserWarning, stacklevel=3)  # fmt: skip
        if self.key is None:
            return os.urandom(32)
        if not isinstance(self.key, bytes) or len(self.key) != 32:
            got = f"{type(self.key).__name__} of length {len(self.key)}"
            raise InputError("key", "32 bytes", got, "give 32 random bytes")
        return self.key

    def masked(self, images: Images) -> Images:
        """Encrypt images from `first_frame` on."""
        return self._encrypted(images, self.first_frame)

    def _encrypted(self, images: Images, first: int) -> Images:
        pictures = as_pictures(images)
        if not len(pictures):
            return pictures
        return np.stack([self._frame(picture, first + i) for i, picture in enumerate(pictures)])

    def _frame(self, picture: Images, number: int) -> Images:
        told = b"fixed" if self.nonce == "fixed" else number.to_bytes(8, "big", signed=True)
        return ciphered(picture, self.key_, told)


def ciphered(picture: Images, key: bytes, told: bytes) -> Images:
    """Encrypt or decrypt a picture with AES-256 in counter mode; the nonce is a keyed hash of `told`."""
    nonce = blake2b(told, key=key, digest_size=16).digest()
    cipher = Cipher(algorithms.AES(key), modes.CTR(nonce)).encryptor()
    return np.frombuffer(cipher.update(picture.tobytes()), dtype=np.uint8).reshape(picture.shape)


def averaged(mask: Mask, images: Images, frames: int) -> Images:
    """Mean of `frames` independently masked copies of each image, as an attacker computes it from a track."""
    total = np.zeros(np.asarray(images).shape, dtype=np.float64)
    for _ in range(frames):
        total += mask.apply(images)
    return rounded(total / frames, np.asarray(images))
