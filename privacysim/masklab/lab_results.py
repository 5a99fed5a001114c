"""The files that a calibration leaves: curve, covariance, table, equivalents, images, note and figure."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from privacysim.files import whole_file
from privacysim.identify import Fit
from privacysim.masklab.evaluate import Outcome, tpir
from privacysim.masklab.faces import Faces
from privacysim.masklab.fitted_curve import GALLERIES, Curve, cells_of, d_prime_of, fit_curve, verdict
from privacysim.masklab.grid import Job
from privacysim.masklab.lab_figures import draw_curve
from privacysim.masklab.lab_note import command, note
from privacysim.masklab.mask_names import mask_named


def surface(outcomes: dict[Job, Outcome], cctv: bool) -> tuple[list[float], np.ndarray, tuple[int, ...]]:
    """Sizes, and rank-1 (sizes, people, galleries) of each person's probes, of the trained attack with all images."""
    jobs = sorted(
        (j for j in outcomes if j.mask == "none" and j.cctv == cctv and j.level == "trained" and j.images == 8),
        key=lambda job: job.px,
    )
    people = outcomes[jobs[0]].people
    galleries = tuple(n for n in GALLERIES if n <= people)
    rates = np.array([[[outcomes[job].of(p).gallery(n) for n in galleries] for p in range(people)] for job in jobs])
    return [job.px for job in jobs], rates, galleries


def write_results(faces: Faces, outcomes: dict[Job, Outcome], out: Path) -> dict[str, Curve]:
    """Write curve, covariance, table, masks, images and open_set (CSV), note.md and curve.png."""
    curves, sizes = {}, {}
    for name, cctv in (("cctv", True), ("clean", False)):
        sizes[name], rates, galleries = surface(outcomes, cctv)
        curves[name] = fit_curve(sizes[name], rates, galleries)
    _write(out / "curve.csv", _CURVE, [_curve_row(faces, name, c, sizes[name]) for name, c in curves.items()])
    _write(
        out / "covariance.csv",
        ["fit", "parameter", "d_max", "px50", "h"],
        [
            [name, parameter, *(f"{v:.6f}" for v in c.covariance[i])]
            for name, c in curves.items()
            for i, parameter in enumerate(("d_max", "px50", "h"))
        ],
    )
    closed = {job: outcome for job, outcome in outcomes.items() if job.level != "open_set"}
    closed |= _mosaics(closed)
    strongest = _strongest(closed)
    rows = [_row(job, outcome, closed, strongest) for job, outcome in closed.items()]
    _write(out / "table.csv", _TABLE, rows)
    _write(out / "masks.csv", _MASKS, _equivalents(closed, strongest, curves["clean"].fit))
    _write(out / "images.csv", ["images", "factor"], _images(closed))
    _write(out / "open_set.csv", _OPEN, [row for job, o in outcomes.items() if job.level == "open_set"
                                         for row in _open_rows(job, o)])  # fmt: skip
    with whole_file(out / "note.md") as part:
        part.write_text(note(faces, curves, closed, _worded(closed, strongest)), encoding="utf-8")
    draw_curve(closed, curves, out / "curve.png")
    return curves


_CURVE = ["fit", "d_max", "px50", "h", "d_max_sd", "px50_sd", "h_sd", "rmse_points", "held_out_points", "px_least",
          "px_most", "probes", "people", "images_per_person", "faces", "source"]  # fmt: skip
_TABLE = ["mask", "px", "camera", "level", "images", "frames", "member", "rank1", "low", "high", "rank5", "chance",
          "excess", "n2", "n5", "n10", "n20", "naive", "verdict"]  # fmt: skip
_MASKS = ["mask", "cells", "cells_low", "cells_high", "cells_one_frame", "rank1", "chance", "level", "frames",
          "legal", "verdict"]  # fmt: skip
_OPEN = ["mask", "px", "camera", "fpir", "tpir", "low", "high", "enrolled", "member"]

Condition = tuple[str, float, bool]
"""Mask, pixels and whether a CCTV camera recorded: what a verdict is about."""


def _curve_row(faces: Faces, name: str, curve: Curve, sizes: list[float]) -> list[object]:
    spread = np.sqrt(np.diag(curve.covariance))
    return [
        name,
        *(f"{v:.3f}" for v in (curve.fit.d_max, curve.fit.px50, curve.fit.h)),
        *(f"{v:.3f}" for v in spread),
        f"{curve.rmse_points:.2f}",
        f"{curve.held_out_points:.2f}",
        f"{min(sizes):g}",
        f"{max(sizes):g}",
        len(faces.person),
        faces.people,
        8,
        faces.name,
        command(faces),
    ]


def _mosaics(outcomes: dict[Job, Outcome]) -> dict[Job, Outcome]:
    """The mosaics: a clear face pixelated to n cells is, bit for bit, what a clean camera with n pixels records."""
    return {
        Job(f"pixelate:{job.px:g}", 64.0, False, job.level): outcome
        for job, outcome in outcomes.items()
        if job.mask == "none" and not job.cctv and job.images == 8 and job.px in (16.0, 8.0, 4.0, 2.0)
    }


def _strongest(outcomes: dict[Job, Outcome]) -> dict[Condition, tuple[Job, Outcome]]:
    """The attack that did best on each mask at each distance, whatever its level; with all images of each person."""
    best: dict[Condition, tuple[Job, Outcome]] = {}
    for job, outcome in outcomes.items():
        about = (job.mask, job.px, job.cctv)
        if job.images == 8 and (about not in best or outcome.top(1) > best[about][1].top(1)):
            best[about] = job, outcome
    return best


def _verdict_on(about: Condition, strongest: dict[Condition, tuple[Job, Outcome]]) -> str:
    """One word for a mask at a distance, from the strongest attack on it: never from a weaker one."""
    if about not in strongest or about[0] == "none":
        return ""
    best, clear = strongest[about][1], strongest.get(("none", about[1], about[2]), strongest[about])[1]
    return verdict(best.top(1), best.chance, clear.top(1))


def _worded(
    outcomes: dict[Job, Outcome], strongest: dict[Condition, tuple[Job, Outcome]]
) -> list[tuple[Job, Outcome, float, str]]:
    """Each mask with its strongest attack, the naive rate beside it, and the verdict."""
    made = []
    for about, (job, outcome) in strongest.items():
        naive = outcomes.get(Job(job.mask, job.px, job.cctv, "naive"))
        if job.mask != "none" and naive is not None:
            made.append((job, outcome, naive.top(1), _verdict_on(about, strongest)))
    return made


def _row(
    job: Job,
    outcome: Outcome,
    outcomes: dict[Job, Outcome],
    strongest: dict[Condition, tuple[Job, Outcome]],
) -> list[object]:
    naive = outcomes.get(Job(job.mask, job.px, job.cctv, "naive")) if job.images == 8 else None
    low, high = outcome.interval()
    small = [f"{outcome.gallery(n):.4f}" if n <= outcome.people else "" for n in (2, 5, 10, 20)]
    return [
        job.mask,
        job.px,
        "cctv" if job.cctv else "clean",
        job.level,
        job.images,
        job.frames,
        outcome.member,
        f"{outcome.top(1):.4f}",
        f"{low:.4f}",
        f"{high:.4f}",
        f"{outcome.top(5):.4f}",
        f"{outcome.chance:.4f}",
        f"{outcome.excess:.4f}",
        *small,
        "" if naive is None else f"{naive.top(1):.4f}",
        _verdict_on((job.mask, job.px, job.cctv), strongest),
    ]


def _equivalents(
    outcomes: dict[Job, Outcome], strongest: dict[Condition, tuple[Job, Outcome]], fit: Fit
) -> list[list[object]]:
    """Each mask's cells: of the strongest attack, with its interval's ends, and of the strongest on one frame."""
    rows: list[list[object]] = []
    for about, (job, best) in strongest.items():
        if job.mask == "none":
            continue
        one = max((o for j, o in outcomes.items() if j.mask == job.mask and j.frames == 1), key=lambda o: o.top(1))
        low, high = best.interval()
        # an interval that holds guessing shows nothing: that counts as nothing left, and its end says how much may be
        seen = best.top(1) if low > best.chance else best.chance
        rates = (seen, low, high, min(seen, one.top(1)))
        cells = [f"{cells_of(d_prime_of(rate, best.people), fit):.3f}" for rate in rates]
        # on a face Otsu's outline; a whole person painted over is another thing, and leaves nothing of the face
        shipped_as = "silhouette_of_face" if job.mask == "silhouette" else job.mask
        found = [f"{best.top(1):.4f}", f"{best.chance:.4f}", job.level, job.frames]
        rows.append([shipped_as, *cells, *found, mask_named(job.mask).legal, _verdict_on(about, strongest)])
    return rows


def _open_rows(job: Job, outcome: Outcome) -> list[list[object]]:
    camera = "cctv" if job.cctv else "clean"
    return [
        [job.mask, job.px, camera, fpir, *(f"{v:.4f}" for v in tpir(outcome, fpir)), outcome.people, outcome.member]
        for fpir in (0.01, 0.1)
    ]


def _images(outcomes: dict[Job, Outcome]) -> list[list[object]]:
    """d' with n images as a share of d' with eight, mean over the conditions measured."""
    counts = sorted({job.images for job in outcomes if job.images != 8})
    rows: list[list[object]] = []
    for n in counts:
        shares = []
        for job, outcome in outcomes.items():
            whole = outcomes.get(Job(job.mask, job.px, job.cctv))
            if job.images == n and whole is not None:
                shares.append(
                    d_prime_of(outcome.top(1), outcome.people) / max(d_prime_of(whole.top(1), whole.people), 1e-9)
                )
        if shares:
            rows.append([n, f"{min(1.0, float(np.mean(shares))):.4f}"])
    return [*rows, [8, "1.0000"]]


def _write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
