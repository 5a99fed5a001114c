"""Oracle cases of law packs: acts with the answers that their authors expect, beside the rules in `cases.csv`.

Each row asks `policy` on `date` one act, in columns named like the fields of `Question` (`who` is the requester; an
empty column says nothing; `paper_place`, `paper_hours`, `paper_technique` and `paper_recipient` are `within` or
`beyond`), and expects `specific` and `general`. `or_specific` and `or_general` hold other answers that can be defended,
with | between them. `article` and `read_where` say what the answer rests on; a row that was `not read` is not asked.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from privacysim.errors import refuse_unknown
from privacysim.law import GivenPack, laws
from privacysim.policy.arm import Arm
from privacysim.policy.asking import AMOUNTS, CLOSED, arm_of, question_of
from privacysim.policy.judging import FLAGS, Answer, Question
from privacysim.vocabulary import LIMITS

_FIELDS = (*CLOSED, *AMOUNTS, *FLAGS, "mask", "reversible", "consent", "identifiable", "siting_lawful", "case_filed")


@dataclass(frozen=True)
class Case:
    """One row of a pack's cases, the question that it asks, and the answer that the model gives."""

    row: Mapping[str, str]
    question: Question
    answer: Answer

    @property
    def agrees(self) -> bool:
        """Whether both answers are among those that the row accepts."""
        return all(getattr(self.answer, name) in (self.row[name], *self.row.get(f"or_{name}", "").split("|"))
                   for name in ("specific", "general"))


def pack_cases(pack: str, packs: Sequence[GivenPack] = ()) -> list[Case]:
    """Ask all cases of a pack, given by its name; rows about duties and rows without a text that was read are left out.

    >>> from privacysim.policy.pack_cases import pack_cases
    >>> all(case.agrees for case in pack_cases("us_il"))
    True
    """
    files = laws(packs).cases
    refuse_unknown(pack, files, "policy cases", "a law pack with cases.csv")
    arm = lru_cache(lambda policy, day: arm_of(policy, day, packs))
    return [asked(row, arm(row["policy"], row["date"])) for row in read_cases(files[pack])
            if not row.get("duty") and row["read_where"] != "not read"]


def read_cases(path: Path) -> list[dict[str, str]]:
    """The rows of a file of cases."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def asked(row: Mapping[str, str], arm: Arm) -> Case:
    """Ask one row of one arm."""
    facts = {name: row[name] for name in _FIELDS if row.get(name)} | {"requester": row.get("who") or row["requester"]}
    for side in ("within", "beyond"):
        # of several limits that an act keeps, the hours count: leave may be asked for afterwards
        said = [limit for limit in ("hours", *LIMITS) if row.get(f"paper_{limit}") == side]
        facts |= {side: said[0]} if said else {}
    question = question_of(facts)
    return Case(row, question, arm.judge(question))
