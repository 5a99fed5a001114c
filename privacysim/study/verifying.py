"""Verification of a results folder: its files against its manifest, and recomputed values against both."""

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from time import time_ns
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from privacysim.draws import stream_key, uniforms
from privacysim.errors import InputError, PrivacysimError, ResultsError
from privacysim.files import file_digest
from privacysim.resources import VERSION
from privacysim.results.manifest import digest_of, manifest
from privacysim.results.results import Results, read_results
from privacysim.results.saving import changed_files, summary_csv
from privacysim.scenario import Scenario, load_scenario
from privacysim.simulation.inputs import Inputs, data_digests, source_digest
from privacysim.study.pilots import pilot_skewness
from privacysim.study.running import PILOT
from privacysim.study.study import Study

_KEYS = ["policy", "replicate", "metric", "curve"]


class Checked(NamedTuple):
    """Problems of a results folder, harmless remarks (such as changed code), and the replicates that were rerun."""

    wrong: list[str]
    notes: list[str]
    replicates: list[int]


def verify(folder: str | Path, replicate: int | None = None, *, every: bool = False, maps: Sequence[str | Path] = (),
           also: Mapping[str, Callable[[Results], str]] | None = None) -> Checked:
    """Check a results folder: every file by its digest, and whatever can be recomputed from the folder's inputs.

    Two replicates and a world, drawn at random, are rerun and compared value by value; `replicate` names one instead,
    and `every` reruns all of them and the pilot. `maps` are moved files of the scenario; they are recognised by their
    digest, also beside the results. `also` makes further files again, as in `Study.run`.
    """
    where = Path(folder).resolve()
    results = read_results(where, checked=False)
    said, done = results.manifest, list(results.manifest["replicates"])
    worlds = sorted({int(k) for k in results.worlds["replicate"]})
    if replicate is not None and replicate not in done:
        known = f"one of the replicates {done[0]} to {done[-1]}"
        raise InputError("--replicate", known, replicate, "choose one of them")
    if not (where / "inputs").is_dir():
        raise ResultsError(f"{folder}: has no inputs/ to run again.\n  Fix: run the study with --out.")
    wrong = [] if said["sha256"] == digest_of(said) else ["manifest.json: missing or changed since it was written"]
    wrong += changed_files(where, said, whole=True)
    if any(line.startswith(("inputs/", "manifest.json")) for line in wrong):
        return Checked(wrong, ["No replicate was rerun, because the inputs or the manifest were changed."], [])
    notes, places = _drift(said), [where, *(Path(one).resolve() for one in maps)]
    for name, text in _texts(results, also or {}):
        if (where / name).is_file() and (where / name).read_text(encoding="utf-8") != text:
            # figures may differ by the machine that draws them
            (notes if notes and name != "summary.csv" else wrong).append(
                f"{name}: is not what metrics.parquet and the manifest give")  # fmt: skip
    chosen = [*done, *worlds] if every else [*_drawn(done, 2), *_drawn(worlds, 1)]
    chosen = chosen if replicate is None else [replicate]
    with chdir(where / "inputs"):
        study = Study(str(said["study"]["id"]))
        digests = json.loads(Path("resolved.json").read_text(encoding="utf-8")).get("files", {})
        if digests:
            study = Study(study.plan.id, scenario=_with_files(study.plan.scenario, digests, places))
        drift = said["source"] != source_digest() or said["data"] != data_digests()
        wrong += _other_inputs(study.inputs(), said, drift=drift)
        for k in chosen:
            again, saved = study.run(replicate=k, workers=1), results.metrics if k in done else results.worlds
            wrong += _differences(saved[saved["replicate"] == k], again.metrics)
            wrong += _other_notes(results.notes, again.notes, k) if k in done else []
            now, was = ({*one.world_facts.itertuples(index=False, name=None)} for one in (again, results))
            wrong += [f"world_facts.parquet: {row} was changed" for row in sorted(now - was)]
        if every and results.skewness:
            pilot = pilot_skewness(study.runner(study.inputs(), "", None, PILOT))
            wrong += [] if dict(pilot) == dict(results.skewness) else ["manifest.json, skewness: is not the pilot's"]
    return Checked(wrong, notes, chosen)


def _texts(results: Results, also: Mapping[str, Callable[[Results], str]]) -> list[tuple[str, str]]:
    try:
        made = [("summary.csv", summary_csv(results.compare().rows))]
        return made + [(name, make(results)) for name, make in also.items()]
    except PrivacysimError as error:
        return [("summary.csv", f"cannot be computed: {error}")]


def _drawn(numbers: Sequence[int], n: int) -> list[int]:
    """Return n of the numbers, drawn unpredictably by the clock's nanoseconds."""
    marks = uniforms(stream_key(time_ns(), os.getpid(), "verify"), np.asarray(numbers, dtype=np.int64))[:, 0]
    return sorted(numbers[at] for at in np.argsort(marks)[:n].tolist())


def _drift(said: Mapping[str, Any]) -> list[str]:
    """Code and facts behind the results that have changed since."""
    now, was = data_digests(), said["data"]
    other = sorted(name for name in {*now, *was} if now.get(name) != was.get(name))
    pairs = {"version": (said["privacysim"], VERSION), "source": (said["source"][:12], source_digest()[:12]),
             "platform": (said.get("platform"), platform.platform())}  # fmt: skip
    notes = [f"{name}: these results are of {then}, this is {today}" for name, (then, today) in pairs.items()
             if then != today]  # fmt: skip
    return notes + ([f"data/: changed since these results: {', '.join(other)}"] if other else [])


def _with_files(name: str, digests: Mapping[str, str], places: Sequence[Path]) -> Scenario:
    """The saved scenario, whose files are looked up by digest at their old paths, in `places`, and beside the first."""
    scenario = load_scenario(name)
    for key, digest in digests.items():
        section, field = key.split(".")
        part = getattr(scenario, section)
        was, first = Path(getattr(part, field)), places[0]
        tried = [was, *places[1:], *(folder / was.name for folder in (first, *list(first.parents)[:3]))]
        path = next((path for path in tried if path.is_file() and file_digest(path) == digest), None)
        if path is None:
            raise InputError(key, f"the file of these results (sha256 {digest[:12]}…)", "no such file any more",
                             "name it with --map FILE")  # fmt: skip
        scenario = scenario.model_copy(update={section: part.model_copy(update={field: str(path)})})
    return scenario


def _other_inputs(inputs: Inputs, said: Mapping[str, Any], *, drift: bool) -> list[str]:
    """Statements of the manifest that the study's inputs contradict; changed code (`drift`) changes the family id."""
    fresh = json.loads(json.dumps(manifest(inputs, {}, 0)))
    alone = {"scenario": inputs.scenario.id, "policies": inputs.arm_ids, "readings": {}}
    keys = ("scenario", "arms", "metrics", "brought", *(() if drift else ("family_id",)))
    pairs = {key: (fresh[key], said.get(key)) for key in keys}
    pairs["study"] = fresh["study"], {**said["study"], **alone}
    return [f"manifest.json, {key}: is not what the inputs say" for key, (now, was) in pairs.items() if now != was]


def _differences(saved: pd.DataFrame, again: pd.DataFrame) -> list[str]:
    both = saved.merge(again, on=_KEYS, how="outer", suffixes=("", "_again"))
    same = [np.equal(both[name].to_numpy(), both[f"{name}_again"].to_numpy()) for name in ("value", "contributors")]
    return [f"{' '.join(str(getattr(row, key)) for key in _KEYS)}: saved {row.value}, again {row.value_again}"
            for row in both[~(same[0] & same[1])].itertuples()]  # fmt: skip


def _other_notes(saved: pd.DataFrame, again: pd.DataFrame, replicate: int) -> list[str]:
    rows = [{tuple(row) for row in one[one["replicate"] == replicate].astype(str).itertuples(index=False)}
            for one in (saved, again)]  # fmt: skip
    if replicate != saved["replicate"].min():  # what is said of a map stands with the first replicate of a run
        rows = [{row for row in one if not row[-1].startswith("cameras: ")} for one in rows]
    return [f"manifest.json, notes: {' '.join(row[:4])} was {'removed' if row in rows[1] else 'added'}"
            for row in sorted(rows[0] ^ rows[1])]  # fmt: skip
