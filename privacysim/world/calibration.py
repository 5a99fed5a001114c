"""Calibrates an unmeasured constant in closed form so that the world reproduces a known observation.

The website's list has the mean `E[list] = n · s · p_listed / 365.25 · Σ_z q_z / h_z` (M/G/∞), with n exposable
cameras, s scans a year, and stays at cameras of scene z (share q_z among listings) that end with hazard h_z. We solve
for p_listed so that it equals the 185 of the founding case, in either reading of it (`leaks.case`). The datum
identifies only the product n · s · p_listed.

It is a constant of `guangzhou_185` with its baseline. It reproduces its datum by construction, so this agreement does
not validate the model.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from privacysim.city.city_model import City
from privacysim.draws import Floats
from privacysim.facts import facts
from privacysim.scenario import Scenario
from privacysim.vocabulary import CLOSERS, OPERATORS, SCENES
from privacysim.world.chances import poisson_quantile
from privacysim.world.interiors import home_interiors
from privacysim.world.placed import siting
from privacysim.world.streams import arrivals_per_day, hazards, interiors_listed, mechanism_shares

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
    """Held-out city: its observed count, and the prediction of the same constants for its population.

    `low`, `high`: 95 % band of a Poisson count whose mean differs between cities (`website_city_factor_…`).
    """

    city: str
    observed: float
    predicted: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the count lies in the 95 % band of the prediction."""
        return self.low <= self.observed <= self.high


def poisson_band(mean: float) -> tuple[int, int]:
    """Return the central 95 % range of a Poisson count.

    >>> poisson_band(185.0)
    (159, 212)
    """
    low, high = poisson_quantile(np.array([0.025, 0.975]), mean)
    return int(low), int(high)


def scene_mix(city: City, scenario: Scenario) -> Floats:
    """Return the share of each of SCENES among social cameras under the siting model, without home interiors."""
    law = siting(city, scenario)
    share = np.diff(law.operator_bounds, prepend=0.0)
    section = scenario.cameras
    inside = {"commercial": section.indoor_share_commercial.number, "compound": section.indoor_share_compound.number,
              "home": section.indoor_share_home.number}  # fmt: skip
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
    section, directory = scenario.cameras, scenario.leaks.case == "directory"
    count = round(section.per_1000.number * scenario.population.people.number / 1000.0)
    social = count * (1 - section.public_share.number)
    platform, reachable = section.platform_share.number, section.internet_share.number
    open_, default = section.no_password_share.number, section.default_password_share.number
    either = 1 - (1 - platform) * (1 - reachable)
    # social cameras and home interiors that each mechanism can put online
    ordinary = social * np.array([platform, platform, reachable * open_, reachable * default, reachable])
    homes = interiors_listed(scenario, home_interiors(scenario))
    inside = np.divide(homes, ordinary + homes, out=np.zeros(homes.size), where=ordinary + homes > 0)
    exposable = (social * reachable * (1 - (1 - open_) * (1 - default)) + homes[[2, 3]].sum() if directory
                 else social * either + homes[0])
    interior = float(mechanism_shares(scenario) @ inside)
    mix, hazard = (1 - interior) * scene_mix(city, scenario), hazards(scenario)
    mix[SCENES.index("private_space")] += interior
    stays = mix / hazard.sum(axis=1)
    causes = (stays[:, None] * hazard).sum(axis=0)
    return Listing(expected=float(arrivals_per_day(scenario, exposable) * stays.sum()), exposable=float(exposable),
                   mean_stay_d=float(stays.sum()), indoor_share=float(stays[1:].sum() / stays.sum()),
                   closed_by=dict(zip(CLOSERS, (causes / causes.sum()).tolist(), strict=True)))  # fmt: skip


def calibrate_leaks(city: City, scenario: Scenario) -> Solved:
    """Calibrate p_listed to the website count of the founding case; the range is the count's Poisson band."""
    found = listing(city, scenario)
    datum = facts()["website_listed_guangzhou"]
    per_camera = found.expected / scenario.leaks.listing.number
    low, high = poisson_band(datum.value)
    p_listed, least, most = (count / per_camera for count in (datum.value, low, high))
    return Solved(scenario.leaks.listing_key, p_listed, least, most, "website_listed_guangzhou")


def held_out() -> list[HeldOut]:
    """Compare counts of other cities with Guangzhou's count per resident × their population, both at the end of 2018.

    The variance of the logarithm adds that between cities, 1/n of this count and 1/n of Guangzhou's (Poisson).
    """
    datum = facts().value("website_listed_guangzhou")
    rows = []
    for city in HELD_OUT:
        factor, people = facts()[f"website_city_factor_{city}"], facts().value(f"population_{city}")
        predicted = datum * people / facts().value("population_guangzhou_2018") * factor.value
        between = np.log(factor.high / factor.low) / (2.0 * ndtri(0.95))
        reach = float(np.exp(ndtri(0.975) * np.sqrt(between**2 + 1.0 / predicted + 1.0 / datum)))
        observed = facts().value(f"website_listed_{city}")
        rows.append(HeldOut(city, observed, predicted, predicted / reach, predicted * reach))
    return rows
