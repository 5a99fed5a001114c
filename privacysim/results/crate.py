"""`ro-crate-metadata.json`: the results folder as a Process Run Crate, for archives and other tools.

It follows Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process/0.5) on RO-Crate 1.1: one action by one piece of
software, with its input and output files. `manifest.json` remains the full record. No person is named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

CRATE = "ro-crate-metadata.json"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_TYPES = {".json": "application/json", ".csv": "text/csv", ".html": "text/html", ".toml": "application/toml",
          ".parquet": "application/vnd.apache.parquet"}  # fmt: skip
_SAYS = {
    "metrics.parquet": "every metric of every policy, replicate and curve",
    "summary.csv": "every policy against the baseline: mean, ratio, difference, 95 % intervals, notes",
    "report.html": "the same for readers, with figures",
    "manifest.json": "versions, hashes, seed, times, notes; its presence means that the folder is complete",
    "inputs/resolved.json": "every number and rule that the results depend on; the run id is its hash",
}


def crate(manifest: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """Text of the crate; `files` maps the folder's files, relative to it, to their sha256."""
    study = manifest["study"]
    inside = [name for name in files if name.startswith("inputs/")]
    outside = [*(name for name in files if not name.startswith("inputs/")), "manifest.json"]
    software = f"#privacysim-{manifest['privacysim']}"
    graph: list[dict[str, Any]] = [
        {"@id": CRATE, "@type": "CreativeWork", "about": {"@id": "./"},
         "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}},
        {"@id": "./", "@type": "Dataset", "name": study["title"] or f"Study {study['id']}",
         "description": f"Policies compared with privacysim: {', '.join(study['policies'])}; run {manifest['run_id']}. "
                        "A comparison of rules, not legal advice.",
         "datePublished": _day(manifest), "license": "not stated: results belong to whoever ran the study",
         "conformsTo": {"@id": _PROFILE}, "mentions": {"@id": "#run"},
         "hasPart": [{"@id": name} for name in (*inside, *outside)]},
        {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        {"@id": "#run", "@type": "CreateAction", "name": f"privacysim run {study['id']}",
         "identifier": manifest["run_id"], "instrument": {"@id": software}, **_times(manifest),
         "object": [{"@id": name} for name in inside], "result": [{"@id": name} for name in outside],
         "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"}},
        {"@id": software, "@type": "SoftwareApplication", "name": "privacysim", "version": manifest["privacysim"],
         "softwareRequirements": f"Python {manifest['python']}; "
                                 + "; ".join(f"{name} {v}" for name, v in manifest["libraries"].items()),
         **({"softwareVersion": manifest["commit"]} if manifest["commit"] else {})},
        *(_file(name, files.get(name, "")) for name in (*inside, *outside)),
    ]  # fmt: skip
    whole = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _file(name: str, digest: str) -> dict[str, Any]:
    kind = _TYPES.get(name[name.rfind(".") :], "application/octet-stream")
    made: dict[str, Any] = {"@id": name, "@type": "File", "name": name.rsplit("/", 1)[-1], "encodingFormat": kind}
    if digest:
        made["sha256"] = digest
    if name in _SAYS:
        made["description"] = _SAYS[name]
    return made


def _times(manifest: Mapping[str, Any]) -> dict[str, str]:
    from datetime import datetime, timedelta

    begun = datetime.fromisoformat(str(manifest["begun"]))
    ended = begun + timedelta(seconds=float(manifest["seconds"]))
    return {"startTime": begun.isoformat(timespec="seconds"), "endTime": ended.isoformat(timespec="seconds")}


def _day(manifest: Mapping[str, Any]) -> str:
    return str(manifest["begun"])[:10]
