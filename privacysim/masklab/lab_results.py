"""Writes the files of a calibration: curve, covariance, table, equivalents, images, open set, note and figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from privacysim.files import whole_file
from privacysim.identify import Fit
from privacysim.masklab.evaluate import Job, Outcome, tpir
from privacysim.masklab.faces import Faces
from privacysim.masklab.fitted_curve import (
    EXTRAPOLATED_BEYOND,
    GALLERIES,
    Curve,
    branches,
    cells_of,
    d_prime_of,
    fit_curve,
    verdict,
)
from privacysim.masklab.lab_figures import draw_curve
from privacysim.masklab.mask_names import as_mask

_PARAMETERS = ("d_max", "px50", "h")
_OPEN = ["mask", "px", "camera", "fpir", "tpir", "low", "high", "enrolled", "member"]
Row = dict[str, object]
Outcomes = dict[Job, Outcome]
Condition = tuple[str, float, bool]
"""Mask, pixels and whether a CCTV camera recorded: the conditions of a verdict."""
Strongest = dict[Condition, tuple[Job, Outcome]]


def surface(outcomes: Outcomes, cctv: bool) -> tuple[list[float], np.ndarray, tuple[int, ...]]:
    """Sizes, and rank-1 (sizes, people, galleries) per person, of the trained attack with all images."""
    jobs = sorted((j for j in outcomes if (j.mask, j.cctv, j.level, j.images) == ("none", cctv, "trained", 8)),
                  key=lambda job: job.px)  # fmt: skip
    people = outcomes[jobs[0]].people
    galleries = tuple(n for n in GALLERIES if n <= people)
    rates = np.array([[[outcomes[job].of(p).gallery(n) for n in galleries] for p in range(people)] for job in jobs])
    return [job.px for job in jobs], rates, galleries


def write_results(faces: Faces, outcomes: Outcomes, out: Path) -> dict[str, Curve]:
    """Write curve, covariance, table, masks, images and open_set (CSV), note.md and curve.png."""
    surfaces = {name: surface(outcomes, cctv) for name, cctv in (("cctv", True), ("clean", False))}
    curves = {name: fit_curve(*one) for name, one in surfaces.items()}
    closed = {job: outcome for job, outcome in outcomes.items() if job.level != "open_set"}
    closed |= _mosaics(closed)
    best = strongest_of(closed)
    tables: dict[str, list[Row]] = {
        "curve": [_curve_row(faces, name, curve, surfaces[name][0]) for name, curve in curves.items()],
        "covariance": [{"fit": name, "parameter": parameter, **_digits(_PARAMETERS, row, 6)}
                       for name, c in curves.items() for parameter, row in zip(_PARAMETERS, c.covariance, strict=True)],
        "table": [table_row(job, outcome, closed, best) for job, outcome in closed.items()],
        "masks": equivalents(closed, best, curves["clean"].fit),
        "images": _images(closed),
        "open_set": [row for job, o in outcomes.items() if job.level == "open_set" for row in _open_rows(job, o)],
    }  # fmt: skip
    for name, rows in tables.items():
        with whole_file(out / f"{name}.csv") as part:
            columns = _OPEN if name == "open_set" else None
            pd.DataFrame(rows, columns=columns).to_csv(part, index=False, lineterminator="\n")
    with whole_file(out / "note.md") as part:
        part.write_text(note(faces, curves, _worded(closed, best)), encoding="utf-8")
    draw_curve(closed, curves, out / "curve.png")
    return curves


def _digits(names: tuple[str, ...], values: object, digits: int) -> Row:
    return {name: f"{value:.{digits}f}" for name, value in zip(names, values, strict=True)}  # type: ignore[call-overload]


def _curve_row(faces: Faces, name: str, curve: Curve, sizes: list[float]) -> Row:
    fit, spread = curve.fit, np.sqrt(np.diag(curve.covariance))
    return {
        "fit": name, **_digits(_PARAMETERS, (fit.d_max, fit.px50, fit.h), 3),
        **_digits(("d_max_sd", "px50_sd", "h_sd"), spread, 3),
        **_digits(("rmse_points", "held_out_points"), (curve.rmse_points, curve.held_out_points), 2),
        "px_least": f"{min(sizes):g}", "px_most": f"{max(sizes):g}", "probes": len(faces.person),
        "people": faces.people, "images_per_person": 8, "faces": faces.name, "source": command(faces),
    }  # fmt: skip


def _mosaics(outcomes: Outcomes) -> Outcomes:
    """Outcomes of the mosaics: pixelating a clear face to n cells equals, bit for bit, a clean camera with n pixels."""
    return {Job(f"pixelate:{job.px:g}", 64.0, False, job.level): outcome for job, outcome in outcomes.items()
            if (job.mask, job.cctv, job.images) == ("none", False, 8) and job.px in (16.0, 8.0, 4.0, 2.0)}  # fmt: skip


def strongest_of(outcomes: Outcomes) -> Strongest:
    """Strongest attack on each mask at each distance, of any level, with all images of each person."""
    best: Strongest = {}
    for job, outcome in outcomes.items():
        about = (job.name, job.px, job.cctv)
        if job.images == 8 and (about not in best or outcome.top(1) > best[about][1].top(1)):
            best[about] = job, outcome
    return best


def _verdict_on(about: Condition, strongest: Strongest) -> str:
    """Verdict on a mask at a distance, always from the strongest attack on it."""
    if about not in strongest or about[0] == "none":
        return ""
    best, clear = strongest[about][1], strongest.get(("none", about[1], about[2]), strongest[about])[1]
    return verdict(best.top(1), best.chance, clear.top(1))


def _worded(outcomes: Outcomes, strongest: Strongest) -> list[tuple[Job, Outcome, float, str]]:
    """Each mask with its strongest attack, the naive rate and the verdict."""
    found = ((about, job, outcome, outcomes.get(Job(job.mask, job.px, job.cctv, "naive")))
             for about, (job, outcome) in strongest.items() if job.mask != "none")  # fmt: skip
    return [(job, best, naive.top(1), _verdict_on(about, strongest)) for about, job, best, naive in found if naive]


def table_row(job: Job, outcome: Outcome, outcomes: Outcomes, strongest: Strongest) -> Row:
    """Row of table.csv: one attack."""
    naive = outcomes.get(Job(job.mask, job.px, job.cctv, "naive")) if job.images == 8 else None
    low, high = outcome.interval()
    rates = (outcome.top(1), low, high, outcome.top(5), outcome.chance, outcome.excess)
    return {
        "mask": job.name, "px": job.px, "camera": "cctv" if job.cctv else "clean", "level": job.level,
        "images": job.images, "frames": job.frames, "member": outcome.member,
        **_digits(("rank1", "low", "high", "rank5", "chance", "excess"), rates, 4),
        **{f"n{n}": f"{outcome.gallery(n):.4f}" if n <= outcome.people else "" for n in (2, 5, 10, 20)},
        "naive": f"{naive.top(1):.4f}" if naive else "",
        "verdict": _verdict_on((job.name, job.px, job.cctv), strongest),
    }  # fmt: skip


def equivalents(outcomes: Outcomes, strongest: Strongest, fit: Fit) -> list[Row]:
    """Equivalent cells of each mask: strongest attack with its interval's ends, and strongest attack on one frame."""
    rows: list[Row] = []
    for about, (job, best) in strongest.items():
        if job.mask == "none":
            continue
        single = [o for j, o in outcomes.items() if (j.mask, j.frames) == (job.mask, 1) and (j.px, j.cctv) == about[1:]]
        low, high = best.interval()
        # an interval that includes guessing shows nothing: count it as nothing left; its upper end says how much may be
        seen = best.top(1) if low > best.chance else best.chance
        rates = (seen, low, high, min(seen, max(o.top(1) for o in single)))
        cells = [cells_of(d_prime_of(rate, best.people), fit) for rate in rates]
        # this is Otsu's outline of a face; a whole person painted over leaves nothing of the face
        rows.append({
            "mask": "silhouette_of_face" if job.mask == "silhouette" else job.name,
            **_digits(("cells", "cells_low", "cells_high", "cells_one_frame"), cells, 3),
            **_digits(("rank1", "chance"), (best.top(1), best.chance), 4), "level": job.level, "frames": job.frames,
            "legal": as_mask(job.mask).legal, "verdict": _verdict_on(about, strongest),
        })  # fmt: skip
    return rows


def _open_rows(job: Job, outcome: Outcome) -> list[Row]:
    about = {"mask": job.mask, "px": job.px, "camera": "cctv" if job.cctv else "clean"}
    return [{**about, "fpir": fpir, **_digits(("tpir", "low", "high"), tpir(outcome, fpir), 4),
             "enrolled": outcome.people, "member": outcome.member} for fpir in (0.01, 0.1)]  # fmt: skip


def _images(outcomes: Outcomes) -> list[Row]:
    """d' with n images as a share of d' with eight, mean over the measured conditions."""
    rows: list[Row] = []
    for n in sorted({job.images for job in outcomes if job.images != 8}):
        pairs = [(outcome, whole) for job, outcome in outcomes.items()
                 if job.images == n and (whole := outcomes.get(Job(job.mask, job.px, job.cctv)))]  # fmt: skip
        shares = [d_prime_of(some.top(1), some.people) / max(d_prime_of(whole.top(1), whole.people), 1e-9)
                  for some, whole in pairs]  # fmt: skip
        if shares:
            rows.append({"images": n, "factor": f"{min(1.0, float(np.mean(shares))):.4f}"})
    return [*rows, {"images": 8, "factor": "1.0000"}]


def command(faces: Faces) -> str:
    """Command line that makes these files."""
    return f"privacysim calibrate masks --faces {faces.name}"


_NOTE = """# The measured masking curve

Made by `{command} -o data/masking`, which writes every file of this folder.
{probes} probes of {people} people ({each} images each): every image is attacked once, by an attacker who learnt from
the others of that person and who was chosen without looking at it. Intervals are bootstraps over people.

{fits}

## Beyond {far:,} people

Nobody was compared with more than 40. Larger galleries are extrapolations, by two models that agree on 2 and
40: `low` (binormal) and `high` (beta-binomial). The band between them is a model's, not a sample's.

| fit | px | N = 1,000 | N = 10,000 | N = 1,000,000 | N = 10,000,000 | widest |
|---|---|---|---|---|---|---|
{beyond}
The branches differ by up to {widest:.0f} points: neither is shown alone.

## What each mask hides

Right person first among all, for the strongest attack measured (`complete`: within two points of guessing;
`strong`: at most a tenth of what the clear face gives above chance; `weak`: at most 70 %; `cosmetic`: more).

| mask | naive attack | strongest attack | 95 % interval | by | verdict |
|---|---|---|---|---|---|
{masks}
{limits}
"""
_DRAWN = """Drawn faces: this shows that the lab works; each rate is a lower bound on what a stronger attacker
would do with the same drawings. It says nothing about people."""
_PHOTOGRAPHED = """\
Open set: at one false alarm in a hundred the threshold rests on four pictures of strangers: an order of
magnitude.

One set of faces, cropped to the face, of one session, mostly men: a lower bound on what a stronger attacker
would do with such faces, and too high for faces in the wild. Never an upper bound: networks trained on
millions of faces need fewer examples of each person."""


def note(faces: Faces, curves: dict[str, Curve], worded: list[tuple[Job, Outcome, float, str]]) -> str:
    """Note in Markdown. `worded`: each mask with its strongest attack, the naive rate and the verdict."""
    fits, beyond, masks, widest = list[str](), list[str](), list[str](), 0.0
    for name, curve in curves.items():
        values = zip(_PARAMETERS, (curve.fit.d_max, curve.fit.px50, curve.fit.h),
                     np.sqrt(np.diag(curve.covariance)), strict=True)  # fmt: skip
        words = ", ".join(f"{word} {value:.2f} (sd {sd:.2f})" for word, value, sd in values)
        fits.append(f"**{name}**: {words}. Over all sizes and galleries of 2 to 40 people the fit errs by "
                    f"{curve.rmse_points:.2f} points (RMSE), by {curve.held_out_points:.2f} on galleries that were "
                    "left out of it.")  # fmt: skip
        for px in (4.0, 8.0, 16.0, 40.0):
            rows = branches(float(curve.fit.d_prime(px)))
            apart = max(100.0 * (high - low) for _, low, high in rows)
            widest = max(widest, apart)
            bands = " | ".join(f"{low:.1%} – {high:.1%}" for _, low, high in rows)
            beyond.append(f"| {name} | {px:g} | {bands} | {apart:.0f} points |\n")
    for job, outcome, naive, word in worded:
        low, high = outcome.interval()
        by = job.level + (f", {job.frames} frames" if job.frames > 1 else "")
        masks.append(f"| {job.name} | {naive:.1%} | {outcome.top(1):.1%} | {low:.1%} – {high:.1%} | {by} | {word} |\n")
    return _NOTE.format(
        command=command(faces), probes=len(faces.person), people=faces.people, each=len(faces.person) // faces.people,
        fits="\n\n".join(fits), far=EXTRAPOLATED_BEYOND, beyond="".join(beyond), widest=widest, masks="".join(masks),
        limits=_DRAWN if faces.name == "synthetic" else _PHOTOGRAPHED,
    )  # fmt: skip
