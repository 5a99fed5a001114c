"""Tables about a dose: publishable rows, sums by operator, unmapped cameras, and the rights to the footage.

No position is ever published. One person's file is their own dosimeter, so the rest may be written. If the tracks
belong to several people, rows about fewer people than the fact `track_cell_threshold` are left out, also from sums, and
no single person's row is written.

Rights: each policy is asked one question for each typical requester (`data/walk_askers.csv`). "May" means that the
rules offer this requester a route (a document, an approval, or none needed); otherwise the answer says whether rules
forbid it or are silent. An operator that is not mapped counts as a shop, which also sets the class of place.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date

import pandas as pd

from privacysim.errors import InputError
from privacysim.facts import facts
from privacysim.policy import load_arms
from privacysim.policy.arm import Arm
from privacysim.policy.judging import Question
from privacysim.resources import shipped_rows
from privacysim.tracks.dosimeter import ENDS, Dose
from privacysim.vocabulary import OPERATORS, REGIMES

_SUMMED = ("seen", "metres_detect", "seconds_detect", "seconds_recognise", "seconds_identify")
_REGIME_OF = {"public_security": "public_state", "other_state": "public_state", "commercial": "public_other",
              "compound": "public_other", "home": "private_home"}
_UNKNOWN_AS = "commercial"
_RIGHTS = ["policy", "operator", "regime", "cameras", "requester", "purpose", "channel", "may", "document", "legality",
           "gap", "kept_s", "kept_low_s", "kept_high_s", "mask"]  # fmt: skip


def threshold() -> int:
    """Smallest number of people behind a published number."""
    return round(facts().value("track_cell_threshold"))


def publishable_cameras(dose: Dose) -> tuple[pd.DataFrame, int]:
    """Rows of cameras that may be published, without positions, and the number of rows left out."""
    rows = dose.cameras.drop(columns="index")
    if dose.people == 1:
        return rows, 0
    people = dose.passes.groupby("camera")["person"].nunique()
    rows["people"] = rows["camera"].map(people).fillna(0).astype("int64")
    kept = rows[rows["people"] >= threshold()].reset_index(drop=True)
    return kept, len(rows) - len(kept)


def publishable_passes(dose: Dose) -> pd.DataFrame:
    """Passes of a single person's walk; none for several people, because one person's passes are their track."""
    return dose.passes.iloc[: None if dose.people == 1 else 0].drop(columns="person")


def publishable_totals(dose: Dose) -> dict[str, float]:
    """Sums over the walk; for several people only if enough of them contribute."""
    return dict(dose.totals) if dose.people == 1 or dose.people >= threshold() else {}


def quantiles(dose: Dose) -> pd.DataFrame:
    """Quartiles of seconds in possible view per person, if enough people contribute to each."""
    shares = [0.25, 0.5, 0.75] if dose.people >= 4 * threshold() else []
    seconds = (dose.passes["leave_s"] - dose.passes["enter_s"]).groupby(dose.passes["person"]).sum()
    everyone = seconds.reindex(range(dose.people), fill_value=0.0)
    return pd.DataFrame({"quantile": shares, "camera_seconds": everyone.quantile(shares).to_numpy()})


def by_operator(dose: Dose) -> pd.DataFrame:
    """Sums by operator, most seconds first: operator, then cameras, metres and seconds, each _low, mean, _high.

    A stretch that two of an operator's cameras see counts twice. `cameras` counts those that see somebody. For tracks
    of several people only the cameras that may be published are summed.
    """
    rows, _ = publishable_cameras(dose)
    names = [f"{name}{end}" for name in _SUMMED for end in ENDS]
    summed = rows.groupby("operator", sort=True)[[*names, "passes"]].sum().reset_index()
    summed = summed.rename(columns=lambda name: name.replace("seen", "cameras", 1))
    return summed.sort_values("seconds_detect_high", ascending=False, kind="stable", ignore_index=True)


def recall_of(text: str) -> tuple[float, float, float]:
    """Lowest, likely and highest share of the real cameras that the map contains: `0.63`, or `0.63:0.5-0.8`.

    >>> recall_of("0.63:0.5-0.8")
    (0.5, 0.63, 0.8)
    """
    value, _, ends = text.partition(":")
    try:
        low, high = (float(end) for end in (ends or f"{value}-{value}").split("-"))
        if 0.0 < low <= float(value) <= high <= 1.0:
            return low, float(value), high
    except ValueError:
        pass
    raise InputError("--recall", "the share of cameras that are on the map, 0.63 or 0.63:0.5-0.8", text,
                     "write value:low-high, each above 0 and at most 1")  # fmt: skip


def with_unmapped(dose: Dose, recall: tuple[float, float, float]) -> pd.DataFrame:
    """Estimate all cameras, and all camera-seconds, if the map contains only a share of the cameras.

    Each camera is mapped with probability r wherever it hangs, so n mapped ones represent n/r (Horvitz and Thompson
    1952): low uses the highest recall, high the lowest. This assumes the same recall along this walk.
    Columns: what, low, mean, high.
    """
    total, (low, likely, high) = dose.totals, recall
    rows = [(what, total[f"{what}_low"] / high, total[what] / likely, total[f"{what}_high"] / low)
            for what in ("cameras", "camera_seconds", "seconds_identifiable")]
    return pd.DataFrame(rows, columns=["what", "low", "mean", "high"])


def rights(dose: Dose, policies: Sequence[str], law_date: date) -> pd.DataFrame:
    """Table with one row per policy, kind of camera that saw the walk, and requester.

    Columns: policy, operator, regime, cameras (count), requester, purpose, channel, may (yes, no, or under which
    condition), document, legality of looking without that condition (authorised, ungoverned or prohibited), gap (hard,
    soft or empty), kept_s, kept_low_s, kept_high_s (how long after the walk footage exists), mask.
    """
    askers = shipped_rows("data/walk_askers.csv")
    kinds = Counter(_kind(dose, index) for index in dose.cameras["index"])
    arms = [arm for arm in load_arms(policies, {}, law_date) if arm.footage]
    rows = [(arm.id, *kind, kinds[kind], *_answer(arm, kind, *asker.values()), *arm.retention_s(kind[1]),
             arm.mask(kind[1])) for arm in arms for kind in sorted(kinds) for asker in askers]  # fmt: skip
    return pd.DataFrame(rows, columns=_RIGHTS)


def _kind(dose: Dose, index: int) -> tuple[str, str]:
    """Operator and regime of a camera, as far as they are mapped."""
    code, place = int(dose.mapped.operator[index]), int(dose.mapped.regime[index])
    operator = OPERATORS[code] if code >= 0 else _UNKNOWN_AS
    return operator, REGIMES[place] if place >= 0 else _REGIME_OF[operator]


def _answer(arm: Arm, kind: tuple[str, str], requester: str, purpose: str, channel: str, own: str) -> tuple[str, ...]:
    """Columns `requester` to `gap`: whether this requester may see the footage of this kind of camera."""
    route = arm.route(requester, purpose, channel, *kind, bool(own))
    offered = route if route is not None and "view" in route.acts else None
    document, approver = (offered.document, offered.approver) if offered else ("none", "none")
    answer = arm.judge(Question(requester, "view", purpose, channel, *kind, own=bool(own), document=document,
                                approver=approver))  # fmt: skip
    may = "no" if offered is None else "if " + " and ".join(offered.conditions) if offered.conditions else "yes"
    return requester, purpose, channel, may, document, answer.legality, answer.gap
