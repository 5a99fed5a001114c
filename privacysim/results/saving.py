"""Writing of a results folder: each file appears only when complete, and the manifest last.

manifest.json · inputs/ (resolved, runnable alone) · metrics.parquet · summary.csv · report.html · tables/ on request.
`ro-crate-metadata.json` describes the folder as a Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process/0.5) on
RO-Crate 1.1, for archives and other tools: one action by one piece of software, with its input and output files.
`manifest.json` remains the full record. No person is named.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from privacysim import tables
from privacysim.errors import ResultsError, shown
from privacysim.files import Quantity, file_digest, find_file, plain_data, read_toml, toml_text, whole_file, write_whole
from privacysim.policy import load_policy
from privacysim.resources import shipped
from privacysim.results.manifest import digest_of, read_manifest
from privacysim.scenario import Scenario
from privacysim.simulation.brought import keep_parts
from privacysim.simulation.inputs import Inputs, canonical, resolved
from privacysim.simulation.unit_parts import WORLD

CRATE = "ro-crate-metadata.json"
DATA = ("metrics.parquet", "worlds.parquet", "world_facts.parquet", "band.csv")
"""Files that results are read from, besides the manifest."""
WORLD_TABLES = {"worlds": "metrics", "world_facts": "world_facts"}
"""Tables of a study with worlds, and the schema of each."""
OURS = ("metrics.parquet", "worlds.parquet", "world_facts.parquet", "summary.csv", "band.csv",
        "report.html", "inputs", "tables", "parts", CRATE)
"""Files that a run may write or remove in its folder, besides the manifest."""
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_TYPES = {".json": "application/json", ".csv": "text/csv", ".html": "text/html", ".toml": "application/toml",
          ".parquet": "application/vnd.apache.parquet"}  # fmt: skip
_SAYS = {"metrics.parquet": "every metric of every policy, replicate and curve",
         "worlds.parquet": "the same in worlds that differ in their facts",
         "world_facts.parquet": "the facts that each world drew",
         "summary.csv": "every policy against the baseline: mean, ratio, difference, 95 % intervals, notes",
         "report.html": "the same for readers, with figures",
         "manifest.json": "versions, hashes, seed, times, notes; its presence means that the folder is complete",
         "inputs/resolved.json": "every number and rule that the results depend on; the run id is its hash"}


def save_folder(folder: Path, manifest: Mapping[str, Any], metrics: pd.DataFrame, notes: pd.DataFrame,
                skewness: Mapping[tuple[str, str, str], float], summary: pd.DataFrame, *, band: pd.DataFrame,
                worlds: pd.DataFrame, world_facts: pd.DataFrame, inputs: Inputs | None, force: bool,
                also: Mapping[str, Callable[[], str]]) -> Path:
    """Write a results folder; `also` maps further file names to functions that return their text."""
    there = None if force else read_manifest(folder)
    if there is not None and there["run_id"] != manifest["run_id"]:
        ids = f"{there['run_id']}, this one is {manifest['run_id']}"
        raise ResultsError(f"{folder}: holds complete results of another run ({ids}).\n"
                           "  Fix: name another folder, or replace them with force=True.")  # fmt: skip
    (folder / "manifest.json").unlink(missing_ok=True)
    if inputs is not None:
        _write_inputs(inputs, folder / "inputs")
    with whole_file(folder / "metrics.parquet") as path:
        tables.write("metrics", metrics, path)
    for name, values in (("worlds", worlds), ("world_facts", world_facts)):
        (folder / f"{name}.parquet").unlink(missing_ok=True)
        if len(values):
            with whole_file(folder / f"{name}.parquet") as path:
                tables.write(WORLD_TABLES[name], values, path)
    write_whole(folder / "summary.csv", summary_csv(summary))
    (folder / "band.csv").unlink(missing_ok=True)
    if len(band):
        write_whole(folder / "band.csv", summary_csv(band))
    for name, make in also.items():
        write_whole(folder / name, make())
    (folder / CRATE).unlink(missing_ok=True)
    files = {name: file_digest(folder / name) for name in our_files(folder)}
    write_whole(folder / CRATE, _crate(manifest, files))
    files[CRATE] = file_digest(folder / CRATE)
    rows = [[p, int(k), m, c, text] for p, k, m, c, text in notes.itertuples(index=False)]
    whole = {**manifest, "notes": rows, "files": files,
             "skewness": [[*key, gamma] for key, gamma in sorted(skewness.items())]}  # fmt: skip
    whole = {"sha256": "", **whole} | {"sha256": digest_of(whole)}
    write_whole(folder / "manifest.json", json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    if not manifest.get("failed"):  # else --resume reruns only the failed units
        shutil.rmtree(folder / "parts", ignore_errors=True)
    return folder


def our_files(folder: Path) -> list[str]:
    """Names of the files that a run has written, with `/`, in order; the manifest and the parts are not among them."""
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [name.as_posix() for name in names if name.parts[0] in set(OURS) - {"parts"}]


def changed_files(folder: Path, manifest: Mapping[str, Any], *, whole: bool) -> list[str]:
    """List what was changed since the folder was written; `whole`: also its large tables and files that are missing.

    Without `whole`, only files with data must be there. The run id is computed again from the inputs.
    """
    there, said = our_files(folder), manifest["files"]
    checked = [name for name in said if whole or not name.startswith("tables/")]
    wrong = [f"{name}: missing or changed since it was written" for name in checked
             if (name in there and file_digest(folder / name) != said[name])
             or (name not in there and (whole or name in DATA))]  # fmt: skip
    wrong += [f"{name}: added since it was written" for name in there if name not in said]
    path = folder / "inputs" / "resolved.json"
    return wrong or (_other_run(json.loads(path.read_text(encoding="utf-8")), manifest) if path.is_file() else [])


def _other_run(known: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[str]:
    """Statements of the manifest about its run that the resolved inputs do not confirm."""
    study, wrong = manifest["study"], []
    if hashlib.sha256(canonical(known).encode()).hexdigest()[:16] != manifest["run_id"]:
        wrong.append("manifest.json, run_id: is not the digest of inputs/resolved.json")
    lost = {row["replicate"] for row in manifest.get("failed", ()) if 0 <= row["replicate"] < WORLD}
    pairs = {f"study.{key}": (value, study.get(key)) for key, value in known["study"].items() if key != "baseline"}
    pairs["arms"] = sorted(known["arms"]), sorted(arm["id"] for arm in manifest["arms"])
    pairs["replicates"] = sorted(known["replicates"]), sorted({*manifest["replicates"], *lost})
    pairs["study.worlds"] = known.get("worlds", 0), study.get("worlds", 0) if len(known["replicates"]) > 1 else 0
    return wrong + [f"manifest.json, {key}: {shown(said, 40)}, in inputs/resolved.json {shown(known, 40)}"
                    for key, (known, said) in pairs.items() if known != said]  # fmt: skip


def summary_csv(rows: pd.DataFrame) -> str:
    """Format summary.csv: numbers with ten significant digits, missing values as empty cells."""
    return rows.to_csv(index=False, float_format="%.10g", lineterminator="\n")


def _crate(manifest: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """Text of the crate; `files` maps the folder's files, relative to it, to their sha256."""
    study = manifest["study"]
    inside = [name for name in files if name.startswith("inputs/")]
    outside = [*(name for name in files if not name.startswith("inputs/")), "manifest.json"]
    software = f"#privacysim-{manifest['privacysim']}"
    begun = datetime.fromisoformat(str(manifest["begun"]))
    ended = begun + timedelta(seconds=float(manifest["seconds"]))
    versions = "; ".join(f"{name} {version}" for name, version in manifest["libraries"].items())
    graph: list[dict[str, Any]] = [
        {"@id": CRATE, "@type": "CreativeWork", "about": {"@id": "./"},
         "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}},
        {"@id": "./", "@type": "Dataset", "name": study["title"] or f"Study {study['id']}",
         "description": f"Policies compared with privacysim: {', '.join(study['policies'])}; run {manifest['run_id']}. "
                        "A comparison of rules, not legal advice.",
         "datePublished": str(manifest["begun"])[:10],
         "license": "not stated: results belong to those who ran the study",
         "conformsTo": {"@id": _PROFILE}, "mentions": {"@id": "#run"},
         "hasPart": [{"@id": name} for name in (*inside, *outside)]},
        {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        {"@id": "#run", "@type": "CreateAction", "name": f"privacysim run {study['id']}",
         "identifier": manifest["run_id"], "instrument": {"@id": software},
         "startTime": begun.isoformat(timespec="seconds"), "endTime": ended.isoformat(timespec="seconds"),
         "object": [{"@id": name} for name in inside], "result": [{"@id": name} for name in outside],
         "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"}},
        {"@id": software, "@type": "SoftwareApplication", "name": "privacysim", "version": manifest["privacysim"],
         "softwareRequirements": f"Python {manifest['python']}; {versions}",
         **({"identifier": manifest["commit"]} if manifest["commit"] else {})},
        *({"@id": name, "@type": "File", "name": Path(name).name,
           "encodingFormat": _TYPES.get(Path(name).suffix, "application/octet-stream"),
           **({"sha256": files[name]} if name in files else {}),
           **({"description": _SAYS[name]} if name in _SAYS else {})} for name in (*inside, *outside)),
    ]  # fmt: skip
    # RO-Crate 1.1 does not define sha256; a term without a definition makes the crate invalid
    whole = {"@context": ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}],
             "@graph": graph}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _write_inputs(inputs: Inputs, folder: Path) -> None:
    """Write the study's inputs, so that `privacysim run ID` inside this folder repeats the run."""
    if folder.resolve() in Path.cwd().resolve().parents or folder.resolve() == Path.cwd().resolve():
        raise ResultsError(f"{folder}: these are the inputs that are being run.\n  Fix: name another --out.")
    shutil.rmtree(folder, ignore_errors=True)
    alone = {"scenario": inputs.scenario.id, "policies": tuple(inputs.arm_ids), "readings": {}}
    plan = inputs.plan.model_copy(update=alone)
    study = plan.model_dump(mode="json") | {"law_date": plan.law_date}
    study = {key: value for key, value in study.items() if value not in ({}, "")}
    write_whole(folder / "sim" / "studies" / f"{plan.id}.toml", toml_text(study))
    write_whole(folder / "sim" / "scenarios" / f"{plan.scenario}.toml", toml_text(scenario_data(inputs.scenario)))
    named = tuple(name for name in inputs.plan.policies if name not in inputs.brought.policies)
    for name, path in policy_files(named, inputs.arms[0].laws.policies).items():
        write_whole(folder / "sim" / "policies" / f"{name}.toml", path.read_text(encoding="utf-8"))
    for n, (name, pack) in enumerate(inputs.arms[0].laws.own.items()):  # one that the scenario names keeps its name
        own = f"{name}/pack" if name == inputs.scenario.law else f"pack_{n}"
        write_whole(folder / "sim" / "law" / f"{own}.toml", toml_text(pack))
    for name, given in inputs.brought.policies.items():
        policy = plain_data(load_policy(given, packs=inputs.brought.packs))
        whole = {key: value for key, value in policy.items() if key not in ("extends", "layer", "drop")}
        write_whole(folder / "sim" / "policies" / f"{name}.toml", toml_text(whole))
    keep_parts(inputs.brought, folder / "brought")
    for path in sorted(shipped("data").rglob("*")):
        if path.suffix in {".csv", ".toml"}:
            write_whole(folder / "data" / path.relative_to(shipped("data")), path.read_text(encoding="utf-8"))
    whole = resolved(inputs)
    write_whole(folder / "resolved.json", json.dumps(json.loads(canonical(whole)), indent=1, ensure_ascii=False) + "\n")


def policy_files(names: tuple[str, ...], more: Mapping[str, Path]) -> dict[str, Path]:
    """Files by id of these policies and of all that they extend or layer; `more` are those of law packs."""
    found: dict[str, Path] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        path = find_file("policies", name if name.endswith(".toml") else name.split(":")[0], more)
        raw = read_toml(path)
        if raw["id"] not in found:
            found[raw["id"]] = path
            waiting += [*filter(None, [raw.get("extends")]), *raw.get("layer", [])]
    return dict(sorted(found.items()))


def scenario_data(scenario: Scenario) -> dict[str, Any]:
    """Scenario as plain data with all defaults, each number with its range and source."""
    return {key: _resolved(getattr(scenario, key), dumped) for key, dumped in scenario.model_dump(mode="json").items()}


def _resolved(value: Any, dumped: Any) -> Any:
    if isinstance(value, Quantity):
        low, high = value.range
        why = f"fact {value.fact}: {value.source}" if value.fact else str(value.assumption)
        return {"value": value.number, "low": low, "high": high, "assumption": why}
    if isinstance(dumped, dict):
        inside = {key: value[key] if isinstance(value, Mapping) else getattr(value, key) for key in dumped}
        return {key: _resolved(inside[key], dumped[key]) for key in dumped}
    if isinstance(value, (list, tuple)):
        return [_resolved(one, plain) for one, plain in zip(value, dumped, strict=True)]
    return dumped
