"""Measures the whole lab, or one mask of your own, on a set of faces (`privacysim calibrate masks`)."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from privacysim.errors import InputError
from privacysim.figures.style import house_style
from privacysim.files import whole_file, write_whole
from privacysim.identify import Fit, mask_text
from privacysim.masklab import curve_figures, fitted_curve
from privacysim.masklab.evaluate import Job, Outcome, Outcomes, Progress, known_images, run_jobs, tpir
from privacysim.masklab.faces import Faces
from privacysim.masklab.masks import as_mask
from privacysim.resources import shipped

CCTV_PX = (64, 32, 16, 12, 8, 6, 4, 3, 2)
CLEAN_PX = (64, 16, 8, 6, 4, 3, 2)
MASKS = (
    *(f"blur:{sigma}" for sigma in (0.0625, 0.125, 0.25, 0.5)), *(f"gaussian:{sigma}" for sigma in (0.125, 0.25, 0.5)),
    "eyes", "box:-0.12", "box", "silhouette", *(f"ksame:{k}" for k in (2, 5, 10)),
    *(f"ksame_misused:{k}" for k in (2, 5, 10)), *(f"dp_pixelate:4:{epsilon:g}" for epsilon in (0.1, 0.5, 1, 5)),
    "dp_pixelate:16:0.5", "dp_pixelate:16:5", "scramble", "scramble_fixed",
)  # fmt: skip
OPEN_SET = (("none", 64.0), ("none", 8.0), ("none", 4.0), ("blur:0.25", 64.0), ("eyes", 64.0), ("box", 64.0))
"""Open-set jobs, by mask and pixels of a clean camera; clear faces recorded by the CCTV camera are added."""
OWN_PX = (64.0, 16.0, 8.0)
"""Face widths (px) at which a mask of your own is measured."""
GALLERIES = (2, 3, 5, 7, 10, 15, 20, 30, 40)
_THREE = ("trained", "parrot", "naive")
_FIT = ("d_max", "px50", "h")
_OPEN = ["mask", "px", "camera", "fpir", "tpir", "low", "high", "enrolled", "member"]
Row = dict[str, object]
Strongest = dict[tuple[str, float, str], tuple[Job, Outcome]]
"""Strongest attack for each condition: mask, pixels and camera."""


def grid(small: bool = False) -> list[Job]:
    """List all jobs; `small` gives a short list (three CPU minutes for 400 photographs)."""
    if small:
        jobs = [Job("none", px, True) for px in (32.0, 8.0, 4.0)] + [Job("none", px, False) for px in (64.0, 4.0, 2.0)]
        jobs += [Job(name, 64.0, False, level) for level in ("trained", "naive")
                 for name in ("box", "blur:0.25", "dp_pixelate:4:0.5")]  # fmt: skip
        return [*jobs, Job("none", 4.0, False, "naive"), Job("none", 16.0, True, images=2),
                Job("none", 64.0, False, "open_set")]  # fmt: skip
    jobs = [Job("none", float(px), True) for px in CCTV_PX] + [Job("none", float(px), False) for px in CLEAN_PX]
    jobs += [Job("none", job.px, job.cctv, "naive") for job in jobs]
    for name in MASKS:
        jobs += [Job(name, 64.0, False, level) for level in _THREE]
        if name.startswith("dp_pixelate"):
            jobs += [Job(name, 64.0, False, "averaged", frames=t) for t in (1, 10, 100)]
    jobs += [Job("none", px, px < 64.0, images=n) for n in (1, 2, 4) for px in (64.0, 16.0, 8.0)]
    jobs += [Job(name, px, False, "open_set") for name, px in OPEN_SET]
    return [*jobs, *(Job("none", px, True, "open_set") for px in (16.0, 8.0))]


def grid_of(mask: Any) -> list[Job]:
    """List the jobs that measure one mask, and those on clear faces for comparison."""
    jobs = [Job("none", px, False) for px in (*OWN_PX, 4.0, 2.0)]
    jobs += [Job(mask, px, False, level) for px in OWN_PX for level in _THREE]
    return jobs + [Job(mask, px, False, "averaged", frames=100) for px in OWN_PX if as_mask(mask).random]


def calibrate(faces: Faces, out: Path, *, small: bool = False, workers: int = 2, work: Path | None = None,
              progress: Progress = lambda done, of, what: None) -> None:  # fmt: skip
    """Run the lab on these faces; write curve, covariance, table, masks, images, open_set (CSV), note.md, curve.png."""
    outcomes = run_jobs(faces, grid(small), workers, work, progress)
    surfaces = {name: surface(outcomes, name == "cctv") for name in ("cctv", "clean")}
    curves = {name: fitted_curve.fit_curve(*one) for name, one in surfaces.items()}
    closed = {job: outcome for job, outcome in outcomes.items() if job.level != "open_set"}
    # pixelating a clear face to n cells equals, bit for bit, a clean camera with n pixels
    closed |= {Job(f"pixelate:{job.px:g}", 64.0, False, job.level): outcome for job, outcome in closed.items()
               if (job.mask, job.cctv, job.images) == ("none", False, 8) and job.px in (16.0, 8.0, 4.0, 2.0)}
    best = strongest_of(closed)
    tables: dict[str, list[Row]] = {
        "curve": [_curve_row(faces, name, curve, surfaces[name][0]) for name, curve in curves.items()],
        "covariance": [{"fit": name, "parameter": parameter, **_digits(_FIT, row, 6)}
                       for name, c in curves.items() for parameter, row in zip(_FIT, c.covariance, strict=True)],
        "table": [table_row(job, outcome, closed, best) for job, outcome in closed.items()],
        "masks": equivalents(closed, best, curves["clean"].fit),
        "images": _images(closed),
        "open_set": [{"mask": job.mask, "px": job.px, "camera": job.camera, "fpir": fpir,
                      **_digits(("tpir", "low", "high"), tpir(outcome, fpir), 4), "enrolled": outcome.people,
                      "member": outcome.member}
                     for job, outcome in outcomes.items() if job.level == "open_set" for fpir in (0.01, 0.1)],
    }  # fmt: skip
    for name, rows in tables.items():
        table = pd.DataFrame(rows, columns=_OPEN if name == "open_set" else None)
        write_whole(out / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    write_whole(out / "note.md", note(faces, curves, closed, best))
    points = fitted_curve.measured_points(pd.DataFrame(tables["table"]))
    figure = curve_figures.curve_figure({name: curve.fit for name, curve in curves.items()}, points, faces.people)
    with house_style(), whole_file(out / "curve.png") as part:
        figure.savefig(part, format="png", dpi=130, metadata={"Software": None})


def surface(outcomes: Outcomes, cctv: bool) -> tuple[list[float], np.ndarray, tuple[int, ...]]:
    """Sizes, and rank-1 (sizes, people, galleries) per person, of the trained attack with all images."""
    jobs = sorted((j for j in outcomes if (j.mask, j.cctv, j.level, j.images) == ("none", cctv, "trained", 8)),
                  key=lambda job: job.px)  # fmt: skip
    galleries = tuple(n for n in GALLERIES if n <= outcomes[jobs[0]].people)
    rates = [[outcomes[job].by_person(outcomes[job].first_in(n)) for n in galleries] for job in jobs]
    return [job.px for job in jobs], np.ascontiguousarray(np.swapaxes(rates, 1, 2)), galleries


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Measurements of one mask. Policies can use it: pass it as the mask's `kind`, or write `text` in a policy file.

    `table`: one row per attack, as in `data/masking/table.csv`. `curve`: one row per face width in px with the `cells`
    left to the strongest attack and their interval, as in `masks.csv`; 0 where the interval includes guessing.
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

    `mask`: as in `evaluate`. `faces`: best ten images of each person. `out`: a folder for table.csv and masks.csv.
    Interrupted runs resume from `work` (default: the cache). Raises InputError if faces are recognised at 2 px as
    easily as at 64 px, because such faces cannot show what a mask leaves.
    """
    outcomes = run_jobs(faces, grid_of(mask), workers, work, progress)
    px, rates, galleries = surface(outcomes, False)
    smallest, largest = (float(rates[at, :, -1].mean()) - 1.0 / faces.people for at in (0, -1))
    if smallest > 0.9 * largest:
        expected = f"faces that are harder to tell apart at {px[0]:g} px than at {px[-1]:g}"
        raise InputError(f"faces {faces.name}", expected, f"{smallest:.0%} and {largest:.0%} above guessing, unmasked",
                         "give more people, or pictures that differ more, such as --faces olivetti")
    fit, _ = fitted_curve.fit_surface(px, rates.mean(axis=1), galleries)
    best = strongest_of(outcomes)
    curve = pd.DataFrame(equivalents(outcomes, best, fit))
    curve.insert(0, "px", [job.px for job, _ in best.values() if job.mask != "none"])
    numbers = ("cells", "cells_low", "cells_high", "cells_one_frame", "rank1", "chance")
    curve = curve.sort_values("px", ignore_index=True).astype(dict.fromkeys(numbers, "float64"))
    table = pd.DataFrame([table_row(job, outcome, outcomes, best) for job, outcome in outcomes.items()])
    for name, frame in (("table", table), ("masks", curve)) if out else ():
        write_whole(Path(out or ".") / f"{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
    made = as_mask(mask)
    return Measured(made.name, made.legal, table, curve)


def _digits(names: Sequence[str], values: Iterable[float], digits: int) -> Row:
    return {name: f"{value:.{digits}f}" for name, value in zip(names, values, strict=True)}


def _curve_row(faces: Faces, name: str, curve: fitted_curve.Curve, sizes: list[float]) -> Row:
    errors = (curve.rmse_points, curve.held_out_points)
    return {"fit": name, **_digits(_FIT, astuple(curve.fit), 3),
            **_digits([f"{word}_sd" for word in _FIT], np.sqrt(np.diag(curve.covariance)), 3),
            **_digits(("rmse_points", "held_out_points"), errors, 2), "px_least": f"{min(sizes):g}",
            "px_most": f"{max(sizes):g}", "probes": len(faces.person), "people": faces.people,
            "images_per_person": min(8, known_images(faces)),
            "faces": faces.name, "source": f"privacysim calibrate masks --faces {faces.name}"}


def strongest_of(outcomes: Outcomes) -> Strongest:
    """Strongest attack on each mask at each distance, of any level, with all images of each person."""
    best: Strongest = {}
    for job, outcome in outcomes.items():
        if job.images == 8 and (job.about not in best or outcome.top() > best[job.about][1].top()):
            best[job.about] = job, outcome
    return best


def _verdict_on(job: Job, strongest: Strongest) -> str:
    """Verdict on a mask at a distance, always from the strongest attack on it."""
    if job.about not in strongest or job.name == "none":
        return ""
    best, clear = strongest[job.about][1], strongest.get(("none", *job.about[1:]), strongest[job.about])[1]
    return fitted_curve.verdict(best.top(), best.chance, clear.top())


def table_row(job: Job, outcome: Outcome, outcomes: Outcomes, strongest: Strongest) -> Row:
    """Row of table.csv: one attack."""
    naive = outcomes.get(Job(job.mask, job.px, job.cctv, "naive")) if job.images == 8 else None
    low, high = outcome.interval()
    rates = (outcome.top(), low, high, outcome.top(5), outcome.chance, outcome.top() - outcome.chance)
    return {"mask": job.name, "px": job.px, "camera": job.camera, "level": job.level, "images": job.images,
            "frames": job.frames, "member": outcome.member,
            **_digits(("rank1", "low", "high", "rank5", "chance", "excess"), rates, 4),
            **{f"n{n}": f"{outcome.first_in(n).mean():.4f}" if n <= outcome.people else "" for n in (2, 5, 10, 20)},
            "naive": f"{naive.top():.4f}" if naive else "", "verdict": _verdict_on(job, strongest)}


def equivalents(outcomes: Outcomes, strongest: Strongest, fit: Fit) -> list[Row]:
    """Equivalent cells of each mask: strongest attack with its interval's ends, and strongest attack on one frame."""
    rows: list[Row] = []
    for job, best in strongest.values():
        if job.mask == "none":
            continue
        single = [other for one, other in outcomes.items() if one.about == job.about and one.frames == 1]
        low, high = best.interval()
        # an interval that includes guessing shows nothing: count it as nothing left; its upper end says how much may be
        seen = best.top() if low > best.chance else best.chance
        rates = (seen, low, high, min(seen, max(other.top() for other in single)))
        cells = [fitted_curve.cells_of(fitted_curve.d_prime_of(rate, best.people), fit) for rate in rates]
        # this is Otsu's outline of a face; a whole person painted over leaves nothing of the face
        rows.append({
            "mask": "silhouette_of_face" if job.mask == "silhouette" else job.name,
            **_digits(("cells", "cells_low", "cells_high", "cells_one_frame"), cells, 3),
            **_digits(("rank1", "chance"), (best.top(), best.chance), 4), "level": job.level, "frames": job.frames,
            "legal": as_mask(job.mask).legal, "verdict": _verdict_on(job, strongest),
        })  # fmt: skip
    return rows


def _images(outcomes: Outcomes) -> list[Row]:
    """d' with n images as a share of d' with eight, mean over the measured conditions."""
    d_prime = {job: fitted_curve.d_prime_of(outcome.top(), outcome.people) for job, outcome in outcomes.items()}
    rows: list[Row] = []
    for n in sorted({job.images for job in outcomes if job.images != 8}):
        shares = [d_prime[job] / max(d_prime[whole], 1e-9) for job in outcomes
                  if job.images == n and (whole := Job(job.mask, job.px, job.cctv)) in outcomes]  # fmt: skip
        if shares:
            rows.append({"images": n, "factor": f"{min(1.0, float(np.mean(shares))):.4f}"})
    return [*rows, {"images": 8, "factor": "1.0000"}]


def note(faces: Faces, curves: dict[str, fitted_curve.Curve], outcomes: Outcomes, strongest: Strongest) -> str:
    """Note in Markdown on the fits, their extrapolation, and the naive and the strongest attack on each mask."""
    fits, beyond, masks, widest = list[str](), list[str](), list[str](), 0.0
    for name, curve in curves.items():
        values = zip(_FIT, astuple(curve.fit), np.sqrt(np.diag(curve.covariance)), strict=True)
        words = [f"{word} {value:.2f} (sd {sd:.2f})" for word, value, sd in values]
        fits.append(f"**{name}**: {', '.join(words)}. Over all sizes and galleries of 2 to 40 people the fit errs by "
                    f"{curve.rmse_points:.2f} points (RMSE), by {curve.held_out_points:.2f} on galleries that were "
                    "left out of it.")  # fmt: skip
        for px in (4.0, 8.0, 16.0, 40.0):
            rows = fitted_curve.branches(float(curve.fit.d_prime(px)))
            apart = max(100.0 * (high - low) for _, low, high in rows)
            widest = max(widest, apart)
            bands = " | ".join(f"{low:.1%} – {high:.1%}" for _, low, high in rows)
            beyond.append(f"| {name} | {px:g} | {bands} | {apart:.0f} points |\n")
    for job, best in strongest.values():
        naive = outcomes.get(Job(job.mask, job.px, job.cctv, "naive"))
        if naive is None or job.mask == "none":
            continue
        low, high = best.interval()
        by = job.level + (f", {job.frames} frames" if job.frames > 1 else "")
        masks.append(f"| {job.name} | {naive.top():.1%} | {best.top():.1%} | {low:.1%} – {high:.1%} | {by} "
                     f"| {_verdict_on(job, strongest)} |\n")  # fmt: skip
    text = tomllib.loads(shipped("data/masking_note.toml").read_text(encoding="utf-8"))
    limits = text[{"synthetic": "drawn", "olivetti": "photographed"}.get(faces.name, "own")]
    left_out = f" {faces.left_out}." if faces.left_out else ""
    return text["note"].format(
        faces=faces.name, probes=len(faces.person), people=faces.people, each=len(faces.person) // faces.people,
        fits="\n\n".join(fits), far=fitted_curve.EXTRAPOLATED_BEYOND, beyond="".join(beyond), widest=widest,
        masks="".join(masks), limits=limits.format(people=faces.people, left_out=left_out),
    )  # fmt: skip
