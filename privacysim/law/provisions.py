"""Law as dated data: models of provisions, sanctions, general answers and places, and the checked collection of them.

Each provision summarises its rule in one sentence; only the official text is binding. Status: R article read in the
statute's text, S secondary text, M known but not read (verify before citing), A assumption, H hypothetical.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from privacysim import vocabulary as words
from privacysim.errors import InputError, did_you_mean, one_line, refuse_unknown
from privacysim.files import Duration, Name, Reference, Strict

Lines = tuple[str, ...]
_STAFF = ("own_staff_on_duty", "own_staff_off_purpose", "contractor")
REQUESTER_GROUPS = {"organs": words.STATE_ORGANS, "staff": _STAFF,
                    "outsiders": tuple(word for word in words.REQUESTERS if word not in (*words.STATE_ORGANS, *_STAFF))}
"""Group names that a rule may use for several requesters."""
PURPOSE_GROUPS = {"public_need": tuple(word for word in words.PURPOSES
                                       if word not in ("private_claim", "news", "commerce", "curiosity"))}
"""Group names for several purposes: everything that duty, danger or law may require, but no private ends."""


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
    purpose: closed_words("purpose", words.PURPOSES, PURPOSE_GROUPS) = ()  # type: ignore[valid-type]
    channel: closed_words("channel", words.CHANNELS) = ()  # type: ignore[valid-type]
    acts: closed_words("acts", words.ACTS) = ()  # type: ignore[valid-type]
    technique: closed_words("technique", words.TECHNIQUES) = ()  # type: ignore[valid-type]
    operator: closed_words("operator", words.OPERATORS) = ()  # type: ignore[valid-type]
    regime: closed_words("regime", words.REGIMES) = ()  # type: ignore[valid-type]
    scene: closed_words("scene", words.SCENES) = ()  # type: ignore[valid-type]
    secret: closed_words("secret", words.SECRETS) = ()  # type: ignore[valid-type]
    entry: closed_words("entry", words.ENTRIES) = ()  # type: ignore[valid-type]
    of_whom: closed_words("of_whom", ("", *words.WHOM)) = ()  # type: ignore[valid-type]
    tells: closed_words("tells", words.TELLS) = ()  # type: ignore[valid-type]
    own: bool | None = None
    listed: bool | None = None
    household: bool | None = None
    """True: a natural person's household affair."""
    sited: bool | None = None
    """True: the camera may stand there."""
    masked: bool | None = None
    """True: under a mask (reversible or not); False: clear footage."""
    anonymous: bool | None = None
    """True: nobody can be identified, because no face is recognisable or an irreversible mask hides it."""


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
    currency: Literal["CNY", "EUR", "GBP", "USD"] = "CNY"
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

    id: Name
    title: Title
    short: str
    in_force_from: date | None = None
    in_force_to: date | None = None
    continued_by: str = ""
    """The law that took over its rules when it ended; rules that rest on it then remain valid."""
    note: str = ""


class Floor(Strict):
    """The shortest retention that a provision allows; `classes` are sections of `retention`."""

    classes: Lines
    keep: Duration


class Provision(Strict):
    """One rule of a law; omitted dates default to those of the law."""

    id: Name
    law: str
    article: str
    says: str
    addressee: str = "any"
    status: Status
    carries: tuple[Literal["access", "ban", "duty", "sanction", "limit"], ...] = ()
    """What kinds of rules may cite it; without a kind, any."""
    floor: Floor | None = None
    in_force_from: date | None = None
    in_force_to: date | None = None
    sanction: Sanction | None = None
    note: str = ""


class Bundle(Strict):
    """General law between two dates."""

    id: Name
    first_day: date
    last_day: date | None = None
    says: str
    breach_notice: bool = False
    """Whether people must be told of a known breach, regardless of the camera rules."""


class GeneralAnswer(Match):
    """What general law says about acts; the first matching answer applies.

    On each day, only the provisions of `basis` that are then in force count; if there are none, the answer does not
    apply. `from_items` and `from_gain` are thresholds: one of them must be reached by what the question says. If it
    says neither, the answer applies only with `amounts_unsaid`.
    """

    bundle: Lines = ()
    authorised: bool | None = None
    identifiable: bool | None = None
    irreversible: bool | None = None
    from_items: int | None = None
    from_gain: int | None = None
    amounts_unsaid: bool = False
    general: closed_word("general", words.GENERAL)  # type: ignore[valid-type]
    basis: Lines = ()
    note: str = ""


class DutyRule(Match):
    """A duty of those who run cameras, or an exemption (`owed = "no"`); the first matching one answers.

    `basis` counts as in `GeneralAnswer`. `term`: in words, or a time such as "30 d". `liable`: whether a breach alone
    makes the operator liable to the person filmed.
    """

    duty: closed_word("duty", words.DUTIES)  # type: ignore[valid-type]
    place: closed_words("place", words.CATEGORIES) = ()  # type: ignore[valid-type]
    when: closed_words("when", words.CIRCUMSTANCES) = ()  # type: ignore[valid-type]
    owed: Literal["yes", "no", "depends"] = "yes"
    term: str = ""
    liable: bool = False
    basis: Lines


class Place(Strict):
    """The article of a law that defines a class of place; `regime` is the neutral name that policies use."""

    regime: closed_word("regime", words.REGIMES)  # type: ignore[valid-type]
    law: str
    article: str
    says: str = ""


class Heading(Strict):
    """One heading of an assessment: what it asks, the articles that require it, and the parts of a study that answer
    it.

    `rules` are parts of the assessed policy. `metrics` are names of metrics, with all their divisions. `facts` are
    numbers of the scenario, by the beginning of their keys (`cameras.`). `study` are results as the memo shows them,
    and the articles of the form's laws. `hint` states what a study cannot know and where the author can find it.
    """

    title: str
    asks: str
    reference: Annotated[tuple[Reference, ...], Field(min_length=1)]
    rules: tuple[Literal["routes", "own_footage", "bans", "retention", "filing", "logs", "security", "signage",
                         "interests", "building", "siting", "mask", "desk", "oversight", "sanctions",
                         "silent"], ...] = ()  # fmt: skip
    metrics: Lines = ()
    facts: Lines = ()
    study: tuple[Literal["alternatives", "effects", "articles", "unknown"], ...] = ()
    hint: str = ""

    @model_validator(mode="after")
    def _answered(self) -> Heading:
        if not (self.rules or self.metrics or self.facts or self.study or self.hint.strip()):
            raise ValueError("rules, metrics, facts or study that answer the heading, or a hint for its author")
        return self


class Assessment(Strict):
    """The impact assessment that a law asks for, as a list of headings in its order."""

    id: Name
    title: Title
    who: str
    reference: tuple[Reference, ...]
    status: Status
    heading: tuple[Heading, ...]
    note: str = ""


class LawPack(Strict):
    """The law of a jurisdiction, or part of it: the content that a pack's TOML files may have between them.

    A pack with a single provision is enough for a policy to cite it. `bundle` and `answer` state general law and
    require each other; `place` maps the neutral words for places to articles; `assessment` lists the headings of the
    impact assessment that its law asks for; `duty` states duties in addition to those of camera rules.
    """

    law: tuple[Law, ...] = ()
    provision: tuple[Provision, ...] = ()
    bundle: tuple[Bundle, ...] = ()
    answer: tuple[GeneralAnswer, ...] = ()
    place: tuple[Place, ...] = ()
    assessment: tuple[Assessment, ...] = ()
    duty: tuple[DutyRule, ...] = ()


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
    assessments: Mapping[str, tuple[str, Assessment]] = field(default_factory=dict)
    """Forms by id, each with its file."""
    general: str = ""
    """Name of the pack whose general law applies."""
    packs: Mapping[str, str] = field(default_factory=dict)
    """Pack of each law, of packs that hold general law."""
    cases: Mapping[str, Path] = field(default_factory=dict)
    """Files of oracle cases by pack."""
    duties: tuple[DutyRule, ...] = ()
    _on: dict[date, tuple[GeneralAnswer, ...]] = field(default_factory=dict, compare=False)
    said: dict[Any, dict[Any, tuple[str, str]]] = field(default_factory=dict, compare=False)
    """By day: what general law said of acts, for `policy.judging` alone; it is the same under every policy."""

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

    def cite(self, place: Reference | Place | Provision) -> str:
        """Law and article in short, such as `Order 799 16(2)`."""
        return f"{self.laws[place.law].short} {place.article}"

    def span(self, provision: Provision) -> tuple[date | None, date | None]:
        """First and last day in force; the first is None for a draft, the last is None while still in force."""
        law = self.laws[provision.law]
        return provision.in_force_from or law.in_force_from, provision.in_force_to or law.in_force_to

    def in_force(self, provision: Provision, day: date) -> bool:
        """Whether the provision is in force on that day; a draft never is."""
        first, last = self.span(provision)
        return first is not None and first <= day and (last is None or day <= last)

    def overlaps(self, provision: Provision, bundle: Bundle) -> bool:
        """Whether the provision is in force on a day of the bundle."""
        first, last = self.span(provision)
        begins = first is not None and (bundle.last_day is None or first <= bundle.last_day)
        return begins and (last is None or last >= bundle.first_day)

    def opens(self, references: Sequence[Reference], day: date) -> bool:
        """Whether a rule that cites `references` applies on that day: from the first day of the law cited first, and
        after the end of that law only if another law continues it. A draft, and a rule without a citation, always
        apply.
        """
        if not references:
            return True
        provision = self.cited(references[0], "")
        first, _ = self.span(provision)
        continued = self.laws[provision.law].continued_by != ""
        return first is None or self.in_force(provision, day) or (first <= day and continued)

    def answers_on(self, day: date) -> tuple[GeneralAnswer, ...]:
        """Answers of general law on that day, each with the provisions then in force."""
        if day in self._on:
            return self._on[day]
        bundle, found = self.bundle_on(day).id, []
        for answer in self.answers:
            basis = tuple(name for name in answer.basis if self.in_force(self.provision(name), day))
            if (not answer.bundle or bundle in answer.bundle) and (basis or not answer.basis):
                found.append(answer.model_copy(update={"basis": basis}))
        return self._on.setdefault(day, tuple(found))

    def bundle_on(self, day: date, where: str = "law_date") -> Bundle:
        """General law on that day; a date outside every bundle is an error."""
        for bundle in self.bundles:
            if bundle.first_day <= day and (bundle.last_day is None or day <= bundle.last_day):
                return bundle
        spans = "; ".join(f"{b.first_day} to {b.last_day or 'today'}" for b in self.bundles)
        raise InputError(where, f"a date that general law of the pack {self.general} covers", day,
                         f"choose a date in {spans}")
