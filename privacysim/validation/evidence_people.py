"""Validation of people and faces: commutes, places visited, unicity and recognition rates that were not tuned.

People are a sample in each world of the founding case. Distances to work were CALIBRATED to a mean, and modes of travel
were set to the city's shares. Travel times, places visited in a month and the points that single a person out are
predictions. Faces: the measured curve is compared with galleries and masks that other laboratories measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from privacysim.attacks import unicity
from privacysim.city import City
from privacysim.facts import facts
from privacysim.identify import identifiability
from privacysim.people import Block, Sample, commutes, draw_block, draw_sample, residents, summary
from privacysim.scenario import Scenario
from privacysim.stats import mean as mean_of
from privacysim.units import DAY_S, TICKS_PER_S
from privacysim.vocabulary import GROUPS


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. `low`, `high`: 95 % interval of the model's value; equal for a closed form.

    >>> Row("x", "", 2.0, (2.0, 3.0), "a source", 1.5, 1.0, 2.0, "m").verdict
    'within'
    """

    what: str
    fact: str
    """Id of the fact; empty if there is no observation."""
    observed: float | None
    observed_range: tuple[float, float] | None
    source: str
    model: float
    low: float
    high: float
    unit: str
    note: str = ""

    @property
    def verdict(self) -> str:
        """`within` if the two ranges overlap, `miss` if not, `–` without an observation."""
        if self.observed_range is None:
            return "–"
        first, last = self.observed_range
        return "within" if self.low <= last and first <= self.high else "miss"


def row_of(
    what: str, fact: str, values: Sequence[float], unit: str, *, note: str = "", band: tuple[float, float] | None = None
) -> Row:
    """Build a row: the fact with its range or `band`, and the model's mean with a t interval over replicates."""
    known = facts()[fact]
    seen = band or (known.low, known.high)
    return Row(what, fact, known.value, seen, known.source, float(np.mean(values)), *spread(values), unit, note)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """95 % t interval over replicates; a single value is its own interval."""
    found = mean_of(values)
    return (found.value, found.value) if found.low is None or found.high is None else (found.low, found.high)


SAMPLE, DAYS = 20_000, 30
_TARGETS = 2_000
_POINTS = 4
_CELL_M, _WINDOW_S = 1_000.0, 3_600.0


def people_of(city: City, case: Scenario, seed: int, k: int) -> dict[str, float]:
    """Value of each row about people in one replicate."""
    drawn = draw_sample(city, case, seed, k, SAMPLE)
    block = draw_block(city, case, seed, k, drawn.ids, drawn.weight, 0, DAYS)
    return {
        "commute_km": summary(block, city, case)["mean_commute_km"], **_minutes(city, case, seed, k, drawn),
        "places": _places(block), "unicity": _unicity(city, block, seed),
    }  # fmt: skip


def _minutes(city: City, case: Scenario, seed: int, k: int, drawn: Sample) -> dict[str, float]:
    person, minutes = commutes(city, case, seed, k, drawn.ids)
    working = residents(city, case).locate(drawn.ids)[1][person] != GROUPS.index("student")
    weight = drawn.weight[person][working]
    return {
        "minutes": float(np.average(minutes[working], weights=weight)),
        "within_45": float(np.average(minutes[working] <= 45.0, weights=weight)),
    }


def _places(block: Block) -> float:
    """Mean number of distinct places that a person visits within the days, including home."""
    made = block.tour_mask.any(axis=1)
    seen = np.unique(np.column_stack([block.tour_person[made], block.tour_place[made]]), axis=0)[:, 0]
    return float(1.0 + np.average(np.bincount(seen, minlength=block.weight.size), weights=block.weight))


def _unicity(city: City, block: Block, seed: int) -> float:
    """Share of people singled out by four arrivals, by square kilometre and hour, as a phone network records them."""
    mask, days = block.tour_mask[block.stay_tour], np.arange(block.days)
    bits = (mask[:, days // 64] >> (days % 64).astype(np.uint64)) & np.uint64(1)
    row, day = np.nonzero(bits)
    tour = block.stay_tour[row]
    place = block.tour_place[tour]
    points = pd.DataFrame({
        "user": block.tour_person[tour], "x": city.place_x[place].astype(float), "y": city.place_y[place].astype(float),
        "time": day * DAY_S + (block.stay_arrive[row] + block.tour_jitter[tour, day]) / TICKS_PER_S,
    })
    found = unicity(points, _POINTS, time="time", cell_m=_CELL_M, window_s=_WINDOW_S, targets=_TARGETS, seed=seed)
    return float(found["unicity"].iloc[0])


def explored(trips: float) -> float:
    """Mean number of distinct places after `trips` trips: dS/dn = ρ S^−γ from S = 1 (Song et al. 2010).

    >>> round(explored(0.0), 1), round(explored(74.1), 1)
    (1.0, 27.4)
    """
    power = 1.0 + facts().value("epr_gamma")
    return float((1.0 + power * facts().value("epr_rho") * trips) ** (1.0 / power))


def commute_row(values: Sequence[float]) -> Row:
    """CALIBRATED row: the mean commute."""
    known = facts()["mean_commute_km"]
    return row_of("mean commute", known.id, values, "km", note="commute_decay_km solved for it", band=(8.6, 8.8))


def people_rows(mean: dict[str, list[float]]) -> tuple[Row, ...]:
    """PREDICTED rows about people."""
    trips = DAYS * facts().value("trips_per_person_day")
    few, many = explored(trips / 2.0), explored(trips)
    places = row_of("distinct places of a person in a month", "epr_rho", mean["places"], "places", band=(few, many))
    return (
        row_of("mean way to work", "mean_commute_min", mean["minutes"], "min",
               note="ways have no waits, changes or traffic lights: too quick, most of all by transit"),
        row_of("ways to work within 45 minutes", "commute_within_45_min_share", mean["within_45"], "share",
               note="the same lack of waits"),
        Row(places.what, "epr_rho", few, (few, many),
            "exploration and preferential return, Song et al. 2010: every second trip (the way home finds nothing) to "
            "every trip finds a new place with ρ S^−γ", places.model, places.low, places.high, places.unit,
            "at most twelve directed routes a person: rare places are folded into frequent ones"),
        row_of("people singled out by 4 points (km², hour), of 20 000", "unicity_4_points", mean["unicity"], "share",
               band=(facts().value("unicity_4_points"), 1.0),
               note="the source has 1.5 million people and 15 months of calls: fewer people are at least as unique, so "
               "its share is a lower bound; arrivals stand for calls"),
    )


def recognition_rows() -> tuple[Row, ...]:
    """PREDICTED rows: recognition rates measured by others on other faces; closed forms, low to high curve."""
    crowd, film_stars = round(facts().value("survface_identities")), 530
    return (
        _recognised("named from a street camera among 15 573", "survface_rank20_share", crowd, "none", 20.0,
                    "faces of 20 px; the source counts the first 20 names at 10 % false alarms. Our curve comes from "
                    "aligned, sharp pictures: an upper bound for faces in the wild, and beyond 10³ extrapolated"),
        _recognised("named behind a mosaic of 16 pixels among 530", "mosaic_facescrub_top1", film_stars,
                    "pixelate:14", 100.0, "the lower end of the source's range; 14 cells: blocks of 16 in pictures "
                    "taken to be 224 wide; faces of film stars in the wild, ours are aligned"),
    )  # fmt: skip


def _recognised(what: str, fact: str, people: int, mask: str, face_px: float, note: str) -> Row:
    low, high = (float(identifiability(mask, face_px, True, people, curve=curve)) for curve in ("low", "high"))
    known = facts()[fact]
    return Row(what, fact, known.low, (known.low, known.low), known.source, low, low, high, "share", note)
