"""Oracle cases of law packs: acts with the answers that their authors expect, in `cases.csv` beside the rules.

Each row asks `policy` on `date` one act, in columns named like the fields of `Question` (`who` is the requester; an
empty column says nothing; `paper_place`, `paper_hours`, `paper_technique` and `paper_recipient` are `within` or
`beyond`), and expects `specific` and `general`. `or_specific` and `or_general` list other defensible answers, separated
by |. A row with `duty` expects `owed`, `term` (if given) and `liable`; it may say `place` and `when`. `article` and
`read_where` state what the answer rests on; a row marked `not read` is not asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from privacysim.errors import refuse_unknown
from privacysim.law import GivenPack, laws
from privacysim.policy.arm import Arm
from privacysim.policy.asking import AMOUNTS, arm_of, question_of, said_of
from privacysim.policy.duties import Owed, owed
from privacysim.policy.judging import CLOSED, FLAGS, Answer
from privacysim.resources import csv_rows
from privacysim.vocabulary import LIMITS

_FIELDS = (*CLOSED, *AMOUNTS, *FLAGS, "mask", "reversible", "consent", "identifiable", "siting_lawful", "case_filed")


@dataclass(frozen=True)
class Case:
    """One row of a pack's cases, and the answer that the model gives."""

    row: Mapping[str, str]
    answer: Answer | Owed

    @property
    def agrees(self) -> bool:
        """Whether the answer is among those that the row accepts."""
        row, answer = self.row, self.answer
        if isinstance(answer, Owed):
            same = answer.owed == row["owed"] and answer.liable == (row["liable"] == "yes")
            return same and row["term"] in ("", answer.term)
        return all(getattr(answer, name) in (row[name], *row.get(f"or_{name}", "").split("|"))
                   for name in ("specific", "general"))

    def __str__(self) -> str:
        names = ("owed", "term", "liable") if isinstance(self.answer, Owed) else ("specific", "general", "rule")
        expected = ", ".join(filter(None, (self.row.get(name) for name in names)))
        return f"{self.row['case']}: expected {expected}; got {', '.join(str(getattr(self.answer, n)) for n in names)}"


def pack_cases(pack: str, packs: Sequence[GivenPack] = ()) -> list[Case]:
    """Ask all cases of a pack, given by its name; rows without a text that was read are left out.

    >>> from privacysim.policy.pack_cases import pack_cases
    >>> all(case.agrees for case in pack_cases("us_il"))
    True
    """
    files = laws(packs).cases
    refuse_unknown(pack, files, "policy cases", "a law pack with cases.csv")
    arm = lru_cache(lambda policy, day: arm_of(policy, day, packs))
    return [asked(row, arm(row["policy"], row["date"])) for row in csv_rows(files[pack])
            if row["read_where"] != "not read"]


def asked(row: Mapping[str, str], arm: Arm) -> Case:
    """Ask one row of one arm."""
    facts = {name: row[name] for name in _FIELDS if row.get(name)} | {"requester": row.get("who") or row["requester"]}
    if row.get("duty"):
        when = row.get("when") or ""
        return Case(row, owed(arm, row["duty"], said_of(facts), row.get("place") or "", when.split()))
    for side in ("within", "beyond"):
        # of several limits that an act keeps, the hours count: leave may be asked for afterwards
        said = [limit for limit in ("hours", *LIMITS) if row.get(f"paper_{limit}") == side]
        facts |= {side: said[0]} if said else {}
    return Case(row, arm.judge(question_of(facts)))
