"""Errors for readers: where, what was expected, what was given, and the fix."""

import difflib
import sys
from collections.abc import Iterable, Sized
from dataclasses import fields
from functools import lru_cache
from importlib import import_module
from typing import Any


class PrivacysimError(Exception):
    """Base class of all deliberate privacysim errors; the command line prints the error and exits with 2."""

    def _render_traceback_(self) -> list[str]:
        """Lines that a notebook shows: those of the command line, without traceback."""
        return str(self).splitlines()


class InputError(PrivacysimError, ValueError):
    """An input that cannot be used.

    Parameters: `where` (file and key, or argument), `expected`, `got`, `fix`. The text has three lines.

    >>> print(InputError("sim/policies/a.toml, retention.public", 'a duration such as "15 d"', "15", 'write "15 d"'))
    sim/policies/a.toml, retention.public: expected a duration such as "15 d".
      Got: 15
      Fix: write "15 d".
    """

    def __init__(self, where: str, expected: str, got: object, fix: str) -> None:
        # a name from a file may contain line breaks and sequences that steer a terminal
        self.where, self.expected, self.fix = (printable(" ".join(one.splitlines())) for one in (where, expected, fix))
        self.got = shown(got)
        # exceptions are copied and sent between processes by their arguments
        super().__init__(self.where, self.expected, self.got, self.fix)

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}.\n  Got: {self.got}\n  Fix: {self.fix}."


class MissingExtraError(InputError):
    """A package from an extra of privacysim is not installed; the fix gives the install command."""

    def __init__(self, where: str, package: str, extra: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(where, f"the package {package}", "it is not installed", f'pip install "privacysim[{extra}]"')

    def __reduce__(self) -> tuple[Any, ...]:
        return MissingExtraError, (self.where, self.package, self.extra)


class ResultsError(PrivacysimError):
    """A results folder cannot be read, written or reused as asked."""


def optional(module: str) -> Any:
    """Import a module, or return None if its package is not installed; a broken package raises its own error."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        return None


def require(extra: str, *modules: str, where: str) -> Any:
    """Import modules of an extra of privacysim and return the first; a missing one raises MissingExtraError."""
    for module in modules:
        if optional(module) is None:
            raise MissingExtraError(where, module.partition(".")[0], extra)
    return optional(modules[0])


def printable(text: str) -> str:
    """Replace control characters, which would steer a terminal, and other characters that cannot be shown."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text)


def shown(got: object, limit: int = 120) -> str:
    """Describe the given value in one line of at most `limit` characters that can be shown."""
    text = printable(" ".join(str(got).split()))
    return text if len(text) <= limit else text[: limit - 1] + "…"


@lru_cache(maxsize=64)
def say_once(text: str) -> None:
    """Print a sentence on the error stream, once per process."""
    print(text, file=sys.stderr)


def one_line(thing: Any) -> str:
    """`__repr__` of dataclasses with arrays and tables: plain fields, and the sizes of the others."""
    words = []
    for name in (one.name for one in fields(thing) if not one.name.startswith("_")):
        value = getattr(thing, name)
        if isinstance(value, (str, int, float)) and value != "":
            words.append(f"{name}={shown(value, 40)!r}" if isinstance(value, str) else f"{name}={value:g}")
        elif isinstance(value, Sized) and not isinstance(value, str):
            words.append(f"{len(value)} {name}")
    return shown(f"{type(thing).__name__}({', '.join(words)})")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to `name`, or None."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the fix for an unknown name: the nearest known one, else the list.

    >>> did_you_mean("notice_olny", ["notice_only", "order_799"])
    'write notice_only'
    """
    names = sorted(known)
    if close := nearest(name, names):
        return f"write {close}"
    return "choose one of " + shown(", ".join(names), 100) if names else "leave it out"


def refuse_unknown(name: object, known: Iterable[str], where: str, expected: str) -> None:
    """Raise an InputError if the name is not among the known ones; it suggests the nearest."""
    names = list(known)
    if name not in names:
        raise InputError(where, expected, name, did_you_mean(str(name), names))
