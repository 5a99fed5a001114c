"""Passes: the views that watched cameras have of each person's walks and visits, on every day.

A pass is one directed walk past one camera, or one visit of an indoor camera's place. It is cut into pieces of
constant face and frontality (`coverage.py`). A piece holds for all days on which its tour is made: on day d it fills
the ticks [d·DAY + offset + jitter(tour, d), + length).

Rooms inside a place are not modelled. A visitor meets each indoor camera with probability m/n, where m is the fact
`indoor_cameras_met` and n the place's indoor cameras (1 where n ≤ m). The camera shows them for `indoor_view_s`, or for
the whole stay if that is shorter, from a distance within `indoor_distance_min_m` … `max_m` (uniform over that ring),
frontal for the first `indoor_frontal_share` of the time. All of this is hashed from (tour, camera), so it is the same
on every day.

Leaving home and coming back, people cross the grounds of their compound (lift, lobby, yard); riders cross the station
at which they alight or board away from home. On each crossing they meet `crossed_cameras_met` of the place's cameras,
for `crossed_view_s` each, always the same ones (hashed from person and camera).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import draws, tables
from privacysim.draws import Bools, Ints
from privacysim.errors import one_line
from privacysim.facts import facts
from privacysim.identify import STEPS_PER_PX, face_code
from privacysim.people.rounds import Looked
from privacysim.people.walk_kernel import tour_days
from privacysim.sight import passes_kernel as kernel
from privacysim.units import DAY_TICKS, TICKS_PER_S, ticks
from privacysim.vocabulary import CATEGORIES

if TYPE_CHECKING:
    from privacysim.city import City
    from privacysim.people import Block
    from privacysim.sight.coverage import Coverage

Shorts = NDArray[np.int32]
_HALF_HOUR = 18_000
_WHOLE_DAY, _ALWAYS = np.uint64((1 << 48) - 1), ~np.uint64(0)
_STATIONS = [CATEGORIES.index(word) for word in ("metro_station", "transport_hub")]
_TRANSIT = 3
"""Mode of riders, as in `Block.way_mode`."""
_TRIED, _AT_ONCE = 16, 1 << 21
"""Every so many people are tried first; pieces of a portion: in some worlds, a block has twenty million."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of passes, sorted by (person, pass_no), then in time; pieces of a pass are adjacent.

    `person`, `tour`: rows of the block; `camera`: index into the coverage's `which`; `offset`, `length`: ticks after
    00:00 of the tour's day, before jitter; `face`: eighths of a pixel; `place`: the place whose visit the piece shows,
    −1 = none (going to one's own home or work is no visit); `sensitive`: whether that place is sensitive. `pass_no` is
    the number of the person's directed route or stay, times 2³², plus the camera's id, so other cameras do not
    change it.
    """

    __repr__ = one_line

    person: Shorts
    pass_no: Ints
    camera: Shorts
    tour: Shorts
    offset: Shorts
    length: Shorts
    face: NDArray[np.uint16]
    frontal: Bools
    place: Ints
    sensitive: Bools

    def __len__(self) -> int:
        return int(self.person.size)

    def rows(self, some: Ints) -> Pieces:
        """Return these pieces alone."""
        return Pieces(*(getattr(self, name)[some] for name in self.__slots__))


class Windows(NamedTuple):
    """Stretches of footage that are viewed: camera c (index into `which`) has start[c] : start[c + 1]; in ticks."""

    start: Ints
    begin: Ints
    end: Ints


class _Viewed(NamedTuple):
    """When cameras are viewed, as bits: days, modulo 64, of each tour, and days and half hours of each camera.

    Without windows, a camera counts as always viewed.
    """

    tour: NDArray[np.uint64]
    camera: NDArray[np.uint64]
    windows: Windows

    @classmethod
    def of(cls, block: Block, coverage: Coverage, windows: Windows | None) -> _Viewed:
        days = tour_days(block.tour_mask, block.first_day)
        if windows is None:
            none = np.zeros(0, dtype=np.int64)
            return cls(days, np.full((coverage.which.size, 2), _ALWAYS), Windows(none, none, none))
        return cls(days, _viewed(windows), windows)


def half_hours(begin: Ints, end: Ints) -> NDArray[np.uint64]:
    """Return the half hours of the day that each [begin, end] touches, as 48 bits; they wrap around midnight.

    >>> [int(bits) for bits in half_hours(np.array([0, 863_999]), np.array([18_000, 864_001]))]
    [3, 140737488355329]
    """
    one = np.uint64(1)
    first, last = (begin % DAY_TICKS // _HALF_HOUR).astype(np.uint64), (end % DAY_TICKS // _HALF_HOUR).astype(np.uint64)
    up_to, since = (one << (last + one)) - one, _WHOLE_DAY & ~((one << first) - one)
    touched = np.where(first <= last, up_to & since, up_to | since)
    return np.where(end - begin >= DAY_TICKS - _HALF_HOUR, _WHOLE_DAY, touched)


def _viewed(windows: Windows) -> NDArray[np.uint64]:
    """Return days, modulo 64, and half hours on which each camera is viewed, as bits (n, 2)."""
    hours = np.zeros(windows.start.size - 1, dtype=np.uint64)
    camera = np.repeat(np.arange(hours.size), np.diff(windows.start))
    np.bitwise_or.at(hours, camera, half_hours(windows.begin, windows.end))
    return np.stack((kernel.camera_days(*windows), hours), axis=1)


def passes(block: Block, city: City, coverage: Coverage, first_day: int, days: int,
           windows: Windows | None = None) -> Pieces:
    """Find every pass of the block's people in front of the cameras of `coverage`, on the days of the block.

    `first_day` and `days` must be the block's, because the day masks of its tours count from there. With `windows`,
    pieces that meet no window of their camera on any day may be omitted. Nobody views them, so no exposure changes, and
    a city with every third camera viewed for two hours needs a hundredth of the memory.
    """
    if (first_day, days) != (block.first_day, block.days):
        raise ValueError(f"passes: the block holds days {block.first_day} + {block.days}, not {first_day} + {days}")
    return Passing(block, city, coverage, windows).of(None)


class Passing:
    """Passes of a block's people in front of the cameras of `coverage`, for all of them or for some at a time."""

    def __init__(self, block: Block, city: City, coverage: Coverage, windows: Windows | None = None) -> None:
        self.block, self.city, self.coverage = block, city, coverage
        self.viewed, self.walks = _Viewed.of(block, coverage, windows), Walks.of(block, city)
        self.person = np.asarray(block.tour_person)
        self.route, routes = _routes(block)
        stays = self.person[block.stay_tour]
        self.stay = _ordinal(stays, block.person_id.size)[0] + routes[stays]
        self.before = routes + np.bincount(stays, minlength=routes.size)
        goal, origin = (_visited(block, block.way_tour, place) for place in (block.way_to, block.way_from))
        self.visited = np.where(goal >= 0, goal, origin)[block.walk_way]
        self.crossings = _crossings(block, city)

    def portions(self) -> Iterator[Pieces]:
        """Yield the pieces of portions of the people, each small enough for the memory; together, they are all.

        Every sixteenth person tells how many pieces the others have.
        """
        people = np.arange(self.block.person_id.size)
        first = people % _TRIED == 0
        some = self.of(first)
        yield some
        parts = -(-len(some) * (_TRIED - 1) // _AT_ONCE)
        number = people // _TRIED * (_TRIED - 1) + people % _TRIED
        for part in range(max(parts, 1)):
            yield self.of(~first & (number % max(parts, 1) == part))

    def of(self, people: Bools | None) -> Pieces:
        """Return the pieces of some of the people (rows of the block), or of all."""
        parts = [_walked(self, people), _stayed(self, people), _crossed(self, people)]
        made = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
        width = int(made[1].max(initial=0)) + 1
        # stable: pieces of a pass stay in the order of time
        order = np.argsort(made[0].astype(np.int64) * width + made[1], kind="stable")
        person, pass_no, camera, tour, offset, length, face, frontal, place = (column[order] for column in made)
        sensitive = np.zeros(place.size, dtype=bool)
        shows = place >= 0
        sensitive[shows] = self.city.place_sensitive[place[shows]]
        return Pieces(person, pass_no, camera, tour, offset, length, face, frontal, place, sensitive)


def _rows_of(people: Bools | None, person: NDArray) -> Any:
    """Select the rows of some people."""
    return slice(None) if people is None else np.flatnonzero(people[person])


def _visited(block: Block, tour: NDArray, place: NDArray) -> Ints:
    """Return the place visited, or −1 for one's own home and work."""
    own = block.tour_person[tour]
    mine = (place == block.home_place[own]) | (place == block.work_place[own])
    return np.where(mine, -1, place).astype(np.int64)


def _ordinal(person: NDArray, people: int) -> tuple[Ints, Ints]:
    """Number each row among its person's rows, and count the rows of each person."""
    count = np.bincount(person, minlength=people)
    first = np.cumsum(count) - count
    if (person[1:] >= person[:-1]).all():
        return np.arange(person.size) - first[person], count.astype(np.int64)
    order = np.argsort(person, kind="stable")
    number = np.empty(person.size, dtype=np.int64)
    number[order] = np.arange(person.size) - np.repeat(first, count)
    return number, count.astype(np.int64)


class Walks(NamedTuple):
    """A block's walks as the kernel follows them, by shared tree and node; worth keeping if only cameras change."""

    order: Ints
    routes: Ints
    hours: NDArray[np.uint64]
    depart: Ints
    speed: NDArray[np.float64]
    span: int

    @classmethod
    def of(cls, block: Block, city: City, walks: int | None = None) -> Walks:
        """The first `walks` walks of a block (None: all)."""
        some = slice(walks)
        hub, node = np.asarray(block.walk_hub)[some], np.asarray(block.walk_node)[some]
        order = np.argsort(hub * np.int64(city.node_x.size) + node)
        span = max(-int(block.jitter.min(initial=0)), int(block.jitter.max(initial=0)))
        reach, depart = block.walk_reach_mm[some], block.walk_depart.astype(np.int64)
        until = depart[some] + (reach / block.walk_mm_per_tick[some]).astype(np.int64) + span + 1
        routes = np.column_stack([hub, node, reach, block.walk_towards[some]])[order]
        return cls(order, routes, half_hours(depart[some] - span, until)[order], depart,
                   block.walk_mm_per_tick.astype(np.float64), span)  # fmt: skip

    def rows(self, some: Any) -> Walks:
        """Return these of the walks alone."""
        return self._replace(order=self.order[some], routes=self.routes[some], hours=self.hours[some])


def street_rows(block: Block, city: City, coverage: Coverage, visited: Ints, viewed: _Viewed | None = None,
                walks: Walks | None = None) -> Ints:
    """Rows of `kernel.follow` (walk, camera, …) for the `walks` (None: all); `visited`: place by walk."""
    known, own, tour = viewed or _Viewed.of(block, coverage, None), walks or Walks.of(block, city), block.walk_tour
    when = np.column_stack([known.tour[tour[own.order]], own.hours])
    return kernel.follow(own.order, own.routes, when, own.depart, own.speed, visited, np.asarray(tour), city.trees,
                         city.adj_start, city.adj_node, city.adj_edge, city.edge_u, city.edge_mm, coverage.piece_start,
                         _rows(coverage), coverage.entrance_start, coverage.entrance_place, known.camera,
                         *known.windows, block.tour_mask, block.tour_shift, block.jitter, block.first_day, own.span)


def _rows(coverage: Coverage) -> Shorts:
    return np.column_stack([coverage.piece_camera, coverage.piece_from, coverage.piece_to, coverage.piece_face,
                            coverage.piece_frontal]).astype(np.int32, copy=False)  # fmt: skip


def looked_at(city: City, coverage: Coverage, windows: Windows) -> Looked:
    """Return where and on which days somebody looks, so that `draw_block` can omit tours without any pass."""
    camera = _viewed(windows)
    way = kernel.runs_of(coverage.piece_start, _rows(coverage), camera)[3][:, 0]
    place = np.zeros(city.place_x.size, dtype=np.uint64)
    inside = np.repeat(np.arange(place.size), np.diff(coverage.indoor_start))
    np.bitwise_or.at(place, inside, camera[coverage.indoor_camera, 0])
    hubs = np.flatnonzero(np.isin(city.place_category, _STATIONS))
    node = np.zeros(city.node_x.size, dtype=np.uint64)
    np.bitwise_or.at(node, city.place_node[hubs], place[hubs])
    return Looked((way[0::2] | way[1::2])[city.adj_edge], node, place)


def _walked(of: Passing, people: Bools | None) -> tuple[NDArray, ...]:
    tour = np.asarray(of.block.walk_tour)
    walks = of.walks if people is None else of.walks.rows(_rows_of(people, of.person[tour[of.walks.order]]))
    rows = street_rows(of.block, of.city, of.coverage, of.visited, of.viewed, walks)
    walk, camera, offset, length, face, flags = kernel.regroup(rows, tour.size)
    return (of.person[tour[walk]].astype(np.int32), _pass_no(of.route[walk], of.coverage, camera), camera,
            tour[walk].astype(np.int32), offset, length, face.astype(np.uint16), flags % 2 == 1,
            np.where(flags >= 2, of.visited[walk], -1))


def _routes(block: Block) -> tuple[Ints, Ints]:
    """Number each walk's directed route among its person's routes, and count the routes of each person.

    The legs of one way (home to stop, stop to place) are adjacent and form one route, so a camera that sees where they
    meet sees one pass.
    """
    first = np.diff(block.walk_way, prepend=-1) != 0
    owner = np.asarray(block.tour_person)[block.walk_tour[first]]
    number, count = _ordinal(owner, block.person_id.size)
    return number[np.cumsum(first) - 1], count


def _pass_no(number: Ints, coverage: Coverage, camera: Shorts) -> Ints:
    return (number << 32) + coverage.which[camera]


def _stayed(of: Passing, people: Bools | None) -> tuple[NDArray, ...]:
    """Pieces of visits in front of indoor cameras."""
    block, coverage, viewed = of.block, of.coverage, of.viewed
    some = _rows_of(people, of.person[block.stay_tour])
    tour, place = np.asarray(block.stay_tour)[some], np.asarray(block.stay_place, dtype=np.int64)[some]
    arrive, stays = block.stay_arrive[some].astype(np.int64), block.stay_length[some].astype(np.int64)
    visited, number = _visited(block, tour, place), of.stay[some]
    stay, camera = kernel.indoors(place, tour, coverage.indoor_start, coverage.indoor_camera, viewed.tour,
                                  viewed.camera)
    # one id per (tour, camera): the key of a tour is a hash of the person and the destination
    ids = (block.tour_key[tour[stay]] ^ draws.hashes(0, coverage.which[camera])).view(np.int64)
    mark = draws.uniforms(draws.stream_key(0, 0, "indoor view"), ids, 3)
    fact = facts().value
    met = mark[:, 0] < fact("indoor_cameras_met") / np.maximum(coverage.indoor_all[place[stay]], 1)
    stay, camera, mark = stay[met], camera[met], mark[met]
    whole = np.minimum(stays[stay], ticks(fact("indoor_view_s")))
    begin = arrive[stay] + np.floor(mark[:, 1] * (stays[stay] - whole + 1)).astype(np.int64)
    return _shown(coverage, of.person[tour[stay]], number[stay], tour[stay], camera, begin, whole, mark[:, 2],
                  visited[stay])


def _crossed(of: Passing, people: Bools | None) -> tuple[NDArray, ...]:
    """Pieces of crossings: the cameras of one's compound when leaving and coming home, and those of stations.

    Each person meets the same cameras of a place on every crossing.
    """
    block, coverage, viewed = of.block, of.coverage, of.viewed
    some = _rows_of(people, of.person[of.crossings[0]])
    tour, place, begin, number = (column[some] for column in of.crossings)
    crossing, camera = kernel.indoors(place, tour, coverage.indoor_start, coverage.indoor_camera, viewed.tour,
                                      viewed.camera)
    person = of.person[tour[crossing]].astype(np.int64)
    ids = (draws.hashes(1, block.person_id[person]) ^ draws.hashes(0, coverage.which[camera])).view(np.int64)
    mark = draws.uniforms(draws.stream_key(0, 0, "crossing view"), ids, 3)
    fact = facts().value
    met = mark[:, 0] < fact("crossed_cameras_met") / np.maximum(coverage.indoor_all[place[crossing]], 1)
    crossing, camera, person, mark = crossing[met], camera[met], person[met], mark[met]
    length = ticks(fact("crossed_view_s"))
    at = begin[crossing] + np.floor(mark[:, 1] * fact("crossed_cameras_met") * length).astype(np.int64)
    return _shown(coverage, person, of.before[person] + number[crossing], tour[crossing], camera, at,
                  np.full(crossing.size, length, dtype=np.int64), mark[:, 2],
                  np.full(crossing.size, -1, dtype=np.int64))


def _crossings(block: Block, city: City) -> tuple[Ints, Ints, Ints, Ints]:
    """Return tour, place, first tick and the person's own number of each crossing of a compound or a station."""
    tour, walk_tour = np.asarray(block.way_tour), np.asarray(block.walk_tour)
    person = np.asarray(block.tour_person)
    home = np.asarray(block.home_place, dtype=np.int64)[person[tour]]
    out, back = np.flatnonzero(block.way_from == home), np.flatnonzero(block.way_to == home)
    station = np.full(city.node_x.size, -1, dtype=np.int64)
    hubs = np.flatnonzero(np.isin(city.place_category, _STATIONS))
    station[city.place_node[hubs]] = hubs
    ride = np.asarray(block.way_mode)[block.walk_way] == _TRANSIT
    alight = np.flatnonzero(ride & (station[block.walk_node] >= 0))
    way, ways = _ordinal(person[tour], block.person_id.size)
    walk, _ = _ordinal(person[walk_tour], block.person_id.size)
    made: tuple[Any, ...] = (
            (tour[out], home[out], block.way_depart[out], 2 * way[out]),
            (tour[back], home[back], block.way_depart[back] + block.way_ticks[back], 2 * way[back] + 1),
            (walk_tour[alight], station[block.walk_node[alight]], block.walk_depart[alight],
             2 * ways[person[walk_tour[alight]]] + walk[alight]))  # fmt: skip
    every = [np.concatenate(columns).astype(np.int64) for columns in zip(*made, strict=True)]
    known = every[1] >= 0
    tours, places, begin, number = (column[known] for column in every)
    return tours, places, begin, number


def _shown(coverage: Coverage, person: NDArray, number: Ints, tour: NDArray, camera: Shorts, begin: NDArray,
           whole: Ints, mark: NDArray[np.float64], visited: Ints) -> tuple[NDArray, ...]:
    """Pieces of indoor views that begin at `begin` and last `whole` ticks, at the distance of the `mark`."""
    fact = facts().value
    near, far = fact("indoor_distance_min_m"), fact("indoor_distance_max_m")
    slant = np.sqrt(near**2 + mark * (far**2 - near**2) + coverage.drop_m[camera] ** 2)
    face = face_code(fact("face_width_m") * coverage.density_at_1_m[camera] / slant)
    frontal = np.rint(whole * fact("indoor_frontal_share")).astype(np.int64)
    # two pieces per view: first towards the camera, then away from it; empty ones are omitted
    of = np.repeat(np.arange(whole.size), 2)
    away = np.tile([False, True], whole.size)
    offset = np.where(away, begin[of] + frontal[of], begin[of])
    length = np.where(away, whole[of] - frontal[of], frontal[of])
    kept = length > 0
    of, away, offset, length = of[kept], away[kept], offset[kept], length[kept]
    return (person[of].astype(np.int32), _pass_no(number[of], coverage, camera[of]), camera[of].astype(np.int32),
            tour[of].astype(np.int32), offset.astype(np.int32), length.astype(np.int32), face[of], ~away, visited[of])


def sightings_count(pieces: Pieces, block: Block) -> int:
    """Count the rows that `sightings` would have: pieces × the days on which their tours are made."""
    return int(np.bitwise_count(block.tour_mask).sum(axis=1, dtype=np.int64)[pieces.tour].sum())


def sightings(pieces: Pieces, block: Block, coverage: Coverage, replicate: int) -> pd.DataFrame:
    """Build the `sightings` table: one row per piece and day, with the kernel's ticks divided by ten."""
    row, day = _days_made(block.tour_mask, pieces.tour, block.days)
    tour = pieces.tour[row]
    enter = (block.first_day + day) * DAY_TICKS + pieces.offset[row] + block.jitter[block.tour_shift[tour], day]
    return tables.frame("sightings", {
        "replicate": replicate, "person_id": block.person_id[pieces.person[row]], "pass_id": pieces.pass_no[row],
        "camera_id": coverage.which[pieces.camera[row]], "day": block.first_day + day, "enter_s": enter / TICKS_PER_S,
        "leave_s": (enter + pieces.length[row]) / TICKS_PER_S, "face_px": pieces.face[row] / STEPS_PER_PX,
        "frontal": pieces.frontal[row], "place_id": pieces.place[row],
    })  # fmt: skip


def _days_made(mask: NDArray[np.uint64], tour: Shorts, days: int) -> tuple[Ints, Ints]:
    """List (row, day counted from the first) for every day on which the row's tour is made, by row, then day."""
    bits = np.unpackbits(np.ascontiguousarray(mask, dtype="<u8").view(np.uint8), axis=1, bitorder="little")
    made, day = np.nonzero(bits[:, :days])
    start = np.searchsorted(made, np.arange(mask.shape[0] + 1))
    count = np.diff(start)[tour]
    row = np.repeat(np.arange(tour.size), count)
    nth = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    return row, day[start[tour[row]] + nth]
