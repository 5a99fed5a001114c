"""What looking brings beside its purpose, each metric against a value worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.facts import facts
from privacysim.metrics import METRICS, PeopleSeen
from tests.helpers import log_rows

DAY = 86_400.0




def _value(name: str, requests: list[dict[str, object]], incidents: list[dict[str, object]]) -> float | None:
    found: float | None = log_rows.value(name, log_rows.records(requests=requests, incidents=incidents))
    return found


def test_over_delivery_is_what_holds_nobody_of_the_case() -> None:
    requests: list[dict[str, object]] = [
        {"case_id": 1, "outcome": "granted", "delivered_s": DAY, "footage_s": 100.0, "needed_s": 25.0},
        {"case_id": 2, "outcome": "granted", "delivered_s": DAY, "footage_s": 300.0, "needed_s": 0.0},
        {"case_id": 3, "outcome": "refused", "delivered_s": np.nan, "footage_s": 0.0},
        {"case_id": 4, "outcome": "granted", "delivered_s": -DAY, "footage_s": 900.0, "needed_s": 900.0},
        {"case_id": -1, "outcome": "granted", "delivered_s": DAY, "footage_s": 900.0},
    ]
    assert _value("over_delivery", requests, []) == pytest.approx(375 / 400)


def test_who_is_never_told_and_how_long_the_others_wait() -> None:
    requests: list[dict[str, object]] = [
        {"case_id": 1, "outcome": "granted", "delivered_s": DAY, "told_s": 91 * DAY},
        {"case_id": 2, "outcome": "granted", "delivered_s": DAY, "told_s": np.nan},
    ]
    incidents: list[dict[str, object]] = [
        {"kind": "stream", "opened_s": 0.0, "told_s": np.nan}, {"kind": "break_in", "opened_s": DAY, "told_s": 3 * DAY},
        {"kind": "duty_breach", "told_s": np.nan},
    ]
    assert _value("never_told", requests, incidents) == pytest.approx(0.5)
    assert _value("days_until_told", requests, incidents) == pytest.approx((90 + 2) / 2)


def test_everybody_in_a_searched_archive_is_counted_once_and_each_pass_may_be_a_false_match() -> None:
    two = np.zeros((3, 6, 2))
    seen = PeopleSeen(np.array([2.0, 3.0, 4.0]), np.zeros(3, np.uint8), two, two, two, two, two, two[:, 0],
                      np.array([0.0, 1.0, 5.0]), np.array([0.0, 0.1, 0.5]))  # fmt: skip
    [people] = METRICS["people_searched_by_face"].value(METRICS["people_searched_by_face"].part(seen))
    assert (people.value, people.contributors) == (7.0, 2)
    [wrong] = METRICS["false_matches"].value(METRICS["false_matches"].part(seen))
    assert wrong.value == pytest.approx(2.3 * facts().value("false_match_accepted"))
