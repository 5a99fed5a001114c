"""Which acts a provision or a rule speaks about: the closed words that may stand in law and policy files."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from privacysim import vocabulary as words
from privacysim.errors import did_you_mean
from privacysim.files import Strict

Lines = tuple[str, ...]
REQUESTER_GROUPS = {
    "organs": words.STATE_ORGANS,
    "staff": ("own_staff_on_duty", "own_staff_off_purpose", "contractor"),
    "outsiders": tuple(
        word for word in words.REQUESTERS
        if word not in words.STATE_ORGANS and word not in ("own_staff_on_duty", "own_staff_off_purpose", "contractor")
    ),
}
"""Shorthands that a rule may use for several requesters."""


def closed_words(kind: str, known: tuple[str, ...], groups: dict[str, tuple[str, ...]] | None = None) -> Any:
    """The type of a field that holds several words of a closed list, or "any"."""

    def flat(value: object) -> object:
        if value == "any":
            return ()
        if not isinstance(value, list | tuple) or not value:
            raise ValueError(f'a list of words, or "any", for {kind}')
        found: list[str] = []
        for word in value:
            if groups and isinstance(word, str) and word in groups:
                found += groups[word]
            elif word in known:
                found.append(word)
            else:
                fix = did_you_mean(str(word), (*known, *(groups or ())))
                raise ValueError(f"words of {kind} (not {word!r}: {fix})")
        return tuple(dict.fromkeys(found))

    return Annotated[tuple[str, ...], BeforeValidator(flat), PlainSerializer(lambda found: list(found) or "any")]


def closed_word(kind: str, known: tuple[str, ...]) -> Any:
    """The type of a field that holds one word of a closed list."""

    def one(value: object) -> object:
        if value not in known:
            raise ValueError(f"a word of {kind} ({did_you_mean(str(value), known)})")
        return value

    return Annotated[str, BeforeValidator(one)]


class Match(Strict):
    """Which acts a rule speaks about; what is left out matches anything."""

    requester: closed_words("requester", words.REQUESTERS, REQUESTER_GROUPS) = ()  # type: ignore[valid-type]
    purpose: closed_words("purpose", words.PURPOSES) = ()  # type: ignore[valid-type]
    channel: closed_words("channel", words.CHANNELS) = ()  # type: ignore[valid-type]
    acts: closed_words("acts", words.ACTS) = ()  # type: ignore[valid-type]
    technique: closed_words("technique", words.TECHNIQUES) = ()  # type: ignore[valid-type]
    operator: closed_words("operator", words.OPERATORS) = ()  # type: ignore[valid-type]
    regime: closed_words("regime", words.REGIMES) = ()  # type: ignore[valid-type]
    scene: closed_words("scene", words.SCENES) = ()  # type: ignore[valid-type]
    secret: closed_words("secret", words.SECRETS) = ()  # type: ignore[valid-type]
    own: bool | None = None
    listed: bool | None = None
    masked: bool | None = None
    """True: under a mask (reversible or not); False: clear footage."""


class Title(Strict):
    """The policy's name, in English and, where it has one, in Chinese."""

    en: str
    zh: str = ""
