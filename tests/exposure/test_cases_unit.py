"""Exposure by hand: one walk, a few viewers, and what the equations say of them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from privacysim import tables
from privacysim.errors import InputError
from privacysim.exposure import index_acts, is_outsider, measure_exposure
from privacysim.facts import facts
from privacysim.identify import identifiability
from privacysim.sight.passes import Pieces

CODE = 8 * 12  # a face of 12 px
P = float(identifiability("none", 12.0, True, 150, by="acquaintance"))
FACING = 12.0 + 8.0 * facts().value("nonfrontal_factor")
"""Seconds a day in view, those turned away by their factor."""


def walk(days=3, sensitive=False, people=1):
    """One person who passes camera 7 from 08:00:00 to 08:00:20 on every day: 12 s facing it, 8 s turned away.

    Or several who all walk the same way at the same time.
    """
    at, n = 8 * 36_000, 2 * people
    pieces = Pieces(
        np.repeat(np.arange(people, dtype=np.int32), 2), np.full(n, 7, np.int64), np.zeros(n, np.int32),
        np.zeros(n, np.int32), np.tile(np.array([at, at + 120], np.int32), people),
        np.tile(np.array([120, 80], np.int32), people), np.full(n, CODE, np.uint16), np.tile([True, False], people),
        np.full(n, 5 if sensitive else -1, np.int64), np.full(n, sensitive),
    )  # fmt: skip
    block = SimpleNamespace(
        person_id=11 + np.arange(people), weight=np.ones(people), first_day=0, days=days,
        tour_mask=np.array([[2**days - 1]], np.uint64), tour_shift=np.zeros(1, np.int32),
        jitter=np.zeros((1, days), np.int16),
    )
    return pieces, block


def look(**own):
    """One act of an outsider who looks at camera 7 for three days, knows everybody and sees all."""
    row = {
        "policy": "p", "replicate": 0, "act_id": 0, "parent_id": -1, "source": "request", "source_id": 0,
        "custodian_id": 0, "camera_id": 7, "from_s": 0.0, "to_s": 3 * 86_400.0, "at_s": 0.0, "actor": "curious",
        "viewer": 1, "act": "view", "purpose": "curiosity", "channel": "request", "technique": "look",
        "document": "none", "scene": "street", "specific": "silent", "general": "lawful", "legality": "ungoverned",
        "basis_specific": "", "basis_general": "", "mask": "none", "reversible": False, "gallery": 150, "known": 1.0,
        "audience": 1.0, "attention": 1.0,
    }  # fmt: skip
    return row | own


def log(policy, *rows):
    columns = {name: [row[name] for row in rows] for name in tables.table("acts").names}
    return SimpleNamespace(policy=policy, acts=tables.frame("acts", columns))


def exposed(*rows, days=3, sensitive=False, whoever=True):
    acts = index_acts([log("p", *rows)])
    pieces, block = walk(days, sensitive)
    return measure_exposure(pieces, block, acts.whoever() if whoever else acts)


def cell(exposure, name, group=1, curve=0):
    return pytest.approx(float(getattr(exposure, name)[0, 0, group, curve]), rel=1e-12)


def test_seconds_count_every_day_and_the_face_turned_away_counts_with_its_factor():
    assert cell(exposed(look()), "identifiable_s") == 3 * FACING * P
    assert exposed(look()).sightings_seen[0, 0, 1] == 3


def test_the_same_viewer_of_the_same_walk_is_one_trial_on_however_many_days():
    once = exposed(look())
    assert cell(once, "p_identified") == P
    assert cell(once, "p_identified_max") == P
    assert cell(once, "p_identified_days") == 1 - (1 - P) ** 3
    twice = exposed(look(), look(from_s=10.0, act_id=1))
    assert cell(twice, "p_identified") == P
    assert cell(twice, "identifiable_s") == 2 * 3 * FACING * P
    assert twice.sightings_seen[0, 0, 1] == 3


def test_two_viewers_are_two_trials():
    assert cell(exposed(look(), look(viewer=2)), "p_identified") == 1 - (1 - P) ** 2


def test_legalities_compose_as_independent_trials():
    both = exposed(look(), look(legality="prohibited", act_id=1))
    assert cell(both, "p_identified", 1) == P
    assert cell(both, "p_identified", 2) == P


def test_attention_thins_and_a_stranger_to_most_counts_with_the_chance_to_know():
    assert cell(exposed(look(attention=0.1)), "p_identified") == 0.1 * P
    assert cell(exposed(look(known=0.0075)), "p_identified") == 0.0075 * P


def test_a_crowd_is_one_viewer_of_many_eyes():
    crowd = exposed(look(known=1e-7, audience=1e8))
    assert cell(crowd, "p_identified") == 1 - (1 - P) ** 10
    small = exposed(look(known=1e-7, audience=1e6))
    assert cell(small, "p_identified") == 0.1 * P
    assert cell(small, "viewer_identifiable_s") == 3 * FACING * P * 0.1


def test_a_crowd_of_whom_one_knows_her_is_that_one_and_above_one_each_more_adds_a_power():
    assert cell(exposed(look(known=1e-7, audience=1e7)), "p_identified") == P
    assert cell(exposed(look(known=1e-7, audience=1.5e7)), "p_identified") == 1 - (1 - P) ** 1.5


def test_as_many_viewers_as_there_are_at_one_camera_are_as_many_trials():
    many = exposed(*(look(viewer=n, act_id=n, known=0.001) for n in range(1_500)))
    assert cell(many, "p_identified") == 1 - (1 - 0.001 * P) ** 1_500
    assert cell(many, "identifiable_s") == 1_500 * 3 * FACING * 0.001 * P
    assert many.sightings_seen[0, 0, 1] == 3


def test_people_who_walk_alike_are_told_apart_under_every_arm():
    pieces, block = walk(people=300)
    acts = index_acts([log(f"p{n}", look(known=1.0 / (n + 1))) for n in range(4)]).whoever()
    found = measure_exposure(pieces, block, acts)
    for arm in range(4):
        assert found.p_identified[:, arm, 1, 0] == pytest.approx(np.full(300, P / (arm + 1)), rel=1e-12)
        assert found.identifiable_s[:, arm, 1, 0] == pytest.approx(np.full(300, 3 * FACING * P / (arm + 1)), rel=1e-12)
    assert (found.sightings_seen[:, :, 1] == 3).all()


def test_without_any_policy_there_are_no_acts():
    assert len(index_acts([])) == 0


def test_an_act_that_shows_nobody_a_picture_reveals_nothing():
    beside = exposed(look(), look(act="sell", viewer=2, audience=0.0, act_id=1))
    assert cell(beside, "p_identified") == P
    assert len(index_acts([log("p", look(act="sell", audience=0.0))])) == 0


def test_a_look_that_ends_when_the_walk_begins_sees_nothing():
    at = 8 * 3_600.0
    for begin, end, seconds in ((0.0, at, 0.0), (at + 12.0, at + 90.0, FACING - 12.0), (at - 5.0, at + 0.1, 0.1)):
        one = exposed(look(from_s=begin, to_s=end), days=1)
        assert seconds * P == cell(one, "identifiable_s")
    assert exposed(look(from_s=at + 20.0, to_s=at + 90.0), days=1).sightings_seen.max() == 0
    # the side or the back of a head is seen
    assert exposed(look(from_s=at + 12.0, to_s=at + 90.0), days=1).sightings_seen[0, 0, 1] == 1


def test_a_look_at_one_day_sees_that_day_alone():
    one = exposed(look(from_s=86_400.0, to_s=2 * 86_400.0))
    assert cell(one, "identifiable_s") == FACING * P
    assert one.sightings_seen[0, 0, 1] == 1


def test_each_visit_is_revealed_by_any_viewer_who_identifies_the_visitor():
    pair = exposed(look(), look(viewer=2, to_s=86_400.0), sensitive=True, whoever=False)
    expected = (1 - (1 - P) ** 2) + 2 * P
    assert cell(pair, "sensitive_visits_revealed", 4) == expected
    assert pair.revealed_to_outsiders[0, 0, 0] == pytest.approx(expected, rel=1e-12)
    assert exposed(look(), whoever=False).revealed_to_outsiders.max() == 0


def test_one_viewer_under_two_legalities_reveals_a_visit_once():
    both = exposed(look(), look(legality="prohibited", act_id=1), sensitive=True, whoever=False)
    assert both.revealed_to_outsiders[0, 0, 0] == pytest.approx(3 * P, rel=1e-12)
    assert cell(both, "sensitive_visits_revealed", 5) == 3 * P


@pytest.mark.parametrize(("actor", "document", "channel", "outside"), [
    ("own_staff_on_duty", "none", "own_console", False), ("own_staff_off_purpose", "none", "own_console", True),
    ("public_security", "notice_of_obtaining_evidence", "request", False),
    ("public_security", "none", "request", True), ("public_security", "none", "own_console", False),
    ("public_security", "none", "live_monitor", False), ("public_security", "none", "shared_platform", False),
    ("court", "court_order", "request", False), ("court", "none", "seizure", False),
    ("emergency_authority", "none", "takeover", False), ("public_security", "none", "open_stream", True),
    ("neighbour", "id_proof", "request", True), ("curious", "none", "open_stream", True),
    ("impostor", "notice_of_obtaining_evidence", "request", True), ("vendor_platform", "none", "shared_platform", True),
    ("person_filmed", "id_proof", "request", True),
])  # fmt: skip
def test_who_is_an_outsider(actor, document, channel, outside):
    row = look(actor=actor, document=document, channel=channel)
    frame = tables.frame("acts", {name: [value] for name, value in row.items()})
    assert is_outsider(frame).tolist() == [outside]
    group = int(np.flatnonzero(exposed(row, whoever=False).sightings_seen[0, 0]).item())
    assert group == 3 * outside + 1


def test_tables_are_by_legality_alone_and_say_so():
    with pytest.raises(InputError, match="whoever"):
        exposed(look(), whoever=False).frame(0)
    frame = exposed(look()).frame(4)
    assert list(frame.columns) == tables.table("exposure").names
    assert frame["person_id"].tolist() == [11, 11]
    assert frame["curve"].tolist() == ["low", "high"]


def test_pieces_of_other_cameras_than_the_acts_are_refused():
    pieces, block = walk()
    acts = index_acts([SimpleNamespace(policy="p", acts=tables.empty("acts"))])
    with pytest.raises(ValueError, match="other cameras"):
        measure_exposure(pieces, block, acts)


def test_a_window_without_an_end_lasts_for_ever():
    assert cell(exposed(look(to_s=float("nan"))), "identifiable_s") == 3 * FACING * P
