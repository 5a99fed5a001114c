"""The page “How we know”, from the claims and the outcomes of their tests, and the page of licences."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from pathlib import Path

KINDS = {
    "theory": "Theory", "independent code": "Code and tables of others", "published": "Published values",
    "law": "The texts of law", "property": "Properties by definition or design",
    "promise": "Promises of the threat model",
}  # fmt: skip


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """Two pages: how we know, and the licences of the installed packages."""
    claims = tomllib.loads((docs.parent / "tests" / "claims.toml").read_text(encoding="utf-8"))["claim"]
    outcomes = {row["id"]: row for row in _rows(docs / "evidence" / "claims_outcomes.csv")}
    yield "how_we_know.md", _claims(claims, outcomes)
    yield "licences.md", _licences(_rows(docs / "evidence" / "licences.csv"))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _claims(claims: list[dict[str, str]], outcomes: dict[str, dict[str, str]]) -> str:
    held = sum(outcomes.get(one["id"], {}).get("verdict") == "holds" for one in claims)
    broken = sum(outcomes.get(one["id"], {}).get("fails_when_broken") == "yes" for one in claims)
    made = [
        "# How we know",
        f"{len(claims)} claims. {held} hold. For {broken} of them, an error planted to break the claim makes "
        "its test fail. The list is `tests/claims.toml`; `tools/plant.py` runs each test, plants each error in a "
        "copy and runs it again. No claim rests on a calibrated number.",
    ]
    for kind, title in KINDS.items():
        mine = [one for one in claims if one["kind"] == kind]
        made.append(f"## {title}\n\n| claim | theory or source | test | cases | verdict | fails when broken |")
        made[-1] += "\n|---|---|---|---|---|---|\n" + "\n".join(_row(one, outcomes.get(one["id"])) for one in mine)
    return "\n\n".join(made) + "\n"


def _row(claim: dict[str, str], outcome: dict[str, str] | None) -> str:
    path, _, name = claim["test"].partition("::")
    test = f"`{name}` in `{Path(path).name}`"
    if outcome is None:
        return f"| {_text(claim['says'])} | {_text(claim['grounds'])} | {test} | – | not run | – |"
    verdict = outcome["verdict"] if outcome["verdict"] == "holds" else "**fails**"
    broken = outcome["fails_when_broken"] if outcome["fails_when_broken"] == "yes" else "**no**"
    planted = f"{broken}: `{Path(claim['file']).name}`"
    says, grounds = _text(claim["says"]), _text(claim["grounds"])
    return f"| {says} | {grounds} | {test} | {outcome['cases']} | {verdict} | {planted} |"


def _licences(rows: list[dict[str, str]]) -> str:
    cells = [(row["package"], row["version"], _text(row["licence"]), row["needed_for"]) for row in rows]
    table = "\n".join(f"| {' | '.join(row)} |" for row in cells)
    return (
        "# Licences and bill of materials\n\nprivacysim is Apache-2.0. These packages are installed beside it by "
        "`requirements.lock`, each by hash; none of their licences forbids that use. Nothing of them is copied into "
        "the wheel. The same list as CycloneDX 1.6: `docs/evidence/sbom.cdx.json`. Both come from `tools/supply.py`."
        f"\n\n| package | version | licence | needed for |\n|---|---|---|---|\n{table}\n"
    )


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
