"""Licences and bill of materials of all packages in the lock: `docs/evidence/licences.csv`, `sbom.cdx.json`.

`python tools/supply.py` writes both files from the lock (versions, hashes) and the installed packages (licences). A
test checks them against the lock. It uses no network and writes no date, so the same lock gives the same bytes.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = ROOT / "docs" / "evidence"
_BLOCK = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?((?:.*\n(?=[ #]))*.*)", re.MULTILINE)
_LEARNT = {  # stated in the package's files but not in its metadata
    "matplotlib": "Matplotlib (PSF-based)",
}


def name_of(text: str) -> str:
    """Normalised name of a package, as registries compare it."""
    return re.sub(r"[-_.]+", "-", text).lower()


def locked() -> dict[str, tuple[str, list[str]]]:
    """Packages of the locks that this platform installs for Python 3.11, with version and sha256 hashes."""
    found = {}
    text = "".join((ROOT / f"{name}.lock").read_text(encoding="utf-8") for name in ("requirements", "weights"))
    for match in _BLOCK.finditer(text):
        name, version, marker, rest = match.groups()
        if marker is None or Marker(marker.strip()).evaluate({"python_version": "3.11", "python_full_version": "3.11.14"}):
            found[name_of(name)] = (version, sorted(re.findall(r"sha256:([0-9a-f]{64})", rest)))
    return dict(sorted(found.items()))


def licence(one: Distribution) -> str:
    """Licence that a package states: its SPDX expression, else its classifiers, else its short text."""
    meta = one.metadata
    expression = meta.get("License-Expression")
    if expression:
        return expression
    lines = meta.get_all("Classifier") or []
    classified = [line.split("::")[-1].strip() for line in lines if line.startswith("License ::")]
    classified = [text for text in classified if text not in ("OSI Approved", "DFSG approved")]
    if classified:
        return ", ".join(dict.fromkeys(classified))
    text = (meta.get("License") or "").strip().splitlines()
    return text[0][:80] if text else _LEARNT.get(name_of(meta["Name"]), "")


def needed_for() -> dict[str, str]:
    """The part of the project that requires each package: the core, an extra, or none directly."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {**{f"extra {name}": lines for name, lines in project["optional-dependencies"].items()},
              "privacysim": project["dependencies"]}  # fmt: skip
    return {name_of(Requirement(line).name): group for group, lines in groups.items() for line in lines}


def rows() -> Iterator[dict[str, str]]:
    """One row per locked package."""
    direct = needed_for()
    for name, (version, _) in locked().items():
        try:
            said = licence(distribution(name))
        except PackageNotFoundError:
            said = ""
        yield {"package": name, "version": version, "licence": said, "needed_for": direct.get(name, "one of these")}


def sbom() -> str:
    """CycloneDX 1.6 as JSON; the serial number is a hash of the content."""
    known = {row["package"]: row for row in rows()}
    components = [
        {
            "type": "library", "bom-ref": f"pkg:pypi/{name}@{version}", "name": name, "version": version,
            "purl": f"pkg:pypi/{name}@{version}", "hashes": [{"alg": "SHA-256", "content": one} for one in hashes[:1]],
            "licenses": [{"license": {"name": known[name]["licence"] or "not stated"}}],
            "properties": [{"name": "privacysim:hashes", "value": " ".join(hashes)}],
        }
        for name, (version, hashes) in locked().items()
    ]  # fmt: skip
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    itself = {"type": "application", "bom-ref": "privacysim", "name": "privacysim", "version": project["version"],
              "licenses": [{"license": {"id": project["license"]}}]}  # fmt: skip
    body = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": itself},
            "components": components,
            "dependencies": [{"ref": "privacysim", "dependsOn": [one["bom-ref"] for one in components]}]}  # fmt: skip
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    return json.dumps({"serialNumber": f"urn:uuid:{serial}", **body}, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write both files."""
    with (EVIDENCE / "licences.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["package", "version", "licence", "needed_for"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows())
    (EVIDENCE / "sbom.cdx.json").write_text(sbom(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
