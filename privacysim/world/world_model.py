"""World of one replicate: everything drawn by chance before any policy is applied. It contains no people."""

from dataclasses import dataclass, replace

import pandas as pd

from privacysim import tables
from privacysim.city.city_model import City
from privacysim.errors import InputError, one_line
from privacysim.scenario import Scenario
from privacysim.units import TICKS_PER_S
from privacysim.world import events
from privacysim.world.cameras import Cameras, sample_cameras
from privacysim.world.campaigns import Lapses, sample_lapses
from privacysim.world.chances import Asks, Cases, Clues, Custody, Monitors, Streams
from privacysim.world.clues import Searches, sample_clues, sample_searches
from privacysim.world.interiors import home_interiors, with_interiors
from privacysim.world.placed import Placed, placed_cameras
from privacysim.world.streams import Hidden, sample_hidden, sample_streams


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Cameras and chances of replicate k from −warmup_days to `days`; footage exists from −footage_days on.

    A world is a pure function of (city, scenario, seed, k, the three spans); nothing in it refers to a policy or to a
    member of the sample.
    """

    __repr__ = one_line

    city: City
    scenario: Scenario
    seed: int
    k: int
    days: int
    footage_days: int
    warmup_days: int
    cameras: Cameras
    custody: Custody
    cases: Cases
    clues: Clues
    asks: Asks
    streams: Streams
    monitors: Monitors
    lapses: Lapses
    hidden: Hidden
    searches: Searches
    emergencies: events.Emergencies
    maintenance: events.Rounds
    inspections: events.Rounds
    complaints: events.Rounds
    stated: Placed | None = None
    """What the map, a file or a DataFrame states about the first cameras; None if all cameras are drawn."""

    def cases_frame(self) -> pd.DataFrame:
        """Return the table `cases`: those opened within the study."""
        cases, inside = self.cases, self.cases.opened >= 0
        return tables.frame("cases", {
            "replicate": self.k, "case_id": cases.case_id[inside], "purpose": cases.purpose[inside],
            "offence": cases.offence[inside],
            "place_id": cases.place[inside], "x_m": cases.x[inside], "y_m": cases.y[inside],
            "opened_s": cases.opened[inside] / TICKS_PER_S,
        })


def sample_world(city: City, scenario: Scenario, seed: int, k: int, *, days: int, footage_days: int,
                 warmup_days: int = 180, cameras: pd.DataFrame | Placed | None = None) -> World:
    """Draw the world of replicate k.

    Spans are whole days: `days` of the study; `footage_days` before day 0 from which footage may still exist (longest
    retention + 1); `warmup_days` before day 0 from which desks and streams run. `cameras`: a DataFrame of your own
    cameras (columns: `privacysim.world.placed.CAMERA_COLUMNS`), which replace those of the scenario in any city. Values
    that it leaves out are drawn as for a mapped camera with a missing tag.

    >>> import privacysim as ps
    >>> scenario = ps.load_scenario("guangzhou_district")
    >>> own = pd.DataFrame({"x_m": [0.0, 50.0], "y_m": [0.0, 0.0], "operator": ["public_security", "home"]})
    >>> world = ps.sample_world(ps.build_city(scenario), scenario, 185, 0, days=7, footage_days=31, cameras=own)
    >>> world.cameras.frame(0)["operator"].tolist()[:2]
    ['public_security', 'home']
    """
    for name, value, least in (("days", days, 1), ("footage_days", footage_days, 0), ("warmup_days", warmup_days, 0)):
        if value < least:
            raise InputError(name, f"a whole number of days, at least {least}", value, f"write {least} or more")
    span = range(-warmup_days, days)
    stated = placed_cameras(city, scenario.cameras.file, cameras)
    made = sample_cameras(city, scenario, seed, k, stated)
    custody = events.sample_custody(scenario, made, seed, k)
    cases = events.sample_cases(city, scenario, seed, k, span)
    cases, clues = sample_clues(city, scenario, made, cases, seed, k, first_day=-footage_days, days=days)
    complaints = scenario.leaks.complaints_per_million.number * scenario.population.people.number / 1e6
    recent = range(max(-warmup_days, -footage_days), days)
    # a DataFrame names all cameras; hidden ones and interiors come after all others, and nobody requests them
    interiors = home_interiors(scenario) if cameras is None else 0
    streams = sample_streams(scenario, made, custody, seed, k, span, interiors)
    lapses = sample_lapses(scenario, made, custody, seed, k, span, interiors)
    all_cameras, all_custody, hidden = sample_hidden(city, scenario, made, custody, seed, k, span)
    all_cameras, all_custody, reached = with_interiors(city, scenario, all_cameras, all_custody, seed, k,
                                                       (streams.camera, lapses.camera))  # fmt: skip
    return World(city=city, scenario=scenario, seed=seed, k=k, days=days, footage_days=footage_days,
                 warmup_days=warmup_days, cameras=all_cameras, custody=all_custody, cases=cases, clues=clues,
                 hidden=hidden, stated=stated, asks=events.sample_asks(scenario, made, seed, k, span, recent),
                 streams=replace(streams, camera=reached[0]), lapses=replace(lapses, camera=reached[1]),
                 monitors=events.sample_monitors(scenario, made, seed, k),
                 searches=sample_searches(scenario, made, cases, seed, k, first_day=-footage_days, days=days),
                 emergencies=events.sample_emergencies(city, scenario, made, seed, k, span),
                 maintenance=events.sample_rounds("maintenance", scenario.access.maintenance_per_camera_year.number,
                                                  made, seed, k, span),
                 inspections=events.sample_rounds("inspections", scenario.leaks.inspections_per_camera_year.number,
                                                  made, seed, k, span),
                 complaints=events.sample_rounds("complaints", complaints / max(len(made), 1), made, seed, k,
                                                 span))  # fmt: skip
