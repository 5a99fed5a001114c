"""The description of a results folder as an RO-Crate: every term that it uses is defined, every file is described."""

from __future__ import annotations

import json
from pathlib import Path

from privacysim.results.saving import _crate

SAVED = Path(__file__).resolve().parents[2] / "notebooks" / "saved" / "headline" / "manifest.json"
TERMS = {
    "@id", "@type", "about", "conformsTo", "name", "description", "datePublished", "license", "mentions", "hasPart",
    "version", "identifier", "instrument", "startTime", "endTime", "object", "result", "actionStatus",
    "softwareRequirements", "encodingFormat",
}  # fmt: skip
"""Terms that the context of RO-Crate 1.1 defines."""


def test_every_term_of_the_crate_is_defined_and_every_file_is_an_entity_with_its_digest() -> None:
    manifest = json.loads(SAVED.read_text(encoding="utf-8"))
    crate = json.loads(_crate(manifest, manifest["files"]))
    basis, own = crate["@context"]
    assert basis == "https://w3id.org/ro/crate/1.1/context"
    assert {key for entity in crate["@graph"] for key in entity} <= TERMS | set(own)
    files = {entity["@id"]: entity.get("sha256") for entity in crate["@graph"] if entity["@type"] == "File"}
    assert files == {**manifest["files"], "manifest.json": None}
    root = next(entity for entity in crate["@graph"] if entity["@id"] == "./")
    assert {part["@id"] for part in root["hasPart"]} == set(files)
    software = next(entity for entity in crate["@graph"] if entity["@type"] == "SoftwareApplication")
    assert software["version"] == manifest["privacysim"]
