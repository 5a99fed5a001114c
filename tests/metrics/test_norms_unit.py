"""Flows that break a norm: each kind of flow by hand, and what holds for any table of acts."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from privacysim.facts import facts, facts_replaced
from privacysim.metrics import METRICS, Records
from privacysim.vocabulary import CHANNELS, DOCUMENTS, REQUESTERS, SCENES, SOURCES, STATE_ORGANS, TECHNIQUES
from tests.helpers import log_rows

FLOWS = METRICS["flows_breaking_norms"]
NORMS = {name: one for name, one in facts().items() if name.startswith("norm_")}


def flow(**more: object) -> dict[str, object]:
    """A stranger looks at a street, found on the website."""
    return {"act": "view", "actor": "curious", "source": "stream", "channel": "open_stream", "audience": 1.0, **more}


def weights(*acts: dict[str, object]) -> list[float]:
    return [float(one) for one in FLOWS.found(log_rows.records(acts=acts)).total]


def many(n: int, seed: int = 1) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    words = {"actor": REQUESTERS, "channel": CHANNELS, "source": SOURCES, "document": DOCUMENTS, "scene": SCENES,
             "technique": TECHNIQUES}  # fmt: skip
    return [{"act": "view", "source_id": k, "audience": float(rng.choice([0.2, 1.0, 900.0])),
             **{name: str(rng.choice(of)) for name, of in words.items()}} for k in range(n)]  # fmt: skip


def seen(acts: list[dict[str, object]]) -> Records:
    return log_rows.records(acts=acts)


def value(acts: list[dict[str, object]]) -> float:
    found = log_rows.value("flows_breaking_norms", seen(acts))
    assert found is not None
    return found


@pytest.mark.parametrize(("kind", "of"), [
    ("filmed", {"actor": "person_filmed", "source": "request", "channel": "request", "document": "id_proof"}),
    ("filmed", {"actor": "person_filmed", "source": "request", "channel": "request", "scene": "private_space"}),
    ("state_document", {"actor": "public_security", "source": "request", "channel": "request", "document": "warrant"}),
    ("state_document", {"actor": "court", "source": "request", "channel": "seizure", "document": "court_order"}),
    ("state_bare", {"actor": "public_security", "source": "request", "channel": "shared_platform"}),
    ("state_bare", {"actor": "public_security", "source": "request", "channel": "takeover"}),
    ("duty", {"actor": "public_security", "source": "monitor", "channel": "live_monitor"}),
    ("duty", {"actor": "own_staff_on_duty", "source": "monitor", "channel": "live_monitor", "scene": "semi_private"}),
    ("claim", {"actor": "victim_not_filmed", "source": "request", "channel": "request"}),
    ("company", {"actor": "insurer", "source": "request", "channel": "request"}),
    ("vendor", {"actor": "contractor", "source": "monitor", "channel": "own_console"}),
    ("stranger", {"actor": "contractor", "source": "insider", "channel": "own_console"}),
    ("stranger", {"actor": "own_staff_off_purpose", "source": "insider", "channel": "own_console"}),
    ("stranger", {"actor": "neighbour", "source": "request", "channel": "request"}),
    ("stranger", {}),
    ("sold", {"source": "resale", "channel": "onward"}),
    ("sold", {"source": "resale", "channel": "onward", "scene": "private_space"}),
    ("secret", {"source": "hidden", "channel": "hidden", "scene": "private_space"}),
    ("secret", {"source": "breach"}),
    ("private", {"scene": "private_space"}),
    ("face_search", {"actor": "public_security", "source": "monitor", "channel": "live_monitor",
                     "technique": "face_watchlist_live"}),
])  # fmt: skip
def test_each_kind_of_flow_has_the_weight_of_its_fact(kind: str, of: dict[str, object]) -> None:
    assert weights(flow(**of)) == [facts().value(f"norm_{kind}")]


def test_the_weights_of_a_table_are_added_and_a_crowd_is_one_recipient() -> None:
    acts = [flow(audience=0.25), flow(audience=1.0), flow(audience=80_000.0), flow(act="copy", audience=0.0),
            flow(source="resale", channel="onward")]  # fmt: skip
    stranger, sold = facts().value("norm_stranger"), facts().value("norm_sold")
    assert value(acts) == pytest.approx(2.25 * stranger + sold)
    assert value([]) == 0.0
    with facts_replaced({"norm_stranger": 0.0}):
        assert value(acts) == pytest.approx(sold)


def test_every_kind_of_flow_has_a_fact_of_a_share_with_a_range_and_they_move_together() -> None:
    assert len(NORMS) == 12
    for one in NORMS.values():
        assert 0.0 < one.low < one.value < one.high < 1.0
        assert (one.unit, one.law, one.group) == ("share", "logit", "norm")


def test_every_actor_has_a_kind_by_every_channel_and_only_those_without_duty_or_claim_are_strangers() -> None:
    pairs = list(product(REQUESTERS, CHANNELS))
    found = dict(zip(pairs, weights(*(flow(actor=actor, channel=channel, source="request")
                                      for actor, channel in pairs)), strict=True))  # fmt: skip
    assert len(found) == len(REQUESTERS) * len(CHANNELS)
    assert set(found.values()) <= {one.value for one in NORMS.values()}
    strangers = {actor for (actor, _), weight in found.items() if weight == facts().value("norm_stranger")}
    assert strangers == {"own_staff_off_purpose", "neighbour", "media", "curious", "impostor"}
    assert {weight for (_, channel), weight in found.items() if channel == "hidden"} == {facts().value("norm_secret")}


def test_an_act_more_never_lowers_it_and_none_counts_more_than_one() -> None:
    assert all(0.0 < one < 1.0 for one in weights(*many(300)))
    acts = many(16)
    running = [value(acts[:n]) for n in range(17)]
    assert running == sorted(running)
    assert np.diff(running) == pytest.approx(weights(*acts))


def test_the_order_of_the_rows_changes_nothing() -> None:
    acts = many(200, seed=2)
    turned = [acts[k] for k in np.random.default_rng(3).permutation(200)]
    one, two = (FLOWS.found(seen(rows)) for rows in (acts, turned))
    assert sorted(zip(one.root.tolist(), one.total.tolist(), strict=True)) == sorted(
        zip(two.root.tolist(), two.total.tolist(), strict=True))  # fmt: skip


def test_a_policy_under_which_only_state_organs_look_and_all_show_a_document_has_that_weight() -> None:
    shown: dict[str, object] = {"actor": STATE_ORGANS[0], "source": "request", "channel": "request", "audience": 1.0,
                                "document": "warrant", "scene": "street", "technique": "look"}  # fmt: skip
    acts = [one | shown for one in many(100, seed=4)]
    assert value(acts) == pytest.approx(100 * facts().value("norm_state_document"))
    assert value([one | {"document": "none"} for one in acts]) == pytest.approx(100 * facts().value("norm_state_bare"))


@pytest.mark.parametrize("column", ["legality", "specific", "general"])
def test_the_law_does_not_enter(column: str) -> None:
    words = {"legality": "prohibited", "specific": "prohibited_express", "general": "crime"}
    acts = many(50, seed=5)
    assert value([one | {column: words[column]} for one in acts]) == value(acts)
