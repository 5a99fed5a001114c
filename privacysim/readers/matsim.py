"""Reads positions from MATSim events or plans, with the network that locates the links.

Events: a person who leaves a link is at its end then; one who enters or leaves the traffic is on the link. Activities
lie where they say (`x`, `y`), else in the middle of their link. Plans: the selected plan of each person; along a route
of links the time is shared by length. A leg without a route of links (walks and rides that MATSim "teleports") is a
gap: nothing is known between its ends, so nothing is invented. Each leg is its own recording.

Coordinates are those of the network (`coordinateReferenceSystem`, else `crs`), converted to degrees by pyproj.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privacysim.errors import InputError, require
from privacysim.readers.markup import Element, read_xml
from privacysim.readers.opening import read_bytes
from privacysim.readers.positions import degrees

Floats = NDArray[np.float64]
DOCTYPES = ("population", "plans", "network")
_CRS = "coordinateReferenceSystem"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Network:
    """Links by id: x, y of both ends in metres of the plane `crs` (empty: not stated)."""

    ends: dict[str, tuple[float, float, float, float]]
    crs: str

    def at(self, link: str, share: float) -> tuple[float, float]:
        """Position at a share of a link; NaN for an unknown link."""
        ax, ay, bx, by = self.ends.get(link, (math.nan,) * 4)
        return ax + share * (bx - ax), ay + share * (by - ay)

    def length(self, link: str) -> float:
        """Length of a link in metres from end to end; 0 for an unknown link."""
        ax, ay, bx, by = self.ends.get(link, (0.0,) * 4)
        return math.hypot(bx - ax, by - ay)


@dataclass(slots=True)
class Moves:
    """Fixes as the file gives them: line, x, y, seconds of the simulated day, person, leg."""

    line: list[int] = field(default_factory=list)
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    person: list[str] = field(default_factory=list)
    leg: list[str] = field(default_factory=list)
    crs: str = ""
    unknown_way: int = 0
    """Legs of which only the ends are known."""

    def add(self, line: int, place: tuple[float, float], time: float, person: str, leg: int) -> None:
        """Add a fix."""
        self.line.append(line)
        self.x.append(place[0])
        self.y.append(place[1])
        self.time.append(time)
        self.person.append(person)
        self.leg.append(str(leg))


def read_network(path: str | Path) -> Network:
    """Read a `network.xml` (compressed or not); raises InputError if it has no nodes or no links."""
    where = str(path)
    nodes: dict[str, tuple[float, float]] = {}
    links: dict[str, tuple[str, str]] = {}
    crs = [""]

    def on_end(element: Element) -> None:
        said = element.attributes
        if element.name == "node":
            nodes[said.get("id", "")] = degrees(said.get("x")), degrees(said.get("y"))
        elif element.name == "link":
            links[said.get("id", "")] = said.get("from", ""), said.get("to", "")
        elif element.name == "attribute" and said.get("name") == _CRS:
            crs[0] = element.text

    root = read_xml(read_bytes(Path(path)), where, on_end, doctypes=DOCTYPES)
    ends = {link: (*nodes[a], *nodes[b]) for link, (a, b) in links.items() if a in nodes and b in nodes}
    if root != "network" or not ends:
        got = "no link" if root == "network" else f"XML with the root <{root[:40]}>"
        raise InputError(where, "MATSim's network.xml", got, "name the network of the run")
    return Network(ends, crs[0])


def clock(text: str | None) -> float:
    """Parse a MATSim time to seconds; NaN for `undefined` and anything that is no time.

    >>> clock("07:30:05"), clock("25:00:00"), clock("undefined"), clock("3600.0")
    (27005.0, 90000.0, nan, 3600.0)
    """
    parts = [degrees(part) for part in (text or "").split(":")]
    if len(parts) not in (1, 2, 3) or not all(math.isfinite(part) and part >= 0 for part in parts):
        return math.nan
    return sum(part * 60.0 ** (2 - n) for n, part in enumerate(parts)) if len(parts) > 1 else parts[0]


def read_moves(content: bytes, where: str, network: Network) -> Moves:
    """Fixes of an events or a plans file, in metres of the network's plane."""
    moves = Moves()
    on_end = _events(moves, network) if b"<events" in content[:4096] else _plans(moves, network)
    read_xml(content, where, on_end, doctypes=DOCTYPES)
    return moves


def _events(moves: Moves, network: Network) -> Callable[[Element], None]:
    riding: dict[str, set[str]] = {}
    leg: dict[str, int] = {}
    on_road, drivers = set[str](), set[str]()

    def add(line: int, place: tuple[float, float], time: float, person: str) -> None:
        if person not in drivers:
            moves.add(line, place, time, person, leg.get(person, 0))

    def on_end(element: Element) -> None:
        if element.name != "event":
            return
        said, line = element.attributes, element.line
        kind, time = said.get("type", ""), degrees(said.get("time"))
        person, riders = said.get("person", ""), riding.setdefault(said.get("vehicle", ""), set())
        if kind == "TransitDriverStarts":
            drivers.add(said.get("driverId", ""))
        elif kind == "PersonEntersVehicle":
            riders.add(person)
        elif kind == "PersonLeavesVehicle":
            riders.discard(person)
        elif kind in ("left link", "vehicle enters traffic", "vehicle leaves traffic"):
            place = network.at(said.get("link", ""), degrees(said.get("relativePosition", "1")))
            for rider in sorted(riders):
                on_road.add(rider)
                add(line, place, time, rider)
        elif kind in ("departure", "arrival"):
            # nothing is known from the door to the road, or along teleported ways: a recording ends
            leg[person] = leg.get(person, 0) + 1
            moves.unknown_way += kind == "arrival" and person not in on_road and person not in drivers
            on_road.discard(person)
        elif kind in ("actstart", "actend"):
            add(line, _stated(said, network), time, person)

    return on_end


def _stated(said: Mapping[str, str], network: Network) -> tuple[float, float]:
    """Stated position of an activity, else the middle of its link."""
    own = degrees(said.get("x")), degrees(said.get("y"))
    return own if math.isfinite(sum(own)) else network.at(said.get("link", ""), 0.5)


def _plans(moves: Moves, network: Network) -> Callable[[Element], None]:
    reader = _Plans(moves, network)

    def on_end(element: Element) -> None:
        plan, person = element.above("plan"), element.above("person")
        if element.name == "attribute" and person is None and element.attributes.get("name") == _CRS:
            moves.crs = element.text
        elif element.name == "plan":
            reader.begin()
        elif person is not None and plan is not None and plan.attributes.get("selected", "yes") == "yes":
            reader.take(element, person.attributes.get("id", ""))

    return on_end


class _Plans:
    """Walks through the elements of a selected plan: activity, (route inside a) leg, activity …"""

    def __init__(self, moves: Moves, network: Network) -> None:
        self.moves, self.network, self.leg = moves, network, 0
        self.begin()

    def begin(self) -> None:
        """Start another plan, with the person's position unknown."""
        self.leg += 1
        self.departs = self.arrives = self.lasts = math.nan
        self.links: list[str] = []

    def take(self, element: Element, person: str) -> None:
        """Process one element of the plan at its end."""
        said = element.attributes
        if element.name == "route":
            self.lasts = clock(said.get("trav_time"))
            self.links = element.text.split() if said.get("type") == "links" else []
        elif element.name == "leg":
            self._go(element, person)
        elif element.name in ("activity", "act"):
            self.departs = clock(said.get("end_time"))
            for time in (self.arrives, self.departs):
                if math.isfinite(time):
                    self.moves.add(element.line, _stated(said, self.network), time, person, self.leg)

    def _go(self, element: Element, person: str) -> None:
        starts, lasts = clock(element.attributes.get("dep_time")), clock(element.attributes.get("trav_time"))
        starts = starts if math.isfinite(starts) else self.departs
        lasts = lasts if math.isfinite(lasts) else self.lasts
        self.arrives, links = starts + lasts, self.links
        self.lasts, self.links = math.nan, []
        self.leg += 1
        if len(links) < 2 or not math.isfinite(self.arrives):
            self.moves.unknown_way += 1
            return
        # a route begins at the end of the first link; each further link takes its share of the time
        metres = np.cumsum([0.0] + [self.network.length(link) for link in links[1:]])
        for link, share in zip(links, metres / max(float(metres[-1]), 1e-9), strict=True):
            self.moves.add(element.line, self.network.at(link, 1.0), starts + share * lasts, person, self.leg)
        self.leg += 1


def to_degrees(moves: Moves, network: Network, crs: str, where: str) -> tuple[Floats, Floats, str]:
    """Latitudes, longitudes and the name of the source plane; raises InputError for an unknown plane."""
    named = crs or network.crs or moves.crs
    if not named:
        raise InputError(where, "the coordinate system of the network", "none is named", "add --crs EPSG:25832 or such")
    pyproj = require("map", "pyproj", where=where)
    try:
        turn = pyproj.Transformer.from_crs(named, "EPSG:4326", always_xy=True)
    except pyproj.exceptions.CRSError:
        fix = "add --crs with its EPSG code"
        raise InputError(where, "a coordinate system of the Earth", named[:60], fix) from None
    lon, lat = turn.transform(np.array(moves.x), np.array(moves.y))
    return np.asarray(lat), np.asarray(lon), named
