"""Finds and combines law packs: shipped law, your `sim/law/`, installed packages, and packs given in Python.

A pack is a folder of TOML files, with an optional folder `policies` and optional oracle cases (`cases.csv`). The files
may have any names, for example `provisions.toml`, `general.toml`, `places.toml` and `assessment.toml`. Each folder in
`data/law` and in `sim/law/` is a pack of that name, and the files in `sim/law/` itself are one more. A package offers
packs in the entry point group `privacysim.laws`, as folders, dicts or `LawPack` objects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from privacysim.errors import InputError, did_you_mean, refuse_unknown
from privacysim.files import display, line_of, plain_data, read_toml, validate
from privacysim.law.provisions import Assessment, Heading, Law, LawPack, Laws, Title
from privacysim.parts import known_names, named
from privacysim.resources import shipped

GivenPack = str | Path | Mapping[str, Any] | LawPack
"""A pack: a folder or file, the name of an installed pack, a dict with the content of its files, or a `LawPack`."""
_LISTS = ("law", "provision", "bundle", "answer", "place", "assessment", "duty")
DEFAULT = "cn"
"""The pack whose general law applies if a scenario names none: China's."""


@dataclass(frozen=True, eq=False)
class _Pack:
    id: str
    """How scenarios and policies name it."""
    name: str
    parts: tuple[tuple[str, LawPack], ...]
    """(where, content) of each file."""
    policies: Mapping[str, Path] = field(default_factory=dict)
    cases: Path | None = None
    general: bool = False
    """Whether its general law replaces the default; a pack with a name replaces it only where it is named."""

    def all(self, kind: str) -> list[tuple[str, Any]]:
        return [(where, item) for where, part in self.parts for item in getattr(part, kind)]


def laws(packs: Sequence[GivenPack] = (), general: str = DEFAULT) -> Laws:
    """All law that policies may cite: shipped, found and given in `packs`. Files are read again when they change.

    Provisions and places of all packs are combined, and their ids must differ. General law comes from one pack, the
    one that `general` names. Your own general law replaces China's if `packs` or a file directly in `sim/law/` has any.
    """
    own = Path("sim", "law").absolute()
    folders = {path.name: path for path in (own, *sorted(own.glob("*"))) if path.is_dir() and path.name != "policies"}
    ours = [_read(folder) for folder in sorted(shipped("data/law").iterdir()) if folder.is_dir()]
    found = [_read(folder, folder == own or name in packs) for name, folder in folders.items()]
    found += [_given(named("laws", name), name, general=name in packs) for name in _installed()]
    known = (*_installed(), *(name for name in folders if name != "law"), *(pack.id for pack in ours))
    for number, pack in enumerate(packs):
        if isinstance(pack, str | Path):
            if str(pack) in known or Path(pack).absolute() in folders.values():
                continue  # found already
            if not Path(pack).exists():
                raise InputError("packs", "a folder, a file, or the name of an installed pack or of one in sim/law",
                                 pack, did_you_mean(str(pack), known) if known else "check the path")  # fmt: skip
        found.append(_given(pack, f"pack {number}", general=True))
    return _together(tuple(ours), tuple(found), general)


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    return known_names("laws")


def _given(pack: Any, name: str, general: bool) -> _Pack:
    if isinstance(pack, str | Path):
        return _read(Path(pack), general)
    if not isinstance(pack, Mapping | LawPack):
        raise InputError("packs", "folders, names, dicts or LawPack objects", type(pack).__name__, "give one of these")
    return _Pack(name, name, ((name, validate(LawPack, plain_data(pack), name)),), general=general)


def _read(folder: Path, general: bool = False) -> _Pack:
    files = (*sorted(folder.glob("*.toml")), *sorted(folder.glob("policies/*.toml"))) if folder.is_dir() else (folder,)
    return _read_files(folder, tuple((str(path), path.stat().st_mtime_ns) for path in files), general)


@lru_cache(maxsize=32)
def _read_files(folder: Path, files: tuple[tuple[str, int], ...], general: bool) -> _Pack:
    paths = [Path(name) for name, _ in files]
    rules = {path.stem: path for path in paths if path.parent.name == "policies" and path.parent.parent == folder}
    parts = [(display(path), _checked(path)) for path in paths if path not in rules.values()]
    cases = folder / "cases.csv"
    return _Pack(folder.stem, display(folder), tuple(parts), rules, cases if cases.is_file() else None, general)


def _checked(path: Path) -> LawPack:
    raw, where = read_toml(path), display(path)
    try:
        return validate(LawPack, raw, where)
    except InputError as error:
        keys = error.where.partition(", ")[2]
        line = line_of(path, keys.split("."))
        raise InputError(f"{where}:{line}, {keys}", error.expected, error.got, error.fix) from None


def form_place(where: str, form: Assessment, heading: Heading) -> str:
    """Location of a form's heading for errors: file and line, if it is in a file, and the heading."""
    path = next((one for one in (Path(where), shipped("data").parent / where) if one.is_file()), None)
    lines = path.read_text(encoding="utf-8-sig").splitlines() if path else []
    at = next((f":{n}" for n, line in enumerate(lines, 1) if f'"{heading.title}"' in line), "")
    return f"{where}{at}, assessment {form.id}, {heading.title}"


@lru_cache(maxsize=16)
def _together(ours: tuple[_Pack, ...], others: tuple[_Pack, ...], named_pack: str) -> Laws:
    """Combine all packs, with the general law of one of them."""
    packs = (*ours, *others)
    every = {kind: [found for pack in packs for found in pack.all(kind)] for kind in _LISTS}
    known: dict[str, dict[str, Any]] = {"law": {}, "provision": {}}
    for kind, items in known.items():
        for where, item in every[kind]:
            if item.id in items:
                raise InputError(f"{where}, {item.id}", "a unique id", item.id, "rename one of the two")
            items[item.id] = item
    for where, item in every["provision"]:
        if item.law not in known["law"]:
            if item.in_force_from is None or get_close_matches(item.law, known["law"], cutoff=0.85):
                raise InputError(f"{where}, {item.id}.law", "a law of data/law or of a law pack, or a new name with "
                                 "in_force_from", item.law, did_you_mean(item.law, known["law"]))
            title = item.law.replace("_", " ")
            known["law"][item.law] = Law(id=item.law, title=Title(en=title), short=title,
                                         in_force_from=item.in_force_from)
    general = _general(ours, others, named_pack)
    found = Laws(
        known["law"], known["provision"],
        tuple(sorted((one for _, one in general.all("bundle")), key=lambda one: one.first_day)),
        tuple(one for _, one in general.all("answer")), tuple(one for _, one in every["place"]),
        {name: path for pack in reversed(packs) for name, path in pack.policies.items()},
        {pack.id: _used(pack, general is pack) for pack in others if pack.parts},
        {form.id: (where, form) for where, form in every["assessment"]}, general.id,
        {law.id: pack.id for pack in packs if pack.all("bundle") for _, law in pack.all("law")},
        {pack.id: pack.cases for pack in packs if pack.cases}, tuple(one for _, one in general.all("duty")),
    )
    for where, duty in every["duty"]:
        for name in duty.basis:
            found.provision(name, f"{where}, duty {duty.duty}.basis")
    for where, form in every["assessment"]:
        for reference in form.reference:
            found.cited(reference, f"{where}, assessment {form.id}")
        for heading in form.heading:
            for reference in heading.reference:
                found.cited(reference, form_place(where, form, heading))
    for where, place in every["place"]:
        found.cited(place, f"{where}, place {place.regime}")
    bundles = {bundle.id: bundle for bundle in found.bundles}
    for number, (file, answer) in enumerate(general.all("answer")):
        where = f"{file}, answer.{number}"
        for name in answer.bundle:
            refuse_unknown(name, bundles, f"{where}.bundle", "a bundle")
        for name in answer.basis:
            provision = found.provision(name, f"{where}.basis")
            if not any(found.overlaps(provision, bundles[one]) for one in answer.bundle or bundles):
                raise InputError(f"{where}.basis", "a provision in force in one of its bundles", name, "drop it")
    return found


def _used(pack: _Pack, general: bool) -> dict[str, list[Any]]:
    """The parts of a pack that results depend on: everything, but general law only where it applies."""
    kinds = [kind for kind in _LISTS if pack.all(kind) and (general or kind not in ("bundle", "answer", "duty"))]
    return {kind: [plain_data(one) for _, one in pack.all(kind)] for kind in kinds}


def _general(ours: Sequence[_Pack], others: Sequence[_Pack], name: str) -> _Pack:
    """The pack whose general law applies."""
    holding = [pack for pack in (*ours, *others) if pack.all("bundle") or pack.all("answer")]
    for pack in holding:
        if not (pack.all("bundle") and pack.all("answer")):
            raise InputError(pack.name, "both [[bundle]] and [[answer]], or laws and provisions only",
                             "one without the other", "add what is missing or leave both out")  # fmt: skip
    own = [pack for pack in holding if pack.general and pack not in ours]
    if name == DEFAULT and own:
        if len(own) > 1:
            names = " and ".join(pack.name for pack in own)
            raise InputError("packs", "general law in one pack", names, "leave one out")
        return own[0]
    named_packs = {pack.id: pack for pack in holding}
    refuse_unknown(name, named_packs, "law pack", "a pack with general law")
    return named_packs[name]
