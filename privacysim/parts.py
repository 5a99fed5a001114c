"""User-supplied parts: found by name, hashed by content, and sent to workers by value.

A *part* replaces a shipped component: a metric, a mask, a process, a desk, a source of a city, a table of people or
cameras. It is an object (in a notebook a function is enough) or the name of an entry point of an installed package.
Its digest states which part made a result; its bytes let workers in other processes run the same part.
"""

import copyreg
import dis
import hashlib
import inspect
import os
import pickle
import sys
import sysconfig
import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoints, PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd

from privacysim.errors import InputError, did_you_mean, shown

GROUPS = ("metrics", "masks", "processes", "cities", "readers", "laws")
"""Kinds of parts that an installed package can declare, as entry points of `privacysim.<kind>`."""

_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented))
_SLOTS = (types.GetSetDescriptorType, types.MemberDescriptorType, types.WrapperDescriptorType)
_BUILTIN = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
_NAMED = (types.FunctionType, type, types.ModuleType)
_NOT_CONTENT = {"__dict__", "__weakref__", "__module__", "__doc__", "__qualname__", "__firstlineno__",
                "__static_attributes__", "__dataclass_params__", "__dataclass_fields__", "__match_args__",
                "__abstractmethods__", "_abc_impl", "__parameters__", "__orig_bases__", "__slots__",
                "__protocol_attrs__", "_is_protocol", "_is_runtime_protocol"}


def installed(group: str) -> EntryPoints:
    """Entry points of the installed parts of a kind."""
    return _declared(tuple((place, os.path.getmtime(place)) for place in sys.path if os.path.isdir(place)), group)


@cache  # Python would read the metadata of every package again: 20 ms
def _declared(places: tuple[tuple[str, float], ...], group: str) -> EntryPoints:
    return entry_points(group=f"privacysim.{group}")


def known_names(group: str) -> tuple[str, ...]:
    """Names of the installed parts of a kind (`"metrics"`, `"masks"` …), sorted."""
    return tuple(sorted({point.name for point in installed(group)}))


def named(group: str, name: str) -> Any:
    """Load an installed part by kind and name; an unknown name, or a failing import, raises an InputError."""
    found = [point for point in installed(group) if point.name == name]
    if not found:
        raise InputError(group, f"an entry point of privacysim.{group}", name, did_you_mean(name, known_names(group)))
    try:
        return found[0].load()
    except Exception as error:  # a foreign package may raise anything
        raise InputError(f"{group}, {name}", f"an entry point that can be loaded ({found[0].value})",
                         f"{type(error).__name__}: {error}", "repair or reinstall the package that brings it") from None


def digest(part: Any, name: str = "") -> str:
    """Hash a part's code and data: 64 hexadecimal digits, equal in every process, file and notebook cell.

    For a function or class, this covers its compiled code (comments and layout do not count), defaults, captured
    values, and recursively the globals, helper functions and classes that the code reads. Installed modules count by
    name and version, arrays and DataFrames by content, other objects by class and state. A value that cannot be hashed
    (an open file, a lock, a generator) raises an InputError that names it. Errors call the part `name`.
    """
    return _Reader(name or name_of(part)).digest(part)


def shipped_bytes(part: Any, name: str = "") -> bytes:
    """Pickle the part to bytes that any worker can load with `from_bytes`, even without its module."""
    reader = _Reader(name or name_of(part))
    reader.digest(part)  # finds the user's own modules that it reads
    by_value = [sys.modules[name] for name in sorted(reader.modules)
                if name in sys.modules and name not in cloudpickle.list_registry_pickle_by_value()]  # fmt: skip
    for module in by_value:
        cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(part))
    except Exception as error:  # cloudpickle passes on any error of the object's methods
        raise InputError(reader.name, "a part that can be sent to worker processes",
                         f"{type(error).__name__}: {shown(error, 60)}",
                         "create objects that cannot be sent inside the function") from None  # fmt: skip
    finally:
        for module in by_value:
            cloudpickle.unregister_pickle_by_value(module)


def from_bytes(text: bytes, name: str = "part") -> Any:
    """Load a part from its bytes; a missing package raises an InputError."""
    try:
        return pickle.loads(text)
    except Exception as error:  # an import that fails here, or another version of Python
        raise InputError(name, "a part that can be loaded here", f"{type(error).__name__}: {shown(error, 80)}",
                         "install what it imports, under the same version of Python") from None  # fmt: skip


def name_of(part: Any) -> str:
    """Name of a part: its `name`, `id` or `__name__`, else its class."""
    found = (getattr(part, key, None) for key in ("name", "id", "__name__"))
    return next((name for name in found if isinstance(name, str) and name), type(part).__name__)


def source_text(part: Any) -> str:
    """Source of a function, a class, or an object's class if Python still has it, else an empty string."""
    while hasattr(part, "__wrapped__"):
        part = part.__wrapped__
    rows = getattr(part, "rows", None)
    target = part if callable(part) and hasattr(part, "__name__") else rows if callable(rows) else type(part)
    try:
        return inspect.getsource(target)
    except (OSError, TypeError):
        return ""


class _Reader:
    """Feeds everything that a part reads to a hash, and collects the user's own modules."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.modules: set[str] = set()
        self._hash = hashlib.sha256()
        self._seen: dict[int, tuple[int, Any]] = {}  # the objects too, lest another gets the id of one that is gone
        self._inside: list[int] = []

    def digest(self, part: Any) -> str:
        self._read(part, self.name)
        return self._hash.hexdigest()

    def _say(self, *words: object) -> None:
        self._hash.update("\x1f".join(str(word) for word in words).encode("utf-8", "surrogatepass") + b"\x1e")

    def _read(self, value: Any, at: str) -> None:
        """Feed one value; `at` is its access path, for errors."""
        if type(value) in _PLAIN:
            self._say(type(value).__name__, repr(value))
        elif id(value) in self._seen:  # functions and classes count once wherever they are named
            self._say("again", self._seen[id(value)][0])
        elif isinstance(value, _NAMED):
            self._seen[id(value)] = len(self._seen), value
            self._content(value, at)
        elif id(value) in self._inside:
            self._say("inside", len(self._inside) - self._inside.index(id(value)))
        else:  # data counts by content
            self._inside.append(id(value))
            self._content(value, at)
            self._inside.pop()

    def _content(self, value: Any, at: str) -> None:
        if type(value) in (list, tuple):
            self._say(type(value).__name__, len(value))
            for n, one in enumerate(value):
                self._read(one, f"{at}[{n}]")
        elif type(value) in (dict, types.MappingProxyType):
            self._say("dict", len(value))
            for key, one in sorted(value.items(), key=lambda item: self._alone(item[0], at)):
                self._read(key, at)
                self._read(one, f"{at}[{key!r}]")
        elif type(value) in (set, frozenset):
            self._say("set", *sorted(self._alone(one, at) for one in value))
        elif isinstance(value, types.FunctionType):
            self._function(value, at)
        elif isinstance(value, type):
            self._class(value, at)
        elif isinstance(value, types.ModuleType):
            self._module(value, at)
        elif isinstance(value, (property, classmethod, staticmethod)):
            self._say(type(value).__name__)
            inner = value.fget if isinstance(value, property) else value.__func__
            for one in (inner, *((value.fset, value.fdel) if isinstance(value, property) else ())):
                self._read(one, at)
        elif isinstance(value, (np.ndarray, np.generic)):
            self._array(np.asarray(value), at)
        elif isinstance(value, (pd.DataFrame, pd.Series, pd.Index)):
            self._table(value, at)
        else:
            self._other(value, at)

    def _alone(self, value: Any, at: str) -> str:
        """Sort key that does not depend on the hash seed."""
        if type(value) in _PLAIN:
            return f"{type(value).__name__} {value!r}"
        reader = _Reader(self.name)
        found = reader.digest(value)
        self.modules |= reader.modules
        return f"{type(value).__name__} {found}"

    def _function(self, function: types.FunctionType, at: str) -> None:
        self._say("function", function.__name__)
        if not self._own(function.__module__, function.__globals__):
            self._say(function.__qualname__, *_library(function.__module__))
            return
        self._code(function.__code__)
        self._read(function.__defaults__, f"{at}, a default")
        self._read(function.__kwdefaults__, f"{at}, a default")
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self._say("captured", name)
            if cell != types.CellType():  # a name without a value yet counts by name
                self._read(cell.cell_contents, f"{at}, {name}")
        names, attributes, imported = _names(function.__code__)
        for name in imported:
            if self._own(name, {}):
                raise InputError(self.name, "helpers that are imported at the top of the file or cell",
                                 f"{function.__name__} imports {name} inside", f"move `import {name}` to the top")
            self._say("imports", *_library(name))
        for name in names:
            if name in function.__globals__:
                self._say("reads", name)
                value = function.__globals__[name]
                if isinstance(value, types.ModuleType):
                    self._module(value, f"{at}, {name}", attributes)
                else:
                    self._read(value, f"{at}, {name}")
        extra = {k: v for k, v in function.__dict__.items() if not k.startswith("__")}
        if extra:
            self._read(extra, at)
        if hasattr(function, "__wrapped__"):
            self._read(function.__wrapped__, at)

    def _code(self, code: types.CodeType) -> None:
        self._say("code", code.co_name, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount,
                  code.co_flags & 0xFF, *code.co_varnames, "|", *code.co_freevars, "|", *code.co_names)  # fmt: skip
        self._hash.update(code.co_code)
        for const in code.co_consts:
            if isinstance(const, types.CodeType):
                self._code(const)
            else:
                self._say(type(const).__name__, _stable(const))

    def _class(self, cls: type, at: str) -> None:
        if not self._own(cls.__module__, {}):
            self._say("class", cls.__qualname__, *_library(cls.__module__))
            return
        self._say("class", cls.__name__)
        for base in cls.__bases__:
            self._read(base, at)
        for name, value in sorted(vars(cls).items()):
            if name in _NOT_CONTENT or name.startswith("__pydantic") or isinstance(value, _SLOTS):
                continue
            self._say("has", name)
            self._read(_stable(value) if name == "__annotations__" else value, f"{at}.{name}")

    def _module(self, module: types.ModuleType, at: str, attributes: Sequence[str] = ()) -> None:
        if not self._own(module.__name__, vars(module)):
            self._say("module", *_library(module.__name__))
            return
        self._say("own module")
        for name in sorted(set(attributes) & set(vars(module))):
            self._say("reads", name)
            self._read(vars(module)[name], f"{at}.{name}")

    def _array(self, value: np.ndarray, at: str) -> None:
        self._say("array", value.dtype.str, value.shape)
        if value.dtype.hasobject:
            self._read(value.ravel().tolist(), at)
        else:
            self._hash.update(np.ascontiguousarray(value).tobytes())

    def _table(self, value: Any, at: str) -> None:
        self._say(type(value).__name__, len(value))
        columns = value.dtypes.items() if isinstance(value, pd.DataFrame) else [(value.name, value.dtype)]
        for name, kind in columns:
            self._say(repr(name), kind)
        try:
            self._array(pd.util.hash_pandas_object(value).to_numpy(), at)
        except TypeError:
            raise self._refused(at, "a table with lists or other objects in its cells") from None

    def _other(self, value: Any, at: str) -> None:
        """Feed any other value: callables by what they wrap or by name, objects by their copy protocol."""
        inner = getattr(value, "py_func", None) or getattr(value, "__wrapped__", None)
        if inner is not None:
            self._say(type(value).__name__)
            self._read(inner, at)
            return
        owner = getattr(value, "__self__", None)
        if isinstance(value, _BUILTIN) and (owner is None or isinstance(owner, (type, types.ModuleType))):
            self._say("builtin", getattr(value, "__module__", ""), value.__qualname__)
            return
        try:
            reduce = copyreg.dispatch_table.get(type(value))
            how = reduce(value) if reduce else value.__reduce_ex__(4)
        except Exception:  # its methods refuse copying
            raise self._refused(at, f"a {type(value).__name__}, which cannot be copied") from None
        self._say("object", type(value).__name__)
        if isinstance(how, str):
            self._say(type(value).__module__, how)
            return
        for part in how:
            self._read(list(part) if isinstance(part, Iterator) else part, at)

    def _own(self, module: str | None, names: Mapping[str, Any]) -> bool:
        """Whether the module is the user's own, so that it is hashed by content and sent by value."""
        module = module or str(names.get("__name__", "__main__"))
        elsewhere = bool(names) and names is not vars(sys.modules.get(module, types))  # run by exec, as in a doctest
        found = _is_own(module) or (elsewhere and module.startswith("privacysim"))
        if found and not elsewhere and module in sys.modules and module != "__main__":
            self.modules.add(module)
        return found

    def _refused(self, at: str, got: str) -> InputError:
        fix = "use plain values, arrays or tables, and open files and locks inside the function"
        return InputError(self.name, "a part whose functions and values can be hashed and sent to workers",
                          f"{at}: {got}", fix)


def _names(code: types.CodeType) -> tuple[list[str], list[str], list[str]]:
    """Globals, attributes and imported modules that the code uses, including its inner functions."""
    kinds = {"LOAD_GLOBAL": 0, "LOAD_NAME": 0, "LOAD_ATTR": 1, "LOAD_METHOD": 1, "IMPORT_FROM": 1, "IMPORT_NAME": 2}
    found: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    waiting = [code]
    while waiting:
        one = waiting.pop()
        waiting += [const for const in one.co_consts if isinstance(const, types.CodeType)]
        for step in dis.get_instructions(one):
            if step.opname in kinds:
                found[kinds[step.opname]].add(str(step.argval))
    return sorted(found[0]), sorted(found[1]), sorted(found[2])


def _stable(value: Any) -> str:
    """Constant or annotation as text, with the members of sets in order."""
    if isinstance(value, (set, frozenset)):
        return repr(sorted(map(_stable, value)))
    if isinstance(value, tuple):
        return repr([_stable(one) for one in value])
    if isinstance(value, dict):
        return repr({key: _stable(one) for key, one in value.items()})
    return value.__qualname__ if isinstance(value, type) else repr(value)


@cache
def _is_own(module: str) -> bool:
    top = module.partition(".")[0]
    if top == "__main__":
        return True
    if top == "privacysim" or top in sys.stdlib_module_names:
        return False
    path = getattr(sys.modules.get(module) or sys.modules.get(top), "__file__", None)
    if path is None:
        return True
    installed = {sysconfig.get_paths()[key] for key in ("purelib", "platlib", "stdlib")}
    return not any(Path(path).is_relative_to(folder) for folder in installed)


def _library(module: str) -> tuple[str, str]:
    """Name and version of an installed module; privacysim has none, as its source is hashed with every study."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top == "privacysim":
        return module, ""
    try:
        return module, version(top)
    except PackageNotFoundError:
        return module, str(getattr(sys.modules.get(top), "__version__", ""))
