"""Division of a test's cases between every run and the long sets."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


def first(plain: int, cases: Iterable[object]) -> list[object]:
    """The first `plain` cases for every run of the tests; the others run among the long sets."""
    made = [one if isinstance(one, tuple) else (one,) for one in cases]
    return [pytest.param(*one, marks=[pytest.mark.slow] if n >= plain else []) for n, one in enumerate(made)]
