"""Alterations of a results folder, by accident or on purpose: `verify` sees each, and loading sees those of data.

A *resealed* alteration also renews the digests, as somebody who knows the format would. What can be recomputed is then
still seen; `docs/evidence/threat_model.md` says what is not.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from privacysim import tables
from privacysim.cli.main import main
from privacysim.errors import PrivacysimError, ResultsError
from privacysim.files import file_digest
from privacysim.report import page
from privacysim.results import load_results
from privacysim.results.manifest import digest_of
from privacysim.results.saving import our_files
from privacysim.study import Study, verify
from privacysim.study.verifying import _drawn

Alter = Callable[[Path], None]


@pytest.fixture(scope="module")
def copy(toy_results, tmp_path_factory) -> Path:
    return shutil.copytree(toy_results, tmp_path_factory.mktemp("altered") / "r")


@pytest.fixture
def folder(copy, toy_results, toy_units, monkeypatch, tmp_path_factory):
    """The copy, put back after each test."""
    toy_units(monkeypatch, tmp_path_factory.getbasetemp() / "cache")
    yield copy
    for path in [path for path in copy.rglob("*") if path.is_file() or path.is_symlink()]:
        was = toy_results / path.relative_to(copy)
        if not was.is_file():
            path.unlink()
        elif path.read_bytes() != was.read_bytes():
            shutil.copyfile(was, path)
    for was in toy_results.rglob("*"):
        if was.is_file() and not (copy / was.relative_to(toy_results)).exists():
            shutil.copyfile(was, copy / was.relative_to(toy_results))


def said(**changes: Any) -> Alter:
    """Change entries of the manifest; `a__b` is the entry b of a."""
    def alter(folder: Path) -> None:
        whole = json.loads((folder / "manifest.json").read_text())
        for key, value in changes.items():
            *outer, last = key.split("__")
            at = whole
            for name in outer:
                at = at[int(name)] if isinstance(at, list) else at[name]
            if isinstance(at, list):
                at[int(last)] = value
            else:
                at[last] = value
        (folder / "manifest.json").write_text(json.dumps(whole))

    return alter


def measured(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Alter:
    def alter(folder: Path) -> None:
        path = folder / "metrics.parquet"
        tables.write("metrics", change(tables.read("metrics", path)), path)

    return alter


def swapped(rows: pd.DataFrame) -> pd.DataFrame:
    names = {"notice_only": "order_799", "order_799": "notice_only"}
    return rows.assign(policy=rows["policy"].astype(str).map(names))


def text(name: str, old: str, new: str) -> Alter:
    def alter(folder: Path) -> None:
        was = (folder / name).read_text(encoding="utf-8")
        assert old in was
        (folder / name).write_text(was.replace(old, new, 1), encoding="utf-8")

    return alter


def added(name: str) -> Alter:
    return lambda folder: (folder / name).write_text("policy,metric\n")


DATA: dict[str, Alter] = {
    "value doubled": measured(lambda rows: rows.assign(value=2.0 * rows["value"])),
    "contributors doubled": measured(lambda rows: rows.assign(contributors=2 * rows["contributors"])),
    "policies swapped": measured(swapped),
    "a replicate dropped": measured(lambda rows: rows[rows["replicate"] != 2]),
    "a replicate renamed": measured(lambda rows: rows.assign(replicate=rows["replicate"].replace({2: 3}))),
    "a replicate doubled": measured(lambda rows: pd.concat([rows, rows[rows["replicate"] == 2]])),
    "units of another": measured(lambda rows: rows.assign(unit="hours")),
    "curves swapped": measured(lambda rows: rows.assign(
        curve=rows["curve"].astype(str).replace({"low": "high", "high": "low"}))),
    "a metric renamed": measured(lambda rows: rows.assign(
        metric=rows["metric"].astype(str).replace({"cameras_listed": "stalker_hours"}))),
    "one value": measured(lambda rows: rows.assign(value=rows["value"].where(rows.index != 7, 0.5))),
    "metrics gone": lambda folder: (folder / "metrics.parquet").unlink(),
    "seed": said(study__seed=186), "days": said(study__days=3), "sample": said(study__sample=49_999),
    "law date": said(study__law_date="2027-01-01"), "start": said(study__start="steady"),
    "baseline": said(study__baseline="order_799"), "primary": said(study__primary="cameras_listed"),
    "study id": said(study__id="other"), "study title": said(study__title="Other"), "run id": said(run_id="0" * 16),
    "family id": said(family_id="0" * 16), "scenario title": said(scenario__title="Other"),
    "calibrated": said(scenario__calibrated=True), "people": said(scenario__people=7.0),
    "arm title": said(arms__0__title="Better"), "arm id": said(arms__0__id="no_cameras"),
    "replicates": said(replicates=[0, 1]), "direction": said(metrics__0__direction="either"),
    "skewness": said(skewness=[["notice_only", "cameras_listed", "", 0.01]]), "notes": said(notes=[]),
    "source": said(source="f" * 64), "data": said(data={}), "version": said(privacysim="9.9"),
    "libraries": said(libraries={}), "commit": said(commit="0" * 40), "times": said(seconds=0.0),
    "files": said(files={}), "workers": said(workers=64), "python": said(python="3.99"),
    "resolved inputs": text("inputs/resolved.json", '"days": 2', '"days": 3'),
    "policy file": text("inputs/sim/policies/order_799.toml", "in_force", "draft"),
    "study file": text("inputs/sim/studies/guangzhou_district.toml", "days = 2", "days = 3"),
    "facts": text("inputs/data/facts.csv", ",R\n", ",S\n"),
    "summary": text("summary.csv", "order_799", "order_798"), "summary number": text("summary.csv", "1", "2"),
    "band added": added("band.csv"), "worlds added": added("worlds.parquet"), "inputs added": added("inputs/x.toml"),
}  # fmt: skip
"""Alterations of what results are read from."""
OTHER: dict[str, Alter] = {
    "report": text("report.html", "<body", "<body data-x"), "crate": added("ro-crate-metadata.json"),
    "table added": lambda folder: shutil.copytree(folder / "inputs" / "data", folder / "tables"),
    "report gone": lambda folder: (folder / "report.html").unlink(),
    "an input gone": lambda folder: (folder / "inputs" / "data" / "facts.csv").unlink(),
}  # fmt: skip


def seen(folder: Path, *, every: bool = False, **also: Callable[[Any], str]) -> list[str]:
    try:
        found = verify(folder, every=every, also=also)
    except PrivacysimError as error:
        return [str(error)]
    return found.wrong


def test_a_folder_as_written_is_whole_and_says_which_replicates_were_rerun(folder):
    wrong, notes, rerun = verify(folder, every=True)
    assert (wrong, notes, rerun) == ([], [], [0, 1, 2])
    drawn = {tuple(_drawn(range(10), 2)) for _ in range(50)}
    assert all(len(set(two)) == 2 for two in drawn)
    assert len(drawn) > 5, "nobody can foresee which are rerun"
    assert len(verify(folder).replicates) == 2


def refused(folder: Path, capsys) -> bool:
    """Whether compare and report refuse the folder in a sentence, and nothing is written."""
    for command in (["compare", str(folder)], ["report", str(folder), "-o", str(folder.parent / "memo.html")]):
        assert main(command) == 2
        assert 1 <= len(capsys.readouterr().err.splitlines()) <= 3
    return not (folder.parent / "memo.html").exists()


@pytest.mark.parametrize("name", [*DATA, *OTHER])
def test_every_alteration_is_seen_and_those_of_data_whenever_results_are_loaded(name, folder, capsys):
    {**DATA, **OTHER}[name](folder)
    assert seen(folder), name
    if name == "report":
        resealed(folder)
        assert seen(folder) == []
        assert [line.split(":")[0] for line in seen(folder, **{"report.html": page})] == ["report.html"]
    if name in DATA:
        with pytest.raises(PrivacysimError):
            load_results(folder)
        assert refused(folder, capsys)


def leaves(value: Any, at: tuple = ()) -> list[tuple]:
    """Places of all entries; of a list, its first."""
    inside = value.items() if isinstance(value, dict) else list(enumerate(value))[:1] if isinstance(value, list) else ()
    found = [place for key, one in inside for place in leaves(one, (*at, key))]
    return found or [at]


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_each_entry_of_the_manifest_is_sealed(every, folder, toy_results, capsys):
    """Another value, or none: `verify`, `compare` and `report` read and check the manifest first."""
    whole = json.loads((toy_results / "manifest.json").read_text())
    places = leaves(whole) if every else list({place[0]: place for place in leaves(whole)}.values())
    assert len({place[0] for place in places}) == len(whole) > 25
    for place in places:
        for gone in (False, True) if every else (False,):
            found = at = json.loads(json.dumps(whole))
            for key in place[:-1]:
                at = at[key]
            was = at[place[-1]]
            at[place[-1]] = not was if isinstance(was, bool) else was + 1 if isinstance(was, int | float) else f"{was}x"
            if gone:
                del at[place[-1]]
            (folder / "manifest.json").write_text(json.dumps(found))
            with pytest.raises(ResultsError, match="manifest"):
                load_results(folder)
            assert not every or seen(folder), place
    assert refused(folder, capsys)


@pytest.fixture(scope="module")
def worlds(toy_results, tmp_path_factory) -> Path:
    """Results with worlds, the facts that they drew, and a band."""
    home = tmp_path_factory.mktemp("worlds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRIVACYSIM_CACHE", str(home / "cache"))
        from tests.helpers.toy_study import ToyRunner

        patch.setattr(Study, "runner", ToyRunner())
        ran = Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=2, replicates=3,
                    worlds=3).run(workers=1)  # fmt: skip
    drawn = tables.frame("world_facts", {"world": [0, 1, 2], "fact": ["compliance"] * 3, "value": [0.2, 0.4, 0.6]})
    band = pd.DataFrame([["notice_only", "cameras_listed", "", "cameras", 10, 1.5, 2.0, 3.0, ""]],
                        columns=list(tables.BAND_COLUMNS))  # fmt: skip
    return replace(ran, world_facts=drawn, band=band).save(home / "r")


def in_table(name: str, change: Callable[[pd.DataFrame], pd.DataFrame], schema: str = "metrics") -> Alter:
    def alter(folder: Path) -> None:
        path = folder / f"{name}.parquet"
        tables.write(schema, change(tables.read(schema, path)), path)

    return alter


OF_WORLDS: dict[str, Alter] = {
    "world value": in_table("worlds", lambda rows: rows.assign(value=2.0 * rows["value"])),
    "world contributors": in_table("worlds", lambda rows: rows.assign(contributors=2 * rows["contributors"])),
    "world policies swapped": in_table("worlds", swapped),
    "a world dropped": in_table("worlds", lambda rows: rows[rows["replicate"] != rows["replicate"].max()]),
    "a world doubled": in_table("worlds", lambda rows: pd.concat([rows, rows[rows["replicate"] == 100_001]])),
    "a world's fact": in_table("world_facts", lambda rows: rows.assign(value=rows["value"] + 0.1), "world_facts"),
    "a fact renamed": in_table("world_facts", lambda rows: rows.assign(fact="recall"), "world_facts"),
    "a world's facts dropped": in_table("world_facts", lambda rows: rows[rows["world"] != 1], "world_facts"),
    "worlds gone": lambda folder: (folder / "worlds.parquet").unlink(),
    "facts of worlds gone": lambda folder: (folder / "world_facts.parquet").unlink(),
    "number of worlds": said(study__worlds=2),
    "band": text("band.csv", "1.5", "1.4"), "band gone": lambda folder: (folder / "band.csv").unlink(),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_WORLDS)
def test_every_alteration_of_worlds_and_bands_is_seen_by_all(name, worlds, toy_units, tmp_path, monkeypatch, capsys):
    toy_units(monkeypatch, tmp_path / "cache")
    folder = shutil.copytree(worlds, tmp_path / "r")
    OF_WORLDS[name](folder)
    assert seen(folder), name
    assert refused(folder, capsys)
    if name in ("world value", "world contributors", "world policies swapped"):
        resealed(folder)
        assert seen(folder, every=True), "recomputed"


RECOMPUTED = ("value doubled", "a replicate dropped", "seed", "run id", "skewness", "policy file",
              "contributors doubled", "arm title", "notes", "source",
              "policies swapped", "curves swapped", "a replicate renamed", "a metric renamed", "days", "sample",
              "law date", "start",
              "family id", "scenario title", "calibrated", "people", "arm id", "replicates", "direction",
              "resolved inputs", "study file", "summary number", "study title", "study id", "baseline", "data",
              "version", "primary")  # fmt: skip
"""What is seen or named although its author renewed every digest."""


def resealed(folder: Path) -> None:
    path = folder / "manifest.json"
    whole = json.loads(path.read_text())
    whole["files"] = {name: file_digest(folder / name) for name in our_files(folder)}
    path.write_text(json.dumps(whole | {"sha256": digest_of(whole)}))


@pytest.mark.parametrize("name", [*RECOMPUTED[:6], *(pytest.param(name, marks=pytest.mark.slow)
                                                     for name in RECOMPUTED[6:])])
def test_what_can_be_recomputed_is_seen_although_all_digests_were_renewed(name, folder):
    DATA[name](folder)
    resealed(folder)
    try:
        found = verify(folder, every=name == "skewness")
    except PrivacysimError:
        return
    assert found.wrong or found.notes, name


def test_a_byte_order_mark_before_the_manifest_changes_nothing(folder):
    whole = load_results(folder).metrics
    path = folder / "manifest.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_results(folder).metrics.equals(whole)


def test_a_foreign_manifest_names_no_file_outside_the_folder(folder):
    said(files={"../../etc/passwd": "0" * 64, "/dev/zero": "0" * 64})(folder)
    whole = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(whole | {"sha256": digest_of(whole)}))
    with pytest.raises(ResultsError):
        load_results(folder)
