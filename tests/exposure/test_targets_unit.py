"""Targets by hand: a street of two cameras, a few who ask, and what each learns of the person sought."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from privacysim.exposure import targeted
from privacysim.facts import facts, facts_replaced
from privacysim.governance.askers import FIRST_REQUEST
from privacysim.identify import identifiability
from privacysim.units import DAY_TICKS
from tests.exposure.test_cases_unit import log, look

WINDOW_S = 3 * 86_400.0
OUTSIDE = 4
"""Group of outsiders whose act no rule answers."""


def village(asks=4_000):
    """Camera 7 sees 10 m of one street (12 px, then 20 px turned away) and 30 m of another (6 px); camera 9 a room."""
    view = SimpleNamespace(
        which=np.array([7, 9]), piece_start=np.array([0, 2, 2, 3]), piece_camera=np.zeros(3, np.int32),
        piece_from=np.array([0, 4_000, 0], np.int32), piece_to=np.array([4_000, 10_000, 30_000], np.int32),
        piece_face=np.array([96, 160, 48], np.uint16), piece_frontal=np.array([True, False, True]),
        density_at_1_m=np.array([0.0, 800.0]), drop_m=np.zeros(2),
    )  # fmt: skip
    ids = np.arange(asks)
    world = SimpleNamespace(
        seed=5, k=0, cameras=SimpleNamespace(indoor=np.arange(10) == 9),
        asks=SimpleNamespace(ask_id=ids[::-1].copy(), from_tick=np.zeros(asks, np.int64),
                             to_tick=np.full(asks, 3 * DAY_TICKS)))  # fmt: skip
    return world, view


def ask(number=0, **own):
    return look(source_id=FIRST_REQUEST + number, viewer=number, actor="neighbour", **own)


def named(*rows, there=1.0 - 1e-9):
    world, view = village()
    with facts_replaced({"target_there": there}):
        return targeted(log("p", *rows).acts, world, view)


def street(px, frontal, curve="low", by="acquaintance", gallery=20):
    return max(float(identifiability("none", one, turned, gallery, curve, by=by))
               for one, turned in zip(px, frontal, strict=True))  # fmt: skip


NEAR, FAR = ((12.0, 20.0), (True, False)), ((6.0,), (True,))


def test_whoever_asks_names_the_person_sought_by_the_best_of_one_pass():
    found = named(*(ask(n, act_id=n) for n in range(400)))
    assert found.shape == (400, 6, 2)
    assert np.count_nonzero(found[:, [0, 1, 2, 3, 5]]) == 0
    for c, curve in enumerate(("low", "high")):
        expected = sorted({street(*NEAR, curve), street(*FAR, curve)})
        assert np.unique(found[:, OUTSIDE, c]) == pytest.approx(expected, rel=1e-12)
    longer = np.isclose(found[:, OUTSIDE, 0], street(*FAR)).mean()
    assert longer == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 400)), "30 of the 40 m in view"


def test_whoever_has_only_a_photograph_is_a_stranger_and_attention_and_masks_count():
    gallery = round(facts().value("gallery_suspects"))
    stranger = named(*(ask(n, act_id=n) | {"actor": "insurer"} for n in range(50)))
    assert stranger[:, OUTSIDE, 0].max() == pytest.approx(street(*NEAR, by="stranger", gallery=gallery), rel=1e-12)
    rows = [ask(n, act_id=n) for n in range(50)]
    half = named(*(row | {"attention": 0.5} for row in rows))
    assert half == pytest.approx(named(*rows) / 2)
    boxed = named(*(row | {"mask": "box"} for row in rows))
    assert boxed[:, OUTSIDE, 0].max() == 0.0, "without a face"
    assert 0 < boxed[:, OUTSIDE, 1].max() < half[:, OUTSIDE, 1].max() * 2, "the body stays"


def test_in_a_room_she_is_near_the_camera_and_faces_it():
    found = named(*(ask(n, act_id=n, camera_id=9) for n in range(50)))[:, OUTSIDE, 0]
    width = facts().value("face_width_m") * 800.0
    near, far = (float(identifiability("none", width / facts().value(f"indoor_distance_{end}_m"), True, 2,
                                       by="acquaintance")) for end in ("min", "max"))  # fmt: skip
    assert far - 1e-3 <= found.min() <= found.max() <= near + 1e-3


@pytest.mark.parametrize(("actor", "source"), [
    ("person_filmed", "request"), ("public_security", "request"), ("court", "request"), ("curious", "stream"),
    ("own_staff_on_duty", "monitor"),
])  # fmt: skip
def test_who_asks_for_themselves_or_for_the_state_or_only_watches_seeks_nobody(actor, source):
    assert named(*(ask(n, act_id=n) | {"actor": actor, "source": source} for n in range(50))).size == 0


def test_what_retention_has_left_decides_and_stricter_policies_show_a_subset():
    n = 2_000
    whole, third = (named(*(ask(k, act_id=k, from_s=begin) for k in range(n))) for begin in (0.0, WINDOW_S * 2 / 3))
    assert len(whole) == n
    assert len(third) / n == pytest.approx(1 / 3, abs=4 * np.sqrt(2 / 9 / n))
    some, fewer = (named(*(ask(k, act_id=k) for k in range(n)), there=share) for share in (0.5, 0.2))
    assert len(some) / n == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / n))
    assert 0 < len(fewer) < len(some)


def test_one_viewer_of_one_pass_is_one_trial_and_a_target_follows_from_the_id_alone():
    one = named(ask(3))
    assert np.array_equal(named(ask(3), ask(3, act_id=1)), one)
    among = named(*(ask(n, act_id=n) for n in range(9)))
    assert any(np.array_equal(row, one[0]) for row in among)
    split = named(ask(3), ask(3, act_id=1, legality="prohibited"))
    assert len(split) == 1
    assert np.array_equal(split[0, 4], split[0, 5])


def test_a_share_of_insiders_looks_for_somebody():
    rows = [look(source="insider", source_id=(1 << 36) + n, viewer=n, act_id=n, actor="own_staff_off_purpose")
            for n in range(1_000)]  # fmt: skip
    share = facts().value("lapse_target_share")
    assert len(named(*rows)) / 1_000 == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 1_000))
    assert named().size == 0
