"""What the lab measures: each mask, at each distance, against each level of attack, as a list of jobs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from privacysim.masklab.evaluate import Outcome, evaluate, open_set
from privacysim.masklab.face_cameras import Camera, clean
from privacysim.masklab.faces import Faces
from privacysim.masklab.mask_names import mask_named

CCTV_PX = (64, 32, 16, 12, 8, 6, 4, 3, 2)
CLEAN_PX = (64, 16, 8, 6, 4, 3, 2)
MASKS = (
    "blur:0.0625",
    "blur:0.125",
    "blur:0.25",
    "blur:0.5",
    "gaussian:0.125",
    "gaussian:0.25",
    "gaussian:0.5",
    "eyes",
    "box:-0.12",
    "box",
    "silhouette",
    "ksame:2",
    "ksame:5",
    "ksame:10",
    "ksame_misused:2",
    "ksame_misused:5",
    "ksame_misused:10",
    "dp_pixelate:4:0.1",
    "dp_pixelate:4:0.5",
    "dp_pixelate:4:1",
    "dp_pixelate:4:5",
    "dp_pixelate:16:0.5",
    "dp_pixelate:16:5",
    "scramble",
    "scramble_fixed",
)
IMAGES = (1, 2, 4)
OPEN_SET = (("none", 64.0), ("none", 8.0), ("none", 4.0), ("blur:0.25", 64.0), ("eyes", 64.0), ("box", 64.0))
"""Open-set jobs, by mask and pixels of a clean camera; clear faces before the CCTV camera come on top."""


@dataclass(frozen=True, slots=True)
class Job:
    """One configuration: a mask, at a distance, against one level."""

    mask: str
    px: float
    cctv: bool
    level: str = "trained"
    images: int = 8
    frames: int = 1

    @property
    def cost(self) -> int:
        """For the order: the costly ones first."""
        return (self.level == "trained") * 4 + self.frames + (self.images == 8)

    def run(self, faces: Faces) -> Outcome:
        """Attack the faces."""
        camera = Camera(px=self.px) if self.cctv else clean(self.px) if self.px < 64 else None
        mask = mask_named(self.mask)
        with warnings.catch_warnings():  # that a fixed nonce hides nothing is what is measured here
            warnings.filterwarnings("ignore", message="Scramble with a fixed nonce")
            if self.level == "open_set":
                return open_set(faces, mask, camera)
            return evaluate(faces, mask, camera, level=self.level, images=self.images, frames=self.frames)


def grid(small: bool = False) -> list[Job]:
    """All jobs; `small`: what shows the machinery in a minute (synthetic faces, tests)."""
    if small:
        sizes = [Job("none", px, True) for px in (32.0, 8.0, 4.0)] + [Job("none", px, False) for px in (64.0, 4.0, 2.0)]
        names = ["box", "blur:0.25", "dp_pixelate:4:0.5"]
        return [
            *sizes,
            *(Job(name, 64.0, False) for name in names),
            *(Job(name, 64.0, False, "naive") for name in names),
            Job("none", 4.0, False, "naive"),
            Job("none", 16.0, True, images=2),
            Job("none", 64.0, False, "open_set"),
        ]
    jobs = [Job("none", float(px), True) for px in CCTV_PX] + [Job("none", float(px), False) for px in CLEAN_PX]
    jobs += [Job("none", job.px, job.cctv, "naive") for job in jobs]
    for name in MASKS:
        jobs += [Job(name, 64.0, False, level) for level in ("trained", "parrot", "naive")]
        if name.startswith("dp_pixelate"):
            jobs += [Job(name, 64.0, False, "averaged", frames=t) for t in (1, 10, 100)]
    jobs += [Job("none", px, cctv, images=n) for n in IMAGES for px, cctv in ((64.0, False), (16.0, True), (8.0, True))]
    jobs += [Job(name, px, False, "open_set") for name, px in OPEN_SET]
    return [*jobs, *(Job("none", px, True, "open_set") for px in (16.0, 8.0))]
