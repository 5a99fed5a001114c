"""User-supplied parts of one study: collected, hashed, sent to workers and kept with the results.

Parts are objects, or names of entry points of installed packages. A part is never reduced to its name: each is used
unchanged and counts in the run id, or is refused.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from privacysim.errors import InputError, shown
from privacysim.files import whole_file
from privacysim.metrics import FAMILIES, METRICS, Metric
from privacysim.parts import digest, from_bytes, known_names, name_of, named, shipped_bytes, source_text
from privacysim.policy import GivenPolicy, Policy, Reform
from privacysim.scenario import Scenario, load_scenario

KINDS = ("city", "people", "cameras", "processes", "desk")
"""Keywords of a study that take one part each; `metrics` takes several."""


@dataclass(frozen=True, eq=False)
class Part:
    """One user-supplied part: kind, name, digest, bytes sent to workers, and its source text if known."""

    kind: str
    name: str
    digest: str
    content: bytes = field(repr=False)
    source: str = field(default="", repr=False)

    @staticmethod
    def of(kind: str, value: Any, name: str = "") -> "Part":
        """Hash and pack a part; one that cannot be hashed or sent to workers raises an InputError."""
        each = value if kind == "processes" else (value,)
        name = name or ", ".join(name_of(one) for one in each)
        where = f"{kind}, {name}"
        source = "\n\n".join(filter(None, (source_text(one) for one in each)))
        return Part(kind, name, digest(value, where), shipped_bytes(value, where), source)

    @property
    def value(self) -> Any:
        """The part itself, loaded once in each process."""
        return _loaded(self.content, self.name)

    def fresh(self) -> Any:
        """A new copy of the part, so that no state passes from one replicate to another."""
        return from_bytes(self.content, self.name)


_loaded = lru_cache(maxsize=16)(from_bytes)


@dataclass(frozen=True, eq=False)
class Brought:
    """Objects given to a study: a scenario, policies by id, law packs, and parts."""

    scenario: Scenario | None = None
    policies: Mapping[str, GivenPolicy] = field(default_factory=dict)
    packs: tuple[Any, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics among the parts."""
        return tuple(part.value for part in self.parts if part.kind == "metrics")

    @property
    def digests(self) -> dict[str, str]:
        """Digest of each part by `kind:name`."""
        return {f"{part.kind}:{part.name}": part.digest for part in self.parts}

    def keywords(self, *kinds: str) -> dict[str, Any]:
        """Parts of these kinds as keyword arguments of the functions that use them."""
        return {part.kind: part.fresh() if part.kind in ("processes", "desk") else part.value
                for part in self.parts if part.kind in kinds}


NOTHING = Brought()


def bring(given: Mapping[str, Any]) -> tuple[dict[str, Any], Brought]:
    """Split the keywords of a study into plain data, as in a study file, and objects; None counts as omitted."""
    given = {key: value for key, value in given.items() if value is not None}
    apart = (*KINDS, "scenario", "policies", "metrics", "packs")
    plain = {key: value for key, value in given.items() if key not in apart}
    scenario, policies, parts = None, {}, []
    packs = tuple(_list("packs", given["packs"], "my_law")) if "packs" in given else ()
    if "scenario" in given:
        plain["scenario"], scenario = _scenario(given["scenario"])
    if "policies" in given:
        listed = _list("policies", given["policies"], "notice_only")
        found = [_policy(one, f"policies[{n}]") for n, one in enumerate(listed)]
        plain["policies"] = [name for name, _ in found]
        policies = {name: policy for name, policy in found if policy is not None}
    for key, kind, name in (("baseline", Policy, "id"), ("primary", Metric, "name")):
        if isinstance(given.get(key), kind):
            plain[key] = getattr(given[key], name)
    if "metrics" in given:
        plain["metrics"] = []
        for one in _list("metrics", given["metrics"], "equity"):
            if isinstance(one, str) and (one in METRICS or one in FAMILIES or one not in known_names("metrics")):
                plain["metrics"].append(one)  # an unknown name is refused later, with the names of the study file
            else:
                parts.append(_metric(one))
    for name in (name for name, n in Counter(part.name for part in parts).items() if n > 1):
        raise InputError("metrics", "each metric once", name, "give one of the two another name")
    parts += [_part(kind, given[kind]) for kind in KINDS if kind in given]
    made = Brought(scenario, policies, packs, tuple(parts))
    return plain | {"brought": made.digests}, made


def _list(key: str, value: Any, example: str) -> Sequence[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        raise InputError(key, f'a list, such as ["{example}"]', shown(value, 60), "put it in a list")
    return value


def _scenario(one: Any) -> tuple[str, Scenario | None]:
    if isinstance(one, (str, Path)):
        return str(one), None
    if isinstance(one, (Scenario, Mapping)):
        scenario = load_scenario(one)
        return scenario.id, scenario
    raise InputError("scenario", "a name, a path, a Scenario or a dict", type(one).__name__, 'write "guangzhou_185"')


def _policy(one: Any, where: str) -> tuple[str, GivenPolicy | None]:
    if isinstance(one, (str, Path, Reform)):
        return str(one.kept() if isinstance(one, Reform) else one), None
    found = one.get("id") if isinstance(one, Mapping) else one.id if isinstance(one, Policy) else None
    if isinstance(found, str):
        return found, one
    raise InputError(where, "a name, a path, a Policy, a dict or a Reform", type(one).__name__, 'write "notice_only"')


def _metric(one: Any) -> Part:
    one = named("metrics", one) if isinstance(one, str) else one
    if not isinstance(one, Metric):
        raise InputError("metrics", "a metric by name, or a function declared with ps.metric", shown(one, 60),
                         'write @ps.metric(of="people") above the function')
    if METRICS.get(one.name) is one:
        raise InputError("metrics", "a shipped metric by its name", one.name, f'write "{one.name}"')
    return Part.of("metrics", one)


def _part(kind: str, value: Any) -> Part:
    if kind == "processes":
        value = tuple(named(kind, one) if isinstance(one, str) else one for one in _list(kind, value, "a_name"))
    elif kind == "city" and isinstance(value, str):
        value = named("cities", value)
    elif isinstance(value, (str, Path)):
        raise InputError(kind, "an object or a table", value, "read the file first, for example with pandas.read_csv")
    return Part.of(kind, value, "" if hasattr(value, "name") or kind == "processes" else kind)


def keep_parts(brought: Brought, folder: Path) -> None:
    """Write the bytes, behind their own digest, and the source text of each part to `folder`, under its digest."""
    for part in brought.parts:
        for end, content in ((".part", sha256(part.content).digest() + part.content), (".py", part.source.encode())):
            with whole_file(folder / f"{part.digest[:16]}{end}") as path:
                path.write_bytes(content)


def kept_parts(folder: Path, digests: Mapping[str, str]) -> Brought:
    """Read the parts of a saved study from the `brought/` of its inputs; loading them runs their code."""
    parts = []
    for key, whole in digests.items():
        kind, _, name = key.partition(":")
        path = folder / f"{whole[:16]}.part"
        kept = path.read_bytes() if path.is_file() else b""
        if kept[:32] != sha256(kept[32:]).digest():
            got = "a damaged file" if kept else "no such file"
            raise InputError(f"brought, {key}", f"its code in {folder.name}/", got,
                             "give the part again as an object, or run inside the inputs/ of its results")  # fmt: skip
        source = path.with_suffix(".py")
        parts.append(Part(kind, name, whole, kept[32:], source.read_text("utf-8") if source.is_file() else ""))
    return Brought(parts=tuple(parts))
