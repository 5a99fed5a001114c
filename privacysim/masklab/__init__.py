"""Mask laboratory: masks, attacks on masked faces, masking of videos, and the strength that policies assume."""

# ruff: noqa: E402
import os

from privacysim.errors import require

os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))  # a picture of 400 kB could fill 3 GB
require("masks", "cv2", "cryptography", "sklearn", where="the masking lab")

from privacysim.masklab.calibrate_masks import Measured, calibrate, measure
from privacysim.masklab.evaluate import evaluate
from privacysim.masklab.faces import load_faces, synthetic_faces
from privacysim.masklab.mask_base import Mask
from privacysim.masklab.masks import as_mask, mask_named

__all__ = ["Mask", "Measured", "as_mask", "calibrate", "evaluate", "load_faces", "mask_named", "measure",
           "synthetic_faces"]
