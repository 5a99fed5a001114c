"""The files that a calibration leaves: curve, covariance, table, equivalents, images, note and figure."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from privacysim.files import whole_file
from privacysim.identify import Fit
from privacysim.masklab.curve import (
    EXTRAPOLATED_BEYOND,
    GALLERIES,
    Curve,
    branches,
    cells_of,
    d_prime_of,
    fit_curve,
    verdict,
)
from privacysim.masklab.evaluate import Outcome
from privacysim.masklab.faces import Faces
from privacysim.masklab.figure import draw_curve
from privacysim.masklab.grid import Job


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
    """Write lab_curve.csv, lab_covariance.csv, table.csv, masks.csv, images.csv, note.md and lab_curve.png."""
    curves = {}
    for name, cctv in (("cctv", True), ("clean", False)):
        px, rates, galleries = surface(outcomes, cctv)
        curves[name] = fit_curve(px, rates, galleries)
    _write(
        out / "lab_curve.csv",
        [
            "fit",
            "d_max",
            "px50",
            "h",
            "rmse_points",
            "held_out_points",
            "probes",
            "people",
            "images_per_person",
            "faces",
            "source",
        ],
        [
            [
                name,
                *(f"{v:.3f}" for v in (c.fit.d_max, c.fit.px50, c.fit.h)),
                f"{c.rmse_points:.2f}",
                f"{c.held_out_points:.2f}",
                len(faces.person),
                faces.people,
                8,
                faces.name,
                f"privacysim calibrate masks --faces {faces.name}",
            ]
            for name, c in curves.items()
        ],
    )
    _write(
        out / "lab_covariance.csv",
        ["fit", "parameter", "d_max", "px50", "h"],
        [
            [name, parameter, *(f"{v:.6f}" for v in c.covariance[i])]
            for name, c in curves.items()
            for i, parameter in enumerate(("d_max", "px50", "h"))
        ],
    )
    _write(out / "table.csv", _TABLE, [_row(job, outcome, outcomes) for job, outcome in outcomes.items()])
    _write(
        out / "masks.csv",
        ["mask", "cells", "cells_low", "cells_high", "rank1", "chance"],
        _equivalents(outcomes, curves["clean"].fit),
    )
    _write(out / "images.csv", ["images", "factor"], _images(outcomes))
    with whole_file(out / "note.md") as part:
        part.write_text(note(faces, curves), encoding="utf-8")
    draw_curve(outcomes, curves, out / "lab_curve.png")
    return curves


_CURVE = ["fit", "d_max", "px50", "h", "rmse_points", "held_out_points", "probes", "people", "images_per_person"]
_CURVE += ["faces", "source"]
_TABLE = [
    "mask",
    "px",
    "camera",
    "level",
    "images",
    "frames",
    "member",
    "rank1",
    "low",
    "high",
    "rank5",
    "chance",
    "excess",
    "n2",
    "n5",
    "n10",
    "n20",
    "naive",
    "verdict",
]


def _row(job: Job, outcome: Outcome, outcomes: dict[Job, Outcome]) -> list[object]:
    naive = outcomes.get(Job(job.mask, job.px, job.cctv, "naive"))
    clear = outcomes.get(Job("none", 64.0, False)) or outcome
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
        verdict(outcome.top(1), outcome.chance, clear.top(1)),
    ]


def _equivalents(outcomes: dict[Job, Outcome], fit: Fit) -> list[list[object]]:
    """Each mask's cells: of the strongest level measured on single frames, with the interval's ends."""
    names = list(dict.fromkeys(job.mask for job in outcomes if job.mask != "none"))
    rows: list[list[object]] = []
    for name in names:
        best = max((o for j, o in outcomes.items() if j.mask == name and j.frames == 1), key=lambda o: o.top(1))
        cells = [f"{cells_of(d_prime_of(rate, best.people), fit):.3f}" for rate in (best.top(1), *best.interval())]
        shipped_as = "box_rim" if name == "box:-0.12" else name
        rows.append([shipped_as, *cells, f"{best.top(1):.4f}", f"{best.chance:.4f}"])
    return rows


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


def note(faces: Faces, curves: dict[str, Curve]) -> str:
    """What the numbers mean and how far they reach, in words."""
    lines = [
        "# The measured masking curve",
        "",
        f"Made by `privacysim calibrate masks --faces {faces.name}`: {len(faces.person)} probes of "
        f"{faces.people} people, 8 images each to learn from.",
        "",
    ]
    for name, curve in curves.items():
        fit = curve.fit
        lines += [
            f"`{name}`: d_max {fit.d_max:.2f}, px50 {fit.px50:.2f}, h {fit.h:.2f}; RMSE "
            f"{curve.rmse_points:.2f} points, {curve.held_out_points:.2f} on galleries that were left out of the fit.",
            "",
        ]
        for px in (4.0, 16.0):
            rows = branches(float(fit.d_prime(px)))
            lines += [
                f"At {px:g} px the two branches are, beyond {EXTRAPOLATED_BEYOND} people, extrapolations: "
                + "; ".join(
                    f"N = {n:,}: {low:.1%} (binormal) or {high:.1%} (beta-binomial), {100 * (high - low):.0f} apart"
                    for n, low, high in rows
                )
                + ".",
                "",
            ]
    lines += [
        "One set of faces, aligned, of one session, mostly men: a lower bound on what a stronger attacker would do",
        "with such faces, and too high for faces in the wild. Never an upper bound.",
        "",
    ]
    return "\n".join(lines)


def _write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
