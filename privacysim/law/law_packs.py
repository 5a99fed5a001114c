"""Finds and combines law packs: shipped law, your `sim/law/`, installed packages, and packs given in Python.

A pack is a folder of TOML files with an optional folder `policies`. The files may have any names, for example
`provisions.toml`, `general.toml` and `places.toml`. `data/law`, `sim/law/` and each folder in `sim/law/` are packs.
A package offers packs in the entry point group `privacysim.laws`, as folders, dicts or `LawPack` objects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from privacysim.errors import InputError, did_you_mean, refuse_unknown
from privacysim.files import display, plain_data, read_toml, validate
from privacysim.law.provisions import Law, LawPack, Laws, Title
from privacysim.parts import known_names, named
from privacysim.resources import shipped

GivenPack = str | Path | Mapping[str, Any] | LawPack
"""A pack: a folder or file, the name of an installed pack, a dict with the content of its files, or a `LawPack`."""
_LISTS = ("law", "provision", "bundle", "answer", "place")


@dataclass(frozen=True, eq=False)
class _Pack:
    name: str
    parts: tuple[tuple[str, LawPack], ...]
    """(where, content) of each file."""
    policies: Mapping[str, Path] = field(default_factory=dict)
    general: bool = True
    """Whether its general law applies; the general law of an installed pack applies only if a study names the pack."""

    def all(self, kind: str) -> list[tuple[str, Any]]:
        return [(where, item) for where, part in self.parts for item in getattr(part, kind)]


def laws(packs: Sequence[GivenPack] = ()) -> Laws:
    """All law that policies may cite: shipped, found and given in `packs`. Files are read again when they change.

    Provisions and places of all packs are combined, and their ids must differ. General law comes from one pack: your
    own (in `sim/law/` or `packs`) if it has any, otherwise the shipped one.
    """
    own = Path("sim", "law").absolute()
    folders = {path.name: path for path in (own, *sorted(own.glob("*"))) if path.is_dir() and path.name != "policies"}
    found = [_read(folder) for folder in (shipped("data/law"), *folders.values())]
    found += [_given(named("laws", name), name, general=name in packs) for name in _installed()]
    known = (*_installed(), *(name for name in folders if name != "law"))
    for number, pack in enumerate(packs):
        if isinstance(pack, str | Path):
            if str(pack) in known or Path(pack).absolute() in folders.values():
                continue  # found already
            if not Path(pack).exists():
                raise InputError("packs", "a folder, a file, or the name of an installed pack or of one in sim/law",
                                 pack, did_you_mean(str(pack), known) if known else "check the path")  # fmt: skip
        found.append(_given(pack, f"pack {number}", general=True))
    return _together(tuple(found))


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    return known_names("laws")


def _given(pack: Any, name: str, general: bool) -> _Pack:
    if isinstance(pack, str | Path):
        return replace(_read(Path(pack)), general=general)
    if not isinstance(pack, Mapping | LawPack):
        raise InputError("packs", "folders, names, dicts or LawPack objects", type(pack).__name__, "give one of these")
    return _Pack(name, ((name, validate(LawPack, plain_data(pack), name)),), general=general)


def _read(folder: Path) -> _Pack:
    files = (*sorted(folder.glob("*.toml")), *sorted(folder.glob("policies/*.toml"))) if folder.is_dir() else (folder,)
    return _read_files(folder, tuple((str(path), path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=32)
def _read_files(folder: Path, files: tuple[tuple[str, int], ...]) -> _Pack:
    paths = [Path(name) for name, _ in files]
    rules = {path.stem: path for path in paths if path.parent.name == "policies" and path.parent.parent == folder}
    parts = [(display(path), validate(LawPack, read_toml(path), display(path)))
             for path in paths if path not in rules.values()]
    return _Pack(display(folder), tuple(parts), rules)


@lru_cache(maxsize=8)
def _together(packs: tuple[_Pack, ...]) -> Laws:
    """Combine all packs; the general law of the first applies if no other pack has any."""
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
    general = _general(packs)
    found = Laws(
        known["law"], known["provision"],
        tuple(sorted((one for _, one in general.all("bundle")), key=lambda one: one.first_day)),
        tuple(one for _, one in general.all("answer")), tuple(one for _, one in every["place"]),
        {name: path for pack in reversed(packs) for name, path in pack.policies.items()},
        {pack.name: {kind: [plain_data(one) for _, one in pack.all(kind)] for kind in _LISTS if pack.all(kind)}
         for pack in packs[1:] if pack.parts},
    )
    for where, place in every["place"]:
        found.cited(place, f"{where}, place {place.regime}")
    bundles = {bundle.id: bundle for bundle in found.bundles}
    for number, (file, answer) in enumerate(general.all("answer")):
        where = f"{file}, answer.{number}"
        for name in answer.bundle:
            refuse_unknown(name, bundles, f"{where}.bundle", "a bundle")
        for bundle in (bundles[name] for name in (answer.bundle or bundles)):
            days = (bundle.first_day, bundle.last_day or bundle.first_day)
            for name in answer.basis:
                if not all(found.in_force(found.provision(name, f"{where}.basis"), day) for day in days):
                    raise InputError(f"{where}.basis", f"a provision in force in {bundle.id}", name, "drop it")
    return found


def _general(packs: Sequence[_Pack]) -> _Pack:
    """The pack whose general law applies."""
    holding = [pack for pack in packs if pack.general and (pack.all("bundle") or pack.all("answer"))]
    own = [pack for pack in holding if pack is not packs[0]]
    if len(own) > 1:
        raise InputError("packs", "general law in one pack", " and ".join(pack.name for pack in own), "leave one out")
    for pack in holding:
        if not (pack.all("bundle") and pack.all("answer")):
            raise InputError(pack.name, "both [[bundle]] and [[answer]], or laws and provisions only",
                             "one without the other", "add what is missing or leave both out")  # fmt: skip
    return own[0] if own else packs[0]
