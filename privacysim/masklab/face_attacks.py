"""Attacks on masked faces by an attacker who knows the mask.

Threat levels after Newton 2005 and McPherson 2016, each of which can do what the previous one can:
`naive`     trained on clear faces, shown masked ones: how masks are advertised; never report it alone;
`parrot`    trained on faces masked in the same way;
`trained`   parrot with augmentation (moved, mirrored, masked anew) and an ensemble;
`averaged`  trained on the expected mask, shown the mean of T frames: for masks that draw at random.

Inner cross-validation on the training images chooses one of several members (scikit-learn estimators). No level is an
upper bound: networks trained on millions of faces need fewer examples.
"""

from __future__ import annotations

import warnings
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

from privacysim.errors import InputError, refuse_unknown
from privacysim.masklab.faces import Camera
from privacysim.masklab.mask_base import Images, Mask, as_images, as_pictures, each, rounded
from privacysim.masklab.masks import Clear, DPPixelate, KSame, Pixelate

LEVELS = ("naive", "parrot", "trained", "averaged")
_MOVES = ((0.0, 0.0, True), *((0.03 * x, 0.03 * y, False) for x, y in (
    (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1))))  # fmt: skip
"""Shifts (shares of the face's width) and mirroring of the attacker's copies."""
_COMPONENTS = 200
# Three kernels for three kinds of images: floor of the whitening, width (× inverse distance), ridge.
_KERNELS = {
    "kernel": (np.inf, 1.0, 0.003),  # clear and large faces: unchanged
    "kernel_white": (0.01, 2.0, 0.003),  # blurred faces: the differences have a small variance
    "kernel_noisy": (0.2, 2.0, 0.3),  # few pixels and noise: average over many examples
}

Codes = NDArray[np.int64]
Rows = NDArray[np.float32]
Scores = NDArray[np.float64]


class Attack(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Attacker of one level: `fit` on clear images and their people, `predict` the people on masked images.

    `mask`, `camera`: known to the attacker, who applies them to the training images; None: use them as given, so that
    the attack can end a Pipeline behind a mask. `level`: see the module. `member`: None chooses by inner validation if
    each person has at least two images, else takes the ensemble. `copies`: of a training image at level `trained`.
    `frames`: how many the attacker averages. After `fit`: `classes_`, `member_`, `inner_` (rank-1 of each member).
    """

    def __init__(self, mask: Mask | None = None, camera: Camera | None = None, level: str = "trained",
                 member: str | None = None, copies: int = 8, frames: int = 1) -> None:  # fmt: skip
        self.mask, self.camera, self.level, self.member = mask, camera, level, member
        self.copies, self.frames = copies, frames

    def fit(self, X: Images, y: Any, index: Codes | None = None) -> Attack:
        """Learn the people. `index`: number of each image among its person's, for the inner folds (None: counted)."""
        refuse_unknown(self.level, LEVELS, "level", "one of " + ", ".join(LEVELS))
        clear, person = as_pictures(X), np.asarray(y)
        self.classes_, codes = np.unique(person, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError("y", "at least two people", f"{len(self.classes_)} class", "give images of more people")
        number = np.asarray(pd.Series(codes).groupby(codes).cumcount() if index is None else index)
        self.inner_ = inner = self._inner(clear, codes, number) if self.member is None else {}
        # the ensemble, if it is within one point of the best in the inner validation
        close = not inner or max(inner.values()) - inner["ensemble"] <= 0.01
        self.member_ = self.member or ("ensemble" if close else max(inner, key=lambda name: inner[name]))
        self.team_ = self._team(clear, codes, number, self.copies)
        return self

    def decision_function(self, X: Images) -> Scores:
        """Scores of masked images for each person, (n, people); the highest is the attacker's answer."""
        check_is_fitted(self, "team_")
        scores = self.team_.scores(features(as_pictures(X)))
        return scores.get(self.member_, scores["ensemble"])

    def predict(self, X: Images) -> NDArray[Any]:
        """Predict the person on each masked image."""
        return self.classes_[self.decision_function(X).argmax(axis=1)]

    def _inner(self, clear: Images, codes: Codes, number: Codes) -> dict[str, float]:
        """Rank-1 of each member on the held-out half of two inner folds; empty if people have one image each."""
        numbers = np.unique(number)
        if len(numbers) < 2:
            return {}
        held_size = max(1, len(numbers) // 4)
        right: dict[str, list[float]] = {}
        for held in (numbers[:held_size], numbers[-held_size:]):
            out = np.isin(number, held)
            if len(np.unique(codes[~out])) < len(self.classes_):
                continue
            # the inner folds only rank the members; the ridge's cost grows with the cube of the copies
            team = self._team(clear[~out], codes[~out], number[~out], min(self.copies, 4))
            shown = features(attacked(clear[out], number[out], self.mask, self.camera, min(self.frames, 10)))
            for name, scores in team.scores(shown).items():
                right.setdefault(name, []).append(float((scores.argmax(axis=1) == codes[out]).mean()))
        return {name: float(np.mean(rates)) for name, rates in right.items()}

    def _team(self, clear: Images, codes: Codes, number: Codes, copies: int) -> Team:
        expected = Pixelate(self.mask.cells_across) if isinstance(self.mask, DPPixelate) else self.mask
        mask = {"naive": None, "averaged": expected}.get(self.level, self.mask)
        more = [] if self.level in ("naive", "parrot") else self._copies(clear, copies)
        rows, *moved = (features(attacked(images, number, mask, self.camera)) for images in (clear, *more))
        return Team(rows, codes, moved)

    def _copies(self, clear: Images, copies: int) -> list[Images]:
        if self.camera is not None and self.camera.moves:  # the camera moves each copy itself
            return [clear[:, :, ::-1] if i % 3 == 2 else clear for i in range(copies)]
        return [_shifted(clear, *move) for move in _MOVES[:copies]]


def _shifted(images: Images, dx: float, dy: float, mirrored: bool) -> Images:
    h, w = images.shape[1:3]
    move = np.array([[1.0, 0.0, dx * w], [0.0, 1.0, dy * w]])
    source = images[:, :, ::-1] if mirrored else images
    return each(source, lambda image: cv2.warpAffine(np.ascontiguousarray(image), move, (w, h),
                                                     borderMode=cv2.BORDER_REPLICATE))  # fmt: skip


def features(X: Images, side: int = 32) -> Rows:
    """Rows for a classifier: images reduced by area to at most `side` × `side` (lossless for cells ≥ w/side), flat.

    >>> features(np.full((2, 64, 64), 51, np.uint8)).shape
    (2, 1024)
    """
    images = as_images(np.asarray(X))
    n, h, w = images.shape[:3]
    if h > side or w > side:
        size = (min(w, side), min(h, side))
        images = np.stack([cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in images])
    return images.reshape(n, -1).astype(np.float32) / np.float32(255.0)


def attacked(clear: Images, number: Codes, mask: Mask | None, camera: Camera | None, frames: int = 1) -> Images:
    """Images as the viewer receives them: recorded by the camera, then masked. `number`: see `Attack.fit`.

    `frames`: averages this many, for masks that draw anew for each. k-same is fitted on each set of one image a person
    (one `number`), as its definition requires; with `one_each=False`, on all images at once.
    """
    recorded = clear if camera is None else camera.apply(clear)
    if mask is None or isinstance(mask, Clear):
        return recorded
    if isinstance(mask, KSame):
        made = np.empty_like(recorded)
        for chosen in [number == one for one in np.unique(number)] if mask.one_each else [np.ones(len(number), bool)]:
            made[chosen] = KSame(mask.k, mask.one_each).fit(recorded[chosen]).apply(recorded[chosen])
        return made
    if frames == 1 or not mask.random:
        return mask.apply(recorded)
    total = np.zeros(recorded.shape)
    for _ in range(frames):
        total += mask.apply(recorded)
    return rounded(total / frames, recorded)


class Team:
    """Members of an attack: estimators, each with its weights for the principal components and how many it uses."""

    def __init__(self, rows: Rows, codes: Codes, moved: list[Rows]) -> None:
        more, more_codes = np.concatenate([rows, *moved]), np.tile(codes, len(moved) + 1)
        self.people = people = int(codes.max()) + 1
        self.members: dict[str, tuple[Any, Rows, int | None]] = {}
        if float(np.ptp(more, axis=0).max()) < 1e-6:  # every image is the same: nothing to learn, every score is equal
            return
        # few rows: their own SVD is faster; many rows: a randomised sketch (Halko 2011), the same on every run
        solver = "randomized" if len(more) > more.shape[1] else "full"
        self.pca = PCA(min(_COMPONENTS, len(more) - 1, more.shape[1]), svd_solver=solver, random_state=0).fit(more)
        self.sd = np.sqrt(np.maximum(self.pca.explained_variance_, 0.0)).astype(np.float32)
        white, plain, wide = self._whitening(0.01), self._project(rows), self._project(more)
        with warnings.catch_warnings():  # with one image a person the regression warns; this attacker has no more
            warnings.filterwarnings("ignore", message="The number of unique classes")
            self._add("svm", SVC(C=100.0, gamma="scale", decision_function_shape="ovr"), plain, codes, np.sqrt(white))
        if len(more) > people:  # one image a person has no spread within people to learn from
            # with few images a person whitened components collapse: use at most n·(images − 1)/2 of them
            kept = min(100, plain.shape[1], max(10, people * (len(rows) // people - 1) // 2))
            sharp = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.02 if moved else "auto")
            self._add("lda", sharp, wide, more_codes, white, kept)
            round_ = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)  # towards round noise: for masks of noise
            self._add("lda_plain", round_, wide, more_codes, self._whitening(np.inf))
        target = np.eye(people, dtype=np.float32)[more_codes] - np.float32(1.0 / people)
        for name, (floor, reach, alpha) in _KERNELS.items():
            weights = self._whitening(floor)
            ridge = KernelRidge(kernel="rbf", gamma=reach * _inverse_distance(wide * weights), alpha=alpha)
            self._add(name, ridge, wide, target, weights)
        # the nearest example: works when the mask is noise and the examples are not
        self.examples, self.example_codes = wide, more_codes

    def _add(self, name: str, model: Any, seen: Rows, target: Any, weights: Rows, first: int | None = None) -> None:
        self.members[name] = model.fit((seen * weights)[:, :first], target), weights, first

    def _whitening(self, floor: float) -> Rows:
        """Weights that equalise the components, down to `floor` × the largest standard deviation; infinite: none."""
        flat = np.ones_like(self.sd)
        return flat if floor == np.inf else flat / (self.sd + np.float32(floor * self.sd[0] + 1e-9))

    def _project(self, rows: Rows) -> Rows:
        return self.pca.transform(rows).astype(np.float32)

    def scores(self, rows: Rows) -> dict[str, Scores]:
        """Scores (n, people) of each member, and of their sum after z-scoring (`ensemble`)."""
        if not self.members:
            return {"ensemble": np.zeros((len(rows), self.people))}
        seen = self._project(rows)
        made: dict[str, Scores] = {}
        for name, (model, weights, first) in self.members.items():
            answer = getattr(model, "decision_function", model.predict)((seen * weights)[:, :first]).astype(np.float64)
            made[name] = np.stack([-answer, answer], axis=1) if answer.ndim == 1 else answer
        apart = euclidean_distances(seen, self.examples, squared=True)
        made["nearest"] = -np.stack([apart[:, self.example_codes == p].min(axis=1) for p in range(self.people)], axis=1)
        made["ensemble"] = np.sum([_z(s) for s in made.values()], axis=0)
        return made


def _inverse_distance(rows: Rows) -> float:
    """Inverse of the median squared distance between training rows, the scale of the kernels."""
    few = rows[:: max(1, len(rows) // 200)]
    squares = (few**2).sum(axis=1)
    apart = squares[:, None] - 2.0 * few @ few.T + squares
    return float(1.0 / max(float(np.median(apart)), 1e-12))


def _z(scores: Scores) -> Scores:
    centred = scores - scores.mean(axis=1, keepdims=True)
    return centred / (centred.std(axis=1, keepdims=True) + 1e-12)
