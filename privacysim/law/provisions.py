"""Law as dated data: the forms of provisions, sanctions, general answers and places, and the checked whole of them.

Each provision states its rule in one sentence of ours; the official text is what binds. Status: R article read in the
statute's text, S secondary text, M known but not read (verify before citing), A assumption, H hypothetical.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import model_validator

from privacysim.errors import InputError, did_you_mean
from privacysim.files import Duration, Reference, Strict
from privacysim.law.matching import Lines, Match, Title, closed_word
from privacysim.vocabulary import GENERAL, REGIMES

Band = tuple[float, float]
Status = Literal["R", "S", "M", "A", "H"]


class Sanction(Strict):
    """What may follow a breach: bands (low, high) by addressee, and in which step.

    `step`: at once; only after an order to correct was refused; civil; named nowhere. Fines in CNY, detention in
    days, prison in years. `limitation`: time after which nobody may be punished for it any more.
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
    """One law, regulation, interpretation or draft; without `in_force_from` it never came into force."""

    id: str
    title: Title
    short: str
    in_force_from: date | None = None
    in_force_to: date | None = None
    note: str = ""


class Provision(Strict):
    """One rule of one law; dates left out are the law's own."""

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
    """Whether people must be told of a known breach, whatever the camera rules say."""


class GeneralAnswer(Match):
    """What general law says about acts; the first answer that matches counts."""

    bundle: Lines = ()
    authorised: bool | None = None
    identifiable: bool | None = None
    irreversible: bool | None = None
    general: closed_word("general", GENERAL)  # type: ignore[valid-type]
    basis: Lines = ()
    note: str = ""


class Place(Strict):
    """The article of a law that speaks about a class of place, named by the neutral word that policies use."""

    regime: closed_word("regime", REGIMES)  # type: ignore[valid-type]
    law: str
    article: str
    says: str = ""


class LawPack(Strict):
    """The law of a jurisdiction, or a part of it: what the TOML files of a pack's folder may hold together.

    A pack with one provision is enough to let a policy cite it. `bundle` and `answer` state general law and come
    together; `place` maps the neutral words for places to articles.
    """

    law: tuple[Law, ...] = ()
    provision: tuple[Provision, ...] = ()
    bundle: tuple[Bundle, ...] = ()
    answer: tuple[GeneralAnswer, ...] = ()
    place: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Laws:
    """All law in use, checked: ids are unique, every provision has its law, every basis its provision."""

    laws: Mapping[str, Law]
    provisions: Mapping[str, Provision]
    bundles: tuple[Bundle, ...]
    answers: tuple[GeneralAnswer, ...]
    places: tuple[Place, ...] = ()
    policies: Mapping[str, Path] = field(default_factory=dict)
    """Policy files that packs bring, by name."""
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Packs that are not shipped, as plain data by name: a result depends on them."""

    def provision(self, provision_id: str, where: str = "data/law") -> Provision:
        """The provision of that id; an unknown one is an error that names the nearest."""
        if provision_id not in self.provisions:
            fix = did_you_mean(provision_id, self.provisions)
            raise InputError(where, "a provision of data/law or of a law pack", provision_id, fix)
        return self.provisions[provision_id]

    def cited(self, reference: Reference | Place, where: str) -> Provision:
        """The provision that a reference names by law and article."""
        law, article = reference.law, reference.article
        if law not in self.laws:
            raise InputError(where, "a law of data/law or of a law pack", law, did_you_mean(law, self.laws))
        articles = {p.article: p for p in self.provisions.values() if p.law == law}
        if article not in articles:
            raise InputError(where, f"an article of {law} that data/law or a law pack holds", article,
                             did_you_mean(article, articles))  # fmt: skip
        return articles[article]

    def span(self, provision: Provision) -> tuple[date | None, date | None]:
        """First and last day in force; the first is None for a draft, the last while the provision still binds."""
        law = self.laws[provision.law]
        return provision.in_force_from or law.in_force_from, provision.in_force_to or law.in_force_to

    def in_force(self, provision: Provision, day: date) -> bool:
        """Whether the provision binds on that day; a draft never does."""
        first, last = self.span(provision)
        return first is not None and first <= day and (last is None or day <= last)

    def is_draft(self, provision: Provision) -> bool:
        """Whether the provision's law never came into force."""
        return self.laws[provision.law].in_force_from is None

    def bundle_on(self, day: date, where: str = "law_date") -> Bundle:
        """General law on that day; a date in no bundle is an error."""
        for bundle in self.bundles:
            if bundle.first_day <= day and (bundle.last_day is None or day <= bundle.last_day):
                return bundle
        spans = "; ".join(f"{b.first_day} to {b.last_day or 'today'}" for b in self.bundles)
        raise InputError(where, "a date that a bundle of general law covers", day, f"choose a date in {spans}")
