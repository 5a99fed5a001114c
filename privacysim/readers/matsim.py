"""Reads positions from MATSim events or plans, with the network that locates the links.

Events: a person who leaves a link is at its end then; one who enters or leaves the traffic is on the link. Activities
lie where they say (`x`, `y`), else in the middle of their link. Plans: the selected plan of each person; along a route
of links the time is shared by length. Each leg is its own recording; one without a route of links (MATSim "teleports")
is a gap. Coordinates are those of the network (`coordinateReferenceSystem`, else `crs`).
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from privacysim.errors import InputError, require
from privacysim.readers.opening import Element, read_bytes, read_xml
from privacysim.readers.positions import degrees

_DOCTYPES = ("population", "plans", "network")
_NOWHERE = ((math.nan, math.nan), (math.nan, math.nan))
_CRS = "coordinateReferenceSystem"
SIMULATED_DAY_S = 1_577_836_800.0
"""2020-01-01 00:00 UTC: a simulation's clock starts at 0, and only its differences and hours matter."""


class Fix(NamedTuple):
    """One fix of a track: line of the file, degrees, seconds since 1970 (NaN: unknown), words for person and leg."""

    line: int
    lat: float
    lon: float
    time_s: float
    person: str
    leg: str


class _Network:
    """Links of a `network.xml` (compressed or not): x, y of both ends in metres of the plane `crs`."""

    def __init__(self, path: Path) -> None:
        self.crs = ""
        self.nodes: dict[str, tuple[float, float]] = {}
        links: dict[str, tuple[str, str]] = {}

        def on_end(element: Element) -> None:
            said = element.attributes
            if element.name == "node":
                self.nodes[said.get("id", "")] = degrees(said.get("x")), degrees(said.get("y"))
            elif element.name == "link":
                links[said.get("id", "")] = said.get("from", ""), said.get("to", "")
            elif element.name == "attribute" and said.get("name") == _CRS:
                self.crs = element.text

        root = read_xml(read_bytes(path), str(path), on_end, doctypes=_DOCTYPES)
        self.links = {link: ends for link, ends in links.items() if set(ends) <= set(self.nodes)}
        if root != "network" or not self.links:
            got = "no link" if root == "network" else f"XML with the root <{root[:40]}>"
            raise InputError(str(path), "MATSim's network.xml", got, "name the network of the run")

    def at(self, link: str, share: float) -> tuple[float, float]:
        """Position at a share of a link; NaN for an unknown link."""
        (ax, ay), (bx, by) = (self.nodes[end] for end in self.links[link]) if link in self.links else _NOWHERE
        return ax + share * (bx - ax), ay + share * (by - ay)

    def stated(self, said: Mapping[str, str]) -> tuple[float, float]:
        """Stated position of an activity, else the middle of its link."""
        own = degrees(said.get("x")), degrees(said.get("y"))
        return own if math.isfinite(sum(own)) else self.at(said.get("link", ""), 0.5)


class _Moves:
    """Fixes with y and x on the network's plane for degrees; `riding`: people by vehicle; `legs`: each one's number."""

    def __init__(self, network: _Network) -> None:
        self.network, self.crs, self.unknown_way = network, "", 0
        self.fixes: list[Fix] = []
        self.riding: dict[str, set[str]] = {}
        self.legs: dict[str, int] = {}
        self.on_road, self.drivers = set[str](), set[str]()
        self.leg = 0
        self.next_plan()

    def next_plan(self) -> None:
        """Start another plan, with the person's position unknown."""
        self.leg += 1
        self.departs = self.arrives = self.lasts = math.nan
        self.links: list[str] = []

    def add(self, line: int, place: tuple[float, float], time: float, person: str, leg: int) -> None:
        """Add a fix."""
        self.fixes.append(Fix(line, place[1], place[0], time + SIMULATED_DAY_S, person, str(leg)))

    def event(self, element: Element) -> None:
        """Take one element of an events file."""
        said, line = element.attributes, element.line
        if element.name != "event":
            return
        kind, time, person = said.get("type", ""), degrees(said.get("time")), said.get("person", "")
        riders = self.riding.setdefault(said.get("vehicle", ""), set())
        if kind == "TransitDriverStarts":
            self.drivers.add(said.get("driverId", ""))
        elif kind == "PersonEntersVehicle":
            riders.add(person)
        elif kind == "PersonLeavesVehicle":
            riders.discard(person)
        elif kind in ("left link", "vehicle enters traffic", "vehicle leaves traffic"):
            place = self.network.at(said.get("link", ""), degrees(said.get("relativePosition", "1")))
            self.on_road |= riders
            for rider in sorted(riders - self.drivers):
                self.add(line, place, time, rider, self.legs.get(rider, 0))
        elif kind in ("departure", "arrival"):
            # nothing is known from the door to the road, or along teleported ways: a recording ends
            self.legs[person] = self.legs.get(person, 0) + 1
            self.unknown_way += kind == "arrival" and person not in self.on_road and person not in self.drivers
            self.on_road.discard(person)
        elif kind in ("actstart", "actend") and person not in self.drivers:
            self.add(line, self.network.stated(said), time, person, self.legs.get(person, 0))

    def plan(self, element: Element) -> None:
        """Take one element of a plans file: activity, (route inside a) leg, activity …"""
        said, plan, person = element.attributes, element.above("plan"), element.above("person")
        if element.name == "attribute" and person is None and said.get("name") == _CRS:
            self.crs = element.text
        elif element.name == "plan":
            self.next_plan()
        elif person is None or plan is None or plan.attributes.get("selected", "yes") != "yes":
            return
        elif element.name == "route":
            self.lasts = clock(said.get("trav_time"))
            self.links = element.text.split() if said.get("type") == "links" else []
        elif element.name == "leg":
            self._travel(element, person.attributes.get("id", ""))
        elif element.name in ("activity", "act"):
            self.departs = clock(said.get("end_time"))
            for time in (self.arrives, self.departs):
                if math.isfinite(time):
                    place = self.network.stated(said)
                    self.add(element.line, place, time, person.attributes.get("id", ""), self.leg)

    def _travel(self, element: Element, person: str) -> None:
        starts, lasts = clock(element.attributes.get("dep_time")), clock(element.attributes.get("trav_time"))
        starts = starts if math.isfinite(starts) else self.departs
        lasts = lasts if math.isfinite(lasts) else self.lasts
        self.arrives, links = starts + lasts, self.links
        self.lasts, self.links = math.nan, []
        self.leg += 1
        if len(links) < 2 or not math.isfinite(self.arrives):
            self.unknown_way += 1
            return
        # a route begins at the end of the first link; each further link takes its share of the time
        known, at = self.network.links, self.network.at
        lengths = [math.dist(at(link, 0.0), at(link, 1.0)) if link in known else 0.0 for link in links[1:]]
        metres = np.cumsum([0.0, *lengths])
        for link, share in zip(links, metres / max(float(metres[-1]), 1e-9), strict=True):
            self.add(element.line, self.network.at(link, 1.0), starts + share * lasts, person, self.leg)
        self.leg += 1


def clock(text: str | None) -> float:
    """Parse a MATSim time to seconds; NaN for `undefined` and anything that is not a time.

    >>> clock("07:30:05"), clock("25:00:00"), clock("undefined"), clock("3600.0")
    (27005.0, 90000.0, nan, 3600.0)
    """
    parts = [degrees(part) for part in (text or "").split(":")]
    if len(parts) not in (1, 2, 3) or not all(math.isfinite(part) and part >= 0 for part in parts):
        return math.nan
    return sum(part * 60.0 ** (2 - n) for n, part in enumerate(parts)) if len(parts) > 1 else parts[0]


def read_matsim(content: bytes, where: str, network: str | Path | None, crs: str) -> tuple[list[Fix], list[str]]:
    """Fixes of an events or a plans file, and notes; InputError without a network, a move or a known plane."""
    if network is None:
        fix = "add --network network.xml.gz (in Python network=…)"
        raise InputError(where, "the network that MATSim's links belong to", "none", fix)
    links = _Network(Path(network))
    moves = _Moves(links)
    read_xml(content, where, moves.event if b"<events" in content[:4096] else moves.plan, doctypes=_DOCTYPES)
    if not moves.fixes:
        raise InputError(where, "at least one move or activity", "none", "name the events or plans of a run")
    named = crs or links.crs or moves.crs
    if not named:
        raise InputError(where, "the coordinate system of the network", "none is named", "add --crs EPSG:25832 or such")
    pyproj = require("map", "pyproj", where=where)
    try:
        turn = pyproj.Transformer.from_crs(named, "EPSG:4326", always_xy=True)
    except pyproj.exceptions.CRSError:
        fix = "add --crs with its EPSG code"
        raise InputError(where, "a coordinate system of the Earth", named[:60], fix) from None
    y, x = np.array([fix[1:3] for fix in moves.fixes]).T
    lon, lat = turn.transform(x, y)
    fixes = [fix._replace(lat=a, lon=b) for fix, a, b in zip(moves.fixes, lat.tolist(), lon.tolist(), strict=True)]
    notes = [f"MATSim, positions of its network in {named}"]
    if moves.unknown_way:
        notes.append(f"{moves.unknown_way} legs have no route through the network, so nothing is counted on them")
    return fixes, notes
