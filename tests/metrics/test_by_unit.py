"""Counts that differ by one word are one metric with a heading; an own metric needs no registry."""

from __future__ import annotations

import numpy as np
import pytest

from privacysim.errors import InputError
from privacysim.metrics import (
    DECLARED,
    METRICS,
    PeopleSeen,
    Records,
    Rows,
    add,
    chosen,
    contributions,
    headline,
    known_metrics,
    metric,
    metric_named,
    parts,
    readings,
)
from privacysim.vocabulary import ACTS, CHANNELS, LEGALITIES, MECHANISMS, REGIMES
from tests.helpers import log_rows
from tools.same_numbers import renamed

records, value = log_rows.records, log_rows.value


@metric(unit="acts", title="acts after dark", default=False)
def acts_after_dark(seen: Records) -> Rows:
    return Rows(seen.act_root[seen.acts["at_s"].to_numpy() % 86_400 >= 72_000])


@metric(of="people", unit="people")
def people_searched_twice(seen: PeopleSeen) -> np.ndarray:
    return (seen.faces_searched >= 2).astype(float)


@metric(of="records", title="acts of {word}", by={"act": ("view", "sell")}, whole="acts of both")
def my_acts(seen: Records, heading: str, word: str) -> Rows:
    return Rows(seen.act_root[seen.acts["act"].isin([word] if word else ["view", "sell"]).to_numpy()])


def people(searched: list[float]) -> PeopleSeen:
    n = len(searched)
    zero = np.zeros((n, 6, 2))
    return PeopleSeen(np.full(n, 10.0), np.zeros(n, np.uint8), zero, zero, zero, zero, zero, zero[:, 0],
                      np.asarray(searched))  # fmt: skip


def test_one_declaration_makes_a_metric_of_each_word_of_each_heading() -> None:
    assert {f"acts[regime={word}]" for word in REGIMES} | {f"acts[act={word}]" for word in ACTS} <= set(METRICS)
    assert "acts" not in METRICS
    assert DECLARED["acts"].by["channel"] == CHANNELS
    assert METRICS["acts[channel=own_console]"].title == "acts, channel: own consoles"
    assert METRICS["people_identified[legality=authorised]"].direction == "either"
    assert METRICS["people_identified[legality=prohibited]"].direction == "lower"
    assert [METRICS[f"people_identified[legality={word}]"].viewers for word in LEGALITIES] == list(LEGALITIES)
    assert {"cameras_listed", *(f"cameras_listed[mechanism={word}]" for word in MECHANISMS)} <= set(METRICS)


@pytest.mark.parametrize(("old", "new"), [
    ("acts_act_buy", "acts[act=buy]"), ("acts_regime_art7_state", "acts[regime=public_state]"),
    ("acts_channel_own_console", "acts[channel=own_console]"), ("cameras_listed_open_port",
     "cameras_listed[mechanism=open_port]"), ("cameras_listed_at_end", "cameras_listed_at_end"),
    ("people_identified_prohibited", "people_identified[legality=prohibited]"),
    ("people_identified_by_outsiders_p_max", "people_identified_by_outsiders_p_max"),
    ("state_secret_sites", "secret_sites[secret=state]"), ("streams_closed_by_press", "streams_closed[closer=press]"),
    ("identified_per_1000_older", "identified_per_1000[group=older]"),
    ("minutes_in_view_detect", "minutes_in_view[level=detect]"), ("gap_hard", "gap_hard"),
])  # fmt: skip
def test_every_old_name_has_its_new_one(old: str, new: str) -> None:
    assert renamed(old) == renamed(new) == new
    assert new in METRICS


def test_a_study_names_a_metric_a_heading_a_declaration_or_a_family() -> None:
    every = set(chosen([], everybody=False))
    assert set(chosen(["acts[act=buy]"], everybody=False)) - every == {"acts[act=buy]"}
    assert set(chosen(["acts[regime]"], everybody=False)) - every == {f"acts[regime={word}]" for word in REGIMES}
    assert len(set(chosen(["acts"], everybody=False)) - every) == sum(map(len, DECLARED["acts"].by.values()))
    assert set(chosen(["cameras_listed"], everybody=False)) == every
    for wrong, right in (("acts[regime=public_stat]", "public_state"), ("act", "acts"), ("equty", "equity")):
        with pytest.raises(InputError, match=right):
            chosen([wrong], everybody=False)
    with pytest.raises(InputError, match="names or Metric objects"):
        chosen([len], everybody=False)  # type: ignore[list-item]


def test_an_own_metric_is_measured_beside_the_shipped_ones_and_stays_out_of_the_registry() -> None:
    found = chosen([acts_after_dark, people_searched_twice, my_acts, "equity"], everybody=False)
    assert list(found)[-5:] == ["acts_after_dark", "people_searched_twice", "my_acts", "my_acts[act=view]",
                                "my_acts[act=sell]"]  # fmt: skip
    assert not {"acts_after_dark", "my_acts"} & set(METRICS)
    seen = records(acts=[{"at_s": 75_000.0, "act": "view"}, {"at_s": 3_600.0, "act": "sell"}, {"act": "copy"}])
    sums = add([parts(people([0, 1, 2, 3]), seen, names=found.values())])
    told = {name: reading.value for name, reading in readings(sums, found)}
    assert told["acts_after_dark"] == 1.0
    assert told["people_searched_twice"] == 20.0
    assert [told[f"my_acts{word}"] for word in ("", "[act=view]", "[act=sell]")] == [2.0, 1.0, 1.0]
    one = contributions(seen, found)["acts_after_dark"]
    assert (one.root.size, one.amount.tolist(), one.value) == (1, [1.0], 1.0)
    assert acts_after_dark(seen).root.size == 1


def test_what_a_function_returns_wrongly_is_refused() -> None:
    @metric()
    def rate(seen: Records) -> np.ndarray:
        return np.zeros(3)

    @metric(of="people")
    def pair(seen: PeopleSeen) -> np.ndarray:
        return np.zeros(3)

    with pytest.raises(InputError, match="Rows or sums"):
        rate.part(records())
    with pytest.raises(InputError, match="one number per person"):
        pair.part(people([0, 1]))


def test_an_installed_package_brings_a_metric_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_metrics, "known_names", lambda group: ("my_acts", "other"))
    monkeypatch.setattr(known_metrics, "named", lambda group, name: my_acts)
    assert metric_named("my_acts[act=sell]").word == "sell"
    assert "my_acts" in chosen(["my_acts"], everybody=False)
    with pytest.raises(InputError, match="a Metric called other"):
        metric_named("other")


def test_the_headline_is_declared_on_the_metrics_with_a_place_for_each() -> None:
    places = [one.headline for one in DECLARED.values() if one.headline]
    assert len(places) == len(set(places))
    assert headline(1) == ("people_identified_by_outsiders",)
    assert headline(14)[-1] == "requests_lost_to_retention"
    assert set(headline()) <= set(METRICS)
