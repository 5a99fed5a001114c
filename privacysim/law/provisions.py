"""Law as dated data: models of provisions, sanctions, general answers and places, and the checked collection of them.

Each provision summarises its rule in one sentence; only the official text is binding. Status: R article read in the
statute's text, S secondary text, M known but not read (verify before citing), A assumption, H hypothetical.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, model_validator

from privacysim import vocabulary as words
from privacysim.errors import InputError, did_you_mean, one_line, refuse_unknown
from privacysim.files import Duration, Reference, Strict

Lines = tuple[str, ...]
_STAFF = ("own_staff_on_duty", "own_staff_off_purpose", "contractor")
REQUESTER_GROUPS = {"organs": words.STATE_ORGANS, "staff": _STAFF,
                    "outsiders": tuple(word for word in words.REQUESTERS if word not in (*words.STATE_ORGANS, *_STAFF))}
"""Group names that a rule may use for several requesters."""


def closed_words(kind: str, known: tuple[str, ...], groups: dict[str, tuple[str, ...]] | None = None) -> Any:
    """Type of a field that accepts several words of a closed list, or "any"."""

    def flat(value: object) -> object:
        if value == "any":
            return ()
        if not isinstance(value, list | tuple) or not value:
            raise ValueError(f'a list of words, or "any", for {kind}')
        found = [one for word in value for one in ((groups or {}).get(str(word)) or (word,))]
        for word in found:
            if word not in known:
                fix = did_you_mean(str(word), (*known, *(groups or ())))
                raise ValueError(f"words of {kind} (not {word!r}: {fix})")
        return tuple(dict.fromkeys(found))

    return Annotated[tuple[str, ...], BeforeValidator(flat), PlainSerializer(lambda found: list(found) or "any")]


def closed_word(kind: str, known: tuple[str, ...]) -> Any:
    """Type of a field that accepts one word of a closed list."""

    def one(value: object) -> object:
        if value not in known:
            raise ValueError(f"a word of {kind} ({did_you_mean(str(value), known)})")
        return value

    return Annotated[str, BeforeValidator(one)]


class Match(Strict):
    """The acts that a rule applies to; an omitted field matches anything."""

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
    """The policy's name in English and, if it has one, in Chinese."""

    en: str
    zh: str = ""


Band = tuple[float, float]
Status = Literal["R", "S", "M", "A", "H"]


class Sanction(Strict):
    """The possible sanctions for a breach: ranges (low, high) by addressee, and the step at which they apply.

    `step`: at once; only after an order to correct was refused; civil; not stated. Fines are in CNY, detention in
    days, prison in years. `limitation`: the time after which the breach can no longer be punished.
    """

    step: Literal["at_once", "order_first", "civil", "none_stated"]
    currency: Literal["CNY", "EUR"] = "CNY"
    individual: Band | None = None
    unit: Band | None = None
    responsible: Band | None = None
    graver_individual: Band | None = None
    graver_unit: Band | None = None
    graver_responsible: Band | None = None
    gain_factor: Band | None = None
    turnover_share: float | None = None
    detention_d: Band | None = None
    graver_detention_d: Band | None = None
    prison_years: Band | None = None
    graver_prison_years: Band | None = None
    limitation: Duration | None = None
    note: str = ""

    @model_validator(mode="after")
    def _bands(self) -> Sanction:
        for name, value in self:
            if isinstance(value, tuple) and not 0 <= value[0] <= value[1]:
                raise ValueError(f"0 ≤ low ≤ high in {name}")
        return self


class Law(Strict):
    """A law, regulation, interpretation or draft; without `in_force_from` it never came into force."""

    id: str
    title: Title
    short: str
    in_force_from: date | None = None
    in_force_to: date | None = None
    note: str = ""


class Provision(Strict):
    """One rule of a law; omitted dates default to those of the law."""

    id: str
    law: str
    article: str
    says: str
    addressee: str = "any"
    status: Status
    in_force_from: date | None = None
    in_force_to: date | None = None
    sanction: Sanction | None = None
    note: str = ""


class Bundle(Strict):
    """General law between two dates."""

    id: str
    first_day: date
    last_day: date | None = None
    says: str
    breach_notice: bool = False
    """Whether people must be told of a known breach, regardless of the camera rules."""


class GeneralAnswer(Match):
    """What general law says about acts; the first matching answer applies."""

    bundle: Lines = ()
    authorised: bool | None = None
    identifiable: bool | None = None
    irreversible: bool | None = None
    general: closed_word("general", words.GENERAL)  # type: ignore[valid-type]
    basis: Lines = ()
    note: str = ""


class Place(Strict):
    """The article of a law that defines a class of place; `regime` is the neutral name that policies use."""

    regime: closed_word("regime", words.REGIMES)  # type: ignore[valid-type]
    law: str
    article: str
    says: str = ""


class LawPack(Strict):
    """The law of a jurisdiction, or part of it: the content that a pack's TOML files may have between them.

    A pack with a single provision is enough for a policy to cite it. `bundle` and `answer` state general law and
    require each other; `place` maps the neutral words for places to articles.
    """

    law: tuple[Law, ...] = ()
    provision: tuple[Provision, ...] = ()
    bundle: tuple[Bundle, ...] = ()
    answer: tuple[GeneralAnswer, ...] = ()
    place: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Laws:
    """All law in use, checked: ids are unique, every provision has a law, and every basis has a provision."""

    __repr__ = one_line

    laws: Mapping[str, Law]
    provisions: Mapping[str, Provision]
    bundles: tuple[Bundle, ...]
    answers: tuple[GeneralAnswer, ...]
    places: tuple[Place, ...] = ()
    policies: Mapping[str, Path] = field(default_factory=dict)
    """Policy files from law packs, by name."""
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Packs that are not shipped, as plain data by name; results depend on them."""

    def provision(self, provision_id: str, where: str = "data/law") -> Provision:
        """The provision with that id; an unknown id is an error that suggests the closest one."""
        refuse_unknown(provision_id, self.provisions, where, "a provision of data/law or of a law pack")
        return self.provisions[provision_id]

    def cited(self, reference: Reference | Place, where: str) -> Provision:
        """The provision that a reference cites by law and article."""
        law, article = reference.law, reference.article
        refuse_unknown(law, self.laws, where, "a law of data/law or of a law pack")
        articles = {p.article: p for p in self.provisions.values() if p.law == law}
        refuse_unknown(article, articles, where, f"an article of {law} that data/law or a law pack holds")
        return articles[article]

    def span(self, provision: Provision) -> tuple[date | None, date | None]:
        """First and last day in force; the first is None for a draft, the last is None while still in force."""
        law = self.laws[provision.law]
        return provision.in_force_from or law.in_force_from, provision.in_force_to or law.in_force_to

    def in_force(self, provision: Provision, day: date) -> bool:
        """Whether the provision is in force on that day; a draft never is."""
        first, last = self.span(provision)
        return first is not None and first <= day and (last is None or day <= last)

    def bundle_on(self, day: date, where: str = "law_date") -> Bundle:
        """General law on that day; a date outside every bundle is an error."""
        for bundle in self.bundles:
            if bundle.first_day <= day and (bundle.last_day is None or day <= bundle.last_day):
                return bundle
        spans = "; ".join(f"{b.first_day} to {b.last_day or 'today'}" for b in self.bundles)
        raise InputError(where, "a date that a bundle of general law covers", day, f"choose a date in {spans}")
