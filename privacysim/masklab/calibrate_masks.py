"""Measures the whole lab, or one mask of your own, on a set of faces (`privacysim calibrate masks`).

The measurement is a list of jobs. The cache stores their scores under hashes of what they depend on: the faces, the
job with its mask, and the lab's code. An interrupted run therefore resumes where it stopped, and changed code runs
anew. Jobs run in processes, the costly ones first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from privacysim.errors import InputError
from privacysim.files import whole_file
from privacysim.identify import mask_text
from privacysim.masklab.evaluate import Job, Outcome
from privacysim.masklab.faces import Faces
from privacysim.masklab.fitted_curve import fit_surface
from privacysim.masklab.lab_results import equivalents, strongest_of, surface, table_row, write_results
from privacysim.masklab.mask_names import as_mask
from privacysim.parts import digest, from_bytes, shipped_bytes
from privacysim.resources import cache_folder

CCTV_PX = (64, 32, 16, 12, 8, 6, 4, 3, 2)
CLEAN_PX = (64, 16, 8, 6, 4, 3, 2)
MASKS = (
    *(f"blur:{sigma}" for sigma in (0.0625, 0.125, 0.25, 0.5)), *(f"gaussian:{sigma}" for sigma in (0.125, 0.25, 0.5)),
    "eyes", "box:-0.12", "box", "silhouette", *(f"ksame:{k}" for k in (2, 5, 10)),
    *(f"ksame_misused:{k}" for k in (2, 5, 10)), *(f"dp_pixelate:4:{epsilon:g}" for epsilon in (0.1, 0.5, 1, 5)),
    "dp_pixelate:16:0.5", "dp_pixelate:16:5", "scramble", "scramble_fixed",
)  # fmt: skip
IMAGES = (1, 2, 4)
OPEN_SET = (("none", 64.0), ("none", 8.0), ("none", 4.0), ("blur:0.25", 64.0), ("eyes", 64.0), ("box", 64.0))
"""Open-set jobs, by mask and pixels of a clean camera; clear faces recorded by the CCTV camera are added."""
OWN_PX = (64.0, 16.0, 8.0)
"""Face widths (px) at which a mask of your own is measured."""
_THREE = ("trained", "parrot", "naive")
Progress = Callable[[int, int, str], None]
"""Called with the number of jobs done, the number of all jobs, and the name of the last one."""


def grid(small: bool = False) -> list[Job]:
    """List all jobs; `small` gives a set that runs in a minute (synthetic faces, tests)."""
    if small:
        sizes = [Job("none", px, cctv) for cctv, widths in ((True, (32.0, 8.0, 4.0)), (False, (64.0, 4.0, 2.0)))
                 for px in widths]  # fmt: skip
        masks = [Job(name, 64.0, False, level) for level in ("trained", "naive")
                 for name in ("box", "blur:0.25", "dp_pixelate:4:0.5")]  # fmt: skip
        return [*sizes, *masks, Job("none", 4.0, False, "naive"), Job("none", 16.0, True, images=2),
                Job("none", 64.0, False, "open_set")]  # fmt: skip
    jobs = [Job("none", float(px), True) for px in CCTV_PX] + [Job("none", float(px), False) for px in CLEAN_PX]
    jobs += [Job("none", job.px, job.cctv, "naive") for job in jobs]
    for name in MASKS:
        jobs += [Job(name, 64.0, False, level) for level in _THREE]
        if name.startswith("dp_pixelate"):
            jobs += [Job(name, 64.0, False, "averaged", frames=t) for t in (1, 10, 100)]
    jobs += [Job("none", px, cctv, images=n) for n in IMAGES for px, cctv in ((64.0, False), (16.0, True), (8.0, True))]
    jobs += [Job(name, px, False, "open_set") for name, px in OPEN_SET]
    return [*jobs, *(Job("none", px, True, "open_set") for px in (16.0, 8.0))]


def grid_of(mask: Any) -> list[Job]:
    """List the jobs that measure one mask, and those on clear faces for comparison."""
    jobs = [Job("none", px, False) for px in (*OWN_PX, 4.0, 2.0)]
    jobs += [Job(mask, px, False, level) for px in OWN_PX for level in _THREE]
    return jobs + [Job(mask, px, False, "averaged", frames=100) for px in OWN_PX if as_mask(mask).random]


def run_jobs(faces: Faces, jobs: Sequence[Job], workers: int = 2, work: Path | None = None,
             progress: Progress = lambda done, of, what: None) -> dict[Job, Outcome]:  # fmt: skip
    """Run the jobs and return their outcomes in order; skips jobs whose outcome is in the cache (`work`)."""
    kept = work or cache_folder() / "masklab"
    kept.mkdir(parents=True, exist_ok=True)
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    stamp = hashlib.sha256(code + faces.images.tobytes() + faces.person.tobytes()).hexdigest()
    paths = {job: kept / (hashlib.sha256((stamp + digest(job)).encode()).hexdigest()[:24] + ".npz") for job in jobs}
    found = {job: _load(path) for job, path in paths.items() if path.is_file()}
    for job, outcome in _run(faces, sorted((job for job in jobs if job not in found), key=lambda j: -j.cost), workers):
        found[job] = outcome
        with whole_file(paths[job]) as part, part.open("wb") as stream:
            np.savez(stream, scores=outcome.scores, person=outcome.person, inner=outcome.inner,
                     words=np.array([outcome.level, outcome.member]))  # fmt: skip
        progress(len(found), len(jobs), f"{job.name} {job.px:g} px {job.level}")
    return {job: found[job] for job in jobs}


def _load(path: Path) -> Outcome:
    with np.load(path) as kept:
        level, member = (str(word) for word in kept["words"])
        return Outcome(kept["scores"], kept["person"], level, member, float(kept["inner"]))


def _run(faces: Faces, jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, Outcome]]:
    if workers <= 1:
        yield from ((job, _attack(faces, job)) for job in jobs)
        return
    from privacysim.study.executor import processes, work_through

    shipped = {shipped_bytes(job): job for job in jobs}
    for job, outcome in work_through(partial(_attack, faces), list(shipped), processes(workers), workers):
        yield shipped[job], outcome


def _attack(faces: Faces, job: Job | bytes) -> Outcome:
    """Run a job, given as bytes where it runs in another process.

    It uses one thread, so that rates do not depend on how many cores share a sum.
    """
    if isinstance(job, Job):
        with threadpool_limits(1):
            return job.run(faces)
    cv2.setNumThreads(1)
    return _attack(faces, from_bytes(job, "mask"))


def calibrate(faces: Faces, out: Path, *, small: bool = False, workers: int = 2, work: Path | None = None,
              progress: Progress = lambda done, of, what: None) -> dict[Job, Outcome]:  # fmt: skip
    """Run the lab on these faces, write curve, table, figure and note to `out`, and return the outcomes."""
    outcomes = run_jobs(faces, grid(small), workers, work, progress)
    write_results(faces, outcomes, out)
    return outcomes


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Measurements of one mask. Policies can use it: pass it as the mask's `kind`, or write `text` in a policy file.

    `table`: one row per attack, as in `data/masking/table.csv`. `curve`: one row per face width in px, with the cells
    that the mask leaves to the strongest attack (`cells`; `cells_low` and `cells_high` come from the interval of its
    rate), as in `data/masking/masks.csv`. Where the interval includes guessing, the cells are 0.
    """

    name: str
    legal: str
    table: pd.DataFrame
    curve: pd.DataFrame

    def cells(self, face_px: float) -> float:
        """Cells left of a face `face_px` wide: linear between the measured widths, constant beyond them."""
        return float(np.interp(face_px, self.curve["px"], self.curve["cells"]))

    @property
    def text(self) -> str:
        """Name of the mask for policy files: `NAME=PX:CELLS,…`."""
        return mask_text(self)

    def __repr__(self) -> str:
        return f"Measured({self.text!r}, {self.legal})"


def measure(mask: Any, faces: Faces, *, out: Path | None = None, workers: int = 2, work: Path | None = None,
            progress: Progress = lambda done, of, what: None) -> Measured:  # fmt: skip
    """Attack one mask on faces 64, 16 and 8 pixels wide; returns how many cells across a face it leaves.

    `mask`: a Mask, its name or any scikit-learn transformer of images. `faces`: ten images of each person. `out`: a
    folder for table.csv and masks.csv. Interrupted runs resume from `work` (default: the cache). Raises InputError if
    faces are recognised at 2 px as easily as at 64 px, because such faces cannot show what a mask leaves.
    """
    outcomes = run_jobs(faces, grid_of(mask), workers, work, progress)
    px, rates, galleries = surface(outcomes, False)
    smallest, largest = (float(rates[at, :, -1].mean()) - 1.0 / faces.people for at in (0, -1))
    if smallest > 0.9 * largest:
        expected = f"faces that are harder to tell apart at {px[0]:g} px than at {px[-1]:g}"
        raise InputError(f"faces {faces.name}", expected,
                         f"{smallest:.0%} and {largest:.0%} above guessing, unmasked",
                         "give more people, or pictures that differ more, such as --faces olivetti")  # fmt: skip
    fit, _ = fit_surface(px, rates.mean(axis=1), galleries)
    best = strongest_of(outcomes)
    widths = [{"px": about[1]} for about in best if about[0] != "none"]
    rows = [one | row for one, row in zip(widths, equivalents(outcomes, best, fit), strict=True)]
    curve = pd.DataFrame(rows).sort_values("px", ignore_index=True)
    numbers = ("cells", "cells_low", "cells_high", "cells_one_frame", "rank1", "chance")
    curve = curve.astype(dict.fromkeys(numbers, "float64"))
    table = pd.DataFrame([table_row(job, outcome, outcomes, best) for job, outcome in outcomes.items()])
    for name, frame in (("table", table), ("masks", curve)) if out else ():
        with whole_file(Path(out or ".") / f"{name}.csv") as part:
            frame.to_csv(part, index=False, lineterminator="\n")
    made = as_mask(mask)
    return Measured(made.name, made.legal, table, curve)
