"""Oversight: discovery of lapses, proof, legal steps, and deterrence.

Lapses are found by review of the access log (where a rule requires one: Order 799 art. 16), by a complaint, by the
press, or by inspection of a filed system (art. 24). These are competing causes, each with its own mark. Sanctions
follow their legal steps: an order to correct first, a sanction at once, or none stated. Nobody is punished after
limitation (six months for public-security punishments, two years for other fines). General law supplies the rest.

Crimes have thresholds (50 tracks or 5 000 CNY gained: JI17 art. 5; 20 systems: JI11 art. 1); below them, offences of
administrative law remain. We assume that where a provision allows both, detention and a fine are equally likely.

Deterrence: a lapse happens if its mark is below exp(−ε · expected sanction); ε is an assumption with a range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, exp, log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import child_id
from privacysim.facts import facts
from privacysim.governance.log import NEVER, Book
from privacysim.governance.rules_in_force import Rules
from privacysim.law.provisions import Provision, Sanction
from privacysim.policy.questions import Question
from privacysim.units import DAY_TICKS, TICKS_PER_S

if TYPE_CHECKING:
    from privacysim.scenario import Scenario

FINDERS = ("log_review", "complaint", "press", "inspection")
_HALF_A_YEAR_D = 182.625


@dataclass(frozen=True, slots=True)
class Found:
    """When and by whom a lapse is found; `NEVER` and "" if nobody finds it. `reviews` are the earlier log reviews."""

    at: int
    by: str
    reviews: tuple[int, ...]


NOT_FOUND = Found(int(NEVER), "", ())


@dataclass(frozen=True, slots=True)
class Step:
    """One legal step: time, kind (a word of STEPS), provision, description and amount."""

    at: int
    step: str
    provision: str
    says: str
    fine_cny: float = 0.0
    detention_d: float = 0.0


@dataclass(slots=True)
class Oversight:
    """Discovery and punishment under the rules of an era."""

    scenario: Scenario
    rules: Rules
    _severity: dict[tuple[int, Question], float] = field(default_factory=dict)

    def found(
        self, at: int, end: int, *, custodian: int, logged: bool, filed: bool, passed_on: bool, published: bool,
        marks: tuple[float, float, float, float],
    ) -> Found:
        """Return the first of the competing causes after `at`, if it comes before `end`.

        Each custodian reviews their log at fixed intervals, starting on a day of their own.
        """
        leaks = self.scenario.leaks
        period = round(leaks.log_review_d.number * DAY_TICKS)
        first = at + period - (at - child_id(custodian, "log review", 0)) % period
        times = [int(NEVER)] * 4
        if logged:
            # each review finds it with the same probability: a geometric number of reviews, as the quantile at the mark
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

    def steps(
        self, era: int, question: Question, at: int, found: int, *, logged: bool, marks: tuple[float, ...],
        items: int = 1, gain_cny: float = 0.0, grave: bool = False,
    ) -> tuple[Step, ...]:
        """Return the legal steps, in order, after an act done at `at` (until it ended) was found at `found`.

        Marks: 0 proof, 1 whether it is pursued, 2 whether an order to correct is refused (or a fine is chosen instead
        of detention), 3 position in the band. `items` and `gain_cny` decide whether a crime's threshold is met
        (interpretations of 2011 and 2017), `grave` whether it had a grave result.
        """
        provisions = self._provisions(era, question)
        if not provisions:
            return (Step(found, "no_provision", "", "none: no provision with a sanction"),)
        if marks[0] >= (1.0 if logged else self.scenario.leaks.proof_without_log.number):
            return (Step(found, "not_proved", "", "none: not proved"),)
        if marks[1] >= self.scenario.leaks.sanction_taken_up.number:
            return (Step(found, "not_taken_up", "", "none: not taken up, or an informal word"),)
        reached = [one for one in provisions if self._reached(one, items, gain_cny, grave)]
        in_time = [one for one in reached if not _barred(one, found - at)]
        if not in_time:
            barred = (reached or provisions)[0].id
            if not reached:
                return (Step(found, "no_provision", "", f"none: below the threshold of {barred}"),)
            return (Step(found, "time_barred", barred, f"none: time-barred ({barred})"),)
        gravest = max(in_time, key=lambda one: (_rank(one.sanction), self._cny(one.sanction), one.id))
        return self._taken(gravest, found, marks)

    def duty_steps(self, provision: Provision, found: int, marks: tuple[float, ...]) -> tuple[Step, ...]:
        """Return the steps after a breached duty, which lasts until it is found, so there is no limitation."""
        if marks[1] >= self.scenario.leaks.sanction_taken_up.number:
            return (Step(found, "not_taken_up", provision.id, "none: not taken up, or an informal word"),)
        return self._taken(provision, found, marks)

    def _provisions(self, era: int, question: Question) -> tuple[Provision, ...]:
        """Return the general law on the act, and the sanctioned provisions that the matched camera rule cites."""
        arm = self.rules.of(era)
        found = list(arm.sanctions(question))
        return (*found, *(one for one in arm.own_sanctions(question) if one not in found))

    def _reached(self, provision: Provision, items: int, gain_cny: float, grave: bool) -> bool:
        """Return whether a crime's threshold is met; offences below crime have none here."""
        known = facts().value
        if provision.id in ("cl_253_1", "ji17_4", "ji17_5"):
            return items >= known("ji17_tracks_items") or gain_cny >= known("ji17_gain_cny")
        if provision.id == "cl_285_2":
            return items >= known("ji11_systems_controlled") or gain_cny >= known("ji11_gain_cny")
        return provision.id != "cl_284" or grave

    def _taken(self, provision: Provision, found: int, marks: tuple[float, ...]) -> tuple[Step, ...]:
        sanction, name, leaks = provision.sanction, provision.id, self.scenario.leaks
        if sanction is None or sanction.step == "none_stated":
            return (Step(found, "none_stated", name, f"none stated ({name})"),)
        if sanction.step == "civil":
            return (Step(found, "civil_claim", name, f"civil claim ({name})"),)
        fine = self._fine(sanction, marks[3])
        if sanction.step == "order_first":
            order = Step(found, "order_to_correct", name, f"order to correct, fine on refusal ({name})")
            later = found + round(leaks.correction_term_d.number * DAY_TICKS)
            if marks[2] >= leaks.correction_refused_share.number or not fine:
                return (order, Step(later, "corrected", name, f"corrected in time ({name})"))
            return (order, Step(later, "fine", name, f"fine of {fine:.0f} ({name})", fine_cny=fine))
        if sanction.prison_years:
            years = sanction.prison_years[1]
            return (Step(found, "prosecution", name, f"prosecution, prison up to {years:g} years ({name})"),)
        if sanction.detention_d and (marks[2] < 0.5 or not fine):
            low, high = sanction.detention_d
            days = max(1.0, round(low + (high - low) * marks[3]))
            return (Step(found, "detention", name, f"detention of {days:g} days ({name})", detention_d=days),)
        return (Step(found, "fine", name, f"fine of {fine:.0f} ({name})", fine_cny=fine),)

    def _fine(self, sanction: Sanction, mark: float) -> float:
        """Return the fine in the band of the person, else of the person responsible, else of the unit; euros at par."""
        band = sanction.individual or sanction.responsible or sanction.unit
        return float(round(band[0] + (band[1] - band[0]) * mark)) if band else 0.0

    def holds_back(self, era: int, question: Question, logged: bool) -> float:
        """Return the probability that a lapse happens despite the possible sanction: exp(−ε · expected sanction)."""
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
        """Return the middle of the bands in CNY: fines on a person, days of detention, and prison after conviction."""
        if sanction is None or sanction.step in ("civil", "none_stated"):
            return 0.0
        leaks = self.scenario.leaks
        fine = max((sum(band) / 2 for band in (sanction.individual, sanction.responsible) if band), default=0.0)
        days = sum(sanction.detention_d) / 2 if sanction.detention_d else 0.0
        years = sum(sanction.prison_years) / 2 if sanction.prison_years else 0.0
        prison = years * leaks.prison_year_cny.number * facts().value("sanction_convicted_share")
        return fine + days * leaks.detention_day_cny.number + prison


def _rank(sanction: Sanction | None) -> int:
    """Rank sanctions: crime, detention, immediate fine, order to correct, civil claim."""
    if sanction is None or sanction.step in ("none_stated", "civil"):
        return 0 if sanction is None or sanction.step == "none_stated" else 1
    if sanction.prison_years:
        return 5
    return 4 if sanction.detention_d else 3 if sanction.step == "at_once" else 2


def _barred(provision: Provision, age: int) -> bool:
    limit = provision.sanction.limitation if provision.sanction else None
    return limit is not None and age > limit * TICKS_PER_S


def write_steps(
    book: Book, steps: Sequence[Step], end: int, *, act_id: int, incident_id: int, reviews: Sequence[int] = ()
) -> None:
    """Write the audits of one incident: reviews without findings, and the steps within [0, D)."""
    for at in reviews:
        if 0 <= at < end:
            book.add(1, act_id=act_id, incident_id=incident_id, at_t=at, found=False)
    for one in steps:
        if 0 <= one.at < end:
            book.add(
                1, act_id=act_id, incident_id=incident_id, at_t=one.at, found=True, step=one.step,
                provision=one.provision, sanction=one.says, fine_cny=one.fine_cny, detention_d=one.detention_d,
            )


def first_end(
    counted_from: int, switch: int, marks: NDArray[np.float64], hazard: NDArray[np.float64],
    factors: NDArray[np.float64], since: NDArray[np.int64] | None = None,
) -> tuple[int, int]:
    """Return tick and cause of the end: the first cause whose integrated hazard exceeds its unit exponential.

    The hazard is `hazard` per day until the switch (or that cause's own `since`) and `hazard · factors` from then on.
    Ties go to the first cause. If nothing can end it: (NEVER, −1).
    """
    best, cause = float(NEVER), -1
    for number in range(marks.size):
        rate, turn = hazard[number], switch if since is None else max(switch, int(since[number]))
        before = max(turn - counted_from, 0) / DAY_TICKS
        left = marks[number] - rate * before
        if left <= 0:
            at = counted_from + marks[number] / rate * DAY_TICKS
        elif rate * factors[number] > 0:
            at = max(counted_from, turn) + left / (rate * factors[number]) * DAY_TICKS
        else:
            continue
        if at < best:
            best, cause = at, number
    return (int(np.ceil(best)) if best < float(NEVER) else int(NEVER), cause)
