"""Reading and writing of user files: strict TOML, mandatory units, errors that name the fix.

A name (`notice_only`) is looked up in the working folder's `sim/` first, then among the shipped files. A name that
ends in `.toml` is a path. No file is ever left half-written, because `whole_file` renames a finished file.
"""

import hashlib
import json
import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, time
from itertools import count
from pathlib import Path, PurePath
from typing import Annotated, Any, TypeVar, get_args

import tomli_w
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationError,
    model_validator,
)  # fmt: skip

from privacysim.errors import InputError, ResultsError, did_you_mean, shown
from privacysim.facts import facts
from privacysim.resources import shipped
from privacysim.units import duration_s, duration_text

Model = TypeVar("Model", bound="Strict")


class Strict(BaseModel):
    """Base class of models read from files: frozen, strict, no unknown keys, no nan or inf."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False,
                              defer_build=True)  # a form that is never read, as in a worker, need not be built

    def __repr__(self) -> str:
        return shown(super().__repr__())


def _duration_said(seconds: Any) -> Any:
    if not isinstance(seconds, float | int):  # a changed object may hold any value; it is checked on use
        return seconds
    text = duration_text(seconds)
    return text if duration_s(text) == seconds else f"{float(seconds)!r} s"


_RESERVED = r"(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))(?!.*\.toml$)"
_NAME = re.compile(_RESERVED + r"[a-z0-9_][a-z0-9_.-]{0,119}", re.IGNORECASE | re.ASCII)
_STEERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters: they would steer the terminal on which a title is shown."""
_DEEPEST = 40


def checked_name(text: str) -> str:
    """Return an id, or raise ValueError if it is not a `Name`."""
    if not _NAME.fullmatch(text):
        raise ValueError('at most 120 letters, digits and "_", "-", ".", no reserved name')
    return text


Name = Annotated[str, AfterValidator(checked_name)]
"""An id. It may become the name of a file, a column or a heading, so it holds nothing that could lead elsewhere."""
Duration = Annotated[float, BeforeValidator(duration_s), PlainSerializer(_duration_said)]
"""Seconds, written in files with a unit: "15 d"."""


class Reference(Strict):
    """Law and article that a rule or number rests on."""

    law: str
    article: str


class Quantity(Strict):
    """A number with its source: a fact by id, or a value with its assumption.

    `{fact = "cameras_per_1000"}` or `{value = 60.0, low = 40.0, high = 90.0, assumption = "why"}`.
    """

    fact: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    assumption: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> "Quantity":
        if (self.fact is None) == (self.value is None):
            raise ValueError('either {fact = "id"} or {value = …, assumption = "why"}')
        if self.fact is not None:
            facts()[self.fact]
            if self.assumption or self.low is not None or self.high is not None:
                raise ValueError('{fact = "id"} alone: a fact brings its own range and source')
        elif not self.assumption:
            raise ValueError('an assumption = "why" beside the value')
        if not self.range[0] <= self.number <= self.range[1]:
            raise ValueError("low ≤ value ≤ high")
        return self

    @property
    def number(self) -> float:
        """Value that the model uses."""
        return facts()[self.fact].value if self.fact else float(self.value or 0.0)

    @property
    def range(self) -> tuple[float, float]:
        """Low and high ends; both equal the value if no range is given."""
        if self.fact:
            return facts()[self.fact].low, facts()[self.fact].high
        return (self.number if self.low is None else self.low, self.number if self.high is None else self.high)

    @property
    def source(self) -> str:
        """Source of the number, in words."""
        return facts()[self.fact].source if self.fact else f"assumption: {self.assumption}"


def read_toml(path: Path) -> dict[str, Any]:
    """Read one TOML file; a syntax error or duplicate key raises an InputError with its line."""
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        raise InputError(str(path), "an existing TOML file", "no such file", "check the path") from None
    except RecursionError:
        raise InputError(str(path), "lists and tables a few levels deep", "hundreds of levels", "correct it") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(str(path), "valid TOML (each key once)", _with_line(str(error), text), "correct it") from None
    except (OSError, ValueError) as error:  # not UTF-8, or a number of thousands of digits
        fix = "correct the file or its permissions"
        raise InputError(str(path), "a readable TOML file in UTF-8", error, fix) from None


def line_of(path: Path, keys: Sequence[str]) -> int:
    """Line of a key in a TOML file, or of the table that lacks it; a number in `keys` selects a table of that name."""
    lines, at, name = path.read_text(encoding="utf-8-sig").splitlines(), 0, list[str]()
    for key in keys:
        if key.isdigit():
            heads = [n for n, line in enumerate(lines[at:], at + 1) if line.strip() == f"[[{'.'.join(name)}]]"]
            at = heads[int(key)] if int(key) < len(heads) else at
        else:
            name.append(key)
    for n, line in enumerate(lines[at:], at + 1):
        if line.startswith("["):
            break
        if line.partition("=")[0].strip().strip('"') in name:
            return n
    return max(at, 1)


def toml_text(data: Mapping[str, Any]) -> str:
    """Format plain data as TOML, without keys whose value is None."""
    return tomli_w.dumps(_without_none(data))


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without_none(one) for key, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, (list, tuple)) else value


def _with_line(error: str, text: str) -> str:
    """Add the key of the reported line to a parser's error, so that a duplicate is visible, but no other content."""
    found, lines = re.search(r"at line (\d+)", error), ["", *text.splitlines()]
    line = lines[int(found[1])] if found is not None and int(found[1]) < len(lines) else ""
    key = re.match(r"\s*([\w.-]{1,40})\s*=|\s*(\[{1,2}[\w.-]{1,40}\]{1,2})\s*$", line)
    return f"{error}: {key[1] or key[2]}" if key else error


def plain_data(value: Any) -> Any:
    """Convert a model, or a dict with models, to plain data as in a file; refuses unknown fields."""
    if isinstance(value, BaseModel):
        _refuse_unknown(value)
        return value.model_dump(mode="json", exclude_unset=True, warnings=False, fallback=str)
    if isinstance(value, Mapping):
        return {str(key): plain_data(one) for key, one in value.items()}
    return [plain_data(one) for one in value] if isinstance(value, list | tuple) else value


def _refuse_unknown(value: Any) -> None:
    """Refuse unknown fields that `model_copy(update=…)` accepted."""
    for name, one in vars(value).items() if isinstance(value, BaseModel) else ():
        known = type(value).model_fields
        if name not in known:
            raise InputError(type(value).__name__, "a known field", name, did_you_mean(name, known))
        for inner in one if isinstance(one, tuple) else (one,):
            _refuse_unknown(inner)


def given_data(model: type[BaseModel], kind: str, given: Any,
               more: Mapping[str, Path] | None = None) -> tuple[dict[str, Any], str, Path | None]:
    """Convert a name, path, dict or `model` to plain data; also returns its place for errors and its file, if any.

    `more` are further files by name, used if neither `sim/` folder has the name.
    """
    if isinstance(given, str | Path):
        path, name = find_file(kind, str(given), more), str(given)
        raw, where = read_toml(path), display(path)
        if not name.endswith(".toml") and raw.get("id", name) != name:
            raise InputError(f"{where}, id", f'the file\'s own name, "{name}"', raw["id"], "make the two equal")
        return raw, where, path
    if not isinstance(given, Mapping | model):
        expected = f"a name, a path, a dict or a {model.__name__}"
        raise InputError(kind, expected, type(given).__name__, "give one of these")
    raw = plain_data(given)
    return raw, f"{model.__name__.lower()} {raw.get('id', 'without an id')}", None


def validate(model: type[Model], raw: Mapping[str, Any], where: str) -> Model:
    """Check raw data against a strict model; the first problem becomes a three-line error."""
    # JSON mode, because strict Python mode refuses lists for tuples and words for enums
    _refuse_odd(raw, where)
    try:
        return model.model_validate_json(json.dumps(raw, default=_as_text))
    except TypeError as error:
        raise InputError(where, "text, numbers, dates, lists and tables", error, "write it as a file would") from None
    except ValidationError as error:
        raise _explained(model, error, where) from None


def _as_text(value: object) -> str:
    """Convert TOML values that JSON lacks to text; other objects are refused."""
    if isinstance(value, (date, time, PurePath)):
        return str(value)
    raise TypeError(f"a {type(value).__name__}")


def _refuse_odd(raw: Any, where: str, keys: tuple[object, ...] = ()) -> None:
    expected, fix = "", ""
    if isinstance(raw, float) and not math.isfinite(raw):
        expected, fix = "a finite number", "write a number"
    elif isinstance(raw, str) and _STEERS.search(raw):
        expected, fix = "text without control characters", "remove them"
    elif len(keys) > _DEEPEST:
        expected, fix, raw = f"lists and tables at most {_DEEPEST} levels deep", "correct it", "more"
    if expected:
        raise InputError(_at(where, ".".join(map(str, keys[:8]))), expected, raw, fix)
    if isinstance(raw, Mapping | list):
        for name, value in raw.items() if isinstance(raw, Mapping) else enumerate(raw):
            _refuse_odd(value, where, (*keys, name))


_BRANCH = re.compile(r"[\[(]|^(str|float|int|bool)$")


def _at(where: str, key: str) -> str:
    return f"{where}, {key}" if key else where


def _explained(model: type[BaseModel], error: ValidationError, where: str) -> InputError:
    # a typo gives both an unknown and a missing key: report the unknown one, which the reader can see
    first = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")[0]
    # pydantic puts the names of union branches and validators into the path; readers know only their own keys, and an
    # unknown or missing key is one of those however it is spelled
    loc, own = first["loc"], first["type"] in ("extra_forbidden", "missing")
    path = [part for n, part in enumerate(loc) if not _BRANCH.search(str(part)) or (own and n == len(loc) - 1)]
    key = ".".join(str(part) for part in path)
    if first["type"] == "extra_forbidden":
        known = _keys(model, path[:-1])
        return InputError(_at(where, key), "a known key", path[-1], did_you_mean(str(path[-1]), known))
    if first["type"] == "missing":
        return InputError(_at(where, key), "this key", "nothing", f"add {path[-1]} = …")
    inner = first.get("ctx", {}).get("error")
    if isinstance(inner, InputError):  # a validator looked up a name: keep its fix, add the name's place
        return InputError(_at(where, key), inner.expected, inner.got, inner.fix)
    said = first["msg"].removeprefix("Value error, ")
    return InputError(_at(where, key), said[:1].lower() + said[1:], first.get("input"), "write a value of that kind")


def _keys(model: Any, path: list[Any]) -> list[str]:
    for part in (part for part in path if not isinstance(part, int)):
        model = _model_in(model.model_fields[part].annotation) if part in getattr(model, "model_fields", {}) else None
    return sorted(getattr(model, "model_fields", {}))


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def named_files(kind: str) -> dict[str, Path]:
    """Files of a kind (`policies`, `scenarios`, `studies`, `law` …) by name; the working folder's take precedence."""
    folders = shipped(f"sim/{kind}"), Path("sim", kind)
    return dict(sorted({path.stem: path for folder in folders for path in folder.glob("*.toml")}.items()))


def find_file(kind: str, name: str, more: Mapping[str, Path] | None = None) -> Path:
    """Find a file by name or path, in `sim/`, then in `more`; the error for an unknown name suggests the nearest."""
    if name.endswith(".toml"):
        return Path(name)
    known = {**(more or {}), **named_files(kind)}
    if name not in known:
        raise InputError(kind, f"a name in sim/{kind} or a path to a .toml file", name, did_you_mean(name, known))
    return known[name]


def display(path: Path) -> str:
    """Path for display, relative to the working folder or to the shipped files."""
    for base in (Path.cwd(), shipped("sim").parent):
        if path.is_absolute() and path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.as_posix()


def file_digest(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write to a new temporary file beside `path` and rename it when complete; an error leaves no file."""
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = _new_beside(path)
        yield part
        part.replace(path)
    except OSError as error:
        raise ResultsError(f"{path}: cannot be written ({shown(error.strerror or error)}).\n"
                           "  Fix: name a folder that can be written, with room on its disk.") from error
    finally:
        with suppress(OSError):  # if the folder cannot be reached there is nothing to remove
            if part is not None:
                part.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a text (as UTF-8) or bytes to a file, which appears when it is complete."""
    with whole_file(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def _new_beside(path: Path) -> Path:
    """Create an empty file under a new name; an existing file or link is never touched."""
    for number in count():
        part = path.with_name(f".{path.name}.{os.getpid()}-{number}.part")
        with suppress(FileExistsError):
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            break
    return part
