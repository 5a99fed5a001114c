"""Studies by name and by parts, what they refuse, the lists behind the Tab key, and files that are not ours."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim import tables
from privacysim.errors import InputError, ResultsError
from privacysim.facts import facts
from privacysim.files import Quantity, toml_text
from privacysim.metrics import METRICS
from privacysim.results import load_results
from privacysim.results.manifest import read_manifest
from privacysim.scenario import load_scenario
from privacysim.simulation.exposure_map import exposure_map
from privacysim.simulation.inputs import numbers, resolve
from privacysim.study.pilots import cached_pilot, keep_pilot
from privacysim.study.study import Study

SAVED = Path(ps.__file__).parent.parent / "notebooks" / "saved" / "headline"


def test_a_named_study_with_other_policies_keeps_what_still_fits():
    """Readings of policies that are gone go; a baseline that is gone becomes the first policy."""
    other = Study("preview", policies=["order_799", "open_access"])
    assert (other.plan.baseline, other.plan.readings, other.plan.days) == ("order_799", {}, 7)
    draft = Study("preview", policies=["notice_only", "guangzhou_draft"])
    assert draft.plan.baseline == "notice_only"
    assert draft.plan.readings == {"guangzhou_draft": ("narrow", "wide")}
    chosen = Study("preview", policies=["order_799", "open_access"], baseline="open_access")
    assert chosen.plan.baseline == "open_access"
    again = Study.from_plan(draft.plan)
    assert again.plan == draft.plan
    assert repr(again) == ("Study('preview': notice_only, guangzhou_draft in guangzhou_district, 7 days, "
                           "10 replicates, sample 5000, seed 185)")  # fmt: skip
    with pytest.raises(InputError, match="seed"):
        Study.from_plan(draft.plan.model_copy(update={"seed": -1}))


def test_a_study_in_the_other_reading_of_the_case_is_another_run():
    usual, other = (Study("preview", case=case).inputs() for case in (None, "directory"))
    assert (usual.scenario.leaks.case, other.scenario.leaks.case) == ("broadcast", "directory")
    assert other.scenario.leaks.listing.number == facts()["p_listed_directory"].value
    assert usual.run_id != other.run_id
    assert numbers(other.scenario)["leaks"]["case"] == "directory"
    written = load_scenario({"id": "d", "title": "D", "city": {"kind": "synthetic"}, "leaks": {"case": "directory"}})
    assert written.leaks.listing == other.scenario.leaks.listing
    with pytest.raises(InputError, match="broadcast"):
        Study("preview", case="film")


REFUSED = {
    "one metric for a list": (lambda: Study("preview", metrics="equity"), "metrics", "put it in a list"),
    "one policy for a list": (lambda: Study("preview", policies="order_799"), "policies", "put it in a list"),
    "nothing": (lambda: Study(), "study", 'write Study("headline") or Study(scenario=…, policies=[…])'),
    "a policy twice": (lambda: Study("preview", policies=["order_799", "order_799"]), "study", ""),
    "a primary metric that is not reported": (lambda: Study("preview", primary="acts[act=buy]"), "study",
                                              'metrics = ["acts[act=buy]"]'),
    "a metric of nobody": (lambda: Study("preview", metrics=["equitty"]), "study", "write equity"),
    "tables without a folder": (lambda: Study("preview").run(tables="seen"), "tables",
                                'write tables="seen", out="…"'),
    "some tables": (lambda: Study("preview").run(tables="some", out="nowhere"), "tables",
                    'write tables="seen", out="…"'),
    "a replicate below nothing": (lambda: resolve(Study("preview").plan, -1), "replicate",
                                  "count replicates from 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_study_that_cannot_be_is_refused_with_the_cure_and_leaves_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, where, fix = REFUSED[name]
    with pytest.raises(InputError) as error:
        call()
    assert str(error.value).startswith(where)
    assert fix in str(error.value)
    assert len(str(error.value).splitlines()) == 3
    assert not list(tmp_path.iterdir())


def test_catalogues_list_what_there_is_and_show_markup_as_text():
    assert len(ps.measures) == len(METRICS)
    assert list(ps.measures) == list(METRICS)
    assert set(ps.rules._ipython_key_completions_()) == set(ps.rules)
    assert repr(ps.rules).startswith("rules: ")
    page = ps.rules._repr_html_()
    assert page.count("<tr>") == len(ps.rules)
    assert f"<code>order_799</code></td><td>{ps.rules.order_799.title.en}" in page
    with pytest.raises(AttributeError):
        _ = ps.rules._hidden  # what Python itself asks for is no policy


def test_a_folder_that_is_not_ours_says_what_is_wrong_with_it(tmp_path):
    assert read_manifest(tmp_path) is None
    path = tmp_path / "manifest.json"
    path.write_text("{")
    with pytest.raises(ResultsError) as error:
        read_manifest(tmp_path)
    assert str(error.value).startswith(f"{path}: cannot be read (")
    assert str(error.value).endswith("\n  Fix: name another folder.")
    good = json.loads((SAVED / "manifest.json").read_text(encoding="utf-8"))
    for broken, at in (([], "all of it"), ({**good, "replicates": "ten"}, "replicates"),
                       ({**good, "study": {**good["study"], "days": "x"}}, "study.days")):  # fmt: skip
        path.write_text(json.dumps(broken))
        with pytest.raises(ResultsError) as error:
            load_results(tmp_path)
        assert str(error.value).startswith(f"{path}: is not a manifest of privacysim ({at}: ")
        assert len(str(error.value).splitlines()) == 2


def test_numbers_that_stand_twice_or_are_beyond_all_measure_are_no_results(tmp_path):
    (tmp_path / "manifest.json").write_bytes((SAVED / "manifest.json").read_bytes())
    saved = tables.read("metrics", SAVED / "metrics.parquet")
    for broken in (pd.concat([saved, saved.iloc[:1]]).sort_values(list(tables.table("metrics").keys)),
                   saved.assign(value=saved["value"].where(saved.index != 3, 1e200))):  # fmt: skip
        tables.write("metrics", broken, tmp_path / "metrics.parquet")
        with pytest.raises(ResultsError, match="changed since it was written"):
            load_results(tmp_path)


def test_results_of_another_run_are_replaced_only_by_force(tmp_path):
    done = load_results(SAVED)
    done.save(tmp_path / "r")
    other = replace(done, manifest={**done.manifest, "run_id": "another"})
    with pytest.raises(ResultsError) as error:
        other.save(tmp_path / "r")
    assert str(error.value).splitlines() == [
        f"{tmp_path / 'r'}: holds complete results of another run ({done.run_id}, this one is another).",
        "  Fix: name another folder, or replace them with force=True.",
    ]  # fmt: skip
    assert load_results(tmp_path / "r").run_id == done.run_id
    other.save(tmp_path / "r", force=True)
    assert load_results(tmp_path / "r").run_id == "another"


def test_a_broken_pilot_is_run_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path))
    inputs = Study("preview").inputs()
    assert cached_pilot(inputs) is None
    kept = {("order_799", "cameras_listed", ""): 0.25}
    keep_pilot(inputs, kept)
    assert cached_pilot(inputs) == kept
    assert cached_pilot(replace(inputs, family_id="other")) is None
    [file] = (tmp_path / "pilots").iterdir()
    for text in ("{", "7", "[[1]]"):
        file.write_text(text)
        assert cached_pilot(inputs) is None, text


def test_plain_data_of_a_hash_has_one_text_whatever_the_order():
    quantity = Quantity(value=2.0, low=1.0, high=3.0, assumption="a test")
    one = numbers({"b": {3, 1, 2}, "a": (quantity, date(2025, 6, 1), None, True)})
    assert one == {"a": [[2.0, 1.0, 3.0], "2025-06-01", None, True], "b": ["1", "2", "3"]}
    assert list(one) == ["a", "b"]


def test_toml_comes_back_as_it_was_and_what_has_no_place_in_it_is_refused():
    import tomllib

    data = {"id": "a \"quoted\" name", "day": date(2025, 6, 1), "shares": [0.1, 1e-300], "on": True, "none": None,
            "city": {"seed": 1, "names with blanks": {"x": {"value": 1.5, "assumption": "why"}}}}  # fmt: skip
    assert tomllib.loads(toml_text(data)) == {key: value for key, value in data.items() if key != "none"}
    with pytest.raises(TypeError, match="complex"):
        toml_text({"x": 1j})


def test_the_map_of_a_synthetic_city_has_one_reading_and_adds_up_over_its_streets():
    made = exposure_map(load_scenario("guangzhou_district"), people=300)
    assert made.readings == ["drawn"]
    assert made.buildings == []
    assert (made.credit, made.ground) == ("", None)
    assert made.note.endswith(" cameras, drawn")
    assert int(made.note.split()[0]) == len(made.cameras)
    assert not made.cameras["mapped"].any()
    by_hand = math.fsum(row.drawn * math.hypot(row.x1_m - row.x0_m, row.y1_m - row.y0_m) / 3600.0
                        for row in made.streets.itertuples())  # fmt: skip
    assert by_hand > 0.0
    assert made.person_hours() == {"drawn": pytest.approx(by_hand)}


def test_the_map_is_of_the_people_and_cameras_that_were_brought():
    one = {"people": pd.DataFrame({"home_place": np.zeros(20, dtype=int)}),
           "cameras": pd.DataFrame({"x_m": [0.0, 50.0], "y_m": [0.0, 0.0], "operator": ["public_security", "home"]})}
    own = ps.Study(scenario="guangzhou_district", policies=["notice_only"], **one).inputs()
    made = exposure_map(own.scenario, people=300, own=own.brought)
    assert (len(made.cameras), made.readings) == (2, ["fewest", "drawn", "most"])
    assert made.person_hours() != exposure_map(own.scenario, people=300, own=replace(own.brought, parts=tuple(
        part for part in own.brought.parts if part.kind == "cameras"))).person_hours()


def test_everything_public_shows_itself_in_one_line():
    sim = ps.Simulation("guangzhou_part", ["notice_only", "order_799"], days=1, sample=200)
    seen, inputs = sim.seen(), sim.inputs
    study, measured = ps.Study("preview"), ps.measure_exposure(seen.pieces, seen.block, sim.acts)
    things = [sim, sim.city, sim.world, sim.world.cameras, sim.logs["order_799"], sim.acts, sim.coverage, sim.sample]
    things += [seen, seen.block, seen.pieces, measured, inputs, inputs.scenario, inputs.arms[0], inputs.brought]
    things += [inputs.arms[0].policy, inputs.arms[0].laws, study, study.plan, ps.rules, ps.measures]
    for thing in things:
        assert len(repr(thing)) <= 200, type(thing).__name__
        assert "\n" not in repr(thing)
        assert "object at" not in repr(thing)


def test_the_packages_own_face_shows_public_names_alone():
    assert {"metric", "Policy", "Scenario", "Simulation", "Study"} <= set(dir(ps))
    assert dir(ps) == sorted(ps.__all__)
    assert "annotations" not in dir(ps)
