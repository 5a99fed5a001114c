"""Two questions per act, never one: what the camera rules say, and what everybody's law says (`policy/judging.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.governance.keeping import Keeping
from privacysim.governance.log import Arrays
from privacysim.governance.rules_in_force import AFTER, BEFORE, Rules, kinds
from privacysim.policy.questions import Answer, Question

if TYPE_CHECKING:
    from privacysim.world.world_model import World

_ASKED = (
    "actor", "act", "purpose", "channel", "technique", "document", "approver", "own", "consent", "before",
)


def judged(rows: Arrays, world: World, rules: Rules, kept: Keeping) -> Arrays:
    """Rows of acts with what the camera shows, both answers and the mask; one question for each kind of act.

    Rows need the columns of `log.ACT_COLUMNS`. An act of an outsider that hides the others (`masked`) shows boxes.
    """
    cameras, camera = world.cameras, rows["camera_id"]
    masks = [*kept.masks, ("box", False)]
    mask = np.where(rows["unmask"], 0, kept.mask_of(camera, rows["from_t"]))
    mask = np.where(rows["masked"], len(masks) - 1, mask)
    # footage from before a duty to mask stays clear, and looking at it does not break that duty
    due = np.where(rows["before"], kept.mask[BEFORE][camera], kept.mask[AFTER][camera])
    due = np.where(rows["masked"], len(masks) - 1, np.where(rows["unmask"], 0, due))
    seen = {
        "operator": cameras.operator[camera], "regime": cameras.regime[camera], "scene": cameras.scene[camera],
        "listed": kept.listed[camera], "identifiable": kept.identifiable[camera], "mask": due,
        "secret": cameras.secret[camera],
    }
    distinct, which = kinds(*(rows[name] for name in _ASKED), *seen.values())
    answers = [_answer(rules, masks, *one) for one in distinct.tolist()]

    def spread(values: list[Any], dtype: str) -> NDArray[Any]:
        return np.array(values, dtype=dtype)[which] if values else np.empty(0, dtype=dtype)

    made = {name: values for name, values in rows.items() if name not in ("approver", "own", "consent", "before",
                                                                          "unmask", "masked")}
    made["custodian_id"], made["scene"] = cameras.custodian_id[camera], seen["scene"]
    made["specific"] = spread([words.SPECIFIC.index(one.specific) for one in answers], "u1")
    made["general"] = spread([words.GENERAL.index(one.general) for one in answers], "u1")
    made["legality"] = spread([words.LEGALITIES.index(one.legality) for one in answers], "u1")
    made["basis_specific"] = spread([one.basis_specific for one in answers], "O")
    made["basis_general"] = spread([one.basis_general for one in answers], "O")
    made["mask"] = np.array([name for name, _ in masks], dtype=object)[mask]
    made["reversible"] = np.array([undone for _, undone in masks])[mask]
    return made


def _answer(
    rules: Rules, masks: list[tuple[str, bool]], actor: int, act: int, purpose: int, channel: int, technique: int,
    document: int, approver: int, own: int, consent: int, before: int, operator: int, regime: int, scene: int,
    listed: int, identifiable: int, mask: int, secret: int,
) -> Answer:
    name, reversible = masks[mask]
    return rules.judge(BEFORE if before else AFTER, Question(
        requester=words.REQUESTERS[actor], act=words.ACTS[act], purpose=words.PURPOSES[purpose],
        channel=words.CHANNELS[channel], technique=words.TECHNIQUES[technique], document=words.DOCUMENTS[document],
        approver=words.APPROVERS[approver], own=bool(own), consent=bool(consent), operator=words.OPERATORS[operator],
        regime=words.REGIMES[regime], scene=words.SCENES[scene], listed=bool(listed),
        identifiable=bool(identifiable), mask=name, reversible=reversible, secret=words.SECRETS[secret],
    ))
