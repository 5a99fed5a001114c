"""`privacysim calibrate masks`: the whole lab, or one mask of your own, measured on a set of faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from privacysim.errors import InputError
from privacysim.files import whole_file
from privacysim.identify import mask_text
from privacysim.masklab.evaluate import Outcome
from privacysim.masklab.faces import Faces
from privacysim.masklab.fitted_curve import fit_surface
from privacysim.masklab.grid import Job, Progress, grid, grid_of, run_jobs
from privacysim.masklab.lab_results import equivalents, strongest_of, surface, table_row, write_results
from privacysim.masklab.mask_names import as_mask


def calibrate(faces: Faces, out: Path, *, small: bool = False, workers: int = 2, work: Path | None = None,
              progress: Progress = lambda done, of, what: None) -> dict[Job, Outcome]:  # fmt: skip
    """Run the lab on these faces and write curve, table, figure and note to `out`; returns the outcomes."""
    outcomes = run_jobs(faces, grid(small), workers, work, progress)
    write_results(faces, outcomes, out)
    return outcomes


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One mask as measured. A policy can name it: give it as the mask's `kind`, or write `text` in the policy's file.

    `table`: one row per attack, as in `data/masking/table.csv`. `curve`: one row per width of the face in px, with the
    cells that the mask leaves to the strongest attack (`cells`, with `cells_low` and `cells_high` from the interval of
    its rate), as in `data/masking/masks.csv`. Where the interval holds guessing, nothing is left.
    """

    name: str
    legal: str
    table: pd.DataFrame
    curve: pd.DataFrame

    def cells(self, face_px: float) -> float:
        """Cells left of a face `face_px` wide, linear between the measured widths and level beyond them."""
        return float(np.interp(face_px, self.curve["px"], self.curve["cells"]))

    @property
    def text(self) -> str:
        """The name for policy files: `NAME=PX:CELLS,…`."""
        return mask_text(self)

    def __repr__(self) -> str:
        return f"Measured({self.text!r}, {self.legal})"


def measure(mask: Any, faces: Faces, *, out: Path | None = None, workers: int = 2, work: Path | None = None,
            progress: Progress = lambda done, of, what: None) -> Measured:  # fmt: skip
    """Attack one mask on faces 64, 16 and 8 pixels wide, and say how many cells across a face it leaves.

    `mask`: a Mask, its name or any scikit-learn transformer of images; `faces`: ten images of each person. `out`: a
    folder for table.csv and masks.csv. Interrupted runs go on where they stopped (`work`, else the cache). Faces that
    are as easily recognised at 2 px as at 64 cannot show what a mask leaves: an InputError.
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
