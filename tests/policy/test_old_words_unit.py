"""Words of earlier drafts are refused, and the error names the new one."""

from __future__ import annotations

import pytest

import privacysim as ps
from privacysim.errors import RENAMED, InputError, did_you_mean
from privacysim.files import validate
from privacysim.simulation.inputs import StudyFile
from privacysim.vocabulary import REGIMES


@pytest.mark.parametrize("old", ["art7", "art9", "art9_listed", "art33"])
def test_a_class_of_an_earlier_draft_is_refused_with_its_new_name(old):
    policy = {"id": "mine", "title": {"en": "mine"}, "status": "hypothetical", "extends": "notice_only",
              "retention": {old: {"keep": "7 d", "assumption": "a test"}}}  # fmt: skip
    with pytest.raises(InputError, match=f"write {RENAMED[old]}"):
        ps.Study(scenario="guangzhou_district", policies=["notice_only", policy]).inputs(0)


def test_every_old_place_is_answered_with_its_new_name():
    places = {old: new for old, new in RENAMED.items() if new in REGIMES}
    assert len(places) == 5
    assert {old: did_you_mean(old, REGIMES) for old in places} == {old: f"write {new}" for old, new in places.items()}


def test_the_panel_is_called_sample_now():
    raw = {"scenario": "guangzhou_district", "policies": ["notice_only"], "days": 1, "replicates": 1, "panel": 100}
    with pytest.raises(InputError, match="write sample"):
        validate(StudyFile, raw, "a study")
