"""Passes: what the watched cameras see of each person's walks and visits, on every day.

A pass is one directed walk past one camera, or one visit of an indoor camera's place. It is cut into pieces of
constant face and frontality (`coverage.py`). A piece holds for all days on which its tour is made: on day d it fills
the ticks [d·DAY + offset + jitter(tour, d), + length).

Rooms inside a place are not modelled. A visitor meets each indoor camera with probability m/n, where m is the fact
`indoor_cameras_met` and n the place's indoor cameras (1 where n ≤ m). The camera shows them for `indoor_view_s`, or for
the whole stay if that is shorter, from a distance within `indoor_distance_min_m` … `max_m` (uniform over that ring),
frontal for the first `indoor_frontal_share` of the time. All of this is hashed from (tour, camera), so it repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import draws, tables
from privacysim.draws import Bools, Ints
from privacysim.errors import one_line
from privacysim.facts import facts
from privacysim.identify import STEPS_PER_PX, face_code
from privacysim.sight import passes_kernel as kernel
from privacysim.units import DAY_TICKS, TICKS_PER_S, ticks

if TYPE_CHECKING:
    from privacysim.city import City
    from privacysim.people import Block
    from privacysim.sight.coverage import Coverage

Shorts = NDArray[np.int32]


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


class Windows(NamedTuple):
    """Stretches of footage that are viewed: camera c (index into `which`) has start[c] : start[c + 1]; in ticks."""

    start: Ints
    begin: Ints
    end: Ints


def passes(block: Block, city: City, coverage: Coverage, first_day: int, days: int,
           windows: Windows | None = None) -> Pieces:
    """Find every pass of the block's people in front of the cameras of `coverage`, on the days of the block.

    `first_day` and `days` must be the block's, because the day masks of its tours count from there. With `windows`,
    street pieces that meet no window of their camera on any day may be omitted. Nobody views them, so no exposure
    changes, and a city with every third camera viewed for two hours needs a hundredth of the memory.
    """
    if (first_day, days) != (block.first_day, block.days):
        raise ValueError(f"passes: the block holds days {block.first_day} + {block.days}, not {first_day} + {days}")
    own = block.tour_person
    target = np.asarray(block.tour_place, dtype=np.int64)
    going_home = (target == block.home_place[own]) | (target == block.work_place[own])
    visited = np.where(going_home, -1, target)
    parts = [_walked(block, city, coverage, visited, windows), _stayed(block, coverage, visited)]
    made = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    order = np.lexsort((made[1], made[0]))  # stable: pieces of a pass stay in the order of time
    person, pass_no, camera, tour, offset, length, face, frontal, place = (column[order] for column in made)
    sensitive = np.zeros(place.size, dtype=bool)
    shows = place >= 0
    sensitive[shows] = city.place_sensitive[place[shows]]
    return Pieces(person, pass_no, camera, tour, offset, length, face, frontal, place, sensitive)


def _ordinal(person: NDArray, people: int) -> tuple[Ints, Ints]:
    """Number each row among its person's rows, and count the rows of each person."""
    count = np.bincount(person, minlength=people)
    order = np.argsort(person, kind="stable")
    number = np.empty(person.size, dtype=np.int64)
    number[order] = np.arange(person.size) - np.repeat(np.cumsum(count) - count, count)
    return number, count.astype(np.int64)


def street_rows(block: Block, city: City, coverage: Coverage, visited: Ints, windows: Windows | None = None,
                walks: int | None = None) -> Ints:
    """Rows of `kernel.follow` (walk, camera, …) for the first `walks` walks (None: all); `visited`: place by tour."""
    none, tour = np.zeros(0, dtype=np.int64), np.asarray(block.walk_tour)
    return kernel.follow(np.argsort(block.walk_hub[:walks], kind="stable"), block.walk_hub, block.walk_node,
                         block.walk_reach_mm, block.walk_towards, block.walk_depart.astype(np.int64),
                         block.walk_mm_per_tick.astype(np.float64), visited[tour], tour, city.trees, city.adj_start,
                         city.adj_node, city.adj_edge, city.edge_u, city.edge_mm, coverage.piece_start,
                         coverage.piece_camera, coverage.piece_from, coverage.piece_to, coverage.piece_face,
                         coverage.piece_frontal, coverage.entrance_start, coverage.entrance_place, windows is not None,
                         *(windows or Windows(none, none, none)), block.tour_mask, block.tour_jitter, block.first_day,
                         max(-int(block.tour_jitter.min(initial=0)), int(block.tour_jitter.max(initial=0))))


def _walked(block: Block, city: City, coverage: Coverage, visited: Ints,
            windows: Windows | None) -> tuple[NDArray, ...]:
    tour = np.asarray(block.walk_tour)
    person = np.asarray(block.tour_person)[tour]
    rows = street_rows(block, city, coverage, visited, windows)
    walk, camera, offset, length, face, flags = kernel.regroup(rows, tour.size)
    number, _ = _routes(block)
    return (person[walk].astype(np.int32), _pass_no(number[walk], coverage, camera), camera,
            tour[walk].astype(np.int32), offset, length, face.astype(np.uint16), flags % 2 == 1,
            np.where(flags >= 2, visited[tour[walk]], -1))


def _routes(block: Block) -> tuple[Ints, Ints]:
    """Number each walk's directed route among its person's routes, and count the routes of each person.

    The legs of one way (home to stop, stop to place) are adjacent and form one route, so a camera that sees where they
    meet sees one pass.
    """
    way = 2 * block.walk_tour.astype(np.int64) + block.walk_back
    first = np.diff(way, prepend=-1) != 0
    owner = np.asarray(block.tour_person)[block.walk_tour[first]]
    number, count = _ordinal(owner, block.person_id.size)
    return number[np.cumsum(first) - 1], count


def _pass_no(number: Ints, coverage: Coverage, camera: Shorts) -> Ints:
    return (number << 32) + coverage.which[camera]


def _stayed(block: Block, coverage: Coverage, visited: Ints) -> tuple[NDArray, ...]:
    tour = np.asarray(block.stay_tour)
    person = np.asarray(block.tour_person)[tour]
    number, _ = _ordinal(person, block.person_id.size)
    number += _routes(block)[1][person]  # stays are numbered after the routes
    place = np.asarray(block.tour_place, dtype=np.int64)[tour]
    watched = coverage.indoor_start[place + 1] - coverage.indoor_start[place]
    stay = np.repeat(np.arange(tour.size), watched)
    within = np.arange(stay.size) - np.repeat(np.cumsum(watched) - watched, watched)
    camera = coverage.indoor_camera[coverage.indoor_start[place[stay]] + within]
    # one id per (tour, camera): the key of a tour is a hash of the person and the destination
    ids = (block.tour_key[tour[stay]] ^ draws.hashes(0, coverage.which[camera])).view(np.int64)
    mark = draws.uniforms(draws.stream_key(0, 0, "indoor view"), ids, 3)
    fact = facts().value
    met = mark[:, 0] < fact("indoor_cameras_met") / np.maximum(coverage.indoor_all[place[stay]], 1)
    stay, camera, mark = stay[met], camera[met], mark[met]
    whole = np.minimum(block.stay_length[stay].astype(np.int64), ticks(fact("indoor_view_s")))
    begin = block.stay_arrive[stay] + np.floor(mark[:, 1] * (block.stay_length[stay] - whole + 1)).astype(np.int64)
    near, far = fact("indoor_distance_min_m"), fact("indoor_distance_max_m")
    ground2 = near**2 + mark[:, 2] * (far**2 - near**2)
    slant = np.sqrt(ground2 + coverage.drop_m[camera] ** 2)
    face = face_code(fact("face_width_m") * coverage.density_at_1_m[camera] / slant)
    frontal = np.rint(whole * fact("indoor_frontal_share")).astype(np.int64)
    # two pieces per visit: first towards the camera, then away from it; empty ones are omitted
    pair = np.repeat(np.arange(stay.size), 2)
    away = np.tile([False, True], stay.size)
    offset = np.where(away, begin[pair] + frontal[pair], begin[pair])
    length = np.where(away, whole[pair] - frontal[pair], frontal[pair])
    kept = length > 0
    pair, away, offset, length = pair[kept], away[kept], offset[kept], length[kept]
    of = stay[pair]
    return (person[of].astype(np.int32), _pass_no(number[of], coverage, camera[pair]), camera[pair].astype(np.int32),
            tour[of].astype(np.int32), offset.astype(np.int32), length.astype(np.int32), face[pair], ~away,
            visited[tour[of]])


def sightings_count(pieces: Pieces, block: Block) -> int:
    """Count the rows that `sightings` would have: pieces × the days on which their tours are made."""
    return int(np.bitwise_count(block.tour_mask).sum(axis=1, dtype=np.int64)[pieces.tour].sum())


def sightings(pieces: Pieces, block: Block, coverage: Coverage, replicate: int) -> pd.DataFrame:
    """Build the `sightings` table: one row per piece and day, with the kernel's ticks divided by ten."""
    row, day = _days_made(block.tour_mask, pieces.tour, block.days)
    tour = pieces.tour[row]
    enter = (block.first_day + day) * DAY_TICKS + pieces.offset[row] + block.tour_jitter[tour, day]
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
