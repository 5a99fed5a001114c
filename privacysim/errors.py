"""What goes wrong, said for the reader: where, what is required, what was got, and the cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PrivacysimError(Exception):
    """Base of every error that privacysim raises on purpose; the command line prints it and exits with 2."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the lines that the command line prints, no traceback."""
        return str(self).splitlines()


class InputError(PrivacysimError, ValueError):
    """Something a reader wrote or named cannot be used.

    Parameters: `where` (file and key, or argument), `required`, `got`, `cure`. The text has three lines.

    >>> print(InputError("sim/policies/a.toml, retention.art9", 'a duration such as "15 d"', "15", 'write "15 d"'))
    sim/policies/a.toml, retention.art9: required is a duration such as "15 d".
      Got: 15
      Cure: write "15 d".
    """

    def __init__(self, where: str, required: str, got: object, cure: str) -> None:
        # a name from a file may hold what ends a line
        self.where, self.required, self.cure = (" ".join(text.splitlines()) for text in (where, required, cure))
        self.got = shown(got)
        super().__init__(f"{self.where}: required is {self.required}.\n  Got: {self.got}\n  Cure: {self.cure}.")

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str, str]]:
        # an exception is sent between processes by its arguments, not by its text
        return InputError, (self.where, self.required, self.got, self.cure)


class ResultsError(PrivacysimError):
    """A results folder cannot be read, written or reused as asked."""


def shown(got: object, limit: int = 120) -> str:
    """One line of at most `limit` characters that says what was got."""
    text = " ".join(str(got).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` probably meant, or None."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The cure for a name that nobody knows: the nearest right one, else the list.

    >>> did_you_mean("notice_olny", ["notice_only", "order_799"])
    'write notice_only'
    """
    names = sorted(known)
    close = nearest(name, names)
    if close:
        return f"write {close}"
    return "choose one of " + shown(", ".join(names), 100) if names else "leave it out"
