"""What cameras film of people whether or not anybody looks: the exposure that only waits for a viewer. On request."""

from __future__ import annotations

import numpy as np

from privacysim.metrics.registry import Part, Reading, metric
from privacysim.metrics.seen import Footage
from privacysim.sight.optics import DORI_NAMES

_ANYBODY = "whoever gets hold of the footage"
_SOURCE = "all cameras of the city; nobody need look"


def _per_person_day(sums: Part) -> list[Reading]:
    if sums["person_days"] == 0:
        return [Reading("", None, 0, "undefined: nobody")]
    return [Reading("", sums["total"] / sums["person_days"], round(sums["n"]))]


def _plain(sums: Part) -> list[Reading]:
    return [Reading("", sums["total"], round(sums["n"]))]


def _part(seen: Footage, per_person: np.ndarray) -> Part:
    return {
        "total": float((seen.weight * per_person).sum()), "n": float(np.count_nonzero(per_person)),
        "person_days": float(seen.weight.sum()) * seen.days,
    }  # fmt: skip


@metric(
    title="cameras passed per person and day", unit="passes per person-day", direction="lower", family="exposure",
    of="footage", attacker=_ANYBODY, equation="Σᵢ wᵢ #{(pass, day)} / (N·D)", source=_SOURCE, value=_per_person_day,
    default=False,
)
def cameras_per_person_day(seen: Footage) -> Part:
    """To hold against claims such as "seen 300 times a day in London" (a journalist's guess, never measured)."""
    return _part(seen, seen.passes)


def _at_level(code: int, level: str) -> None:
    @metric(
        name=f"minutes_in_view_{level}", title=f"minutes in view per person and day, good enough to {level}",
        unit="min per person-day", direction="lower", family="exposure", of="footage", attacker=_ANYBODY,
        equation="Σᵢ wᵢ Σ frontal seconds at that many px/m or more / 60 / (N·D)", output="time",
        source="EN/IEC 62676-4 levels; " + _SOURCE, value=_per_person_day, default=False,
    )
    def minutes(seen: Footage) -> Part:
        return _part(seen, seen.seconds[:, code] / 60.0)


for _code, _level in enumerate(DORI_NAMES):
    _at_level(_code, _level)


@metric(
    title="identifiable person-hours lying in archives at one time", unit="person-hours", direction="lower",
    family="exposure", of="footage", attacker=_ANYBODY, value=_plain, default=False, bounded=False,
    equation="Σᵢ wᵢ Σ seconds a day at 250 px/m or more × days kept / 3600 (Little's law)",
    source="custody: retention of each camera under the arm; " + _SOURCE,
)
def archive_person_hours(seen: Footage) -> Part:
    """Potential exposure: what one breach of everything would give away. Long-run: rate × time kept."""
    return _part(seen, seen.held_s / 3600.0)
