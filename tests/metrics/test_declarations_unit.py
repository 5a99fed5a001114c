"""Each metric says what it is, and counts what it says."""


import csv
from dataclasses import replace

import numpy as np
import pytest

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.metrics import DECLARED, METRICS, PeopleSeen, add, metric_named, parts, readings
from privacysim.resources import shipped
from privacysim.vocabulary import GROUPS
from tests.helpers import log_rows

DAY = 86_400.0


records, value = log_rows.records, log_rows.value


@pytest.mark.parametrize("one", METRICS.values(), ids=list(METRICS))
def test_a_metric_declares_all_that_a_referee_asks(one):
    for said in (one.title, one.unit, one.equation, one.source, one.attacker, one.part.__doc__ or one.title):
        assert said.strip()
    assert one.sample in {"exact", "consistent", "census"}
    assert one.name == one.name.lower()


def test_every_declared_row_has_its_function():
    with shipped("data/metrics.csv").open(encoding="utf-8") as stream:
        assert {row["name"] for row in csv.DictReader(stream)} == set(DECLARED)


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(InputError, match="write cameras_listed"):
        metric_named("camera_listed")
    assert metric_named("cameras_listed").title == METRICS["cameras_listed"].title


def test_a_stream_counts_for_the_part_of_the_study_that_it_was_listed():
    streams = [
        {"kind": "stream", "mechanism": "open_port", "opened_s": -5 * DAY, "closed_s": 5 * DAY, "cameras_n": 1},
        {"kind": "stream", "mechanism": "open_port", "opened_s": 8 * DAY, "closed_s": np.nan, "cameras_n": 2},
        {"kind": "stream", "mechanism": "cracked_account", "opened_s": -9 * DAY, "closed_s": -1 * DAY, "cameras_n": 1},
        {"kind": "informal", "opened_s": 0.0, "closed_s": 10 * DAY, "cameras_n": 1},
    ]
    seen = records(incidents=streams)
    assert value("cameras_listed", seen) == pytest.approx((5 * 1 + 2 * 2) / 10)
    assert value("cameras_listed[mechanism=open_port]", seen) == pytest.approx(0.9)
    assert value("cameras_listed[mechanism=cracked_account]", seen) == 0.0
    assert value("cameras_listed_at_end", seen) == 2.0


def test_who_closed_a_stream_is_counted_within_the_study_only():
    streams = [
        {"kind": "stream", "opened_s": -1.0, "closed_s": 2 * DAY, "discovered_by": "owner"},
        {"kind": "stream", "opened_s": -1.0, "closed_s": 11 * DAY, "discovered_by": "owner"},
        {"kind": "stream", "opened_s": -1.0, "closed_s": np.nan, "discovered_by": ""},
    ]
    assert value("streams_closed[closer=owner]", records(incidents=streams)) == 1.0
    assert value("streams_closed[closer=press]", records(incidents=streams)) == 0.0


def test_the_gap_is_hard_where_nothing_forbids_and_soft_where_only_general_law_does():
    acts = [
        {"act": "view", "legality": "ungoverned", "general": "lawful", "document": "none"},
        {"act": "view", "legality": "ungoverned", "general": "depends", "document": "badge"},
        {"act": "copy", "legality": "ungoverned", "general": "pi_breach"},
        {"act": "view", "legality": "prohibited", "general": "crime", "document": "none"},
    ]
    seen = records(acts=acts)
    assert value("gap_hard", seen) == 0.5
    assert value("gap_soft", seen) == 0.25
    assert value("views_without_document", seen) == pytest.approx(2 / 3)


def test_a_share_of_nothing_is_undefined_and_says_so():
    [(name, reading)] = [
        (name, reading) for name, reading in readings(add([parts(None, records())])) if name == "gap_hard"
    ]
    assert (name, reading.value) == ("gap_hard", None)
    assert "no acts" in reading.note


def test_evidence_counts_a_case_once_at_its_first_delivery():
    requests = [
        {"case_id": 7, "evidence": "admissible", "delivered_s": 3 * DAY},
        {"case_id": 7, "evidence": "admissible", "delivered_s": 2 * DAY},
        {"case_id": 8, "evidence": "viewed", "delivered_s": 1 * DAY},
        {"case_id": 9, "evidence": "admissible", "delivered_s": -1 * DAY},
    ]
    seen = records(requests=requests, opened={7: 1 * DAY, 8: 0.0, 9: -2 * DAY})
    assert value("cases_with_admissible_evidence", seen) == 1.0
    assert value("hours_to_evidence", seen) == 24.0


def test_refusals_and_losses_are_those_decided_in_the_study():
    requests = [
        {"outcome": "refused", "decided_s": 1 * DAY}, {"outcome": "refused", "decided_s": 10 * DAY},
        {"outcome": "unavailable", "reason": "expired in the queue", "decided_s": 1 * DAY},
        {"outcome": "unavailable", "reason": "nobody was found", "decided_s": 1 * DAY},
    ]  # fmt: skip
    assert value("requests_refused", records(requests=requests)) == 1.0
    assert value("requests_lost_to_retention", records(requests=requests)) == 1.0


def people(n: int, seed: int = 3) -> PeopleSeen:
    rng = np.random.default_rng(seed)
    p = rng.uniform(0, 0.3, (n, 6, 2)) * (rng.uniform(size=(n, 6, 1)) < 0.4)
    hours = rng.uniform(0, 100, (n, 6, 2))
    group = rng.integers(0, 4, n).astype(np.uint8)
    often = np.minimum(p * 1.5, 1)
    return PeopleSeen(rng.uniform(1, 400, n), group, hours, hours * 10, p, p * 0.8, often, p[:, 3])


def split(seen: PeopleSeen, at: int) -> list[PeopleSeen]:
    cut = [{name: getattr(seen, name)[part] for name in PeopleSeen.__slots__} for part in (slice(at), slice(at, None))]
    return [PeopleSeen(**fields) for fields in cut]


def test_blocks_of_people_add_up_to_the_whole():
    seen = people(500)
    whole = dict(readings(parts(seen, None)))
    assert whole
    again = readings(add(parts(block, None) for block in split(seen, 123)))
    for (name, one), (_, two) in zip(readings(parts(seen, None)), again, strict=True):
        assert two.value == pytest.approx(one.value, rel=1e-12), name
        assert two.contributors == one.contributors


def test_targets_and_passers_by_add_up_and_wrong_names_are_told_by_group():
    seen = people(300)
    targets = np.random.default_rng(5).uniform(0, 1, (7, 6, 2))
    seen = replace(seen, targeted=targets, false_alarms=np.arange(300.0))
    found = {(name, r.curve): r for name, r in readings(parts(seen, None))}
    name = "people_identified_by_outsiders"
    looked_for = found["people_identified_by_outsiders[how=targeted]", "low"]
    assert looked_for.value == pytest.approx((1 - np.prod(1 - targets[:, 3:, 0], axis=1)).sum())
    assert looked_for.contributors == 7
    by_the_way = found[f"{name}[how=incidental]", "low"].value
    without = {(n, r.curve): r.value for n, r in readings(parts(people(300), None))}
    assert by_the_way == pytest.approx(without[name, "low"])
    assert found[name, "low"].value == pytest.approx(looked_for.value + by_the_way)
    wrong = [found[f"false_matches[group={group}]", ""].value for group in GROUPS]
    assert found["false_matches", ""].value == pytest.approx(sum(wrong))
    older = seen.group == GROUPS.index("older")
    accepted = facts().value("false_match_accepted")
    assert wrong[-1] == pytest.approx(accepted * (seen.weight * seen.false_alarms)[older].sum())


def test_identification_by_several_kinds_of_viewers_composes_as_independent_trials():
    p = np.zeros((1, 6, 2))
    p[0, 3:, 0] = [0.5, 0.2, 0.1]
    p[0, :3, 0] = 0.9  # authorised people on duty are no outsiders
    zero = np.zeros((1, 6, 2))
    seen = PeopleSeen(np.array([10.0]), np.zeros(1, np.uint8), zero, zero, p, p, p, zero[:, 0])
    found = {(name, r.curve): r for name, r in readings(parts(seen, None))}
    assert found["people_identified_by_outsiders", "low"].value == pytest.approx(10 * (1 - 0.5 * 0.8 * 0.9))
    assert found["people_identified_by_outsiders_p_max", "low"].value == pytest.approx(5.0)
    assert found["people_identified_by_outsiders", "high"].value == 0.0
    assert found["people_identified_by_outsiders", "low"].contributors == 1
    assert found["people_identified[legality=prohibited]", "low"].value == pytest.approx(10 * (1 - 0.1 * 0.9))


def test_a_sum_that_is_not_finite_is_refused():
    seen = people(3)
    seen.identifiable_s[0, 0, 0] = np.nan
    with pytest.raises(ArithmeticError, match="identifiable_person_hours"):
        parts(seen, None)
