"""Passes of a replicate's people, found once for all rules that show no more footage than those before them."""

import numpy as np

from privacysim.draws import Ints
from privacysim.exposure import Acts
from privacysim.exposure.acts import merged
from privacysim.people import Block
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.passes import Pieces, Windows, passes
from privacysim.simulation.replicate import Replicate


class PassesSoFar:
    """Passes of a block of people at all footage that somebody looked at so far, under whichever rules.

    Most rules show less of the footage that others show, so moving a lever seldom needs new passes. Pieces that nobody
    looks at under the rules at hand change no exposure. `found` counts how often passes had to be found.
    """

    def __init__(self, whole: Replicate, block: Block) -> None:
        self._whole, self._block = whole, block
        self._camera: Ints = np.zeros(0, dtype=np.int64)
        self._begin, self._end = self._camera, self._camera
        self._known: tuple[Pieces, Coverage] | None = None
        self.found = 0

    def at(self, acts: Acts) -> tuple[Pieces, Coverage, Acts]:
        """Pieces and coverage of all cameras so far, and the acts numbered among these cameras."""
        camera = np.concatenate([self._camera, acts.watched[acts.camera]])
        which, row = np.unique(camera, return_inverse=True)
        windows = merged(row, np.append(self._begin, acts.begin), np.append(self._end, acts.end), which.size)
        held = which[np.repeat(np.arange(which.size), np.diff(windows.start))]
        if self._known is None or not self._holds(which, held, windows):
            self._camera, self._begin, self._end = held, windows.begin, windows.end
            self._known, self.found = self._passes(which, windows), self.found + 1
        pieces, view = self._known
        return pieces, view, acts.among(view.which)

    def _holds(self, which: Ints, camera: Ints, windows: Windows) -> bool:
        known = self._known is not None and np.array_equal(self._known[1].which, which)
        return known and all(map(np.array_equal, (self._camera, self._begin, self._end),
                                 (camera, windows.begin, windows.end)))  # fmt: skip

    def _passes(self, which: Ints, windows: Windows) -> tuple[Pieces, Coverage]:
        whole, block = self._whole, self._block
        view = coverage(whole.city, whole.world.cameras, which)
        return passes(block, whole.city, view, block.first_day, block.days, windows), view
