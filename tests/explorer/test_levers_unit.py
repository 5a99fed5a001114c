"""The explorer computes what a study computes, moves by its levers, and saves a policy that loads."""

from __future__ import annotations

import numpy as np
import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.explorer.preview import SHOWN, Preview
from privacysim.explorer.widgets import Explorer
from privacysim.policy import Reform, load_policy
from privacysim.simulation.unit_parts import WORLD


@pytest.fixture(scope="module")
def small() -> ps.Study:
    return ps.Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=7, sample=600)


@pytest.fixture
def explorer(small, tmp_path) -> Explorer:
    return Explorer(small, tmp_path / "policies", 2)


def test_the_preview_gives_the_very_numbers_of_a_study_on_the_same_worlds(small):
    # the study is the oracle: same worlds, same people, all arms at once instead of one
    preview = Preview(small, replicates=1, sample=600)
    study = ps.Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=7, sample=600,
                     start="steady")  # fmt: skip
    found = study.run(1, workers=1, progress=False).metrics.set_index(["policy", "metric", "curve"])["value"]
    footage = {arm.id: max(arm.retention_s("public_venue")) for arm in preview.arms}
    assert max(footage.values()) < 91 * 86_400.0  # so that both keep footage for as long as any rule asks
    for arm in preview.arms:
        for (metric, curve), (value, _) in preview.look(arm, 0).values.items():
            if metric == "sensitive_visits_revealed" or metric.startswith("people"):
                assert value == pytest.approx(found[arm.id, metric, curve], rel=1e-9, abs=1e-12)


def test_the_worlds_of_the_preview_are_those_of_a_study(small):
    preview = Preview(small, replicates=1, sample=600)
    study = ps.Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=7, sample=600,
                     start="steady")  # fmt: skip
    values = study.run(1, worlds=2, workers=1, progress=False).worlds
    found = values.set_index(["replicate", "policy", "metric", "curve"])
    compared = 0
    for k in (WORLD, WORLD + 1):
        for arm in preview.arms:
            for (metric, curve), (value, _) in preview.look(arm, k).values.items():
                if metric.startswith("people"):
                    assert value == pytest.approx(found["value"][k, arm.id, metric, curve], rel=1e-9, abs=1e-12)
                    compared += 1
    assert compared == 8
    assert preview.drawn(WORLD).facts != preview.drawn(WORLD + 1).facts
    assert not preview.drawn(0).facts


def test_what_other_rules_left_of_passes_changes_no_number(small):
    reforms = [Reform("order_799", retention="1 d"), Reform("notice_only", retention="90 d"), Reform("order_799"),
               Reform("notice_only", mask="box", duties="everybody"),
               Reform("order_799", approver="judge", ban="everywhere")]  # fmt: skip
    shared = Preview(small, replicates=1, sample=600)
    for reform in reforms:
        alone = Preview(small, replicates=1, sample=600)
        first, second = (preview.look(preview.arm(reform.kept()), 0) for preview in (shared, alone))
        assert first.values == second.values
        assert np.array_equal(first.chance, second.chance)
    assert shared.drawn(0).passes.found > 1, "none of these rules showed more than the baseline"


def test_a_large_study_is_previewed_in_a_part_of_the_city_and_says_so():
    preview = Preview(ps.Study("headline"), sample=300)
    assert preview.scenario.id == "guangzhou_part"
    assert preview.days == 30
    assert "one million people" in preview.says
    assert "not calibrated" in preview.says


def test_moving_a_lever_changes_the_reform_and_the_numbers(explorer):
    before = dict(explorer.summary)
    explorer.set(mask="box", retention="1 d")
    assert explorer.reform.changes == {"retention": "1 d", "mask": "box"}
    assert explorer.summary != before
    assert "mask at the source: box" in explorer.answer.value
    explorer.set(mask="as the rules say", retention="as the rules say")
    assert explorer.summary == before


def test_after_finish_every_replicate_was_looked_at_and_nothing_follows(explorer):
    assert "1 of 2 replicates" in explorer.answer.value
    assert "2 of 2 replicates" in explorer.finish().answer.value
    assert "follow" not in explorer.answer.value
    assert all(f'data-metric="{name}"' in explorer.answer.value for name in SHOWN if name != "hours_to_evidence")


def test_a_saved_policy_loads_and_a_taken_name_is_said_on_the_screen(explorer):
    explorer.set(retention="7 d", approver="judge")
    explorer.name.value = "mine"
    explorer.button.click()
    assert "Saved" in explorer.said.value
    assert load_policy(str(explorer.folder / "mine.toml")).retention.public_other.keep == 7 * 86_400.0
    explorer.set(retention="3 d")
    explorer.button.click()
    assert "free name" in explorer.said.value


def test_an_unknown_lever_or_value_names_the_known_ones(explorer):
    with pytest.raises(InputError, match="retention"):
        explorer.set(retentoin="7 d")
    with pytest.raises(InputError, match="7 d"):
        explorer.set(retention="8 d")


def test_a_name_with_markup_stays_text(explorer):
    explorer.name.value = "<b>x</b>"
    explorer.button.click()
    assert "<b>x</b>" not in explorer.said.value
    assert "&lt;b&gt;" in explorer.said.value


def test_every_control_has_a_name_for_a_screen_reader_and_every_picture_its_words(explorer):
    assert all(control.description for control in explorer.levers.values())
    pictures = explorer.answer.value.split("<svg")[1:]
    assert len(pictures) >= 2
    assert all(' role="img"' in picture and "<title>" in picture for picture in pictures)
