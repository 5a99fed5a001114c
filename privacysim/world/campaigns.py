"""Campaigns against cameras: one actor who opens many cameras that are not theirs, and keeps or sells what they show.

Insiders are custodians' own staff, their maintenance contractors and the staff of vendor platforms. They lapse at a
rate per staff-year, before any deterrence, and look at cameras by hand: a Pareto number, at most as many as one person
watches, of their custodian, of their customers, or of the platform.

Intruders harvest cameras all over the country, at a rate per million residents. N, the number under their control, is
Pareto between the 20 that make a crime and the largest known case (`campaign_tail`); one who breaks into a vendor's
platform controls all that it serves. Nobody can watch that many: the actor looks at min(N, `campaign_watched`) of them.
The number in the city is Poisson, in proportion to its share of residents. Cameras with a factory password, or none,
are harvested; those inside homes are among them. A camera that is watched yields Poisson numbers of pieces worth
keeping and of pieces that sell, by its scene; footage of streets does not sell. Pieces and revenue per camera therefore
follow from N, and fall as N grows.

Limits: one view of each camera; the harvest is the same under every policy, except what a security duty closes.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from privacysim.draws import Bytes, Floats, Ints, hashes, stream_key, uniforms
from privacysim.facts import facts
from privacysim.files import Quantity
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import SCENES
from privacysim.world import chances as laws
from privacysim.world.cameras import Cameras
from privacysim.world.chances import YEAR_D, Custody, Rows, minutes
from privacysim.world.interiors import chosen, scene_of

LAPSES = ("staff", "contractor", "vendor", "break_in", "platform_break_in")
STAFF, CONTRACTOR, VENDOR, BREAK_IN, PLATFORM = range(5)
_FIRST_LAPSE, _FIRST_BREAK_IN, _FIRST_PLATFORM = 1 << 36, 2 << 36, 3 << 36
"""Each kind of root event has its own range of ids, because acts and incidents name their root by id alone."""
_MARKS = 16


@dataclass(frozen=True, slots=True)
class Lapses(Rows):
    """Campaigns that may happen, in the order of `tick`; CSR over the city's cameras that the actor looks at."""

    lapse_id: Ints
    """Stable id of the campaign and of the actor; acts and incidents name it."""
    kind: Bytes
    """Code in LAPSES."""
    tick: Ints
    start: Ints
    """(campaigns + 1,) offsets into `camera`, `pieces`, `saleable` and `open`."""
    camera: Ints
    reach: Ints
    """Cameras under the actor's control, in the whole country."""
    look_ticks: Ints
    """Length of footage looked at, ending at `tick` (before retention shortens it)."""
    marks: Floats
    """(n, 16): 0 = deterrence."""
    pieces: Ints
    """Pieces that an intruder keeps of each camera; 0 for insiders, who take one copy or none."""
    saleable: Ints
    """Of these, pieces that find a buyer if the actor sells."""
    open: Floats
    """Uniform mark of each camera: a security duty has closed it where the mark is below the duty's effect."""


def country_share(scenario: Scenario) -> float:
    """Return the city's share of the country's people, and so of cameras harvested all over the country."""
    return min(1.0, scenario.population.people.number / facts().value("country_people"))


def pieces_by_scene() -> tuple[Floats, Floats]:
    """Return the mean numbers of pieces, by SCENES, that a watched camera yields: kept but not saleable, and saleable.

    Footage of streets is neither kept nor bought.
    """
    kept = np.array([0.0, *(facts().value(f"pieces_{scene}") for scene in SCENES[1:])])
    sells = np.array([0.0, *(facts().value(f"saleable_share_{scene}") for scene in SCENES[1:])])
    return kept * (1.0 - sells), kept * sells


def sample_lapses(scenario: Scenario, cameras: Cameras, custody: Custody, seed: int, k: int, days: range,
                  interiors: int = 0) -> Lapses:
    """Draw the campaigns of these days, thinned from the highest rates; cameras may be `interiors` of homes."""
    leaks, most = scenario.leaks, max(1.0, scenario.leaks.campaign_watched.number)
    share, key = country_share(scenario), stream_key(seed, k, "lapses.cameras")
    platform = np.asarray(cameras.platform_id)
    platforms = np.unique(platform[platform >= 0])
    served = {int(one): np.flatnonzero(platform == one) for one in platforms}
    of_each = interiors / max(platforms.size, 1)

    def events(stream: str, high: float, rate: Quantity, marks: int) -> tuple[Ints, Ints, Floats]:
        return laws.thinned(seed, k, stream, high, rate.number / rate.range[1], days, marks, f"{stream}.thin")

    def drawn(ids: Ints, count: Ints, pools: list[tuple[Ints, float]]) -> list[Ints]:
        """Draw `count` different cameras of its own pool for each campaign; fewer where the pool is small."""
        return [pd.unique(chosen(uniforms(key, [one], int(n))[0], *pool)) if n else np.empty(0, np.int64)
                for one, n, pool in zip(ids.tolist(), count, pools, strict=True)]

    staff_years = len(cameras) / 1000.0 * leaks.staff_per_1000_cameras.number / YEAR_D
    rate = leaks.lapses_per_1000_staff_years
    ids, tick, u = events("lapses", staff_years * rate.range[1] / 1000.0, rate, 4)
    first = _pick(u[:, 1], len(cameras))
    vendor = (u[:, 2] < leaks.lapse_vendor_share.number) & (platform[first] >= 0)
    contractor = u[:, 2] >= 1.0 - leaks.lapse_contractor_share.number
    kind = np.where(vendor, VENDOR, np.where(contractor, CONTRACTOR, STAFF))
    count = laws.pareto(u[:, 3], 1.0, most, leaks.insider_tail.number).astype(np.int64)
    social = np.flatnonzero(cameras.social)
    pools = [(served[int(platform[one])], of_each) if what == VENDOR else (social, float(interiors))
             for one, what in zip(first.tolist(), kind.tolist(), strict=True)]
    touched = drawn(ids, np.where(kind == STAFF, 0, count), pools)
    _own(cameras, first, np.where(kind == STAFF, count, 0), touched)
    sizes = np.array([one.size for one in touched], dtype=np.int64)
    parts = [(ids + _FIRST_LAPSE, tick, kind, touched, sizes)]

    weak = scenario.cameras.internet_share.number * (scenario.cameras.default_password_share.number
                                                    + scenario.cameras.no_password_share.number)
    pool = (np.flatnonzero(custody.default_password | custody.no_password), interiors * weak)
    rate = leaks.campaigns_per_million_year
    ids, tick, u = events("break_ins", rate.range[1] * facts().value("country_people") / 1e6 / YEAR_D, rate, 2)
    reach = laws.pareto(u[:, 0], leaks.campaign_least.number, leaks.campaign_most.number, leaks.campaign_tail.number)
    count = laws.poisson_quantile(u[:, 1], np.minimum(reach, most) * share)
    count[:] = count if pool[0].size + pool[1] > 0 else 0
    row = np.flatnonzero(count)
    touched = drawn(ids[row] + _FIRST_BREAK_IN, count[row], [pool] * row.size)
    parts.append((ids[row] + _FIRST_BREAK_IN, tick[row], np.full(row.size, BREAK_IN), touched,
                  reach[row].astype(np.int64)))

    rate = leaks.platform_breaches_per_year
    ids, tick, u = events("platform_break_ins", platforms.size * rate.range[1] / YEAR_D, rate, 2)
    pools = [(served[int(platforms[n])], of_each) for n in _pick(u[:, 0], platforms.size)]
    reach = np.array([(members.size + more) / share for members, more in pools])
    count = laws.poisson_quantile(u[:, 1], np.minimum(reach, most) * share)
    touched = drawn(ids + _FIRST_PLATFORM, np.maximum(count, 1), pools)
    parts.append((ids + _FIRST_PLATFORM, tick, np.full(ids.size, PLATFORM), touched, reach.astype(np.int64)))
    return _joined(scenario, cameras, parts, seed, k)


def _joined(scenario: Scenario, cameras: Cameras, parts: list[tuple[Ints, Ints, Ints, list[Ints], Ints]], seed: int,
            k: int) -> Lapses:
    """Put the campaigns in the order of time, and draw the yield of each camera of an intruder."""
    ids, tick, kind, reach = (np.concatenate([part[n] for part in parts]) for n in (0, 1, 2, 4))
    looked_at = [one for part in parts for one in part[3]]
    order = np.lexsort((ids, tick))
    start, camera = laws.joined_rows([looked_at[row] for row in order.tolist()])
    ids, tick, kind, reach = ids[order], tick[order], kind[order].astype(np.uint8), reach[order].astype(np.int64)
    marks = uniforms(stream_key(seed, k, "lapses.marks"), ids, _MARKS)
    longest = DAY_TICKS / 600.0
    look = minutes(np.minimum(-np.log(marks[:, _MARKS - 1]) * scenario.leaks.lapse_look_min.number, longest))
    of = np.repeat(np.arange(ids.size), np.diff(start))
    each = (hashes(0, ids[of]) ^ hashes(1, camera)).view(np.int64)
    u = uniforms(stream_key(seed, k, "lapses.yield"), each, 3)
    scene, intruder = scene_of(cameras, camera), kind[of] >= BREAK_IN
    dull, sells = (laws.poisson_quantile(u[:, n], np.where(intruder, mean[scene], 0.0))
                   for n, mean in enumerate(pieces_by_scene()))
    return Lapses(ids, kind, tick, start, camera, reach, look, marks, dull + sells, sells, u[:, 2].copy())


def _own(cameras: Cameras, first: Ints, count: Ints, touched: list[Ints]) -> None:
    """Give each campaign of own staff `count` cameras of the custodian of its first camera, that one and the next."""
    rows = np.flatnonzero(count)
    theirs = np.flatnonzero(pd.Series(cameras.custodian_id).isin(cameras.custodian_id[first[rows]]))  # by hash
    order = theirs[np.argsort(cameras.custodian_id[theirs], kind="stable")]
    holder = np.asarray(cameras.custodian_id)[order]
    begin, end = (np.searchsorted(holder, cameras.custodian_id[first[rows]], side=side) for side in ("left", "right"))
    for row, b, e in zip(rows.tolist(), begin.tolist(), end.tolist(), strict=True):
        own = order[b:e]
        at = int(np.searchsorted(own, first[row]))
        touched[row] = np.roll(own, -at)[: int(count[row])].astype(np.int64)


def _pick(u: Floats, count: int) -> Ints:
    return np.minimum((u * count).astype(np.int64), max(count - 1, 0))

