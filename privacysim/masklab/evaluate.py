"""Recognition rates of an attack on masked faces: rank-1, rank-5, all gallery sizes and open set, with intervals.

Protocol (Olivetti, 40 people × 10 images): folds by image number, so that every image is tested once and is never in
its own training set. The attacker learns from 8 images a person unless `images` says fewer. Intervals bootstrap people,
since images of one person are not independent. `chance` is the rate of guessing, 1/people; `excess` the rate above it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from sklearn.base import clone

from privacysim.errors import InputError
from privacysim.masklab.face_attacks import LEVELS, Attack, Codes, Scores, attacked
from privacysim.masklab.faces import Camera, Faces, clean
from privacysim.masklab.mask_base import Images, Mask, features
from privacysim.masklab.mask_names import as_mask
from privacysim.masklab.random_masks import Scramble

_RESAMPLES = 1000
_OPEN_MEMBERS = ("kernel", "kernel_white", "kernel_noisy", "nearest")
"""Members whose scores fade for faces unlike any training face, and do not depend on the number of people enrolled."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores of every probe for every person (probes, people), the right person of each, and the choices made."""

    scores: Scores
    person: Codes
    level: str
    member: str
    inner: float

    @property
    def people(self) -> int:
        """Size of the full gallery."""
        return self.scores.shape[1]

    def _places(self) -> tuple[Codes, Codes]:
        """For each probe, how many people score higher than the right one, and how many equal (itself included)."""
        own = self.scores[np.arange(len(self.person)), self.person][:, None]
        return (self.scores > own).sum(axis=1), (self.scores == own).sum(axis=1)

    def of(self, person: int) -> Outcome:
        """The probes of one person."""
        mine = self.person == person
        return Outcome(self.scores[mine], self.person[mine], self.level, self.member, self.inner)

    def top(self, n: int = 1) -> float:
        """Share of probes whose person is among the `n` best; equal scores share the remaining places."""
        return float(self._within(n).mean())

    def _within(self, n: int) -> NDArray[np.float64]:
        higher, equal = self._places()
        return np.clip((n - higher) / equal, 0.0, 1.0)

    def gallery(self, size: int) -> float:
        """Rank-1 in a random gallery of `size` people, exact over all sub-galleries (hypergeometric).

        With r of the M−1 others ahead of the right one, P = C(M−1−r, size−1) / C(M−1, size−1). Ties: random order.
        """
        others = self.people - 1
        if not 2 <= size <= self.people:
            raise InputError("gallery", f"2 to {self.people} people", size, "choose a size that was measured")
        behind = others - np.arange(self.people)
        possible = behind >= size - 1
        safe = np.where(possible, behind, size - 1)
        logs = gammaln(safe + 1) - gammaln(safe - size + 2) - gammaln(others + 1) + gammaln(others - size + 2)
        wins = np.concatenate([[0.0], np.cumsum(np.where(possible, np.exp(logs), 0.0))])  # over places 0 … r−1
        higher, equal = self._places()
        return float(((wins[higher + equal] - wins[higher]) / equal).mean())

    def interval(self, n: int = 1, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
        """Bootstrap interval of `top(n)` over people."""
        return _over_people(self._within(n), self.person, self.people, level, seed)[1:]

    @property
    def chance(self) -> float:
        """Rank-1 of guessing."""
        return 1.0 / self.people

    @property
    def excess(self) -> float:
        """Rank-1 minus the rate of guessing."""
        return self.top(1) - self.chance


def _over_people(right: NDArray, person: Codes, people: int, level: float, seed: int) -> tuple[float, float, float]:
    """Mean over people of the share of their probes that are right, with its bootstrap interval."""
    each = np.array([right[person == p].mean() for p in range(people)])
    draws = np.random.default_rng(seed).integers(0, people, size=(_RESAMPLES, people))
    low, high = np.quantile(each[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(each.mean()), float(low), float(high)


def evaluate(faces: Faces, mask: Any, camera: Camera | None = None, *, level: str = "trained", images: int = 8,
             frames: int = 1, member: str | None = None, copies: int = 8, seed: int = 0) -> Outcome:  # fmt: skip
    """Attack masked faces at one level; every image is tested once.

    `mask`: a Mask, its name or any scikit-learn transformer of images. `images`: how many of each person the attacker
    holds (1 to 8). `frames`: how many the attacker averages (random masks). `member`: a fixed member instead of the
    inner choice. `copies`: how many of each image a trained attacker adds. `seed`: of all draws. Raises InputError
    where people have too few images.
    """
    mask, camera = _seeded(as_mask(mask), camera, seed)
    folds = _folds(faces)
    known = len(np.unique(faces.index)) - max(len(fold) for fold in folds)
    if not 1 <= images <= known:
        raise InputError("images", f"1 to {known} images a person to learn from", images, f"write {known}")
    scores = np.empty((len(faces.person), faces.people))
    members: list[str] = []
    inner: list[float] = []
    for fold in folds:
        test = np.isin(faces.index, fold)
        # the images that follow the tested ones, cyclically; with 8 images these are all untested ones
        numbers = [int(fold[-1] + 1 + i) % len(np.unique(faces.index)) for i in range(images)]
        train = np.isin(faces.index, numbers) & ~test
        attack = Attack(mask, camera, level, member, copies, frames)
        attack.fit(faces.images[train], faces.person[train], faces.index[train])
        shown = attacked(faces.images[test], faces.index[test], mask, camera, frames)
        scores[test] = attack.decision_function(shown)
        members.append(attack.member_)
        inner.append(attack.inner_.get(attack.member_, np.nan))
    return Outcome(scores, faces.person, level, max(sorted(set(members)), key=members.count), float(np.mean(inner)))


def strongest(faces: Faces, mask: Any, camera: Camera | None = None, levels: tuple[str, ...] = LEVELS,
              images: int = 8) -> dict[str, Outcome]:  # fmt: skip
    """Outcomes of several levels; `chosen` is that of the level that did best in the *inner* validation."""
    mask = as_mask(mask)
    made = {level: evaluate(faces, mask, camera, level=level, images=images)
            for level in levels if level != "averaged" or mask.random}  # fmt: skip
    chosen = max(made.values(), key=lambda outcome: -1.0 if np.isnan(outcome.inner) else outcome.inner)
    return {**made, "chosen": chosen}


def open_set(faces: Faces, mask: Any, camera: Camera | None = None, *, member: str | None = None, copies: int = 4,
             seed: int = 0) -> Outcome:  # fmt: skip
    """Open-set attack: half of the people are enrolled, the others must raise no alarm; then the halves swap.

    Returns the scores of every image for each enrolled person, (2 × images, people/2), with `person` −1 for strangers;
    `tpir` computes the rate from them. An inner open-set validation on the training images chooses the member; there,
    half of the enrolled play the strangers. Scores are in standard deviations of the strangers' scores, so that one
    threshold serves all folds (Z-norm; Auckenthaler and others 2000, doi:10.1006/dspr.1999.0360).
    """
    mask, camera = _seeded(as_mask(mask), camera, seed)
    scores, person, members = [], [], []
    for half in (0, 1):
        enrolled = faces.person % 2 == half
        for fold in _folds(faces):
            test = np.isin(faces.index, fold)
            train = ~test & enrolled
            learnt = faces.images[train], faces.person[train] // 2, faces.index[train]
            chosen, middle, spread = _open_member(*learnt, mask, camera, copies, member)
            attack = Attack(mask, camera, "trained", chosen, copies).fit(*learnt)
            seen = attack.decision_function(attacked(faces.images[test], faces.index[test], mask, camera))
            scores.append((seen - middle) / spread)
            person.append(np.where(enrolled[test], faces.person[test] // 2, -1))
            members.append(chosen)
    spoke = max(sorted(set(members)), key=members.count)
    return Outcome(np.concatenate(scores), np.concatenate(person), "open_set", spoke, float("nan"))


def _open_member(images: Images, codes: Codes, number: Codes, mask: Mask, camera: Camera | None, copies: int,
                 member: str | None) -> tuple[str, float, float]:  # fmt: skip
    """Choose the member from training images alone: (member, mean, standard deviation of strangers' best scores)."""
    numbers = np.unique(number)
    held = np.isin(number, numbers[-max(1, len(numbers) // 4) :])
    rates: dict[str, list[float]] = {}
    strangers: dict[str, list[NDArray[np.float64]]] = {}
    for half in (0, 1):
        known = codes % 2 == half
        learnt = known & ~held
        attack = Attack(mask, camera, "trained", "ensemble", copies).fit(images[learnt], codes[learnt], number[learnt])
        shown = features(attacked(images[held], number[held], mask, camera))
        person = np.where(known[held], codes[held] // 2, -1)
        scored = attack.team_.scores(shown)
        for name in [name for name in _OPEN_MEMBERS if name in scored] or list(scored):
            seen = scored[name]
            rates.setdefault(name, []).append(tpir(Outcome(seen, person, "open_set", name, 0.0))[0])
            strangers.setdefault(name, []).append(seen[person < 0].max(axis=1))
    chosen = member if member in rates else max(rates, key=lambda name: np.mean(rates[name]))
    alarms = np.concatenate(strangers[chosen])
    return chosen, float(alarms.mean()), float(alarms.std() + 1e-12)


def tpir(outcome: Outcome, fpir: float = 0.1, seed: int = 0) -> tuple[float, float, float]:
    """True-positive identification rate at that FPIR with a bootstrap interval over enrolled people: rate, low, high.

    The alarm threshold is the (1 − fpir) quantile of the strangers' best scores. The rate is the share of probes of
    enrolled people that exceed it under the right name (TPIR, ISO/IEC 19795-1).
    """
    if not 0.0 < fpir < 1.0:
        raise InputError("fpir", "a share between 0 and 1", fpir, "write 0.1")
    alarm, known = outcome.scores.max(axis=1), outcome.person >= 0
    threshold = np.quantile(alarm[~known], 1.0 - fpir)
    right = (outcome.scores.argmax(axis=1) == outcome.person) & (alarm > threshold)
    return _over_people(right, outcome.person, outcome.people, 0.95, seed)


@dataclass(frozen=True, slots=True)
class Job:
    """One configuration: a mask (by name, or an object) at a distance against one attack level."""

    mask: Any
    px: float
    cctv: bool
    level: str = "trained"
    images: int = 8
    frames: int = 1

    @property
    def name(self) -> str:
        """Name of the mask."""
        return self.mask if isinstance(self.mask, str) else as_mask(self.mask).name

    @property
    def cost(self) -> int:
        """Relative cost, for ordering: the costly jobs run first."""
        return (self.level == "trained") * 4 + self.frames + (self.images == 8)

    def run(self, faces: Faces) -> Outcome:
        """Attack the faces with this configuration."""
        camera = Camera(px=self.px) if self.cctv else clean(self.px) if self.px < 64 else None
        with warnings.catch_warnings():  # the lab measures the fixed nonce on purpose, so its warning is silenced
            warnings.filterwarnings("ignore", message="Scramble with a fixed nonce")
            if self.level == "open_set":
                return open_set(faces, self.mask, camera)
            return evaluate(faces, self.mask, camera, level=self.level, images=self.images, frames=self.frames)


def _seeded(mask: Mask, camera: Camera | None, seed: int) -> tuple[Mask, Camera | None]:
    """Copies whose draws come from one seed, from a generator that continues, so that no draw repeats."""
    mask, camera = clone(mask), None if camera is None else clone(camera)
    for number, one in enumerate((mask, camera)):
        if one is None:
            continue
        unset = sorted(key for key, value in one.get_params().items() if value is None)
        for n, key in enumerate(key for key in unset if key.split("__")[-1] == "random_state"):
            # our masks keep drawing from one generator; other scikit-learn transformers take an integer
            draw = np.random.default_rng((seed, number) if n == 0 else (seed, number, n))
            one.set_params(**{key: draw if key == "random_state" else int(draw.integers(2**31))})
    if isinstance(mask, Scramble) and mask.key is None:
        mask.set_params(key=np.random.default_rng((seed, 2)).bytes(32))
    return mask, camera


def _folds(faces: Faces) -> list[Codes]:
    numbers = np.unique(faces.index)
    if len(numbers) < 2:
        raise InputError("faces", "at least two images of each person", "one", "add images")
    return [np.asarray(part) for part in np.array_split(numbers, min(5, len(numbers)))]
