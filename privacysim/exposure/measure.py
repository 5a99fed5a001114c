"""Exposure of a block of people under every arm and on both curves, in one pass over their pieces.

Definition (a test checks that a naive join of the saved tables agrees): join acts with `audience > 0` and sightings
of the same camera whose times overlap for t > 0 seconds. Per row:

- P = identifiability(mask, face_px, frontal, gallery, curve, by=recogniser of the act); a = attention; κ = `known`, the
  probability that the person filmed is among those the viewer compares with; m = κ·audience, the number of viewers who
  know them.
- `identifiable_s += t·a·κ·P`; `viewer_identifiable_s += t·a·κ·P·audience`: seconds of rows of viewers, not a union.
- q = a·(m·P if m ≤ 1 else 1 − (1 − P)^m): the probability that this row identifies the person.

A *trial* is (legality, viewer, pass): the same viewer, the same walk past the same camera, regardless of the days. Its
rows are comonotone, so only its largest q counts. One day's batch of a crowd is one viewer. Trials are independent:

- `p_identified = 1 − Π over trials (1 − q)`, so legalities compose: 1 − (1 − p₁)(1 − p₂).
- The band: `p_identified_max`, the largest single q (a face is easy or hard for everybody), and `p_identified_days`,
  which treats every day as a separate trial.
- `sightings_seen`: distinct (pass, day) in the join. `sensitive_visits_revealed`: over visits (place, day) of
  sensitive places, Σ (1 − Π over viewers (1 − max q)), over indoor cameras of the place and street cameras whose view
  contains its entrance.

Limits: only expectations are computed; nobody is drawn as identified. Independence of trials is an assumption, hence
the band.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacysim import tables
from privacysim.draws import Floats, Ints
from privacysim.errors import InputError, one_line
from privacysim.exposure import exposure_kernel as kernel
from privacysim.exposure.acts import BY_FACE, GROUPS, Acts, HasActs, index_acts
from privacysim.identify import curve_table, false_alarm
from privacysim.units import TICKS_PER_S
from privacysim.vocabulary import CURVES, LEGALITIES

if TYPE_CHECKING:
    from privacysim.people import Block
    from privacysim.sight.passes import Pieces



@dataclass(frozen=True, slots=True)
class Exposure:
    """Exposure of each person of a block: arrays (person, arm, group, curve).

    A group is `outsider · 3 + legality code` (`acts.py`); curves are (low, high). `sightings_seen` has no curve.
    `revealed_to_outsiders` (person, arm, curve): sensitive visits, for acts of any legality. Units: seconds, chances.
    Equations: see the module. Groups compose as 1 − Π(1 − p), where a viewer in two roles counts as two.
    """

    __repr__ = one_line

    person_id: Ints
    weight: Floats
    arms: tuple[str, ...]
    identifiable_s: Floats
    viewer_identifiable_s: Floats
    p_identified: Floats
    p_identified_max: Floats
    p_identified_days: Floats
    sightings_seen: Ints
    sensitive_visits_revealed: Floats
    revealed_to_outsiders: Floats

    def frame(self, replicate: int) -> pd.DataFrame:
        """Return the `exposure` table of an exposure by legality alone (`measure_exposure(…, acts.whoever(), …)`)."""
        if self.sightings_seen[:, :, len(LEGALITIES) :].any():
            raise InputError("exposure table", "acts by legality alone", "outsiders apart", "measure acts.whoever()")
        person, arm, code = np.nonzero(self.sightings_seen)
        row, curve = np.repeat(np.arange(person.size), len(CURVES)), np.tile(np.arange(len(CURVES)), person.size)
        cell = (person[row], arm[row], code[row], curve)
        columns = ("identifiable_s", "viewer_identifiable_s", "p_identified", "p_identified_max", "p_identified_days",
                   "sensitive_visits_revealed")
        return tables.frame("exposure", {
            "policy": np.asarray(self.arms, dtype=object)[cell[1]], "replicate": replicate,
            "person_id": self.person_id[cell[0]], "legality": cell[2], "curve": curve,
            "sightings_seen": self.sightings_seen[cell[:3]],
            **{name: getattr(self, name)[cell] for name in columns},
        })  # fmt: skip


def measure_exposure(pieces: Pieces, block: Block, acts: Acts, table: Floats | None = None) -> Exposure:
    """Measure everyone's exposure to the acts from pieces at the cameras `acts.watched`.

    `table` is `identify.curve_table(acts.pairs)`, one row per pair, computed if omitted. Raises ValueError if pieces
    and acts refer to different cameras.
    """
    sums = ExposureSums(block, acts, table)
    sums.add(pieces)
    return sums.exposure()


class ExposureSums:
    """Exposure of a block while it is added up from pieces, which may come in portions of whole people.

    Parameters as in `measure_exposure`. Everybody's sums follow from their own pieces, so the portions change nothing.
    """

    def __init__(self, block: Block, acts: Acts, table: Floats | None = None) -> None:
        self.block, self.acts = block, acts
        self.table = curve_table(acts.pairs) if table is None else table
        if self.table.shape[0] != len(acts.pairs):
            raise ValueError("measure_exposure: one table row for each of acts.pairs")
        self.shape = (block.person_id.size, len(acts.arms), GROUPS, len(CURVES))
        # arm by arm in memory, because metrics evaluate one arm at a time
        by_arm = (self.shape[1], self.shape[0], *self.shape[2:])
        self._sums = [np.zeros(by_arm) for _ in range(5)]
        self._seen = np.zeros(by_arm[:3], dtype=np.int64)
        self._visits: list[tuple[Ints, Floats]] = []

    def add(self, pieces: Pieces) -> None:
        """Add what the viewers see of these pieces."""
        block, acts = self.block, self.acts
        if len(pieces) and int(pieces.camera.max()) >= acts.watched.size:
            raise ValueError("measure_exposure: the pieces are of other cameras than acts.watched")
        self._visits.append(kernel.expose(
            pieces.person, pieces.pass_no, pieces.camera, pieces.tour, pieces.offset, pieces.length, pieces.face,
            pieces.frontal, pieces.place, pieces.sensitive, block.tour_mask, block.tour_shift, block.jitter,
            block.first_day, jitter_span(block.jitter), acts.index, acts.twin, acts.window, acts.group, acts.viewer,
            acts.pair, acts.attention, acts.known, acts.audience, self.table, *self._sums, self._seen))  # fmt: skip

    def exposure(self) -> Exposure:
        """Return the exposure to all pieces added; add no more afterwards."""
        seconds, weighted, missed, _, daily = self._sums
        for ticks in (seconds, weighted):
            ticks /= TICKS_PER_S
        for logs in (missed, daily):
            some = np.flatnonzero(logs)  # most people are seen by few
            logs.ravel()[some] = -np.expm1(logs.ravel()[some])
        visits, chances = (np.concatenate(rows) for rows in zip(*self._visits, strict=True))
        revealed = visits_revealed(visits, chances, self.shape)
        outside = visits[:, 2] >= len(LEGALITIES)
        visits[:, 2] = 0  # any legality: one group
        to_outsiders = visits_revealed(visits[outside], chances[outside], (*self.shape[:2], 1, self.shape[3]))[:, :, 0]
        seconds, weighted, missed, largest, daily = (np.moveaxis(sums, 0, 1) for sums in self._sums)
        return Exposure(self.block.person_id, self.block.weight, self.acts.arms, seconds, weighted, missed, largest,
                        daily, np.moveaxis(self._seen, 0, 1), revealed, to_outsiders)  # fmt: skip


def jitter_span(jitter: NDArray[np.int16]) -> int:
    """Return the largest shift of a tour on any day, in ticks."""
    return max(-int(jitter.min(initial=0)), int(jitter.max(initial=0)))


def visits_revealed(visits: Ints, chances: Floats, shape: tuple[int, ...]) -> Floats:
    """Compute expected sensitive visits revealed (person, arm, group, curve), from what viewers saw of them.

    Rows of `visits` are (person, arm, group, place, day, viewer). A viewer sees a visit (place, day) with the largest
    of their probabilities; it is revealed with 1 − Π(1 − p) over viewers.
    """
    made = np.zeros(shape)
    if not len(visits):
        return made
    order = np.lexsort(visits.T[::-1])
    rows, q = visits[order], chances[order]
    change = rows[1:] != rows[:-1]
    viewer = np.concatenate([[0], np.flatnonzero(change.any(axis=1)) + 1])
    best = np.maximum.reduceat(q, viewer, axis=0)
    with np.errstate(divide="ignore"):  # a probability of 1: nobody can miss it
        missed = np.log1p(-best)
    rows = rows[viewer]
    visit = np.concatenate([[0], np.flatnonzero((rows[1:, :5] != rows[:-1, :5]).any(axis=1)) + 1])
    np.add.at(made, tuple(rows[visit, :3].T), -np.expm1(np.add.reduceat(missed, visit, axis=0)))
    return made


class _Some(NamedTuple):
    policy: str
    acts: pd.DataFrame


class Searched(NamedTuple):
    """Passes that a machine compared with faces sought, and expected false alarms, both (people, arms)."""

    passes: Floats
    false_alarms: Floats


@dataclass(frozen=True, slots=True)
class FaceSearches:
    """Acts that search by face, indexed by the cameras of all acts, in groups of lists of `sizes` faces.

    A search in recorded footage seeks one face. A list of N faces gives 1 − (1 − f)^N false alarms per pass.
    """

    acts: Acts
    sizes: tuple[int, ...]

    @staticmethod
    def of(whole: Acts, logs: Sequence[HasActs]) -> FaceSearches:
        """Pick them from the logs; they are part of the acts `whole`."""
        some = index_acts([_Some(log.policy, log.acts[log.acts["technique"].isin(BY_FACE)]) for log in logs])
        # lists of different lengths are counted apart, as groups; the gallery of a search for one face is a pair
        sizes, code = np.unique(np.array([n for _, n, _ in some.pairs], dtype=np.int64), return_inverse=True)
        group = np.minimum(code, GROUPS - 1).astype(np.uint8)[some.pair]
        return FaceSearches(replace(some, arms=whole.arms, group=group).among(whole.watched), tuple(sizes.tolist()))


class SearchedSums(ExposureSums):
    """Passes compared with faces sought, while they are added up from pieces of whole people."""

    def __init__(self, block: Block, searches: FaceSearches) -> None:
        super().__init__(block, searches.acts)
        self.sizes = searches.sizes
        self.by_face = np.diff(self.acts.start[:, [0, -1]])[:, 0] > 0

    def add(self, pieces: Pieces) -> None:
        """Add those of the pieces whose camera's footage is searched."""
        super().add(pieces.rows(np.flatnonzero(self.by_face[pieces.camera])))

    def searched(self) -> Searched:
        """Return the passes compared and the expected false alarms."""
        seen = np.moveaxis(self._seen, 0, 1)[:, :, : len(self.sizes)].astype(np.float64)
        return Searched(seen.sum(axis=2), seen @ [false_alarm(n if n > 2 else 1) for n in self.sizes[:GROUPS]])
