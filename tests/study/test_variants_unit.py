"""Sweeps and ablations: many variants in one paired study, as a table with their values and as a figure with bands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.study.variants import _PARTS, _swapped

TUTORIALS = (Path(__file__).resolve().parents[2] / "docs" / "tutorials.md").read_text(encoding="utf-8")
DAYS = [1.0, 3.0, 5.0, 7.0, 10.0, 15.0, 30.0]


@pytest.fixture(scope="module")
def toy(toy_units, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        toy_units(patch, tmp_path_factory.mktemp("variants"))
        yield


def test_the_two_lines_of_the_tutorial_draw_a_band_over_seven_retentions(toy, tmp_path, monkeypatch, figures_closed):
    (block,) = [one for one in re.findall(r"```python\n(.*?)```", TUTORIALS, re.DOTALL) if ".sweep(" in one]
    assert len(block.splitlines()) == 4
    monkeypatch.chdir(tmp_path)
    made = {"ps": ps}
    exec(block.replace(".sweep(", ".sweep(workers=1, progress=False, "), made)
    assert (tmp_path / "retention.png").stat().st_size > 5_000
    swept = made["swept"]
    rows = swept.of()
    assert rows["retention"].tolist() == DAYS
    assert (rows["ratio_low"] < rows["ratio"]).all()
    assert (rows["ratio"] < rows["ratio_high"]).all()
    ax = swept.plot()
    (band,) = ax.collections
    x, y = band.get_paths()[0].vertices.T
    assert set(x) == set(DAYS)
    assert {*np.round(rows["ratio_low"], 6), *np.round(rows["ratio_high"], 6)} <= {*np.round(y, 6)}


@pytest.mark.parametrize(("levers", "said"), [
    ({}, "at least one lever"), ({"retention": "3 d"}, "a list of values"), ({"retention": []}, "at least one lever"),
    ({"approver": ["mayor"]}, "approver"),
])  # fmt: skip
def test_what_cannot_be_swept_is_said_in_three_lines(levers, said):
    with pytest.raises(InputError, match=said) as caught:
        ps.Study("preview").sweep(**levers)
    assert len(str(caught.value).splitlines()) <= 3


def test_an_ablation_takes_each_rule_out_and_puts_each_in_alone(toy, figures_closed):
    study = ps.Study("preview", policies=["order_799", "order_799_no_waiver"], baseline="order_799")
    done = study.ablate("order_799_no_waiver", workers=1)
    rows = done.of()
    assert rows.iloc[0][["part", "how"]].tolist() == ["all rules", "alone"]
    alone, out = (rows[rows["how"] == how] for how in ("alone", "taken out"))
    base, whole = study.inputs().arms
    differ = {name for name in _PARTS if getattr(base.policy, name) != getattr(whole.policy, name)}
    assert {name.replace(" ", "_") for name in out["part"]} == differ >= {"retention"}
    assert alone["part"].tolist() == ["all rules", *out["part"]]
    assert rows["ratio_low"].notna().all()
    drawn = [label.get_text() for label in done.plot().get_yticklabels()]
    assert drawn == [f"{part}, {how}" for part, how in zip(rows["part"], rows["how"], strict=True)]
    made = {arm.title: arm for arm in done.results.inputs.arms}
    for inside, other, change, row in ((whole, base, done.results.compare(whole.id), out),
                                       (base, whole, done.change, alone)):  # fmt: skip
        arm = made[f"{inside.title}: retention"]
        assert arm.policy.retention.public_other.keep == other.policy.retention.public_other.keep
        assert [rule.id for rule in arm.policy.access] == [rule.id for rule in inside.policy.access]
        found = change.of(change.primary).set_index(["policy", "curve"]).loc[(arm.id, "low"), "ratio"]
        assert row.set_index("part").loc["retention", "ratio"] == found


def test_every_part_of_a_draft_can_be_swapped_in_the_reading_that_is_asked_for():
    study = ps.Study("preview", policies=["notice_only", "guangzhou_draft"], readings={"guangzhou_draft": ["wide"]})
    base, whole = study.inputs().arms
    for n, part in enumerate(name for name in _PARTS if getattr(base.policy, name) != getattr(whole.policy, name)):
        made = [_swapped(base, whole, part, f"alone_{n}"), _swapped(whole, base, part, f"out_{n}")]
        arms = study.with_policies(["notice_only", *made], "notice_only").inputs().arms[1:]
        for arm, mine, rest in zip(arms, (whole, base), (base, whole), strict=True):
            assert arm.id.partition(":")[0] in (f"alone_{n}", f"out_{n}")
            assert arm.reading == ("wide" if (mine if part == "prohibited" else rest) is whole else "")
            assert bool(getattr(arm.policy, part)) == bool(getattr(mine.policy, part)), part


def test_the_baseline_cannot_be_ablated():
    with pytest.raises(InputError, match="other than the baseline"):
        ps.Study("preview").ablate("notice_only")


def test_a_real_sweep_is_every_combination_and_longer_retention_loses_no_more_requests():
    study = ps.Study("preview", days=2, sample=200)
    swept = study.sweep(retention=["1 d", "30 d"], approver=["county", "judge"], replicates=1, workers=1)
    lost = swept.of("requests_lost_to_retention")
    assert [*zip(lost["retention"], lost["approver"], strict=True)] == [
        (1.0, "county"), (1.0, "judge"), (30.0, "county"), (30.0, "judge")]  # fmt: skip
    assert lost["mean"].iloc[0] > lost["mean"].iloc[2], "the county approves within the two days; a judge may not"
    rows, change = swept.of(), swept.change
    mine = change.of(change.primary).set_index(["policy", "curve"]).loc[("sweep_3", "low")]
    assert rows["mean"].iloc[3] == mine["mean"]
    assert rows["ratio_low"].isna().all(), "one replicate has no interval"
