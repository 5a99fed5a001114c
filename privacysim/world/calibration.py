"""Calibrates unmeasured constants in closed form so that the world reproduces known observations.

Leaks. The website's list has the mean `E[list] = n · s · p_listed / 365.25 · Σ_z q_z / h_z` (M/G/∞), with n exposable
cameras, s scans a year, and stays at cameras of scene z (share q_z) that end with hazard h_z. We solve for p_listed so
that it equals the 185 of the founding case. The datum identifies only the product n · s · p_listed.

Evidence. A case has N clue cameras, of which M had the offender in view within the wanted time. Each has usable
footage with x = recording_share · p_working. Usable footage that shows the offender identifies them with p_recognised:
`availability = 1 − E[(1 − x)^N]` (0.45) and `availability · usefulness = 1 − E[(1 − x · p_recognised)^M]`
(0.45 · 0.65), Ashby 2017, doi:10.1007/s10610-017-9341-6. N and M come from the world's own cases, before retention.

Both are constants of `guangzhou_185` with its baseline. They reproduce their datum by construction, so this agreement
does not validate the model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from privacysim.city.city_model import City
from privacysim.draws import Floats, Ints
from privacysim.errors import PrivacysimError
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.vocabulary import CLOSERS, OPERATORS, SCENES
from privacysim.world.chances import poisson_quantile
from privacysim.world.clues import matters
from privacysim.world.placed import siting
from privacysim.world.streams import arrivals_per_day, hazards
from privacysim.world.world_model import World, sample_world

HELD_OUT = ("beijing", "wuhan", "nanning", "chengdu")
"""Cities whose counts on the same website were not used for calibration."""


class Solved(NamedTuple):
    """One CALIBRATED constant: its value, and its range from the datum's own range."""

    fact: str
    value: float
    low: float
    high: float
    datum: str


class Listing(NamedTuple):
    """Closed-form properties of the website's list for one scenario.

    `expected` is the mean number of cameras listed in equilibrium under the baseline, at the current p_listed, and
    `exposable` the expected number of cameras that could be listed. `indoor_share`: the share of listed cameras that do
    not film a street; `closed_by`: the share of closings by cause.
    """

    expected: float
    exposable: float
    mean_stay_d: float
    indoor_share: float
    closed_by: dict[str, float]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out city: its observed count, and the prediction of the same constants for its population."""

    city: str
    observed: float
    predicted: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the count lies in the Poisson 95 % band of the prediction."""
        return self.low <= self.observed <= self.high


def poisson_band(mean: float) -> tuple[int, int]:
    """Return the central 95 % range of a Poisson count.

    >>> poisson_band(185.0)
    (159, 212)
    """
    low, high = poisson_quantile(np.array([0.025, 0.975]), mean)
    return int(low), int(high)


def scene_mix(city: City, scenario: Scenario) -> Floats:
    """Return the share of each of SCENES among social cameras under the siting model (without sampling)."""
    law = siting(city, scenario)
    share = np.diff(law.operator_bounds, prepend=0.0)
    inside = {"commercial": scenario.cameras.indoor_share_commercial.number,
              "compound": scenario.cameras.indoor_share_compound.number, "home": 0.0}  # fmt: skip
    interior = np.maximum(np.asarray(city.place_scene), SCENES.index("public_interior"))
    mix = np.zeros(len(SCENES))
    for operator, indoor in inside.items():
        code = OPERATORS.index(operator)
        if share[code] > 0:
            bounds = law.place_bounds[code]
            by_scene = np.bincount(interior, np.diff(bounds, prepend=0.0) / bounds[-1], len(SCENES))
            mix += share[code] * indoor * by_scene
            mix[SCENES.index("street")] += share[code] * (1 - indoor)
    return mix / mix.sum()


def listing(city: City, scenario: Scenario) -> Listing:
    """Return the mean of the website's list and its composition."""
    section = scenario.cameras
    count = round(section.per_1000.number * scenario.population.people.number / 1000.0)
    reach = 1 - (1 - section.platform_share.number) * (1 - section.internet_share.number)
    exposable = count * (1 - section.public_share.number) * reach
    mix, hazard = scene_mix(city, scenario), hazards(scenario)
    stays = mix / hazard.sum(axis=1)
    causes = (stays[:, None] * hazard).sum(axis=0)
    return Listing(expected=float(arrivals_per_day(scenario, exposable) * stays.sum()), exposable=float(exposable),
                   mean_stay_d=float(stays.sum()), indoor_share=float(stays[1:].sum() / stays.sum()),
                   closed_by=dict(zip(CLOSERS, (causes / causes.sum()).tolist(), strict=True)))  # fmt: skip


def calibrate_leaks(city: City, scenario: Scenario) -> Solved:
    """Calibrate p_listed to the website count of the founding case; the range is the count's Poisson band."""
    found = listing(city, scenario)
    datum = facts()["website_listed_guangzhou"]
    per_camera = found.expected / scenario.leaks.p_listed.number
    low, high = poisson_band(datum.value)
    p_listed, least, most = (count / per_camera for count in (datum.value, low, high))
    return Solved("p_listed", p_listed, least, most, "website_listed_guangzhou")


def held_out(scenario: Scenario) -> list[HeldOut]:
    """Compare counts of other cities with this city's count per resident × their population."""
    here = facts().value("website_listed_guangzhou") / scenario.population.people.number
    rows = []
    for city in HELD_OUT:
        predicted = here * facts().value(f"population_{city}")
        rows.append(HeldOut(city, facts().value(f"website_listed_{city}"), predicted, *poisson_band(predicted)))
    return rows


def clue_counts(world: World) -> tuple[Ints, Ints]:
    """Return (N, M) for each case with clues: its clue cameras, and those that had the offender in view in time."""
    start = world.clues.start
    seen = np.concatenate(([0], np.cumsum(world.clues.seen)))
    rows = matters(world.cases, -world.footage_days, world.days)
    return np.diff(start)[rows], np.diff(seen[start])[rows]


def at_least_one(chance: float, counts: Ints) -> float:
    """Return the share of cases in which at least one camera succeeds, each independently with `chance`."""
    return float(1.0 - np.mean((1.0 - chance) ** counts))


def calibrate_evidence(counts: Ints, seen: Ints, scenario: Scenario) -> tuple[Solved, Solved]:
    """Calibrate p_working and p_recognised from the distributions of N and M over cases with a request."""
    available, useful = facts()["evidence_available"], facts()["evidence_useful"]
    records = scenario.cameras.recording_share.number
    working = [_solve(lambda x: at_least_one(x * records, counts), share, "evidence_available")
               for share in (available.value, available.low, available.high)]
    x = working[0] * records
    recognised = [_solve(lambda p: at_least_one(x * p, seen), available.value * share, "evidence_useful")
                  for share in (useful.value, useful.low, useful.high)]
    return (Solved("p_working", working[0], working[1], working[2], "evidence_available"),
            Solved("p_recognised", recognised[0], recognised[1], recognised[2], "evidence_useful"))  # fmt: skip


def _solve(rises: Callable[[float], float], target: float, datum: str) -> float:
    """Find the p in [0, 1] at which an increasing function reaches its target."""
    if rises(1.0) < target:
        raise PrivacysimError(
            f"{datum}: no chance between 0 and 1 gives {target:.3f}; the clues allow {rises(1.0):.3f} at most.\n"
            "  Fix: more clue cameras, or another datum."
        )
    return float(brentq(lambda p: rises(p) - target, 0.0, 1.0, xtol=1e-15))


def pilot_clues(city: City, scenario: Scenario, seed: int, replicates: Sequence[int]) -> tuple[Ints, Ints]:
    """Return N and M of all requested cases of some replicates: 30 study days after a month of footage."""
    worlds = (sample_world(city, scenario, seed, k, days=30, footage_days=31, warmup_days=60) for k in replicates)
    counts, seen = zip(*map(clue_counts, worlds), strict=True)
    return np.concatenate(counts), np.concatenate(seen)
