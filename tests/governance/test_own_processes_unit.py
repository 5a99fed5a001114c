"""Processes and desks of your own: they change what they should and nothing else, or are refused in words."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from privacysim import parts, tables
from privacysim.errors import InputError
from privacysim.governance import DEFAULT, Books, Context, Desk, Log, Process, simulate
from privacysim.governance.log import imbalances
from privacysim.governance.spreading import Chain
from privacysim.policy import Arm, load_arms
from privacysim.units import DAY_TICKS, HOUR_TICKS
from tests.helpers.governance_town import town as make_town

TABLES = ("requests", "acts", "incidents", "audits")


class Drones(Process):
    """An own leak: somebody films a screen with a drone, keeps the piece and sells it."""

    incidents: ClassVar = {"drone": ("drone", "resale")}
    forgets = ""

    def start(self, context: Context) -> None:
        self.context, self.chains = context, list[Chain]()
        ids, ticks = context.arrivals("drones", per_day=2.0)
        happens = context.chances("drones", ids)[:, 0] < 0.8
        for number, tick in zip(Context.numbers("drones", ids[happens]).tolist(), ticks[happens].tolist(), strict=True):
            context.env.process(self.flight(number, tick))

    def flight(self, number: int, tick: int) -> Generator[Any, Any, None]:
        yield self.context.until(tick)
        chain = Chain("drone", number, number % 600, tick - HOUR_TICKS, tick, "curious", "hidden", False, number,
                      kind="drone", mechanism="filmed", opened=tick, closed=tick)  # fmt: skip
        self.chains.append(chain)
        copy = self.context.spread.act(chain, -1, "copy", tick, technique="copy")
        self.context.spread.act(chain, copy, "view", tick, audience=1.0)
        self.context.spread.used(chain, copy, tick, (0.9, 0.5))
        yield from self.context.spread.sales(chain, copy, number, usd=30.0)

    def write(self, books: Books) -> None:
        for chain in self.chains:
            if self.forgets:
                chain.acts, chain.parent = map(list, zip(*[
                    (act, parent) for act, parent in zip(chain.acts, chain.parent, strict=True)
                    if act["act"] != self.forgets
                ], strict=True))  # fmt: skip
        self.context.spread.write(self.chains, books)


class Ombudsman(Process):
    """An own requester: once a week an ombudsman asks one camera's holder for an hour, and is always let in."""

    def __init__(self, hour: int = 12, looks: bool = True) -> None:
        self.hour, self.looks = hour, looks

    def start(self, context: Context) -> None:
        self.context, self.signed = context, dict[int, int]()
        for week in range(context.world.days // 7):
            context.env.process(self.request(week, week * 7 * DAY_TICKS + self.hour * HOUR_TICKS))

    def request(self, week: int, asked: int) -> Generator[Any, Any, None]:
        yield self.context.until(asked)
        mark = float(self.context.chances("ombudsman", [week])[0, 0])
        if (yield from self.context.desks.approved("judge", week, papers=1, mark=mark, way=None)):
            self.signed[week] = int(self.context.env.now)

    def write(self, books: Books) -> None:
        week = np.array(sorted(self.signed), dtype=np.int64)
        number, at = Context.numbers("ombudsman", week), np.array([self.signed[one] for one in week.tolist()])
        world, camera = self.context.world, week % 5
        common: dict[str, Any] = {"purpose": "oversight", "document": "court_order", "approver": "judge"}
        books.requests.add(
            week.size, request_id=number, custodian_id=world.cameras.custodian_id[camera], requester="court",
            operator=world.cameras.operator[camera], legality="authorised", submitted_t=at - 1, decided_t=at,
            delivered_t=at, outcome="granted", reason="", evidence="viewed", cameras_n=1, footage_t=HOUR_TICKS,
            **common,
        )  # fmt: skip
        if self.looks:
            books.acts.add(
                week.size, source="request", source_id=number, camera_id=camera, from_t=at - HOUR_TICKS, to_t=at,
                at_t=at, actor="court", viewer=number, act="view", audience=1.0, **common,
            )  # fmt: skip


class NightDesk(Desk):
    """An own desk: judges work day and night; everybody else as ever."""

    def __init__(self, env: Any, officers: int, hours: Any, level: str = "") -> None:
        super().__init__(env, officers, type(hours)() if level == "judge" else hours, level)


@pytest.fixture(scope="module")
def arms() -> dict[str, Arm]:
    return {arm.id: arm for arm in load_arms(["notice_only", "order_799", "judge_warrant"], {}, date(2025, 6, 1))}


@pytest.fixture(scope="module")
def town() -> SimpleNamespace:
    return make_town(days=15, warmup=20)


@pytest.fixture(scope="module")
def shipped(town: SimpleNamespace, arms: dict[str, Arm]) -> Log:
    return simulate(town, arms["order_799"], baseline=arms["notice_only"])


def _with(town: SimpleNamespace, arms: dict[str, Arm], *own: Any, name: str = "order_799", **more: Any) -> Log:
    return simulate(town, arms[name], baseline=arms["notice_only"], processes=(*DEFAULT, *own), **more)


def _equal(one: Log, other: Log, mine: set[int]) -> None:
    """Every row that does not belong to `mine` is equal."""
    for name, column in zip(TABLES, ("request_id", "source_id", "incident_id", "incident_id"), strict=True):
        rows = getattr(other, name)
        ours = rows[~rows[column].isin(mine)].reset_index(drop=True)
        plain = [frame.astype(dict.fromkeys(frame.select_dtypes("category"), str))
                 for frame in (getattr(one, name), ours)]  # fmt: skip
        pd.testing.assert_frame_equal(*plain, check_exact=True)


def test_an_own_leak_adds_its_incidents_and_acts_and_changes_no_other_row(
    town: SimpleNamespace, arms: dict[str, Arm], shipped: Log
) -> None:
    log = _with(town, arms, Drones())
    own = log.incidents[log.incidents["kind"] == "drone"]
    acts = log.acts[log.acts["source_id"].isin(own["incident_id"])]
    assert len(own) > 10
    assert set(acts["source"]) == {"drone", "resale"}
    assert set(acts["act"]) == {"copy", "view", "use", "sell", "buy"}
    assert set(acts["legality"]) <= {"prohibited", "ungoverned"}
    fresh = set(log.incidents["incident_id"]) - set(shipped.incidents["incident_id"])
    _equal(shipped, log, fresh | set(acts["source_id"]))
    assert imbalances(log, town) == []


def test_an_own_leak_meets_the_same_chances_under_every_policy_and_starts_afresh(
    town: SimpleNamespace, arms: dict[str, Arm]
) -> None:
    drones = Drones()
    found = [_with(town, arms, drones, name=name).incidents.query("kind == 'drone'")["opened_s"].tolist()
             for name in ("notice_only", "order_799", "order_799")]  # fmt: skip
    assert found[0] == found[1] == found[2]
    assert not hasattr(drones, "chains"), "a run works on a copy of the process"


@pytest.mark.parametrize("act", ["copy", "view", "use"])
def test_an_own_leak_that_forgets_its_act_is_found_out(
    act: str, town: SimpleNamespace, arms: dict[str, Arm]
) -> None:
    forgetful = Drones()
    forgetful.forgets = act
    # the numbers of the acts that it keeps are wrong too, as in any process with such a mistake
    assert imbalances(_with(town, arms, forgetful), town) != []


def test_an_own_requester_is_served_and_changes_no_other_row(
    town: SimpleNamespace, arms: dict[str, Arm], shipped: Log
) -> None:
    log = _with(town, arms, Ombudsman())
    own = log.requests[log.requests["purpose"] == "oversight"]
    fresh = set(log.requests["request_id"]) - set(shipped.requests["request_id"])
    assert set(own["request_id"]) >= fresh
    assert len(fresh) == 2
    looked = log.acts[log.acts["source_id"].isin(fresh)]
    assert set(looked["actor"]) == {"court"}
    _equal(shipped, log, fresh)
    assert imbalances(log, town) == []
    assert any("nobody looked at" in one for one in imbalances(_with(town, arms, Ombudsman(looks=False)), town))


def test_an_own_desk_signs_at_night_and_leaves_other_levels_alone(
    town: SimpleNamespace, arms: dict[str, Arm]
) -> None:
    by_day, by_night = (
        simulate(town, arms["judge_warrant"], baseline=arms["judge_warrant"], desk=desk) for desk in (Desk, NightDesk)
    )
    both = by_day.requests.merge(by_night.requests, on="request_id", suffixes=("", "_night"))
    both = both.dropna(subset=["decided_s", "decided_s_night"])
    judged = both[both["approver"] == "judge"]
    assert (judged["decided_s_night"] < judged["decided_s"]).sum() > 20
    other = both[both["approver"] != "judge"]
    assert len(other) > 100
    assert (other["decided_s_night"] == other["decided_s"]).all()
    assert imbalances(by_night, town) == []


def test_processes_are_found_by_entry_point_and_need_not_inherit(
    town: SimpleNamespace, arms: dict[str, Arm], shipped: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = EntryPoint("drones", f"{__name__}:Drones", "privacysim.processes")
    monkeypatch.setattr(parts, "installed", lambda group: [point] if group == "processes" else [])
    named, given = _with(town, arms, "drones"), _with(town, arms, Drones)
    pd.testing.assert_frame_equal(named.acts, given.acts)
    plain = type("Plain", (), {"start": lambda self, context: None, "write": lambda self, books: None})
    _equal(shipped, _with(town, arms, plain()), set())
    with pytest.raises(InputError, match="drone"):
        _with(town, arms, "drone")


class _Writes(Process):
    incidents: ClassVar = {"mine": ("mine",)}

    def __init__(self, table: str, **changed: Any) -> None:
        self.table, self.changed = table, changed

    def write(self, books: Books) -> None:
        rows: dict[str, dict[str, Any]] = {
            "acts": {"source": "mine", "source_id": [7, 8], "camera_id": 3, "from_t": 0, "to_t": 50, "at_t": [60, 70],
                     "actor": "curious", "viewer": 1, "act": "view", "purpose": "curiosity", "audience": 1.0},
            "incidents": {"incident_id": [7, 8], "custodian_id": 1, "kind": "mine", "opened_t": 60, "audience": 1.0},
        }  # fmt: skip
        getattr(books, self.table).add(2, **{**rows[self.table], **self.changed})


@pytest.mark.parametrize(("table", "column", "value"), [
    ("acts", "source", "yours"), ("acts", "act", "peek"), ("acts", "camera_id", 600_000), ("acts", "at_t", -1),
    ("acts", "to_t", 0), ("acts", "audience", 0.0), ("acts", "known", 2.0), ("acts", "viewer", 0.5),
    ("acts", "from_t", [1, 2, 3]), ("acts", "actor", None), ("acts", "colour", "red"), ("acts", "at_t", float("nan")),
    ("incidents", "kind", "yours"), ("incidents", "incident_id", 7), ("incidents", "custodian_id", ["a", "b"]),
])  # fmt: skip
def test_a_process_whose_rows_are_wrong_is_refused_by_name(
    table: str, column: str, value: object, town: SimpleNamespace, arms: dict[str, Arm]
) -> None:
    alone = (_Writes(table, **{column: value}),)
    with pytest.raises(InputError, match=rf"process _Writes, {table}, {column}"):
        simulate(town, arms["order_799"], baseline=arms["notice_only"], processes=alone)


@pytest.mark.parametrize(("processes", "said"), [
    ((object(),), "no method start"), ("website", "a sequence"), ((3,), "no method start"),
    ((type("Odd", (Drones,), {"incidents": {"odd": "odd"}}),), "tuple of words"),
])  # fmt: skip
def test_what_is_no_process_is_refused_in_words(
    processes: Any, said: str, town: SimpleNamespace, arms: dict[str, Arm]
) -> None:
    with pytest.raises(InputError, match=said):
        simulate(town, arms["order_799"], baseline=arms["notice_only"], processes=processes)


def test_a_log_with_a_source_of_its_own_survives_saving(
    town: SimpleNamespace, arms: dict[str, Arm], shipped: Log, tmp_path: Any
) -> None:
    log = _with(town, arms, Drones())
    tables.write("acts", log.acts, tmp_path / "acts.parquet")
    again = tables.read("acts", tmp_path / "acts.parquet")
    assert again["source"].value_counts()["drone"] == (log.acts["source"] == "drone").sum() > 0
    both = tables.concat("acts", [shipped.acts, log.acts])
    assert isinstance(both["source"].dtype, pd.CategoricalDtype)
    assert (both["source"] == "drone").sum() == (log.acts["source"] == "drone").sum()
