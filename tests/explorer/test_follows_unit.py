"""The explorer alive: intervals follow by themselves, a lever stops what it outdates, errors stand on the screen."""

from __future__ import annotations

import asyncio
import shutil

import numpy as np
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.explorer import panels
from privacysim.explorer.preview import Preview
from privacysim.explorer.widgets import Explorer
from privacysim.files import find_file
from privacysim.policy import load_policy
from privacysim.simulation.unit_parts import WORLD
from privacysim.vocabulary import GROUPS


@pytest.fixture(scope="module")
def study() -> ps.Study:
    return ps.Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=3, sample=300)


@pytest.fixture(scope="module")
def built(study, tmp_path_factory) -> Explorer:
    """One explorer for all who do not ask how it began; its policies go to a folder of its own."""
    return Explorer(study, tmp_path_factory.mktemp("policies"), 11)


def test_in_a_notebook_one_replicate_answers_at_once_and_the_others_follow(study, built, monkeypatch):
    # the preview's looks are taken from the one that was drawn already: what is tested is who asks for them, and when
    shown = []

    def look(preview, arm, k):
        shown.append((arm.id, k))
        return preview.drawn(0).baseline

    monkeypatch.setattr(Preview, "look", look)

    async def read():
        built.answers._looks.clear()
        built.update()
        first, task = built.answer.value, built._following
        built.set(retention="7 d")
        second = built._following
        await asyncio.gather(task, second, return_exceptions=True)
        return first, task, second

    first, task, second = asyncio.run(read())
    assert "1 of 11 replicates" in first
    assert "Intervals follow" in first
    assert task.cancelled(), "a moved lever ends the work on rules that nobody looks at any more"
    assert second.done()
    assert second.exception() is None
    assert "11 of 11 replicates" in built.answer.value
    assert "follow" not in built.answer.value
    base, moved = shown[0][0], shown[1][0]
    assert base != moved
    assert shown[:12] == [(base, 0), *((moved, k) for k in range(11))], "each replicate once, in order"
    assert {one for one, k in shown[12:] if k < 11} == {"notice_only", "order_799"}, "then the policies beside it"
    assert shown[-11:] == [(moved, WORLD + k) for k in range(11)], "then the worlds"
    assert "over what is not known" in built.answer.value
    built.set(retention="as the rules say")


def test_a_name_that_cannot_be_one_stops_no_lever(built):
    built.name.value = "<b>what</b>"
    before = dict(built.summary)
    built.set(mask="box")
    assert "mask at the source: box" in built.answer.value
    assert built.summary != before
    with pytest.raises(InputError, match="letters, digits"):
        built.save()
    built.name.value = ""
    built.set(mask="as the rules say")
    assert built.summary == before


def test_a_policy_is_saved_under_the_name_that_is_given(built):
    built.set(retention="3 d")
    path = built.save("three_days")
    assert path == str(built.folder / "three_days.toml")
    assert built.name.value == "three_days"
    assert load_policy(path).retention.public_other.keep == 3 * 86_400.0
    built.set(retention="as the rules say")


def test_rules_whose_file_went_away_are_an_error_on_the_screen_and_the_table_stays(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sim" / "policies").mkdir(parents=True)
    copy = tmp_path / "sim" / "policies" / "mine.toml"
    text = find_file("policies", "order_799_no_waiver").read_text(encoding="utf-8")
    copy.write_text(text.replace('"order_799_no_waiver"', '"mine"'), encoding="utf-8")
    explorer = Explorer(ps.Study(scenario="guangzhou_district", policies=["mine"], baseline="mine", days=2, sample=200),
                        tmp_path / "policies", 1)  # fmt: skip
    before = explorer.answer.value
    copy.unlink()
    explorer.levers["retention"].value = "7 d"
    assert 'class="error"' in explorer.said.value
    assert "Got: mine" in explorer.said.value
    assert explorer.answer.value == before
    shutil.rmtree(tmp_path / "sim")


def test_explore_takes_a_study_or_its_name_and_shows_its_widget(study, tmp_path, monkeypatch):
    from IPython import display

    shown = []
    monkeypatch.setattr(display, "display", shown.append)
    explorer = ps.explore(study, folder=tmp_path / "p", replicates=1)
    assert explorer.preview.study is study
    assert explorer.folder == tmp_path / "p"
    assert "1 of 1 replicates" in explorer.answer.value, "one replicate is all of them"
    explorer._ipython_display_()
    assert shown == [explorer.widget]
    with pytest.raises(InputError, match="write preview"):
        ps.explore("preveiw")


def test_a_group_that_nobody_of_the_sample_belongs_to_is_left_out_and_the_others_are_weighted_means(built):
    preview, block = built.preview, built.preview.drawn(0).block
    look = preview.drawn(0).baseline
    found = preview.by_group(look)
    for code, name in enumerate(GROUPS):
        mine = block.group == code
        assert (name in found) == bool(mine.any())
        if mine.any():
            by_hand = 1e5 * np.average(look.chance[mine], axis=0, weights=block.weight[mine])
            assert found[name] == pytest.approx(by_hand)
    heads = {name: block.weight[block.group == code].sum() for code, name in enumerate(GROUPS)}
    whole = sum(found[name] * heads[name] for name in found)
    assert whole == pytest.approx(1e5 * (block.weight[:, None, None] * look.chance).sum(axis=0))
    absent = block.group == block.group[0]
    kept = block.group.copy()
    try:
        block.group[absent] = (int(block.group[0]) + 1) % len(GROUPS)
        assert GROUPS[int(kept[0])] not in preview.by_group(look)
    finally:
        block.group[:] = kept


@pytest.mark.parametrize(("row", "direction", "said"), [
    ({"ratio": 1.4, "ratio_low": 1.2, "ratio_high": 1.6}, "either", "▲ higher"),
    ({"ratio": 1.4, "ratio_low": 1.2, "ratio_high": 1.6}, "higher", "▲ higher: better"),
    ({"ratio": 1.4, "ratio_low": 1.2, "ratio_high": 1.6}, "lower", "▲ higher: worse"),
    ({"ratio": 0.4, "ratio_low": 0.2, "ratio_high": 0.6}, "higher", "▼ lower: worse"),
    ({"ratio": 1.0, "note": "no difference seen in 20 replicates"}, "lower", "= the same"),
    ({"note": "not seen; nothing"}, "lower", "not seen"),
])  # fmt: skip
def test_the_verdict_is_the_intervals_and_the_directions(row, direction, said):
    nothing = {"ratio": float("nan"), "ratio_low": float("nan"), "ratio_high": float("nan"), "note": ""}
    assert panels._verdict({**nothing, **row}, direction) == said
