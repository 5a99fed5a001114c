"""Law as dated data: provisions with their sanctions, and everybody's general law in bundles by date.

Read from `data/law/*.toml`; own laws that own policies cite are read from `sim/law/*.toml` of the working folder.
Each provision says its rule in one sentence of ours; the official text is what binds. Status: R article read in the
statute's text, S secondary text, M known but not read (verify before citing), A assumption, H hypothetical.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import model_validator

from privacysim.errors import InputError, did_you_mean
from privacysim.files import Duration, Reference, Strict, display, read_toml, validate
from privacysim.law.matching import Lines, Match, Title, closed_word
from privacysim.resources import shipped
from privacysim.vocabulary import GENERAL

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
    """Everybody's law between two dates."""

    id: str
    first_day: date
    last_day: date | None = None
    says: str


class GeneralAnswer(Match):
    """What everybody's law says about acts; the first that matches answers."""

    bundle: Lines = ()
    authorised: bool | None = None
    identifiable: bool | None = None
    irreversible: bool | None = None
    general: closed_word("general", GENERAL)  # type: ignore[valid-type]
    basis: Lines = ()
    note: str = ""


class LawFile(Strict):
    """The form of one file in `data/law`."""

    law: tuple[Law, ...] = ()
    provision: tuple[Provision, ...] = ()
    bundle: tuple[Bundle, ...] = ()
    answer: tuple[GeneralAnswer, ...] = ()


@dataclass(frozen=True)
class Laws:
    """All law data, checked: ids are unique, every provision has its law, every basis its provision."""

    laws: Mapping[str, Law]
    provisions: Mapping[str, Provision]
    bundles: tuple[Bundle, ...]
    answers: tuple[GeneralAnswer, ...]

    def provision(self, provision_id: str, where: str = "data/law") -> Provision:
        """The provision of that id; an unknown one is an error that names the nearest."""
        if provision_id not in self.provisions:
            fix = did_you_mean(provision_id, self.provisions)
            raise InputError(where, "a provision of data/law", provision_id, fix)
        return self.provisions[provision_id]

    def cited(self, reference: Reference, where: str) -> Provision:
        """The provision that a reference names by law and article."""
        if reference.law not in self.laws:
            raise InputError(where, "a law of data/law", reference.law, did_you_mean(reference.law, self.laws))
        articles = {p.article: p for p in self.provisions.values() if p.law == reference.law}
        if reference.article not in articles:
            fix = did_you_mean(reference.article, articles)
            raise InputError(where, f"an article of {reference.law} that data/law holds", reference.article, fix)
        return articles[reference.article]

    def in_force(self, provision: Provision, day: date) -> bool:
        """Whether the provision binds on that day; a draft never does."""
        law = self.laws[provision.law]
        first = provision.in_force_from or law.in_force_from
        last = provision.in_force_to or law.in_force_to
        return first is not None and first <= day and (last is None or day <= last)

    def is_draft(self, provision: Provision) -> bool:
        """Whether the provision's law never came into force."""
        return self.laws[provision.law].in_force_from is None

    def bundle_on(self, day: date, where: str = "law_date") -> Bundle:
        """Everybody's law on that day; a date in no bundle is an error."""
        for bundle in self.bundles:
            if bundle.first_day <= day and (bundle.last_day is None or day <= bundle.last_day):
                return bundle
        spans = "; ".join(f"{b.first_day} to {b.last_day or 'today'}" for b in self.bundles)
        raise InputError(where, "a date that a bundle of general law covers", day, f"choose a date in {spans}")


def read_laws(paths: list[Path]) -> Laws:
    """Read and check law files; what is wrong becomes a three-line error."""
    laws: dict[str, Law] = {}
    provisions: dict[str, Provision] = {}
    bundles: list[Bundle] = []
    answers: list[GeneralAnswer] = []
    for path in paths:
        where = display(path)
        data = validate(LawFile, read_toml(path), where)
        if (data.bundle or data.answer) and not path.is_relative_to(shipped("data")):
            # everybody's law is one for all arms and all researchers; own files add what own policies cite
            raise InputError(where, "laws and provisions only", "a bundle or an answer", "leave it out")
        _add(laws, data.law, where)
        _add(provisions, data.provision, where)
        bundles += data.bundle
        answers += data.answer
    found = Laws(laws, provisions, tuple(sorted(bundles, key=lambda b: b.first_day)), tuple(answers))
    _check(found)
    return found


def _add(known: dict[str, Any], new: tuple[Any, ...], where: str) -> None:
    for item in new:
        if item.id in known:
            raise InputError(f"{where}, {item.id}", "an id of its own", item.id, "rename one of the two")
        known[item.id] = item


def _check(laws: Laws) -> None:
    for provision in laws.provisions.values():
        if provision.law not in laws.laws:
            fix = did_you_mean(provision.law, laws.laws)
            raise InputError(f"data/law, {provision.id}.law", "a law of data/law", provision.law, fix)
    names = {bundle.id: bundle for bundle in laws.bundles}
    for number, answer in enumerate(laws.answers):
        where = f"data/law, answer.{number}"
        for name in answer.bundle:
            if name not in names:
                raise InputError(f"{where}.bundle", "a bundle", name, did_you_mean(name, names))
        for bundle in (names[name] for name in (answer.bundle or names)):
            for provision_id in answer.basis:
                provision = laws.provision(provision_id, f"{where}.basis")
                days = (bundle.first_day, bundle.last_day or bundle.first_day)
                if not all(laws.in_force(provision, day) for day in days):
                    raise InputError(f"{where}.basis", f"a provision in force in {bundle.id}", provision_id, "drop it")


@lru_cache(maxsize=4)
def _laws(files: tuple[tuple[str, int], ...]) -> Laws:
    return read_laws([Path(name) for name, _ in files])


def laws() -> Laws:
    """The shipped law data and that of the working folder; read again when a file has changed.

    >>> from privacysim.law.provisions import laws
    >>> laws().provision("o799_17").article
    '17'
    """
    own = Path("sim", "law").absolute()
    paths = [*sorted(shipped("data/law").glob("*.toml")), *sorted(own.glob("*.toml"))]
    return _laws(tuple((str(path), path.stat().st_mtime_ns) for path in paths))
