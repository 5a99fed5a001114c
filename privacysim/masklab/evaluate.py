"""Recognition rates of an attack on masked faces: rank-1, rank-5, all gallery sizes and open set, with intervals.

Protocol (Olivetti, 40 people × 10 images): folds by image number, so that every image is tested once and is never in
its own training set. The attacker learns from 8 images a person unless `images` says fewer. Intervals bootstrap people,
since images of one person are not independent.
"""

import hashlib
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import mode
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from privacysim.errors import InputError
from privacysim.files import whole_file
from privacysim.masklab.face_attacks import Attack, Codes, Scores, attacked, features
from privacysim.masklab.faces import Camera, Faces, clean
from privacysim.masklab.mask_base import Images, Mask
from privacysim.masklab.masks import as_mask
from privacysim.masklab.scramble import Scramble
from privacysim.parts import digest, from_bytes, shipped_bytes
from privacysim.resources import cache_folder

Shares = NDArray[np.float64]
_OPEN_MEMBERS = ("kernel", "kernel_white", "kernel_noisy", "nearest")
"""Members whose scores fade for faces unlike any training face, and do not depend on the number of people enrolled."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores of every probe for every person (probes, people), the right person of each, and the member chosen."""

    scores: Scores
    person: Codes
    member: str

    @property
    def people(self) -> int:
        """Size of the full gallery."""
        return self.scores.shape[1]

    def _places(self) -> tuple[Codes, Codes]:
        """For each probe, how many people score higher than the right one, and how many equal (itself included)."""
        own = self.scores[np.arange(len(self.person)), self.person][:, None]
        return (self.scores > own).sum(axis=1), (self.scores == own).sum(axis=1)

    def within(self, n: int = 1) -> Shares:
        """For each probe, whether its person is among the `n` best; equal scores share the remaining places."""
        higher, equal = self._places()
        return np.clip((n - higher) / equal, 0.0, 1.0)

    def top(self, n: int = 1) -> float:
        """Share of probes whose person is among the `n` best."""
        return float(self.within(n).mean())

    def first_in(self, size: int) -> Shares:
        """For each probe, rank-1 in a random gallery of `size` people, exact over all sub-galleries (hypergeometric).

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
        return (wins[higher + equal] - wins[higher]) / equal

    def by_person(self, shares: Shares) -> Shares:
        """Mean over the probes of each person."""
        return np.array([shares[self.person == p].mean() for p in range(self.people)])

    def interval(self, shares: Shares | None = None) -> tuple[float, float]:
        """Bootstrap interval (95 %) over people, by default that of `top(1)`."""
        each = self.by_person(self.within() if shares is None else shares)
        draws = np.random.default_rng(0).integers(0, self.people, size=(1000, self.people))
        low, high = np.quantile(each[draws].mean(axis=1), [0.025, 0.975])
        return float(low), float(high)

    @property
    def chance(self) -> float:
        """Rank-1 of guessing: 1/people."""
        return 1.0 / self.people


def evaluate(faces: Faces, mask: Any, camera: Camera | None = None, *, level: str = "trained", images: int = 8,
             frames: int = 1, member: str | None = None, copies: int = 8, seed: int = 0) -> Outcome:  # fmt: skip
    """Attack masked faces at one level; every image is tested once.

    `mask`: a Mask, its name or any scikit-learn transformer of images. `images`: how many of each person the attacker
    holds (1 to 8). `frames`, `member`, `copies`: see `Attack`. Raises InputError where people have too few images.
    """
    mask, camera = _seeded(as_mask(mask), camera, seed)
    folds, known = _folds(faces), known_images(faces)
    if not 1 <= images <= known:
        raise InputError("images", f"1 to {known} images a person to learn from", images, f"write {known}")
    scores, members = np.empty((len(faces.person), faces.people)), list[str]()
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
    return Outcome(scores, faces.person, mode(sorted(members)))


def open_set(faces: Faces, mask: Any, camera: Camera | None = None, *, copies: int = 4) -> Outcome:
    """Open-set attack: half of the people are enrolled, the others must raise no alarm; then the halves swap.

    Returns the scores of every image for each enrolled person, (2 × images, people/2), `person` −1 for strangers, as
    `tpir` takes them. Validation within the training images chooses the member. Scores are in standard deviations of
    the strangers' scores, so that one threshold serves all folds (Z-norm; Auckenthaler and others 2000,
    doi:10.1006/dspr.1999.0360).
    """
    mask, camera = _seeded(as_mask(mask), camera, 0)
    scores, person, members = [], [], []
    for half in (0, 1):
        enrolled = faces.person % 2 == half
        for fold in _folds(faces):
            test = np.isin(faces.index, fold)
            train = ~test & enrolled
            learnt = faces.images[train], faces.person[train] // 2, faces.index[train]
            chosen, middle, spread = _open_member(*learnt, mask, camera, copies)
            attack = Attack(mask, camera, "trained", chosen, copies).fit(*learnt)
            seen = attack.decision_function(attacked(faces.images[test], faces.index[test], mask, camera))
            scores.append((seen - middle) / spread)
            person.append(np.where(enrolled[test], faces.person[test] // 2, -1))
            members.append(chosen)
    return Outcome(np.concatenate(scores), np.concatenate(person), mode(sorted(members)))


def _open_member(images: Images, codes: Codes, number: Codes, mask: Mask, camera: Camera | None, copies: int
                 ) -> tuple[str, float, float]:  # fmt: skip
    """Member, mean and sd of strangers' best scores, from training images: half of the enrolled play strangers."""
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
            rates.setdefault(name, []).append(tpir(Outcome(seen, person, name))[0])
            strangers.setdefault(name, []).append(seen[person < 0].max(axis=1))
    chosen = max(rates, key=lambda name: np.mean(rates[name]))
    alarms = np.concatenate(strangers[chosen])
    return chosen, float(alarms.mean()), float(alarms.std() + 1e-12)


def tpir(outcome: Outcome, fpir: float = 0.1) -> tuple[float, float, float]:
    """True-positive identification rate at that FPIR with a bootstrap interval over enrolled people: rate, low, high.

    The alarm threshold is the (1 − fpir) quantile of the strangers' best scores. The rate is the share of probes of
    enrolled people that exceed it under the right name (TPIR, ISO/IEC 19795-1).
    """
    if not 0.0 < fpir < 1.0:
        raise InputError("fpir", "a share between 0 and 1", fpir, "write 0.1")
    alarm, known = outcome.scores.max(axis=1), outcome.person >= 0
    threshold = np.quantile(alarm[~known], 1.0 - fpir)
    right = (outcome.scores.argmax(axis=1) == outcome.person) & (alarm > threshold)
    return float(outcome.by_person(right).mean()), *outcome.interval(right)


@dataclass(frozen=True, slots=True)
class Job:
    """One configuration: a mask (by name, or an object) at a distance against one attack level.

    `images`: of each person that the attacker holds, or all there are if these are fewer.
    """

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
    def camera(self) -> str:
        """Name of the camera: `cctv`, or `clean` if it only reduces pixels."""
        return "cctv" if self.cctv else "clean"

    @property
    def about(self) -> tuple[str, float, str]:
        """Condition of a verdict: mask, pixels and camera."""
        return self.name, self.px, self.camera

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
            images = min(self.images, known_images(faces))
            return evaluate(faces, self.mask, camera, level=self.level, images=images, frames=self.frames)


Outcomes = dict[Job, Outcome]
Progress = Callable[[int, int, str], None]
"""Called with the number of jobs done, the number of all jobs, and the name of the last one."""


def run_jobs(faces: Faces, jobs: Sequence[Job], workers: int = 2, work: Path | None = None,
             progress: Progress = lambda done, of, what: None) -> Outcomes:  # fmt: skip
    """Run the jobs in processes, the costly ones first, and return their outcomes in order.

    `work` (default: in the cache) keeps the scores under hashes of what they depend on: the faces, the job with its
    mask, and the lab's code. An interrupted run resumes where it stopped, and changed code runs anew.
    """
    folder = work or cache_folder() / "masklab"
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    stamp = hashlib.sha256(code + faces.images.tobytes() + faces.person.tobytes()).hexdigest()
    paths = {job: folder / (hashlib.sha256((stamp + digest(job)).encode()).hexdigest()[:24] + ".npz") for job in jobs}
    found = {job: kept for job, path in paths.items() if (kept := _load(path)) is not None}
    for job, outcome in _run(faces, sorted((job for job in jobs if job not in found), key=lambda j: -j.cost), workers):
        found[job] = outcome
        with whole_file(paths[job]) as part, part.open("wb") as stream:
            np.savez(stream, **asdict(outcome))
        progress(len(found), len(jobs), f"{job.name} {job.px:g} px {job.level}")
    return {job: found[job] for job in jobs}


def _load(path: Path) -> Outcome | None:
    """Read scores; None if they are missing or damaged (each array has a checksum), so that they are made again."""
    try:
        with path.open("rb") as stream, np.load(stream) as kept:
            return Outcome(kept["scores"], kept["person"], str(kept["member"]))
    except (OSError, EOFError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile):
        return None


def _run(faces: Faces, jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, Outcome]]:
    if workers <= 1:
        yield from ((job, _attack(faces, job)) for job in jobs)
        return
    from privacysim.study.executor import processes, work_through

    shipped = {shipped_bytes(job): job for job in jobs}
    for job, outcome in work_through(partial(_attack, faces), list(shipped), processes(workers), workers):
        yield shipped[job], outcome


def _attack(faces: Faces, job: Any) -> Outcome:
    """Run a job (bytes in another process) on one thread, so that no rate depends on how many cores share a sum."""
    if isinstance(job, bytes):
        cv2.setNumThreads(1)
        job = from_bytes(job, "mask")
    with threadpool_limits(1):
        return job.run(faces)


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


def known_images(faces: Faces) -> int:
    """Images of each person that an attacker can learn from while others are tested."""
    return len(np.unique(faces.index)) - max(len(fold) for fold in _folds(faces))


def _folds(faces: Faces) -> list[Codes]:
    numbers = np.unique(faces.index)
    if len(numbers) < 2:
        raise InputError("faces", "at least two images of each person", "one", "add images")
    return [np.asarray(part) for part in np.array_split(numbers, min(5, len(numbers)))]
