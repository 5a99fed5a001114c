"""The note beside the measured curve: what was done, what the numbers mean, and how far they reach, in words."""

from __future__ import annotations

import numpy as np

from privacysim.masklab.evaluate import Outcome
from privacysim.masklab.faces import Faces
from privacysim.masklab.fitted_curve import EXTRAPOLATED_BEYOND, Curve, branches
from privacysim.masklab.grid import Job

_BEYOND = (1_000, 10_000, 1_000_000, 10_000_000)
_SIZES = (4.0, 8.0, 16.0, 40.0)


def command(faces: Faces) -> str:
    """The command that makes these files."""
    return f"privacysim calibrate masks --faces {faces.name}"


def note(faces: Faces, curves: dict[str, Curve], worded: list[tuple[Job, Outcome, float, str]]) -> str:
    """The note as Markdown. `worded`: each mask with its strongest attack, the naive rate and the verdict."""
    parts = [_head(faces), *(_fit(name, curve) for name, curve in curves.items()), _beyond(curves), _masks(worded)]
    return "\n\n".join([*parts, _limits(faces)]) + "\n"


def _head(faces: Faces) -> str:
    each = len(faces.person) // faces.people
    return (
        f"# The measured masking curve\n\nMade by `{command(faces)} -o data/masking`, which writes every file of this "
        f"folder.\n{len(faces.person)} probes of {faces.people} people ({each} images each): every image is attacked "
        "once, by an attacker who learnt from\nthe others of that person and who was chosen without looking at it. "
        "Intervals are bootstraps over people."
    )


def _fit(name: str, curve: Curve) -> str:
    spread = np.sqrt(np.diag(curve.covariance))
    values = zip(("d_max", "px50", "h"), (curve.fit.d_max, curve.fit.px50, curve.fit.h), spread, strict=True)
    return (
        f"**{name}**: "
        + ", ".join(f"{word} {value:.2f} (sd {sd:.2f})" for word, value, sd in values)
        + f". Over all sizes and galleries of 2 to 40 people the fit errs by {curve.rmse_points:.2f} points (RMSE), by "
        f"{curve.held_out_points:.2f} on galleries that were left out of it."
    )


def _beyond(curves: dict[str, Curve]) -> str:
    lines = [
        f"## Beyond {EXTRAPOLATED_BEYOND:,} people",
        "",
        "Nobody was compared with more than 40. Larger galleries are extrapolations, by two models that agree on 2 and",
        "40: `low` (binormal) and `high` (beta-binomial). The band between them is a model's, not a sample's.",
        "",
        "| fit | px | " + " | ".join(f"N = {n:,}" for n in _BEYOND) + " | widest |",
        "|---|---|" + "---|" * (len(_BEYOND) + 1),
    ]
    widest = 0.0
    for name, curve in curves.items():
        for px in _SIZES:
            rows = branches(float(curve.fit.d_prime(px)), _BEYOND)
            apart = max(100.0 * (high - low) for _, low, high in rows)
            widest = max(widest, apart)
            cells = " | ".join(f"{low:.1%} – {high:.1%}" for _, low, high in rows)
            lines.append(f"| {name} | {px:g} | {cells} | {apart:.0f} points |")
    return "\n".join([*lines, "", f"The branches differ by up to {widest:.0f} points: neither is shown alone."])


def _masks(worded: list[tuple[Job, Outcome, float, str]]) -> str:
    lines = [
        "## What each mask hides",
        "",
        "Right person first among all, for the strongest attack measured (`complete`: within two points of guessing;",
        "`strong`: at most a tenth of what the clear face gives above chance; `weak`: at most 70 %; `cosmetic`: more).",
        "",
        "| mask | naive attack | strongest attack | 95 % interval | by | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for job, outcome, naive, word in worded:
        low, high = outcome.interval()
        by = job.level + (f", {job.frames} frames" if job.frames > 1 else "")
        lines.append(f"| {job.name} | {naive:.1%} | {outcome.top(1):.1%} | {low:.1%} – {high:.1%} | {by} | {word} |")
    return "\n".join(lines)


def _limits(faces: Faces) -> str:
    if faces.name == "synthetic":
        return (
            "Drawn faces: this shows that the lab works; each rate is a lower bound on what a stronger attacker\n"
            "would do with the same drawings. It says nothing about people."
        )
    return (
        "Open set: at one false alarm in a hundred the threshold rests on four pictures of strangers: an order of\n"
        "magnitude.\n\n"
        "One set of faces, cropped to the face, of one session, mostly men: a lower bound on what a stronger attacker\n"
        "would do with such faces, and too high for faces in the wild. Never an upper bound: networks trained on\n"
        "millions of faces need fewer examples of each person."
    )
