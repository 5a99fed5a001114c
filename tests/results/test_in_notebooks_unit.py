"""What a notebook shows of a value, what the Tab key completes, and a bar that leaves nothing behind."""

from __future__ import annotations

import re
import sys
import types

import pytest

import privacysim as ps
from privacysim.errors import InputError
from privacysim.study import progress


def text(html):
    return re.sub(r"<[^>]+>", " ", html)


def test_a_policy_says_what_it_holds():
    policy = ps.rules.order_799
    routes, silences = len(policy.access), len(policy.silent)
    assert f"{routes} routes of access" in text(policy._repr_html_())
    assert f"{silences} silences" in text(policy._repr_html_())
    assert str(policy).startswith(f"Order 799: {routes} routes of access")


def test_a_title_with_markup_stays_text():
    policy = ps.rules.order_799.model_copy(update={"summary": "<script>alert(1)</script>"})
    assert "<script>" not in policy._repr_html_()


def test_names_complete_and_a_wrong_one_says_the_nearest():
    assert {"order_799", "notice_only"} <= set(dir(ps.rules))
    assert "people_identified_by_outsiders" in ps.measures._ipython_key_completions_()
    with pytest.raises(InputError, match="write order_799"):
        ps.rules["ordr_799"]
    with pytest.raises(AttributeError, match="write order_799"):
        _ = ps.rules.ordr_799
    assert "people" in text(ps.measures["people_identified_by_outsiders"]._repr_html_())


def test_a_study_takes_names_policies_and_reforms(tmp_path, monkeypatch):
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path))
    reform = ps.Reform("order_799", retention="7 d")
    study = ps.Study(scenario="guangzhou_district", policies=["notice_only", ps.rules.order_799, reform])
    assert [arm.id for arm in study.inputs().arms] == ["notice_only", "order_799", "order_799_kept_7d"]
    assert "3 sets of rules" in text(study._repr_html_())
    with pytest.raises(InputError, match="a Policy, a dict or a Reform"):
        ps.Study(scenario="guangzhou_district", policies=[7])


@pytest.fixture
def kernel(monkeypatch):
    """A stand-in for the notebook: what was displayed, and what stands there now."""
    shown = []

    class Handle:
        def update(self, data, raw):
            shown.append(data["text/html"])

    def display(data, raw, display_id):
        shown.append(data["text/html"])
        return Handle()

    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr("IPython.display.display", display)
    return shown


def test_in_a_notebook_a_bar_shows_what_takes_long_and_leaves_nothing(kernel, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with progress.progress_bar(2, None) as tell:
        tell(None)
        tell(None)
    assert "1 of 2" in kernel[0]
    assert "2 of 2" in kernel[1]
    assert kernel[-1] == ""


def test_what_is_quick_shows_no_bar(kernel):
    with progress.progress_bar(2, None) as tell:
        tell(None)
    assert kernel == []


def test_a_bar_that_is_not_wished_is_not_shown(kernel, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with progress.progress_bar(1, False) as tell:
        tell(None)
    assert kernel == []


def test_an_error_of_ours_has_no_traceback_in_a_notebook():
    error = InputError("a", "b", "c", "d")
    assert error._render_traceback_() == str(error).splitlines()


def test_a_comparison_shows_its_words_and_completes_its_metrics():
    saved = ps.load_results("notebooks/saved/headline")
    change = saved.compare()
    page = text(change._repr_html_())
    assert all(line.split(":")[0] in page for line in change.words())
    assert "people_identified_by_outsiders" in change._ipython_key_completions_()
    assert set(change["cameras_listed"]["metric"]) == {ps.measures.cameras_listed.title}
    assert saved.run_id in saved._repr_html_()
