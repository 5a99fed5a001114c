"""One replicate, opened: the same world and numbers as in the study, and any choice of acts on its own."""

from pathlib import Path

import pytest

import privacysim as ps
from privacysim import tables
from privacysim.errors import InputError

SAVED = Path(ps.__file__).parent.parent / "notebooks" / "saved" / "headline"


@pytest.fixture(scope="module")
def study():
    return ps.Study("preview", policies=["notice_only", "open_access"], days=3, sample=2_000, replicates=2)


@pytest.fixture(scope="module")
def opened(study):
    return study.open_replicate(1)


def test_an_opened_replicate_reveals_what_the_study_reports_of_it(study, opened):
    metrics = study.run(replicate=1, workers=1).metrics
    authorised = opened.logs["open_access"].acts
    authorised = authorised[authorised["legality"] == "authorised"]
    seen = opened.seen_by({"authorised": authorised}).set_index("curve")
    for curve in ("low", "high"):
        rows = metrics[(metrics["policy"] == "open_access") & (metrics["curve"] == curve)].set_index("metric")["value"]
        people = rows["people_identified[legality=authorised]"]
        assert people > 0
        assert seen.loc[curve, "people_identified"] == pytest.approx(people, rel=1e-9)
        hours = rows["identifiable_person_hours[legality=authorised]"]
        assert seen.loc[curve, "identifiable_hours"] == pytest.approx(hours, rel=1e-9)


def test_a_part_of_the_acts_never_reveals_more_than_all_of_them(opened):
    acts = opened.logs["open_access"].acts
    seen = opened.seen_by({"all": acts, "half": acts.iloc[::2], "none": acts.iloc[:0]})
    by = seen[seen["curve"] == "high"].set_index("acts")
    assert by.loc["all", "people_identified"] >= by.loc["half", "people_identified"] > 0
    assert by.loc["all", "people_in_view"] >= by.loc["half", "people_in_view"] > 0
    assert not by.loc["none", ["people_identified", "identifiable_hours", "people_in_view", "contributors"]].any()


def test_what_cannot_be_opened_is_said(study, opened):
    with pytest.raises(InputError, match="at least one"):
        opened.seen_by({})
    with pytest.raises(InputError, match="from 0 on"):
        study.open_replicate(-1)


@pytest.mark.slow
def test_the_saved_headline_of_the_notebooks_comes_out_again():
    """Whoever moves a number of the headline runs `python notebooks/saved/save.py` again."""
    saved = ps.load_results(SAVED).metrics
    again = ps.Study("headline").run(replicate=3, workers=2).metrics
    saved = saved[saved["replicate"] == 3].reset_index(drop=True)
    assert saved.equals(again)


def test_the_log_has_the_same_bytes_for_a_sample_of_2_000_and_of_50_000(tmp_path):
    """No event refers to a member of the sample: who is asked about people changes nothing that happens."""
    files = {}
    for size in (2_000, 50_000):
        one = ps.Study("preview", policies=["notice_only", "order_799"], days=7, sample=size).open_replicate(0)
        for arm, log in one.logs.items():
            for name in ("requests", "acts", "incidents", "audits", "custody"):
                frame = getattr(log, name)
                assert len(frame) > 0 or name in ("incidents", "audits"), "a week of a district has few leaks"
                path = tmp_path / f"{size}_{arm}_{name}.parquet"
                tables.write(name, frame, path)
                files.setdefault((arm, name), []).append(path.read_bytes())
    assert all(first == second for first, second in files.values())
