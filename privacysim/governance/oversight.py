"""Oversight: who finds a lapse first, whether it can be proved, what follows in law, and what the prospect deters.

Found by review of the access log (where a rule asks for one: Order 799 art. 16), by a complaint, by the press, or by
inspection of a filed system (art. 24): competing causes, each with its own mark. Sanctions follow their legal steps:
an order to correct first, or at once, or none is stated; and nobody is punished after limitation (six months for
public-security punishments, two years for other fines). Everybody's law supplies what the camera rules do not name.

Deterrence: a lapse happens where its mark is below exp(−ε · expected sanction); ε is an assumption with a range.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, exp, log
from typing import TYPE_CHECKING

from privacysim.draws import child_id
from privacysim.facts import facts
from privacysim.governance.log import NEVER
from privacysim.governance.rules import Rules
from privacysim.policy.law import Provision, Sanction
from privacysim.policy.model import Question
from privacysim.units import DAY_TICKS, TICKS_PER_S

if TYPE_CHECKING:
    from privacysim.scenario import Scenario

FINDERS = ("log_review", "complaint", "press", "inspection")
_HALF_A_YEAR_D = 182.625


@dataclass(frozen=True, slots=True)
class Found:
    """When and by whom a lapse is found; `NEVER` and "" where nobody finds it. `reviews` are the log reviews before."""

    at: int
    by: str
    reviews: tuple[int, ...]


@dataclass(slots=True)
class Oversight:
    """Finding and punishing under the rules of an era."""

    scenario: Scenario
    rules: Rules
    _severity: dict[tuple[int, Question], float] = field(default_factory=dict)

    def found(
        self, at: int, end: int, *, custodian: int, logged: bool, filed: bool, passed_on: bool, published: bool,
        marks: tuple[float, float, float, float],
    ) -> Found:
        """The first of the competing causes after `at`, if it comes before `end`.

        Each custodian reviews his log at fixed intervals, from a day of his own on.
        """
        leaks = self.scenario.leaks
        period = round(leaks.log_review_d.number * DAY_TICKS)
        first = at + period - (at - child_id(custodian, "log review", 0)) % period
        times = [int(NEVER)] * 4
        if logged:
            # each review finds it with the same chance: a geometric number of reviews, as the quantile at the mark
            share = leaks.audit_detection.number
            needed = 1 if share >= 1 else max(1, ceil(log(1.0 - marks[0]) / log(1.0 - share))) if share > 0 else 0
            times[0] = first + (needed - 1) * period if needed else int(NEVER)
        hazards = (
            leaks.lapse_complaint_per_day.number * (3.0 if passed_on else 1.0),
            leaks.lapse_press_per_day.number * (3.0 if published else 1.0),
            leaks.lapse_inspection_per_day.number if filed else 0.0,
        )
        for number, (hazard, mark) in enumerate(zip(hazards, marks[1:], strict=True), start=1):
            if hazard > 0:
                times[number] = at + ceil(-log(mark) / hazard * DAY_TICKS)
        when = min(times)
        reviews = tuple(range(first, min(when, end), period)) if logged else ()
        if when >= end:
            return Found(int(NEVER), "", reviews)
        return Found(when, FINDERS[times.index(when)], tuple(one for one in reviews if one < when))

    def sanction(self, era: int, question: Question, at: int, found: int, logged: bool, mark: float) -> str:
        """What follows for an act done at `at` and found at `found`, in words; the gravest provision comes first."""
        provisions = self.rules.of(era).sanctions(question)
        if not provisions:
            return "none: no provision with a sanction"
        if mark >= (1.0 if logged else self.scenario.leaks.proof_without_log.number):
            return "none: not proved"
        in_time = [one for one in provisions if not _barred(one, found - at)]
        if not in_time:
            return f"none: time-barred ({provisions[0].id})"
        gravest = max(in_time, key=lambda one: (self._cny(one.sanction), one.id))
        return _step(gravest)

    def holds_back(self, era: int, question: Question, logged: bool) -> float:
        """Chance that a lapse happens in spite of the sanction that may follow: exp(−ε · expected sanction)."""
        leaks = self.scenario.leaks
        per_review = leaks.audit_detection.number
        reviews = _HALF_A_YEAR_D / leaks.log_review_d.number
        by_log = 1.0 - (1.0 - per_review) ** reviews if logged else 0.0
        by_complaint = 1.0 - exp(-leaks.lapse_complaint_per_day.number * _HALF_A_YEAR_D)
        chance = 1.0 - (1.0 - by_log) * (1.0 - by_complaint)
        proved = 1.0 if logged else leaks.proof_without_log.number
        punished = 1.0 - facts().value("sanction_none_share")
        expected = chance * proved * punished * self._worth(era, question)
        return exp(-leaks.deterrence_per_1000_cny.number * expected / 1000.0)

    def _worth(self, era: int, question: Question) -> float:
        key = (era, question)
        if key not in self._severity:
            provisions = self.rules.of(era).sanctions(question)
            self._severity[key] = max((self._cny(one.sanction) for one in provisions), default=0.0)
        return self._severity[key]

    def _cny(self, sanction: Sanction | None) -> float:
        """Middle of the bands in CNY: fines on a person, days of detention, and prison for those who are convicted."""
        if sanction is None or sanction.step in ("civil", "none_stated"):
            return 0.0
        leaks = self.scenario.leaks
        fine = max((sum(band) / 2 for band in (sanction.individual, sanction.responsible) if band), default=0.0)
        days = sum(sanction.detention_d) / 2 if sanction.detention_d else 0.0
        years = sum(sanction.prison_years) / 2 if sanction.prison_years else 0.0
        prison = years * leaks.prison_year_cny.number * facts().value("sanction_convicted_share")
        return fine + days * leaks.detention_day_cny.number + prison


def _barred(provision: Provision, age: int) -> bool:
    limit = provision.sanction.limitation if provision.sanction else None
    return limit is not None and age > limit * TICKS_PER_S


def _step(provision: Provision) -> str:
    """The legal step in words, with the provision."""
    sanction = provision.sanction
    if sanction is None or sanction.step == "none_stated":
        return f"none stated ({provision.id})"
    if sanction.step == "civil":
        return f"civil claim ({provision.id})"
    if sanction.step == "order_first":
        return f"order to correct, fine on refusal ({provision.id})"
    if sanction.prison_years:
        return f"prison up to {sanction.prison_years[1]:g} years ({provision.id})"
    if sanction.detention_d:
        return f"detention up to {sanction.detention_d[1]:g} days ({provision.id})"
    return f"fine ({provision.id})"
