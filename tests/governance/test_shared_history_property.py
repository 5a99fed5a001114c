"""What policies of a world share is kept for the next one: it changes no Log, and holds only where it may."""

from datetime import date

import numpy as np
import pytest
import simpy

from privacysim import vocabulary as words
from privacysim.draws import stream_key, uniforms
from privacysim.errors import InputError
from privacysim.governance import DEFAULT, History, Log, Process, simulate
from privacysim.governance import log as logs
from privacysim.governance.askers import Askers
from privacysim.governance.desk import Desk
from privacysim.governance.desks import Courses, Desks, Documents, Signatures
from privacysim.policy import load_arms
from privacysim.scenario import load_scenario
from privacysim.units import DAY_TICKS, HOUR_TICKS
from privacysim.world.world_model import World
from tests.helpers.governance_town import town

DAYS = 5
ARMS = load_arms(["notice_only", "guangzhou_draft:wide", "judge_warrant", "order_799"], {}, date(2026, 1, 1))
_HEAD, _JUDGE = words.APPROVERS.index("case_department_head"), words.APPROVERS.index("judge")


class Bystander(Process):
    """A process from outside that does nothing; it might go to the desks while the simulation runs."""


def _same(one: Log, other: Log) -> None:
    for table in logs.COLUMNS:
        assert getattr(one, table).equals(getattr(other, table)), table
    assert one.notes == other.notes


@pytest.mark.parametrize("start", ["transition", "steady"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0)])
def test_arms_that_share_a_history_have_the_logs_that_they_have_alone(start, order):
    world, history = World(**vars(town(days=DAYS, warmup=15))), History()
    for arm in (ARMS[number] for number in order):
        _same(simulate(world, arm, baseline=ARMS[0], start=start, history=history),
              simulate(world, arm, baseline=ARMS[0], start=start))  # fmt: skip
    simulated = sum(len(known) for known in history.courses.known.values())
    assert 1 < simulated < len(ARMS), "some policies bring the same documents, and others do not"
    left = history.left(world, ARMS[0], 0 if start == "transition" else -15 * DAY_TICKS)
    shorter = [len(getattr(left, table)) < len(getattr(world, table)) / 2 for table in ("asks", "lapses")]
    assert all(shorter) == any(shorter) == (start == "transition"), "only what all policies did alike is settled"


def test_some_of_the_default_processes_share_what_they_settled():
    world, history = World(**vars(town(days=DAYS, warmup=15))), History()
    for arm in ARMS[:2]:
        _same(simulate(world, arm, baseline=ARMS[0], processes=[Askers()], history=history),
              simulate(world, arm, baseline=ARMS[0], processes=[Askers()]))  # fmt: skip


def test_a_history_belongs_to_one_world_and_one_baseline():
    world, history = World(**vars(town(days=DAYS, warmup=15))), History()
    simulate(world, ARMS[1], baseline=ARMS[0], history=history)
    another = World(**vars(town(days=DAYS, warmup=15)))
    for other in ({"world": another, "baseline": ARMS[0]}, {"world": world, "baseline": ARMS[1]},
                  {"world": world, "baseline": ARMS[0], "start": "steady"}):  # fmt: skip
        with pytest.raises(InputError, match="one History for each world"):
            simulate(arm=ARMS[1], history=history, **other)


def test_a_process_from_outside_shares_nothing():
    world, history = World(**vars(town(days=DAYS, warmup=15))), History()
    for own in ({"processes": (*DEFAULT, Bystander())}, {"desk": type("Own", (Desk,), {})}):
        simulate(world, ARMS[0], baseline=ARMS[0], history=history, **own)
    assert not history.courses.known
    assert not history.settled


def _documents(seed: int, expires_d: float) -> Documents:
    """Documents of ten days, more than the desk can bear; each expires after a tenth of `expires_d` days or more."""
    n = 1_200
    u = uniforms(stream_key(seed, 0, "documents"), np.arange(n), 6)
    asked = np.sort(np.floor(u[:, 0] * 10 * DAY_TICKS)).astype(np.int64)
    ones = np.ones(n, dtype=np.int64)
    way = np.where(u[:, 2] < 0.5, np.nan, u[:, 5])
    return Documents(asked, np.where(u[:, 2] < 0.3, _JUDGE, _HEAD), np.arange(n), ones, u[:, 1], way,
                     (u[:, 3] * 3).astype(np.int64),
                     asked + np.floor((0.1 - np.log(u[:, 4])) * expires_d * DAY_TICKS).astype(np.int64))


def _signed(documents: Documents, courses: Courses, *, alone: bool = False) -> Signatures:
    scenario = load_scenario("guangzhou_district")
    usual = 24 * HOUR_TICKS
    desks = Desks(simpy.Environment(), scenario, (usual, usual), 3 * DAY_TICKS, 15 * DAY_TICKS, alone=alone)
    batches = [desks.file(Documents(*(column[part] for column in documents)))
               for part in (slice(0, 500), slice(500, None))]  # fmt: skip
    notes = desks.run(courses)
    turn, signed, freed = (np.concatenate([getattr(one, name) for one in batches])
                           for name in ("turn", "signed", "freed"))
    return Signatures(documents, turn, signed, freed, notes)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("hours", [1, 6])
def test_a_desk_worked_through_without_the_clock_does_what_it_does_on_the_clock(seed, hours):
    """Documents come at whole hours, many in one tick, when the desk opens, closes, and officers become free."""
    kept = Courses(), Courses()
    for days in (0.2, 3.0):
        documents = _documents(seed, days)
        asked = documents.asked // (hours * HOUR_TICKS) * hours * HOUR_TICKS
        documents = documents._replace(asked=asked, expires=np.maximum(documents.expires, 3 * DAY_TICKS))
        clock, alone = (_signed(documents, one, alone=alone) for one, alone in zip(kept, (False, True), strict=True))
        for name in ("turn", "signed", "freed"):
            assert np.array_equal(getattr(clock, name), getattr(alone, name)), name
        assert clock.notes == alone.notes
        assert clock.notes, "one desk has more than it can bear, so documents wait at the end"
    assert sum(map(len, kept[1].known.values())) == 2, "the second resumes at the switch"


@pytest.mark.parametrize("seed", range(4))
def test_a_kept_course_is_that_of_a_desk_that_starts_anew(seed):
    """Policies differ in when footage expires, after the switch. Whether a course holds is decided by document."""
    courses, simulated, early = Courses(), [], _documents(seed, 3.0)
    for days in (0.2, 0.21, 3.0, 400.0, 500.0):
        documents = _documents(seed, days)
        # what expires before the switch does so under every policy
        late = np.maximum(documents.expires, 3 * DAY_TICKS)
        documents = documents._replace(expires=np.where(early.expires < 3 * DAY_TICKS, early.expires, late))
        kept, anew = _signed(documents, courses), _signed(documents, Courses())
        assert np.array_equal(kept.turn, anew.turn)
        assert np.array_equal(kept.signed, anew.signed)
        assert np.array_equal(kept.freed, anew.freed)
        assert not (anew.late & (anew.signed < logs.NEVER)).any()
        simulated.append(sum(len(one) for one in courses.known.values()))
    assert simulated[-1] == simulated[-2], "where nothing expires before its turn, one course holds for all"
    assert simulated[2] > simulated[0], "where other documents expire, the desk does something else"


def test_what_became_of_a_document_follows_from_its_turn():
    ones, never = np.ones(4, dtype=np.int64), logs.NEVER
    documents = Documents(np.array([0, 0, 50, 0]), ones, ones, ones, ones / 2.0, ones / 2.0, ones,
                          np.array([9, 4, 4, 9]))
    course = Signatures(documents, np.array([5, 5, 60, never]), np.array([9, never, never, never]),
                        np.array([9, 5, 60, never]))
    assert course.late.tolist() == [False, True, True, False]
    assert course.left.tolist() == [never, 4, 50, never], "it left when it expired, or when it came"
    assert course.confirmed.tolist() == [1, 0, 0, -1]
    assert course.holds(np.array([6, 5, 1, 0]))
    assert not course.holds(np.array([5, 4, 4, 9]))
