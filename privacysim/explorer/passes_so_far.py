"""Passes of a replicate's people, found once for all rules that show no more footage than those before them."""

import numpy as np

from privacysim.draws import Ints
from privacysim.exposure import Acts
from privacysim.exposure.acts import merged
from privacysim.people import Block
from privacysim.sight.coverage import Coverage, coverage
from privacysim.sight.passes import Pieces, passes
from privacysim.simulation.replicate import Replicate


class PassesSoFar:
    """Passes of a block of people at all footage that somebody looked at so far, under whichever rules.

    Most rules show less of the footage that others show, so moving a lever seldom needs new passes. Pieces that nobody
    looks at under the rules at hand change no exposure. `found` counts how often passes had to be found.
    """

    def __init__(self, whole: Replicate, block: Block) -> None:
        self._whole, self._block = whole, block
        none: Ints = np.zeros(0, dtype=np.int64)
        self._windows = (none, none, none)  # cameras, and first and last ticks of the footage at which somebody looked
        self._known: tuple[Pieces, Coverage] | None = None
        self.found = 0

    def at(self, acts: Acts) -> tuple[Pieces, Coverage, Acts]:
        """Pieces and coverage of all cameras so far, and the acts numbered among these cameras."""
        looked = (acts.watched[acts.camera], acts.begin, acts.end)
        camera, begin, end = (np.concatenate(both) for both in zip(self._windows, looked, strict=True))
        which, row = np.unique(camera, return_inverse=True)
        windows = merged(row, begin, end, which.size)
        shown = (np.repeat(which, np.diff(windows.start)), windows.begin, windows.end)
        if self._known is None or not all(map(np.array_equal, (self._known[1].which, *self._windows), (which, *shown))):
            whole, block = self._whole, self._block
            view = coverage(whole.city, whole.world.cameras, which)
            self._known = passes(block, whole.city, view, block.first_day, block.days, windows), view
            self._windows, self.found = shown, self.found + 1
        pieces, view = self._known
        return pieces, view, acts.among(view.which)
