"""Oversight: discovery of lapses, proof, legal steps, and deterrence.

Lapses are found by review of the access log (where a rule requires one: Order 799 art. 16), by a complaint, by the
press, or by inspection of a filed system (art. 24). Nobody is punished after limitation (six months for public-security
punishments, two years for other fines). Crimes have thresholds (50 tracks or 5 000 CNY gained: JI17 art. 5; 20 systems:
JI11 art. 1); below them, offences of administrative law remain. We assume that where a provision allows both, detention
and a fine are equally likely. Punishable breaches pass one funnel (`funnel.py`), and decisions take time. A lapse
happens if its mark is below exp(−ε · expected sanction) by the same funnel; ε is an assumption.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacysim.draws import child_id
from privacysim.facts import facts
from privacysim.governance.desk import delay
from privacysim.governance.funnel import STAFF, funnel
from privacysim.governance.log import NEVER
from privacysim.governance.rules_in_force import Rules
from privacysim.law.provisions import Provision, Sanction
from privacysim.policy.judging import Question
from privacysim.scenario import Scenario
from privacysim.units import DAY_TICKS, TICKS_PER_S

_HALF_A_YEAR_D = 182.625
_DROPPED = "none: not taken up, or an informal word"
_CRIMES = {**dict.fromkeys(("cl_253_1", "ji17_4", "ji17_5"), ("ji17_tracks_items", "ji17_gain_cny")),
           "cl_285_2": ("ji11_systems_controlled", "ji11_gain_cny")}
"""Facts with the thresholds of crimes: number of items, or gain."""


@dataclass(frozen=True)
class Step:
    """One legal step, in the columns of the table `audits`."""

    at_t: int
    step: str
    sanction: str
    provision: str = ""
    fine_cny: float = 0.0
    detention_d: float = 0.0


@dataclass(frozen=True, slots=True)
class Oversight:
    """Discovery and punishment under the rules of an era."""

    scenario: Scenario
    rules: Rules

    def found(self, at: int, end: int, *, custodian: int, logged: bool, filed: bool, passed_on: bool, published: bool,
              marks: Sequence[float]) -> tuple[int, str, tuple[int, ...]]:
        """Return when and by whom a lapse at tick `at` is found (NEVER and "" if not before `end`).

        The third value lists the earlier reviews of the log, without findings. Each custodian reviews their log at
        fixed intervals. The first of the competing causes counts.
        """
        leaks = self.scenario.leaks
        period = round(leaks.log_review_d.number * DAY_TICKS)
        first = at + period - (at - child_id(custodian, "log review", 0)) % period
        times, share = {"": int(NEVER)}, leaks.audit_detection.number
        if logged and share > 0:
            # each review finds it with the same probability: a geometric number of reviews, as the quantile at the mark
            needed = 1 if share >= 1 else max(1, ceil(log(1.0 - marks[0]) / log(1.0 - share)))
            times["log_review"] = first + (needed - 1) * period
        for finder, mark, hazard in (
            ("complaint", marks[1], leaks.lapse_complaint_per_day.number * (3.0 if passed_on else 1.0)),
            ("press", marks[2], leaks.lapse_press_per_day.number * (3.0 if published else 1.0)),
            ("inspection", marks[3], leaks.lapse_inspection_per_day.number if filed else 0.0),
        ):
            if hazard > 0:
                times[finder] = at + ceil(-log(mark) / hazard * DAY_TICKS)
        by = min(times, key=lambda finder: times[finder])
        reviews = tuple(range(first, min(times[by], end), period)) if logged else ()
        return (times[by], by, reviews) if times[by] < end else (int(NEVER), "", reviews)

    def steps(self, era: int, question: Question, at: int, found: int, *, logged: bool, marks: Sequence[float],
              items: int = 1, gain_cny: float = 0.0, grave: bool = False) -> tuple[Step, ...]:
        """Return the legal steps, in order, after an act done at `at` (until it ended) was found at `found`.

        Marks: 0 proof, 1 whether it is pursued, 2 whether an order to correct is refused (or a fine is chosen instead
        of detention), 3 position in the band. `items`, `gain_cny`, `grave` decide whether a crime's threshold is met.
        """
        arm = self.rules.of(era)
        # the general law on the act, and the sanctioned provisions that the matched camera rule cites
        provisions = tuple(dict.fromkeys((*arm.sanctions(question), *arm.own_sanctions(question))))
        if not provisions:
            return (Step(found, "no_provision", "none: no provision with a sanction"),)
        if marks[0] >= (1.0 if logged else self.scenario.leaks.proof_without_log.number):
            return (Step(found, "not_proved", "none: not proved"),)
        reached = [(one.sanction, one)
                   for one in provisions if one.sanction and _reached(one.id, items, gain_cny, grave)]
        if not reached:
            return (Step(found, "no_provision", f"none: below the threshold of {provisions[0].id}"),)
        in_time = [(sanction, one) for sanction, one in reached
                   if sanction.limitation is None or found - at <= sanction.limitation * TICKS_PER_S]
        if not in_time:
            barred = reached[0][1].id
            return (Step(found, "time_barred", f"none: time-barred ({barred})", barred),)
        crimes, others = ([pair for pair in in_time if bool(pair[0].prison_years) == crime] for crime in (True, False))
        fate = funnel(self.scenario, question.requester, bool(crimes)).fate(marks[1])
        if fate == "none":
            return (Step(found, "not_taken_up", _DROPPED),)
        at, wait = self._decided(found, marks)
        if fate in ("convicted", "acquitted"):
            sanction, one = self._gravest(crimes)
            prison = f"prosecution, prison up to {sanction.prison_years[1]:g} years ({one.id})"
            verdict = (Step(at + wait, "conviction", f"conviction ({one.id})", one.id) if fate == "convicted"
                       else Step(at + wait, "acquittal", f"none: acquitted ({one.id})", one.id))
            return (Step(at, "prosecution", prison, one.id), verdict)
        if fate == "dismissed":
            return (Step(at, "dismissal", "dismissal, or resignation in its place"),)
        if others:
            return self._taken(self._gravest(others)[1], found, marks)
        if question.requester in STAFF:
            return (Step(at, "discipline", "a warning, or another measure of the employer"),)
        return (Step(at, "not_taken_up", "none: dropped before a charge"),)

    def duty_steps(self, provision: Provision, found: int, marks: Sequence[float]) -> tuple[Step, ...]:
        """Return the steps after a breached duty, which lasts until it is found, so there is no limitation."""
        if funnel(self.scenario, "", crime=False).fate(marks[1]) == "none":
            return (Step(found, "not_taken_up", _DROPPED, provision.id),)
        return self._taken(provision, found, marks)

    def unfounded(self, found: int, marks: Sequence[float]) -> tuple[Step, ...]:
        """Return the answer to a complaint about a camera that breaks no duty."""
        return (Step(self._decided(found, marks)[0], "unfounded", "none: no breach found"),)

    def _gravest(self, pairs: Sequence[tuple[Sanction, Provision]]) -> tuple[Any, Provision]:
        return max(pairs, key=lambda pair: (_rank(pair[0]), self._cny(pair[0]), pair[1].id))

    def _decided(self, found: int, marks: Sequence[float]) -> tuple[int, int]:
        """Return when the authority decides, and how long that took (lognormal).

        The sum of two marks modulo 1 is a mark that is independent of each of them.
        """
        wait = delay(self.scenario, self.scenario.leaks.decision_d.number * DAY_TICKS,
                     np.array([(marks[1] + marks[3]) % 1.0]).clip(1e-9, 1.0 - 1e-9))
        return found + int(wait[0]), int(wait[0])

    def _taken(self, provision: Provision, found: int, marks: Sequence[float]) -> tuple[Step, ...]:
        sanction, name, leaks = provision.sanction, provision.id, self.scenario.leaks
        at, _ = self._decided(found, marks)
        if sanction is None or sanction.step == "none_stated":
            return (Step(at, "none_stated", f"none stated ({name})", name),)
        if sanction.step == "civil":
            return (Step(at, "civil_claim", f"civil claim ({name})", name),)
        # the band of the person, else of the person responsible, else of the unit; euros at par
        low, high = sanction.individual or sanction.responsible or sanction.unit or (0.0, 0.0)
        fine = float(round(low + (high - low) * marks[3]))
        fined = f"fine of {fine:.0f} ({name})"
        if sanction.step == "order_first":
            order = Step(at, "order_to_correct", f"order to correct, fine on refusal ({name})", name)
            later = at + round(leaks.correction_term_d.number * DAY_TICKS)
            if marks[2] >= leaks.correction_refused_share.number or not fine:
                return (order, Step(later, "corrected", f"corrected in time ({name})", name))
            return (order, Step(later, "fine", fined, name, fine_cny=fine))
        if sanction.detention_d and (marks[2] < 0.5 or not fine):
            low, high = sanction.detention_d
            days = max(1.0, round(low + (high - low) * marks[3]))
            return (Step(at, "detention", f"detention of {days:g} days ({name})", name, detention_d=days),)
        return (Step(at, "fine", fined, name, fine_cny=fine),)

    def holds_back(self, era: int, question: Question, logged: bool) -> float:
        """Return the probability that a lapse happens despite the possible sanction: exp(−ε · expected sanction)."""
        leaks = self.scenario.leaks
        reviews = _HALF_A_YEAR_D / leaks.log_review_d.number
        by_log = 1.0 - (1.0 - leaks.audit_detection.number) ** reviews if logged else 0.0
        by_complaint = 1.0 - exp(-leaks.lapse_complaint_per_day.number * _HALF_A_YEAR_D)
        chance = 1.0 - (1.0 - by_log) * (1.0 - by_complaint)
        proved = 1.0 if logged else leaks.proof_without_log.number
        provisions = [one for one in self.rules.of(era).sanctions(question) if _reached(one.id, 1, 0.0, grave=False)]
        crime, other = (max((self._cny(one.sanction) for one in provisions
                             if one.sanction and bool(one.sanction.prison_years) == prison), default=0.0)
                        for prison in (True, False))  # fmt: skip
        fates = funnel(self.scenario, question.requester, crime > 0).shares()
        worth = fates["convicted"] * crime + fates["dismissed"] * leaks.dismissal_cny.number + fates["lesser"] * other
        return exp(-leaks.deterrence_per_1000_cny.number * (chance * proved * worth) / 1000.0)

    def _cny(self, sanction: Sanction) -> float:
        """Return what `_taken` costs a person on average, in CNY: middle of the bands, or years in prison."""
        if sanction.step in ("civil", "none_stated"):
            return 0.0
        leaks = self.scenario.leaks
        if sanction.prison_years:
            return sum(sanction.prison_years) / 2 * leaks.prison_year_cny.number
        fine = next((sum(band) / 2 for band in (sanction.individual, sanction.responsible) if band), 0.0)
        if sanction.step == "order_first":
            return fine * leaks.correction_refused_share.number
        days = sum(sanction.detention_d) / 2 * leaks.detention_day_cny.number if sanction.detention_d else 0.0
        return (fine + days) / 2 if fine and days else fine + days


def _reached(provision: str, items: int, gain_cny: float, grave: bool) -> bool:
    """Return whether a crime's threshold is met; lesser offences have no threshold here."""
    if provision in _CRIMES:
        many, much = map(facts().value, _CRIMES[provision])
        return items >= many or gain_cny >= much
    return provision != "cl_284" or grave


def _rank(sanction: Sanction) -> int:
    """Rank sanctions: crime, detention, immediate fine, order to correct, civil claim, none."""
    punished = 5 if sanction.prison_years else 4 if sanction.detention_d else 3 if sanction.step == "at_once" else 2
    return {"none_stated": 0, "civil": 1}.get(sanction.step, punished)


def audits(steps: Sequence[Step], end: int, *, found: int, act_id: int, incident_id: int,
           reviews: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Return the audits of one incident: reviews without findings in [0, D), and all steps if it was found in [0, D).

    A decision takes months, so steps may lie after D.
    """
    rows: list[dict[str, Any]] = [{"at_t": at, "found": False} for at in reviews if 0 <= at < end]
    if 0 <= found < end:
        rows += [{**vars(one), "found": True} for one in steps]
    return [{"act_id": act_id, "incident_id": incident_id, **row} for row in rows]


def first_end(counted_from: int, turn: NDArray[np.int64] | int, marks: NDArray[np.float64], hazard: NDArray[np.float64],
              factors: NDArray[np.float64]) -> tuple[int, int]:
    """Return tick and cause of the end: the first cause whose integrated hazard exceeds its unit exponential.

    The hazard is `hazard` per day until the tick `turn` (of each cause) and `hazard · factors` from then on. Ties go to
    the first cause. If nothing can end it: (NEVER, −1).
    """
    left = marks - hazard * (np.maximum(turn - counted_from, 0) / DAY_TICKS)
    with np.errstate(divide="ignore", invalid="ignore"):
        before = counted_from + marks / hazard * DAY_TICKS
        after = np.maximum(counted_from, turn) + left / (hazard * factors) * DAY_TICKS
    at = np.where(left <= 0, before, after)
    cause = int(at.argmin())
    return (int(np.ceil(at[cause])), cause) if at[cause] < NEVER else (int(NEVER), -1)
