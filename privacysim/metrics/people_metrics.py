"""Metrics of people: exposure, its inequality, what cameras film of them, and what outsiders infer from sightings.

Totals are weighted sums over the sample, unbiased at any sample size: Σ wᵢ yᵢ given the Log. Inequality is that of the
realised month. People's values go into fixed histograms of 8 bins an octave, which add up over blocks. Gini and shares
from bin totals ignore only the inequality within a bin (under 0.001 of Gini).
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import vocabulary as words
from privacysim.attacks.inequality import gini, top_share
from privacysim.attacks.reidentification import unicity
from privacysim.attacks.sightings import time_to_confusion
from privacysim.draws import Floats
from privacysim.facts import facts
from privacysim.metrics.registry import MetricValue, Part, ratio, shipped_metric, total_of, totals_by_curve
from privacysim.metrics.seen import Footage, PeopleSeen, Viewed
from privacysim.sight.optics import DORI_NAMES
from privacysim.stats import effective
from privacysim.vocabulary import CURVES, GROUPS, LEGALITIES

_OUTSIDERS = (3, 4, 5)
_LEGALITY = {"legality": {**{word: word for word in LEGALITIES}, "ungoverned": "ungoverned (no camera rule matches)"}}
_GROUPS = {"group": {**{group: group + "s" for group in GROUPS}, "older": "older people"}}
_HOW = {"how": {"targeted": "searched for", "incidental": "incidentally"}}
_PER_OCTAVE = 8
_NEAR_M, _TOGETHER_S, _POINTS = 100.0, 10.0, 4
_HOME_BEFORE_H, _HOME_FROM_H, _WORK_TO_H = 9.0, 19.0, 17.0
_NONE: Part = {"total": 0.0, "n": 0.0}


def _sums_of(weight: Floats, per_person: Floats) -> Part:
    """Weighted totals and sums of squares of an array (people, curves)."""
    made: dict[str, float] = {}
    for c, curve in enumerate(CURVES):
        # not a dot product: its order of summation, and so its last bit, would depend on the threads of the library
        each = weight * per_person[:, c]
        made[curve], made[f"squares_{curve}"] = float(each.sum()), float((each * each).sum())
    return made


def _any_of(p: Floats, groups: Sequence[int] = _OUTSIDERS) -> Floats:
    """Probability of at least one, over groups that are independent trials: 1 − Π(1 − p)."""
    missed = 1.0 - p[:, groups[0]]
    for group in groups[1:]:
        missed = missed * (1.0 - p[:, group])
    return 1.0 - missed


def _groups(legality: str) -> tuple[int, int]:
    """Insiders and outsiders whose acts have that legality."""
    code = LEGALITIES.index(legality)
    return code, 3 + code


def _with_targets(seen: PeopleSeen, incidental: Floats, groups: Sequence[int] = _OUTSIDERS, how: str = "") -> Part:
    """Sums of people identified incidentally (people, curves), of targets, or of both."""
    parts = {"incidental": _sums_of(seen.weight, incidental),
             "targeted": _sums_of(np.ones(len(seen.targeted)), _any_of(seen.targeted, groups))}  # fmt: skip
    return parts[how] if how else {key: sum(part[key] for part in parts.values()) for key in parts["targeted"]}


@shipped_metric()
def people_watched_by_outsiders(seen: PeopleSeen) -> Floats:
    """People who are watched at all, recognised or not, like the people on the website."""
    return (seen.sightings_seen[:, _OUTSIDERS].sum(axis=1) > 0).astype(np.float64)


@shipped_metric()
def people_seen_twice_by_outsiders(seen: PeopleSeen) -> Floats:
    """Upper bound of people followed: two sightings can be linked by clothes, by the hour of the day, or by a home."""
    return (seen.sightings_seen[:, _OUTSIDERS].sum(axis=1) > 1).astype(np.float64)


@shipped_metric(totals_by_curve, by=_HOW)
def people_identified_by_outsiders(seen: PeopleSeen, heading: str, how: str) -> Part:
    """Expected people identified at least once, trials between viewers and passes independent: the primary metric."""
    return _with_targets(seen, _any_of(seen.p_identified), how=how)


@shipped_metric(totals_by_curve)
def people_identified_by_outsiders_p_max(seen: PeopleSeen) -> Part:
    """People identified if a face is easy or hard for everybody, so that only the best single trial counts."""
    return _with_targets(seen, seen.p_identified_max[:, _OUTSIDERS].max(axis=1))


@shipped_metric(totals_by_curve)
def people_identified_by_outsiders_p_days(seen: PeopleSeen) -> Part:
    """People identified if every day of a repeated walk is a fresh, independent trial."""
    return _with_targets(seen, _any_of(seen.p_identified_days))


@shipped_metric(totals_by_curve)
def sensitive_visits_revealed(seen: PeopleSeen) -> Part:
    """Expected visits to a clinic, a hotel, a place of worship … that an outsider can attribute to a person."""
    return _sums_of(seen.weight, seen.revealed_to_outsiders)


@shipped_metric(totals_by_curve, by=_LEGALITY, neutral=("authorised",))
def identifiable_person_hours(seen: PeopleSeen, heading: str, legality: str) -> Part:
    """Time in view of a viewer who looks, times the probability of identification."""
    return _sums_of(seen.weight, seen.identifiable_s[:, _groups(legality)].sum(axis=1) / 3600.0)


@shipped_metric(totals_by_curve, by=_LEGALITY, neutral=("authorised",))
def people_identified(seen: PeopleSeen, heading: str, legality: str) -> Part:
    """People identified by all viewers whose act has that answer under the camera rules."""
    groups = _groups(legality)
    return _with_targets(seen, _any_of(seen.p_identified, groups), groups)


@shipped_metric(totals_by_curve)
def outsider_viewer_person_hours(seen: PeopleSeen) -> Part:
    """Secondary, because a crowd multiplies it without bound."""
    return _sums_of(seen.weight, seen.viewer_identifiable_s[:, _OUTSIDERS].sum(axis=1) / 3600.0)


@shipped_metric()
def people_searched_by_face(seen: PeopleSeen) -> Floats:
    """Everybody who passed a searched camera in the searched time; most of them were not sought."""
    return (seen.faces_searched > 0).astype(np.float64)


@shipped_metric(by=_GROUPS)
def false_matches(seen: PeopleSeen, heading: str, group: str) -> Part:
    """Strangers whom a machine takes for a person sought, and whom the person who compares the pictures accepts."""
    mine = seen.group == GROUPS.index(group) if group else np.full(seen.group.size, True)
    return total_of(seen.weight[mine], seen.false_alarms[mine] * facts().value("false_match_accepted"))


@shipped_metric(by=_GROUPS)
def people_misnamed_by_lookers(seen: Viewed, heading: str, group: str) -> Part:
    """People in view of outsiders who are taken for an acquaintance of theirs, or for the person sought."""
    mine = seen.group == GROUPS.index(group) if group else np.full(seen.weight.size, True)
    return total_of(seen.weight[mine], seen.misnamed[mine])


def _histogram(weight: Floats, values: Floats) -> Part:
    """Weighted log₂ histogram of (people, curves): people and total per bin, everybody, and the number above 0."""
    made: dict[str, float] = {"people": float(weight.sum()), "persons": float(weight.size)}
    for c, curve in enumerate(CURVES):
        above = np.flatnonzero(values[:, c] > 0.0)
        made[f"n_{curve}"] = float(above.size)
        if above.size:
            y, w = values[above, c], weight[above]
            bins, code = np.unique(np.floor(np.log2(y) * _PER_OCTAVE).astype(np.int64), return_inverse=True)
            people, totals = np.bincount(code, weights=w), np.bincount(code, weights=w * y)
            for number, here, sum_here in zip(bins.tolist(), people.tolist(), totals.tolist(), strict=True):
                made[f"{curve} {number} people"], made[f"{curve} {number} total"] = here, sum_here
    return made


def _of_bins(measure: Callable[[Floats, Floats, Part], float]) -> Callable[[Part], list[MetricValue]]:
    """`measure(values, weights, sums)` of a histogram's bins, including people with 0; undefined if all have 0."""

    def value(sums: Part) -> list[MetricValue]:
        made = []
        for curve in CURVES:
            bins = [key.split()[1] for key in sums if key.startswith(f"{curve} ") and key.endswith(" people")]
            people, totals = (np.asarray([sums[f"{curve} {number} {what}"] for number in bins])
                              for what in ("people", "total"))  # fmt: skip
            nobody = max(sums["people"] - float(people.sum()), 0.0)
            found = measure(np.append(totals / people, 0.0), np.append(people, nobody), sums) if bins else None
            note = "undefined: nobody bears anything" if found is None else ""
            made.append(MetricValue(curve, found, round(sums[f"n_{curve}"]), note))
        return made

    return value


def _gini(y: Floats, w: Floats, sums: Part) -> float:
    # undo the bins' own n/(n − 1) and apply that of the people instead
    kept, n = int((w > 0).sum()), sums["persons"]
    return 0.0 if kept < 2 or n < 2 else gini(y, w) * (kept - 1) / kept * n / (n - 1)


@shipped_metric(_of_bins(_gini))
def gini_identified(seen: PeopleSeen) -> Part:
    """0: all bear the same; towards 1: a few bear it all. In the realised month, not over a lifetime."""
    return _histogram(seen.weight, _any_of(seen.p_identified))


@shipped_metric(_of_bins(lambda y, w, sums: top_share(y, w)))
def top_tenth_share_identified(seen: PeopleSeen) -> Part:
    """0.1 if all bear the same. The bottom tenth bears nothing in most months, so no ratio to it is defined."""
    return _histogram(seen.weight, _any_of(seen.p_identified))


@shipped_metric(_of_bins(_gini))
def gini_identifiable_hours(seen: PeopleSeen) -> Part:
    """Inequality of the time in view of outsiders."""
    return _histogram(seen.weight, seen.identifiable_s[:, _OUTSIDERS].sum(axis=1))


@shipped_metric(_of_bins(lambda y, w, sums: float(y.max())))
def highest_chance_identified(seen: PeopleSeen) -> Part:
    """Requires everybody, because a sample cannot give a maximum."""
    return _histogram(seen.weight, _any_of(seen.p_identified))


def _per_1000(sums: Part) -> list[MetricValue]:
    people, none = sums["people"], "undefined: the group has nobody"
    return [MetricValue(curve, 1000.0 * sums[curve] / people if people else None,
                        round(effective(sums[curve], sums[f"squares_{curve}"])), "" if people else none)
            for curve in CURVES]  # fmt: skip


@shipped_metric(_per_1000, by=_GROUPS)
def identified_per_1000(seen: PeopleSeen, heading: str, group: str) -> Part:
    """Rate in each group of the population."""
    mine = seen.group == GROUPS.index(group)
    weight, p = seen.weight[mine], _any_of(seen.p_identified)[mine]
    return {"people": float(weight.sum()), **_sums_of(weight, p)}


def _per_day(seen: Footage, per_person: NDArray) -> Part:
    return {**total_of(seen.weight, per_person), "person_days": float(seen.weight.sum()) * seen.days}


@shipped_metric(ratio("people", "person_days"))
def cameras_per_person_day(seen: Footage) -> Part:
    """For comparison with claims such as "seen 300 times a day in London" (a journalist's guess, never measured)."""
    return _per_day(seen, seen.passes)


@shipped_metric(ratio("people", "person_days"), by={"level": DORI_NAMES})
def minutes_in_view(seen: Footage, heading: str, level: str) -> Part:
    """How long somebody's face is filmed at each level of the standard."""
    return _per_day(seen, seen.seconds[:, DORI_NAMES.index(level)] / 60.0)


@shipped_metric()
def archive_person_hours(seen: Footage) -> Floats:
    """Potential exposure: what one breach of all footage would reveal. Long-run: rate × time kept."""
    return seen.held_s / 3600.0


@shipped_metric(totals_by_curve, by={"actor": words.REQUESTERS, "channel": words.CHANNELS})
def identifiable_hours(seen: Viewed, heading: str, word: str) -> Part:
    """Identifiable hours by who looks, and by how they got the footage."""
    nothing = np.zeros((seen.weight.size, len(CURVES)))
    return _sums_of(seen.weight, seen.seconds.get(f"{heading} {word}", nothing) / 3600.0)


@shipped_metric(ratio("cases with evidence", "cases"))
def people_seen_per_case(seen: Viewed) -> Part:
    """Exchange rate between people and cases: how many are looked at for one case that gets evidence."""
    return {**total_of(seen.weight, seen.on_request), "cases": float(seen.cases)}


def _found(seen: Viewed, rows: pd.DataFrame, truth: NDArray[np.float64]) -> Part:
    """People whose most frequent camera among the rows (at least two sightings) is near the truth."""
    often = rows.groupby(["user", "camera"], as_index=False).agg(times=("enter_s", "size"), x=("x_m", "first"),
                                                                  y=("y_m", "first"))  # fmt: skip
    best = often[often["times"] >= 2].sort_values(["user", "times", "camera"], ascending=[True, False, True])
    best = best.drop_duplicates("user")
    user = best["user"].to_numpy(dtype=np.int64)
    far = np.hypot(best["x"].to_numpy() - truth[user, 0], best["y"].to_numpy() - truth[user, 1])
    hit = user[far <= _NEAR_M]  # without a truth there is no hit
    return total_of(seen.weight[hit], np.ones(hit.size))


@shipped_metric()
def homes_found(seen: Viewed) -> Part:
    """The oldest inference from location data: where somebody is in the morning and in the evening."""
    hour = seen.sightings["enter_s"] / 3600.0 % 24.0
    return _found(seen, seen.sightings[(hour < _HOME_BEFORE_H) | (hour >= _HOME_FROM_H)], seen.home)


@shipped_metric()
def work_places_found(seen: Viewed) -> Part:
    """The same for working hours; people who do not work cannot be found there."""
    hour, day = seen.sightings["enter_s"] / 3600.0 % 24.0, seen.sightings["enter_s"] // 86_400.0
    return _found(seen, seen.sightings[(hour >= _HOME_BEFORE_H) & (hour < _WORK_TO_H) & (day % 7 < 5)], seen.work)


@shipped_metric()
def pairs_seen_together(seen: Viewed) -> Part:
    """Co-presence: once is chance; on two days it is a claim that two people know one another, right or wrong."""
    rows = seen.sightings.sort_values(["camera", "enter_s", "user"])
    camera, when, user = (rows[name].to_numpy() for name in ("camera", "enter_s", "user"))
    day, found = np.floor(when / 86_400.0).astype(np.int64), []
    for lag in range(1, len(rows)):
        near = (camera[lag:] == camera[:-lag]) & (when[lag:] - when[:-lag] <= _TOGETHER_S)
        if not near.any():
            break
        a, b = user[lag:][near], user[:-lag][near]
        pair = pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b), "day": day[:-lag][near]})
        found.append(pair[pair["a"] != pair["b"]].drop_duplicates())
    if not found:
        return _NONE
    days = pd.concat(found).drop_duplicates().groupby(["a", "b"]).size()
    return {"total": float((days >= 2).sum()), "n": float((days >= 2).sum())}


@shipped_metric(ratio("people with four such sightings"))
def singled_out_by_four_sightings(seen: Viewed) -> Part:
    """Unicity of the footage that outsiders saw; requires everybody, because people look rarer in a sample."""
    if seen.sightings.empty:
        return _NONE
    found = unicity(seen.sightings, _POINTS, place="camera", time="enter_s", window_s=3600.0)
    if found.empty:
        return _NONE
    people = float(found["targets"].item())
    return {"total": float(found["unicity"].item()) * people, "n": people}


@shipped_metric(ratio("handovers from camera to camera"))
def linked_by_clothes(seen: Viewed) -> Part:
    """Linkage across cameras without a face, by the number of people among whom the follower must choose."""
    if seen.sightings.empty:
        return _NONE
    tracks = time_to_confusion(seen.sightings, place="camera", time="enter_s")
    return {"total": tracks.linked * tracks.handovers, "n": float(tracks.handovers)}


@shipped_metric(ratio("people before outsiders"))
def longest_track(seen: Viewed) -> Part:
    """Time to confusion along a chain of cameras, for people whom outsiders see at all."""
    if seen.sightings.empty:
        return _NONE
    tracks = time_to_confusion(seen.sightings, place="camera", time="enter_s").people
    return {"total": float(tracks["longest_s"].sum()), "n": float(len(tracks))}
