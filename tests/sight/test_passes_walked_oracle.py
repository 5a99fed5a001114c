"""Passes and coverage in a real district, against a walker who looks up every tenth of a second."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from privacysim import tables
from privacysim.city import build_city
from privacysim.exposure import index_acts, measure_exposure
from privacysim.facts import facts
from privacysim.people import draw_block, draw_sample
from privacysim.scenario import load_scenario
from privacysim.sight.coverage import cameras_seeing_points, coverage
from privacysim.sight.optics import density_at_1_m, dori_levels, drop_m, ground_radius_m
from privacysim.sight.passes import passes, sightings, sightings_count
from privacysim.units import DAY_TICKS
from privacysim.vocabulary import CATEGORIES, LEGALITIES
from privacysim.world.cameras import sample_cameras
from tests.helpers.exposure_definition import exposure_by_definition

FIRST_DAY, DAYS = -2, 4
STATIONS = ("metro_station", "transport_hub")


@pytest.fixture(scope="module")
def town():
    scenario = load_scenario("guangzhou_district")
    city = build_city(scenario)
    cameras = sample_cameras(city, scenario, 185, 0)
    chosen = draw_sample(city, scenario, 185, 0, 120)
    block = draw_block(city, scenario, 185, 0, chosen.ids, chosen.weight, FIRST_DAY, FIRST_DAY + DAYS)
    return SimpleNamespace(scenario=scenario, city=city, cameras=cameras, block=block)


@pytest.fixture(scope="module")
def watched(town):
    which = np.arange(0, len(town.cameras), 3)
    cover = coverage(town.city, town.cameras, which)
    return SimpleNamespace(which=which, cover=cover, pieces=passes(town.block, town.city, cover, FIRST_DAY, DAYS))


def footsteps(town, walk):
    """Positions, headings and streets (m) of a walk in the middle of every tick, by following the tree in Python."""
    city, block = town.city, town.block
    tree, node = city.trees[block.walk_hub[walk]], int(block.walk_node[walk])
    left, corners, lengths = int(block.walk_reach_mm[walk]), [node], []
    while left > 0 and tree[node] != 255:
        slot = city.adj_start[node] + tree[node]
        lengths.append(int(city.edge_mm[city.adj_edge[slot]]))
        node = int(city.adj_node[slot])
        corners.append(node)
        left -= lengths[-1]
    whole = sum(lengths)
    walked = min(whole, int(block.walk_reach_mm[walk]))
    speed = float(block.walk_mm_per_tick[walk])
    at = (np.arange(int(walked / speed)) + 0.5) * speed
    along = at if block.walk_towards[walk] else walked - at
    ends = np.concatenate([[0], np.cumsum(lengths)])
    edge = np.clip(np.searchsorted(ends, along, side="right") - 1, 0, len(lengths) - 1)
    share = (along - ends[edge]) / np.diff(ends)[edge]
    corner = np.array(corners)
    a = np.column_stack([city.node_x[corner], city.node_y[corner]])
    step = a[edge + 1] - a[edge]
    ahead = step / np.hypot(*step.T)[:, None] * (1.0 if block.walk_towards[walk] else -1.0)
    return a[edge] + share[:, None] * step, ahead, np.column_stack([a[edge], a[edge + 1]])


def looked_up(town, which, where, ahead, street=None):
    """Per tick and camera: in view, facing it, and the density, straight from the definitions."""
    cameras = town.cameras
    dx = where[:, :1] - cameras.x[which].astype(float)
    dy = where[:, 1:] - cameras.y[which].astype(float)
    height = drop_m(cameras.mount_m[which])
    bearing = np.degrees(np.arctan2(dx, dy))
    off = np.abs((bearing - cameras.heading_deg[which] + 180.0) % 360.0 - 180.0)
    near = np.hypot(dx, dy) <= ground_radius_m(cameras.range_m[which], cameras.mount_m[which])
    seen = near & (off <= cameras.hfov_deg[which] / 2) & ~cameras.indoor[which]
    if street is not None:  # blocks are closed: only streets whose line passes near the camera are in sight
        at = np.column_stack([cameras.x[which], cameras.y[which]]).astype(float)[None]
        a, step = street[:, None, :2], (street[:, 2:] - street[:, :2])[:, None]
        along = ((at - a) * step).sum(axis=2) / (step**2).sum(axis=2)
        seen &= np.hypot(*np.moveaxis(a + along[..., None] * step - at, 2, 0)) <= facts().value("front_m")
    slant = np.sqrt(dx**2 + dy**2 + height**2)
    cosine = -(ahead[:, :1] * dx + ahead[:, 1:] * dy) / slant
    frontal = cosine >= np.cos(np.radians(facts().value("frontal_half_angle_deg")))
    return seen, frontal, density_at_1_m(cameras.width_px[which], cameras.hfov_deg[which]) / slant


def test_a_walker_who_looks_up_every_tenth_of_a_second_agrees(town, watched):
    pieces, which, block = watched.pieces, watched.which, town.block
    person = block.tour_person[block.walk_tour]
    # a directed route is a way from one place to the next, whatever its legs; a person's are counted in order
    way = block.walk_way.astype(np.int64)
    number = np.array([np.unique(way[person == who]).searchsorted(own) for who, own in zip(person, way, strict=True)])
    compared, inside = 0, town.cameras.indoor[which]
    stands = np.column_stack([town.cameras.x[which], town.cameras.y[which]]).astype(float)
    for walk in range(0, person.size, max(1, person.size // 25)):
        where, ahead, street = footsteps(town, walk)
        if not len(where) or len(where) > 9_000:
            continue  # a quarter of an hour is enough
        # nobody is seen from beyond 100 m; a walker makes at most 100 m in 100 ticks
        close = np.flatnonzero(
            (np.hypot(*(where[::100, None] - stands).transpose(2, 0, 1)) < 200.0).any(axis=0) & ~inside
        )
        seen, frontal, density = (np.zeros((len(where), which.size), kind) for kind in (bool, bool, float))
        seen[:, close], frontal[:, close], density[:, close] = looked_up(town, which[close], where, ahead, street)
        leg = pieces.offset - block.walk_depart[walk]
        mine = np.flatnonzero(
            (pieces.person == person[walk]) & (pieces.pass_no >> 32 == number[walk]) & (leg >= 0) & (leg < len(where))
        )
        assert (pieces.tour[mine] == block.walk_tour[walk]).all()
        for c in np.union1d(np.flatnonzero(seen.sum(axis=0) > 5), np.unique(pieces.camera[mine])):
            rows = mine[pieces.camera[mine] == c]
            # each cut may be rounded to the next tick
            slack = 2 + rows.size
            assert abs(int(pieces.length[rows].sum()) - int(seen[:, c].sum())) <= slack
            facing = rows[pieces.frontal[rows]]
            assert abs(int(pieces.length[facing].sum()) - int((seen & frontal)[:, c].sum())) <= slack
            for row in rows:
                begin = int(pieces.offset[row] - block.walk_depart[walk])
                inner = density[begin + 1 : begin + int(pieces.length[row]) - 1, c]
                if inner.size:
                    assert np.ptp(np.searchsorted(dori_levels(), inner)) == 0  # one DORI level in a piece
                    face = 8 * facts().value("face_width_m") * np.sqrt(inner[0] * inner[-1])
                    assert abs(pieces.face[row] - min(face, 2040)) <= 1 + 0.15 * face
                    compared += 1
    assert compared > 300


def test_pieces_stand_by_person_and_pass_and_pass_numbers_name_their_camera(town, watched):
    pieces = watched.pieces
    key = list(zip(pieces.person.tolist(), pieces.pass_no.tolist(), strict=True))
    assert key == sorted(key)
    assert (pieces.pass_no & 0xFFFFFFFF == watched.which[pieces.camera]).all()
    assert (pieces.length > 0).all()
    runs = np.flatnonzero((np.diff(pieces.person) == 0) & (np.diff(pieces.pass_no) == 0))
    # the legs of a way begin at ticks of their own, each rounded: where they meet, one tick may count twice
    assert (pieces.offset[runs + 1] >= pieces.offset[runs] + pieces.length[runs] - 1).all()


def test_indoor_cameras_see_visitors_of_their_place_and_nobody_in_the_street(town, watched):
    pieces, block, cameras = watched.pieces, town.block, town.cameras
    inside = cameras.indoor[watched.which[pieces.camera]]
    assert inside.any()
    assert (~inside).any()
    own = cameras.place_id[watched.which[pieces.camera]]
    stations = np.isin(town.city.place_category[own], [CATEGORIES.index(word) for word in STATIONS])
    stays = set(zip(block.stay_tour.tolist(), block.stay_place.tolist(), strict=True))
    visits = inside & [key in stays for key in zip(pieces.tour.tolist(), own.tolist(), strict=True)]
    assert (visits | ~inside | (own == block.home_place[pieces.person]) | stations).all()
    for row in np.flatnonzero(visits & ~stations)[:500]:
        there = (block.stay_tour == pieces.tour[row]) & (block.stay_place == own[row])
        begin, end = block.stay_arrive[there], block.stay_arrive[there] + block.stay_length[there]
        assert ((begin <= pieces.offset[row]) & (pieces.offset[row] + pieces.length[row] <= end)).any()


def test_people_cross_their_compound_on_every_way_out_and_back_past_the_same_cameras(town):
    block, cameras = town.block, town.cameras
    which = np.flatnonzero(cameras.indoor)
    pieces = passes(block, town.city, coverage(town.city, cameras, which), FIRST_DAY, DAYS)
    home = cameras.place_id[which[pieces.camera]] == block.home_place[pieces.person]
    own = block.tour_person[block.way_tour]
    ends = (block.way_from == block.home_place[own]).astype(int) + (block.way_to == block.home_place[own])
    crossings = np.bincount(own, ends, block.person_id.size).astype(int)
    met = 0
    for who in np.unique(pieces.person[home]):
        rows = home & (pieces.person == who)
        _, times = np.unique(pieces.camera[rows], return_counts=True)
        # two pieces of each crossing: towards the camera, and away from it
        assert (times == 2 * crossings[who]).all()
        met += times.size
    there = np.bincount(cameras.place_id[which], minlength=town.city.place_node.size)[block.home_place]
    expected = np.minimum(there, facts().value("crossed_cameras_met"))[crossings > 0]
    assert abs(met - expected.sum()) < 4 * np.sqrt(expected.sum())


def test_going_to_work_or_home_is_no_visit_and_entrances_are_held_by_geometry(town, watched):
    pieces, block, cameras, city = watched.pieces, town.block, town.cameras, town.city
    shows = pieces.place >= 0
    assert shows.any()
    stays = set(zip(block.stay_tour.tolist(), block.stay_place.tolist(), strict=True))
    assert set(zip(pieces.tour[shows].tolist(), pieces.place[shows].tolist(), strict=True)) <= stays
    owner = pieces.person[shows]
    assert (pieces.place[shows] != block.work_place[owner]).all()
    assert (pieces.sensitive == (shows & city.place_sensitive[pieces.place])).all()
    street = shows & ~cameras.indoor[watched.which[pieces.camera]]
    for row in np.flatnonzero(street)[:300]:
        c, p = watched.which[pieces.camera[row]], pieces.place[row]
        dx, dy = float(city.place_x[p]) - float(cameras.x[c]), float(city.place_y[p]) - float(cameras.y[c])
        assert np.hypot(dx, dy) <= cameras.range_m[c]
        off = abs((np.degrees(np.arctan2(dx, dy)) - cameras.heading_deg[c] + 180.0) % 360.0 - 180.0)
        assert off <= cameras.hfov_deg[c] / 2 + 1e-3 or np.hypot(dx, dy) < 1e-3


def test_one_camera_more_changes_only_its_own_sightings(town, watched):
    busiest = int(np.bincount(watched.pieces.camera).argmax())
    without = np.delete(watched.which, busiest)
    cover = coverage(town.city, town.cameras, without)
    fewer = passes(town.block, town.city, cover, FIRST_DAY, DAYS)
    seen = sightings(watched.pieces, town.block, watched.cover, 0)
    others = seen[seen["camera_id"] != watched.which[busiest]].reset_index(drop=True)
    assert len(others) < len(seen)
    assert others.equals(sightings(fewer, town.block, cover, 0))


def test_the_table_counts_its_rows_before_it_is_made(town, watched):
    seen = sightings(watched.pieces, town.block, watched.cover, 0)
    assert len(seen) == sightings_count(watched.pieces, town.block)
    tables.to_arrow("sightings", seen)
    assert (seen["day"].between(FIRST_DAY, FIRST_DAY + DAYS - 1)).all()
    assert np.allclose(seen["enter_s"] * 10, np.rint(seen["enter_s"] * 10))


def test_no_cameras_no_passes(town):
    cover = coverage(town.city, town.cameras, [])
    assert len(passes(town.block, town.city, cover, FIRST_DAY, DAYS)) == 0


def turned(x, y, angle, east, north):
    """Clockwise by `angle` degrees about the origin, then moved."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return x * c + y * s + east, -x * s + y * c + north


@pytest.mark.parametrize(("angle", "east", "north"), [(0.0, 1_234.5, -777.25), (37.0, 0.0, 0.0), (200.0, -50.0, 64.0)])
def test_turning_and_moving_the_whole_town_changes_no_view(town, watched, angle, east, north):
    city, cameras = town.city, town.cameras
    nodes = turned(city.node_x, city.node_y, angle, east, north)
    places = turned(city.place_x.astype(float), city.place_y.astype(float), angle, east, north)
    stands = turned(cameras.x.astype(float), cameras.y.astype(float), angle, east, north)
    moved_city = replace(city, node_x=nodes[0], node_y=nodes[1], place_x=places[0], place_y=places[1])
    moved = replace(cameras, x=stands[0], y=stands[1], heading_deg=cameras.heading_deg.astype(float) + angle)
    ours, theirs = watched.cover, coverage(moved_city, moved, watched.which)
    # a piece that is a millimetre long may come or go with the last digit of a cosine; all others stay
    assert abs(ours.piece_camera.size - theirs.piece_camera.size) <= 20
    seen_mm = [np.bincount(c.piece_camera, c.piece_to - c.piece_from, watched.which.size) for c in (ours, theirs)]
    assert np.abs(seen_mm[0] - seen_mm[1]).max() <= 40
    assert np.array_equal(np.diff(ours.piece_start) > 0, np.diff(theirs.piece_start) > 0) or (
        np.count_nonzero((np.diff(ours.piece_start) > 0) != (np.diff(theirs.piece_start) > 0)) <= 10
    )


def test_names_of_cameras_do_not_matter(town, watched):
    order = np.random.Generator(np.random.Philox(7)).permutation(len(town.cameras))
    names = type(town.cameras).__dataclass_fields__
    shuffled = replace(town.cameras, **{name: getattr(town.cameras, name)[order] for name in names})
    new_id = np.argsort(order)[watched.which]
    cover = coverage(town.city, shuffled, np.sort(new_id))
    back = np.searchsorted(watched.which, order[np.sort(new_id)])
    ours = np.diff(watched.cover.piece_start)
    assert np.array_equal(ours, np.diff(cover.piece_start))
    edge = np.repeat(np.arange(ours.size), ours)
    one, two = ((edge, c, x.piece_from, x.piece_to, x.piece_face, x.piece_frontal)
                for c, x in ((watched.cover.piece_camera, watched.cover), (back[cover.piece_camera], cover)))
    for mine, theirs in zip(np.array(one)[:, np.lexsort(one[:3][::-1])], np.array(two)[:, np.lexsort(two[:3][::-1])],
                            strict=True):
        assert np.array_equal(mine, theirs)


def test_cameras_that_see_a_point_are_those_a_scan_of_all_finds(town):
    cameras, city = town.cameras, town.city
    px, py = city.node_x[:40], city.node_y[:40]
    start, found = cameras_seeing_points(cameras, px, py, 50.0)
    everyone = np.arange(len(cameras))
    seen, _, _ = looked_up(town, everyone, np.column_stack([px, py]), np.tile([0.0, 1.0], (40, 1)))
    near = np.hypot(px[:, None] - cameras.x, py[:, None] - cameras.y) <= 50.0
    for point in range(40):
        assert np.array_equal(found[start[point] : start[point + 1]], np.flatnonzero((seen & near)[point]))
    assert found.size > 40


def make_log(which, policy, seed, n=400):
    rng = np.random.Generator(np.random.Philox(seed))
    begin = rng.integers(FIRST_DAY * DAY_TICKS, (FIRST_DAY + DAYS) * DAY_TICKS, n)
    length = rng.choice([36_000, 72_000, DAY_TICKS], n)
    acts = tables.frame("acts", {
        "policy": policy, "replicate": 0, "act_id": np.arange(n), "parent_id": -1, "source": "request", "source_id": 0,
        "custodian_id": 0, "camera_id": rng.choice(which, n), "from_s": begin / 10, "to_s": (begin + length) / 10,
        "at_s": 0.0, "actor": rng.choice(["public_security", "neighbour", "curious"], n),
        "viewer": rng.integers(0, 9, n), "act": "view", "purpose": "criminal_case", "channel": "request",
        "technique": "look", "document": rng.choice(["none", "notice_of_obtaining_evidence"], n), "scene": "street",
        "specific": "silent", "general": "lawful", "legality": rng.choice(LEGALITIES, n),
        "basis_specific": "", "basis_general": "", "mask": "none", "reversible": False,
        "gallery": rng.choice([20, 150], n), "known": rng.choice([1.0, 0.0075], n),
        "audience": rng.choice([0.0, 1.0, 40.0], n), "attention": 1.0,
    })  # fmt: skip
    return SimpleNamespace(policy=policy, acts=acts)


def test_leaving_out_what_nobody_looks_at_changes_no_exposure_and_the_whole_chain_equals_its_tables(town, watched):
    logs = [make_log(watched.which[::4], policy, seed) for seed, policy in enumerate(("a", "b"))]
    acts = index_acts(logs)
    cover = coverage(town.city, town.cameras, acts.watched)
    whole = passes(town.block, town.city, cover, FIRST_DAY, DAYS)
    fewer = passes(town.block, town.city, cover, FIRST_DAY, DAYS, acts.windows())
    assert len(fewer) < len(whole) / 3
    exposed = [measure_exposure(pieces, town.block, acts) for pieces in (whole, fewer)]
    for name in type(exposed[0]).__dataclass_fields__:
        assert np.array_equal(getattr(exposed[0], name), getattr(exposed[1], name)), name
    seen = sightings(whole, town.block, cover, 0)
    theirs = exposure_by_definition(seen, tables.concat("acts", [log.acts for log in logs]), town.city.places())
    ours = measure_exposure(fewer, town.block, acts.whoever()).frame(0)
    keys = ["policy", "person_id", "legality", "curve"]
    one, two = (frame.sort_values(keys, ignore_index=True) for frame in (ours, theirs))
    assert len(one) == len(two) > 50
    for name in one.columns.difference(["replicate", *keys]):
        assert np.allclose(one[name], two[name], rtol=1e-9, atol=0.0), name
    assert one["sensitive_visits_revealed"].sum() > 0


def test_windows_are_the_union_of_the_acts_of_each_camera(town, watched):
    acts = index_acts([make_log(watched.which[::40], policy, seed) for seed, policy in enumerate(("a", "b"))])
    start, begin, end = acts.windows()
    ticks = np.arange(FIRST_DAY * DAY_TICKS, (FIRST_DAY + DAYS + 1) * DAY_TICKS, 1_801)
    for c in range(acts.watched.size):
        rows = acts.camera == c
        looked = ((ticks[:, None] >= acts.begin[rows]) & (ticks[:, None] < acts.end[rows])).any(axis=1)
        own = slice(start[c], start[c + 1])
        assert np.array_equal(looked, ((ticks[:, None] >= begin[own]) & (ticks[:, None] < end[own])).any(axis=1))
        assert (begin[own][1:] > end[own][:-1]).all()


def test_a_camera_at_the_joint_of_two_legs_sees_one_pass(town, watched):
    pieces, block = watched.pieces, town.block
    stays = set(block.stay_tour.tolist())
    way = block.walk_way
    legs = np.unique(way, return_counts=True)
    assert legs[1].max() >= 2
    assert stays
    walked = ~town.cameras.indoor[watched.which[pieces.camera]]
    # at most one walked pass of each way of a tour past one camera, however many legs the way has
    key = np.column_stack([pieces.person, pieces.tour, pieces.camera, pieces.pass_no])[walked]
    _, passes_each = np.unique(np.unique(key, axis=0)[:, :3], axis=0, return_counts=True)
    assert 2 <= passes_each.max() <= 3
