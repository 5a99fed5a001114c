"""Strict models of a policy file.

A policy contains camera rules as data: routes of access in order, prohibitions, and duties by regime (retention,
filing, logs, security, siting, masks). It draws and counts nothing; it only states who may do what. Every
number and rule has a reference or an assumption.
"""

from __future__ import annotations

from datetime import date
from html import escape
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from privacysim import vocabulary as words
from privacysim.errors import refuse_unknown
from privacysim.facts import shipped_facts
from privacysim.files import Duration, Name, Reference, Strict
from privacysim.identify import mask_text
from privacysim.law.provisions import Lines, Match, Title, closed_word, closed_words
from privacysim.units import DAY_S

ANSWER_FOR = ("filing", "logs", "security", "signage")
"""Duties that make the holder of a camera responsible for it."""
DUTY_NAMES = (*ANSWER_FOR, "interests", "building")
MOST_OFFICERS = 9
CONDITIONS = ("consent", "masked", "filmed_consent", "case_filed", "asked_in_time", "in_limits", "approved")
"""Conditions that can be tested for a single act: the operator's consent; an irreversible mask on the others; consent
of the people filmed (a guardian's for wards and minors); a filed case, where the purpose is one; permission that was
requested within the rule's term; an act within the rule's limits, where there is no document; a camera that is stated
to be approved (`siting_lawful`), where silence does not count as approval."""


def _several(value: object) -> object:
    # a tuple, because strict models accept no list from a validator
    return tuple(value) if isinstance(value, list) else (value,) if isinstance(value, dict) else value


References = Annotated[tuple[Reference, ...], BeforeValidator(_several)]
"""One `{law, article}` or a list of them."""


class Sourced(Strict):
    """Base of every part of a policy that needs a reference to a provision, or an assumption in words."""

    reference: References = ()
    assumption: str = ""
    dated: bool = False
    """True: a rule whose law begins or ends on another day than the policy's; it applies only on its law's days."""

    @property
    def basis(self) -> str:
        """Legal basis of the rule, in one line."""
        named = "; ".join(f"{ref.law} {ref.article}" for ref in self.reference)
        return named or f"assumption: {self.assumption}"

    @model_validator(mode="after")
    def _says_where_from(self) -> Sourced:
        if not self.reference and not self.assumption.strip():
            raise ValueError('a reference = {law = "…", article = "…"} or an assumption = "why"')
        return self


class Access(Match, Sourced):
    """A route of access: who may do what with whose footage, with which document, approved by whom."""

    id: Name
    outcome: Literal["authorised", "conditional"] = "authorised"
    document: closed_word("document", words.DOCUMENTS) = "none"  # type: ignore[valid-type]
    approver: closed_word("approver", words.APPROVERS) = "none"  # type: ignore[valid-type]
    conditions: closed_words("conditions", CONDITIONS) = ()  # type: ignore[valid-type]
    terms: Lines = ()
    """Procedural conditions, in words; the processes of `governance` simulate them."""
    officers: Annotated[int, Field(ge=1, le=MOST_OFFICERS)] = 1
    fee_cny: float | None = None
    duty_to_give: bool = False
    deadline: Duration | None = None
    regularise: Duration | None = None
    others_masked: bool = False
    note: str = ""
    before: str | None = None

    @model_validator(mode="after")
    def _time(self) -> Access:
        if 0.0 in (self.deadline, self.regularise):
            raise ValueError("a term longer than 0")
        return self


class Forbidden(Match, Sourced):
    """A prohibition, stated in the text (`express`) or following from it (`derived`)."""

    id: Name
    how: Literal["express", "derived"]
    scope: str | None = None
    """Id of a `[[scope]]` with the cameras meant, if regime and operator alone cannot specify them."""
    note: str = ""
    before: str | None = None


class Where(Strict):
    """One alternative of a scope: cameras of these operators and regimes, listed or not."""

    operator: closed_words("operator", words.OPERATORS) = ()  # type: ignore[valid-type]
    regime: closed_words("regime", words.REGIMES) = ()  # type: ignore[valid-type]
    listed: bool | None = None


class Scope(Sourced):
    """One reading of which cameras a general prohibition applies to; without `where`, it applies to all."""

    id: Name
    says: str
    where: tuple[Where, ...] = ()


class Prohibited(Sourced):
    """A prohibition addressed to every unit and individual.

    `absolute` acts are never allowed; `if_no_route` acts are prohibited if no route is met. `scope` names the readings
    of which cameras are meant. Each reading is a separate arm, because the text is not clear.
    """

    id: ClassVar[str] = "prohibited"
    absolute: closed_words("acts", words.ACTS) = ()  # type: ignore[valid-type]
    if_no_route: closed_words("acts", words.ACTS) = ()  # type: ignore[valid-type]
    scope: Lines = ()


class Retention(Sourced):
    """Retention period: `keep` is the value that the model uses, `floor` and `ceiling` are the limits in the rule."""

    keep: Duration
    low: Duration | None = None
    high: Duration | None = None
    floor: Duration | None = None
    ceiling: Duration | None = None
    then: str = ""
    fact: str = ""
    """Fact for the usual period where no rule sets one, so that a world draws one value for all policies."""

    @model_validator(mode="after")
    def _ordered(self) -> Retention:
        low, high = self.range_s
        if not low <= self.keep <= high:
            raise ValueError("low ≤ keep ≤ high")
        if self.floor is not None and self.keep < self.floor:
            raise ValueError("keep at least as long as the rule's own floor")
        if self.fact:
            refuse_unknown(self.fact, shipped_facts(), "", "a fact")
        return self

    @property
    def habit(self) -> bool:
        """Whether the period is the fact's, whatever its value in force; a reform with another `keep` overrides it."""
        return bool(self.fact) and self.keep == shipped_facts().value(self.fact) * DAY_S

    @property
    def range_s(self) -> tuple[float, float]:
        """Low and high in seconds; both equal `keep` if no range is given."""
        return (self.keep if self.low is None else self.low, self.keep if self.high is None else self.high)


class RetentionSection(Strict):
    """Retention by class of camera; `any` applies to classes without an entry, `state` to roads and squares alone."""

    any: Retention | None = None
    state: Retention | None = None
    public: Retention | None = None
    public_other: Retention | None = None
    public_other_listed: Retention | None = None
    private: Retention | None = None


class Duty(Sourced):
    """A duty of the holders of cameras of these regimes; with an empty list, nobody has the duty.

    `scope`: id of a `[[scope]]` with the cameras meant, if regimes alone cannot specify them.
    """

    regime: tuple[str, ...] = ()
    scope: str | None = None
    term: Duration | None = None
    old: Duration | None = None
    kept: Duration | None = None
    items: Lines = ()
    note: str = ""

    @model_validator(mode="after")
    def _known_regimes(self) -> Duty:
        for word in self.regime:
            refuse_unknown(word, words.REGIMES, "", "words of regime")
        return self


class Siting(Sourced):
    """Places where cameras are prohibited, and the sanction."""

    prohibited: bool = False
    places: Lines = ()
    remedy: str = ""
    installers: bool = False
    """Whether the rules restrict who may install cameras on roads and squares (Order 799 art. 7(3))."""
    venue_duty: bool = False
    """Whether venues must look for hidden cameras (Order 799 art. 8(2))."""
    at_once: bool = False
    """Whether the sanction applies at once rather than only after an order to correct was refused."""


class MaskRule(Sourced):
    """A mask that cameras must apply at the source.

    `kind` is a built-in name (`pixelate:4`), the name of an installed mask, a mask object, or `NAME=CELLS`. Custom
    masks are stored as `NAME=CELLS`, where CELLS is how many cells across a face remain (`identify.mask_text`).
    """

    kind: Annotated[str, BeforeValidator(mask_text)]
    regime: tuple[str, ...] = ()
    reversible: bool = False
    key_holder: str = ""
    failure: str = ""
    unmask: Lines = ()
    """Routes that receive clear footage; all other routes receive masked footage only."""


class DeskRule(Sourced):
    """How long an approver takes, for an approver that the policy introduces."""

    median: Duration
    low: Duration | None = None
    high: Duration | None = None


class OversightRule(Sourced):
    """Who checks compliance with the rules."""

    inspector: str = ""
    manager: str = ""
    """Organ, a word of MANAGERS, that manages the systems in the policy's first scope if their holders need not."""
    frequency: str = ""
    report_right: str = ""
    independent_body: bool = False
    judge: bool = False
    notice_to_filmed: Duration | None = None
    breach_notice: Duration | None = None
    """Term within which people are told of a known breach; general law may require it too."""
    statistics_published: bool = False


class Reading(Strict):
    """A contested reading or a variant: a small change of the policy that is run as a separate arm."""

    id: Name
    says: str
    drop: Lines = ()
    access: tuple[Access, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    mask: MaskRule | None = None


class Policy(Strict):
    """A policy file. Once `extends`, `layer` and a reading are resolved, the same model describes the whole policy."""

    id: Name
    title: Title
    status: Literal["in_force", "draft", "counterfactual", "hypothetical", "reference"]
    summary: str = ""
    extends: str | None = None
    layer: Lines = ()
    drop: Lines = ()
    law_date: date | None = None
    pack: Name = "cn"
    """Law pack of its jurisdiction, whose general law applies where no scenario names another."""
    general_law: Literal["applies", "suspended"] = "applies"
    footage: bool = True
    demand: Literal["status_quo", "open"] = "status_quo"
    access: tuple[Access, ...] = ()
    prohibited: Prohibited | None = None
    scope: tuple[Scope, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    reading: tuple[Reading, ...] = ()
    retention: RetentionSection | None = None
    filing: Duty | None = None
    logs: Duty | None = None
    security: Duty | None = None
    signage: Duty | None = None
    interests: Duty | None = None
    """Secrets and privacy (`items`) that those who build, use and maintain systems must not reveal."""
    building: Duty | None = None
    """Places that must have cameras (`items`)."""
    siting: Siting | None = None
    mask: MaskRule | None = None
    desk: DeskRule | None = None
    oversight: OversightRule | None = None
    sanctions: Lines = ()
    """Provisions of `data/law` that carry the sanctions of these camera rules."""
    silent: Lines = ()
    departures: Lines = ()
    """Where the model departs from the text, in words."""

    def __str__(self) -> str:
        return f"{self.title.en}: {_counted(self)}"

    def __repr__(self) -> str:
        return f"Policy({self.id}: {self})"

    def _repr_html_(self) -> str:
        silent = "".join(f"<li>{escape(line)}</li>" for line in self.silent)
        about = f"<p>{escape(self.summary)}</p>" if self.summary else ""
        silences = f"<details><summary>silent on</summary><ul>{silent}</ul></details>" if silent else ""
        return (f"<p><b>{escape(self.title.en)}</b> {escape(self.title.zh)}: {escape(_counted(self))}; "
                f"{escape(self.status.replace('_', ' '))}, law of {self.law_date}.</p>{about}{silences}")  # fmt: skip


def _counted(policy: Policy) -> str:
    """Counts of a policy's rules: "13 routes of access, 17 prohibitions, 11 silences"."""
    bans = len(policy.forbidden) + (policy.prohibited is not None)
    counts = ((len(policy.access), "route", " of access"), (bans, "prohibition", ""),
              (len(policy.silent), "silence", ""))
    return ", ".join(f"{n} {word}{'' if n == 1 else 's'}{rest}" for n, word, rest in counts)
