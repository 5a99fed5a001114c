"""What inequality, information and declarations refuse, in the words that a reader gets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from privacysim.attacks import (
    attack_advantage,
    epsilon_spent,
    gini,
    guess_error_m,
    mutual_information,
    released_table,
    table_by,
    top_share,
)
from privacysim.errors import InputError
from privacysim.metrics import METRICS, Metric, chosen, metric, parts, total

PEOPLE = pd.DataFrame({"group": ["a"] * 40, "hours": np.arange(40.0), "weight": np.ones(40)})
REFUSED = {
    "a share of nobody": (lambda: top_share([1.0, 2.0], top=0.0),
                          "top_share, top: expected a share above 0, at most 1.", "write top=0.1"),
    "weights of others": (lambda: gini([1.0, 2.0], [1.0]),
                          "gini, weights: expected one non-negative weight per value, not all 0.", "leave them out"),
    "weights of nothing": (lambda: gini([1.0, 2.0], [0.0, 0.0]),
                           "gini, weights: expected one non-negative weight per value, not all 0.",
                           "leave them out"),
    "cells of one person": (lambda: table_by(PEOPLE, "hours", ["group"], fewest=1),
                            "table_by, fewest: expected at least 2 people a cell.", "write fewest=30"),
    "negative weights": (lambda: table_by(PEOPLE.assign(weight=-1.0), "hours", ["group"], weight="weight"),
                         "table_by, column weight: expected weights of 0 or more, not all 0.", "drop or correct them"),
    "a control that knows": (lambda: attack_advantage(5, 10, 10, 10),
                             "attack_advantage, control: expected a control that fails at times.",
                             "make the control's task as hard as the attack's"),
    "no chance of failure": (lambda: epsilon_spent([1.0], 0.5, delta=1.0),
                             "epsilon_spent: expected epsilon above 0, delta between 0 and 1.", "correct it"),
    "no quasi-identifier": (lambda: released_table(PEOPLE, [], "hours"),
                            "released_table, quasi: expected at least one quasi-identifier.",
                            "name the columns that others may know"),
    "guesses of others": (lambda: guess_error_m([0.0], [0.0], [1.0, 2.0], [0.0]),
                          "guess_error_m: expected four equally long lists.", "give one guess per person"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_question_without_an_answer_is_refused_with_the_cure(name):
    call, expected, fix = REFUSED[name]
    with pytest.raises(InputError) as error:
        call()
    first, _, last = str(error.value).splitlines()
    assert first == expected
    assert last == f"  Fix: {fix}."


def test_what_is_certain_already_tells_nothing_and_one_value_is_equal():
    one = pd.DataFrame({"who": ["a"] * 6, "where": [1, 2, 3, 1, 2, 3]})
    found = mutual_information(one, "who", "where")
    assert (found["bits"], found["entropy_a"], found["share"]) == (0.0, 0.0, 0.0)
    assert gini([5.0]) == 0.0
    assert gini([5.0, 9.0], [3.0, 0.0]) == 0.0, "who stands for nobody is nobody"


def declared(**change):
    said = {"name": "a_metric_of_a_test", "title": "t", "unit": "u", "direction": "lower", "family": "exposure",
            "equation": "e", "source": "s", "of": "records", "value": total, **change}  # fmt: skip
    return metric(**said)(lambda seen: seen)


def test_a_metric_of_a_shipped_name_or_of_an_unknown_kind_is_refused_and_leaves_no_metric():
    before = list(METRICS)
    with pytest.raises(InputError, match="a unique name"):
        chosen([declared(name="cameras_listed")], everybody=False)
    for wrong in ({"family": "exposures"}, {"output": "certainty"}, {"direction": "down"}, {"of": "acts"}):
        with pytest.raises(InputError, match=f"metric a_metric_of_a_test: expected a known {next(iter(wrong))}"):
            declared(**wrong)
    assert list(METRICS) == before


def test_a_sum_that_is_not_finite_stops_at_its_metric(monkeypatch):
    one = METRICS["cameras_listed"]
    broken = Metric(**{name: getattr(one, name) for name in one.__slots__} | {"rows": lambda *seen: {"total": np.inf}})
    monkeypatch.setitem(METRICS, "cameras_listed", broken)
    with pytest.raises(ArithmeticError, match="metric cameras_listed gave a sum that is not finite"):
        parts(None, object(), names=["cameras_listed"])  # type: ignore[arg-type]


def test_a_metric_shows_itself_with_its_direction_and_keeps_markup_as_text():
    one = METRICS["people_identified_by_outsiders"]
    assert one.arrow == "↓ lower is better"
    assert METRICS["cases_with_admissible_evidence"].arrow == "↑ higher is better"
    assert METRICS["requests_refused"].arrow == ""
    page = METRICS["hours_to_evidence"]._repr_html_()
    assert page.startswith("<p><b>hours from case to admissible evidence</b> (h) ↓ lower is better: mean of ")
    assert page.count("<") == page.count(">") == 4, "signs in an equation are text"
