"""A mask that its key undoes: a cipher over the bytes of a picture."""

from __future__ import annotations

import os
import warnings
from hashlib import blake2b
from typing import Any, ClassVar

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from privacysim.errors import InputError
from privacysim.masklab.mask_base import Images, Mask, as_pictures


class Scramble(Mask):
    """Cipher over the picture's bytes: AES-256 in counter mode, one nonce per frame; the key undoes it.

    The nonce is a keyed hash of the frame's number, counted from 0 in each call of `transform`, so `inverse_transform`
    with the same key restores pictures kept without loss. `nonce="fixed"` demonstrates the mistake of one nonce for all
    frames, and warns: an attacker with examples recognises people as if the frames were clear (measured), and two
    frames undo it. Reversible: the result remains personal information (PIPL, art. 73(3)) for anybody with the key.
    """

    legal: ClassVar[str] = "reversible"
    random: ClassVar[bool] = True

    def __init__(self, key: bytes | None = None, nonce: str = "frame") -> None:
        self.key, self.nonce = key, nonce

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
        first = getattr(self, "next_frame_", 0)
        self.next_frame_ = first + len(images)
        return self._encrypted(images, first)

    def _checked_key(self) -> bytes:
        if self.nonce not in ("frame", "fixed"):
            raise InputError("nonce", "frame or fixed", self.nonce, "write frame")
        if self.nonce == "fixed":
            warnings.warn("Scramble with a fixed nonce adds the same bytes to every frame: it hides nothing from "
                          "an attacker who has examples; use nonce='frame'", UserWarning, stacklevel=3)  # fmt: skip
        key = os.urandom(32) if self.key is None else self.key
        if not isinstance(key, bytes) or len(key) != 32:
            raise InputError("key", "32 bytes", f"{type(key).__name__} of length {len(key)}", "give 32 random bytes")
        return key

    def masked(self, images: Images) -> Images:
        """Encrypt images; the first is frame 0."""
        return self._encrypted(images, 0)

    def _encrypted(self, images: Images, first: int) -> Images:
        pictures, fixed = as_pictures(images), self.nonce == "fixed"
        made = [ciphered(picture, self.key_, b"fixed" if fixed else number.to_bytes(8, "big", signed=True))
                for number, picture in enumerate(pictures, first)]  # fmt: skip
        return np.stack(made) if made else pictures


def ciphered(picture: Images, key: bytes, told: bytes) -> Images:
    """Encrypt or decrypt a picture with AES-256 in counter mode; the nonce is a keyed hash of `told`."""
    nonce = blake2b(told, key=key, digest_size=16).digest()
    cipher = Cipher(algorithms.AES(key), modes.CTR(nonce)).encryptor()
    return np.frombuffer(cipher.update(picture.tobytes()), dtype=np.uint8).reshape(picture.shape)
