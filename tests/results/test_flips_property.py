"""Flipped bits of whatever is read back: refused in a sentence, made anew, or without effect; never another value."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace as Namespace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

import privacysim as ps
from privacysim import compiled, tables
from privacysim.city import build as city_room
from privacysim.city.example_town import write_example
from privacysim.errors import PrivacysimError
from privacysim.explorer import snapshots
from privacysim.masklab.evaluate import Outcome, _load
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import read_tracks
from privacysim.results import load_results
from privacysim.results.folder import CLAIM, claimed
from privacysim.sealed import keep
from privacysim.simulation.brought import Brought, Part, keep_parts, kept_parts
from privacysim.simulation.unit_parts import Unit
from privacysim.study import pilots
from privacysim.study.running import part_file, read_part
from privacysim.tables import BAND_COLUMNS
from privacysim.tracks.dosimeter import measure_walk
from privacysim.tracks.walk_saving import save_dose
from privacysim.validation import register
from tests.helpers import toy_study

PARTS = {"scenario": "guangzhou_district", "policies": ["notice_only", "order_799"], "days": 2}
BAND = pd.DataFrame([["notice_only", "cameras_listed", "", "cameras", 10, 1.5, 2.0, 3.0, ""],
                     ["order_799", "cameras_listed", "", "cameras", 10, 2.5, 3.0, 4.0, "few"]],
                    columns=list(BAND_COLUMNS))  # fmt: skip


class Read(NamedTuple):
    """Files of one kind, and what reads them: it returns plain data, or None for what counts as missing."""

    files: list[Path]
    read: Callable[[], object]


@pytest.fixture(scope="module")
def home(toy_units, tmp_path_factory):
    made = tmp_path_factory.mktemp("flips")
    with pytest.MonkeyPatch.context() as patch:
        toy_units(patch, made / "cache")
        yield made


@pytest.fixture(scope="module")
def saved(home) -> Path:
    """Results with worlds, a band and a table, and the inputs beside them."""
    ran = ps.Study(**PARTS, replicates=3, worlds=3).run(workers=1)
    folder = home / "saved"
    (folder / "tables" / "acts").mkdir(parents=True)
    rows = pd.concat([tables.frame("acts", {
        column.name: [column.words[0] if column.words else "" if column.dtype in ("str", "name") else n]
        for column in tables.table("acts").columns}) for n in range(3)])  # fmt: skip
    tables.write("acts", rows, folder / "tables" / "acts" / "r00000-b00000.parquet")
    (folder / CLAIM).touch()
    drawn = tables.frame("world_facts", {"world": [0, 1, 2], "fact": "compliance", "value": [0.2, 0.4, 0.6]})
    return dataclasses.replace(ran, band=BAND, world_facts=drawn).save(folder, also={"report.html": lambda: "<p>7</p>"})


def plain(value: object) -> object:
    return value.to_csv() if isinstance(value, pd.DataFrame) else value


def loaded(folder: Path) -> object:
    found = load_results(folder)
    return [plain(value) for value in (
        dict(found.manifest), found.metrics, found.notes, found.skewness, found.band, found.worlds,
        found.world_facts, found.compare().rows if len(found.metrics) < 10 else None)]  # fmt: skip


def results(*names: str) -> Callable[..., Read]:
    return lambda home, saved, patch: Read([saved / name for name in names], lambda: loaded(saved))


def part(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
    unit = Unit(0, 1)
    path = part_file(home, unit)
    keep(path, toy_study.run_unit(ps.Study(**PARTS).inputs(), "", None, unit).as_json())
    return Read([path], lambda: None if (found := read_part(path)) is None else found.as_json())


def pilot(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
    inputs = ps.Study(**PARTS).inputs()
    pilots.keep_pilot(inputs, {("notice_only", "cameras_listed", ""): 0.4})
    return Read([pilots._path(inputs)], lambda: pilots.cached_pilot(inputs))


def world(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
    patch.setattr(register, "world_values", lambda world: {"a": 0.1, "b": float(world)})
    register._kept_values(3)
    files = list((Path(os.environ["PRIVACYSIM_CACHE"]) / "register").glob("*.json"))
    return Read(files, lambda: register._kept_values(3))


def city(*, meta: bool) -> Callable[..., Read]:
    def made(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
        patch.setenv("PRIVACYSIM_CACHE", str(home / "city_cache"))
        city_room._open.cache_clear()
        write_example(home / "town")
        patch.chdir(home / "town")
        ps.build_city(ps.load_scenario("town.toml"))
        city_room._open.cache_clear()
        [folder] = (home / "city_cache" / "city").iterdir()

        def read() -> object:
            found = city_room._load(folder)
            return found and ({name: np.array(array).tobytes() for name, array in found[0].items()}, found[1])

        return Read([path for path in sorted(folder.iterdir()) if (path.suffix == ".json") == meta], read)

    return made


def reform(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
    one = ps.Reform(base="order_799", retention="7 d")
    return Read([Path(one.kept())], lambda: Path(one.kept()).read_bytes())


def scores(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
    path = home / "a.npz"
    outcome = Outcome(np.arange(12.0).reshape(4, 3), np.array([0, 1, 2, 0]), "pca")
    with path.open("wb") as stream:
        np.savez(stream, **dataclasses.asdict(outcome))

    def read() -> object:
        found = _load(path)
        return found and (found.scores.tobytes(), found.scores.shape, found.person.tolist(), found.member)

    return Read([path], read)


def kernels(ending: str) -> Callable[..., Read]:
    def made(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
        from privacysim.sight import clip_kernel

        found = sorted(Path(clip_kernel.__file__).parent.glob(f"__pycache__/sealed-*.{ending}"))
        if not found:
            pytest.skip("no kernel is kept beside the source")
        path = shutil.copy(found[0], home)

        def read() -> object:
            with contextlib.suppress(ValueError):  # `test_compiled_unit` shows that it is then compiled again
                return repr(compiled._opened(Path(path)))

        return Read([Path(path)], read)

    return made


def claim(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
    folder = home / "claim"
    folder.mkdir()
    (folder / CLAIM).write_text('{"run_id": "0123456789abcdef", "host": "node7", "pid": 12}')

    def read() -> object:
        with claimed(folder, "another") as waited:
            content = (folder / CLAIM).read_text()
            (folder / "parts").mkdir(exist_ok=True)  # so that the folder is not given up
            return waited, content

    return Read([folder / CLAIM], read)


def owner(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
    made = claim(home, saved, patch)
    patch.setattr("privacysim.results.folder._taken", lambda lock: False)  # somebody else holds it

    def read() -> object:
        with contextlib.suppress(PrivacysimError):
            return made.read()
        return "refused"

    return Read(made.files, read)


def dose(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
    files = write_example(home / "walk")
    found = measure_walk(read_tracks(files["walk"]), read_cameras(files["cameras"]))
    patch.setattr("privacysim.tracks.walk_saving.svg_text", lambda figure: "<svg/>")
    patch.setattr("privacysim.tracks.walk_saving.draw_timeline", lambda dose: Namespace(figure=None))
    out = home / "dose"

    def read() -> object:
        save_dose(found, found.passes.iloc[:0], out, {})
        return {path.name: path.read_bytes() for path in out.iterdir()}

    read()
    return Read(sorted(out.iterdir()), read)


def brought(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
    @ps.metric(of="records", title="acts", unit="acts")
    def acts_counted(records):
        return records.acts.assign(value=1.0)

    one = Part.of("metrics", acts_counted)
    keep_parts(Brought(parts=(one,)), home / "brought")
    files = list((home / "brought").glob("*.part"))
    return Read(files, lambda: kept_parts(home / "brought", {"metrics:acts_counted": one.digest}).parts[0].content)


def snapshot(home: Path, saved: Path, patch: pytest.MonkeyPatch) -> Read:
    shipped = snapshots.shipped("data/explorer") / "preview.html"
    path, seen = shutil.copy(shipped, home), snapshots.Preview(ps.Study("preview"))
    said = snapshots.resolved(seen.study.inputs())
    patch.setattr(snapshots, "shipped", lambda name: home)
    patch.setattr(snapshots, "resolved", lambda inputs: said)
    return Read([Path(path)], lambda: snapshots.snapshot_of(seen) or None)


KINDS: dict[str, Callable[..., Read]] = {
    **{name: results(name) for name in (
        "manifest.json", "metrics.parquet", "worlds.parquet", "world_facts.parquet", "band.csv", "summary.csv",
        "report.html", "ro-crate-metadata.json", "inputs/resolved.json", "inputs/data/facts.csv")},
    "inputs/sim": results(*(f"inputs/sim/{name}.toml" for name in (
        "policies/order_799", "studies/guangzhou_district", "scenarios/guangzhou_district"))),
    "a table": lambda home, saved, patch: Read(
        [saved / "tables" / "acts" / "r00000-b00000.parquet"], lambda: plain(load_results(saved).table("acts"))),
    "a queried table": lambda home, saved, patch: Read(
        [saved / "tables" / "acts" / "r00000-b00000.parquet", saved / "summary.csv"],
        lambda: plain(load_results(saved).query("select count(*), sum(mean) from summary, acts"))),
    "part": part, "pilot": pilot, "world of the register": world, "city": city(meta=True),
    "arrays of the city": city(meta=False), "reform": reform, "scores of masks": scores,
    "index of kernels": kernels("nbi"), "kernel": kernels("nbc"), "claim": claim, "owner": owner,
    "walk": dose, "code": brought, "snapshot": snapshot,
}  # fmt: skip


SLOW = ("a table", "a queried table", "walk", "snapshot")


@pytest.mark.parametrize(("kind", "flips"), [
    *((kind, 2) for kind in KINDS if kind not in SLOW),
    *(pytest.param(kind, 400, marks=pytest.mark.slow) for kind in KINDS)])  # fmt: skip
def test_flipped_bits_never_give_another_value_or_a_traceback(kind, flips, home, saved, tmp_path, monkeypatch):
    files, read = KINDS[kind](tmp_path, saved, monkeypatch)
    contents, rng, ended = [path.read_bytes() for path in files], random.Random(kind), Counter()
    whole = read()
    assert whole is not None
    for _ in range(flips):
        for path, content in zip(files, contents, strict=True):
            path.write_bytes(content)
        n = rng.randrange(len(files))
        flipped = bytearray(contents[n])
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
        files[n].write_bytes(flipped)
        try:
            found = read()
        except PrivacysimError as error:
            found = str(error)
            ended["refused"] += len(found.splitlines()) <= 3
            continue
        assert found is None or found == whole
        ended["missing" if found is None else "whole"] += 1
    assert ended.total() == flips
    for path, content in zip(files, contents, strict=True):
        path.write_bytes(content)
    print(f"{kind}: {flips} flips, {dict(ended)}")
