"""Attacker with a pretrained face embedding, a network that learnt to tell other people's faces apart.

It needs no training on masks. It enrols pictures behind the same mask and camera, and names the person whose mean
descriptor is nearest. It is optional, because the network is not part of this package: install dlib (`pip install
dlib-bin`) and name the file of weights `dlib_face_recognition_resnet_model_v1.dat` from the package
face_recognition_models (public domain). Nothing is downloaded here. Limit: the set's faces are cropped tightly and
equally, so one transformation moves all pictures to the network's pattern; a network does better if the eyes are
located in each picture.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from privacysim.errors import InputError
from privacysim.files import write_whole
from privacysim.masklab.evaluate import Job, Outcome, _folds, _seeded
from privacysim.masklab.face_attacks import Rows, attacked
from privacysim.masklab.faces import Camera, Faces, clean
from privacysim.masklab.mask_base import Images
from privacysim.masklab.masks import as_mask

Describe = Callable[[Images], Rows]
"""Descriptors (n, numbers) of grey images (n, h, w); near for pictures of one person."""
JOBS = (("none", 64.0, False), ("none", 16.0, True), ("none", 8.0, True),
        *((mask, 64.0, False) for mask in ("pixelate:16", "pixelate:8", "blur:0.25", "eyes", "box")))  # fmt: skip
"""Masks, pixels and whether the camera degrades the picture."""
_CHIP, _SCALE, _LEFT, _TOP = 150, 1.777 * 64, 17.0, 16.3
"""Side of the network's pattern in px, and where the crop lies in it: eyes, nose as the network expects them."""


def dlib_network(weights: Path) -> Describe:
    """Descriptors of dlib's network of 128 numbers, whose weights are in that file.

    Raises InputError if dlib is not installed, or the file is missing or of another kind.
    """
    try:
        dlib = import_module("dlib")
    except ImportError:
        raise InputError("attacker", "the package dlib", "it is not installed", "pip install dlib-bin") from None
    if not weights.is_file():
        raise InputError("attacker", "a file of weights for dlib", weights,
                         "name the .dat file that the package face_recognition_models holds")  # fmt: skip
    try:
        network = dlib.face_recognition_model_v1(str(weights))
    except RuntimeError as error:
        raise InputError("attacker", "weights of dlib's face recognition network", error,
                         "name another file") from None  # fmt: skip

    def describe(images: Images) -> Rows:
        move = np.array([[_SCALE / images.shape[2], 0.0, _LEFT], [0.0, _SCALE / images.shape[1], _TOP]])
        chips = (cv2.warpAffine(image, move, (_CHIP, _CHIP), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
                 for image in images)  # fmt: skip
        found = [network.compute_face_descriptor(cv2.cvtColor(chip, cv2.COLOR_GRAY2RGB)) for chip in chips]
        return np.asarray(found, dtype=np.float32)

    return describe


def recognised(faces: Faces, mask: str, camera: Camera | None, describe: Describe) -> Outcome:
    """Scores of the attacker who enrols all other images of each person behind this mask; as `evaluate`, by folds."""
    seeded, moved = _seeded(as_mask(mask), camera, 0)
    rows = describe(attacked(faces.images, faces.index, seeded, moved)).astype(np.float64)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    scores = np.empty((len(faces.person), faces.people))
    for fold in _folds(faces):
        test = np.isin(faces.index, fold)
        enrolled = [rows[~test & (faces.person == person)].mean(axis=0) for person in range(faces.people)]
        scores[test] = rows[test] @ np.array(enrolled).T
    return Outcome(scores, faces.person, "embedding")


def measure_embedding(faces: Faces, describe: Describe, attacker: str, out: Path,
                      jobs: tuple[tuple[str, float, bool], ...] = JOBS) -> pd.DataFrame:
    """Measure the attacker on all jobs, and write `embedding.csv` into the folder `out`: one row per job."""
    table = pd.DataFrame(_rows(faces, describe, attacker, jobs))
    write_whole(out / "embedding.csv", table.to_csv(index=False, lineterminator="\n", float_format="%.4f"))
    return table


def _rows(faces: Faces, describe: Describe, attacker: str, jobs: tuple[tuple[str, float, bool], ...]
          ) -> Iterator[dict[str, object]]:  # fmt: skip
    for mask, px, cctv in jobs:
        camera = Camera(px=px) if cctv else clean(px) if px < 64 else None
        found = recognised(faces, mask, camera, describe)
        low, high = found.interval()
        yield {"mask": mask, "px": f"{px:g}", "camera": Job(mask, px, cctv).camera, "rank1": found.top(), "low": low,
               "high": high, "rank5": found.top(5), "people": found.people, "images_per_person": 8,
               "attacker": attacker, "faces": faces.name}  # fmt: skip
